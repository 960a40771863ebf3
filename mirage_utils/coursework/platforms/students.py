"""Each student's files among those of a platform's zip, by the name that the class list has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...errors import DataError, FieldError
from ..variation import normalised
from .archive import Entry, Refused, printable, some
from .collected import Collected, File, Student
from .layouts import Place, places
from .rosters import name_of, people
from .whose import found_in

__all__ = ["by_student"]


def by_student(
    source: Path, entries: Sequence[Entry], listed: Path | None, assignment: str | None, done: Collected
) -> dict[Student, list[File]]:  # fmt: skip
    """The files of each student that is known, by name; what is nobody's is told."""
    whose = places(entry.path for entry in entries)
    if not whose:
        raise DataError(
            f"{source}: no file is named as Moodle, Canvas or nbgrader name what was handed in; expected the zip of "
            "'Download all submissions' (Moodle) or 'Download Submissions' (Canvas), or nbgrader's exchange"
        )
    whose = _stamped(entries, whose)
    whose = _of_one_assignment(source, whose, assignment)
    for entry in entries:
        if entry.path not in whose and entry.path.rsplit("/", 1)[-1] != "timestamp.txt":
            done.told.append(f"{printable(entry.path)}: nobody's, left out")
    handed: dict[str, list[File]] = {}
    for entry in entries:
        if place := whose.get(entry.path):
            handed.setdefault(place.id, []).append((entry, place))
    rows = people(listed) if listed is not None else None
    known = _known(handed, rows, done)
    if rows is not None:
        if not known:
            raise DataError(
                f"{listed}: nobody in it handed in a file of {source}; nothing was written ({some(done.told, 3)})"
            )
        found = {normalised(each.name) for each in known}
        done.missing = [name for name in map(name_of, rows) if normalised(name) not in found]
    return known


def _stamped(entries: Sequence[Entry], whose: Mapping[str, Place]) -> dict[str, Place]:
    """With the time that nbgrader writes beside the files, where it is not in their path."""
    stamps = {}
    for entry in entries:
        if entry.path.endswith("/timestamp.txt"):
            try:
                text = b"".join(entry.read(200)).decode(errors="replace")
            except Refused:
                continue
            stamps[entry.path.removesuffix("timestamp.txt")] = text.strip()
    return {
        path: place if place.stamp else replace(place, stamp=stamps.get(path.removesuffix(place.file), ""))
        for path, place in whose.items()
    }  # fmt: skip


def _of_one_assignment(
    source: Path, whose: Mapping[str, Place], wanted: str | None
) -> dict[str, Place]:
    names = sorted({place.assignment for place in whose.values()})
    if wanted is None and len(names) > 1:
        raise FieldError("assignment", None, f"one of {', '.join(map(printable, names))}; {source} holds them all")  # fmt: skip
    if wanted is None or names == [""]:
        return dict(whose)
    kept = {
        path: place
        for path, place in whose.items()
        if wanted in (place.assignment, place.assignment.split("_", 1)[0])
    }
    if not kept:
        raise FieldError("assignment", wanted, f"one of {', '.join(map(printable, names))}")
    return kept


def _known(
    handed: Mapping[str, list[File]], rows: list[dict[str, str]] | None, done: Collected
) -> dict[Student, list[File]]:
    """The files of each student that can be named, with the name by which `grade` knows them."""
    first = [files[0][1] for files in handed.values()]
    matches = found_in(rows, first) if rows is not None else [({}, "")] * len(first)
    found: dict[Student, list[File]] = {}
    names: set[str] = set()
    by_name = []
    for place, (row, how), (who, files) in zip(first, matches, handed.items(), strict=True):
        words = f"{printable(place.name)} ({place.platform}'s number {who})" if place.name != who else printable(who)  # fmt: skip
        name = place.name if rows is None else name_of(row or {})
        if rows is None and (normalised(name) in names or not name):
            name = f"{name} ({who})"
        why_not = how if row is None else _no_folder(name)
        if why_not:
            done.told.append(f"{words} {why_not}: {len(files)} file(s) left out")
            continue
        by_name += [words] if how == "name" else []
        names.add(normalised(name))
        late = None if place.late is None else any(each.late for _, each in files)
        found[Student(name, place.platform, who, late, row or {})] = files
    if by_name:
        done.told.append(f"found by name, as the class list does not have their numbers: {some(by_name)}")  # fmt: skip
    return dict(sorted(found.items(), key=lambda item: item[0].name))


def _no_folder(name: str) -> str:
    """Why a name cannot be that of a folder here; empty if it can."""
    if not name or name.startswith(".") or name.endswith((".", " ")) or re.search(r"[/\\\x00-\x1f\x7f\ud800-\udfff]", name):  # fmt: skip
        return f"has a name that no folder can have ({printable(name)})"
    if len(name.encode()) > 200:
        return "has a name of more than 200 bytes"
    return ""
