"""Does a longer task make each of its steps worse? What final outcomes tell, and what the place of the first slip tells.

If a task of M steps fails with probability ``1 - exp(-h M)``, h is the chance of a slip a step. It may be the same for all
tasks, or grow with their size x as ``ln h = a + b x``. Outcomes alone give b through one number a size; whoever records
how many steps were made until the first slip sees h itself, also where no task succeeds.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from ..errors import UnknownNameError, as_array, require

__all__ = ["Drift", "drift_of_slips", "first_slips"]


class Drift(NamedTuple):
    """How the chance of a slip changes from task to task.

    Attributes
    ----------
    factor : float
        By which it grows for each unit of size; 1 if every step is as good in a large task as in a small one.
    p_value : float
        Of the likelihood-ratio test against a factor of 1.
    """

    factor: float
    p_value: float


def first_slips(rng: np.random.Generator, slip: ArrayLike, steps: ArrayLike, tries: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    """Try tasks of several sizes until the first slip or the end.

    Parameters
    ----------
    rng : numpy.random.Generator
    slip : array_like, shape (m,)
        Chance that a step is wrong, in (0, 1).
    steps : array_like of int, shape (m,)
        Steps of each task, >= 1.
    tries : int
        Of each task.

    Returns
    -------
    failed, made : ndarray of int, shape (m,)
        How many tries failed, and how many steps were made in all of them, the wrong ones included.

    Examples
    --------
    >>> failed, made = first_slips(np.random.default_rng(0), [0.5, 0.01], [3, 3], 100)
    >>> failed.tolist(), made.tolist()
    ([80, 3], [187, 298])
    """
    chance = as_array("slip", slip, low=0, high=1, open_low=True)
    whole = as_array("steps", steps, low=1, integer=True)
    at = rng.geometric(chance[:, None], size=(len(chance), tries))
    return (at <= whole[:, None]).sum(axis=1), np.minimum(at, whole[:, None].astype(int)).sum(axis=1)  # fmt: skip


def drift_of_slips(
    size: ArrayLike, failed: ArrayLike, *, steps: ArrayLike, tries: int = 1, seen: Literal["outcome", "first slip"] = "outcome",
) -> Drift:  # fmt: skip
    """Test whether steps get worse with the size of a task.

    Parameters
    ----------
    size : array_like, shape (m,)
        Of the tasks, in the unit of the factor, such as disks.
    failed : array_like of int, shape (m,)
        Tries that failed.
    steps : array_like of int, shape (m,)
        Steps of a task (if outcomes are seen), or steps made in all tries until the first slip.
    tries : int
        Of each task; needed for outcomes.
    seen : {"outcome", "first slip"}
        What was recorded.

    Raises
    ------
    UnknownNameError
        If it is something else.
    FieldError
        If there are fewer than three sizes.

    Examples
    --------
    >>> disks = np.arange(4, 12)
    >>> failed, made = first_slips(np.random.default_rng(1), np.full(8, 0.002), 2**disks - 1, 50)
    >>> round(drift_of_slips(disks, failed, steps=made, seen="first slip").factor, 2)
    1.05
    """
    x, n = as_array("size", size), as_array("steps", steps, low=1)
    bad = as_array("failed", failed, low=0, integer=True)
    require(len(x) >= 3, "size", len(x), "at least three sizes")
    if seen not in ("outcome", "first slip"):
        raise UnknownNameError("seen", seen, "one of outcome, first slip")
    middle = x - x.mean()

    def unlikely(theta: NDArray[np.float64]) -> float:
        slope = theta[1] if len(theta) > 1 else 0.0
        events = np.exp(np.clip(theta[0] + slope * middle, -40, 5)) * n
        if seen == "first slip":
            return float((events - bad * np.log(events)).sum())
        return -float((bad * np.log(-np.expm1(-events)) - (tries - bad) * events).sum())

    start = np.log(max(bad.sum(), 0.5) / (n.sum() * (1 if seen == "first slip" else tries)))
    flat = optimize.minimize(unlikely, [start], method="Nelder-Mead")
    free = optimize.minimize(unlikely, [flat.x[0], 0.0], method="Nelder-Mead")
    gained = max(2 * (flat.fun - free.fun), 0.0)
    return Drift(float(np.exp(free.x[1])), float(stats.chi2.sf(gained, 1)))
