"""Every Eval Ever's files, of all schemas."""

from __future__ import annotations

import json

import numpy as np
import pytest
from made_files import EEE, INSTANCES, SIZE, instance_rows, load, put, rows

from mirage_utils.records import read
from mirage_utils.records.gathering import gather


def test_every_eval_ever_results():
    found = read(EEE)
    assert (found.format, found.version) == ("Every Eval Ever results", "0.3.0 (harbour 1.2)")
    assert found.time == "2025-11-01T09:40:00+00:00"
    assert set(found.scores["model"]) == {"acme/owl-1b@step2000"}
    assert set(found.scores["params"]) == {1.1e9}
    assert set(found.scores["run"]) == {"knots/acme_owl-1b/1761990000"}
    assert rows(found.scores, "task", "setting", "shots", "metric", "direction", "score", "n") == [
        ("knots", "", 5, "accuracy", "higher", 0.5, 4),
        ("knots", "", 5, "tangle", "lower", 30, 1),
        ("ropes", "", 5, "pass_at_k (k=1)", "higher", 0.125, 8),
        ("sails", "strict", 5, "exact_match", "higher", 0.75, 4),
    ]
    assert found.scores["stderr"].iloc[0] == 0.25
    assert found.scores["high"].tolist() == [1, np.inf, 1, 1]
    assert any("in per cent, as the file says" in note for note in found.notes)


@pytest.mark.parametrize(
    ("config", "metric"),
    [
        ({"metric_id": "accuracy", "metric_name": "Accuracy"}, "accuracy"),
        ({"metric_id": "owlbench/overall", "metric_name": "knots", "metric_kind": "accuracy"}, "accuracy"),
        ({"metric_id": "owlbench.elo", "metric_name": "Elo"}, "Elo"),
        ({"evaluation_description": "Exact Match on MATH Level 5"}, "exact_match"),
        ({"evaluation_description": "acc (filter: none-at-all)"}, "acc"),
        ({"evaluation_description": "Fraction of knots that hold (0.0-1.0)"}, "score"),
        ({}, "score"),
    ],
)  # fmt: skip
def test_every_eval_ever_metrics_have_names(tmp_path, config, metric):
    document = load(EEE)
    document["evaluation_results"] = document["evaluation_results"][:1]
    document["evaluation_results"][0]["metric_config"] = {"lower_is_better": False, **config}
    found = read(put(tmp_path / "r.json", document))
    assert found.scores["metric"].tolist() == [metric]
    assert any("no metric is named" in note for note in found.notes) == (metric == "score")


def test_every_eval_ever_of_schema_0_1(tmp_path):
    document = {
        "schema_version": "0.1.0",
        "evaluation_id": "x",
        "retrieved_timestamp": "1761990000",
        "source_data": ["https://example.org"],
        "source_metadata": {"source_type": "documentation"},
        "model_info": {"name": "Owl", "id": "EleutherAI/pythia-70m", "additional_details": {"params_billions": 0.1}},
        "evaluation_results": [
            {"evaluation_name": "knots", "metric_config": {"lower_is_better": False, "evaluation_description": "Accuracy on knots"}, "score_details": {"score": 0.5}},
        ],
    }  # fmt: skip
    (row,) = read(put(tmp_path / "r.json", document)).scores.itertuples()
    assert (row.task, row.metric, row.score) == ("knots", "accuracy", 0.5)
    assert row.params == 70426624  # the table's: the file rounds it


def test_what_is_no_score_in_every_eval_ever_is_said(tmp_path):
    document = load(EEE)
    first, second, third, fourth = document["evaluation_results"]
    first["score_details"]["score"] = None
    second["metric_config"] |= {"score_type": "levels", "has_unknown_level": True}
    second["score_details"]["score"] = -1
    fourth["metric_config"] = {"metric_id": "perplexity", "lower_is_better": False}
    document["evaluation_results"].append(json.loads(json.dumps(third)))
    document["model_info"]["additional_details"]["params_billions"] = -1
    found = read(put(tmp_path / "r.json", document))
    assert rows(found.scores, "task", "setting", "metric") == [
        ("ropes", "", "pass_at_k (k=1)"), ("sails/strict", "", "perplexity"), ("ropes", "ropes/pass", "pass_at_k (k=1)"),
    ]  # fmt: skip
    said = "\n".join(found.notes)
    for words in (
        "knots accuracy is no number (None)",
        "level 'unknown'",
        "--direction 'perplexity=lower'",
        "told apart as 'ropes/pass'",
        "params_billions is -1",
    ):
        assert words in said


def test_every_eval_ever_instances_take_the_metric_from_the_results_beside_them():
    found = read(INSTANCES)
    assert found.format == "Every Eval Ever instances"
    assert rows(found.records, "model", "params", "shots", "run")[0] == (
        "acme/owl-1b@step2000", 1.1e9, 5, "knots/acme_owl-1b/1761990000",
    )  # fmt: skip
    columns = ("item", "target", "output", "metric", "direction", "score")
    assert rows(found.records, *columns) == [
        ("knots_1", "reef", "reef", "accuracy", "higher", 1),
        ("knots_2", "bowline", "reef", "accuracy", "higher", 0),
        ("knots_3", "sheet bend", "sheet bend", "accuracy", "higher", 1),
        ("knots_4", "hitch", "bend", "accuracy", "higher", 0),
        ("knots_1", "reef", "reef", "tangle", "lower", 30),
    ]


def test_every_eval_ever_results_and_instances_count_once():
    found = gather(EEE.parent)
    own = found.scores[(found.scores["graded"] == "file") & (found.scores["metric"] == "accuracy")]
    assert rows(own, "score", "n") == [(0.5, 4)]
    assert own["deviation"].iloc[0] > 0


def test_every_eval_ever_instances_alone(tmp_path):
    table = instance_rows()[:4]
    found = read(put(tmp_path / "x_samples.jsonl", table), **SIZE)
    assert set(found.records["metric"]) == {"accuracy"}
    assert any("called 'accuracy'" in note for note in found.notes)
    table[0]["evaluation"]["score"] = 0.7
    found = read(put(tmp_path / "x_samples.jsonl", table), **SIZE)
    assert set(found.records["metric"]) == {"score"}
    found = read(tmp_path / "x_samples.jsonl", metric="grip", **SIZE)
    assert set(found.records["metric"]) == {"grip"}


def test_every_eval_ever_instances_of_other_converters(tmp_path):
    first, second, third, _, _ = instance_rows()
    for row in (first, second, third):
        del row["evaluation_result_id"]
    first["metadata"] = {"filter": "strict", "lm_eval_metrics": '{"acc": 1.0, "acc_norm": 0.0}'}
    first["evaluation_name"] = "knots/strict"
    second |= {"evaluation_result_id": "exact_match:valid", "error": "timeout"}
    third["input"]["choices"] = ["reef", "sheet bend"]
    epochs = [{**third, "metadata": {"epoch": str(i)}} for i in (1, 2)]
    found = read(put(tmp_path / "x.jsonl", [first, second, *epochs]), **SIZE)
    assert sorted(rows(found.records, "task", "setting", "metric", "item", "epoch")) == [
        ("knots", "", "accuracy", "knots_3", 1),
        ("knots", "", "accuracy", "knots_3", 2),
        ("knots", "split=valid", "exact_match", "knots_2", 1),
        ("knots", "strict", "acc", "knots_1", 1),
        ("knots", "strict", "acc_norm", "knots_1", 1),
    ]
    assert found.records.loc[found.records["item"] == "knots_3", "target"].isna().all()
    said = "\n".join(found.notes)
    assert "1 items have an error" in said
    assert "2 items are choices" in said


def test_every_eval_ever_instances_before_0_2(tmp_path):
    row = instance_rows()[0]
    row["input"]["reference"], row["output"]["raw"] = "reef", "a reef"
    row["answer_attribution"] = []
    row["metrics"] = row.pop("evaluation")
    row["interactions"] = row.pop("messages")
    (found,) = (
        read(put(tmp_path / "x.jsonl", [row, {**row, "sample_id": 2}]), **SIZE)
        .records[:1]
        .itertuples()
    )
    assert (found.target, found.output, found.score) == ("reef", "a reef", 1)
