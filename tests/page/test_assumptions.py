"""The explorer of broken assumptions: its sentence says which way bend and width go."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mirage_utils import Curve, curves
from mirage_utils.laws.easy_tail import tail_accuracy
from mirage_utils.page import explorers
from mirage_utils.page.explorers.vega import evaluated


def sentence(kind, strength):
    charts = explorers.assumptions().charts
    return evaluated([charts.says], {"v_kind": kind, "v_strength": strength, **charts.constants})[0]


@pytest.mark.parametrize(
    ("kind", "strength", "says"),
    [
        ("two_kinds", 4, "bends upwards"),
        ("tail", 5, "bends upwards"),
        ("unequal", 10, "bends upwards"),
        ("dependent", 6, "stays nearly straight"),
        ("decoding", 10, "stays nearly straight"),
        ("floor", 10, "the bend has no limit"),
        ("entropy", 2, "bends the other way"),
        ("entropy", 10, "levels off before it reaches 56%"),
    ],
)
def test_the_sentence_says_which_way_the_line_bends(kind, strength, says):
    assert says in sentence(kind, strength)


def test_width_and_bend_are_those_of_the_curve():
    x = np.linspace(-12, 20, 8001)
    score = 0.96 * np.exp(-5 * np.exp(-x)) + 0.04 * np.exp(-0.0005 * np.exp(-x))
    curve = Curve(np.exp(x), score)
    width, bend = map(float, re.findall(r"(\d+\.\d\d) times as", sentence("two_kinds", 4)))
    plain = curves.rise(Curve(np.exp(x), np.exp(-5 * np.exp(-x)))).width
    assert width == pytest.approx(curves.rise(curve).width / plain, abs=0.006)
    assert bend == pytest.approx(curves.bend(curve, 0.02, 0.555), abs=0.006)


def test_nothing_is_broken_at_strength_zero():
    assert {sentence(kind, 0) for kind in ("two_kinds", "unequal", "decoding")} == {
        "Nothing is broken: the line is straight."
    }


def test_the_tail_is_summed_finely_enough():
    x = np.linspace(-40, 20, 12_001)
    loss = 5 * np.exp(-x)
    curve = Curve(np.exp(x), 0.85 * np.exp(-loss) + 0.15 * tail_accuracy(loss, 0.15))
    width, bend = map(float, re.findall(r"(\d+\.\d\d) times as", sentence("tail", 5)))
    assert bend == pytest.approx(curves.bend(curve, 0.02, 0.555), rel=0.02)
    assert 1 < width < 2
