"""Files of evaluation results: every format, every known trap, and whatever else a file may hold.

Small files of each schema are written here; the real ones are read in test_real_files.py.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from backports.zstd import zipfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirage_utils import FieldError
from mirage_utils import records as rec
from mirage_utils.cli.main import main
from mirage_utils.evidence import curve_of, curves_of
from mirage_utils.evidence.emergence import emergence_score
from mirage_utils.records import EvalFileError, Reading, read, read_folder
from mirage_utils.records import files as file_limits
from mirage_utils.records.filling import fill
from mirage_utils.records.gathering import gather
from mirage_utils.records.identity import resolve

OLD = {
    "results": {
        "lambada_openai": {"ppl": 26.0, "ppl_stderr": 0.9, "acc": 0.375, "acc_stderr": 0.007},
        "squad2": {"exact": 0.4, "f1": 6.6, "best_exact": 50.1},
    },
    "versions": {"lambada_openai": 0, "squad2": 1},
    "config": {
        "model": "gpt2", "model_args": "pretrained=facebook/opt-125m,use_accelerate=True",
        "num_fewshot": 5, "limit": None,
    },
}  # fmt: skip
NEW = {
    "results": {
        "mmlu": {"acc,none": 0.25, "acc_stderr,none": "N/A", "alias": "mmlu"},
        "mmlu_law": {"acc,none": 0.3, "brier_score,none": 0.7, "alias": " - mmlu_law"},
        "gsm8k": {
            "exact_match,strict-match": 0.1, "exact_match_stderr,strict-match": 0.01,
            "exact_match,flexible-extract": 0.2, "alias": "gsm8k", "sample_len": 20, " ": "",
        },
    },
    "groups": {"mmlu": {"acc,none": 0.25, "alias": "mmlu"}},
    "group_subtasks": {"mmlu": ["mmlu_law"], "gsm8k": []},
    "versions": {"mmlu_law": 0, "gsm8k": 3},
    "n-shot": {"mmlu": 0, "mmlu_law": 0, "gsm8k": 5},
    "higher_is_better": {"mmlu_law": {"acc": True, "brier_score": False}, "mmlu": {"acc": None}},
    "n-samples": {"mmlu_law": {"original": 1534, "effective": 100}},
    "config": {
        "model": "hf", "model_args": {"pretrained": "EleutherAI/pythia-1.4b-deduped", "revision": "main"},
        "model_num_parameters": 1414647808,
    },
    "lm_eval_version": "0.4.9.2",
    "model_name": "EleutherAI/pythia-1.4b-deduped",
}  # fmt: skip


def choice(doc_id, logprobs, acc, **more):
    return {
        "doc_id": doc_id, "doc": {"question": "?"}, "target": "1", "arguments": [],
        "resps": [[[x, False]] for x in logprobs], "filtered_resps": [[x, False] for x in logprobs],
        "acc": acc, **more,
    }  # fmt: skip


def answer(doc_id, text, **more):
    return {
        "doc_id": doc_id, "doc": {}, "target": "7", "arguments": {}, "resps": [[text]],
        "filtered_resps": [text], "filter": "none", "metrics": ["exact_match"], "exact_match": 0.0,
        **more,
    }  # fmt: skip


LOG = {
    "version": 2,
    "status": "success",
    "eval": {
        "task": "popularity", "model": "openai/gpt-4o-mini", "packages": {"inspect_ai": "0.3.58"},
        "config": {"epochs": 2},
    },
    "results": {
        "total_samples": 4, "completed_samples": 4,
        "scores": [
            {
                "name": "match", "scorer": "match", "reducer": "mean",
                "metrics": {
                    "accuracy": {"name": "accuracy", "value": 0.75},
                    "stderr": {"name": "stderr", "value": 0.25},
                },
            }
        ],
    },
}  # fmt: skip


def sample(item, epoch, value, content="Yes"):
    return {
        "id": item, "epoch": epoch, "target": " Yes",
        "output": {"choices": [{"message": {"content": content}}]},
        "scores": {"match": {"value": value, "answer": "Yes"}},
    }  # fmt: skip


SAMPLES = [sample(1, 1, "C"), sample(1, 2, "I"), sample(2, 1, True), sample(2, 2, "C")]
BIGBENCH = {
    "bigbench_version": "0.0.1",
    "model": {
        "model_family": "BIG-G T=0", "model_name": "128b", "non_embedding_params": 128_000_000_000,
        "total_params": 130_000_000_000,
    },
    "task": {"name": "modified_arithmetic"},
    "scores": [
        {
            "subtask_description": "three_digit_addition_control", "number_of_shots": 3,
            "preferred_score": "exact_str_match", "low_score": 0.0, "high_score": 1.0,
            "score_dict": {"exact_str_match": 0.25, "bleu": 31.0, "alignment_score": math.nan},
        }
    ],
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    def put(content, name="file.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content)
        elif isinstance(content, list):
            path.write_text("".join(json.dumps(row) + "\n" for row in content))
        else:
            path.write_text(json.dumps(content))
        return path

    return put


PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_ZSTANDARD)


def archive(members, packing=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as z:
        for name, content in members.items():
            z.writestr(name, content if isinstance(content, (bytes, str)) else json.dumps(content))
    return buffer.getvalue()


# -- formats, told by content ---------------------------------------------------------------------


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


# -- the same outputs under another metric --------------------------------------------------------


def test_answers_are_graded_anew(write):
    rows = [answer(0, " 70", target="71"), answer(1, "7", target="7", exact_match=1.0)]
    records = read(write(rows)).records
    exact, edits = (rec.grade(records, m) for m in ("exact_match", "token_edit_distance"))
    assert exact["score"].tolist() == [0, 1]
    assert edits["score"].tolist() == [1, 0]
    assert set(edits["direction"]) == {"lower"}
    assert rec.grade(records, "exact_match", strip=False)["score"].tolist() == [0, 1]
    words = read(write([answer(0, "a c", target="a b c")])).records
    assert rec.grade(words, "token_edit_distance", tokens="words")["score"].tolist() == [1]
    assert rec.grade(words, "character_edit_distance")["score"].tolist() == [2]
    assert rec.grade(words, "exact_match", tokens=lambda t: [t[0]])["score"].tolist() == [1]


def test_choices_are_graded_anew_whatever_their_number(write):
    half = math.log(0.5)
    rows = [choice(0, [half, half], 0, acc_norm=0), choice(1, [-9.0, 0.0, -9.0], 1, acc_norm=1)]
    records = read(write(rows)).records
    assert len(records) == 4  # two metrics, which make no second item
    brier = rec.grade(records, "brier")
    assert len(brier) == 2
    assert brier["score"].tolist() == pytest.approx([0.5, 0.0], abs=1e-6)
    assert rec.grade(records, "multiple_choice_grade")["score"].tolist() == [0.5, 1]


def test_what_cannot_be_graded_is_said(write):
    answers, choices = (
        read(write([answer(0, "x")])).records,
        read(write([choice(0, [-1.0, -2.0], 1)])).records,
    )
    for call, message in (
        (lambda: rec.grade(answers, "brier"), r"^logprobs of item 0 = "),
        (
            lambda: rec.grade(choices.assign(target="x"), "brier"),
            r"^target of item 0 = 'x': expected the index",
        ),
        (
            lambda: rec.grade(choices.assign(target="2"), "brier"),
            r"the index of a choice, 0 to 1",
        ),
        (
            lambda: rec.grade(answers.assign(target=" "), "exact_match"),
            r"^target of item 0 = ''",
        ),
        (
            lambda: rec.grade(answers.assign(output=None), "exact_match"),
            r"^output of item 0 = None",
        ),
        (
            lambda: rec.grade(answers, "pass_at_k"),
            r"^metric = 'pass_at_k': expected one of exact_match",
        ),
        (lambda: rec.grade(answers, "exact_match", tokens="bytes"), r"^tokens = 'bytes'"),
        (lambda: rec.grade(answers[:0], "exact_match"), r"^records = 0"),
    ):
        with pytest.raises(FieldError, match=message):
            call()


def test_the_command_grades_and_prints_scores(write, capsys):
    path = write([answer(0, "70", target="71"), answer(1, "7", exact_match=1.0)], "samples_t.jsonl")
    assert main(["read", str(path), "--scores", "--csv", "--model", "gpt2"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    found = {r["metric"]: (float(r["score"]), float(r["n"]), r["graded"]) for r in rows}
    assert found["exact_match"] == (0.5, 2, "file")
    assert found["token_edit_distance"] == (0.5, 2, "here")
    assert list(rows[0]) == [*rec.SCORES[:-1], "graded", "source"]
    assert main(["read", str(path)]) == 0
    assert "size not known" not in capsys.readouterr().out
    assert main(["read", str(path) + "x"]) == 1
    assert main(["read", str(path), "--params", "a"]) == 1
    assert main(["read", str(path), "--params", "a=big"]) == 1


def test_a_fault_of_the_program_is_reported_and_stops_no_other_file(
    write, capsys, monkeypatch, tmp_path
):
    write(OLD, "a.json")
    write(BIGBENCH, "b.json")
    monkeypatch.setattr(rec.formats.bigbench, "read_scores_file", lambda *a, **k: 1 / 0)
    assert main(["read", str(tmp_path), "--csv"]) == 1
    rows = {Path(r["file"]).name: r for r in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert (rows["a.json"]["outcome"], rows["b.json"]["outcome"]) == ("read", "crashed")
    assert "ZeroDivisionError" in rows["b.json"]["detail"]


# -- the traps of TRAPS.md that are the reader's (its numbers) ------------------------------------


def test_trap_1_odd_curves_get_their_score_and_a_reason(write):
    """Flat steps, ties and three sizes: chapter 7 explains them, the file's curves show them."""
    shapes = {"infinite": [0, 0, 0, 0, 1], "tied": [1, 0, 0.5, 0, 1], "three": [0.1, 0.2, 0.9]}
    rows = [((i + 1) * 1e6, t, "acc", y) for t, ys in shapes.items() for i, y in enumerate(ys)]
    table = "params,task,metric,score\n" + "".join(f"{a},{b},{c},{d}\n" for a, b, c, d in rows)
    found = {c.task: emergence_score(c) for c in curves_of(read(write(table)).scores).curves}
    assert found["infinite"].value == math.inf
    assert "3 of the 4 steps" in found["infinite"].explanation
    assert "sign undecided" in found["tied"].explanation
    assert 1.5 <= found["three"].value <= 2


def test_trap_2_missing_values_and_texts_in_the_place_of_numbers(write):
    table = "model,task,metric,score\ngpt2,a,accuracy,-100\ngpt2,b,accuracy,0.5\n"
    found = read(write(table))
    assert found.scores["task"].tolist() == ["b"]
    assert "(--missing NUMBER): line 2 ('-100')" in found.notes[0]
    found = read(write(table), missing=[-100])
    assert found.scores["task"].tolist() == ["b"]
    assert found.notes[0].startswith(
        "1 row left out, a number that stands for a missing score: line 2"
    )
    document = json.loads(json.dumps(NEW))
    document["results"]["mmlu_law"]["acc,none"] = math.nan
    document["results"]["gsm8k"]["f1,none"] = "N/A"
    found = read(write(document))
    assert len(found.scores) == 4
    assert any("mmlu_law acc,none is nan and no score" in n for n in found.notes)
    assert any("gsm8k f1,none is 'N/A' and no score" in n for n in found.notes)


def test_trap_2_scores_in_per_cent_are_read_as_they_stand_or_as_told(write):
    """One file cannot tell 0.4 per cent from 40: the files of a family together do, when they are gathered."""
    scores = read(write(OLD)).scores
    squad = scores[scores["task"] == "squad2"]
    assert squad["score"].tolist() == [0.4, 6.6, 50.1]
    table = "model,task,metric,score\ngpt2,a,accuracy,45\ngpt2-xl,a,accuracy,0.9\n"
    assert gather(write(table), percent=["accuracy"]).scores["score"].tolist() == pytest.approx(
        [0.45, 0.009]
    )


def test_trap_3_stringified_config_and_colons_in_names(write):
    document = {**OLD, "config": str({"model_args": "pretrained=org/my:model", "num_fewshot": 3})}
    found = read(write(document), params={"org/my:model": 2e9})
    assert set(found.scores["model"]) == {"org/my:model"}
    assert set(found.scores["shots"]) == {3}
    assert set(found.scores["params"]) == {2e9}
    hostile = {**OLD, "config": "{" * 5000 + "}"}
    assert set(read(write(hostile)).scores["model"]) == {""}
    code = {**OLD, "config": "{'model_args': __import__('os').getcwd()}"}
    assert set(read(write(code)).scores["model"]) == {""}


def test_trap_3_a_metric_that_is_no_number_is_left_out_and_said(write):
    rows = [choice(i, [-1.0, -2.0], 1, f1=f"tc_{i}") for i in range(3)]
    found = read(write(rows))
    assert found.scores["metric"].tolist() == ["acc"]
    assert any(n.startswith("f1 is no number in 3 records (line 1: 'tc_0')") for n in found.notes)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pythia-19m", "70m"), ("pythia-125m", "160m"), ("pythia-350m", "410m"), ("pythia-800m", "1b"),
        ("pythia-1.3b", "1.4b"), ("pythia-2.7b", "2.8b"), ("pythia-6.7b", "6.9b"), ("pythia-13b", "12b"),
    ],
)  # fmt: skip
def test_trap_4_pythia_was_renamed(old, new):
    assert resolve(f"EleutherAI/{old}") == resolve(f"EleutherAI/pythia-{new}")


def test_trap_4_names_are_looked_up_and_never_guessed():
    for name in (
        "EleutherAI/pythia-v1.1-1b-bf16", "/data/models/EleutherAI/pythia-1b-deduped",
        "__data__models__EleutherAI__pythia-1b", "pythia-1b-v0",
    ):  # fmt: skip
        model = resolve(name)
        assert (model.params, model.non_embedding, model.exact) == (
            1_011_781_632,
            805_736_448,
            True,
        )
    assert math.isnan(resolve("EleutherAI/pythia-1b@step1000").train_flops)
    for name in ("my-7b", "opt-125m-instruct", "Meta-Llama-3.1-8B-Instruct", "pythia-7b"):
        with pytest.raises(rec.UnknownModelError, match="a size given by you"):
            resolve(name)
    for name in ("text-ada-001", "davinci", "gpt-4o"):
        with pytest.raises(rec.UnknownModelError, match="its maker never published it"):
            resolve(name)


def test_trap_4_an_unknown_size_is_asked_for(write):
    path = write("model,task,metric,score\nmy-7b,t,accuracy,0.5\n")
    found = read(path)
    assert found.unknown_models == ("my-7b",)
    assert any("size not known: my-7b" in n for n in found.notes)
    made = curves_of(found.scores)
    assert made.curves == ()
    assert made.notes == (
        "no size is known: 1 score on no curve, --params NAME=SIZE gives one: my-7b",
    )
    assert read(path, params={"my-7b": 7e9}).scores["params"].tolist() == [7e9]
    with pytest.raises(FieldError, match=r"^params\['my-7b'\] = -1: expected a finite number > 0"):
        read(path, params={"my-7b": -1})


def test_trap_5_lower_is_better(write):
    table = "params,task,metric,score\n" + "".join(
        f"1e6,t,{m},0.5\n" for m in ("ppl", "brier_score", "edit_distance", "bpb", "loss", "acc")
    )
    found = {c.metric: c.direction for c in curves_of(read(write(table)).scores).curves}
    assert found.pop("acc") == "higher"
    assert set(found.values()) == {"lower"}


def test_trap_6_unequal_items_show_in_n(write):
    table = "params,task,metric,score,n\n1e6,lambada,acc,0.5,4000\n2e6,lambada,acc,0.6,5153\n"
    assert curve_of(read(write(table)).scores).n.tolist() == [4000, 5153]


def test_two_models_of_one_size_are_not_joined_to_a_curve(write):
    table = "model,family,params,task,metric,score\na,F,1e6,t,acc,0.5\nb,F,1e6,t,acc,0.6\n"
    made = curves_of(read(write(table)).scores)
    assert made.curves == ()
    assert made.notes[0].startswith("no curve for two networks of one size, a, b (1e+06)")


def test_a_run_read_twice_is_not_two_points_and_samples_do_not_repeat_their_average(
    write, tmp_path
):
    write(NEW, "run/results_2026-01-01T00-00-00.5.json")
    write(
        [answer(i, "7", exact_match=1.0) for i in range(2)],
        "run/samples_gsm8k_2026-01-01T00-00-00.5.jsonl",
    )
    write(
        [answer(i, "7", exact_match=1.0) for i in range(2)],
        "run/samples_other_2026-01-01T00-00-00.5.jsonl",
    )
    scores = gather(tmp_path / "run").scores
    scores = scores[scores["graded"] == "file"]
    assert scores.groupby("task").size().to_dict() == {
        "gsm8k": 3,
        "mmlu": 1,
        "mmlu_law": 2,
        "other": 1,
    }
    write({**NEW, "date": 2.0}, "run/results_2026-01-02T00-00-00.5.json")
    made = curves_of(gather(tmp_path / "run").scores)
    assert {c.n_runs.max() for c in made.curves if c.task == "mmlu_law"} == {2}
    (note,) = [note for note in made.notes if "mmlu_law" in note]
    assert re.search(
        r"2 runs of .* averaged \(.*results_2026-01-01.*results_2026-01-02.*--keep", note
    )


def test_a_checkpoint_is_another_model(write):
    document = {
        **OLD,
        "config": {"model_args": "pretrained=EleutherAI/pythia-70m,revision=step1000"},
    }
    scores = read(write(document)).scores
    assert set(scores["model"]) == {"EleutherAI/pythia-70m@step1000"}
    assert set(scores["params"]) == {70_426_624}
    assert scores["train_flops"].isna().all()


# -- broken, huge, hostile ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\t\n", "the file is empty"),
        (b"\xff\xfe\x00a\x00b", "binary data|not a CSV|not UTF-8|a header and no rows"),
        (b"\x00\x01\x02", "binary data of no known format"),
        (b"{", r"line 1: not JSON"),
        (b'{"results": {}, "versions": {}', r"not JSON: .* at character"),
        (b"[1, 2", "not JSON"),
        (b"[]", "expected an object or an array of objects"),
        (b"[1]", r"line 1: expected an object"),
        (b'{"a": {"b": 1}}', r"JSON object of no known format, with the keys \['a'\]"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"results": {"t": {"acc": 1, "acc": 0}}, "versions": 0, "config": {}}', "field 'acc': this key appears twice"),
        (json.dumps({**OLD, "results": {}}), r"field 'results': no task has a score"),
        (json.dumps({**OLD, "results": {"t": 3}}), r"no task has a score \(t: expected an object"),
        (json.dumps({**OLD, "results": {"t": {"acc": [1]}}}), r"no task has a score \(t acc is \[1\]"),
        (json.dumps({**OLD, "results": {"t": {"acc": math.inf}}}), r"no task has a score \(t acc is inf"),
        ('{"results": {"t": {"acc": 1e999}}, "versions": {}, "config": {}}', "t acc is inf and no score"),
        ([choice(0, [-1.0], 1), {"doc_id": 1}], "line 2: not a sample"),
        ([choice(0, [-1.0, -2.0], 1), choice(0, [-1.0, -2.0], 1)], r"line 2, field 'doc_id': item 0 stands here a second time \(first in line 1\)"),
        (json.dumps(choice(0, [-1.0], 1)) + "\n" + json.dumps(choice(1, [-1.0], 1))[:40], "line 2: not JSON"),
        (json.dumps({**LOG, "eval": {"task": "t"}}), r"field 'eval.model'"),
        (json.dumps({**LOG, "samples": {"a": 1}}), r"field 'samples': expected a list"),
        (json.dumps({**BIGBENCH, "scores": [{"score_dict": 1}]}), r"field 'scores\[0\]'"),
        (json.dumps({**BIGBENCH, "scores": []}), "no score"),
        (b"PK\x03\x04 and nothing more", "a zip archive, but no log"),
        (archive({"header.json": LOG})[:-30], "a zip archive, but no log of Inspect, or a damaged one"),
        (archive({"a.txt": "x"}), "a zip archive, but no log"),
        (archive({"header.json": "[1]"}), r"field 'header.json': not the header"),
        (archive({"header.json": LOG, "samples/1.json": "{"}), r"field 'samples/1.json': not JSON"),
        (b"PAR1 but not really", "a damaged Parquet file"),
        (gzip.compress(json.dumps(OLD).encode())[:60], "cut short or damaged"),
        (b"\x1f\x8b but not gzip", "cut short or damaged"),
        ("task,metric,score\nt,acc,1\n", r"columns = .*expected a column 'params', or 'model'"),
        ("params,task,metric,score\n1e6,t,acc,y\n2e6,t,acc,x\n", r"score, line 2 = 'y'"),
        ('{"params": 1, "task": "t", "metric": "acc", "score": 1}\n\n{"params": "x", "task": "t", "metric": "acc", "score": 1}\n', r"params, line 1 = '1'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said_with_file_and_place(write, content, message):
    path = write(content)
    with pytest.raises(EvalFileError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < len(str(path)) + 500


def test_sizes_have_limits(write, monkeypatch):
    monkeypatch.setattr(file_limits, "MAX_DOCUMENT", 1000)
    with pytest.raises(EvalFileError, match="more than 1,000 bytes"):
        read(write(json.dumps(OLD, indent=1).encode() + b" " * 1000))
    table = pd.DataFrame({"params": range(1, 400), "task": "t", "metric": "acc", "score": 0.5})
    for content in (table.to_csv().encode(), gzip.compress(table.to_csv().encode())):
        with pytest.raises(EvalFileError, match="a table of more than 1,000 bytes"):
            read(write(content))
    packed = io.BytesIO()
    table.to_parquet(packed)
    with pytest.raises(EvalFileError, match="unpacks to more than 1,000 bytes"):
        read(write(packed.getvalue()))
    monkeypatch.setattr(file_limits, "MAX_LINE", 400)
    rows = [choice(0, [-1.0], 1), choice(1, [-1.0] * 100, 1)]
    with pytest.raises(EvalFileError, match="line 2: a line of more than 400 bytes"):
        read(write(rows))


@pytest.mark.parametrize("packing", PACKINGS[1:])
def test_an_archive_that_unpacks_to_much_more_is_not_unpacked(write, monkeypatch, packing):
    from mirage_utils.records.formats import inspect_log

    monkeypatch.setattr(inspect_log, "MAX_LINE", 10_000)
    with pytest.raises(EvalFileError, match=r"field 'header.json': unpacks to more than"):
        read(write(archive({"header.json": b" " * 1_000_000}, packing), "x.eval"))
    monkeypatch.setattr(inspect_log, "MAX_DOCUMENT", 50_000)
    with pytest.raises(EvalFileError, match="unpacks to more than 50,000 bytes"):
        read(
            write(archive({"header.json": LOG, "samples/1.json": b" " * 60_000}, packing), "x.eval")
        )


def test_paths_in_an_archive_lead_nowhere(write, tmp_path):
    before = set(tmp_path.rglob("*"))
    path = write(
        archive(
            {"header.json": LOG, "../../evil.json": "{}", "samples/../../evil.json": SAMPLES[0]}
        ),
        "x.eval",
    )
    found = read(path)
    assert len(found.records) == 1  # read in place like any other sample
    assert set(tmp_path.rglob("*")) - before == {path}


def test_a_pickle_is_refused_and_not_run(write, tmp_path):
    import pickle

    class Harm:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "harm",))

    with pytest.raises(EvalFileError):
        read(write(pickle.dumps(Harm()), "results.json"))
    assert not (tmp_path / "harm").exists()


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(EvalFileError, match="there is no such file"):
        read(tmp_path / "nothing.json")
    with pytest.raises(EvalFileError, match="a folder, and no file"):
        read(tmp_path)


# -- anything at all ------------------------------------------------------------------------------

FUZZ = settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
SEEDS = [
    json.dumps(OLD), json.dumps(NEW), json.dumps({**LOG, "samples": SAMPLES}), json.dumps(BIGBENCH),
    "\n".join(json.dumps(choice(i, [-1.0, -2.0], 1)) for i in range(3)),
    "\n".join(json.dumps(answer(i, "x")) for i in range(3)),
    "params,task,metric,score,n\n1,t,acc,0.5,10\n2,t,acc,0.6,10\n",
]  # fmt: skip


def accepted_or_refused(path):
    """Every file is read, with no row lost in silence, or refused by name; nothing else."""
    (found,) = (x for x in read_folder(path.parent) if Path(x.path) == path)
    if isinstance(found, EvalFileError):
        assert str(found).startswith(str(path))
        return None
    assert tuple(found.scores.columns[:13]) == rec.SCORES
    assert np.isfinite(found.scores["score"].astype(float)).all()
    return found


@FUZZ
@given(content=st.binary(max_size=400))
def test_any_bytes(tmp_path, content):
    path = tmp_path / "any"
    path.write_bytes(content)
    accepted_or_refused(path)


@FUZZ
@given(seed=st.sampled_from(SEEDS), data=st.data())
def test_real_files_with_bytes_changed_inserted_and_cut(tmp_path, seed, data):
    content = bytearray(seed.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1)) if content else 0
        kind = data.draw(st.sampled_from(["change", "insert", "cut", "end"]))
        if kind == "change" and content:
            content[at] = data.draw(st.integers(0, 255))
        elif kind == "insert":
            content[at:at] = data.draw(st.binary(max_size=6))
        elif kind == "cut":
            del content[at : at + data.draw(st.integers(1, 30))]
        else:
            del content[at:]
    path = tmp_path / "mutant"
    path.write_bytes(bytes(content))
    accepted_or_refused(path)


def places(value, here=()):
    """Every place in a JSON value."""
    yield here
    inside = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in inside:
        yield from places(item, (*here, key))


@FUZZ
@given(seed=st.sampled_from([OLD, NEW, {**LOG, "samples": SAMPLES}, BIGBENCH]), data=st.data())
def test_real_documents_with_any_value_in_any_place(tmp_path, seed, data):
    document = json.loads(json.dumps(seed))
    *way, last = data.draw(st.sampled_from([p for p in places(document) if p]))
    inside = document
    for key in way:
        inside = inside[key]
    inside[last] = data.draw(json_values)
    path = tmp_path / "mutant.json"
    path.write_text(json.dumps(document))
    accepted_or_refused(path)


@FUZZ
@given(row=st.sampled_from([choice(1, [-1.0, -2.0], 1), answer(1, "x")]), data=st.data())
def test_real_samples_with_any_value_in_any_place(tmp_path, row, data):
    mutant = json.loads(json.dumps(row))
    key = data.draw(st.sampled_from(sorted(mutant)))
    mutant[key] = data.draw(json_values)
    path = tmp_path / "mutant.jsonl"
    path.write_text(json.dumps(choice(0, [-1.0, -3.0], 0)) + "\n" + json.dumps(mutant) + "\n")
    found = accepted_or_refused(path)
    if found is not None:
        assert set(found.records["item"]) >= {"0"}
        assert found.records["item"].nunique() == 2


@FUZZ
@given(data=st.data())
def test_any_damage_to_an_archive(tmp_path, data):
    members = {"header.json": LOG, "samples/1_epoch_1.json": SAMPLES[0]}
    content = bytearray(archive(members, data.draw(st.sampled_from(PACKINGS))))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "mutant.eval"
    path.write_bytes(bytes(content))
    accepted_or_refused(path)


@FUZZ
@given(
    cells=st.lists(
        st.tuples(*[st.text(max_size=6) | st.integers().map(str) | st.floats().map(str)] * 4),
        max_size=4,
    )
)
def test_any_cells_in_a_table(tmp_path, cells):
    path = tmp_path / "table.csv"
    frame = pd.DataFrame(cells, columns=["params", "task", "metric", "score"])
    frame.to_csv(path, index=False)
    found = accepted_or_refused(path)
    if found is not None:
        assert found.notes or len(found.scores) == len(cells)


def test_a_size_column_is_filled_without_touching_what_is_there():
    frame = pd.DataFrame(
        {
            "family": ["", "X"],
            "model": ["gpt2", "gpt2"],
            "run": ["", ""],
            "params": [np.nan, 5.0],
            "train_flops": [np.nan, 1.0],
        }
    )
    assert fill(frame, rec.Options()) == []
    assert frame["params"].tolist() == [124e6, 5.0]
    assert frame["family"].tolist() == ["GPT-2", "X"]
