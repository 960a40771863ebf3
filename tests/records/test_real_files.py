"""Real files of public evaluation data, where MIRAGE_EVAL_DATA names a folder with them.

Every value is recomputed here from the raw JSON with code that shares nothing with the readers.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, evaluation_data, needs_evaluation_data

from mirage_utils import records as rec
from mirage_utils import tables
from mirage_utils.cli.main import main
from mirage_utils.records import identity
from tools import make_tables

pytestmark = needs_evaluation_data


def below(*parts):
    folder = evaluation_data().joinpath(*parts)
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "README.md")


def test_every_file_of_the_format_collection_is_read():
    harness, inspect = below("formats", "lm_eval_harness"), below("formats", "inspect_ai")
    assert (len(harness), len(inspect)) == (73, 17)
    for path in [*harness, *inspect]:
        found = rec.read(path)
        assert found.format.startswith("lm-evaluation-harness" if path in harness else "Inspect")
        assert found.rows > 0, path


def test_the_command_prints_one_row_a_file(capsys):
    folder = evaluation_data() / "formats"
    assert main(["read", str(folder), "--csv"]) == 0
    text = capsys.readouterr().out
    assert text.splitlines()[0] == "file,format,version,rows,outcome,detail"
    rows = list(csv.DictReader(io.StringIO(text)))
    read = [r for r in rows if r["outcome"] == "read"]
    refused = {r["file"].rpartition("/")[2] for r in rows if r["outcome"] == "refused"}
    assert len(read) == 90
    assert refused == {"BLOB_MANIFEST.csv", "README.md"}
    assert len({r["version"] for r in read if r["format"] == "lm-evaluation-harness results"}) == 6
    assert all(int(r["rows"]) > 0 for r in read)


def flat(results):
    """(task, metric, filter) to value, straight from the JSON."""
    out = {}
    for task, entries in results.items():
        for key, value in entries.items():
            metric, _, how = key.partition(",")
            if (
                metric.endswith("_stderr")
                or not isinstance(value, (int, float))
                or metric == "sample_len"
            ):
                continue
            out[task, metric, "" if how == "none" else how] = value
    return out


@pytest.mark.parametrize("folder", ["formats/lm_eval_harness", "ttt_lm_eval/raw", "pythia_evals"])
def test_aggregated_results_have_the_scores_of_the_file_and_no_others(folder):
    checked = 0
    for path in below(folder):
        if path.suffix != ".json":
            continue
        document = json.loads(path.read_text())
        scores = rec.read(path).scores
        with_template = "chat template" if document.get("chat_template") else ""
        found = {
            (r.task, r.metric, r.setting.removesuffix(with_template).removesuffix(", ")): r.score
            for r in scores.itertuples()
            if not math.isnan(r.score)
        }
        assert len(found) == len(scores)
        assert found == flat(document["results"]), path
        effective = {t: c["effective"] for t, c in document.get("n-samples", {}).items()}
        for row in scores[~scores["is_group"]].itertuples():
            if row.task in effective:
                assert row.n == effective[row.task]
        exact = document["config"].get("model_num_parameters")
        if exact:
            assert set(scores["params"]) == {exact}
        checked += len(found)
    assert checked > 500


def test_samples_have_the_files_scores_answers_and_log_probabilities():
    checked = 0
    for path in below("formats/lm_eval_harness"):
        if path.suffix != ".jsonl" or "examples-limited" in path.name:
            continue
        text = path.read_text()
        raw = (
            json.loads(text) if text.startswith("[") else [json.loads(x) for x in text.splitlines()]
        )
        records = rec.read(path).records
        for metric in set(records["metric"].astype(str)):
            mine = records[records["metric"].astype(str) == metric]
            assert mine["score"].tolist() == [float(r[metric]) for r in raw], path
            checked += len(mine)
        first = records[records["metric"].astype(str) == records["metric"].astype(str).iloc[0]]
        for row, r in zip(first.itertuples(), raw, strict=True):
            response = r["filtered_resps"]
            if isinstance(response[0], str):
                assert row.output == response[0]
            else:
                lls = [float(x[0]) for x in response]
                assert list(row.logprobs) == lls
                # Where it is not certain which choice is right, the likeliest is no answer either.
                unclear = path.name.endswith(("winogrande.jsonl", "_mathqa.jsonl"))
                assert pd.isna(row.target) == pd.isna(row.output) == unclear
                assert unclear or row.output == str(int(np.argmax(lls)))
    assert checked >= 110


def test_choice_accuracy_follows_from_the_log_probabilities_that_were_read():
    """A cross-check of two fields: the likeliest choice is right as often as the file says."""
    path = next(
        p for p in below("formats/lm_eval_harness") if p.name.startswith("samples_negotiationtom")
    )
    records = rec.read(path).records
    assert (records["output"] == records["target"]).astype(float).tolist() == records[
        "score"
    ].tolist()


def test_real_choices_graded_anew_agree_with_the_files_accuracy():
    path = next(
        p for p in below("formats/lm_eval_harness") if p.name.startswith("samples_negotiationtom")
    )
    records = rec.read(path).records
    graded = rec.grade(records, "multiple_choice_grade")
    assert graded["score"].tolist() == records["score"].tolist()
    lls = np.array([list(x) for x in records["logprobs"]])
    mass = np.exp(lls) / np.exp(lls).sum(axis=1, keepdims=True)
    outcome = np.eye(4)[records["target"].astype(int)]
    assert rec.grade(records, "brier")["score"].tolist() == pytest.approx(
        ((mass - outcome) ** 2).sum(axis=1)
    )


def test_inspect_logs_have_the_headers_scores_and_their_samples_mean():
    grades = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
    for path in below("formats/inspect_ai"):
        if path.suffix == ".eval":
            with zipfile.ZipFile(path) as z:
                log = json.loads(z.read("header.json"))
                raw = [json.loads(z.read(n)) for n in z.namelist() if n.startswith("samples/")]
        else:
            log = json.loads(path.read_text())
            raw = log.get("samples") or []
        found = rec.read(path)
        expected = [
            (s["name"], m, v["value"])
            for s in log["results"]["scores"]
            for m, v in s["metrics"].items()
            if m != "stderr"
        ]
        got = [(r.setting, r.metric, r.score) for r in found.scores.itertuples()]
        assert got == expected, path
        values = [
            grades[s["value"]] for sample in raw for s in (sample.get("scores") or {}).values()
        ]
        assert sorted(found.records["score"].dropna()) == sorted(values)
        assert len(found.records) == len(raw)
        for _, _, accuracy in expected:
            if values:
                assert np.mean(values) == pytest.approx(accuracy)


def test_trap_2_a_real_table_with_minus_100_for_missing():
    path = evaluation_data() / "ukp_on_emergence" / "evaluation_scores_17tasks.csv"
    columns = {
        "filename": "task",
        "number_of_data": "n",
        "bert_score_accuracy": "score",
        "run_id": "setting",
    }
    bare = rec.read(path, columns=columns, metric="accuracy")
    assert (bare.scores["score"] >= 0).all()
    assert any("-100" in n and "--missing" in n for n in bare.notes)
    found = rec.read(path, columns=columns, metric="accuracy", missing=[-100])
    raw = [float(r["bert_score_accuracy"]) for r in csv.DictReader(path.read_text().splitlines())]
    kept = [x for x in raw if x != -100]
    assert 0 < len(kept) < len(raw)
    assert found.scores["score"].tolist() == kept
    assert any(f"{len(raw) - len(kept):,} rows left out" in n for n in found.notes)
    assert any("size not known" in n and "code" in n for n in found.notes)  # its odd spellings


def test_trap_4_sizes_agree_with_those_counted_elsewhere():
    """Non-embedding sizes by another source, whole sizes as the harness counted the weights."""
    text = (evaluation_data() / "llm_monkeys" / "models_pythia.csv").read_text()
    table = csv.DictReader(text.splitlines())
    checked = {}
    for row in table:
        model = identity.resolve(row["HuggingFace Path"])
        assert model.non_embedding == int(row["Parameters Excluding Embeddings"])
        checked[model.name] = model
    assert len(checked) == 9
    counted = 0
    for path in below("formats/lm_eval_harness/lm_evals"):
        config = json.loads(path.read_text())["config"]
        name = re.search(r"pretrained=([^,]+)", config["model_args"])[1]
        if "pythia" in name:
            assert identity.resolve(name).params == config["model_num_parameters"]
            counted += 1
    assert counted == 9


def test_trap_7_published_data_can_be_wrong_and_the_tables_say_where():
    """The arithmetic source's own scorer drops minus signs; two scores are of other items."""
    text = (evaluation_data() / "gpt3_arithmetic" / "summary_by_author.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    theirs = {
        (r["tag"], int(r["n_shots"])): float(r["accuracy"])
        for r in rows
        if "davinci" in r["model"] and r["helper_tag"] == r["tag"] and int(r["total"]) == 100
    }
    table = tables.load_table("gpt3_answers")
    exact = table[(table["metric"] == "exact_match") & (table["model"] == "text-davinci-001")]
    ours = (exact["score"] * exact["n"]).groupby([exact["task"], exact["shots"]]).sum() / 100
    assert ours["2D-", 2] > 0.85 > 0.6 > theirs["2D-", 2]
    doubtful = {c["model"] for c in tables.table("obs_scaling").doubtful_cells}
    frame = tables.load_table("obs_scaling")
    assert (
        set(frame[frame["n"].isna()]["model"]) == doubtful == {"Qwen/Qwen-72B", "Qwen/Qwen1.5-72B"}
    )


@pytest.mark.parametrize("name", make_tables.BUILDERS)
def test_computed_tables_are_remade_to_the_byte(name):
    assert make_tables.build(name, evaluation_data()).decode() == tables.read_csv_text(name)


def test_a_checkout_of_a_source_will_do(tmp_path):
    """As the page on the data says to clone it: the files lie deeper there, beside models of a third corpus."""
    files = tmp_path / "openlm_scaling" / "exp_data"
    shutil.copytree(evaluation_data() / "openlm_scaling", files)
    third = json.loads(next((files / "models").glob("c4*-0.5.json")).read_text())
    (files / "models" / "rpj-d=96_l=8_h=4-0.25.json").write_text(
        json.dumps({**third, "dataset_name": "rpj"})
    )
    built = make_tables.build("openlm_scaling", tmp_path)
    assert built.decode() == tables.read_csv_text("openlm_scaling")


def test_every_source_is_named_where_the_text_says_how_to_make_the_tables():
    page = (ROOT / "book" / "data.md").read_text()
    named = set(re.findall(r"git clone \S+ sources/(\w+)", page))
    code = Path(make_tables.__file__).read_text()
    assert named == set(re.findall(r'root / "(\w+)"', code))


def test_the_arithmetic_answers_by_another_route():
    """Exact match by length from the raw lines, with a plain scorer."""
    packed = (evaluation_data() / "gpt3_arithmetic" / "responses.jsonl.gz").read_bytes()
    lines = gzip.decompress(packed).decode().splitlines()
    right, total = {}, {}
    for row in map(json.loads, lines):
        key = row["engine"], row["tag"], row["n_shots"], len(str(row["answer"]))
        number = re.search(r"-?[0-9][0-9,]*", row["response"])
        total[key] = total.get(key, 0) + 1
        said = number is not None and int(number[0].replace(",", "")) == row["answer"]
        right[key] = right.get(key, 0) + said
    table = tables.load_table("gpt3_answers")
    exact = table[table["metric"] == "exact_match"]
    for row in exact.itertuples():
        key = row.model, row.task, row.shots, int(row.setting.rsplit(" ", 1)[1])
        assert row.n == total[key]
        # "007" is 7 to this scorer and not to exact match: at most a few answers
        assert abs(round(row.score * row.n) - right[key]) <= 1
    assert len(exact) == len(total)
