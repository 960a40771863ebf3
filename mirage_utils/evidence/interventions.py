"""One thing is changed and all else kept: by how much does the rise of each run move, and how far do runs lie apart anyway?"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import as_array, require
from .rises import own_rise, rises

__all__ = ["FewSizes", "Shapes", "each_run", "few_sizes", "on_straight_pieces", "reached", "reached_between"]  # fmt: skip


class Shapes(NamedTuple):
    """Half-way point, width and excess of several curves, or how they changed.

    Attributes
    ----------
    half : ndarray, shape (runs,)
        Half-way point of a curve's own rise, log10 of the scale; if a change, in decades.
    width : ndarray, shape (runs,)
        Decades from 10% to 90% of the rise; if a change, in decades.
    excess : ndarray, shape (runs,)
        Emergence score, divided by that of a straight line on as many sizes; if a change, a ratio.
    """

    half: NDArray[np.float64]
    width: NDArray[np.float64]
    excess: NDArray[np.float64]

    def since(self, before: Shapes) -> Shapes:
        """By how much each run is later and wider than before, and how many times its excess is what it was."""
        return Shapes(
            self.half - before.half, self.width - before.width, self.excess / before.excess
        )

    def apart(self) -> tuple[float, float, float]:
        """The largest difference of half-way points and of widths, and the largest ratio of excesses, of any two runs."""
        return (
            float(np.ptp(self.half)),
            float(np.ptp(self.width)),
            float(self.excess.max() / self.excess.min()),
        )


class FewSizes(NamedTuple):
    """What is seen of one curve with few of its sizes, for every choice of them.

    Attributes
    ----------
    picks : ndarray of int, shape (choices, few)
        Indices of the sizes.
    width : ndarray, shape (choices,)
        Decades from 10% to 90% of the rise that is seen; nan where nothing rises.
    excess : ndarray, shape (choices,)
        Emergence score, divided by that of a straight line on as many sizes; negative if the curve falls.
    """

    picks: NDArray[np.int64]
    width: NDArray[np.float64]
    excess: NDArray[np.float64]


def each_run(scale: ArrayLike, scores: ArrayLike) -> Shapes:
    """Half-way point, width and excess of each run's own curve.

    Parameters
    ----------
    scale : array_like, shape (m,)
        Sizes, ascending; > 0.
    scores : array_like, shape (m, runs)
        Higher better.

    Returns
    -------
    Shapes
        Measured as by `mirage_utils.evidence.rises.rises`.

    Examples
    --------
    >>> import numpy as np
    >>> N = np.geomspace(1, 1e6, 13)
    >>> p = np.exp(-((N / np.array([[1e2], [1e3]])) ** -0.5)).T  # two runs
    >>> change = each_run(N, p**8).since(each_run(N, p))
    >>> change.half.round(1)
    array([1.7, 1.6])
    """
    table = np.asarray(scores, dtype=float)
    require(table.ndim == 2, "scores", table.shape, "(sizes, runs)")
    found = [rises(scale, {"one": run[:, None]}, draws=0).of["one"] for run in table.T]
    return Shapes(*np.array(found).T)


def reached(scale: ArrayLike, scores: ArrayLike, score: float) -> NDArray[np.float64]:
    """Where each run first reaches a score, the same for all: log10 of the scale, shape (runs,).

    Parameters
    ----------
    scale : array_like, shape (m,)
        Sizes, ascending; > 0.
    scores : array_like, shape (m, runs)
        Higher better.
    score : float

    Returns
    -------
    ndarray
        On straight pieces over the logarithm of scale; nan for a run that begins above the score or does not reach it.

    Examples
    --------
    >>> reached([1, 10, 100], [[0.0, 0.0], [0.4, 0.0], [0.8, 0.2]], 0.6)
    array([1.5, nan])
    """
    u, table = _runs(scale, scores)
    rising = np.maximum.accumulate(table)
    seen = (rising[0] <= score) & (score <= rising[-1])
    return np.array(
        [np.interp(score, run, u) if s else np.nan for run, s in zip(rising.T, seen, strict=True)]
    )


def reached_between(scale: ArrayLike, score: ArrayLike, share: float = 0.5) -> tuple[float, float]:
    """The two neighbouring sizes between which a curve has made a share of its own rise, half of it unless told.

    Parameters
    ----------
    scale : array_like, shape (m,)
        Sizes, ascending; > 0.
    score : array_like, shape (m,)
        Higher better.
    share : float
        Of the rise, in (0, 1].

    Returns
    -------
    below, above : float
        All that is known of the place if nothing is said of how the curve goes between its sizes, except that it rises.

    Raises
    ------
    FieldError
        If nothing rises.

    Examples
    --------
    >>> reached_between([1, 10, 100], [0.0, 0.2, 1.0])
    (10.0, 100.0)
    """
    at = as_array("scale", scale, low=0, open_low=True)
    require(0 < share <= 1, "share", share, "in (0, 1]")
    made = own_rise(as_array("score", score))
    require(not np.isnan(made).any(), "score", score, "a curve that rises")
    above = int(np.argmax(made >= share))
    return float(at[above - 1]), float(at[above])


def on_straight_pieces(
    scale: ArrayLike, scores: ArrayLike, pieces: int = 100
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sizes and scores on the straight lines that join neighbouring sizes on an axis of the logarithm of scale.

    What is straight for one metric is bent for another that is computed from it. So a metric that is computed from
    such a line, and not joined by lines of its own, shows what the choice of the line decides.

    Parameters
    ----------
    scale : array_like, shape (m,)
        Sizes, ascending; > 0.
    scores : array_like, shape (m, runs)
    pieces : int
        Steps between two neighbouring sizes.

    Returns
    -------
    scale : ndarray, shape ((m - 1) * pieces + 1,)
    scores : ndarray, shape ((m - 1) * pieces + 1, runs)

    Examples
    --------
    >>> at, y = on_straight_pieces([1, 100], [[0.0], [1.0]], pieces=2)
    >>> at, y[:, 0]
    (array([  1.,  10., 100.]), array([0. , 0.5, 1. ]))
    """
    u, table = _runs(scale, scores)
    steps = np.interp(np.arange((len(u) - 1) * pieces + 1) / pieces, np.arange(len(u)), u)
    return 10.0**steps, np.array([np.interp(steps, u, run) for run in table.T]).T


def few_sizes(scale: ArrayLike, score: ArrayLike, few: int) -> FewSizes:
    """Width and excess of one curve as seen with a few of its sizes, for every choice of so many.

    Parameters
    ----------
    scale : array_like, shape (m,)
        Sizes, ascending; > 0.
    score : array_like, shape (m,)
        Higher better.
    few : int
        Sizes in a choice, 2 to m.

    Returns
    -------
    FewSizes

    Examples
    --------
    >>> found = few_sizes([1, 10, 100, 1000], [0.0, 0.1, 0.2, 1.0], 3)
    >>> found.picks[0], found.excess[0].round(2)
    (array([0, 1, 2]), np.float64(1.0))
    """
    u, table = _runs(scale, np.asarray(score, dtype=float)[:, None])
    require(2 <= few <= len(u), "few", few, f"2 to {len(u)} sizes")
    picks = np.array(list(combinations(range(len(u)), few)))
    at = 10.0**u
    shapes = [each_run(at[i], table[i]) for i in picks]
    width, excess = (np.concatenate([getattr(s, c) for s in shapes]) for c in ("width", "excess"))
    return FewSizes(picks, width, excess)


def _runs(scale: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sizes as log10, and a table of scores with a row for each."""
    at, table = as_array("scale", scale, low=0, open_low=True), np.asarray(scores, dtype=float)
    require(table.ndim == 2 and len(table) == len(at), "scores", table.shape, f"({len(at)}, runs)")
    return np.log10(at), table
