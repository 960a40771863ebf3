"""Slips that grow with a task: found where they do, and not more often than promised where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from mirage_utils.errors import FieldError, UnknownNameError
from mirage_utils.laws.slips import drift_of_slips, first_slips

DISKS = np.arange(3, 12)
STEPS = 2**DISKS - 1


def test_first_slips_by_their_chances():
    found = first_slips(np.random.default_rng(0), [0.02, 0.2], [50, 5], 20_000)
    failed, made = (each[0].sum(axis=-1) for each in found)
    assert failed / 20_000 == pytest.approx([1 - 0.98**50, 1 - 0.8**5], abs=0.01)
    expected = [(1 - 0.98**50) / 0.02, (1 - 0.8**5) / 0.2]  # of a geometric variable, cut off
    assert made / 20_000 == pytest.approx(expected, rel=0.02)
    # by place: of tries that are alike, every band slips at the same rate
    rate = found.failed[0, 0] / found.made[0, 0]
    assert len(rate) == 6  # up to steps 32 to 50
    assert rate == pytest.approx(np.full(6, 0.02), rel=0.15)
    assert found.made[0, 0, 0] == 20_000
    assert (found.made[0, 1, 3:] == 0).all()  # the short task has five steps


def test_tries_that_are_not_alike():
    slip, steps = 0.01, 60
    c = -np.log(1 - slip)
    along = first_slips(np.random.default_rng(1), [slip], [steps], 20_000, along=1.5)
    assert along.failed.sum() / 20_000 == pytest.approx(1 - np.exp(-((c * steps) ** 1.5)), abs=0.01)
    unequal = first_slips(np.random.default_rng(1), [slip], [steps], 20_000, unequal=0.5)
    assert unequal.failed.sum() / 20_000 == pytest.approx(1 - (1 + 2 * c * steps) ** -0.5, abs=0.01)
    rising, falling = (each.failed[0, 0] / each.made[0, 0] for each in (along, unequal))
    assert rising[-1] > 1.5 * rising[1]
    assert falling[-1] < 0.8 * falling[1]


def shares(factor, **kind):
    """How often each test finds something, and the median factor of the last."""
    rate = 0.002 * factor ** (DISKS - 8.0)
    found = first_slips(np.random.default_rng(7), rate, STEPS, 30, experiments=400, **kind)
    failed, made = (each.sum(axis=-1) for each in found)
    tests = (
        drift_of_slips(DISKS, failed, steps=STEPS, tries=30),
        drift_of_slips(DISKS, failed, steps=made, seen="first slip"),
        drift_of_slips(DISKS, found.failed, steps=found.made, seen="place"),
    )
    return [(each.p_value < 0.05).mean() for each in tests], [np.median(each.factor) for each in tests]  # fmt: skip


def test_false_alarms_are_as_rare_as_they_should_be_and_growth_is_found():
    alarms, factors = shares(1.0)
    assert max(alarms) < 0.09
    assert factors == pytest.approx([1, 1, 1], rel=0.03)
    found, factors = shares(1.6)
    assert min(found) > 0.9
    assert factors == pytest.approx([1.6, 1.6, 1.6], rel=0.05)


@pytest.mark.parametrize("kind", [{"unequal": 0.5}, {"along": 1.5}, {"along": 0.7}])
def test_only_slips_at_the_same_place_are_safe_where_steps_or_tries_are_not_alike(kind):
    (outcome, first, place), _ = shares(1.0, **kind)
    assert min(outcome, first) > 0.5
    assert place < 0.09


def test_the_factor_is_the_one_at_which_the_slope_of_the_likelihood_is_zero():
    found = first_slips(np.random.default_rng(2), np.full(9, 0.003), STEPS, 40)
    failed, made = (each[0].sum(axis=-1) for each in found)
    x = DISKS - DISKS.mean()

    def score(b):  # of a Poisson regression with exposure, its level at its best
        rate = made * np.exp(b * x)
        return (x * (failed - failed.sum() * rate / rate.sum())).sum()

    slope = optimize.brentq(score, -2, 2)
    drift = drift_of_slips(DISKS, failed, steps=made, seen="first slip")
    assert np.log(drift.factor) == pytest.approx(slope, abs=1e-6)

    def unlikely(t):  # with a level for each place
        rate = np.exp(t[1:] + t[0] * x[:, None]) * found.made[0]
        return (rate - found.failed[0] * np.log(np.maximum(rate, 1e-300))).sum()

    bands = found.made.shape[-1]
    best = [optimize.minimize(unlikely, np.r_[0, np.full(bands, -6)], bounds=[(b, t)] + [(-25, 2)] * bands, tol=1e-12) for b, t in ((-2, 2), (0, 0))]  # fmt: skip
    drift = drift_of_slips(DISKS, found.failed, steps=found.made, seen="place")
    assert np.log(drift.factor[0]) == pytest.approx(best[0].x[0], abs=5e-3)
    assert drift.p_value[0] == pytest.approx(stats.chi2.sf(2 * (best[1].fun - best[0].fun), 1), abs=0.01)  # fmt: skip


def test_outcomes_against_another_search():
    found = first_slips(np.random.default_rng(5), 0.002 * 1.3 ** (DISKS - 8.0), STEPS, 30, experiments=20)  # fmt: skip
    failed = found.failed.sum(axis=-1)
    drift = drift_of_slips(DISKS, failed, steps=STEPS, tries=30)
    for bad, factor, p in zip(failed, *drift, strict=True):

        def unlikely(t, bad=bad):
            lost = -np.expm1(-np.exp(t[0] + t[1] * (DISKS - 7.0)) * STEPS)
            return -stats.binom.logpmf(bad, 30, np.clip(lost, 1e-12, 1 - 1e-12)).sum()

        best = optimize.minimize(unlikely, [-6, 0], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9})  # fmt: skip
        flat = optimize.minimize_scalar(lambda t: unlikely([t, 0]), bounds=(-12, 0), method="bounded")  # fmt: skip
        assert np.log(factor) == pytest.approx(best.x[1], abs=2e-3)
        assert p == pytest.approx(stats.chi2.sf(2 * (flat.fun - best.fun), 1), abs=1e-3)


def test_what_is_refused():
    with pytest.raises(FieldError):
        drift_of_slips([1, 2], [0, 1], steps=[3, 4])
    with pytest.raises(UnknownNameError):
        drift_of_slips([1, 2, 3], [0, 1, 1], steps=[3, 4, 5], seen="last")
    with pytest.raises(FieldError):
        first_slips(np.random.default_rng(0), [0.1], [3], 5, along=0.0)
