"""Gathering by columns: the metrics of many texts at once, epochs, runs, and what guards grading anew."""

from __future__ import annotations

import gzip
import json

import fuzz
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirage_utils.metrics import METRICS, judging
from mirage_utils.metrics.columnar import (
    Texts,
    as_arrow,
    is_blank,
    metrics_of_texts,
    scores_of_texts,
)  # fmt: skip
from mirage_utils.records import EvalFileError, gathering, grade, one_file, stream
from mirage_utils.records.formats import plain_batches, plain_records
from mirage_utils.records.gathering import gather, tabulate
from mirage_utils.records.keys import hashes, numbered

ANY = st.characters(codec=None, exclude_categories=())  # lone surrogates too
FEW = st.sampled_from(list("ab \t\x1f\x85\u3000é😀\ud800\udc00\uffff\ufffe\x00\x7fÿþ"))
TEXTS = st.text(FEW, max_size=12) | st.text(ANY, max_size=40) | st.text("ab", max_size=90)


# -- metrics ---------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TEXTS.filter(str.strip), TEXTS), min_size=1, max_size=30))
def test_many_texts_at_once_have_the_scores_of_each(pairs):
    targets, outputs = map(list, zip(*pairs, strict=True))
    made = [Texts.of(as_arrow(side)).stripped() for side in (targets, outputs)]
    plain = [[text.strip() for text in side] for side in (targets, outputs)]
    for side, texts in zip(made, plain, strict=True):
        assert side.strings(np.arange(len(texts))) == texts
    assert is_blank(as_arrow(outputs)).tolist() == [not text for text in plain[1]]
    for metric, scores in scores_of_texts(*made).items():
        np.testing.assert_array_equal(scores, METRICS[metric].score(*plain), err_msg=metric)


def test_texts_of_any_length_and_slices_of_columns_are_graded():
    rng = np.random.default_rng(0)
    sizes = [1, 32, 33, 64, 65, 1000, 70_000]
    targets = ["".join(rng.choice(list("abcdé"), size)) for size in sizes]
    outputs = [text[: len(text) // 2] + "x" + text[len(text) // 2 :] for text in targets]
    outputs[5] = ""
    sides = [as_arrow(["skipped", *side, None]).slice(1, len(sizes)) for side in (targets, outputs)]
    for metric, scores in scores_of_texts(*map(Texts.of, sides)).items():
        np.testing.assert_array_equal(scores, METRICS[metric].score(targets, outputs))


def test_hashes_are_those_of_values_and_not_of_how_they_are_stored():
    items = ["", "a", "ab", "ba", "12345678", "123456789", "é" * 40, "x" * 500, "x" * 499, "a\x00"]
    names = ["item", "model", "params"]
    frame = pd.DataFrame({"item": items, "model": "m", "params": 1e6})
    first = hashes(frame, names)
    assert len(set(first)) == len(items)
    other = frame.assign(
        item=pd.array(items, dtype=pd.ArrowDtype(pa.large_string())), model=pd.Categorical(frame["model"])
    )  # fmt: skip
    np.testing.assert_array_equal(hashes(other, names), first)
    np.testing.assert_array_equal(hashes(other.iloc[5:], names), first[5:])
    assert not set(hashes(frame.assign(model="n"), names)) & set(first)
    many = pd.DataFrame({"item": np.arange(300_000).astype(str)})
    assert len(np.unique(hashes(many, ["item"]))) == len(many)


def test_rows_are_numbered_in_order_of_appearance():
    frame = pd.DataFrame(
        {"model": ["b", "a", None, "b"], "params": [np.nan, 1.0, 1.0, np.nan], "n": 1.0}
    )
    number, table = numbered(frame, ["model", "params", "n", "setting"])
    assert number.tolist() == [0, 1, 2, 0]
    assert table["model"].tolist() == ["b", "a", ""]
    assert table["setting"].tolist() == [""] * 3
    assert table["params"].tolist()[1:] == [1.0, 1.0]


# -- reading ---------------------------------------------------------------------------------------


@pytest.fixture
def write(tmp_path):
    def write(content, name="r.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


HEAD = "model,params,task,item,target,output\n"


def answers(path, batch=100):
    return [r for part in stream(path, batch=batch) for r in part.records["output"].tolist()]


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_text_stays_text(write, batch):
    said = [
        "007",
        "1e3",
        "None",
        "NA",
        "",
        "nan",
        "TRUE",
        " a ",
        "two\nlines",
        'a "word"',
        "a,b",
        "é\r\nf",
    ]
    cells = ['"' + text.replace('"', '""') + '"' for text in said]
    text = HEAD + "".join(f"m,1e6,t,{i},x,{cell}\n" for i, cell in enumerate(cells))
    assert answers(write(text), batch) == said
    assert answers(write(b"\xef\xbb\xbf" + text.encode(), "b.csv"), batch) == said
    assert answers(write(gzip.compress(text.encode()), "z.csv.gz"), batch) == said
    assert gather(write(text), batch=batch).records == len(said)


def test_truth_values_are_scores_and_other_words_are_not(write):
    rows = "model,params,task,item,metric,score\nm,1e6,t,a,acc,TRUE\nm,1e6,t,b,acc,false\nm,1e6,t,c,acc, 1\n"
    (row,) = gather(write(rows)).scores.to_dict("records")
    assert (row["n"], row["score"]) == (3, pytest.approx(2 / 3))
    (part,) = stream(write(rows.replace(" 1", "yes")))
    assert part.records["score"].tolist()[:2] == [1.0, 0.0]
    assert any(
        "score: no finite number" in note and "line 4 ('yes')" in note for note in part.notes
    )


def test_one_bad_cell_of_a_record_costs_no_other_record(write):
    rows = (
        "model,task,item,target,output,metric,score,shots,params,direction\n"
        "pythia-70m,s,1,a,a,em,N/A,0,x,higher\n"
        "pythia-70m,s,2,a,b,em,0,0,,up\n"
        "pythia-70m,s,3,a,b,em,0,1.5,,\n"
        "pythia-70m,s,4,a,a,,1,0,,\n"
        "pythia-70m,s,5,a,a,em,1,0,,\n"
    )
    (part,) = stream(write(rows))
    assert part.records["item"].tolist() == ["1", "2", "5"]
    assert part.records["metric"].astype(str).tolist() == ["", "em", "em"]
    assert set(part.records["params"]) == {70426624}
    for name, line in (("params", 2), ("score", 2), ("direction", 3), ("shots", 4), ("metric", 5)):
        assert any(n.startswith(f"{name}: ") and f"line {line} " in n for n in part.notes), name


def test_a_row_larger_than_what_is_read_at_once_is_read(write, monkeypatch):
    monkeypatch.setattr(plain_batches, "_BLOCK", 256)
    said = ["a", "b" * 100, "c" * 5000, "d", "e" * 300]
    path = write(HEAD + "".join(f"m,1e6,t,{i},x,{text}\n" for i, text in enumerate(said)))
    for batch in (1, 3, 100):
        assert answers(path, batch) == said
    monkeypatch.setattr(plain_batches, "_BATCH_BYTES", 4000)
    assert answers(path) == said
    monkeypatch.setattr(plain_batches.files, "MAX_LINE", 128)
    with pytest.raises(EvalFileError, match="line 4: a row of more than 128 bytes"):
        answers(path)


def test_a_row_of_too_few_or_too_many_cells_is_refused(write):
    for row in ("m,1e6,t,1,x", "m,1e6,t,1,x,y,z"):
        with pytest.raises(EvalFileError, match="Expected 6 columns, got"):
            answers(write(HEAD + "m,1e6,t,0,x,y\n" + row + "\n"))


def test_other_delimiters_and_decimal_marks(write):
    path = write("sep=;\nmodel;params;task;item;metric;score\nm;1e6;t;a;f1;0,25\n")
    (raw,) = plain_batches.csv_batches(path, 10, delimiter=";", skip=1)
    assert plain_records.tidy_records(raw, decimal=",")[0]["score"].tolist() == [0.25]


def test_progress_is_told_within_a_file(write, monkeypatch):
    monkeypatch.setattr(gathering, "_STEP", 10_000)
    monkeypatch.setattr(plain_batches, "_BLOCK", 1500)
    told = []

    def progress(steps, number):
        told.append(number)
        for step in steps:
            told[-1] -= 1
            seen.append(len(read))
            yield step

    real, read, seen = one_file.graded_sums, [], []
    monkeypatch.setattr(one_file, "graded_sums", lambda *a: read.append(1) or real(*a))
    text = HEAD + "".join(f"m,1e6,t,{i},x,y\n" for i in range(20_000))
    path = write(text)
    gather(path, batch=500, progress=progress)
    assert told == [0]
    assert seen == sorted(seen)
    assert len(set(seen)) > 5
    write("{", "bad.json")
    gather(path.parent, progress=progress)
    assert told == [0, 0]


# -- epochs and runs -------------------------------------------------------------------------------


def frame(**columns):
    size = max(len(v) for v in columns.values() if isinstance(v, list))
    start = {
        "model": "m",
        "params": 1e6,
        "family": "f",
        "task": "t",
        "item": [str(i) for i in range(size)],
    }
    return pd.DataFrame(start | columns)


def tidy(table):
    return plain_records.tidy_records(table.reset_index(drop=True))[0]


@pytest.mark.parametrize("order", [["item", "epoch"], ["epoch", "item"]])
def test_repeated_answers_are_averaged_within_their_item(tmp_path, order):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        [(f"i{i}", e, "ab", rng.choice(["ab", "ax", "xx"])) for i in range(20) for e in (1, 2, 3)],
        columns=["item", "epoch", "target", "output"],
    ).assign(model="m", params=1e6, task="t", metric="f1", score=rng.random(60))
    table = table.drop(index=[7, 8]).sort_values(order)  # not all items have all epochs
    path = tmp_path / "r.csv"
    table.to_csv(path, index=False)
    table["right"] = (table["target"] == table["output"]).astype(float)
    items = table.groupby("item")[["score", "right"]].mean()
    for batch in (7, 30, 100):
        found = gather(path, batch=batch)
        assert found.records == 58
        scores = found.scores.set_index("metric")
        for metric, column in (("f1", "score"), ("exact_match", "right")):
            assert scores.loc[metric, "n"] == 20
            assert scores.loc[metric, "score"] == pytest.approx(items[column].mean())
            assert scores.loc[metric, "deviation"] == pytest.approx(items[column].std())
        assert found.lengths["n"].tolist() == [20]
        assert found.lengths["right"].tolist() == [pytest.approx(items["right"].sum())]


def test_another_item_is_no_other_answer_to_the_same():
    """Two items, three answers each, all right: against the other item none is."""
    table = frame(
        item=["a"] * 3 + ["b"] * 3, epoch=[1, 2, 3] * 2, target=["xx"] * 3 + ["yy"] * 3,
        output=["xx"] * 3 + ["yy"] * 3,
    )  # fmt: skip
    found = tabulate(tidy(table)).scores.set_index("metric")
    assert found.loc["exact_match", "skill"] == 1.0
    assert found.loc["exact_match", "n"] == 2


def test_an_item_twice_in_an_epoch_is_refused_and_runs_stand_apart():
    table = frame(item=["a", "b"] * 2, target=["x"] * 4, output=["x", "y", "x", "x"])
    with pytest.raises(ValueError, match=r"item, line 4 = 'a': expected each item once"):
        tidy(table)
    found = tabulate(tidy(table.assign(run=["1", "1", "2", "2"]))).scores
    exact = found[found["metric"] == "exact_match"].set_index("run")
    assert exact["score"].to_dict() == {"1": 0.5, "2": 1.0}


# -- what is graded anew ---------------------------------------------------------------------------


def test_answers_are_not_graded_anew_where_the_file_calls_others_right():
    """The target is a worked solution, the output an answer that the file has taken out of it."""
    rows = [
        frame(
            model=f"m{size:.0e}", params=size, target=[f"so it is {i} #### {i}" for i in range(8)],
            output=[str(i) for i in range(8)], metric="exact_match", score=[1.0] * 6 + [0.0] * 2,
        )
        for size in (1e6, 2e6)
    ]  # fmt: skip
    good = frame(
        task="good", target=["a"] * 8, output=["a"] * 5 + ["b"] * 3, metric="acc", score=[1.0] * 8
    )
    found = tabulate(tidy(pd.concat([*rows, good])))
    assert set(found.scores[found.scores["task"] == "t"]["metric"]) == {"exact_match"}
    assert found.notes == (
        "t: what the file calls right is not its target's text: answers are not graded anew (0 of 12 agree)",
    )
    assert set(found.lengths["task"]) == {"good"}
    here = found.scores[found.scores["graded"] == "here"]
    assert set(here["metric"]) == set(metrics_of_texts())
    assert set(here["file_right"]) == {8}
    assert set(here["agree"]) == {5}


CHOICE = [[-0.1, -3.0, -2.0], [-2.0, -0.5, -4.0], [-1.0, -1.5, -0.2]]


def metrics_of(**columns):
    found = tabulate(frame(**columns).assign(logprobs=CHOICE))
    return set(found.scores["metric"]), found.notes


def test_log_probabilities_are_what_the_file_says_they_are():
    choices = set(judging("choices"))
    answer = {"answer_log_likelihood", "expected_exact_match"}
    index, text = ["0", "1", "0"], ["a", "b", "c"]
    best = ["0", "1", "2"]
    assert metrics_of(target=index, output=best)[0] == choices
    assert metrics_of(target=index, output=best, logprobs_of="choices") == (choices, ())
    assert metrics_of(target=text, output=text)[0] == answer | set(metrics_of_texts())
    assert metrics_of(target=index, output=best, logprobs_of="answer")[0] == answer | set(
        metrics_of_texts()
    )
    none, notes = metrics_of(target=text, output=best, logprobs_of="choices")
    assert none == set()
    assert any(
        note.startswith("memory: 3 items have log-probabilities of choices") for note in notes
    )


def test_choices_that_the_file_grades_by_something_else_are_not_graded_anew():
    table = frame(
        target=["1", "0", "1"], output=["0", "1", "2"], metric="acc", score=[1.0, 1.0, 1.0], logprobs_of="choices"
    ).assign(logprobs=CHOICE)  # fmt: skip
    found = tabulate(table)
    assert found.scores["metric"].tolist() == ["acc"]
    assert "likeliest choice" in found.notes[-1]


def test_choices_are_graded_as_one_by_one():
    rng = np.random.default_rng(0)
    logprobs = [np.log(rng.dirichlet(np.ones(k))).tolist() for k in (2, 3, 4, 3, 2, 5)]
    logprobs[3] = [-np.inf, -np.inf, -1.0]
    said = [None, "", None, None, None, str(np.argmax(logprobs[5]))]
    table = frame(target=["1", "2", "0", "2", "0", "4"], output=said).assign(logprobs=logprobs)
    found = tabulate(table).scores.set_index("metric")
    for metric in ("multiple_choice_grade", "brier", "top_2"):
        assert found.loc[metric, "score"] == pytest.approx(grade(table, metric)["score"].mean())


def test_lone_surrogates_are_graded_like_any_other_character(tmp_path):
    texts = {"target": ["\ud800a", "é"], "output": ["\ud800b", "é"]}
    table = frame(item=["0", "1"]).astype(object)
    table = table.assign(**{name: pd.Series(side, dtype=object) for name, side in texts.items()})
    found = tabulate(table).scores.set_index("metric")
    assert found.loc["exact_match", "score"] == 0.5
    assert found.loc["token_accuracy", "score"] == 0.75
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in table.to_dict("records")))
    found = gather(path).scores.set_index("metric")
    assert found.loc["token_accuracy", "score"] == 0.75


def test_damaged_files_of_every_format_are_read_or_refused_and_nothing_is_lost_in_silence():
    assert fuzz.run(120) == []
