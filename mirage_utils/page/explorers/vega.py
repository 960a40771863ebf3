"""Vega's expression language: formulas from SymPy, numbers in words, and what Vega makes of them, here and now.

What the page computes and writes, Vega computes and writes; the still picture and the live kernel get the same from
`engine`, which is Vega outside of a page. So nothing is described twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from ... import symbols
from ...errors import FieldError
from ..style import THEME
from . import engine

__all__ = [
    "FORMATS", "Format", "colour", "evaluated", "parameter", "place", "rounded", "size_words", "svg", "switch", "texts_of_rows", "vega",
    "written",
]  # fmt: skip

Format = Literal["size", "whole", "fixed1", "fixed2", "digits3", "percent", "text"]
FORMATS: tuple[Format, ...] = get_args(Format)
"""Ways to write a value."""


def parameter(name: str) -> str:
    """A control's value as an expression."""
    return f"v_{name}"


def place(name: str) -> str:
    """Which of the values of a slider in steps it has, from 0, as an expression."""
    return f"indexof(values_{name}, {parameter(name)})"


def vega(expression: sp.Expr, names: Mapping[sp.Symbol, str] | None = None) -> str:
    """A SymPy expression in Vega's expression language.

    Parameters
    ----------
    expression : sympy.Expr
    names : mapping of Symbol to str, optional
        What stands for a symbol, such as ``datum.p``; the parameter of its own name if not here.

    Raises
    ------
    FieldError
        If the expression uses a function that Vega does not have.
    """
    given = {s: (names or {}).get(s, parameter(str(s))) for s in expression.free_symbols}
    # Symbols under new names: the same assumptions, so that nothing is simplified anew.
    renamed = {s: sp.Symbol(text, **s.assumptions0) for s, text in given.items()}
    try:
        script = symbols.javascript(expression.xreplace(renamed))
    except NotImplementedError:
        raise FieldError("expression", expression, "functions that JavaScript has") from None
    return re.sub(r"\s+", " ", script.replace("Math.", ""))


def switch(name: str, cases: Mapping[str, str], otherwise: str = "null") -> str:
    """Expression that is one of several by the value of a choice.

    Parameters
    ----------
    name : str
        The control.
    cases : mapping of str to str
        Expression by value.
    otherwise : str
        Expression for any other value.
    """
    branches = "".join(f"{parameter(name)} == '{k}' ? ({v}) : " for k, v in cases.items())
    return f"({branches}{otherwise})"


def size_words(value: str) -> str:
    """Expression of a number of parameters in words, such as ``1.5B``."""
    units = (("1e12", "T"), ("1e9", "B"), ("1e6", "M"), ("1e3", "k"))
    large = "".join(
        # What rounds up to a unit has that unit's name: 999,900 is 1M.
        f"({value}) >= 0.9995 * {unit} ? format(({value}) / {unit}, '.3~r') + '{name}' : "
        for unit, name in units
    )
    return f"({large}format({value}, '.3~r'))"


def written(value: str, how: Format) -> str:
    """Expression of a value in words.

    Parameters
    ----------
    value : str
        Expression of a number, or of a text.
    how : str
        One of `FORMATS`. ``percent`` writes nothing as 0% that is not zero, and nothing as 100% that is not one.
    """
    x = f"({value})"
    match how:
        case "size":
            return size_words(value)
        case "whole":
            return f"format({x}, ',.0f')"
        case "fixed1" | "fixed2":
            return f"format({x}, '.{how[-1]}f')"
        case "digits3":
            number = (
                f"({x} == 0 || abs{x} >= 1e-6 && abs{x} < 1e7 ? format({x}, '.3~r') : {_power(x)})"
            )
            return f"(!isValid({x}) ? '–' : isFinite({x}) ? {number} : '∞')"
        case "percent":
            small = f"{x} < 1e-7 ? 'under 0.00001%' : format(100 * {x}, '.2~r') + '%'"
            large = f"{x} < 1 && {x} > 0.9995 ? 'over 99.9%' : format(100 * {x}, '.1~f') + '%'"
            return f"(!isValid({x}) ? '–' : {x} > 0 && {x} < 0.01 ? ({small}) : {large})"
        case _:
            return f"toString({x})"


def _power(x: str) -> str:
    """Expression of a number with a power of ten, as the prose writes it: ``4 × 10⁻⁹``."""
    parts = f"split(format({x}, '.2~e'), 'e')"
    raised = f"replace({parts}[1], '+', '')"
    for plain, high in zip("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True):
        raised = f"replace({raised}, regexp('{plain}', 'g'), '{high}')"
    return f"{parts}[0] + ' × 10' + {raised}"


def rounded(values: ArrayLike, digits: int) -> NDArray[np.float64]:
    """Numbers with so many significant digits, as the page carries them."""
    found = np.asarray(values, dtype=float)
    return np.array([float(f"{v:.{digits}g}") for v in found.flat]).reshape(found.shape)


def colour(name: str) -> str:
    """A colour of the house, such as ``c1``, that follows the page from light to dark.

    Parameters
    ----------
    name : str
        Of `THEME`; where there is no style sheet of the book's, its light form stands.
    """
    return f"var(--mb-{name}, {THEME[name][0]})"


# -- what Vega makes of it, without a browser ------------------------------------------------------------


def evaluated(expressions: Sequence[str], values: Mapping[str, Any]) -> list[Any]:
    """Values of expressions.

    Parameters
    ----------
    expressions : sequence of str
    values : mapping of str to value
        What they need, by name.

    Returns
    -------
    list of str, float, bool or None
    """
    spec = {
        "$schema": "https://vega.github.io/schema/vega/v6.json",
        "signals": [{"name": name, "value": value} for name, value in values.items()],
        "marks": [
            {"type": "text", "encode": {"enter": {"text": {"signal": each}}}}
            for each in expressions
        ],
    }
    scene = engine.scene(spec)
    return [item.get("text") for mark in _marks(scene, "text") for item in mark["items"]]


def _marks(node: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    if node.get("marktype") == kind:
        yield node
        return
    for inner in node.get("items", []):
        yield from _marks(inner, kind)


def svg(specification: Mapping[str, Any], prefix: str, width: int) -> str:
    """A chart as inline SVG whose colours follow the page, without a size of its own in a page.

    Parameters
    ----------
    specification : mapping
        Vega-Lite, with ``width: container``.
    prefix : str
        What every id begins with.
    width : int
        Pixels of the whole picture, with which its letters have their proper size.
    """
    fitted = {**specification, "width": width, "autosize": {"type": "fit-x", "contains": "padding"}}
    text = engine.drawn(fitted)
    text = re.sub(
        r"<svg [^>]*?viewBox=(\"[^\"]*\")[^>]*>",
        rf'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" viewBox=\1 aria-hidden="true" focusable="false">',
        text,
        count=1,
    )
    text = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', text)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", text)


def texts_of_rows(specification: Mapping[str, Any]) -> list[list[str]]:
    """The cells of each row of a Vega specification whose data set ``rows`` has a field ``cells``."""
    mark = {
        "type": "text",
        "from": {"data": "rows"},
        "encode": {"enter": {"text": {"field": "cells"}}},
    }
    scene = engine.scene({**specification, "marks": [mark]})
    return [item["text"] for mark in _marks(scene, "text") for item in mark["items"]]
