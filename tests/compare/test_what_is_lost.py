"""Tasks and metrics that are lost on the way, on one side or on both: each is named with its reason, and a gate can ask for it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sheets_of_two import halves, log, put, samples, two

from mirage_utils.cli.main import main
from mirage_utils.compare import NotPairedError, compare, page
from mirage_utils.errors import UnknownNameError

TASKS = ("quiz", "riddles")
HOLDS_NONE = "B holds items and no scores of them: grade the answers first (mirage_utils.records.grade), or name the column of scores"  # fmt: skip


def _folders(frame, tmp_path, change=None):
    """A folder a model and a file a task; `change` makes another table of B's riddles, or none."""
    for model, side in (("owl-1", "A"), ("owl-2", "B")):
        (tmp_path / side).mkdir()
        for task, rows in frame[frame["model"] == model].groupby("task"):
            if side == "B" and task == "riddles" and change is not None:
                rows = change(rows)
            if rows is not None:
                put(rows, tmp_path / side / f"{task}.csv")
    return tmp_path / "A", tmp_path / "B"


def _lost(found):
    return [(r.task, r.metric, r.why) for r in found.not_compared]


def _without_scores(rows):
    return rows.drop(columns="score")


def _without_a_number(rows):
    return rows.astype({"score": object}).assign(score="n.k.")


def _blank(rows):
    return rows.assign(score=np.nan)


def _of_the_whole_task(rows):
    return rows[["model", "task", "metric", "score"]].head(1).assign(score=0.5, n=60)


def _twice(rows):
    return pd.concat([rows, rows.head(1).assign(score=1 - rows["score"].iloc[0])])


def _not_there(rows):
    return None


def _by_another_metric(rows):
    return rows.assign(metric="f1")


def _with_five_examples(rows):
    return rows.assign(shots=5)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_without_scores, HOLDS_NONE),
        (_blank, HOLDS_NONE),
        (_without_a_number, "B has scores, and none of them counts: "),
        (_of_the_whole_task, "only A has scores of its items, and B one of the whole task"),
        (_twice, "only A has this task, as far as files could be read, and 1 could not"),
        (_not_there, "only A has this task"),
    ],
)
def test_a_task_without_scores_on_one_side_is_named_with_the_reason(change, why, tmp_path, capsys):
    a, b = _folders(two(tasks=TASKS), tmp_path, change)
    found = compare(a, b)
    assert [r.task for r in found.rows] == ["quiz"]
    ((task, metric, reason),) = _lost(found)
    assert (task, metric) == ("riddles", "accuracy")
    assert reason.startswith(why)
    assert main(["compare", str(a), str(b), "--fail-on", "refused"]) == 3
    shown = capsys.readouterr().out
    assert f"not compared: riddles, accuracy: {why}" in shown
    (row,) = (line for line in shown.splitlines() if line.startswith("riddles"))
    assert row.split() == ["riddles", "accuracy", "not", "compared"]
    assert f"{reason}.</li>".replace("'", "&#39;") in page(found)


def test_the_reason_is_about_the_cells_of_that_task(tmp_path):
    """What is said of a cell in another file, or of another task, is not the reason."""
    frame = two(tasks=TASKS).astype({"score": object})
    frame.loc[frame.index[-1], "score"] = "n.k."
    a, b = _folders(frame, tmp_path, _without_scores)
    ((_, _, why),) = _lost(compare(a, b))
    assert why.startswith(HOLDS_NONE)


def test_a_task_that_nobody_graded_is_lost_on_both_sides(tmp_path):
    frame = two(tasks=TASKS)
    frame["score"] = frame["score"].where(frame["task"] != "riddles")
    (lost,) = compare(*_folders(frame, tmp_path)).not_compared
    assert (lost.task, lost.metric) == ("riddles", "")
    assert lost.note.startswith("not compared: riddles: A holds items and no scores of them")
    assert "<b>riddles</b> <" in page(compare(tmp_path / "A", tmp_path / "B"))


def test_tables_in_memory_lose_no_task(tmp_path):
    frame = two(tasks=TASKS).astype({"score": float})
    there = (frame["model"] == "owl-2") & (frame["task"] == "riddles")
    found = compare(frame.assign(score=frame["score"].where(~there)), models=["owl-1", "owl-2"])
    assert [why.startswith(HOLDS_NONE) for _, _, why in _lost(found)] == [True]


@pytest.mark.parametrize("kind", ["samples", "log"])  # a log also says the score of the whole task
def test_scores_that_a_program_did_not_write(kind, tmp_path):
    """Samples of the harness and logs of Inspect whose scores are null, beside others that have theirs."""
    for side in "AB":
        (tmp_path / side).mkdir()
        for task in ("quiz", "riddles"):
            right = [0, 1, 1, 0, 1, 0]
            if kind == "samples":
                path = samples(
                    tmp_path / side / f"samples_{task}_2025-05-01T10-20-30.1.jsonl", right
                )
            else:
                path = log(tmp_path / side / f"{task}.json", right, model=f"hf/{side}")
                path.write_text(path.read_text().replace('"owls"', f'"{task}"'))
            if (side, task) == ("B", "riddles"):
                whole = path.read_text().replace('"exact_match": 1.0', '"exact_match": NaN').replace('"exact_match": 0.0', '"exact_match": NaN')  # fmt: skip
                path.write_text(whole.replace('{"value": 1.0}', '{"value": NaN}').replace('{"value": 0.0}', '{"value": NaN}'))  # fmt: skip
    found = compare(tmp_path / "A", tmp_path / "B")
    assert [r.pair.first_cell.task for r in found.rows] == ["quiz"]
    ((task, _, why),) = _lost(found)
    assert task.startswith("riddles")
    assert why.startswith(
        "B holds items and no scores of them"
        if kind == "samples"
        else "only A has scores of its items"
    )


# -- one side alone -------------------------------------------------------------------------------


def test_a_metric_of_one_side_is_lost_too(tmp_path, capsys):
    a, b = map(str, _folders(two(tasks=TASKS), tmp_path, _by_another_metric))
    lost = _lost(compare(a, b))
    assert [r[:2] for r in lost] == [("riddles", "accuracy"), ("riddles", "f1")]
    assert "only A has it, and B has f1 in its place" in lost[0][2]
    assert "only B has it, and A has accuracy in its place" in lost[1][2]
    assert "--column NAME=score --metric NAME" in lost[0][2]
    assert main(["compare", a, b, "--fail-on", "refused"]) == 3
    assert main(["compare", a, b, "--only", "quiz", "--fail-on", "refused"]) == 0
    capsys.readouterr()
    assert main(["compare", a, b, "--only", "riddles"]) == 1
    assert "riddles, accuracy: metric differs: only A has it" in capsys.readouterr().err


def test_one_metric_more_is_told_without_a_hint_at_another_name(tmp_path):
    a, b = halves(two(), tmp_path)
    more = pd.concat([pd.read_csv(a), pd.read_csv(a).assign(metric="f1", score=0.5)])
    put(more, a)
    assert _lost(compare(a, b)) == [("quiz", "f1", "only A has this metric of the task")]
    assert _lost(compare(b, a)) == [("quiz", "f1", "only B has this metric of the task")]
    assert compare(a, b, only=["accuracy"]).not_compared == ()


def test_another_condition_is_the_reason_and_what_helps(tmp_path):
    frame = two(tasks=TASKS, shots=lambda i: 0)
    lost = _lost(compare(*_folders(frame, tmp_path, _with_five_examples)))
    assert [task for task, _, _ in lost] == ["riddles, 0-shot", "riddles, 5-shot"]
    assert {why for _, _, why in lost} == {
        "shots differs: A has '0-shot' and B '5-shot' of riddles; if these two conditions are to be compared, --conditions "
        "'0-shot' '5-shot' says so"
    }


def test_only_names_what_one_side_alone_has(tmp_path):
    a, b = _folders(two(tasks=TASKS), tmp_path, _not_there)
    with pytest.raises(NotPairedError, match=r"^riddles, accuracy: only A has this task$"):
        compare(a, b, only=["riddles"])
    assert [r.task for r in compare(a, b, only=["riddles", "quiz"]).not_compared] == ["riddles"]
    assert compare(a, b, only=["quiz"]).not_compared == ()
    with pytest.raises(UnknownNameError, match=r"'quiz', 'riddles'"):
        compare(a, b, only=["nothing"])


# -- the same words for one task as for two files -------------------------------------------------


@pytest.mark.parametrize("change", [_without_scores, _without_a_number, _blank])
def test_a_task_that_nobody_graded_is_lost_to_every_metric_asked_for(change, tmp_path):
    frame = two(tasks=TASKS)
    (metric,) = frame["metric"].unique()
    for side, model in (("A", "owl-1"), ("B", "owl-2")):
        (tmp_path / side).mkdir()
        for task, rows in frame[frame["model"] == model].groupby("task"):
            put(change(rows) if task == "riddles" else rows, tmp_path / side / f"{task}.csv")
    paths = (tmp_path / "A", tmp_path / "B")
    assert [r.task for r in compare(*paths, only=[metric]).not_compared] == ["riddles"]
    assert compare(*paths, only=["quiz"]).not_compared == ()
    sides = [str(path) for path in paths]
    assert main(["compare", *sides, "--only", metric, "--fail-on", "refused", "--quiet"]) == 3


def test_other_items_are_named_with_what_helps(tmp_path):
    def renamed(rows):
        return rows.assign(item="z" + rows["item"])

    a, b = _folders(two(tasks=TASKS), tmp_path, renamed)
    ((_, _, why),) = _lost(compare(a, b))
    assert why.startswith("item differs: no item in common: A has 60 ('riddles-0-0', ")
    assert "B has 60 ('zriddles-0-0', " in why
    assert "--column NAME=item" in why
    with pytest.raises(NotPairedError) as alone:
        compare(a / "riddles.csv", b / "riddles.csv")
    assert str(alone.value) == f"riddles, accuracy: {why}"


def test_an_item_that_stands_twice_is_told_with_its_task(tmp_path):
    frame = two(tasks=("quiz", "riddles")).rename(columns={"score": "right"})
    twice = pd.concat([frame, frame[frame["item"] == "riddles-0-3"]])
    found = compare(twice.rename(columns={"right": "score"}), models=["owl-1", "owl-2"])
    (lost,) = found.not_compared
    assert lost.note.startswith("not compared: riddles, accuracy: item riddles-0-3 stands twice")


# -- clusters -------------------------------------------------------------------------------------


def _passages(frame, of_riddles):
    passage = frame["item"].str.rsplit("-", n=1).str[0]
    return frame.assign(passage=passage.where(frame["task"] != "riddles", of_riddles))


def test_a_task_in_one_cluster_costs_no_other(tmp_path):
    frame = _passages(two(tasks=TASKS), "p")
    found = compare(*_folders(frame, tmp_path), cluster_by="passage")
    assert [(r.task, r.difference.clusters) for r in found.rows] == [("quiz", 10)]
    ((task, _, why),) = _lost(found)
    assert task == "riddles"
    assert why.startswith(
        "all items are in one cluster by 'passage', 'p', and two are needed: --cluster-by"
    )
    assert any("clusters are the field 'passage': 10 of them" in n for n in found.notes)
    by_name = compare(frame, models=["owl-1", "owl-2"], cluster_by="(riddles|[0-9]+)")
    assert [r.task for r in by_name.not_compared] == ["riddles"]


def test_a_task_whose_sides_name_other_clusters_costs_no_other(tmp_path):
    def moved(rows):
        return rows.assign(passage="z" + rows["passage"])

    frame = two(tasks=TASKS, passage=lambda i: f"p{i // 6}")
    found = compare(*_folders(frame, tmp_path, moved), cluster_by="passage")
    assert [r.task for r in found.rows] == ["quiz"]
    assert "passage differs for 60 items of the same name" in _lost(found)[0][2]


def test_where_all_tasks_are_in_one_cluster_nothing_is_compared(tmp_path):
    with pytest.raises(NotPairedError, match=r"quiz, accuracy: all items are in one cluster by 'quiz'.*--cluster-by"):  # fmt: skip
        compare(put(two(), tmp_path / "r.csv"), models=["owl-1", "owl-2"], cluster_by="quiz")


def test_no_item_is_shown_as_an_example_of_a_pattern(tmp_path):
    with pytest.raises(ValueError, match=r"cluster_by = 'nothing'.* such as '\^\[\^-\]\+'$"):
        compare(put(two(), tmp_path / "r.csv"), models=["owl-1", "owl-2"], cluster_by="nothing")


def test_what_is_lost_stands_once_in_each_file(tmp_path):
    found = compare(*_folders(two(tasks=TASKS), tmp_path, _not_there))
    assert not [n for n in found.notes if "riddles" in n]
    assert page(found).count("only A has this task") == 1
    numbers = json.loads(json.dumps(found.numbers()))
    assert numbers["not_compared"] == [
        {"task": "riddles", "metric": "accuracy", "why": "only A has this task"}
    ]
    assert found.table.iloc[-1]["words"] == "only A has this task"


def test_answers_beside_their_grades_are_no_lost_task(tmp_path):
    """A table of answers that another file grades, under the name of a setting."""
    a, b = _folders(two(setting="strict"), tmp_path)
    answers = two()[lambda t: t["model"] == "owl-2"].drop(columns=["score", "metric"])
    put(answers.assign(output="x"), b / "answers.csv")
    found = compare(a, b)
    assert [r.task for r in found.rows] == ["quiz, strict"]
    assert found.not_compared == ()
