"""Verbs for single runs that a mean or a band would hide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from .layers import Layer, Series, draw_middle, of_runs, seeds
from .look import Look

__all__ = ["swarm", "traces"]


def traces(series: Series, *, ordered: bool = False) -> Layer:
    """Every run as a thin line: a network while it is trained, a seed over all sizes.

    Parameters
    ----------
    series : mapping of str to (x, values)
        As in `seeds`: `x` of shape (m,), `values` of shape (m, runs).
    ordered : bool
        As in `lines`.
    """
    data = of_runs(series)

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        for label, (x, values) in data.items():
            look = looks[label]
            ax.plot(x, values, color=look.colour, linestyle=look.dash, linewidth=0.9, alpha=0.7)

    ends = {label: (x[-1], float(np.nanmean(values[-1]))) for label, (x, values) in data.items()}
    runs = tuple(values.shape[1] for _, values in data.values())
    said = ("Thin lines: single runs, {runs} in all.",)
    return Layer(draw, ends, ordered, said=said, line=True, runs=runs)


def swarm(
    series: Series, *, ordered: bool = False, middle: Literal["mean", "median"] = "mean"
) -> Layer:
    """Runs of one size side by side, in order of their values, and a line through their means or medians.

    For runs that end on a few levels: in `seeds` equal ones would lie on one another and could not be counted.

    Parameters
    ----------
    series, ordered, middle
        As in `seeds`.
    """
    data, plain = of_runs(series), seeds(series, ordered=ordered, middle=middle)

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        for label, (x, values) in data.items():
            look = looks[label]
            draw_middle(ax, x, values, look, middle, linewidth=1.2)
            ax.plot(
                _side_by_side(ax, x, values.shape[1]).ravel(), np.sort(values, axis=1).ravel(), look.marker,
                color=look.colour, markersize=3.6, alpha=0.75, markeredgewidth=0,
            )  # fmt: skip

    return Layer(draw, plain.ends, ordered, said=plain.said, runs=plain.runs)


def _side_by_side(ax: Axes, x: NDArray[np.float64], runs: int) -> NDArray[Any]:
    """Places of the runs of each size, shape (sizes, runs), over half of the way to the nearest other size."""
    log = ax.get_xscale() == "log"
    at = np.log(x) if log else x
    near = np.diff(np.sort(at)).min() if at.size > 1 else 0.1
    places = at[:, None] + 0.5 * near * np.linspace(-0.5, 0.5, runs)
    return np.exp(places) if log else places
