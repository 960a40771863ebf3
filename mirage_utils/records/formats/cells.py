"""The cells of a plain table, as they stand in the file: CSV, JSON, Parquet, a workbook."""

from __future__ import annotations

import csv
import io
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, TypedDict

import pandas as pd

from ...errors import shown
from .. import files
from ..files import File
from ..schema import EvalFileError
from . import workbook
from .dialect import dialect
from .headers import is_header, once
from .plain_batches import csv_batches, csv_header, opened_parquet, parquet_batches

__all__ = ["Cells", "Table", "by_columns", "table"]

_COLUMNS = 5_000
"""Names of columns that a table has at most."""
_FIRST = 1000
"""So many JSON objects tell which columns there are."""


class Cells(NamedTuple):
    """All cells of a table, as they stand in a file.

    Attributes
    ----------
    frame : pandas.DataFrame
        Under the names of the header; the index holds lines (JSON arrays and Parquet: places from 1).
    decimal : str
        The decimal mark of its numbers, where a column leaves a doubt.
    notes : tuple of str
    """

    frame: pd.DataFrame
    decimal: str = "."
    notes: tuple[str, ...] = ()


class Table(ABC):
    """A table in a file, read as far as is asked.

    Attributes
    ----------
    kind : str
        Such as ``"CSV"``.
    decimal : str
        The decimal mark of numbers in batches.
    notes : tuple of str
        What was taken for granted to read it in batches.
    first_line : int
        Line of the first row of the first batch.
    """

    kind: str
    decimal = "."
    notes: tuple[str, ...] = ()
    first_line = 1

    def __init__(self, file: File) -> None:
        self.file = file

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """The names in its header.

        Raises
        ------
        FieldError
            If one stands twice.
        """

    @abstractmethod
    def cells(self) -> Cells:
        """All of it.

        Raises
        ------
        EvalFileError
            If it is damaged or too large, or has no rows.
        """

    @abstractmethod
    def batches(self, size: int) -> Iterator[pd.DataFrame]:
        """The same in tables of at most so many rows, whose indices count from 0 or hold lines."""


def table(file: File) -> Table:
    """The table in a file."""
    kinds: dict[str, Callable[[File], Table]] = {
        "text": _Text,
        "parquet": _Parquet,
        "zip": _Workbook,
    }
    return kinds.get(file.kind, _Objects)(file)


def _framed(
    file: File, rows: Iterable[tuple[int, list[Any]]], decimal: str, notes: Iterable[str]
) -> Cells:
    """Rows with their lines as a table: the first that is not blank is the header, and blank ones go.

    A row with more cells than the header has names is left out, with a note.
    """
    header: list[str] | None = None
    found, at, long = [], [], []
    for line, row in rows:
        names = row
        while row and _blank(row[-1]):
            row = row[:-1]
        if not row:
            continue
        if header is None:
            header = ["" if _blank(name) else str(name) for name in names]
        elif len(row) > len(header):
            long.append(line)
        else:
            found.append(row + [""] * (len(header) - len(row)))
            at.append(line)
    if header is None:
        raise EvalFileError(file.path, "the file is empty")
    once([name.strip() for name in header])
    why = (
        f"rows have more cells than the header has names ({len(header)}), as with a decimal comma or another "
        "separator within cells that are not in quotation marks"
    )
    if long and not found:
        if "" in [name.strip() for name in header]:
            why = (
                f"more cells than the header has names ({shown([name for name in header if name.strip()])}), as where "
                "cells are merged, or a second row of names follows: write one name for each column"
            )
        raise EvalFileError(file.path, why, line=long[0])
    if not found:
        raise EvalFileError(file.path, "a header and no rows")
    notes = list(notes)
    if long:
        notes.append(f"{len(long):,} row{'s' * (len(long) > 1)} left out, {why}: {_lines(long)}")
    return Cells(pd.DataFrame(found, columns=header, index=at, dtype=object), decimal, tuple(notes))


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _lines(lines: Iterable[Any], most: int = 5) -> str:
    """Lines for a note: at most so many, and how many more there are."""
    lines = list(lines)
    named = ", ".join(f"line {line}" for line in lines[:most])
    return named if len(lines) <= most else f"{named} and {len(lines) - most:,} more"


class _How(TypedDict):
    """How a CSV file is read, as `csv_header` and `csv_batches` want it."""

    delimiter: str
    skip: int
    encoding: str


class _Text(Table):
    kind = "CSV"

    def __init__(self, file: File) -> None:
        super().__init__(file)
        self._said = dialect(file.head)
        self.decimal, self.notes = self._said.decimal, self._said.notes
        self.first_line = self._said.skip + 2
        self._how: _How = {
            "delimiter": self._said.delimiter, "skip": self._said.skip, "encoding": self._said.encoding,
        }  # fmt: skip

    @property
    def names(self) -> list[str]:
        return _once(csv_header(self.file.path, **self._how))

    def cells(self) -> Cells:
        content = files.whole(self.file.path, "a table")
        said = dialect(content)
        if said.encoding == "cp1252" and re.search(rb"[\x00-\x08\x0e-\x1f]", content):
            raise EvalFileError(
                self.file.path, "not a CSV table: binary data, or text not in UTF-8"
            )
        try:
            text = content.decode(said.encoding)
            rows = list(_csv_rows(text, said.delimiter, said.skip))
        except (UnicodeError, csv.Error) as error:
            raise EvalFileError(
                self.file.path, f"not a CSV table ({shown(str(error), 160)})"
            ) from None
        return _framed(self.file, rows, said.decimal, said.notes)

    def batches(self, size: int) -> Iterator[pd.DataFrame]:
        return csv_batches(self.file.path, size, **self._how)


def _csv_rows(text: str, delimiter: str, skip: int) -> Iterator[tuple[int, list[Any]]]:
    stream = io.StringIO(text, newline="")
    for _ in range(skip):
        stream.readline()
    # Strict: a quotation mark that is never closed would swallow all rows that follow it.
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    before = 0
    for row in reader:
        yield skip + before + 1, row
        before = reader.line_num


def by_columns(document: Any) -> bool:
    """Whether a JSON document is a table column by column, as pandas' `to_json` writes it: cells by row by name."""
    if not isinstance(document, dict) or len(document) < 2:
        return False
    columns = list(document.values())
    if not all(isinstance(column, dict) and column for column in columns):
        return False
    same = all(column.keys() == columns[0].keys() for column in columns)
    plain = not any(isinstance(v, (dict, list)) for column in columns for v in column.values())
    return same and plain and is_header(list(document))


class _Objects(Table):
    kind = "JSON"

    def _rows(self) -> Iterator[tuple[int, Any]]:
        if by_columns(self.file.document):
            columns = self.file.document
            rows = next(iter(columns.values()))
            # An index that is not the number of the row says what the row is about.
            own = [] if list(rows) == [str(i) for i in range(len(rows))] else [""]
            return enumerate(
                (
                    {**dict.fromkeys(own, row), **{n: c[row] for n, c in columns.items()}}
                    for row in rows
                ),
                start=1,
            )
        return self.file.objects()

    @property
    def names(self) -> list[str]:
        first = next(self.batches(_FIRST), None)
        if first is None:
            raise EvalFileError(self.file.path, "the file is empty")
        return _once(list(first.columns))

    def cells(self) -> Cells:
        frame = self._frame(self._rows())
        _once(list(frame.columns))
        return Cells(frame)

    def batches(self, size: int) -> Iterator[pd.DataFrame]:
        rows = self._rows()
        return (self._frame(part) for part in iter(lambda: list(islice(rows, size)), []))

    def _frame(self, rows: Iterable[tuple[int, Any]]) -> pd.DataFrame:
        found, at = [], []
        names: set[str] = set()
        for line, row in rows:
            if not isinstance(row, dict):
                raise EvalFileError(
                    self.file.path, f"expected an object, found {shown(row)}", line=line
                )
            found.append(row)
            at.append(line)
            names.update(row)
            if len(names) > _COLUMNS:
                raise EvalFileError(
                    self.file.path, f"more than {_COLUMNS:,} different keys: no table", line=line
                )
        return pd.DataFrame(found, index=at, dtype=object)


class _Parquet(Table):
    kind = "Parquet"

    @property
    def names(self) -> list[str]:
        with opened_parquet(self.file.path) as table:
            return _once(table.schema_arrow.names)

    def cells(self) -> Cells:
        with opened_parquet(self.file.path) as table:
            about = table.metadata
            size = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
            if size > files.MAX_DOCUMENT:
                raise EvalFileError(
                    self.file.path, f"unpacks to more than {files.MAX_DOCUMENT:,} bytes; split it"
                )
            # The index that pandas wrote is a column like any other.
            frame = table.read(use_threads=False).to_pandas(ignore_metadata=True)
        if frame.empty:
            raise EvalFileError(self.file.path, "a header and no rows")
        return Cells(frame.set_axis(range(1, len(frame) + 1)))

    def batches(self, size: int) -> Iterator[pd.DataFrame]:
        return parquet_batches(self.file.path, size)


class _Workbook(Table):
    kind = "Excel workbook"

    @cached_property
    def _cells(self) -> Cells:
        rows, notes = workbook.rows(self.file)
        return _framed(self.file, rows, ".", notes)

    @property
    def names(self) -> list[str]:
        self.notes = self._cells.notes
        self.first_line = int(self._cells.frame.index[0])
        return list(self._cells.frame.columns)

    def cells(self) -> Cells:
        return self._cells

    def batches(self, size: int) -> Iterator[pd.DataFrame]:
        frame = self._cells.frame
        return (frame.iloc[at : at + size] for at in range(0, len(frame), size))


def _once(names: list[Any]) -> list[str]:
    texts = [str(name) for name in names]
    once([text.strip() for text in texts])
    return texts
