"""Checks of answers, with messages that teach: one line each in an assignment.

The same calls stand in the visible tests, which a student runs, and in the hidden ones, which only the grader
has. Each check first reduces the answer to a plain value (`values.plain`): what an object says of itself
when it is compared does not count.
"""

from __future__ import annotations

from .answers import between, choice, close, function, number, true
from .draws import rng
from .formulas import closed_form, expression
from .messages import NotYet
from .pictures import curve, labelled

__all__ = [
    "NotYet", "between", "choice", "close", "closed_form", "curve", "expression", "function", "labelled", "number", "rng", "true",
]  # fmt: skip
