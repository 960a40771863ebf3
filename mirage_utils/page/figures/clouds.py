"""Verbs for many values of a kind: those of single models, those of the runs of a size."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from .. import plots
from .layers import Layer, Series, bands, columns_of, named, of_runs, points
from .look import Look

__all__ = ["cloud", "ranges"]

_FEW = 40
"""Marks of a cloud that do not hide one another and may be as large as those of other verbs."""


def cloud(series: Series, *, ordered: bool = False) -> Layer:
    """Many single values, such as one a model, as small marks behind any lines.

    Parameters
    ----------
    series : mapping of str to Curve or to (x, y)
        By label; in any order of x.
    ordered : bool
        As in `lines`.
    """
    data = {label: columns_of(label, each) for label, each in named(series)}

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        for label, (x, y) in data.items():
            size, alpha = (5.5, 0.9) if len(x) <= _FEW else (4, 0.7)
            ax.plot(
                x, y, looks[label].marker, color=looks[label].colour, markersize=size, alpha=alpha,
                markeredgecolor=plots.PAPER, markeredgewidth=0.3, zorder=1.9,
            )  # fmt: skip

    # A cloud ends nowhere in particular, so its label stands below unless a line gives it a place.
    return Layer(draw, dict.fromkeys(data, (np.nan, np.nan)), ordered)


def ranges(series: Series, *, ordered: bool = False) -> Layer:
    """Means of runs as points, and a band from the lowest to the highest: for runs that differ little.

    Parameters
    ----------
    series : mapping of str to (x, values)
        As in `seeds`: `x` of shape (m,), `values` of shape (m, runs).
    ordered : bool
        As in `lines`.
    """
    data = of_runs(series)
    ends = {k: (x, np.nanmin(v, axis=1), np.nanmax(v, axis=1)) for k, (x, v) in data.items()}
    band = bands(ends, ordered=ordered, meaning="lowest to highest run")
    mean = points({k: (x, np.nanmean(v, axis=1)) for k, (x, v) in data.items()}, ordered=ordered)

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        band.draw(ax, looks)
        mean.draw(ax, looks)

    runs = tuple(values.shape[1] for _, values in data.values())
    said = ("Points: means of {runs} runs; bands: lowest and highest run.",)
    return Layer(draw, mean.ends, ordered, said=said, runs=runs)
