"""One exponent for several curves with luck: against searches that share nothing with the climbs, and on laws that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from mirage_utils import Curve, laws
from mirage_utils.errors import FieldError
from mirage_utils.laws import FLOOR, STRAIGHT, one_slope_with_luck, scattered

SIZES = np.geomspace(1e8, 1e11, 8)
U = np.log(SIZES / 1e9)


def lucky(a, alpha, rho, seed, g=0.0):
    rng = np.random.default_rng(seed)
    p = g + (1 - g) * np.exp(-np.exp(a - alpha * U))
    spread = 1 / rho - 1
    return Curve(SIZES, rng.binomial(2000, rng.beta(p * spread, (1 - p) * spread)) / 2000, n=2000)


def lost(curve, a, alpha, rho, g=0.0):
    p = np.clip(g + (1 - g) * np.exp(-np.exp(np.clip(a - alpha * U, -600, 600))), 1e-12, 1 - 1e-12)
    spread = 1 / rho - 1
    return -stats.betabinom.logpmf(curve.counts, 2000, p * spread, (1 - p) * spread).sum()


def by_search(curve, alpha=None):
    """Least loss of the lucky line, by the simplex from several starts."""

    def of(z):
        rho = 1 / (1 + np.exp(-np.clip(z[1], -13.8, -0.01)))
        return lost(curve, z[0], np.exp(z[2]) if alpha is None else alpha, rho)

    starts = [(0.5, r, q) for r in (-8, -4) for q in (-1.5, 0.0)]
    ends = [
        optimize.minimize(of, z[: 3 if alpha is None else 2], method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-8})
        for z in starts
    ]  # fmt: skip
    return min(end.fun for end in ends)


def test_the_statistic_is_that_of_a_search_on_a_grid_of_exponents():
    curves = [lucky(0.5, 0.3, 0.003, 1), lucky(1.0, 0.6, 0.01, 2)]
    found = one_slope_with_luck(scattered(STRAIGHT), curves, reference=1e9, draws=5, seed=0)
    together = optimize.minimize_scalar(
        lambda alpha: sum(by_search(c, alpha) for c in curves), bounds=(0.2, 0.8), method="bounded"
    )
    apart = sum(by_search(c) for c in curves)
    assert found.statistic == pytest.approx(2 * (together.fun - apart), abs=0.02)
    assert found.alpha == pytest.approx(together.x, abs=0.01)
    # and as `shared_slope` finds it, by climbs of another kind
    other = laws.shared_slope(scattered(STRAIGHT), curves, reference=1e9)
    assert found.statistic == pytest.approx(other[1], abs=0.02)


def test_luck_is_not_taken_for_another_exponent():
    law = scattered(FLOOR)
    same = [lucky(a, 0.5, 0.01, seed, g=0.02) for seed, a in enumerate((0.3, 0.8, 1.2))]
    found = one_slope_with_luck(law, same, reference=1e9, draws=60, seed=0)
    assert found.p_value > 0.02
    assert (found.simulated >= 0).all()
    assert len(found.simulated) == 60
    apart = [lucky(0.5, alpha, 0.001, 7, g=0.02) for alpha in (0.3, 0.9)]
    assert one_slope_with_luck(law, apart, reference=1e9, draws=60, seed=0).p_value == 1 / 61


def test_of_two_hills_the_higher_one_is_shared():
    """Few-shot addition: a search between the exponents of the curves alone stops on a lower hill."""
    from mirage_utils import tables
    from mirage_utils.evidence import curves_of

    every = curves_of(tables.load_table("gpt3_arithmetic")).curves
    curves = [c for c in every if c.task in ("2D+", "3D+", "4D+") and c.setting == "few-shot"]
    reference = float(curves[0].scale[5])
    law = scattered(FLOOR)
    found = one_slope_with_luck(law, curves, reference=reference, draws=1, seed=0)
    alpha, statistic, _ = laws.shared_slope(law, curves, reference=reference)
    assert (found.alpha, found.statistic) == pytest.approx((alpha, statistic), abs=0.02)

    def height(alpha):
        return sum(laws.fit(law, c, reference=reference, fixed={"alpha": alpha}).log_likelihood for c in curves)  # fmt: skip

    best = max(map(height, np.geomspace(0.5, 2.5, 9)))
    assert height(found.alpha) >= best - 1e-3


def test_what_cannot_be_tested_is_refused():
    curve = lucky(0.5, 0.4, 0.01, 0)
    with pytest.raises(FieldError, match="two curves"):
        one_slope_with_luck(scattered(STRAIGHT), [curve], reference=1e9, draws=5, seed=0)
    with pytest.raises(FieldError, match="luck"):
        one_slope_with_luck(STRAIGHT, [curve, curve], reference=1e9, draws=5, seed=0)
    short = Curve(SIZES[:6], curve.score[:6], n=2000)
    with pytest.raises(FieldError, match="equally many"):
        one_slope_with_luck(scattered(STRAIGHT), [curve, short], reference=1e9, draws=5, seed=0)
