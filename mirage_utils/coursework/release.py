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

from ..errors import DataError, FieldError
from ..ground.write import replace as write_whole
from .assignments.cells import BEGIN_HIDDEN, END_HIDDEN, identifier
from .assignments.source import assignment

__all__ = ["leaks", "release", "released"]

_STUB = "# YOUR CODE HERE\nraise NotImplementedError"


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
    config.ClearSolutions.code_stub = {"python": _STUB}
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


def release(
    sources: Path, name: str, out: Path, students: Iterable[str] = (), *, replace: bool = False
) -> list[Path]:
    """Write the students' version: ``out/NAME/NAME.ipynb``, or one in ``out/NAME/STUDENT/`` for each student.

    Parameters
    ----------
    sources : Path
        Folder of the assignments' sources.
    name : str
        The assignment.
    out : Path
        Where it goes.
    students : iterable of str, optional
        Names to fill in.
    replace : bool
        Write over notebooks that differ from what is released, in which somebody may have worked.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    DataError
        If a name is none for a folder, or something of a solution would be left in a notebook.
    FieldError
        If there are other notebooks in the place of these; nothing is written then.
    """
    content: dict[Path, bytes] = {}
    for student in list(students) or [""]:
        folder = out / name / student if student else out / name
        if student in (".", "..") or set("/\\\0") & set(student):
            raise DataError(f"student {student!r} is no name for a folder")
        path = folder / f"{name}.ipynb"
        content[path] = (nbformat.writes(released(sources, name, student)) + "\n").encode()
    changed = [path for path in content if path.exists() and path.read_bytes() != content[path]]
    if changed and not replace:
        some = ", ".join(map(str, changed[:3])) + (", ..." if len(changed) > 3 else "")
        raise FieldError(
            "out",
            str(out),
            f"a folder without other notebooks of this assignment; {len(changed)} there would be lost ({some}). Move "
            "them, name another folder, or write over them: --replace, with make REPLACE=1",
        )
    for path, text in content.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    return list(content)
