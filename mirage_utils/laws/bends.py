"""Bent curves to hold a straight line against: descriptions without a mechanism, and counts that scatter.

That a line fits badly is no proof of a bend. A parabola in the same coordinate is a smooth curve with one parameter more than
the line, a cubic has two, and so do two lines that meet: whoever says "bend" must beat the smooth curve with as many parameters.
"""

from __future__ import annotations

import sympy as sp

from ..errors import require
from ..symbols import alpha
from .accuracy import _RHO, AccuracyLaw, Parameter, a, u

__all__ = ["CUBIC", "KINK", "PARABOLA", "scattered"]

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
    # Joined within a few per cent of size, so that the law has slopes everywhere.
    sp.exp(-sp.exp(a - alpha * u - _TURN.symbol * sp.log(1 + sp.exp(8 * (u - _PLACE.symbol))) / 8)),
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
    'guessing floor, with scatter'
    """
    require(not law.overdispersed, "law", law.name, "a law with binomial counts")
    return AccuracyLaw(
        f"{law.name}_scattered",
        f"{law.title}, with scatter",
        law.expression,
        (*law.extra, _RHO),
        True,
    )
