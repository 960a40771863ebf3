"""The rows of a plain table of scores: which of them are left out, and why."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import FieldError, shown

__all__ = ["Mask", "Rows", "few"]

Mask = NDArray[np.bool_]

_LINES = 5
"""Lines that a note names; of more it says how many."""


def few(words: Iterable[str], number: int) -> str:
    """The first of some words that a note names, and how many more there are.

    Parameters
    ----------
    words : iterable of str
        No more of them is asked for than is named.
    number : int
        How many there are.
    """
    more = f" and {number - _LINES:,} more" if number > _LINES else ""
    return ", ".join(islice(words, _LINES)) + more


class Rows:
    """The rows of a table, which of them are left out, and why.

    Parameters
    ----------
    lines : pandas.Index, shape (rows,)
        Where each row stands in the file.
    """

    def __init__(self, lines: pd.Index) -> None:
        self.lines = lines
        self._out = np.zeros(len(lines), bool)
        self._first: FieldError | None = None
        self.notes: list[str] = []

    def leave_out(
        self, name: str, texts: NDArray[np.object_], wrong: Mask, expected: str, why: str = ""
    ) -> None:
        """Leave out the rows that are wrong and still there, with a note that says which."""
        wrong = wrong & ~self._out
        if wrong.any():
            self._out |= wrong
            count = int(wrong.sum())
            said = f"{count:,} row{'s' * (count > 1)} left out"
            said += f", {why}: " if why else f": {name} is not {expected}: "
            self.notes.append(said + self.named(texts, wrong))
            if self._first is None:
                first = int(np.argmax(wrong))
                self._first = FieldError(
                    name, texts[first], expected, where=f", line {self.lines[first]}"
                )

    def say(self, texts: NDArray[np.object_], here: Mask, what: str) -> None:
        """A note on rows that stay."""
        here = here & ~self._out
        if here.any():
            self.notes.append(f"{what}: {self.named(texts, here)}")

    def named(self, texts: NDArray[np.object_], here: Mask) -> str:
        """Lines and what stands in them: a few, and how many more there are."""
        places = np.flatnonzero(here)
        return few((f"line {self.lines[i]} ({shown(texts[i], 30)})" for i in places), places.size)

    def kept(self) -> Mask:
        """The rows that stay.

        Raises
        ------
        FieldError
            If none does: why the first was left out.
        """
        if self._out.all() and self._first is not None:
            raise self._first
        return ~self._out
