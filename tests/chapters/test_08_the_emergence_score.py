"""Chapter 8 ("The emergence score"): its numbers against independent computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from chapter_runs import followed
from independent import published

NAME = "08_the_emergence_score"
CHANGED = {"ALPHA": 0.5, "SIZES": 16, "LEVEL": 0.1}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["sizes_used"] == 16
    assert after["raw_alarms"] > before["raw_alarms"]
    assert after["es_4d"] == before["es_4d"]


def score_of(y):
    """Equation 1, one curve at a time."""
    y = np.asarray(y, float)
    sign = np.sign(int(y.argmax()) - int(y.argmin()))
    step = math.sqrt(float(np.median(np.diff(y) ** 2)))
    return sign * math.inf if step == 0 else sign * (y.max() - y.min()) / step


def test_chapter_7_numbers(chapter_run):
    g = chapter_run(NAME).glued
    rng = np.random.default_rng(77)
    for m, key in ((4, "q4"), (6, "q6"), (8, "q8"), (12, "q12")):
        null = [score_of(y) for y in rng.standard_t(1e9, (20_000, m))]
        assert g[key] == pytest.approx(np.quantile(null, 0.95), rel=0.06)
    x = np.geomspace(1e-4, 1e4, 12)
    assert g["es_loss"] == pytest.approx(score_of(-(x**-0.3)))
    assert g["es_one"] == pytest.approx(score_of(np.exp(-(x**-0.3))))
    assert g["es_five"] == pytest.approx(score_of(np.exp(-5 * x**-0.3)))
    table = published()
    for key, task in (
        ("es_2d", "2D+"),
        ("es_3d", "3D+"),
        ("es_4d", "4D+"),
        ("es_2x", "2Dx"),
        ("es_1dc", "1DC"),
    ):
        _, k, n = table[task, "few-shot"]
        assert g[key] == pytest.approx(score_of(k / n)), task
    scores = {key: score_of(k / n) for key, (_, k, n) in table.items()}
    assert g["n_infinite"] == sum(map(math.isinf, scores.values()))
    # the chance that the smooth law scores as high on four-digit addition, by statsmodels' fit
    N, k, n = table["4D+", "few-shot"]
    design = sm.add_constant(np.log(N / 6.66e9))
    glm = sm.GLM(
        np.stack([k, n - k], axis=1), design, sm.families.Binomial(sm.families.links.LogLog())
    )
    accuracy = glm.fit(maxiter=200).predict(design)
    drawn = rng.binomial(2000, accuracy, (4_000, 8)) / 2000
    assert g["p_4d"] == pytest.approx(
        np.mean([score_of(y) >= scores["4D+", "few-shot"] for y in drawn]), abs=0.05
    )
    # infinite by rounding
    sizes = np.unique(np.concatenate([N for N, _, _ in table.values()]))
    truth = np.exp(-5 * (sizes / 3e9) ** -0.5)
    drawn = rng.binomial(100, truth, (4_000, 8)) / 100
    assert g["inf_100"] == pytest.approx(
        np.mean([math.isinf(score_of(y)) for y in drawn if np.ptp(y)]), abs=0.04
    )
    assert g["triplets"] == 220 * 40 * 10
    assert g["false_low"] <= 0.05
    assert g["fit_detected"] > g["detected"]
    drawn = rng.binomial(50, 0.01, (20_000, 6)) / 50
    up = [score_of(y) == math.inf for y in drawn if np.ptp(y)]
    assert g["floor_infinite"] == pytest.approx(sum(up) / 20_000, abs=0.02)
