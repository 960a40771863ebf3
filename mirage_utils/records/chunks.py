"""Rows that were gathered, as columns: Arrow's tables, or NumPy's arrays where that package is not installed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..metrics.strings import arrow

__all__ = ["Columns", "columns_of", "joined"]

_CODED = ("setting", "logprobs_of", "cluster", "asked")
"""Columns of few different texts."""


class Columns(Protocol):
    """Columns of one length: ``item``, ``target``, ``output``, the `_CODED` ones, ``line``, ``epoch``, ``logprobs``, ``score NAME``."""

    @property
    def rows(self) -> int:
        """How many there are."""

    def valid(self, name: str) -> NDArray[np.bool_]:
        """In which rows there is something."""

    def only(self, here: NDArray[np.bool_]) -> Columns:
        """Some of the rows."""

    def in_frame(self, name: str) -> Any:
        """A column as a data frame holds it."""

    def twice(self) -> tuple[str, int, int] | None:
        """The first item that stands twice in one setting and epoch, and both lines."""


def columns_of(lists: Mapping[str, Sequence[Any]]) -> Columns:
    """Lists of Python's as columns.

    Parameters
    ----------
    lists : mapping of str to sequence
        By the names of `Columns`.
    """
    if arrow() is None:
        return _InNumPy({name: _array(name, values) for name, values in lists.items()})
    return _InArrow(arrow().table({name: _arrow_array(name, v) for name, v in lists.items()}))


def joined(parts: Sequence[Any], names: Sequence[str]) -> Columns:
    """Several one after the other, with these columns; scores that a part lacks are absent there."""
    if arrow() is None:
        return _InNumPy(
            {
                name: np.concatenate([p.columns.get(name, np.full(p.rows, None)) for p in parts])
                for name in names
            }
        )
    pa = arrow()
    tables = []
    for part in parts:
        table = part.table
        for name in names:
            if name not in table.column_names:
                table = table.append_column(name, pa.nulls(table.num_rows, pa.float64()))
        tables.append(table.select(names))
    return _InArrow(pa.concat_tables(tables, promote_options="default").unify_dictionaries())


class _InArrow:
    def __init__(self, table: Any) -> None:
        self.table = table
        self.rows: int = table.num_rows

    def valid(self, name: str) -> NDArray[np.bool_]:
        return self.table[name].is_valid().to_numpy()

    def only(self, here: NDArray[np.bool_]) -> _InArrow:
        return _InArrow(self.table.filter(arrow().array(here)))

    def in_frame(self, name: str) -> Any:
        column = self.table[name]
        if name in (*_CODED, "epoch"):
            return column.to_pandas()
        if name.startswith("score "):
            return column.to_numpy()
        return pd.array(column, dtype=pd.ArrowDtype(column.type))

    def twice(self) -> tuple[str, int, int] | None:
        keys = self.table.select(["setting", "item", "epoch", "line"])
        keys = keys.set_column(0, "setting", keys["setting"].cast(arrow().string()))
        counts = keys.group_by(["setting", "item", "epoch"]).aggregate(
            [("line", "count"), ("line", "list")]
        )
        more = importlib.import_module("pyarrow.compute").greater(counts["line_count"], 1)
        twice = counts.filter(more)
        if twice.num_rows == 0:
            return None
        row = twice.slice(0, 1).to_pylist()[0]
        first, second = sorted(row["line_list"])[:2]
        return row["item"], first, second


class _InNumPy:
    def __init__(self, columns: Mapping[str, NDArray[Any]]) -> None:
        self.columns = columns
        self.rows = len(columns["item"])

    def valid(self, name: str) -> NDArray[np.bool_]:
        return np.array([v is not None for v in self.columns[name]], bool)

    def only(self, here: NDArray[np.bool_]) -> _InNumPy:
        return _InNumPy({name: values[here] for name, values in self.columns.items()})

    def in_frame(self, name: str) -> Any:
        values = self.columns[name]
        if name in _CODED:
            texts = dict.fromkeys(v for v in values if v is not None)
            return pd.Categorical(values, categories=pd.Index(list(texts), dtype="str"))
        return values.astype(float) if name.startswith("score ") else values

    def twice(self) -> tuple[str, int, int] | None:
        keys = pd.DataFrame({c: self.columns[c] for c in ("setting", "item", "epoch")})
        again = keys.duplicated(keep=False).to_numpy()
        if not again.any():
            return None
        first = int(np.argmax(again))
        same = (keys == keys.iloc[first]).all(axis=1).to_numpy()
        one, two = sorted(self.columns["line"][same].tolist())[:2]
        return str(keys["item"].iloc[first]), one, two


def _arrow_array(name: str, values: Sequence[Any]) -> Any:
    pa = arrow()
    if name in _CODED:
        return pa.array(values, pa.string()).dictionary_encode()
    kinds = {"line": pa.int64(), "epoch": pa.float64(), "logprobs": pa.list_(pa.float64())}
    text = name in ("item", "target", "output")
    return pa.array(values, pa.string() if text else kinds.get(name, pa.float64()))


def _array(name: str, values: Sequence[Any]) -> NDArray[Any]:
    if name in ("line", "epoch"):
        return np.array(values, np.int64 if name == "line" else float)
    found = np.empty(len(values), object)
    for row, value in enumerate(values):  # one by one: lists of one length would become a table
        found[row] = list(value) if name == "logprobs" and value is not None else value
    return found
