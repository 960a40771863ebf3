"""One thing changed: how far rises move, against shapes that are known."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_utils import FieldError
from mirage_utils.evidence.interventions import (
    each_run,
    few_sizes,
    on_straight_pieces,
    reached,
    reached_between,
)

N = np.geomspace(1e2, 1e8, 49)


def law(critical):
    """A run for each critical size: chance of a right token under a power law of loss."""
    return np.exp(-((N[:, None] / np.asarray(critical)) ** -1.0))


def test_a_run_whose_sizes_are_ten_times_as_large_is_a_decade_later_and_as_wide():
    change = each_run(N, law([1e4, 1e5])).since(each_run(N, law([1e3, 1e4])))
    assert change.half == pytest.approx([1, 1], abs=0.01)
    assert change.width == pytest.approx([0, 0], abs=0.02)


def test_runs_lie_apart_by_what_their_laws_do():
    half, width, excess = each_run(N, law([1e4, 2e4, 8e4])).apart()
    assert half == pytest.approx(np.log10(8), abs=0.01)
    assert width < 0.03
    assert excess >= 1


def test_a_score_is_reached_where_the_law_says():
    found = reached(N, law([1e4, 1e5]), 0.5)
    assert found == pytest.approx(np.log10(np.array([1e4, 1e5]) / np.log(2)), abs=0.01)
    assert np.isnan(reached(N, law([1e4]) / 2, 0.6)).all()  # not reached
    assert np.isnan(reached(N, law([1e4]) / 2 + 0.4, 0.2)).all()  # begins above it


def test_a_size_that_does_worse_counts_as_level():
    assert reached([1, 10, 100, 1000], [[0.0], [0.4], [0.2], [0.8]], 0.6) == pytest.approx(2.5)
    assert reached_between([1, 10, 100, 1000], [0.0, 0.6, 0.5, 1.0]) == (1, 10)


def test_half_is_between_two_sizes_and_on_one_counts_as_there():
    assert reached_between([1, 10, 100], [0.2, 0.4, 1.0]) == (10, 100)
    assert reached_between([1, 10, 100], [0.0, 0.5, 1.0]) == (1, 10)
    assert reached_between([1, 10, 100], [0.0, 0.5, 1.0], 0.9) == (10, 100)
    with pytest.raises(FieldError, match="rises"):
        reached_between([1, 10], [0.5, 0.5])
    with pytest.raises(FieldError, match="share"):
        reached_between([1, 10], [0.0, 0.5], 0.0)


def test_a_metric_of_a_straight_line_is_that_of_its_points_at_the_sizes_and_lower_between():
    table = np.array([[0.2, 0.3], [0.7, 0.8], [0.9, 1.0]])
    at, soft = on_straight_pieces([1, 10, 1000], table, pieces=4)
    _, harsh = on_straight_pieces([1, 10, 1000], table**5, pieces=4)
    assert at[[0, 4, 8]] == pytest.approx([1, 10, 1000])
    assert at[6] == pytest.approx(100)
    assert (soft**5)[::4] == pytest.approx(harsh[::4])
    assert (np.delete(soft**5 - harsh, [0, 4, 8], axis=0) < 0).all()


def test_few_sizes_see_their_part_of_the_curve():
    y = np.array([0.0, 0.1, 0.2, 0.3, 0.9])
    at = [1, 10, 100, 1000, 10_000]
    found = few_sizes(at, y, 3)
    assert len(found.picks) == 10
    whole = found.picks.tolist().index([0, 2, 4])
    # steps of 0.2 and 0.7: the median of their squares is the mean of the two
    assert found.excess[whole] == pytest.approx(0.9 / np.sqrt((0.2**2 + 0.7**2) / 2) / 2)
    assert found.width[whole] == pytest.approx(2 + 2 * (0.81 - 0.2) / 0.7 - 2 * 0.09 / 0.2)
    (every,) = few_sizes(at, y, 5).excess
    assert every == pytest.approx(each_run(at, y[:, None]).excess[0])


def test_what_has_no_row_for_each_size_is_refused():
    with pytest.raises(FieldError, match="runs"):
        reached([1, 10], [[0.5]], 0.4)
    with pytest.raises(FieldError, match="few"):
        few_sizes([1, 10], [0.0, 1.0], 3)
