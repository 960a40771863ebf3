"""Logs of the UK AI Security Institute's Inspect: ``.json`` documents and ``.eval`` archives.

An ``.eval`` file is a zip of ``header.json`` and one JSON file a sample, deflated or, in
newer versions, packed with Zstandard. It is read in place: nothing is unpacked to disk, so a path inside
it can lead nowhere.

Inspect's own reader (``inspect_ai.log.read_eval_log``) is not used: its package brings 80 others (325 MB, as
of 0.3.285) and takes 2.3 s of processor time to import, refuses a log for one value that is not of its type,
and gives what stands in the file, which is what is read here.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...errors import shown
from ..columns import Gatherer, score_table
from ..files import MAX_DOCUMENT, MAX_LINE, File, parse
from ..identity import network
from ..options import Options
from ..schema import EvalFileError, Reading
from .inspect_results import Results
from .inspect_samples import Samples, plain, read_samples

if sys.version_info >= (3, 14):  # Zstandard came into the standard library
    import zipfile

    from compression.zstd import ZstdError
else:
    from backports.zstd import ZstdError, zipfile

__all__ = ["batches", "read_archive", "read_log", "recognises"]

_CHUNK = 4096
# How answers are drawn, as far as they depend on it.
_DRAWING = ("temperature", "top_p", "top_k", "max_tokens", "reasoning_effort", "reasoning_tokens")


def recognises(file: File) -> bool:
    """Whether a file is a log: a ``.json`` document or an ``.eval`` archive."""
    return is_archive(file.path) if file.kind == "zip" else is_log(file.document)


def batches(file: File, options: Options, batch: int) -> Iterator[Reading]:
    """A log, whole."""
    by = options.cluster_by
    is_zip = file.kind == "zip"
    yield (
        read_archive(file.path, by, options.questions)
        if is_zip
        else read_log(file.path, file.document, cluster_by=by, questions=options.questions)
    )


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


def read_archive(path: Path, cluster_by: str = "", questions: bool = False) -> Reading:
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
            inside = ((n, _member(path, archive, n)) for n in samples)
            return read_log(path, header, inside, cluster_by, questions)
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
    path: Path,
    log: dict[str, Any],
    samples: Iterable[tuple[str, Any]] | None = None,
    cluster_by: str = "",
    questions: bool = False,
) -> Reading:
    """Scores and records of a log.

    Parameters
    ----------
    path : Path
    log : dict
        Whole log or header.
    samples : iterable of (str, object), optional
        Name and content of each sample, where they are not in the log.
    cluster_by : str
        Name in the metadata of samples by which they are clustered; ``""`` for none.
    questions : bool
        Whether records say what tells an item's question from others.

    Raises
    ------
    EvalFileError
        Naming the field: a log without task or model, or samples that are no list. Any other odd value is
        left out with a note.
    """
    about = log["eval"]
    for field in ("task", "model"):
        if not isinstance(about.get(field), str) or not about[field]:
            raise EvalFileError(
                path, f"expected a name, found {shown(about.get(field))}", field=f"eval.{field}"
            )
    if samples is None:
        inside = log.get("samples") or []
        if not isinstance(inside, list):
            raise EvalFileError(path, f"expected a list, found {shown(inside)}", field="samples")
        samples = ((f"samples[{i}]", sample) for i, sample in enumerate(inside))
    results = Results(log)
    found = read_samples(samples, results.groups, cluster_by, questions)
    run = {
        "model": _network(about),
        "task": plain(about["task"]),
        "run": str(path),
        "source": str(path),
    }
    scores = score_table([{**run, **row} for row in results.rows(found)], "stderr")
    records = _records(found, results).table(**run)
    status = log.get("status")
    notes = [*results.notes, *found.notes]
    if not found.total and results.unfinished:
        notes.append(results.unfinished)
    if status != "success":
        notes.insert(0, f"status {shown(status)}: the run did not end as planned")
    if log.get("invalidated") and not found.invalid:
        notes.append("the log is marked as not to be used (invalidated)")
    if scores.empty and records.empty:
        notes.append("neither scores nor samples in this log that can be used")
    packages = about.get("packages")
    known = packages.get("inspect_ai") if isinstance(packages, dict) else None
    return Reading(
        str(path),
        "Inspect log",
        f"{plain(known or 'unknown')} (log {plain(log['version'])})",
        scores,
        records,
        tuple(notes),
        ended=status == "success",
        time=_time(about.get("created")),
        conditions={run["task"]: _conditions(about)},
        identifier=plain(about.get("eval_id") or ""),
        fields=tuple(found.fields),
    )


def _records(samples: Samples, results: Results) -> Gatherer:
    gathered = Gatherer()
    extracts = {grade.scorer for grade in samples.grades if grade.answer is not None}
    for grade in samples.grades:
        if not grade.valid:
            continue
        setting, metric = results.named(grade)
        # A scorer that takes answers out of outputs and found none was given none.
        answer = (grade.answer or "") if grade.scorer in extracts else grade.output
        gathered.add(
            grade.item, grade.target, answer, None, {metric: grade.score}, setting=setting,
            epoch=grade.epoch, cluster=grade.cluster, asked=grade.asked,
        )  # fmt: skip
    for item, epoch, target, output, cluster, asked in samples.open:
        gathered.add(
            item,
            target,
            output,
            None,
            {},
            setting=results.setting(""),
            epoch=epoch,
            cluster=cluster,
            asked=asked,
        )
    return gathered


def _network(about: dict[str, Any]) -> str:
    """What answered: ``hf/local`` and its like say in an argument which weights they are."""
    base, given = plain(about["model"]), about.get("model_args")
    given = {plain(k): v for k, v in given.items()} if isinstance(given, dict) else {}
    given = {k: plain(v) if isinstance(v, str) else v for k, v in given.items()}
    path, server = given.get("model_path"), about.get("model_base_url")
    if isinstance(path, str) and path:
        base = path
    elif isinstance(server, str) and server and base.endswith("/local"):
        base = f"{base} (model_base_url={plain(server)})"
    return network(base, given)


def _conditions(about: dict[str, Any]) -> str:
    """The version of the task and how answers were drawn, as far as the log says."""
    drawn = about.get("model_generate_config")
    drawn = drawn if isinstance(drawn, dict) else {}
    version = about.get("task_version")
    parts = [f"version {plain(version)}"] if version not in (None, 0, "", "0") else []
    parts += [f"{key} {plain(drawn[key])}" for key in _DRAWING if drawn.get(key) is not None]
    return ", ".join(parts)[:200]


def _time(value: Any) -> str:
    """When a run was made, in one time zone, so that it sorts."""
    try:
        made = datetime.fromisoformat(value)
        return made.astimezone(UTC).isoformat() if made.tzinfo else made.isoformat()
    except (TypeError, ValueError, OverflowError):
        return ""
