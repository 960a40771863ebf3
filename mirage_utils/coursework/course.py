"""Mark a class: a folder with one sub-folder a student becomes a table and a page for each.

Each submission is marked in a process of its own, so that whatever becomes of that process costs nobody else
anything. Its result is written, whole, before the next is taken up. A run that was ended by whatever cause is taken up by
the same command: what was marked of an unchanged submission, by the same source and settings, is not marked again.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

import nbformat  # noqa: F401 - loaded once, for all processes that are forked

from ..errors import DataError, FieldError, WrongUse
from ..ground.write import as_read
from ..ground.write import replace as write_whole
from . import apart, by_hand, plausible
from .archive import some
from .assignments import Assignment, assignment, assignments, clean
from .collect import work_of
from .exports import read_table, write_table
from .folders import file_name
from .grading import OTHER_NAME, Result, unmarked
from .lateness import Policy, handed_in_at
from .names import Names, keep_names, kept_names
from .sandbox import Limits, Sandbox, chosen
from .secret import SECRET, kept_secret
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
    told = told or (lambda result, before: None)
    folders = _students(submissions)
    place = out.with_suffix("")
    if place == out or out.suffix.lower() != ".csv":
        raise FieldError("OUT", str(out), "a file that ends in .csv")
    plausible.check_places(submissions, out)
    plausible.check_submissions(submissions, folders.values(), name, assignments(sources))
    in_list = (*(roster or ()), *itertools.chain(*(names or {}).values()))
    plausible.check_list("ROSTER", in_list, folders)
    plausible.check_table(out, [row["student"] for row in _its_own(out, name)], map(as_read, (*folders, *in_list)))  # fmt: skip
    extended = _by_student(settings.lateness.extensions, Names((*(roster or ()), *folders), names or {}))  # fmt: skip
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
                f"{place / SECRET}: the secret of this course, made now; keep it with the table, "
                "for another one marks everything again"
            )
    if names is not None:
        keep_names(place, names)
    for sentence in changed_by_hand(out):
        said(sentence)

    listed = {normalised(student): tuple(each) for student, each in (names or {}).items()}
    called = {student: listed.get(normalised(student), ()) for student in folders}
    keys = {
        student: _key(wanted, (student, *called[student]), folder, settings, kind)
        for student, folder in folders.items()
    }
    last = {student: kept(_path(place, student)) for student in folders}
    taken_off = {student: each.taken_off for student, each in last.items() if each is not None}
    results = {
        student: before
        for student, key in keys.items()
        if (before := _before(last[student], key)) is not None
    }
    for before in results.values():
        told(before, True)
    waiting = [student for student in folders if student not in results]
    if waiting and not tried:
        with Sandbox(settings.limits, kind=kind):
            pass

    def mark(processes: apart.Processes, student: str) -> Result:
        folder, key = folders[student], keys[student]
        return apart.marked(processes, sources, name, student, folder, key, place, settings, kind, called[student])  # fmt: skip

    with closing(_side_by_side(wanted, mark, waiting, settings.jobs)) as done:
        for result in done:
            results[result.student] = result
            told(result, False)

    for student, folder in folders.items():
        settings.lateness.apply(results[student], folder)
    for sentence in _doubts(results, taken_off, roster):
        said(sentence)
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
    for sentence in _listed(results, wanted, roster):
        said(sentence)
    ordered = [results[student] for student in sorted(results)]
    lines = [by_hand.rubric(wanted, each.name) for each in wanted.exercises if each.essay]
    pseudonyms = settings.secret if anonymous or by_hand.has_pseudonyms(place) else ""
    for sentence in _finish(out, place, ordered, lines=max(lines, key=len, default=()), pseudonyms=pseudonyms):  # fmt: skip
        said(sentence)
    return ordered


def _side_by_side(
    wanted: Assignment,
    mark: Callable[[apart.Processes, str], Result],
    students: Sequence[str],
    jobs: int,
) -> Iterator[Result]:
    """Mark students, each in a process of its own, in the order in which they are done; all end if whoever waits for them does."""
    processes = apart.processes(wanted)
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(mark, processes, student) for student in students]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            processes.end()
            raise


def _doubts(
    results: Mapping[str, Result],
    taken_off: Mapping[str, float],
    roster: Sequence[str] | None,
) -> Iterator[str]:
    """What looks as if something had been forgotten that was given in the run before, or as if another class had been meant."""
    less = [each for each, share in sorted(taken_off.items()) if results[each].taken_off < share]
    if less:
        yield (
            f"{some(less)}: less is taken off for late work than in the run before; if that is not what you want, give DUE, LATE and "
            "EXTENSIONS as you did then"
        )
    others = [
        student
        for student, each in sorted(results.items())
        if any(note.startswith(OTHER_NAME) for note in each.notes)
    ]
    if len(others) > 2 and 2 * len(others) > len(results):
        where = "in no row of the class list" if roster is not None else "not those of the folders"
        yield (
            f"the names in the notebooks of {some(others)} are {where}: if it is this class, they drew other numbers than those they "
            "are marked with. Give as ROSTER the list that the names were taken from"
        )


def _listed(
    results: dict[str, Result], wanted: Assignment, roster: Sequence[str] | None
) -> Iterator[str]:
    """Add who is in the class list and handed in nothing, and notes on names that are not in it, or there twice."""
    handed_in = list(results)
    for student, other in _twice(handed_in).items():
        results[student].notes.insert(0, f"{SAME_NAME}{other}")
    if roster is None:
        return
    known, listed = ({normalised(each) for each in names} for names in (handed_in, roster))
    for student in roster:
        if normalised(student) not in known:
            results[student] = Result(student, wanted.name, "missing", unmarked(wanted), ["nothing was handed in"])  # fmt: skip
    strangers = [each for each in handed_in if normalised(each) not in listed]
    for student in strangers:
        results[student].notes.insert(0, UNLISTED)
    if strangers:
        yield f"not in the class list, and marked all the same: {some(sorted(strangers))}"


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


def _by_student(extensions: Mapping[str, datetime], names: Names) -> dict[str, datetime]:
    """Extensions by the students' own names, whichever of the names in their rows they were given for."""
    found: dict[str, datetime] = {}
    for name, until in extensions.items():
        student = normalised(names.meant(name))
        if student in found:
            raise WrongUse("EXTENSIONS", name, f"one row for each student; another one is that of {student}, too")  # fmt: skip
        found[student] = until
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


def _before(result: Result | None, key: str) -> Result | None:
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
        "status": result.standing,
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
    names = Names([each.student for each in results], kept_names(place))
    essays = by_hand.Essays.read(place).named(names).renewed(results, lines)
    overrides = _with_sheets(known, essays, by_hand.Overrides.read(place).named(names))
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
        By any name in the student's row of the class list, and of the exercise as the page or the table's reasons call it.
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
    results = _stored(place)
    no_notebook = {as_read(each.student) for each in results if each.status == "missing"}
    known = [
        row["student"]
        for row in read_table(out, "table", "the marks, as 'grade' wrote it")[1]
        if row["status"] != "missing" or as_read(row["student"]) in no_notebook
    ]
    names = Names(known, kept_names(place))
    sheet = by_hand.Overrides.read(place).named(names)
    student = names.only(student)
    for result in results:
        if as_read(result.student) == student:
            exercise = by_hand.exercise_called(result, exercise)
    _updated(out, sheet.with_row(student, exercise, points, comment))


def _graded(out: Path) -> Path:
    place = out.with_suffix("")
    if not out.exists() or not place.is_dir():
        raise DataError(f"{out}: no table; grade the submissions first")
    return place


def _updated(out: Path, overrides: by_hand.Overrides) -> list[Result]:
    place = out.with_suffix("")
    known = {as_read(each.student): each for each in _stored(place)}
    names = Names(known, kept_names(place))
    essays = by_hand.Essays.read(place).named(names)
    overrides = _with_sheets(known, essays, overrides.named(names))
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
