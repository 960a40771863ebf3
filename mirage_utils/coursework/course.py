"""Mark a class: a folder with one sub-folder a student becomes a table and a page for each.

Each submission is marked in a process of its own, so that whatever becomes of that process costs nobody else
anything. Its result is written, whole, before the next is taken up. A run that was ended by whatever cause is taken up by
the same command: what was marked of an unchanged submission, by the same source and settings, is not marked again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import nbformat  # noqa: F401 - loaded once, for all processes that are forked

from .._write import harmless
from .._write import replace as write_whole
from ..errors import DataError, FieldError
from . import apart
from .assignments import Assignment, assignment, attempt, clean
from .collect import record
from .exports import read_table, write_table
from .feedback import page
from .folders import file_name, files, tree
from .grading import Result, unmarked
from .sandbox import Limits, Sandbox, chosen
from .variation import normalised

__all__ = ["COLUMNS", "Settings", "grade", "mark_essays", "table"]

COLUMNS = ("student", "assignment", "score", "max_score", "status", "reason")
UNLISTED = "name is not in the class list"
SAME_NAME = "same name as the folder "
ESSAYS = ("student", "assignment", "exercise", "max_points", "points", "comment", "answer")


@dataclass(frozen=True)
class Settings:
    """How a class is marked.

    Attributes
    ----------
    jobs : int
        Submissions marked side by side.
    limits : Limits
        What each may use.
    sandbox : str
        ``bubblewrap``, ``limits``, or ``auto``: bubblewrap, and nothing is marked where it does not work.
    due : datetime, optional
        When it had to be handed in, with a time zone.
    late : {"note", "zero"}
        What becomes of a later one: only a note, or no points.
    secret : str
        From which the points of the hidden tests follow; the same secret gives the same points.
    """

    jobs: int = max(1, os.cpu_count() or 1)
    limits: Limits = field(default_factory=Limits)
    sandbox: str = "auto"
    due: datetime | None = None
    late: str = "note"
    secret: str = ""

    def __post_init__(self) -> None:
        if self.due is not None and self.due.tzinfo is None:
            raise FieldError(
                "due", self.due.isoformat(), "a time with its zone, such as 2026-11-30T18:00+01:00"
            )
        for name, value, options in (
            ("sandbox", self.sandbox, ("auto", "bubblewrap", "limits")),
            ("late", self.late, ("note", "zero")),
        ):
            if value not in options:
                raise FieldError(name, value, f"one of {', '.join(options)}")
        if self.jobs < 1:
            raise FieldError("jobs", self.jobs, "a whole number >= 1")


# ---------------------------------------------------------------- marking


def grade(
    sources: Path,
    name: str,
    submissions: Path,
    out: Path,
    settings: Settings = Settings(),
    *,
    roster: Sequence[str] | None = None,
    told: Callable[[Result, bool], None] | None = None,
) -> list[Result]:
    """Mark every sub-folder of a folder.

    Parameters
    ----------
    sources : Path
        Folder of the assignments' sources.
    name : str
        The assignment.
    submissions : Path
        A folder with one sub-folder a student, named as the student is in the class list.
    out : Path
        The table to write (`COLUMNS`). A folder of the same name without its suffix receives the results, the feedback
        pages, and ``essays.csv`` to be filled in.
    roster : sequence of str, optional
        The class list: who handed in nothing gets a row, and whose name is not on it gets a note.
    told : callable, optional
        Called after each submission with its result and whether it had been marked before.

    Returns
    -------
    list of Result
        By student, in the order of the table.

    Raises
    ------
    FieldError
        If a folder is missing, or OUT is a file that is not the table of this assignment.
    SandboxError
        If the sandbox does not start or is not complete, or is ``auto`` without bubblewrap: nothing is marked then.
    """
    # Each submission is marked in a process of its own, whose working folder may be another.
    sources, submissions, out = (path.absolute() for path in (sources, submissions, out))
    wanted = assignment(sources, name)
    folders = _students(submissions)
    place = out.with_suffix("")
    if place == out or out.suffix.lower() != ".csv":
        raise FieldError("OUT", str(out), "a file that ends in .csv")
    if out.resolve().is_relative_to(submissions.resolve()):
        raise FieldError("OUT", str(out), f"a file outside {submissions}")
    _its_own(out, name)
    kind = chosen(settings.sandbox)

    results: dict[str, Result] = {}
    waiting: dict[str, tuple[Path, str]] = {}
    for student, folder in folders.items():
        key = _key(wanted, student, folder, settings, kind)
        before = _before(_path(place, student), key)
        if before is None:
            waiting[student] = (folder, key)
        else:
            results[student] = before
            if told:
                told(before, True)

    if waiting:
        with Sandbox(settings.limits, kind=kind):
            pass  # what keeps one submission from being run keeps all of them
    place.mkdir(parents=True, exist_ok=True)
    context = apart.processes(wanted)
    with ThreadPoolExecutor(settings.jobs) as pool:
        futures = {
            pool.submit(
                apart.marked,
                context,
                sources,
                name,
                student,
                folder,
                key,
                place,
                settings,
                kind,
                finish=partial(_lateness, folder=folder, settings=settings),
            ): student
            for student, (folder, key) in waiting.items()
        }
        try:
            for future in as_completed(futures):
                results[futures[future]] = future.result()
                if told:
                    told(future.result(), False)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise

    known = {normalised(each) for each in folders}
    for student in roster or ():
        if normalised(student) not in known:
            absent = Result(student, name, "missing", unmarked(wanted), ["nothing was handed in"])
            results[student] = absent
    for student, other in _twice(folders).items():
        results[student].notes.insert(0, f"{SAME_NAME}{other}")
    if roster is not None:
        listed = {normalised(each) for each in roster}
        for student, result in results.items():
            if normalised(student) not in listed:
                result.notes.insert(0, UNLISTED)
                write_whole(_path(place, student), json.dumps(result.as_dict()).encode())
    ordered = [results[student] for student in sorted(results)]
    _write(out, place, ordered)
    return ordered


def _students(submissions: Path) -> dict[str, Path]:
    if not submissions.is_dir():
        raise FieldError("IN", str(submissions), "a folder with one sub-folder a student")
    folders: dict[str, Path] = {}
    for path in sorted(submissions.iterdir()):
        if path.is_dir() and not path.is_symlink() and not path.name.startswith("."):
            # Bytes that are no text, and letters that no table keeps.
            name = re.sub("[\x00-\x1f\x7f]", "\ufffd", clean(path.name))
            while name in folders:
                name += "\ufffd"
            folders[name] = path
    if not folders:
        raise FieldError("IN", str(submissions), "a folder with one sub-folder a student")
    return folders


def _twice(students: Iterable[str]) -> dict[str, str]:
    """Students whose folder has the same name as another's, but for case and the like, and that other."""
    meant: dict[str, str] = {}
    found = {}
    for student in students:
        other = meant.setdefault(normalised(student), student)
        if other != student:
            found |= {student: other, other: student}
    return found


def _path(place: Path, student: str, suffix: str = "json") -> Path:
    return place / f"{file_name(student)}.{suffix}"


def _its_own(out: Path, name: str) -> None:
    """That a table of marks may be written: nothing is there yet, or a table of the same assignment."""
    if not out.exists():
        return
    try:
        columns, rows = read_table(out, "OUT", "marks")
    except DataError:
        columns, rows = [], []
    if tuple(columns) != COLUMNS:
        raise FieldError("OUT", str(out), "a new file, or a table that 'grade' wrote")
    others = sorted({row["assignment"] for row in rows} - {name})
    if others:
        raise FieldError(
            "OUT",
            str(out),
            f"another file for {name}, since this one holds the marks of {', '.join(others)}",
        )


def _key(wanted: Assignment, student: str, folder: Path, settings: Settings, kind: str) -> str:
    """A digest of everything on which a result depends."""
    digest = hashlib.sha256()
    said = [wanted.digest, student, asdict(settings.limits), kind, settings.late, settings.secret]
    said.append(settings.due.isoformat() if settings.due else "")
    digest.update(json.dumps(said).encode())
    there = tree(folder)
    digest.update(json.dumps([there.unseen, *map(os.fspath, there.links)]).encode())
    for path in there.files:
        digest.update(json.dumps(os.fspath(path.relative_to(folder))).encode())
        try:
            if settings.due is not None:
                digest.update(str(path.lstat().st_mtime_ns).encode())
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:  # gone, or not to be read
            digest.update(str(error.errno).encode())
    return digest.hexdigest()


def _before(path: Path, key: str) -> Result | None:
    result = _result(path)
    return result if result is not None and result.key == key else None


def _result(path: Path) -> Result | None:
    try:
        result = Result.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    # As this run's class list and folders have it.
    result.notes = [
        note for note in result.notes if note != UNLISTED and not note.startswith(SAME_NAME)
    ]
    return result


def _lateness(result: Result, folder: Path, settings: Settings) -> None:
    if settings.due is None or result.status in ("missing", "failed"):
        return
    handed = _handed_in_at(folder, result.assignment)
    if handed is None or handed <= settings.due:
        return
    minutes = int((handed - settings.due).total_seconds() // 60)
    days, minutes = divmod(minutes, 1440)
    words = f"{f'{days} d ' if days else ''}{minutes // 60} h {minutes % 60} min"
    if settings.late == "zero":
        for each in result.exercises:
            each.points = 0.0
            each.reason = each.reason or "late"
        result.status = "graded"
    result.notes.insert(0, f"late by {words}")


def _handed_in_at(folder: Path, name: str) -> datetime | None:
    """When an assignment was handed in, or None if nobody knows.

    By the record of `collect`; in nbgrader's layout, where each assignment has a folder of its own, by its
    ``timestamp.txt``; else by the newest notebook of the assignment. A ``timestamp.txt`` that lies anywhere else may be the
    student's own and is not believed.
    """
    collected = record(folder)
    if collected is not None:
        return _moment(str(collected.get("handed_in") or ""))
    own = folder / name
    if own.is_dir() and not own.is_symlink():
        stamp = own / "timestamp.txt"
        if stamp.is_file() and not stamp.is_symlink():
            found = _moment(stamp.read_text(errors="replace").strip()[:60])
            if found is not None:
                return found
        folder = own
    notebooks = [path for path in files(folder) if path.suffix.lower() == ".ipynb"]
    named = [path for path in notebooks if attempt(path.stem, name) is not None]
    times = [path.stat().st_mtime for path in named or notebooks]
    return datetime.fromtimestamp(max(times), UTC) if times else None


def _moment(text: str) -> datetime | None:
    """A time as nbgrader or ISO 8601 writes it; without a zone it is that of Greenwich."""
    for form in ("%Y-%m-%d %H:%M:%S.%f %Z", "%Y-%m-%d %H:%M:%S %Z"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# ---------------------------------------------------------------- tables


def table(results: Iterable[Result]) -> str:
    """The results as CSV."""
    return write_table(COLUMNS, map(_row, results))


def _row(result: Result) -> dict[str, str]:
    return {
        "student": result.student,
        "assignment": result.assignment,
        # What could not be marked has no mark, and not the mark zero.
        "score": "" if result.status == "failed" else f"{result.score:g}",
        "max_score": f"{result.max_score:g}",
        "status": result.status,
        "reason": result.reason,
    }


def _write(out: Path, place: Path, results: list[Result]) -> None:
    write_whole(out, table(results).encode())
    rows = [
        dict(
            zip(
                ESSAYS,
                (r.student, r.assignment, e.name, f"{e.most:g}", "", "", e.answer),
                strict=True,
            )
        )
        for r in results
        if r.status != "missing"  # who handed in nothing wrote nothing that waits to be read
        for e in r.exercises
        if e.essay and not e.reason
    ]
    sheet = place / "essays.csv"
    filled = {_whose(row): row for row in _rows(sheet)} if sheet.exists() else {}
    rows = [_carried(row, filled.pop(_whose(row), None)) for row in rows]
    # Of whom this run knows nothing, what a person wrote stays.
    rows += [row for row in filled.values() if row["points"].strip() or row["comment"].strip()]
    if rows:
        write_whole(sheet, write_table(ESSAYS, rows).encode())


def _whose(row: dict[str, str]) -> tuple[str, ...]:
    return row["student"], row["assignment"], row["exercise"]


def _carried(row: dict[str, str], old: dict[str, str] | None) -> dict[str, str]:
    """A row of the sheet with what was written in it before; points for another text wait to be confirmed."""
    if old is None:
        return row
    points, comment = old["points"], old["comment"]
    # Spreadsheets change ends of lines.
    if points.strip() and harmless(old["answer"]).split() != harmless(row["answer"]).split():
        comment = f"[text changed, was {points.strip()} points] {comment}".strip()
        points = ""
    return {**row, "points": points, "comment": comment}


def _rows(path: Path) -> list[dict[str, str]]:
    columns, rows = read_table(path, "essays", "points for the essays")
    missing = [name for name in ("student", "exercise", "points") if name not in columns]
    if missing:
        raise DataError(f"{path}, line 1: no column {', '.join(missing)}")
    return [{name: row.get(name, "") for name in ESSAYS} for row in rows]


def mark_essays(out: Path) -> list[Result]:
    """Put the points that a person wrote into ``essays.csv`` into the table and the pages.

    Parameters
    ----------
    out : Path
        The table that `grade` wrote.

    Returns
    -------
    list of Result

    Raises
    ------
    DataError
        If the sheet names somebody or something unknown, or has points that are no number or out of range; nothing is
        written then.
    """
    place = out.with_suffix("")
    sheet = place / "essays.csv"
    if not out.exists() or not place.is_dir():
        raise DataError(f"{out}: no table; grade the submissions first")
    found: dict[str, Result] = {}
    for path in sorted(place.glob("*.json")):
        result = Result.from_dict(json.loads(path.read_text(encoding="utf-8")))
        found[result.student] = result
    comments: dict[str, dict[str, str]] = {}
    for row in _rows(sheet) if sheet.exists() else ():
        student = row["student"] if row["student"] in found else None
        where = f"{sheet}: {row['student']}, {row['exercise']}"
        if student is None:
            raise DataError(f"{where}: nobody of that name was marked")
        if row["assignment"] not in ("", found[student].assignment):
            continue  # kept from another assignment
        each = next(
            (e for e in found[student].exercises if e.name == row["exercise"] and e.essay), None
        )
        if each is None:
            raise DataError(f"{where}: there is no such essay")
        if each.reason:
            continue  # nothing is written there now; what was read is kept in the sheet
        comments.setdefault(student, {})[each.name] = row["comment"]
        if not row["points"].strip():
            continue
        try:
            points = float(row["points"].replace(",", "."))
        except ValueError:
            points = float("nan")
        if not 0 <= points <= each.most:
            raise DataError(
                f"{where}: points = {row['points']!r}: expected a number from 0 to {each.most:g}"
            )
        each.points = points
        each.reason = each.reason or ("" if points == each.most else "read by a person")
        each.answer = ""  # marked
    finished = []
    for row in read_table(out, "table", "the marks, as 'grade' wrote it")[1]:
        student = row["student"] if row["student"] in found else None
        if (
            student is None or row["status"] == "missing"
        ):  # who handed in nothing has no mark, whatever was before
            finished.append(row)
            continue
        result = found[student]
        waiting = [e for e in result.exercises if e.essay and e.answer and not e.reason]
        if result.status in ("essays", "graded"):
            result = replace(result, status="essays" if waiting else "graded")
        write_whole(
            _path(place, student, "html"),
            page(result, comments.get(student)).encode(errors="replace"),
        )
        finished.append(_row(result))
        found[student] = result
    write_whole(out, write_table(COLUMNS, finished).encode())
    return list(found.values())
