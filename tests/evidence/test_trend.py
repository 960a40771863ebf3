"""The exact test of a trend, against every single assignment of the successes to the items."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from mirage_utils import Curve, FieldError, curves
from mirage_utils.evidence import trend


def brute(k, n, x):
    """Two-sided p: every set of items that could have been the right ones, counted one by one."""
    owner = np.repeat(np.arange(len(k)), n)
    values = np.asarray(x, float)
    seen = [
        values[owner[list(right)]].sum()
        for right in itertools.combinations(range(len(owner)), sum(k))
    ]
    middle = np.mean(seen)
    return np.mean(np.abs(np.array(seen) - middle) >= abs(np.dot(k, values) - middle) - 1e-9)


@pytest.mark.parametrize(
    ("k", "n", "x"),
    [
        ([0, 1, 3], [5, 5, 5], [0.0, 1.0, 2.5]),
        ([2, 0, 1], [4, 6, 5], [1.0, 2.0, 2.2]),
        ([0, 0, 1, 3], [4, 4, 4, 4], [3.0, 1.0, 2.0, 7.0]),
        ([4, 4, 1], [4, 5, 4], [0.0, 1.0, 2.0]),
    ],
)
def test_the_p_value_counts_every_assignment(k, n, x):
    assert trend(k, n, x).p_value == pytest.approx(brute(k, n, x))


def test_with_two_sizes_it_is_fishers_test_and_its_interval_that_of_the_odds_ratio():
    table = np.array([[7, 1], [13, 19]])
    found = trend([1, 7], 20, [0, 1])
    assert found.p_value == pytest.approx(stats.fisher_exact(table)[1])
    odds = stats.contingency.odds_ratio(table, kind="conditional")
    assert np.exp(found.slope) == pytest.approx(odds.statistic)
    assert np.exp(found.interval) == pytest.approx(tuple(odds.confidence_interval(0.95)))


def test_the_unit_of_x_and_its_origin_do_not_matter():
    one = trend([0, 1, 1, 4], 100, [1, 2, 3, 4])
    other = trend([0, 1, 1, 4], 100, [1010, 1020, 1030, 1040])
    assert one.p_value == other.p_value
    assert one.slope == pytest.approx(10 * other.slope)
    assert one.interval == pytest.approx(10 * np.array(other.interval))


def test_at_an_end_the_slope_is_unbounded():
    found = trend([0, 0, 3], 50, [1, 2, 3])
    assert found.slope == math.inf
    assert found.interval.high == math.inf
    assert np.isfinite(found.interval.low)
    down = trend([3, 0, 0], 50, [1, 2, 3])
    assert down.slope == down.interval.low == -math.inf
    assert down.interval.high == pytest.approx(-found.interval.low)


def test_it_errs_as_rarely_as_it_says_and_covers_the_slope():
    rng = np.random.default_rng(4)
    x = np.arange(5.0)
    null = [trend(k, 400, x).p_value for k in rng.binomial(400, 0.005, (300, 5)) if k.sum()]
    assert np.mean(np.array(null) <= 0.05) < 0.08
    p = 0.002 * np.exp(0.4 * x)
    inside = [
        trend(k, 400, x).interval for k in rng.binomial(400, p / (1 + p), (300, 5)) if k.sum()
    ]
    assert np.mean([low <= 0.4 <= high for low, high in inside]) > 0.93


@pytest.mark.parametrize(
    ("k", "n", "x", "words"),
    [
        ([0, 0], 5, [1, 2], "some successes"),
        ([5, 5], 5, [1, 2], "some successes"),
        ([1, 6], 5, [1, 2], "at most n"),
        ([1, 2], 5, [1, 1], "values that differ"),
        ([1, 2], 5, [1, 2, 3], "one for each count"),
        ([30, 30, 30, 30, 30, 30, 30, 30], 50, list(range(8)), "ways to share"),
    ],
)
def test_what_cannot_be_tested_is_said(k, n, x, words):
    with pytest.raises(FieldError, match=words):
        trend(k, n, x)


def test_no_curve_that_fits_the_points_is_outside_the_bounds_of_the_width():
    scale = np.array([1e8, 4e8, 1e9, 1e10, 2e11])
    curve = Curve(scale, [0.0, 0.03, 0.02, 0.3, 0.9])
    low, high = curves.width_bounds(curve)
    assert (low, high) == pytest.approx((0, np.log10(2e11 / 1e9)))
    rng = np.random.default_rng(2)
    for _ in range(50):  # rising curves through the points, with any steps between them
        fine, score = [scale[0]], [0.0]
        for a, b, y, z in zip(scale, scale[1:], [0, 0.03, 0.03, 0.3], [0.03, 0.03, 0.3, 0.9], strict=False):  # fmt: skip
            fine += [*np.sort(rng.uniform(a, b, 5)), b]
            score += [*np.sort(rng.uniform(y, z, 5)), z]
        rise = Curve(np.unique(fine), np.array(score) / 0.9)
        assert low - 1e-9 <= curves.width(rise) <= high + 1e-9
    step = curves.width_bounds(Curve(scale, [0.1, 0.1, 0.1, 0.1, 0.5]))
    assert step == pytest.approx((0, np.log10(20)))
    with pytest.raises(FieldError, match="above the first"):
        curves.width_bounds(Curve(scale, [0.5, 0.1, 0.1, 0.2, 0.5]))
