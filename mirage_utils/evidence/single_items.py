"""How sharply single items rise, and how sharply their mean does: unequal items spread the rise of a test."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ..errors import as_array, require
from .rises import Estimate

__all__ = ["SingleItems", "Spread", "single_items", "spread", "spread_by_items"]

_FLOATS = NDArray[np.float64]

_ALL = 6
"""Runs up to which all ways to halve them are taken."""


class Spread(NamedTuple):
    """Why the mean of several rises is as wide as it is, in decades squared: ``total = within + between``.

    Attributes
    ----------
    total : float
        Variance of the mean's rise along the logarithm of size.
    within : float
        Mean variance of the single rises.
    between : float
        Variance of their places.
    """

    total: float
    within: float
    between: float


def spread(scale: ArrayLike, rises: ArrayLike) -> Spread:
    """Split the width of a mean of rises into the widths of the rises and the distances between them.

    Parameters
    ----------
    scale : array_like, shape (m,)
        Sizes, ascending; > 0.
    rises : array_like, shape (m, n)
        Each column goes from 0 to 1 and never falls, such as `mirage_utils.evidence.rises.own_rise`.

    Returns
    -------
    Spread

    Notes
    -----
    A rise is read as a distribution of places along log10 of the scale, straight between sizes. The mean is the mixture,
    and the variance of a mixture is the mean of variances plus the variance of means.

    Examples
    --------
    >>> found = spread([1, 10, 100], [[0, 0], [1, 0], [1, 1]])
    >>> round(found.total, 3), round(found.within, 3), round(found.between, 3)
    (0.333, 0.083, 0.25)
    """
    x = np.log10(as_array("scale", scale, low=0))
    y = np.asarray(rises, dtype=float)
    step = np.diff(y, axis=0)
    require(
        y.ndim == 2 and bool((step >= -1e-12).all()) and bool(np.allclose(y[-1] - y[0], 1)),
        "rises", rises, "columns from 0 to 1 that never fall",
    )  # fmt: skip
    middle, gap = (x[1:] + x[:-1]) / 2, np.diff(x)

    def moments(weight: _FLOATS) -> tuple[_FLOATS, _FLOATS]:
        mean = weight.T @ middle
        return mean, weight.T @ (middle**2 + gap**2 / 12) - mean**2

    places, variances = moments(step)
    total = moments(step.mean(axis=1))[1]
    return Spread(float(total), float(variances.mean()), float(places.var()))


@dataclass(frozen=True)
class SingleItems:
    """Shapes of single items and of their mean.

    Parameters
    ----------
    item_width, mean_width : Estimate
        Width of the rise, in decades from 10% to 90%: median over items, and of the mean over items.
    item_excess, mean_excess : float
        The same of the excess of the emergence score. It has no interval: it divides by a median over steps, for which a
        jackknife does not hold.
    run_width : float
        Width of an item in single runs, median over items and runs; an item is a mean over runs in the other numbers.
    between : Estimate
        Share of the variance of the mean's rise that comes from the different places of the items; see `spread`. Chance
        is taken out: it is the covariance of the places in one half of the runs and in the other.
    """

    item_width: Estimate
    mean_width: Estimate
    item_excess: float
    mean_excess: float
    run_width: float
    between: Estimate


def single_items(scale: ArrayLike, probability: ArrayLike, *, level: float = 0.95) -> SingleItems:
    """Compare the rise of single items, each a mean over runs, with the rise of the mean over items.

    Parameters
    ----------
    scale : array_like, shape (m,)
        Sizes, ascending; > 0.
    probability : array_like, shape (m, runs, n)
        Of a right answer, by size, run and item. Every item rises.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    SingleItems

    Notes
    -----
    Intervals are of a jackknife: each network (a run at one size) is left out in turn, since runs of different sizes share
    nothing; variances add over sizes. The interval is that of Student with one degree of freedom fewer than there are runs.

    Examples
    --------
    >>> import numpy as np
    >>> N = np.geomspace(1, 1e4, 9)
    >>> places = np.linspace(1, 3, 20)
    >>> p = 1 / (1 + np.exp(-8 * (np.log10(N)[:, None, None] - places)))
    >>> found = single_items(N, np.repeat(p, 3, axis=1))
    >>> found.item_width.value < 0.6 * found.mean_width.value, round(found.between.value, 1)
    (True, 0.8)
    """
    x = np.log10(as_array("scale", scale, low=0))
    y = np.asarray(probability, dtype=float)
    require(y.ndim == 3 and len(y) == len(x), "probability", y.shape, f"({len(x)}, runs, items)")
    runs = y.shape[1]
    require(runs >= 3, "probability", y.shape, "three runs or more")
    found, error = _shapes(x, y), np.zeros(3)
    for k in range(len(y)):
        left = np.array([_shapes(x, y, (k, run)) for run in range(runs)])
        error += (runs - 1) ** 2 / runs * left.var(axis=0, ddof=1)
    wide = stats.t.ppf((1 + level) / 2, runs - 1) * np.sqrt(error)
    one, mean, between = (
        Estimate(*map(float, v)) for v in zip(found, found - wide, found + wide, strict=True)
    )
    items = y.mean(axis=1)
    of_one, of_mean = (
        float(np.median(_excess(v))) for v in (items, items.mean(axis=1, keepdims=True))
    )
    single = np.concatenate([y[:, run] for run in range(runs)], axis=1)
    rising = np.ptp(single, axis=0) > 0
    return SingleItems(
        one, mean, of_one, of_mean, float(np.median(_width(x, _rises(single[:, rising])))), between
    )


def spread_by_items(scale: ArrayLike, probability: ArrayLike) -> float:
    """The share `between` of `single_items`, without the rest.

    Parameters
    ----------
    scale : array_like, shape (m,)
    probability : array_like, shape (m, runs, n)

    Examples
    --------
    >>> import numpy as np
    >>> N = np.geomspace(1, 1e4, 9)
    >>> p = 1 / (1 + np.exp(-8 * (np.log10(N)[:, None, None] - np.linspace(1, 3, 20))))
    >>> round(spread_by_items(N, np.repeat(p, 3, axis=1)), 1)
    0.8
    """
    x, y = np.log10(as_array("scale", scale, low=0)), np.asarray(probability, dtype=float)
    return float(_shapes(x, y)[2])


def _shapes(x: _FLOATS, y: _FLOATS, gone: tuple[int, int] | None = None) -> _FLOATS:
    """Widths of an item and of the mean, and the share between, of scores of shape (m, runs, n); without one network."""
    if gone is not None:
        size, run = gone
        y = y.copy()
        y[size, run] = np.delete(y[size], run, axis=0).mean(
            axis=0
        )  # so means over runs are those without it
    items = y.mean(axis=1)
    rises = _rises(items)
    widths = [
        np.median(_width(x, each)) for each in (rises, _rises(items.mean(axis=1, keepdims=True)))
    ]
    return np.array([*widths, _between(x, y) / spread(10**x, rises).total])


def _between(x: _FLOATS, y: _FLOATS) -> float:
    """Covariance of the places of items in two halves of the runs, over all ways to halve them, or twenty."""
    runs = y.shape[1]
    halves = list(combinations(range(runs), runs // 2)) if runs <= _ALL else _some(runs)
    found = []
    for half in halves:
        other = [k for k in range(runs) if k not in half]
        places = [_places(x, y[:, list(part)].mean(axis=1)) for part in (half, other)]
        apart = [place - place.mean() for place in places]
        found.append(float(np.mean(apart[0] * apart[1])))
    return float(np.mean(found))


def _some(runs: int) -> list[tuple[int, ...]]:
    rng = np.random.default_rng(0)
    return [tuple(rng.permutation(runs)[: runs // 2].tolist()) for _ in range(20)]


def _places(x: _FLOATS, items: _FLOATS) -> _FLOATS:
    """Where each item rises, on average."""
    step = np.diff(_rises(items), axis=0)
    return np.asarray((x[1:] + x[:-1]) / 2 @ step)


def _rises(items: _FLOATS) -> _FLOATS:
    """`own_rise` of each column."""
    rising = np.maximum.accumulate(items, axis=0)
    return np.asarray((rising - rising[0]) / (rising[-1] - rising[0]))


def _width(x: _FLOATS, rises: _FLOATS) -> _FLOATS:
    """Decades from 10% to 90% of each column, straight between sizes."""
    ends, column = [], np.arange(rises.shape[1])
    for height in (0.1, 0.9):
        last = np.maximum((rises >= height).argmax(axis=0), 1)
        low, high = rises[last - 1, column], rises[last, column]
        ends.append(x[last - 1] + (height - low) / (high - low) * (x[last] - x[last - 1]))
    return np.asarray(ends[1] - ends[0])


def _excess(scores: _FLOATS) -> _FLOATS:
    """Emergence score of each column, over that of a straight line on as many sizes."""
    typical = np.sqrt(np.median(np.diff(scores, axis=0) ** 2, axis=0))
    up = np.sign(scores.argmax(axis=0) - scores.argmin(axis=0))
    with np.errstate(divide="ignore"):
        return np.asarray(up * np.ptp(scores, axis=0) / typical / (len(scores) - 1))
