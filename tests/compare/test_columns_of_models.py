"""Tables with a row an item and a column a model: what names the items, and what is said where nothing does."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from mirage_utils.cli.main import main
from mirage_utils.compare import NotPairedError, compare


def _wide(n=40, *, scale=1.0, names="id", **more):
    """Two columns of scores between 0 and `scale`."""
    rng = np.random.default_rng(4)
    base = rng.random(n)
    frame = pd.DataFrame(
        {**more, "base": scale * base, "tuned": scale * (base + rng.random(n)) / 2}
    )
    if names:
        frame.insert(0, names, [f"q{i}" for i in rng.permutation(n)])
    return frame


def _put(frame, folder):
    path = folder / "wide.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("names", ["id", "question", "index", "Problem"])
@pytest.mark.parametrize("scale", [1.0, 100.0])
@pytest.mark.parametrize("more", [{}, {"task": "quiz", "metric": "f1"}])
def test_scores_other_than_0_and_1_are_paired_by_the_obvious_column(names, scale, more, tmp_path):
    frame = _wide(scale=scale, names=names, **more)
    found = compare(_put(frame, tmp_path), models=["base", "tuned"])
    (row,) = found.rows
    truth = (frame["tuned"] - frame["base"]).mean() / (scale if more else 1)
    assert row.difference.n == 40
    assert row.difference.value == pytest.approx(truth)
    assert any(f"columns read: {names!r} as item" in note for note in found.notes)
    assert not any("not used" in note or "look like models" in note for note in found.notes)


def test_a_column_that_the_user_names_holds(tmp_path):
    frame = _wide(names="id", place=np.arange(40))
    found = compare(_put(frame, tmp_path), models=["base", "tuned"], columns={"place": "item"})
    assert sorted(found.rows[0].pair.items, key=int) == [str(i) for i in range(40)]


def test_columns_that_nothing_was_made_of_are_told_and_those_of_the_models_are_not(tmp_path):
    frame = _wide(**{"pythia-70m": 0.5, "pythia-160m": 0.5, "remark": "x"})
    found = compare(_put(frame, tmp_path), models=["base", "tuned"])
    assert any("columns not used: 'pythia-70m', 'pythia-160m', 'remark'" in n for n in found.notes)
    named = frame.rename(columns={"base": "pythia-1b", "tuned": "pythia-6.9b"})
    found = compare(_put(named, tmp_path), models=["pythia-1b", "pythia-6.9b"])
    told = [n for n in found.notes if "not used" in n or "look like models" in n]
    assert told == [n for n in told if "pythia-1b" not in n and "pythia-6.9b" not in n]


def test_without_a_name_of_items_the_message_says_the_option(tmp_path, capsys):
    path = _put(_wide(names="", remark="x"), tmp_path)
    with pytest.raises(
        NotPairedError, match=r"no column names the items of 'base' and 'tuned'.*--column NAME=item"
    ):
        compare(path, models=["base", "tuned"])
    assert main(["compare", str(path), "--models", "base", "tuned"]) == 1
    assert "which of 'remark' does" in capsys.readouterr().err


def test_rows_of_one_table_are_items_where_they_are_right_or_wrong(tmp_path):
    """Both scores of an item stand in one row, so names are not needed."""
    frame = _wide(names="").round().astype(int)
    (row,) = compare(_put(frame, tmp_path), models=["base", "tuned"]).rows
    assert row.difference.value == pytest.approx((frame["tuned"] - frame["base"]).mean())


def test_rows_of_tasks_are_no_items(tmp_path):
    frame = _wide(n=5, names="", metric="accuracy", task=list("abcde"))
    with pytest.raises(NotPairedError, match="only scores of whole tasks of base"):
        compare(_put(frame, tmp_path), models=["base", "tuned"])


@pytest.mark.parametrize("frame", [_wide(), _wide().round({"base": 0, "tuned": 0})])
def test_without_models_the_message_names_the_columns(frame, tmp_path, capsys):
    path = _put(frame, tmp_path)
    with pytest.raises(NotPairedError, match=r"--models 'base' 'tuned'$"):
        compare(path)
    assert main(["compare", str(path)]) == 1
    assert "--models 'base' 'tuned'" in capsys.readouterr().err


def test_of_more_columns_two_are_an_example(tmp_path, capsys):
    path = _put(_wide(names="item", category=3), tmp_path)
    assert main(["compare", str(path)]) in (1, 2)
    assert (
        "such as --models 'base' 'tuned', of 'category', 'base', 'tuned'" in capsys.readouterr().err
    )


def test_a_table_without_columns_of_scores_has_no_such_hint(tmp_path, capsys):
    path = tmp_path / "r.csv"
    path.write_text("id,name,remark\n0,a,x\n1,b,y\n")
    assert main(["compare", str(path)]) == 1
    assert "--models" not in capsys.readouterr().err


def test_an_object_in_the_place_of_a_name_is_no_fault_of_the_program(tmp_path):
    lines = [{"model": m, "item": {"id": k} if k == 3 else k, "prompt": f"What is {k}?", "metric": "accuracy", "score": k % 2}
             for m in ("owl-1", "owl-2") for k in range(8)]  # fmt: skip
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    assert compare(path, models=["owl-1", "owl-2"]).rows[0].difference.n == 8
