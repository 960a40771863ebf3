"""Per cent, fractions and numbers of right items: what tables leave open, and what users say."""

from __future__ import annotations

import pytest
from written import writer

from mirage_utils.errors import FieldError
from mirage_utils.records import gather

SIZES = ("70m", "410m", "1.4b")
CENTS, PARTS = (25.1, 31.2, 40.4), (0.51, 0.62, 0.7)


@pytest.fixture
def gathered(tmp_path):
    """Of scores by task, with n items each, what is gathered: scores by task, and the notes."""

    def gathered(by_task, n=500, **options):
        rows = ["model,task,metric,score,n"]
        rows += [
            f"pythia-{size},{task},accuracy,{score},{n}"
            for task, scores in by_task.items()
            for size, score in zip(SIZES, scores, strict=True)
        ]
        found = gather(writer(tmp_path, "r.csv")("\n".join(rows)), **options)
        tasks = found.scores.groupby("task")["score"]
        return tasks.apply(lambda s: s.round(6).tolist()).to_dict(), "\n".join(found.notes)

    return gathered


@pytest.mark.parametrize(
    ("percent", "fraction"),
    [
        ("accuracy", "accuracy on BoolQ"),
        ("accuracy on MMLU", "accuracy"),
        ("acc*", "accuracy on B*"),
        ("*", "accuracy"),
        ("accuracy of Pythia", "accuracy on BoolQ of Pythia"),
        ("accuracy on *", "accuracy on Bool*"),
    ],
)
def test_what_is_said_of_less_holds_against_what_is_said_of_more(gathered, percent, fraction):
    said = {"percent": [percent], "fraction": [fraction]}
    if percent == "*":  # nothing is in per cent but what has another name
        assert gathered({"BoolQ": PARTS}, **said)[0] == {"BoolQ": list(PARTS)}
        return
    scores, notes = gathered({"MMLU": CENTS, "BoolQ": PARTS}, **said)
    assert scores == {"MMLU": [0.251, 0.312, 0.404], "BoolQ": list(PARTS)}
    assert "left out" not in notes


@pytest.mark.parametrize(
    ("percent", "fraction"),
    [
        ("accuracy", "accuracy"),
        ("accuracy on BoolQ", "accuracy of Pythia"),
        ("accuracy on B*", "accuracy on *Q"),
    ],
)
def test_scores_are_not_both_in_per_cent_and_fractions(gathered, percent, fraction):
    with pytest.raises(FieldError, match="per cent too"):
        gathered({"BoolQ": PARTS}, percent=[percent], fraction=[fraction])


def test_whole_numbers_that_are_no_per_cent_of_their_items_are_asked_about(gathered):
    right = {"quiz": (12, 25, 37)}
    scores, notes = gathered(right, n=50)
    assert scores == {}
    assert "--fraction 'accuracy on quiz'" in notes
    assert "--percent 'accuracy on quiz'" in notes
    scores, notes = gathered(right, n=50, fraction="accuracy on quiz")
    assert scores == {"quiz": [0.24, 0.5, 0.74]}
    assert "numbers of right items" in notes
    assert gathered(right, n=50, percent="accuracy")[0] == {"quiz": [0.12, 0.25, 0.37]}
    # Every whole number is a share of 500 items, as it is rounded.
    assert gathered(right, n=500)[0] == {"quiz": [0.12, 0.25, 0.37]}


def test_whole_numbers_above_a_hundred_are_those_of_right_items(gathered):
    scores, notes = gathered({"quiz": (1, 64, 134)}, n=160)
    assert scores == {"quiz": [0.00625, 0.4, 0.8375]}
    assert "numbers of right items, up to 134" in notes


@pytest.mark.parametrize(("scores", "helps"), [((12.0, 25.0, 37.0), True), (CENTS, False)])
def test_what_a_note_advises_loses_no_score(gathered, scores, helps):
    read, notes = gathered({"quiz": scores})
    assert len(read["quiz"]) == 3
    assert ("--fraction" in notes) == helps
    if helps:
        assert gathered({"quiz": scores}, fraction="accuracy on quiz")[0] == {
            "quiz": [0.024, 0.05, 0.074]
        }
