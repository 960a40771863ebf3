"""Mark every submission of a class that is not marked yet, and write table, sheets and pages."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import nbformat  # noqa: F401 - loaded once, for all processes that are forked

from ...errors import FieldError, WrongUse
from ...ground.write import as_read
from ..assignments.source import Assignment, assignment, assignments
from ..marking.results import Result
from ..platforms.archive import some
from ..platforms.record import work_of
from ..sandbox import Sandbox, chosen
from ..secret import SECRET, kept_secret
from ..variation import normalised
from . import apart, by_hand, plausible
from .attendance import SAME_NAME, UNLISTED, complete, doubts, folders_of
from .lateness import handed_in_at
from .marks import finish, result_path, rows_of
from .names import Names, keep_names
from .settings import Settings
from .stored import changed_by_hand, kept

__all__ = ["grade"]


def grade(
    sources: Path,
    name: str,
    submissions: Path,
    out: Path,
    settings: Settings = Settings(),  # noqa: B008 - frozen
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
        What else each student is called in the class list (`rosters.other_names`). A notebook may draw its numbers from any of these.
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
    folders = folders_of(submissions)
    place = out.with_suffix("")
    if place == out or out.suffix.lower() != ".csv":
        raise FieldError("OUT", str(out), "a file that ends in .csv")
    plausible.check_places(submissions, out)
    plausible.check_submissions(submissions, folders.values(), name, assignments(sources))
    in_list = (*(roster or ()), *itertools.chain(*(names or {}).values()))
    plausible.check_list("ROSTER", in_list, folders)
    plausible.check_table(out, [row["student"] for row in rows_of(out, name)], map(as_read, (*folders, *in_list)))  # fmt: skip
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
    last = {student: kept(result_path(place, student)) for student in folders}
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
    for sentence in doubts(results, taken_off, roster):
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
    for sentence in complete(results, wanted, roster):
        said(sentence)
    ordered = [results[student] for student in sorted(results)]
    lines = [by_hand.rubric(wanted, each.name) for each in wanted.exercises if each.essay]
    pseudonyms = settings.secret if anonymous or by_hand.has_pseudonyms(place) else ""
    for sentence in finish(out, place, ordered, lines=max(lines, key=len, default=()), pseudonyms=pseudonyms):  # fmt: skip
        said(sentence)
    return ordered


def _side_by_side(
    wanted: Assignment,
    mark: Callable[[apart.Processes, str], Result],
    students: Sequence[str],
    jobs: int,
) -> Generator[Result, None, None]:
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


def _by_student(extensions: Mapping[str, datetime], names: Names) -> dict[str, datetime]:
    """Extensions by the students' own names, whichever of the names in their rows they were given for."""
    found: dict[str, datetime] = {}
    for name, until in extensions.items():
        student = normalised(names.meant(name))
        if student in found:
            raise WrongUse("EXTENSIONS", name, f"one row for each student; another one is that of {student}, too")  # fmt: skip
        found[student] = until
    return found


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
