"""Labels beside the lines they name where there is room, else below the panel; never over the data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnnotationBbox, DrawingArea
from matplotlib.text import Text
from numpy.typing import NDArray

from .. import plots
from .look import BROAD, Look

__all__ = ["Handle", "label", "spread"]

Handle = Literal["line", "broad", "marks", "area"]
"""What stands for a series beside its name."""

_LINE = 11.5
"""Height of a line of labels, in points."""
_LONGEST = 14
"""Letters of a label beside its line: a longer one would take too much of the panel."""
_LETTER = 5.2
"""Width of a letter of a label, in points."""
_FARTHEST = 2.2
"""Lines of text by which a label may stand above or below the end of its line."""


def label(
    fig: Figure, ax: Axes, ends: Mapping[str, tuple[float, float]], looks: Mapping[str, Look],
    handles: Mapping[str, Handle],
) -> None:  # fmt: skip
    """Name the series of a panel.

    Parameters
    ----------
    fig, ax : Figure, Axes
        The panel, drawn and with its final limits.
    ends : mapping of str to (x, y)
        By label: where each series ends; nan where it ends nowhere in particular.
    looks : mapping of str to Look
        By label.
    handles : mapping of str to {"line", "broad", "marks", "area"}
        By label: as what it is drawn.
    """
    if not ends:
        return
    height = ax.get_position().height * fig.get_figheight() * 72
    wanted = np.array([_share_of_height(ax, end) for end in ends.values()])
    step = _LINE / height
    if max(map(len, ends)) <= _LONGEST and np.isfinite(wanted).all():
        places = spread(wanted, step)
        near = np.abs(places - np.clip(wanted, 0, 1)).max() <= _FARTHEST * step
        # Steps of a ramp are too pale or too dark for letters, in one of the themes: those have ink, and a sample.
        pale = any(looks[text].colour in plots.RAMP for text in ends)
        room = (30 if pale else 5) + _LETTER * max(map(len, ends))
        top = 1 if _title_reaches(fig, ax, room) else 1 + step
        if near and places.min() >= -step and places.max() <= top:
            for (text, _), y in zip(ends.items(), places, strict=True):
                look = looks[text]
                ax.annotate(
                    text, (1, y), xycoords="axes fraction", xytext=(30 if pale else 5, 0), textcoords="offset points",
                    va="center", color=plots.INK if pale else look.colour, fontsize=9,
                )  # fmt: skip
                if pale:
                    _sample(ax, y, look, handles[text])
            return
    _below(fig, list(ends), looks, handles)


def spread(wanted: Sequence[float] | NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Places at least `step` apart, in the order and as near as possible to those wanted.

    Examples
    --------
    >>> spread([0.5, 0.5], 0.1).round(2).tolist()
    [0.45, 0.55]
    """
    values = np.asarray(wanted, dtype=float)
    order = np.argsort(values, kind="stable")
    # Neighbours that are too close join a group, which has its middle where the middle of its wishes is.
    groups: list[tuple[float, int]] = []  # sum of the wishes less their own offsets, and how many
    for place, value in enumerate(values[order]):
        groups.append((value - place * step, 1))
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            (below, fewer), (above, more) = groups[-2:]
            groups[-2:] = [(below + above, fewer + more)]
    start = np.concatenate([[total / number] * number for total, number in groups])
    found = np.empty(len(values))
    found[order] = start + step * np.arange(len(values))
    return found


def _title_reaches(fig: Figure, ax: Axes, room: float) -> bool:
    """Whether the title ends above the labels, when those have taken `room`, in points, from the panel."""
    title = ax.get_title(loc="left")
    if not title:
        return False
    # An axis may have the same words, in smaller letters.
    same = [text for text in ax.findobj(Text) if text.get_text() == title]
    wide = max(text.get_window_extent().width for text in same)
    return bool((ax.bbox.width - wide) * 72 / fig.dpi < room)


def _share_of_height(ax: Axes, end: tuple[float, float]) -> float:
    if not np.isfinite(end).all() or (ax.get_yscale() == "log" and end[1] <= 0):
        return float("nan")
    return float(ax.transAxes.inverted().transform(ax.transData.transform(end))[1])


def _sample(ax: Axes, y: float, look: Look, handle: Handle) -> None:
    """What stands for a series, between the panel and its name."""
    box = DrawingArea(22, 0)
    style = _style(look, handle)
    whole = style.get("linestyle") != ""
    box.add_artist(
        Line2D([0, 22] if whole else [11], [0, 0] if whole else [0], color=look.colour, **style)
    )
    ax.add_artist(
        AnnotationBbox(
            box, (1, y), xycoords="axes fraction", xybox=(5, 0), boxcoords="offset points",
            box_alignment=(0, 0.5), frameon=False, pad=0, annotation_clip=False,
        )
    )  # fmt: skip


def _below(
    fig: Figure, names: list[str], looks: Mapping[str, Look], handles: Mapping[str, Handle]
) -> None:
    shown = [
        Line2D([], [], color=looks[name].colour, label=name, **_style(looks[name], handles[name]))
        for name in names
    ]
    # As many columns as fit the width: a letter of 8.5 points is about 5 wide, a handle with its gaps 46.
    room = fig.get_figwidth() * 72
    columns = max(1, min(len(names), int(room // (46 + _LETTER * max(map(len, names))))))
    # The axes keep their height, and with it their place beside those of the next panel.
    rows = math.ceil(len(names) / columns)
    fig.set_figheight(fig.get_figheight() + (rows * 12.8 + 6) / 72)
    legend = fig.legend(
        # Matplotlib fills column by column, and people read row by row. A handle shows a whole dash and its dot.
        handles=[handle for column in range(columns) for handle in shown[column::columns]],
        loc="outside lower center", ncols=columns, fontsize=8.5, frameon=False, handlelength=2.9, columnspacing=1.2,
        labelcolor=plots.INK,
    )  # fmt: skip
    legend.set_in_layout(True)


def _style(look: Look, handle: Handle) -> dict[str, Any]:
    if handle == "line":
        return {"linestyle": look.dash}
    if handle == "broad":
        return dict(BROAD)
    if handle == "area":
        return {"linestyle": "", "marker": "s", "markersize": 8}
    return {"linestyle": "", "marker": look.marker}
