"""Intervals of what is measured on a curve."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import as_array, require
from ..scaling import Interval
from .curve import Curve

__all__ = ["bootstrap_interval"]


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

    Raises
    ------
    FieldError
        If the curve has no number of items, or an argument is out of range.

    Examples
    --------
    >>> from mirage_utils import curves
    >>> curve = curves.Curve([1e7, 1e8, 1e9, 1e10], [0.0, 0.1, 0.6, 0.95], n=1000)
    >>> low, high = bootstrap_interval(curve, curves.location, draws=200, seed=0)
    >>> low < curves.location(curve) < high
    True
    """
    draws = int(as_array("draws", draws, low=2, integer=True))
    require(0 < level < 1, "level", level, "a number between 0 and 1")
    rng = np.random.default_rng(seed)
    n = curve.items
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
