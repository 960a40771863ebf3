"""Curves: a score against scale, with the number of test items behind each point.

What a curve shows is measured on the logarithm of scale, the axis on which scaling laws live:
its location (where it crosses a level), its width (how many decades a rise takes), its steepest
slope and its sharpest bend. What claims of emergence are made of is in `mirage_utils.emergence`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .errors import FieldError, as_array, require
from .resolution import Method, binomial_interval
from .scaling import Interval

__all__ = [
    "Curve",
    "Curvature",
    "Slope",
    "bootstrap_interval",
    "curvature",
    "location",
    "steepest_slope",
    "width",
]


@dataclass(frozen=True, eq=False)
class Curve:
    """A score against scale. Curves of the same numbers and name are equal, and can be keys of a dictionary.

    Parameters
    ----------
    scale : array_like, shape (m,)
        Scales, > 0, strictly increasing (number of parameters, unless said otherwise).
    score : array_like, shape (m,)
        Scores within `score_range`.
    n : int or array_like, shape (m,), optional
        Number of test items behind each score, >= 1. None for a curve computed from a formula.
    score_range : tuple of float
        Lowest and highest score the metric can give.
    name : str
        For legends and messages.

    Raises
    ------
    FieldError
        Naming the field and the first offending value: not finite, unsorted or repeated scales,
        a score outside the range, n below 1, unequal lengths.
    """

    scale: NDArray[np.float64]
    score: NDArray[np.float64]
    n: NDArray[np.int64] | None = None
    score_range: tuple[float, float] = (0.0, 1.0)
    name: str = ""

    def __post_init__(self) -> None:
        low, high = (float(end) for end in self.score_range)
        require(low < high, "score_range", self.score_range, "a lower end below the upper end")
        scale = as_array("scale", self.scale, low=0, open_low=True)
        require(scale.ndim == 1, "scale", scale.shape, "one dimension")
        require(scale.size > 0, "scale", scale.size, "at least one point")
        steps = np.diff(scale)
        if (steps <= 0).any():
            i = int(np.argmax(steps <= 0)) + 1
            fault = "repeats" if steps[i - 1] == 0 else "is smaller than"
            raise FieldError(
                "scale",
                scale[i],
                f"strictly increasing scales, but it {fault} its predecessor {scale[i - 1]:g}",
                where=f"[{i}]",
            )
        score = as_array("score", self.score, low=low, high=high)
        require(
            score.shape == scale.shape, "score", score.shape, f"the shape of scale, {scale.shape}"
        )
        object.__setattr__(self, "scale", _frozen(scale))
        object.__setattr__(self, "score", _frozen(score))
        object.__setattr__(self, "score_range", (low, high))
        if self.n is not None:
            n = as_array("n", self.n, low=1, integer=True)
            require(
                n.ndim == 0 or n.shape == scale.shape, "n", n.shape, f"one number or {scale.shape}"
            )
            full = np.broadcast_to(n, scale.shape).astype(np.int64)
            object.__setattr__(self, "n", _frozen(full))

    def __eq__(self, other: object) -> bool:
        return self._content == other._content if isinstance(other, Curve) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._content)

    @property
    def _content(self) -> tuple:
        numbers = (self.scale, self.score, self.n)
        return (
            *(None if part is None else part.tobytes() for part in numbers),
            self.score_range,
            self.name,
        )

    def __len__(self) -> int:
        return self.scale.size

    @property
    def log_scale(self) -> NDArray[np.float64]:
        """Natural logarithm of scale."""
        return np.log(self.scale)

    @property
    def resolution(self) -> NDArray[np.float64]:
        """Smallest step of a score that counts successes: 1 / n."""
        return 1.0 / self._items()

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of successes: the whole number nearest to score * n (scores in [0, 1] only)."""
        require(
            self.score_range == (0.0, 1.0), "score_range", self.score_range, "(0, 1) for counts"
        )
        return np.rint(self.score * self._items()).astype(np.int64)

    def interval(self, level: float = 0.95, method: Method = "exact") -> Interval:
        """Binomial interval of each score; see `binomial_interval`."""
        return binomial_interval(self.counts, self._items(), level, method)

    def up_to(self, scale: float) -> Curve:
        """The part of the curve at or below a scale."""
        return self._where(self.scale <= scale, f"a scale >= {self.scale[0]:g}", scale)

    def above(self, scale: float) -> Curve:
        """The part of the curve above a scale."""
        return self._where(self.scale > scale, f"a scale < {self.scale[-1]:g}", scale)

    def _where(self, keep: NDArray[np.bool_], expected: str, scale: float) -> Curve:
        require(bool(keep.any()), "scale", scale, expected)
        n = None if self.n is None else self.n[keep]
        return Curve(self.scale[keep], self.score[keep], n, self.score_range, self.name)

    def _items(self) -> NDArray[np.int64]:
        if self.n is None:
            raise FieldError("n", None, "the number of test items, which this curve does not have")
        return self.n


def _frozen(array: NDArray) -> NDArray:
    array = np.array(array)
    array.flags.writeable = False
    return array


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

    Returns
    -------
    float
        log10 of the ratio of the two `location` values, positive whether the score rises or falls;
        nan if the curve crosses only one of the levels or neither.
    """
    require(0 < low < high < 1, "low, high", (low, high), "0 < low < high < 1")
    return float(abs(np.log10(location(curve, high) / location(curve, low))))


def steepest_slope(curve: Curve) -> Slope:
    """Largest change of score per unit of ln(scale) between neighbouring points.

    Raises
    ------
    FieldError
        If the curve has fewer than two points.
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

    Raises
    ------
    FieldError
        If the curve has fewer than three points.
    """
    require(len(curve) >= 3, "curve", len(curve), "at least three points")
    u = curve.log_scale
    slopes = np.diff(curve.score) / np.diff(u)
    bends = 2 * np.diff(slopes) / (u[2:] - u[:-2])
    i = int(np.argmax(np.abs(bends)))
    return Curvature(float(bends[i]), float(curve.scale[i + 1]))


def bootstrap_interval(
    curve: Curve,
    statistic: Callable[[Curve], float],
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int,
) -> Interval:
    """Parametric-bootstrap interval of a statistic of a curve of proportions.

    Each draw replaces every count by a binomial one with the observed score as its probability and
    computes the statistic again. Items are taken as independent; the variation between training
    runs is not in it.

    Parameters
    ----------
    curve : Curve
        With `n`, scores in [0, 1].
    statistic : callable
        ``Curve -> float``, such as `location`.
    draws : int
        Number of bootstrap curves, >= 2.
    level : float
        In (0, 1).
    seed : int

    Returns
    -------
    Interval
        Percentiles over the draws where the statistic is defined (an end may be infinite, if the
        statistic can be); nan if it is undefined (nan) in more than a fraction ``1 - level`` of
        them, because then the interval would leave out more than it may.
    """
    draws = int(as_array("draws", draws, low=2, integer=True))
    require(0 < level < 1, "level", level, "a number between 0 and 1")
    rng = np.random.default_rng(seed)
    n = curve._items()
    counts = rng.binomial(n, curve.counts / n, (draws, len(curve)))
    values = np.array([statistic(Curve(curve.scale, k / n, n)) for k in counts], dtype=float)
    if np.isnan(values).mean() > 1 - level:
        return Interval(float("nan"), float("nan"))
    defined = values[~np.isnan(values)]
    # A value that was drawn, not a point between two: between a number and infinity there is none.
    low, high = np.quantile(
        defined, [(1 - level) / 2, (1 + level) / 2], method="closest_observation"
    )
    return Interval(float(low), float(high))
