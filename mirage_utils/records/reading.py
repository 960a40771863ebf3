"""Reading a file of evaluation results, whatever program wrote it."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import FieldError, require, shown
from . import identity
from .columns import aggregate
from .files import document, head, lines, parse
from .formats import bigbench, inspect_log, lm_eval, plain
from .schema import RECORDS, EvalFileError

__all__ = ["Reading", "files_below", "read", "read_folder", "stream"]

_BATCH = 100_000


@dataclass(frozen=True)
class Reading:
    """What stood in one file.

    Attributes
    ----------
    path : str
    format : str
        The program that wrote it, and which kind of its files.
    version : str
        The program's version, or the generation of the schema where it does not say.
    scores : pandas.DataFrame
        Columns `SCORES` and perhaps more; for records, their means.
    records : pandas.DataFrame
        Columns `RECORDS`; no rows where the file has none.
    notes : tuple of str
        What was left out, or is unusual: read them.
    unknown_models : tuple of str
        Models whose size must be given (`params`) before their scores make a curve.
    """

    path: str
    format: str
    version: str
    scores: pd.DataFrame = field(repr=False)
    records: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...]
    unknown_models: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Number of records where there are any, else of scores."""
        return len(self.records) or len(self.scores)


def read(
    path: str | PathLike[str],
    *,
    params: Mapping[str, float] | None = None,
    columns: Mapping[str, str] | None = None,
    percent: Collection[str] = (),
    missing: Collection[float] = (),
    wide: Collection[str] = (),
    model: str = "",
    task: str = "",
    metric: str = "",
) -> Reading:
    """Read one file; its format is recognised by its content.

    Parameters
    ----------
    path : path-like
        Results or samples of lm-evaluation-harness, a log of Inspect (``.json`` or ``.eval``), a
        score file of BIG-bench, or a plain table of scores or records (CSV, JSON lines, a JSON array,
        Parquet). Text may be gzipped.
    params : mapping of str to float, optional
        Number of parameters by model name, for models that are not in the table ``models``.
    columns : mapping of str to str, optional
        Plain tables: the file's column names and the schema's, such as ``{"answer": "target"}``.
    percent : collection of str
        Plain tables: metrics in per cent, to be divided by 100.
    missing : collection of float
        Plain tables: numbers that stand for a missing score.
    wide : collection of str
        Plain tables with one row a model and one column a task: the columns that hold scores, all of the
        metric that `metric` names. Files without any of them are read as they are.
    model, task, metric : str
        For files that name none.

    Raises
    ------
    EvalFileError
        Naming file, line and field: a file that cannot be read, or of no known format.
    FieldError
        If a size in `params` is not a number above 0.
    """
    path = Path(path)
    choices = _Choices(
        dict(columns or {}), tuple(percent), tuple(missing),
        {"model": model, "task": task, "metric": metric}, tuple(wide),
    )  # fmt: skip
    try:
        found = _read(path, choices)
    except FieldError as error:  # of a plain table: it knows column and line, and not the file
        raise EvalFileError(path, str(error), field="") from error
    return _sized(found, params)


class _Choices(NamedTuple):
    """What the caller says of files that do not say it themselves."""

    columns: Mapping[str, str]
    percent: Collection[str]
    missing: Collection[float]
    given: Mapping[str, str]
    wide: Collection[str] = ()


def _sized(reading: Reading, params: Mapping[str, float] | None) -> Reading:
    """A reading with the sizes of its models, and a note on those not known."""
    unknown = dict.fromkeys(identity.fill(reading.scores, params) if len(reading.scores) else ())
    if len(reading.records):
        unknown |= dict.fromkeys(identity.fill(reading.records, params))
    notes = list(reading.notes)
    asked = [name for name in unknown if name]
    if asked:
        notes.append(f"size not known: {', '.join(asked)}; give it with params")
    return Reading(
        reading.path, reading.format, reading.version, reading.scores, reading.records,
        tuple(notes), tuple(unknown),
    )  # fmt: skip


_RECORD_COLUMNS = {"target", "output", "item"}
"""Any of these says that a plain table is one of records."""


def _table(
    path: Path, raw: pd.DataFrame, kind: str, choices: _Choices, first_line: int = 2
) -> Reading:
    """A plain table of scores or records."""
    raw = plain.renamed(raw, choices.columns)
    if raw.empty:
        raise EvalFileError(path, "a header and no rows")
    notes = []
    if set(choices.wide) & set(raw.columns):
        cells = len(raw) * len(choices.wide)
        raw = plain.lengthened(raw, choices.wide, first_line=first_line)
        empty = cells - len(raw)
        if empty:
            notes.append(f"{empty} empty cell{'s' * (empty > 1)} left out")
    for name, value in choices.given.items():
        if value and name not in raw.columns:
            raw[name] = value
    if _RECORD_COLUMNS & set(raw.columns):
        records = plain.tidy_records(raw, first_line=first_line)
        records["source"] = str(path)
        return Reading(str(path), f"plain {kind}", "records", aggregate(records), records, (), ())
    scores = plain.tidy_scores(
        raw, first_line=first_line, percent=choices.percent, missing=choices.missing
    )
    scores.loc[scores["source"] == "", "source"] = str(path)
    dropped = len(raw) - len(scores)
    if dropped:
        notes.append(f"{dropped} rows left out: their score stands for a missing one")
    none = pd.DataFrame(columns=list(RECORDS))
    return Reading(str(path), f"plain {kind}", "scores", scores, none, tuple(notes), ())


def _read(path: Path, choices: _Choices) -> Reading:
    model, task = choices.given["model"], choices.given["task"]
    start = head(path)
    if not start.strip():
        raise EvalFileError(path, "the file is empty")
    none = pd.DataFrame(columns=list(RECORDS))

    if start.startswith(b"PK\x03\x04"):
        if not inspect_log.is_archive(path):
            raise EvalFileError(path, "a zip archive, but no log of Inspect, or a damaged one")
        return _inspect(path, *inspect_log.read_archive(path))
    if start.startswith(b"PAR1"):
        return _table(path, plain.read_parquet(path), "Parquet", choices, 1)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] not in (b"{", b"["):
        if b"\x00" in start:
            raise EvalFileError(path, "binary data of no known format, or text that is not UTF-8")
        return _table(path, plain.read_csv(path), "CSV", choices)

    rows = _objects(path) if text[:1] == b"{" else None
    if rows is None:
        whole = document(path)
        if lm_eval.is_results(whole):
            scores, version, notes = lm_eval.read_results(path, whole)
            if model:
                scores["model"] = model
                notes = [n for n in notes if n != "the file names no model"]
            return Reading(
                str(path), "lm-evaluation-harness results", version, scores, none, tuple(notes), ()
            )
        if inspect_log.is_log(whole):
            return _inspect(path, *inspect_log.read_log(path, whole))
        if bigbench.is_scores(whole):
            scores, version, notes = bigbench.read_scores_file(path, whole, task=task)
            return Reading(str(path), "BIG-bench scores", version, scores, none, tuple(notes), ())
        if isinstance(whole, dict):
            if not lm_eval.is_samples(whole) and any(
                isinstance(v, (dict, list)) for v in whole.values()
            ):
                keys = shown(sorted(map(str, whole))[:8], 200)
                raise EvalFileError(path, f"a JSON object of no known format, with the keys {keys}")
            whole = [whole]
        if not isinstance(whole, list) or not whole:
            raise EvalFileError(
                path, f"expected an object or an array of objects, found {shown(whole)}"
            )
        rows = enumerate(whole, start=1)
    rows = iter(rows)
    first = next(rows)
    rows = chain([first], rows)
    if lm_eval.is_samples(first[1]):
        named_model, size, named_task = _from_name(path, first[1])
        records, version, notes = lm_eval.read_samples(
            path, rows, model=model or named_model, params=size, task=task or named_task
        )
        return Reading(
            str(path), "lm-evaluation-harness samples", version, aggregate(records), records,
            tuple(notes), (),
        )  # fmt: skip
    return _table(path, plain.read_objects(path, rows), "JSON", choices, 1)


def stream(path: str | PathLike[str], *, batch: int = _BATCH, **options: Any) -> Iterator[Reading]:
    """Read one file in batches of records, so that memory does not grow with the file.

    Plain tables of records (CSV, JSON lines, Parquet) and samples of lm-evaluation-harness in JSON
    lines come in batches. Everything else is read as by `read` and comes whole: scores are few, and a
    JSON document or a log cannot be cut.

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
        Notes are those of the batch. Items that have no name are numbered through the file.

    Raises
    ------
    EvalFileError
        As `read`, after the batches before the fault. That an item stands twice, in batches far
        apart, is said at the end of the file; items are compared by 64-bit hashes, 8 bytes each, so
        among ten million records a false alarm has a chance of 3 in a million.
    """
    path = Path(path)
    require(isinstance(batch, int) and batch >= 1, "batch", batch, "a whole number >= 1")
    parts = _batches(path, batch, options)
    first = next(parts, None)
    if first is None:
        yield read(path, **options)
        return
    seen: list[np.ndarray] = []
    for part in chain([first], parts):
        yield part
        seen.append(_hashes(part.records))
    hashes = np.sort(np.concatenate(seen))
    if (hashes[1:] == hashes[:-1]).any():
        raise EvalFileError(path, "an item stands twice for one model, task, setting and metric")


_WHICH = ["model", "params", "task", "setting", "shots", "metric", "item"]


def _hashes(records: pd.DataFrame) -> np.ndarray:
    keys = records[_WHICH].astype(dict.fromkeys(_WHICH, str))
    return pd.util.hash_pandas_object(keys, index=False).to_numpy()


def _batches(path: Path, batch: int, options: Mapping[str, Any]) -> Iterator[Reading]:
    """Batches of a file that can be cut; nothing for one that cannot."""
    options = dict(options)
    params = options.pop("params", None)
    given = {name: options.pop(name, "") for name in ("model", "task", "metric")}
    choices = _Choices(
        dict(options.pop("columns", None) or {}), tuple(options.pop("percent", ())),
        tuple(options.pop("missing", ())), given, tuple(options.pop("wide", ())),
    )  # fmt: skip
    require(not options, "options", sorted(options), "options of read")
    start = head(path)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.strip() or start.startswith(b"PK\x03\x04"):
        return
    if start.startswith(b"PAR1"):
        frames, kind, line = plain.parquet_batches(path, batch), "Parquet", 1
    elif text[:1] not in (b"{", b"["):
        if b"\x00" in start:
            return
        frames, kind, line = plain.csv_batches(path, batch), "CSV", 2
    else:
        rows = _objects(path) if text[:1] == b"{" else None
        if rows is None:
            return
        one = next(rows)
        rows = chain([one], rows)
        if lm_eval.is_samples(one[1]):
            named_model, size, named_task = _from_name(path, one[1])
            while part := list(islice(rows, batch)):
                records, version, notes = lm_eval.read_samples(
                    path, part, model=given["model"] or named_model, params=size,
                    task=given["task"] or named_task,
                )  # fmt: skip
                yield _sized(
                    Reading(
                        str(path), "lm-evaluation-harness samples", version, aggregate(records),
                        records, tuple(notes), (),
                    ),
                    params,
                )  # fmt: skip
            return
        parts = iter(lambda: list(islice(rows, batch)), [])
        frames, kind, line = (plain.read_objects(path, part) for part in parts), "JSON", 1
    done = 0
    for raw in frames:
        if not done and not _RECORD_COLUMNS & set(plain.renamed(raw, choices.columns).columns):
            return  # scores
        if "item" not in raw.columns and "item" not in choices.columns.values():
            raw["item"] = [str(done + i) for i in range(len(raw))]
        try:
            part = _table(path, raw, kind, choices, line + done)
        except FieldError as error:
            raise EvalFileError(path, str(error)) from error
        yield _sized(part, params)
        done += len(raw)


def _inspect(
    path: Path, scores: pd.DataFrame, records: pd.DataFrame, version: str, notes: list[str]
) -> Reading:
    return Reading(str(path), "Inspect log", version, scores, records, tuple(notes), ())


def _objects(path: Path) -> Iterator[tuple[int, Any]] | None:
    """The objects of a JSON-lines file; None for a file that is one JSON document.

    JSON lines are told by their first line, which is a whole object and not the whole file.
    """
    stream = lines(path)
    number, line = next(stream)
    if not line.rstrip().endswith(b"}"):
        return None
    try:
        first = parse(path, line, line=number)
    except EvalFileError:
        return None
    second = next(stream, None)
    if second is None:
        return None  # one line: one document

    others = ((at, parse(path, content, line=at)) for at, content in chain([second], stream))
    return chain([(number, first)], others)


_SAMPLES = re.compile(r"samples_(?P<task>.+?)(?:_\d{4}-\d\d-\d\dT[\d.:-]+)?")
_DEV = re.compile(r"(?:pretrained=(?P<model>[^_]+(?:__[^_]+)*))?_(?P<task>[^_].*)")


def _from_name(path: Path, first: Mapping[str, Any]) -> tuple[str, float, str]:
    """Model, its size and the task of a samples file, which only its name and neighbours tell."""
    stem = re.sub(r"\.jsonl?(\.gz)?$", "", path.name)
    if "dataset_path" in first:  # the promptsource fork, whose rows name the data
        task = str(first["dataset_path"])
        found = re.match(rf"examples(?:-limited_\d+)?_(.+?)_{re.escape(task)}_\d", stem)
        return found[1] if found else "", math.nan, task
    found = _SAMPLES.fullmatch(stem)
    if found:
        return *_neighbour(path), found["task"]
    found = _DEV.fullmatch(stem)
    if found:
        return (found["model"] or "").replace("__", "/"), math.nan, found["task"]
    return "", math.nan, stem


def _neighbour(path: Path) -> tuple[str, float]:
    """Model and size in the results file beside a samples file: the only one, or of the same time."""
    beside = sorted(path.parent.glob("results_*.json"))
    stamp = re.search(r"\d{4}-\d\d-\d\dT[\d.:-]+", path.stem)
    same = [p for p in beside if stamp and stamp[0].rstrip(".") in p.name]
    for candidate in same or (beside if len(beside) == 1 else []):
        try:
            whole = document(candidate)
            if lm_eval.is_results(whole):
                first = lm_eval.read_results(candidate, whole)[0].iloc[0]
                return str(first["model"]), float(first["params"])
        except EvalFileError:
            continue
    return "", math.nan


def read_folder(path: str | PathLike[str], **options: Any) -> Iterator[Reading | EvalFileError]:
    """Read every file below a folder, in order of their paths.

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
        if not any(part.startswith(".") for part in file.relative_to(root).parts)
        and not file.is_symlink()
        and file.is_file()
    ]
