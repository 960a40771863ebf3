"""Chapter 4 ("Does GPT-3 obey?"): its numbers against independent computations."""

from __future__ import annotations

import collections
import itertools
import math
import re

import numpy as np
import pytest
import statsmodels.api as sm
from chapter_runs import followed
from independent import published
from scipy import optimize, special, stats

NAME = "04_does_gpt3_obey"
CHANGED = {"LEVEL": 0.99}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["level"] == 0.99
    assert (
        after["line_2d_high"] - after["line_2d_low"]
        > before["line_2d_high"] - before["line_2d_low"]
    )


def predictive(N, k, n, new, level=0.95):
    """The line's predictive interval, on a dense fixed grid and with an exact count distribution."""
    u = np.log(N / 6.66e9)
    a, log_alpha = np.meshgrid(
        np.linspace(-1.5, 2.6, 1500), np.linspace(math.log(0.01), math.log(2), 900)
    )
    a, alpha = a.ravel(), np.exp(log_alpha.ravel())
    ll = np.zeros_like(a)
    for ui, ki, ni in zip(u, k, n, strict=True):
        log_p = -np.exp(a - alpha * ui)
        ll += ki * log_p + (ni - ki) * np.log1p(-np.exp(np.minimum(log_p, -1e-300)))
    keep = ll > ll.max() - 16
    weight = special.softmax(ll[keep])
    p = np.exp(-np.exp(a[keep] - alpha[keep] * math.log(new / 6.66e9)))
    counts = np.arange(2001)
    order = np.argsort(p)
    p, weight = p[order], weight[order]
    blocks = np.array_split(
        np.arange(p.size), min(400, p.size)
    )  # nearly equal probabilities, pooled
    cdf = sum(
        weight[b].sum() * stats.binom.cdf(counts, 2000, np.average(p[b], weights=weight[b]))
        for b in blocks
    )
    tail = (1 - level) / 2
    return np.searchsorted(cdf, tail) / 2000, np.searchsorted(cdf, 1 - tail) / 2000


def test_chapter_4_fits(chapter_run):
    g = chapter_run(NAME).glued
    table = published()
    assert g["curves"] == len(table) == 30
    assert g["testable"] == sum(k[N <= 7e9].sum() >= 10 for N, k, n in table.values())
    # the worst misfit, by statsmodels
    N, k, n = table["2D+", "few-shot"]
    link = sm.families.links.LogLog()
    design = sm.add_constant(np.log(N / 6.66e9))
    glm = sm.GLM(np.stack([k, n - k], axis=1), design, sm.families.Binomial(link)).fit(maxiter=200)
    assert g["worst_name"] == "2D+ few-shot"
    assert g["worst_deviance"] == pytest.approx(glm.deviance, rel=1e-3)
    assert g["straight_names"] == "1DC few-shot"
    N, k, n = table["1DC", "few-shot"]
    glm = sm.GLM(np.stack([k, n - k], axis=1), design, sm.families.Binomial(link)).fit(maxiter=200)
    assert stats.chi2.sf(glm.deviance, 6) > 0.05
    # slope of the famous step, straight from the numbers
    N, k, n = table["2D+", "few-shot"]
    linear = np.log(-np.log(k[5:7] / n[5:7]))
    assert g["slope_2d"] == pytest.approx(np.diff(linear)[0] / np.diff(np.log(N[5:7]))[0], abs=0.02)


def test_chapter_4_floors(chapter_run):
    g = chapter_run(NAME).glued
    # The best constant guess, by counting: a sum of two d-digit numbers is 10^d - 1 with probability
    # 10^-d, a difference is 0 with probability 10^-d, a product is 0 if a factor is.
    answers = collections.Counter(
        eval(f"{a}{f}({b}{h}{c})")
        for a, b, c in itertools.product(range(10), repeat=3)
        for f, h in itertools.product("+-*", repeat=2)
    )
    assert g["guess_brackets"] == pytest.approx(max(answers.values()) / answers.total())
    scores = published()["1DC", "few-shot"][1] / 2000
    assert g["below_guess"] == (scores < g["guess_brackets"]).sum()
    # The zero-shot floor of two-digit addition by a direct search over the floor.
    N, k, n = published()["2D+", "zero-shot"]
    u = np.log(N / 6.66e9)

    def minus_ll(z):
        p = z[2] + (1 - z[2]) * np.exp(-np.exp(z[0] - z[1] * u))
        return -stats.binom.logpmf(k, n, np.clip(p, 1e-12, 1 - 1e-12)).sum()

    best = min(
        (
            optimize.minimize(
                minus_ll, [1, al, fl], method="Nelder-Mead", options={"maxiter": 4000}
            )
            for al in (0.3, 0.8)
            for fl in (0.003, 0.02)
        ),
        key=lambda r: r.fun,
    )
    assert g["ratio_zero_low"] - 1e-3 <= best.x[2] / 0.01 <= g["ratio_zero_high"] + 1e-3
    assert best.x[2] == pytest.approx(0.0075, abs=2e-4)


def test_chapter_4_predictions(chapter_run):
    g = chapter_run(NAME).glued
    table = published()
    sums = [(t, s) for t, s in table if t in ("2D+", "2D-", "3D+", "3D-")]
    small = {key: tuple(col[:6] for col in table[key]) for key in table}
    ends = predictive(*small["2D+", "few-shot"], 12.85e9)
    assert (g["line_2d_low"], g["line_2d_high"]) == pytest.approx(ends, abs=0.006)
    ends = predictive(*small["2Dx", "few-shot"], 174.6e9)
    assert (g["products_few_far_low"], g["products_few_far_high"]) == pytest.approx(ends, abs=0.008)
    ends = predictive(*small["1DC", "one-shot"], 174.6e9)
    assert (g["brackets_one_low"], g["brackets_one_high"]) == pytest.approx(ends, abs=0.01)
    understated = [predictive(*small[key], 174.6e9)[1] < table[key][1][-1] / 2000 for key in sums]
    assert g["understated"] == sum(understated) == 12
    assert g["ignorance"] == pytest.approx(-math.log(2001))


def test_arrows_point_where_the_bounds_go(chapter_run):
    """Up is better in fig-linearised: none right is at or below its bound, none wrong at or above."""
    page = next(h for h in chapter_run(NAME).html() if 'id="fig-linearised"' in h)
    panels = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    heads = [set(re.findall(r'd="M -?2 0 \nL 0 (-?3) ', panel)) for panel in panels]
    five_digits, two_digits = heads[6], heads[0]
    assert (five_digits, two_digits) == ({"3"}, {"-3"})  # y of an SVG grows downwards
