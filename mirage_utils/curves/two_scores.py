"""Telling two scores apart: the power of Fisher's exact test, and the items it takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from ..errors import as_array, require

__all__ = ["items_to_distinguish", "power"]


def power(a: float, b: float, n: int, *, size: float = 0.05) -> float:
    """Chance that Fisher's exact test tells two scores apart, n items each, independent.

    Computed exactly, by summing over all counts that matter. Two-sided: each tail may err with
    probability ``size / 2``.

    Parameters
    ----------
    a, b : float
        True scores, in [0, 1].
    n : int
        Items behind each, >= 1.
    size : float
        Chance of a false alarm that the test must not exceed, in (0, 1).

    Raises
    ------
    FieldError
        If an argument is not finite or out of the range given above.
    """
    a, b = (float(as_array(name, v, low=0, high=1)) for name, v in (("a", a), ("b", b)))
    n = int(as_array("n", n, low=1, integer=True))
    require(0 < size < 1, "size", size, "a number between 0 and 1")
    ends = [_likely_counts(n, q) for q in (a, b)]
    pmf = [
        stats.binom.pmf(np.arange(low, high + 1), n, q)
        for (low, high), q in zip(ends, (a, b), strict=True)
    ]
    (low_a, high_a), (low_b, high_b) = ends
    count = np.arange(n + 1)
    log_choose = (
        special.gammaln(n + 1) - special.gammaln(count + 1) - special.gammaln(n - count + 1)
    )
    total = 0.0
    for t in range(low_a + low_b, high_a + high_b + 1):
        critical = _critical_count(log_choose, n, t, size / 2)
        first, last = max(low_b, t - high_a), min(high_b, t - low_a)
        k = np.arange(first, last + 1)
        told = (k >= critical) | (t - k >= critical)
        total += float(pmf[1][k[told] - low_b] @ pmf[0][t - k[told] - low_a])
    return min(total, 1.0)


def _likely_counts(n: int, q: float) -> tuple[int, int]:
    low, high = stats.binom.ppf([1e-12, 1 - 1e-12], n, q)
    return max(int(low), 0), min(int(high), n)


def _critical_count(log_choose: NDArray, n: int, t: int, tail: float) -> int:
    """Smallest count of one side, given the total t of both, that is too large by chance alone.

    Under equal scores the count is hypergeometric, and symmetric about t / 2.
    """
    spread = np.sqrt(t * (2 * n - t) / (8 * n)) + 1
    low, high = max(0, t - n, int(t / 2 - 12 * spread)), min(n, t, int(t / 2 + 12 * spread) + 1)
    log_mass = log_choose[low : high + 1] + log_choose[t - high : t - low + 1][::-1]
    mass = np.exp(log_mass - log_mass.max())
    above = np.cumsum(mass[::-1])[::-1] / mass.sum()  # P(count >= low + i)
    small = above <= tail * (1 + 1e-12)
    return low + int(np.argmax(small)) if small.any() else high + 1


def items_to_distinguish(a: float, b: float, *, power: float = 0.8, size: float = 0.05) -> int:
    """Items behind each of two scores with which Fisher's exact test tells them apart.

    Parameters
    ----------
    a, b : float
        True scores, in [0, 1], different.
    power : float
        Wanted chance of telling them apart, in (size, 1).
    size : float
        Chance of a false alarm, in (0, 1).

    Returns
    -------
    int
        Smallest number found by halving between bounds: with the exact `power` below about 2,000
        expected successes, by the normal approximation of the arcsine-transformed scores (Cohen's
        h) above, where the two agree. Power climbs in a fine saw-tooth, so a slightly
        smaller number may do as well now and then.

    Raises
    ------
    FieldError
        If an argument is not finite or out of the range given above, or the scores are equal.
    """
    a, b = (float(as_array(name, v, low=0, high=1)) for name, v in (("a", a), ("b", b)))
    require(a != b, "b", b, f"a score that differs from a = {a:g}")
    require(0 < size < 1, "size", size, "a number between 0 and 1")
    require(size < power < 1, "power", power, f"a number between size = {size:g} and 1")
    effect = abs(float(2 * (np.arcsin(np.sqrt(a)) - np.arcsin(np.sqrt(b)))))  # Cohen's h
    # Nearly opposite scores need a handful of items, where the approximation has no solution.
    guess = 8.0
    if effect < 1:
        guess = _normal_items(effect, power, size)
    rarest = min(max(a, b), 1 - min(a, b))
    if guess * rarest > 2000:
        return int(np.ceil(guess))
    return _smallest(lambda n: _power(a, b, n, size=size) >= power, int(np.ceil(guess)))


_power = power  # the argument above is named alike


def _normal_items(effect: float, power: float, size: float) -> float:
    """Items of each sample at which two normal means this many standard deviations apart are told apart so often."""
    above, below = stats.norm.isf(size / 2), stats.norm.ppf(size / 2)

    def missing(n: float) -> float:
        apart = effect * np.sqrt(1 / (1 / n + 1 / n))
        return float(stats.norm.sf(above - apart) + stats.norm.cdf(below - apart)) - power

    low, high = (2.0, 50.0) if missing(2.0) < 0 else (1e-9, 2.0)
    while missing(high) < 0:
        low, high = high, 10 * high
    return float(optimize.brentq(missing, low, high, xtol=1e-5))


def _smallest(enough, guess: int) -> int:
    high = max(guess, 1)
    while not enough(high):
        high *= 2
    low = 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
