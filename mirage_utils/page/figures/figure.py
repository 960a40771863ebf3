"""Panels of layers, and figures of panels, with everything a reader is owed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from ...errors import require
from .. import plots
from .axes import Axis
from .labels import Handle, label
from .layers import Layer
from .look import Look, looks

__all__ = ["Panel", "figure", "panel", "small_multiples"]


@dataclass(frozen=True)
class Panel:
    """One set of axes; see `panel`, which makes it.

    Parameters
    ----------
    title : str
    layers : tuple of Layer
    x, y : Axis
    height : float, optional
        Inches.
    """

    title: str
    layers: tuple[Layer, ...]
    x: Axis
    y: Axis
    height: float | None = None

    @property
    def labels(self) -> list[str]:
        return [name for layer in self.layers for name in layer.ends]

    @property
    def rows(self) -> tuple[str, ...]:
        return next((layer.rows for layer in self.layers if layer.rows), ())


def panel(
    title: str, *layers: Layer, x: Axis | str, y: Axis | str = "", height: float | None = None
) -> Panel:
    """One set of axes with layers on it, the first at the back.

    Parameters
    ----------
    title : str
        What to see, or which part this is; bold above the axes.
    *layers : Layer
        From the verbs.
    x, y : Axis or str
        What the axes show; a text is the label of an axis of plain numbers. Rows (`rows`, `bars`, `heat`) have no other `y`.
    height : float, optional
        Inches.
    """
    require(len(layers) > 0, "layers", layers, "at least one layer")
    return Panel(title, layers, _axis(x), _axis(y), height)


def small_multiples(
    panels: Mapping[str, Sequence[Layer] | Layer], *, x: Axis | str, y: Axis | str = "", height: float = 2.4
) -> list[Panel]:  # fmt: skip
    """Panels of one kind by title, low and with the same axes.

    Parameters
    ----------
    panels : mapping of str to Layer, or to a sequence of them
        By title.
    x, y : Axis or str
        As in `panel`.
    height : float
        Inches.
    """
    return [
        panel(title, *([found] if isinstance(found, Layer) else found), x=x, y=y, height=height)
        for title, found in panels.items()
    ]


def figure(
    name: str,
    *panels: Panel | Sequence[Panel],
    alt: str,
    caption: str,
    source: str,
    kind: plots.Kind,
) -> plots.Picture:
    """A finished figure.

    Parameters
    ----------
    name : str
        Identifier, ``fig-...``, unique in the page: the anchor to link to.
    *panels : Panel or sequence of Panel
        In reading order.
    alt : str
        What the picture shows, for those who cannot see it: axes, series, the finding.
    caption : str
        HTML. What to see. The number of items, and what bars, dots, bands and arrows are, are added.
    source, kind : str
        As in `mirage_utils.page.plots.show`.

    Raises
    ------
    FieldError
        If a text is missing or too short, or the name is malformed.
    """
    every = [each for part in panels for each in ([part] if isinstance(part, Panel) else part)]
    look = looks([name for p in every for name in p.labels], *_quantities(every))
    drawn = [_drawn(each, look, single=len(every) == 1) for each in every]
    layers = [layer for each in every for layer in each.layers]
    runs = " or ".join(str(r) for r in sorted({r for layer in layers for r in layer.runs}))
    said = [s.replace("{runs}", runs) for layer in layers for s in layer.said]
    if any(p.y.log and layer.zeros for p in every for layer in p.layers):
        said.append("Arrows: none right.")
    words = " ".join([caption, *_items(layers), *dict.fromkeys(said)])
    return plots.show(drawn, name=name, alt=alt, caption=words, source=source, kind=kind)


def _quantities(panels: Sequence[Panel]) -> list[list[str]]:
    """The steps of each ordered quantity, over all panels."""
    found: dict[bool | str, list[str]] = {}
    for layer in (layer for each in panels for layer in each.layers if layer.ordered):
        found.setdefault(layer.ordered, []).extend(layer.ends)
    return list(found.values())


def _items(layers: Sequence[Layer]) -> list[str]:
    """The sentence on the number of items, where layers know it."""
    found = sorted({n for layer in layers for n in layer.n})
    if not found:
        return []
    if len(found) <= 3:
        return [f"n = {' or '.join(f'{n:,}' for n in found)} items a point."]
    return [f"n = {found[0]:,} to {found[-1]:,} items a point."]


def _drawn(each: Panel, look: Mapping[str, Look], *, single: bool) -> Figure:
    rows = each.rows
    height = each.height or (0.9 + 0.3 * len(rows) if rows else None)
    fig, ax = plots.panel(each.title, wide=single, height=height)
    with mpl.rc_context(plots.STYLE):
        each.x.draw(ax, "x")
        if not rows:
            each.y.draw(ax, "y")
        for layer in each.layers:
            layer.draw(ax, look)
        if rows:
            ax.set_ylim(len(rows), 0)
            ax.set_yticks([i + 0.5 for i in range(len(rows))], rows)
            ax.tick_params(axis="y", length=0)
            ax.grid(False, axis="y")
        _limit(ax, each)
        ends: dict[str, tuple[float, float]] = {}
        for layer in each.layers:
            ends.update({k: v for k, v in layer.ends.items() if k not in ends})
        if len(ends) > 1:  # of one series the title and the axis say what it is
            fig.draw_without_rendering()
            label(fig, ax, ends, look, {name: _handle(each, name) for name in ends})
    return fig


def _limit(ax: Any, each: Panel) -> None:
    """Layers may have moved the ends of an axis that were given."""
    if each.x.limits is not None:
        ax.set_xlim(*each.x.limits)
    if each.y.limits is not None and not each.rows:
        ends = each.y.limits[::-1] if each.y.better == "down" else each.y.limits
        ax.set_ylim(*ends)


def _handle(each: Panel, name: str) -> Handle:
    own = [layer for layer in each.layers if name in layer.ends]
    if own_lines := [layer for layer in own if layer.line]:
        return "broad" if all(name in layer.wide for layer in own_lines) else "line"
    return "area" if all(layer.area for layer in own) else "marks"


def _axis(given: Axis | str) -> Axis:
    return Axis(given) if isinstance(given, str) else given
