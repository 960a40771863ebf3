"""Edit distances of pairs, one by one: by rapidfuzz where it is installed, else by whole numbers as long as a sequence."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["pair_distances", "plain_distance"]

_Tokens = Sequence[Hashable]


def pair_distances(targets: Sequence[_Tokens], outputs: Sequence[_Tokens]) -> NDArray[np.int64]:
    """Levenshtein distance of each target from its output.

    Parameters
    ----------
    targets, outputs : sequences of n sequences
        Texts, or lists of tokens.

    Returns
    -------
    ndarray of int, shape (n,)
    """
    if not len(targets):
        return np.zeros(0, dtype=np.int64)
    try:  # compiled, and not for every platform: a browser has none
        from rapidfuzz.distance import Levenshtein
        from rapidfuzz.process import cpdist
    except ModuleNotFoundError:
        pairs = zip(targets, outputs, strict=True)
        return np.fromiter((plain_distance(a, b) for a, b in pairs), np.int64, len(targets))
    return cpdist(targets, outputs, scorer=Levenshtein.distance, dtype=np.int64)


def plain_distance(a: _Tokens, b: _Tokens) -> int:
    """Levenshtein distance of two sequences, a column of the textbook's table at a time.

    Neighbouring cells of a column differ by -1, 0 or 1, so two whole numbers with a bit a cell hold it, and a token of `b`
    moves it on by a few operations on them (Myers 1999, as simplified by Hyyrö 2003).

    Parameters
    ----------
    a, b : sequence of hashables

    Examples
    --------
    >>> plain_distance("kitten", "sitting")
    3
    """
    if not len(a):
        return len(b)
    where: dict[Hashable, int] = {}
    for place, token in enumerate(a):
        where[token] = where.get(token, 0) | 1 << place
    last, cells = 1 << (len(a) - 1), (1 << len(a)) - 1
    up, down, distance = cells, 0, len(a)
    for token in b:
        same = where.get(token, 0)
        level = (((same & up) + up) ^ up) | same | down
        more, fewer = down | ~(level | up) & cells, up & level
        distance += bool(more & last) - bool(fewer & last)
        more, fewer = (more << 1 | 1) & cells, fewer << 1 & cells
        up, down = fewer | ~(level | more) & cells, more & level
    return distance
