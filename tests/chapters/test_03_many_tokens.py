"""Chapter 3 ("Many tokens"): its numbers against independent computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from chapter_runs import followed
from independent import rows_of
from scipy import optimize

NAME = "03_many_tokens"
CHANGED = {"ALPHA": 0.8, "LENGTHS": [1, 3, 9], "ITEMS": 100}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    _, after = followed(NAME, chapter_run, changed_run)
    assert after["shift_formula"] == pytest.approx(math.log10(9) / 0.8)
    assert after["width_long"] == pytest.approx(1.3395378 / 0.8, rel=1e-3)
    assert after["in_view"] == pytest.approx(in_view(100, 0.8))


def in_view(n, alpha, d=0.1):
    """Decades from a score of 1/n to one of 1-d, by root finding."""

    def where(y):
        return optimize.brentq(lambda x: np.exp(-np.exp(-alpha * x)) - y, -60, 60)

    return (where(1 - d) - where(1 / n)) / math.log(10)


def test_chapter_3_numbers(chapter_run):
    g = chapter_run(NAME).glued
    assert g["shift_measured"] == pytest.approx(math.log10(16) / 0.5, abs=1e-3)
    assert g["width_long"] == pytest.approx(1.3395378 / 0.5, rel=1e-3)
    assert g["width_short"] == pytest.approx(g["width_long"], rel=1e-3)
    assert g["in_view"] == pytest.approx(in_view(500, 0.5))
    assert g["extra"] == pytest.approx(math.log10(2) / 0.5)
    loss = optimize.brentq(lambda q: (1 - q) * (math.exp(q) - 1) + q, 0.5, 3)
    assert g["brier_loss"] == pytest.approx(loss)
    assert g["brier_p"] == pytest.approx(math.exp(-loss))
    a13, a175 = (math.exp(-16 * 1e10 / N) for N in (12.85e9, 174.6e9))
    assert g["share_long"] == pytest.approx((a175 - a13) / a175, rel=1e-6)
    sizes = sorted({int(row["params"]) for row in rows_of("gpt3_arithmetic")})
    at_one = {k: k * 1e10 / math.log(500) for k in (1, 16)}  # exp(-k 1e10 / N) = 1 / 500
    assert g["hidden_short"] == sum(at_one[1] > N for N in sizes) == 4
    assert g["hidden_long"] == sum(at_one[16] > N for N in sizes) == 7
    assert abs(g["slip_simulated"] - 8 * 0.2) < 5 * math.sqrt(8 * 0.2 * 0.8 / g["slip_n"])
    assert g["stretch_16"] == pytest.approx(256)
    assert g["sixteen"] == pytest.approx(0.9**16)
