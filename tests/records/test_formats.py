"""HELM's, lighteval's and Every Eval Ever's files, in the shapes that the programs write, and mutated ones.

The files below tests/files/fuzz are invented; their shape is that of crfm-helm 0.5.16, lighteval 0.13.0, and of
Every Eval Ever's schema 0.3.0.
"""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirage_utils import records as rec
from mirage_utils.records import EvalFileError, read
from mirage_utils.records.gathering import gather

FILES = ROOT / "tests" / "files" / "fuzz"
HELM = FILES / "helm" / "tides-basin=north,model=acme_owl-1b"
LIGHTEVAL = FILES / "lighteval"
RESULTS = "results/acme/owl-1b/results_2025-11-01T10-00-00.000001.json"
EEE = FILES / "every_eval_ever" / "0b5e.json"
INSTANCES = FILES / "every_eval_ever" / "0b5e_samples.jsonl"


def load(path):
    return json.loads(path.read_text())


def put(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(value, list) and path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in value))
    else:
        path.write_text(json.dumps(value))
    return path


def rows(table, *columns):
    """Some columns of a table, row by row."""
    return list(table[list(columns)].astype(object).itertuples(index=False, name=None))


# -- lighteval ------------------------------------------------------------------------------------


def choice(item, gold, logprobs, acc):
    return {
        "doc": {
            "choices": [" reef", " bowline", " hitch"], "gold_index": gold, "id": item, "instruction": None,
            "query": "Which knot?", "sampling_methods": ["LOGPROBS"], "specific": None,
            "task_name": "knots:reef|5",
        },
        "metric": {"acc": acc},
        "model_response": {
            "argmax_logits_eq_gold": [False] * 3, "input_tokens": [1, 2], "logits": None,
            "logprobs": logprobs, "text": [], "text_post_processed": [],
        },
    }  # fmt: skip


def answer(item, golds, texts, em):
    return {
        "doc": {
            "choices": golds, "gold_index": list(range(len(golds))), "id": item, "query": "When?",
            "sampling_methods": ["GENERATIVE"], "task_name": "tides|0",
        },
        "metric": {"em": em, "samples": [1.0, 2.0]},
        "model_response": {"logprobs": [], "text": [f"<think>{t}" for t in texts], "text_post_processed": texts},
    }  # fmt: skip


def old_detail(predictions, gold, metrics, choices=(" a", " b")):
    return {
        "example": "Q", "full_prompt": "Q", "instruction": "", "predictions": predictions,
        "choices": list(choices), "gold_index": [gold], "metrics": metrics, "specifics": None,
    }  # fmt: skip


CHOICES = [
    choice("7", 0, [-0.5, -1.0, -2.0], 1),
    choice("8", 1, [-0.5, -1.0, -2.0], 0),
    choice("9", 2, [-3.0, -1.0, -0.25], 1),
    choice("10", 2, [-3.0, -1.0, -1.5], 0),
]


def put_details(root, table, task, stamp="2025-11-01T10-00-00.000001"):
    path = root / f"details/acme/owl-1b/{stamp}/details_{task}_{stamp}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(table), path)
    return path


def test_lighteval_results():
    found = read(LIGHTEVAL / RESULTS, params={"acme/owl-1b": 1e9})
    assert found.format == "lighteval results"
    assert found.time == "2025-11-01T10-00-00.000001"
    assert set(found.scores["model"]) == {"acme/owl-1b@step2000"}
    assert set(found.scores["params"]) == {1e9}
    assert rows(found.scores, "task", "shots", "metric", "direction", "score", "n", "stderr") == [
        ("knots:reef", 5, "acc", "higher", 0.5, 4, 0.25),
        ("knots:bowline", 5, "acc", "higher", 0.25, 4, 0.2165),
        ("tides", 0, "em", "higher", 0.5, 2, 0.5),
        ("tides", 0, "wer_of_tides", "lower", 0.7, 2, 0.1),
    ]
    assert any("averages over tasks left out: knots:_average|5, all" in n for n in found.notes)
    assert any("knots:bowline|5 odd is no number (nan)" in n for n in found.notes)


@pytest.mark.parametrize(
    ("key", "task", "setting", "shots"),
    [
        ("leaderboard|arc:challenge|25", "arc:challenge", "leaderboard", 25),
        ("lighteval|knots|3|0", "knots", "lighteval", 3),
        (
            "lighteval|knots|3|1",
            "knots",
            "lighteval, shots left out where the prompt is too long",
            3,
        ),
        ("knots@k=1@n=4|2", "knots", "k=1, n=4", 2),
        ("knots", "knots", "", np.nan),
    ],
)
def test_lighteval_tasks_say_their_condition(tmp_path, key, task, setting, shots):
    document = load(LIGHTEVAL / RESULTS) | {"results": {key: {"acc": 0.5}, "all": {"acc": 0.5}}}
    (row,) = read(put(tmp_path / "r.json", document)).scores.itertuples()
    assert (row.task, row.setting) == (task, setting)
    assert row.shots == shots or (np.isnan(row.shots) and np.isnan(shots))


@pytest.mark.parametrize(
    ("config", "model"),
    [
        ({"model_name": "acme/owl-1b", "revision": "main"}, "acme/owl-1b"),
        ({"model_name": "acme/owl-1b", "dtype": "4bit"}, "acme/owl-1b (load_in_4bit=True)"),
        ({"model_name": "me/tuned", "base_model": "acme/owl-1b", "adapter_weights": True}, "acme/owl-1b + me/tuned"),
    ],
)  # fmt: skip
def test_lighteval_networks_have_their_names(tmp_path, config, model):
    document = load(LIGHTEVAL / RESULTS)
    document["config_general"] |= {"model_config": config, "model_name": config["model_name"]}
    assert set(read(put(tmp_path / "r.json", document)).scores["model"]) == {model}


def test_lighteval_details_take_their_model_from_the_results_beside_them(tmp_path):
    shutil.copytree(LIGHTEVAL / "results", tmp_path / "out" / "results")
    found = read(put_details(tmp_path / "out", CHOICES, "knots:reef|5"))
    assert found.format == "lighteval details"
    assert set(found.records["model"]) == {"acme/owl-1b@step2000"}
    assert set(found.records["run"]) == {str(tmp_path / "out" / RESULTS)}
    assert rows(
        found.records, "task", "shots", "item", "target", "output", "logprobs_of", "score"
    ) == [
        ("knots:reef", 5, "7", "0", "0", "choices", 1),
        ("knots:reef", 5, "8", "1", "0", "choices", 0),
        ("knots:reef", 5, "9", "2", "2", "choices", 1),
        ("knots:reef", 5, "10", "2", "1", "choices", 0),
    ]
    assert list(found.records["logprobs"].iloc[2]) == [-3.0, -1.0, -0.25]


def test_lighteval_results_and_details_of_one_run_count_once(tmp_path):
    shutil.copytree(LIGHTEVAL / "results", tmp_path / "out" / "results")
    put_details(tmp_path / "out", CHOICES, "knots:reef|5")
    scores = gather(tmp_path / "out", params={"acme/owl-1b": 1e9}).scores
    (row,) = scores[(scores["task"] == "knots:reef") & (scores["graded"] == "file")].itertuples()
    assert (row.score, row.n) == (0.5, 4)
    assert row.deviation == pytest.approx(np.std([1, 0, 1, 0], ddof=1))


def test_lighteval_answers_are_kept_where_it_is_certain_what_they_are(tmp_path):
    table = [
        answer("1", ["noon"], ["at dusk"], 0),
        answer("2", ["noon", "midday"], ["midday"], 1),
        answer("3", ["dawn"], ["dawn", "dusk"], 1),
        answer("3", ["dawn"], ["dawn"], 1),
    ]
    found = read(put_details(tmp_path, table, "tides|0"))
    assert set(found.records["model"]) == {"acme/owl-1b"}
    texts = found.records[["target", "output"]].astype(object)
    assert texts.where(texts.notna(), None).to_numpy().tolist() == [
        ["noon", "at dusk"], [None, "midday"], ["dawn", None], ["dawn", "dawn"],
    ]  # fmt: skip
    assert found.records["epoch"].tolist() == [1, 1, 1, 2]
    assert set(found.records["metric"]) == {"em"}
    assert any("samples is no number 4 times" in note for note in found.notes)
    assert any("several times" in note for note in found.notes)


def test_lighteval_details_before_0_11(tmp_path):
    table = [
        old_detail("[[-0.5, True], [-2.0, False]]", 0, {"acc": 1.0}),
        old_detail("[[-0.5, True], [-2.0, False]]", 1, {"acc": 0.0}),
        old_detail("['b']", 0, {"acc": 1.0}, (" b",)),
        old_detail("[-0.5, -0.25]", 1, {"acc": 1.0}),
    ]
    found = read(put_details(tmp_path, table, "leaderboard|knots|3"))
    assert rows(found.records, "task", "setting", "shots", "item", "score") == [
        ("knots", "leaderboard", 3, "0", 1), ("knots", "leaderboard", 3, "1", 0), ("knots", "leaderboard", 3, "2", 1),
        ("knots", "leaderboard", 3, "3", 1),
    ]  # fmt: skip
    assert found.records["target"].tolist() == ["0", "1", " b", "1"]
    assert found.records["output"].tolist() == ["0", "0", "b", "1"]


def test_lighteval_details_come_in_batches(tmp_path):
    path = put_details(tmp_path, CHOICES, "knots:reef|5")
    parts = [p.records for p in rec.stream(path, batch=3)]
    assert [len(p) for p in parts] == [3, 1]
    whole = read(path).records
    assert pd.concat(parts)["item"].tolist() == whole["item"].tolist()


# -- HELM -----------------------------------------------------------------------------------------

SIZE = {"params": {"acme/owl-1b": 1e9}}


def test_helm_scores():
    found = read(HELM / "stats.json", **SIZE)
    assert found.format == "HELM scores"
    columns = ("model", "task", "setting", "shots", "metric", "direction", "score", "n")
    plain = "basin=north, depth=3"
    assert rows(found.scores, *columns) == [
        ("acme/owl-1b", "tides", plain, 5, "exact_match", "higher", 1 / 3, 3),
        ("acme/owl-1b", "tides", plain, 5, "f1_score", "higher", pytest.approx(5 / 9), 3),
        ("acme/owl-1b", "tides", f"{plain}, split=valid", 5, "exact_match", "higher", 0, 1),
        ("acme/owl-1b", "tides", f"{plain}, split=valid", 5, "f1_score", "higher", 0, 1),
    ]
    assert any("left out: 7 names (num_references," in note for note in found.notes)
    assert any("4 copies" in note for note in found.notes)


def test_helm_records():
    found = read(HELM / "per_instance_stats.json", **SIZE)
    here = found.records[found.records["metric"] == "exact_match"]
    assert rows(here, "item", "setting", "target", "output", "score") == [
        ("id1", "basin=north, depth=3", "noon", "noon", 1),
        ("id2", "basin=north, depth=3", "at dusk", "dawn", 0),
        ("id3", "basin=north, depth=3", "half past two", "half past ten", 0),
        ("id4", "basin=north, depth=3, split=valid", "noon", "midnight", 0),
    ]


def test_a_helm_run_counts_once():
    found = gather(HELM, **SIZE)
    assert not found.refused
    plain = found.scores[found.scores["setting"] == "basin=north, depth=3"]
    own = plain[plain["graded"] == "file"].set_index("metric")
    assert own["score"].to_dict() == pytest.approx({"exact_match": 1 / 3, "f1_score": 5 / 9})
    assert own["n"].tolist() == [3, 3]


@pytest.mark.parametrize("name", ["run_spec.json", "scenario.json", "scenario_state.json"])
def test_other_files_of_a_helm_run_are_parts_of_it(name):
    found = read(HELM / name)
    assert found.rows == 0
    assert found.format == "part of a HELM run"
    assert not found.notes


def test_a_part_of_a_helm_run_alone_says_what_is_missing(tmp_path):
    found = read(put(tmp_path / "spec.json", load(HELM / "run_spec.json")))
    assert found.rows == 0
    assert any("scores stand in stats.json" in note for note in found.notes)


def test_statistics_of_helm_alone_say_what_is_missing(tmp_path):
    path = put(tmp_path / "stats.json", load(HELM / "stats.json"))
    with pytest.raises(EvalFileError, match=r"run_spec.json.*--model NAME --task NAME"):
        read(path)
    found = read(path, model="acme/owl-1b", task="tides")
    assert rows(found.scores, "model", "task", "metric")[0] == (
        "acme/owl-1b",
        "tides",
        "exact_match",
    )


def helm_copy(tmp_path, **changes):
    folder = tmp_path / "run"
    shutil.copytree(HELM, folder)
    for name, change in changes.items():
        path = folder / f"{name}.json"
        document = load(path)
        change(document)
        put(path, document)
    return folder


def test_helm_trials_are_runs(tmp_path):
    def again(entries):
        second = json.loads(json.dumps(entries))
        for entry in second:
            entry["train_trial_index"] = 1
            for stat in entry["stats"]:
                if stat["name"]["name"] == "exact_match":
                    stat["mean"] = 1
        entries += second

    def two(spec):
        spec["adapter_spec"]["num_train_trials"] = 2

    folder = helm_copy(tmp_path, per_instance_stats=again, run_spec=two)
    found = read(folder / "per_instance_stats.json", **SIZE)
    means = found.records[found.records["metric"] == "exact_match"].groupby(["setting", "run"])
    assert means["score"].mean().tolist() == [pytest.approx(1 / 3), 1, 0, 1]
    found = read(folder / "stats.json", **SIZE)
    assert found.scores.empty
    assert any("means over 2 trials" in note for note in found.notes)


def test_helm_perturbations_are_settings(tmp_path):
    typos = {
        "name": "typos",
        "robustness": True,
        "fairness": False,
        "computed_on": "perturbed",
        "prob": 0.1,
    }

    def perturbed(spec):
        spec["data_augmenter_spec"]["perturbation_specs"] = [{"class_name": "Typos"}]

    def more(stats):
        stats.append({"name": {"name": "exact_match", "split": "test", "perturbation": typos}, "count": 1, "mean": 0.25})  # fmt: skip

    def entry(entries):
        name = {"name": "exact_match", "split": "test", "perturbation": typos}
        entries.append({"instance_id": "id1", "train_trial_index": 0, "perturbation": typos, "stats": [{"name": name, "count": 1, "mean": 0}]})  # fmt: skip

    folder = helm_copy(tmp_path, run_spec=perturbed, stats=more, per_instance_stats=entry)
    scores = read(folder / "stats.json", **SIZE).scores
    (row,) = scores[scores["score"] == 0.25].itertuples()
    assert row.setting == "basin=north, depth=3, perturbation=typos prob=0.1"
    worst = [s for s in scores["setting"] if "robustness worst" in s]
    assert len(worst) == 2
    records = read(folder / "per_instance_stats.json", **SIZE).records
    (other,) = records[records["setting"] == row.setting].itertuples()
    assert (other.item, other.score, other.epoch) == ("id1", 0, 1)


def test_helm_without_a_test_split(tmp_path):
    def only_valid(stats):
        stats[:] = [s for s in stats if s["name"]["split"] == "valid"]

    found = read(helm_copy(tmp_path, stats=only_valid) / "stats.json", **SIZE)
    assert set(found.scores["setting"]) == {"basin=north, depth=3"}
    assert any("no instances of the split 'test'" in note for note in found.notes)


# -- Every Eval Ever ------------------------------------------------------------------------------


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


def instance_rows():
    return [json.loads(line) for line in INSTANCES.read_text().splitlines()]


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


# -- anything in any place ------------------------------------------------------------------------

FUZZ = settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


def places(value, here=()):
    """Every place in a JSON value."""
    yield here
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()  # fmt: skip
    for key, item in inside:
        yield from places(item, (*here, key))


def mutated(data, document):
    """A document with any value in any of its places."""
    *way, last = data.draw(st.sampled_from([p for p in places(document) if p]))
    inside = document
    for key in way:
        inside = inside[key]
    inside[last] = data.draw(json_values)
    return document


def accepted_or_refused(path):
    """A file is read or refused by name; nothing else."""
    try:
        found, refused = read(path), ""
    except EvalFileError as error:
        found, refused = None, str(error)
    if found is None:
        assert refused.startswith(str(path.parent))
        return None
    assert tuple(found.scores.columns[: len(rec.SCORES)]) == rec.SCORES
    assert np.isfinite(found.scores["score"].astype(float)).all()
    assert np.isfinite(found.records["score"].astype(float)[found.records["metric"] != ""]).all()
    return found


@FUZZ
@given(data=st.data())
def test_lighteval_results_with_any_value_in_any_place(tmp_path, data):
    document = mutated(data, load(LIGHTEVAL / RESULTS))
    found = accepted_or_refused(put(tmp_path / "mutant.json", document))
    if found is not None and found.format == "lighteval results":
        values = {
            (key, metric)
            for key, entries in document["results"].items()
            for metric in entries
            if key != "all" and ":_average" not in key and not metric.endswith("_stderr")
        }
        noted = sum("is no number" in note for note in found.notes)
        assert len(found.scores) + noted >= len(values)


@FUZZ
@given(data=st.data())
def test_lighteval_details_with_any_value_in_any_place(tmp_path, data):
    table = json.loads(json.dumps([*CHOICES[:1], answer("2", ["noon"], ["noon"], 1)]))
    row = mutated(data, data.draw(st.sampled_from(table)))
    try:
        path = put_details(tmp_path, [row], "knots:reef|5")
    except (pa.ArrowException, ValueError, OverflowError):
        return  # no such table can be written
    found = accepted_or_refused(path)
    assert found is None or len(set(found.records["item"])) == 1


@FUZZ
@given(
    data=st.data(),
    name=st.sampled_from(["run_spec", "stats", "per_instance_stats", "scenario_state"]),
)
def test_helm_with_any_value_in_any_place(tmp_path, data, name):
    folder = tmp_path / "run"
    shutil.copytree(HELM, folder, dirs_exist_ok=True)
    document = mutated(data, load(HELM / f"{name}.json"))
    put(folder / f"{name}.json", document)
    for path in (
        folder / "stats.json",
        folder / "per_instance_stats.json",
        folder / f"{name}.json",
    ):
        found = accepted_or_refused(path)
        if found is not None and found.format == "HELM records":
            assert found.records["item"].nunique() == 4 or name == "per_instance_stats"


@FUZZ
@given(data=st.data())
def test_every_eval_ever_results_with_any_value_in_any_place(tmp_path, data):
    document = mutated(data, load(EEE))
    found = accepted_or_refused(put(tmp_path / "mutant.json", document))
    if found is not None and found.format == "Every Eval Ever results":
        noted = sum("is no number" in n or "'unknown'" in n for n in found.notes)
        assert len(found.scores) + noted == len(document["evaluation_results"])


@FUZZ
@given(data=st.data(), beside=st.booleans())
def test_every_eval_ever_instances_with_any_value_in_any_place(tmp_path, data, beside):
    table = instance_rows()[:3]
    mutated(data, table[2])
    if beside:
        put(tmp_path / "mutant.json", mutated(data, load(EEE)))
    else:
        (tmp_path / "mutant.json").unlink(missing_ok=True)
    found = accepted_or_refused(put(tmp_path / "mutant_samples.jsonl", table))
    if found is not None and found.format == "Every Eval Ever instances":
        assert found.records.drop_duplicates(["item", "epoch"]).shape[0] == 3
