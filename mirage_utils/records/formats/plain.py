"""Plain tables of scores or of records: CSV, JSON lines, a JSON array of objects, Parquet."""

from __future__ import annotations

import io
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import FieldError, require, shown
from .. import files
from ..files import File
from ..options import Options
from ..schema import RECORDS, SCORES, EvalFileError, Reading, direction_of, is_share
from .plain_records import csv_batches, parquet_batches, tidy_records

__all__ = ["batches", "lengthened", "recognises", "tidy_scores"]

_KEY = ["family", "model", "task", "setting", "shots", "run", "metric", "params"]


_RECORD_COLUMNS = {"target", "output", "item"}
"""Any of these says that a plain table is one of records."""


def recognises(file: File) -> bool:
    """Whether a file may be a table: text, Parquet, or flat JSON objects."""
    if file.kind in ("text", "parquet"):
        return True
    first = file.first
    flat = isinstance(first, dict) and not any(
        isinstance(v, dict) or (isinstance(v, list) and name != "logprobs")
        for name, v in first.items()
    )
    return flat or (file.kind == "lines" and isinstance(first, dict))


def batches(file: File, options: Options, batch: int) -> Iterator[Reading]:
    """A table of records in batches, or one of scores whole."""
    path, line = file.path, {"parquet": 1, "text": 2}.get(file.kind, 1)
    kind = {"parquet": "Parquet", "text": "CSV"}.get(file.kind, "JSON")
    done = 0
    for raw in _cells(file, batch):
        if not done and not _RECORD_COLUMNS & set(renamed(raw, options.columns).columns):
            break
        if "item" not in raw.columns and "item" not in options.columns.values():
            raw["item"] = np.arange(done, done + len(raw))
        yield _table(path, raw, kind, options, line + done)
        done += len(raw)
    else:
        if done:
            return
    yield _table(path, _whole(file), kind, options, line)


def _cells(file: File, batch: int) -> Iterator[pd.DataFrame]:
    if file.kind == "parquet":
        return parquet_batches(file.path, batch)
    if file.kind == "text":
        return csv_batches(file.path, batch)
    rows = file.objects()
    return (read_objects(file.path, part) for part in iter(lambda: list(islice(rows, batch)), []))


def _whole(file: File) -> pd.DataFrame:
    if file.kind == "parquet":
        return read_parquet(file.path)
    if file.kind == "text":
        return read_csv(file.path)
    return read_objects(file.path, file.objects())


def _table(
    path: Path, raw: pd.DataFrame, kind: str, options: Options, first_line: int = 2
) -> Reading:
    """A plain table of scores or records."""
    raw = renamed(raw, options.columns)
    if raw.empty:
        raise EvalFileError(path, "a header and no rows")
    notes = []
    if set(options.wide) & set(raw.columns):
        cells = len(raw) * len(options.wide)
        raw = lengthened(raw, options.wide, first_line=first_line)
        empty = cells - len(raw)
        if empty:
            notes.append(f"{empty} empty cell{'s' * (empty > 1)} left out")
    for name in ("model", "task", "metric"):
        value = getattr(options, name)
        if value and name not in raw.columns:
            raw[name] = value
    if _RECORD_COLUMNS & set(raw.columns):
        records = tidy_records(raw, first_line=first_line, source=str(path))
        none = pd.DataFrame(columns=list(SCORES))
        return Reading(str(path), f"plain {kind}", "records", none, records)
    scores = tidy_scores(
        raw, first_line=first_line, percent=options.percent, missing=options.missing
    )
    scores.loc[scores["source"] == "", "source"] = str(path)
    dropped = len(raw) - len(scores)
    if dropped:
        notes.append(f"{dropped} rows left out: their score stands for a missing one")
    none = pd.DataFrame(columns=list(RECORDS))
    return Reading(str(path), f"plain {kind}", "scores", scores, none, tuple(notes))


def read_csv(path: Path) -> pd.DataFrame:
    """The cells of a CSV file as text, with its header.

    Raises
    ------
    EvalFileError
        If it is empty, not UTF-8, or rows have more cells than the header has names.
    FieldError
        If a name stands twice in the header.
    """
    content = files.whole(path, "a table")
    with _csv_faults(path):
        raw = pd.read_csv(io.BytesIO(content), **_CELLS)
    return _even(path, raw)


_CELLS: dict[str, Any] = {"dtype": str, "keep_default_na": False, "encoding": "utf-8-sig"}


@contextmanager
def _csv_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except pd.errors.EmptyDataError:
        raise EvalFileError(path, "the file is empty") from None
    except (EvalFileError, FieldError):
        raise
    except (
        pd.errors.ParserError,
        UnicodeError,
        ValueError,
        EOFError,
        zlib.error,
        OSError,
    ) as error:
        raise EvalFileError(path, f"not a CSV table in UTF-8 ({shown(str(error), 160)})") from None


def _numbered(raw: pd.DataFrame) -> bool:
    return isinstance(raw.index, pd.RangeIndex)


def _even(path: Path, raw: pd.DataFrame) -> pd.DataFrame:
    if not _numbered(raw):
        raise EvalFileError(path, "rows have more cells than the header has names", line=1)
    return raw


def read_objects(path: Path, rows: Iterable[tuple[int, Any]]) -> pd.DataFrame:
    """Flat JSON objects as a table; the index holds their lines.

    Raises
    ------
    EvalFileError
        Naming the line: not an object.
    """
    found, at = [], []
    for line, row in rows:
        if not isinstance(row, dict):
            raise EvalFileError(path, f"expected an object, found {shown(row)}", line=line)
        found.append(row)
        at.append(line)
    if not found:
        raise EvalFileError(path, "the file is empty")
    return pd.DataFrame(found, index=at, dtype=object)


def read_parquet(path: Path) -> pd.DataFrame:
    """A Parquet file's table.

    Raises
    ------
    EvalFileError
        If it is damaged, or unpacks to more than the limit of `mirage_utils.records.files`.
    """
    try:
        about = pq.read_metadata(path)
        size = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        if size <= files.MAX_DOCUMENT:
            return pq.read_table(path).to_pandas()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise EvalFileError(path, f"a damaged Parquet file ({shown(str(error), 160)})") from None
    raise EvalFileError(path, f"unpacks to more than {files.MAX_DOCUMENT:,} bytes; split it")


def lengthened(raw: pd.DataFrame, tasks: Collection[str], *, first_line: int = 2) -> pd.DataFrame:
    """A table with one column a task as one with a row for each score.

    Parameters
    ----------
    raw : pandas.DataFrame
        Cells of the file, with a column for each of `tasks`.
    tasks : collection of str
        Names of the columns that hold scores; they become the names of tasks.
    first_line : int
        Line of the first row, for messages.

    Returns
    -------
    pandas.DataFrame
        The other columns, ``task`` and ``score``; the index says line and column. Empty cells make no
        row.

    Raises
    ------
    FieldError
        If a column is missing, one of the names ``task`` and ``score`` is there already, or all cells are
        empty.
    """
    raw = _named(raw, ())
    missing = [name for name in tasks if name not in raw.columns]
    require(not missing, "wide", missing, f"columns of the table, which has {list(raw.columns)}")
    taken = [name for name in ("task", "score") if name in raw.columns]
    require(
        not taken, "columns", taken, "neither 'task' nor 'score' in a table with a column a task"
    )
    lines = np.arange(len(raw)) + first_line if _numbered(raw) else raw.index
    long = raw.melt(
        id_vars=[c for c in raw.columns if c not in tasks], value_vars=list(tasks),
        var_name="task", value_name="score",
    )  # fmt: skip
    long.index = pd.Index([f"{line}, column {task!r}" for task in tasks for line in lines])
    text = long["score"].astype(object)
    known = text.notna() & (text.astype(str).str.strip() != "")
    require(bool(known.any()), "wide", list(tasks), "columns with scores in them")
    return long[known]


def tidy_scores(
    raw: pd.DataFrame,
    *,
    first_line: int = 2,
    percent: Collection[str] = (),
    missing: Collection[float] = (),
) -> pd.DataFrame:
    """A table of scores in the schema's columns, every cell checked.

    Parameters
    ----------
    raw : pandas.DataFrame
        At least the columns ``task``, ``metric``, ``score``, and ``params`` or ``model``.
    first_line : int
        Line of the first row, for messages.
    percent : collection of str
        Metrics whose scores are in per cent: divided by 100.
    missing : collection of float
        Numbers that stand for a missing score, such as -100: such rows are left out.

    Returns
    -------
    pandas.DataFrame
        Columns `SCORES` in that order, then any others. Absent text is ``""``, absent numbers nan.

    Raises
    ------
    FieldError
        Naming column, line and value.
    """
    raw = _named(raw, ("task", "metric", "score"))
    require(
        "params" in raw.columns or "model" in raw.columns,
        "columns", list(raw.columns), "a column 'params', or 'model' to look its size up",
    )  # fmt: skip
    frame = _columns(raw, SCORES)
    at = _Lines(raw, first_line)
    frame["score"] = at.numbers(frame["score"])
    if missing:
        keep = ~frame["score"].isin(list(missing))
        frame, raw = frame[keep], raw[keep]
        at = at.of(keep)
        require(len(frame) > 0, "score", sorted(missing), "a score that is not missing")
    frame["params"] = at.numbers(frame["params"], low=0, optional="model" in raw.columns)
    frame["train_flops"] = at.numbers(frame["train_flops"], low=0, optional=True)
    frame["shots"] = at.numbers(frame["shots"], low=-1, whole=True, optional=True)
    frame["n"] = at.numbers(frame["n"], low=0, whole=True, optional=True)
    for name in ("task", "metric"):
        at.refuse(frame[name], frame[name] == "", "a name")
    odd = ~frame["direction"].isin(["", "higher", "lower"])
    at.refuse(frame["direction"], odd, "'higher', 'lower' or nothing")
    frame.loc[frame["metric"].isin(list(percent)), "score"] /= 100
    below = frame["metric"].map(is_share).astype(bool) & (frame["score"] < 0)
    at.refuse(
        frame["score"], below,
        "a share of items, so >= 0; if this number stands for a missing score, say missing=[...]",
    )  # fmt: skip
    twice = frame.duplicated(
        [k for k in _KEY if k != "model"] if (frame["model"] == "").all() else _KEY
    )
    what = "params" if "params" in raw.columns else "model"
    at.refuse(frame[what], twice, "one score for a family, task, setting, metric and scale")
    blank = frame["direction"] == ""
    frame.loc[blank, "direction"] = frame.loc[blank, "metric"].map(direction_of)
    rest = [c for c in raw.columns if c not in SCORES]
    return pd.concat([frame, raw[rest]], axis=1).reset_index(drop=True)


def _named(raw: pd.DataFrame, required: Iterable[str]) -> pd.DataFrame:
    raw = raw.rename(columns=lambda c: str(c).strip())
    require(not raw.columns.duplicated().any(), "columns", list(raw.columns), "each name once")
    for name in required:
        require(
            name in raw.columns,
            "columns",
            list(raw.columns),
            f"a column {name!r} (others can be renamed)",
        )
    return raw


def _columns(raw: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """The schema's columns: text stripped, absent cells as ``""``."""
    frame = pd.DataFrame(index=raw.index)
    for name in names:
        if name not in raw.columns:
            frame[name] = None if name == "logprobs" else ""
            continue
        column = raw[name].astype(object)
        if name == "logprobs":
            frame[name] = column
            continue
        absent = column.isna()
        text = column.map(_cell).where(~absent, "")
        # Answers keep their blanks: " Paris" and "Paris" may be graded differently.
        frame[name] = text if name in ("target", "output") else text.str.strip()
    return frame


def _cell(value: Any) -> str:
    return str(value) if not isinstance(value, bool) else str(int(value))


class _Lines:
    """Checks of whole columns that name the line of the first fault."""

    def __init__(self, raw: pd.DataFrame, first_line: int) -> None:
        default = isinstance(raw.index, pd.RangeIndex)
        self._at = pd.Series(
            np.arange(len(raw)) + first_line if default else raw.index, index=raw.index
        )

    def of(self, keep: pd.Series) -> _Lines:
        made = object.__new__(_Lines)
        made._at = self._at[keep]
        return made

    def refuse(self, column: pd.Series, wrong: pd.Series, expected: str) -> None:
        if wrong.any():
            row = wrong.idxmax()
            raise FieldError(
                str(column.name), column[row], expected, where=f", line {self._at[row]}"
            )

    def numbers(
        self,
        text: pd.Series,
        *,
        low: float | None = None,
        whole: bool = False,
        optional: bool = False,
    ) -> pd.Series:
        values = pd.to_numeric(text.astype(object), errors="coerce").astype(float)
        wrong = ~np.isfinite(values)
        if optional:
            wrong &= text != ""
        expected = f"a finite {'whole ' if whole else ''}number"
        if low is not None:
            wrong |= values <= low
            expected += f" > {low:g}"
        if whole:
            wrong |= values.notna() & (values != values.round())
        self.refuse(text, wrong, expected)
        return values


def renamed(raw: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """A table with its columns renamed to the schema's.

    Raises
    ------
    FieldError
        If a column to rename is not there.
    """
    for name in columns:
        require(name in raw.columns, "columns", list(raw.columns), f"a column {name!r} to rename")
    return raw.rename(columns=dict(columns))
