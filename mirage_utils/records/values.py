"""Single values of somebody else's JSON: numbers, counts, texts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ..errors import shown
from .schema import EvalFileError

__all__ = ["count", "number", "text"]


def count(path: Path, value: Any, field: str, low: int = 1) -> float:
    """A whole number, or nan where there is none."""
    if value is None:
        return math.nan
    whole = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not whole or not math.isfinite(value) or value != int(value) or value < low:
        raise EvalFileError(
            path, f"expected a whole number >= {low}, found {shown(value)}", field=field
        )
    return float(value)


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


def text(value: Any) -> str:
    """Text as it is, anything else as its JSON-like text, one-element lists as their element."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and len(value) == 1:
        return text(value[0])
    return str(value)
