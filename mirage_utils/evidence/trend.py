"""Do a few rare successes rise with size? An exact test, for counts that are too small for anything else."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from ..errors import as_array, require
from ..scaling import Interval

__all__ = ["Trend", "trend"]

_MOST = 5_000_000
"""Ways of sharing out the successes that are gone through."""
_STEEPEST = 200.0
"""Steepest slope looked for, in units of one over the spread of `x`."""
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Trend:
    """What an exact test of a trend says; `trend` makes it.

    Attributes
    ----------
    away : ndarray
        Statistic of every way to share the successes out among the sizes, less that of the data, in units of `spread`.
    log_ways : ndarray
        Logarithm of the number of ways to do so with single items.
    spread : float
        Largest less smallest `x`.
    level : float
        Of the interval.
    """

    away: NDArray[np.float64]
    log_ways: NDArray[np.float64]
    spread: float
    level: float

    @cached_property
    def p_value(self) -> float:
        """Two-sided: chance of successes that lie at least as far to a side, if all sizes had the same score."""
        chances = self._chances(0.0)
        middle = float(chances @ self.away)
        return min(float(chances[np.abs(self.away - middle) >= abs(middle) - _TINY].sum()), 1.0)

    @cached_property
    def slope(self) -> float:
        """Likeliest change of the log odds of a score for one unit of `x`; for rare successes that of its logarithm.

        Infinite where no other way to share the successes out lies further to the side.
        """
        if self._at_an_end:
            return self._at_an_end * math.inf
        return self._root(lambda slope: float(self._chances(slope) @ self.away))

    @cached_property
    def interval(self) -> Interval:
        """Exact interval of the slope."""
        tail = (1 - self.level) / 2
        above, below = self.away >= -_TINY, self.away <= _TINY
        low, high = -math.inf, math.inf
        if self._at_an_end >= 0:
            low = self._root(lambda slope: float(self._chances(slope)[above].sum()) - tail)
        if self._at_an_end <= 0:
            high = self._root(lambda slope: tail - float(self._chances(slope)[below].sum()))
        return Interval(low, high)

    @property
    def _at_an_end(self) -> int:
        return int(not (self.away > _TINY).any()) - int(not (self.away < -_TINY).any())

    def _chances(self, slope: float) -> NDArray[np.float64]:
        weight = self.log_ways + slope * self.away
        found = np.exp(weight - weight.max())
        return found / found.sum()

    def _root(self, rising: Callable[[float], float]) -> float:
        return float(optimize.brentq(rising, -_STEEPEST, _STEEPEST)) / self.spread


def trend(successes: ArrayLike, n: ArrayLike, x: ArrayLike, *, level: float = 0.95) -> Trend:
    """Exact conditional test of a trend in shares, and the slope with its exact interval.

    Given how many successes there are in all, the chance of every way to share them out among the sizes is known, without
    an approximation and whatever the overall rate: the log odds are a line in `x`, and under no trend its slope is 0. The
    statistic is the sum of `x` over the successes. Where they are plenty, the normal approximation (Cochran and Armitage)
    does as well.

    Parameters
    ----------
    successes, n : array_like, shape (m,)
        Counts, and numbers of independent items behind each, 0 <= successes <= n; `n` may be one number.
    x : array_like, shape (m,)
        Along which the trend is looked for, such as the logarithm of size; not all equal.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    Trend
        With ``p_value``, ``slope`` and ``interval``, each worked out when it is asked for.

    Raises
    ------
    FieldError
        If there is no success or nothing but successes, all `x` are equal, there are too many ways to share them out, or
        an argument is out of range.

    Examples
    --------
    >>> found = trend([0, 1, 3], 1000, [7, 8, 9])
    >>> round(found.p_value, 3), round(found.slope, 2)
    (0.123, 1.51)
    """
    k = as_array("successes", successes, low=0, integer=True).astype(int)
    at = as_array("x", x)
    require(k.ndim == 1 and k.shape == at.shape, "x", at.shape, f"one for each count, {k.shape}")
    items = np.broadcast_to(as_array("n", n, low=1, integer=True).astype(int), k.shape)
    require(bool((k <= items).all()), "successes", k, "at most n")
    require(0 < k.sum() < items.sum(), "successes", k, "some successes, and not all")
    require(bool(np.ptp(at) > 0), "x", at, "values that differ")
    require(0 < level < 1, "level", level, "a number between 0 and 1")
    total = int(k.sum())
    ways = math.comb(total + k.size - 1, k.size - 1)
    require(ways <= _MOST, "successes", total, f"few enough for {_MOST:,} ways to share them out")

    spread = float(np.ptp(at))
    along = (at - at[0]) / spread
    statistic, log_ways = _outcomes(total, tuple(items.tolist()), tuple(along.tolist()))
    return Trend(statistic - float(k @ along), log_ways, spread, level)


@lru_cache(maxsize=8)
def _outcomes(
    total: int, items: tuple[int, ...], along: tuple[float, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Statistic of every way to share the successes out, and the logarithm of how many ways single items allow."""
    shared, n = _shared_out(total, len(items)), np.array(items)[:, None]
    count = np.arange(total + 1)
    choose = special.gammaln(n + 1) - special.gammaln(count + 1) - special.gammaln(np.maximum(n - count, 0) + 1)  # fmt: skip
    choose[count > n] = -np.inf
    log_ways = choose[np.arange(len(items)), shared].sum(axis=1)
    possible = np.isfinite(log_ways)
    return (shared * np.array(along)).sum(axis=1)[possible], log_ways[possible]


def _shared_out(total: int, sizes: int) -> NDArray[np.int64]:
    """Every way to share so many successes out among so many sizes, one a row."""
    if sizes == 1:
        return np.array([[total]])
    # Bars between stars.
    places = itertools.chain.from_iterable(
        itertools.combinations(range(total + sizes - 1), sizes - 1)
    )
    bars = np.fromiter(places, dtype=np.int64).reshape(-1, sizes - 1)
    ends = np.full((len(bars), 1), total + sizes - 1)
    return np.diff(np.hstack([np.full_like(ends, -1), bars, ends]), axis=1) - 1
