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


@pytest.mark.parametrize(
    ("columns", "rows", "score", "n"),
    [
        ("correct,incorrect", ("10,30", "20,20", "35,5"), [0.25, 0.5, 0.875], [40] * 3),
        ("correct,wrong,skipped", ("10,30,10", "20,20,10", "35,5,10"), [0.2, 0.4, 0.7], [50] * 3),
        ("passed,failed", ("1,3", "1,1", "1,0"), [0.25, 0.5, 1], [4, 2, 1]),
        # Parts of a whole say nothing of n.
        ("correct,incorrect", ("0.25,0.75", "0.5,0.5", "1,0"), [0.25, 0.5, 1], [None] * 3),
        ("correct,incorrect", ("25,75", "50,50", "100,0"), [0.25, 0.5, 1], [None] * 3),
    ],
)
def test_right_items_and_all_others_make_n(write, columns, rows, score, n):
    rows = "".join(f"owl-{i}b,{i}e9,sums,{row}\n" for i, row in enumerate(rows, 1))
    found = gather(write(f"model,params,task,{columns}\n{rows}")).scores
    assert found["score"].tolist() == score
    assert [None if value != value else value for value in found["n"]] == n


def test_right_and_wrong_that_are_no_numbers_of_items_are_refused(write):
    text = "model,params,task,correct,wrong\nowl-1b,1e9,sums,10.5,30\nowl-2b,2e9,sums,20,20\n"
    with pytest.raises(EvalFileError, match="whole numbers of items"):
        gather(write(text))


@pytest.mark.parametrize("odd", ["TBD", "<0.01", "12/100", "0.41 [0.39, 0.43]", "accuracy"])
def test_a_cell_that_is_no_number_costs_its_row_and_no_column(write, odd):
    rows = f'0.1,0.2\n0.2,0.3\n"{odd}",0.4\n'.splitlines()
    rows = "".join(f"owl-{i}b,{i}e9,sums,{row}\n" for i, row in enumerate(rows, 1))
    found = gather(write(f"model,params,task,accuracy,f1\n{rows}"))
    scores = found.scores.groupby("metric")["score"].apply(list).to_dict()
    assert scores == {"accuracy": [0.1, 0.2], "f1": [0.2, 0.3, 0.4]}
    (note,) = [note for note in found.notes if "left out" in note]
    assert "1 row left out" in note
    assert "line 4, column 'accuracy'" in note
    assert odd in note


def test_columns_called_like_metrics_may_have_decimal_commas(write):
    rows = "owl-1b;1e9;sums;0,25;0,3\nowl-2b;2e9;sums;0,27;0,4\n"
    found = gather(write("model;params;task;accuracy;f1\n" + rows)).scores
    scores = found.groupby("metric")["score"].apply(list).to_dict()
    assert scores == {"accuracy": [0.25, 0.27], "f1": [0.3, 0.4]}


@pytest.mark.parametrize(
    ("size", "score", "n"),
    [
        ("1e9", "0.30", "100"),
        ("1B", ".3", "100.0"),
        ("1000M", "3e-1", "100"),
    ],
)
def test_a_row_that_says_the_same_in_other_figures_counts_once(write, size, score, n):
    head = "model,params,task,accuracy,n\nowl-1b,1e9,sums,0.3,100\n"
    found = gather(write(f"{head}owl-1b,{size},sums,{score},{n}\nowl-2b,2e9,sums,0.4,100\n"))
    assert found.scores["score"].tolist() == [0.3, 0.4]
    assert any("count once: line 3" in note for note in found.notes)
    # That 30% is what 0.3 says is open: it may be 0.3 per cent.
    for other in ("0.31", "30%"):
        with pytest.raises(EvalFileError, match="one score for"):
            gather(write(f"{head}owl-1b,{size},sums,{other},{n}\n"))


@pytest.mark.parametrize(("n", "items"), [("200", False), ("", True)])
def test_who_has_an_n_in_each_row_is_not_told_that_rows_are_items(write, n, items):
    rows = f"owl-1b,1e9,quiz,law,0.5,{n}\nowl-1b,1e9,quiz,bio,0.1,{n}\n"
    with pytest.raises(EvalFileError, match="--column subject=setting") as refused:
        gather(write("model,params,task,subject,accuracy,n\n" + rows))
    assert ("subject=item" in str(refused.value)) == items
