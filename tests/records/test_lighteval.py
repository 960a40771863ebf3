"""lighteval's files in the shapes that lighteval 0.13.0 writes."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from made_files import CHOICES, LIGHTEVAL, RESULTS, answer, load, put, put_details, rows

from mirage_utils import records as rec
from mirage_utils.records import read
from mirage_utils.records.gathering import gather


def old_detail(predictions, gold, metrics, choices=(" a", " b")):
    return {
        "example": "Q", "full_prompt": "Q", "instruction": "", "predictions": predictions,
        "choices": list(choices), "gold_index": [gold], "metrics": metrics, "specifics": None,
    }  # fmt: skip


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
