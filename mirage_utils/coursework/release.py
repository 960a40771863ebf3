"""The students' version of an assignment: without solutions, hidden tests and outputs.

nbgrader's own steps take them out; what they leave is then searched for what should have gone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from .._write import replace as write_whole
from ..errors import DataError
from .assignments import BEGIN_HIDDEN, END_HIDDEN, assignment, identifier

__all__ = ["leaks", "release", "released"]

STUB = "# YOUR CODE HERE\nraise NotImplementedError"


def released(sources: Path, name: str, student: str = "") -> NotebookNode:
    """The notebook that students receive.

    Parameters
    ----------
    sources : Path
        Folder of the assignments' sources.
    name : str
        The assignment.
    student : str, optional
        A name to fill in.

    Raises
    ------
    DataError
        If something of a solution or a hidden test would be left in it.
    """
    from nbgrader.preprocessors import (
        CheckCellMetadata,
        ClearHiddenTests,
        ClearOutput,
        ClearSolutions,
        ComputeChecksums,
        LockCells,
    )
    from traitlets.config import Config

    source = assignment(sources, name)
    notebook = nbformat.read(source.path, as_version=4)
    config = Config()
    config.ClearSolutions.code_stub = {"python": STUB}
    resources: dict[str, object] = {"metadata": {}}
    for step in (
        LockCells,
        ClearSolutions,
        ClearOutput,
        CheckCellMetadata,
        ClearHiddenTests,
        ComputeChecksums,
    ):
        notebook, resources = step(config=config).preprocess(notebook, resources)
    if student:
        for cell in notebook.cells:
            if "student" in cell.metadata.get("tags", []):
                cell.source = re.sub(r'^STUDENT = "".*$', f"STUDENT = {student!r}", cell.source)
    # What was handed out, so that a student's copy can be checked where the source is not.
    notebook.metadata["mirage"] = {
        "assignment": name,
        "cells": [identifier(cell) for cell in notebook.cells if identifier(cell) is not None],
    }
    left = leaks(source.cells, notebook)
    if left:
        raise DataError(f"{name}: the released notebook would still contain {left[0]!r}")
    return notebook


def leaks(source: list[NotebookNode], notebook: NotebookNode) -> list[str]:
    """Lines of solutions, hidden tests and model essays that are in a notebook nevertheless.

    A line that also stands outside those parts, or is too short to tell anything, is none.
    """
    secret: list[str] = []
    public: set[str] = set()
    for cell in source:
        settings = cell.metadata.get("nbgrader", {})
        hidden = bool(settings.get("solution")) and "BEGIN SOLUTION" not in cell.source
        for line in cell.source.split("\n"):
            text = line.strip()
            if text in (BEGIN_HIDDEN, "### BEGIN SOLUTION"):
                hidden = True
            elif text in (END_HIDDEN, "### END SOLUTION"):
                hidden = False
            elif hidden:
                secret.append(text)
            else:
                public.add(text)
    # Anywhere in the file: sources, outputs, metadata. A short line, such as "slope,", may stand in any code.
    everything = nbformat.writes(notebook)
    told = [text for text in dict.fromkeys(secret) if len(text) >= 20 and text not in public]
    found = [text for text in told if json.dumps(text, ensure_ascii=False)[1:-1] in everything]
    marks = [
        mark
        for mark in ("BEGIN SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS")
        if mark in everything
    ]
    return [*found, *marks]


def release(sources: Path, name: str, out: Path, students: Iterable[str] = ()) -> list[Path]:
    """Write the students' version: ``out/NAME/NAME.ipynb``, or one in ``out/NAME/STUDENT/`` for each student.

    Returns
    -------
    list of Path
        The files written.
    """
    written = []
    for student in list(students) or [""]:
        folder = out / name / student if student else out / name
        if student in (".", "..") or set("/\\\0") & set(student):
            raise DataError(f"student {student!r} is no name for a folder")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.ipynb"
        write_whole(path, (nbformat.writes(released(sources, name, student)) + "\n").encode())
        written.append(path)
    return written
