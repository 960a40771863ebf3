"""Rise and bend: what is known by algebra, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_utils import Curve, FieldError, ScalingLaw, curves
from mirage_utils.metrics import EXACT_MATCH

SCALE = np.geomspace(1e2, 1e24, 8001)


@given(st.floats(0.4, 1.5), st.integers(1, 30))
def test_exact_match_under_a_power_law_has_one_width_and_no_bend(alpha, length):
    law = ScalingLaw(alpha, 1e8)
    curve = Curve(SCALE, EXACT_MATCH.expected(law.probability(SCALE), L=length))
    found = curves.rise(curve)
    # The largest size may be short of 100% a little.
    assert found.ceiling > 0.99
    assert found.width * alpha == pytest.approx(np.log10(np.log(10) / np.log(10 / 9)), rel=0.02)
    assert found.half == pytest.approx(1e8 * (length / np.log(2)) ** (1 / alpha), rel=0.05)
    assert curves.bend(curve, 0.02, 0.6) == pytest.approx(1, abs=1e-3)


def test_a_ceiling_scales_out_of_width_and_half_way_point():
    whole = curves.rise(Curve(SCALE, np.exp(-1e9 / SCALE)))
    part = curves.rise(Curve(SCALE, 0.3 * np.exp(-1e9 / SCALE)))
    assert part.ceiling == pytest.approx(0.3)
    assert part[1:] == pytest.approx(whole[1:])


def test_the_bend_is_the_ratio_of_two_slopes():
    y = np.array([1.5, 1.4, 1.2, 0.0, -1.0])  # ln(-ln score)
    curve = Curve(np.exp(np.arange(5)), np.exp(-np.exp(y)))
    assert curves.bend(curve) == pytest.approx((1.2 + 1.0) / (1.5 - 1.2))
    ends = np.exp(-np.exp([1.4, 0.0]))
    assert curves.bend(curve, *ends) == pytest.approx(1.2 / 0.2)
    between = np.exp(-np.exp([1.3, 0.6]))  # at 1.5 and 2.5, with the middle at 2
    assert curves.bend(curve, *between) == pytest.approx(0.6 / 0.1)


def test_scores_without_a_finite_point_are_left_out():
    inner = Curve([2, 3, 4], [0.1, 0.2, 0.7])
    assert curves.bend(Curve([1, 2, 3, 4, 5], [0, 0.1, 0.2, 0.7, 1])) == curves.bend(inner)


def test_what_is_not_reached_has_no_bend_and_a_level_half_an_infinite_one():
    curve = Curve([1, 2, 4], [0.1, 0.2, 0.7])
    assert np.isnan(curves.bend(curve, 0.05, 0.5))
    assert np.isnan(curves.bend(curve, 0.1, 0.8))
    assert curves.bend(Curve([1, 2, 4], [0.1, 0.1, 0.7])) == np.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: curves.rise(Curve([1, 2, 3], [0.1, 0.3, 0.2])), r"^curve"),
        (lambda: curves.rise(Curve([1, 2], [0, 0])), r"^curve"),
        (lambda: curves.bend(Curve([1, 2, 3], [0, 0.2, 1])), r"^curve"),
        (lambda: curves.bend(Curve([1, 2, 3], [0.1, 0.2, 0.3]), 0.3, 0.2), r"^low, high"),
        (lambda: curves.bend(Curve([1, 2, 3], [0.1, 0.2, 0.3]), high=1), r"^low, high"),
    ],
)
def test_wrong_input_is_named(call, message):
    with pytest.raises(FieldError, match=message):
        call()
