"""What a student is told of an answer that is not right yet: what was found, and how to go on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..values import Other

__all__ = ["NotYet", "described", "sentence", "short"]


class NotYet(AssertionError):
    """An answer that is not right yet; the message says what was found and how to go on."""


def sentence(what: str, found: str, hint: str) -> str:
    """What was looked at, what was found there, and a hint if there is one."""
    return f"{what}: {found}.{' ' + hint if hint else ''}"


def described(value: Any) -> str:
    """A plain value in words that do not depend on what it holds, but for short ones."""
    if value is None:
        return "None"
    if isinstance(value, Other):
        return f"an object of type {value.kind}"
    if isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, str):
        return repr(value if len(value) < 40 else value[:37] + "...")
    return "a function" if callable(value) else f"an object of type {type(value).__name__}"


def short(value: Any) -> str:
    """A number, word or array as it stands in the call of a function."""
    if isinstance(value, (np.ndarray, list, tuple)):
        return f"array of {np.size(value)}"
    if isinstance(value, (str, bool, int)):
        return repr(value)
    try:
        return f"{float(value):.6g}"
    except (TypeError, ValueError):
        return type(value).__name__
