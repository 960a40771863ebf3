"""What there is to say of a notebook before it is handed in, whatever runs its cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import FieldError
from .assignments.cells import essays, identifier, restored, written
from .assignments.nodes import node
from .assignments.reading import clean, read_notebook
from .assignments.source import Assignment
from .assignments.submission import attempt
from .packages import imported, strangers
from .sandbox.limits import Ended

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["Begun", "Finding", "Look", "Place", "as_assignment", "ended"]


@dataclass(frozen=True)
class Finding:
    """One line of the report; `ok` is False where something has to be done."""

    name: str
    ok: bool
    text: str


@dataclass(frozen=True)
class Begun:
    """A cell that is about to be run: what it is called, and its number among the notebook's cells."""

    name: str
    number: int


class Place(Protocol):
    """Where cells are run, one after the other."""

    def run(self, source: str) -> dict[str, Any]:
        """Run a cell; under ``error`` its error's name and value, or None."""


class Look:
    """A notebook, read, and how its cells are gone through.

    Parameters
    ----------
    path : Path
        The student's notebook.

    Raises
    ------
    FieldError
        If there is no such file, or it is no notebook.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise FieldError("notebook", str(path), "a notebook file")
        cells, metadata, problem = read_notebook(path)
        if problem:
            raise FieldError(
                "notebook", str(path), f"a notebook; this {problem.removeprefix('notebook ')}"
            )
        self.path = path
        self.handed_out = _handed_out(metadata)
        self.wanted = as_assignment(path, cells)
        self._found = [
            *_marked(self.wanted),
            *_files(path, self.handed_out),
            *_cells(cells, self.wanted, self.handed_out),
            *_packages(cells, path),
        ]
        self.cells, _ = restored(cells, self.wanted)

    @property
    def answered(self) -> bool:
        """Whether anything is written into an answer or an essay."""
        parts = essays(self.cells, self.wanted)
        return any(parts.values()) or any(
            self.wanted.kind(identifier(cell)) == "answer" and bool(written(cell))
            for cell in self.cells
        )

    def steps(self, place: Place) -> Iterator[Finding | Begun]:
        """Go through the notebook: what is found, in order, and each cell before it is run.

        Parameters
        ----------
        place : Place
            Runs the cells.
        """
        yield from self._found
        parts = essays(self.cells, self.wanted)
        for number, cell in enumerate(self.cells, start=1):
            name = identifier(cell)
            label = name or f"cell {number}"
            kind = self.wanted.kind(name)
            if kind == "essay" and name in parts:
                words = sum(len(part.split()) for part in parts.pop(name))
                text = f"{words} words; read by a person" if words else "still to be written"
                yield Finding(label, bool(words), text)
            if kind == "essay" or cell.cell_type != "code":
                continue
            yield Begun(label, number)
            try:
                error = place.run(cell.source)["error"]
            except Ended as why:
                yield ended(label, str(why))
                return
            if kind == "test":
                text = "passes what you can see" if error is None else _lost(error)
                yield Finding(label, error is None, clean(text))
            elif error is not None:
                text = (
                    "still to be written"
                    if error["name"] == "NotImplementedError"
                    else f"{error['name']}: {error['value']}"
                )
                yield Finding(label, False, clean(text))


def ended(name: str, why: str) -> Finding:
    """What is said of the cell that brought everything to an end.

    Parameters
    ----------
    name : str
        What the cell is called.
    why : str
        How it ended, such as ``stopped after 60 s``.
    """
    return Finding(name, False, f"{why}; nothing after it was run")


def _marked(wanted: Assignment) -> list[Finding]:
    """Word of a notebook in which nothing is marked, which is hardly the one that was meant."""
    if wanted.exercises:
        return []
    return [
        Finding("notebook", False, "has no cell of an assignment, so there is nothing to check")
    ]


def _files(path: Path, handed_out: dict[str, Any] | None) -> list[Finding]:
    """Whether the file is called as it was handed out, and what else lies beside it."""
    if not handed_out:
        return []
    name = handed_out["assignment"]
    found = []
    # Browsers and platforms number copies, and the grader knows them.
    if attempt(path.stem, name) is None:
        found.append(Finding("file", False, f"is called {path.name}; hand it in as {name}.ipynb"))
    beside = [
        each.name
        for each in sorted(path.parent.glob("*.ipynb"))
        if each.name != path.name and attempt(each.stem, name) is not None
    ]
    if beside:
        text = (
            f"{clean(', '.join(beside[:3]))} beside it: hand in one. Of several, that with the highest number in its name is "
            "marked, then the newest"
        )
        found.append(Finding("file", True, text))
    return found


def _cells(
    cells: list[NotebookNode], wanted: Assignment, handed_out: dict[str, Any] | None
) -> list[Finding]:
    """Cells of the assignment that are missing, there more than once, or of another type."""
    names = [name for name in map(identifier, cells) if name is not None]
    found = []
    for name in handed_out["cells"] if handed_out else dict.fromkeys(names):
        # An essay may be split into several cells: all of them are read.
        if name not in names or (names.count(name) > 1 and wanted.kind(name) != "essay"):
            words = "was deleted" if name not in names else "is there more than once"
            text = f"the cell {words}; copy your answers into a fresh notebook"
            found.append(Finding(name, False, text))
    for name in restored(cells, wanted)[1]:
        text = f"the cell was turned into another type; it is marked as {wanted.cell(name).cell_type}, so turn it back"
        found.append(Finding(name, False, text))
    return found


def _packages(cells: list[NotebookNode], path: Path) -> list[Finding]:
    """Packages that a student's own machine may have, and the grader's has not."""
    found = []
    for number, cell in enumerate(cells, start=1):
        for package in (
            strangers(imported(cell.source), path.parent) if cell.cell_type == "code" else ()
        ):
            text = f"imports {package}, which will not be there when this is marked: do without it"
            found.append(Finding(identifier(cell) or f"cell {number}", False, text))
    return found


def as_assignment(path: Path, cells: list[NotebookNode]) -> Assignment:
    """The assignment as far as a copy tells it: the cells that have a name, and texts that look like a question.

    Parameters
    ----------
    path : Path
        The copy.
    cells : list of NotebookNode
        What is in it.
    """
    first: dict[str, NotebookNode] = {}
    kept = []
    for cell in cells:
        name = identifier(cell)
        if name is None and cell.source.lstrip().startswith(("#", "**")):
            kept.append(cell)
        elif name is not None and name not in first:
            # nbgrader notes the type of each cell that it hands out.
            told = cell.metadata["nbgrader"].get("cell_type")
            first[name] = node(
                {**cell, "cell_type": told if told in ("code", "markdown") else cell.cell_type}
            )
            kept.append(first[name])
    return Assignment(path.stem, path, kept, "")


def _lost(error: dict[str, str]) -> str:
    """What a test says; where there is nothing to test yet, that and not the interpreter's words for it."""
    if error["name"] == "NotImplementedError":
        return "the answer is still to be written"
    if error["name"] == "NameError":
        return f"there is no answer to look at yet: {error['value']}"
    return error["value"] or error["name"]


def _handed_out(metadata: dict[str, Any]) -> dict[str, Any] | None:
    settings = metadata.get("mirage")
    ok = (
        isinstance(settings, dict)
        and isinstance(settings.get("assignment"), str)
        and isinstance(settings.get("cells"), list)
    )
    return settings if ok else None
