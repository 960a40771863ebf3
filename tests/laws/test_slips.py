"""Slips that grow with a task: found where they do, and not more often than promised where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from mirage_utils.errors import FieldError, UnknownNameError
from mirage_utils.laws.slips import drift_of_slips, first_slips

DISKS = np.arange(3, 12)
STEPS = 2**DISKS - 1


def test_first_slips_by_their_chances():
    failed, made = first_slips(np.random.default_rng(0), [0.02, 0.2], [50, 5], 20_000)
    assert failed / 20_000 == pytest.approx([1 - 0.98**50, 1 - 0.8**5], abs=0.01)
    expected = [(1 - 0.98**50) / 0.02, (1 - 0.8**5) / 0.2]  # of a geometric variable, cut off
    assert made / 20_000 == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("seen", ["outcome", "first slip"])
def test_false_alarms_are_as_rare_as_they_should_be_and_growth_is_found(seen):
    def share(factor):
        found = []
        for i in range(80):
            rng = np.random.default_rng([7, i])
            failed, made = first_slips(rng, 0.002 * factor ** (DISKS - 8.0), STEPS, 30)
            steps = made if seen == "first slip" else STEPS
            found.append(drift_of_slips(DISKS, failed, steps=steps, tries=30, seen=seen))
        assert np.median([each.factor for each in found]) == pytest.approx(factor, rel=0.05)
        return np.mean([each.p_value < 0.05 for each in found])

    assert share(1.0) < 0.15
    assert share(1.6) > 0.9


def test_the_factor_is_the_one_at_which_the_slope_of_the_likelihood_is_zero():
    failed, made = first_slips(np.random.default_rng(2), np.full(9, 0.003), STEPS, 40)
    x = DISKS - DISKS.mean()

    def score(b):  # of a Poisson regression with exposure, its level at its best
        rate = made * np.exp(b * x)
        return (x * (failed - failed.sum() * rate / rate.sum())).sum()

    slope = optimize.brentq(score, -2, 2)
    found = drift_of_slips(DISKS, failed, steps=made, seen="first slip")
    assert np.log(found.factor) == pytest.approx(slope, abs=1e-3)


def test_what_is_refused():
    with pytest.raises(FieldError):
        drift_of_slips([1, 2], [0, 1], steps=[3, 4])
    with pytest.raises(UnknownNameError):
        drift_of_slips([1, 2, 3], [0, 1, 1], steps=[3, 4, 5], seen="last")
