"""The sources of the assignments, with solutions and hidden tests: where they lie, and what is marked in them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import DataError, FieldError
from .cells import identifier, is_set

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["LINE", "Assignment", "Exercise", "assignment", "assignments", "find", "sources"]

_SOURCES = Path("notebooks") / "assignments"
"""Where the sources lie in the book's repository."""
_SETTING = "MIRAGE_ASSIGNMENTS"
"""The environment variable that names another folder of sources."""
LINE = re.compile(r"(\((?:x|ix|iv|v?i{1,3}|v)\))")
"""What a line of a rubric is called."""
_HEADING = re.compile(r"^## *(?:\d+\. *)?(.+)$", re.MULTILINE)
_NUMBER = re.compile(r"\*\*(\d+[a-z]?) \([\d.]+ points?\)\.\*\*")


@dataclass(frozen=True)
class Exercise:
    """One marked cell: a test, or an essay that a person marks.

    Attributes
    ----------
    name : str
    points : float
    essay : bool
    label : str
        What it is called in the text of the assignment, such as "7. In words" or "1b. size_for"; empty if its exercises have no numbers.
    rubric : dict of str to str
        The lines of the rubric that is printed before an essay, such as ``(i)``, with their words, if it has one for each point.
    """

    name: str
    points: float
    essay: bool
    label: str = ""
    rubric: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Assignment:
    """The source of an assignment, with solutions and hidden tests.

    Attributes
    ----------
    name : str
        Name of its folder and of its notebook, such as ``1_one_token``.
    cells : list of NotebookNode
        All cells, in order.
    digest : str
        SHA-256 of the file.
    """

    name: str
    path: Path
    cells: list[NotebookNode]
    digest: str

    @property
    def exercises(self) -> list[Exercise]:
        """Everything that is marked, in order."""
        found, labels = [], _labels(self.cells)
        for before, cell in zip([None, *self.cells], self.cells, strict=False):
            if is_set(cell, "grade"):
                name = identifier(cell) or ""
                points, essay = float(cell.metadata.nbgrader["points"]), is_set(cell, "solution")
                lines = _rubric(before.source) if essay and before else {}
                lines = lines if len(lines) == points else {}
                found.append(Exercise(name, points, essay, labels.get(name, ""), lines))
        return found

    @property
    def points(self) -> float:
        """The points that can be had."""
        return sum(each.points for each in self.exercises)

    def kind(self, name: str | None) -> str:
        """``answer``, ``test``, ``essay``, ``given``, ``locked`` or, for any other cell, ``own``."""
        if name is None:
            return "own"
        for cell in self.cells:
            if identifier(cell) == name:
                if is_set(cell, "grade"):
                    return "essay" if is_set(cell, "solution") else "test"
                if is_set(cell, "solution"):
                    return "answer"
                if cell.cell_type == "code":
                    return "given" if "given" in cell.metadata.get("tags", []) else "locked"
                return "locked"
        return "own"

    def cell(self, name: str) -> NotebookNode:
        """The cell of a name that the assignment has."""
        return next(cell for cell in self.cells if identifier(cell) == name)


def _rubric(question: str) -> dict[str, str]:
    """The lines of a rubric in the text of a question, with their words."""
    _, _, lines = question.partition("*Rubric, one point each:*")
    _, *parts = LINE.split(lines)
    words = (" ".join(re.sub("[*`]", "", each).split()).rstrip(".; ") for each in parts[1::2])
    return dict(zip(parts[::2], words, strict=True))


def _labels(cells: Iterable[NotebookNode]) -> dict[str, str]:
    """What the graded cells are called in the text before them: the number of the exercise, and what is asked for.

    That is the answer's name where the text has it, else the heading over the number, for the first that has no other, else the cell's name
    in words.
    """
    found: dict[str, str] = {}
    heading = number = text = ""
    for cell in cells:
        if is_set(cell, "grade") and number:
            name = (identifier(cell) or "").removeprefix("test_")
            what = name.replace("_", " ")
            if re.search(rf"`{re.escape(name)}[`(]", text):
                what = name
            elif heading:
                what, heading = heading, ""
            found[identifier(cell) or ""] = f"{number}. {what}"
        elif cell.cell_type == "markdown" and not is_set(cell, "grade"):
            over = _HEADING.search(cell.source)
            heading = re.sub("[*`]", "", over[1]).strip() if over else heading
            if asked := _NUMBER.search(cell.source):
                number, text = asked[1], cell.source
                # A heading over 1a and 1b is the name of neither.
                heading = heading if number.isdigit() else ""
    return found


def sources(named: Path | None = None) -> Path:
    """The folder of the assignments' sources, which come with the repository and not with an installed library.

    Parameters
    ----------
    named : Path, optional
        The folder, if it was named. Else the one that MIRAGE_ASSIGNMENTS names, the one below the working folder, or that of
        the checkout which this library is part of.

    Raises
    ------
    FieldError
        If there is none.
    """
    if named is None and os.environ.get(_SETTING):
        named = Path(os.environ[_SETTING]).expanduser()
    checkout = Path(__file__).resolve().parents[3]
    for folder in (_SOURCES, checkout / _SOURCES) if named is None else (named,):
        if folder.is_dir():
            return folder
    raise FieldError(
        "sources",
        str(_SOURCES if named is None else named),
        "the folder of the assignments with their solutions, which is not part of the installed library: copy the book's "
        f"repository and name its {_SOURCES.as_posix()} with --sources or in {_SETTING}, or give the command in that copy",
    )


def assignments(folder: Path) -> list[str]:
    """Names of the assignments in a folder, in order."""
    return sorted(
        path.parent.name for path in folder.glob("*/*.ipynb") if path.stem == path.parent.name
    )


def find(folder: Path, wanted: str) -> str:
    """The assignment meant by ``3`` or by its whole name.

    Raises
    ------
    FieldError
        If there is none.
    """
    names = assignments(folder)
    for name in names:
        if wanted == name or name.split("_", 1)[0] == wanted:
            return name
    raise FieldError(
        "A", wanted, f"one of {', '.join(names)}" if names else f"an assignment in {folder}"
    )


def assignment(folder: Path, name: str) -> Assignment:
    """Read the source of one assignment.

    Raises
    ------
    DataError
        If it is damaged, or two cells share one name.
    """
    import nbformat

    path = folder / name / f"{name}.ipynb"
    content = path.read_bytes()
    cells = nbformat.reads(content.decode(), as_version=4).cells
    names = [n for n in map(identifier, cells) if n is not None]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise DataError(f"{path}: more than one cell is named {', '.join(twice)}")
    return Assignment(name, path, cells, hashlib.sha256(content).hexdigest())
