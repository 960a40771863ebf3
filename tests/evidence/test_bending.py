"""A corner against curves that bend."""

import numpy as np
import pytest

from mirage_utils.errors import FieldError
from mirage_utils.evidence.bending import bending, found_if_there, over_if_there

X = np.linspace(20, 24, 60)
NOISE = np.random.default_rng(0).normal(0, 0.02, 60)


def test_a_corner_is_found_and_beats_line_and_parabola():
    found = bending(X, 0.25 + 0.3 * np.maximum(X - 22.5, 0) + NOISE)
    assert found.turn == pytest.approx(22.5, abs=0.1)
    assert found.slope == pytest.approx(0.3, abs=0.03)
    assert min(found.over_line, found.over_parabola) > 10


def test_a_parabola_beats_the_corner_but_the_corner_beats_a_line():
    found = bending(X, 0.05 * (X - 20) ** 2 + NOISE)
    assert found.over_parabola < 0 < found.over_line


def test_a_power_is_found_and_beats_the_corner():
    found = bending(X, 0.25 + 0.4 * 10 ** (0.6 * (X - 24)) + NOISE / 4)
    assert found.exponent == pytest.approx(0.6, abs=0.11)
    assert found.over_power < 0


def test_a_logistic_beats_the_corner():
    assert bending(X, 1 / (1 + np.exp(-(X - 22) / 0.25)) + NOISE).over_logistic < -10


def test_a_jump_beats_the_corner():
    assert bending(X, np.where(X < 22.5, 0.25, 0.4) + NOISE / 4).over_jump < -10


def test_too_few_points():
    with pytest.raises(FieldError):
        bending([1, 2, 3], [1, 2, 3])


def test_the_best_smooth_curve_is_the_nearest_rival():
    found = bending(X, 0.25 + 0.3 * np.maximum(X - 22.5, 0) + NOISE)
    rivals = (found.over_line, found.over_parabola, found.over_power, found.over_logistic)
    assert found.over_smooth == sorted(rivals)[0]  # a jump is not smooth, and does not count


def test_a_corner_is_found_the_oftener_the_larger_it_is():
    often = [
        found_if_there(X, slope * np.maximum(X - 22.5, 0) + NOISE, draws=30)
        for slope in (0.005, 0.1, 0.5)
    ]
    assert often == sorted(often)
    assert (often[0], often[-1]) == (0, 1)


def test_a_higher_margin_finds_less():
    y = 0.12 * np.maximum(X - 22.5, 0) + NOISE
    assert found_if_there(X, y, margin=0) >= found_if_there(X, y) >= found_if_there(X, y, margin=40)
    assert found_if_there(X, y, seed=1) == found_if_there(X, y, seed=1)


def test_one_simulation_serves_all_margins():
    y = 0.12 * np.maximum(X - 22.5, 0) + NOISE
    over = over_if_there(X, y, draws=60, seed=3)
    for margin in (0, 6, 10, 40):
        assert (over > margin).mean() == found_if_there(X, y, margin=margin, draws=60, seed=3)
    assert len(over) == 60


def test_simulated_curves_are_judged_as_any_other_curve():
    y = 0.12 * np.maximum(X - 22.5, 0) + NOISE
    at = bending(X, y)
    corner = at.floor + at.slope * np.maximum(X - at.turn, 0)
    rng = np.random.default_rng(2)
    one_by_one = [bending(X, corner + rng.permutation(y - corner)).over_smooth for _ in range(15)]
    assert over_if_there(X, y, draws=15, seed=2) == pytest.approx(one_by_one)


def test_squared_errors_are_those_of_least_squares():
    y = 0.05 * (X - 20) ** 2 + NOISE
    found, n = bending(X, y), len(X)
    lost = [((y - np.polyval(np.polyfit(X, y, k), X)) ** 2).sum() for k in (1, 2)]
    design = np.column_stack([np.ones(n), np.maximum(X - found.turn, 0)])
    start = np.linalg.lstsq(design, y, rcond=None)[0]
    corner = ((y - design @ start) ** 2).sum()
    assert start == pytest.approx([found.floor, found.slope])
    assert found.over_line == pytest.approx(n * np.log(lost[0] / corner) - np.log(n))
    assert found.over_parabola == pytest.approx(n * np.log(lost[1] / corner))
