"""Rows that must all be right, against rows whose dependence is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mirage_utils import FieldError
from mirage_utils.models import together
from mirage_utils.models.together import Rows


def answers(seed=0, runs=2, rows=6, places=3):
    """A table of answers in a mixed order, and what is right in it."""
    rng = np.random.default_rng(seed)
    right = rng.random((runs, rows, places)) < 0.6
    run, row, place = (axis.ravel() for axis in np.indices(right.shape))
    target = rng.integers(0, 9, right.size)
    table = pd.DataFrame({
        "sequence_kind": "independent", "params": 7, "seed": run, "sequence": row, "place": place, "target": target,
        "output": np.where(right.ravel(), target, -1), "image": np.arange(right.size),
    })  # fmt: skip
    return table.sample(frac=1, random_state=0), right


def independent(a, n=400, places=5, runs=3, seed=0):
    return np.random.default_rng(seed).random((runs, n, places)) < a


def test_answers_find_their_row_and_place():
    table, right = answers()
    found = together.rows_of(table)["independent", 7]
    assert (found.right == right).all()
    assert found.image[1, 2].tolist() == list(range(24, 27))
    assert together.rows_of(table, 2)["independent", 7].right.shape == (2, 6, 2)


def test_a_row_that_lacks_a_place_is_refused():
    with pytest.raises(FieldError, match="every place"):
        together.rows_of(answers()[0].iloc[1:])


def test_scores_count_the_first_places_of_a_row():
    table, right = answers()
    found = together.row_scores(together.rows_of(table), 2)
    assert found["all_right"].tolist() == right[..., :2].all(axis=2).sum(axis=1).tolist()
    assert found["power"].to_numpy() == pytest.approx(right[..., :2].mean(axis=(1, 2)) ** 2)
    assert (found["low"] <= found["share"]).all()
    assert (found["share"] <= found["high"]).all()


def test_independent_answers_are_not_beyond_the_power_and_the_error_is_their_scatter():
    drawn = [together.beyond(independent(0.7, seed=s, runs=1), np.arange(400)) for s in range(300)]
    values, errors = np.array(drawn).T
    assert abs(values.mean()) < 0.003
    assert errors.mean() == pytest.approx(values.std(), rel=0.1)
    assert np.mean(np.abs(values) < 1.96 * errors) == pytest.approx(0.95, abs=0.04)


def test_answers_that_are_right_together_are_beyond_it():
    whole = np.repeat(independent(0.5, places=1), 5, axis=2)
    value, error = together.beyond(whole, np.arange(400))
    assert value == pytest.approx(0.5 - 0.5**5, abs=0.04)
    assert value > 10 * error


def test_what_unequal_groups_explain_is_not_beyond_their_own_powers():
    groups = np.repeat([0, 1], 400)
    unequal = np.concatenate([independent(0.9, runs=5), independent(0.3, runs=5, seed=1)], axis=1)
    alone = together.beyond(unequal, np.arange(800))
    assert alone.value == pytest.approx((0.9**5 + 0.3**5) / 2 - 0.6**5, abs=0.03)
    value, error = together.beyond(unequal, np.arange(800), groups)
    assert abs(value) < 3 * error < 0.05


def test_rows_that_share_a_letter_are_fewer_rows():
    """Rows that are all copies of half as many carry the information of these."""
    right = independent(0.6)
    twice, labels = np.concatenate([right, right], axis=1), np.arange(400)
    one = together.beyond(right, labels)
    both = together.beyond(twice, np.tile(labels, 2))
    assert both == pytest.approx(one)
    # in two columns, the second of which says the same or nothing new
    either = np.column_stack([np.tile(labels, 2), np.tile(labels, 2)])
    assert together.beyond(twice, either) == pytest.approx(one)
    apart = np.column_stack([np.arange(800), 1_000 + np.tile(labels, 2)])
    assert together.beyond(twice, apart).error == pytest.approx(one.error, rel=0.01)
    assert together.beyond(twice, np.arange(800)).error < 0.75 * one.error


def test_the_table_of_kinds_holds_accuracies_by_place():
    right = independent(0.5)
    right[..., 0] = True
    rows = {("one class", 9): Rows(right, right * 1, right * 1)}
    found = together.against_power(rows, {"one class": np.arange(400)}).loc[("one class", 9)]
    assert found["first"] == 1
    assert found["last"] == pytest.approx(0.5, abs=0.05)
    assert found["product"] == pytest.approx(0.5**4, abs=0.02)
    assert found["beyond"] == pytest.approx(found["share"] - found["power"])
    assert found["low"] < found["beyond"] < found["high"]


def test_letters_of_one_alphabet_are_found_together():
    rng = np.random.default_rng(0)
    of = np.repeat([0, 1, 2], 20)
    rows = np.stack([rng.choice(np.flatnonzero(of == a), 5) for a in rng.integers(3, size=300)])
    found = together.found_together(rows)
    assert len(np.unique(found)) == 3
    assert all(len(np.unique(found[of == a])) == 1 for a in range(3))
    with_more = together.found_together(rows, 62)
    assert with_more[:60].tolist() == found.tolist()
    assert len(np.unique(with_more)) == 5
    with pytest.raises(FieldError, match="classes"):
        together.found_together(rows, 10)


def test_shuffled_rows_lose_their_dependence_and_keep_their_places():
    whole = np.repeat(independent(0.5, n=2_000, places=1), 5, axis=2)
    mixed = together.shuffled(whole, np.random.default_rng(0))
    assert (mixed.sum(axis=1) == whole.sum(axis=1)).all()
    value, error = together.beyond(mixed, np.arange(2_000))
    assert abs(value) < 4 * error


def test_clusters_are_drawn_whole():
    right = np.zeros((1, 6, 2), bool)
    right[:, :4] = True
    again, labels = together.drawn_again(right, [5, 5, 5, 5, 8, 9], np.random.default_rng(1))
    for label in np.unique(labels):
        each = again[0, labels == label]
        assert each.all() == (len(each) == 4)
    assert len(np.unique(labels)) == 3
