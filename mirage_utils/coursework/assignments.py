"""Assignments and submissions as notebooks: which cell is what, and which file to mark.

The format is nbgrader's: the metadata of a cell say whether it is an answer, a test worth points, an essay, or
given. Two tags are ours: ``given`` marks locked cells on which tests rely, which the grader runs for itself too, and
``student`` the cell that holds the student's name.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from ..errors import DataError, FieldError

__all__ = [
    "Assignment",
    "Exercise",
    "Handed",
    "assignment",
    "assignments",
    "find",
    "handed_in",
    "identifier",
    "read_notebook",
    "sources",
]

SOURCES = Path("notebooks") / "assignments"
"""Where the sources lie in the book's repository."""
SETTING = "MIRAGE_ASSIGNMENTS"
"""The environment variable that names another folder of sources."""

LARGEST = 50_000_000  # bytes of a submitted notebook
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


def identifier(cell: NotebookNode) -> str | None:
    """The ``grade_id`` of a cell, if nbgrader knows it."""
    settings = cell.metadata.get("nbgrader")
    name = settings.get("grade_id") if isinstance(settings, dict) else None
    return name if isinstance(name, str) else None


def _is(cell: NotebookNode, name: str) -> bool:
    settings = cell.metadata.get("nbgrader")
    return isinstance(settings, dict) and settings.get(name) is True


@dataclass(frozen=True)
class Exercise:
    """One marked cell: a test, or an essay that a person marks."""

    name: str
    points: float
    essay: bool


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
        return [
            Exercise(identifier(c) or "", float(c.metadata.nbgrader["points"]), _is(c, "solution"))
            for c in self.cells
            if _is(c, "grade")
        ]

    @property
    def points(self) -> float:
        return sum(each.points for each in self.exercises)

    def kind(self, name: str | None) -> str:
        """``answer``, ``test``, ``essay``, ``given``, ``locked`` or, for any other cell, ``own``."""
        for cell in self.cells:
            if name is not None and identifier(cell) == name:
                if _is(cell, "grade"):
                    return "essay" if _is(cell, "solution") else "test"
                if _is(cell, "solution"):
                    return "answer"
                if cell.cell_type == "code":
                    return "given" if "given" in cell.metadata.get("tags", []) else "locked"
                return "locked"
        return "own"

    def cell(self, name: str) -> NotebookNode:
        return next(cell for cell in self.cells if identifier(cell) == name)


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
    if named is None and os.environ.get(SETTING):
        named = Path(os.environ[SETTING]).expanduser()
    checkout = Path(__file__).resolve().parents[2]
    for folder in (SOURCES, checkout / SOURCES) if named is None else (named,):
        if folder.is_dir():
            return folder
    raise FieldError(
        "sources",
        str(SOURCES if named is None else named),
        "the folder of the assignments with their solutions, which is not part of the installed library: copy the book's "
        f"repository and name its {SOURCES.as_posix()} with --sources or in {SETTING}, or give the command in that copy",
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
    path = folder / name / f"{name}.ipynb"
    content = path.read_bytes()
    cells = nbformat.reads(content.decode(), as_version=4).cells
    names = [n for n in map(identifier, cells) if n is not None]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise DataError(f"{path}: more than one cell is named {', '.join(twice)}")
    return Assignment(name, path, cells, hashlib.sha256(content).hexdigest())


# ---------------------------------------------------------------- submissions


@dataclass(frozen=True)
class Handed:
    """A notebook as handed in.

    Attributes
    ----------
    path : Path or None
        The file that is marked.
    cells : list of NotebookNode
    problem : str
        Why nothing can be marked; empty if something can.
    status : str
        ``missing`` or ``unreadable`` where there is a problem.
    notes : list of str
        What a teacher should know.
    """

    path: Path | None
    cells: list[NotebookNode]
    problem: str = ""
    status: str = ""
    notes: tuple[str, ...] = ()


def handed_in(folder: Path, wanted: Assignment) -> Handed:
    """The notebook in a student's folder that answers the assignment, whatever it is called.

    Links are not followed: one that leads to somebody else's work is no submission.
    """
    found, links = _notebooks(folder)
    notes = [f"{len(links)} symbolic link(s) ignored"] if links else []
    if not found:
        problem = f"no notebook {wanted.name}.ipynb in the folder"
        return Handed(None, [], problem, "missing", tuple(notes))
    named = [path for path in found if path.name == f"{wanted.name}.ipynb"]
    if len(named) == 1:
        path = named[0]
    else:
        # The one with most of the assignment's cells; an empty copy has them all, so size decides then.
        ours = {identifier(cell) for cell in wanted.cells} - {None}
        ranked = sorted(
            named or found,
            key=lambda path: (len(ours & _names(path)), path.stat().st_size, path.name),
        )
        path = ranked[-1]
        notes.append(
            f"{len(named)} notebooks of that name, marked {path.relative_to(folder)}"
            if named
            else f"notebook is called {path.name}"
        )
    cells, problem = read_notebook(path)
    if problem:
        return Handed(path, [], problem, "unreadable", tuple(notes))
    return Handed(path, cells, notes=(*notes, *_kernel(path)))


def _notebooks(folder: Path) -> tuple[list[Path], list[Path]]:
    found, links = [], []
    for here, folders, files in os.walk(folder, followlinks=False):
        depth = len(Path(here).relative_to(folder).parts)
        links += [Path(here, each) for each in (*folders, *files) if Path(here, each).is_symlink()]
        folders[:] = sorted(
            each for each in folders if not each.startswith((".", "__")) and depth < 3
        )
        for each in sorted(files):
            path = Path(here, each)
            if path.suffix.lower() == ".ipynb" and stat.S_ISREG(path.lstat().st_mode):
                found.append(path)
    return found, links


def _load(path: Path) -> tuple[Any, str]:
    size = path.stat().st_size
    if size > LARGEST:
        return None, (
            f"notebook has {size / 1e6:,.0f} MB, more than {LARGEST / 1e6:.0f}: clear its outputs and hand it in again"
        )
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            return json.loads(file.read(LARGEST + 1).decode("utf-8-sig")), ""
    except OSError as error:
        return None, f"notebook cannot be read: {error.strerror}"
    except (ValueError, RecursionError) as error:
        return None, f"notebook is damaged, it is not JSON: {str(error)[:120]}"


def _names(path: Path) -> set[str | None]:
    return {identifier(cell) for cell in read_notebook(path)[0]}


def read_notebook(path: Path) -> tuple[list[NotebookNode], str]:
    """The cells of a file, and what is wrong with it (an empty text, or why there are no cells)."""
    content, problem = _load(path)
    if problem:
        return [], problem
    try:
        if not isinstance(content, dict) or not isinstance(content.get("nbformat"), int):
            raise ValueError("it has no field nbformat")
        notebook = nbformat.from_dict(content)
        if notebook.nbformat != 4:
            notebook = nbformat.convert(notebook, 4)
        return [_cell(cell) for cell in notebook.cells], ""
    except Exception as error:  # nbformat raises many kinds, and none tells more than its text
        return [], f"notebook is damaged: {type(error).__name__}: {str(error)[:120]}"


def _cell(cell: Any) -> NotebookNode:
    """A cell with the fields the grader reads, each of the type it expects."""
    source = cell["source"]
    text = "".join(source) if isinstance(source, list) else source
    if cell["cell_type"] not in ("code", "markdown", "raw") or not isinstance(text, str):
        raise ValueError("a cell without type or text")
    metadata = cell.get("metadata")
    kept = metadata if isinstance(metadata, dict) else {}
    return NotebookNode(cell_type=cell["cell_type"], source=text, metadata=NotebookNode(kept))


def _kernel(path: Path) -> list[str]:
    metadata = (_load(path)[0] or {}).get("metadata")
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    if not isinstance(spec, dict):
        return []
    language = str(spec.get("language", "python")).lower()
    name = re.sub(r"[^\w .:-]", "", str(spec.get("name", "")))[:40]
    if language != "python":
        return [
            f"kernel {name} is of another language ({language[:20]}); run as Python all the same"
        ]
    return []
