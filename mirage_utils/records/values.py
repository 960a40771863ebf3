"""Single values of somebody else's JSON: numbers, counts, texts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ..errors import shown
from .schema import EvalFileError

__all__ = ["count", "number", "score_of", "text", "whole"]


def whole(value: Any, low: int = 1) -> float | None:
    """A whole number >= `low` as a float, also one that was written as a decimal (``40.0``); else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if not low <= value <= 1e300 or value != int(value):  # nan and infinities fail the first
        return None
    return float(value)


def count(path: Path, value: Any, field: str, low: int = 1) -> float:
    """A whole number, or nan where there is none.

    Raises
    ------
    EvalFileError
        If something else stands there.
    """
    if value is None:
        return math.nan
    found = whole(value, low)
    if found is None:
        raise EvalFileError(
            path, f"expected a whole number >= {low}, found {shown(value)}", field=field
        )
    return found


def number(value: Any) -> float | None:
    """A number as a float; also of text that is nothing but a number; else None."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def score_of(value: Any) -> float | None:
    """A finite number (true is 1) as a float; None of anything else, text included."""
    found = None if isinstance(value, str) else number(value)
    return found if found is not None and math.isfinite(found) else None


def text(value: Any) -> str:
    """Text as it is, anything else as its JSON-like text, one-element lists as their element."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and len(value) == 1:
        return text(value[0])
    return str(value)
