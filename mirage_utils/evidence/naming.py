"""What a curve is of, in words, and notes on what befell it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

__all__ = ["KEY", "Notes", "What", "listed", "many", "named", "size_text", "kinds_said"]

_LISTED = 10
"""Names that a note lists."""
KEY = ["family", "task", "setting", "metric"]
"""Columns that tell curves apart."""


class What(NamedTuple):
    """What a curve is of."""

    family: str
    task: str
    setting: str
    metric: str

    def __str__(self) -> str:
        family = f" of {self.family}" if self.family else ""
        return f"{self.metric}{family} on {named(self.task, self.setting)}"


def kinds_said(rows: pd.DataFrame) -> list[What]:
    """What each row is of, from the columns `KEY`."""
    return [What(*key) for key in rows[KEY].itertuples(index=False, name=None)]


class Notes:
    """Causes, and what each of them befell."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, None]] = {}

    def add(self, cause: str, *what: str) -> None:
        """Note that something befell these, each of which is named once."""
        self._found.setdefault(cause, {}).update(dict.fromkeys(what))

    def told(self) -> tuple[str, ...]:
        """One note a cause."""
        return tuple(f"{cause}: {listed(what)}" for cause, what in self._found.items())


def listed(what: Iterable[object], most: int = _LISTED) -> str:
    """Names with commas between, each once: at most so many, and how many more there are."""
    names = list(dict.fromkeys(map(str, what)))
    more = [f"and {len(names) - most:,} more"] if len(names) > most else []
    return ", ".join([*names[:most], *more])


def many(number: int, what: str) -> str:
    """So many things."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def size_text(value: float) -> str:
    """A number of parameters, to four digits."""
    return f"{value:.4g}"


def named(task: str, setting: str) -> str:
    """Task and setting."""
    return f"{task} ({setting})" if setting else task
