"""Skills of a network one by one, against counting by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_utils import errors, models
from mirage_utils.models.language.skills import (
    fall_width,
    in_order,
    in_proportion,
    skills,
    steepest_fall,
)


@pytest.mark.parametrize("k", [1, 4, 16, 64])
def test_losses_by_skill_are_means_over_the_questions(k):
    bundle = models.bundled(f"parities_{k}")
    found = skills(bundle)
    frame = bundle.frame
    some = frame[(frame["size"] == 8) & (frame["seed"] == 3) & (frame["task"] == k - 1)]
    assert found.units.tolist() == bundle.manifest["config"]["sizes"]
    assert found.loss[2, 3, k - 1] == pytest.approx(
        np.mean([-float(v) for v in some["logprob"]]) / math.log(2)
    )
    assert found.asked == pytest.approx([(1 / (j + 1)) / sum(1 / i for i in range(1, k + 1)) for j in range(k)])  # fmt: skip
    assert found.mean[2, 3] == pytest.approx(
        sum(a * b for a, b in zip(found.loss[2, 3], found.asked, strict=True))
    )


def test_other_families_have_no_skills():
    with pytest.raises(errors.FieldError, match="parities"):
        skills(models.bundled("recall"))


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=5))
def test_the_share_of_pairs_in_order_is_that_of_counting(learnt):
    good = total = 0
    for network in learnt:
        for i, j in itertools.combinations(range(4), 2):
            if network[i] != network[j]:
                total += 1
                good += network[i]
    found = in_order(learnt)
    assert math.isnan(found) if not total else found == pytest.approx(good / total)


def test_skills_drawn_in_proportion_keep_their_number_and_their_chances():
    rng = np.random.default_rng(0)
    asked = np.array([0.5, 0.3, 0.2])
    one = np.tile([True, False, False], (40_000, 1))
    assert in_proportion(one, asked, rng).mean(axis=0) == pytest.approx(asked, abs=0.01)
    two = ~one
    drawn = in_proportion(two, asked, rng)
    assert (drawn.sum(axis=1) == 2).all()
    # the last one left out: the chance that the first is, over both orders of the others
    left_out = 0.3 * 0.2 / 0.7 + 0.2 * 0.3 / 0.8
    assert 1 - drawn[:, 0].mean() == pytest.approx(left_out, abs=0.01)


def test_falls():
    assert steepest_fall([2, 4, 16], [1, 0.9, 0.1]) == pytest.approx(0.4)
    # straight lines in the logarithm: 0.9 is reached half-way to the second size, 0.1 half-way to the last
    assert fall_width([1, 10, 100], [1.0, 0.8, -0.6]) == pytest.approx(1.0)
    assert fall_width([1, 10, 100], [0.9, 1.2, 0.1]) == pytest.approx(2.0)
    assert math.isnan(fall_width([1, 10], [0.8, 0]))
    assert math.isnan(fall_width([1, 10], [1, 0.2]))
    with pytest.raises(errors.FieldError):
        fall_width([1, 10], [1, 0], high=0.1, low=0.9)
