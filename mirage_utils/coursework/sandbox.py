"""A place to run code that nobody vouches for: one process, few rights, and a pipe.

Where bubblewrap works, the process has its own file system (the system's programs and this library, to
read; an empty folder in memory, to write), its own process table and no network. Without it, which has to be asked
for (``limits``), it shares all that with the grader, and on Linux it is kept to the same files by rules (see
`landlock`), gives up what its user may do beyond others, and what it writes is bounded for each file alone. Another
user, such as nobody, would have to be able to read the interpreter, which in a home folder it cannot; and all
submissions would be that one user's. In both cases the process lowers its own limits for memory, processor time,
files and open files, and on Linux a filter refuses new processes, other programs, signals and sockets (see `inmate`).
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import itertools
import json
import os
import queue
import random
import shutil
import site
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from ..errors import DataError, require
from .inline import INLINE
from .values import decode, encode

__all__ = [
    "Ended",
    "Limits",
    "Sandbox",
    "SandboxError",
    "StudentError",
    "bubblewrap_problem",
    "chosen",
    "kind_of_sandbox",
    "without_bubblewrap",
]

_INMATE = "from mirage_utils.coursework.inmate import main; main()"
REPLY = 50_000_000  # bytes of one answer
ENTRIES = 100_000  # files, links and folders under bubblewrap, of which each takes up to about a kilobyte of the kernel's memory
_FORGED = "stopped: it wrote into the grader's pipe"


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Times are seconds of wall clock, sizes bytes."""

    cell_seconds: float = 60
    call_seconds: float = 10
    total_seconds: float = 600
    memory: int = 6 * 2**30  # address space; JAX alone reserves more than 2 GiB
    file_bytes: int = 64 * 2**20  # of one file, and of all files together under bubblewrap
    restarts: int = 3  # of a process that a cell has brought down

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            require(value > 0, name, value, "a number > 0")


class Ended(BaseException):
    """The process is gone, and why: out of time, out of memory, or by its own hand.

    Not an `Exception`: a check that catches whatever a student's function raises must not go on without the process.
    """


class SandboxError(DataError):
    """The sandbox itself does not start, for a reason that is no student's; the text has its own words for it."""


class StudentError(Exception):
    """A student's function raised an error; the text names it."""


def kind_of_sandbox() -> str:
    """``bubblewrap`` where it works, else ``limits``."""
    return "limits" if bubblewrap_problem() else "bubblewrap"


def chosen(kind: str) -> str:
    """The kind of sandbox that is meant by the option ``--sandbox``.

    Parameters
    ----------
    kind : {"auto", "bubblewrap", "limits"}

    Returns
    -------
    str
        ``bubblewrap`` for ``auto``.

    Raises
    ------
    SandboxError
        If it is ``auto`` and bubblewrap does not work here: limits are no silent substitute.
    """
    if kind != "auto":
        return kind
    if problem := bubblewrap_problem():
        raise SandboxError(
            f"submissions are marked in bubblewrap, which does not work here: {problem}. --sandbox limits, or "
            f"MIRAGE_SANDBOX=limits in the environment, does without: {without_bubblewrap()}"
        )
    return "bubblewrap"


def without_bubblewrap() -> str:
    """What limits alone do not keep a submission from, on this system."""
    if sys.platform == "linux":
        return (
            "a submission is kept to its own folder and to the system's programs, but it is this user's process among the "
            "others, can see which there are, and can fill the disk with many files"
        )
    return "a submission can read, change and delete whatever this user can, the other students' results too"


@functools.cache
def bubblewrap_problem() -> str:
    """Why bubblewrap cannot be used here, in its own words if it has any; empty where it works."""
    if sys.platform != "linux":
        return "there is none for this system"
    program = shutil.which("bwrap")
    if program is None:
        return "it is not installed (apt install bubblewrap)"
    try:
        trial = subprocess.run(
            [program, *_outer_walls(), "--ro-bind", "/", "/", "true"],
            capture_output=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if trial.returncode == 0:
        return ""
    return _last_words(trial.stderr) or f"it ended with status {trial.returncode}"


def _outer_walls() -> tuple[str, ...]:
    return _WALLS_OF_ROOT if _a_user_of_its_own() else _WALLS


def _last_words(said: bytes, most: int = 400) -> str:
    """The end of what a program printed, on one line."""
    text = " ".join(said.decode(errors="replace").split())
    return text if len(text) <= most else "..." + text[-most:]


# The process is the first of its own table: beside it there is none, such as bubblewrap's, that has no limits and no filter
# and whose memory it could write.
_WALLS = ("--unshare-all", "--die-with-parent", "--new-session", "--uid", "1000", "--gid", "1000", "--as-pid-1")  # fmt: skip
# Where the process takes another user itself (see `_a_user_of_its_own`): the same but for the namespace of users. Bubblewrap's own
# process is beside it then, another user's, whose memory it cannot write; with it, all ends when the grader does.
_WALLS_OF_ROOT = (
    "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session",
    "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID",
)  # fmt: skip
_USERS = range(1_000_000_000, 2_000_000_000)  # numbers that no system gives to a person


@functools.cache
def _a_user_of_its_own() -> bool:
    """Whether a process can be given a user that is nobody else's.

    Root is never kept from starting threads, whatever number bubblewrap shows for it. Root can take another user's, if all
    numbers are to be had here, as they are not in every container, and if that user may read the interpreter.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    if Path("/proc/self/uid_map").read_text().split() != ["0", "0", "4294967295"]:
        return False
    needed = [*map(Path, (sys.base_prefix, sys.prefix)), _LIBRARY, _LIBRARY / "__init__.py"]
    return all(path.stat().st_mode & 0o004 for path in needed)


@functools.cache
def _font_list() -> Path | None:
    """Matplotlib's list of fonts, so that not every sandbox looks for all fonts anew."""
    import matplotlib

    # Importing the font manager writes the list.
    import matplotlib.font_manager

    found = sorted(Path(matplotlib.get_cachedir()).glob("fontlist-*.json"))
    of_use = [path for path in found if not _a_user_of_its_own() or path.stat().st_mode & 0o004]
    return of_use[-1] if of_use else None


def _within(path: str, folders: Iterable[str]) -> bool:
    return any(path == each or path.startswith(each.rstrip("/") + "/") for each in folders)


@functools.cache
def _package_folders() -> tuple[str, ...]:
    """Folders of installed packages that lie outside the environment: ``pip install --target`` or ``--user``.

    A folder that is on the path and holds no installed package, such as the one in which the command was given, is
    nothing that a submission should see.
    """
    own = [os.path.realpath(each) for each in ("/usr", sys.base_prefix, sys.prefix)]
    found = [os.path.abspath(each) for each in sys.path if each and os.path.isdir(each)]
    return tuple(
        each
        for each in dict.fromkeys(found)
        if not _within(os.path.realpath(each), own) and any(Path(each).glob("*.dist-info"))
    )


@functools.cache
def _search_path() -> str:
    """What a new interpreter has to be told to find this library and all that it imports."""
    own = metadata.distributions(name="mirage-utils", path=site.getsitepackages())
    parent = () if any(own) else (str(_LIBRARY.parent),)
    return os.pathsep.join(dict.fromkeys((*parent, *_package_folders())))


def _environment(home: str) -> dict[str, str]:
    found = {"PYTHONPATH": _search_path()} if _search_path() else {}
    # Windows opens no socket without it, which asyncio does as it is imported.
    found |= {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    return found | {
        "PATH": os.defpath,
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "MPLBACKEND": INLINE,
        "MPLCONFIGDIR": f"{home}/.matplotlib",
        "IPYTHONDIR": f"{home}/.ipython",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "JAX_PLATFORMS": "cpu",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        # The marks of a course are taken the same way on every machine.
        "PYTHONHASHSEED": "0",
    }


_IN_MEMORY = ("/tmp", "/dev/shm")  # folders to write beside the working folder, under bubblewrap
_LIBRARY = Path(__file__).absolute().parents[1]
# Programs and libraries of the system. What /etc/alternatives holds are links, through which the others are found.
_SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache", "/etc/fonts",
    "/etc/localtime",
)  # fmt: skip


def _to_read() -> tuple[str, ...]:
    """Files and folders that a process needs in which this library is imported."""
    return (*_SYSTEM, sys.base_prefix, sys.prefix, str(_LIBRARY), *_package_folders())


def _views(folders: Iterable[str], program: str) -> list[str]:
    """Arguments with which bubblewrap shows folders, to read, and a program under the name it was called by.

    Each folder is there under its own name and under the one that all links lead to, since the files in it may name
    either: an environment may be a link to one elsewhere, and its interpreter one to an installation that is itself reached
    through a link. Links on the way to the program that lie in none of the folders are made again.
    """
    shown = {each: os.path.realpath(each) for each in folders}
    shown |= {real: real for real in shown.values()}
    arguments = []
    # Folders on the way are made for everybody to pass; bubblewrap's own are for root alone.
    for way in dict.fromkeys(way for path in shown for way in reversed(Path(path).parents[:-1])):
        if not _within(str(way), shown):
            arguments += ["--perms", "0755", "--dir", str(way)]
    # Outer folders first, so that an inner one is not hidden by the mount of the outer.
    for path in sorted(shown, key=len):
        arguments += ["--ro-bind-try", shown[path], path]
    for link, target in _links_on_the_way(program).items():
        if not _within(link, shown) and not any(_within(path, [link]) for path in shown):
            arguments += ["--symlink", target, link]
    return arguments


def _links_on_the_way(path: str) -> dict[str, str]:
    """Every symbolic link that is followed on the way to a file, and where it leads."""
    found: dict[str, str] = {}
    here, left = "/", list(reversed(Path(path).absolute().parts[1:]))
    while left:
        step = os.path.normpath(os.path.join(here, left.pop()))
        if not os.path.islink(step):
            here = step
        elif step not in found:
            found[step] = os.readlink(step)
            target = Path(found[step])
            here = "/" if target.is_absolute() else here
            left += reversed(target.parts[1:] if target.is_absolute() else target.parts)
        else:  # a circle leads nowhere
            break
    return found


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
        inside = "/handed-in" if self.kind == "bubblewrap" else (str(files) if files else None)
        command = [sys.executable, "-P", "-c", _INMATE]
        # Where bubblewrap says which process it has started.
        self._started = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        self._stopped = ""  # why, if it was
        self._closed = threading.Event()
        if self.kind == "bubblewrap":
            number = str(self._started.fileno())
            command = [*self._walls(home, files), "--info-fd", number, "--", *command]
            environment, place = {}, "/"
        else:
            environment, place = _environment(home), home
            Path(home).mkdir()
            if (fonts := _font_list()) is not None:
                Path(home, ".matplotlib").mkdir()
                shutil.copy(fonts, Path(home, ".matplotlib"))
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            cwd=place,
            env=environment,
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
            "user": random.choice(_USERS)
            if self.kind == "bubblewrap" and _a_user_of_its_own()
            else None,
            # Under bubblewrap there is nothing else.
            "read": None
            if self.kind == "bubblewrap"
            else [*_to_read(), *([inside] if inside else [])],
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
            self._count_entries([*_IN_MEMORY, home])
        if self.notes and complete and sys.platform == "linux":
            self.close()
            raise SandboxError(
                f"the sandbox ({self.kind}) is not complete: {'; '.join(self.notes)}"
            )

    def _walls(self, home: str, files: Path | None) -> list[str]:
        program = shutil.which("bwrap")
        assert program is not None
        walls = [
            program,
            *_outer_walls(),
            "--clearenv",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
        ]
        # Empty folders first: the environment may itself lie somewhere under /tmp.
        size = str(self.limits.file_bytes)
        for place in (*_IN_MEMORY, home):
            walls += ["--size", size, "--perms", "1777", "--tmpfs", place]
        walls += _views(_to_read(), sys.executable)
        if files is not None:
            walls += ["--ro-bind", str(files), "/handed-in"]
        if (fonts := _font_list()) is not None:
            # The process may be another user's, for whom what bubblewrap makes is shut: Matplotlib would warn and look for all fonts.
            walls += ["--perms", "0755", "--dir", "/fonts", "--perms", "1777", "--dir", f"{home}/.matplotlib"]  # fmt: skip
            walls += ["--ro-bind", str(fonts), f"/fonts/{fonts.name}"]
            walls += ["--symlink", f"/fonts/{fonts.name}", f"{home}/.matplotlib/{fonts.name}"]
        for name, value in _environment(home).items():
            walls += ["--setenv", name, value]
        # All else is there to read: the root and /dev are folders in memory, too, and would take what is written.
        return [*walls, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", home]

    def _count_entries(self, folders: list[str]) -> None:
        """End the process when there are more than `ENTRIES` files in its folders: bubblewrap bounds their bytes alone."""
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
                if sum(each.f_files - each.f_ffree for each in found) > ENTRIES:
                    self._stopped = f"stopped: more than {ENTRIES:,} files and folders"
                    self._process.kill()
                    break
            for place in places:
                os.close(place)

        threading.Thread(target=watch, daemon=True).start()

    # ------------------------------------------------------------ the pipe

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            while line := self._process.stdout.readline(REPLY):
                self._lines.put(line)
                if len(line) >= REPLY:
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
        if len(line) >= REPLY:
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
            self._last_words = _last_words(self._said.read())
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
