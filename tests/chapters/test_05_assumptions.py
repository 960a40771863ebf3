"""Chapter 5 ("Assumptions, broken one at a time"): its numbers against independent computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from chapter_runs import followed
from independent import published, rise
from scipy import integrate

NAME = "05_assumptions"
CHANGED = {"LENGTH": 7, "VARIANCES": [0.5, 1.5], "CORRELATIONS": [0.2, 0.5]}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    _, after = followed(NAME, chapter_run, changed_run)
    assert after["base_width"] == pytest.approx(1.3395378, rel=1e-4)
    assert after["variance_top"] == 1.5
    assert after["inflation_formula"] == pytest.approx(1 + 6 * 0.5)


def test_chapter_8_numbers(chapter_run):
    g = chapter_run(NAME).glued
    assert g["uniform_true"] == pytest.approx(integrate.quad(lambda p: p**5, 0, 1)[0])
    assert g["uniform_naive"] == pytest.approx(0.5**5)
    # widths by root finding on formulas written anew
    _, base = rise(lambda p: p**5)
    assert g["base_width"] == pytest.approx(base, rel=1e-4)
    x10, x90 = (math.log(5 * 2 / (y**-2 - 1)) for y in (0.1, 0.9))  # (1 + 10 q)^(-1/2) solved for q
    assert g["widest_unequal"] == pytest.approx((x90 - x10) / math.log(10) / base, rel=1e-3)
    half, markov = rise(lambda p: p * (p + 0.6 * (1 - p)) ** 4)
    assert g["width_markov"] == pytest.approx(markov / base, rel=1e-3)
    assert g["place_dependent"] == pytest.approx(rise(lambda p: p**5)[0] - half, abs=2e-4)
    assert g["ceiling_top"] == pytest.approx(math.exp(-1.5))

    def greedy(p, s=0.35):
        if p in (0.0, 1.0):
            return p
        odds = (p / ((1 - p) / 9)) ** (1 / s)
        return (odds / (odds + 9)) ** 5

    half, sharp = rise(greedy)
    assert g["narrow_middle"] == pytest.approx(sharp / base, rel=1e-3)
    assert g["earlier_greedy"] == pytest.approx(rise(lambda p: p**5)[0] - half, abs=2e-4)
    assert g["position_80"] == pytest.approx(sum(0.8**j for j in range(1, 13)) / 12)
    assert g["shift_three"] == pytest.approx(math.log10(3), abs=1e-3)
    assert g["same_difference"] == 0
    # the bend of GPT-3's two-digit additions, from the counts
    N, k, n = published()["2D+", "few-shot"]
    u, y = np.log(N[:7]), np.log(-np.log(k[:7] / n[:7]))
    middle = np.interp((u[0] + u[-1]) / 2, u, y)
    assert g["gpt3_bend"] == pytest.approx((y[-1] - middle) / (middle - y[0]))
    assert g["best_bend"] < g["limit_unequal"] < g["gpt3_bend_low"]
