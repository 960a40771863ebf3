"""Long tasks: closed forms against matrices, simulations and quadrature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate

from mirage_utils.errors import FieldError, UnknownNameError
from mirage_utils.laws import horizons


def by_matrix(steps, p, repair, times):
    """Share on the track after each step: states untouched, on the track again, off it."""
    after = max(0.0, 1 - times * (1 - p))
    move = np.array([[p, 0, 1 - p], [0, after, 1 - after], [0, repair, 1 - repair]])
    state, on = np.array([1.0, 0, 0]), []
    for _ in range(steps):
        state = state @ move
        on.append(state[0] + state[1])
    return np.array(on)


CHAINS = [(0.9, 0.0, 1), (0.9, 0.3, 1), (0.9, 0.3, 3), (0.99, 0.02, 5), (0.5, 0.5, 50), (0.999, 1.0, 2), (0.95, 0.1, 20)]  # fmt: skip


@pytest.mark.parametrize(("p", "repair", "times"), CHAINS)
def test_the_closed_form_is_the_chain(p, repair, times):
    on = by_matrix(400, p, repair, times)
    n = np.arange(1, 401)
    assert horizons.chain_success(n, p, repair, times) == pytest.approx(on, abs=1e-12)
    mean = np.cumsum(on) / n
    assert horizons.chain_on_track(n, p, repair, times) == pytest.approx(mean, abs=1e-12)


def test_the_chain_is_what_happens_step_by_step():
    rng, p, repair, times = np.random.default_rng(0), 0.95, 0.2, 4.0
    on, slip = np.ones(100_000, bool), np.full(100_000, 1 - p)
    for _ in range(30):
        u = rng.random(on.size)
        now = np.where(on, u >= slip, u < repair)
        slip = np.where(on & ~now, times * (1 - p), slip)
        on = now
    assert on.mean() == pytest.approx(horizons.chain_success(30, p, repair, times), abs=0.006)


@pytest.mark.parametrize(("p", "repair", "times"), CHAINS)
def test_the_horizon_is_the_last_length_that_succeeds_often_enough(p, repair, times):
    on = by_matrix(3000, p, repair, times)
    found = horizons.chain_horizon(p, repair, times)
    below = np.flatnonzero(on < 0.5 - 1e-9)
    if np.isinf(found):
        assert below.size == 0
        assert repair / (repair + min(1, times * (1 - p))) >= 0.5
    else:
        assert found == below[0]  # the step before the first that is below


def test_horizons_of_independent_steps():
    p = np.array([0.9, 0.99, 0.999])
    for level in (0.5, 0.8):
        steps = horizons.horizon(p, level)
        assert p**steps == pytest.approx(level)
        assert [horizons.chain_horizon(each, level=level) for each in p] == np.floor(steps).tolist()
    assert horizons.horizon(0.999) / horizons.horizon(0.99) == pytest.approx(10, rel=0.01)


def test_the_fewest_moves_by_moving_disks():
    def solve(n, a="a", b="b", c="c"):
        return [*solve(n - 1, a, c, b), (a, c), *solve(n - 1, b, a, c)] if n else []

    assert horizons.hanoi_moves(range(1, 11)).tolist() == [len(solve(n)) for n in range(1, 11)]


def test_ratios_of_times():
    t = np.geomspace(1e-5, 1, 200_001)
    survive = {
        "constant": np.exp(-np.log(2) * t),
        "unequal": [integrate.quad(lambda h, x=x: np.exp(-h - h * x), 0, np.inf)[0] for x in t[::2000]],
    }  # fmt: skip
    at = np.interp(-0.8, -np.array(survive["unequal"]), t[::2000])
    assert horizons.time_ratio("unequal") == pytest.approx(at, rel=0.01)
    assert horizons.time_ratio("constant") == pytest.approx(np.interp(-0.8, -survive["constant"], t), rel=1e-3)  # fmt: skip
    # a logistic curve of slope ln 2 a doubling is the unequal tasks, a Weibull law of exponent 1 the constant hazard
    for q in (0.8, 0.9, 0.99):
        assert horizons.time_ratio("logistic", q, np.log(2)) == pytest.approx(horizons.time_ratio("unequal", q))  # fmt: skip
        assert horizons.time_ratio("weibull", q, 1.0) == pytest.approx(
            horizons.time_ratio("constant", q)
        )
        ratio = horizons.time_ratio("logistic", q, 0.6)
        assert 1 / (1 + np.exp(0.6 * np.log2(ratio))) == pytest.approx(q)
        assert 2 ** -(horizons.time_ratio("weibull", q, 0.6) ** 0.6) == pytest.approx(q)


def test_what_is_refused():
    for call in (
        lambda: horizons.horizon(1.0), lambda: horizons.horizon(0.0), lambda: horizons.horizon(0.5, 1.0),
        lambda: horizons.hanoi_moves(0), lambda: horizons.chain_success(0, 0.9), lambda: horizons.chain_success(1, 0.9, 2.0),
        lambda: horizons.chain_on_track(1, 0.9, 0.1, 0.5), lambda: horizons.time_ratio("weibull", 0.8, 0.0),
    ):  # fmt: skip
        with pytest.raises(FieldError):
            call()
    with pytest.raises(UnknownNameError):
        horizons.time_ratio("straight")
