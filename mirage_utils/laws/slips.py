"""Does a longer task make each of its steps worse? What final outcomes tell, and what the place of the first slip tells.

If a task of M steps fails with probability ``1 - exp(-h M)``, h is the chance of a slip a step. It may be the same for all
tasks, or grow with their size x as ``ln h = a + b x``. Outcomes alone give b through one number a size; whoever records
how many steps were made until the first slip sees h itself, also where no task succeeds. Neither is safe: where h changes
along a task, or differs from try to try, steps of short and of long tasks differ without a size being harder. Slips at the
*same place* of tasks of several sizes can be compared all the same.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ..errors import UnknownNameError, as_array, require

__all__ = ["Drift", "FirstSlips", "drift_of_slips", "first_slips"]

_ROUNDS, _STEEPEST = 40, 4.0
"""Steps of the search, and the largest logarithm of a factor that it may reach (data may have no best one)."""


class Drift(NamedTuple):
    """How the chance of a slip changes from task to task.

    Attributes
    ----------
    factor : ndarray
        By which it grows for each unit of size; 1 if every step is as good in a large task as in a small one. One for each
        experiment.
    p_value : ndarray
        Of the likelihood-ratio test against a factor of 1.
    """

    factor: NDArray[np.float64]
    p_value: NDArray[np.float64]


class FirstSlips(NamedTuple):
    """Tries of tasks of several sizes, by the place of their steps; shape (experiments, m, bands).

    The bands of places double: the first step, steps 2 and 3, steps 4 to 7, and so on. Sums over the last axis are what is
    known without the places.

    Attributes
    ----------
    failed : ndarray of int
        Tries whose first slip is there.
    made : ndarray of int
        Steps made there in all tries until the first slip, which is included.
    """

    failed: NDArray[np.int64]
    made: NDArray[np.int64]


def first_slips(
    rng: np.random.Generator, slip: ArrayLike, steps: ArrayLike, tries: int, *, experiments: int = 1,
    along: float = 1.0, unequal: float | None = None,
) -> FirstSlips:  # fmt: skip
    """Try tasks of several sizes until the first slip or the end.

    Parameters
    ----------
    rng : numpy.random.Generator
    slip : array_like, shape (m,)
        Chance that a step is wrong, in (0, 1).
    steps : array_like of int, shape (m,)
        Steps of each task, >= 1.
    tries : int
        Of each task, in each experiment.
    experiments : int
        How often all of it is done.
    along : float
        A try survives t steps with probability ``exp(-(c t) ** along)``, where ``c = -ln(1 - slip)``. At 1 every step is like
        the others; above, slips get likelier along the task, below, rarer.
    unequal : float, optional
        The hazard c differs from try to try: shape of a gamma distribution with mean c, the smaller the more unequal. None:
        all tries are alike.

    Raises
    ------
    FieldError
        If a value is out of range.

    Examples
    --------
    >>> found = first_slips(np.random.default_rng(0), [0.5, 0.01], [3, 3], 100)
    >>> found.failed.sum(axis=-1).tolist()
    [[81, 3]]
    """
    chance = as_array("slip", slip, low=0, high=1, open_low=True)
    whole = as_array("steps", steps, low=1, integer=True).astype(np.int64)[:, None]
    bend = float(as_array("along", along, low=0, open_low=True))
    shape = (experiments, len(chance), tries)
    hazard = -np.log1p(-chance)[:, None]
    if unequal is not None:
        spread = float(as_array("unequal", unequal, low=0, open_low=True))
        hazard = hazard * np.maximum(rng.gamma(spread, 1 / spread, shape), 1e-300)
    reached = np.minimum(rng.exponential(size=shape) ** (1 / bend) / hazard, 2.0**60)
    at = np.maximum(np.ceil(reached), 1).astype(np.int64)
    last = np.minimum(at, whole)
    failed, made = [], []
    for start in 2 ** np.arange(int(whole.max()).bit_length()):
        failed.append(((at <= whole) & (at >= start) & (at < 2 * start)).sum(axis=-1))
        made.append(np.clip(last - start + 1, 0, start).sum(axis=-1))
    return FirstSlips(np.stack(failed, axis=-1), np.stack(made, axis=-1))


def drift_of_slips(
    size: ArrayLike, failed: ArrayLike, *, steps: ArrayLike, tries: int = 1,
    seen: Literal["outcome", "first slip", "place"] = "outcome",
) -> Drift:  # fmt: skip
    """Test whether steps get worse with the size of a task.

    Outcomes and the first slip without its place answer that only if all steps of a task and all its tries are alike. Slips
    compared at the same place raise no false alarm where they are not; unequal tries can still hide a part of the growth.

    Parameters
    ----------
    size : array_like, shape (m,)
        Of the tasks, in the unit of the factor, such as disks.
    failed : array_like of int, shape (..., m) or (..., m, bands)
        Tries that failed; if places are seen, at each place. Axes before the sizes are experiments.
    steps : array_like of int, shape (m,) or that of `failed`
        Steps of a task (if outcomes are seen), or steps made in all tries until the first slip.
    tries : int
        Of each task; needed for outcomes.
    seen : {"outcome", "first slip", "place"}
        What was recorded: how many tries failed, also how many steps were made, or both for each place.

    Raises
    ------
    UnknownNameError
        If it is something else.
    FieldError
        If there are fewer than three sizes.

    Examples
    --------
    >>> disks = np.arange(4, 12)
    >>> found = first_slips(np.random.default_rng(1), np.full(8, 0.002), 2**disks - 1, 50, along=1.5)
    >>> once = drift_of_slips(disks, found.failed.sum(-1), steps=found.made.sum(-1), seen="first slip")
    >>> placed = drift_of_slips(disks, found.failed, steps=found.made, seen="place")
    >>> float(once.p_value[0]) < 0.05, float(placed.p_value[0]) < 0.05
    (True, False)
    """
    x = as_array("size", size)
    n, bad = as_array("steps", steps, low=0), as_array("failed", failed, low=0, integer=True)
    require(len(x) >= 3, "size", len(x), "at least three sizes")
    middle = x - x.mean()
    match seen:
        case "outcome":
            slope, gained = _by_outcome(middle, bad, n, tries)
        case "first slip":
            slope, gained = _by_place(middle, bad[..., None], n[..., None])
        case "place":
            slope, gained = _by_place(middle, bad, n)
        case _:
            raise UnknownNameError("seen", seen, "one of outcome, first slip, place")
    return Drift(np.exp(slope), np.asarray(stats.chi2.sf(2 * np.maximum(gained, 0), 1)))


def _by_place(
    x: NDArray[np.float64], bad: NDArray[np.float64], made: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slope and gain of ln-likelihood, given how many slips there are at each place: each place has a rate of its own."""
    all_bad = bad.sum(axis=-2)

    def gain(slope: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        weight = np.exp(slope[..., None] * x)[..., None] * made
        whole = np.maximum(weight.sum(axis=-2), 1e-300)
        mean = (weight * x[:, None]).sum(axis=-2) / whole
        spread = (weight * x[:, None] ** 2).sum(axis=-2) / whole - mean**2
        log_whole = np.where(all_bad > 0, np.log(whole), 0)
        found = slope * (bad.sum(axis=-1) * x).sum(axis=-1) - (all_bad * log_whole).sum(axis=-1)
        first = (bad.sum(axis=-1) * x).sum(axis=-1) - (all_bad * mean).sum(axis=-1)
        return found, first, (all_bad * spread).sum(axis=-1)

    slope = np.zeros(bad.shape[:-2])
    start = gain(slope)[0]
    for _ in range(_ROUNDS):
        _, first, second = gain(slope)
        slope = np.clip(slope + np.clip(first / np.maximum(second, 1e-9), -0.5, 0.5), -_STEEPEST, _STEEPEST)  # fmt: skip
    return slope, gain(slope)[0] - start


def _by_outcome(
    x: NDArray[np.float64], bad: NDArray[np.float64], steps: NDArray[np.float64], tries: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slope and gain of ln-likelihood, from failures alone; Fisher's scoring."""
    good = tries - bad

    def events(level: NDArray[np.float64], slope: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.exp(np.clip(level[..., None] + slope[..., None] * x + np.log(steps), -40, 6))

    def likely(e: NDArray[np.float64]) -> NDArray[np.float64]:
        return (bad * np.log(-np.expm1(-e)) - good * e).sum(axis=-1)

    def fit(free: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        level = np.log(np.maximum(bad.sum(-1), 0.5) / (steps.sum() * tries))
        slope = np.zeros_like(level)
        for _ in range(_ROUNDS):
            e = events(level, slope)
            score, weight = e * (bad / np.expm1(e) - good), tries * e**2 / np.expm1(e)
            a, b, c = (np.maximum((weight * x**k).sum(-1), 1e-9) if k != 1 else (weight * x).sum(-1) for k in range(3))  # fmt: skip
            u, v = score.sum(-1), (score * x).sum(-1)
            if free:
                det = np.maximum(a * c - b**2, 1e-9)
                up, turn = (c * u - b * v) / det, (a * v - b * u) / det
            else:
                up, turn = u / a, np.zeros_like(u)
            shorter = np.minimum(1, 1 / np.maximum(np.maximum(np.abs(up), 3 * np.abs(turn)), 1e-12))
            level = level + shorter * up
            slope = np.clip(slope + shorter * turn, -_STEEPEST, _STEEPEST)
        return slope, likely(events(level, slope))

    _, flat = fit(False)
    slope, best = fit(True)
    return slope, best - flat
