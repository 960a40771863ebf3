"""How often an interval for a proportion contains the true one: computed, not simulated."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ..errors import as_array, require
from ..scaling import Interval

__all__ = ["count_intervals", "coverage", "mean_coverage"]

Kind = Literal["wald", "wilson", "exact", "uniform", "jeffreys"]


def count_intervals(n: int, kind: Kind = "wilson", level: float = 0.95) -> Interval:
    """The interval for each of the counts 0 to n.

    Parameters
    ----------
    n : int
        Items, >= 1.
    kind : str
        ``"wald"``: score and standard error, by the central limit theorem; ``"wilson"``; ``"exact"``: Clopper and Pearson;
        ``"uniform"`` and ``"jeffreys"``: Bayesian, of equal tails, with the prior Beta(1, 1) or Beta(1/2, 1/2).
    level : float
        In (0, 1).

    Returns
    -------
    Interval
        Arrays of n + 1 ends.

    Raises
    ------
    FieldError
        If an argument is out of the range given above, or there is no such kind.

    Examples
    --------
    >>> low, high = count_intervals(30, "wald")
    >>> float(low[30]), float(high[30])  # all right: an interval without length
    (1.0, 1.0)
    """
    n = int(as_array("n", n, low=1, integer=True))
    require(kind in get_args(Kind), "kind", kind, "one of " + ", ".join(get_args(Kind)))
    require(0 < level < 1, "level", level, "a number between 0 and 1")
    k, tail = np.arange(n + 1), (1 - level) / 2
    if kind == "uniform":
        low, high = stats.beta.interval(level, k + 1, n - k + 1)
    elif kind == "jeffreys":
        low, high = (
            stats.beta.ppf(tail, k + 0.5, n - k + 0.5),
            stats.beta.isf(tail, k + 0.5, n - k + 0.5),
        )
    elif kind == "exact":
        low, high = stats.beta.ppf(tail, k, n - k + 1), stats.beta.isf(tail, k + 1, n - k)
        low[0], high[-1] = 0, 1
    else:
        low, high = _about_the_score(k / n, n, float(stats.norm.isf(tail)), kind)
    return Interval(np.asarray(low, dtype=float), np.asarray(high, dtype=float))


def _about_the_score(
    score: NDArray[np.float64], n: int, z: float, kind: Kind
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wald's interval and Wilson's, by their formulas, within 0 and 1."""
    if kind == "wald":
        middle, half = score, z * np.sqrt(score * (1 - score) / n)
    else:
        shrunk = 1 + z**2 / n
        middle = (score + z**2 / (2 * n)) / shrunk
        half = z * np.sqrt(score * (1 - score) / n + z**2 / (4.0 * n**2)) / shrunk
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def coverage(
    score: ArrayLike, n: int, kind: Kind = "wilson", level: float = 0.95
) -> NDArray[np.float64]:
    """Chance that the interval from n independent items contains the true score: the sum over all counts.

    Parameters
    ----------
    score : array_like
        True score, in [0, 1]; any shape.
    n, kind, level
        As in `count_intervals`.

    Raises
    ------
    FieldError
        If an argument is out of the range given there.

    Examples
    --------
    >>> [round(float(coverage(0.95, 30, kind)), 3) for kind in ("wald", "wilson", "exact")]
    [0.782, 0.939, 0.984]
    """
    low, high = map(np.asarray, count_intervals(n, kind, level))
    q = as_array("score", score, low=0, high=1)[..., None]
    # The last digits of an end decide nothing: a true score on it counts as contained.
    inside = (low - 1e-12 <= q) & (q <= high + 1e-12)
    return np.asarray((stats.binom.pmf(np.arange(len(low)), len(low) - 1, q) * inside).sum(axis=-1))


def mean_coverage(n: int, kind: Kind = "wilson", level: float = 0.95) -> float:
    """`coverage`, averaged over all true scores from 0 to 1, each as likely as any other.

    Parameters
    ----------
    n, kind, level
        As in `count_intervals`.

    Raises
    ------
    FieldError
        If an argument is out of the range given there.

    Notes
    -----
    Over q, the chance of k right answers is 1 / (n + 1) times the density of Beta(k + 1, n - k + 1).

    Examples
    --------
    >>> round(mean_coverage(30, "wald"), 3), round(mean_coverage(30, "wilson"), 3)
    (0.875, 0.952)
    """
    low, high = map(np.asarray, count_intervals(n, kind, level))
    k = np.arange(len(low))
    belief = stats.beta(k + 1, len(low) - k)
    return float((belief.cdf(high) - belief.cdf(low)).mean())
