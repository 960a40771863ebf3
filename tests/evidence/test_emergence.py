"""Emergence scores: the formula, its odd cases, its null, and how often the calibrated one errs."""

from __future__ import annotations

import gc
import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from mirage_utils import Curve, FieldError, tables
from mirage_utils.evidence import curve_of, emergence

scores = st.lists(st.integers(-20, 20), min_size=2, max_size=12)


def by_hand(y):
    """Equation 1, letter by letter, with nothing but the standard library."""
    top, bottom = max(y), min(y)
    sign = (y.index(top) > y.index(bottom)) - (y.index(top) < y.index(bottom))
    step = math.sqrt(statistics.median((b - a) ** 2 for a, b in itertools.pairwise(y)))
    if step == 0:
        return math.nan if top == bottom else sign * math.inf
    return sign * (top - bottom) / step


@given(scores)
def test_the_score_is_equation_1(y):
    found = emergence.emergence_score(y)
    assert found.value == pytest.approx(by_hand(y), nan_ok=True)
    assert emergence.emergence_scores([y])[0] == pytest.approx(by_hand(y), nan_ok=True)
    assert emergence.breakthroughness(y) == pytest.approx(by_hand(y), nan_ok=True)
    assert bool(found.explanation) == (
        not math.isfinite(found.value) or "sign" in found.explanation
    )


@given(scores, st.floats(0.1, 10), st.floats(-5, 5))
def test_units_do_not_matter(y, stretch, shift):
    moved = [round(stretch * v + shift, 12) for v in y]
    before, after = (emergence.linearity(v) for v in (y, moved))
    assert after == pytest.approx(before, rel=1e-6, nan_ok=True)


def test_gpt3_scores_of_the_published_table():
    table = tables.load_table("gpt3_arithmetic")
    expected = {"2D+": 32.7, "3D+": 321, "4D+": 510, "2Dx": 19.9, "1DC": 11.2, "5D+": math.inf}
    for task, value in expected.items():
        found = emergence.emergence_score(curve_of(table, task, "few-shot"))
        assert found.value == pytest.approx(value, abs=0.06 if value < 100 else 0.6), task
    assert "5 of the 7 steps" in found.explanation


@pytest.mark.parametrize("m", [2, 3, 8, 30])
def test_a_straight_line_scores_its_number_of_steps(m):
    line = np.linspace(0.1, 0.7, m)
    assert emergence.emergence_score(line).value == pytest.approx(m - 1)
    assert emergence.linearity(line) == pytest.approx(m - 1)
    assert emergence.emergence_score(line[::-1]).value == pytest.approx(1 - m)


@given(scores)
def test_linearity_is_at_most_the_number_of_steps(y):
    value = emergence.linearity(y)
    assert math.isnan(value) or abs(value) <= len(y) - 1 + 1e-9


def test_odd_cases_are_explained():
    step = emergence.emergence_score([0, 0, 0, 1])
    assert step.value == math.inf
    assert step.explanation.startswith("infinite: 2 of the 3 steps")
    assert emergence.emergence_score([1, 1, 0, 0]).value == -math.inf
    flat = emergence.emergence_score([0.2, 0.2])
    assert math.isnan(flat.value)
    assert flat.explanation.startswith("undefined: all 2 scores")
    tied = emergence.emergence_score([0.5, 0.0, 0.5])
    assert tied.value == -1.0  # the first of the two highest counts
    assert tied.explanation.startswith("sign undecided")


# -- nulls ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "quantile"), [(4, 4.2), (6, 4.7), (8, 5.1), (12, 5.4)])
def test_the_null_quantiles_agree_with_an_independent_simulation(m, quantile):
    """Another generator, another distribution of the same family, another formula."""
    rng = np.random.Generator(np.random.MT19937(11))
    noise = 40 + 7 * rng.normal(size=(100_000, m))
    steps = np.sort(np.diff(noise, axis=1) ** 2, axis=1)
    middle = (
        steps[:, (m - 1) // 2] + steps[:, (m - 2) // 2]
    ) / 2  # for an even number of steps too
    rising = noise.argmax(axis=1) > noise.argmin(axis=1)
    independent = np.where(rising, 1, -1) * np.ptp(noise, axis=1) / np.sqrt(middle)
    for share in (0.95, 0.99):
        ours = np.quantile(emergence.gaussian_null(m), share)
        assert ours == pytest.approx(np.quantile(independent, share), rel=0.03)
    assert np.quantile(emergence.gaussian_null(m), 0.95) == pytest.approx(quantile, abs=0.1)


def test_the_null_is_symmetric():
    null = emergence.gaussian_null(6)
    assert np.quantile(null, 0.05) == pytest.approx(-np.quantile(null, 0.95), rel=0.02)


def test_p_values_count_draws_at_least_as_high():
    null = np.array([1.0, 2.0, np.inf, np.nan])
    assert emergence.p_value(2.0, null) == 3 / 5
    assert emergence.p_value(np.inf, null) == 2 / 5
    assert emergence.p_value(np.inf, [1.0]) == 1 / 2
    assert math.isnan(emergence.p_value(math.nan, null))


# -- the calibrated score ----------------------------------------------------------------------------------


def test_a_smooth_law_is_not_called_emergent_more_often_than_the_level():
    rng = np.random.default_rng(21)
    scale, n, hits, runs = np.geomspace(1e8, 1e11, 8), 2000, 0, 120
    for i in range(runs):
        c, alpha = 10 ** rng.uniform(9.5, 11), rng.uniform(0.3, 0.9)
        accuracy = np.exp(-((scale / c) ** -alpha))
        curve = Curve(scale, rng.binomial(n, accuracy) / n, n)
        hits += emergence.calibrate(curve, draws=400, seed=i).p_smooth <= 0.05
    # one-sided: more than 12 of 120 has a probability of 1 % at the level of 5 %
    assert hits <= stats.binom.ppf(0.99, runs, 0.05)


def test_pure_noise_is_not_called_a_rise_more_often_than_the_level():
    rng = np.random.default_rng(22)
    scale, n, runs = np.geomspace(1e8, 1e11, 6), 500, 300
    for rate in (0.2, 0.002):
        p = [
            emergence.calibrate(
                Curve(scale, rng.binomial(n, rate, 6) / n, n), draws=300, seed=i
            ).p_noise
            for i in range(runs)
        ]
        assert np.mean(np.array(p) <= 0.05) <= 0.05 + 2.6 * math.sqrt(0.05 * 0.95 / runs)


def test_a_real_step_is_called_one():
    scale = np.geomspace(1e8, 1e11, 8)
    counts = np.array([3, 2, 4, 3, 700, 1400, 1990, 1995])
    found = emergence.calibrate(Curve(scale, counts / 2000, 2000), draws=999, seed=0)
    assert found.p_smooth == 1 / 1000
    assert found.noise == "binomial"
    assert found.law.law.name == "straight"


def test_lower_is_better_is_the_same_curve_turned_round():
    scale, n = np.geomspace(1e8, 1e11, 8), 400
    right = np.array([4, 10, 21, 60, 130, 220, 310, 360]) / n
    up = emergence.calibrate(Curve(scale, right, n), draws=500, seed=1)
    down = emergence.calibrate(Curve(scale, 1 - right, n), direction="lower", draws=500, seed=1)
    assert down.score.value == pytest.approx(up.score.value)
    assert down.linearity == pytest.approx(up.linearity)
    assert down.p_smooth == pytest.approx(up.p_smooth, abs=0.08)
    assert down.p_noise == pytest.approx(up.p_noise, abs=0.05)


def test_without_items_the_noise_is_gaussian_and_the_law_unknown():
    curve = Curve([1, 2, 3, 4], [3.0, 2.5, 2.2, 2.1], score_range=(-np.inf, np.inf))
    found = emergence.calibrate(curve, direction="lower", draws=2000, seed=3)
    assert found.noise == "gaussian"
    assert math.isnan(found.p_smooth)
    assert found.score.value > 0
    assert found.p_noise == emergence.p_value(
        found.score.value, emergence.gaussian_null(4, draws=2000, seed=3)
    )


def test_a_flat_curve_has_no_p_value():
    found = emergence.calibrate(Curve([1, 2, 3], [0, 0, 0], 50), draws=10)
    assert math.isnan(found.score.value)
    assert math.isnan(found.p_noise)
    assert math.isnan(found.p_smooth)


@given(st.lists(st.lists(st.integers(-3, 3), min_size=6, max_size=6), min_size=1, max_size=30))
def test_many_curves_at_once_have_the_scores_of_each(curves):
    each = [emergence.emergence_score(y).value for y in curves]
    np.testing.assert_array_equal(emergence.emergence_scores(curves), each)


def test_a_curve_that_comes_again_is_not_simulated_again():
    curve, again = (Curve([1, 2, 3, 4], [0, 0.1, 0.1, 0.6], 50) for _ in range(2))
    found = emergence.calibrate(curve, draws=50)
    assert emergence.calibrate(again, draws=50) is found
    assert emergence.calibrate(curve, draws=60) is not found
    assert emergence.calibrate(curve, draws=50, seed=1) is not found
    assert emergence.calibrate(curve, draws=50, direction="lower") is not found


# -- many comparisons -----------------------------------------------------------------------------------


def test_corrections_by_hand():
    p = [0.01, 0.04, math.nan, 0.03]
    assert emergence.adjust(p, "bonferroni") == pytest.approx(
        [0.03, 0.12, math.nan, 0.09], nan_ok=True
    )
    assert emergence.adjust(p, "holm") == pytest.approx([0.03, 0.06, math.nan, 0.06], nan_ok=True)
    assert emergence.adjust(p, "fdr_bh") == pytest.approx([0.03, 0.04, math.nan, 0.04], nan_ok=True)
    assert emergence.adjust([0.01, 0.5], "fdr_by") == pytest.approx([0.03, 0.75])
    assert stats.false_discovery_control([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])


@pytest.fixture(scope="module")
def frozen():
    """What lives now is left out of the garbage collections that statsmodels makes, which would take seconds."""
    gc.freeze()
    yield
    gc.unfreeze()


p_values = st.floats(0, 1, allow_subnormal=False) | st.sampled_from([0.01, 0.02, 0.04])


@pytest.mark.parametrize("method", ["bonferroni", "holm", "fdr_bh", "fdr_by"])
@given(p=st.lists(p_values, min_size=1, max_size=40))
def test_corrections_are_those_of_statsmodels(frozen, method, p):
    np.testing.assert_allclose(
        emergence.adjust(p, method), multipletests(p, method=method)[1], rtol=1e-14, atol=1e-300
    )


def test_many_corrections_collect_no_garbage():
    collected = []
    gc.callbacks.append(lambda phase, about: collected.append(about["generation"]))
    try:
        for method in ("bonferroni", "holm", "fdr_bh", "fdr_by"):
            emergence.adjust([0.01, 0.04, 0.03], method)
    finally:
        gc.callbacks.pop()
    assert 2 not in collected  # a full collection, which takes as long as there are objects


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: emergence.emergence_score([1]), r"^scores = 1: expected at least two scales"),
        (lambda: emergence.emergence_score([1, math.nan]), r"^scores\[1\] = nan"),
        (lambda: emergence.emergence_score([[1, 2]]), r"^scores = \(1, 2\)"),
        (lambda: emergence.emergence_scores([[1], [2]]), r"^curves = \(2, 1\)"),
        (lambda: emergence.gaussian_null(1), r"^n_scales = 1"),
        (
            lambda: emergence.calibrate(Curve([1, 2], [0, 1], 5), direction="up"),
            r"^direction = 'up'",
        ),
        (
            lambda: emergence.calibrate(Curve([1, 2], [0, 1]), proportion=True),
            r"^proportion = True",
        ),
        (lambda: emergence.calibrate(Curve([1, 2], [0, 1]), draws=0), r"^draws = 0"),
        (lambda: emergence.adjust([0.1], "sidak"), r"^method = 'sidak'"),
        (lambda: emergence.adjust([1.1]), r"^p_values\[0\] = 1\.1"),
        (lambda: emergence.adjust([[0.1]]), r"^p_values = \(1, 1\)"),
    ],
)
def test_wrong_input_is_named_with_its_value(call, message):
    with pytest.raises(FieldError, match=message):
        call()
