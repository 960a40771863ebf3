"""Reading a file of evaluation results, whatever program wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import FieldError, require, shown
from .columns import aggregate
from .files import File
from .filling import fill
from .formats import FORMATS, Format
from .keys import hashes
from .options import Options
from .schema import RECORDS, SCORES, EvalFileError, Reading

__all__ = ["files_below", "read", "read_folder", "stream"]

_BATCH = 100_000


def _recognised(file: File) -> Format:
    """The format of a file.

    Raises
    ------
    EvalFileError
        If it is of none, or cannot be opened.
    """
    if file.kind == "empty":
        raise EvalFileError(file.path, "the file is empty")
    for known in FORMATS:
        if known.recognises(file):
            return known
    raise EvalFileError(file.path, _unknown(file))


def _unknown(file: File) -> str:
    """What is the matter with a file of no known format."""
    if file.head[257:262] == b"ustar":
        return "a tar archive; unpack it first"
    if file.kind == "binary":
        return "binary data of no known format; save it as CSV, JSON lines or Parquet, in UTF-8"
    if file.kind == "zip":
        return "a zip archive, but no log of Inspect, or a damaged one; unpack it first"
    if isinstance(file.first, dict):
        keys = shown(sorted(map(str, file.first))[:8], 200)
        return f"a JSON object of no known format, with the keys {keys}"
    at = "line 1: expected an object" if isinstance(file.document, list) and file.document else ""
    return f"{at or 'expected an object or an array of objects'}, found {shown(file.first)}"


def read(path: str | PathLike[str], **options: Any) -> Reading:
    """Read one file whole; its format is recognised by its content.

    Parameters
    ----------
    path : path-like
        A file of one of `mirage_utils.records.formats.FORMATS`. Text may be gzipped.
    **options
        As `mirage_utils.records.options.Options`.

    Returns
    -------
    Reading
        What stands in the file, as it stands there. Where it has records and reports no scores, `scores`
        holds their means. Runs of one another, several files of one run, and scales are put in order by
        `mirage_utils.records.gather`, which reads folders too.

    Raises
    ------
    EvalFileError
        Naming file, line and field: a file that cannot be read, or of no known format.
    FieldError
        If an option is none, or has a value that it cannot have.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "results.csv")
    >>> _ = path.write_text(
    ...     "model,params,task,metric,score,n\\n"
    ...     "small,1e8,sums,exact_match,0.02,500\\n"
    ...     "large,1e10,sums,exact_match,0.61,500\\n"
    ... )
    >>> reading = read(path)
    >>> reading.format, reading.rows
    ('plain CSV', 2)
    >>> folder.cleanup()
    """
    parts = list(stream(path, **options))
    scores = _joined([p.scores for p in parts], SCORES)
    records = _joined([p.records for p in parts], RECORDS)
    if len(records) and not len(scores):
        scores = aggregate(records)
    first = parts[0]
    return replace(
        first,
        version=next((p.version for p in parts if p.version), ""),
        scores=scores,
        records=records,
        notes=tuple(dict.fromkeys(note for p in parts for note in p.notes)),
        unknown_models=tuple(dict.fromkeys(name for p in parts for name in p.unknown_models)),
        ended=all(p.ended for p in parts),
        time=max(p.time for p in parts),
        conditions={task: said for p in parts for task, said in p.conditions.items()},
    )


def _joined(frames: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return pd.DataFrame(columns=list(columns))
    return filled[0] if len(filled) == 1 else pd.concat(filled, ignore_index=True)


def stream(path: str | PathLike[str], *, batch: int = _BATCH, **options: Any) -> Iterator[Reading]:
    """Read one file in batches of records, so that memory does not grow with the file.

    Plain tables of records (CSV, JSON lines, Parquet) and samples in JSON lines come in batches. Scores are
    few, and a JSON document or a log cannot be cut: they come whole.

    Parameters
    ----------
    path : path-like
    batch : int
        Records (lines, for files whose records have several metrics) of a batch, >= 1.
    **options
        As for `read`.

    Yields
    ------
    Reading
        Notes are those of the batch, or of the whole file. Items that have no name are numbered through it.

    Raises
    ------
    EvalFileError
        As `read`, after the batches before the fault. That an item stands twice, in batches far
        apart, is said at the end of the file (plain tables: where it is met, and the same row again counts
        once); items are compared by 64-bit hashes, so among ten million records a false alarm has a chance
        of 3 in a million.
    """
    path = Path(path)
    require(isinstance(batch, int) and batch >= 1, "batch", batch, "a whole number >= 1")
    said = Options.given(options)
    file = File(path)
    known = _recognised(file)
    seen: list[np.ndarray] = []
    try:
        for part in known.batches(file, said, batch):
            yield _identified(part, said)
            # A plain table tells by itself, and where.
            if len(part.records) and not part.format.startswith("plain"):
                seen.append(hashes(part.records, _WHICH))
    except RecursionError:
        raise EvalFileError(path, "JSON nested too deeply to be a result") from None
    except FieldError as error:  # of a plain table: it knows column and line, and not the file
        raise EvalFileError(path, str(error)) from error
    if len(seen) > 1:
        every = np.sort(np.concatenate(seen))
        if (every[1:] == every[:-1]).any():
            raise EvalFileError(
                path, "an item stands twice for one model, task, setting and metric"
            )


_WHICH = ["model", "params", "task", "setting", "shots", "run", "metric", "item", "epoch"]


def _identified(reading: Reading, said: Options) -> Reading:
    """A reading whose models have their names and sizes, and a note on sizes that are not known."""
    scores, records = (
        table.reindex(columns=dict.fromkeys((*columns, *table.columns)))
        for table, columns in ((reading.scores, SCORES), (reading.records, RECORDS))
    )
    unknown: dict[str, None] = {}
    for table in (scores, records):
        if len(table):
            unknown |= dict.fromkeys(fill(table, said))
    notes = list(reading.notes)
    asked = [name for name in unknown if name]
    if asked:
        notes.append(
            f"size not known: {', '.join(asked)}; give it with params (--params NAME=SIZE)"
        )
    return replace(
        reading, scores=scores, records=records, notes=tuple(notes), unknown_models=tuple(unknown)
    )


def read_folder(path: str | PathLike[str], **options: Any) -> Iterator[Reading | EvalFileError]:
    """Read every file below a folder, in order of their paths, each as it stands there.

    Links are not followed, and hidden files and folders are passed over.

    Parameters
    ----------
    path : path-like
    **options
        As for `read`.

    Yields
    ------
    Reading or EvalFileError
        The error of a file that was refused, so that one bad file does not stop the others.

    Raises
    ------
    EvalFileError
        If there is no such folder.
    """
    for file in files_below(Path(path)):
        try:
            yield read(file, **options)
        except EvalFileError as error:
            yield error


def _is_hidden(part: str) -> bool:
    # lm-evaluation-harness calls the folder of the model ./ckpts/owl `.__ckpts__owl`.
    return part.startswith(".") and not part.startswith((".__", "..__"))


def files_below(root: Path) -> list[Path]:
    """Files of a folder in order of their paths, without links and hidden ones.

    Raises
    ------
    EvalFileError
        If there is no such folder.
    """
    if not root.is_dir():
        raise EvalFileError(root, "there is no such folder")
    return [
        file
        for file in sorted(root.rglob("*"))
        if not any(map(_is_hidden, file.relative_to(root).parts))
        and not file.is_symlink()
        and file.is_file()
    ]
