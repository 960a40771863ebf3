"""The verbs of figures with rows: a table of shaded numbers, a forest of intervals, bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ...errors import require
from .. import plots
from .layers import Layer, Series
from .look import Look

__all__ = ["bars", "heat", "rows"]


def heat(
    values: ArrayLike, *, across: Sequence[str], down: Sequence[str], written: str = ".0%",
    limits: tuple[float, float] | None = None,
) -> Layer:  # fmt: skip
    """A table of numbers whose cells are shaded, each with its number.

    Parameters
    ----------
    values : array_like, shape (len(down), len(across))
        nan for a cell with nothing in it.
    across, down : sequence of str
        Names of columns and rows.
    written : str
        Format of the numbers; none if empty, as for many small cells.
    limits : tuple of float, optional
        What is shaded least and most; lowest and highest value by default.
    """
    cells = np.asarray(values, dtype=float)
    require(
        cells.shape == (len(down), len(across)), "values", cells.shape, f"({len(down)}, {len(across)})"
    )  # fmt: skip
    low, high = limits or (float(np.nanmin(cells)), float(np.nanmax(cells)))

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        span = (high - low) or 1.0
        # A number must be legible on its shade; small cells of one shade must not be told apart by their gaps.
        base, strength, edge = (0.06, 0.48, 0.0) if written else (0.0, 1.0, 0.5)
        for (i, j), value in np.ndenumerate(cells):
            if np.isnan(value):
                continue
            depth = min(max((value - low) / span, 0), 1)
            ax.fill(
                [j, j + 1, j + 1, j], [i, i, i + 1, i + 1], color=plots.RAMP[2], alpha=base + strength * depth, linewidth=edge,
            )  # fmt: skip
            number = format(value, written) if written else ""
            ax.text(j + 0.5, i + 0.5, number, ha="center", va="center", fontsize=8.5)
        ax.set_xlim(0, len(across))
        ax.set_xticks(np.arange(len(across)) + 0.5, across)
        ax.tick_params(axis="x", length=0)
        ax.grid(False)

    return Layer(draw, rows=tuple(down))


def rows(names: Sequence[str], series: Series, *, meaning: str = "", whole: bool = False) -> Layer:
    """A value with its interval in each row: a forest plot.

    Parameters
    ----------
    names : sequence of str
        Of the rows, from the top.
    series : mapping of str to (value,) or (value, low, high)
        Arrays with an entry a row; nan where a row has none.
    meaning : str
        What the bars are, for the caption.
    whole : bool
        Lines from zero to the values, where zero means nothing.
    """
    data = {}
    for label, columns in series.items():
        found = tuple(np.asarray(column, dtype=float) for column in columns)
        for column in found:
            require(
                column.shape == (len(names),), label, column.shape, f"an entry a row, {len(names)}"
            )
        data[label] = found

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        gap = 0.6 / max(len(data), 1)
        for i, (label, (value, *ends)) in enumerate(data.items()):
            y = np.arange(len(names)) + 0.5 + (i - (len(data) - 1) / 2) * gap
            look = looks[label]
            if ends:
                ax.hlines(y, ends[0], ends[1], color=look.colour, linewidth=2)
            elif whole:
                ax.hlines(y, 0, value, color=look.colour, linewidth=4, alpha=0.6)
            ax.plot(
                value,
                y,
                look.marker,
                color=look.colour,
                markeredgecolor=plots.PAPER,
                markersize=4.5 if len(data) * len(names) > 12 else 8,
            )

    ends = dict.fromkeys(data, (np.nan, np.nan))
    return Layer(draw, ends, said=(f"Bars: {meaning}.",) if meaning else (), rows=tuple(names))


def bars(values: Mapping[str, float], *, written: str = "g") -> Layer:
    """One bar for each name, with its number at its end.

    Parameters
    ----------
    values : mapping of str to float
        By name, from the top. The bar of a series of the figure, with or without words after a comma, has its colour.
    written : str
        Format of the numbers.
    """

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        y = np.arange(len(values)) + 0.5
        known = [looks.get(name) or looks.get(name.partition(",")[0]) for name in values]
        colours = [look.colour if look else plots.COLOURS[0] for look in known]
        ax.barh(y, list(values.values()), height=0.6, color=colours)
        for at_y, value in zip(y, values.values(), strict=True):
            ax.annotate(
                format(value, written), (value, at_y), xytext=(3, 0), textcoords="offset points",
                va="center", fontsize=8.5,
            )  # fmt: skip
        ax.margins(x=0.12)

    return Layer(draw, rows=tuple(values))
