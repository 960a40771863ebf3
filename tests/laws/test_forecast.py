"""Forecasts of held-out models: laws that are followed are found, and the score is the proper one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from mirage_utils import FieldError
from mirage_utils.laws.forecast import CONTENDERS, Forecast, crps, forecast, interval_covers

SCALE = np.geomspace(1e8, 1e10, 12)
NEW = np.array([2e10, 5e10, 1e11])


def by_integral(mean, spread, actual):
    """The definition: integral of (F(x) - 1[x >= actual])^2."""
    f = stats.norm(mean, spread)
    below = integrate.quad(lambda x: f.cdf(x) ** 2, mean - 12 * spread, actual, limit=200)[0]
    above = integrate.quad(lambda x: f.sf(x) ** 2, actual, mean + 12 * spread, limit=200)[0]
    return below + above


@settings(max_examples=40, deadline=None)
@given(st.floats(-2, 2), st.floats(0.05, 3), st.floats(-4, 4))
def test_crps_is_its_defining_integral(mean, spread, away):
    actual = mean + away * spread
    found = crps(Forecast(np.array([mean]), np.array([spread])), [actual])[0]
    assert found == pytest.approx(by_integral(mean, spread, actual), abs=1e-6)


def test_crps_is_proper_and_tends_to_the_absolute_error():
    rng = np.random.default_rng(0)
    actual = rng.normal(0.3, 0.2, 4000)
    score = {
        (m, s): crps(Forecast(np.full(4000, m), np.full(4000, s)), actual).mean()
        for m in (0.2, 0.3, 0.4)
        for s in (0.1, 0.2, 0.4)
    }
    assert min(score, key=score.get) == (0.3, 0.2)
    assert crps(Forecast(np.array([1.0]), np.array([1e-9])), [3.0])[0] == pytest.approx(2)


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("line", lambda x: 0.1 + 0.05 * np.log(x / 1e8)),
        ("power", lambda x: 2.0 + 3.0 * (x / 1e8) ** -0.3),
        ("sigmoid", lambda x: 0.2 + 0.7 / (1 + np.exp(-1.3 * np.log(x / 8e9)))),
    ],
)
def test_a_law_that_is_followed_is_forecast(name, truth):
    found = forecast(name, SCALE, truth(SCALE), NEW)
    assert found.mean == pytest.approx(truth(NEW), rel=0.01, abs=0.01)
    others = {
        n: np.abs(forecast(n, SCALE, truth(SCALE), NEW).mean - truth(NEW)).mean()
        for n in CONTENDERS
    }
    assert others[name] <= min(others.values()) + 0.01


def test_a_broken_power_law_is_followed_through_its_break():
    law = CONTENDERS["broken"].law
    middle, reach = np.log(SCALE).mean(), np.ptp(np.log(SCALE))

    def truth(x):
        return law((np.log(x) - middle) / reach, 1.0, 1.0, -0.8, 0.1, 0.4)

    found = forecast("broken", SCALE, truth(SCALE), NEW)
    assert found.mean == pytest.approx(truth(NEW), abs=0.01)
    line = forecast("line", SCALE, truth(SCALE), NEW)
    assert np.abs(line.mean - truth(NEW)).max() > 0.05


def test_intervals_of_the_right_law_hold_as_often_as_they_say():
    rng = np.random.default_rng(1)
    truth = lambda x: 0.1 + 0.05 * np.log(x / 1e8)  # noqa: E731
    held = []
    for _ in range(400):
        found = forecast("line", SCALE, truth(SCALE) + rng.normal(0, 0.02, SCALE.size), NEW)
        held.append(interval_covers(found, truth(NEW) + rng.normal(0, 0.02, NEW.size)))
    assert 0.92 < np.mean(held) < 0.98


def test_the_line_is_ordinary_least_squares():
    import statsmodels.api as sm

    rng = np.random.default_rng(2)
    y = 0.3 + 0.02 * np.log(SCALE) + rng.normal(0, 0.01, SCALE.size)
    found = forecast("line", SCALE, y, NEW)
    model = sm.OLS(y, sm.add_constant(np.log(SCALE))).fit()
    table = model.get_prediction(sm.add_constant(np.log(NEW))).summary_frame(alpha=0.05)
    assert found.mean == pytest.approx(table["mean"].to_numpy())
    reach = stats.norm.ppf(0.975) * found.spread
    assert found.mean + reach == pytest.approx(table["obs_ci_upper"].to_numpy(), rel=1e-4)


def test_the_naive_forecast_is_the_last_value_and_its_doubt_grows_with_distance():
    y = np.linspace(0.1, 0.6, SCALE.size)
    found = forecast("last", SCALE, y, NEW)
    assert found.mean.tolist() == [0.6] * 3
    assert (np.diff(found.spread) > 0).all()


@pytest.mark.parametrize("name", CONTENDERS)
def test_forecasts_stay_in_the_metrics_range(name):
    steep = np.clip(np.linspace(-1, 0.98, SCALE.size), 0, 1)
    found = forecast(name, SCALE, steep, [1e12, 1e14], bounds=(0, 1))
    assert ((found.mean >= 0) & (found.mean <= 1)).all()
    assert ((found.spread > 0) & (found.spread <= 1)).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=4, max_size=9), st.sampled_from(sorted(CONTENDERS)))
def test_any_scores_give_a_finite_forecast(scores, name):
    found = forecast(name, np.geomspace(1e8, 1e10, len(scores)), scores, NEW, bounds=(0, 1))
    assert np.isfinite(found.mean).all()
    assert (found.spread > 0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"contender": "crystal ball"}, r"^contender = 'crystal ball': expected one of last, line"),
        ({"scale": [1, 2, 3]}, r"^scale = \(3,\): expected one dimension, at least four"),
        ({"scale": [4, 3, 2, 1]}, r"^scale = .*expected scales in rising order"),
        ({"score": [1, 2]}, r"^score = \(2,\): expected the shape of scale"),
        ({"at": [0]}, r"^at\[0\] = 0"),
    ],
)
def test_what_cannot_be_forecast_is_said(change, message):
    arguments = {
        "contender": "line",
        "scale": [1, 2, 3, 4],
        "score": [0, 0, 1, 1],
        "at": [5],
        **change,
    }
    with pytest.raises(FieldError, match=message):
        forecast(**arguments)
