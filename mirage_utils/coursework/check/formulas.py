"""Checks of formulas written with SymPy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ..values import Expression, Other, plain
from .draws import rng
from .messages import NotYet, described, sentence, short

__all__ = ["closed_form", "expression"]

_POINTS = 12  # random points at which two formulas are held against each other


def expression(
    got: Any,
    reference: Any,
    ranges: Mapping[str, tuple[float, float]],
    what: str,
    *,
    rtol: float = 1e-9,
    hint: str = "",
) -> None:
    """A SymPy expression equal to a reference, in whatever form it is written.

    Both are evaluated with 30 digits at random points. Two analytic formulas that agree at random points are the
    same formula with probability one, while whether ``simplify`` reaches zero depends on how they are written.

    Parameters
    ----------
    got : sympy.Expr
        The answer. Symbols count by name; assumptions such as ``positive=True`` do not matter.
    reference : sympy.Expr
        A right answer.
    ranges : mapping of str to (float, float)
        For each symbol the range to draw from.
    what : str
        Name of the answer.
    rtol : float
        Relative tolerance of the values at those points.
    hint : str
        Added to the message.

    Raises
    ------
    NotYet
        If the answer is no expression, has other symbols, or differs.
    """
    value, target = plain(got), plain(reference)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = (
            Expression(("Float", repr(float(value)))) if math.isfinite(value) else Other(str(value))
        )
    if isinstance(target, (int, float)):
        target = Expression(("Float", repr(float(target))))
    assert isinstance(target, Expression)
    if not isinstance(value, Expression):
        raise NotYet(
            sentence(what, f"{described(value)}, where a SymPy expression is expected", "")
        )
    strange = value.symbols() - set(ranges)
    if strange:
        raise NotYet(
            f"{what} contains {', '.join(sorted(strange))}; expected is an expression in {', '.join(ranges)}."
        )
    draw = rng(f"expression {what}")
    compared = 0
    for _ in range(4 * _POINTS):
        point = {name: float(draw.uniform(*limits)) for name, limits in ranges.items()}
        try:
            right = target.at(point)
        except ArithmeticError:  # the reference has no value here: draw another point
            continue
        shown = ", ".join(f"{name} = {number:.4g}" for name, number in point.items())
        try:
            left = value.at(point)
        except (ArithmeticError, TypeError, AttributeError) as error:
            raise NotYet(sentence(what, f"no value at {shown} ({error})", hint)) from None
        if not abs(left - right) <= rtol * abs(right) + 1e-25:
            raise NotYet(
                sentence(what, f"{short(left)} at {shown}, where {short(right)} is expected", hint)
            )
        compared += 1
        if compared == _POINTS:
            return
    raise ValueError(f"{what}: the reference has values at {compared} points only")


def closed_form(got: Any, what: str, *, without: Iterable[str] = ()) -> None:
    """An expression that contains none of these symbols.

    Parameters
    ----------
    got : object
        The answer.
    what : str
        The answer in words or code, for the message.
    without : iterable of str
        Names of symbols that must not be in it.

    Raises
    ------
    NotYet
        If the answer is no expression, or contains one of them.
    """
    value = plain(got)
    if not isinstance(value, Expression):
        raise NotYet(
            sentence(what, f"{described(value)}, where a SymPy expression is expected", "")
        )
    found = value.symbols() & set(without)
    if found:
        raise NotYet(f"{what} still contains {', '.join(sorted(found))}.")
