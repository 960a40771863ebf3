"""Who handed in: the folders, the class list, and what to note where the two differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ...errors import FieldError, WrongUse
from ..assignments.reading import clean
from ..assignments.source import Assignment
from ..marking.oddities import OTHER_NAME
from ..marking.results import Result, unmarked
from ..platforms.archive import some
from ..variation import normalised

__all__ = ["SAME_NAME", "UNLISTED", "complete", "doubts", "folders_of"]

UNLISTED = "name is not in the class list"
SAME_NAME = "same name as the folder "


def folders_of(submissions: Path) -> dict[str, Path]:
    """The students' folders by the students' names, as every table can have them."""
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


def complete(
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


def doubts(
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


def _twice(students: Iterable[str]) -> dict[str, str]:
    """Students whose folder has the same name as another's, but for case and the like, and that other."""
    meant: dict[str, str] = {}
    found: dict[str, str] = {}
    for student in students:
        other = meant.setdefault(normalised(student), student)
        if other != student:
            found |= {student: other, other: student}
    return found
