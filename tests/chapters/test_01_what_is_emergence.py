"""Chapter 1 ("What is emergence?"): its numbers against independent computations."""

from __future__ import annotations

import itertools
import math

import pytest
from chapter_runs import followed
from independent import published
from scipy import stats

NAME = "01_what_is_emergence"
CHANGED = {"LEVEL": 0.8}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    _, after = followed(NAME, chapter_run, changed_run)
    k, n = published()["4D+", "few-shot"][1:]
    assert after["floor_high"] == pytest.approx(1 - 0.1 ** (1 / n[0]))
    assert after["sixth_high"] == pytest.approx(stats.beta.ppf(0.9, k[5] + 1, n[5] - k[5]))


def test_chapter_1_numbers(chapter_run):
    g = chapter_run(NAME).glued
    N, k, _ = published()["4D+", "few-shot"]
    assert g["items"] == 2000
    assert g["share_of_last_step"] == pytest.approx((k[-1] - k[-2]) / (k[-1] - k[0]))
    assert g["gap"] == pytest.approx(N[-1] / N[-2])
    assert g["floor_high"] == pytest.approx(1 - 0.025 ** (1 / 2000))  # no success in n: closed form
    assert g["sixth_low"] == pytest.approx(stats.beta.ppf(0.025, 3, 1998))
    assert g["sixth_high"] == pytest.approx(stats.beta.ppf(0.975, 4, 1997))
    zero = published()["1DC", "zero-shot"][1] / 2000
    assert g["ragged_max"] == zero.max()
    signs = [b > a for a, b in itertools.pairwise(zero)]
    assert g["turns"] == sum(a != b for a, b in itertools.pairwise(signs))
    assert g["inside"] >= g["forecasts"] - 2
    assert g["hidden_top"] == pytest.approx(math.exp(-20 / 300), abs=0.002)
