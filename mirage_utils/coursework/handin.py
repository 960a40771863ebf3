"""Look a notebook over before it is handed in: run it from the top and say what its visible tests say."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from ..errors import FieldError
from ..ground.optional import in_browser
from .looking import Finding, Look, Place
from .sandbox.limits import Limits

__all__ = ["look_over", "place_for", "released_notebook"]


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


def look_over(
    path: Path,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    *,
    here: bool | None = None,
) -> list[Finding]:
    """Run a notebook as the grader would, with the tests that the student can see.

    Parameters
    ----------
    path : Path
        The student's notebook.
    limits : Limits
        What it may use.
    here : bool, optional
        Whether its cells run in this very process, which nothing bounds. By default where there is no other: in a browser.

    Returns
    -------
    list of Finding
        The lines of the report, in order.

    Raises
    ------
    FieldError
        If there is no such file, or it is no notebook.
    """
    look = Look(path)
    with place_for(path, limits, here=in_browser() if here is None else here) as place:
        return [each for each in look.steps(place) if isinstance(each, Finding)]


def place_for(path: Path, limits: Limits, *, here: bool) -> AbstractContextManager[Place]:
    """Where the cells of a notebook run.

    Parameters
    ----------
    path : Path
        The notebook.
    limits : Limits
        What it may use in a process of its own.
    here : bool
        Whether it is to be this process.
    """
    if here:
        from .inmate.here import Here

        return Here(path.parent, limits.file_bytes // 2)
    from .sandbox import Sandbox

    return Sandbox(limits, path.parent, kind="limits", complete=False)
