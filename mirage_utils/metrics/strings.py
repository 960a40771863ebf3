"""A column of texts in NumPy: their bytes, one after the other. What Arrow's arrays do where that package is not installed.

Only what grading needs of them is here; the functions below take either.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Coded", "Strings", "arrow", "arrow_faults", "coded", "present", "taken", "texts_of"]


@cache
def arrow() -> Any:
    """The package pyarrow; None where it is not installed."""
    try:
        return importlib.import_module("pyarrow")
    except ModuleNotFoundError:
        return None


class Coded(NamedTuple):
    """Each text once, in order of appearance, and which of them stands where; -1 where none does."""

    codes: NDArray[np.int64]
    texts: list[str]


def arrow_faults(*others: type[Exception]) -> tuple[type[Exception], ...]:
    """These kinds of errors, and what pyarrow raises, where it is installed; for an ``except``."""
    pa = arrow()
    return others if pa is None else (*others, pa.ArrowException)


@dataclass(frozen=True)
class Strings:
    """Texts, of which some may be absent.

    Attributes
    ----------
    data : ndarray of uint8
        UTF-8 of all of them; half a surrogate pair is written as if it were whole.
    ends : ndarray of int, shape (n + 1,)
        Where each begins, and the last ends.
    absent : ndarray of bool, shape (n,)
    """

    data: NDArray[np.uint8]
    ends: NDArray[np.int64]
    absent: NDArray[np.bool_]

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> Strings:
        """Texts as Python has them; None is an absent one."""
        pieces = [b"" if t is None else t.encode("utf-8", "surrogatepass") for t in texts]
        ends = np.cumsum([0, *map(len, pieces)], dtype=np.int64)
        data = np.frombuffer(b"".join(pieces), np.uint8)
        return cls(data, ends, np.array([t is None for t in texts], bool))

    def __len__(self) -> int:
        return len(self.absent)

    @cached_property
    def null_count(self) -> int:
        """How many are absent."""
        return int(self.absent.sum())

    def slice(self, start: int, length: int) -> Strings:
        """So many of them from one on."""
        ends = self.ends[start : start + length + 1]
        data = self.data[ends[0] : ends[-1]]
        return Strings(data, ends - ends[0], self.absent[start : start + length])

    def take(self, at: NDArray[np.int64]) -> Strings:
        """Those at some places, in their order; there is none at -1."""
        sizes = np.where(at < 0, 0, np.diff(self.ends)[at] if len(self) else 0)
        ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        starts = self.ends[at] if len(self) else np.zeros(len(at), np.int64)
        place = np.arange(ends[-1]) + np.repeat(starts - ends[:-1], sizes.astype(np.intp))
        gone = at < 0
        return Strings(self.data[place], ends, gone | self.absent[at] if len(self) else gone)

    def filled(self) -> Strings:
        """The same with empty texts for those that are absent."""
        return Strings(self.data, self.ends, np.zeros(len(self), bool))

    def to_pylist(self) -> list[str | None]:
        """Texts as Python has them."""
        whole = self.data.tobytes()
        cuts = zip(
            self.ends[:-1].tolist(), self.ends[1:].tolist(), self.absent.tolist(), strict=True
        )
        return [
            None if gone else whole[a:b].decode("utf-8", "surrogatepass") for a, b, gone in cuts
        ]


def taken(column: Any, at: NDArray[np.int64], absent: NDArray[np.bool_] | None = None) -> Any:
    """The texts of a column at some places, and none where `absent` says so.

    Parameters
    ----------
    column : pyarrow.Array or Strings
    at : ndarray of int
    absent : ndarray of bool, optional
    """
    if isinstance(column, Strings):
        return column.take(at if absent is None else np.where(absent, -1, at))
    return column.take(arrow().array(at, mask=absent))


def present(column: Any) -> NDArray[np.bool_]:
    """Which texts of a column are there."""
    if isinstance(column, Strings):
        return ~column.absent
    return column.is_valid().to_numpy(False)


def coded(column: Any) -> Coded:
    """A column's texts, each once, and which of them stands where."""
    if isinstance(column, Strings):
        known: dict[str | None, int] = {}
        codes = [-1 if t is None else known.setdefault(t, len(known)) for t in column.to_pylist()]
        return Coded(np.array(codes, np.int64), [t for t in known if t is not None])
    found = column.dictionary_encode()
    codes = found.indices.fill_null(-1) if found.null_count else found.indices
    return Coded(codes.to_numpy(), found.dictionary.to_pylist())


def texts_of(column: Any) -> Any:
    """A column of a data frame: Arrow's, or of Python's texts where that is not installed."""
    if isinstance(column, Strings):
        return np.array([*column.to_pylist(), None], object)[:-1]
    import pandas as pd

    return pd.array(column, dtype=pd.ArrowDtype(column.type))
