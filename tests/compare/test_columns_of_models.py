"""Tables with a row an item and a column a model: what names the items, and what is said where nothing does."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from mirage_utils.cli.main import main
from mirage_utils.compare import NotPairedError, compare
from mirage_utils.errors import UnknownNameError


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


@pytest.mark.parametrize("models", [["base", "tundd"], ["bse", "tuned"], ["bsae", "tunde"]])
def test_a_misspelt_column_is_the_one_that_is_named(models, tmp_path, capsys):
    path = _put(_wide(question=[f"What is {i}?" for i in range(40)]), tmp_path)
    lost = next(m for m in models if m not in ("base", "tuned"))
    with pytest.raises(UnknownNameError, match=rf"models = '{lost}': expected a column of .*\('base', 'tuned'\)"):  # fmt: skip
        compare(path, models=models)
    assert main(["compare", str(path), "--models", *models]) == 1
    assert f"models = '{lost}'" in capsys.readouterr().err


def test_a_misspelt_column_where_the_table_cannot_be_read_without_it(tmp_path):
    frame = _wide(question=[f"What is {i}?" for i in range(40)], answer="x")
    frame = frame.assign(base=frame["base"].round(), tuned=frame["tuned"].round())
    with pytest.raises(UnknownNameError, match=r"models = 'tundd': expected a column"):
        compare(_put(frame, tmp_path), models=["base", "tundd"])


def test_files_without_models_say_so(tmp_path):
    frame = pd.DataFrame(
        {"task": "t", "item": range(9), "metric": "accuracy", "score": [0, 1, 1] * 3}
    )
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    frame.to_csv(a)
    frame.to_csv(b)
    with pytest.raises(UnknownNameError, match=r"models = 'owl-1'.*a.csv names no model \(--column NAME=model"):  # fmt: skip
        compare(a, b, models=["owl-1", "owl-2"])


def test_notes_on_cells_name_the_column_of_the_file(tmp_path):
    frame = _wide().round({"base": 0, "tuned": 0})
    frame.loc[3, "base"] = frame.loc[[5, 7], "tuned"] = np.nan
    found = compare(_put(frame, tmp_path), models=["base", "tuned"])
    told = [n.partition("wide.csv: ")[2] for n in found.notes if "not graded" in n]
    assert told == [
        "base: none, and the answer counts as one that is not graded: line 5 ('')",
        "tuned: none, and the answer counts as one that is not graded: line 7 (''), line 9 ('')",
    ]


def test_every_column_of_such_a_table_is_accounted_for(tmp_path):
    frame = _wide(question=[f"What is {i}?" for i in range(40)], answer="x")
    found = compare(_put(frame, tmp_path), models=["base", "tuned"])
    told = [n.partition("wide.csv: ")[2] for n in found.notes if "columns" in n]
    assert told == [
        "columns read: 'id' as item (--column says otherwise)",
        "columns read: 'question' as the question of an item",
        "columns not used: 'answer' (--column says what they are)",
    ]
    named = compare(_put(frame.drop(columns="id"), tmp_path), models=["base", "tuned"])
    assert not [n for n in named.notes if "as the question" in n]  # there it names the items


def test_what_a_user_says_is_in_per_cent_is_told_in_points(tmp_path, capsys):
    path = _put(_wide(scale=100.0), tmp_path)
    given = ["compare", str(path), "--models", "base", "tuned", "--difference", "0.02"]
    assert main(given) == 0
    (row,) = compare(path, models=["base", "tuned"]).rows
    assert f"{row.difference.value:.3g}" in capsys.readouterr().out
    assert main([*given, "--percent", "score"]) == 0
    shown = capsys.readouterr().out
    assert "items for 2 points" in shown
    assert f"B - A is {row.difference.value:+.1f} points" in shown or f"by {abs(row.difference.value):.1f} points" in shown  # fmt: skip
    assert main([*given[:-1], "2", "--percent", "sc*"]) == 1
    assert "two points are 0.02" in capsys.readouterr().err
