"""Chapter 14 ("Not a mirage"): its numbers against independent computations."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from chapter_runs import followed
from independent import codes, outputs

NAME = "14_not_a_mirage"
CHANGED = {"SEED": 7, "SOLVED": 0.05}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["live_first"] != before["live_first"]  # other seeds
    assert after["parity_ratio"] == before["parity_ratio"]


def test_chapter_14_numbers(chapter_run):
    g = chapter_run(NAME).glued
    rows = outputs("parity")
    loss = (
        -rows.assign(logprob=rows["logprob"].astype(float))
        .groupby(["size", "seed"])["logprob"]
        .mean()
        .unstack()
    )
    median = loss.median(axis=1)
    ratios = {(a, b): median[a] / median[b] for a, b in itertools.pairwise(median.index)}
    (small, large), ratio = max(ratios.items(), key=lambda pair: pair[1])
    assert (g["parity_from"], g["parity_to"]) == (small, large)
    assert g["parity_ratio"] == pytest.approx(ratio, rel=1e-4)
    assert ratio > 10
    assert g["edge_solved"] == (loss.loc[g["edge"]] < 0.1).sum()
    # the network's unit of loss: a whole digit guessed
    found = codes("addition")
    sizes = sorted(found)
    digits = {n: [-lp.mean() * 5 / math.log(10) for lp, _ in found[n].values()] for n in sizes}
    everything = [d for n in sizes for d in digits[n]]
    assert g["n_runs"] == len(everything) == len(sizes) * 20
    assert len(sizes) >= 10
    assert g["n_near"] == sum(abs(d - round(d)) < 0.1 for d in everything)
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
    assert g["n_several"] >= 4
    # the clock, from the rows of the last step
    last = outputs("clock")
    assert (last.groupby("trained")["logprob"].mean() > -0.1).all()
    assert g["understood"] >= 5 * g["memorised"]
