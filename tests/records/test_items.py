"""Tables of items: which column names them, and what stands there twice."""

from __future__ import annotations

import numpy as np
import pytest
from written import table_reader, writer

from mirage_utils.records import EvalFileError, gather, stream

MODELS = ("70m", "410m", "1b")


@pytest.fixture
def table(tmp_path):
    return table_reader(tmp_path)


def said(reading):
    return "\n".join(reading.notes)


def items(name="item", column="metric,score", cells="accuracy,{right}"):
    """A table of four items a model, of which the second half of those of even models are right."""
    rows = [f"model,task,{name},{column}"]
    rows += [
        f"pythia-{model},quiz,q{i}," + cells.format(right=(i + k) % 2, i=i)
        for k, model in enumerate(MODELS)
        for i in range(4)
    ]
    return "\n".join(rows)


NAMES = [
    "id", "idx", "index", "qid", "uuid", "question", "question_id", "Question ID", "questionId", "instance_id",
    "example_id", "doc_id", "sample_id", "problem_id", "task_id",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("metric,score", "accuracy,{right}"),
        ("correct", "{right}"),
        ("target,output", "{i},{right}"),
        ("target,output,acc", "{i},{i},{right}"),
    ],
)
def test_items_are_known_by_other_names(table, name, column, cells):
    found = table(items(name, column, cells))
    assert found.records["item"].tolist() == [f"q{i}" for i in range(4)] * 3
    assert f"{name!r} as item" in said(found)
    assert len(found.records) == 12


@pytest.mark.parametrize("name", ["index", "id", "no"])
@pytest.mark.parametrize("n", [",n", ""])
def test_a_number_of_the_row_is_no_item_of_a_table_of_scores(table, name, n):
    rows = [f"{name},model,task,metric,score{n}"]
    rows += [
        f"{i},pythia-{m},quiz,acc,{s}{',500' * bool(n)}"
        for i, (m, s) in enumerate(zip(MODELS, (0, 0.4, 1), strict=True))
    ]
    found = table("\n".join(rows))
    assert (len(found.records), len(found.scores)) == (0, 3)
    assert f"columns not used: '{name}'" in said(found)


def test_a_number_that_begins_anew_is_no_item(table):
    """As pandas numbers rows of several tables, one below the other."""
    rows = [f"{i % 2},pythia-{m},{i},{i}" for m in MODELS for i in range(6)]
    found = table("\n".join(["index,model,target,output", *rows]))
    assert len(found.records) == 18
    assert "columns not used: 'index'" in said(found)


def test_a_row_of_an_item_that_is_repeated_counts_once(table, tmp_path):
    lines = items().split("\n")
    text = "\n".join([*lines, lines[1], lines[5], lines[1]])
    found = table(text)
    assert len(found.records) == 12
    assert "3 rows that repeat another of the same item count once: line 14, line 15, line 16" in (
        said(found)
    )
    path = writer(tmp_path, "again.csv")(text)
    for batch in (1, 2, 5, 100):
        parts = list(stream(path, batch=batch))
        assert sum(len(p.records) for p in parts) == 12
        assert sum(note.startswith("3 rows") for p in parts for note in p.notes) == 1
        assert gather(path, batch=batch).scores["n"].tolist() == [4] * 3


@pytest.mark.parametrize("answers", [False, True])
@pytest.mark.parametrize("batch", [2, 100])
def test_an_item_with_two_answers_is_asked_about(tmp_path, answers, batch):
    text = items("item", "target,output", "{i},{right}") if answers else items()
    put = writer(tmp_path, "r.csv")
    more = f"{text}\npythia-70m,quiz,q0," + ("0,17" if answers else "accuracy,1")
    with pytest.raises(EvalFileError, match=r"line 14 = 'q0'.*--replicate-by row"):
        list(stream(put(more), batch=batch))
    # What repeats is no copy where others show that items were asked again.
    again = "\n".join([more, text.split("\n")[2]])
    assert gather(put(more), batch=batch, replicate_by="row", keep="all").files == 1
    with pytest.raises(EvalFileError, match=r"line 14 = 'q0'"):
        list(stream(put(again), batch=batch))


def test_the_columns_that_tell_answers_apart_are_named(table):
    text = items("id", "dice,target,output", "{right},5,{right}").replace("q1", "q0")
    with pytest.raises(EvalFileError, match=r"'dice' tell them apart \(--replicate-by dice\)"):
        table(text)
    found = table(text, replicate_by=["dice"])
    assert set(found.records["run"]) == {"dice 0", "dice 1"}
    with pytest.raises(EvalFileError, match="--column colour=item"):
        table(items("colour", "metric,score", "f1,0.{i}{right}"))


def test_repetitions_by_the_row_are_runs(table):
    text = items("item", "target,output", "{i},{right}")
    twice = text + "\n" + text.split("\n", 1)[1].replace(",1\n", ",0\n")
    found = table(twice, replicate_by="row").records
    assert found["run"].value_counts().to_dict() == {"row 1": 12, "row 2": 12}
    assert np.array_equal(found["item"][:12], found["item"][12:])


def test_nothing_but_zeros_are_no_items(table):
    rows = [f"pythia-{model},quiz,acc,0,{dice}" for model in MODELS for dice in range(3)]
    with pytest.raises(EvalFileError, match="--replicate-by dice"):
        table("\n".join(["model,task,metric,score,dice", *rows]))


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("metric,score (%)", "F1,{i}0"),
        ("metric,score", "F1,{i}0%"),
        ("target,output,F1 (%)", "x,x,{i}0"),
        ("target,output,F1", "x,x,{i}0 %"),
    ],
)
def test_scores_of_items_may_be_in_per_cent(table, column, cells):
    found = table(items("item", column, cells))
    assert found.records["score"].tolist() == pytest.approx([0, 0.1, 0.2, 0.3] * 3)
    assert set(found.records["metric"]) == {"F1"}


def test_items_by_models_say_how_to_write_them(table):
    found = table("item,pythia-70m,pythia-410m\na,0,1\nb,1,1\n")
    assert "'pythia-70m' look like models: write one row an item and model" in said(found)
