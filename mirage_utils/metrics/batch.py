"""Edit distances of many pairs at once.

Arrays of short sequences go through the textbook's table, one cell at a time for all pairs together,
in one byte a cell; everything else goes to `pairs`, which is rapidfuzz where that is installed. Which is
faster where is measured in ``benchmarks/edit_distance.py``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from ..errors import require
from .pairs import pair_distances

__all__ = ["BLOCK", "LONGEST", "edit_distances", "is_table", "table_rows"]

_Tokens = Sequence[Hashable]
Records = Sequence[_Tokens] | NDArray
"""Many sequences; or one table of whole numbers, a row each."""

BLOCK = 32_768
"""Pairs worked on together: few enough for the table's row to stay in the processor's cache."""
LONGEST = 32
"""Length above which rapidfuzz, which handles 64 cells in one machine word, is the faster one."""


def is_table(sequences: object) -> TypeGuard[NDArray]:
    """Whether sequences come as a two-dimensional array of whole numbers (or booleans)."""
    return (
        isinstance(sequences, np.ndarray) and sequences.ndim == 2 and sequences.dtype.kind in "iub"
    )


def edit_distances(targets: Records, outputs: Records) -> NDArray[np.int64]:
    """Levenshtein distance of each target from its output.

    Parameters
    ----------
    targets, outputs : sequences of n sequences of hashables, or integer arrays (n, L) and (n, M)

    Returns
    -------
    ndarray of int, shape (n,)

    Raises
    ------
    FieldError
        If there are not as many outputs as targets.
    """
    require(len(outputs) == len(targets), "outputs", len(outputs), f"{len(targets)}, as targets")
    if is_table(targets) and is_table(outputs):
        if max(targets.shape[1], outputs.shape[1]) <= LONGEST:
            return _table_distances(targets, outputs)
        return pair_distances(*_texts(targets, outputs))
    return pair_distances([_plain(t) for t in targets], [_plain(o) for o in outputs])


def _texts(targets: NDArray, outputs: NDArray) -> tuple[list, list]:
    """Rows as strings of one character a token, where there are few enough tokens for that.

    A string is one object and a list of tokens many, which rapidfuzz would have to hash one by one.
    """
    low, high = _range(targets, outputs)
    if high - low >= 0x10FFFF:
        return targets.tolist(), outputs.tolist()

    def text(side: NDArray) -> list[str]:
        if side.shape[1] == 0:
            return [""] * len(side)
        # from 1 on, because NumPy drops zeros from the end of a string
        codes = np.ascontiguousarray((side.astype(np.int64) - (low - 1)).astype(np.uint32))
        return codes.view(f"<U{side.shape[1]}").ravel().tolist()

    return text(targets), text(outputs)


def _range(*tables: NDArray) -> tuple[int, int]:
    filled = [t for t in tables if t.size]
    if not filled:
        return 0, 0
    return min(int(t.min()) for t in filled), max(int(t.max()) for t in filled)


def _plain(tokens: _Tokens) -> _Tokens:
    """rapidfuzz compares any hashables, but wants plain sequences of them."""
    if isinstance(tokens, str):
        return tokens
    return tokens.tolist() if isinstance(tokens, np.ndarray) else list(tokens)


def _fits(low: int, high: int, kind: type[np.integer]) -> bool:
    return np.iinfo(kind).min <= low and high <= np.iinfo(kind).max


def _table_distances(targets: NDArray, outputs: NDArray) -> NDArray[np.int64]:
    # Distances are at most the longer length (up to LONGEST) and a cell holds at most one more, so
    # a byte holds it. Tokens are narrowed too where they fit: comparing bytes moves an eighth.
    low, high = _range(targets, outputs)
    narrow = next((t for t in (np.int8, np.int16, np.int32) if _fits(low, high, t)), None)
    n = len(targets)
    result = np.empty(n, dtype=np.int64)
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        # Columns contiguous: each step then runs along memory.
        a, b = (np.ascontiguousarray(side[start:stop].T, narrow) for side in (targets, outputs))
        *_, row = table_rows(a, b)
        result[start:stop] = row[-1]
    return result


def table_rows(targets: NDArray, outputs: NDArray) -> Iterator[list[NDArray[np.int8]]]:
    """The textbook's table of many pairs, one row after the other.

    Parameters
    ----------
    targets, outputs : integer arrays (L, n) and (M, n), L and M up to `LONGEST`
        One column a pair.

    Yields
    ------
    list of M + 1 arrays of n
        After i tokens of the targets, from none to all: their distances from the first 0 to M tokens
        of the outputs. To be read before the next is asked for.
    """
    n = targets.shape[1]
    row = [np.full(n, j, dtype=np.int8) for j in range(len(outputs) + 1)]
    yield row
    left, cost = np.empty_like(row[0]), np.empty_like(row[0])
    for i, token in enumerate(targets, 1):
        corner, row[0] = row[0], np.full_like(row[0], i)
        for j in range(1, len(row)):
            np.not_equal(token, outputs[j - 1], out=cost, casting="unsafe")
            cost += corner  # substitution, or nothing
            np.minimum(row[j], row[j - 1], out=left)
            left += 1  # deletion or insertion
            corner = row[j]
            row[j] = np.minimum(cost, left)
        yield row
