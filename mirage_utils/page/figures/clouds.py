"""Verbs for many values of a kind, such as those of single models."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from .. import plots
from .layers import Layer, Series, _named, _xy
from .look import Look

__all__ = ["cloud"]


def cloud(series: Series, *, ordered: bool = False) -> Layer:
    """Many single values, such as one a model, as small marks behind any lines.

    Parameters
    ----------
    series : mapping of str to Curve or to (x, y)
        By label; in any order of x.
    ordered : bool
        As in `lines`.
    """
    data = {label: _xy(label, each) for label, each in _named(series)}

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        for label, (x, y) in data.items():
            ax.plot(
                x, y, looks[label].marker, color=looks[label].colour, markersize=4, alpha=0.7,
                markeredgecolor=plots.PAPER, markeredgewidth=0.3, zorder=1.9,
            )  # fmt: skip

    # A cloud ends nowhere in particular, so its label stands below unless a line gives it a place.
    return Layer(draw, dict.fromkeys(data, (np.nan, np.nan)), ordered)
