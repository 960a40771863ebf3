"""Mark one submission in a process of its own: whatever happens there, there is a result, and nobody else is touched."""

from __future__ import annotations

import ast
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TYPE_CHECKING

from .assignments import Assignment, assignment, identifier
from .bounds import limit_memory, limit_processor_time
from .folders import file_name
from .grading import COMPARING, Result, mark, unmarked
from .stored import keep, kept

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


MEMORY = 4 * 2**30  # bytes that marking one submission may take, beyond what is loaded already
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
    names: Sequence[str] = (),
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
        An existing folder: the result and the page are written there, called by `folders.file_name` with ``.json`` and
        ``.html``, each whole or not at all.
    settings : Settings
        How the class is marked.
    kind : str
        The kind of sandbox.
    names : sequence of str, optional
        What else the student is called (see `mark`).

    Returns
    -------
    Result
        If an answer brings that process down, its exercise gets nothing, the others are marked in another process, and the
        result is kept like any other. ``failed``, and without a key, if something else did: the next run tries again.
    """
    path = place / f"{file_name(student)}.json"
    wanted = assignment(sources, name)
    limits = settings.limits
    # By the clock on the wall, and so on a busy machine too: what neither the sandbox nor `bounds` has ended is ended here.
    longest = limits.total_seconds + limits.restarts * limits.cell_seconds
    longest = 60 + 2 * (longest + COMPARING * len(wanted.exercises))
    work = (path, sources, name, student, folder, key, settings, kind, names)
    refused: dict[str, str] = {}
    while True:
        path.unlink(missing_ok=True)
        listening, telling = context.Pipe(duplex=False)
        process = context.Process(target=_mark_into, args=(*work, refused, telling), daemon=True)
        with _starting:
            process.start()
        telling.close()
        process.join(longest)
        code = process.exitcode
        if code is None:
            process.kill()
            process.join()
        at = _last(listening)
        result = kept(path)
        if result is not None:
            return result
        if code not in _CAUSED or not at or at in refused:
            break
        refused[at] = f"comparing this answer was stopped: {_CAUSED[code]}"
    result = Result(student, name, "failed", unmarked(wanted))
    if code is None or code in _CAUSED:
        # The submission's doing, and the same at every run.
        why = _CAUSED.get(code, f"it did not end within {longest:,.0f} s")
        result.status, result.key = "unreadable", key
        result.notes.append(f"marking this notebook was stopped: {why}")
    else:
        result.notes.append(f"the marking process ended with status {code}")
    keep(path, result)
    return result


# What an answer can do to the process that compares it, by the status it ends with.
_CAUSED = {
    -getattr(signal, name): words
    for name, words in (
        ("SIGXCPU", "it took too much processor time"),
        ("SIGSEGV", "it is nested too deeply"),
        ("SIGBUS", "it is nested too deeply"),
        ("SIGABRT", "it took too much memory"),
        ("SIGFPE", "it has no value"),
    )
    if hasattr(signal, name)
}


def _last(listening: Connection) -> str:
    """What a process that has ended was doing: the last word it sent."""
    word = ""
    with listening:
        try:
            while listening.poll():
                word = listening.recv()
        except (EOFError, OSError):
            pass
    return word


GRACE = 10  # seconds for a process that has to end: it closes its sandbox, whose folder may be full


def _end_with_the_grader() -> None:
    """See to it that this process, and the sandbox with it, ends when the grader does, however that ended."""
    grader = multiprocessing.parent_process()
    assert grader is not None

    def leave(number: int, frame: object) -> None:
        sys.exit(1)

    def watch() -> None:
        wait([grader.sentinel])
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(GRACE)
        os._exit(1)

    signal.signal(signal.SIGINT, leave)
    threading.Thread(target=watch, daemon=True).start()


READING = 120  # seconds of processor time for all but the tests: reading, and writing the page


def _mark_into(
    path: Path,
    sources: Path,
    name: str,
    student: str,
    folder: Path,
    key: str,
    settings: Settings,
    kind: str,
    names: Sequence[str],
    refused: Mapping[str, str],
    telling: Connection,
) -> None:
    """The work of one process: mark, and write the result and the page."""
    _end_with_the_grader()
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)  # what the source prints is meant for the student
    os.environ["MIRAGE_COURSE_SECRET"] = settings.secret
    limit_memory(MEMORY)
    limit_processor_time(READING)
    wanted = assignment(sources, name)
    try:
        result = mark(
            wanted,
            student,
            folder,
            settings.limits,
            names=names,
            kind=kind,
            told=telling.send,
            refused=refused,
        )
    except Exception as error:
        note = f"the grader could not mark this: {type(error).__name__}: {error}"
        result = Result(student, name, "failed", unmarked(wanted), [note])
    # A failure of the grader is not kept: the next run tries again.
    result.key = key if result.status != "failed" else ""
    keep(path, result)
    if result.status == "failed":
        sys.stderr.write(f"{student}: {result.notes[-1]}\n")
