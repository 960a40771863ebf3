"""Mark one submission in a process of its own: whatever happens there, there is a result, and nobody else is touched."""

from __future__ import annotations

import ast
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

from ..assignments.cells import identifier
from ..assignments.source import Assignment, assignment
from ..bounds import limit_memory, limit_processor_time
from ..folders import file_name
from ..marking.mark import mark
from ..marking.results import Result, unmarked
from ..marking.running import COMPARING
from .stored import keep, kept

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

    from .settings import Settings

__all__ = ["Processes", "marked", "processes"]

_PARTING = 5  # seconds in which a process that is told to end may put its things away


class Stopped(Exception):
    """All processes were ended, and this one with them, before it was done."""


class Processes:
    """Processes that run one after the other or side by side, until all are ended at once.

    They do not hear an interrupt from the keyboard, which goes to every process of a terminal: whoever started them ends them.

    Parameters
    ----------
    context : ForkServerContext or SpawnContext
        What starts them.
    """

    def __init__(self, context: ForkServerContext | SpawnContext) -> None:
        self._context = context
        # Starting a process from several threads at once is not safe.
        self._starting = threading.Lock()
        self._running: set[BaseProcess] = set()
        self._ended = False

    def run(self, seconds: float, *work: object) -> tuple[int | None, str]:
        """Mark in a process of its own (`_mark_into`).

        Parameters
        ----------
        seconds : float
            After so long it is killed.
        work : object
            What it is given, but for the pipe.

        Returns
        -------
        code : int or None
            The status it ended with; None if it was killed.
        word : str
            What it was doing: the last word it sent.

        Raises
        ------
        Stopped
            If all were ended (`end`).
        """
        listening, telling = self._context.Pipe(duplex=False)
        with listening:
            process = self._started(work, telling)
            process.join(seconds)
            code = process.exitcode
            if code is None:
                process.kill()
                process.join()
            self._running.discard(process)
            if self._ended:
                raise Stopped
            return code, _last(listening)

    def _started(self, work: tuple[object, ...], telling: Connection) -> BaseProcess:
        with telling, self._starting:
            if self._ended:
                raise Stopped
            process = self._context.Process(target=_mark_into, args=(*work, telling), daemon=True)
            with _without_interrupts():
                process.start()
            self._running.add(process)
            return process

    def end(self) -> None:
        """End all of them, and start no more."""
        self._ended = True
        with self._starting:
            left = list(self._running)
        for each in left:
            each.terminate()
        for each in left:
            wait([each.sentinel], _PARTING)
            each.kill()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """What starts here, the server of processes too, hears no interrupt, from its first moment on."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # its start, which belongs to that of the server, would undo this
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def processes(wanted: Assignment) -> Processes:
    """Where the processes come from: forked from one that has loaded what the assignment imports, where the system can;
    new ones elsewhere."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return Processes(multiprocessing.get_context("spawn"))
    modules = {"mirage_utils.coursework.course.grading", "mirage_utils.coursework.check"}
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
    return Processes(context)


_MEMORY = 4 * 2**30  # bytes that marking one submission may take, beyond what is loaded already


def marked(
    started: Processes,
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
    started : Processes
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

    Raises
    ------
    Stopped
        If all processes were ended; nothing is kept then.
    """
    path = place / f"{file_name(student)}.json"
    # What was kept before stays until something takes its place, whenever this is stopped.
    fresh = path.with_name(f"{path.name}.new")
    wanted = assignment(sources, name)
    limits = settings.limits
    # By the clock on the wall, and so on a busy machine too: what neither the sandbox nor `bounds` has ended is ended here.
    longest = limits.total_seconds + limits.restarts * limits.cell_seconds
    longest = 60 + 2 * (longest + COMPARING * len(wanted.exercises))
    work = (fresh, sources, name, student, folder, key, settings, kind, names)
    refused: dict[str, str] = {}
    while True:
        fresh.unlink(missing_ok=True)
        code, at = started.run(longest, *work, refused)
        result = kept(fresh)
        if result is not None:
            os.replace(fresh.with_suffix(".html"), path.with_suffix(".html"))
            os.replace(fresh, path)
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
    try:
        while listening.poll():
            word = listening.recv()
    except (EOFError, OSError):
        pass
    return word


_TOLD_TO_END = 128 + signal.SIGTERM


def _end_with_the_grader() -> None:
    """See to it that this process ends when it is told to, or when the grader does, however that ended.

    The sandbox is left in order then, and its folder removed.
    """
    grader = multiprocessing.parent_process()
    assert grader is not None

    def watch() -> None:
        wait([grader.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(2 * _PARTING)
        os._exit(_TOLD_TO_END)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TOLD_TO_END))
    threading.Thread(target=watch, daemon=True).start()


_READING = 120  # seconds of processor time for all but the tests: reading, and writing the page


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
    limit_memory(_MEMORY)
    limit_processor_time(_READING)
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
    settings.lateness.apply(result, folder)
    # A failure of the grader is not kept: the next run tries again.
    result.key = key if result.status != "failed" else ""
    keep(path, result)
    if result.status == "failed":
        sys.stderr.write(f"{student}: {result.notes[-1]}\n")
