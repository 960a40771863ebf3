"""McNemar's exact test, its power and what it can show, against enumeration and simulation."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from scipy import stats

from mirage_utils import FieldError
from mirage_utils.evidence.mcnemar import detectable, p_value, power


def enumerated(n, difference, disagreement, alpha=0.05):
    """Every table of n items, with its chance."""
    up, down = (disagreement + difference) / 2, (disagreement - difference) / 2
    total = 0.0
    for k in range(n + 1):
        for m in range(n + 1 - k):
            d = k + m
            p = min(1.0, 2 * sum(comb(d, j) for j in range(min(k, m) + 1)) / 2**d) if d else 1.0
            if p <= alpha:
                total += comb(n, k) * comb(n - k, m) * up**k * down**m * (1 - up - down) ** (n - d)
    return total


@pytest.mark.parametrize(
    ("n", "difference", "disagreement", "alpha"),
    [(12, 0.5, 0.6, 0.05), (20, 0.2, 0.5, 0.05), (20, -0.2, 0.5, 0.05), (15, 0.0, 0.9, 0.1), (9, 0.7, 0.7, 0.01)],
)  # fmt: skip
def test_the_power_is_a_sum_over_all_tables(n, difference, disagreement, alpha):
    found = power(n, difference, disagreement, level=1 - alpha)
    assert found == pytest.approx(enumerated(n, difference, disagreement, alpha), rel=1e-9)


def test_the_power_without_a_difference_is_below_the_error_rate():
    for n in (30, 100, 1_000):
        assert power(n, 0, 0.3) <= 0.05


def test_p_values_are_those_of_a_fair_coin():
    assert p_value(3, 11) == pytest.approx(stats.binomtest(11, 14).pvalue)
    assert p_value(0, 0) == 1


def test_five_disagreements_are_never_significant_and_six_can_be():
    assert power(5, 1, 1) == 0
    assert power(6, 1, 1) == 1
    assert np.isnan(detectable(5, 0.2))


@pytest.mark.parametrize(("n", "disagreement"), [(60, 0.0), (60, 0.35), (200, 0.1), (1_319, 0.2)])
def test_what_is_detectable_is_seen_in_four_of_five_experiments(n, disagreement):
    true = detectable(n, disagreement)
    disagree = max(true, disagreement)
    rng = np.random.default_rng(0)
    counts = rng.multinomial(n, [(disagree + true) / 2, (disagree - true) / 2, 1 - disagree], 4_000)
    seen = np.mean([stats.binomtest(int(k), int(k + m)).pvalue <= 0.05 if k + m else False for k, m, _ in counts])  # fmt: skip
    assert seen == pytest.approx(0.8, abs=0.025)


def test_many_items_need_no_sum_over_all():
    near, far = (power(n, 0.01, 0.1) for n in (20_000, 20_001))
    assert far == pytest.approx(near, abs=1e-3)
    assert detectable(200_000, 0.1) < 0.003


@pytest.mark.parametrize(
    ("arguments", "field"),
    [((0, 0.1, 0.2), "n"), ((10, 0.3, 0.2), "disagreement"), ((10, 2, 1), "difference"), ((10, 0.1, 1.2), "disagreement")],
)  # fmt: skip
def test_impossible_experiments_are_refused(arguments, field):
    with pytest.raises(FieldError) as caught:
        power(*arguments)
    assert caught.value.field == field
