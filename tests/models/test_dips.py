"""The dip test without the package diptest is that with it."""

import numpy as np
import pytest
from diptest import diptest
from hypothesis import example, given
from hypothesis import strategies as st

from mirage_utils.models.language.dips import chance_of_dip, dip_statistic
from mirage_utils.models.language.levels import Dip, dip


@example([0, 0, 0, 0], True)
@example([3, 3, 3, 3], False)
@given(st.lists(st.integers(0, 30), min_size=4, max_size=60), st.booleans())
def test_a_dip_is_that_of_diptest(values, apart):
    x = np.sort(np.array(values, float) + (np.arange(len(values)) / 7 if apart else 0))
    # Steps of equal width have the smallest dip that a sample can have; by default diptest calls it none at all.
    least = 1 / (2 * x.size)
    assert max(dip_statistic(x), least) == pytest.approx(diptest(x, allow_zero=False)[0], abs=1e-12)


@example([0, 0, 0, 0], True)
@example([3, 3, 3, 3], False)
@given(st.lists(st.integers(0, 30), min_size=4, max_size=60), st.booleans())
def test_no_sample_dips_less_than_half_a_step_but_one_of_one_value(values, apart):
    x = np.sort(np.array(values, float) + (np.arange(len(values)) / 7 if apart else 0))
    assert dip_statistic(x) >= (1 / (2 * x.size) if x[0] < x[-1] else 0)


@pytest.mark.parametrize("n", [4, 5, 7, 12, 20, 50, 100, 200, 700])
def test_its_chance_is_that_of_diptest(n, monkeypatch):
    rng = np.random.default_rng(n)
    for hills in (1, 2):
        for _ in range(30):
            x = np.sort(rng.normal(0, 1, n) + 3 * (rng.random(n) < 0.5) * (hills - 1))
            statistic, chance = diptest(x)
            assert dip_statistic(x) == pytest.approx(statistic, abs=1e-12)
            assert chance_of_dip(statistic, n) == pytest.approx(chance, abs=0.006)


def test_whoever_lacks_the_package_gets_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(0, 0.1, 12), rng.normal(1, 0.1, 8)])
    with_it = dip(values)
    monkeypatch.setitem(__import__("sys").modules, "diptest", None)
    without = dip(values)
    assert isinstance(without, Dip)
    assert without.statistic == pytest.approx(with_it.statistic, abs=1e-12)
    assert without.p_value == pytest.approx(with_it.p_value, abs=0.003)
