"""From tables of scores to curves: one answer to each question, whoever asks."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_utils import Curve, FieldError, audit, tables
from mirage_utils.cli.main import main
from mirage_utils.evidence import curve_of, curves_of, meta, runs
from mirage_utils.records.gathering import tabulate

SIZES = (1e6, 1e7, 1e8, 1e9, 1e10)


def scores(values=(0.1, 0.2, 0.3, 0.5, 0.9), **columns):
    """Scores of a family whose networks are named by their sizes."""
    sizes = SIZES[: len(values)]
    known = {
        "family": "F", "model": [f"F-{s:.0e}" for s in sizes], "params": sizes, "task": "sums",
        "setting": "", "metric": "accuracy", "score": values, "n": 200,
    }  # fmt: skip
    return pd.DataFrame({**known, **columns})


def table(*frames):
    return pd.concat(frames, ignore_index=True)


def only(frame, **options):
    made = curves_of(frame, **options)
    (curve,) = made.curves
    return curve, made.notes


# -- what the three former roads contradicted one another in -----------------------------------------


@pytest.mark.parametrize(
    ("metric", "n", "values", "proportion"),
    [
        ("accuracy", 200, (0.1, 0.2, 0.9), True),
        ("accuracy", np.nan, (0.1, 0.2, 0.9), False),
        ("accuracy", [200, 200, np.nan], (0.1, 0.2, 0.9), False),
        ("zorkiness", 200, (0.1, 0.2, 0.9), False),  # no name says that it counts items
        ("f1", 200, (0.1, 0.2, 0.9), False),
        ("normalised_edit_distance", 200, (0.1, 0.2, 0.9), False),
    ],
)
def test_one_rule_says_what_is_binomial(metric, n, values, proportion):
    frame = scores(values, metric=metric, n=n, direction="higher")
    curve, _ = only(frame)
    assert curve.proportion is proportion
    found = audit.audit(tabulate(scores=frame.assign(train_flops=np.nan, shots=np.nan, source="s")))
    (judged,) = found.findings
    assert judged.curve.proportion is proportion
    (row,) = meta.score_curves(frame, draws=50).itertuples()
    assert bool(np.isfinite(row.p_smooth)) is proportion


def test_two_seeds_a_size_are_runs_and_a_note():
    first, second = (scores(np.array([0.1, 0.2, 0.4]) + d, run=f"seed {d}") for d in (0.0, 0.1))
    curve, notes = only(table(first, second))
    assert curve.score == pytest.approx([0.15, 0.25, 0.45])
    assert curve.n.tolist() == [200] * 3  # the same items, asked twice
    assert [list(r) for r in curve.replicates] == [
        pytest.approx([a, a + 0.1]) for a in (0.1, 0.2, 0.4)
    ]
    assert curve.n_runs.tolist() == [2, 2, 2]
    assert len(notes) == 3
    assert notes[0] == (
        "2 runs of F-1e+06 averaged (seed 0.0, seed 0.1; --keep chooses): accuracy of F on sums"
    )


def test_runs_of_other_items_count_the_smaller_number():
    curve, _ = only(table(scores(n=200, run="a"), scores(n=120, run="b")))
    assert curve.n.tolist() == [120] * 5
    curve, _ = only(table(scores(n=200, run="a"), scores(n=np.nan, run="b")))
    assert curve.n is None


def test_the_error_of_runs_is_no_smaller_than_theirs():
    """Runs usually ask the same items, so that their errors are one error."""
    first, second = (scores(metric="f1", deviation=d, run=str(d)) for d in (0.2, 0.4))
    curve, _ = only(table(first, second))
    assert curve.error == pytest.approx([0.3 / np.sqrt(200)] * 5)
    curve, _ = only(table(first, second.assign(deviation=np.nan)))
    assert np.isnan(curve.error).all()


def test_files_are_runs_where_no_run_is_named():
    first, second = scores(source="a.json"), scores(source="b.json")
    curve, notes = only(table(first, second))
    assert curve.n_runs.tolist() == [2] * 5  # of equal scores, too
    assert all("(a.json, b.json; --keep chooses)" in note for note in notes)


def test_two_networks_of_one_size_are_never_averaged():
    twin = scores(model=[f"F-{s:.0e}-deduped" for s in SIZES])
    made = curves_of(table(scores(), twin, scores(task="words")))
    assert [c.task for c in made.curves] == ["words"]
    (note,) = made.notes
    assert note.startswith(
        "no curve for two networks of one size, F-1e+06, F-1e+06-deduped (1e+06)"
    )
    assert "--family" in note
    assert "--replicate-by" in note
    assert note.endswith(": accuracy of F on sums")


@pytest.mark.parametrize("column", [{}, {"source": "a.json"}, {"run": "7"}])
def test_one_run_that_stands_twice_is_no_run_and_no_average(column):
    again = scores(**column)
    again["score"] += 0.05
    made = curves_of(table(scores(**column), again))
    assert made.curves == ()
    (note,) = made.notes
    assert note.startswith("no curve for 2 scores of F-1e+06")
    assert "--replicate-by" in note
    assert "--keep" in note
    assert ("a.json" in note) is ("source" in column)


def test_without_names_of_models_files_are_not_taken_for_runs():
    bare = [scores(source=s).drop(columns="model") for s in ("a", "b")]
    made = curves_of(table(*bare))
    assert made.curves == ()
    assert "the model of 1e+06 parameters in a, b that nothing tells apart" in made.notes[0]
    curve, _ = only(table(*(frame.assign(run=str(i)) for i, frame in enumerate(bare))))
    assert curve.n_runs.tolist() == [2] * 5


def test_scores_of_a_file_and_scores_made_here_are_two_curves():
    """A file reports them of the small networks; those of the large ones were made from their samples."""
    mixed = scores(graded=["file", "file", "here", "here", "here"])
    made = curves_of(mixed)
    assert [(c.graded, c.setting, len(c)) for c in made.curves] == [
        ("file", "", 2),
        ("here", "graded here", 3),
    ]
    assert "'graded here': accuracy of F on sums" in made.notes[0]
    both = curves_of(table(scores(graded="file"), scores(graded="here", n=50)))
    assert [c.n.max() for c in both.curves] == [200, 50]
    assert curves_of(scores(graded="here")).notes == ()


# -- one bad curve stops nothing ------------------------------------------------------------------------


def test_an_unknown_direction_stops_nothing_and_is_asked_for(tmp_path, capsys):
    frame = table(scores(metric="zorkiness"), scores(metric="zorkiness", task="words"), scores())
    made = curves_of(frame)
    assert [c.direction for c in made.curves] == ["", "", "higher"]
    assert made.notes == ()
    assert made.undirected == (
        "whether more or less zorkiness is better is not known: --direction zorkiness=lower or "
        "zorkiness=higher says it (2 curves)",
    )
    found = meta.score_curves(made, draws=50)
    assert found["emergence_score"].isna().tolist() == [True, True, False]
    assert found.attrs["notes"] == made.undirected
    frame.to_csv(tmp_path / "s.csv", index=False)
    assert main(["emergence", str(tmp_path / "s.csv"), "--csv", "--draws", "20"]) == 0
    printed = capsys.readouterr()
    assert "--direction zorkiness=lower" in printed.err
    assert len(printed.out.splitlines()) == 4
    judged = audit.audit(tmp_path / "s.csv")
    assert made.undirected[0] in judged.notes
    assert made.undirected[0] in judged.numbers()["notes"]


def test_directions_that_disagree_are_unknown():
    frame = scores(metric="m", direction=["lower", "higher", "", "", ""])
    curve, notes = only(frame)
    assert curve.direction == ""
    assert notes[0].startswith(
        "direction given as higher and lower, taken as unknown (--direction m="
    )
    assert only(scores(metric="m", direction=["", "lower", "", "", ""]))[0].direction == "lower"
    curve, notes = only(scores(metric="m", direction="up"))
    assert (curve.direction, len(notes)) == ("", 1)


def test_what_a_row_says_goes_before_what_a_name_says():
    assert only(scores(direction="lower"))[0].direction == "lower"


def test_rows_without_size_or_score_are_left_out_and_named():
    frame = scores(
        params=[1e6, np.nan, -1, 1e9, 1e10], score=[0.1, 0.2, 0.3, np.nan, 0.9],
        model=["a", "b", "c", "d", "e"],
    )  # fmt: skip
    curve, notes = only(frame)
    assert curve.scale.tolist() == [1e6, 1e10]
    assert notes == (
        "no size is known: 2 scores on no curve, --params NAME=SIZE gives one: b, c",
        "no finite score: left out: accuracy of F on sums of d",
    )


def test_a_wrong_number_of_items_is_unknown_and_named():
    curve, notes = only(scores(n=[200, 0, 2.5, np.inf, 200]))
    assert curve.n is None
    assert notes == (
        "a number of items that is no whole number above 0, taken as unknown: 0 in accuracy of F on "
        "sums, 2.5 in accuracy of F on sums, inf in accuracy of F on sums",
        "the number of items is known at some sizes only: none are taken for known: accuracy of F on sums",
    )


def test_a_table_without_a_needed_column_is_refused_and_other_columns_may_be_missing():
    for name in ("params", "task", "metric", "score"):
        with pytest.raises(FieldError, match=f"a column '{name}'"):
            curves_of(scores().drop(columns=name))
    bare, _ = only(scores()[["params", "task", "metric", "score"]])
    assert (bare.family, bare.setting, bare.n, bare.graded) == ("", "", None, "file")
    assert np.isnan(bare.skill).all()
    assert only(scores().drop(columns="family"), family="G")[0].family == "G"
    assert curves_of(scores()[:0]).curves == ()


# -- what a curve knows ----------------------------------------------------------------------------------


def test_shots_are_part_of_the_setting_and_keep_curves_apart():
    frame = table(scores(shots=0.0), scores(shots=5.0, setting="strict"), scores(shots=np.nan))
    made = curves_of(frame)
    assert [c.setting for c in made.curves] == ["0-shot", "strict, 5-shot", ""]
    assert [c.name for c in made.curves] == ["sums 0-shot", "sums strict, 5-shot", "sums"]


def test_questions_hold_the_curves_of_one_condition_and_its_lengths():
    lengths = pd.DataFrame(
        {"family": "F", "model": "m", "params": 1e6, "task": ["sums", "words"], "setting": "",
         "shots": 5.0, "length": 2, "n": 10, "right": 5}
    )  # fmt: skip
    frame = table(scores(shots=5.0), scores(task="words"), scores(metric="f1", shots=5.0))
    made = curves_of(frame, lengths)
    assert [(q.name, list(q.curves)) for q in made.questions] == [
        ("sums (5-shot)", ["accuracy", "f1"]),
        ("words", ["accuracy"]),
    ]
    assert [len(q.lengths) for q in made.questions] == [1, 0]
    assert made.questions[0].curves["f1"] is made.curves[2]
    assert len(curves_of(frame).questions[0].lengths) == 0


def test_curves_stand_in_the_order_of_the_table_and_points_in_that_of_size():
    frame = table(scores(task="b"), scores(task="a")).iloc[::-1]
    made = curves_of(frame)
    assert [c.task for c in made.curves] == ["a", "b"]
    assert made.curves[0].scale.tolist() == list(SIZES)


def test_errors_are_those_of_the_items_and_at_most_what_the_metric_allows():
    assert only(scores(deviation=0.3, metric="f1"))[0].error == pytest.approx([0.3 / 200**0.5] * 5)
    share, _ = only(scores())
    assert share.error == pytest.approx(np.sqrt(share.score * (1 - share.score) / 200))
    assert only(scores(metric="probability"))[0].error == pytest.approx([0.5 / 200**0.5] * 5)
    assert np.isnan(only(scores(metric="f1"))[0].error).all()


def test_scores_above_1_are_no_shares_until_it_is_told_that_they_are_in_per_cent():
    frame = scores((10.0, 20.0, 90.0), direction="higher", source="s")
    curve, _ = only(frame)
    assert (curve.proportion, curve.score_range) == (False, (-np.inf, np.inf))
    told, _ = only(tabulate(scores=frame, percent=["accuracy"]).scores)
    assert told.proportion
    assert told.score == pytest.approx([0.1, 0.2, 0.9])


def test_one_curve_is_found_by_its_names_or_what_there_is_is_listed():
    table_ = tables.load_table("gpt3_arithmetic")
    curve = curve_of(table_, "4D+", "few-shot")
    assert (curve.name, curve.counts[-1]) == ("4D+ few-shot", 510)
    for arguments, message in (
        (("9D+",), r"^task = '9D\+': expected one of 2D\+, 2D-"),
        (("4D+", "some"), r"^setting = 'some': expected one of zero-shot, one-shot, few-shot"),
        (("4D+",), r"^setting = None: expected one of zero-shot, one-shot, few-shot"),
        (("4D+", "few-shot", "f1"), r"^metric = 'f1': expected one of exact_match"),
    ):
        with pytest.raises(FieldError, match=message):
            curve_of(table_, *arguments)
    with pytest.raises(FieldError, match="no size is known"):
        curve_of(scores(params=np.nan), "sums")


# How many items they were asked is published of some models and not of others.
_NOTES = {
    "obs_scaling": (
        "the number of items is known at some sizes only: none are taken for known: exact_match of Qwen on "
        "ipa_transliterate (2-shot), exact_match of Qwen1.5 on ipa_transliterate (2-shot)",
    )
}


def test_bundled_tables_hold_a_curve_for_each_of_their_questions():
    for entry in tables.tables():
        frame = tables.load_table(entry.name)
        if "metric" not in frame or frame["params"].isna().all():
            continue
        made = curves_of(frame, family=entry.family)
        assert made.notes == _NOTES.get(entry.name, ()), entry.name
        assert sum(map(len, made.curves)) == len(frame)


# -- properties -------------------------------------------------------------------------------------------

rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", ""]), st.sampled_from([1e6, 1e7, np.nan, 0.0]),
        st.sampled_from(["t", "u"]), st.sampled_from(["accuracy", "loss", "odd"]),
        st.sampled_from([0.0, 0.5, 1.0, 7.0, np.nan, np.inf]), st.sampled_from([10.0, 0.0, np.nan]),
        st.sampled_from(["", "1", "2"]), st.sampled_from(["", "x.json", "y.json"]),
        st.sampled_from(["file", "here"]), st.sampled_from(["", "higher", "lower"]),
    ),
    max_size=12,
)  # fmt: skip
COLUMNS = [
    "model",
    "params",
    "task",
    "metric",
    "score",
    "n",
    "run",
    "source",
    "graded",
    "direction",
]


@given(rows)
def test_every_row_is_on_a_curve_or_in_a_note(drawn):
    frame = pd.DataFrame(drawn, columns=COLUMNS)
    made = curves_of(frame)
    on = sum(int(c.n_runs.sum()) for c in made.curves)
    assert on == len(frame) or (on < len(frame) and made.notes)
    if not made.notes:
        assert on == len(frame)
    assert [c for q in made.questions for c in q.curves.values()] == sorted(
        made.curves, key=[c for q in made.questions for c in q.curves.values()].index
    )
    for c in made.curves:
        assert isinstance(c, Curve)
        alone = runs(c)
        assert alone.most == c.n_runs.max()


@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_curve(drawn, random):
    frame = pd.DataFrame(drawn, columns=COLUMNS)
    order = list(range(len(frame)))
    random.shuffle(order)

    def described(made):
        return {
            (c.task, c.setting, c.metric): (
                c.scale.tolist(),
                c.score.round(12).tolist(),
                c.direction,
            )
            for c in made.curves
        }

    first, second = curves_of(frame), curves_of(frame.iloc[order])
    assert described(first) == described(second)
    assert bool(first.notes) == bool(second.notes)


def test_a_table_read_back_from_text_makes_the_same_curves():
    frame = table(scores(run="1"), scores(run="2", score=0.5))
    again = pd.read_csv(io.StringIO(frame.to_csv(index=False)))
    assert curves_of(frame).curves == curves_of(again).curves
