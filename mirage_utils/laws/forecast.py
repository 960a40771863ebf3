"""Forecasting the scores of large models from those of small ones, and scoring the forecasts.

A curve that looks smooth need not be predictable, nor one that looks sharp unpredictable. The only
test is to hide the large models, forecast them with a stated uncertainty, and compare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sympy.codegen.numpy_nodes import logaddexp

from ..errors import UnknownNameError, as_array, require
from ..symbols import Formula, x
from .climbing import in_step, one_by_one

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
    law : Formula, optional
        The score along the natural logarithm of scale, counted from the middle of the known scales in units of their
        range; None for the naive forecast, the last known score.
    starts : callable, optional
        ``starts(u, y)``: initial parameters, one tuple or several; the best fit of all counts.
    source : str
        Where the law stands.
    """

    name: str
    title: str
    law: Formula | None = field(repr=False)
    starts: Callable[..., list[tuple[float, ...]]] | None = field(repr=False)
    source: str


def _within(value: sp.Expr, end: int) -> sp.Expr:
    return sp.Max(sp.Min(value, end), -end)


_a, _b, _c, _turn, _change = sp.symbols("a b c turn change", real=True)
_low, _rise, _middle, _slope = sp.symbols("low rise middle slope", real=True)

_LINE = Formula(_a + _b * x, x, (_a, _b))
# Exponents are bounded through tanh: what a fit to few points may not do is explode.
_EXPONENT = 3 * (1 + sp.tanh(_c)) / 2
_POWER = Formula(_a + _b * sp.exp(-_EXPONENT * x), x, (_a, _b, _c))
# The logistic function of z is (1 + tanh(z / 2)) / 2, which never overflows.
_STEEPNESS = sp.exp(_within(_slope, 4))
_SIGMOID = Formula(
    _low + _rise * (1 + sp.tanh(_STEEPNESS * (x - _middle) / 2)) / 2,
    x,
    (_low, _rise, _middle, _slope),
)
# A power law with one smooth break: in logarithms two slopes, joined softly.
_BEND = logaddexp(0, 4 * (x - _turn)) / 4
_BROKEN = Formula(
    _a + _b * sp.exp(_within(-_EXPONENT * x - 3 * sp.tanh(_change) * _BEND, 50)),
    x,
    (_a, _b, _c, _turn, _change),
)


CONTENDERS: Mapping[str, Contender] = {
    c.name: c
    for c in (
        Contender("last", "last value", None, None, "no change beyond the largest known model"),
        Contender(
            "line",
            "straight line",
            _LINE,
            lambda u, y: [tuple(np.polyfit(u, y, 1)[::-1])],
            "linear in the logarithm of scale",
        ),
        Contender(
            "power",
            "power law",
            _POWER,
            lambda u, y: (
                [(y[-1], y[0] - y[-1], c) for c in (-1.5, -0.5, 0.5)]
                + [(y[0], 1e-2 * (y[-1] - y[0]), -0.5)]
            ),
            "Kaplan et al. 2020, with a level it tends to",
        ),
        Contender(
            "sigmoid",
            "sigmoid",
            _SIGMOID,
            lambda u, y: [(y[0], y[-1] - y[0], m, s) for m in (0.0, u[-1]) for s in (-0.5, 0.7)],
            "Ruan et al. 2024; Bhagia et al. 2024, second step",
        ),
        Contender(
            "broken",
            "broken power law",
            _BROKEN,
            lambda u, y: [(y[-1], y[0] - y[-1], -0.5, t, 0.3) for t in (-0.5, 0.5)],
            "after Caballero et al. 2023, one break",
        ),
    )
}
"""The laws that compete, by name."""


_FLOATS = NDArray[np.float64]
Fits = Callable[[Formula, _FLOATS, _FLOATS, _FLOATS], tuple[_FLOATS, _FLOATS]]


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
    low, high = map(float, bounds)
    return _forecast(contender, tuple(x), tuple(y), tuple(np.atleast_1d(new)), (low, high))


@lru_cache(maxsize=4096)
def _forecast(
    contender: str,
    scale: tuple[float, ...],
    score: tuple[float, ...],
    at: tuple[float, ...],
    bounds: tuple[float, float],
) -> Forecast:
    """`forecast`, kept: analyses that differ in a yardstick or in what they leave out ask for the same ones again."""
    x, y, new, ends = (np.array([each]) for each in (scale, score, at, bounds))
    mean, spread = _forecasts(CONTENDERS[contender], x, y, new, ends, one_by_one)
    mean.flags.writeable = spread.flags.writeable = False
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
    return _forecasts(CONTENDERS[contender], scale, score, at, ends, in_step)


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
        known = np.nan_to_num(chosen.law.slopes(u, *theta.T[..., None]))
        # Parameters the data do not fix get a wide but finite spread through the pseudo-inverse.
        inverse = np.linalg.pinv(np.swapaxes(known, 1, 2) @ known, rcond=1e-10, hermitian=True)
        slopes = chosen.law.slopes(at_u, *theta.T[..., None])
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
