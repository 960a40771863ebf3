"""Chapter 7 ("A field guide to metrics"): its numbers against independent computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from chapter_runs import followed
from independent import rise
from scipy import stats

NAME = "07_a_field_guide_to_metrics"
CHANGED = {"LENGTH": 9, "ATTEMPTS": 100, "SPREAD": 0.2}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["later_match"] == pytest.approx(math.log10(9), abs=1e-4)
    assert after["narrower_pass"] < before["narrower_pass"]  # more attempts, sharper
    assert after["narrower_grade"] < before["narrower_grade"]  # items more alike, sharper


def test_chapter_5_numbers(chapter_run):
    g = chapter_run(NAME).glued
    assert g["worst_z"] < 4.6
    assert g["n_metrics"] == g["n_linear"] + g["n_continuous"] + g["n_steps"]
    assert g["bleu_tokens"] == 2.5
    place, width = rise(lambda p: p)
    assert g["width_token"] == pytest.approx(width, rel=1e-4)
    # each metric from its definition, not from its expression
    shapes = {
        "match": rise(lambda p: p**5),
        "bleu": rise(lambda p: math.prod(p**n for n in (1, 2, 3, 4)) ** 0.25),
        "prefix": rise(lambda p: sum(p**j for j in range(1, 6))),
        "carry": rise(
            lambda p: sum(w * stats.binom.pmf(5 - j, 5, p) for j, w in ((0, 1), (1, 0.5)))
        ),
        "threshold": rise(
            lambda p: stats.logistic.cdf((math.log(0.1) - math.log(max(1 - p, 1e-300))) / 0.35)
        ),
    }
    for name, (half, _) in shapes.items():
        assert g[f"later_{name}"] == pytest.approx(half - place, abs=2e-4), name
    for name in ("prefix", "carry", "threshold"):
        assert g[f"narrower_{name}"] == pytest.approx(shapes[name][1] / width, rel=1e-3), name
    half, w = rise(lambda p: 2 - ((p - 1) ** 2 + 3 * ((1 - p) / 3) ** 2))  # four options, summed
    assert g["earlier_brier"] == pytest.approx(place - half, abs=2e-4)
    assert g["narrower_brier"] == pytest.approx(w / width, rel=1e-3)
    half, w = rise(lambda p: 1 - stats.binom.pmf(0, 10, p))
    assert (g["earlier_pass"], g["narrower_pass"]) == pytest.approx(
        (place - half, w / width), abs=1e-3
    )
    assert g["rouge_drop"] == pytest.approx(0.05, abs=4 * g["rouge_drop_error"] / 1.96)
    # the target Brier score's best forecast by brute force over the simplex
    a, b = np.meshgrid(np.linspace(0, 1, 601), np.linspace(0, 1, 601))
    c = 1 - a - b
    loss = np.where(
        c >= -1e-12, 0.6 * (1 - a) ** 2 + 0.3 * (1 - b) ** 2 + 0.1 * (1 - c) ** 2, np.inf
    )
    best = np.unravel_index(loss.argmin(), loss.shape)
    assert g["target_best"] == pytest.approx(a[best], abs=2e-3)
    assert g["target_last"] == pytest.approx(c[best], abs=2e-3)
    # what of one resolution is seen on the two ends: p with 1 - (1-p)^10 = 1/300, and p^5 = 1/300
    at = [-math.log(-math.log(p)) for p in (1 - (1 - 1 / 300) ** 0.1, (1 / 300) ** 0.2)]
    assert g["seen_gap"] == pytest.approx((at[1] - at[0]) / math.log(10) / 0.5, abs=1e-3)
