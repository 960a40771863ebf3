"""Chapter 17 ("K digits in a row"): its numbers against independent computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from chapter_runs import followed
from independent import outputs
from scipy import special, stats

NAME = "17_digits"
CHANGED = {"K": 4, "SEED": 7}


def half_way(sizes, curve):
    """Where a curve has made half of its rise, log10 of the size."""
    rising = np.maximum.accumulate(curve)
    return np.interp((rising[0] + rising[-1]) / 2, rising, np.log10(sizes))


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["moved_last_power"] == pytest.approx(before["moved_last_power"] ** 0.8, rel=0.1)
    assert after["k_groups"] == 500
    assert after["acc_last"] == before["acc_last"]


def test_chapter_17_numbers(chapter_run):
    g = chapter_run(NAME).glued
    rows = outputs("lenets_mnist")
    rows["right"] = rows["target"] == rows["output"]
    still = rows[rows["view"] == 0]
    sizes = sorted(still["params"].unique())
    by = still.groupby(["params", "seed"])["right"].mean()
    assert g["acc_first"] == pytest.approx(by[sizes[0]].mean())
    assert g["acc_last"] == pytest.approx(by[sizes[-1]].mean())
    assert g["loss_last"] == pytest.approx(
        -still[still["params"] == sizes[-1]]["logprob"].astype(float).mean()
    )
    # all groups of five of one class, by counting them: C(right, 5) / C(all, 5) for each class
    first = still[still["params"] == sizes[0]]
    exact = []
    for _, one in first.groupby("seed"):
        counts = one.groupby("target")["right"].agg(["sum", "size"])
        weights = counts["size"] // 5
        chance = special.comb(counts["sum"], 5) / special.comb(counts["size"], 5)
        exact.append(np.average(chance, weights=weights))
    assert g["class_first"] == pytest.approx(np.mean(exact), abs=0.02)
    assert g["class_first_power"] == pytest.approx((by[sizes[0]] ** 5).mean())
    moved = rows[(rows["view"] > 0) & (rows["params"] == sizes[-1])]
    whole = moved.groupby(["seed", "image"])["right"].all()
    assert g["moved_last"] == pytest.approx(whole.mean())
    chance = by.unstack().map(lambda a: math.comb(round(2000 * a), 5) / math.comb(2000, 5))
    curve = chance.mean(axis=1)
    steps = np.diff(curve)
    assert g["es_k"] == pytest.approx(np.ptp(curve) / np.sqrt(np.median(steps**2)))
    assert g["es_1"] > g["es_k"]
    assert g["n_picks"] == math.comb(len(sizes), 4)
    # where the means cross half of their rise, on straight pieces of the logarithm of size: later by that much
    halves = [half_way(sizes, c.to_numpy()) for c in (by.unstack().mean(axis=1), curve)]
    assert g["later"] == pytest.approx(halves[1] - halves[0], abs=0.02)
    assert g["later_low"] < g["later"] < g["later_high"]
    # groups at random agree with the hypergeometric chance of five right among five
    k = int(still[(still["params"] == sizes[4]) & (still["seed"] == 0)]["right"].sum())
    assert stats.hypergeom(2000, k, 5).pmf(5) == pytest.approx((k / 2000) ** 5, abs=2e-3)
