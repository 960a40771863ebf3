"""Bent curves to hold a straight line against: descriptions without a mechanism, and counts that scatter.

That a line fits badly is no proof of a bend. A parabola in the same coordinate is a smooth curve with one parameter more than
the line, a cubic has two, and so do two lines that meet: whoever says "bend" must beat the smooth curve with as many parameters.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import sympy as sp
from scipy import optimize, special
from sympy.codegen.numpy_nodes import logaddexp

from ..curves import Curve
from ..errors import require
from ..symbols import alpha
from .accuracy import _RHO, AccuracyLaw, Counts, Parameter, a, u
from .fitting import checked_reference, deviance, fit

__all__ = ["CUBIC", "KINK", "PARABOLA", "NormalLuck", "normal_luck", "scattered"]

_SQUARE = Parameter(sp.Symbol("b", real=True), -2.0, 2.0, meaning="curvature")
_CUBE = Parameter(sp.Symbol("d", real=True), -2.0, 2.0, meaning="change of curvature")
_TURN = Parameter(sp.Symbol("t", real=True), -6.0, 6.0, meaning="exponent gained at the kink")
_PLACE = Parameter(
    sp.Symbol("k", real=True), -4.0, 3.2, meaning="ln of the kink's size over the reference size"
)

PARABOLA = AccuracyLaw(
    "parabola", "parabola", sp.exp(-sp.exp(a - alpha * u - _SQUARE.symbol * u**2)), (_SQUARE,)
)
"""A parabola of ``ln(-ln accuracy)`` in ln N."""
CUBIC = AccuracyLaw(
    "cubic",
    "cubic",
    sp.exp(-sp.exp(a - alpha * u - _SQUARE.symbol * u**2 - _CUBE.symbol * u**3)),
    (_SQUARE, _CUBE),
)
"""A cubic of ``ln(-ln accuracy)`` in ln N."""
KINK = AccuracyLaw(
    "kink",
    "two lines that meet",
    # Joined within a few per cent of size (100 of it in a unit of ln N), so that the law has slopes everywhere.
    sp.exp(-sp.exp(a - alpha * u - _TURN.symbol * logaddexp(0, 100 * (u - _PLACE.symbol)) / 100)),
    (_TURN, _PLACE),
)
"""Two straight lines of ``ln(-ln accuracy)`` in ln N that meet at a size."""


def scattered(law: AccuracyLaw) -> AccuracyLaw:
    """A law whose counts scatter more than those of independent items: training runs differ by luck.

    Parameters
    ----------
    law : AccuracyLaw
        With binomial counts.

    Returns
    -------
    AccuracyLaw
        The same accuracy; counts are beta-binomial, and ``rho``, the correlation of items within one trained model, is one
        parameter more. Runs scatter by ``sqrt(rho) / 2`` at a score of one half.

    Examples
    --------
    >>> from mirage_utils.laws import FLOOR
    >>> scattered(FLOOR).title
    'guessing floor, with luck'
    """
    require(not law.overdispersed, "law", law.name, "a law with binomial counts")
    return replace(  # of the law's own class, which may compute its accuracy in a way of its own
        law,
        name=f"{law.name}_scattered",
        title=f"{law.title}, with luck",
        extra=(*law.extra, _RHO),
        overdispersed=True,
        hilly=False,
    )


class NormalLuck(NamedTuple):
    """A law whose training runs have normal luck, fitted to a curve.

    Attributes
    ----------
    deviance : float
        From the saturated binomial model.
    spread : float
        Standard deviation of the luck, in the coordinate in which it is normal.
    at_one_half : float
        By how much one standard deviation of luck moves a score of one half, to first order.
    """

    deviance: float
    spread: float
    at_one_half: float


def _cloglog(A: np.ndarray) -> np.ndarray:
    return np.log(-np.log(A))


def _of_cloglog(y: np.ndarray) -> np.ndarray:
    return np.exp(-np.exp(np.minimum(y, 600)))


_COORDINATES = {
    # The way there and back, and how fast a score of one half moves along it.
    "loss": (_cloglog, _of_cloglog, 0.5 * float(np.log(2))),
    "odds": (special.logit, special.expit, 0.25),
}


def normal_luck(
    law: AccuracyLaw, curve: Curve, *, reference: float, of: str = "loss"
) -> NormalLuck:
    """Fit a law whose runs have luck of another form than `scattered`: normal in a coordinate of the score.

    Parameters
    ----------
    law : AccuracyLaw
        With binomial counts.
    curve : Curve
        Of counts.
    reference : float
        Scale at which ``u = 0``.
    of : {"loss", "odds", "skill"}
        What is lucky: ``ln(-ln score)``, ``ln(score / (1 - score))``, or ``ln(-ln accuracy)`` of the line alone, so
        that what a law adds to the line, such as a floor, has no luck.

    Examples
    --------
    >>> from mirage_utils.laws import STRAIGHT
    >>> curve = Curve([1e8, 1e9, 1e10, 1e11], [0.007, 0.081, 0.285, 0.533], n=1000)
    >>> normal_luck(STRAIGHT, curve, reference=1e9).spread < 0.1
    True
    """
    require(not law.overdispersed, "law", law.name, "a law with binomial counts")
    require(of in ("loss", "odds", "skill"), "of", of, "loss, odds or skill")
    return _normal_luck(law, curve, checked_reference(curve, reference, len(law.parameters)), of)


@lru_cache(maxsize=256)
def _normal_luck(law: AccuracyLaw, curve: Curve, reference: float, of: str) -> NormalLuck:
    """`normal_luck`, kept: a second to climb."""
    there, back, at_one_half = _COORDINATES["loss" if of == "skill" else of]
    places = np.log(curve.scale / reference)[:, None]
    counts = Counts(curve.counts[:, None], curve.items[:, None])
    luck = np.linspace(-4.5, 4.5, 401)  # steps finer than what thousands of items tell apart
    weight = np.exp(-(luck**2) / 2) / np.exp(-(luck**2) / 2).sum()
    extra = np.array([(q.low, q.high) for q in law.extra]).reshape(-1, 2)

    def lost(z: np.ndarray) -> float:
        rate, spread = np.exp(np.clip(z[1:3], -7, 3))
        others = extra[:, 0] + (extra[:, 1] - extra[:, 0]) * special.expit(z[3:])
        if of == "skill":
            right = law.accuracy(places, (z[0] + spread * luck, rate, *others))
        else:
            A = np.clip(law.accuracy(places, (z[0], rate, *others)), 1e-300, 1 - 1e-15)
            right = back(there(A) + spread * luck)
        return -float(special.logsumexp(counts.log_pmf(right), b=weight, axis=1).sum())

    fitted = fit(law, curve, reference=reference)
    line = [(fitted.theta[0], fitted.theta[1]), (1.0, 1.0)]
    starts = [
        (first, np.log(rate), np.log(spread), *(-2.0 for _ in extra))
        for first, rate in line
        for spread in (0.2, 1.0)
    ]
    ends = [
        optimize.minimize(lost, z, method="Nelder-Mead", options={"maxfev": 250}) for z in starts
    ]
    best = min(ends, key=lambda end: end.fun)
    for _ in range(2):  # a fresh simplex leaves the ridge on which an old one has shrunk
        best = optimize.minimize(lost, best.x, method="Nelder-Mead", options={"maxfev": 600})
    spread = float(np.exp(np.clip(best.x[2], -7, 3)))
    return NormalLuck(deviance(curve, -best.fun), spread, spread * at_one_half)
