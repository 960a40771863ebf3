"""Where metrics rise and over how many decades, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_utils.errors import FieldError
from mirage_utils.metrics import (
    BRIER,
    EXACT_MATCH,
    LOG_SCORE,
    METRICS,
    PASS_AT_K,
    TOKEN_ACCURACY,
    TOKEN_EDIT_DISTANCE,
)
from mirage_utils.metrics.rises import place_of, rise, share_of_rise

TOKEN = math.log10(math.log(10) / math.log(10 / 9))


def test_one_token():
    assert rise(TOKEN_ACCURACY) == pytest.approx((-math.log10(math.log(2)), TOKEN))


@given(L=st.integers(1, 2_000))
def test_a_power_is_later_by_the_logarithm_of_its_exponent(L):
    assert rise(EXACT_MATCH, L=L) == pytest.approx((math.log10(L / math.log(2)), TOKEN), abs=1e-6)


@given(k=st.integers(2, 10_000))
def test_more_attempts_are_earlier_and_narrower(k):
    fewer, more = rise(PASS_AT_K, k=k - 1), rise(PASS_AT_K, k=k)
    assert more.half < fewer.half
    assert more.width < fewer.width


def test_the_brier_score_is_the_best_of_two():
    for options in (2, 5, 30):
        assert rise(BRIER, K=options) == pytest.approx(rise(PASS_AT_K, k=2))


def test_all_right_is_the_widest_of_the_rules_that_count_right_tokens():
    from scipy import stats

    for of in (2, 3, 7, 20, 60):
        widths = [rise(lambda p, j=j, n=of: stats.binom.sf(j - 1, n, p)).width for j in range(1, of + 1)]  # fmt: skip
        assert widths[-1] == pytest.approx(TOKEN)
        assert max(widths[:-1]) < 0.67 * TOKEN


def test_parameters_that_a_metric_does_not_have_are_left_out_and_missing_ones_named():
    assert rise(TOKEN_ACCURACY, L=5) == rise(TOKEN_ACCURACY)
    with pytest.raises(FieldError, match="L"):
        rise(EXACT_MATCH)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_share_is_reached_where_it_is_said_to_be(metric):
    values = {"L": 4, "m": 4, "K": 4, "s": 0.5, "c": 0.2, "k": 3, "w": 2, "b": 2}
    if metric.gentle == "loss":
        with pytest.raises(FieldError, match="two ends"):
            rise(metric, **values)
        return
    x = place_of(metric, 0.3, **values)
    assert share_of_rise(metric, math.exp(-math.exp(-x)), **values) == pytest.approx(0.3)


def test_wrong_input_is_refused():
    with pytest.raises(FieldError, match="two ends"):
        share_of_rise(LOG_SCORE, [0.5])
    with pytest.raises(FieldError, match="two ends"):
        share_of_rise(lambda p: np.ones_like(p), [0.5])
    with pytest.raises(FieldError, match="share"):
        place_of(TOKEN_EDIT_DISTANCE, 1.0, L=3)
