"""Logs of the UK AI Security Institute's Inspect: ``.json`` documents and ``.eval`` archives.

An ``.eval`` file is a zip of ``header.json`` and one JSON file a sample, deflated or, in
newer versions, packed with Zstandard. It is read in place: nothing is unpacked to disk, so a path inside
it can lead nowhere.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from backports.zstd import ZstdError, zipfile

from ...errors import shown
from ..columns import Gatherer, score_table
from ..files import MAX_DOCUMENT, MAX_LINE, File, parse
from ..options import Options
from ..schema import EvalFileError, Reading, direction_of
from ..values import number, text

__all__ = ["batches", "read_archive", "read_log", "recognises"]

# Grades as Inspect counts them: correct, partial, incorrect, no answer.
_GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_CHUNK = 4096
# Metrics that say how sure another one is.
_SPREAD = {"stderr", "std", "var", "bootstrap_stderr", "bootstrap_std"}


def recognises(file: File) -> bool:
    """Whether a file is a log: a ``.json`` document or an ``.eval`` archive."""
    return is_archive(file.path) if file.kind == "zip" else is_log(file.document)


def batches(file: File, options: Options, batch: int) -> Iterator[Reading]:
    """A log, whole."""
    read = read_archive(file.path) if file.kind == "zip" else read_log(file.path, file.document)
    scores, records, version, notes = read
    yield Reading(str(file.path), "Inspect log", version, scores, records, tuple(notes))


def is_log(document: Any) -> bool:
    """Whether a JSON document is a log (or an archive's header)."""
    return (
        isinstance(document, dict)
        and isinstance(document.get("eval"), dict)
        and "version" in document
    )


def is_archive(path: Path) -> bool:
    """Whether a zip file is a log."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return bool({"header.json", "_journal/start.json"} & names)


def read_archive(path: Path) -> tuple[pd.DataFrame, pd.DataFrame, str, list[str]]:
    """Scores and records of an ``.eval`` file; see `read_log`."""
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            if sum(sizes.values()) > MAX_DOCUMENT:
                raise EvalFileError(path, f"unpacks to more than {MAX_DOCUMENT:,} bytes")
            finished = "header.json" in sizes
            name = "header.json" if finished else "_journal/start.json"
            header = _member(path, archive, name)
            if not is_log(header):
                raise EvalFileError(path, "not the header of a log", field=name)
            samples = sorted(n for n in sizes if n.startswith("samples/") and n.endswith(".json"))
            if not finished:
                header = {**header, "status": "started"}
            return read_log(path, header, ((n, _member(path, archive, n)) for n in samples))
    except zipfile.BadZipFile as error:
        raise EvalFileError(path, f"a damaged zip archive ({error})") from None


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> Any:
    try:
        with archive.open(name) as stream:
            # The size an archive states may be a lie; what counts is what comes out. A long read would
            # unpack as many packed bytes in one go, whatever they come to.
            content = bytearray()
            while len(content) <= MAX_LINE and (part := stream.read(_CHUNK)):
                content += part
    except (zlib.error, ZstdError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise EvalFileError(path, f"damaged ({error})", field=name) from None
    except (NotImplementedError, RuntimeError) as error:
        raise EvalFileError(path, f"packed in a way not known here ({error})", field=name) from None
    if len(content) > MAX_LINE:
        raise EvalFileError(path, f"unpacks to more than {MAX_LINE:,} bytes", field=name)
    try:
        return parse(path, bytes(content))
    except EvalFileError as error:
        raise EvalFileError(path, error.reason, field=name) from None


def read_log(
    path: Path, log: dict[str, Any], samples: Iterable[tuple[str, Any]] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, str, list[str]]:
    """Scores and records of a log.

    Parameters
    ----------
    path : Path
    log : dict
        Whole log or header.
    samples : iterable of (str, object), optional
        Name and content of each sample, where they are not in the log.

    Returns
    -------
    scores, records : pandas.DataFrame
        Columns `SCORES` and `RECORDS`; the scorer is the column ``setting``.
    version : str
        Of Inspect, and of the log format.
    notes : list of str

    Raises
    ------
    EvalFileError
        Naming the field: a log without task or model, a score of no known kind.
    """
    about = log["eval"]
    notes: list[str] = []
    for field in ("task", "model"):
        if not isinstance(about.get(field), str) or not about[field]:
            raise EvalFileError(
                path, f"expected a name, found {shown(about.get(field))}", field=f"eval.{field}"
            )
    status = log.get("status")
    if status != "success":
        notes.append(f"status {shown(status)}: the run did not end as planned")
    packages = about.get("packages") if isinstance(about.get("packages"), dict) else {}
    version = f"{packages.get('inspect_ai', 'unknown')} (log {log['version']})"
    scores = _scores(path, log, notes)
    if samples is None:
        inside = log.get("samples") or []
        if not isinstance(inside, list):
            raise EvalFileError(path, f"expected a list, found {shown(inside)}", field="samples")
        samples = ((f"samples[{i}]", sample) for i, sample in enumerate(inside))
    records = _records(path, about, samples, notes)
    if scores.empty and records.empty:
        notes.append("neither scores nor samples in this log")
    return scores, records, version, notes


def _scores(path: Path, log: dict[str, Any], notes: list[str]) -> pd.DataFrame:
    results = log.get("results") or {}
    about = log["eval"]
    rows = []
    entries = results.get("scores") or [] if isinstance(results, dict) else None
    if not isinstance(entries, list):
        raise EvalFileError(
            path, f"expected a list, found {shown(results)}", field="results.scores"
        )
    for i, entry in enumerate(entries):
        metrics = entry.get("metrics") if isinstance(entry, dict) else None
        if not isinstance(metrics, dict):
            raise EvalFileError(
                path, f"expected metrics, found {shown(entry)}", field=f"results.scores[{i}]"
            )
        setting = str(entry.get("name") or entry.get("scorer") or "")
        if entry.get("reducer"):
            setting += f" ({entry['reducer']})"
        for key, metric in metrics.items():
            if key.split("/")[-1] in _SPREAD:
                continue
            field = f"results.scores[{i}].metrics.{key}"
            value = number(metric.get("value")) if isinstance(metric, dict) else None
            if value is None or math.isinf(value):
                raise EvalFileError(path, f"expected a number, found {shown(metric)}", field=field)
            if math.isnan(value):
                notes.append(f"{setting} {key} is NaN: left out")
                continue
            rows.append(
                {
                    "model": about["model"],
                    "task": about["task"],
                    "setting": setting,
                    "metric": key,
                    "direction": direction_of(key),
                    "score": value,
                    "n": _items(results, entry, about),
                    "source": str(path),
                }
            )
    return score_table(rows)


def _items(results: dict[str, Any], entry: dict[str, Any], about: dict[str, Any]) -> float:
    """Number of items (not of samples: an item sampled in five epochs is one)."""
    scored = entry.get("scored_samples")
    if isinstance(scored, int) and scored > 0:
        return float(scored)
    total = results.get("completed_samples") or results.get("total_samples")
    config = about.get("config") if isinstance(about.get("config"), dict) else {}
    epochs = config.get("epochs") or 1
    if isinstance(total, int) and isinstance(epochs, int) and total > 0 and total % epochs == 0:
        return float(total // epochs)
    return math.nan


def _records(
    path: Path, about: dict[str, Any], samples: Iterable[tuple[str, Any]], notes: list[str]
) -> pd.DataFrame:
    gathered = Gatherer()
    left_out: Counter[str] = Counter()
    for where, sample in samples:
        if not isinstance(sample, dict) or "id" not in sample:
            raise EvalFileError(path, f"not a sample: {shown(sample)}", field=where)
        item = str(sample["id"])
        epoch = sample.get("epoch", 1)
        if epoch != 1:
            item += f" epoch {epoch}"
        output = _output(sample)
        found = sample.get("scores") or {}
        if not isinstance(found, dict):
            raise EvalFileError(
                path, f"expected scores, found {shown(found)}", field=f"{where}.scores"
            )
        graded = False
        for scorer, score in found.items():
            for metric, value in _values(score):
                if value is None:
                    left_out[scorer] += 1
                    continue
                graded = True
                gathered.add(
                    item,
                    text(sample.get("target")),
                    output,
                    None,
                    {metric: value},
                    setting=str(scorer),
                )
        if not graded:
            gathered.add(item, text(sample.get("target")), output, None, {})
    notes += [f"{scorer}: {n} grades of no known kind, left out" for scorer, n in left_out.items()]
    return gathered.table(model=about["model"], task=about["task"], source=str(path))


def _values(score: Any) -> Iterator[tuple[str, float | None]]:
    value = score.get("value") if isinstance(score, dict) else score
    if isinstance(value, dict):
        for name, one in value.items():
            yield str(name), _grade(one)
    else:
        # Inspect's accuracy is the mean of grades; other numbers may be anything.
        letter = isinstance(value, bool) or (isinstance(value, str) and value in _GRADES)
        yield "accuracy" if letter else "value", _grade(value)


def _grade(value: Any) -> float | None:
    if isinstance(value, str) and value in _GRADES:
        return _GRADES[value]
    score = number(value)
    return score if score is not None and math.isfinite(score) else None


def _output(sample: dict[str, Any]) -> str | None:
    output = sample.get("output")
    choices = output.get("choices") if isinstance(output, dict) else None
    if not choices or not isinstance(choices, list) or not isinstance(choices[0], dict):
        return None
    message = choices[0].get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):  # parts: reasoning, text, pictures
        return "".join(
            p["text"] for p in content if isinstance(p, dict) and isinstance(p.get("text"), str)
        )
    return content if isinstance(content, str) else None
