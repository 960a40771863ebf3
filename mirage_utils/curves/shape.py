"""What is measured on a curve over the logarithm of scale: where it rises, how fast, how sharply it bends."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import require
from ..scaling import Interval
from .curve import Curve

__all__ = ["Curvature", "Slope", "curvature", "location", "steepest_slope", "width", "width_bounds"]


class Slope(NamedTuple):
    """Steepest slope of a curve and where it is.

    Attributes
    ----------
    value : float
        Change of score per unit of ln(scale), with its sign.
    scale : float
        Geometric middle of the steepest segment.
    """

    value: float
    scale: float


def location(curve: Curve, level: float = 0.5) -> float:
    """Scale at which the score first crosses a level on its way up (or down).

    Parameters
    ----------
    curve : Curve
    level : float
        Fraction of the score's range, in (0, 1): 0.5 is half-way between worst and best score the
        metric can give, whatever the curve reaches.

    Returns
    -------
    float
        Interpolated linearly in ln(scale) between the neighbouring points; nan if the curve never
        crosses the level (it starts beyond it or does not reach it).

    Raises
    ------
    FieldError
        If `level` is not between 0 and 1.

    Examples
    --------
    >>> from mirage_utils import Curve
    >>> f"{location(Curve([1e7, 1e8, 1e9, 1e10], [0.0, 0.1, 0.6, 0.95])):.2e}"
    '6.31e+08'
    """
    require(0 < level < 1, "level", level, "a number between 0 and 1")
    low, high = curve.score_range
    side = np.sign(curve.score - (low + level * (high - low)))
    # a point exactly on the level is a crossing at that point
    for i in range(len(curve)):
        if side[i] == 0:
            return float(curve.scale[i])
        if i and side[i] != side[i - 1]:
            u, y = curve.log_scale[i - 1 : i + 1], curve.score[i - 1 : i + 1]
            share = (low + level * (high - low) - y[0]) / (y[1] - y[0])
            return float(np.exp(u[0] + share * (u[1] - u[0])))
    return float("nan")


def width(curve: Curve, low: float = 0.1, high: float = 0.9) -> float:
    """Decades of scale between two levels, such as the 10-90 % rise.

    Parameters
    ----------
    curve : Curve
    low, high : float
        Fractions of the range of scores, as for `location`; 0 < low < high < 1.

    Returns
    -------
    float
        log10 of the ratio of the two `location` values, positive whether the score rises or falls;
        nan if the curve crosses only one of the levels or neither.

    Raises
    ------
    FieldError
        If the levels are not between 0 and 1 and in rising order.

    Examples
    --------
    >>> from mirage_utils import Curve
    >>> round(width(Curve([1e7, 1e8, 1e9, 1e10], [0.0, 0.1, 0.6, 0.95])), 2)
    1.86
    """
    require(0 < low < high < 1, "low, high", (low, high), "0 < low < high < 1")
    return float(abs(np.log10(location(curve, high) / location(curve, low))))


def width_bounds(curve: Curve, low: float = 0.1, high: float = 0.9) -> Interval:
    """Fewest and most decades that a curve's own rise can take, whatever it does between its sizes.

    Where the rise falls between two sizes, `width` measures how far apart these are, and not how sharp the rise is. A curve
    that never falls has crossed a level somewhere between the last size below it and the first size at or above it; that is
    all that is used here. Nothing is interpolated.

    Parameters
    ----------
    curve : Curve
        Rising: its last score above its first. A score lower than an earlier one counts as level with it.
    low, high : float
        Fractions of the rise from the first score to the highest; 0 < low < high < 1.

    Raises
    ------
    FieldError
        If the levels are not between 0 and 1 and in rising order, or no score is above the first.

    Examples
    --------
    >>> from mirage_utils import Curve
    >>> fewest, most = width_bounds(Curve([1e7, 1e8, 1e9, 1e10], [0.0, 0.01, 0.6, 0.95]))
    >>> round(fewest, 2), round(most, 2)
    (0.0, 2.0)
    """
    require(0 < low < high < 1, "low, high", (low, high), "0 < low < high < 1")
    reached = np.maximum.accumulate(curve.score) - curve.score[0]
    require(reached[-1] > 0, "curve", curve.score, "a score above the first")
    starts, ends = (int(np.argmax(reached >= level * reached[-1])) for level in (low, high))
    decades = np.log10(curve.scale)
    fewest = max(decades[ends - 1] - decades[starts], 0.0)
    return Interval(float(fewest), float(decades[ends] - decades[starts - 1]))


def steepest_slope(curve: Curve) -> Slope:
    """Largest change of score per unit of ln(scale) between neighbouring points.

    Parameters
    ----------
    curve : Curve
        With two points or more.

    Raises
    ------
    FieldError
        If the curve has fewer than two points.

    Examples
    --------
    >>> from mirage_utils import Curve
    >>> slope = steepest_slope(Curve([1e7, 1e8, 1e9, 1e10], [0.0, 0.1, 0.6, 0.95]))
    >>> round(slope.value, 3), f"{slope.scale:.2e}"
    (0.217, '3.16e+08')
    """
    require(len(curve) >= 2, "curve", len(curve), "at least two points")
    slopes = np.diff(curve.score) / np.diff(curve.log_scale)
    i = int(np.argmax(np.abs(slopes)))
    middle = float(np.exp(curve.log_scale[i : i + 2].mean()))
    return Slope(float(slopes[i]), middle)


class Curvature(NamedTuple):
    """Sharpest bend of a curve and where it is.

    Attributes
    ----------
    value : float
        Change of slope per unit of ln(scale): a second derivative, with its sign.
    scale : float
        The point at which the bend is.
    """

    value: float
    scale: float


def curvature(curve: Curve) -> Curvature:
    """Largest second derivative of the score in ln(scale), from three neighbouring points.

    Twice the second divided difference, which is exact for a parabola whatever the spacing.

    Parameters
    ----------
    curve : Curve
        With three points or more.

    Raises
    ------
    FieldError
        If the curve has fewer than three points.

    Examples
    --------
    >>> from mirage_utils import Curve
    >>> bend = curvature(Curve([1e7, 1e8, 1e9, 1e10], [0.0, 0.1, 0.6, 0.95]))
    >>> round(bend.value, 3), bend.scale
    (0.075, 100000000.0)
    """
    require(len(curve) >= 3, "curve", len(curve), "at least three points")
    u = curve.log_scale
    slopes = np.diff(curve.score) / np.diff(u)
    bends = 2 * np.diff(slopes) / (u[2:] - u[:-2])
    i = int(np.argmax(np.abs(bends)))
    return Curvature(float(bends[i]), float(curve.scale[i + 1]))
