"""Chapter 11 ("From grade to Brier"): its numbers against independent computations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from chapter_runs import followed
from conftest import evaluation_data, needs_evaluation_data
from independent import quoted
from scipy import stats

NAME = "11_grade_to_brier"
CHANGED = {"SEED": 12, "LEVEL": 0.9}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["above_quarter"] >= before["above_quarter"]
    assert (after["boot_low"], after["boot_high"]) != (before["boot_low"], before["boot_high"])
    assert after["mmlu_acc"] == before["mmlu_acc"]


def turning_point(x, y):
    """Flat then rising, by another route: a fine scan, closed-form regression on the hinge."""
    best = (np.inf, 0)
    for turn in np.arange(x.min() + 0.3, x.max() - 0.3, 0.002):
        found = stats.linregress(np.maximum(x - turn, 0), y)
        lost = ((y - found.intercept - found.slope * np.maximum(x - turn, 0)) ** 2).sum()
        best = min(best, (lost, turn))
    return best[1], best[0]


@needs_evaluation_data
@pytest.mark.parametrize(("task", "name"), [("mmlu", "mmlu"), ("parsinlu_qa_mc", "persian")])
def test_turning_points(chapter_run, task, name):
    glued = chapter_run(NAME).glued
    (path,) = (evaluation_data() / "exp_emergence" / task).glob(f"{task}_instance_brier_*.csv")
    raw = pd.read_csv(path).dropna(subset=["acc", "brier", "FLOPs (1E21)"]).drop_duplicates("Model")
    x = np.log10(raw["FLOPs (1E21)"].to_numpy()) + 21
    for metric in ("acc", "brier"):
        y = raw[metric].to_numpy()
        turn, lost = turning_point(x, y)
        assert glued[f"{name}_{metric}"] == pytest.approx(turn, abs=0.04)  # the chapter's grid
        parabola = np.linalg.lstsq(np.vander(x, 3), y, rcond=None)[1][0]
        evidence = len(x) * np.log(parabola / lost)  # as many parameters: the penalties cancel
        key = (
            "mmlu_evidence" if (name, metric) == ("mmlu", "brier") else f"{name}_evidence_{metric}"
        )
        assert glued[key] == pytest.approx(evidence, abs=0.3)
    if name == "persian":
        assert glued["n_worse"] == int((raw["brier"] > 9 / 16).sum())
        assert glued["gap_low"] < 0 < glued["gap_high"]
        order = raw["acc"].to_numpy()[np.argsort(x, kind="stable")]
        jump = min(
            sum(((half - half.mean()) ** 2).sum() for half in (order[:i], order[i:]))
            for i in range(1, len(order))
        )
        assert glued["jump_leads"] == pytest.approx(
            len(x) * np.log(turning_point(x, raw["acc"].to_numpy())[1] / jump), abs=0.3
        )
    if name == "mmlu":
        assert glued["n_models"] == len(raw)


@needs_evaluation_data
def test_pythia_on_mmlu_is_quoted_right(chapter_run):
    (table,) = quoted(chapter_run(NAME), "PYTHIA")
    raw = pd.read_csv(evaluation_data() / "ttt_lm_eval" / "base_models_long.csv.gz")
    raw = raw[(raw["benchmark"] == "mmlu") & (raw["task"] == "mmlu")].set_index(
        ["model", "metric"]
    )["value"]
    for size, (accuracy, brier) in table.items():
        assert raw[f"pythia-{size}", "acc,none"] == pytest.approx(accuracy, abs=5e-5)
        assert raw[f"pythia-{size}", "brier_score,none"] == pytest.approx(brier, abs=5e-5)
