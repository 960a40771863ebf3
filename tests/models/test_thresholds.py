"""Thresholds on errors: whether any carries the items, against trying many, and a law against draws of it."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_utils import FieldError
from mirage_utils.models import scores, thresholds

RNG = np.random.default_rng(0)
ERRORS = np.exp(RNG.normal(0, 1, (3, 4, 57))) / np.array([1.0, 3.0, 9.0])[:, None, None]


@pytest.mark.parametrize("low", [0.05, 0.1, 0.25, 0.5])
def test_the_most_that_is_carried_is_the_most_that_any_threshold_carries(low):
    # every threshold that could matter: just above each error
    every = np.unique(np.concatenate([ERRORS.ravel(), np.nextafter(ERRORS.ravel(), np.inf)]))
    first, last = (scores.share_below(ERRORS[i], every) for i in (0, -1))
    most = [top[start < low].max() for start, top in zip(first, last, strict=True)]
    np.testing.assert_allclose(thresholds.most_carried(ERRORS, low), most)
    for high in (0.3, 0.6, 0.9):
        assert (thresholds.carried(ERRORS, low, high) == (np.array(most) > high)).all()


def test_errors_that_do_not_fall_carry_nothing():
    same = np.repeat(ERRORS[:1], 2, axis=0)
    assert (thresholds.most_carried(same, 0.1) < 0.1).all()


def test_equally_spread_errors_keep_their_order_and_have_the_spread():
    made = thresholds.equally_spread(ERRORS, 0.3)
    np.testing.assert_allclose(np.log(made).std(axis=-1), 0.3)
    assert (made.argsort(axis=-1) == ERRORS.argsort(axis=-1)).all()
    np.testing.assert_allclose(np.log(made).mean(axis=-1), np.log(ERRORS.mean(axis=-1)))


def test_the_law_of_made_errors_is_the_law_they_were_made_with():
    sizes = 2.0 ** np.arange(9)
    made = np.exp(RNG.normal(0, 0.6, (9, 3, 4_000))) * (sizes[:, None, None] / 16) ** -0.8 * 0.02
    found = thresholds.law_of(sizes, made)
    assert found.slope == pytest.approx(0.8, abs=0.02)
    assert found.spread == pytest.approx(0.6, abs=0.02)
    measured = scores.share_below(made, 0.01).mean(axis=1)
    np.testing.assert_allclose(
        scores.LogNormalErrors(0.8, 0.6).share_below(0.01, sizes, 0.02, 16), measured, atol=0.02
    )


def test_the_share_of_the_law_takes_its_decades_under_every_threshold():
    law, sizes = scores.LogNormalErrors(0.55, 0.57), np.geomspace(1e-3, 1e6, 4_001)
    for c in (0.001, 0.1):
        at = np.interp([0.1, 0.9], law.share_below(c, sizes, 0.01, 32), np.log10(sizes))
        assert np.diff(at)[0] == pytest.approx(law.decades, abs=1e-3)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: thresholds.most_carried(ERRORS[0]), "errors"),
        (lambda: thresholds.most_carried(ERRORS, 1.0), "low"),
        (lambda: thresholds.carried(ERRORS, 0.1, 0.0), "high"),
        (lambda: thresholds.equally_spread(ERRORS, 0.0), "spread"),
        (lambda: thresholds.equally_spread(np.ones((1, 1, 3)), 1.0), "errors"),
        (lambda: thresholds.law_of([1, 2], ERRORS), "errors"),
        (lambda: thresholds.law_of([1, 2, 4], ERRORS, around=2), "around"),
    ],
)
def test_what_does_not_fit_is_refused(call, field):
    with pytest.raises(FieldError) as refused:
        call()
    assert refused.value.field == field
