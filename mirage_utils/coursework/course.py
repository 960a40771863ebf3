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
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

import nbformat  # noqa: F401 - loaded once, for all processes that are forked

from .._write import as_read
from .._write import replace as write_whole
from ..errors import DataError, FieldError, WrongUse
from . import apart, by_hand, plausible
from .archive import some
from .assignments import Assignment, assignment, assignments, clean
from .collect import work_of
from .exports import read_table, write_table
from .folders import file_name
from .grading import OTHER_NAME, Result, unmarked
from .lateness import Policy, handed_in_at
from .names import keep_names
from .sandbox import Limits, Sandbox, chosen
from .secret import kept_secret
from .stored import COLUMNS, changed_by_hand, keep, kept
from .variation import normalised

__all__ = ["COLUMNS", "Settings", "grade", "override", "table", "update"]

UNLISTED = "name is not in the class list"
SAME_NAME = "same name as the folder "


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
    lateness : Policy
        What becomes of late work. Another policy changes the marks and runs nothing again.
    secret : str
        From which the points of the hidden tests follow; the same secret gives the same points. Without one, the one beside the
        results (`kept_secret`).
    """

    jobs: int = max(1, os.cpu_count() or 1)
    limits: Limits = field(default_factory=Limits)
    sandbox: str = "auto"
    lateness: Policy = field(default_factory=Policy)
    secret: str = ""

    def __post_init__(self) -> None:
        options = ("auto", "bubblewrap", "limits")
        if self.sandbox not in options:
            raise FieldError("sandbox", self.sandbox, f"one of {', '.join(options)}")
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
    names: Mapping[str, Sequence[str]] | None = None,
    anonymous: bool = False,
    told: Callable[[Result, bool], None] | None = None,
    said: Callable[[str], None] | None = None,
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
    names : mapping of str to sequence of str, optional
        What else each student is called in the class list (`exports.other_names`). A notebook may draw its numbers from any of these.
    anonymous : bool
        Whether pseudonyms stand for the names in ``essays.csv``; who is who lies beside it in ``essays-key.csv``. Once they do, they stay
        until that file is removed.
    told : callable, optional
        Called after each submission with its result and whether it had been marked before.
    said : callable, optional
        Called with each sentence that whoever marks should read: where the secret lies, and points that wait to be confirmed.

    Returns
    -------
    list of Result
        By student, in the order of the table.

    Raises
    ------
    FieldError
        If a folder is missing, or OUT is a file that is not the table of this assignment.
    WrongUse
        If folder, assignment or class list cannot be the ones that were meant (`plausible`); nothing is written then.
    DataError
        If a row of ``essays.csv`` or ``overrides.csv`` is wrong; the table and the sheets stay as they are then.
    SandboxError
        If the sandbox does not start or is not complete, or is ``auto`` without bubblewrap: nothing is marked then.
    """
    # Each submission is marked in a process of its own, whose working folder may be another.
    sources, submissions, out = (path.absolute() for path in (sources, submissions, out))
    wanted = assignment(sources, name)
    said = said or (lambda sentence: None)
    folders = _students(submissions)
    place = out.with_suffix("")
    if place == out or out.suffix.lower() != ".csv":
        raise FieldError("OUT", str(out), "a file that ends in .csv")
    plausible.check_places(submissions, out)
    plausible.check_submissions(submissions, folders.values(), name, assignments(sources))
    plausible.check_list("ROSTER", roster or (), folders)
    plausible.check_table(out, [row["student"] for row in _its_own(out, name)], map(as_read, (*folders, *(roster or ()))))  # fmt: skip
    called = {normalised(student): tuple(each) for student, each in (names or {}).items()}
    extended = _by_student(settings.lateness.extensions, called)
    settings = replace(settings, lateness=replace(settings.lateness, extensions=extended))
    strangers = plausible.check_extensions(extended, folders, roster)
    if strangers:
        said(f"extensions of {strangers}: nobody of that name has handed in")
    kind = chosen(settings.sandbox)
    for sheet in (by_hand.Essays, by_hand.Overrides):
        sheet.read(place)  # a damaged one is told now and not after hours of marking
    # What keeps one submission from being run keeps all of them, and leaves nothing behind.
    tried = not place.exists()
    if tried:
        with Sandbox(settings.limits, kind=kind):
            pass
    place.mkdir(parents=True, exist_ok=True)
    if not settings.secret:
        secret, new = kept_secret(place)
        settings = replace(settings, secret=secret)
        if new:
            said(
                f"{place / '.secret'}: the secret of this course, made now; keep it with the table, "
                "for another one marks everything again"
            )

    results: dict[str, Result] = {}
    waiting: dict[str, tuple[Path, str]] = {}
    if names is not None:
        keep_names(place, names)
    for sentence in changed_by_hand(out):
        said(f"{sentence}; this run puts it back")
    called = {student: called.get(normalised(student), ()) for student in folders}
    taken_off = {}
    for student, folder in folders.items():
        key = _key(wanted, (student, *called[student]), folder, settings, kind)
        before = _before(_path(place, student), key)
        if before is None:
            waiting[student] = (folder, key)
        else:
            results[student] = before
            taken_off[student] = before.taken_off
            if told:
                told(before, True)

    if waiting and not tried:
        with Sandbox(settings.limits, kind=kind):
            pass
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
                called[student],
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
            context.end()
            raise

    for student, folder in folders.items():
        settings.lateness.apply(results[student], folder)
    less = [each for each, share in sorted(taken_off.items()) if results[each].taken_off < share]
    if less:
        said(
            f"less is taken off for late work than in the run before, from {some(less)}: give DUE, LATE and EXTENSIONS as you did then, "
            "if that is not what you want"
        )
    others = [each.student for _, each in sorted(results.items()) if any(OTHER_NAME in note for note in each.notes)]  # fmt: skip
    if len(others) > 2 and 2 * len(others) > len(results):
        said(
            f"the names in the notebooks of {some(others)} are in no row of the class list: if they are those of this class, their "
            "numbers were other ones than they are marked with. Give the list that the names were taken from"
        )
    if settings.lateness.due is not None:
        timeless = [
            each
            for each, folder in folders.items()
            if results[each].marked and handed_in_at(folder, name) is None
        ]
        if timeless:
            said(
                f"when it was handed in is not known of {some(timeless)}: nothing is taken off by the day or hour"
            )
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
        strangers = [each for each in folders if normalised(each) not in listed]
        if strangers:
            said(f"not in the class list, and marked all the same: {some(strangers)}")
    ordered = [results[student] for student in sorted(results)]
    lines = [by_hand.rubric(wanted, each.name) for each in wanted.exercises if each.essay]
    pseudonyms = settings.secret if anonymous or by_hand.has_pseudonyms(place) else ""
    for sentence in _finish(out, place, ordered, lines=max(lines, key=len, default=()), pseudonyms=pseudonyms):  # fmt: skip
        said(sentence)
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
        raise WrongUse("IN", str(submissions), "a folder with one sub-folder a student")
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


def _path(place: Path, student: str) -> Path:
    return place / f"{file_name(student)}.json"


def _by_student(
    extensions: Mapping[str, datetime], called: Mapping[str, Sequence[str]]
) -> dict[str, datetime]:
    """Extensions by the names of the class list's students, whichever of the names in their rows they were given for."""
    whose: dict[str, set[str]] = {}
    for student, names in called.items():
        for each in names:
            whose.setdefault(normalised(each), set()).add(student)
    found = {}
    for name, until in extensions.items():
        students = {name} if name in called else whose.get(name, {name})
        found[students.pop() if len(students) == 1 else name] = until
    return found


def _its_own(out: Path, name: str) -> list[dict[str, str]]:
    """The rows of the table where one is to be written: none yet, or those of a table of the same assignment."""
    if not out.exists():
        return []
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
    return rows


def _key(
    wanted: Assignment, names: Sequence[str], folder: Path, settings: Settings, kind: str
) -> str:
    """A digest of what was handed in, and one of everything on which a machine's mark depends (`Result.work`)."""
    work = work_of(folder)
    said = [wanted.digest, *names, work, asdict(settings.limits), kind, settings.secret]
    return f"{work}-{hashlib.sha256(json.dumps(said).encode()).hexdigest()}"


def _before(path: Path, key: str) -> Result | None:
    result = kept(path)
    if result is None or result.key != key:
        return None
    # As this run's class list and folders have it.
    result.notes = [
        note for note in result.notes if note != UNLISTED and not note.startswith(SAME_NAME)
    ]
    return result


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


def _finish(
    out: Path,
    place: Path,
    results: Sequence[Result],
    *,
    lines: tuple[str, ...] = (),
    pseudonyms: str = "",
) -> tuple[str, ...]:
    """Write the sheets, then table, results and pages, with what a person gave; the sentences tell what was taken back."""
    known = {each.student: each for each in _stored(place)} | {
        each.student: each for each in results
    }
    essays = by_hand.Essays.read(place).renewed(results, lines)
    overrides = _with_sheets(known, essays, by_hand.Overrides.read(place))
    essays.write(pseudonyms)
    overrides.write()
    for each in results:
        if each.key or each.status != "missing":  # there is a folder of that name
            keep(_path(place, each.student), each)
    write_whole(out, table(results).encode())
    return overrides.held


def _with_sheets(
    known: Mapping[str, Result], essays: by_hand.Essays, overrides: by_hand.Overrides
) -> by_hand.Overrides:
    for result in known.values():
        for each in result.exercises:
            each.by_hand, each.comment = None, ""
    essays.apply(known)
    overrides = overrides.apply(known)
    for result in known.values():
        if result.status in ("essays", "graded"):
            open_essays = any(each.waiting for each in result.exercises)
            # Whoever is so late that nothing is left has all the points there will be.
            result.status = "essays" if open_essays and result.taken_off < 1 else "graded"
    return overrides


def _stored(place: Path) -> list[Result]:
    found = [kept(path) for path in sorted(place.glob("*.json"))]
    return [each for each in found if each is not None]


def update(out: Path) -> list[Result]:
    """Put what a person wrote into ``essays.csv`` and ``overrides.csv`` into the table and the pages.

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
        If a sheet names somebody or something unknown, or has points that are no number or out of range; nothing is
        written then.
    """
    place = _graded(out)
    return _updated(out, by_hand.Overrides.read(place))


def override(out: Path, student: str, exercise: str, points: str, comment: str = "") -> None:
    """Give other points than the machine's, as a row of ``overrides.csv``, and write table and pages anew.

    Parameters
    ----------
    out : Path
        The table that `grade` wrote.
    student, exercise : str
        As the table and its reasons name them.
    points : str
        A number from 0 to the exercise's points.
    comment : str, optional
        For the student.

    Raises
    ------
    DataError
        As for `update`; nothing is written then.
    """
    place = _graded(out)
    _updated(out, by_hand.Overrides.read(place).with_row(student, exercise, points, comment))


def _graded(out: Path) -> Path:
    place = out.with_suffix("")
    if not out.exists() or not place.is_dir():
        raise DataError(f"{out}: no table; grade the submissions first")
    return place


def _updated(out: Path, overrides: by_hand.Overrides) -> list[Result]:
    place = out.with_suffix("")
    known = {as_read(each.student): each for each in _stored(place)}
    overrides = _with_sheets(known, by_hand.Essays.read(place), overrides)
    rows = []
    for row in read_table(out, "table", "the marks, as 'grade' wrote it")[1]:
        result = known.get(row["student"])
        # Who handed in nothing now has no mark, whatever was before.
        if result is None or (row["status"] == "missing" and result.status != "missing"):
            rows.append(row)
            continue
        keep(_path(place, result.student), result)
        rows.append(_row(result))
    overrides.write()
    write_whole(out, write_table(COLUMNS, rows).encode())
    return list(known.values())
