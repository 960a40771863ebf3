"""Long tasks: how success falls with the number of steps, and how long a task can be.

If every step is right with probability p whatever went before, all of L steps are right with probability p**L, and the
longest task that succeeds with probability q has ``ln q / ln p`` steps. A small Markov chain changes two things: a
later step may repair what went wrong (self-correction), and a first slip may make further slips likelier
(self-conditioning). Its success after L steps is a closed form.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from ..errors import UnknownNameError, as_array, require
from ..symbols import L, p

__all__ = [
    "ON_TRACK", "SUCCESS", "chain_horizon", "chain_on_track", "chain_success", "hanoi_moves", "horizon", "repair",
    "time_ratio", "times",
]  # fmt: skip

repair = sp.Symbol("r", nonnegative=True)
"""Chance that a step taken off the track leads back to it."""
times = sp.Symbol("s", positive=True)
"""By how much the chance of a slip is multiplied after the first slip."""

_AFTER = 1 - sp.Min(1, times * (1 - p))  # chance of a right step once there was a slip
_MEMORY = _AFTER - repair
_LIMIT = repair / (1 - _MEMORY)
_SHARE = (1 - p) * _LIMIT / (p - _MEMORY)


def _sum(x: sp.Expr) -> sp.Expr:
    """x + x**2 + ... + x**L."""
    return x * (1 - x**L) / (1 - x)


SUCCESS: sp.Expr = p**L + _LIMIT * (1 - p**L) - _SHARE * (p**L - _MEMORY**L)
"""Chance to be on the track after L steps, if a repair is possible (r > 0); without, it is p**L."""
ON_TRACK: sp.Expr = (_sum(p) + _LIMIT * (L - _sum(p)) - _SHARE * (_sum(p) - _sum(_MEMORY))) / L
"""Expected share of the L steps after which the work is on the track, if a repair is possible."""

_FUNCTIONS = {
    name: sp.lambdify((p, repair, times, L), each, "numpy")
    for name, each in (("success", SUCCESS), ("on_track", ON_TRACK))
}


def _inside(field: str, values: ArrayLike) -> NDArray[np.float64]:
    """Numbers above 0 and below 1."""
    found = as_array(field, values, low=0, high=1, open_low=True)
    require(bool((found < 1).all()), field, found.max(), "below 1")
    return found


def horizon(p: ArrayLike, level: float = 0.5) -> NDArray[np.float64]:
    """Steps after which a task of independent steps still succeeds with probability `level`: ``ln level / ln p``.

    Parameters
    ----------
    p : array_like
        Chance that a step is right, in (0, 1).
    level : float
        In (0, 1).

    Raises
    ------
    FieldError
        If a value is out of range.

    Examples
    --------
    >>> horizon([0.9, 0.99, 0.999]).round(1)
    array([  6.6,  69. , 692.8])
    """
    chance = _inside("p", p)
    wanted = _inside("level", level)
    return np.log(wanted) / np.log(chance)


def hanoi_moves(disks: ArrayLike) -> NDArray[np.float64]:
    """Fewest moves that solve the Tower of Hanoi: ``2**disks - 1``.

    Parameters
    ----------
    disks : array_like of int
        >= 1.

    Raises
    ------
    FieldError
        If a number of disks is no whole number from 1 on.

    Examples
    --------
    >>> hanoi_moves([3, 10])
    array([   7., 1023.])
    """
    return 2 ** as_array("disks", disks, low=1, integer=True) - 1


def chain_success(steps: ArrayLike, p: float, repair: float = 0.0, times: float = 1.0) -> NDArray[np.float64]:  # fmt: skip
    """Chance that work is on the right track after a number of steps, with repair and with slips that feed slips.

    Without repair it is ``p ** steps``, whatever `times`: the task is lost at its first slip. With repair it settles at
    ``repair / (repair + min(1, times * (1 - p)))``.

    Work begins on the track. On it, a step slips with probability ``1 - p``, and once there was a slip with `times` as
    much, at most 1. Off it, a step leads back with probability `repair`.

    Parameters
    ----------
    steps : array_like of int
        >= 1.
    p : float
        Chance that a step is right as long as all were, in (0, 1).
    repair : float
        In [0, 1].
    times : float
        >= 1.

    Raises
    ------
    FieldError
        If a value is out of range.

    Examples
    --------
    >>> chain_success([1, 100], 0.99).round(3)
    array([0.99 , 0.366])
    >>> chain_success([1, 100], 0.99, repair=0.1, times=5).round(3)
    array([0.99 , 0.771])
    """
    return _chain("success", steps, p, repair, times)


def chain_on_track(steps: ArrayLike, p: float, repair: float = 0.0, times: float = 1.0) -> NDArray[np.float64]:  # fmt: skip
    """Expected share of the steps after which the work is on the track: partial credit for the same work.

    Parameters
    ----------
    steps, p, repair, times
        As in `chain_success`.

    Raises
    ------
    FieldError
        If a value is out of range.

    Examples
    --------
    >>> chain_on_track([1, 100], 0.99).round(3)
    array([0.99 , 0.628])
    """
    return _chain("on_track", steps, p, repair, times)


def _chain(which: Literal["success", "on_track"], steps: ArrayLike, p: float, repair: float, times: float) -> NDArray[np.float64]:  # fmt: skip
    n = as_array("steps", steps, low=1, integer=True)
    chance = float(_inside("p", p))
    back = float(as_array("repair", repair, low=0, high=1))
    more = float(as_array("times", times, low=1))
    if back == 0:
        whole = chance**n
        return whole if which == "success" else chance * (1 - whole) / (1 - chance) / n
    return np.asarray(_FUNCTIONS[which](chance, back, more, n), dtype=float)


def chain_horizon(p: float, repair: float = 0.0, times: float = 1.0, level: float = 0.5) -> float:
    """Most steps up to which the chain's success never falls below `level`; infinite if it never does.

    Parameters
    ----------
    p, repair, times
        As in `chain_success`.
    level : float
        In (0, 1).

    Raises
    ------
    FieldError
        If a value is out of range.

    Examples
    --------
    >>> chain_horizon(0.99), chain_horizon(0.99, repair=0.005), chain_horizon(0.99, repair=0.02)
    (68.0, 91.0, inf)
    """
    wanted = float(_inside("level", level)) * (1 - 1e-12)  # a limit of exactly that is not below it
    first = np.arange(1, 65)
    below = np.flatnonzero(chain_success(first, p, repair, times) < wanted)
    if below.size:
        return float(below[0])
    low, high = 64, 128
    while float(chain_success(high, p, repair, times)) >= wanted:
        low, high = high, 2 * high
        if high > 2**50:
            return np.inf
    while high - low > 1:
        middle = (low + high) // 2
        enough = float(chain_success(middle, p, repair, times)) >= wanted
        low, high = (middle, high) if enough else (low, middle)
    return float(low)


def time_ratio(
    law: Literal["constant", "unequal", "logistic", "weibull"],
    level: float = 0.8,
    shape: float = 1.0,
) -> float:
    """How long a task succeeds with probability `level`, as a share of how long one succeeds with probability a half.

    Parameters
    ----------
    law : {"constant", "unequal", "logistic", "weibull"}
        Success falls as ``2**-t`` (a constant hazard), as ``1 / (1 + t)`` (constant hazards that differ from task to
        task, exponentially distributed), as a logistic curve in the logarithm of time, or as ``2**-t**shape``.
    level : float
        In (0, 1).
    shape : float
        Slope of the logistic curve for each doubling of time, or the Weibull exponent; > 0. The others have none.

    Raises
    ------
    UnknownNameError
        If there is no such law.
    FieldError
        If a value is out of range.

    Examples
    --------
    >>> [round(time_ratio(law), 3) for law in ("constant", "unequal")]
    [0.322, 0.25]
    >>> round(time_ratio("logistic", shape=0.6), 2), round(time_ratio("weibull", shape=0.7), 2)
    (0.2, 0.2)
    """
    q = float(_inside("level", level))
    steep = float(as_array("shape", shape, low=0, open_low=True))
    match law:
        case "constant":
            return float(-np.log2(q))
        case "unequal":
            return 1 / q - 1
        case "logistic":
            return float(2 ** (-np.log(q / (1 - q)) / steep))
        case "weibull":
            return float((-np.log2(q)) ** (1 / steep))
        case _:
            raise UnknownNameError("law", law, "one of constant, unequal, logistic, weibull")
