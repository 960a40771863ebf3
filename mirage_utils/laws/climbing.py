"""The climbs of all fits: likelihoods of counts, and sums of squares, one curve or many in step.

Slopes are exact: laws are SymPy expressions, and give height and slopes in one call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from threadpoolctl import ThreadpoolController

from ..symbols import Formula
from .accuracy import Counts

__all__ = [
    "Boxes",
    "Sloped",
    "in_step",
    "linear_algebra",
    "one_by_one",
    "scored",
    "scored_with_luck",
]

Boxes = Sequence[tuple[float, float]]
"""Lowest and highest value of each parameter."""
_FLOATS = NDArray[np.float64]
Sloped = Callable[[_FLOATS], tuple[_FLOATS, _FLOATS]]
"""A function of search coordinates (last axis) that gives values, and slopes by the coordinates along a last axis."""


# -- likelihoods of counts -------------------------------------------------------------------------------


@cache
def linear_algebra() -> ThreadpoolController:
    """To keep it to one thread: for the few numbers of a fit others only wait for one another, ten times as long."""
    return ThreadpoolController()


def scored(
    law: Sloped,
    counts: NDArray[np.int64],
    n: NDArray[np.int64],
    start: NDArray[np.float64],
    boxes: Boxes,
    *,
    least: float = 1e-12,
    most: int = 500,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where climbs of binomial likelihoods end, and the log-likelihoods there, one row a climb.

    By Fisher's scoring, damped (Levenberg and Marquardt) and kept in the box, until no step would gain `least`;
    all of them in step, because most of the time of one climb goes into calls.
    """
    log_pmf = Counts(counts, n).log_pmf
    low, high = np.array(boxes, dtype=float).T

    def accuracy(z: _FLOATS) -> tuple[_FLOATS, _FLOATS]:
        value, slopes = law(z)
        return np.minimum(np.maximum(value, 1e-300), 1 - 1e-15), slopes

    z = np.clip(start, low, high)
    A, change = accuracy(z)
    best = log_pmf(A).sum(axis=1)
    damping = np.full(len(z), 1e-3)
    for _ in range(most):
        weight = 1 / (A * (1 - A))
        slope = np.einsum("smk,sm->sk", change, (counts - n * A) * weight)
        information = np.einsum("smk,sml,sm->skl", change, change, n * weight)
        step = _damped(slope, information, z, low, high, damping, least=1e-9)
        new = np.clip(z + step, low, high)
        if ((slope * (new - z)).sum(axis=1) < least).all():
            break
        there, change_there = accuracy(new)
        height = log_pmf(there).sum(axis=1)
        better = height > best
        z[better], best[better] = new[better], height[better]
        A[better], change[better] = there[better], change_there[better]
        damping = np.clip(np.where(better, damping / 10, damping * 10), 1e-12, 1e12)
    return z, best


def scored_with_luck(
    law: Callable[[_FLOATS], tuple[_FLOATS, _FLOATS, _FLOATS, _FLOATS]],
    counts: NDArray[np.int64],
    n: NDArray[np.int64],
    start: NDArray[np.float64],
    boxes: Boxes,
    *,
    least: float = 1e-3,
    most: int = 100,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`scored` for beta-binomial counts: a law gives accuracies, correlations, and the slopes of both.

    The slopes of the correlation are those of its logarithm. The information is that of a normal distribution with
    the same mean and variance: a metric for the steps, while heights and slopes are exact.
    """
    low, high = np.array(boxes, dtype=float).T

    def height(z: _FLOATS, rows: NDArray[np.intp]) -> tuple[_FLOATS, list[_FLOATS]]:
        found = law(z)
        return Counts(counts[rows], n).log_pmf(*found[:2]).sum(axis=1), list(found)

    z, going = np.clip(start, low, high), np.arange(len(start))
    best, state = height(z, going)
    damping = np.full(len(z), 1e-2)
    for _ in range(most):
        A, rho, change, change_rho = state
        by_accuracy, by_rho = Counts(counts[going], n).slopes(A, rho)
        slope = np.einsum("sm,smk->sk", by_accuracy, change)
        slope += np.einsum("sm,smk->sk", by_rho * rho, change_rho)
        wider = 1 + (n - 1) * rho
        weight = n / (np.clip(A * (1 - A), 1e-12, None) * wider)
        weight_rho = ((n - 1) * rho / wider) ** 2 / 2
        information = np.einsum("smk,sml,sm->skl", change, change, weight)
        information += np.einsum("smk,sml,sm->skl", change_rho, change_rho, weight_rho)
        here = z[going]
        step = _damped(slope, information, here, low, high, damping[going], least=1e-6)
        new = np.clip(here + np.clip(step, -3, 3), low, high)
        moves = (slope * (new - here)).sum(axis=1) >= least
        if not moves.any():
            break
        going, new, state = going[moves], new[moves], [each[moves] for each in state]
        there, state_there = height(new, going)
        better = there > best[going]
        z[going[better]], best[going[better]] = new[better], there[better]
        for old, fresh in zip(state, state_there, strict=True):
            old[better] = fresh[better]
        damping[going] = np.clip(damping[going] * np.where(better, 0.1, 10), 1e-9, 1e9)
    return z, best


def _damped(
    slope: _FLOATS,
    information: _FLOATS,
    z: _FLOATS,
    low: _FLOATS,
    high: _FLOATS,
    damping: _FLOATS,
    *,
    least: float,
) -> NDArray[np.floating[Any]]:
    """Steps of damped scoring from `z`; `slope` and `information` lose what would leave the box.

    `least` is added to the information, so that a coordinate on which nothing depends has some.
    """
    # A coordinate at an end of its range to which the slope points stays there.
    stays = ((z <= low) & (slope < 0)) | ((z >= high) & (slope > 0))
    slope[stays] = 0
    information[stays[:, :, None] | stays[:, None, :]] = 0
    every = range(len(low))
    with np.errstate(over="ignore"):
        bend = np.diagonal(information, axis1=1, axis2=2)
        information[:, every, every] += damping[:, None] * bend + least
    return np.linalg.solve(information, slope[..., None])[..., 0]


# -- sums of squares -------------------------------------------------------------------------------------


def one_by_one(law: Formula, u: _FLOATS, y: _FLOATS, start: _FLOATS) -> tuple[_FLOATS, _FLOATS]:
    """Parameters that bring a law closest to the points of each curve, and the sums of squares left."""
    theta, cost = start.copy(), np.empty(len(start))
    for i in range(len(start)):

        def residual(theta: _FLOATS, i: int = i) -> _FLOATS:
            return law(u[i], *theta) - y[i]

        def slopes(theta: _FLOATS, i: int = i) -> _FLOATS:
            return law.slopes(u[i], *theta)

        if y.shape[1] < start.shape[1]:  # MINPACK needs as many points as parameters
            theta[i] = optimize.least_squares(residual, start[i], slopes, max_nfev=400).x
        else:  # itself: most of the time would go into what `least_squares` wraps around it
            theta[i] = optimize.leastsq(
                residual, start[i], Dfun=slopes, maxfev=400, ftol=1e-8, xtol=1e-8, full_output=True
            )[0]
        cost[i] = (residual(theta[i]) ** 2).sum()
    return theta, np.nan_to_num(cost, nan=np.inf)


def in_step(law: Formula, u: _FLOATS, y: _FLOATS, start: _FLOATS) -> tuple[_FLOATS, _FLOATS]:
    """The same of many curves: the method of Levenberg and Marquardt with all fits in step.

    Most of the time of a single fit goes into calls. Scaled and stopped as MINPACK's `lmder`, so that fits agree
    where the points determine them.
    """
    theta, many = start.copy(), len(start)

    def residuals(which: NDArray[np.intp], theta: _FLOATS) -> tuple[_FLOATS, _FLOATS]:
        left = law(u[which], *theta.T[..., None]) - y[which]
        return left, np.nan_to_num((left**2).sum(axis=1), nan=np.inf)

    going = np.arange(many)
    left, cost = residuals(going, theta)
    scale, damping = np.zeros_like(theta), np.full(many, 1e-3)
    for _ in range(_MOST):
        here = theta[going]
        slope = np.nan_to_num(law.slopes(u[going], *here.T[..., None]))
        downhill = -np.einsum("cmk,cm->ck", slope, left[going])
        bend = np.nan_to_num(np.einsum("cmk,cml->ckl", slope, slope))
        size = np.diagonal(bend, axis1=1, axis2=2)
        scale[going] = np.maximum(scale[going], size)
        ridge = damping[going, None] * np.where(scale[going] > 0, scale[going], 1.0)
        step = np.linalg.solve(
            bend + ridge[..., None] * np.eye(theta.shape[1]), downhill[..., None]
        )
        new = here + step[..., 0]
        new_left, new_cost = residuals(going, new)
        old_cost, better = cost[going], new_cost < cost[going]
        taken = going[better]
        theta[taken], left[taken], cost[taken] = new[better], new_left[better], new_cost[better]
        damping[going] = np.maximum(damping[going] * np.where(better, 0.2, 4.0), 1e-12)
        near = np.abs(step[..., 0]) <= 1e-8 * np.abs(here)
        done = better & (old_cost - new_cost <= 1e-8 * old_cost) | near.all(axis=1)
        going = going[~done & np.isfinite(cost[going])]
        if not len(going):
            break
    return theta, cost


_MOST = 200
"""Steps of a fit."""
