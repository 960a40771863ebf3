"""Rises of several metrics of the same runs, against shapes that are known."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_utils import FieldError
from mirage_utils.evidence.rises import MEASURES, _shape, rises, rises_of_items

N = np.geomspace(1e2, 1e8, 25)
LN_RATIO = np.log10(np.log(10) / np.log(10 / 9))  # decades from 10 % to 90 % at exponent one


def law(length, alpha=1.0, critical=1e4):
    return np.exp(-length * (N / critical) ** -alpha)


def test_a_power_law_is_later_under_exact_match_and_as_wide():
    found = rises(N, {"harsh": law(10)[:, None], "soft": law(1)[:, None]}, draws=5)
    soft = found.shape("soft")
    assert soft["width"].value == pytest.approx(LN_RATIO, abs=0.06)
    assert soft["half"].value == pytest.approx(np.log10(1e4 / np.log(2)), abs=0.02)
    apart = found.difference("harsh", "soft")
    assert apart["half"].value == pytest.approx(1, abs=0.02)
    assert apart["width"].value == pytest.approx(0, abs=0.03)


def test_the_excess_of_a_line_is_one_and_of_a_late_step_infinite():
    line = np.linspace(0, 1, len(N))[:, None]
    step = (N > 1e7).astype(float)[:, None]
    found = rises(N, {"line": line, "step": step}, draws=3)
    assert found.shape("line")["excess"].value == pytest.approx(1)
    assert np.isinf(found.shape("step")["excess"].value)
    assert np.isinf(found.difference("step", "line")["excess"].value)


def test_means_that_differ_by_rounding_are_level():
    flat = np.repeat([[0.1, 0.2, 0.3]], len(N), axis=0)
    flat[::2] = flat[::2, ::-1]  # the same scores in another order
    flat[-1] = 1
    assert len(set(flat.mean(axis=1))) == 3
    assert np.isinf(rises(N, {"p": flat}, draws=1).shape("p")["excess"].value)


def test_intervals_shrink_with_runs_and_hold_the_truth():
    rng = np.random.default_rng(0)
    spans, held = {}, 0
    for runs in (4, 64):
        noisy = np.clip(law(1)[:, None] + rng.normal(0, 0.03, (len(N), runs)), 0, 1)
        low, high = (
            getattr(rises(N, {"p": noisy}, draws=300, seed=1).shape("p")["half"], end) for end in ("low", "high")
        )  # fmt: skip
        spans[runs] = high - low
        held += low - 0.02 < np.log10(1e4 / np.log(2)) < high + 0.02
    assert spans[64] < spans[4] / 2
    assert held == 2


def test_runs_are_drawn_together():
    """A metric against itself differs by nothing, whatever is drawn."""
    rng = np.random.default_rng(2)
    noisy = law(1)[:, None] + rng.normal(0, 0.05, (len(N), 5))
    apart = rises(N, {"a": noisy, "b": noisy.copy()}, draws=50).difference("a", "b")
    for measure, nothing in zip(MEASURES, (0, 0, 1), strict=True):
        each = apart[measure]
        assert (each.value, each.low, each.high) == pytest.approx((nothing,) * 3)


def test_fewer_runs_of_the_large_sizes_are_no_obstacle():
    values = np.tile(law(1)[:, None], (1, 5))
    values[-2:, 3:] = np.nan
    full = rises(N, {"p": law(1)[:, None]}, draws=2).shape("p")["half"].value
    assert rises(N, {"p": values}, draws=2).shape("p")["half"].value == pytest.approx(full)


@pytest.mark.parametrize(
    ("scores", "field"),
    [
        ({}, "scores"),
        ({"a": np.zeros((3, 2))}, "a"),
        ({"a": np.full((25, 2), np.nan)}, "scores"),
        ({"a": np.zeros((25, 2)), "b": np.r_[np.zeros((24, 2)), [[0, np.nan]]]}, "b"),
    ],
)
def test_what_is_refused(scores, field):
    with pytest.raises(FieldError, match=field):
        rises(N, scores)


def test_items_drawn_again_say_what_runs_that_share_them_cannot():
    rng = np.random.default_rng(0)
    easy = rng.uniform(size=300)
    at = np.geomspace(1, 1024, 11)
    skill = np.linspace(0.02, 0.95, 11)
    right = np.repeat((skill[:, None] > easy)[:, None], 4, axis=1)  # four runs that agree
    runs = rises(at, {"p": right.mean(axis=2)}, draws=50).shape("p")["width"]
    items = rises_of_items(at, {"p": right}, draws=300).shape("p")["width"]
    assert runs.low == runs.high == runs.value == items.value
    assert items.low < items.value < items.high
    # by hand: the same bootstrap, item by item
    again = [
        _shape(at, right[:, 0][:, rng.integers(0, 300, 300)].mean(axis=1))[1] for _ in range(300)
    ]
    assert items.high - items.low == pytest.approx(
        np.ptp(np.quantile(again, [0.025, 0.975])), rel=0.35
    )
    with pytest.raises(FieldError):
        rises_of_items(at, {"p": right, "q": right[:, :, :9]})
