"""Metrics on sequences of tokens: exact match, token accuracy, edit distances, correct prefix.

A record is a target and an output, each a sequence of hashable tokens (words, digits, ids; a `str`
is a sequence of characters). Integer arrays, one row a record, are scored without a Python loop. An
empty output is allowed and simply wrong; an empty target is not, since there is nothing to get
right. Tokens are compared as they are: two spellings of one character (``é`` in one code point or
in two), two signs for minus and two ways to write a thousand are different tokens. Only the
character edit distance, which works on text, composes characters first (Unicode's NFC);
`mirage_utils.metrics.arithmetic` reads numbers as a person would.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ..errors import FieldError
from ..symbols import L, group, p, width
from .base import Metric, records
from .batch import Records, edit_distances, is_table
from .tokens import simulate_eight_tokens, simulate_group, simulate_text, simulate_tokens

__all__ = [
    "EXACT_MATCH", "TOKEN_ACCURACY", "TOKEN_EDIT_DISTANCE", "NORMALISED_EDIT_DISTANCE", "CHARACTER_EDIT_DISTANCE",
    "LONGEST_CORRECT_PREFIX", "SUBSET_ACCURACY",
]  # fmt: skip


def _check(targets: Records, outputs: Records) -> None:
    records("targets", targets, "outputs", outputs)
    if not is_table(outputs):
        for i, output in enumerate(outputs):
            if not hasattr(output, "__len__"):
                raise FieldError("outputs", output, "a sequence of tokens", where=f"[{i}]")
    if is_table(targets) and targets.shape[1]:
        return
    for i, target in enumerate(targets):
        if not hasattr(target, "__len__") or len(target) == 0:
            expected = "a sequence of tokens, at least one token"
            raise FieldError("targets", target, expected, where=f"[{i}]")


def _hits(targets: Records, outputs: Records) -> NDArray[np.bool_] | None:
    """For two tables: which of the target's positions hold its token. None for anything else."""
    if not (is_table(targets) and is_table(outputs)):
        return None
    common = min(targets.shape[1], outputs.shape[1])
    hits = np.zeros(targets.shape, dtype=np.bool_)
    np.equal(targets[:, :common], outputs[:, :common], out=hits[:, :common])
    return hits


def _same(a: Hashable, b: Hashable) -> bool:
    return bool(a == b)


def _positions(targets: Records, outputs: Records) -> Iterator[Iterator[bool]]:
    """For each record, position by position while both sides last: is the token right?"""
    for target, output in zip(targets, outputs, strict=True):
        yield map(_same, target, output)


def exact_match(targets: Records, outputs: Records) -> NDArray[np.float64]:
    """1 where the output is the target, token for token and of the same length; else 0.

    Parameters
    ----------
    targets, outputs : sequences of n sequences of hashables, or integer arrays (n, L) and (n, M)
        A target has a token or more.

    Returns
    -------
    ndarray, shape (n,)
        0 or 1.

    Raises
    ------
    FieldError
        Naming the record: no sequence, or a target without tokens; or if there are not as many outputs as targets.
    """
    _check(targets, outputs)
    hits = _hits(targets, outputs)
    if hits is not None:
        as_long = len(targets[0]) == len(outputs[0])  # the rows of a table are of one length
        return (hits.all(axis=1) & as_long).astype(float)
    lengths = (len(t) == len(o) for t, o in zip(targets, outputs, strict=True))
    right = (all(row) for row in _positions(targets, outputs))
    return np.array([a and b for a, b in zip(lengths, right, strict=True)], dtype=float)


def token_accuracy(targets: Records, outputs: Records) -> NDArray[np.float64]:
    """Share of the target's positions at which the output has the target's token.

    Positions the output does not reach count as wrong; tokens after the target's end are ignored
    (edit distance is the metric that charges for them).

    Parameters
    ----------
    targets, outputs
        As for `exact_match`, with its errors.

    Returns
    -------
    ndarray, shape (n,)
        In [0, 1].
    """
    _check(targets, outputs)
    hits = _hits(targets, outputs)
    if hits is not None:
        return hits.mean(axis=1)
    right = (sum(row) for row in _positions(targets, outputs))
    return np.array([k / len(t) for k, t in zip(right, targets, strict=True)])


def longest_correct_prefix(targets: Records, outputs: Records) -> NDArray[np.float64]:
    """Number of tokens before the first wrong one (or the end of either side).

    Parameters
    ----------
    targets, outputs
        As for `exact_match`, with its errors.

    Returns
    -------
    ndarray, shape (n,)
        Whole numbers from 0 to the length of the target.
    """
    _check(targets, outputs)
    hits = _hits(targets, outputs)
    if hits is not None:
        return hits.cumprod(axis=1).sum(axis=1).astype(float)
    runs = (itertools.takewhile(bool, row) for row in _positions(targets, outputs))
    return np.array([sum(run) for run in runs], dtype=float)


def token_edit_distance(targets: Records, outputs: Records) -> NDArray[np.float64]:
    """Fewest substitutions, insertions and deletions of tokens that turn output into target.

    Parameters
    ----------
    targets, outputs
        As for `exact_match`, with its errors.

    Returns
    -------
    ndarray, shape (n,)
        Whole numbers >= 0.
    """
    _check(targets, outputs)
    return edit_distances(targets, outputs).astype(float)


def normalised_edit_distance(targets: Records, outputs: Records) -> NDArray[np.float64]:
    """Edit distance as a share of the longer of the two lengths, so 1 is the worst there is.

    Parameters
    ----------
    targets, outputs
        As for `exact_match`, with its errors.

    Returns
    -------
    ndarray, shape (n,)
        In [0, 1].
    """
    edits = token_edit_distance(targets, outputs)
    longer = [max(len(t), len(o)) for t, o in zip(targets, outputs, strict=True)]
    return edits / np.array(longer)


def character_edit_distance(targets: Sequence[str], outputs: Sequence[str]) -> NDArray[np.float64]:
    """Edit distance in characters of text, after composing them (NFC).

    A character is a Unicode code point: an emoji made of several counts as several.

    Parameters
    ----------
    targets, outputs : sequences of n str

    Returns
    -------
    ndarray, shape (n,)
        Whole numbers >= 0.

    Raises
    ------
    FieldError
        Naming the record: no text, or an empty target.
    """
    records("targets", targets, "outputs", outputs)
    for name, texts in (("targets", targets), ("outputs", outputs)):
        for i, text in enumerate(texts):
            if not isinstance(text, str):
                raise FieldError(name, text, "a str", where=f"[{i}]")
    sides = ([unicodedata.normalize("NFC", t) for t in side] for side in (targets, outputs))
    return token_edit_distance(*sides)


def subset_accuracy(targets: Records, outputs: Records) -> NDArray[np.float64]:
    """1 where every item of a group is answered right, else 0.

    A record is a group of items: their right answers, and the answers given, equally many.

    Parameters
    ----------
    targets, outputs : sequences of n sequences of hashables, or integer arrays (n, items)

    Returns
    -------
    ndarray, shape (n,)
        0 or 1.

    Raises
    ------
    FieldError
        Naming the record: not as many answers as the group has items.
    """
    records("targets", targets, "outputs", outputs)
    for i, (target, output) in enumerate(zip(targets, outputs, strict=True)):
        if len(target) != len(output):
            expected = f"as many answers as the group has items, {len(target)}"
            raise FieldError("outputs", len(output), expected, where=f"[{i}]")
    return exact_match(targets, outputs)


# -- the metrics -----------------------------------------------------------------------------------

_NO_SHIFT = "no wrong token can be matched by shifting; otherwise the expression is an upper bound"

EXACT_MATCH = Metric(
    name="exact_match",
    title="exact match",
    expression=p**L,
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="higher",
    continuity="continuous",
    assumptions="each of the L tokens is right independently with probability p",
    scorer=exact_match,
    simulator=simulate_tokens,
    source="Schaeffer et al. 2023, section 2 (there called Accuracy)",
    binary=True,
    judges="tokens",
    of_counts=lambda c: ((c.hits == c.target) & (c.target == c.output)).astype(float),
)

TOKEN_ACCURACY = Metric(
    name="token_accuracy",
    title="token accuracy",
    expression=p,
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="higher",
    continuity="linear",
    assumptions="each token is right with probability p (independence is not needed)",
    scorer=token_accuracy,
    simulator=simulate_eight_tokens,
    source="the share of correct tokens; Schaeffer et al. 2023, section 2",
    judges="tokens",
    gentle="answer",
    of_counts=lambda c: c.hits / c.target,
)

TOKEN_EDIT_DISTANCE = Metric(
    name="token_edit_distance",
    title="token edit distance",
    expression=L * (1 - p),
    low=sp.Integer(0),
    high=L,
    direction="lower",
    continuity="linear",
    assumptions=f"each of the L tokens is right with probability p, and {_NO_SHIFT}",
    scorer=token_edit_distance,
    simulator=simulate_tokens,
    source="Schaeffer et al. 2023, section 2; appendix A.2 has the sign slip corrected here",
    judges="tokens",
    gentle="answer",
    of_counts=lambda c: c.edits.astype(float),
)

NORMALISED_EDIT_DISTANCE = Metric(
    name="normalised_edit_distance",
    title="normalised edit distance",
    expression=1 - p,
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="lower",
    continuity="linear",
    assumptions=f"outputs as long as targets, each token right with probability p, and {_NO_SHIFT}",
    scorer=normalised_edit_distance,
    simulator=simulate_eight_tokens,
    source="Levenshtein 1966, divided by the longer length",
    judges="tokens",
    gentle="answer",
    of_counts=lambda c: c.edits / np.maximum(c.target, c.output),
)

CHARACTER_EDIT_DISTANCE = Metric(
    name="character_edit_distance",
    title="character edit distance",
    expression=L * width * (1 - p),
    low=sp.Integer(0),
    high=L * width,
    direction="lower",
    continuity="linear",
    assumptions=(
        "each of the L tokens, of w characters, is right with probability p; a wrong one shares no "
        "character with the target; otherwise the expression is an upper bound"
    ),
    scorer=character_edit_distance,
    simulator=simulate_text,
    source="Levenshtein 1966",
    judges="text",
    gentle="answer",
)

LONGEST_CORRECT_PREFIX = Metric(
    name="longest_correct_prefix",
    title="longest correct prefix",
    # p + p^2 + ... + p^L, summed
    expression=sp.Piecewise((L, sp.Eq(p, 1)), (p * (1 - p**L) / (1 - p), True)),
    low=sp.Integer(0),
    high=L,
    direction="higher",
    continuity="continuous",
    assumptions="each of the L tokens is right independently with probability p",
    scorer=longest_correct_prefix,
    simulator=simulate_tokens,
    source="the run of right tokens from the start, as in step-by-step grading",
    judges="tokens",
    gentle="answer",
    of_counts=lambda c: c.prefix.astype(float),
)

SUBSET_ACCURACY = Metric(
    name="subset_accuracy",
    title="subset accuracy, m of m",
    expression=p**group,
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="higher",
    continuity="continuous",
    assumptions="each of the m items of a group is right independently with probability p",
    scorer=subset_accuracy,
    simulator=simulate_group,
    source="Schaeffer et al. 2023, section 5 and appendix B (there K of K)",
    binary=True,
)
