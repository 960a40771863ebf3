"""How strict should a metric be? A dial between the share of right places and exact match, and what each of its settings costs."""

from __future__ import annotations

from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ..errors import as_array, require

__all__ = [
    "Moments",
    "agreement",
    "counts_of_right",
    "items_to_tell",
    "moments",
    "spot_check",
    "tuned_alarms",
]


def spot_check(right: ArrayLike, k: int) -> NDArray[np.float64]:
    """Chance that k places of an answer, chosen at random, are all right.

    With c of L places right it is C(c, k) / C(L, k). So k = 1 is the share of right places, k = L is exact match, and
    between them lies one metric for each k.

    Parameters
    ----------
    right : array_like of bool, shape (..., L)
        Whether each place of an answer is right.
    k : int
        Places that are looked at, 1 to L.

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    FieldError
        If k is not a whole number from 1 to L.

    Examples
    --------
    >>> four_of_five = [True, True, True, True, False]
    >>> [round(float(spot_check(four_of_five, k)), 2) for k in (1, 2, 4, 5)]
    [0.8, 0.6, 0.2, 0.0]
    """
    table = np.asarray(right, dtype=bool)
    return _marks(table.shape[-1], k)[table.sum(axis=-1)]


def _marks(length: int, k: int) -> NDArray[np.float64]:
    """What 0, 1, ... right places are worth."""
    k = int(as_array("k", k, low=1, high=length, integer=True))
    return np.array([comb(c, k) / comb(length, k) for c in range(length + 1)])


def counts_of_right(logp: ArrayLike) -> NDArray[np.float64]:
    """Chances of 0, 1, ..., L right places if each place of an answer is drawn by itself.

    Parameters
    ----------
    logp : array_like, shape (..., L)
        Natural log-probabilities of the right symbols. Places must not depend on those before them.

    Returns
    -------
    ndarray, shape (..., L + 1)

    Examples
    --------
    >>> import numpy as np
    >>> counts_of_right(np.log([0.5, 0.5])).round(2)
    array([0.25, 0.5 , 0.25])
    """
    p = np.exp(np.asarray(logp, dtype=float))
    chances = np.zeros((*p.shape[:-1], p.shape[-1] + 1))
    chances[..., 0] = 1
    for place in range(p.shape[-1]):
        hit = chances * p[..., place, None]
        chances -= hit
        chances[..., 1:] += hit[..., :-1]
    return chances


class Moments(NamedTuple):
    """Mean of a score and its variance from item to item.

    Attributes
    ----------
    mean, variance : ndarray
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]


def moments(chances: ArrayLike, k: int) -> Moments:
    """Mean and variance of `spot_check` over items, one drawn answer to each.

    Parameters
    ----------
    chances : array_like, shape (..., n, L + 1)
        As `counts_of_right` gives them, for n items.
    k : int
        Places that are looked at, 1 to L.

    Returns
    -------
    Moments
        Of shape (...): over items that are drawn anew and answers that are drawn anew.

    Raises
    ------
    FieldError
        If k is not a whole number from 1 to L.

    Examples
    --------
    >>> import numpy as np
    >>> always_half = counts_of_right(np.log([[0.5, 0.5]]))
    >>> [float(v.round(4)) for v in moments(always_half, 2)]
    [0.25, 0.1875]
    """
    table = np.asarray(chances, dtype=float)
    marks = _marks(table.shape[-1] - 1, k)
    mean = (table @ marks).mean(axis=-1)
    return Moments(mean, (table @ marks**2).mean(axis=-1) - mean**2)


def items_to_tell(first: Moments, second: Moments, *, power: float = 0.8, size: float = 0.05) -> NDArray[np.float64]:  # fmt: skip
    """Items behind each of two mean scores with which a z test tells them apart.

    Parameters
    ----------
    first, second : Moments
        Of the two scores; arrays of one shape.
    power : float
        Wanted chance of telling them apart, in (size, 1).
    size : float
        Chance of a false alarm, two-sided, in (0, 1).

    Returns
    -------
    ndarray
        Of independent items for each; inf where the means are equal. A normal approximation: below about ten right
        answers, take `mirage_utils.curves.resolution.items_to_distinguish`.

    Raises
    ------
    FieldError
        If a chance is out of its range.

    Examples
    --------
    >>> half, most = (Moments(np.array(q), np.array(q * (1 - q))) for q in (0.5, 0.6))
    >>> float(items_to_tell(half, most).round())
    385.0
    """
    require(0 < size < 1, "size", size, "a number between 0 and 1")
    require(size < power < 1, "power", power, f"a number between size = {size:g} and 1")
    z = stats.norm.isf(size / 2) + stats.norm.ppf(power)
    gap = np.asarray(second.mean, dtype=float) - np.asarray(first.mean, dtype=float)
    spread = np.asarray(first.variance, dtype=float) + np.asarray(second.variance, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gap == 0, np.inf, z**2 * spread / gap**2)


def agreement(
    score: ArrayLike, goal: ArrayLike, *, halvings: int = 20, seed: int = 0
) -> NDArray[np.float64]:
    """How well a score of some items puts runs of one size in the order of their goal on other items.

    Parameters
    ----------
    score, goal : array_like, shape (m, runs, n)
        Of every item, at m sizes.
    halvings : int
        How often the items are halved at random; the mean is given.
    seed : int

    Returns
    -------
    ndarray, shape (m,)
        Of the pairs of runs that the goal puts in an order, the share that the score orders alike less the share that it
        orders the other way (Somers' d): 1 for the same order, 0 for no relation; nan where the goal orders no pair. Pairs
        that the goal leaves tied do not count: a score that orders them too is not wrong there.

    Raises
    ------
    FieldError
        If the two are not of one shape with three axes.

    Examples
    --------
    >>> import numpy as np
    >>> ability = np.linspace(0.1, 0.9, 5)[None, :, None]
    >>> right = np.random.default_rng(0).random((1, 5, 400)) < ability
    >>> agreement(right, right).round(2).tolist()
    [1.0]
    """
    values, wanted = np.asarray(score, dtype=float), np.asarray(goal, dtype=float)
    require(
        values.ndim == 3 and values.shape == wanted.shape, "goal", wanted.shape, f"the three axes of score, {values.shape}"
    )  # fmt: skip
    rng, n = np.random.default_rng(seed), values.shape[2]
    orders = np.array([rng.permutation(n) for _ in range(halvings)])
    halves = np.zeros((2, n, halvings))  # the items of either half, by halving
    for half, chosen in zip(halves, (orders[:, : n // 2], orders[:, n // 2 :]), strict=True):
        np.put_along_axis(half, chosen.T, 1 / max(chosen.shape[1], 1), axis=0)
    return np.array(
        [_in_order(a @ halves[0], b @ halves[1]) for a, b in zip(values, wanted, strict=True)]
    )


def _in_order(score: NDArray[np.float64], goal: NDArray[np.float64]) -> float:
    """Somers' d of a score, given the goal, both of shape (runs, halvings): the mean over halvings."""
    of_score, of_goal = (np.sign((v[:, None] - v).round(12)) for v in (score, goal))
    ordered, alike = np.abs(of_goal).sum(axis=(0, 1)), (of_score * of_goal).sum(axis=(0, 1))
    if not ordered.all():
        return float("nan")
    return float((alike / ordered).mean())


def tuned_alarms(chances: ArrayLike, n: int, *, size: float = 0.05, draws: int = 4_000, seed: int = 0) -> NDArray[np.float64]:  # fmt: skip
    """How often two equal models seem to differ: by each strictness alone, and by any of them.

    Each model answers n items that are drawn anew. A z test asks whether their mean scores differ, at every strictness.
    Whoever loosens the metric one step at a time until a test says so has the last of these rates of false alarm.

    Parameters
    ----------
    chances : array_like, shape (n items, L + 1)
        Of either model, as `counts_of_right` gives them.
    n : int
        Answers of each of the two.
    size : float
        False alarms that a single test allows, in (0, 1).
    draws : int
        Pairs of tests that are drawn.
    seed : int

    Returns
    -------
    ndarray, shape (L + 1,)
        Rates of false alarm of spot checks of 1, ..., L places, and of the tuned one.

    Raises
    ------
    FieldError
        If a number is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> rates = tuned_alarms(counts_of_right(np.log([[0.5, 0.5, 0.5]])), 200, draws=1_000)
    >>> bool(rates[-1] > rates[:-1].max())
    True
    """
    require(0 < size < 1, "size", size, "a number between 0 and 1")
    n, draws = (
        int(as_array(name, v, low=1, integer=True)) for name, v in (("n", n), ("draws", draws))
    )
    of_counts = np.asarray(chances, dtype=float).mean(axis=0)
    length = len(of_counts) - 1
    marks = np.array([_marks(length, k) for k in range(1, length + 1)])
    drawn = np.random.default_rng(seed).multinomial(n, of_counts / of_counts.sum(), (2, draws)) / n
    mean = drawn @ marks.T
    spread = (drawn @ marks.T**2 - mean**2).sum(axis=0) / n
    alarm = np.abs(mean[1] - mean[0]) > stats.norm.isf(size / 2) * np.sqrt(spread)
    return np.append(alarm.mean(axis=0), alarm.any(axis=1).mean())
