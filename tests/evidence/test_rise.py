"""Geometric falls with length, and logistic rises with scale."""

import numpy as np
import pytest
from scipy import stats

from mirage_utils import FieldError
from mirage_utils.evidence.geometric import geometric, geometric_within
from mirage_utils.evidence.rise import LogisticRise, logistic_rise


def test_a_geometric_law_is_found_and_another_is_rejected():
    rng = np.random.default_rng(1)
    L = np.arange(1, 6)
    n = np.full(5, 400)
    same = [geometric(L, n, rng.binomial(n, 0.8**L)) for _ in range(200)]
    assert np.mean([g.p for g in same]) == pytest.approx(0.8, abs=0.005)
    # The deviance is chi-squared with four degrees of freedom, so 5% of laws that hold are rejected.
    assert 0.01 < np.mean([g.p_value < 0.05 for g in same]) < 0.11
    assert {g.dof for g in same} == {4}
    faster = geometric(L, n, np.rint(n * 0.9 ** (L**1.6)).astype(int))
    assert faster.p_value < 1e-6
    assert np.isnan(geometric([2], [10], [5]).p_value)
    with pytest.raises(FieldError, match="at most n"):
        geometric([1, 2], [10, 10], [5, 11])


@pytest.mark.parametrize("width", [0.4, 1.5, 4.0])
def test_a_logistic_rise_is_found_back(width):
    truth = LogisticRise(0.6, 22.5, width)
    scale = np.geomspace(1e19, 1e25, 60)
    found = logistic_rise(scale, truth.at(scale))
    assert found == pytest.approx(truth, rel=1e-5)
    ends = 10 ** (truth.middle + np.array([-0.5, 0.5]) * width)
    assert truth.at(ends) / truth.top == pytest.approx([0.1, 0.9])


def test_what_no_rise_fits_is_said():
    with pytest.raises(FieldError, match="at least four points"):
        logistic_rise([1, 2, 3], [0, 1, 1])


def test_the_law_within_groups_is_the_sum_of_its_groups_and_its_rival_is_known():
    rng = np.random.default_rng(4)
    group, L, n = np.repeat(["a", "b"], 3), np.tile([1.0, 2, 3], 2), np.full(6, 400)
    p = np.repeat([0.9, 0.6], 3)
    found = geometric_within(group, L, n, rng.binomial(n, p**L))
    assert found.dof == 4
    assert found.p_value > 1e-3
    assert found.deviance == pytest.approx(sum(f.deviance for f in found.fits.values()))
    assert [f.p for f in found.fits.values()] == pytest.approx([0.9, 0.6], abs=0.03)
    k = rng.binomial(n, p)  # right answers that know nothing of length
    blind = geometric_within(group, L, n, k)
    table = [np.array([k[group == g], (n - k)[group == g]]) for g in "ab"]
    g_test = sum(stats.chi2_contingency(t, lambda_="log-likelihood").statistic for t in table)
    assert blind.flat == pytest.approx(g_test)
    assert blind.p_value < 1e-6
    with pytest.raises(FieldError):
        geometric_within(["a"], [1, 2], [3, 3], [1, 1])
