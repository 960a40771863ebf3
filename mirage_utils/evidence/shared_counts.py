"""Binomial counts of many curves, drawn from one set of uniform numbers: a fifth of the time."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["shared_counts"]


@lru_cache(maxsize=32)
def _uniforms(points: int, draws: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Uniform numbers for each point of a curve: in rising order, and where each stands among the draws."""
    drawn = np.random.default_rng(seed).random((points, draws))
    order = np.argsort(drawn, axis=1)
    return np.take_along_axis(drawn, order, axis=1), np.argsort(order, axis=1)


_NORMAL = 1_000_000
"""Counts that can occur, beyond which their distribution is a normal one."""


def shared_counts(
    n: NDArray[np.int64], rates: NDArray[np.float64], draws: int, seed: int
) -> NDArray[np.int64]:
    """Binomial counts from the same uniform numbers for every curve with as many points.

    Parameters
    ----------
    n : ndarray of int, shape (points,)
        Items, >= 1.
    rates : ndarray of float, shape (points,)
        Probability of a success, in [0, 1].
    draws : int
        Curves to draw, >= 1.
    seed : int

    Returns
    -------
    ndarray of int, shape (draws, points)

    Notes
    -----
    By inversion: a count is how many steps of the distribution function lie below its number, so that the
    sorted numbers need one search for each of the counts that can occur.
    """
    sorted_numbers, place = _uniforms(len(n), draws, seed)
    found = np.empty((len(n), draws), np.int64)
    for j, (items, rate) in enumerate(zip(n.tolist(), rates.tolist(), strict=True)):
        reach = 8 * np.sqrt(items * rate * (1 - rate)) + 40  # beyond what any draw reaches
        if reach > _NORMAL:
            numbers = special.ndtri(np.clip(sorted_numbers[j], 1e-12, 1 - 1e-12))[place[j]]
            counts = items * rate + np.sqrt(items * rate * (1 - rate)) * numbers
            found[j] = np.clip(np.rint(counts), 0, items)
            continue
        low, high = max(int(items * rate - reach), 0), min(int(items * rate + reach), items)
        k = np.arange(low + 1, high + 1)
        rate = min(max(rate, 1e-300), 1 - 1e-16)
        # Each probability from the one before; the distribution function is their sum.
        grown = np.cumsum(np.log((items - k + 1) / k) + np.log(rate) - np.log1p(-rate))
        mass = np.exp(np.insert(grown, 0, 0.0) - max(grown.max(initial=0.0), 0.0))
        steps = np.cumsum(mass)[:-1] / mass.sum()
        ends = np.searchsorted(sorted_numbers[j], steps, side="right")
        sizes = np.diff(ends, prepend=0, append=draws)
        found[j] = np.repeat(np.arange(low, high + 1), sizes)[place[j]]
    return found.T
