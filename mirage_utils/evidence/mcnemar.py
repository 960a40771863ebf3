"""McNemar's exact test of two sets of right and wrong answers: its p-value, its power, and what so many items can show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from ..errors import as_array, require

__all__ = ["detectable", "items_for", "p_value", "power"]

_SPREAD, _MORE = 8.0, 30
"""Standard deviations of the number of disagreements over which the power is summed, and how many more, for few of them."""
_MANY = 10_000
"""Disagreements from which on the normal limit, corrected for whole numbers, gives the items of the exact test to a thousandth."""


def p_value(lower: int, higher: int) -> float:
    """Two-sided exact p-value of the hypothesis that, where two models disagree, each is as likely to be right.

    Parameters
    ----------
    lower, higher : int
        Items that only the first, and only the second, got right.

    Examples
    --------
    >>> p_value(0, 6)
    0.03125
    """
    counts = as_array("lower", [lower, higher], low=0, integer=True)
    disagree = int(counts.sum())
    return float(stats.binomtest(int(counts[1]), disagree).pvalue) if disagree else 1.0


def power(n: int, difference: float, disagreement: float, *, level: float = 0.95) -> float:
    """Chance that the exact test of n items is significant.

    Parameters
    ----------
    n : int
        Items, >= 1.
    difference : float
        True difference of the two shares, in [-1, 1].
    disagreement : float
        True share of items on which exactly one of the two is right: at least the difference, at most 1.
    level : float
        One minus the error rate of the two-sided test.

    Examples
    --------
    >>> round(power(60, 0.13, 0.13), 2)  # all changes go one way: six of them are needed
    0.81
    """
    n = int(as_array("n", n, low=1, integer=True))
    require(0 < level < 1, "level", level, "a number between 0 and 1")
    require(-1 <= difference <= 1, "difference", difference, "a difference of two shares")
    require(
        abs(difference) <= disagreement <= 1, "disagreement", disagreement, f"a share of at least {abs(difference):g}"
    )  # fmt: skip
    if disagreement == 0:
        return 0.0
    counts, likely = _disagreements(n, disagreement)
    # Of so many disagreements the second model wins at least `need`, or the first does.
    need = _needed(counts, 1 - level)
    wins = (disagreement + abs(difference)) / (2 * disagreement)
    seen = stats.binom.sf(need - 1, counts, wins) + stats.binom.sf(need - 1, counts, 1 - wins)
    return float((likely * seen).sum())


def detectable(n: int, disagreement: float, *, chance: float = 0.8, level: float = 0.95) -> float:
    """Smallest true difference that the exact test of n items shows with so high a chance; nan if none does.

    Parameters
    ----------
    n : int
        Items.
    disagreement : float
        Share of items on which the two disagree. A larger difference than this makes them disagree on as many items as it says.
    chance : float
        Of a significant result, in (0, 1).
    level : float
        One minus the error rate of the test.

    Examples
    --------
    >>> round(detectable(60, 0), 3)
    0.129
    >>> detectable(5, 0)  # five items cannot be significant
    nan
    """
    _check(chance, level)
    require(0 <= disagreement <= 1, "disagreement", disagreement, "a share")

    def short(difference: float) -> float:
        return power(n, difference, max(disagreement, difference), level=level) - chance

    if short(1.0) < 0:
        return float("nan")
    return float(optimize.brentq(short, 1e-12, 1.0, xtol=1e-6))


def items_for(
    difference: float, disagreement: float, *, chance: float = 0.8, level: float = 0.95
) -> int:
    """Items of which the exact test shows a true difference with this chance, where one fewer would not do.

    Parameters
    ----------
    difference : float
        Of the two shares, in [-1, 1] and not 0.
    disagreement : float
        Share of items on which the two disagree; as for `detectable`.
    chance : float
        Of a significant result, in (0, 1).
    level : float
        One minus the error rate of the test.

    Examples
    --------
    >>> items_for(0.02, 0.2), items_for(0.02, 0)
    (4016, 394)
    """
    _check(chance, level)
    size = abs(difference)
    require(0 < size <= 1, "difference", difference, "a difference of two shares other than 0")
    require(0 <= disagreement <= 1, "disagreement", disagreement, "a share")
    share = max(disagreement, size)
    z = stats.norm.ppf([(1 + level) / 2, chance])
    # Wins minus losses are whole numbers, and must be one more than the limit says.
    limit = float((np.sqrt([share, share - size**2]) @ z / size) ** 2) + 2 / size
    if limit * share > _MANY:
        return int(np.ceil(limit))

    def shows(n: int) -> bool:
        return power(n, size, share, level=level) >= chance

    few, many, step = 0, int(limit), max(1, int(limit) // 32)
    while not shows(many):
        few, many, step = many, many + step, 2 * step
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if shows(middle) else (middle, many)
    return many


def _check(chance: float, level: float) -> None:
    require(1 - level < chance < 1, "chance", chance, f"a number between {1 - level:.2g} and 1")


def _disagreements(n: int, share: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Numbers of items on which the two disagree, and how likely each is; the others are less likely than any error here."""
    spread = _SPREAD * np.sqrt(n * share * (1 - share)) + _MORE
    counts = np.arange(max(0, int(n * share - spread)), min(n, int(n * share + spread)) + 1)
    return counts, stats.binom.pmf(counts, n, share)


def _needed(counts: NDArray[np.int64], alpha: float) -> NDArray[np.int64]:
    """The fewest wins of so many that are significant, two-sided; more than there are where none is."""
    # sf(k - 1) <= alpha / 2, from the quantile, which may be one off where the two are equal.
    need = stats.binom.isf(alpha / 2, counts, 0.5).astype(np.int64) + 1
    fewer = stats.binom.sf(need - 2, counts, 0.5) <= alpha / 2
    return np.where(fewer, need - 1, need)
