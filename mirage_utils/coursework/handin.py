"""Look a notebook over before it is handed in: run it from the top and say what its visible tests say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import FieldError
from .assignments import identifier, read_notebook
from .sandbox import Ended, Limits, Sandbox

__all__ = ["Finding", "look_over", "released_notebook"]


@dataclass(frozen=True)
class Finding:
    """One line of the report; `ok` is False where something has to be done."""

    name: str
    ok: bool
    text: str


def released_notebook(wanted: str, folder: Path) -> Path:
    """The notebook of an assignment in a folder that `release` wrote: the one for everybody, or the only student's.

    Parameters
    ----------
    wanted : str
        Number or name of the assignment.
    folder : Path
        What was released.

    Raises
    ------
    FieldError
        If there is none, or one for each of several students.
    """
    found = [
        path
        for path in sorted(folder.glob("*/**/*.ipynb"))
        if path.stem == (name := path.relative_to(folder).parts[0])
        and wanted in (name, name.split("_", 1)[0])
    ]
    whole = [path for path in found if path.parent.parent == folder]
    if len(whole or found) == 1:
        return (whole or found)[0]
    if not found:
        raise FieldError(
            "A", wanted, f"an assignment in {folder}, or the notebook to look over by its name"
        )
    some = ", ".join(map(str, found[:5])) + (", ..." if len(found) > 5 else "")
    raise FieldError(
        "A",
        wanted,
        f"one notebook, and {folder} holds {len(found)} of it: say which, by its name ({some})",
    )


def look_over(path: Path, limits: Limits = Limits()) -> list[Finding]:  # noqa: B008 - frozen
    """Run a notebook as the grader would, with the tests that the student can see.

    Parameters
    ----------
    path : Path
        The student's notebook.

    Raises
    ------
    FieldError
        If there is no such file, or it is no notebook.
    """
    if not path.is_file():
        raise FieldError("notebook", str(path), "a notebook file")
    cells, problem = read_notebook(path)
    if problem:
        raise FieldError(
            "notebook", str(path), f"a notebook; this {problem.removeprefix('notebook ')}"
        )
    names = [name for name in map(identifier, cells) if name is not None]
    handed_out = _handed_out(path)
    wanted = handed_out["cells"] if handed_out else names
    found = []
    if handed_out and path.name != f"{handed_out['assignment']}.ipynb":
        found.append(
            Finding(
                "file",
                False,
                f"is called {path.name}; hand it in as {handed_out['assignment']}.ipynb",
            )
        )
    for name in wanted:
        if names.count(name) != 1:
            words = "was deleted" if name not in names else "is there more than once"
            found.append(
                Finding(name, False, f"the cell {words}; copy your answers into a fresh notebook")
            )
    with Sandbox(limits, path.parent, kind="limits", complete=False) as place:
        for number, cell in enumerate(cells, start=1):
            settings = cell.metadata.get("nbgrader") or {}
            name = identifier(cell)
            label = name or f"cell {number}"
            if cell.cell_type != "code":
                if settings.get("solution"):
                    empty = not cell.source.replace("YOUR ANSWER HERE", "").strip()
                    text = (
                        "still to be written"
                        if empty
                        else f"{len(cell.source.split())} words; read by a person"
                    )
                    found.append(Finding(label, not empty, text))
                continue
            try:
                error = place.run(cell.source)["error"]
            except Ended as why:
                found.append(Finding(label, False, f"{why}; nothing after it was run"))
                break
            if settings.get("grade"):
                text = "passes what you can see" if error is None else _lost(error)
                found.append(Finding(label, error is None, text))
            elif error is not None:
                text = (
                    "still to be written"
                    if error["name"] == "NotImplementedError"
                    else f"{error['name']}: {error['value']}"
                )
                found.append(Finding(label, False, text))
    return found


def _lost(error: dict[str, str]) -> str:
    """What a test says; where there is nothing to test yet, that and not the interpreter's words for it."""
    if error["name"] == "NotImplementedError":
        return "the answer is still to be written"
    if error["name"] == "NameError":
        return f"there is no answer to look at yet: {error['value']}"
    return error["value"] or error["name"]


def _handed_out(path: Path) -> dict[str, Any] | None:
    settings = json.loads(path.read_text(encoding="utf-8-sig")).get("metadata", {}).get("mirage")
    ok = (
        isinstance(settings, dict)
        and isinstance(settings.get("assignment"), str)
        and isinstance(settings.get("cells"), list)
    )
    return settings if ok else None
