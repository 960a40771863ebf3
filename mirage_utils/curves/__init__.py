"""Curves: a score against scale, with the number of test items behind each point.

What a curve shows is measured on the logarithm of scale, the axis on which scaling laws live:
its location (where it crosses a level), its width (how many decades a rise takes), its steepest
slope and its sharpest bend. What claims of emergence are made of is in `mirage_utils.evidence.emergence`.
"""

from .bends import Rise, bend, rise
from .curve import Curve
from .intervals import bootstrap_interval
from .shape import Curvature, Slope, curvature, location, steepest_slope, width, width_bounds

__all__ = [
    "Curvature",
    "Curve",
    "Rise",
    "Slope",
    "bend",
    "bootstrap_interval",
    "curvature",
    "location",
    "rise",
    "steepest_slope",
    "width",
    "width_bounds",
]
