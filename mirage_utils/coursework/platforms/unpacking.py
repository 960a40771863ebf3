"""One student's files, unpacked: the newest attempt, under names that every system can have."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import DataError
from ..folders import RECORD
from ..variation import normalised
from .archive import Entry, Refused, opened, printable, some
from .collected import Collected, File, Student
from .layouts import Place
from .record import signed
from .times import Times

__all__ = ["unpack"]

_STUDENT = 300_000_000  # bytes of one student's files, unpacked
_FILES = 500  # of one student
_PACKED_OTHERWISE = {".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz"}
_ATTEMPT = re.compile(r"(?P<stem>.+?)(?:-(?P<dash>\d{1,2})|[ _]?\((?P<bracket>\d{1,2})\))")


def unpack(folder: Path, student: Student, files: list[File], times: Times, done: Collected) -> int:
    """Write the newest attempt of a student, and the record of it; returns its size in bytes."""
    attempts = sorted({place.stamp for _, place in files})
    if len(attempts) > 1:
        done.told.append(f"{student.name}: {len(attempts)} attempts, taken is that of {printable(attempts[-1])}")  # fmt: skip
        files = [(entry, place) for entry, place in files if place.stamp == attempts[-1]]
    files, number = _newest(student, files, done)
    number = max(number, len(attempts))

    written: dict[str, str] = {}
    problems: list[str] = []
    size = seen = 0

    def put(entry: Entry, wanted: str) -> Path | None:
        nonlocal size, seen
        seen += 1
        if seen > _FILES:  # before anything is done about it: there may be any number
            if seen == _FILES + 1:
                problems.append(
                    f"{_short(entry.path)} and all after it are more than {_FILES} files"
                )
            return None
        name = _free(wanted, written)
        path = folder / name
        digest = hashlib.sha256()
        try:
            if entry.problem:
                raise Refused(entry.problem)
            path.parent.mkdir(
                parents=True, exist_ok=True
            )  # of what is refused, not even its folders
            with open(path, "wb") as file:
                for piece in entry.read(_STUDENT - size):
                    file.write(piece)
                    digest.update(piece)
        except (Refused, OSError) as why:  # also a name that this system does not have
            if not entry.problem:
                with suppress(OSError):
                    path.unlink(missing_ok=True)
            problems.append(
                f"{_short(entry.path)} {why.strerror if isinstance(why, OSError) else why}"
            )
            return None
        size += path.stat().st_size
        written[name] = digest.hexdigest()
        return path

    for entry, place in files:
        path = put(entry, _plain(place.file))
        if path is not None and path.suffix.lower() == ".zip":
            inner = _unpacked(path, put, problems)
            if inner:
                done.told.append(f"{student.name}: {inner} file(s) unpacked from {printable(place.file)}")  # fmt: skip
                del written[path.relative_to(folder).as_posix()]
                path.unlink()
        elif path is not None and path.suffix.lower() in _PACKED_OTHERWISE:
            problems.append(f"{printable(entry.path)} is packed, and not unpacked: only zips are")
    if not any(name.lower().endswith(".ipynb") for name in written):
        problems.append("no notebook was handed in")
    done.told += [f"{student.name}: {each}" for each in problems]

    entry, place = next((each for each in files if each[1].file.lower().endswith(".ipynb")), files[0])  # fmt: skip
    handed_in = times.of(student, entry, place)
    note = {
        "handed_in": handed_in.isoformat() if handed_in else None,
        "late": student.late,
        "from": entry.path,
        "prefix": place.prefix,
        "stamp": place.stamp,
        "attempt": number,
        "platform": student.platform,
        "id": student.id,
        "files": dict(sorted(written.items())),
    }
    (folder / RECORD).write_text(signed(note, folder), encoding="utf-8")
    return size


def _short(path: str) -> str:
    """A path for a message, however deep."""
    shown = printable(path)
    return shown if len(shown) <= 200 else f"{shown[:120]}...{shown[-60:]}"


def _newest(student: Student, files: list[File], done: Collected) -> tuple[list[File], int]:
    """Of notebooks that are one file in several attempts (``a.ipynb``, ``a-1.ipynb``, ``a (1).ipynb``), the last, under its plain name."""
    groups: dict[str, list[tuple[tuple[Any, ...], Entry, Place]]] = {}
    kept: list[File] = []
    for entry, place in files:
        path = PurePosixPath(place.file)
        if path.suffix.lower() != ".ipynb" or entry.problem:
            kept.append((entry, place))
            continue
        each = _ATTEMPT.fullmatch(path.stem)
        number = int(each["dash"] or each["bracket"]) if each else 0
        plain = path.with_name((each["stem"] if each else path.stem) + ".ipynb").as_posix()
        order = (number, place.number, entry.time or datetime.min)
        groups.setdefault(normalised(plain), []).append((order, entry, replace(place, file=plain)))
    last = 0
    for group in groups.values():
        group.sort(key=lambda each: each[0])
        order, entry, place = group[-1]
        kept.append((entry, place))
        last = max(last, order[0])
        if len(group) > 1:
            others = some(printable(each.path) for _, each, _ in group[:-1])
            done.told.append(f"{student.name}: taken is {printable(entry.path)}, the newest; not {others}")  # fmt: skip
    return kept, last + 1


def _unpacked(path: Path, put: Any, problems: list[str]) -> int:
    """Unpack a zip within a student's files, one level, if there is a notebook in it; returns the number of files."""
    try:
        with opened(path) as entries:
            if not any(each.path.lower().endswith(".ipynb") for each in entries):
                problems.append(
                    f"{printable(path.name)} is a zip without a notebook, and not unpacked"
                )
                return 0
            return sum(
                put(each, f"{path.stem}/{_plain(each.path)}") is not None
                for each in entries[: _FILES + 1]
            )
    except DataError as error:
        problems.append(f"{printable(path.name)} cannot be unpacked: {error}")
        return 0


def _plain(path: str) -> str:
    """A path below a folder that every system can have: its parts kept short, and without what some systems forbid."""
    parts = []
    for part in path.split("/"):
        part = re.sub(r'[<>:"|?*\x00-\x1f\x7f\ud800-\udfff]', "_", part).rstrip(". ")
        if len(part.encode()) > 120:
            stem, dot, suffix = part.rpartition(".")
            digest = hashlib.sha256(part.encode()).hexdigest()[:8]
            part = (
                f"{(stem or part)[:25]}~{digest}{dot + suffix if dot and len(suffix) < 10 else ''}"
            )
        parts.append(part)
    return "/".join(part for part in parts if part not in ("", "..")) or "file"


def _free(wanted: str, written: Mapping[str, str]) -> str:
    """The name, or one like it if there is a file of that name already, in whatever case."""
    taken = {normalised(name) for name in written}
    folders = {normalised(str(above)) for name in written for above in PurePosixPath(name).parents}
    path, at = PurePosixPath(wanted), 2
    if any(
        normalised(str(above)) in taken for above in path.parents
    ):  # a file has the name of its folder
        path = PurePosixPath(_plain("_".join(path.parts)))
    name = path
    while normalised(str(name)) in taken | folders:
        name = path.with_name(f"{path.stem}~{at}{path.suffix}")
        at += 1
    return name.as_posix()
