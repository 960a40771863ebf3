"""Lines that are no data, to compare data with."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes

from .. import plots
from .layers import Layer
from .look import Look

__all__ = ["diagonal"]


def diagonal(low: float, high: float) -> Layer:
    """A line on which both axes have the same value, where one thing is drawn against another.

    Parameters
    ----------
    low, high : float
        From where to where.
    """

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        ax.plot(
            [low, high], [low, high], color=plots.MUTED, linestyle=":", linewidth=1.2, zorder=1.5
        )  # behind all data

    return Layer(draw, said=("Dotted: the same on both axes.",))
