"""How many items show a difference of 0/1 scores: the exact test's own power, and experiments of that size."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mirage_utils import FieldError
from mirage_utils.evidence import mcnemar
from mirage_utils.evidence.paired import paired


def sheets(n, lower, higher):
    a, b = np.zeros(n), np.zeros(n)
    a[:lower] = b[lower : lower + higher] = 1
    return a, b


@pytest.mark.parametrize(("n", "lower", "higher"), [(250, 30, 41), (400, 5, 5), (200, 0, 0), (100, 40, 50)])  # fmt: skip
@pytest.mark.parametrize(("difference", "power"), [(0.05, 0.8), (-0.02, 0.8), (0.05, 0.95)])
def test_the_exact_test_has_the_power_that_was_asked_for(n, lower, higher, difference, power):
    needed = paired(*sheets(n, lower, higher)).items_for(difference, power)
    share = max((lower + higher) / n, abs(difference))
    assert mcnemar.power(needed, difference, share) >= power
    fewer = needed - max(1, needed // 1_000)
    assert mcnemar.power(fewer, difference, share) < power


@pytest.mark.parametrize(("lower", "higher", "difference"), [(30, 41, 0.05), (2, 2, 0.04), (0, 0, 0.03)])  # fmt: skip
def test_experiments_of_so_many_items_show_it_four_times_of_five(lower, higher, difference):
    needed = paired(*sheets(250, lower, higher)).items_for(difference)
    share = max((lower + higher) / 250, difference)
    rng = np.random.default_rng(3)
    up, down = (share + difference) / 2, (share - difference) / 2
    counts = rng.multinomial(needed, [up, down, 1 - share], 4_000)
    won, lost, _ = counts.T  # twice the tail of a fair coin is the exact p-value
    seen = 2 * stats.binom.cdf(np.minimum(won, lost), won + lost, 0.5) <= 0.05
    assert seen.mean() == pytest.approx(0.8, abs=0.022)


@pytest.mark.parametrize(("n", "lower", "higher"), [(250, 30, 41), (400, 0, 3), (1_319, 200, 240)])
def test_a_plan_for_what_is_detectable_asks_for_as_many_items_again(n, lower, higher):
    pilot = paired(*sheets(n, lower, higher))
    assert pilot.items_for(pilot.detectable()) == pytest.approx(n, abs=1)
    assert pilot.items_for(pilot.detectable(0.95), 0.95) == pytest.approx(n, abs=1)


def test_clusters_never_need_fewer_items_than_independent_ones():
    a, b = sheets(240, 20, 31)
    order = np.random.default_rng(0).permutation(240)
    alone = paired(a, b).items_for(0.05)
    assert paired(a[order], b[order], cluster=np.arange(240) // 6).items_for(0.05) >= alone
    assert paired(a, b, cluster=np.arange(240) // 6).items_for(0.05) > 2 * alone


def test_of_very_many_items_the_limit_is_taken_and_is_no_less():
    """Where a sum would be long: a plan is at most a thousandth above the fewest items that do."""
    needed = mcnemar.items_for(0.01, 0.5)
    assert mcnemar.power(needed, 0.01, 0.5) >= 0.8 > mcnemar.power(int(needed / 1.001), 0.01, 0.5)
    assert mcnemar.items_for(1e-9, 0.3) > 1e18


@pytest.mark.parametrize("difference", [1.5, -2])
def test_no_plan_for_a_difference_that_cannot_be(difference):
    with pytest.raises(FieldError, match=r"difference = .*at most 1"):
        paired(*sheets(100, 5, 9)).items_for(difference)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [((0, 0.1), "difference"), ((1.1, 0.1), "difference"), ((0.1, -0.1), "disagreement"), ((float("nan"), 0.1), "difference")],
)  # fmt: skip
def test_what_is_no_plan_is_refused(arguments, field):
    with pytest.raises(FieldError, match=field):
        mcnemar.items_for(*arguments)


@pytest.mark.parametrize("power", [0.03, 0.05])
def test_no_plan_for_a_power_that_the_test_has_where_nothing_differs(power):
    """There the smallest difference that is seen so often is none."""
    alike = paired([0, 1] * 20, [1, 1] * 20)
    for found in (alike, paired([0.1, 0.6] * 20, [0.3, 0.5] * 20)):
        for plan in (found.detectable, lambda power, d=found: d.items_for(0.2, power)):
            with pytest.raises(
                FieldError, match=r"power = 0.0[35]: expected a number between 0.05"
            ):
                plan(power)
    with pytest.raises(FieldError, match="chance"):
        mcnemar.detectable(60, 0.1, chance=power)
