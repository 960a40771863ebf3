"""Plain tables of records, one row an item and metric: CSV and Parquet in batches, checked by columns.

Cells stay in Arrow's columns, as text: ``007``, ``1e3``, ``NA`` and ``None`` are answers like any other.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ...errors import FieldError, require, shown
from ...metrics.columnar import bytes_of
from .. import files
from ..keys import arrow_texts, constant, hashes
from ..schema import RECORDS, EvalFileError, direction_of, is_share
from .quantities import TRUTH, cell, size

__all__ = ["csv_batches", "csv_header", "parquet_batches", "tidy_records"]

_BLOCK = 4 * 1024**2
"""Bytes of a CSV file that are taken apart at once."""
_BATCH_BYTES = 64 * 1024**2
"""A batch is not larger, or one row."""
_TEXTS = ("target", "output")
_NUMBERS = ("params", "train_flops", "shots", "epoch", "score")
_BLANKS = "".join(chr(i) for i in range(0x3001) if chr(i).isspace())
_ITEM = [
    "model",
    "params",
    "train_flops",
    "task",
    "setting",
    "shots",
    "run",
    "epoch",
    "metric",
    "item",
]


# -- reading ---------------------------------------------------------------------------------------


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
    try:
        with files.opened(path) as stream, pq.ParquetFile(stream) as file:
            for part in file.iter_batches(batch_size=batch, use_threads=False):
                yield _frame(pa.Table.from_batches([part]))
    except (pa.ArrowException, OSError, ValueError) as error:
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
    except (
        pa.ArrowException,
        csv.Error,
        UnicodeError,
        ValueError,
        EOFError,
        zlib.error,
        OSError,
    ) as error:
        raise EvalFileError(path, f"not a CSV table in UTF-8 ({shown(str(error), 160)})") from None


# -- checking --------------------------------------------------------------------------------------


def tidy_records(
    raw: pd.DataFrame,
    *,
    first_line: int = 2,
    decimal: str = ".",
    source: str = "",
    missing: Collection[float] = (),
) -> tuple[pd.DataFrame, list[str]]:
    """A table of records in the schema's columns, every cell checked.

    One bad cell costs that cell where the record can do without it (a size, a score, a direction), else its
    row; never the others.

    Parameters
    ----------
    raw : pandas.DataFrame
        At least the columns ``target`` and ``output``, or ``item`` and ``score``.
    first_line : int
        Line of the first row, for messages.
    decimal : str
        Decimal mark of its numbers.
    source : str
        The file they are from, whatever the table says.
    missing : collection of float
        Numbers that stand for a missing score.

    Returns
    -------
    records : pandas.DataFrame
        Columns `RECORDS`. Names are categories, and answers Arrow's texts.
    notes : list of str
        What was passed over or left out, with its lines.

    Raises
    ------
    FieldError
        Naming column, line and value: a name that stands twice in the header, an item that stands twice.
    """
    raw = raw.rename(columns=lambda c: str(c).strip())
    require(not raw.columns.duplicated().any(), "columns", list(raw.columns), "each name once")
    rows = len(raw)
    lines = np.arange(rows) + first_line if isinstance(raw.index, pd.RangeIndex) else raw.index

    def refuse(name: str, wrong: NDArray[np.bool_], expected: str) -> None:
        if wrong.any():
            row = int(np.argmax(wrong))
            found = raw[name].iloc[row] if name in raw.columns else made[name][row]
            raise FieldError(name, found, expected, where=f", line {lines[row]}")

    notes: list[str] = []
    kept = np.ones(rows, bool)

    def tell(name: str, wrong: NDArray[np.bool_], what: str) -> None:
        places = np.flatnonzero(wrong)
        if places.size:
            cells = [
                raw[name].iloc[i] if name in raw.columns else made[name][i] for i in places[:_LINES]
            ]
            few = ", ".join(
                f"line {lines[i]} ({shown(cell, 30)})"
                for i, cell in zip(places, cells, strict=False)
            )
            more = f" and {places.size - _LINES:,} more" if places.size > _LINES else ""
            notes.append(f"{name}: {what}: {few}{more}")

    made: dict[str, Any] = {}
    for name in RECORDS:
        if name == "logprobs":
            made[name] = _lists(raw[name]) if name in raw.columns else _absent(rows)
        elif name in _TEXTS:
            made[name] = _answers(raw[name]) if name in raw.columns else _absent(rows)
        elif name == "item":
            items = _names(raw[name]) if name in raw.columns else pa.array(range(rows)).cast(_TEXT)
            made[name] = pd.array(items, dtype=pd.ArrowDtype(_TEXT))
        elif name not in raw.columns:
            made[name] = np.full(rows, np.nan) if name in _NUMBERS else constant("", rows)
        elif name in _NUMBERS:
            values, odd = _numbers(raw[name], decimal)
            if name == "params" and odd.any():  # 6.9B, 70 million
                values[odd] = [(size(cell(v), decimal) or (np.nan,))[0] for v in raw[name][odd]]
                odd &= np.isnan(values)
            if name in _LOW:
                odd |= values <= _LOW[name]
            if name in _WHOLE:
                odd |= ~np.isnan(values) & (values != np.round(values))
            made[name] = np.where(odd, np.nan, values)
            tell(name, odd, _ODD[name])
            if name in _WHOLE:  # which record it is cannot be told
                kept &= ~odd
        else:
            made[name] = _categories(_names(raw[name]))
    made["epoch"] = np.where(np.isnan(made["epoch"]), 1.0, made["epoch"])
    if source:
        made["source"] = constant(source, rows)
    gone = np.isin(made["score"], list(missing))
    tell("score", gone, "stands for a missing one")
    share = made["metric"].map(is_share) if hasattr(made["metric"], "map") else made["metric"]
    odd = ~gone & (made["score"] < 0) & np.asarray(share, bool)
    tell(
        "score", odd, "a negative share, taken for no score (--missing says which numbers are none)"
    )
    made["score"] = np.where(gone | odd, np.nan, made["score"])
    graded = ~np.isnan(made["score"])
    nameless = graded & np.asarray(made["metric"] == "")
    tell("metric", nameless, "scores of no metric, left out; --metric names one for all")
    kept &= ~nameless
    bare = ~graded & np.asarray(made["metric"] != "")
    if bare.any():  # an answer that nobody graded under this metric
        tell("metric", bare, "of no score: an answer that is not graded")
        made["metric"] = pd.Categorical(np.where(bare, "", np.asarray(made["metric"], object)))
    odd = ~np.isin(np.asarray(made["direction"], object), ["", "higher", "lower"])
    if odd.any():
        tell("direction", odd, "neither 'higher' nor 'lower', passed over")
        made["direction"] = pd.Categorical(np.where(odd, "", np.asarray(made["direction"], object)))
    frame = pd.DataFrame(made, copy=False)
    if not kept.all():
        frame, lines, raw = frame[kept].reset_index(drop=True), np.asarray(lines)[kept], raw[kept]
    twice = pd.Series(hashes(frame, _ITEM)).duplicated().to_numpy()
    refuse(
        "item", twice,
        "each item once for a model, task, setting and metric; if these are runs of one network, a column tells them "
        "apart (--replicate-by COLUMN), if conditions, say --column NAME=setting",
    )  # fmt: skip
    blank = (frame["direction"] == "").to_numpy()
    if (blank & (frame["metric"] != "").to_numpy()).any():
        known = frame["metric"].map(direction_of)
        frame["direction"] = pd.Categorical(np.where(blank, known, frame["direction"]))
    return frame, notes


_TEXT = pa.large_string()
_LOW = {"params": 0, "train_flops": 0, "shots": -1, "epoch": 0}
_WHOLE = {"shots", "epoch"}
_ODD = {
    "params": "no number of parameters above 0, taken as unknown",
    "train_flops": "no number above 0, taken as unknown",
    "shots": "no whole number of examples, left out",
    "epoch": "no whole number above 0, left out",
    "score": "no finite number, taken for no score",
}
_LINES = 5
"""Lines that a note names."""


def _absent(size: int) -> pd.api.extensions.ExtensionArray:
    return pd.array(pa.nulls(size, _TEXT), dtype=pd.ArrowDtype(_TEXT))


def _cells(column: pd.Series) -> pa.Array:
    """A column as text, cell by cell where it is not text in Arrow: absent cells stay absent."""
    kind = column.dtype
    if isinstance(kind, (pd.ArrowDtype, pd.StringDtype)):
        known = kind.pyarrow_dtype if isinstance(kind, pd.ArrowDtype) else _TEXT
        if pa.types.is_string(known) or pa.types.is_large_string(known):
            return arrow_texts(column)
    if isinstance(kind, pd.CategoricalDtype) or kind.kind in "iu":
        codes, kinds = pd.factorize(column)
        known = _cells(pd.Series(kinds, dtype=object))
        return known.take(pa.array(codes, mask=codes < 0))
    absent = column.isna().to_numpy()
    cells = [None if gone else _cell(value) for value, gone in zip(column, absent, strict=True)]
    return arrow_texts(pd.Series(cells, dtype=object))


def _cell(value: Any) -> str:
    return str(value) if not isinstance(value, (bool, np.bool_)) else str(int(value))


def _answers(column: pd.Series) -> Any:
    # Answers keep their blanks: " Paris" and "Paris" may be graded differently.
    cells = _cells(column)
    if cells.type != _TEXT:  # a lone surrogate, for which Arrow has no text
        texts = [(c or b"").decode("utf-8", "surrogatepass") for c in cells.to_pylist()]
        return pd.Series(texts, dtype=object)
    return pd.array(cells.fill_null(""), dtype=pd.ArrowDtype(_TEXT))


def _names(column: pd.Series) -> pa.Array:
    """Text without blanks around it, "" where there is none."""
    cells = _cells(column)
    if cells.type != _TEXT:
        raise FieldError(str(column.name), "a lone surrogate", "text that can be written in UTF-8")
    cells = cells.fill_null("")
    data, ends = bytes_of(cells)
    filled = np.flatnonzero(np.diff(ends))
    edges = data[np.concatenate([ends[filled], ends[filled + 1] - 1])]
    plain = ((edges > 0x20) & (edges < 0x7F)).all()
    return cells if plain else pc.utf8_trim(cells, characters=_BLANKS)


def _categories(names: pa.Array) -> pd.Categorical:
    coded = names.dictionary_encode()
    return pd.Categorical.from_codes(coded.indices.to_numpy(), coded.dictionary.to_pylist())


def _numbers(column: pd.Series, decimal: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A column as numbers, nan where there is none, and which cells are no finite number."""
    if column.dtype.kind in "fiu" and isinstance(column.dtype, np.dtype):
        values = column.to_numpy(float)
        return values, np.isinf(values)
    coded = _names(column).dictionary_encode()
    texts = pd.Series(coded.dictionary.to_pylist(), dtype=object)
    plain = texts.str.replace(decimal, ".", regex=False) if decimal != "." else texts
    lower = plain.str.lower()
    said = set(lower[lower != ""])
    # Words other than true and false are scores where the column has one pair of them and nothing else.
    words = TRUTH if said <= TRUTH.keys() and len(said) <= 2 else {"true": 1.0, "false": 0.0}
    truth = lower.map({word: f"{value:g}" for word, value in words.items()})
    known = pd.to_numeric(plain.where(truth.isna(), truth), errors="coerce").to_numpy(float)
    at = coded.indices.to_numpy()
    return known[at], (~np.isfinite(known) & (texts != "").to_numpy())[at]


def _lists(column: pd.Series) -> Any:
    if not isinstance(column.dtype, pd.ArrowDtype):
        return column.to_numpy(object)
    kind = column.dtype.pyarrow_dtype
    numbers = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    numbers = numbers and (
        pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)
    )
    return column.array if numbers else np.full(len(column), None, object)
