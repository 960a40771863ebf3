"""Whether networks find the same items hard: pair by pair, and by the other networks of a size."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from ..errors import require
from .abilities import Abilities, folds, measured

__all__ = ["by_twins", "pair_agreement"]

_FLOATS = NDArray[np.float64]


def pair_agreement(table: ArrayLike, *, group: ArrayLike | None = None) -> float:
    """Mean rank correlation of two networks over the items, over all pairs of networks.

    Ranks are the same for probabilities and for log-odds, and a mean over pairs does not grow with the number of networks,
    as the agreement of two halves of them does. Networks that are equally good at all items have no order and are left out.

    Parameters
    ----------
    table : array_like, shape (m, n)
        A row a network, a column an item.
    group : array_like, shape (m,), optional
        Only pairs of one group count, such as one size.

    Returns
    -------
    float

    Examples
    --------
    >>> round(pair_agreement([[0.1, 0.5, 0.9], [0.2, 0.3, 0.4], [0.9, 0.5, 0.1]]), 2)
    -0.33
    """
    y = np.asarray(table, dtype=float)
    some = np.ptp(y, axis=1) > 0
    require(int(some.sum()) > 1, "table", y.shape, "two networks that order the items, or more")
    rank = stats.rankdata(y[some], axis=1)
    apart = rank - rank.mean(axis=1, keepdims=True)
    unit = apart / np.sqrt((apart**2).sum(axis=1, keepdims=True))
    pairs = ~np.eye(len(unit), dtype=bool)
    if group is not None:
        of = np.asarray(group)[some]
        pairs &= of[:, None] == of
    return float((unit @ unit.T)[pairs].mean())


def by_twins(
    table: ArrayLike, size: ArrayLike, *, shift: bool = False, smooth: float = 1e-6, k: int = 5, seed: int = 0
) -> _FLOATS:  # fmt: skip
    """Predict each network by the mean of the others of its size, item by item.

    Parameters
    ----------
    table : array_like, shape (m, n)
        Probability of a right answer: a row a network, a column an item.
    size : array_like, shape (m,)
        Of each network; every size has two or more.
    shift : bool
        Whether the mean is moved to the network's own ability: one step in log-odds, fitted to its other answers.
    smooth : float
        How far predictions stay away from 0 and 1.
    k, seed : int
        As in `mirage_utils.evidence.abilities.held_out`: with `shift` an answer is in one of k groups, and the step comes from the
        others.

    Returns
    -------
    ndarray, shape (m, n)

    Examples
    --------
    >>> by_twins([[0.2, 0.4], [0.4, 0.8], [0.6, 0.6]], [1, 1, 1]).round(2).tolist()
    [[0.5, 0.7], [0.4, 0.5], [0.3, 0.6]]
    """
    y, sizes = np.asarray(table, dtype=float), np.asarray(size)
    require(sizes.shape == (len(y),), "size", sizes.shape, f"one a network, {len(y)}")
    alike = sizes[:, None] == sizes
    np.fill_diagonal(alike, False)
    require(bool(alike.any(axis=1).all()), "size", size, "two networks of each")
    mean = alike @ y / alike.sum(axis=1, keepdims=True)
    guess = np.asarray(smooth + (1 - 2 * smooth) * mean)
    if not shift:
        return guess
    group, nothing = folds((y.shape[0], y.shape[1]), k, seed), np.zeros(y.shape[1])
    out = np.empty_like(guess)
    for i, hard in enumerate(-special.logit(guess)):
        twins = Abilities("rasch", 0.0, np.zeros(1), np.zeros(1), hard, nothing, nothing)
        for each in range(k):
            gone = group[i] == each
            own = measured(y[i : i + 1, ~gone], twins, np.flatnonzero(~gone))
            out[i, gone] = own.probability()[0, gone]
    return out
