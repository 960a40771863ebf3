"""Forecasting the scores of large models from those of small ones, and scoring the forecasts.

A curve that looks smooth need not be predictable, nor one that looks sharp unpredictable. The only
test is to hide the large models, forecast them with a stated uncertainty, and compare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from ..errors import UnknownNameError, as_array, require

__all__ = [
    "CONTENDERS",
    "Contender",
    "Forecast",
    "crps",
    "forecast",
    "forecasts",
    "interval_covers",
]


class Forecast(NamedTuple):
    """A normal forecast of each held-out score.

    Attributes
    ----------
    mean, spread : ndarray
        Mean and standard deviation.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]


@dataclass(frozen=True)
class Contender:
    """A law that a score may follow in scale.

    Parameters
    ----------
    name, title : str
    law : callable, optional
        ``law(u, *parameters) -> score`` of ``u``, the natural logarithm of scale over that of the
        middle of the known scales; None for the naive forecast, the last known score.
    starts : callable, optional
        ``starts(u, y)``: initial parameters, one tuple or several; the best fit of all counts.
    source : str
        Where the law stands.
    """

    name: str
    title: str
    law: Callable[..., NDArray[np.float64]] | None = field(repr=False)
    starts: Callable[..., list[tuple[float, ...]]] | None = field(repr=False)
    source: str


def _line(u, a, b):
    return a + b * u


def _power(u, a, b, c):
    # The exponent is bounded through tanh: what a fit to few points may not do is explode.
    return a + b * np.exp(-3 * (1 + np.tanh(c)) / 2 * u)


def _within(x, low, high):
    # np.clip of a few numbers takes several times as long: half of a fit.
    return np.minimum(np.maximum(x, low), high)


def _sigmoid(u, low, rise, middle, slope):
    z = _within(np.exp(_within(slope, -4, 4)) * (u - middle), -500, 500)
    return low + rise / (1 + np.exp(-z))


def _broken(u, a, b, c, turn, change):
    """A power law with one smooth break (in logarithms: two slopes, joined softly)."""
    first = 3 * (1 + np.tanh(c)) / 2
    bend = np.logaddexp(0, _within(4 * (u - turn), -500, 500)) / 4
    return a + b * np.exp(_within(-first * u - np.tanh(change) * 3 * bend, -50, 50))


CONTENDERS: Mapping[str, Contender] = {
    c.name: c
    for c in (
        Contender("last", "last value", None, None, "no change beyond the largest known model"),
        Contender(
            "line",
            "straight line",
            _line,
            lambda u, y: [tuple(np.polyfit(u, y, 1)[::-1])],
            "linear in the logarithm of scale",
        ),
        Contender(
            "power",
            "power law",
            _power,
            lambda u, y: (
                [(y[-1], y[0] - y[-1], c) for c in (-1.5, -0.5, 0.5)]
                + [(y[0], 1e-2 * (y[-1] - y[0]), -0.5)]
            ),
            "Kaplan et al. 2020, with a level it tends to",
        ),
        Contender(
            "sigmoid",
            "sigmoid",
            _sigmoid,
            lambda u, y: [(y[0], y[-1] - y[0], m, s) for m in (0.0, u[-1]) for s in (-0.5, 0.7)],
            "Ruan et al. 2024; Bhagia et al. 2024, second step",
        ),
        Contender(
            "broken",
            "broken power law",
            _broken,
            lambda u, y: [(y[-1], y[0] - y[-1], -0.5, t, 0.3) for t in (-0.5, 0.5)],
            "after Caballero et al. 2023, one break",
        ),
    )
}
"""The laws that compete, by name."""


Law = Callable[..., NDArray[np.float64]]
_FLOATS = NDArray[np.float64]
Fits = Callable[[Law, _FLOATS, _FLOATS, _FLOATS], tuple[_FLOATS, _FLOATS]]


def _slopes(law: Law, u: _FLOATS, theta: _FLOATS) -> _FLOATS:
    """Derivatives of a law by its parameters, shape (curves, points, parameters): central differences in one call.

    Logarithms of scale come in shape (curves, points), parameters in shape (curves, parameters).
    """
    step = 1e-5 * np.maximum(1.0, np.abs(theta))
    moved = step[:, None, :] * np.eye(theta.shape[1])
    around = theta[:, None, :] + np.concatenate([moved, -moved], axis=1)
    up, down = np.split(law(u[:, None, :], *np.moveaxis(around, -1, 0)[..., None]), 2, axis=1)
    return np.moveaxis((up - down) / (2 * step[..., None]), 1, 2)


def _one_by_one(law: Law, u: _FLOATS, y: _FLOATS, start: _FLOATS) -> tuple[_FLOATS, _FLOATS]:
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


def _in_step(law: Law, u: _FLOATS, y: _FLOATS, start: _FLOATS) -> tuple[_FLOATS, _FLOATS]:
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
        slopes = np.nan_to_num(_slopes(law, u[going], here))
        downhill = -np.einsum("cmk,cm->ck", slopes, left[going])
        bend = np.nan_to_num(np.einsum("cmk,cml->ckl", slopes, slopes))
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


def forecast(
    contender: str,
    scale: ArrayLike,
    score: ArrayLike,
    at: ArrayLike,
    *,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> Forecast:
    """Fit a law to known scores by least squares and forecast others, with uncertainty.

    Parameters
    ----------
    contender : str
        A key of `CONTENDERS`.
    scale, score : array_like, shape (m,)
        Known scales (> 0, in rising order; several models may share one) and their scores, m >= 4.
    at : array_like, shape (k,)
        Scales to forecast.
    bounds : (float, float)
        Ends of the metric's range; the mean is held within, the spread below their distance.

    Returns
    -------
    Forecast
        The spread joins the scatter about the fit and the uncertainty of the fitted parameters (delta
        method), with Student's factor for the few degrees of freedom, as the standard deviation of a
        normal forecast with the same 95 % interval. For the last value: the root mean square step
        between neighbouring known scores, times the root of the distance in steps.

    Raises
    ------
    FieldError
        If an argument is out of range.
    UnknownNameError
        If there is no such contender.

    Examples
    --------
    >>> found = forecast("last", [1e7, 1e8, 1e9, 1e10], [0.1, 0.2, 0.3, 0.4], [1e11], bounds=(0, 1))
    >>> found.mean, found.spread.round(3)
    (array([0.4]), array([0.1]))
    """
    if contender not in CONTENDERS:
        raise UnknownNameError("contender", contender, f"one of {', '.join(CONTENDERS)}")
    x = as_array("scale", scale, low=0, open_low=True)
    y = as_array("score", score)
    new = as_array("at", at, low=0, open_low=True)
    require(x.ndim == 1 and x.size >= 4, "scale", x.shape, "one dimension, at least four scales")
    require(y.shape == x.shape, "score", y.shape, f"the shape of scale, {x.shape}")
    require(bool((np.diff(x) >= 0).all()), "scale", x.tolist(), "scales in rising order")
    mean, spread = _forecasts(
        CONTENDERS[contender], x[None], y[None], new[None], np.array([bounds]), _one_by_one
    )
    return Forecast(mean[0], spread[0])


def forecasts(
    contender: str,
    scale: _FLOATS,
    score: _FLOATS,
    at: _FLOATS,
    *,
    bounds: ArrayLike = (-np.inf, np.inf),
) -> Forecast:
    """`forecast` of many curves with as many points each, in little more time than of one.

    Parameters
    ----------
    contender : str
        A key of `CONTENDERS`.
    scale, score : ndarray, shape (curves, m)
        As for `forecast`, of each curve.
    at : ndarray, shape (curves, k)
    bounds : array_like, shape (curves, 2) or (2,)

    Returns
    -------
    Forecast
        Mean and spread of shape (curves, k).
    """
    ends = np.broadcast_to(np.asarray(bounds, dtype=float), (len(scale), 2))
    return _forecasts(CONTENDERS[contender], scale, score, at, ends, _in_step)


def _forecasts(
    chosen: Contender, scale: _FLOATS, score: _FLOATS, at: _FLOATS, ends: _FLOATS, fits: Fits
) -> Forecast:
    low, high = ends[:, :1], ends[:, 1:]
    least = np.maximum(1e-6, 1e-3 * np.ptp(score, axis=1, keepdims=True))
    middle = np.log(scale).mean(axis=1, keepdims=True)
    u, at_u = np.log(scale) - middle, np.log(at) - middle
    if chosen.law is None:
        typical = np.sqrt(np.mean(np.diff(score, axis=1) ** 2, axis=1, keepdims=True))
        gaps = [
            max(float(np.median(d[d > 0])), 1e-6) if (d > 0).any() else np.nan
            for d in np.diff(u, axis=1)
        ]
        away = np.fmax((at_u - u[:, -1:]) / np.array(gaps)[:, None], 1.0)
        mean = np.broadcast_to(score[:, -1:], at.shape)
        return Forecast(mean, np.minimum(np.maximum(typical, least) * np.sqrt(away), high - low))
    scaled = np.ptp(u, axis=1, keepdims=True)
    scaled[scaled == 0] = 1.0
    u, at_u = u / scaled, at_u / scaled
    with np.errstate(all="ignore"):
        theta, left = _best(chosen, u, score, fits)
        freedom = max(scale.shape[1] - theta.shape[1], 1)
        scatter = np.maximum(left[:, None] / freedom, least**2)
        known = np.nan_to_num(_slopes(chosen.law, u, theta))
        # Parameters the data do not fix get a wide but finite spread through the pseudo-inverse.
        inverse = np.linalg.pinv(np.swapaxes(known, 1, 2) @ known, rcond=1e-10, hermitian=True)
        slopes = _slopes(chosen.law, at_u, theta)
        variance = scatter * (1 + np.einsum("ckj,cjl,ckl->ck", slopes, inverse, slopes))
        mean = chosen.law(at_u, *theta.T[..., None])
    factor = stats.t.ppf(0.975, freedom) / stats.norm.ppf(0.975)
    spread = factor * np.sqrt(np.maximum(np.nan_to_num(variance, nan=np.inf), least**2))
    mean = np.where(np.isnan(mean), score[:, -1:], mean)
    widest = np.where(np.isfinite(high - low), high - low, 1e6)
    return Forecast(np.clip(mean, low, high), np.minimum(spread, widest))


def _best(chosen: Contender, u: _FLOATS, y: _FLOATS, fits: Fits) -> tuple[_FLOATS, _FLOATS]:
    """The best fit of each curve from the law's starts, and the sum of squares it leaves."""
    assert chosen.starts is not None, "a law that is fitted has starts"
    assert chosen.law is not None, "and a formula"
    starts = np.array([chosen.starts(*curve) for curve in zip(u, y, strict=True)], dtype=np.float64)
    curves, each, size = starts.shape
    theta, cost = fits(
        chosen.law, np.repeat(u, each, axis=0), np.repeat(y, each, axis=0), starts.reshape(-1, size)
    )
    best = np.argmin(cost.reshape(curves, each), axis=1)
    rows = np.arange(curves)
    return theta.reshape(starts.shape)[rows, best], cost.reshape(curves, each)[rows, best]


def crps(found: Forecast, actual: ArrayLike) -> NDArray[np.float64]:
    """Continuous ranked probability score of normal forecasts; lower is better, 0 is perfect.

    A proper score in the units of what is forecast; of a forecast without spread it is the absolute
    error.

    Source: Gneiting and Raftery 2007, equation 21, for the normal distribution.

    Parameters
    ----------
    found : Forecast
    actual : array_like
        What came out.

    Examples
    --------
    >>> import numpy as np
    >>> crps(Forecast(np.array([0.4]), np.array([0.1])), [0.5]).round(3)
    array([0.06])
    """
    actual = as_array("actual", actual)
    require(actual.shape == found.mean.shape, "actual", actual.shape, f"shape {found.mean.shape}")
    z = (actual - found.mean) / found.spread
    return found.spread * (
        z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi)
    )


def interval_covers(found: Forecast, actual: ArrayLike, level: float = 0.95) -> NDArray[np.bool_]:
    """Whether each forecast's central interval of a level contains what came out.

    Parameters
    ----------
    found : Forecast
    actual : array_like
        What came out.
    level : float
        In (0, 1).
    """
    reach = stats.norm.ppf(0.5 + level / 2) * found.spread
    return np.abs(as_array("actual", actual) - found.mean) <= reach
