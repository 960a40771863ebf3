"""A dial from the share of right places to exact match, and kinds of wrong sums."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
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


@pytest.mark.parametrize(
    ("a", "b", "said", "kind"),
    [
        (47, 38, "85", "right"),
        (47, 38, " 85.", "right"),
        (47, 38, "75", "forgotten"),
        (47, 38, "95", "added"),
        (47, 38, "84", "other"),
        (47, 38, "-85", "other"),
        (47, 38, "", "no number"),
        (12, 34, "36", "other"),  # nothing to carry, so nothing to forget
        (12, 34, "56", "other"),
        (99, 1, "90", "forgotten"),  # without the first carry there is no second
        (99, 1, "0", "forgotten"),
        (99, 1, "110", "added"),
        (99, 1, "200", "added"),
        (5, 7, "2", "forgotten"),
        (5, 7, "22", "added"),
    ],
)
def test_kinds_of_wrong_sums(a, b, said, kind):
    assert slips([(a, b)], [said]).tolist() == [kind]
    assert kind in SLIPS


def test_sums_and_answers_must_fit():
    with pytest.raises(FieldError, match="outputs"):
        slips([(1, 2)], [])
    with pytest.raises(FieldError, match="sums"):
        slips([(-1, 2)], ["1"])
