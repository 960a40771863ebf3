"""Figures of the book in a few words: say what the data are, and the look follows.

A figure is made of panels, a panel of layers, and a layer is one verb with its data::

    figure(
        "fig-addition",
        panel("Two-digit addition", points({"exact match": curve}), x=SIZE, y=share("exact match")),
        alt="...", caption="...", source="Brown et al. 2020, Table H.1.", kind="published figures",
    )

A metric has one colour and one marker in the whole book; a series keeps its look in all panels of a figure; an ordered
quantity, such as the length of the target, has one hue from light to dark. Labels stand beside the lines where there is
room, else below, never over the data. What can be known of the data is said by the caption itself: n, and what bars, dots
and arrows mean.
"""

from .axes import COMPUTE, SIZE, Axis, number, share
from .clouds import cloud, ranges
from .figure import Panel, figure, panel, small_multiples
from .guides import at, diagonal, level, resolution
from .layers import Layer, bands, intervals, lines, points, seeds, shares
from .runs import swarm, traces
from .tables import bars, heat, rows

__all__ = [
    "COMPUTE", "SIZE", "Axis", "Layer", "Panel", "at", "bands", "bars", "cloud", "diagonal", "figure", "heat",
    "intervals", "level", "lines", "number", "panel", "points", "ranges", "resolution", "rows", "seeds", "share",
    "shares", "small_multiples", "swarm", "traces",
]  # fmt: skip
