"""Options that contradict themselves or the file, and columns that contradict one another."""

from __future__ import annotations

from argparse import ArgumentParser

import pytest
from outsiders import RISE, ladder
from written import writer

from mirage_utils.cli.options import add_options, options_of
from mirage_utils.errors import FieldError, WrongUse
from mirage_utils.records import EvalFileError, Options, gather


@pytest.fixture
def write(tmp_path):
    return writer(tmp_path, "r.csv")


def test_a_column_is_wide_once():
    with pytest.raises(FieldError, match=r"wide = \['quiz'\]: expected each column once"):
        Options(wide=["quiz", "maths", "quiz"])


@pytest.mark.parametrize(
    ("option", "first", "second"),
    [
        ("--params", "owl=5e6", "owl=6e6"),
        ("--direction", "accuracy=lower", "accuracy=higher"),
        ("--family", "owl=A", "owl=B"),
        ("--rename", "owl=A", "owl=B"),
        ("--column", "x=task", "x=setting"),
    ],
)
def test_a_name_has_one_value_in_an_option(option, first, second):
    command = ArgumentParser()
    add_options(command)
    assert options_of(command.parse_args([option, first, option, first]))
    with pytest.raises(FieldError) as refused:
        options_of(command.parse_args([option, first, option, second]))
    assert first in str(refused.value)
    assert second in str(refused.value)


@pytest.mark.parametrize(
    "said",
    [{"owl-*": "A", "owl-1b": "B"}, {"owl-1b": "B", "owl-*": "A"}, {"*": "A", "owl-?b": "B"}],
)
def test_the_family_that_is_said_of_fewer_models_holds(write, said):
    found = gather(write(ladder(RISE)), family=said).scores.set_index("model")["family"]
    assert found["owl-1b"] == "B"


def test_families_of_which_neither_says_more_are_refused(write):
    with pytest.raises(EvalFileError, match=r"'owl-\*=A' and '\*-1b=B' both name it"):
        gather(write(ladder(RISE)), family={"owl-*": "A", "*-1b": "B"})


@pytest.mark.parametrize(
    ("columns", "rows", "by"),
    [
        ("correct,total", ("10,40", "20,40"), "'n'"),
        ("accuracy,max_score", ("10,40", "20,40"), "'max_score'"),
    ],
)
def test_what_was_divided_already_is_not_in_per_cent(write, columns, rows, by):
    if "max_score" in columns:
        columns = columns.replace("accuracy", "metric,score")
        rows = [f"accuracy,{row}" for row in rows]
    text = f"model,params,task,{columns}\na,1e8,sums,{rows[0]}\nb,1e9,sums,{rows[1]}\n"
    path = write(text)
    assert gather(path).scores["score"].tolist() == [0.25, 0.5]
    with pytest.raises(WrongUse, match=f"accuracy on sums was divided by {by}"):
        gather(path, percent=["accuracy"])
    assert "divided_by" not in gather(path).scores


@pytest.mark.parametrize("name", ["n", "num_samples"])
def test_points_in_numbers_of_items_that_are_else_none_set_thousands_apart(write, name):
    def column(*cells):
        rows = "".join(f"owl-{i}b,{i}e9,sums,0.{i},{cell}\n" for i, cell in enumerate(cells, 1))
        return gather(write(f"model,params,task,accuracy,{name}\n{rows}"))

    found = column("1.319", "1.000", "1.000")
    assert found.scores["n"].tolist() == [1319, 1000, 1000]
    assert any("1,319 where it says '1.319'" in note for note in found.notes)
    # Printed with three digits after the point they are what they are.
    assert column("200.000", "200.000").scores["n"].tolist() == [200, 200]
