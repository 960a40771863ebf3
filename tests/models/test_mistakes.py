"""Answers step by step: against plain loops over rows, and on answers made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mirage_utils import models
from mirage_utils.errors import FieldError
from mirage_utils.models.language import mistakes
from mirage_utils.models.language.outputs import Asked, asked


@pytest.fixture(scope="module")
def made():
    """One size and seed, three items of three symbols, one answer drawn of each."""
    chance = np.array([[0.5, 0.8, 0.9], [0.4, 0.6, 0.7], [1.0, 0.5, 0.2]])
    drawn = np.array([[1, 1, 1], [0, 0, 1], [1, 0, 1]], bool)
    return Asked(
        np.array([10]), np.log(chance)[None, None], drawn[None, None], drawn[None, None, None], np.full(3, 1 / 3)
    )  # fmt: skip


def test_by_hand(made):
    places = mistakes.by_place(made)
    assert places.everyone[0, 0] == pytest.approx([1.9 / 3, 1.9 / 3, 1.8 / 3])
    two = np.array([0.4, 0.24, 0.5])
    assert places.survivors[0, 0] == pytest.approx([1.9 / 3, two.sum() / 1.9, (two * [0.9, 0.7, 0.2]).sum() / two.sum()])  # fmt: skip
    after = mistakes.after_mistakes(made)
    # the second and third symbol of the second item, and the third of the third
    assert (after.n[0, 0], after.right[0, 0]) == (3, pytest.approx(2 / 3))
    assert after.promised[0, 0] == pytest.approx((0.6 + 0.7 + 0.2) / 3)
    # straight after the first mistake: the second symbol of the second item, and the third of the third
    straight = mistakes.after_mistakes(made, straight=True)
    assert (straight.n[0, 0], straight.right[0, 0]) == (2, pytest.approx(1 / 2))
    assert straight.promised[0, 0] == pytest.approx((0.6 + 0.2) / 2)
    credit = {k: float(v[0, 0]) for k, v in mistakes.partial_credit(made).items()}
    assert credit == pytest.approx({"all right": 1 / 3, "steps right": 6 / 9, "right before the first mistake": 4 / 9})  # fmt: skip


def test_on_a_family_by_loops():
    found = asked(models.bundled("recall_in_order"))
    after, places = mistakes.after_mistakes(found), mistakes.by_place(found)
    for i, seed in ((8, 0), (5, 2)):
        right, promised = [], []
        for item, answer in enumerate(found.drawn[i, seed, 0]):
            for place in range(1, 8):
                if not answer[:place].all():
                    right.append(answer[place])
                    promised.append(np.exp(found.logp[i, seed, item, place]))
        assert after.n[i, seed] == len(right)
        assert after.right[i, seed] == pytest.approx(np.mean(right))
        assert after.promised[i, seed] == pytest.approx(np.mean(promised))
        whole = places.survivors[i, seed].prod()
        assert whole == pytest.approx(found.expected_match()[i, seed])


def test_answers_without_mistakes_keep_their_promise():
    """As long as nothing is wrong, drawn symbols are right as often as their probabilities say."""
    found = asked(models.bundled("recall_in_order"))
    drawn = found.drawn[8, :, 0]
    clean = np.cumsum(~drawn, axis=-1) - ~drawn == 0
    chance = np.exp(found.logp[8])[clean]
    error = np.sqrt((chance * (1 - chance)).sum()) / chance.size
    assert abs(drawn[clean].mean() - chance.mean()) < 3 * error


def test_answers_that_were_not_drawn_are_refused(made):
    none = replace(made, drawn=made.drawn[:, :, :0])
    for function in (mistakes.after_mistakes, mistakes.partial_credit):
        with pytest.raises(FieldError):
            function(none)
