"""Curves: what they accept, their intervals, and what is measured on them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint

from mirage_utils import Curve, FieldError, ScalingLaw, curves
from mirage_utils.curves import resolution
from mirage_utils.metrics import EXACT_MATCH

counts_and_n = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"scale": [1e9, 1e8], "score": [0.1, 0.2]},
            r"^scale\[1\] = 100000000\.0: expected strictly increasing",
        ),
        ({"scale": [1e8, 1e8], "score": [0.1, 0.2]}, r"^scale\[1\] = 100000000\.0: .* repeats"),
        ({"scale": [0, 1e8], "score": [0.1, 0.2]}, r"^scale\[0\] = 0"),
        ({"scale": [1, float("nan")], "score": [0.1, 0.2]}, r"^scale\[1\] = nan"),
        ({"scale": [1, float("inf")], "score": [0.1, 0.2]}, r"^scale\[1\] = inf"),
        (
            {"scale": [1, 2], "score": [0.1, 1.2]},
            r"^score\[1\] = 1\.2: expected a finite number >= 0 and <= 1",
        ),
        ({"scale": [1, 2], "score": [-0.1, 0.2]}, r"^score\[0\] = -0\.1"),
        ({"scale": [1, 2], "score": [0.1, float("nan")]}, r"^score\[1\] = nan"),
        ({"scale": [1, 2], "score": [0.1]}, r"^score = \(1,\)"),
        ({"scale": [], "score": []}, r"^scale = 0"),
        ({"scale": [1, 2], "score": [0, 1], "n": 0}, r"^n = 0"),
        ({"scale": [1, 2], "score": [0, 1], "n": [5, 0]}, r"^n\[1\] = 0"),
        ({"scale": [1, 2], "score": [0, 1], "n": 2.5}, r"^n = 2\.5"),
        ({"scale": [1, 2], "score": [0, 1], "n": [1, 2, 3]}, r"^n = \(3,\)"),
        ({"scale": [1, 2], "score": [0, 1], "n": float("nan")}, r"^n = nan"),
        ({"scale": [1, 2], "score": [0, 6], "score_range": (0, 5)}, r"^score\[1\] = 6"),
        ({"scale": [1, 2], "score": [0, 1], "score_range": (1, 0)}, r"^score_range"),
        ({"scale": "small", "score": [0, 1]}, r"^scale = 'small'"),
    ],
)
def test_wrong_input_is_named_with_its_value(arguments, message):
    with pytest.raises(FieldError, match=message):
        Curve(**arguments)


def test_a_curve_cannot_be_changed():
    c = Curve([1, 2], [0, 1], 10)
    with pytest.raises(ValueError, match="read-only"):
        c.score[0] = 1
    with pytest.raises(AttributeError):
        c.n = 5


def test_curves_of_the_same_numbers_are_one_key():
    curve = Curve([1, 2], [0, 0.5], 10)
    assert curve == Curve([1.0, 2.0], [0.0, 0.5], [10, 10])
    assert len({curve, Curve([1, 2], [0, 0.5], 10)}) == 1
    for other in (
        Curve([1, 3], [0, 0.5], 10),
        Curve([1, 2], [0, 0.4], 10),
        Curve([1, 2], [0, 0.5], 20),
        Curve([1, 2], [0, 0.5]),
        Curve([1, 2], [0, 0.5], 10, name="other"),
        Curve([1, 2], [0, 0.5], 10, (0, 2)),
        "a curve",
    ):
        assert curve != other


def test_a_curve_does_not_hold_on_to_its_inputs():
    score = np.array([0.0, 1.0])
    c = Curve([1, 2], score, 10)
    score[0] = 0.5
    assert c.score[0] == 0


@given(counts_and_n, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_exact_interval_is_clopper_and_pearsons(kn, level):
    k, n = kn
    low, high = resolution.binomial_interval(k, n, level)
    tail = (1 - level) / 2
    assert low == pytest.approx(0 if k == 0 else stats.beta.ppf(tail, k, n - k + 1), abs=1e-9)
    assert high == pytest.approx(1 if k == n else stats.beta.ppf(1 - tail, k + 1, n - k), abs=1e-9)


@pytest.mark.parametrize(
    ("method", "theirs"), [("exact", "beta"), ("wilson", "wilson"), ("jeffreys", "jeffreys")]
)
@pytest.mark.parametrize(("k", "n"), [(1, 2000), (8, 2000), (510, 2000), (37, 50)])
def test_intervals_agree_with_statsmodels(method, theirs, k, n):
    assert resolution.binomial_interval(k, n, 0.95, method) == pytest.approx(
        proportion_confint(k, n, 0.05, theirs), abs=1e-9
    )


@given(counts_and_n, st.sampled_from(["exact", "wilson", "jeffreys"]))
def test_an_interval_contains_its_own_score(kn, method):
    k, n = kn
    low, high = resolution.binomial_interval(k, n, 0.95, method)
    assert -1e-12 <= low <= k / n + 1e-12
    assert k / n - 1e-12 <= high <= 1 + 1e-12


@pytest.mark.parametrize("p", [0.001, 0.02, 0.3])
def test_exact_intervals_cover_at_least_as_often_as_they_say(p):
    n = 200
    k = np.arange(n + 1)
    low, high = resolution.binomial_interval(k, n, 0.9)
    coverage = stats.binom.pmf(k, n, p)[(low <= p) & (p <= high)].sum()
    assert coverage >= 0.9


def test_known_intervals_of_gpt3():
    """Four-digit addition, few-shot: counts 0, 1, 3, 8, 510 of 2,000 (FACTS, checked by hand)."""
    low, high = resolution.binomial_interval([0, 1, 3, 8, 510], 2000)
    assert 100 * low == pytest.approx([0, 0.001, 0.031, 0.173, 23.6], abs=0.05)
    assert 100 * high == pytest.approx([0.184, 0.278, 0.438, 0.787, 27.5], abs=0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: resolution.binomial_interval(5, 4), r"^successes = 5"),
        (lambda: resolution.binomial_interval(1, 0), r"^n = 0"),
        (lambda: resolution.binomial_interval(-1, 4), r"^successes = -1"),
        (lambda: resolution.binomial_interval(1, 4, 1.0), r"^level = 1"),
        (lambda: resolution.binomial_interval(1, 4, method="wald"), r"^method = 'wald'"),
        (lambda: Curve([1, 2], [0, 1]).interval(), r"^n = None"),
        (lambda: Curve([1, 2], [0, 3], 5, (0, 5)).interval(), r"^score_range"),
        (lambda: curves.location(Curve([1, 2], [0, 1]), 0), r"^level = 0"),
        (lambda: curves.width(Curve([1, 2], [0, 1]), 0.9, 0.1), r"^low, high"),
        (lambda: curves.steepest_slope(Curve([1], [0.5])), r"^curve = 1"),
        (lambda: Curve([1, 2], [0, 1]).up_to(0.5), r"^scale = 0\.5"),
        (lambda: Curve([1, 2], [0, 1]).above(2), r"^scale = 2"),
    ],
)
def test_wrong_questions_are_refused(call, message):
    with pytest.raises(FieldError, match=message):
        call()


# -- what is measured on a curve -----------------------------------------------------------------


@given(alpha=st.floats(0.2, 2), log_c=st.floats(6, 12), L=st.integers(1, 50))
def test_location_width_and_slope_are_the_closed_forms(alpha, log_c, L):
    """Longer targets shift the curve and do not sharpen it."""
    N_c = 10**log_c
    centre = log_c + np.log10(L) / alpha
    N = np.geomspace(10 ** (centre - 3 / alpha), 10 ** (centre + 3 / alpha), 2001)
    c = Curve(N, EXACT_MATCH.expected(ScalingLaw(alpha, N_c).probability(N), L=L))
    half = (
        optimize.brentq(lambda x: L * np.exp(-alpha * x) - np.log(2), -200, 200) / np.log(10)
        + log_c
    )
    assert np.log10(curves.location(c)) == pytest.approx(half, abs=1e-4 / alpha)
    assert curves.width(c) == pytest.approx(np.log10(np.log(10) / np.log(10 / 9)) / alpha, rel=1e-3)
    steepest = curves.steepest_slope(c)
    assert steepest.value == pytest.approx(alpha / np.e, rel=1e-3)
    assert np.log10(steepest.scale) == pytest.approx(centre, abs=0.02 / alpha)


def test_a_falling_curve_is_measured_too():
    c = Curve([1, 10, 100], [5, 3, 0], score_range=(0, 5))
    assert curves.steepest_slope(c).value == pytest.approx(-3 / np.log(10))
    assert curves.location(c) == pytest.approx(10 ** (1 + 1 / 6))
    assert curves.width(c, 0.2, 0.8) > 0


def test_a_level_that_is_not_crossed_has_no_location():
    flat = Curve([1, 2, 3], [0.1, 0.2, 0.3])
    assert np.isnan(curves.location(flat))
    assert np.isnan(curves.width(flat))
    assert np.isnan(curves.location(Curve([1, 2], [0.8, 0.9])))
    assert curves.location(Curve([1, 2, 4], [0.1, 0.5, 0.9])) == 2


def test_counts_are_the_nearest_whole_numbers():
    assert Curve([1, 2], [0.0254, 0.0005], 2000).counts.tolist() == [51, 1]


def test_parts_of_a_curve():
    c = Curve([1, 2, 3], [0.1, 0.2, 0.3], [10, 20, 30], name="x")
    assert c.up_to(2).n.tolist() == [10, 20]
    assert c.above(2).score.tolist() == [0.3]
    assert c.up_to(2).name == "x"
    assert len(c.up_to(3)) == 3
    assert c.resolution == pytest.approx([0.1, 0.05, 1 / 30])


def test_bootstrap_interval_covers_the_true_location():
    law, sizes, n = ScalingLaw(0.8, 1e9), np.geomspace(1e7, 1e11, 9), 400
    truth = law.probability(sizes)
    target = curves.location(Curve(sizes, truth))
    rng = np.random.default_rng(3)
    hits = 0
    for i in range(60):
        c = Curve(sizes, rng.binomial(n, truth) / n, n)
        low, high = curves.bootstrap_interval(c, curves.location, draws=200, level=0.9, seed=i)
        hits += low <= target <= high
    assert 46 <= hits <= 60  # 90 % of 60 is 54, standard deviation 2.3


def test_bootstrap_of_an_undefined_statistic_is_undefined():
    c = Curve([1, 2, 3], [0.0, 0.0, 0.01], 100)
    assert np.isnan(curves.bootstrap_interval(c, curves.location, draws=50, seed=0).low)
    again = [
        curves.bootstrap_interval(Curve([1, 9], [0.1, 0.9], 50), curves.location, draws=50, seed=0)
        for _ in "ab"
    ]
    assert again[0] == again[1]


# -- curvature ---------------------------------------------------------------------------------------


def test_curvature_of_a_parabola_is_exact_whatever_the_spacing():
    u = np.array([0.0, 0.7, 1.0, 2.5])
    curve = Curve(np.exp(u), 0.1 + 0.08 * u**2)
    bend = curves.curvature(curve)
    assert bend.value == pytest.approx(0.16)
    line = Curve(np.exp(u), 0.3 * u, score_range=(0, 2))
    assert curves.curvature(line).value == pytest.approx(0, abs=1e-12)
    with pytest.raises(FieldError, match=r"^curve = 2: expected at least three points"):
        curves.curvature(Curve([1, 2], [0, 1]))


def test_the_sharpest_bend_of_the_closed_form():
    """Of exp(-exp(-a x)) by calculus: a^2 times the largest |t^2 - t| e^-t, over t > 0."""
    alpha = 0.5
    law = ScalingLaw(alpha, 1.0)
    scale = np.geomspace(1e-6, 1e8, 4001)
    bend = curves.curvature(Curve(scale, law.probability(scale)))
    t = np.linspace(1e-4, 20, 400_001)
    exact = (t**2 - t) * np.exp(-t)
    assert bend.value == pytest.approx(alpha**2 * exact[np.abs(exact).argmax()], rel=1e-3)
    t_at = t[np.abs(exact).argmax()]
    assert bend.scale == pytest.approx(t_at ** (-1 / alpha), rel=0.02)


def test_a_bootstrap_interval_may_end_at_infinity():
    from mirage_utils.evidence.emergence import emergence_score

    curve = Curve([1, 2, 3, 4, 5, 6], np.array([0, 0, 1, 0, 1, 60]) / 200, 200)
    low, high = curves.bootstrap_interval(curve, lambda c: emergence_score(c).value, seed=1)
    assert np.isfinite(low)
    assert high == np.inf
