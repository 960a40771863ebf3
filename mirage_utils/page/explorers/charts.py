"""The charts of an explorer: one Vega-Lite specification each, for the page, the still picture and the live kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from ...errors import require
from ..style import Kind
from . import engine
from .vega import Format, colour, size_words, written

__all__ = [
    "GRID", "MUTED", "Charts", "dotted", "grid", "numbers", "panel", "percent", "scale_x", "sequence", "two_lines",
]  # fmt: skip

GRID = (6.0, 13.0, 0.05)
"""Axis of scale: powers of ten from, to, step."""
MUTED = colour("muted")
"""Colour of what stands behind."""


def grid(start: float, stop: float, step: float) -> NDArray[np.float64]:
    """The numbers of Vega's sequence of the same arguments."""
    return np.asarray(
        start + step * np.arange(int(np.ceil((stop - start) / step - 1e-9))), dtype=np.float64
    )


def sequence(start: float, stop: float, step: float, name: str) -> alt.SequenceGenerator:
    """Rows with one field, ``start + i * step`` below `stop`."""
    return alt.sequence(start, stop, step, as_=name)


def scale_x(
    field: str = "N", title: str = "parameters N", domain: Sequence[float] = (1e6, 1e13)
) -> alt.X:
    """The horizontal axis of scale, logarithmic."""
    low, high = np.log10(domain[0]), np.log10(domain[1])
    every = max(1, int(np.ceil((high - low) / 4)))  # labels that fit a phone
    ticks = [10.0**k for k in range(int(np.ceil(low - 1e-9)), int(high + 1e-9) + 1, every)]
    if len(ticks) < 2:  # less than a decade: one number says nothing about the axis
        ticks = [m * 10.0**k for k in range(int(np.floor(low)), int(high) + 1) for m in (1, 2, 5)]
        ticks = [tick for tick in ticks if domain[0] <= tick <= domain[1]]
    return alt.X(
        f"{field}:Q",
        scale=alt.Scale(type="log", domain=list(domain), nice=False),
        axis=alt.Axis(title=title, values=ticks, labelExpr=size_words("datum.value")),
    )


_TICK = "(datum.value == 0 ? '0' : format(100 * datum.value, '.3~r'))"
"""A share's tick in per cent: a round number, which may be small."""


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
    axis = alt.Axis(title=title, labelExpr=f"{_TICK} + '%'", tickCount=5)
    if log:
        low, high = np.log10(domain[0]), np.log10(domain[1])
        axis.values = [10.0**k for k in range(round(high), int(np.ceil(low)) - 1, -2)]
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


def dotted(axis: type[alt.X] | type[alt.Y], value: str) -> alt.Chart:
    """A dotted line across the chart, or down it.

    Parameters
    ----------
    axis : alt.X or alt.Y
        The axis on which `value` is.
    value : str
        Expression.
    """
    one = alt.Chart(alt.Data(values=[{}])).transform_calculate(here=value)
    return one.mark_rule(strokeDash=[2, 3], clip=True).encode(axis("here:Q"))


_INK = colour("ink")
_CONFIG = {
    "aria": False,  # the place of the chart bears its words
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domainColor": MUTED, "tickColor": MUTED, "gridColor": colour("grid"), "labelColor": _INK,
        "titleColor": _INK, "labelFontSize": 13, "titleFontSize": 13, "titleFontWeight": "normal",
        "titlePadding": 8,
    },
    "title": {"color": _INK, "anchor": "start", "fontSize": 14.5, "offset": 10},
    "legend": {
        "labelColor": _INK, "titleColor": _INK, "labelFontSize": 13, "orient": "top",
        "title": None, "symbolType": "stroke", "symbolSize": 260, "symbolStrokeWidth": 2.4,
    },
    "line": {"strokeWidth": 2.2},
    "rule": {"color": MUTED},
}  # fmt: skip


def panel(*layers: alt.Chart, title: str, height: int = 250) -> dict[str, Any]:
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
        A Vega-Lite specification, without the parameters of its explorer.
    """
    heading: Any = {"expr": title[1:]} if title.startswith("=") else title
    chart = alt.layer(*layers).properties(
        width="container", height=height, title=alt.TitleParams(text=heading)
    )
    spec = chart.to_dict()
    spec["config"] = _CONFIG
    # Labels that grow when a slider moves do not push the chart out of its place.
    spec["autosize"] = {"type": "fit-x", "contains": "padding", "resize": True}
    for layer in spec["layer"]:
        if layer["mark"]["type"] in (
            "line",
            "rule",
        ):  # what leaves the axes is not drawn over the words beside them
            layer["mark"]["clip"] = True
    del spec["$schema"]
    return spec


@dataclass(frozen=True)
class Charts:
    """What an explorer shows, whatever the values of its controls.

    Parameters
    ----------
    name : str
        Identifier of the figure, ``fig-...``.
    panels : tuple of dict
        Vega-Lite specifications, from `panel`, in reading order.
    says : str
        Expression of the sentence that tells what is seen.
    rows : alt.Chart
        The rows of the table, with at least the fields in `columns`.
    columns : mapping of str to (str, str)
        Heading and format of the table's columns, by field.
    caption : str
        HTML. What is drawn.
    alt : str
        Plain text. What the charts show.
    source, kind : str
        Where the numbers come from; see `mirage_utils.page.plots.show`.
    constants : mapping of str to value
        What expressions need beside the values of the controls, by the name of the parameter.
    every : int
        The table shows one row in so many.
    drag : tuple of str
        Controls that the pointer can draw in the first panel, from left to right.
    presets : mapping of str to mapping
        Values that a choice named ``preset`` gives to the other controls, by its value.
    """

    name: str
    panels: tuple[dict[str, Any], ...]
    says: str
    rows: alt.Chart
    columns: Mapping[str, tuple[str, Format]]
    caption: str
    alt: str
    source: str
    kind: Kind
    constants: Mapping[str, Any] = field(default_factory=dict)
    every: int = 1
    drag: tuple[str, ...] = ()
    presets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(len(self.panels) > 0, "panels", self.panels, "at least one panel")

    def table(self) -> dict[str, Any]:
        """The rows of the table as a Vega specification, whose data set ``rows`` has the texts of its cells.

        Returns
        -------
        dict
            With ``data`` and ``signals``, the latter without the parameters of the explorer.
        """
        cells = [written(f"datum['{name}']", how) for name, (_, how) in self.columns.items()]
        marks = self.rows.transform_calculate(cells=f"[{', '.join(cells)}]").mark_text()
        spec = engine.compiled({**marks.to_dict(), "params": []})
        shown = next(mark["from"]["data"] for mark in spec["marks"])
        data = [
            {**each, "name": "rows"} if each["name"] == shown else each for each in spec["data"]
        ]
        assert all(each.get("source") != shown for each in data), "the table's rows come last"
        return {"$schema": spec["$schema"], "data": data, "signals": []}
