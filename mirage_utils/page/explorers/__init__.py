"""Explorers: move a quantity, see its consequence, in a live kernel and in a page without one."""

from .controls import Choice, Slider
from .explorer import Explorer
from .families import lengths, skills
from .laws import assumptions, many_tokens, one_metric, one_token
from .live import Live, vega
from .measurement import drawn_points, items, measured, threshold

__all__ = [
    "Choice",
    "Explorer",
    "Live",
    "Slider",
    "assumptions",
    "drawn_points",
    "items",
    "lengths",
    "many_tokens",
    "measured",
    "one_metric",
    "one_token",
    "skills",
    "threshold",
    "vega",
]
