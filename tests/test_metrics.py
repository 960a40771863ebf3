"""Every metric's expression against simulation, against independent code, and at its edges."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from mirage_utils import FieldError, metrics
from mirage_utils.metrics import (
    BRIER,
    EXACT_MATCH,
    METRICS,
    MULTIPLE_CHOICE_GRADE,
    TOKEN_ACCURACY,
    TOKEN_EDIT_DISTANCE,
)

GRID = {
    "exact_match": [{"L": k} for k in (1, 2, 3, 5)],
    "token_accuracy": [{}],
    "token_edit_distance": [{"L": k} for k in (1, 2, 5, 16)],
    "multiple_choice_grade": [{"K": k, "s": s} for k in (2, 4, 10) for s in (0.2, 0.5, 1.0, 2.0)],
    "brier": [{"K": k} for k in (2, 4, 10)],
}
PROBABILITIES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)
CASES = [
    pytest.param(METRICS[name], values, id=f"{name}-{values}")
    for name, grid in GRID.items()
    for values in grid
]
probability = st.floats(0, 1)
tokens = st.lists(st.integers(0, 4), min_size=1, max_size=8)


def test_every_metric_is_on_the_grid():
    assert set(GRID) == set(METRICS)


@pytest.mark.parametrize(("metric", "values"), CASES)
def test_scored_simulation_lands_on_the_expression(metric, values):
    n, worst = 40_000, 0.0
    for i, p in enumerate(PROBABILITIES):
        run = metric.simulate(p, n=n, seed=100 + i, **values)
        expected = float(metric.expected(p, **values))
        low, high = metric.range(**values)
        if run.standard_error > 1e-12:
            worst = max(worst, abs(run.mean - expected) / run.standard_error)
        else:
            # Nothing varied: either nothing can, or the score is so near an end of its range that
            # n draws would show another value with a probability below one in a thousand.
            room = min(expected - low, high - expected) if low < expected < high else 0.0
            assert abs(run.mean - expected) < 1e-9 or room * n < 7, (p, run, expected)
    # 8 probabilities: beyond 4.2 standard errors once in about 5,000 tests
    assert worst < 4.2


@pytest.mark.parametrize(("metric", "values"), CASES)
def test_every_form_of_the_expression_gives_the_same_number(metric, values):
    for p in (0.05, 0.3, 0.8):
        symbolic = metric.expression.subs(
            dict(zip(metric.arguments, (p, *values.values()), strict=True))
        )
        numeric = metric.numpy(p, *(values[name] for name in metric.parameters))
        assert float(numeric) == pytest.approx(float(symbolic), rel=1e-12)
        assert float(metric.expected(p, **values)) == pytest.approx(float(symbolic), rel=1e-12)
    assert metric.latex == sp.latex(metric.expression)


@pytest.mark.parametrize(("metric", "values"), CASES)
@given(p=probability)
def test_the_score_stays_in_its_range(metric, values, p):
    low, high = metric.range(**values)
    assert low - 1e-12 <= float(metric.expected(p, **values)) <= high + 1e-12


@pytest.mark.parametrize(("metric", "values"), CASES)
def test_a_better_model_never_scores_worse(metric, values):
    score = metric.expected(np.linspace(0, 1, 1001), **values)
    better = np.diff(score) if metric.direction == "higher" else -np.diff(score)
    assert (better >= -1e-12).all()
    best = metric.range(**values)[1 if metric.direction == "higher" else 0]
    assert score[-1] == pytest.approx(best)


# -- claims about the subject ---------------------------------------------------------------------


def test_exact_match_of_one_token_is_token_accuracy():
    p = np.linspace(0, 1, 11)
    assert EXACT_MATCH.expected(p, L=1) == pytest.approx(TOKEN_ACCURACY.expected(p))


def test_the_grade_becomes_a_step_at_chance_for_equal_items():
    below, above = MULTIPLE_CHOICE_GRADE.expected([0.24, 0.26], K=4, s=0.001)
    assert below < 1e-6
    assert above > 1 - 1e-6
    assert MULTIPLE_CHOICE_GRADE.expected(0.25, K=4, s=0.3) == pytest.approx(0.25)


def test_a_spread_of_one_makes_the_grade_the_probability_itself():
    p = np.linspace(0, 1, 21)
    assert MULTIPLE_CHOICE_GRADE.expected(p, K=5, s=1.0) == pytest.approx(p)


def test_binary_brier_is_twice_the_squared_error_of_one_option():
    p = np.linspace(0, 1, 11)
    assert BRIER.expected(p, K=2) == pytest.approx(2 * (1 - p) ** 2)


# -- scorers against independent code --------------------------------------------------------------


def reference_distance(a, b):
    """Wagner and Fischer's table, written out."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


@given(target=tokens, output=st.lists(st.integers(0, 4), max_size=8))
def test_edit_distance_is_the_textbook_one(target, output):
    assert TOKEN_EDIT_DISTANCE.score([target], [output])[0] == reference_distance(target, output)


@given(target=tokens, output=st.lists(st.integers(0, 4), max_size=8))
def test_exact_match_is_equality_and_zero_distance(target, output):
    exact = EXACT_MATCH.score([target], [output])[0]
    assert exact == (target == output) == (TOKEN_EDIT_DISTANCE.score([target], [output])[0] == 0)


@given(target=tokens, output=st.lists(st.integers(0, 4), max_size=8))
def test_token_accuracy_counts_positions(target, output):
    hits = sum(i < len(output) and output[i] == t for i, t in enumerate(target))
    assert TOKEN_ACCURACY.score([target], [output])[0] == pytest.approx(hits / len(target))


@given(
    st.lists(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), min_size=1, max_size=5),
    st.integers(0, 2),
)
def test_brier_and_grade_by_hand(rows, right):
    mass = np.array(rows) / np.sum(rows, axis=1, keepdims=True)
    correct = [right] * len(rows)
    by_hand = [sum((q - (j == right)) ** 2 for j, q in enumerate(row)) for row in mass]
    assert BRIER.score(correct, mass) == pytest.approx(by_hand)
    best = [[j for j, q in enumerate(row) if q == max(row)] for row in mass]
    assert MULTIPLE_CHOICE_GRADE.score(correct, mass) == pytest.approx(
        [1 / len(b) if right in b else 0 for b in best]
    )


def test_a_tie_is_worth_what_breaking_it_at_random_would_earn():
    assert MULTIPLE_CHOICE_GRADE.score([0, 2], [[0.4, 0.4, 0.2], [0.4, 0.4, 0.2]]) == pytest.approx(
        [0.5, 0]
    )


@pytest.mark.parametrize(
    ("target", "output", "exact", "accuracy", "edits"),
    [
        ("1234", "", 0, 0, 4),
        ("1234", "234", 0, 0, 1),  # everything is one place off; one insertion mends it
        ("12", "123", 0, 1, 1),  # position by position nothing is wrong, the edit charges the tail
        ("-15", "15", 0, 0, 1),
        ("1,000", "1000", 0, 0.6, 1),
        ("007", "7", 0, 0, 2),
        ("naïve", "naïve", 1, 1, 0),
        (["un", "able"], ["un", "able"], 1, 1, 0),
        ((1, 2, 3), np.array([1, 2, 3]), 1, 1, 0),
    ],
)
def test_edge_cases_are_decided(target, output, exact, accuracy, edits):
    assert EXACT_MATCH.score([target], [output])[0] == exact
    assert TOKEN_ACCURACY.score([target], [output])[0] == pytest.approx(accuracy)
    assert TOKEN_EDIT_DISTANCE.score([target], [output])[0] == edits


def test_shifts_only_ever_save_edits():
    """Why L(1-p) is an upper bound when wrong tokens can match elsewhere."""
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 3, (2, 500, 6))
    assert (TOKEN_EDIT_DISTANCE.score(a, b) <= (a != b).sum(axis=1)).all()


# -- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: EXACT_MATCH.expected(1.2, L=2),
            r"^p = 1\.2: expected a finite number >= 0 and <= 1",
        ),
        (lambda: EXACT_MATCH.expected(float("nan"), L=2), r"^p = nan"),
        (lambda: EXACT_MATCH.expected([0.1, -0.1], L=2), r"^p\[1\] = -0\.1"),
        (lambda: EXACT_MATCH.expected(0.5), r"^L = None: expected a value"),
        (lambda: EXACT_MATCH.expected(0.5, L=0), r"^L = 0"),
        (lambda: EXACT_MATCH.expected(0.5, L=2.5), r"^L = 2\.5: expected a finite whole number"),
        (lambda: EXACT_MATCH.expected(0.5, L=2, K=4), r"^K = 4: expected exact_match takes L"),
        (lambda: BRIER.expected(0.5, K=1), r"^K = 1"),
        (lambda: MULTIPLE_CHOICE_GRADE.expected(0.5, K=4, s=0), r"^s = 0"),
        (lambda: EXACT_MATCH.score([], []), r"^targets = \[\]"),
        (lambda: EXACT_MATCH.score(["a"], ["a", "b"]), r"^outputs = 2"),
        (lambda: TOKEN_ACCURACY.score(["a", ""], ["a", "b"]), r"^targets\[1\] = ''"),
        (
            lambda: BRIER.score([0], [[0.5, 0.6]]),
            r"^probabilities\[0\] = 1\.1: expected a row sum of 1",
        ),
        (lambda: BRIER.score([2], [[0.5, 0.5]]), r"^correct\[0\] = 2"),
        (lambda: BRIER.score([0], [[1.0]]), r"^probabilities = \(1, 1\)"),
        (lambda: metrics.get("accuracy"), r"^metric = 'accuracy': expected one of exact_match"),
    ],
)
def test_wrong_input_is_named_with_its_value(call, message):
    with pytest.raises(FieldError, match=message):
        call()


def test_scores_broadcast_over_grids():
    p, L = np.linspace(0, 1, 7)[:, None], np.arange(1, 5)
    out = EXACT_MATCH.expected(p, L=L)
    assert out.shape == (7, 4)
    for (i, j), value in np.ndenumerate(out):
        assert value == pytest.approx(p[i, 0] ** L[j])
    assert list(itertools.islice(METRICS, 2)) == ["exact_match", "token_accuracy"]
