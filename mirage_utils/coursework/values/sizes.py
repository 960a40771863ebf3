"""How large an answer may be to be looked at: bounds of its parts, and the work that is left for the whole of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "DEPTH",
    "DIGITS",
    "ELEMENTS",
    "LETTERS",
    "MANY_PAIRS",
    "NODES",
    "POINTS",
    "SERIES",
    "Walk",
]

ELEMENTS = 1_000_000  # of all arrays, lists, formulas and pictures of an answer: what a check could ever want to see
DEPTH = 60  # of nested lists, and of an expression
NODES = 5_000  # of an expression
DIGITS = 400  # of a whole number
LETTERS = 200_000  # of a text
SERIES = 200  # of one pair of axes
POINTS = 20_000  # points of a line that are looked at; of longer ones, evenly chosen
_PAIRS = 2_000  # of a dictionary
# Building a dictionary whose keys collide takes the square of their number: the sum of all squares of an answer.
_SQUARES = 3 * _PAIRS**2
MANY_PAIRS = {"other": f"dictionary of more than {_PAIRS:,} keys"}


@dataclass
class Walk:
    """One answer being taken apart or put together: what is done with its functions, and the work that is left.

    The bounds are of the whole answer: a list may hold the same list a thousand times.
    """

    function: Callable[..., Any]
    elements: int = field(default_factory=lambda: ELEMENTS)
    squares: int = field(default_factory=lambda: _SQUARES)

    def too_many(self, elements: int) -> bool:
        """Take so many elements from what is left; whether there were fewer. Then nothing is left."""
        self.elements -= elements
        return self.elements < 0

    def too_many_pairs(self, pairs: int) -> bool:
        """The same of the pairs of a dictionary."""
        self.squares -= pairs**2
        return pairs > _PAIRS or self.squares < 0
