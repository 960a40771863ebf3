"""Verbs for single runs that a mean or a band would hide."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from .layers import Layer, Series, _of_runs
from .look import Look

__all__ = ["traces"]


def traces(series: Series, *, ordered: bool = False) -> Layer:
    """Every run as a thin line: a network while it is trained, a seed over all sizes.

    Parameters
    ----------
    series : mapping of str to (x, values)
        As in `seeds`: `x` of shape (m,), `values` of shape (m, runs).
    ordered : bool
        As in `lines`.
    """
    data = _of_runs(series)

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        for label, (x, values) in data.items():
            look = looks[label]
            ax.plot(x, values, color=look.colour, linestyle=look.dash, linewidth=0.9, alpha=0.7)

    ends = {label: (x[-1], float(np.nanmean(values[-1]))) for label, (x, values) in data.items()}
    runs = tuple(values.shape[1] for _, values in data.values())
    said = ("Thin lines: single runs, {runs} in all.",)
    return Layer(draw, ends, ordered, said=said, line=True, runs=runs)
