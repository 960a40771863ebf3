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

from .errors import UnknownNameError, as_array, require

__all__ = ["CONTENDERS", "Contender", "Forecast", "crps", "forecast", "interval_covers"]


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


def _sigmoid(u, low, rise, middle, slope):
    z = np.clip(np.exp(np.clip(slope, -4, 4)) * (u - middle), -500, 500)
    return low + rise / (1 + np.exp(-z))


def _broken(u, a, b, c, turn, change):
    """A power law with one smooth break (in logarithms: two slopes, joined softly)."""
    first = 3 * (1 + np.tanh(c)) / 2
    bend = np.logaddexp(0, np.clip(4 * (u - turn), -500, 500)) / 4
    return a + b * np.exp(np.clip(-first * u - np.tanh(change) * 3 * bend, -50, 50))


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


def _slopes(
    law: Callable[..., NDArray[np.float64]], u: NDArray[np.float64], theta: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Derivatives of a law by its parameters, shape (points, parameters): central differences in one call."""
    step = 1e-5 * np.maximum(1.0, np.abs(theta))
    around = theta + np.concatenate([np.diag(step), -np.diag(step)])
    with np.errstate(all="ignore"):
        up, down = np.split(law(u, *around.T[:, :, None]), 2)
        return ((up - down) / (2 * step[:, None])).T


def _least_squares(
    law: Callable[..., NDArray[np.float64]],
    u: NDArray[np.float64],
    y: NDArray[np.float64],
    start: NDArray[np.float64],
) -> tuple[NDArray[np.float64], float]:
    """Parameters that bring a law closest to points, from one start, and the sum of squares left."""

    def residual(theta: NDArray[np.float64]) -> NDArray[np.float64]:
        return law(u, *theta) - y

    if y.size < start.size:  # Levenberg and Marquardt's needs as many points as parameters
        theta = optimize.least_squares(residual, start, max_nfev=400).x
    else:  # MINPACK itself: most of the time would go into what `least_squares` wraps around it
        most = 400 * (start.size + 1)
        theta = optimize.leastsq(
            residual, start, maxfev=most, ftol=1e-8, xtol=1e-8, full_output=True
        )[0]
    return theta, float((residual(theta) ** 2).sum())


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
    """
    if contender not in CONTENDERS:
        raise UnknownNameError("contender", contender, f"one of {', '.join(CONTENDERS)}")
    chosen = CONTENDERS[contender]
    x = as_array("scale", scale, low=0, open_low=True)
    y = as_array("score", score)
    new = as_array("at", at, low=0, open_low=True)
    require(x.ndim == 1 and x.size >= 4, "scale", x.shape, "one dimension, at least four scales")
    require(y.shape == x.shape, "score", y.shape, f"the shape of scale, {x.shape}")
    require(bool((np.diff(x) >= 0).all()), "scale", x.tolist(), "scales in rising order")
    width = bounds[1] - bounds[0]
    least = max(1e-6, 1e-3 * float(np.ptp(y)))
    middle = np.log(x).mean()
    u, at_u = np.log(x) - middle, np.log(new) - middle
    if chosen.law is None:
        steps = np.diff(y)
        typical = max(float(np.sqrt(np.mean(steps**2))), least)
        gap = max(float(np.median(np.diff(u)[np.diff(u) > 0])), 1e-6)
        away = np.maximum((at_u - u[-1]) / gap, 1.0)
        mean = np.full(new.shape, y[-1])
        return Forecast(mean, np.minimum(typical * np.sqrt(away), width))
    scaled = np.ptp(u) or 1.0
    u, at_u = u / scaled, at_u / scaled
    best, best_cost = None, np.inf
    for start in chosen.starts(u, y):
        with np.errstate(all="ignore"):
            theta, cost = _least_squares(chosen.law, u, y, np.array(start, dtype=float))
        if np.isfinite(cost) and cost < best_cost:
            best, best_cost = theta, cost
    theta = best
    freedom = max(x.size - theta.size, 1)
    scatter = max(best_cost / freedom, least**2)
    known = _slopes(chosen.law, u, theta)
    # Parameters the data do not fix get a wide but finite spread through the pseudo-inverse.
    covariance = scatter * np.linalg.pinv(known.T @ known, rcond=1e-10)
    slopes = _slopes(chosen.law, at_u, theta)
    with np.errstate(all="ignore"):
        variance = scatter + np.einsum("kj,jl,kl->k", slopes, covariance, slopes)
    factor = stats.t.ppf(0.975, freedom) / stats.norm.ppf(0.975)
    spread = factor * np.sqrt(np.maximum(np.nan_to_num(variance, nan=np.inf), least**2))
    mean = np.nan_to_num(chosen.law(at_u, *theta), nan=y[-1])
    return Forecast(
        np.clip(mean, *bounds), np.minimum(spread, width if np.isfinite(width) else 1e6)
    )


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
    """
    actual = as_array("actual", actual)
    require(actual.shape == found.mean.shape, "actual", actual.shape, f"shape {found.mean.shape}")
    z = (actual - found.mean) / found.spread
    return found.spread * (
        z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi)
    )


def interval_covers(found: Forecast, actual: ArrayLike, level: float = 0.95) -> NDArray[np.bool_]:
    """Whether each forecast's central interval of a level contains what came out."""
    reach = stats.norm.ppf(0.5 + level / 2) * found.spread
    return np.abs(as_array("actual", actual) - found.mean) <= reach
