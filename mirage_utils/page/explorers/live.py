"""Explorers without a kernel: Altair charts whose formulas are the library's SymPy expressions.

A chart computes its rows in the reader's browser, from the same expressions that NumPy evaluates here.
The values of the controls reach it as parameters named ``v_`` and the control's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from ... import symbols
from ...errors import FieldError
from .controls import Format

__all__ = [
    "GRID", "MUTED", "Live", "colour", "grid", "numbers", "panel", "parameter", "percent", "rounded", "scale_x",
    "sequence",
    "size_words", "switch", "two_lines", "vega",
]  # fmt: skip

GRID = (6.0, 13.0, 0.05)
"""Axis of scale: powers of ten from, to, step."""


def parameter(name: str) -> str:
    """A control's value as an expression."""
    return f"v_{name}"


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


def grid(start: float, stop: float, step: float) -> NDArray[np.float64]:
    """The numbers of Vega's sequence of the same arguments."""
    return np.asarray(
        start + step * np.arange(int(np.ceil((stop - start) / step - 1e-9))), dtype=np.float64
    )


def sequence(start: float, stop: float, step: float, name: str) -> alt.SequenceGenerator:
    """Rows with one field, ``start + i * step`` below `stop`."""
    return alt.sequence(start, stop, step, as_=name)


def rounded(values: ArrayLike, digits: int) -> NDArray[np.float64]:
    """Numbers as the page carries them: both forms of an explorer work on the same ones."""
    found = np.asarray(values, dtype=float)
    return np.array([float(f"{v:.{digits}g}") for v in found.flat]).reshape(found.shape)


def size_words(value: str) -> str:
    """Expression of a number of parameters in words, such as ``1.5B``."""
    units = (("1e12", "T"), ("1e9", "B"), ("1e6", "M"), ("1e3", "k"))
    large = "".join(
        f"({value}) >= {unit} ? format(({value}) / {unit}, '.2~f') + '{name}' : "
        for unit, name in units
    )
    return f"({large}format({value}, '.3~g'))"


def scale_x(
    field: str = "N", title: str = "parameters N", domain: Sequence[float] = (1e6, 1e13)
) -> alt.X:
    """The horizontal axis of scale, logarithmic."""
    low, high = np.log10(domain[0]), np.log10(domain[1])
    every = max(1, round((high - low) / 4))
    ticks = [10.0**k for k in range(int(np.ceil(low - 1e-9)), int(high + 1e-9) + 1, every)]
    return alt.X(
        f"{field}:Q",
        scale=alt.Scale(type="log", domain=list(domain), nice=False),
        axis=alt.Axis(title=title, values=ticks, labelExpr=size_words("datum.value")),
    )


def numbers(
    field: str, title: str, domain: Sequence[float] | None = None, *, log: bool = False
) -> alt.Y:
    """A vertical axis of plain numbers."""
    scale = alt.Scale(type="log" if log else "linear", nice=False)
    if domain is not None:
        scale.domain = list(domain)
    axis = alt.Axis(title=title, tickCount=5, format="~g")
    return alt.Y(f"{field}:Q", scale=scale, axis=axis)


def percent(
    field: str, title: str, domain: Sequence[float] = (0, 1), *, log: bool = False
) -> alt.Y:
    """A vertical axis of shares."""
    axis = alt.Axis(title=title, format="~%" if log else ".0%", tickCount=5)
    if log:
        low, high = np.log10(domain[0]), np.log10(domain[1])
        axis.values = [10.0**k for k in range(int(np.ceil(low)), int(high) + 1, 2)]
    scale = alt.Scale(type="log" if log else "linear", domain=list(domain), nice=False)
    return alt.Y(f"{field}:Q", scale=scale, axis=axis)


def two_lines(
    rows: alt.Chart,
    lines: Mapping[str, tuple[str, str]],
    x: alt.X,
    y: alt.Y,
    *,
    dashed: str,
) -> alt.Chart:
    """Two fields of the same rows as lines of one chart, with a legend.

    Parameters
    ----------
    rows : alt.Chart
    lines : mapping of str to (str, str)
        Words and colour by field.
    x, y : alt.X, alt.Y
        Axes; `y` shows a field ``value``, which is that of the line.
    dashed : str
        The field whose line is dashed.
    """
    words, colours = zip(*lines.values(), strict=True)
    dashes = [[6, 4] if name == dashed else [1, 0] for name in lines]
    first, _ = lines
    return (
        rows.transform_fold(list(lines), as_=["which", "value"])
        .transform_calculate(curve=f"datum.which == '{first}' ? '{words[0]}' : '{words[1]}'")
        .transform_filter("isValid(datum.value)")
        .mark_line()
        .encode(
            x,
            y,
            alt.Color("curve:N", scale=alt.Scale(domain=words, range=colours)),
            alt.StrokeDash("curve:N", scale=alt.Scale(domain=words, range=dashes)),
        )
    )


def colour(number: int) -> str:
    """A series colour of the house that follows the page from light to dark."""
    return f"var(--mb-c{number})"


MUTED = "var(--mb-muted)"
"""Colour of what stands behind."""
_INK, _GRID = "var(--mb-ink)", "var(--mb-grid)"
_CONFIG = {
    "aria": False,  # the place of the chart bears its words
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domainColor": MUTED, "tickColor": MUTED, "gridColor": _GRID, "labelColor": _INK,
        "titleColor": _INK, "labelFontSize": 13, "titleFontSize": 13, "titleFontWeight": "normal",
        "titlePadding": 8,
    },
    "title": {"color": _INK, "anchor": "start", "fontSize": 14.5, "offset": 10},
    "legend": {
        "labelColor": _INK, "titleColor": _INK, "labelFontSize": 13, "orient": "top",
        "title": None, "symbolType": "stroke", "symbolSize": 260, "symbolStrokeWidth": 2.4,
    },
    "line": {"strokeWidth": 2.2, "clip": True},
    "rule": {"color": MUTED},
}  # fmt: skip


def panel(
    *layers: alt.Chart,
    title: str,
    height: int = 250,
) -> dict[str, Any]:
    """Layers as one chart that fills its place.

    Parameters
    ----------
    *layers : alt.Chart
    title : str
        Bold line above, plain text, or an expression that begins with ``=``.
    height : int
        Pixels.

    Returns
    -------
    dict
        A Vega-Lite specification. Its parameters come with `Live.specifications`.
    """
    heading: Any = {"expr": title[1:]} if title.startswith("=") else title
    chart = alt.layer(*layers).properties(
        width="container", height=height, title=alt.TitleParams(text=heading)
    )
    spec = chart.to_dict()
    spec["config"] = _CONFIG
    del spec["$schema"]
    return spec


@dataclass(frozen=True)
class Live:
    """What moves in the page.

    Parameters
    ----------
    panels : tuple of dict
        Vega-Lite specifications, from `panel`, in reading order.
    says : str
        Expression of the sentence that tells what is seen, in terms of the parameters.
    rows : callable
        ``rows(**values) -> DataFrame``: the rows that a chart draws, computed here by NumPy, with at
        least the fields in `columns`. The table without scripts is made of it, and the tests hold
        the charts against it.
    columns : mapping of str to (str, str)
        Heading and format of the table's columns, by field.
    caption : str
        HTML. What is drawn, whatever the values.
    alt : str
        Plain text. What the charts show, whatever the values.
    constants : mapping of str to value
        What expressions need beside the values of the controls, by the name of the parameter.
    every : int
        The table shows one row in so many.
    drag : tuple of str
        Controls that the pointer can draw in the first panel, from left to right.
    presets : mapping of str to mapping
        Values that a choice named ``preset`` gives to the other controls, by its value.
    """

    panels: tuple[dict[str, Any], ...]
    says: str
    rows: Callable[..., pd.DataFrame]
    columns: Mapping[str, tuple[str, Format]]
    caption: str
    alt: str
    constants: Mapping[str, Any] = field(default_factory=dict)
    every: int = 1
    drag: tuple[str, ...] = ()
    presets: Mapping[str, Mapping[str, float]] | None = None

    def specifications(self, start: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The panels with their parameters; the first one says what is seen.

        Parameters
        ----------
        start : mapping of str to value
            Starting values of the controls, by name.
        """
        given = {parameter(name): value for name, value in start.items()} | dict(self.constants)
        shared = [{"name": name, "value": value} for name, value in given.items()]
        says = {"name": "says", "expr": self.says}
        first, *rest = self.panels
        return [{**first, "params": [*shared, says]}, *({**p, "params": shared} for p in rest)]
