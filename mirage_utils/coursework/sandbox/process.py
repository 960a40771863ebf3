"""The grader's end of the pipe: start the process, ask it, and end it with all that it left."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import json
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import DataError
from ..values import decode, encode
from .bubblewrap import HANDED_IN, IN_MEMORY, bubblewrap_problem, last_words, walls
from .kinds import kind_of_sandbox
from .limits import Ended, Limits, SandboxError, StudentError
from .surroundings import USERS, a_user_of_its_own, environment, font_list, to_read

__all__ = ["Sandbox"]

_INMATE = "from mirage_utils.coursework.inmate.serve import main; main()"
_REPLY = 50_000_000  # bytes of one answer
_ENTRIES = 100_000  # files, links and folders under bubblewrap, of which each takes up to about a kilobyte of the kernel's memory
_FORGED = "stopped: it wrote into the grader's pipe"


def _empty(folder: Path) -> None:
    """Remove what a submission left in a folder within this one, however deep its folders are and whatever may be done with them.

    `shutil.rmtree` calls itself for each folder within another, and paths have a greatest length. So each folder is moved up here
    before its turn comes; no name here is a submission's.
    """
    waiting, numbers = [folder / "student"], itertools.count()
    while waiting:
        here = waiting.pop()
        with contextlib.suppress(OSError):
            with os.scandir(here) as entries:
                for entry in entries:
                    with contextlib.suppress(OSError):
                        if not entry.is_dir(follow_symlinks=False):
                            os.unlink(entry)
                            continue
                        os.chmod(entry, 0o700)  # it may have been made without rights
                        moved = folder / str(next(numbers))
                        os.rename(entry, moved)
                        waiting.append(moved)
            here.rmdir()


class Sandbox:
    """One process for one submission; use as a context manager. On Linux it ends with the thread that made it.

    Parameters
    ----------
    limits : Limits
        What it may use.
    files : path, optional
        Folder whose files (but no notebooks and links) the process finds in its working folder.
    kind : {"bubblewrap", "limits"}, optional
        By default `kind_of_sandbox`.
    seconds : float, optional
        How long it may live; by default ``limits.total_seconds``.
    complete : bool
        Whether it has to have every limit that Linux offers. Elsewhere, and for those who run what they wrote
        themselves, `notes` says what is missing.

    Raises
    ------
    SandboxError
        If the process cannot be started, or something is missing, with what it said.
    """

    def __init__(
        self,
        limits: Limits,
        files: Path | None = None,
        kind: str | None = None,
        seconds: float | None = None,
        *,
        complete: bool = True,
    ) -> None:
        if importlib.util.find_spec("IPython") is None:
            raise DataError("cells are run by IPython, which is not installed: pip install ipython")
        self.limits = limits
        self.kind = kind or kind_of_sandbox()
        if self.kind == "bubblewrap" and shutil.which("bwrap") is None:
            raise SandboxError(f"the sandbox (bubblewrap) does not start: {bubblewrap_problem()}")
        self._folder = tempfile.TemporaryDirectory(prefix="mirage-", ignore_cleanup_errors=True)
        # The process has another working folder.
        files = None if files is None else files.absolute()
        # What it says before it is ready. Later it has no standard error, and nothing can fill this file.
        self._last_words = ""
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        # Beside the only folder that the process can write in there is room for `_empty`.
        home = "/home/student" if self.kind == "bubblewrap" else f"{self._folder.name}/student"
        inside = HANDED_IN if self.kind == "bubblewrap" else (str(files) if files else None)
        command = [sys.executable, "-P", "-c", _INMATE]
        # Where bubblewrap says which process it has started.
        self._started = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        self._stopped = ""  # why, if it was
        self._closed = threading.Event()
        if self.kind == "bubblewrap":
            number = str(self._started.fileno())
            command = [
                *walls(home, files, self.limits.file_bytes),
                "--info-fd",
                number,
                "--",
                *command,
            ]
            variables, place = {}, "/"
        else:
            variables, place = environment(home), home
            Path(home).mkdir()
            if (fonts := font_list()) is not None:
                Path(home, ".matplotlib").mkdir()
                shutil.copy(fonts, Path(home, ".matplotlib"))
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            cwd=place,
            env=variables,
            start_new_session=True,
            pass_fds=[self._started.fileno()] if self.kind == "bubblewrap" else [],
        )
        # A pipe cannot be waited for with a limit on every system; a queue can.
        self._asked = 0
        self._end = time.monotonic() + (limits.total_seconds if seconds is None else seconds)
        self._lines: queue.Queue[bytes | None] = queue.Queue(maxsize=4)
        threading.Thread(target=self._listen, daemon=True).start()
        settings = {
            "files": inside if files else None,
            "bytes": limits.file_bytes // 2,
            "memory": limits.memory,
            "file_bytes": limits.file_bytes,
            "cpu_seconds": int(limits.total_seconds) + 5,
            # Elsewhere the limit counts all processes of this user.
            "own_processes": self.kind == "bubblewrap",
            "user": random.choice(USERS)
            if self.kind == "bubblewrap" and a_user_of_its_own()
            else None,
            # Under bubblewrap there is nothing else.
            "read": None
            if self.kind == "bubblewrap"
            else [*to_read(), *([inside] if inside else [])],
            "write": [home],
        }
        try:
            self._write(settings)
            self.notes: list[str] = self._read(60)["ready"]
        except (Ended, KeyError) as error:
            self.close()
            why = self._last_words or str(error)
            raise SandboxError(f"the sandbox ({self.kind}) does not start: {why}") from None
        except BaseException:  # whoever waits for it is told to end
            self.close()
            raise
        if self.kind == "bubblewrap":
            self._count_entries([*IN_MEMORY, home])
        if self.notes and complete and sys.platform == "linux":
            self.close()
            raise SandboxError(
                f"the sandbox ({self.kind}) is not complete: {'; '.join(self.notes)}"
            )

    def _count_entries(self, folders: list[str]) -> None:
        """End the process when there are more than `_ENTRIES` files in its folders: bubblewrap bounds their bytes alone."""
        places: list[int] = []
        try:
            self._started.seek(0)
            root = f"/proc/{json.load(self._started)['child-pid']}/root"
            # Opened before there is any code of the student's, and so no link leads elsewhere.
            for folder in folders:
                places.append(os.open(root + folder, os.O_PATH | os.O_DIRECTORY))
        except (OSError, ValueError, KeyError) as error:
            self.notes.append(f"files cannot be counted: {error}")

        def watch() -> None:
            while not self._closed.wait(0.1):
                found = [os.fstatvfs(place) for place in places]
                if sum(each.f_files - each.f_ffree for each in found) > _ENTRIES:
                    self._stopped = f"stopped: more than {_ENTRIES:,} files and folders"
                    self._process.kill()
                    break
            for place in places:
                os.close(place)

        threading.Thread(target=watch, daemon=True).start()

    # ------------------------------------------------------------ the pipe

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            while line := self._process.stdout.readline(_REPLY):
                self._lines.put(line)
                if len(line) >= _REPLY:
                    break
        except (OSError, ValueError):  # closed while it was read
            pass
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)

    def _write(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):  # gone, or closed already
            raise Ended(self._why()) from None

    def _read(self, seconds: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self.close()
            raise Ended(f"stopped after {seconds:g} s") from None
        if line is None:
            raise Ended(self._why())
        if len(line) >= _REPLY:
            self.close()
            raise Ended("stopped: an answer of more than 50 MB")
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            reply = None
        if type(reply) is not dict:
            self.close()
            raise Ended(_FORGED)
        return reply

    def _why(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        code = self._process.returncode
        self.close()
        if self._stopped:
            return self._stopped
        if code is not None and (code < 0 or code > 128):
            number = -code if code < 0 else code - 128
            return f"the process was ended by signal {number}"
        return "the process ended itself"

    def _ask(self, do: str, seconds: float, **arguments: Any) -> dict[str, Any]:
        left = self._end - time.monotonic()
        if left <= 0:  # many calls, each within its own limit
            self.close()
            raise Ended(f"stopped after {self.limits.total_seconds:g} s in all")
        seconds = min(seconds, left)
        self._asked += 1
        self._write({"id": self._asked, "do": do, "with": arguments})
        reply = self._read(seconds)
        if reply.get("id") != self._asked:  # an answer to nothing: it would shift all that follow
            self.close()
            raise Ended(_FORGED)
        return reply

    # ------------------------------------------------------------ requests

    def run(self, source: str, seconds: float | None = None) -> dict[str, Any]:
        """Run a cell: ``outputs`` in the notebook format, and ``error`` (a dict) or None.

        Raises
        ------
        Ended
            If the process did not survive it.
        """
        reply = self._ask("run", seconds or self.limits.cell_seconds, source=source)
        outputs = reply.get("outputs")
        error = reply.get("error")
        if error is not None:
            error = (
                {k: str(error.get(k, ""))[:400] for k in ("name", "value")}
                if type(error) is dict
                else None
            )
        return {"outputs": outputs if type(outputs) is list else [], "error": error}

    def put(self, name: str, value: str | float) -> None:
        """Set a name in the process."""
        self._ask("put", self.limits.call_seconds, name=name, value=value)

    def show(self, name: str) -> Any:
        """The plain value of a name; functions come back as callables that call across.

        Raises
        ------
        KeyError
            If there is no such name.
        """
        reply = self._ask("show", self.limits.call_seconds, name=name)
        if "missing" in reply:
            raise KeyError(name)
        return self._value(reply)

    def _value(self, reply: dict[str, Any]) -> Any:
        error = reply.get("error")
        if type(error) is dict:
            raise StudentError(f"{str(error.get('name'))[:80]}: {str(error.get('value'))[:300]}")
        try:
            return decode(reply.get("value"), self._function)
        except (ValueError, TypeError, KeyError, LookupError, RecursionError):
            self.close()
            raise Ended(_FORGED) from None

    def _function(self, number: int, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            def refuse(function: Callable[..., Any]) -> int:
                raise TypeError("a function is no argument here")

            reply = self._ask(
                "call",
                self.limits.call_seconds,
                function=number,
                arguments=[encode(each, refuse) for each in arguments],
                named={key: encode(each, refuse) for key, each in named.items()},
            )
            return self._value(reply)

        call.__name__ = name if name.isidentifier() else "function"
        return call

    # ------------------------------------------------------------ the end

    def close(self) -> None:
        """End the process and all it may have started, and remove its folder."""
        self._closed.set()
        self._started.close()
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError, AttributeError):
                os.killpg(self._process.pid, 9)
            self._process.kill()
            self._process.wait()
        if not self._said.closed:
            self._said.seek(0)
            self._last_words = last_words(self._said.read())
            self._said.close()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError, ValueError):
                if pipe is not None:
                    pipe.close()
        _empty(Path(self._folder.name))
        self._folder.cleanup()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
