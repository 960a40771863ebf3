"""Numbers in tables as people keep them: what is certain is read, with a note; what is not is said."""

from __future__ import annotations

import contextlib
import csv
import io
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sheets import HEADER, SCORES, SIZES, TABLE, said, with_column, written
from written import table_reader

from mirage_utils.cli.main import main
from mirage_utils.records import EvalFileError, gather, read
from mirage_utils.records.formats.quantities import decimal_of, number, size, size_in
from mirage_utils.records.schema import direction_of, is_share


@pytest.fixture
def table(tmp_path):
    return table_reader(tmp_path)


@pytest.mark.parametrize(
    "name",
    ["num_samples", "n_samples", "samples", "#Samples", "nsamples", "count", "items", "total", "questions",
     "n_eval", "test set size", "support"],
)  # fmt: skip
def test_numbers_of_items_are_known_by_other_names(table, name):
    text = TABLE.replace(",n\n", f",{name}\n", 1)
    found = table(text)
    assert found.scores["n"].tolist() == [500] * 4
    assert f"'{name}' as n" in said(found)
    for other in ("0.5", "0", "x"):
        found = table(text.replace(",500\n", f",{other}\n", 1))
        assert found.scores["n"].isna().all()
        assert f"columns not used: '{name}'" in said(found)
    for i in range(4):  # a total of each model may be one of points
        text = text.replace(",500", f",{i + 1}0", 1)
    assert (f"'{name}' as n" in said(table(text))) == (name not in ("total", "count"))


def test_samples_of_each_item_are_no_items(table):
    found = table(TABLE.replace("accuracy", "pass@1").replace(",n\n", ",n_samples\n"))
    assert found.scores["n"].isna().all()
    assert "columns not used: 'n_samples'" in said(found)


def test_columns_that_nothing_is_made_of_are_named_once(table):
    assert "columns not used: 'colour'" in said(table(with_column("colour", "rgbw")))
    many = TABLE
    for i in range(12):
        many = with_column(f"extra{i}", "rgbw", many)
    (note,) = [n for n in table(many).notes if "not used" in n]
    assert "'extra7' and 4 more" in note
    rows = "item,target,output,colour\n" + "".join(f"{i},a,a,red\n" for i in range(5))
    assert said(table(rows)).count("columns not used: 'colour'") == 1


# -- verdicts of items -----------------------------------------------------------------------------------

JUDGED = """model,params,task,item,prediction,reference,correct
owl-1b,1e9,t,1,The answer is 7,7,TRUE
owl-1b,1e9,t,2,3,8,FALSE
owl-2b,2e9,t,1,It is 7.,7,TRUE
owl-2b,2e9,t,2,eight,8,TRUE
"""


@pytest.mark.parametrize("name", ["correct", "is_correct", "acc", "Accuracy", "f1"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_what_a_file_says_of_its_items_is_a_score_of_its_own(table, tmp_path, name, form):
    text = JUDGED.replace("correct", name)
    if form == "jsonl":
        text = pd.read_csv(io.StringIO(text)).to_json(orient="records", lines=True)
    found = table(text, f"r.{form}")
    metric = name.removeprefix("is_")
    assert found.records["score"].tolist() == [1, 0, 1, 1]
    assert set(found.records["metric"]) == {metric}
    assert f"read as the metric {metric}" in said(found)
    whole = gather(tmp_path / f"r.{form}")
    own = whole.scores[whole.scores["graded"] == "file"]
    assert own["score"].tolist() == [0.5, 1.0]
    assert len(own) == len(whole.scores)
    assert "not graded anew (0 of 3 agree)" in " ".join(whole.notes)


def test_several_scores_of_an_item_are_several_metrics(table):
    rows = [f"owl-1b,t,{i},a,{'ab'[i % 2]},{1 - i % 2},0.{i}" for i in range(4)]
    found = table("\n".join(["model,task,item,target,output,em,f1", *rows]))
    scores = found.records.groupby("metric", observed=True)["score"].apply(list).to_dict()
    assert scores == {"em": [1, 0, 1, 0], "f1": [0, 0.1, 0.2, 0.3]}
    # Marks out of ten are no verdicts.
    found = table(
        "\n".join(["model,task,item,target,output,acc,f1", *(r.replace("0.", "9.") for r in rows)])
    )
    assert set(found.records["metric"]) == {"acc"}
    assert "columns not used: 'f1'" in said(found)


# -- numbers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("70M", 7e7), ("6.9B", 6.9e9), ("7b", 7e9), ("1,300,000", 1.3e6), ("70 million", 7e7), ("1.3e9", 1.3e9),
        ("1.3 bn", 1.3e9), ("7B params", 7e9), ("70 426 624", 70426624), ("2 billions", 2e9), ("1T", 1e12),
        ("8x7B", None), ("~7B", None), ("B", None), ("7G", None), ("1,30,000", None), ("", None), ("1e999", None),
    ],
)  # fmt: skip
def test_sizes_as_people_write_them(text, value):
    assert (size(text) or (None,))[0] == value


def test_numbers_and_their_decimal_marks():
    assert number("0,25", ",") == 0.25
    assert number("1.300.000,5", ",") == 1300000.5
    assert number("−1.5") == -1.5
    assert [number(t) for t in ("1_000", "0,251", "0x1", "nan", "inf", "1e999", "١")] == [None] * 7
    assert decimal_of(["0,25", "1,300", "n/a"]) == ","
    assert [decimal_of(c) for c in (["1,300"], ["0,2", "0.3"], ["0,2", "x"], [])] == [""] * 4
    assert (size_in("owl-1_5b"), size_in("owl-8x7b"), size_in("a-1b-distilled-from-7b")) == (
        1.5e9,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("sizes", "unit"),
    [
        (["70M", "160 million", "410m", "1.01B"], ""),
        (["0.0704", "0.162", "0.405", "1.01"], "billions"),
        (["70.4", "162", "405", "1010"], "millions"),
    ],
)
def test_sizes_in_units_are_read_where_the_names_agree(table, sizes, unit):
    text = TABLE
    for params, given_ in zip(SIZES.values(), sizes, strict=True):
        text = text.replace(str(params), given_)
    found = table(text.replace("pythia", "owl"))
    assert found.scores["params"].to_numpy() == pytest.approx([7e7, 1.6e8, 4.1e8, 1e9], rel=0.02)
    assert f"sizes are in {unit}" in said(found) if unit else not found.notes


def test_a_unit_in_the_name_of_the_column_counts(table):
    for name in ("params (B)", "#Params (B)", "Size [B]", "params_in_billions", "params_b"):
        found = table(f"model,{name},task,metric,score\nlynx,6.9,t,acc,0.5\nlynx,0.5B,t2,acc,0.6\n")
        assert found.scores["params"].tolist() == [6.9e9, 5e8], name


@pytest.mark.parametrize("names", [("lynx", "hare"), ("owl-70m", "owl-7b"), ("", "")])
def test_sizes_below_a_thousand_are_asked_about(table, names):
    rows = "".join(
        f"{name},{params},t,acc,0.5\n" for name, params in zip(names, (0.7, 6.9), strict=True)
    )
    with pytest.raises(EvalFileError, match=r"params, line 2 = '0.7': .*in billions\?"):
        table("model,params,task,metric,score\n" + rows)


def test_sizes_that_are_none_are_those_of_the_name(table):
    found = table(
        TABLE.replace("70426624", "0").replace("162322944", "-1").replace("405334016", "n/a")
    )
    assert found.scores["params"].tolist() == list(SIZES.values())
    assert "no size given" in said(found)
    assert "line 2 ('0'), line 3 ('-1')" in said(found)


def test_per_cent_is_certain_where_a_cell_says_so(table):
    found = table(
        TABLE.replace("0.251", "25.1%").replace("0.263", "26.3 %").replace("0.312", "31.2")
    )
    assert found.scores["score"].to_numpy() == pytest.approx([0.251, 0.263, 31.2, 0.402])
    assert found.scores["per_cent_known"].tolist() == [True, True, False, False]
    assert "per_cent_known" not in table(TABLE).scores


@pytest.mark.parametrize("mark", ["N/A", "nan", "NaN", "-", "n/a", "null", "", "#N/A", "—", "None"])
def test_missing_scores_are_left_out_with_a_note(table, mark):
    found = table(TABLE.replace("0.263", mark))
    assert found.scores["score"].tolist() == [0.251, 0.312, 0.402]
    assert f"1 row left out, no score: line 3 ({mark!r})" in said(found)


def test_a_table_without_a_score_is_refused(table):
    for mark in ("N/A", "x"):
        text = TABLE
        for score in SCORES:
            text = text.replace(str(score), mark)
        with pytest.raises(EvalFileError, match=f"score, line 2 = '{mark}'"):
            table(text)


def test_true_and_false_are_scores_of_a_share_only(table):
    found = table(TABLE.replace("0.251", "FALSE").replace("0.263", "true"))
    assert found.scores["score"].tolist() == [0, 1, 0.312, 0.402]
    found = table(TABLE.replace("0.251", "FALSE").replace("accuracy", "perplexity"))
    assert "line 2 ('FALSE')" in said(found)


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        (
            "0.251",
            "-1",
            "score is not a share of items, so >= 0; .*--missing NUMBER.*line 2 \\('-1'\\)",
        ),
        ("0.251", "inf", "score is not a finite number: line 2 \\('inf'\\)"),
        ("0.251", "about 0.3", "line 2 \\('about 0.3'\\)"),
        ("70426624", "large", "params is not .*line 2 \\('large'\\)"),
        ("70426624", "0.07", "in billions.*line 2"),
        ("arc_easy", "", "task is not a name: line 2"),
    ],
)
def test_one_bad_row_refuses_no_other(table, old, new, note):
    found = table(TABLE.replace(old, new, 1))
    assert found.scores["score"].tolist() == list(SCORES[1:])
    assert re.search(note, said(found)), said(found)


def test_at_most_five_lines_are_named(table):
    rows = "".join(f"owl-{i}b,t,acc,x\n" for i in range(1, 10))
    found = table("model,task,metric,score\nowl-99b,t,acc,1\n" + rows)
    assert "9 rows left out" in said(found)
    assert "line 7 ('x') and 4 more" in said(found)


def test_numbers_that_stand_for_missing_scores(table):
    found = table(TABLE.replace("0.263", "-100"), missing=[-100])
    assert len(found.scores) == 3
    assert "stands for a missing score: line 3" in said(found)


def test_a_direction_of_unknown_words_is_unknown(table):
    found = table(with_column("direction", ["higher", "sideways", "lower is better", ""]))
    assert found.scores["direction"].tolist() == ["higher", "", "lower", "higher"]
    assert "line 3 ('sideways')" in said(found)
    found = table(with_column("higher_is_better", ["True", "false", "true", ""]))
    assert found.scores["direction"].tolist() == ["higher", "lower", "higher", "higher"]


def test_shots_as_words(table):
    found = table(with_column("shots", ["5-shot", "zero-shot", "0", ""]))
    assert found.scores["shots"].tolist()[:3] == [5, 0, 0]
    assert np.isnan(found.scores["shots"].iloc[3])


# -- names of metrics ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "direction", "share"),
    [
        ("Accuracy", "higher", True), ("Exact Match", "higher", True), ("exact-match", "higher", True),
        ("EM", "higher", True), ("F1 score", "higher", False), ("acc,none", "higher", True),
        ("leaderboard/acc_norm", "higher", True), ("prompt_level_strict_acc", "higher", True),
        ("inst_level_loose_acc", "higher", False), ("Accuracy (%)", "higher", True), ("Perplexity", "lower", False),
        ("val loss", "lower", False), ("neg_loss", "", False), ("win rate", "", False), ("zorkiness", "", False),
        ("token accuracy", "higher", False), ("pass@10", "higher", False), ("HasAns_exact", "higher", False),
    ],
)  # fmt: skip
def test_metrics_are_known_in_any_spelling(table, name, direction, share):
    assert (direction_of(name), is_share(name)) == (direction, share)
    found = table(TABLE.replace("accuracy", f'"{name}"'))
    assert set(found.scores["metric"]) == {name}
    assert set(found.scores["direction"]) == {direction}


def test_an_arrow_in_a_metric_is_its_direction(table):
    found = table(TABLE.replace("accuracy", "zorkiness ↓", 2).replace("accuracy", "accuracy ↑"))
    assert found.scores["metric"].tolist() == ["zorkiness"] * 2 + ["accuracy"] * 2
    assert found.scores["direction"].tolist() == ["lower"] * 2 + ["higher"] * 2


@pytest.mark.parametrize(
    "name", ["k-shot", "num_fewshot", "K-Shots", "n_fewshot", "#shots", "few-shot"]
)
def test_shots_are_known_by_other_names(table, name):
    assert table(with_column(name, [5] * 4)).scores["shots"].tolist() == [5] * 4


# -- errors, statistics and dates ------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["_stderr", "_std", " (stderr)", "-SD"])
def test_errors_beside_scores_are_no_models_and_no_tasks(table, end):
    standard = "stderr" in end
    wide = table(f"task,metric,owl-1b,owl-1b{end},owl-2b,owl-2b{end}\nt,acc,0.1,0.01,0.2,0.02\n")
    assert wide.scores["model"].tolist() == ["owl-1b", "owl-2b"]
    assert f"errors of scores, and no scores: 'owl-1b{end}', 'owl-2b{end}'" in said(wide)
    tasks = table(
        f"model,quiz,quiz{end}\nowl-1b,0.1,0.01\nowl-2b,0.2,0.02\n", wide=["quiz"], metric="acc"
    )
    tidy = table(
        f"model,task,metric,score,score{end}\nowl-1b,t,acc,0.1,0.01\nowl-2b,t,acc,0.2,0.02\n"
    )
    for found in (wide, tasks, tidy):
        assert found.scores["score"].tolist() == [0.1, 0.2]
        assert ("stderr" in found.scores) == standard
        assert not standard or found.scores["stderr"].tolist() == [0.01, 0.02]


def test_spreads_below_their_means_are_no_scores(table):
    rows = [f"{row},mean\n{row.replace(',0.', ',0.0')},std" for row in TABLE.split("\n")[1:]]
    text = "\n".join([HEADER + ",stat", *rows])
    for options in ({}, {"replicate_by": ["stat"]}):
        found = table(text, **options)
        assert found.scores["score"].tolist() == list(SCORES)
        assert "only the rows whose 'stat' is a mean are scores; not read: std" in said(found)


def test_the_latest_is_told_by_a_column_of_dates(table, tmp_path):
    rows = [f"owl-{i}b,t,acc,0.{i}{month},2024-0{month}-01" for i in (1, 2) for month in (3, 1)]
    table("\n".join(["model,task,metric,score,date", *rows]), replicate_by=["date"])
    found = gather(tmp_path / "r.csv", replicate_by=["date"], keep="latest")
    assert sorted(found.scores["score"]) == [0.13, 0.23]
    assert not any("not used" in note for note in found.notes)


def test_a_column_of_times_that_are_no_dates_is_not_lost_without_a_word(table):
    assert "columns not used: 'time'" in said(table(with_column("time", [3, 4, 5, 6])))
    assert "columns not used: 'date'" in said(table(with_column("date", ["May"] * 4)))


def test_a_probability_is_no_verdict(table):
    found = table("model,task,item,target,output,probability\nowl-1b,t,1,a,a,0.9\n")
    assert set(found.records["metric"]) == {""}
    assert "columns not used: 'probability'" in said(found)


def test_sizes_are_said_as_tables_write_them(tmp_path, capsys):
    (tmp_path / "r.csv").write_text("model,task,metric,score\nowl,t,acc,0.5\n")
    assert main(["read", str(tmp_path), "--scores", "--csv", "--params", "owl=3.09B"]) == 0
    assert ",3090000000.0," in capsys.readouterr().out


# -- any table -------------------------------------------------------------------------------------------


NAMES = st.sampled_from(
    [*HEADER.split(","), "seed", "Score", "dataset", "value", "", "Unnamed: 0", "params (B)", "direction", "mode",
     "shots", "owl-7b", "pythia-70m", "setting", "epoch", "source"]
)  # fmt: skip

CELLS = st.one_of(
    st.sampled_from(
        ["0.5", "0,5", "25%", "-", "N/A", "7B", "70M", "1,300,000", "1e9", "-1", "0", "acc", "accuracy", "t", "owl-7b",
         "pythia-70m", "TRUE", "inf", "nan", "", " ", "higher", "5-shot", "1e400", "\ufeff", "\x00", "a\nb", '"']
    ),
    st.text(max_size=6),
    st.floats().map(str),
)  # fmt: skip

ANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


WAYS = {
    "delimiter": st.sampled_from(",;\t|"),
    "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
}


@ANY
@given(
    header=st.lists(st.one_of(NAMES, st.text(max_size=5)), min_size=1, max_size=8),
    rows=st.lists(st.lists(CELLS, max_size=8), max_size=6),
    ways=st.fixed_dictionaries(WAYS),
)
def test_any_table_is_read_or_refused(tmp_path, header, rows, ways):
    path = tmp_path / "t.csv"
    path.write_bytes(written([header, *rows], **ways))
    with contextlib.suppress(EvalFileError):
        found = read(path)
        assert np.isfinite(found.scores["score"].astype(float)).all()
        assert (found.scores["params"].dropna() >= 1000).all()


def left_out(notes):
    """How many rows were left out, as notes say."""
    counts = (re.match(r"([0-9,]+) rows? left out", note) for note in notes)
    return sum(int(found[1].replace(",", "")) for found in counts if found)


@ANY
@given(
    size=st.integers(2, 8),
    more=st.lists(
        st.sampled_from(["seed", "shots", "direction", "note", "split", ""]), unique=True
    ),
    odd=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 11), CELLS), max_size=6),
    ways=st.fixed_dictionaries(WAYS),
)
def test_every_row_of_a_table_with_odd_cells_is_read_or_named(tmp_path, size, more, odd, ways):
    header = [*HEADER.split(","), *more]
    rows = [
        [f"owl-{i}b", f"{i}e9", f"t{i}", "accuracy", f"0.{i}1", "10", *[""] * len(more)]
        for i in range(1, size + 1)
    ]
    for row, column, value in odd:
        if column < len(header):
            rows[row % size][column] = value
    path = tmp_path / "t.csv"
    path.write_bytes(written([header, *rows], **ways))
    with contextlib.suppress(EvalFileError):
        found = read(path)
        assert len(found.scores) + left_out(found.notes) == size, found.notes
        touched = {row % size for row, _, _ in odd}
        kept = dict(zip(found.scores["task"], found.scores["score"], strict=True))
        for i in set(range(size)) - touched:  # a row without an odd cell is read as it is
            assert kept[f"t{i + 1}"] == float(f"0.{i + 1}1")
        return
    assert odd
