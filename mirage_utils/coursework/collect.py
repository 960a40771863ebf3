"""From what a learning platform hands out to a folder with one sub-folder a student, ready for `grade`.

Everything is unpacked beside the folder and moved into it at the end, so that it never holds half of something. Each student's folder
is given a file `RECORD`, which says where its content comes from; the way back (`handback`) and the lateness of a class read it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import DataError, FieldError
from ..ground.write import replace as write_whole
from .archive import Entry, Refused, opened, printable, some
from .assignments import told_by
from .exports import MODIFIED, name_of, people
from .folders import RECORD, tree
from .layouts import Place, places
from .moments import moment
from .secret import SECRET, kept_secret
from .variation import normalised
from .whose import found_in

__all__ = ["RECORD", "Collected", "collect", "record", "signed", "work_of"]

STUDENT = 300_000_000  # bytes of one student's files, unpacked
CLASS = 8_000_000_000  # and of everybody's
FILES = 500  # of one student
PACKING = timedelta(minutes=15)
"""Within which a platform packs a class. Times that only grow, and by no more than this, are those of packing."""
_PACKED_OTHERWISE = {".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz"}


@dataclass
class Collected:
    """What was done.

    Attributes
    ----------
    students : dict of str to str
        For each student with a file: ``new``, ``changed``, ``as before``, or ``kept`` where somebody has worked in the folder.
    missing : list of str
        People of the class list without a file.
    told : list of str
        What a teacher should know, a sentence each.
    """

    students: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def record(folder: Path) -> dict[str, Any] | None:
    """What `collect` noted of a student's folder; None if it did not make it.

    Where a folder was put there by hand, such a file may be the student's own: only what is signed with the secret beside the folders
    is believed.
    """
    path, secret = folder / RECORD, folder.parent / SECRET
    if path.is_symlink() or not secret.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        signature = found.pop("signature")
        return found if hmac.compare_digest(signature, _signature(found, folder)) else None
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError, DataError):
        return None


def signed(note: Mapping[str, Any], folder: Path) -> str:
    """The content of a student's record, for a folder in a place that has a secret."""
    return json.dumps({**note, "signature": _signature(note, folder)}, indent=1)


def _signature(note: Mapping[str, Any], folder: Path) -> str:
    said = json.dumps([normalised(folder.name), note], sort_keys=True).encode()
    return hmac.new(kept_secret(folder.parent)[0].encode(), said, hashlib.sha256).hexdigest()


def collect(
    source: Path,
    out: Path,
    listed: Path | None = None,
    *,
    zone: tzinfo | None = None,
    assignment: str | None = None,
    replace_changed: bool = False,
) -> Collected:
    """Unpack a platform's zip of all submissions.

    Parameters
    ----------
    source : Path
        The zip as Moodle or Canvas gave it, or nbgrader's exchange; or a folder with its content.
    out : Path
        The folder to fill, which may be there already: then only what is new or changed is written.
    listed : Path, optional
        The class list, as the platform exports it. Students are called as `exports.roster` calls them; without it, as the platform's
        file names do.
    zone : tzinfo, optional
        Of times without a zone; the zone of this machine by default.
    assignment : str, optional
        Which, where there are several in nbgrader's folders.
    replace_changed : bool
        Also replace folders in which somebody changed something since they were collected.

    Returns
    -------
    Collected

    Raises
    ------
    FieldError
        If there is no such source, or source and folder are not apart.
    DataError
        If the files are named as by no platform, nobody of them is in the class list, or there are too many or too large ones. Nothing
        is written then.
    """
    if not source.exists():
        raise FieldError(
            "ZIP", str(source), "a zip of all submissions, or a folder with its content"
        )
    here, there = source.resolve(), out.resolve()
    if (
        there.is_relative_to(here)
        or here.is_relative_to(there)
        or (out.exists() and not out.is_dir())
    ):
        raise FieldError(
            "IN", str(out), f"a folder of its own for the submissions, outside {source}"
        )
    done = Collected()
    with opened(source) as entries:
        by_student = _by_student(source, entries, listed, assignment, done)
        times = _Times(entries, zone)
        out.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
        try:
            new = staging / "new"
            new.mkdir()
            if out.exists():
                write_whole(new / SECRET, kept_secret(out)[0].encode(), mode=0o600)
            else:
                kept_secret(new)
            size = 0
            for student, files in by_student.items():
                folder = new / student.name
                folder.mkdir()
                size += _write(folder, student, files, times, done)
                if size > CLASS:
                    raise DataError(
                        f"{source}: more than {CLASS / 1e9:.0f} GB unpacked; nothing was written"
                    )
            _put(staging, out, done, replace_changed)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    if times.of_this_machine:
        here = datetime.now().astimezone()
        done.told.append(
            f"times are read as those of this machine's zone ({here.tzname()}, {here:%z}); if the platform is elsewhere, give its zone: "
            "--zone Europe/Berlin, with make ZONE=Europe/Berlin"
        )
    if times.unknown:
        late = [each.name for each in by_student if each.late]
        done.told.append(
            f"when it was handed in is not known for {some(times.unknown)}: a platform's zip has the time of packing. "
            + (
                f"By Canvas, late are: {some(late, 99) or 'none'}"
                if any(each.late is not None for each in by_student)
                else f"Moodle's grading worksheet, given as the class list, tells it (column {MODIFIED})"
            )
        )
    return done


def work_of(folder: Path) -> str:
    """A digest of what was handed in; a letter comes first, lest a spreadsheet takes it for a number."""
    digest = hashlib.sha256()
    there = tree(folder)
    digest.update(json.dumps([there.unseen, *map(os.fspath, there.links)]).encode())
    for path in there.files:
        if path == folder / RECORD:  # which says how it came, and not what it is
            continue
        digest.update(json.dumps(os.fspath(path.relative_to(folder))).encode())
        try:
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:  # gone, or not to be read
            digest.update(str(error.errno).encode())
    return f"w{digest.hexdigest()[:16]}"


# ---------------------------------------------------------------- whose


@dataclass(frozen=True)
class _Student:
    name: str
    platform: str
    id: str
    late: bool | None
    row: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)


_File = tuple[Entry, Place]


def _by_student(
    source: Path, entries: Sequence[Entry], listed: Path | None, assignment: str | None, done: Collected
) -> dict[_Student, list[_File]]:  # fmt: skip
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
    handed: dict[str, list[_File]] = {}
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
    handed: Mapping[str, list[_File]], rows: list[dict[str, str]] | None, done: Collected
) -> dict[_Student, list[_File]]:
    """The files of each student that can be named, with the name by which `grade` knows them."""
    first = [files[0][1] for files in handed.values()]
    matches = found_in(rows, first) if rows is not None else [({}, "")] * len(first)
    found: dict[_Student, list[_File]] = {}
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
        found[_Student(name, place.platform, who, late, row or {})] = files
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


# ---------------------------------------------------------------- when


class _Times:
    """When things were handed in: nbgrader's stamp, Moodle's worksheet, or the zip where it says more than when it was packed."""

    def __init__(self, entries: Sequence[Entry], zone: tzinfo | None) -> None:
        self.zone = zone
        self.unknown: list[str] = []
        self.of_this_machine = False
        times = [entry.time for entry in entries if entry.time is not None]
        self.of_packing = not times or (times == sorted(times) and times[-1] - times[0] <= PACKING)

    def of(self, student: _Student, entry: Entry, place: Place) -> datetime | None:
        found = place.handed_in
        if found is None:
            plain = moment(student.row.get(MODIFIED, ""))
            if plain is None and not self.of_packing and student.platform != "nbgrader":
                plain = entry.time
            if plain is not None:
                found = plain.replace(tzinfo=self.zone) if self.zone else plain.astimezone()
                self.of_this_machine |= self.zone is None
        if found is None:
            self.unknown.append(student.name)
        return found


# ---------------------------------------------------------------- one student


def _write(
    folder: Path, student: _Student, files: list[_File], times: _Times, done: Collected
) -> int:
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
        if seen > FILES:  # before anything is done about it: there may be any number
            if seen == FILES + 1:
                problems.append(
                    f"{_short(entry.path)} and all after it are more than {FILES} files"
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
                for piece in entry.read(STUDENT - size):
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


_ATTEMPT = re.compile(r"(?P<stem>.+?)(?:-(?P<dash>\d{1,2})|[ _]?\((?P<bracket>\d{1,2})\))")


def _newest(student: _Student, files: list[_File], done: Collected) -> tuple[list[_File], int]:
    """Of notebooks that are one file in several attempts (``a.ipynb``, ``a-1.ipynb``, ``a (1).ipynb``), the last, under its plain name."""
    groups: dict[str, list[tuple[tuple[Any, ...], Entry, Place]]] = {}
    kept: list[_File] = []
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
                for each in entries[: FILES + 1]
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


# ---------------------------------------------------------------- into the folder


def _put(staging: Path, out: Path, done: Collected, replace_changed: bool) -> None:
    """Move what is new or changed into the folder; what somebody changed by hand stays, unless it was asked for."""
    new = staging / "new"
    names = sorted(path.name for path in new.iterdir() if path.is_dir())
    if not out.exists():
        done.students = dict.fromkeys(names, "new")
        new.rename(out)
        return
    there = {normalised(path.name): path for path in out.iterdir() if path.is_dir()}
    if not replace_changed:
        _of_the_same_assignment(out, there.values(), new)
    moves: list[tuple[Path, Path | None]] = []
    for name in names:
        old = there.get(normalised(name))
        state = _state(old, new / name)
        if state == "changed by hand":
            if not replace_changed:
                done.told.append(f"{name}: somebody changed {out / name} since it was collected; kept as it is, --replace takes the zip's")  # fmt: skip
                done.students[name] = "kept"
                continue
            done.told.append(f"{name}: replaced, with what was changed in it by hand")
            state = "changed"
        done.students[name] = state
        if state != "as before":
            moves.append((new / name, old))
    for path in there.values():
        if normalised(path.name) not in map(normalised, names) and record(path) is not None:
            done.told.append(f"{path.name}: collected before and not among these; kept")
    before = staging / "before"
    before.mkdir()
    moved: list[tuple[Path, Path]] = []
    try:
        for fresh, old in moves:
            if old is not None:
                old.rename(before / old.name)
                moved.append((before / old.name, old))
            target = out / fresh.name
            fresh.rename(target)
            moved.append((target, fresh))
    except OSError:
        for now, earlier in reversed(moved):
            now.rename(earlier)
        raise


def _of_the_same_assignment(out: Path, before: Iterable[Path], new: Path) -> None:
    """That what is collected is not of another assignment than what is there, as far as several students' notebooks say."""
    old, now = _mostly(before), _mostly(new.iterdir())
    if old and now and old != now:
        raise FieldError(
            "IN", str(out), f"a folder of its own for {printable(now)}, such as {out.with_name(printable(now))}: this one holds "
            f"submissions of {printable(old)}, and --replace would take their place"
        )  # fmt: skip


def _mostly(folders: Iterable[Path]) -> str:
    """The assignment of which most students have a notebook, and two at the least; empty where that is not so."""
    told = []
    for folder in folders:
        found = {told_by(path) for path in tree(folder).files if path.suffix.lower() == ".ipynb"}
        if len(found) == 1:  # who has notebooks of several does not say which is meant
            told += found
    name = max(told, key=told.count, default="")
    return name if told.count(name) > max(1, len(told) / 2) else ""


def _state(old: Path | None, fresh: Path) -> str:
    """How a folder that is there compares with what was unpacked: ``new``, ``as before``, ``changed`` or ``changed by hand``."""
    if old is None:
        return "new"
    before, now = record(old), record(fresh)
    assert now is not None
    if before is None or not isinstance(before.get("files"), dict):
        return "changed by hand"
    if before == now:
        return "as before"
    return "changed" if _content(old) == before["files"] else "changed by hand"


def _content(folder: Path) -> dict[str, str]:
    found = {}
    for here, _, files in os.walk(folder):
        for name in files:
            path = Path(here, name)
            if name != RECORD or Path(here) != folder:
                with open(path, "rb") as file:
                    found[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()  # fmt: skip
    return dict(sorted(found.items()))
