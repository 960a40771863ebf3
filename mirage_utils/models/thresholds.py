"""A threshold on errors: whether any carries nearly all items across, and what equal items would have done.

The share of items below a threshold, as a function of the threshold, is the distribution function of the errors. So
quantiles of the errors answer at once for all thresholds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ..errors import as_array, require
from .scores import LogNormalErrors

__all__ = ["carried", "equally_spread", "law_of", "most_carried"]


def most_carried(errors: ArrayLike, low: float = 0.1) -> NDArray[np.float64]:
    """The largest share of items below a threshold at the largest size, over all thresholds that fewer pass at the smallest.

    Parameters
    ----------
    errors : array_like, shape (sizes, runs, items)
        Non-negative; sizes ascending.
    low : float
        The share at the smallest size that may not be reached, in (0, 1).

    Returns
    -------
    ndarray, shape (runs,)

    Examples
    --------
    >>> most_carried([[[1.0, 2.0, 3.0, 4.0]], [[0.5, 0.6, 0.7, 3.0]]], low=0.3)
    array([0.75])
    """
    found = _ends(errors)
    require(0 < low < 1, "low", low, "a share between 0 and 1")
    n = found.shape[2]
    # The share stays under `low` until one item too many is below the threshold: that item's error is the last threshold.
    last = np.sort(found[0], axis=-1)[:, max(int(np.ceil(low * n)) - 1, 0)]
    return (found[-1] < last[:, None]).mean(axis=-1)


def carried(errors: ArrayLike, low: float = 0.1, high: float = 0.9) -> NDArray[np.bool_]:
    """Whether any threshold takes the share of items from under `low` at the smallest size to over `high` at the largest.

    Parameters
    ----------
    errors : array_like, shape (sizes, runs, items)
        Non-negative; sizes ascending.
    low, high : float
        Shares, in (0, 1).

    Returns
    -------
    ndarray of bool, shape (runs,)

    Examples
    --------
    >>> errors = [[[1.0, 2.0, 3.0, 4.0]], [[0.5, 0.6, 0.7, 3.0]]]
    >>> carried(errors, 0.3, 0.7), carried(errors, 0.3, 0.8)
    (array([ True]), array([False]))
    """
    require(0 < high < 1, "high", high, "a share between 0 and 1")
    return most_carried(errors, low) > high


def equally_spread(errors: ArrayLike, spread: float) -> NDArray[np.float64]:
    """The same mean errors, with the logarithms of the items' errors spread as one likes.

    Parameters
    ----------
    errors : array_like, shape (sizes, runs, items)
        Positive.
    spread : float
        Standard deviation of ln(error) over the items of a size and run, > 0.

    Returns
    -------
    ndarray, shape (sizes, runs, items)
        Items keep their order; every size and run keeps its mean error as the centre of the logarithms.

    Examples
    --------
    >>> made = equally_spread([[[1.0, 10.0, 100.0]]], 0.5)
    >>> np.log(made).std().round(2)
    np.float64(0.5)
    """
    found = as_array("errors", errors, low=0, open_low=True)
    require(spread > 0, "spread", spread, "more than 0")
    logs = np.log(found)
    own = logs.std(axis=-1, keepdims=True)
    require(bool((own > 0).all()), "errors", found, "items that differ, at every size and run")
    centre = np.log(found.mean(axis=-1, keepdims=True))
    return np.exp(centre + (logs - logs.mean(axis=-1, keepdims=True)) / own * spread)


def law_of(sizes: ArrayLike, errors: ArrayLike, around: int = 2) -> LogNormalErrors:
    """The log-normal law of a family's errors near its middle size.

    Parameters
    ----------
    sizes : array_like, shape (m,)
        Ascending; > 0.
    errors : array_like, shape (m, runs, items)
        Positive.
    around : int
        Sizes on each side of the middle one that decide the exponent, >= 1.

    Returns
    -------
    LogNormalErrors
        With the spread at the middle size, the mean over runs.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> made = np.exp(rng.normal(0, 0.5, (5, 1, 4_000))) / np.array([1, 2, 4, 8, 16])[:, None, None]
    >>> found = law_of([1, 2, 4, 8, 16], made)
    >>> round(found.slope, 1), round(found.spread, 1)
    (1.0, 0.5)
    """
    at = np.log(as_array("sizes", sizes, low=0, open_low=True))
    logs = np.log(as_array("errors", errors, low=0, open_low=True))
    require(logs.ndim == 3 and len(logs) == len(at), "errors", logs.shape, f"({len(at)}, runs, items)")  # fmt: skip
    middle = len(at) // 2
    require(1 <= around <= middle, "around", around, f"1 to {middle} sizes")
    near = slice(middle - around, middle + around + 1)
    slope = -stats.linregress(at[near], logs.mean(axis=(1, 2))[near]).slope
    return LogNormalErrors(float(slope), float(logs.std(axis=2).mean(axis=1)[middle]))


def _ends(errors: ArrayLike) -> NDArray[np.float64]:
    found = as_array("errors", errors, low=0)
    require(found.ndim == 3 and found.size > 0, "errors", found.shape, "(sizes, runs, items)")
    return found
