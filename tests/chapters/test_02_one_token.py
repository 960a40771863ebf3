"""Chapter 2 ("One token"): its numbers against independent computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from chapter_runs import followed
from scipy import integrate, stats

NAME = "02_one_token"
CHANGED = {"ALPHA": 0.8, "N_C": 1e8, "E_FLOOR": 0.3}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    _, after = followed(NAME, chapter_run, changed_run)
    assert after["width_pictures"] == pytest.approx(1.3395378 / 0.8)
    assert after["formula_slope"] == pytest.approx(0.8 / math.e)
    assert after["ceiling"] == pytest.approx(math.exp(-0.3))


def test_chapter_2_numbers(chapter_run):
    g = chapter_run(NAME).glued
    constant = math.log10(math.log(10) / math.log(10 / 9))
    assert g["width_constant"] == pytest.approx(constant, rel=1e-12)
    assert g["width_pretraining"] == pytest.approx(constant / 0.076)
    assert g["score_at_inflection"] == pytest.approx(1 / math.e)
    assert g["halving"] == pytest.approx(2 ** (1 / 0.076))
    assert g["decades_to_target"] == pytest.approx(-math.log10(-math.log(0.9)) / 0.076)
    # Steepest point found by brute force and not by algebra.
    alpha = g["alpha_pictures"]
    x = np.linspace(-10, 10, 2_000_001)
    slope = np.gradient(np.exp(-np.exp(-alpha * x)), x)
    assert g["formula_slope"] == pytest.approx(slope.max(), rel=1e-6)
    assert abs(x[slope.argmax()]) < 1e-3
    # The Jensen gap by adaptive quadrature over the normal density (spread 1, mean loss 3).
    mean_loss = 3.0
    p, _ = integrate.quad(lambda z: np.exp(-mean_loss * np.exp(z - 0.5)) * stats.norm.pdf(z), -9, 9)
    assert g["gap_one"] == pytest.approx(p / math.exp(-mean_loss), rel=0.01)
    assert g["a_low"] < g["fit_alpha"] < g["a_high"]
