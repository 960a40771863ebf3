"""Tables of scores in shapes that people have: a column a metric, errors in rows and in cells, numbers of right items."""

from __future__ import annotations

import numpy as np
import pytest
from written import table_reader, writer

from mirage_utils.cli.main import main
from mirage_utils.records import EvalFileError, gather

OWLS = (("owl-a", "70M"), ("owl-b", "410M"), ("owl-c", "1.4B"))


@pytest.fixture
def table(tmp_path):
    return table_reader(tmp_path)


def said(reading):
    return "\n".join(reading.notes)


def rows(header, *cells):
    lines = (f"{model},{size},{more}" for (model, size), more in zip(OWLS, cells, strict=True))
    return "\n".join([f"model,size,{header}", *lines])


METRICS = "accuracy,f1,bleu"
SCORES = ("0.21,0.33,4.5", "0.31,0.43,8.5", "0.51,0.63,12.5")


def test_one_column_a_metric_is_read_where_the_task_is_known(table):
    with_task = table(rows(f"task,{METRICS}", *(f"quiz,{s}" for s in SCORES)))
    named = table(rows(METRICS, *SCORES), task="quiz")
    for found in (with_task, named):
        by_metric = found.scores.groupby("metric")["score"].apply(list).to_dict()
        assert by_metric == {
            "accuracy": [0.21, 0.31, 0.51], "f1": [0.33, 0.43, 0.63], "bleu": [4.5, 8.5, 12.5],
        }  # fmt: skip
        assert set(found.scores["task"]) == {"quiz"}
        assert "one column a metric" in said(found)
        assert "not used" not in said(found)
    with pytest.raises(EvalFileError, match=r"'accuracy' are metrics of one task.*--task NAME"):
        table(rows(METRICS, *SCORES))


def test_metrics_in_columns_have_units_arrows_and_errors(table, tmp_path):
    text = rows(
        "task,Accuracy (%) ↑,acc_norm,acc_norm_stderr,ppl ↓,loss note",
        "quiz,0.9,0.33,0.01,4.5,a", "quiz,12,0.43,0.02,3.5,b", "quiz,40,0.63,0.03,2.5,c",
    )  # fmt: skip
    found = gather(writer(tmp_path, "r.csv")(text)).scores.set_index("metric")
    assert found.loc["Accuracy", "score"].tolist() == pytest.approx([0.009, 0.12, 0.4])
    assert set(found.loc["ppl", "direction"]) == {"lower"}
    assert "loss note" not in found.index
    assert table(text).scores["stderr"].dropna().tolist() == [0.01, 0.02, 0.03]


@pytest.mark.parametrize(
    "name", ["MMLU (%)", "MMLU %", "MMLU, %", "MMLU [pct]", "MMLU (in per cent)"]
)
def test_a_per_cent_in_the_name_of_a_tasks_column_counts(table, tmp_path, name):
    header = f'"{name}",BoolQ'
    text = rows(header, "0.9,0.51", "0.8 ± 0.1,0.62", "0.95%,0.7")
    options = {"wide": [name, "BoolQ"], "metric": "accuracy"}
    found = gather(writer(tmp_path, "r.csv")(text), fraction="accuracy on BoolQ", **options)
    scores = found.scores.groupby("task")["score"].apply(list).to_dict()
    assert scores["MMLU"] == pytest.approx([0.009, 0.008, 0.0095])
    assert scores["BoolQ"] == [0.51, 0.62, 0.7]
    assert not any("changes nothing" in note for note in found.notes)
    assert any(f"in per cent, as their names say: {name!r}" in note for note in found.notes)
    both = table(rows(f'"{name}",MMLU', "9,1", "8,1", "7,1"), wide=[name, "MMLU"], metric="acc")
    assert set(both.scores["task"]) == {name, "MMLU"}  # two columns are two tasks


@pytest.mark.parametrize("end", ["_stderr", "_std", " (SE)"])
@pytest.mark.parametrize("of", ["", ",none"])
def test_rows_of_errors_are_no_curves(table, end, of):
    cells = [
        f'quiz,"{name}",{value}'
        for values in ((0.21, 0.02), (0.41, 0.03), (0.61, 0.04))
        for name, value in zip((f"acc{of}", f"acc{end}{of}"), values, strict=True)
    ]
    lines = (f"{model},{size},{cell}" for (model, size), cell in zip(np.repeat(OWLS, 2, axis=0), cells, strict=True))  # fmt: skip
    found = table("\n".join(["model,size,task,metric,value", *lines]))
    assert found.scores["score"].tolist() == [0.21, 0.41, 0.61]
    assert set(found.scores["metric"]) == {f"acc{of}"}
    if end == "_std":  # of what, nobody knows
        assert "stderr" not in found.scores
    else:
        assert found.scores["stderr"].tolist() == [0.02, 0.03, 0.04]
    assert "rows of errors" in said(found)


@pytest.mark.parametrize("name", ["correct", "n_correct", "Num Correct", "passed"])
@pytest.mark.parametrize("n", ["total", "n", "num_total", "number of questions", "n_questions"])
def test_numbers_of_right_items_are_shares_of_all(table, name, n):
    cells = ("12,500", "25,500", "37,500")
    found = table(rows(f"task,{name},{n}", *(f"quiz,{c}" for c in cells)))
    assert found.scores["score"].tolist() == [0.024, 0.05, 0.074]
    assert found.scores["n"].tolist() == [500] * 3
    assert set(found.scores["metric"]) == {"accuracy"}
    assert f"{name!r} holds numbers of right items" in said(found)
    # A total of each model of its own, of which some are right.
    other = table(rows(f"task,{name},{n}", "quiz,12,480", "quiz,25,500", "quiz,37,490"))
    assert other.scores["n"].tolist() == [480, 500, 490]
    shares = table(rows(f"task,{name},{n}", "quiz,0.1,500", "quiz,0.2,500", "quiz,0.4,500"), metric="acc", columns={name: "score"})  # fmt: skip
    assert shares.scores["score"].tolist() == [0.1, 0.2, 0.4]


@pytest.mark.parametrize(
    "cell",
    ["45.2 ± 1.2", "45.2±1.2", "45.2 +/- 1.2", "45.2 (1.2)", "45.2 (±1.2)", "45.2% ± 1.2%", "45.2 ± 1.2%"],
)  # fmt: skip
def test_a_number_behind_a_score_is_no_part_of_it(table, tmp_path, cell):
    text = rows("task,metric,score", "quiz,acc,12.5", f"quiz,acc,{cell}", "quiz,acc,50")
    found = table(text)
    assert "the number behind a score is passed over" in said(found)
    assert len(found.scores) == 3
    assert gather(tmp_path / "r.csv").scores["score"].tolist() == [0.125, 0.452, 0.5]


def test_one_bad_verdict_costs_no_other(table):
    text = "model,item,target,output,correct\n" + "".join(
        f"pythia-70m,{i},1,{i},{cell}\n" for i, cell in enumerate(("yes", "no", "oops", "yes"))
    )
    found = table(text)
    assert found.records["score"].dropna().tolist() == [1, 0, 1]
    assert "line 4 ('oops')" in said(found)
    marks = table(text.replace("yes", "7").replace("no", "3"))
    assert "columns not used: 'correct'" in said(marks)


def test_verdicts_without_names_of_items_are_items(table):
    text = "model,task,correct\n" + "".join(
        f"{model},quiz,{int(i <= k)}\n" for k, (model, _) in enumerate(OWLS) for i in range(5)
    )
    found = table(text)
    assert found.scores["score"].tolist() == [0.2, 0.4, 0.6]
    assert found.scores["n"].tolist() == [5] * 3
    assert "each row is one" in said(found)


@pytest.mark.parametrize("more", [[], ["--scores"]])
@pytest.mark.parametrize("held", [None, ".hidden"])
def test_a_folder_with_nothing_in_it_is_an_error(tmp_path, capsys, more, held):
    if held:
        (tmp_path / held).write_text("x")
    assert main(["read", str(tmp_path), *more]) == 1
    assert "a folder with files in it" in capsys.readouterr().err


# -- what programs and spreadsheets write ----------------------------------------------------------------


def test_least_and_most_of_a_curve_are_no_models(table):
    names = [f"owl-{size} - eval/acc" for size in ("1b", "2b")]
    every = [f"{name}{end}" for name in names for end in ("", "__MIN", "__MAX")]
    found = table(
        ",".join(["task", "metric", *every]) + "\nquiz,acc," + ",".join(["0.2", "0.1", "0.3"] * 2)
    )
    assert found.scores["model"].tolist() == names
    assert f"passed over: '{names[0]}__MIN'" in said(found)


def test_rows_of_no_name_are_tasks_of_models_in_columns(table, tmp_path):
    text = ",pythia-70m,pythia-410m\nMMLU,25.1,28.1\nBoolQ,51,58.1\n"
    columns = '{"pythia-70m":{"MMLU":25.1,"BoolQ":51},"pythia-410m":{"MMLU":28.1,"BoolQ":58.1}}'
    for found in (table(text, metric="acc"), table(columns, "r.json", metric="acc")):
        scores = found.scores.groupby("task")["score"].apply(list).to_dict()
        assert scores == {"MMLU": [25.1, 28.1], "BoolQ": [51, 58.1]}
        assert "the column of no name is read as task" in said(found)
    metrics = table(text.replace("MMLU", "acc").replace("BoolQ", "f1"), task="quiz")
    assert set(metrics.scores["metric"]) == {"acc", "f1"}
    numbered = table('{"model":{"0":"owl-1b"},"score":{"0":0.5}}', "r.json", task="t", metric="acc")
    assert numbered.scores["score"].tolist() == [0.5]


def test_a_second_row_of_names_is_in_the_way(table):
    text = ",MMLU,,BoolQ,\nmodel,0-shot,5-shot,0-shot,5-shot\npythia-70m,25.1,26,51,52\n"
    with pytest.raises(EvalFileError, match="one row of names; a second one, with '5-shot'"):
        table(text)


def test_marks_of_footnotes_are_no_part_of_a_score(table):
    text = rows("task,metric,score", "quiz,acc,0.2*", "quiz,acc,0.3†", "quiz,acc,**0.4**")
    found = table(text)
    assert found.scores["score"].tolist() == [0.2, 0.3, 0.4]
    assert "marks at a score are passed over: line 2 ('0.2*')" in said(found)


def test_parts_of_the_most_that_can_be_reached(table):
    text = rows("task,metric,score,max_score", "quiz,acc,12,50", "quiz,acc,25,50", "quiz,acc,37,50")
    found = table(text)
    assert found.scores["score"].tolist() == [0.24, 0.5, 0.74]
    assert "divided by 'max_score'" in said(found)
    ones = table(rows("task,metric,score,out of", *("quiz,acc,0.2,1" for _ in OWLS)))
    assert "divided" not in said(ones)


def test_a_model_that_is_written_once_is_that_of_the_rows_below(table):
    text = "model,task,metric,score\npythia-70m,a,acc,0.2\n,b,acc,0.3\npythia-410m,a,acc,0.3\n,b,acc,0.4\n"
    found = table(text)
    assert found.scores["model"].tolist() == ["pythia-70m"] * 2 + ["pythia-410m"] * 2
    assert "2 rows without a model are of that above them" in said(found)
    # Where a task stands twice below one name, it is not certain.
    left = table(text.replace(",b,acc,0.4", ",a,acc,0.4"))
    assert left.scores["model"].tolist() == ["pythia-70m", "pythia-410m"]
    assert "2 rows left out: model is not a name" in said(left)
    named = table(text.replace("410m,a,acc,0.3\n,b", "410m,a,acc,0.3\npythia-410m,b"), model="owl")
    assert named.scores["model"].tolist() == ["pythia-70m", "owl", *["pythia-410m"] * 2]


def test_the_letter_of_sizes_is_no_number_of_items(table):
    cells = (f"{size},quiz,acc,0.{i}" for i, size in enumerate(("7e7", "4e8", "1.4e9"), start=2))
    text = "model,N,task,metric,score\n" + "\n".join(f"owl-{i},{c}" for i, c in enumerate(cells))
    found = table(text)
    assert found.scores["params"].tolist() == [7e7, 4e8, 1.4e9]
    assert found.scores["n"].isna().all()
    items = table(text.replace("7e7", "500").replace("4e8", "500").replace("1.4e9", "500"))
    assert items.scores["n"].tolist() == [500] * 3


def test_numbers_of_items_may_differ_by_split(table):
    lines = (f"{m},{split},0.{i + 2},{n}" for i, (m, _) in enumerate(OWLS) for split, n in (("dev", 100), ("test", 200)))  # fmt: skip
    found = table("\n".join(["model,split,exact_match,count", *lines]), task="quiz")
    assert found.scores["n"].tolist() == [100, 200] * 3


@pytest.mark.parametrize("unit", ["%", "percent", "Per cent", "pct"])
def test_a_unit_beside_the_scores_counts(table, unit):
    text = rows(
        "task,metric,score,unit", f"quiz,acc,0.9,{unit}", f"quiz,acc,12%,{unit}", "quiz,acc,0.4,"
    )
    found = table(text)
    assert found.scores["score"].tolist() == pytest.approx([0.009, 0.12, 0.4])
    assert "not used" not in said(found)
    assert "columns not used: 'unit'" in said(table(text.replace(unit, "points")))
