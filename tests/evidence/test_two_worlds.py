"""Two worlds through the same scores."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from mirage_utils import Curve, FieldError
from mirage_utils.evidence.two_worlds import smooth_world, switch_world

SIZES = np.array([1.25e8, 3.56e8, 7.6e8, 1.32e9, 2.65e9, 6.66e9, 1.285e10, 1.746e11])
COUNTS = np.array([0, 1, 1, 0, 3, 3, 8, 510])
CURVE = Curve(SIZES, COUNTS / 2000, 2000)


def test_the_smooth_world_is_found_back():
    truth = 0.002 + 0.998 / (1 + np.exp(-1.5 * np.log(SIZES / 1e11)))
    n = 10**7
    found = smooth_world(Curve(SIZES, np.rint(truth * n) / n, n))
    assert found.at(SIZES) == pytest.approx(truth, rel=1e-3)
    assert found.at([5e10])[0] == pytest.approx(0.002 + 0.998 / (1 + 2**1.5), rel=1e-3)


def test_the_power_before_the_switch_is_that_of_a_regression():
    world = switch_world(CURVE, at=5e10)
    # Poisson counts, which rare right answers nearly are.
    x = sm.add_constant(np.log(SIZES[:7] / 1e10))
    found = sm.GLM(COUNTS[:7], x, family=sm.families.Poisson()).fit()
    assert 2000 * world.at(SIZES[:7]) == pytest.approx(found.fittedvalues, rel=0.01)
    assert world.deviance == pytest.approx(found.deviance, abs=0.02)


def test_the_place_of_the_switch_changes_nothing_at_the_sizes():
    early, late = (switch_world(CURVE, at=at) for at in (1.3e10, 1.7e11))
    assert early.at(SIZES) == pytest.approx(late.at(SIZES))
    assert early.deviance == late.deviance
    assert early.at([1.5e11])[0] == pytest.approx(0.255)
    assert late.at([1.5e11])[0] < 0.05


def test_the_chance_of_a_misfit_is_about_that_of_chi_squared():
    # With counts of hundreds the deviance has the distribution that the books give.
    rng = np.random.default_rng(3)
    truth = 0.02 + 0.98 / (1 + np.exp(-np.log(SIZES / 1e11)))
    many = Curve(SIZES, rng.binomial(20_000, truth) / 20_000, 20_000)
    world = smooth_world(many)
    expected = stats.chi2.sf(world.deviance, len(SIZES) - 3)
    assert world.chance_of_misfit(draws=150, seed=1) == pytest.approx(expected, abs=0.12)
    assert world.chance_of_misfit(draws=20, seed=1) == world.chance_of_misfit(draws=20, seed=1)


def test_what_has_no_two_worlds_is_said():
    with pytest.raises(FieldError, match="at least 4 sizes"):
        smooth_world(CURVE.up_to(8e8))
    with pytest.raises(FieldError, match="between 0 and 1"):
        smooth_world(Curve(SIZES, np.zeros(8), 100))
    with pytest.raises(FieldError, match="up to"):
        switch_world(CURVE, at=1e10)
