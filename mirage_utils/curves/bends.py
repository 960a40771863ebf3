"""The rise of a curve as a whole: how high it gets, where, over how many decades, and whether it bends.

`location` and `width` measure against the best score that a metric can give. Here a curve is measured against the ceiling
that it reaches itself, and its bend in the coordinate in which exact match under a power law is a straight line.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import require
from .curve import Curve

__all__ = ["Rise", "bend", "rise"]


class Rise(NamedTuple):
    """How a curve rises to its own ceiling.

    Attributes
    ----------
    ceiling : float
        Its last score.
    half : float
        Scale at which it is half-way there.
    width : float
        Decades of scale from 10 % to 90 % of the ceiling.
    """

    ceiling: float
    half: float
    width: float


def rise(curve: Curve) -> Rise:
    """Ceiling, half-way point and width of a curve that never falls.

    Parameters
    ----------
    curve : Curve
        That has come to rest at its last point; scores >= 0 that do not fall.

    Returns
    -------
    Rise
        Places are interpolated linearly in ln(scale); nan where the curve begins above a level.

    Raises
    ------
    FieldError
        If the score falls somewhere, or never exceeds 0.

    Examples
    --------
    >>> import numpy as np
    >>> from mirage_utils import Curve
    >>> scale = np.geomspace(1e4, 1e16, 4001)
    >>> capped = rise(Curve(scale, 0.6 * np.exp(-1e9 / scale)))
    >>> round(capped.ceiling, 2), f"{capped.half:.2e}", round(capped.width, 2)
    (0.6, '1.44e+09', 1.34)
    """
    y = curve.score
    require(bool((np.diff(y) >= 0).all()), "curve", curve, "a curve that never falls")
    require(y[-1] > 0, "curve", curve, "a curve that exceeds 0")
    low, half, high = (_crossing(curve.log_scale, y, share * y[-1]) for share in (0.1, 0.5, 0.9))
    return Rise(float(y[-1]), float(np.exp(half)), float((high - low) / np.log(10)))


def bend(curve: Curve, low: float | None = None, high: float | None = None) -> float:
    """How much steeper ``ln(-ln score)`` is in the upper half of the sizes than in the lower.

    Exact match under a power law is a straight line in this coordinate, of bend 1. More than 1 is level among small
    models and steep among large ones; between 0 and 1, the other way round.

    Parameters
    ----------
    curve : Curve
        Of shares; scores of 0 and 1, which have no finite point, are left out.
    low, high : float, optional
        Scores between which to measure, 0 < low < high < 1: where the curve first reaches them. The first and the last finite
        point if not given.

    Returns
    -------
    float
        Ratio of the two slopes; nan if the curve does not reach a score, inf if its lower half is level.

    Raises
    ------
    FieldError
        If the scores are not in rising order between 0 and 1, or fewer than three points are left.

    Notes
    -----
    Halves are those of the range of ln(scale). Between its points a curve is interpolated linearly in both logarithms.

    Examples
    --------
    >>> import numpy as np
    >>> from mirage_utils import Curve
    >>> scale = np.geomspace(1e8, 1e11, 61)
    >>> skilled = np.exp(-((1e10 / scale) ** 0.5))
    >>> round(bend(Curve(scale, skilled)), 3)
    1.0
    >>> round(bend(Curve(scale, 0.02 + 0.98 * skilled)), 2)  # one in fifty is right without the skill
    2.01
    """
    require(
        0 < (1e-12 if low is None else low) < (1 - 1e-12 if high is None else high) < 1,
        "low, high", (low, high), "0 < low < high < 1",
    )  # fmt: skip
    inner = (curve.score > 0) & (curve.score < 1)
    require(int(inner.sum()) >= 3, "curve", curve, "three scores or more between 0 and 1")
    u, y = curve.log_scale[inner], np.log(-np.log(curve.score[inner]))
    first = u[0] if low is None else _crossing(u, -y, -np.log(-np.log(low)))
    last = u[-1] if high is None else _crossing(u, -y, -np.log(-np.log(high)))
    if not np.isfinite(last - first):
        return float("nan")
    start, middle, end = np.interp([first, (first + last) / 2, last], u, y)
    return float((middle - end) / (start - middle)) if start != middle else float("inf")


def _crossing(u: NDArray[np.float64], y: NDArray[np.float64], level: float) -> float:
    """Where a series first reaches a level from below; nan where it begins above it or does not reach it."""
    reached = np.flatnonzero(y >= level)
    if not reached.size or (reached[0] == 0 and y[0] > level):
        return float("nan")
    i = reached[0]
    if y[i] == level:
        return float(u[i])
    return float(u[i - 1] + (level - y[i - 1]) / (y[i] - y[i - 1]) * (u[i] - u[i - 1]))
