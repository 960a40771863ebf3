"""Chapter 2 ("One token"): its numbers against independent computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from chapter_runs import followed
from scipy import integrate, optimize, stats

from mirage_utils import models, tables

NAME = "02_one_token"
CHANGED = {"ALPHA": 0.8, "N_C": 1e8, "E_FLOOR": 0.3}


def perfect_binary(entropy):
    """The likelier of two outcomes with this entropy, by a search over the odds."""
    log_odds = optimize.brentq(
        lambda t: stats.bernoulli(1 / (1 + math.exp(-t))).entropy() - entropy, 1e-9, 30
    )
    return 1 / (1 + math.exp(-log_odds))


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    _, after = followed(NAME, chapter_run, changed_run)
    assert after["width_pictures"] == pytest.approx(1.3395378 / 0.8)
    assert after["steepest_pictures"] == pytest.approx(0.8 / math.e)
    assert after["floor_bound"] == pytest.approx(math.exp(-0.3))
    assert after["floor_greedy"] == pytest.approx(perfect_binary(0.3))


def test_chapter_2_numbers(chapter_run):
    g = chapter_run(NAME).glued
    constant = math.log10(math.log(10) / math.log(10 / 9))
    assert g["width_constant"] == pytest.approx(constant, rel=1e-12)
    assert g["width_pretraining"] == pytest.approx(constant / 0.076)
    assert g["halving"] == pytest.approx(2 ** (1 / 0.076))
    assert g["decades_to_target"] == pytest.approx(-math.log10(-math.log(0.9)) / 0.076)
    # Steepest point and width found by brute force and not by algebra.
    a = 0.5
    x = np.linspace(-10, 20, 2_000_001)
    p = np.exp(-np.exp(-a * x))
    slope = np.gradient(p, x)
    assert g["steepest_pictures"] == pytest.approx(slope.max(), rel=1e-6)
    assert abs(x[slope.argmax()]) < 1e-3
    assert g["score_at_inflection"] == pytest.approx(p[slope.argmax()], rel=1e-3)
    rise = np.interp([0.1, 0.9], p, x)
    assert g["width_pictures"] == pytest.approx((rise[1] - rise[0]) / math.log(10), rel=1e-6)
    # The Jensen gap by adaptive quadrature over the normal density (spread 1, mean loss 3).
    mean_loss = 3.0
    p, _ = integrate.quad(lambda z: np.exp(-mean_loss * np.exp(z - 0.5)) * stats.norm.pdf(z), -9, 9)
    assert g["gap_one"] == pytest.approx(p / math.exp(-mean_loss), rel=0.01)
    assert g["a_low"] < g["fit_alpha"] < g["a_high"]
    assert g["floorless_alpha"] < g["a_low"]  # without the floor the exponent looks smaller


def test_two_digit_addition_rises_within_the_decades_that_the_chapter_says(chapter_run):
    g = chapter_run(NAME).glued
    table = tables.load_table("gpt3_arithmetic")
    rows = table[(table["task"] == "2D+") & (table["setting"] == "few-shot")].sort_values("params")
    # The last size whose score 10% would be too high for, by a binomial tail and not by an interval.
    right, n = (rows["score"] * rows["n"]).round(), rows["n"]
    low = rows[stats.binom.cdf(right, n, 0.1) < 0.025]["params"].max()
    high = rows[stats.binom.sf(right - 1, n, 0.9) < 0.025]["params"].min()
    assert g["at_most"] == pytest.approx(math.log10(high / low))
    assert g["at_least_exponent"] == pytest.approx(g["width_constant"] / g["at_most"])
    assert g["ladder"] == pytest.approx(math.log10(rows["params"].max() / rows["params"].min()))


def test_a_floor_bounds_a_perfect_model_from_below(chapter_run):
    g = chapter_run(NAME).glued
    likelier = perfect_binary(0.1)
    assert g["floor_greedy"] == pytest.approx(likelier)
    assert g["floor_drawn"] == pytest.approx(likelier**2 + (1 - likelier) ** 2)
    # And so for any number of outcomes, likely and unlikely ones.
    rng = np.random.default_rng(0)
    for k in (2, 5, 50):
        for outcome in rng.dirichlet(np.full(k, 0.3), size=200):
            bound = math.exp(-stats.entropy(outcome))
            assert bound <= (outcome**2).sum() + 1e-12
            assert bound <= outcome.max() + 1e-12


def test_recalled_digits_are_right_more_often_than_the_mean_loss_suggests(chapter_run):
    g = chapter_run(NAME).glued
    frame = models.bundled("recall").frame
    frame = frame.assign(
        **{c: frame[c].str[0] == frame["target"].str[0] for c in ("greedy", "sample_1", "sample_2")}
    )
    losses = -frame.groupby("params")["logprob_1"].mean()
    at = (losses - 1.5).abs().idxmin()
    here = frame[frame["params"] == at]
    assert g["recall_loss"] == pytest.approx(losses[at], rel=1e-3)
    assert g["recall_greedy"] == pytest.approx(here["greedy"].mean())
    assert g["recall_drawn"] == pytest.approx(here[["sample_1", "sample_2"]].to_numpy().mean())
    suggested = np.mean([math.exp(r["logprob_1"].mean()) for _, r in here.groupby("seed")])
    assert g["recall_suggests"] == pytest.approx(suggested, rel=1e-3)
