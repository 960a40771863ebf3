"""Variances of items, runs and answers, against data whose variances are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from mirage_utils import FieldError
from mirage_utils.evidence.repeats import components


def test_answers_to_items_of_known_chances():
    rng = np.random.default_rng(0)
    p = rng.beta(2, 2, 20_000)
    found = components(rng.random((20_000, 4)) < p[:, None])
    assert found.between == pytest.approx(0.05, abs=0.003)
    assert found.within == pytest.approx(0.2, abs=0.003)
    assert found.run == 0
    assert found.mean == pytest.approx(0.5, abs=0.01)
    # One question asked once: a binomial share.
    assert found.error(items=1, runs=1) == pytest.approx(0.5, abs=0.005)


def test_the_error_is_that_of_the_items_means():
    rng = np.random.default_rng(1)
    y = rng.normal(size=(60, 1)) + rng.normal(size=(60, 5))
    found = components(y)
    assert found.error() == pytest.approx(y.mean(axis=1).std(ddof=1) / np.sqrt(60))
    assert found.error(runs=np.inf) == pytest.approx(np.sqrt(found.between / 60))
    assert 0 < found.share_of_decoding < 1


def test_a_mixed_model_finds_the_same():
    rng = np.random.default_rng(2)
    y = 0.7 * rng.normal(size=(80, 1)) + rng.normal(size=(80, 4))
    table = pd.DataFrame({"y": y.ravel(), "item": np.repeat(np.arange(80), 4)})
    fit = smf.mixedlm("y ~ 1", table, groups="item").fit(reml=True)
    found = components(y)
    assert found.within == pytest.approx(fit.scale, rel=1e-3)
    assert found.between == pytest.approx(float(fit.cov_re.iloc[0, 0]), rel=1e-2)


def test_what_all_items_of_a_run_share_is_the_runs_own():
    rng = np.random.default_rng(3)
    found = [
        components(
            rng.normal(0, 1, (300, 1)) + rng.normal(0, 0.5, (1, 6)) + rng.normal(0, 2, (300, 6)),
            crossed=True,
        )
        for _ in range(300)
    ]
    assert np.mean([f.run for f in found]) == pytest.approx(0.25, abs=0.03)
    assert np.mean([f.between for f in found]) == pytest.approx(1, abs=0.05)
    assert np.mean([f.within for f in found]) == pytest.approx(4, abs=0.05)
    # More items never remove what a run shares.
    assert found[0].error(items=np.inf, runs=6) == pytest.approx(np.sqrt(found[0].run / 6))


def test_items_with_gaps_count_by_what_they_have():
    rng = np.random.default_rng(4)
    p = rng.beta(1, 1, 30_000)
    y = (rng.random((30_000, 6)) < p[:, None]).astype(float)
    y[rng.random(y.shape) < 0.4] = np.nan
    y = y[(~np.isnan(y)).any(axis=1)]
    found = components(y)
    assert found.between == pytest.approx(1 / 12, abs=0.004)
    assert found.within == pytest.approx(1 / 6, abs=0.004)
    assert 1 < found.runs < 6


def test_negative_estimates_are_zero():
    y = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    assert components(y).between == 0
    assert np.isnan(components(np.ones((3, 2))).share_of_decoding)


@pytest.mark.parametrize(
    ("scores", "options", "words"),
    [
        ([1, 0, 1], {}, "items by runs"),
        ([[1, 0]], {}, "two items"),
        ([[1], [0]], {}, "two runs"),
        ([[1, np.nan], [np.nan, np.nan]], {}, "every item"),
        ([[1, np.inf], [0, 1]], {}, "finite"),
        ([[1, np.nan], [0, 1]], {"crossed": True}, "every run"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(scores, options, words):
    with pytest.raises(FieldError, match=words):
        components(scores, **options)


def test_numbers_of_runs_are_positive():
    found = components([[0, 1], [1, 1], [0, 0]])
    with pytest.raises(FieldError):
        found.error(runs=0)
