"""Whether a class can be what was meant: the wrong folder, assignment or class list is told before anything is marked.

What fits nobody, or hardly anybody, is refused. A few strange folders in a class, or names that are not in the list, are noted and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ...errors import WrongUse
from ..assignments.submission import assignment_of
from ..folders import files
from ..variation import normalised

__all__ = ["check_extensions", "check_list", "check_places", "check_submissions", "check_table"]


def check_places(submissions: Path, out: Path) -> None:
    """That nothing is written into the submissions.

    Raises
    ------
    WrongUse
    """
    within, place = submissions.resolve(), out.resolve().with_suffix("")
    if out.resolve().is_relative_to(within) or place.is_relative_to(within) or within.is_relative_to(place):  # fmt: skip
        raise WrongUse(
            "OUT",
            str(out),
            f"another name for the table: its results go into the folder {place.name}, which may not be {submissions}, in it, or around it",
        )


def check_submissions(
    submissions: Path, folders: Iterable[Path], name: str, names: Sequence[str]
) -> None:
    """That the folders are students', and that what they handed in is not all of another assignment.

    Parameters
    ----------
    submissions : Path
        The folder that was given.
    folders : iterable of Path
        Those in it.
    name : str
        The assignment.
    names : sequence of str
        All assignments.

    Raises
    ------
    WrongUse
    """
    notebooks = {folder: _notebooks(folder) for folder in folders}
    if all(folder.name in names for folder in notebooks) or (
        _notebooks(submissions, 1) and not any(notebooks.values())
    ):
        raise WrongUse("IN", str(submissions), "a folder with one sub-folder a student; this is one student's")  # fmt: skip
    below = [
        {path.relative_to(folder).parts[0] for path in found if path.parent != folder}
        for folder, found in notebooks.items()
        if found
    ]
    # Whoever handed in has a notebook on top, or in nbgrader's folder of the assignment, or in one folder of their own.
    on_top = any(path.parent == folder for folder, found in notebooks.items() for path in found)
    several = sum(len(each - set(names)) > 1 for each in below)
    if not on_top and 0 < len(below) <= 2 * several:
        raise WrongUse("IN", str(submissions), "a folder with one sub-folder a student; this is a level too high")  # fmt: skip
    found = [assignment_of(path, names) for each in notebooks.values() for path in each]
    others = [each for each in found if each not in ("", name)]
    # Somebody always calls a notebook otherwise.
    if name not in found and 2 * len(others) > len(found):
        raise WrongUse("A", name, f"{' or '.join(sorted(set(others)))}, of which the notebooks in {submissions} are")  # fmt: skip


def check_table(out: Path, before: Sequence[str], now: Iterable[str]) -> None:
    """That a table which is there is of this class: half of its students, at the least, will be in it again.

    Parameters
    ----------
    out : Path
        The table.
    before : sequence of str
        Who is in it.
    now : iterable of str
        Who handed in, and who is in the class list.

    Raises
    ------
    WrongUse
    """
    # Spreadsheets take zeros away from the beginning of a number.
    there = {normalised(each).lstrip("0") for each in now}
    gone = [each for each in before if normalised(each).lstrip("0") not in there]
    if len(gone) > 2 and 2 * len(gone) > len(before):
        raise WrongUse(
            "OUT",
            str(out),
            f"the table of this class, or a new one; this one has the marks of {', '.join(gone[:3])}, who are not in the class",
        )


def _notebooks(folder: Path, deep: int = 99) -> list[Path]:
    found = (path for path in files(folder) if path.suffix.lower() == ".ipynb")
    return [path for path in found if len(path.relative_to(folder).parts) <= deep]


def check_list(option: str, names: Sequence[str], folders: Iterable[str]) -> None:
    """That a list of names, if there is one, has one at least in common with the folders.

    Raises
    ------
    WrongUse
    """
    there = {normalised(each) for each in folders}
    if names and not there & {normalised(each) for each in names}:
        like = ", ".join(sorted(there)[:3])
        raise WrongUse(option, ", ".join(names[:3]), f"the list of this class, with names such as {like}")  # fmt: skip


def check_extensions(
    extended: Iterable[str], folders: Iterable[str], roster: Sequence[str] | None
) -> str:
    """That extensions are for students of this class.

    Parameters
    ----------
    extended : iterable of str
        Normalised names.
    folders : iterable of str
        Who handed in.
    roster : sequence of str, optional
        The class list.

    Returns
    -------
    str
        Names that nobody has, where there is no class list: they may not have handed in yet.

    Raises
    ------
    WrongUse
        If there is a class list, and a name is not on it.
    """
    there = {normalised(each) for each in (*folders, *(roster or ()))}
    strangers = ", ".join(each for each in extended if each not in there)
    if strangers and roster is not None:
        raise WrongUse("EXTENSIONS", strangers, "names of the class list")
    return strangers
