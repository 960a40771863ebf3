"""Forest plots of comparisons, as the coordinates that the report's template draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from .words import amount

if TYPE_CHECKING:
    from .comparing import Compared

__all__ = ["Forest", "Strip", "forest"]

_WIDTH, _EDGE = 520, 14


@dataclass(frozen=True)
class Strip:
    """One row of a forest plot.

    Attributes
    ----------
    name, n : str
    interval, point, blind : str
        Paths of SVG; `blind` is where a true difference would often be missed.
    look : {"up", "down", "open"}
        B better, B worse, or neither is said.
    words : str
        For those who do not see it.
    """

    name: str
    n: str
    interval: str
    point: str
    blind: str
    look: str
    words: str


@dataclass(frozen=True)
class Forest:
    """All comparisons by one metric.

    Attributes
    ----------
    metric, better, caption : str
    rows : tuple of Strip
    zero : float
        Where a difference of 0 is.
    grid : str
    ticks : list of (float, str)
    width : int
    """

    metric: str
    better: str
    caption: str
    rows: tuple[Strip, ...]
    zero: float
    grid: str
    ticks: list[tuple[float, str]]
    width: int = _WIDTH


_BETTER = {
    "higher": "More is better: right of the line B is better.",
    "lower": "Less is better: left of the line B is better.",
    "": "It is not known whether more or less is better.",
}


def forest(rows: Sequence[Compared], points: bool, *, level: float, chance: str) -> Forest:
    """Lay out the differences of some comparisons by one metric, below one another on one axis.

    Parameters
    ----------
    rows : sequence of Compared
        At least one.
    points : bool
        Whether the axis is in points.
    level : float
        Error rate of the intervals.
    chance : str
        How often a difference in the grey band would be missed, in words.
    """
    reach = [
        abs(v)
        for r in rows
        for v in (r.difference.low, r.difference.high, r.difference.value)
        if np.isfinite(v)
    ]
    blind = [r.detectable for r in rows if np.isfinite(r.detectable)]
    # A band wider than all that was seen is cut at the edge.
    most = (
        max(max(reach, default=0), min(max(blind, default=0), 2 * max(reach, default=0)))
        or max(blind, default=0)
        or 1.0
    )

    def across(value: float) -> float:
        return round(
            _EDGE + (np.clip(value, -most, most) + most) / (2 * most) * (_WIDTH - 2 * _EDGE), 1
        )

    unit = 100 if points else 1
    levels = [
        v / unit
        for v in MaxNLocator(6).tick_values(-most * unit, most * unit)
        if abs(v) <= most * unit
    ]
    strips = []
    for r in rows:
        d = r.difference
        at, size = across(d.value), r.detectable if np.isfinite(r.detectable) else 0.0
        seen = d.low == d.low
        strips.append(
            Strip(
                r.task, f"{d.n:,}", f"M{across(d.low)} 12H{across(d.high)}" if seen else "", f"M{at} 12h0",
                f"M{across(-size)} 4H{across(size)}V20H{across(-size)}z",
                {"better": "up", "worse": "down", "higher": "up", "lower": "down"}.get(r.verdict, "open"),
                f"difference {amount(d.value, points)}" + (f", {amount(d.low, points)} to {amount(d.high, points)}" if seen else ""),
            )
        )  # fmt: skip
    directions = {r.direction for r in rows}
    what = "points" if points else "units of the score"
    items = sorted(r.difference.n for r in rows)
    n = f"n = {items[0]:,}" + (f" to {items[-1]:,}" if items[-1] > items[0] else "")
    return Forest(
        rows[0].metric,
        _BETTER[directions.pop()] if len(directions) == 1 else "",
        f"B − A in {what}, {n} items; lines are intervals of {1 - level:.0%}, grey bands show which true differences would be missed "
        f"{chance} or more often. Lines are coloured where the corrected test decides.",
        tuple(strips),
        across(0.0),
        "".join(f"M{across(v)} 0v4" for v in levels),
        [(across(v), f"{v * unit:+g}" if v else "0") for v in levels],
    )
