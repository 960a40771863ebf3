"""Mirages whose runs scatter, by arithmetic: how far apart runs lie that are all of one kind."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import as_array

__all__ = ["gaps"]


def gaps(runs: int, scatter: float, draws: int, *, seed: int | list[int] = 0) -> pd.DataFrame:
    """Widest gaps between the runs of one size, in smooth mirages where each run is early or late.

    Sizes, lengths, items and exponents are drawn as for the truth "mirage" of `simulate`. Each run of each
    size has a critical size of its own, off by a normal deviate of the logarithm.

    Parameters
    ----------
    runs : int
        Of each size, >= 2.
    scatter : float
        Standard deviation of a run's place, in decades, >= 0.
    draws : int
        Mirages, >= 1.
    seed : int or list of int

    Returns
    -------
    pandas.DataFrame
        One row a mirage, gaps as shares of the range of single runs: ``exact``, the widest in exact match;
        ``digits``, the widest in the share of digits right at any size; ``there``, that in digits right at
        the size where exact match has its widest, as the audit's rule asks.

    Raises
    ------
    FieldError
        If `runs`, `scatter` or `draws` is out of its range.

    Examples
    --------
    >>> found = gaps(4, 0.35, 200)
    >>> bool((found["there"] <= found["digits"]).all())
    True
    """
    runs = int(as_array("runs", runs, low=2, integer=True))
    scatter = float(as_array("scatter", scatter, low=0))
    draws = int(as_array("draws", draws, low=1, integer=True))
    rng = np.random.default_rng(seed)
    counts = rng.integers(6, 11, draws)
    parts = [_of(int(m), int(k), runs, scatter, rng) for m, k in zip(*np.unique(counts, return_counts=True), strict=True)]  # fmt: skip
    return pd.DataFrame(np.concatenate(parts), columns=["exact", "digits", "there"])


def _of(
    sizes: int, draws: int, runs: int, scatter: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Gaps of mirages with one number of sizes."""

    def each(values: NDArray) -> NDArray:
        return values[:, None, None]

    decades = rng.uniform(2, 4, draws)
    size = np.linspace(0, decades, sizes, axis=1)[:, :, None]
    middle = each(decades + rng.uniform(-1.5, -0.8, draws))
    own = middle + rng.normal(0, scatter, (draws, sizes, runs))
    digit = 0.1 + 0.9 * np.exp(-(10 ** (-each(rng.uniform(0.3, 0.8, draws)) * (size - own))))
    length, n = each(rng.integers(5, 13, draws)), each(rng.integers(200, 1001, draws))
    exact = rng.binomial(n, digit**length) / n
    digits = rng.binomial(n * length, digit) / (n * length)
    wide, apart = _widest(exact), _widest(digits)
    there = apart[np.arange(draws), wide.argmax(axis=1)]
    return np.column_stack([wide.max(axis=1), apart.max(axis=1), there])


def _widest(scores: NDArray) -> NDArray:
    """By draw and size: the widest gap between runs, as a share of the range of all of them."""
    whole = np.ptp(scores, axis=(1, 2))[:, None]
    gap = np.diff(np.sort(scores, axis=2), axis=2).max(axis=2)
    return np.divide(gap, whole, out=np.zeros_like(gap), where=whole > 0)
