"""Metrics when their assumptions are broken: simulated answers against the formulas of chapter 5."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from mirage_utils.metrics import (
    EXACT_MATCH,
    LONGEST_CORRECT_PREFIX,
    TOKEN_ACCURACY,
    TOKEN_EDIT_DISTANCE,
)

ANSWERS = 40_000


def close(score, expected):
    return abs(score.mean() - expected) < 4 * score.std() / np.sqrt(len(score)) + 1e-12


def right(tokens, metric=EXACT_MATCH):
    return metric.score(np.ones_like(tokens), tokens)


@pytest.mark.parametrize("p", [0.3, 0.7, 0.95])
@pytest.mark.parametrize("variance", [0.25, 1.0, 2.0])
def test_gamma_distributed_difficulty(p, variance):
    rng = np.random.default_rng(8)
    hard = rng.gamma(1 / variance, variance, ANSWERS)
    tokens = rng.random((ANSWERS, 5)) < np.exp(np.log(p) * hard)[:, None]
    assert close(right(tokens), (1 - 5 * variance * np.log(p)) ** (-1 / variance))


@pytest.mark.parametrize("rho", [0.1, 0.3, 0.6])
def test_dependent_tokens_scatter_the_edits_and_leave_their_mean(rho):
    rng, p, L = np.random.default_rng(9), 0.7, 5
    size = 1 / rho - 1
    shared = rng.beta(p * size, (1 - p) * size, ANSWERS)
    exchangeable = rng.random((ANSWERS, L)) < shared[:, None]
    assert close(right(exchangeable), np.prod([(p * size + i) / (size + i) for i in range(L)]))
    chain = rng.random((ANSWERS, L)) < p
    copies = rng.random((ANSWERS, L)) < rho
    for i in range(1, L):
        chain[:, i] = np.where(copies[:, i], chain[:, i - 1], chain[:, i])
    assert close(right(chain), p * (p + rho * (1 - p)) ** (L - 1))
    edits = right(exchangeable, TOKEN_EDIT_DISTANCE)
    assert close(edits, L * (1 - p))
    assert edits.var() / (L * p * (1 - p)) == pytest.approx(1 + (L - 1) * rho, abs=0.06)


@pytest.mark.parametrize("p", [0.5, 0.8, 0.95])
def test_deleted_tokens_leave_exact_match_and_edits_and_turn_token_accuracy_into_the_prefix(p):
    rng, L = np.random.default_rng(10), 12
    kept = rng.random((10_000, L)) < p
    targets = [list(range(L))] * len(kept)
    outputs = [np.flatnonzero(row).tolist() for row in kept]
    assert close(EXACT_MATCH.score(targets, outputs), p**L)
    assert close(TOKEN_EDIT_DISTANCE.score(targets, outputs), L * (1 - p))
    prefix = float(LONGEST_CORRECT_PREFIX.expected(p, L=L)) / L
    assert close(TOKEN_ACCURACY.score(targets, outputs), prefix)


def test_joined_characters_leave_exact_match_and_change_what_is_counted():
    rng, p = np.random.default_rng(11), 0.8
    digits = rng.random((ANSWERS, 6)) < p
    threes = digits.reshape(ANSWERS, 2, 3).all(axis=2)
    assert (right(digits) == right(threes)).all()
    assert close(right(threes, TOKEN_EDIT_DISTANCE), 2 * (1 - p**3))
    q, L, g = sp.symbols("q L g", positive=True)
    edits = L / g * (1 - q**g)
    assert sp.simplify(edits.subs(g, L) - (1 - q**L)) == 0
