"""Two readings of one leap, with three constants each: a smooth law, and slow growth with a switch.

Neither is a theory. They show how much, or how little, scores at a few sizes say about what lies between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from ..curves import Curve
from ..errors import as_array, require

__all__ = ["World", "smooth_world", "switch_world"]

_Floats = NDArray[np.float64]
_Law = Callable[[ArrayLike, _Floats], _Floats]


@dataclass(frozen=True)
class World:
    """A law of the score that was fitted to counts by maximum likelihood.

    Attributes
    ----------
    law : callable
        ``law(constants, scale)``: the score.
    constants : tuple of float
        At their likeliest.
    curve : Curve
        What they were fitted to.
    deviance : float
        Twice the log-likelihood by which a free score for every size beats the law.
    switch : tuple of float, optional
        From which scale on the score has another value, and that value.
    """

    law: _Law
    constants: tuple[float, ...]
    curve: Curve
    deviance: float
    switch: tuple[float, float] | None = None

    def at(self, scale: ArrayLike) -> _Floats:
        """Score at scales > 0."""
        N = as_array("scale", scale, low=0, open_low=True)
        found = self.law(self.constants, N)
        return found if self.switch is None else np.where(self.switch[0] > N, found, self.switch[1])

    def chance_of_misfit(self, *, draws: int, seed: int) -> float:
        """Share of data sets, made by the law and fitted again, that it fits no better than its own.

        Parameters
        ----------
        draws : int
            >= 1.
        seed : int
        """
        rng, n = np.random.default_rng(seed), self.curve.items
        made = rng.binomial(n, self.law(self.constants, self.curve.scale), (draws, len(n)))
        worse = sum(
            _fitted(self.law, self.curve.scale, k, n, self.constants)[1] >= self.deviance
            for k in made
        )
        return (1 + worse) / (1 + draws)


def smooth_world(curve: Curve) -> World:
    """A small constant, and one S-curve in the logarithm of size that ends at 1.

    Parameters
    ----------
    curve : Curve
        Shares of n items, rising, four sizes or more.

    Raises
    ------
    FieldError
        If there are fewer than four sizes, or no share lies between 0 and 1.

    Examples
    --------
    >>> curve = Curve([1e8, 1e9, 1e10, 1e11], [0.001, 0.002, 0.01, 0.3], n=2000)
    >>> smooth_world(curve).at([1e11]).round(2)
    array([0.3])
    """
    _checked(curve, 4)
    top, least = curve.log_scale[-1], max(float(curve.score[:-1].mean()), 0.1 / curve.items[0])
    starts = [(np.log(least / 2), np.log(h), top + 1 / h) for h in (1.0, 2.0)]
    fits = [_fitted(_s_curve, curve.scale, curve.counts, curve.items, start) for start in starts]
    constants, deviance = min(fits, key=lambda found: found[1])
    return World(_s_curve, constants, curve, deviance)


def switch_world(curve: Curve, at: float) -> World:
    """A power of size up to a switch between the last two sizes, and from there on the last score.

    Where the switch stands, the scores do not say: between the last two sizes it changes nothing at any of them.

    Parameters
    ----------
    curve : Curve
        Shares of n items, four sizes or more.
    at : float
        Scale of the switch.

    Raises
    ------
    FieldError
        If there are fewer than four sizes, no share lies between 0 and 1, or the switch does not stand between the last two.

    Examples
    --------
    >>> curve = Curve([1e8, 1e9, 1e10, 1e11], [0.001, 0.002, 0.004, 0.3], n=2000)
    >>> switch_world(curve, at=3e10).at([2e10, 4e10]).round(3)
    array([0.005, 0.3  ])
    """
    _checked(curve, 4)
    low, high = curve.scale[-2:]
    require(low < at <= high, "at", at, f"a scale above {low:g} and up to {high:g}")
    before = curve.up_to(low)
    power = partial(_power, reference=float(low))
    start = (np.log(max(float(before.score[-1]), 0.5 / before.items[-1])), 0.5)
    constants, deviance = _fitted(power, before.scale, before.counts, before.items, start)
    return World(power, constants, before, deviance, (float(at), float(curve.score[-1])))


def _s_curve(constants: ArrayLike, scale: _Floats) -> _Floats:
    log_rare, log_steepness, middle = np.asarray(constants)
    rare = np.exp(log_rare)
    return rare + (1 - rare) * special.expit(np.exp(log_steepness) * (np.log(scale) - middle))


def _power(constants: ArrayLike, scale: _Floats, *, reference: float) -> _Floats:
    level, slope = np.asarray(constants)
    return np.exp(level + slope * np.log(scale / reference))


def _fitted(
    law: _Law, scale: _Floats, k: NDArray[np.int64], n: NDArray[np.int64], start: ArrayLike
) -> tuple[tuple[float, ...], float]:
    def deviance(constants: _Floats) -> float:
        p = np.clip(law(constants, scale), 1e-12, 1 - 1e-12)
        right = special.xlogy(k, k / (n * p))
        return float(2 * (right + special.xlogy(n - k, (1 - k / n) / (1 - p))).sum())

    options = {"maxiter": 3000, "maxfev": 3000, "xatol": 1e-6, "fatol": 1e-6}
    found = optimize.minimize(deviance, np.asarray(start), method="Nelder-Mead", options=options)
    return tuple(float(value) for value in found.x), float(found.fun)


def _checked(curve: Curve, sizes: int) -> None:
    require(len(curve) >= sizes, "curve", len(curve), f"at least {sizes} sizes")
    inside = (curve.counts > 0) & (curve.counts < curve.items)
    require(bool(inside.any()), "curve", curve.score, "a share between 0 and 1")
