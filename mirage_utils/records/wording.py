"""Names in notes: a few of them, and how many more there are."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

__all__ = ["distinct", "several"]


def several(names: Sequence[str], most: int = 3) -> str:
    """The first of some names, and how many more there are.

    >>> several(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def distinct(column: pd.Series) -> list[str]:
    """What stands in a column, each once, in order."""
    return [str(v) for v in column.drop_duplicates()]
