"""Axes by what they measure: a size, a share, a number."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from ...errors import require
from ..plots import no_minor_labels, size_label

__all__ = ["COMPUTE", "SIZE", "Axis", "number", "share"]


@dataclass(frozen=True)
class Axis:
    """What an axis shows, and how.

    Parameters
    ----------
    label : str
        The quantity with its unit.
    kind : {"number", "size", "share"}
        How its ticks are written: as numbers, as sizes of models (125M, 2.7B) or in per cent.
    log : bool
        Equal distances are equal ratios.
    better : {"up", "down"}
        An axis of which less is better is turned round, so that up is better in every panel of the book.
    limits : tuple of float, optional
        Lower and upper end.
    ticks : tuple of float, optional
        Where ticks stand, if the usual places will not do; written out also on a logarithmic axis.
    """

    label: str
    kind: Literal["number", "size", "share"] = "number"
    log: bool = False
    better: Literal["up", "down"] = "up"
    limits: tuple[float, float] | None = None
    ticks: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        require(
            self.limits is None or self.limits[0] < self.limits[1],
            "limits", self.limits, "a lower end below the upper end",
        )  # fmt: skip
        require(
            not (self.log and self.limits and self.limits[0] <= 0),
            "limits", self.limits, "ends > 0 on a logarithmic axis",
        )  # fmt: skip

    def between(self, low: float, high: float) -> Axis:
        """The same axis from one value to another."""
        return replace(self, limits=(low, high))

    def draw(self, ax: Axes, which: Literal["x", "y"]) -> None:
        """Give a side of Matplotlib's axes this scale, its ticks and its label."""
        axis = getattr(ax, f"{which}axis")
        if self.log:
            getattr(ax, f"set_{which}scale")("log")
            axis.set_major_locator(LogLocator(numticks=7 if which == "x" else 8))
            no_minor_labels(ax, which)
        else:
            # Ticks at 600, 1200 or at 1.5, 3 are harder to read between than at 500, 1000.
            axis.set_major_locator(
                MaxNLocator(6, integer=self._whole, steps=[1, 2, 2.5, 5, 10], min_n_ticks=3)
            )
        if self.ticks is not None:
            axis.set_ticks(self.ticks)
        if self.kind != "number":
            written = size_label if self.kind == "size" else tick
            axis.set_major_formatter(FuncFormatter(lambda value, _: written(value)))
        elif not self.log or self.ticks is not None:
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
        getattr(ax, f"set_{which}label")(self.label)
        if self.limits is not None:
            getattr(ax, f"set_{which}lim")(*self.limits)
        if self.better == "down":
            axis.set_inverted(True)

    @property
    def _whole(self) -> bool:
        return self.ticks is not None and all(float(t).is_integer() for t in self.ticks)


SIZE = Axis("parameters", kind="size", log=True)
"""Number of parameters of a model."""
COMPUTE = Axis("training compute, operations", log=True)
"""Floating-point operations of a model's training."""


def share(label: str, *, log: bool = False, limits: tuple[float, float] | None = None) -> Axis:
    """An axis of shares, written in per cent: from nothing to everything unless it is logarithmic.

    Parameters
    ----------
    label, log, limits
        As in `Axis`.
    """
    whole = (-0.02, 1.02) if limits is None and not log else limits
    return Axis(label, kind="share", log=log, limits=whole)


def number(
    label: str, *, log: bool = False, better: Literal["up", "down"] = "up",
    limits: tuple[float, float] | None = None, ticks: tuple[float, ...] | None = None,
) -> Axis:  # fmt: skip
    """An axis of plain numbers.

    Parameters
    ----------
    label, log, better, limits, ticks
        As in `Axis`.
    """
    return Axis(label, log=log, better=better, limits=limits, ticks=ticks)


def tick(value: float) -> str:
    """A share in per cent with as many digits as it needs: 0.5 is ``50%``, 0.0004 is ``0.04%``, and only zero is ``0%``.

    Examples
    --------
    >>> tick(0.5), tick(0.0004), tick(0), tick(0.125)
    ('50%', '0.04%', '0%', '12.5%')
    """
    if not value or not math.isfinite(value):
        return "0%" if value == 0 else ""
    text = np.format_float_positional(100 * value, precision=4, fractional=False, trim="-")
    return text.replace("-", "−") + "%"
