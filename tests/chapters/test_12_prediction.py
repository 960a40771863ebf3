"""Chapter 12 ("Smooth is not yet predictable"): its numbers against independent computations."""

from __future__ import annotations

import csv
import io
from importlib import resources

import numpy as np
import pandas as pd
import pytest
from chapter_runs import followed
from conftest import evaluation_data, needs_evaluation_data

NAME = "12_prediction"
CHANGED = {"LEVEL": 0.9, "CUT": 1.5e23}
CUT_OF_THE_CHAPTER = 1e23


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


def power_law(x, y, new):
    """``a + b exp(-c x)`` by least squares over a grid of exponents."""
    u, at = (x - x.mean()) / np.ptp(x), (new - x.mean()) / np.ptp(x)
    best = (np.inf, None)
    for c in np.linspace(0.01, 3, 300):
        design = np.c_[np.ones_like(u), np.exp(-c * u)]
        theta, *_ = np.linalg.lstsq(design, y)
        left = ((design @ theta - y) ** 2).sum()
        if left < best[0]:
            best = (left, np.c_[np.ones_like(at), np.exp(-c * at)] @ theta)
    return best[1]


@needs_evaluation_data
def test_bits_per_byte_wins_by_power_laws_of_this_test(chapter_run):
    """By laws that this test fits by itself, from the raw files, with benchmarks counted once."""
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
    rows = []
    for task in tasks:
        for metric, column in (
            ("accuracy", f"eval/downstream/{task}_rc_5shot_len_norm"),
            ("bits", f"eval/downstream_bpb/{task}_rc_5shot_bpb"),
        ):
            if column not in runs["run"][0].index:
                column = f"eval/downstream/{task}_rc_5shot_acc"
            y = np.array([r[column] for r in runs["run"]])
            miss = np.abs(power_law(x[~hidden], y[~hidden], x[hidden]) - y[hidden]).mean()
            naive = np.abs(y[~hidden][-1] - y[hidden]).mean()
            benchmark = task.removesuffix("_val").removesuffix("_test")
            rows.append((benchmark, metric, miss / naive, miss / np.ptp(y)))
    found = pd.DataFrame(rows, columns=["benchmark", "metric", "change", "range"])
    wide = found.groupby(["benchmark", "metric"]).mean().unstack()
    assert len(tasks) == 20
    assert len(wide) == glued["n_ladder"] == 13
    for unit in ("change", "range"):
        wins = int((wide[unit]["bits"] < wide[unit]["accuracy"]).sum())
        assert glued["power_least"] - 1 <= wins <= glued["power_most"] + 1


def test_no_line_helps_on_gpt3_s_arithmetic(chapter_run):
    text = (resources.files("mirage_utils.tables") / "data" / "gpt3_arithmetic.csv").read_text()
    table = pd.read_csv(io.StringIO(text)).sort_values("params")
    glued, ratios = chapter_run(NAME).glued, []
    for (task, _), part in table.groupby(["task", "setting"]):
        x, y = np.log(part["params"].to_numpy(float)), part["score"].to_numpy()
        if np.ptp(y) == 0:
            continue
        right = (y * part["n"].to_numpy())[:6].round().sum()
        line = np.clip(np.polyval(np.polyfit(x[:6], y[:6], 1), x[6:]), 0, 1)
        ratios.append((task, np.abs(line - y[6:]).mean() / np.abs(y[5] - y[6:]).mean(), right))
    ratios = pd.DataFrame(ratios, columns=["task", "ratio", "right"])
    seen = ratios[ratios["right"] >= 10]
    assert len(ratios) - len(seen) == glued["n_aside"] == 12
    for frame, name, tasks in ((ratios, "n_all", 10), (seen, "n_seen", 6)):
        typical = frame.groupby("task")["ratio"].median()
        assert len(typical) == glued[name] == tasks
        assert typical.median() == pytest.approx(1, abs=0.05)
    assert typical.median() == pytest.approx(glued["sums_low"], abs=0.01)  # line and power law
    assert 0.75 < glued["sums_broken"] <= 1.05


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
        if (y[:6] * 2000).round().sum() >= 10:
            missed.append(np.abs(y[6:] - y[5]).mean() / np.ptp(y))
    assert len(missed) == 18
    assert np.median(missed) == pytest.approx(chapter_run(NAME).glued["sums_best"], abs=0.15)


def test_sharpness_and_error_of_pythia_and_opt(chapter_run):
    """Both measures of sharpness by other routes, against the errors of the library's forecasts."""
    from scipy import stats

    from mirage_utils.evidence.held_out import YARDSTICKS, forecast_all, published

    g = chapter_run(NAME).glued
    curves = {
        (c.task, c.metric): c
        for c in published(cut=CUT_OF_THE_CHAPTER, largest=2)
        if c.source == "Pythia and OPT" and np.ptp(c.score) > 0
    }
    errors = forecast_all(list(curves.values()))
    least = errors[errors["law"] != "last"].groupby(["task", "metric"])[list(YARDSTICKS)].min()
    rise, excess, width = {}, {}, {}
    for key in least.index:
        y, u = np.asarray(curves[key].score), np.log10(curves[key].scale)
        rise[key] = y[-1] - y[0]
        # the emergence score without its sign, over that of a straight line
        typical = np.sqrt(np.median(np.diff(y) ** 2))
        excess[key] = np.ptp(y) / typical / (len(y) - 1)
        made = np.maximum.accumulate(y)
        made = (made - made[0]) / (made[-1] - made[0]) if made[-1] > made[0] else made * np.nan
        ends = []
        for level in (0.1, 0.9):
            i = int(np.argmax(made >= level))
            ends.append(
                u[i - 1] + (level - made[i - 1]) / (made[i] - made[i - 1]) * (u[i] - u[i - 1])
            )
        width[key] = ends[1] - ends[0]
    keys = list(least.index)
    assert len(keys) == g["n_harness"]
    up = [k for k in keys if rise[k] >= 0.1]
    assert len(up) == g["n_rising"]

    def ranks(value, among):
        return [
            stats.spearmanr([value[k] for k in among], least.loc[among, c], nan_policy="omit")[0]
            for c in YARDSTICKS
        ]

    for value, among, low, high in (
        (excess, keys, "harness_rank_low", "harness_rank_high"),
        (excess, up, "rising_low", "rising_high"),
        (width, keys, "width_low", "width_high"),
        (width, up, "rising_wide_low", "rising_wide_high"),
    ):
        found = ranks(value, among)
        assert (g[low], g[high]) == pytest.approx((min(found), max(found)), abs=1e-9)
