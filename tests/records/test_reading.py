"""Files of evaluation results: every format, told by its content."""

from __future__ import annotations

import gzip
import io
import json

import pandas as pd
import pytest
from results import BIGBENCH, LOG, NEW, OLD, PACKINGS, SAMPLES, answer, archive, choice, sample
from written import writer

from mirage_utils import records as rec
from mirage_utils.records import EvalFileError, Reading, read, read_folder
from mirage_utils.records.gathering import gather


@pytest.fixture
def write(tmp_path):
    return writer(tmp_path, "file.json")


def test_old_harness_results(write):
    found = read(write(OLD))
    assert (found.format, found.version, found.rows) == (
        "lm-evaluation-harness results",
        "0.2-0.3",
        5,
    )
    assert tuple(found.scores.columns[:13]) == rec.SCORES
    scores = found.scores.set_index(["task", "metric"])
    assert scores.loc[("lambada_openai", "acc"), "score"] == 0.375
    assert scores.loc[("lambada_openai", "ppl"), "direction"] == "lower"
    assert set(scores["model"]) == {"facebook/opt-125m"}
    assert set(scores["family"]) == {"OPT"}
    assert set(scores["params"]) == {125e6}
    assert set(scores["shots"]) == {5}
    assert scores["n"].isna().all()


def test_new_harness_results(write):
    found = read(write(NEW))
    assert found.version == "0.4.9.2"
    scores = found.scores.set_index(["task", "metric", "setting"])
    assert len(scores) == 5  # no stderr, no alias, no sample_len, no blank
    assert scores.loc[("gsm8k", "exact_match", "strict-match"), "score"] == 0.1
    assert scores.loc[("gsm8k", "exact_match", "flexible-extract"), "n"] == 20
    assert scores.loc[("mmlu_law", "acc", ""), "n"] == 100  # effective, not original
    assert scores.loc[("mmlu_law", "brier_score", ""), "direction"] == "lower"
    assert scores["is_group"].tolist() == [True, False, False, False, False]
    assert set(scores["params"]) == {1414647808}
    assert any(note.startswith("averages over groups of tasks") for note in found.notes)


def test_leaderboards_keep_the_model_elsewhere(write):
    document = {
        "config_general": {"model_name": "EleutherAI/pythia-70m"},
        "results": {"harness|arc:challenge|25": {"acc": 0.2, "acc_stderr": 0.01, "acc_norm": 0.22}},
        "versions": {"harness|arc:challenge|25": 0},
    }
    found = read(write(document))
    assert found.scores["score"].tolist() == [0.2, 0.22]
    assert set(found.scores["family"]) == {"Pythia"}


@pytest.mark.parametrize(
    ("keys", "version"),
    [
        ({"n-samples", "higher_is_better", "lm_eval_version"}, "0.4.0-0.4.2"),
        ({"lm_eval_version"}, "0.4.3"),
        ({"n-shot", "n-samples", "lm_eval_version"}, "0.2-0.3"),
    ],
)
def test_the_generation_is_told_by_the_keys(write, keys, version):
    assert read(write({k: v for k, v in NEW.items() if k not in keys})).version == version


def test_a_newer_key_tells_a_newer_generation(write):
    document = {k: v for k, v in NEW.items() if k != "lm_eval_version"}
    assert read(write({**document, "tokenizer_pad_token": ["<pad>", "0"]})).version == "0.4.3-0.4.8"


def test_choice_samples_of_all_generations(write):
    rows = [choice(0, [-2.5, -0.5], 1.0), choice(1, [-0.1, -3.0], 0)]
    newer = [
        {**row, "filter": "none", "metrics": ["acc"], "filtered_resps": [[str(a), "False"] for a, _ in row["filtered_resps"]]}
        for row in rows
    ]  # fmt: skip
    as_array = json.dumps(rows, indent=1)
    for content in (rows, newer, as_array, as_array.encode(), gzip.compress(as_array.encode())):
        found = read(write(content, "samples_toy_2026-01-01T00-00-00.0.jsonl"))
        records = found.records
        assert tuple(records.columns) == rec.RECORDS
        assert records["output"].tolist() == ["1", "0"]
        assert [list(x) for x in records["logprobs"]] == [[-2.5, -0.5], [-0.1, -3.0]]
        assert records["score"].tolist() == [1.0, 0.0]
        assert records["task"].tolist() == ["toy", "toy"]
        assert found.scores[["metric", "score", "n"]].to_numpy().tolist() == [["acc", 0.5, 2.0]]


def test_answers_and_their_filters(write):
    rows = [answer(0, "7", exact_match=1.0), answer(1, "8"), answer(0, "7", filter="strict")]
    found = read(write(rows))
    assert found.records["output"].tolist() == ["7", "8", "7"]
    assert found.records["setting"].tolist() == ["", "", "strict"]
    assert found.scores.set_index("setting")["score"].to_dict() == {"": 0.5, "strict": 0.0}


def test_samples_take_model_and_size_from_the_results_beside_them(write):
    write(NEW, "run/results_2026-01-01T00-00-00.5.json")
    path = write([answer(0, "7"), answer(1, "7")], "run/samples_gsm8k_2026-01-01T00-00-00.5.jsonl")
    found = read(path)
    assert set(found.records["model"]) == {"EleutherAI/pythia-1.4b-deduped"}
    assert set(found.records["params"]) == {1414647808}
    assert set(found.records["family"]) == {"Pythia deduped"}
    # Who names theirs keeps it, whatever the user says of others.
    said = read(path, model="mine", params={"mine": 5, "EleutherAI/pythia-1.4b-deduped": 6})
    assert set(said.records["model"]) == {"EleutherAI/pythia-1.4b-deduped"}
    assert said.records["params"].tolist() == [6, 6]
    (path.parent / "results_2026-01-01T00-00-00.5.json").unlink()
    assert read(path, model="mine", params={"mine": 5}).records["params"].tolist() == [5, 5]


def test_the_promptsource_fork_kept_answers_and_no_scores(write):
    row = {
        "pred": "Paris", "target": ["Lyon"], "doc_id": 3, "fewshot_num": 0, "dataset_path": "piaf",
        "prompt_name": "above", "ctx": "...",
    }  # fmt: skip
    found = read(
        write([row, {**row, "prompt_name": "below"}], "examples_gpt2_piaf_0_1234_2022.jsonl")
    )
    assert (found.rows, len(found.scores)) == (2, 0)
    assert found.records["output"].tolist() == ["Paris", "Paris"]
    assert found.records["target"].tolist() == ["Lyon", "Lyon"]
    assert set(found.records["model"]) == {"gpt2"}
    assert any("answers without scores" in note for note in found.notes)


@pytest.mark.parametrize("packing", [None, *PACKINGS])
def test_inspect_logs(write, packing):
    if packing is None:
        path = write({**LOG, "samples": SAMPLES})
    else:
        members = {f"samples/{s['id']}_epoch_{s['epoch']}.json": s for s in SAMPLES}
        members = {"_journal/start.json": LOG, **members, "header.json": LOG}
        path = write(archive(members, packing), "x.eval")
    found = read(path)
    assert (found.format, found.version) == ("Inspect log", "0.3.58 (log 2)")
    (row,) = found.scores.to_dict("records")
    assert (row["metric"], row["score"], row["n"], row["setting"]) == (
        "accuracy",
        0.75,
        2,
        "match",
    )
    assert found.records["score"].tolist() == [1, 0, 1, 1]
    assert found.records["output"].tolist() == ["Yes"] * 4
    assert found.unknown_models == ("openai/gpt-4o-mini",)


def test_an_inspect_run_that_did_not_finish(write):
    found = read(
        write(archive({"_journal/start.json": LOG, "samples/1_epoch_1.json": SAMPLES[0]}), "x.eval")
    )
    assert len(found.records) == 1
    assert any("'started': the run did not end" in n for n in found.notes)
    cancelled = read(write({**LOG, "status": "cancelled", "results": None}))
    assert any("'cancelled'" in n for n in cancelled.notes)
    assert any("neither scores nor samples" in n for n in cancelled.notes)


def test_ungraded_and_oddly_graded_inspect_samples_are_kept_or_counted(write):
    rows = [
        sample(1, 1, "C"),
        {**sample(2, 1, "C"), "scores": {}},
        sample(3, 1, {"a": 1, "b": "?"}),
    ]
    rows.append(
        {
            **sample(4, 1, "I"),
            "scores": {"graded": {"value": "I"}},
            "output": {"choices": [{"message": {"content": [{"type": "text", "text": "No"}]}}]},
        }
    )
    found = read(write({**LOG, "samples": rows}))
    assert found.records.groupby("metric", observed=True).size().to_dict() == {
        "accuracy": 2,
        "a": 1,
        "": 1,
    }
    assert "match: 1 grades of no known kind, left out" in found.notes
    assert "No" in found.records["output"].tolist()


def test_bigbench_scores(write):
    found = read(write(BIGBENCH))
    assert (found.format, found.version) == ("BIG-bench scores", "0.0.1")
    scores = found.scores.set_index("metric")
    assert scores.loc["exact_str_match", "preferred"]
    assert scores.loc["exact_str_match", "high"] == 1
    assert scores.loc["bleu", "params"] == 128e9
    assert set(scores["task"]) == {"modified_arithmetic"}
    assert set(scores["family"]) == {"BIG-G T=0"}
    assert any("alignment_score is nan" in n for n in found.notes)
    unnamed = {k: v for k, v in BIGBENCH.items() if k != "task"}
    path = write(unnamed, "cause_and_effect/results/scores_BIG-G_T=0_128b.json")
    assert set(read(path).scores["task"]) == {"cause_and_effect"}


def plain_forms():
    rows = [
        {"model": "gpt2", "task": "t", "metric": "accuracy", "score": 0.5, "n": 10, "shots": 2},
        {"model": "gpt2-xl", "task": "t", "metric": "accuracy", "score": 1, "n": 10, "shots": 2},
    ]
    frame = pd.DataFrame(rows)
    parquet = io.BytesIO()
    frame.to_parquet(parquet)
    text = frame.to_csv(index=False)
    yield "csv", text.encode()
    yield "csv with a mark", b"\xef\xbb\xbf" + text.encode()
    yield "csv.gz", gzip.compress(text.encode())
    yield "jsonl", "".join(json.dumps(r) + "\n" for r in rows).encode()
    yield "json array", json.dumps(rows).encode()
    yield "parquet", parquet.getvalue()


@pytest.mark.parametrize("content", [pytest.param(c, id=i) for i, c in plain_forms()])
def test_plain_tables_of_scores(write, content):
    found = read(write(content, "no-telling-name.txt"))
    assert found.scores["score"].tolist() == [0.5, 1]
    assert found.scores["params"].tolist() == [124e6, 1.5e9]
    assert set(found.scores["family"]) == {"GPT-2"}
    assert set(found.scores["direction"]) == {"higher"}
    assert found.scores["shots"].tolist() == [2, 2]


WIDE = """Model,Size,MMLU,GSM8K,note
a,1e8,0.25,,first
b,1e9,0.31,0.02,
c,1e10,0.52,-1,last
"""

AS_WIDE = {
    "columns": {"Model": "model", "Size": "params"}, "wide": ["MMLU", "GSM8K"], "metric": "accuracy",
}  # fmt: skip


def test_a_sheet_with_one_column_a_task(write):
    found = read(write(WIDE.replace("-1", "0.4"), "sheet.csv"), **AS_WIDE)
    assert list(zip(found.scores["model"], found.scores["task"], found.scores["score"], strict=True)) == [
        ("a", "MMLU", 0.25), ("b", "MMLU", 0.31), ("c", "MMLU", 0.52), ("b", "GSM8K", 0.02), ("c", "GSM8K", 0.4),
    ]  # fmt: skip
    assert set(found.scores["metric"]) == {"accuracy"}
    assert set(found.scores["direction"]) == {"higher"}
    assert found.scores["params"].tolist() == [1e8, 1e9, 1e10, 1e9, 1e10]
    assert found.notes[0] == "1 empty cell left out"
    odd = read(write(WIDE.replace("0.31", "x"), "sheet.csv"), **AS_WIDE)
    assert odd.scores["score"].tolist() == [0.25, 0.52, 0.02]
    assert "1 row left out: score is not a finite number: line 3, column 'MMLU' ('x')" in odd.notes
    assert any(
        "share of items" in n and n.endswith("line 4, column 'GSM8K' ('-1')") for n in odd.notes
    )
    rows = [{"Model": m, "Size": s, "MMLU": y} for m, s, y in (("a", 1e8, 0.25), ("b", 1e9, None))]
    assert len(read(write(rows, "sheet.jsonl"), **AS_WIDE | {"wide": ["MMLU"]}).scores) == 1


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        (WIDE, {"wide": ["MMLU", "BBH"]}, r"wide = \['BBH'\]: expected columns of the table"),
        (WIDE, {"metric": ""}, "a column 'metric'"),
        (WIDE.replace("note", "task"), {}, "neither 'task' nor 'score'"),
        ("Model,Size,MMLU,GSM8K\na,1e8,,\n", {}, "columns with scores in them"),
    ],
)  # fmt: skip
def test_a_sheet_that_cannot_be_right_is_refused_by_line_and_column(write, text, more, words):
    with pytest.raises(EvalFileError, match=words):
        read(write(text, "sheet.csv"), **AS_WIDE | more)


def test_files_without_the_wide_columns_are_read_as_they_are(write):
    assert read(write(OLD), wide=["MMLU"]).rows == 5
    table = "model,params,task,metric,score\na,1e8,t,accuracy,0.5\n"
    assert read(write(table, "t.csv"), wide=["MMLU"]).rows == 1


def test_plain_records_with_columns_renamed(write):
    rows = [
        {"engine": "gpt2", "question": "1+1?", "answer": 2, "response": " 2", "index": i}
        for i in range(3)
    ]
    names = {"engine": "model", "answer": "target", "response": "output", "index": "item"}
    found = read(write(rows, "x.jsonl"), columns=names, task="sums")
    assert found.records["target"].tolist() == ["2"] * 3
    assert found.records["output"].tolist() == [" 2"] * 3
    assert set(found.records["task"]) == {"sums"}
    graded = read(write("item,metric,score,output\na,acc,1,x\nb,acc,0,y\n", "r.csv"), task="t")
    assert graded.scores[["score", "n"]].to_numpy().tolist() == [[0.5, 2.0]]


def test_a_folder_is_read_whole_and_one_bad_file_stops_nothing(write, tmp_path):
    write(OLD, "lm/result.jsonl/results.json")  # a folder whose name looks like a file's
    write("hello", "notes.md")
    write(NEW, ".hidden/results.json")
    (tmp_path / "link.json").symlink_to(tmp_path / "lm" / "result.jsonl" / "results.json")
    found = list(read_folder(tmp_path))
    assert [type(x) for x in found] == [Reading, EvalFileError]
    with pytest.raises(EvalFileError, match="no such folder"):
        list(read_folder(tmp_path / "nowhere"))
    write({**NEW, "model_name": "gpt2", "config": {}}, "lm/other.json")
    assert set(gather(tmp_path).scores["family"]) == {"OPT", "GPT-2"}
