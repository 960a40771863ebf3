"""Lines that are no data, to compare data with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

from .. import plots
from .layers import Layer
from .look import Look

__all__ = ["at", "diagonal", "level", "resolution"]


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


def level(y: float, text: str = "", *, above: bool = False) -> Layer:
    """A line across at one height, such as the score of guessing.

    Parameters
    ----------
    y : float
    text : str
        Beside it; none if empty.
    above : bool
        The text stands above the line, where the data are below it.
    """

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        ax.axhline(y, color=plots.MUTED, linestyle=":", linewidth=1.2)
        if text:
            _beside_line(ax, text, (0.985, y), ("axes fraction", "data"), above=above)

    return Layer(draw)


def at(x: float, text: str = "") -> Layer:
    """A line down at one place, such as the critical scale.

    Parameters
    ----------
    x : float
    text : str
        Beside it; none if empty.
    """

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        ax.axvline(x, color=plots.MUTED, linestyle=":", linewidth=1.2)
        if text:
            ax.annotate(
                text, (x, 0.98), xycoords=("data", "axes fraction"), xytext=(-3, 0), textcoords="offset points",
                ha="right", va="top", rotation=90, color=plots.MUTED, fontsize=8.5,
            )  # fmt: skip

    return Layer(draw)


def resolution(n: int) -> Layer:
    """The smallest score above zero that n items can show.

    Parameters
    ----------
    n : int
        Items, >= 1.
    """
    found = level(1 / n, f"1 of {n:,} items")
    return Layer(
        found.draw,
        said=("Dotted: one right answer, the least that answers graded right or wrong can show.",),
    )


def _beside_line(
    ax: Axes, text: str, place: tuple[float, float], coordinates: Any, *, above: bool = False
) -> None:
    ax.annotate(
        text, place, xycoords=coordinates, xytext=(0, 3 if above else -3), textcoords="offset points", ha="right",
        va="bottom" if above else "top", color=plots.MUTED, fontsize=8.5,
    )  # fmt: skip
