"""HELM's files in the shapes that crfm-helm 0.5.16 writes."""

from __future__ import annotations

import json
import shutil

import pytest
from made_files import HELM, SIZE, load, put, rows

from mirage_utils.records import EvalFileError, read
from mirage_utils.records.gathering import gather


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
