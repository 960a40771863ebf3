"""Chapter 12 ("Smooth is not yet predictable"): its numbers against independent computations."""

from __future__ import annotations

import csv
from importlib import resources

import numpy as np
import pandas as pd
import pytest
from chapter_runs import followed
from conftest import evaluation_data, needs_evaluation_data

NAME = "12_prediction"
CHANGED = {"LEVEL": 0.9, "CUT": 1.5e23}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["ladder_inside"] <= before["ladder_inside"]  # a lower level covers less
    assert after["ladder_best"] == before["ladder_best"]
    assert after["wu_ratio"] != before["wu_ratio"]


def ladder():
    runs = []
    for path in (evaluation_data() / "olmo_ladder" / "peteish-moreeval").glob("*xC.csv.gz"):
        last = pd.read_csv(path).sort_values("_step").iloc[-1]
        runs.append(
            {
                "name": path.name.split("-")[0],
                "flops": last["throughput/total_training_Gflops"] * 1e9,
                "run": last,
            }
        )
    return pd.DataFrame(runs).sort_values("flops", ignore_index=True)


@needs_evaluation_data
def test_the_ladder_s_forecasts_by_straight_lines(chapter_run):
    """Bits per byte is easier than accuracy also for forecasts this test makes by itself."""
    glued = chapter_run(NAME).glued
    runs = ladder()
    hidden = (runs["name"] == "3B").to_numpy()
    assert (len(runs), hidden.sum()) == (25, 5)
    x = np.log(runs["flops"].to_numpy())
    tasks = [
        c.removeprefix("eval/downstream_bpb/").removesuffix("_rc_5shot_bpb")
        for c in runs["run"][0].index
        if "downstream_bpb" in c
    ]
    wins = 0
    for task in tasks:
        error = {}
        for metric, column in (
            ("acc", f"eval/downstream/{task}_rc_5shot_len_norm"),
            ("bpb", f"eval/downstream_bpb/{task}_rc_5shot_bpb"),
        ):
            if column not in runs["run"][0].index:
                column = f"eval/downstream/{task}_rc_5shot_acc"
            y = np.array([r[column] for r in runs["run"]])
            degree = 1 if metric == "acc" else 2
            fit = np.polyfit(
                x[~hidden], np.log(y[~hidden]) if metric == "bpb" else y[~hidden], degree
            )
            guess = np.polyval(fit, x[hidden])
            error[metric] = np.abs(
                (np.exp(guess) if metric == "bpb" else guess) - y[hidden]
            ).mean() / np.ptp(y)
        wins += error["bpb"] < error["acc"]
    assert len(tasks) == glued["bpb_tasks"] == 20
    assert wins >= 15
    assert glued["bpb_wins"] >= 15


def test_gpt3_s_largest_are_missed_by_any_simple_forecast(chapter_run):
    """The error of no change is the rise itself: from the published table alone."""

    text = (resources.files("mirage_utils.tables") / "data" / "gpt3_arithmetic.csv").read_text()
    curves = {}
    for row in csv.DictReader(text.splitlines()):
        curves.setdefault((row["task"], row["setting"]), []).append(
            (int(row["params"]), float(row["score"]))
        )
    missed = []
    for points in curves.values():
        y = np.array([s for _, s in sorted(points)])
        missed.append(np.abs(y[6:] - y[5]).mean() / np.ptp(y))
    assert np.median(missed) == pytest.approx(chapter_run(NAME).glued["sums_best"], abs=0.15)
