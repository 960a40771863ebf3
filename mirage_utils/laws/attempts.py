"""Many attempts at problems of unequal difficulty: pass@k if the chances of problems follow a beta distribution.

A problem that one attempt solves with probability p fails k times with probability (1 - p)**k. If p has a beta
distribution over problems, the mean has a closed form, and its tail falls as a power of k (Schaeffer et al. 2025;
Kazdan et al. 2025). Counts of solved attempts are then beta-binomial, which gives the two constants.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from ..errors import as_array, require

__all__ = ["Beta", "crossing", "fit_beta", "power_of_attempts"]


class Beta(NamedTuple):
    """Problems whose chance to be solved by one attempt has a beta distribution.

    Attributes
    ----------
    a, b : float
        > 0. The mean is ``a / (a + b)``; the smaller `a`, the more problems are next to hopeless, and the smaller pass@k at
        large k; at equal `a` the one with the smaller ``B(a, b)`` is behind.
    """

    a: float
    b: float

    @property
    def mean(self) -> float:
        """Pass@1."""
        return self.a / (self.a + self.b)

    def pass_at_k(self, k: ArrayLike) -> NDArray[np.float64]:
        """Share of problems that at least one of k attempts solves: ``1 - B(a, b + k) / B(a, b)``.

        Parameters
        ----------
        k : array_like
            Attempts, >= 0; need not be whole.

        Examples
        --------
        >>> Beta(0.5, 1.0).pass_at_k([1, 100]).round(3)
        array([0.333, 0.912])
        """
        attempts = as_array("k", k, low=0)
        log_all_fail = special.betaln(self.a, self.b + attempts) - special.betaln(self.a, self.b)
        return -np.expm1(log_all_fail)


def _counts_of_pairs(
    n: NDArray[np.int64], c: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct pairs of samples and passes, shape (2, ...), and how often each occurs."""
    base = int(n.max()) + 1
    codes, often = np.unique(n * base + c, return_counts=True)
    return np.stack([codes // base, codes % base]), often


def fit_beta(samples: ArrayLike, passed: ArrayLike) -> Beta:
    """The beta distribution under which counts of solved attempts are likeliest.

    Parameters
    ----------
    samples : array_like of int, shape (n,)
        Attempts at each problem, >= 1.
    passed : array_like of int, shape (n,)
        How many of them solved it.

    Raises
    ------
    FieldError
        If there are more passes than samples, or no attempt or every attempt at every problem passed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> found = fit_beta(np.full(3000, 100), rng.binomial(100, rng.beta(0.5, 2.0, 3000)))
    >>> round(found.a, 1), round(found.b, 1)
    (0.5, 2.0)
    """
    n = as_array("samples", samples, low=1, integer=True)
    c = as_array("passed", passed, low=0, integer=True)
    require(n.shape == c.shape, "passed", c.shape, f"one a problem, {n.shape}")
    require(bool((c <= n).all()), "passed", c.max(), "at most samples")
    require(0 < c.sum() < n.sum(), "passed", c.sum(), "some attempts that passed and some that failed")  # fmt: skip

    pairs, often = _counts_of_pairs(n.ravel().astype(np.int64), c.ravel().astype(np.int64))
    passes, fails = pairs[1], pairs[0] - pairs[1]

    def unlikely(logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:  # and its slopes
        a, b = np.exp(logs)
        each = special.betaln(passes + a, fails + b) - special.betaln(a, b)
        both = special.digamma(a + b) - special.digamma(pairs[0] + a + b)
        slope_a = (often * (special.digamma(passes + a) - special.digamma(a) + both)).sum()
        slope_b = (often * (special.digamma(fails + b) - special.digamma(b) + both)).sum()
        return -float((often * each).sum()), -np.array([a * slope_a, b * slope_b])

    bounds = [(-10.0, 12.0)] * 2
    share = c.sum() / n.sum()
    starts = [
        np.clip(np.log([size * share, size * (1 - share)]), -9, 11)
        for size in (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
    ]
    start = min(starts, key=lambda logs: unlikely(logs)[0])
    exact = {"ftol": 1e-13, "gtol": 1e-7}
    found = optimize.minimize(
        unlikely, start, jac=True, method="L-BFGS-B", bounds=bounds, options=exact
    )
    a, b = np.exp(found.x)
    return Beta(float(a), float(b))


def power_of_attempts(
    k: ArrayLike, solved: ArrayLike
) -> Callable[[ArrayLike], NDArray[np.float64]]:
    """The straight line through pass@k on the axes of a power law, ``-ln pass@k`` against k, both logarithmic.

    Parameters
    ----------
    k : array_like
        Attempts, >= 1.
    solved : array_like
        Pass@k at each; values of 0 and 1 have no place on the axis and are left out.

    Returns
    -------
    callable
        Pass@k at any k, by the line.

    Raises
    ------
    FieldError
        If fewer than two values lie between 0 and 1.

    Examples
    --------
    >>> law = power_of_attempts([1, 10], np.exp(-1 / np.sqrt([1, 10])))
    >>> law([100]).round(3)
    array([0.905])
    """
    at, y = as_array("k", k, low=1), as_array("solved", solved, low=0, high=1)
    inside = (y > 0) & (y < 1)
    require(int(inside.sum()) >= 2, "solved", int(inside.sum()), "two values between 0 and 1")
    slope, start = np.polyfit(np.log(at[inside]), np.log(-np.log(y[inside])), 1)

    def law(attempts: ArrayLike) -> NDArray[np.float64]:
        return np.exp(-np.exp(start + slope * np.log(np.asarray(attempts, dtype=float))))

    return law


def crossing(first: Beta, second: Beta) -> float:
    """Attempts k > 1 at which the pass@k of two sets of problems cross; nan if they do not.

    There is at most one such k. The densities of two beta distributions cross at most twice, so the difference of the
    two chances to fail, a Laplace transform of the difference, has at most two zeros, and k = 0 is one of them.

    Parameters
    ----------
    first, second : Beta

    Examples
    --------
    >>> round(crossing(Beta(0.5, 2.0), Beta(0.25, 0.5)), 1)
    10.0
    """

    def ahead(log_k: float) -> float:
        fails = [
            special.betaln(each.a, each.b + np.exp(log_k)) - special.betaln(each.a, each.b)
            for each in (first, second)
        ]
        return float(fails[1] - fails[0])

    low, high = 0.0, np.log(1e12)
    if first == second or ahead(low) * ahead(high) >= 0:
        return float("nan")
    return float(np.exp(optimize.brentq(ahead, low, high)))
