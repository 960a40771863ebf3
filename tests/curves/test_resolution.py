"""What n items can see, against brute force, simulation and other libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import (
    proportion_confint,
    proportion_effectsize,
    samplesize_confint_proportion,
)

from mirage_utils import FieldError, ScalingLaw
from mirage_utils.curves import resolution
from mirage_utils.curves.two_scores import _normal_items
from mirage_utils.metrics import EXACT_MATCH

probability = st.floats(1e-6, 1)


@given(probability, st.integers(1, 10_000))
def test_the_chance_of_a_zero_is_the_binomials(score, n):
    expected = stats.binom.pmf(0, n, score)
    assert resolution.chance_of_zero(score, n) == pytest.approx(expected, rel=1e-7, abs=1e-300)


def test_128_single_answers_of_a_weak_model_mostly_read_zero():
    """Of a rate of 0.000675, the figure quoted in chapter 6."""
    assert resolution.chance_of_zero(0.000675, 128) == pytest.approx(0.917, abs=5e-4)
    assert resolution.chance_of_zero([0, 1], 3).tolist() == [1, 0]


@given(st.integers(1, 10**6))
def test_the_rule_of_three_is_the_exact_bound_for_many_items(n):
    bound = float(resolution.zero_bound(n))
    assert (1 - bound) ** n == pytest.approx(0.05)
    assert bound == pytest.approx(proportion_confint(0, n, 0.1, "beta")[1])
    assert bound < resolution.rule_of_three(n) < bound * (1.003 + 2 / n if n > 1 else 4)


@pytest.mark.parametrize("n", [1, 128, 2000])
def test_a_two_sided_limit_of_zero_is_the_end_of_the_exact_interval(n):
    assert resolution.zero_bound(n, sides=2) == pytest.approx(
        resolution.binomial_interval(0, n).high
    )
    assert resolution.zero_bound(n, sides=2) > resolution.zero_bound(n)


def test_effective_items_are_those_of_the_variance_of_correlated_items():
    rng = np.random.default_rng(1)
    alike, cluster, n = 0.2, 10, 500
    # each item copies its cluster's coin with probability sqrt(alike), else it has its own
    shape = (4000, n // cluster, cluster)
    copies = rng.random(shape) < np.sqrt(alike)
    shared = rng.random((*shape[:2], 1)) < 0.3
    right = np.where(copies, shared, rng.random(shape) < 0.3)
    variance = right.mean(axis=(1, 2)).var()
    assert 0.3 * 0.7 / variance == pytest.approx(
        resolution.effective_items(n, cluster, alike), rel=0.08
    )
    assert resolution.effective_items(n, cluster, 0) == n
    assert resolution.effective_items(n, cluster, 1) == n / cluster


@pytest.mark.parametrize(("score", "n"), [(1e-3, 2_995), (1e-4, 29_956), (1e-5, 299_572), (1, 1)])
def test_items_to_see_known_scores(score, n):
    assert resolution.items_to_see(score) == n


@given(st.floats(1e-4, 0.99), st.integers(1, 5), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_items_to_see_is_the_smallest_number_that_does(score, successes, level):
    n = float(resolution.items_to_see(score, successes=successes, level=level))
    assert stats.binom.sf(successes - 1, n, score) >= level - 1e-12
    assert n == successes or stats.binom.sf(successes - 1, n - 1, score) < level + 1e-12


def test_items_to_see_keeps_shapes_and_knows_nothing_can_be_seen_of_nothing():
    assert resolution.items_to_see([[0.5, 0.0]]).tolist() == [[5, math.inf]]
    assert resolution.items_to_see(0.0, successes=2) == math.inf


def test_items_to_measure_gives_the_half_width():
    n = resolution.items_to_measure(0.3, 0.02)
    assert 1.959964 * math.sqrt(0.3 * 0.7 / n) == pytest.approx(0.02, rel=1e-3)


@pytest.mark.parametrize(
    ("a", "b", "n"), [(0.1, 0.4, 12), (0.0, 0.5, 9), (0.3, 0.3, 15), (0.9, 1.0, 20)]
)
def test_power_is_fishers_test_summed_over_all_outcomes(a, b, n):
    """Twice the smaller tail at most 5 %, by scipy's own one-sided tests."""
    total = 0.0
    for k in range(n + 1):
        for m in range(n + 1):
            table = [[k, n - k], [m, n - m]]
            tails = [stats.fisher_exact(table, side).pvalue for side in ("less", "greater")]
            if min(tails) <= 0.025 * (1 + 1e-9):
                total += stats.binom.pmf(k, n, a) * stats.binom.pmf(m, n, b)
    assert resolution.power(a, b, n) == pytest.approx(total, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.001, 0.999), st.integers(1, 400))
def test_equal_scores_are_told_apart_no_more_often_than_allowed(score, n):
    assert resolution.power(score, score, n) <= 0.05 + 1e-9


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.6), (0.01, 0.02), (0.0, 0.01), (0.9, 0.8)])
def test_items_to_distinguish_has_the_power_asked_for(a, b):
    n = resolution.items_to_distinguish(a, b, power=0.9)
    assert resolution.power(a, b, n) >= 0.9
    assert resolution.power(a, b, int(0.93 * n)) < 0.9
    assert resolution.items_to_distinguish(b, a, power=0.9) == n


def test_opposite_scores_need_a_handful_of_items():
    assert resolution.items_to_distinguish(0.0, 1.0) == 4  # 4 of 4 against 0 of 4: 1 / 70 a tail
    assert resolution.power(0.0, 1.0, 3) == 0


def test_large_samples_go_over_into_the_normal_approximation():
    n = resolution.items_to_distinguish(0.5, 0.52)
    assert n * 0.5 > 2000  # the approximation is in charge here
    assert resolution.power(0.5, 0.52, n) == pytest.approx(0.8, abs=0.01)


@given(st.floats(0.1, 2), st.integers(1, 50), st.integers(1, 10**6))
def test_from_the_detection_scale_on_something_is_seen(alpha, L, n):
    law = ScalingLaw(alpha, N_c=1e9)
    scale = resolution.detection_scale(law, n, L=L)
    score = EXACT_MATCH.expected(law.probability(scale), L=L)
    assert resolution.chance_of_zero(score, n) == pytest.approx(0.05, rel=1e-6)


def test_an_irreducible_loss_can_hide_every_model():
    law = ScalingLaw(0.3, 1e9, E=1.0)
    assert resolution.detection_scale(law, 100, L=20) == math.inf
    assert np.isfinite(resolution.detection_scale(law, 100, L=1))


@pytest.mark.parametrize("passes", [1, 2, 5])
def test_the_bias_of_the_likeliest_pass_rate_by_summing_its_law(passes):
    for p in (0.9, 0.3, 0.02):
        n = np.arange(passes, 40_000)
        mean = stats.nbinom.pmf(n - passes, passes, p) @ (passes / n)
        assert resolution.pass_until_bias(p, passes) == pytest.approx(mean / p, rel=1e-6)


def test_the_bias_tends_to_r_over_r_minus_1():
    assert resolution.pass_until_bias(1e-9, 3) == pytest.approx(1.5, rel=1e-6)
    assert resolution.pass_until_bias(1e-9, 1) == pytest.approx(-math.log(1e-9), rel=1e-6)


@pytest.mark.parametrize("p", [0.5, 0.02])
def test_the_interval_of_a_waiting_time_covers(p):
    n = np.arange(3, int(60 / p))
    law = stats.nbinom.pmf(n - 3, 3, p)
    inside = [
        low <= p <= high for low, high in (resolution.pass_until(int(k), 3).interval for k in n)
    ]
    assert law[inside].sum() >= 0.95
    first = resolution.pass_until(7, 1)
    assert math.isnan(first.unbiased)
    assert first.likeliest == 1 / 7
    assert resolution.pass_until(1, 1).interval.high == 1


def test_probability_of_an_exact_match_is_the_product():
    logs = [[math.log(0.5), math.log(0.2)], np.log([0.1]), [-math.inf, 0.0]]
    assert resolution.exact_match_probability(logs) == pytest.approx([0.1, 0.1, 0])
    assert resolution.exact_match_probability([[-700.0]])[0] == pytest.approx(math.exp(-700))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: resolution.chance_of_zero(1.5, 3), r"^score = 1\.5"),
        (lambda: resolution.zero_bound(0), r"^n = 0"),
        (lambda: resolution.zero_bound(5, 1.0), r"^level = 1\.0"),
        (lambda: resolution.zero_bound(5, sides=3), r"^sides = 3"),
        (lambda: resolution.effective_items(10, 11, 0.1), r"^cluster = 11"),
        (lambda: resolution.effective_items(10, 5, -0.1), r"^alike = -0\.1"),
        (lambda: resolution.items_to_see(-0.1), r"^score = -0\.1"),
        (lambda: resolution.items_to_see(0.1, successes=0), r"^successes = 0"),
        (lambda: resolution.items_to_measure(0.0, 0.1), r"^score = 0"),
        (lambda: resolution.items_to_measure(0.5, 0), r"^half_width = 0"),
        (lambda: resolution.power(0.1, 1.2, 5), r"^b = 1\.2"),
        (
            lambda: resolution.items_to_distinguish(0.1, 0.1),
            r"^b = 0\.1: expected a score that differs",
        ),
        (lambda: resolution.items_to_distinguish(0.1, 0.2, power=1), r"^power = 1"),
        (lambda: resolution.detection_scale(ScalingLaw(1), 2.5), r"^n = 2\.5"),
        (lambda: resolution.pass_until(3, 4), r"^passes = 4\.0"),
        (lambda: resolution.pass_until_bias(0, 2), r"^p = 0"),
        (lambda: resolution.exact_match_probability([]), r"^log_probabilities = \[\]"),
        (lambda: resolution.exact_match_probability([[-1], []]), r"^log_probabilities\[1\] = \[\]"),
        (
            lambda: resolution.exact_match_probability([[-1, 0.2]]),
            r"^log_probabilities\[0\] = 0\.2",
        ),
    ],
)
def test_wrong_input_is_named_with_its_value(call, message):
    with pytest.raises(FieldError, match=message):
        call()


def test_items_needed_are_those_of_statsmodels():
    rng = np.random.default_rng(1)
    for a, b, power, size in rng.uniform([0.01, 0.01, 0.3, 0.001], [0.99, 0.99, 0.999, 0.2], (300, 4)):  # fmt: skip
        effect = abs(proportion_effectsize(a, b))
        if effect < 1:
            theirs = NormalIndPower().solve_power(effect, power=power, alpha=size, ratio=1)
            assert _normal_items(effect, power, size) == theirs
        theirs = samplesize_confint_proportion(a, b / 10, alpha=1 - (1 - size))
        assert resolution.items_to_measure(a, b / 10, level=1 - size) == np.ceil(theirs)
