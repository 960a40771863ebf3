"""What a Matplotlib figure shows to bare eyes: the data of its lines, points and bars, taken apart."""

from __future__ import annotations

import math
from typing import Any

from .sizes import POINTS, SERIES, Walk

__all__ = ["from_matplotlib"]

_FAINT = 0.03  # of the whole way from the background to a colour; points of width


def from_matplotlib(value: Any, walk: Walk, depth: int) -> Any:
    """A figure or axes as JSON (see `encode`); None if the value is neither."""
    from matplotlib import axes, figure

    if issubclass(type(value), figure.Figure):
        found = value.axes
    elif issubclass(type(value), axes.Axes):
        found = [value]
    else:
        return None
    # A colour bar has axes that show nothing by themselves.
    shown = [each for each in found if each.get_visible() and not hasattr(each, "_colorbar")]
    if walk.too_many(0):
        return {"other": "picture after too many others"}
    drawing = [_axes(each) for each in shown]
    walk.too_many(sum(len(each["x"]) for pair in drawing for each in pair["series"]))
    return {"drawing": drawing}


def _axes(axes: Any) -> dict[str, Any]:
    import numpy as np
    from matplotlib.collections import PathCollection
    from matplotlib.container import BarContainer, ErrorbarContainer

    background = _background(axes)
    # The ends of error bars are lines, too, and no curves.
    caps = [
        c for each in axes.containers if isinstance(each, ErrorbarContainer) for c in each.lines[1]
    ]
    series = []
    for line in axes.get_lines():
        kind = _seen_as(line, background)
        if kind and not any(line is each for each in caps):
            x, y = line.get_data(orig=False)
            series.append(_series(kind, line.get_label(), x, y))
    for points in axes.collections:
        if isinstance(points, PathCollection) and points.get_visible():
            at = np.ma.asanyarray(points.get_offsets())[_dots_seen(points, background)]
            if len(at):
                series.append(_series("points", points.get_label(), at[:, 0], at[:, 1]))
    for bars in axes.containers:
        if isinstance(bars, BarContainer):
            seen = [each for each in bars.patches if _bar_is_seen(each, background)]
            middle = [each.get_x() + each.get_width() / 2 for each in seen]
            heights = [each.get_height() for each in seen]
            if seen:
                series.append(_series("bars", bars.get_label(), middle, heights))
    return {
        # In a loop, each point may have been drawn by itself: what has most points is what is asked about.
        "series": sorted(series, key=lambda each: -len(each["x"]))[:SERIES],
        "x_scale": axes.get_xscale(),
        "y_scale": axes.get_yscale(),
        "x_label": axes.get_xlabel()[:400],
        "y_label": axes.get_ylabel()[:400],
        "title": axes.get_title()[:400],
    }


def _background(axes: Any) -> Any:
    """The colour behind what is drawn: that of the axes, over that of the figure, over white paper."""
    from matplotlib.colors import to_rgba

    behind: tuple[float, ...] = (1.0, 1.0, 1.0)
    for patch in (axes.get_figure(root=True).patch, axes.patch):
        *paint, alpha = to_rgba(patch.get_facecolor())
        alpha = alpha if patch.get_visible() else 0.0
        behind = tuple(alpha * a + (1 - alpha) * b for a, b in zip(paint, behind, strict=True))
    return behind


def _paints(colour: Any, background: Any) -> bool:
    """Whether a colour can be told from another with bare eyes."""
    from matplotlib.colors import to_rgba

    *paint, alpha = to_rgba(colour)
    return alpha * max(abs(a - b) for a, b in zip(paint, background, strict=False)) > _FAINT


def _seen_as(line: Any, background: Any) -> str:
    """``line`` if the line can be seen, ``points`` if only its markers can, or nothing."""
    alpha = line.get_alpha()
    if not line.get_visible() or (alpha is not None and alpha < _FAINT):
        return ""
    dashes = line.get_linestyle() not in ("None", "none", " ", "")
    if dashes and line.get_linewidth() > _FAINT and _paints(line.get_color(), background):
        return "line"
    marker = line.get_marker() not in ("None", "none", " ", "", None)
    if not marker or line.get_markersize() <= _FAINT or line.get_markevery() is not None:
        return ""
    colours = [line.get_markeredgecolor()]
    if line.get_fillstyle() != "none":
        colours.append(line.get_markerfacecolor())
    return "points" if any(_paints(each, background) for each in colours) else ""


def _dots_seen(points: Any, background: Any) -> Any:
    """Which dots of a scatter can be seen."""
    import numpy as np

    count = len(points.get_offsets())
    sizes = np.resize(points.get_sizes(), count) > _FAINT
    alpha = points.get_alpha()
    if alpha is not None:
        sizes &= np.resize(alpha, count) > _FAINT
    if points.get_array() is not None:  # coloured by a number: known only when it is drawn
        return sizes
    painted = np.zeros(count, dtype=bool)
    for colours in (points.get_facecolor(), points.get_edgecolor()):
        if len(colours):
            seen = [_paints(each, background) for each in colours]
            painted |= np.resize(seen, count)
    return sizes & painted


def _bar_is_seen(bar: Any, background: Any) -> bool:
    colours = (bar.get_facecolor(), bar.get_edgecolor())
    return bar.get_visible() and bar.get_width() != 0 and any(_paints(each, background) for each in colours)  # fmt: skip


def _series(kind: str, label: Any, x: Any, y: Any) -> dict[str, Any]:
    def numbers(values: Any) -> list[Any]:
        listed = list(values)
        if len(listed) > POINTS:
            step = (len(listed) - 1) / (POINTS - 1)
            listed = [listed[round(n * step)] for n in range(POINTS)]
        listed = [float(each) for each in listed]
        return [each if math.isfinite(each) else repr(each) for each in listed]

    return {"kind": kind, "label": str(label)[:200], "x": numbers(x), "y": numbers(y)}
