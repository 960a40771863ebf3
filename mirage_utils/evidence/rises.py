"""How late, how wide and how sharp the rise of each metric is, over several runs of every size, and how metrics differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..curves import Curve, location, width
from ..errors import as_array, require
from .emergence import emergence_score

__all__ = ["MEASURES", "Estimate", "Rises", "own_rise", "rises", "rises_of_items"]

MEASURES = ("half", "width", "excess")
"""What `rises` measures: see `Rises.shape`."""


@dataclass(frozen=True)
class Estimate:
    """A value with an interval.

    Parameters
    ----------
    value, low, high : float
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Rises:
    """The rises of several metrics of the same runs.

    Parameters
    ----------
    of : dict of str to ndarray of shape (3,)
        By metric: `MEASURES` of the means of all runs.
    drawn : dict of str to ndarray of shape (draws, 3)
        The same with runs drawn again, the same runs for every metric.
    level : float
        Of the intervals.
    """

    of: Mapping[str, NDArray[np.float64]]
    drawn: Mapping[str, NDArray[np.float64]]
    level: float

    def shape(self, metric: str) -> dict[str, Estimate]:
        """Half-way point (log10 of the scale), width from 10% to 90% (decades), and excess of one metric's rise.

        The excess is the emergence score divided by that of a straight line on as many sizes.
        """
        return dict(
            zip(MEASURES, self._estimates(self.of[metric], self.drawn[metric]), strict=True)
        )

    def difference(self, metric: str, other: str) -> dict[str, Estimate]:
        """By how much one metric's rise is later and wider, in decades, and how many times its excess is the other's."""
        value, drawn = (
            np.column_stack([a[..., 0] - b[..., 0], a[..., 1] - b[..., 1], a[..., 2] / b[..., 2]])
            for a, b in (
                (np.atleast_2d(found[metric]), np.atleast_2d(found[other]))
                for found in (self.of, self.drawn)
            )
        )
        return dict(zip(MEASURES, self._estimates(value[0], drawn), strict=True))

    def _estimates(self, value: NDArray[np.float64], drawn: NDArray[np.float64]) -> list[Estimate]:
        # An infinite excess is an end that is not known, and is kept as one.
        q = np.nanquantile(
            drawn, [(1 - self.level) / 2, (1 + self.level) / 2], axis=0, method="nearest"
        )
        return [Estimate(*map(float, each)) for each in zip(value, *q, strict=True)]


def rises(
    scale: ArrayLike, scores: Mapping[str, ArrayLike], *, draws: int = 2_000, seed: int = 0, level: float = 0.95
) -> Rises:  # fmt: skip
    """Where and how the means of several metrics rise, with intervals over runs.

    Parameters
    ----------
    scale : array_like, shape (m,)
        Sizes, ascending; > 0.
    scores : mapping of str to array_like of shape (m, runs)
        By metric, higher better; nan where a size has fewer runs. The same runs in all.
    draws : int
        Of the bootstrap: runs are drawn again within each size.
    seed : int
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    Rises

    Notes
    -----
    Half-way point and width are of the rise from the lowest to the highest mean; a size that does worse than a smaller
    one counts as level. The emergence score is of the means as they are.

    Examples
    --------
    >>> import numpy as np
    >>> N = np.geomspace(1, 1e6, 13)
    >>> p = np.exp(-((N / 1e3) ** -0.5))
    >>> found = rises(N, {"exact match": (p**8)[:, None], "token accuracy": p[:, None]}, draws=10)
    >>> round(found.difference("exact match", "token accuracy")["half"].value, 1)
    1.6
    """
    at = as_array("scale", scale, low=0)
    tables = {metric: np.asarray(values, dtype=float) for metric, values in scores.items()}
    require(len(tables) > 0, "scores", scores, "at least one metric")
    first = next(iter(tables.values()))
    for metric, values in tables.items():
        require(
            values.ndim == 2 and len(values) == len(at), metric, values.shape, f"({len(at)}, runs)"
        )
        require(
            bool((np.isnan(values) == np.isnan(first)).all()), metric, "nan", "the same runs as the other metrics"
        )  # fmt: skip
    known = [np.flatnonzero(~np.isnan(row)) for row in first]
    require(all(len(k) for k in known), "scores", first, "at least one run of every size")
    rng = np.random.default_rng(seed)
    of = {
        metric: _shape(at, np.array([v[k].mean() for v, k in zip(values, known, strict=True)]))
        for metric, values in tables.items()
    }
    drawn: dict[str, list[NDArray[np.float64]]] = {metric: [] for metric in tables}
    for _ in range(draws):
        again = [k[rng.integers(0, len(k), len(k))] for k in known]
        for metric, values in tables.items():
            means = np.array([v[k].mean() for v, k in zip(values, again, strict=True)])
            drawn[metric].append(_shape(at, means))
    return Rises(of, {metric: np.array(found) for metric, found in drawn.items()}, level)


def rises_of_items(
    scale: ArrayLike, scores: Mapping[str, ArrayLike], *, draws: int = 1_000, seed: int = 0, level: float = 0.95
) -> Rises:  # fmt: skip
    """As `rises`, with intervals over test items in place of runs.

    Runs that share their test items agree on what those items happen to show. So their scatter says nothing of how the
    rise would look with other items.

    Parameters
    ----------
    scale : array_like, shape (m,)
        Sizes, ascending; > 0.
    scores : mapping of str to array_like of shape (m, runs, items)
        By metric: the score of every item, higher better. The same items in all.
    draws : int
        Of the bootstrap: items are drawn again, the same for all sizes, runs and metrics.
    seed : int
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    Rises

    Examples
    --------
    >>> import numpy as np
    >>> easy = np.random.default_rng(0).uniform(size=200)
    >>> right = np.linspace(0.1, 0.9, 9)[:, None, None] > easy[None, None]
    >>> found = rises_of_items(np.geomspace(1, 256, 9), {"right": right}, draws=200).shape("right")
    >>> found["excess"].low < 1 < found["excess"].high
    True
    """
    at = as_array("scale", scale, low=0)
    tables = {metric: np.asarray(values, dtype=float) for metric, values in scores.items()}
    require(len(tables) > 0, "scores", scores, "at least one metric")
    n = next(iter(tables.values())).shape[-1]
    for metric, values in tables.items():
        require(
            values.ndim == 3 and len(values) == len(at) and values.shape[2] == n > 0, metric, values.shape,
            f"({len(at)}, runs, items), the same items as the other metrics",
        )  # fmt: skip
    each = {metric: values.mean(axis=1) for metric, values in tables.items()}
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
    return Rises(
        {metric: _shape(at, means.mean(axis=1)) for metric, means in each.items()},
        {
            metric: np.array([_shape(at, again) for again in counts @ means.T / n])
            for metric, means in each.items()
        },
        level,
    )


def own_rise(score: ArrayLike) -> NDArray[np.float64]:
    """How much of its own rise a curve has made at each size; one that does worse than a smaller one counts as level.

    Parameters
    ----------
    score : array_like, shape (m,)
        Higher better.

    Returns
    -------
    ndarray, shape (m,)
        From 0 to 1; nan throughout if nothing rises.

    Examples
    --------
    >>> own_rise([0.25, 0.125, 0.5, 0.75]).tolist()
    [0.0, 0.0, 0.5, 1.0]
    """
    rising = np.maximum.accumulate(np.asarray(score, dtype=float))
    height = rising[-1] - rising[0]
    return (rising - rising[0]) / height if height > 0 else np.full(len(rising), np.nan)


def _shape(scale: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """`MEASURES` of one curve."""
    # Two means of the same scores may differ in their last digit, and are level.
    excess = emergence_score(np.round(mean, 12)).value / (len(mean) - 1)
    made = own_rise(mean)
    if np.isnan(made).any():
        return np.array([np.nan, np.nan, excess])
    own = Curve(scale, made)
    return np.array([np.log10(location(own)), width(own), excess])
