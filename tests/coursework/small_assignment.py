"""A small assignment, and submissions of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from mirage_utils.coursework.assignments.cells import identifier
from mirage_utils.coursework.assignments.source import Assignment, assignment
from mirage_utils.coursework.marking.results import Result
from mirage_utils.coursework.sandbox import Limits

NAME = "1_one_token"

LIMITS = Limits(cell_seconds=60, total_seconds=300)


def cell(text: str, name: str = "", **settings: object) -> nbformat.NotebookNode:
    """A cell of an assignment; without settings, an answer."""
    made = new_markdown_cell(text) if settings.pop("words", False) else new_code_cell(text)
    if name:
        made.metadata["nbgrader"] = {
            "grade_id": name, "grade": False, "solution": not settings, "locked": bool(settings),
            "schema_version": 3, "cell_type": made.cell_type, **settings,
        }  # fmt: skip
    return made


def small(folder: Path, *cells: nbformat.NotebookNode) -> Assignment:
    """An assignment with an answer and a test each for ``a`` and ``b``, and what else is given."""
    given = cell("import math", "numbers", locked=True)
    given.metadata["tags"] = ["given"]
    parts = cells or (
        cell("a = 1", "a"), cell("assert a == 1, a", "test_a", grade=True, points=2),
        cell("b = 1", "b"), cell("assert b == 1, b", "test_b", grade=True, points=3),
    )  # fmt: skip
    essay = cell(
        "YOUR ANSWER HERE", "words", words=True, grade=True, solution=True, locked=False, points=4
    )
    written(
        folder / "small" / "small.ipynb", [given, *parts, cell("## In words", words=True), essay]
    )
    return assignment(folder, "small")


def written(path: Path, cells: list[nbformat.NotebookNode], when: float | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(new_notebook(cells=cells)), encoding="utf-8")
    if when is not None:
        os.utime(path, (when, when))
    return path


def changed(wanted: Assignment, **sources: str) -> list[nbformat.NotebookNode]:
    """The cells of an assignment with other texts in some of them."""
    cells = [nbformat.from_dict(json.loads(json.dumps(each))) for each in wanted.cells]
    for each in cells:
        each.source = sources.get(identifier(each) or "", each.source)
    return cells


def points(result: Result) -> dict[str, float]:
    return {each.name: each.points for each in result.exercises if not each.essay}


ESSAY = {"grade_id": "words", "grade": True, "solution": True, "points": 4, "locked": False}


def words(text: str) -> nbformat.NotebookNode:
    return new_markdown_cell(text, metadata={"nbgrader": ESSAY})
