"""A rise of any score against the logarithm of scale: how high, where, and over how many decades."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from ..errors import FieldError, as_array, require

__all__ = ["Rise", "logistic_rise"]


class Rise(NamedTuple):
    """A logistic rise from zero.

    Attributes
    ----------
    top : float
        Score it ends at.
    middle : float
        log10 of the scale at which half of it is reached.
    width : float
        Decades from 10% to 90% of it.
    """

    top: float
    middle: float
    width: float

    def at(self, scale: ArrayLike) -> NDArray[np.float64]:
        """The rise at scales > 0."""
        return _logistic(np.log10(np.asarray(scale, dtype=float)), *self)


def logistic_rise(scale: ArrayLike, score: ArrayLike) -> Rise:
    """The rise that fits scores at several scales best, by least squares.

    Parameters
    ----------
    scale : array_like, shape (m,)
        > 0, in any order, m >= 4.
    score : array_like, shape (m,)

    Raises
    ------
    FieldError
        If there are fewer than four points, or no rise fits them.
    """
    x = np.log10(as_array("scale", scale, low=0, open_low=True))
    y = as_array("score", score)
    require(y.shape == x.shape, "score", y.shape, f"the shape of scale, {x.shape}")
    require(x.size >= 4, "scale", x.size, "at least four points")
    # Half-way between the ends to begin with, or where the scores above half of the highest begin.
    high = x[y > y.max() / 2]
    start = (float(y.max()), float(np.median(high)) if high.size else float(x.mean()), 1.5)
    try:
        theta, _ = optimize.curve_fit(_logistic, x, y, start, maxfev=20_000)
    except RuntimeError:
        raise FieldError("score", y, "scores that a logistic rise fits") from None
    return Rise(*(float(value) for value in theta))


def _logistic(
    x: NDArray[np.float64], top: float, middle: float, width: float
) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):  # far to the left of a narrow rise: nothing
        return top / (1 + np.exp(-2 * np.log(9) * (x - middle) / width))
