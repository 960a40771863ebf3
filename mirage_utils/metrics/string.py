"""Metrics on sequences of tokens: exact match, token accuracy, token edit distance.

A record is a target and an output, each a sequence of hashable tokens (words, digits, ids; a `str`
is a sequence of characters). An empty output is allowed and simply wrong; an empty target is not,
since there is nothing to get right.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from ..errors import FieldError
from ..symbols import L, p
from .base import Metric, records

__all__ = ["EXACT_MATCH", "TOKEN_ACCURACY", "TOKEN_EDIT_DISTANCE"]

Tokens = Sequence[Hashable]


def _check(targets: Sequence[Tokens], outputs: Sequence[Tokens]) -> None:
    records("targets", targets, "outputs", outputs)
    for i, target in enumerate(targets):
        if len(target) == 0:
            raise FieldError("targets", target, "at least one token", where=f"[{i}]")


def exact_match(targets: Sequence[Tokens], outputs: Sequence[Tokens]) -> NDArray[np.float64]:
    """1 where the output is the target, token for token and of the same length; else 0."""
    _check(targets, outputs)
    pairs = zip(targets, outputs, strict=True)
    return np.array([len(t) == len(o) and all(map(_same, t, o)) for t, o in pairs], dtype=float)


def token_accuracy(targets: Sequence[Tokens], outputs: Sequence[Tokens]) -> NDArray[np.float64]:
    """Share of the target's positions at which the output has the target's token.

    Positions the output does not reach count as wrong; tokens after the target's end are ignored
    (edit distance is the metric that charges for them).
    """
    _check(targets, outputs)
    pairs = zip(targets, outputs, strict=True)
    return np.array([sum(map(_same, t, o)) / len(t) for t, o in pairs])


def token_edit_distance(
    targets: Sequence[Tokens], outputs: Sequence[Tokens]
) -> NDArray[np.float64]:
    """Fewest substitutions, insertions and deletions of tokens that turn output into target."""
    _check(targets, outputs)
    # rapidfuzz compares any hashables, but wants plain sequences of them
    as_list = [(_plain(t), _plain(o)) for t, o in zip(targets, outputs, strict=True)]
    return np.array([Levenshtein.distance(t, o) for t, o in as_list], dtype=float)


def _same(a: Hashable, b: Hashable) -> bool:
    return bool(a == b)


def _plain(tokens: Tokens) -> Tokens:
    if isinstance(tokens, str):
        return tokens
    return tokens.tolist() if isinstance(tokens, np.ndarray) else list(tokens)


def simulate_tokens(
    rng: np.random.Generator, n: int, *, p: float, L: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Records whose tokens are right independently with probability `p`.

    Targets are L distinct tokens; a wrong token is one that occurs nowhere in the target, so that
    no shifted alignment can rescue it and the edit distance is the number of wrong tokens.
    """
    targets = np.broadcast_to(np.arange(L), (n, L))
    outputs = np.where(rng.random((n, L)) < p, targets, rng.integers(L, L + 50_000, (n, L)))
    return targets, outputs


def _simulate_token_accuracy(rng: np.random.Generator, n: int, *, p: float):
    # The expectation does not depend on L; eight tokens a record exercise the averaging.
    return simulate_tokens(rng, n, p=p, L=8)


EXACT_MATCH = Metric(
    name="exact_match",
    title="exact match",
    expression=p**L,
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="higher",
    assumptions="each of the L tokens is right independently with probability p",
    scorer=exact_match,
    simulator=simulate_tokens,
    source="Schaeffer et al. 2023, section 2 (there called Accuracy)",
)

TOKEN_ACCURACY = Metric(
    name="token_accuracy",
    title="token accuracy",
    expression=p,
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="higher",
    assumptions="each token is right with probability p (independence is not needed)",
    scorer=token_accuracy,
    simulator=_simulate_token_accuracy,
    source="the share of correct tokens; Schaeffer et al. 2023, section 2",
)

TOKEN_EDIT_DISTANCE = Metric(
    name="token_edit_distance",
    title="token edit distance",
    expression=L * (1 - p),
    low=sp.Integer(0),
    high=L,
    direction="lower",
    assumptions=(
        "each of the L tokens is right with probability p, and no wrong token can be matched by "
        "shifting; otherwise the expression is an upper bound"
    ),
    scorer=token_edit_distance,
    simulator=simulate_tokens,
    source="Schaeffer et al. 2023, section 2; appendix A.2 has the sign slip corrected here",
)
