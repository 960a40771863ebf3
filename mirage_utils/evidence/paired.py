"""Two models, or one under two conditions, on the same items: the difference, its error, a test, and what could be seen.

The items are taken for a sample of those that could have been asked, and clusters of them for the units that were drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ..errors import FieldError, as_array, require

__all__ = ["Difference", "paired"]

Floats = NDArray[np.float64]
_HELD = 4_000_000
"""Numbers that a resampling holds at a time."""
_MANY, _EVEN = 2_000, 500
"""Units that differ, and `Difference.carriers` of them, from which on flips of signs sum to a normal number."""


@dataclass(frozen=True)
class Difference:
    """How a second score differs from a first one on the same items.

    Parameters
    ----------
    n, clusters : int
        Items, and the independent units that they belong to; as many as items where none were named.
    first, second : float
        Means of the two.
    value : float
        ``second - first``.
    error : float
        Standard error of the difference, over clusters.
    planning_error : float
        The same for `detectable` and `items_for`. Of 0/1 scores without clusters one item more of either kind of disagreement
        is counted, so that two answers sheets that happen to agree do not promise that nothing could ever be missed.
    low, high : float
        Interval of the difference. nan where all differences are alike, and nothing says how they vary.
    p : float
        Two-sided, of the hypothesis that the two are exchangeable on every item (cluster).
    test : str
        What gave `p`: ``"McNemar, exact"``, ``"sign flips, exact"``, ``"sign flips, drawn"`` or ``"sign flips, normal"``.
    lower, higher : int
        Items on which the second scores lower, and higher, than the first.
    carriers : float
        How many units of equal weight would vary as much as these: ``(sum d^2)^2 / sum d^4`` of the deviations. With fewer
        than about 20 the interval is too short where scores are not 0/1.
    level : float
        Of the interval.
    """

    n: int
    clusters: int
    first: float
    second: float
    value: float
    error: float
    planning_error: float
    low: float
    high: float
    p: float
    test: str
    lower: int
    higher: int
    carriers: float
    level: float

    def detectable(self, power: float = 0.8) -> float:
        """The smallest true difference that as many such items show as significant, ``1 - level`` two-sided, with this probability.

        Parameters
        ----------
        power : float
            In (0, 1).
        """
        require(0 < power < 1, "power", power, "a number between 0 and 1")
        t = stats.t(self.clusters - 1)
        return float((t.ppf((1 + self.level) / 2) + t.ppf(power)) * self.planning_error)

    def items_for(self, difference: float, power: float = 0.8) -> int:
        """Items, in clusters like these, that would show a true difference of this size with this probability.

        Parameters
        ----------
        difference : float
            In the units of the score; its sign does not matter.
        power : float
            In (0, 1).
        """
        require(
            np.isfinite(difference) and difference != 0, "difference", difference, "a finite number other than 0"
        )  # fmt: skip
        require(0 < power < 1, "power", power, "a number between 0 and 1")
        z = stats.norm.ppf((1 + self.level) / 2) + stats.norm.ppf(power)
        return int(np.ceil(self.n * (z * self.planning_error / difference) ** 2))


def paired(
    first: ArrayLike, second: ArrayLike, *, cluster: ArrayLike | None = None, level: float = 0.95,
    interval: Literal["analytic", "bootstrap"] = "analytic", draws: int = 10_000, seed: int = 0,
) -> Difference:  # fmt: skip
    """Compare two scores of the same items.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        One score an item, in the same order; finite. Average the runs of an item first.
    cluster : array_like, shape (n,), optional
        Which items belong together, such as the passage that a question is about. Each item its own by default.
    level : float
        Of the interval, in (0, 1).
    interval : str
        ``"analytic"``: of 0/1 scores without clusters the adjusted Wald interval of Bonett and Price (2012); else Student's t
        with the error over clusters. ``"bootstrap"``: percentiles with clusters drawn again.
    draws : int
        Of the bootstrap, and of the sign flips where there are too many to try all.
    seed : int

    Returns
    -------
    Difference

    Raises
    ------
    FieldError
        If the arrays do not fit, a score is not finite, or there are fewer than two items or clusters.

    Notes
    -----
    0/1 scores without clusters are tested by McNemar's exact test, a binomial test of the items on which the two disagree.
    All others are tested by exchanging the two scores of whole clusters at random: all ways where they are at most `draws`, and
    by the normal limit where more than 2,000 clusters differ and no few of them dominate.
    The interval is not the test turned round: at the edge one may exclude 0 and the other not.

    The error over clusters is that of Miller (2024), times the root of ``G / (G - 1)`` for G clusters.

    Examples
    --------
    >>> found = paired([1, 1, 0, 0, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 0])
    >>> found.value, found.lower, found.higher, found.p
    (0.5, 0, 4, 0.125)
    """
    a, b = as_array("first", first), as_array("second", second)
    require(a.ndim == 1, "first", a.shape, "one score an item")
    require(b.shape == a.shape, "second", b.shape, f"one score for each of the {a.size} items")
    require(a.size >= 2, "first", a.size, "at least two items")
    require(0 < level < 1, "level", level, "a number between 0 and 1")
    require(
        interval in ("analytic", "bootstrap"), "interval", interval, "'analytic' or 'bootstrap'"
    )
    draws = int(as_array("draws", draws, low=100, integer=True))
    unit = _units(cluster, a.size)
    n, groups, d = a.size, int(unit.max()) + 1, b - a
    value = float(d.mean())
    sums = np.bincount(unit, d - value)
    error = float(np.sqrt(groups / (groups - 1) * (sums**2).sum()) / n)
    lower, higher = int((d < 0).sum()), int((d > 0).sum())
    binary = groups == n and bool(np.isin(np.concatenate([a, b]), (0, 1)).all())
    adjusted = _adjusted(lower, higher, n) if binary else (value, error)
    if interval == "bootstrap":
        low, high = _drawn(d, unit, level, draws, seed)
    elif binary:
        half = float(stats.norm.ppf((1 + level) / 2)) * adjusted[1]
        low, high = max(-1.0, adjusted[0] - half), min(1.0, adjusted[0] + half)
    else:
        half = float(stats.t(groups - 1).ppf((1 + level) / 2)) * error
        low, high = value - half, value + half
    if not binary and np.allclose(sums, 0, rtol=0, atol=1e-12 * max(1.0, float(np.abs(d).max()))):
        low = high = float("nan")
    fourth = float((sums**4).sum())
    p, test = _mcnemar(lower, higher) if binary else _flips(a, b, unit, draws, seed)
    return Difference(
        n, groups, float(a.mean()), float(b.mean()), value, error, adjusted[1], low, high, p, test, lower, higher,
        float((sums**2).sum() ** 2 / fourth) if fourth > 0 else 0.0, level,
    )  # fmt: skip


def _units(cluster: ArrayLike | None, n: int) -> NDArray[np.intp]:
    """Clusters as numbers from 0, in order of appearance."""
    if cluster is None:
        return np.arange(n)
    named = np.asarray(cluster)
    require(named.shape == (n,), "cluster", named.shape, f"one name for each of the {n} items")
    if named.dtype.kind == "f" and not np.isfinite(named).all():
        raise FieldError("cluster", float("nan"), "a cluster for every item")
    if named.dtype == object:
        if any(name is None or name != name for name in named):
            raise FieldError("cluster", None, "a cluster for every item")
        named = named.astype(str)
    # So that what a cluster is called changes nothing.
    unit, names = pd.factorize(named)
    require(len(names) >= 2, "cluster", str(names[0]), "at least two clusters")
    return unit


def _adjusted(lower: int, higher: int, n: int) -> tuple[float, float]:
    """Centre and error of Bonett and Price: one item more of either kind of disagreement, two more in all."""
    down, up = (lower + 1) / (n + 2), (higher + 1) / (n + 2)
    return up - down, float(np.sqrt((up + down - (up - down) ** 2) / (n + 2)))


def _mcnemar(lower: int, higher: int) -> tuple[float, str]:
    discordant = lower + higher
    p = stats.binomtest(higher, discordant).pvalue if discordant else 1.0
    return float(p), "McNemar, exact"


def _flips(a: Floats, b: Floats, unit: NDArray[np.intp], draws: int, seed: int) -> tuple[float, str]:  # fmt: skip
    one, other = np.bincount(unit, a), np.bincount(unit, b)
    # A unit on which the two are equal is the same whichever way round it stands.
    moved = ~np.isclose(one, other, rtol=0, atol=1e-12 * max(1.0, float(np.abs(a).max())))
    one, other = one[moved], other[moved]
    square = (other - one) ** 2
    if one.size > _MANY and square.sum() ** 2 > _EVEN * (square**2).sum():
        z = abs((other - one).sum()) / np.sqrt(square.sum())
        return float(2 * stats.norm.sf(z)), "sign flips, normal"
    exact = one.size <= np.log2(draws)
    test = "sign flips, exact" if exact else "sign flips, drawn"
    if one.size < 2:  # one way round or the other: nothing can be told
        return 1.0, test
    found = stats.permutation_test(
        (one, other), _total_difference, permutation_type="samples", vectorized=True,
        n_resamples=np.inf if exact else draws, batch=_batch(one.size), rng=np.random.default_rng(seed),
    )  # fmt: skip
    return float(found.pvalue), test


def _total_difference(one: Floats, other: Floats, axis: int) -> Floats:
    return (other - one).sum(axis=axis)


def _drawn(
    d: Floats, unit: NDArray[np.intp], level: float, draws: int, seed: int
) -> tuple[float, float]:
    sums, sizes = np.bincount(unit, d), np.bincount(unit).astype(float)
    mean: Callable[..., Floats] = lambda s, k, axis: s.sum(axis=axis) / k.sum(axis=axis)  # noqa: E731
    found = stats.bootstrap(
        (sums, sizes), mean, paired=True, vectorized=True, n_resamples=draws, batch=_batch(sums.size),
        confidence_level=level, method="percentile", rng=np.random.default_rng(seed),
    )  # fmt: skip
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def _batch(units: int) -> int:
    return max(1, _HELD // units)
