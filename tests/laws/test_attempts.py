"""Many attempts: the beta distribution against quadrature and simulation, crossings by search on a grid."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from mirage_utils.errors import FieldError
from mirage_utils.laws.attempts import Beta, crossing, fit_beta, power_of_attempts


@pytest.mark.parametrize(("a", "b"), [(0.3, 2.0), (1.0, 1.0), (2.0, 0.5)])
def test_pass_at_k_is_the_mean_over_problems(a, b):
    for k in (1, 5, 40):
        fails, _ = integrate.quad(lambda q, k=k: q**k * stats.beta.pdf(q, b, a), 0, 1)
        assert Beta(a, b).pass_at_k(k) == pytest.approx(1 - fails, abs=1e-6)
    assert Beta(a, b).mean == pytest.approx(float(Beta(a, b).pass_at_k(1)))
    assert Beta(a, b).pass_at_k(0) == 0


def test_the_tail_is_a_power_of_the_number_of_attempts():
    k = np.array([1e5, 1e6])
    fails = 1 - Beta(0.4, 2.0).pass_at_k(k)
    assert np.log(fails[1] / fails[0]) / np.log(10) == pytest.approx(-0.4, abs=1e-3)


def test_the_fit_finds_what_made_the_counts_and_nothing_is_likelier():
    rng = np.random.default_rng(3)
    n = np.full(2000, 60)
    c = rng.binomial(n, rng.beta(0.4, 1.5, n.size))
    found = fit_beta(n, c)
    assert found == pytest.approx((0.4, 1.5), rel=0.15)

    def likely(a, b):
        return stats.betabinom.logpmf(c, n, a, b).sum()

    for a, b in ((1.03, 1), (0.97, 1), (1, 1.03), (1, 0.97), (1.02, 0.98)):
        assert likely(found.a * a, found.b * b) <= likely(*found) + 1e-4


@pytest.mark.parametrize("shape", [(0.05, 2.0), (0.1, 0.1), (0.3, 4.0), (8.0, 3.0), (40.0, 60.0)])
def test_one_start_is_enough_also_for_rare_two_ended_and_nearly_equal_chances(shape):
    rng = np.random.default_rng(9)
    n = rng.integers(20, 120, 400)
    c = rng.binomial(n, rng.beta(*shape, n.size))

    def unlikely(logs):
        return -stats.betabinom.logpmf(c, n, *np.exp(logs)).sum()

    searched = [
        optimize.minimize(unlikely, start, method="Nelder-Mead", options={"fatol": 1e-9})
        for start in ((-3.0, 0.0), (0.0, 0.0), (3.0, 3.0))
    ]
    best = min(searched, key=lambda each: each.fun)
    found = fit_beta(n, c)
    assert unlikely(np.log(found)) <= best.fun + 1e-4
    assert found == pytest.approx(np.exp(best.x), rel=0.01)


def test_curves_cross_at_most_once_and_where_the_search_finds_it():
    rng = np.random.default_rng(5)
    k = np.geomspace(1, 1e6, 4001)
    crossed = 0
    for _ in range(60):
        one, two = (Beta(*np.exp(rng.uniform(-1.5, 1.5, 2))) for _ in range(2))
        fails = np.array([stats.betabinom.pmf(0, 1, *one), stats.betabinom.pmf(0, 1, *two)])
        lead = one.pass_at_k(k) - two.pass_at_k(k)
        clear = np.abs(lead) > 1e-9
        turns = np.flatnonzero(np.diff(np.sign(lead[clear])))
        assert len(turns) <= 1
        assert fails[0] == pytest.approx(1 - one.mean)
        at = crossing(one, two)
        if len(turns):
            crossed += 1
            assert at == pytest.approx(k[clear][turns[0]], rel=0.02)
            assert (one.mean > two.mean) == (one.a < two.a)
        assert crossing(two, one) == pytest.approx(at, nan_ok=True)
    assert crossed > 5
    assert np.isnan(crossing(Beta(1, 1), Beta(1, 1)))


def test_the_line_on_the_axes_of_a_power_law():
    k = np.array([1, 4, 16, 64])
    law = power_of_attempts(k, np.exp(-0.9 * k**-0.3))
    assert law([1, 1000]) == pytest.approx(np.exp(-0.9 * np.array([1, 1000.0]) ** -0.3))
    # zeros and ones are left out
    same = power_of_attempts([*k, 100, 200], [*np.exp(-0.9 * k**-0.3), 1.0, 0.0])
    assert same([50]) == pytest.approx(law([50]))


def test_what_is_refused():
    for n, c in (([3, 3], [4, 1]), ([3, 3], [0, 0]), ([3, 3], [3, 3]), ([3, 3], [1]), ([0], [0])):
        with pytest.raises(FieldError):
            fit_beta(n, c)
    with pytest.raises(FieldError):
        power_of_attempts([1, 2], [0.5, 1.0])
    with pytest.raises(FieldError):
        Beta(1, 1).pass_at_k(-1)
