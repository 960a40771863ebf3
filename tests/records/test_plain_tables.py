"""Tables of scores as people keep them: what is certain is read, with a note; what is not is said, with what helps."""

from __future__ import annotations

import io

import numpy as np
import openpyxl
import pandas as pd
import pytest
from sheets import HEADER, SCORES, SIZES, TABLE, said, with_column
from written import table_reader

from mirage_utils.records import EvalFileError, read
from mirage_utils.records.formats.dialect import Dialect, dialect
from mirage_utils.records.formats.quantities import size


@pytest.fixture
def table(tmp_path):
    return table_reader(tmp_path)


# -- how it is written -------------------------------------------------------------------------------


GERMAN = TABLE.replace(",", ";").replace("0.", "0,")


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (TABLE, ""),
        (TABLE + "\n\n  \n,,,,,\n", ""),
        (b"\xef\xbb\xbf" + TABLE.encode(), ""),
        (TABLE.replace(",", "\t"), "separated by tabs"),
        (TABLE.replace(",", "|"), r"separated by '\|'"),
        (TABLE.replace(",", ";"), "separated by semicolons"),
        (b"\xef\xbb\xbf" + GERMAN.encode(), "decimal comma"),
        ("sep=;\r\n" + GERMAN.replace("\n", "\r\n"), "decimal comma"),
        (GERMAN.replace("70426624", "70.426.624"), "decimal comma"),
        (TABLE.replace(",", "\t").encode("utf-16"), "separated by tabs"),
        (GERMAN.encode("utf-16"), "decimal comma"),
        (TABLE.replace("arc_easy", '"arc_easy"').replace("70426624", '"70,426,624"'), ""),
        (TABLE.replace("70426624", "70'426'624").replace(",500", ", 500"), ""),
    ],
)
def test_a_table_is_read_however_it_was_written(table, content, note):
    found = table(content)
    assert found.scores["params"].tolist() == list(SIZES.values())
    assert found.scores["score"].tolist() == list(SCORES)
    assert found.scores["n"].tolist() == [500] * 4
    assert note in said(found).replace("'|'", r"'\|'")
    assert bool(note) or not found.notes


def test_text_that_is_not_utf8_is_read_as_windows_1252_with_a_note(table):
    found = table(TABLE.replace("arc_easy", "größe").encode("cp1252"))
    assert set(found.scores["task"]) == {"größe"}
    assert "Windows-1252" in said(found)


def test_a_dialect_is_told_by_the_first_bytes():
    assert dialect(b"") == dialect(b"hello") == Dialect()
    assert dialect("a;b\nä;1".encode()[:5]) == Dialect(delimiter=";")  # cut within a character
    assert dialect(b'model,output\na,"x;y;z"\nb,";"\n') == Dialect()
    # The answers of records say nothing of the numbers.
    assert dialect(b"item;output;score\n1;0,5;0.5\n").decimal == "."
    assert dialect(b"a;b\n1,300;x\n").decimal == "."


def test_records_are_read_however_they_were_written(table):
    text = "model;task;item;target;output;metric;score\npythia-70m;t;1;a;ä, b;f1;0,5\npythia-70m;t;2;b;b;f1;1\n"
    for content in (
        text.encode(),
        text.encode("utf-16"),
        text.encode("cp1252"),
        b"sep=;\n" + text.encode(),
    ):
        found = table(content)
        assert found.records["output"].tolist() == ["ä, b", "b"]
        assert found.records["score"].tolist() == [0.5, 1.0]
        assert "semicolons" in said(found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER.replace("n", "score", 1) + "\n", r"'score' stands twice|header and no rows"),
        (TABLE.replace("score,n", "score,score"), "'score' stands twice"),
        (TABLE.replace("score,n", "score, score "), "'score' stands twice"),
        (TABLE.replace("score,n", "score,score.1"), "'score' stands twice"),
        (TABLE.replace("score,n", "score,").replace(",500", ",0.3"), "a name for each column of numbers, and that after 'score' has none"),
        (TABLE.replace("0.", "0,"), "decimal comma"),
        ("dataset,metric,ape,bee\nt,acc,0.5,0.6\n", "one column a model"),
        (",score,score\nmodel,acc,f1\na,1,2\n", "'score' stands twice"),
        (TABLE.replace("\n", ",1,2\n", 9).replace("n,1,2", "n", 1) + ",1,2", "more cells than the header has names"),
        ("model,metric,score,n\na,acc,1,2\n", "a column 'task'"),
        ('model,task\n"a', "not a CSV table"),
        ("just a line of text", "a header and no rows"),
        ("just\nlines\nof text", "a column 'task'"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(table, text, message):
    with pytest.raises(EvalFileError, match=message):
        table(text)


@pytest.mark.parametrize(
    ("above", "lines"),
    [
        ("# by me\n", 1), ("# by me, and you, of May, 2024, in Rome, on a, b, c\n#\n", 2), ("\n \n", 2), ("Results, of May\n", 1),
        ('"Results of May, by me",,,,,\n,,,,,\n', 2), ("Results of May\n\n# exported\n\n", 4),
    ],
)  # fmt: skip
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_lines_above_the_header_are_passed_over(table, above, lines, delimiter):
    found = table((above + TABLE).replace(",", delimiter))
    assert found.scores["score"].tolist() == list(SCORES)
    assert f"{lines} line{'s' * (lines > 1)} above the header passed over" in said(found)
    odd = table((above + TABLE + "\nowl-9b,,arc_easy,accuracy,x,1").replace(",", delimiter))
    assert f"line {lines + 6} ('x')" in said(odd)
    rows = "item,target,output\n1,a,b\n2,c,c\n"
    assert table((above + rows).replace(",", delimiter)).records["output"].tolist() == ["b", "c"]


def test_a_header_that_is_not_found_is_no_matter_of_separators(table):
    with pytest.raises(EvalFileError) as caught:
        table("Results of the owls by me\n" * 30 + TABLE)
    assert "separated" not in str(caught.value)


def test_a_row_with_too_many_cells_is_left_out_with_a_note(table):
    found = table(TABLE.replace(",500\n", ",500,7\n", 1))
    assert len(found.scores) == 3
    assert "1 row left out, rows have more cells than the header has names (6)" in said(found)
    assert said(found).endswith(": line 2")


# -- names of columns ----------------------------------------------------------------------------------


def test_other_names_of_columns_are_read_with_a_note(table):
    text = TABLE.replace(HEADER, "Model,num_params,dataset,Metric,value,N")
    text = with_column("num_fewshot", [5] * 4, text)
    found = table(text)
    assert found.scores["task"].tolist() == ["arc_easy"] * 4
    assert found.scores["score"].tolist() == list(SCORES)
    assert found.scores["n"].tolist() == [500] * 4
    assert found.scores["shots"].tolist() == [5] * 4
    assert "'dataset' as task" in said(found)
    assert "'value' as score" in said(found)
    other = table(with_column("benchmark", "abcd"), columns={"task": "group", "benchmark": "task"})
    assert other.scores["task"].tolist() == list("abcd")
    assert other.notes == ()


def test_what_the_user_calls_a_column_beats_what_another_is_called(table):
    text = with_column("fullname", [f"acme/owl-{name}" for name in SIZES])
    for name in ("model", "Model", "model_name"):
        found = table(text.replace("model", name, 1), columns={"fullname": "model"})
        assert found.scores["model"].tolist() == [f"acme/owl-{name}" for name in SIZES]
        assert f"columns not used: '{name}'" in said(found)


def test_an_accuracy_is_not_taken_for_the_score(table):
    with pytest.raises(
        EvalFileError, match=r"a column 'score', or another given as it \(--column NAME=score\)"
    ):
        table(TABLE.replace("score", "accuracy"))


def test_two_columns_that_may_be_the_same_are_asked_about(table):
    found = table(
        with_column(
            "num_items", [9] * 4, with_column("n_items", [8] * 4, TABLE.replace(",n", ",N1"))
        )
    )
    assert found.scores["n"].isna().all()
    assert "--column n_items=n" in said(found)


@pytest.mark.parametrize("indices", [1, 2])
def test_an_index_that_pandas_wrote_is_no_column(table, tmp_path, indices):
    frame = pd.read_csv(io.StringIO(TABLE))
    for _ in range(indices):
        text = frame.to_csv()
        frame = pd.read_csv(io.StringIO(text))
    found = table(text)
    assert found.scores["score"].tolist() == list(SCORES)
    assert found.notes == ()
    frame.to_parquet(tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet").scores["score"].tolist() == list(SCORES)


def test_an_index_of_models_is_the_model(table):
    found = table(TABLE.replace(HEADER, HEADER.removeprefix("model")))
    assert found.scores["model"].tolist() == [f"pythia-{name}" for name in SIZES]
    assert "the column of no name is read as model" in said(found)


# -- runs and conditions ---------------------------------------------------------------------------------


SEEDED = "\n".join(
    ["model,task,metric,score,seed"]
    + [f"pythia-{name},t,acc,0.{i}{seed},{seed}" for i, name in enumerate(SIZES) for seed in (0, 1)]
)


def test_seeds_are_runs(table):
    found = table(SEEDED)
    assert found.scores["run"].tolist() == ["seed 0", "seed 1"] * 4
    assert "'seed'" in said(found)
    found = table(SEEDED.replace("seed", "Random Seed"))
    assert set(found.scores["run"]) == {"Random Seed 0", "Random Seed 1"}
    found = table(SEEDED.replace("seed", "run"))
    assert set(found.scores["run"]) == {"0", "1"}
    found = table(SEEDED.replace("seed", "dice"), replicate_by=["dice"])
    assert set(found.scores["run"]) == {"dice 0", "dice 1"}
    records = table("model,task,item,metric,score,seed\na,t,1,acc,1,0\na,t,1,acc,0,1\n")
    assert records.records["run"].tolist() == ["seed 0", "seed 1"]


def test_rows_that_are_repeated_are_refused_with_what_helps(table):
    with pytest.raises(
        EvalFileError,
        match=r"line 3 = .*line 2 has one.*--replicate-by dice\).*--column dice=setting",
    ):
        table(SEEDED.replace("seed", "dice"))
    with pytest.raises(
        EvalFileError,
        match=r"line 6 = .*line 2 has one.*a column 'seed' would.*--replicate-by COLUMN",
    ):
        table(TABLE + "\n" + TABLE.split("\n")[1].replace("0.251", "0.252"))


def test_a_row_that_is_repeated_cell_by_cell_counts_once(table):
    found = table(TABLE + 2 * ("\n" + TABLE.split("\n")[1]))
    assert found.scores["score"].tolist() == list(SCORES)
    assert "count once: line 6, line 7" in said(found)


def test_rows_that_nothing_tells_apart_are_runs_if_the_user_says_so(table):
    twice = TABLE + "\n" + TABLE.split("\n")[1].replace("0.251", "0.252")
    with pytest.raises(EvalFileError, match="--replicate-by row takes each for one"):
        table(twice)
    found = table(twice, replicate_by=["row"])
    assert found.scores["run"].tolist() == ["row 1"] * 4 + ["row 2"]


def test_conditions_are_part_of_the_setting(table):
    found = table(
        SEEDED.replace(",seed", ",filter")
        .replace(",0\n", ",strict\n")
        .replace(",1\n", ",flexible\n")
    )
    assert set(found.scores["setting"]) >= {"filter strict", "filter flexible"}
    assert "part of the setting: 'filter'" in said(found)


SUMMARY = """dataset,version,metric,mode,pythia-70m-hf,pythia-160m-hf,mine
ARC-e,2ef631,accuracy,ppl,25.10,26.30,30
gsm8k,1d7fe4,accuracy,gen,7.53,-,9
"""


def test_one_column_a_model_is_read(table):
    found = table(SUMMARY)
    rows = found.scores.set_index(["task", "model"])["score"].to_dict()
    assert rows == {
        ("ARC-e", "pythia-70m-hf"): 25.1, ("ARC-e", "pythia-160m-hf"): 26.3, ("ARC-e", "mine"): 30,
        ("gsm8k", "pythia-70m-hf"): 7.53, ("gsm8k", "mine"): 9,
    }  # fmt: skip
    assert set(found.scores["setting"]) == {"version 2ef631, mode ppl", "version 1d7fe4, mode gen"}
    assert "one column a model: 3 columns" in said(found)
    assert "line 3, column 'pythia-160m-hf' ('-')" in said(found)
    found = table("task,metric,owl-7b,owl-70b,average\nt,acc,0.5,0.6,0.55\n")
    assert found.scores["model"].tolist() == ["owl-7b", "owl-70b"]
    assert "passed over: 'average'" in said(found)
    with pytest.raises(EvalFileError, match="look like models: write one row a score"):
        table("area,metric,owl-7b,owl-70b,model\nt,acc,0.5,0.6,x\n")


# -- what outsiders kept -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "errors", "expected"),
    [
        (("0.2", "0.4"), ("0.01", "0.02"), (0.01, 0.02)),
        (("0.2", "0.4"), ("N/A", ""), (np.nan, np.nan)),
        (("20%", "40%"), ("1.5%", "± 1.5"), (0.015, 0.015)),
        (("20%", "40%"), ("small", "-1"), (np.nan, np.nan)),
    ],
)
def test_standard_errors_are_numbers_in_the_unit_of_their_scores(table, scores, errors, expected):
    cells = zip((1, 2), scores, errors, strict=True)
    lines = [f"owl-{i}b,{i}e9,t,acc,{score},{error}" for i, score, error in cells]
    found = table("\n".join(["model,params,task,metric,score,stderr", *lines]))
    assert np.allclose(found.scores["stderr"], expected, equal_nan=True)


@pytest.mark.parametrize("n", ["unknown", "n/a", "", "2.5", "0", "-3", "inf"])
def test_a_score_without_its_n_is_a_score(table, n):
    found = table(TABLE.replace(",500\n", f",{n}\n", 1))
    assert found.scores["score"].tolist() == list(SCORES)
    assert np.isnan(found.scores["n"].iloc[0])
    assert n in ("", "n/a") or "counts as unknown: line 2" in said(found)


def test_sizes_of_one_column_have_one_unit(table):
    text = TABLE
    for known, written in zip(SIZES.values(), ("70", "160", "1000", "6900"), strict=True):
        text = text.replace(str(known), written)
    for name in SIZES:
        text = text.replace(f"pythia-{name}", f"owl-{name}x")
    with pytest.raises(EvalFileError, match=r"line 2 = '70'.*in millions\?"):
        table(text)
    # A thousand parameters are possible, and said.
    found = table(text.replace(",70,", ",2000,").replace(",160,", ",1500,"))
    assert "in millions?" in said(found)
    assert len(found.scores) == 4


def test_the_average_over_data_sets_is_no_task(table):
    found = table(
        "dataset,version,metric,mode,pythia-70m,pythia-160m\narc,1,accuracy,ppl,25.1,26.1\nmean,-,-,-,25,26\n"
    )
    assert set(found.scores["task"]) == {"arc"}
    assert "metric is not a name" in said(found)


def test_the_sheet_with_the_table_is_read(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    for row in (["Author", "Eve"], ["Date", "May"]):
        book.active.append(row)
    sheet = book.create_sheet("Scores")
    for line in TABLE.split("\n"):
        sheet.append(line.split(","))
    book.save(tmp_path / "r.xlsx")
    found = read(tmp_path / "r.xlsx")
    assert found.scores["score"].tolist() == list(SCORES)
    assert "only the sheet 'Scores' is read, not 'Read me'" in said(found)


@pytest.mark.parametrize(
    "words", [("WAHR", "FALSCH"), ("yes", "no"), ("correct", "incorrect"), ("VRAI", "FAUX")]
)
def test_scores_of_items_may_be_words(table, words):
    rows = [f"m,1e9,t,{i},accuracy,{words[i % 2]}" for i in range(4)]
    found = table("\n".join(["model,params,task,item,metric,score", *rows]))
    assert found.records["score"].tolist() == [1, 0, 1, 0]


def test_cells_that_leave_no_doubt_about_their_decimal_mark_are_read(table):
    found = table(GERMAN.replace("0,312", "0.312"))
    assert found.scores["score"].tolist() == list(SCORES)
    assert size("160 Mio.", ","), size("2,8 Mrd.", ",") == ((160e6, True), (2.8e9, True))


def test_the_table_that_the_harness_prints_is_read(table):
    text = """|  Tasks  |Version|Filter|n-shot|Metric  |   |Value |   |Stderr|
|---------|------:|------|-----:|--------|---|-----:|---|-----:|
|arc_easy |      1|none  |     0|acc     |↑  |0.2510|±  |0.0097|
|         |       |none  |     0|acc_norm|↑  |0.3010|±  |0.0095|
"""
    found = table(text, "table.md", model="EleutherAI/pythia-70m")
    assert found.scores["task"].tolist() == ["arc_easy", "arc_easy"]
    assert found.scores["score"].tolist() == [0.251, 0.301]
    assert "of that above them" in said(found)


def test_a_table_in_json_column_by_column_is_read(table):
    frame = pd.read_csv(io.StringIO(TABLE))
    assert table(frame.to_json(), "r.json").scores["score"].tolist() == list(SCORES)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("<html><table><tr><td>model</td></tr></table></html>", "page of HTML.*save it as CSV"),
        ("model params task metric score\nowl 1e9 t acc 0.5\n", "separated by commas"),
        (b"\x93NUMPY\x01\x00" + bytes(80), "save it as CSV"),
    ],
)
def test_what_is_no_table_says_what_to_do(table, content, says):
    with pytest.raises(EvalFileError, match=says):
        table(content)


def test_scores_in_per_cent_by_the_name_of_their_column(table):
    rows = TABLE.replace("score", "Score (%)")
    for score in SCORES:
        rows = rows.replace(str(score), f"{100 * score:.3g}")
    assert table(rows).scores["score"].tolist() == pytest.approx(SCORES)
