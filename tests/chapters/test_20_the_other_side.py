"""Chapter 20 ("The other side"): its numbers against independent computations."""

from __future__ import annotations

import collections
import math

import numpy as np
import pytest
import statsmodels.api as sm
from chapter_runs import followed
from independent import codes, rows_of

NAME = "20_the_other_side"
CHANGED = {"SEED": 7, "SMALL": 21.75, "STRONG": 6}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["n_threshold"] >= before["n_threshold"]  # weaker evidence is enough
    assert after["loss_beats_size"] == before["loss_beats_size"]
    assert after["cancelled_mmlu"] != before["cancelled_mmlu"]


def bic(x, y, columns):
    """The least BIC over one nonlinear parameter, whose values the columns are for."""
    best, parameters = math.inf, 2 + (len(columns) > 1)
    for column in columns:
        fit = sm.OLS(y, np.column_stack([np.ones(len(y)), column])).fit()
        best = min(best, len(y) * math.log(fit.ssr / len(y)) + parameters * math.log(len(y)))
    return best


def test_chapter_20_numbers(chapter_run):
    g = chapter_run(NAME).glued
    openlm = rows_of("openlm_scaling")
    loss = {r["model"]: float(r["score"]) for r in openlm if r["task"] == "C4"}
    assert g["n_models"] == len(loss) == 69
    wins = tasks = 0
    for task in sorted({r["task"] for r in openlm if r["metric"] == "accuracy"}):
        part = [r for r in openlm if r["task"] == task]
        y, n, chance = (
            np.array([float(r["score"]) for r in part]),
            int(part[0]["n"]),
            float(part[0]["chance"]),
        )
        if y.max() < chance + 4 * math.sqrt(max(chance * (1 - chance), 0.01) / n):
            continue
        tasks += 1
        errors = []
        for x in (
            np.array([loss[r["model"]] for r in part]),
            np.log([float(r["params"]) for r in part]),
        ):
            left = [
                np.polyval(np.polyfit(np.delete(x, i), np.delete(y, i), 3), x[i]) - y[i]
                for i in range(len(y))
            ]
            errors.append(np.mean(np.square(left)))
        wins += errors[0] < errors[1]
    assert (g["n_tasks"], g["loss_beats_size"]) == (tasks, wins)
    # what is straight in the loss on OLMo's ladder
    ladder_loss = {
        r["model"]: float(r["score"]) for r in rows_of("olmo_losses") if r["task"] == "c4_en"
    }
    ladder = rows_of("olmo_ladder")
    bent = collections.Counter()
    for metric in ("bits_per_byte", "probability"):
        for task in {r["task"] for r in ladder}:
            part = [r for r in ladder if (r["task"], r["metric"]) == (task, metric)]
            x, y = (
                np.array(v)
                for v in zip(
                    *((ladder_loss[r["model"]], float(r["score"])) for r in part), strict=True
                )
            )
            turns = [np.maximum(t - x, 0) for t in np.quantile(x, np.linspace(0.05, 0.95, 60))]
            bends = [np.exp(-b * (x - x.min())) for b in np.geomspace(0.05, 20, 60)]
            bent[metric] += bic(x, y, [x]) - 10 > min(bic(x, y, turns), bic(x, y, bends))
    assert (g["curved_bits"], g["curved_probability"]) == (
        bent["bits_per_byte"],
        bent["probability"],
    )
    # the groups of MMLU
    levels, slopes = [], []
    for k in range(1, 11):
        part = [
            (math.log10(float(r["train_flops"])), float(r["score"]))
            for r in rows_of("exp_emergence")
            if (r["task"], r["metric"], r["setting"])
            == ("mmlu", "target_brier", f"difficulty {k} of 10")
            and r["train_flops"]
            and float(r["train_flops"]) < 1e22
        ]
        x, y = map(np.array, zip(*part, strict=True))
        levels.append(y.mean())
        slopes.append(-np.polyfit(x, y, 1)[0])
    tilt, start = np.polyfit(levels, slopes, 1)
    assert g["still_at"] == pytest.approx(-start / tilt)
    assert g["cancelled_mmlu"] == pytest.approx(1 - abs(np.mean(slopes)) / np.mean(np.abs(slopes)))
    # many attempts
    found = codes("recall")[g["pass_size"]]
    q = np.concatenate([np.exp(lp.sum(axis=1)) for lp, _ in found.values()])
    failed = [np.mean([(1 - p) ** k for p in q]) for k in (1, 32, 1_024, 32_768, 1_048_576)]
    assert g["still_failed"] == pytest.approx(failed[-1], rel=1e-6)
    slope = np.polyfit(np.log([1, 32, 1_024, 32_768, 1_048_576]), np.log(failed), 1)[0]
    assert g["pass_exponent"] == pytest.approx(-slope, abs=0.02)
    # acceleration at full resolution, on the floor
    sizes = sorted(codes("recall"))
    p = [
        np.mean([np.exp(lp.sum(axis=1)).mean() for lp, _ in codes("recall")[n].values()])
        for n in sizes
    ]
    assert g["floor_last"] == max(n for n, share in zip(sizes, p, strict=True) if share < 0.05)
