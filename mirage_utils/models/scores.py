"""Scores of trained families: shares under a threshold, and groups of items that are all right.

The two harsh metrics of Schaeffer et al. 2023, Section 5: Reconstruction_c (their Equation 2) and
subset accuracy. Both are computed from what was kept of each item.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from ..curves.resolution import binomial_interval
from ..errors import as_array, require

__all__ = [
    "SLOPE",
    "SPREAD",
    "LogNormalErrors",
    "all_right",
    "errors_by_size",
    "group",
    "groups_right",
    "rise",
    "share_below",
    "views_right",
]

SPREAD = sp.Symbol("s", positive=True)
"""Spread of the logarithm of the errors at one size."""
SLOPE = sp.Symbol("a", positive=True)
"""Slope of the mean logarithm of the error over the logarithm of size, downwards."""


def share_below(errors: ArrayLike, c: ArrayLike) -> NDArray[np.float64]:
    """Reconstruction_c: the share of items whose error is below c.

    As a function of c this is the distribution function of the errors (but for strictness).

    Parameters
    ----------
    errors : array_like, shape (..., n)
        Non-negative errors of n items.
    c : array_like, shape (k,) or scalar
        Thresholds, > 0.

    Returns
    -------
    ndarray, shape (..., k) or (...)
        In [0, 1].

    Raises
    ------
    FieldError
        If an error is negative or not finite, or a threshold is not positive.

    Examples
    --------
    >>> share_below([0.1, 0.2, 0.4], [0.3]).round(2)
    array([0.67])
    """
    found = as_array("errors", errors, low=0)
    limits = as_array("c", c, low=0, open_low=True)
    require(found.ndim >= 1 and found.shape[-1] > 0, "errors", found.shape, "at least one item")
    ordered = np.sort(found, axis=-1)
    flat = ordered.reshape(-1, ordered.shape[-1])
    shares = np.stack([np.searchsorted(row, limits) for row in flat]) / flat.shape[1]
    return shares.reshape(found.shape[:-1] + limits.shape)


def errors_by_size(frame: pd.DataFrame, seed: int | None = None) -> tuple[NDArray, NDArray]:
    """Sizes, shape (m,), and errors, shape (m, seeds, n), of a family's results.

    Parameters
    ----------
    frame : DataFrame
        Columns ``size``, ``seed``, ``image``, ``error``: one row each, every combination there.
    seed : int, optional
        Only this one; the middle axis then has length 1.

    Raises
    ------
    FieldError
        If a combination is missing or double.
    """
    rows = frame if seed is None else frame[frame["seed"] == seed]
    wide = rows.pivot(index=["size", "seed"], columns="image", values="error")
    sizes, seeds = (wide.index.unique(level) for level in ("size", "seed"))
    whole = len(wide) == len(sizes) * len(seeds) and not wide.isna().to_numpy().any()
    require(whole, "frame", len(rows), "every image at every size and seed")
    return sizes.to_numpy(float), wide.to_numpy(float).reshape(len(sizes), len(seeds), -1)


class LogNormalErrors(NamedTuple):
    """Errors whose logarithm is Normal(mean, spread), the mean falling as a line in ln(size).

    Attributes
    ----------
    slope : float
        Fall of the mean of ln(error) per unit of ln(size), > 0: the exponent of the power law.
    spread : float
        Standard deviation of ln(error) over items, at one size.
    """

    slope: float
    spread: float

    @property
    def decades(self) -> float:
        """Decades of size in which the share under any threshold goes from 10 to 90 %."""
        return float(rise().subs({SPREAD: self.spread, SLOPE: self.slope}))

    def share_below(
        self, c: float, sizes: ArrayLike, median: float, at: float
    ) -> NDArray[np.float64]:
        """The share of items whose error is below c, by size.

        Parameters
        ----------
        c : float
            Threshold, > 0.
        sizes : array_like, shape (m,)
            > 0.
        median, at : float
            The median error, and the size that has it; both > 0.

        Returns
        -------
        ndarray, shape (m,)

        Examples
        --------
        >>> LogNormalErrors(1.0, 0.5).share_below(0.01, [5, 10, 20], median=0.01, at=10).round(2)
        array([0.08, 0.5 , 0.92])
        """
        limit, middle, place = (
            float(as_array(name, v, low=0, open_low=True))
            for name, v in (("c", c), ("median", median), ("at", at))
        )
        grown = np.log(as_array("sizes", sizes, low=0, open_low=True) / place)
        return ndtr((np.log(limit / middle) + self.slope * grown) / self.spread)


def rise() -> sp.Expr:
    """Decades from 10 to 90 % as an expression in `SPREAD` and `SLOPE`.

    With ln(error) ~ Normal(m - a ln b, s) the share under c is Phi((ln c - m + a ln b) / s), which
    goes from 10 to 90 % while a ln b grows by s (z_90 - z_10), whatever c.
    """
    upper = sp.sqrt(2) * sp.erfinv(sp.Rational(4, 5))  # z_90, and z_10 is its negative
    return 2 * upper * SPREAD / (SLOPE * sp.log(10))


def group(
    n: int, size: int, rng: np.random.Generator, of: ArrayLike | None = None
) -> NDArray[np.int64]:
    """Items put at random into groups without overlap, shape (groups, size).

    Parameters
    ----------
    n : int
        Number of items.
    size : int
        Items in a group, >= 1. What does not fill a last group is left out.
    rng : numpy.random.Generator
    of : array_like, shape (n,), optional
        A group takes its items from one value of this, such as one class; None mixes all.

    Raises
    ------
    FieldError
        If no group can be filled.
    """
    require(1 <= size <= n, "size", size, f"1 to {n} items")
    labels = np.zeros(n, int) if of is None else np.asarray(of)
    require(labels.shape == (n,), "of", labels.shape, f"one value an item, ({n},)")
    parts = []
    for value in np.unique(labels):
        items = rng.permutation(np.flatnonzero(labels == value))
        parts.append(items[: len(items) // size * size].reshape(-1, size))
    groups = np.concatenate(parts)
    require(len(groups) > 0, "size", size, "few enough items to fill one group")
    return groups


def all_right(right: ArrayLike, level: float = 0.95) -> tuple[float, float, float, int]:
    """Share of groups that are right in every item, with its exact binomial interval.

    Parameters
    ----------
    right : array_like of bool, shape (groups, size)
        Groups that share no item, so that they may be counted as independent.
    level : float

    Returns
    -------
    share, low, high : float
    n : int
        Groups.

    Raises
    ------
    FieldError
        If `right` is empty or no table, or `level` is out of range.
    """
    found = np.asarray(right, bool)
    require(found.ndim == 2 and found.size > 0, "right", found.shape, "(groups, size), not empty")
    k, n = int(found.all(axis=1).sum()), len(found)
    low, high = binomial_interval(k, n, level)
    return k / n, float(low), float(high), n


def groups_right(
    outputs: pd.DataFrame,
    k: int,
    rng: np.random.Generator,
    *,
    of: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """For each trained model the share of groups of k test items that is all right, and the power of its accuracy.

    Parameters
    ----------
    outputs : DataFrame
        Columns ``params``, ``seed``, ``image`` and ``right``: a row for each model and image.
    k : int
        Items in a group. Groups are drawn for each model, and no two share an item.
    rng : numpy.random.Generator
    of : str, optional
        Another column: a group takes its items from one value of it, such as one class.
    level : float
        Of the exact intervals.

    Returns
    -------
    DataFrame
        Columns ``params``, ``seed``, ``k``, ``share``, ``low``, ``high``, ``n`` (groups) and ``power``.

    Examples
    --------
    >>> rows = pd.DataFrame({"params": 9, "seed": 0, "image": range(4), "right": [True, True, True, False]})
    >>> groups_right(rows, 2, np.random.default_rng(0))[["share", "n", "power"]].iloc[0].tolist()
    [0.5, 2.0, 0.5625]
    """
    found = []
    for (params, seed), model in outputs.sort_values("image").groupby(["params", "seed"]):
        right = model["right"].to_numpy(bool)
        labels = None if of is None else model[of].to_numpy()
        found.append((params, seed, k, *all_right(right[group(len(right), k, rng, labels)], level), right.mean() ** k))  # fmt: skip
    return pd.DataFrame(found, columns=_OF_GROUPS)


def views_right(outputs: pd.DataFrame, k: int, *, level: float = 0.95) -> pd.DataFrame:
    """For each trained model the share of images that is right in its first k views, and the power of its accuracy on them.

    Parameters
    ----------
    outputs : DataFrame
        Columns ``params``, ``seed``, ``image``, ``view`` and ``right``: a row for each model, image and view.
    k : int
    level : float
        Of the exact intervals, over images.

    Returns
    -------
    DataFrame
        As of `groups_right`, and ``product``: what the views' own accuracies give when they are multiplied.

    Examples
    --------
    >>> rows = pd.DataFrame({"params": 9, "seed": 0, "image": [0, 0, 1, 1], "view": [1, 2, 1, 2], "right": [True, True, False, False]})
    >>> views_right(rows, 2)[["share", "n", "power", "product"]].iloc[0].tolist()
    [0.5, 2.0, 0.25, 0.25]
    """
    found = []
    for (params, seed), model in outputs.groupby(["params", "seed"]):
        right = model.pivot(index="image", columns="view", values="right").to_numpy(bool)[:, :k]
        found.append((params, seed, k, *all_right(right, level), right.mean() ** k, right.mean(axis=0).prod()))  # fmt: skip
    return pd.DataFrame(found, columns=[*_OF_GROUPS, "product"])


_OF_GROUPS = ["params", "seed", "k", "share", "low", "high", "n", "power"]
