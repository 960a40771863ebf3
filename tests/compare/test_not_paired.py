"""What is not paired is refused, each with what differs and what helps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sheets_of_two import halves, log, put, samples, two

from mirage_utils.cli.main import main
from mirage_utils.compare import NotPairedError, compare
from mirage_utils.errors import DataError, FieldError
from mirage_utils.records import EvalFileError


def _no_item_in_common(frame):
    there = frame["model"] == "owl-2"
    return frame.assign(item=frame["item"].where(~there, "z" + frame["item"]))


def _shuffled(frame):
    there = frame["model"] == "owl-2"
    return frame.assign(target=frame["target"].where(~there, frame["target"].iloc[::-1].to_numpy()))


def _other_metric(frame):
    return frame.assign(metric=frame["metric"].where(frame["model"] == "owl-1", "f1"))


def _other_task(frame):
    return frame.assign(task=frame["task"].where(frame["model"] == "owl-1", "quiz_v2"))


def _other_setting(frame):
    return frame.assign(setting=np.where(frame["model"] == "owl-1", "strict", "lenient"))


def _other_shots(frame):
    return frame.assign(shots=np.where(frame["model"] == "owl-1", 0, 5))


def _ungraded(frame):
    return frame.assign(score=frame["score"].where(frame["model"] == "owl-1"), output="x")


def _one_item(frame):
    return frame[frame["item"] == "quiz-0-0"]


REFUSED = {
    "no item in common": (_no_item_in_common, r"quiz, accuracy: item differs: no item in common: A has 60 \('quiz-0-0', .*B has 60 .*--column NAME=item"),
    "shuffled": (_shuffled, r"quiz, accuracy: target differs for \d+ of 60 items of the same name \(item quiz-0-0: 't0' in A, 't59' in B\).*--ignore-targets"),
    "another metric": (_other_metric, "metric differs: A has accuracy, B has f1"),
    "another task": (_other_task, "task differs: A has quiz, B has quiz_v2.*--conditions 'quiz' 'quiz_v2'"),
    "another setting": (_other_setting, "setting differs: A has 'strict' and B 'lenient'.*--conditions 'strict' 'lenient'"),
    "another number of shots": (_other_shots, "shots differs: A has '0-shot' and B '5-shot'.*--conditions '0-shot' '5-shot'"),
    "nobody graded B": (_ungraded, "B holds items and no scores of them: grade the answers first"),
    "one item": (_one_item, "1 item is scored on both sides, and two are needed"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_differs_is_named_and_what_helps(name, tmp_path, capsys):
    change, message = REFUSED[name]
    a, b = halves(change(two()), tmp_path)
    with pytest.raises(NotPairedError, match=f"(?s){message}") as refused:
        compare(a, b)
    assert isinstance(refused.value, DataError)
    assert main(["compare", str(a), str(b)]) == 1
    assert capsys.readouterr().err.startswith("mirage_utils: ")


@pytest.mark.parametrize("name", ["another task", "another setting", "another number of shots"])
def test_the_option_that_is_named_does_help(name, tmp_path):
    change, _ = REFUSED[name]
    frame = change(two())
    a, b = halves(frame, tmp_path)
    with pytest.raises(NotPairedError) as refused:
        compare(a, b)
    said = str(refused.value).partition("--conditions ")[2].split("'")[1:4:2]
    assert compare(a, b, conditions=said).rows[0].difference.n == 60


def test_targets_may_be_ignored(tmp_path):
    a, b = halves(_shuffled(two()), tmp_path)
    assert compare(a, b, ignore_targets=True).rows[0].difference.n == 60


def test_several_models_on_a_side_have_to_be_named(tmp_path):
    path = put(two(), tmp_path / "r.csv")
    with pytest.raises(
        NotPairedError,
        match=r"2 models \(owl-1, owl-2\), and A has to be one.*--models 'owl-1' 'owl-2'",
    ):
        compare(path)
    with pytest.raises(FieldError, match=r"models = 'owl-3'.*owl-1, owl-2"):
        compare(path, models=["owl-1", "owl-3"])
    with pytest.raises(FieldError, match="models"):
        compare(path, models=["owl-1"])


def test_scores_of_whole_tasks_are_no_items(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("model,task,metric,score,n\na,t,accuracy,0.5,100\nb,t,accuracy,0.6,100\n")
    with pytest.raises(NotPairedError, match=r"only scores of whole tasks of a.*--log_samples"):
        compare(path, models=["a", "b"])


def test_an_item_twice_without_epochs(tmp_path):
    frame = two(n=10)
    twice = pd.concat([frame, frame[frame["item"] == "quiz-0-3"].assign(score=[0.5, 0.5])])
    a, b = halves(twice, tmp_path)
    with pytest.raises(EvalFileError, match=r"each item once.*--column COLUMN=epoch"):
        compare(a, b)
    lines = samples(tmp_path / "s" / "samples_t_2025-05-01T10-20-30.1.jsonl", [0, 1, 1])
    lines.write_text(lines.read_text() + "\n" + lines.read_text().splitlines()[0])
    with pytest.raises(EvalFileError, match="stands here a second time"):
        compare(lines, a)


def test_renamed_models_of_one_file_are_not_averaged(tmp_path):
    frame = two(models=("owl-1", "owl-final"))
    path, other = (
        put(frame, tmp_path / "a.csv"),
        put(two(models=("x", "y")).query("model == 'x'"), tmp_path / "b.csv"),
    )
    with pytest.raises(NotPairedError, match="stands twice"):
        compare(path, other, rename={"owl-final": "owl-1"})


def test_one_path_with_one_model_is_wrong_usage(tmp_path, capsys):
    path = log(tmp_path / "a.json", [0, 1, 1])
    assert main(["compare", str(path)]) == 2
    assert "another path, or two --models or two --conditions" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "field"),
    [({"level": 0}, "level"), ({"level": 5}, "level"), ({"power": 1}, "power"), ({"difference": 0}, "difference"),
     ({"difference": float("nan")}, "difference"), ({"interval": "wald"}, "interval"), ({"only": ["nothing"]}, "only"),
     ({"cluster_by": "("}, "cluster_by"), ({"cluster_by": "nothing"}, "cluster_by"), ({"conditions": ["a"]}, "conditions"),
     ({"nonsense": 1}, "options")],
)  # fmt: skip
def test_arguments_out_of_range_are_named(said, field, tmp_path):
    path = put(two(), tmp_path / "r.csv")
    with pytest.raises(FieldError) as refused:
        compare(path, models=["owl-1", "owl-2"], **said)
    assert refused.value.field == field


def test_no_such_file_and_nothing_readable(tmp_path):
    with pytest.raises(FieldError, match="path"):
        compare(tmp_path / "none.csv", tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(EvalFileError, match="the file is empty"):
        compare(tmp_path / "empty.csv", tmp_path / "empty.csv")


def test_per_cent_on_one_side_is_no_fraction(tmp_path):
    """A mean below 1 tells nothing, and one item above 1 does."""
    frame = two(metric="f1", gain=0.0)
    there = frame["model"] == "owl-2"
    frame["score"] = np.where(there, 0.0, frame["score"])
    frame.loc[frame.index[there.to_numpy()][0], "score"] = 20.0
    with pytest.raises(NotPairedError, match="scale differs: a score of B is 20"):
        compare(*halves(frame, tmp_path))
