"""Cells of a notebook in nbgrader's format: what they are called, what they are for, and what is written in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .nodes import node

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from .source import Assignment

__all__ = [
    "BEGIN_HIDDEN",
    "END_HIDDEN",
    "essays",
    "identifier",
    "is_set",
    "restored",
    "visible",
    "written",
]

BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


def identifier(cell: NotebookNode) -> str | None:
    """The ``grade_id`` of a cell, if nbgrader knows it."""
    settings = cell.metadata.get("nbgrader")
    name = settings.get("grade_id") if isinstance(settings, dict) else None
    return name if isinstance(name, str) else None


def is_set(cell: NotebookNode, name: str) -> bool:
    """Whether nbgrader's metadata of a cell have a field, such as ``solution`` or ``grade``, and it is true."""
    settings = cell.metadata.get("nbgrader")
    return isinstance(settings, dict) and settings.get(name) is True


def restored(cells: list[NotebookNode], wanted: Assignment) -> tuple[list[NotebookNode], list[str]]:
    """The cells with the types of the assignment's, as nbgrader restores them, and the names of those that had another."""
    types = {identifier(cell): cell.cell_type for cell in wanted.cells}
    types.pop(None, None)
    found, names = [], []
    for cell in cells:
        name = identifier(cell)
        if name is not None and types.get(name, cell.cell_type) != cell.cell_type:
            cell = node({**cell, "cell_type": types[name]})
            names.append(name)
        found.append(cell)
    return found, list(dict.fromkeys(names))


def written(cell: NotebookNode) -> str:
    """What a student wrote into an answer or essay: nothing, if it is as it was handed out."""
    if cell.cell_type == "code":
        return (
            ""
            if re.search(r"^[ \t]*raise NotImplementedError", cell.source, re.M)
            else cell.source.strip()
        )
    return _answer(cell.source)


def essays(cells: Iterable[NotebookNode], wanted: Assignment) -> dict[str, list[str]]:
    """The parts of each essay in order: its cell, or those it was split into, and prose in cells of one's own beside it.

    Beside it means between the cells of the assignment that come before and after the essay.

    Parameters
    ----------
    cells : iterable of NotebookNode
        Of a submission.
    wanted : Assignment

    Returns
    -------
    dict of str to list of str
        By essay. One that was left empty has no parts; one that was deleted, with nothing written in its place, is
        not there.
    """
    squeezed = lambda text: "".join(text.split())  # noqa: E731
    texts = {squeezed(cell.source) for cell in wanted.cells if identifier(cell) is None}
    names = [identifier(cell) for cell in wanted.cells]
    questions = {
        squeezed(before.source) if name is None else name: essay
        for name, before, essay in zip(names, wanted.cells, names[1:], strict=False)
        if wanted.kind(essay) == "essay"
    }
    parts: dict[str, list[str]] = {}
    place: str | None = None  # the essay beside whose cell this one is
    for cell in cells:
        name, text = identifier(cell), squeezed(cell.source)
        if wanted.kind(name) == "essay":
            place = name
            parts.setdefault(name or "", [])
        elif wanted.kind(name) != "own" or text in texts:
            place = questions.get(text if name is None else name)
            continue
        elif text and not _is_prose(cell):
            place = None
        if place is not None and (answer := _answer(cell.source)):
            # Who splits a cell may leave all of the text in one of the parts.
            before = [each for each in parts.get(place, []) if each != answer]
            parts[place] = [*before, answer]
    return parts


def _answer(text: str) -> str:
    return text.replace("YOUR ANSWER HERE", "").strip()


def _is_prose(cell: NotebookNode) -> bool:
    """Text, or what was typed into a new cell, which is one of code, and is none."""
    if cell.cell_type != "code":
        return True
    try:
        ast.parse(cell.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return not re.search(r"^[ \t]*[%!]", cell.source, re.M)
    return False


def visible(source: str) -> str:
    """The part of a test that students see."""
    lines, hidden = [], False
    for line in source.split("\n"):
        if "BEGIN HIDDEN TESTS" in line:
            hidden = True
        elif "END HIDDEN TESTS" in line:
            hidden = False
        elif not hidden:
            lines.append(line)
    return "\n".join(lines)
