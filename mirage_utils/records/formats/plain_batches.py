"""CSV and Parquet in batches: cells as they stand in the file, whatever its size.

Cells stay in Arrow's columns, as text: ``007``, ``1e3``, ``NA`` and ``None`` are answers like any other.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ...errors import FieldError, shown
from ...ground.optional import on_use
from ...metrics.strings import arrow, arrow_faults
from .. import files
from ..schema import EvalFileError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq
else:
    pa, pa_csv, pq = (
        on_use(name, "reading Parquet") for name in ("pyarrow", "pyarrow.csv", "pyarrow.parquet")
    )

__all__ = ["csv_batches", "csv_header", "opened_parquet", "parquet_batches"]

_BLOCK = 4 * 1024**2
"""Bytes of a CSV file that are taken apart at once."""
_BATCH_BYTES = 64 * 1024**2
"""A batch is not larger, or one row."""


def csv_header(
    path: Path, *, delimiter: str = ",", skip: int = 0, encoding: str = "utf-8-sig"
) -> list[str]:
    """The names in the header of a CSV file.

    Parameters
    ----------
    path : Path
    delimiter : str
    skip : int
        Lines before the header.
    encoding : str

    Raises
    ------
    EvalFileError
        If it is empty, or not in this encoding.
    """
    with _csv_faults(path), files.opened(path) as stream:
        text = io.TextIOWrapper(stream, encoding, newline="")
        for _ in range(skip):
            text.readline()
        rows = csv.reader(text, delimiter=delimiter)
        header = next((row for row in rows if row), None)
        text.detach()
    if header is None:
        raise EvalFileError(path, "the file is empty")
    return header


def csv_batches(
    path: Path, batch: int, *, delimiter: str = ",", skip: int = 0, encoding: str = "utf-8-sig"
) -> Iterator[pd.DataFrame]:
    """A CSV file's cells as text, in tables of at most so many rows, whatever its size.

    Parameters
    ----------
    path : Path
    batch : int
        Rows; fewer where they are large.
    delimiter, skip, encoding
        As for `csv_header`.

    Raises
    ------
    EvalFileError
        If it is empty, not in this encoding, or a row has not as many cells as the header has names.
    """
    header = csv_header(path, delimiter=delimiter, skip=skip, encoding=encoding)
    if arrow() is None:
        with _csv_faults(path):
            yield from _by_rows(path, batch, header, delimiter, skip, encoding)
        return
    coded = encoding.removesuffix("-sig")  # Arrow passes over the mark of UTF-8 by itself
    done, block = 0, _BLOCK
    while True:
        try:
            with _csv_faults(path), files.opened(path) as stream:
                for part in _cut(
                    _blocks(stream, header, delimiter, skip, coded, done, block), batch
                ):
                    yield _frame(part)
                    done += part.num_rows
            return
        except _LargeRow:  # go on where it stands
            if block >= 2 * files.MAX_LINE:
                raise EvalFileError(
                    path, f"a row of more than {files.MAX_LINE:,} bytes", line=done + 2
                ) from None
            block *= 8


def _by_rows(
    path: Path, batch: int, header: list[str], delimiter: str, skip: int, encoding: str
) -> Iterator[pd.DataFrame]:
    """The same without Arrow, row by row."""
    with files.opened(path) as stream:
        text = io.TextIOWrapper(stream, encoding, newline="")
        for _ in range(skip):
            text.readline()
        rows = (row for row in csv.reader(text, delimiter=delimiter) if row)
        next(rows)
        while held := list(islice(rows, batch)):
            for row in held:
                if len(row) != len(header):
                    raise ValueError(f"Expected {len(header)} columns, got {len(row)}")
            yield pd.DataFrame(held, columns=header, dtype=object)
        text.detach()


class _LargeRow(Exception):
    """A row is larger than the block that is taken apart at once."""


def _blocks(
    stream: Any,
    header: list[str],
    delimiter: str,
    skip: int,
    encoding: str,
    done: int,
    block: int,
) -> Iterator[pa.RecordBatch]:
    try:
        yield from pa_csv.open_csv(
            stream,
            # One thread: the other cores are for other files.
            read_options=pa_csv.ReadOptions(
                use_threads=False,
                block_size=block,
                skip_rows=skip,
                skip_rows_after_names=done,
                encoding=encoding,
            ),
            parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.large_string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        if "straddling" in str(error):
            raise _LargeRow from None
        raise


def _cut(blocks: Iterator[pa.RecordBatch], batch: int) -> Iterator[pa.Table]:
    """Blocks as tables of at most so many rows and bytes: as many rows as that each time, but for the last."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    too_large: _LargeRow | None = None
    while True:
        try:
            block = next(blocks, None)
        except _LargeRow as error:
            block, too_large = None, error
        if block is None:
            break
        while block.num_rows:
            room = max(1, (_BATCH_BYTES - size) * block.num_rows // max(block.nbytes, 1))
            part = block.slice(0, min(batch - rows, room))
            block = block.slice(part.num_rows)
            held.append(part)
            rows, size = rows + part.num_rows, size + part.nbytes
            if rows == batch or size >= _BATCH_BYTES or block.num_rows:
                yield pa.Table.from_batches(held)
                held, rows, size = [], 0, 0
    if held:
        yield pa.Table.from_batches(held)
    if too_large:
        raise too_large


def parquet_batches(path: Path, batch: int) -> Iterator[pd.DataFrame]:
    """A Parquet file's table in parts of at most so many rows, whatever its size.

    Raises
    ------
    EvalFileError
        If it is damaged.
    """
    with opened_parquet(path) as file:
        for part in file.iter_batches(batch_size=batch, use_threads=False):
            yield _frame(pa.Table.from_batches([part]))


@contextmanager
def opened_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """A Parquet file, open.

    Raises
    ------
    EvalFileError
        If it is damaged, or there is nothing here to read it with.
    """
    try:
        with files.opened(path) as stream, pq.ParquetFile(stream) as table:
            yield table
    except (EvalFileError, FieldError):
        raise
    except ModuleNotFoundError as error:
        raise EvalFileError(path, str(error)) from None
    except arrow_faults(OSError, ValueError) as error:
        raise EvalFileError(path, f"a damaged Parquet file ({shown(str(error), 160)})") from None


def _frame(table: pa.Table) -> pd.DataFrame:
    """A table whose columns stay Arrow's."""
    return table.combine_chunks().to_pandas(types_mapper=_own_type)


def _own_type(kind: pa.DataType) -> Any:
    plain = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_dictionary(kind)
    return None if plain else pd.ArrowDtype(kind)


@contextmanager
def _csv_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except (EvalFileError, FieldError, _LargeRow):
        raise
    except arrow_faults(csv.Error, ValueError, EOFError, zlib.error, OSError) as error:
        raise EvalFileError(path, f"not a CSV table in UTF-8 ({shown(str(error), 160)})") from None
