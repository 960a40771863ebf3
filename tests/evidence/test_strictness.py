"""A dial from the share of right places to exact match, and kinds of wrong sums."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower, TTestIndPower

from mirage_utils.errors import FieldError
from mirage_utils.evidence.carries import SLIPS, slips
from mirage_utils.evidence.strictness import (
    Moments,
    agreement,
    counts_of_right,
    items_to_tell,
    moments,
    spot_check,
    tuned_alarms,
)


@pytest.mark.parametrize("k", range(1, 7))
def test_a_spot_check_is_the_share_of_choices_whose_places_are_all_right(k):
    right = np.random.default_rng(k).random((40, 6)) < 0.6
    chosen = [right[:, list(places)].all(axis=1) for places in itertools.combinations(range(6), k)]
    assert spot_check(right, k) == pytest.approx(np.mean(chosen, axis=0))


def test_a_spot_check_ends_at_the_share_of_right_places_and_at_exact_match():
    right = np.random.default_rng(0).random((3, 5, 8)) < 0.7
    assert spot_check(right, 1) == pytest.approx(right.mean(axis=-1))
    assert (spot_check(right, 8) == right.all(axis=-1)).all()


@pytest.mark.parametrize("k", [0, 6, 1.5])
def test_a_check_of_no_place_or_of_too_many_is_refused(k):
    with pytest.raises(FieldError, match="k"):
        spot_check([[True] * 5], k)


def test_counts_of_right_places_against_every_combination():
    p = np.random.default_rng(1).random((4, 5))
    wanted = np.zeros((4, 6))
    for places in itertools.product((0, 1), repeat=5):
        wanted[:, sum(places)] += np.prod([np.where(hit, p[:, j], 1 - p[:, j]) for j, hit in enumerate(places)], axis=0)  # fmt: skip
    assert counts_of_right(np.log(p)) == pytest.approx(wanted)


def test_moments_against_drawn_answers():
    rng = np.random.default_rng(2)
    p = rng.random((30, 4))
    found = moments(counts_of_right(np.log(p)), 3)
    drawn = spot_check(rng.random((20_000, 30, 4)) < p, 3)
    assert float(found.mean) == pytest.approx(drawn.mean(), abs=2e-3)
    assert float(found.variance) == pytest.approx(drawn.var(), abs=2e-3)


def test_independent_places_make_a_check_of_k_an_answer_of_k_tokens():
    chances = counts_of_right(np.log(np.full((1, 7), 0.8)))
    for k in range(1, 8):
        assert float(moments(chances, k).mean) == pytest.approx(0.8**k)


def test_items_are_those_of_a_z_test():
    a, b = Moments(np.array(0.3), np.array(0.21)), Moments(np.array(0.5), np.array(0.25))
    spread = np.sqrt((0.21 + 0.25) / 2)
    wanted = NormalIndPower().solve_power(0.2 / spread, power=0.9, alpha=0.01)
    assert float(items_to_tell(a, b, power=0.9, size=0.01)) == pytest.approx(wanted, rel=1e-3)
    by_t = TTestIndPower().solve_power(0.2 / spread, power=0.9, alpha=0.01)
    assert float(items_to_tell(a, b, power=0.9, size=0.01)) == pytest.approx(by_t, abs=4)
    assert np.isinf(items_to_tell(a, a))
    with pytest.raises(FieldError, match="power"):
        items_to_tell(a, b, power=0.01)


def test_agreement_is_none_where_score_and_goal_have_nothing_in_common():
    rng = np.random.default_rng(3)
    ability = rng.random((60, 20, 1))
    goal = rng.random((60, 20, 200)) < ability
    other = rng.random((60, 20, 200)) < rng.random((60, 20, 1))
    assert agreement(goal, goal, halvings=2).min() > 0.5
    assert abs(agreement(other, goal, halvings=2).mean()) < 0.1
    with pytest.raises(FieldError, match="goal"):
        agreement(goal, goal[0])


def test_runs_that_are_all_alike_have_no_order():
    assert np.isnan(agreement(np.ones((1, 5, 10)), np.ones((1, 5, 10)))).all()


def test_agreement_is_somers_d_of_the_halves():
    rng = np.random.default_rng(4)
    goal = rng.random((2, 12, 40)) < rng.choice([0.5, 0.9, 1.0], (2, 12, 1))  # with ties
    score = goal + rng.random(goal.shape)
    order = np.random.default_rng(0).permutation(40)
    wanted = [
        stats.somersd(g[:, order[20:]].mean(axis=1), s[:, order[:20]].mean(axis=1)).statistic
        for s, g in zip(score, goal, strict=True)
    ]
    assert agreement(score, goal, halvings=1) == pytest.approx(wanted)


def test_a_score_is_not_charged_for_runs_that_the_goal_ties():
    goal = np.repeat([1.0, 1, 1, 1, 0], 10).reshape(1, 5, 10)
    finer = goal + np.arange(5)[None, :, None] / 100
    assert agreement(finer, goal) == pytest.approx([1])


def test_loosening_until_a_difference_shows_finds_one_too_often():
    p = np.random.default_rng(6).random((40, 4))
    rates = tuned_alarms(counts_of_right(np.log(p)), 500, draws=4_000)
    assert rates[:-1] == pytest.approx(0.05, abs=0.012)
    assert rates[-1] > 0.07
    # The same by answers drawn one by one, and by a test of SciPy.
    rng, alarms = np.random.default_rng(7), np.zeros(2)
    for _ in range(400):
        drawn = (rng.random((1_000, 4)) < p[rng.integers(0, 40, 1_000)]).reshape(2, 500, 4)
        below = [
            stats.ttest_ind(*spot_check(drawn, k), equal_var=False).pvalue < 0.05
            for k in (1, 2, 3, 4)
        ]
        alarms += [below[0], any(below)]
    assert alarms / 400 == pytest.approx([rates[0], rates[-1]], abs=0.05)
    with pytest.raises(FieldError, match="n"):
        tuned_alarms([[0.5, 0.5]], 0)


@pytest.mark.parametrize(
    ("a", "b", "said", "kind"),
    [
        (47, 38, "85", "right"),
        (47, 38, " 85.", "right"),
        (47, 38, "75", "forgotten"),
        (47, 38, "95", "too large"),
        (47, 38, "84", "other"),
        (47, 38, "-85", "other"),
        (47, 38, "", "no number"),
        (12, 34, "36", "other"),  # nothing to carry, so nothing to forget
        (12, 34, "56", "invented"),
        (12, 34, "146", "invented"),
        (12, 34, "1046", "other"),  # no column of these numbers
        (12, 34, "47", "other"),  # no carry goes into the units
        (47, 38, "185", "invented"),
        (99, 1, "90", "forgotten"),  # without the first carry there is no second
        (99, 1, "0", "forgotten"),
        (99, 1, "110", "too large"),
        (99, 1, "200", "too large"),
        (5, 7, "2", "forgotten"),
        (5, 7, "22", "too large"),
    ],
)
def test_kinds_of_wrong_sums(a, b, said, kind):
    assert slips([(a, b)], [said]).tolist() == [kind]
    assert kind in SLIPS


def test_every_column_has_one_carry_to_forget_or_one_to_invent():
    for a, b in np.random.default_rng(5).integers(0, 1_000, (200, 2)).tolist():
        columns = len(str(max(a, b)))
        said = [str(a + b + 10**k) for k in range(1, columns + 1)]
        said += [str(a + b - 10**k) for k in range(1, columns + 1)]
        kinds = slips([(a, b)] * len(said), said).tolist()
        for more, less in zip(kinds[:columns], kinds[columns:], strict=True):
            assert (more == "too large") == (less == "forgotten")
            assert (more == "invented") != (less == "forgotten")


def test_sums_and_answers_must_fit():
    with pytest.raises(FieldError, match="outputs"):
        slips([(1, 2)], [])
    with pytest.raises(FieldError, match="sums"):
        slips([(-1, 2)], ["1"])
