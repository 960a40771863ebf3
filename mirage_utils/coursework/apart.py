"""Mark one submission in a process of its own: whatever happens there, there is a result, and nobody else is touched."""

from __future__ import annotations

import ast
import json
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TYPE_CHECKING

from .._write import replace as write_whole
from .assignments import Assignment, assignment, identifier
from .feedback import page
from .grading import Result, mark, unmarked

if TYPE_CHECKING:
    from .course import Settings

__all__ = ["marked", "processes"]


def processes(wanted: Assignment) -> BaseContext:
    """Where the processes come from: forked from one that has loaded what the assignment imports, where the system can;
    new ones elsewhere."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    modules = {"mirage_utils.coursework.course", "mirage_utils.coursework.check"}
    modules |= {"matplotlib.font_manager"}  # each sandbox is given its list of fonts
    for cell in wanted.cells:
        if wanted.kind(identifier(cell)) == "given":
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Import):
                    modules |= {each.name for each in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    # A name that is imported may be a module of its own; if it is not, nothing is lost.
                    modules |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(sorted(modules))
    return context


_starting = threading.Lock()  # starting a process from several threads at once is not safe


def marked(
    context: BaseContext,
    sources: Path,
    name: str,
    student: str,
    folder: Path,
    key: str,
    place: Path,
    settings: Settings,
    kind: str,
    *,
    finish: Callable[[Result], None] | None = None,
) -> Result:
    """Mark one submission in a process of its own.

    Parameters
    ----------
    context : BaseContext
        From `processes`.
    sources : Path
        Folder of the assignments' sources.
    name : str
        The assignment.
    student : str
        The name from which the student's own numbers follow, and that of the files which are written.
    folder : Path
        What was handed in.
    key : str
        A digest of everything on which the result depends; kept with it.
    place : Path
        An existing folder: ``STUDENT.json``, the result, and ``STUDENT.html``, the page, are written there, each whole or
        not at all.
    settings : Settings
        How the class is marked.
    kind : str
        The kind of sandbox.
    finish : callable, optional
        Called in that process with the result before it is written, and may change it; it has to be picklable.

    Returns
    -------
    Result
        ``failed``, and without a key, if the process came to grief: the next run tries again.
    """
    path = place / f"{student}.json"
    path.unlink(missing_ok=True)
    process = context.Process(
        target=_mark_into,
        args=(path, sources, name, student, folder, key, settings, kind, finish),
        daemon=True,
    )
    with _starting:
        process.start()
    process.join(settings.limits.total_seconds * 1.5 + 60)
    code = process.exitcode
    if code is None:
        process.kill()
        process.join()
    try:
        return Result.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        why = "did not end in time" if code is None else f"ended with status {code}"
        nothing = unmarked(assignment(sources, name))
        return Result(student, name, "failed", nothing, [f"the marking process {why}"])


def _mark_into(
    path: Path,
    sources: Path,
    name: str,
    student: str,
    folder: Path,
    key: str,
    settings: Settings,
    kind: str,
    finish: Callable[[Result], None] | None,
) -> None:
    """The work of one process: mark, and write the result and the page, each whole or not at all."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)  # what the source prints is meant for the student
    os.environ["MIRAGE_COURSE_SECRET"] = settings.secret
    _limit_memory(8 * 2**30)
    wanted = assignment(sources, name)
    try:
        result = mark(wanted, student, folder, settings.limits, kind=kind)
    except Exception as error:
        note = f"the grader could not mark this: {type(error).__name__}: {error}"
        result = Result(student, name, "failed", unmarked(wanted), [note])
    if finish is not None:
        finish(result)
    # A failure of the grader is not kept: the next run tries again.
    result.key = key if result.status != "failed" else ""
    write_whole(path.with_suffix(".html"), page(result).encode(errors="replace"))
    write_whole(path, json.dumps(result.as_dict()).encode(errors="replace"))
    if result.status == "failed":
        sys.stderr.write(f"{student}: {result.notes[-1]}\n")


def _limit_memory(size: int) -> None:
    """A hostile answer must not fill the grader's memory either."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.getrlimit(resource.RLIMIT_AS)[1]))
