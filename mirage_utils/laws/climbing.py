"""The climbs of all fits: likelihoods of counts, and sums of squares, one curve or many in step.

Slopes are central differences over a law's own function. Most of the time of a fit of a few points goes into calls, so a
point and its neighbours are asked for in one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from threadpoolctl import ThreadpoolController

from .accuracy import log_pmf_of

__all__ = [
    "Boxes",
    "Law",
    "in_step",
    "linear_algebra",
    "one_by_one",
    "scored",
    "slopes",
    "with_gradient",
]

Boxes = Sequence[tuple[float, float]]
"""Lowest and highest value of each parameter."""
Law = Callable[..., NDArray[np.float64]]
"""A function of the logarithm of scale and of its parameters."""
_FLOATS = NDArray[np.float64]


# -- likelihoods of counts -------------------------------------------------------------------------------


@cache
def linear_algebra() -> ThreadpoolController:
    """To keep it to one thread: for the few numbers of a fit others only wait for one another, ten times as long."""
    return ThreadpoolController()


def with_gradient(loss, boxes: Sequence[tuple[float, float]]):
    """A function's value and gradient at a point, from one call on the point and its neighbours.

    Central differences, one-sided at the ends of a box. The optimiser's own differences call the function once a
    neighbour, and most of the time goes into the calls.
    """
    low, high = np.array(boxes, dtype=float).T
    size = len(low)
    rows = np.arange(size)

    def both(z: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        step = 1e-6 * np.maximum(1.0, np.abs(z))
        points = np.empty((2 * size + 1, size))
        points[:] = z
        up, down = np.minimum(z + step, high), np.maximum(z - step, low)
        points[1 + rows, rows], points[1 + size + rows, rows] = up, down
        values = loss(points)
        return values[0], (values[1 : 1 + size] - values[1 + size :]) / (up - down)

    return both


def scored(
    law: Callable[[NDArray[np.float64]], NDArray[np.float64]],
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
    log_pmf = log_pmf_of(counts, n)
    low, high = np.array(boxes, dtype=float).T
    k = len(low)

    def accuracy(z: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.minimum(np.maximum(law(z), 1e-300), 1 - 1e-15)

    z = np.clip(start, low, high)
    A = accuracy(z)
    best = log_pmf(A).sum(axis=1)
    damping = np.full(len(z), 1e-3)
    for _ in range(most):
        up, down = (
            np.clip(z[:, None] + sign * 1e-6 * np.eye(k), low, high) for sign in (1, -1)
        )  # one-sided at the ends of the box
        width = np.diagonal(up - down, axis1=1, axis2=2)[..., None]
        change = (accuracy(up) - accuracy(down)) / width
        weight = 1 / (A * (1 - A))
        slope = np.einsum("skm,sm->sk", change, (counts - n * A) * weight)
        information = np.einsum("skm,slm,sm->skl", change, change, n * weight)
        # A coordinate at an end of its range to which the slope points stays there.
        stays = ((z <= low) & (slope < 0)) | ((z >= high) & (slope > 0))
        slope[stays] = 0
        information[stays[:, :, None] | stays[:, None, :]] = 0
        bend = np.diagonal(information, axis1=1, axis2=2)
        with np.errstate(over="ignore"):
            information[:, range(k), range(k)] += damping[:, None] * bend + 1e-9
        step = np.linalg.solve(information, slope[..., None])[..., 0]
        new = np.clip(z + step, low, high)
        if ((slope * (new - z)).sum(axis=1) < least).all():
            break
        there = accuracy(new)
        height = log_pmf(there).sum(axis=1)
        better = height > best
        z[better], A[better], best[better] = new[better], there[better], height[better]
        damping = np.clip(np.where(better, damping / 10, damping * 10), 1e-12, 1e12)
    return z, best


# -- sums of squares -------------------------------------------------------------------------------------


def slopes(law: Law, u: _FLOATS, theta: _FLOATS) -> _FLOATS:
    """Derivatives of a law by its parameters, shape (curves, points, parameters): central differences in one call.

    Logarithms of scale come in shape (curves, points), parameters in shape (curves, parameters).
    """
    step = 1e-5 * np.maximum(1.0, np.abs(theta))
    moved = step[:, None, :] * np.eye(theta.shape[1])
    around = theta[:, None, :] + np.concatenate([moved, -moved], axis=1)
    up, down = np.split(law(u[:, None, :], *np.moveaxis(around, -1, 0)[..., None]), 2, axis=1)
    return np.moveaxis((up - down) / (2 * step[..., None]), 1, 2)


def one_by_one(law: Law, u: _FLOATS, y: _FLOATS, start: _FLOATS) -> tuple[_FLOATS, _FLOATS]:
    """Parameters that bring a law closest to the points of each curve, and the sums of squares left."""
    theta, cost = start.copy(), np.empty(len(start))
    most = 400 * (start.shape[1] + 1)
    for i in range(len(start)):

        def residual(theta: _FLOATS, i: int = i) -> _FLOATS:
            return law(u[i], *theta) - y[i]

        if y.shape[1] < start.shape[1]:  # MINPACK needs as many points as parameters
            theta[i] = optimize.least_squares(residual, start[i], max_nfev=400).x
        else:  # itself: most of the time would go into what `least_squares` wraps around it
            theta[i] = optimize.leastsq(
                residual, start[i], maxfev=most, ftol=1e-8, xtol=1e-8, full_output=True
            )[0]
        cost[i] = (residual(theta[i]) ** 2).sum()
    return theta, np.nan_to_num(cost, nan=np.inf)


def in_step(law: Law, u: _FLOATS, y: _FLOATS, start: _FLOATS) -> tuple[_FLOATS, _FLOATS]:
    """The same of many curves: the method of Levenberg and Marquardt with all fits in step.

    Most of the time of a single fit goes into calls. Scaled and stopped as MINPACK's `lmdif`, so that fits agree
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
        slope = np.nan_to_num(slopes(law, u[going], here))
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
