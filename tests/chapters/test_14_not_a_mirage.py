"""Chapter 14 ("Not a mirage"): its numbers against independent computations."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from chapter_runs import followed
from independent import codes, outputs

NAME = "14_not_a_mirage"
CHANGED = {"SEED": 60, "SOLVED": 0.05}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["live_first"] != before["live_first"]  # other seeds
    assert after["mean_3"] == before["mean_3"]


def test_what_is_left_of_paritys_leap(chapter_run):
    g = chapter_run(NAME).glued
    rows = outputs("parity")
    rows = rows.assign(loss=-rows["logprob"].astype(float), right=rows["output"] == rows["target"])
    loss = rows.groupby(["size", "seed"])["loss"].mean().unstack()
    assert set(range(1, 9)) <= set(loss.index)  # no width is missing where it moves
    for width in range(1, 6):
        assert g[f"mean_{width}"] == pytest.approx(loss.loc[width].mean())
    for width in (3, 4, 5):
        assert g[f"solved_{width}"] == (loss.loc[width] < 0.1).sum()
    # a line in width as far as four units: no step is twice another
    steps = -np.diff([g[f"mean_{width}"] for width in (1, 2, 3, 4)])
    assert steps.max() < 1.5 * steps.min()
    # and single networks on two sides of a hole
    middle = loss.loc[3:7].to_numpy().ravel()
    assert g["n_middle"] == len(middle) == 100
    assert (g["n_low"], g["n_high"]) == ((middle < 0.02).sum(), (middle > 0.15).sum())
    assert g["n_low"] + g["n_high"] == 100
    # the harsh metric: width of the rise of the share of networks with every string right, lines between sizes
    whole = rows.groupby(["size", "seed"])["right"].min().unstack().astype(float).mean(axis=1)
    whole = whole[whole.index <= 64].cummax()
    at = [np.interp(level, whole / whole.max(), np.log10(whole.index)) for level in (0.1, 0.9)]
    assert g["width_whole"] == pytest.approx(at[1] - at[0], abs=1e-6)
    assert g["live_solved"] + g["live_failed"] + g["live_inside"] == g["live_n"]
    # the answers of those that failed: by their number of wrong strings, an eighth
    failed = [s for s in loss.columns if loss.loc[4, s] >= 0.1]
    assert g["n_failed"] == len(failed)
    wrong = 1 - rows[rows["size"] == 4].groupby("seed")["right"].mean()[failed]
    assert wrong.between(0.1, 0.15).all()
    assert g["n_one_case"] == len(failed)


def test_the_mirage_by_the_same_criteria(chapter_run):
    g = chapter_run(NAME).glued
    loss = {
        n: [-lp.mean() for lp, _ in runs.values()] for n, runs in sorted(codes("recall").items())
    }
    middle = [np.median(v) for v in loss.values()]
    assert g["recall_fold"] == pytest.approx(
        max(a / b for a, b in itertools.pairwise(middle)), rel=1e-3
    )
    assert g["recall_fold"] > 10  # a tenfold fall is no sign of a leap
    apart = max(max(v) - min(v) for v in loss.values())
    assert g["recall_apart"] == pytest.approx(apart / math.log(10), rel=1e-3)
    assert g["recall_range"] == pytest.approx(apart * 8 / math.log(10), rel=1e-3)
    assert g["recall_range"] < 1
    assert min(g["parity_apart"], g["addition_apart"]) > 4 * g["recall_apart"]


def test_sums_digit_by_digit(chapter_run):
    g = chapter_run(NAME).glued
    # the network's unit of loss: a whole digit guessed
    found = codes("addition")
    sizes = sorted(found)
    digits = {n: [-lp.mean() * 5 / math.log(10) for lp, _ in found[n].values()] for n in sizes}
    everything = [d for n in sizes for d in digits[n]]
    assert g["n_runs"] == len(everything) == len(sizes) * 20
    assert len(sizes) >= 10
    assert g["n_near"] == sum(abs(d - round(d)) < 0.1 for d in everything)
    unsolved = [d for d in everything if d > 0.1]
    assert g["n_unsolved"] == len(unsolved)
    assert g["n_near_unsolved"] == sum(abs(d - round(d)) < 0.1 for d in unsolved)
    wide = [n for n in sizes if max(digits[n]) - min(digits[n]) > 1]
    left = [d for n in wide for d in digits[n] if 0.5 < d < 4.5]
    assert (g["n_wide"], g["n_unfinished"]) == (len(wide), len(left))
    assert g["n_level"] == sum(abs(d - round(d)) < 0.1 for d in left)
    unfinished = [
        (-lp.mean(axis=0), r)
        for n in sizes
        for (lp, r), d in zip(found[n].values(), digits[n], strict=True)
        if 0.5 < d < 4.5
    ]
    assert g["n_partly"] == len(unfinished)
    lucky, unlucky = [], []
    for by_digit, right in unfinished:
        for j in range(1, 5):
            if by_digit[j] < 0.1 and abs(by_digit[j - 1] - math.log(10)) < 0.1:
                lucky.append(np.mean([r[j] for r in right if r[j - 1]]))
                unlucky.append(np.mean([r[j] for r in right if not r[j - 1]]))
    assert g["n_after"] == len(lucky)
    assert g["after_right"] == pytest.approx(np.mean(lucky))
    assert g["after_wrong"] == pytest.approx(np.mean(unlucky))
    match = np.array([[r.all(axis=1).mean() for _, r in found[n].values()] for n in sizes])
    assert g["step_of_mean"] == pytest.approx(np.abs(np.diff(match.mean(axis=1))).max())
    # ladders of all seeds of one number are ladders too
    assert np.median(np.abs(np.diff(match, axis=0)).max(axis=0)) == pytest.approx(
        g["step_of_ladder"], abs=0.1
    )
    assert g["step_low"] <= g["step_of_mean"] <= g["step_high"]


def test_delays(chapter_run):
    g = chapter_run(NAME).glued
    # the clock, from the rows of the last step
    last = outputs("clock")
    assert (last.groupby("trained")["logprob"].mean() > -0.1).all()
    assert g["understood"] >= 5 * g["memorised"]
    assert g["least_delay"] >= 5
