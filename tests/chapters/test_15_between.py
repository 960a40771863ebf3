"""Chapter 15 ("In between"): its numbers against independent computations."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from chapter_runs import followed
from independent import codes, outputs

NAME = "15_between"
CHANGED = {"SEED": 7, "SOLVED": 0.2}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["live_mean"] != before["live_mean"]
    assert after["steep_one"] == before["steep_one"]
    assert after["inside_some"] > before["inside_some"]  # fewer losses count as clear


def by_parity(k):
    """Loss of guessing by (size, seed) and parity, and how often each is asked."""
    rows = outputs(f"parities_{k}")
    rows["loss"] = -rows["logprob"].astype(float) / math.log(2)
    shares = 1 / np.arange(1, k + 1)
    return rows.groupby(["size", "seed", "task"])["loss"].mean().unstack("task"), shares / shares.sum()  # fmt: skip


def fall(table, shares):
    """Of the mean over seeds, a pair of sizes at a time."""
    middle = (table * shares).sum(axis=1).groupby("size").mean()
    return max(
        (middle[a] - middle[b]) / math.log2(b / a) for a, b in itertools.pairwise(middle.index)
    )


def test_the_dial(chapter_run):
    g = chapter_run(NAME).glued
    for k, name in ((1, "one"), (4, "few"), (16, "some"), (64, "many")):
        table, shares = by_parity(k)
        assert table.index.get_level_values("seed").nunique() == g["n_seeds"] == 8
        assert g[f"steep_{name}"] == pytest.approx(fall(table, shares), rel=1e-4)
        if k > 1:
            assert g[f"equal_{name}"] == pytest.approx(fall(table, np.full(k, 1 / k)), rel=1e-4)
        mean = (table * shares).sum(axis=1).groupby("size")
        assert g[f"apart_{name}"] == pytest.approx((mean.max() - mean.min()).max(), rel=1e-4)
    assert g["equal_some"] > g["equal_few"]
    assert g["last_many"] == pytest.approx(mean.mean().iloc[-1], rel=1e-4)
    table, _ = by_parity(16)
    good = total = 0
    for have in (table < 0.25).to_numpy():
        for i, j in itertools.combinations(range(16), 2):
            if have[i] != have[j]:
                total += 1
                good += bool(have[i])
    assert g["order_some"] == pytest.approx(good / total)
    assert g["clear_some"] == pytest.approx(((table < 0.25) | (table > 0.75)).to_numpy().mean())
    for k, name in ((16, "some"), (64, "many")):
        table, _ = by_parity(k)
        on_the_way = table.groupby("size").transform("mean")
        there = (on_the_way > 0.25) & (on_the_way < 0.75)
        part = (table > 0.25) & (table < 0.75)
        assert g[f"inside_{name}"] == pytest.approx(
            (part & there).to_numpy().sum() / there.to_numpy().sum()
        )


def test_what_the_criteria_give_on_the_mirage(chapter_run):
    g = chapter_run(NAME).glued
    found = codes("recall")
    sizes = sorted(found)
    loss = {n: [-lp.mean() / math.log(10) for lp, _ in found[n].values()] for n in sizes}
    steps = [
        (np.mean(loss[a]) - np.mean(loss[b])) / math.log2(b / a)
        for a, b in itertools.pairwise(sizes)
    ]
    assert g["recall_steep"] == pytest.approx(max(steps), rel=1e-4)
    folds = [np.median(loss[a]) / np.median(loss[b]) for a, b in itertools.pairwise(sizes)]
    large = [f for f in folds if f > 10]
    assert [g["fold_first"], g["fold_second"]] == pytest.approx(large[:2], rel=1e-4)
    assert (round(g["fold_first"]), round(g["fold_second"])) == (20, 102)
    assert g["recall_apart"] == pytest.approx(max(max(v) - min(v) for v in loss.values()), rel=1e-4)
    assert g["recall_steep"] > g["steep_few"]


def test_multiplication_and_the_three_tests(chapter_run):
    g = chapter_run(NAME).glued
    found = codes("multiplication")
    sizes = sorted(found)
    match = [np.mean([r.all(axis=1).mean() for _, r in found[n].values()]) for n in sizes]
    assert (g["match_first"], g["match_last"]) == pytest.approx((match[0], match[-1]))
    assert max(r.all(axis=1).mean() for n in sizes for _, r in found[n].values()) < 0.5
    of_units = {n: np.mean([-lp[:, 0].mean() for lp, _ in found[n].values()]) for n in sizes}
    assert g["unit_fold"] == pytest.approx(
        of_units[g["unit_from"]] / of_units[g["unit_to"]], rel=1e-4
    )
    tens = {n: np.mean([-lp[:, 1].mean() for lp, _ in found[n].values()]) for n in sizes}
    assert g["tens_fall"] == pytest.approx(1 - tens[g["unit_to"]] / tens[g["unit_from"]], rel=1e-4)
    before = [-lp[:, 0].mean() / math.log(10) for lp, _ in found[g["unit_from"]].values()]
    assert g["unit_apart"] == pytest.approx(max(before) - min(before), rel=1e-4)
    zipf = codes("recall_zipf")
    shares = 1 / np.arange(1, 1025)
    top = [r.all(axis=1) for _, r in zipf[max(zipf)].values()]
    assert g["top_used"] == pytest.approx(np.mean([r @ shares / shares.sum() for r in top]))
    assert g["top_alike"] == pytest.approx(np.mean(top))
    # Where each seed first has a tenth right: between which sizes.
    for name, weight in (("used", shares / shares.sum()), ("alike", np.full(1024, 1 / 1024))):
        score = {
            n: [r.all(axis=1) @ weight for _, r in runs.values()]
            for n, runs in sorted(zipf.items())
        }
        sizes = list(score)
        first = [next(n for n in sizes if score[n][s] >= 0.1) for s in range(5)]
        assert g[f"{name}_to"] == max(first)
        assert g[f"{name}_from"] == sizes[sizes.index(min(first)) - 1]
        if name == "used":
            assert (g["third_low"], g["third_high"]) == pytest.approx(
                (min(score[sizes[2]]), max(score[sizes[2]]))
            )
    assert g["top_rare"] == sum(int(r.all(axis=1)[-256:].sum()) for n in zipf for _, r in zipf[n].values())  # fmt: skip
