"""The place where submissions run: nothing handed in takes the place of a module, and what is shut stays shut."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sandboxes import KINDS, needs_bubblewrap

from mirage_utils.coursework import sandbox
from mirage_utils.coursework.sandbox import (
    Limits,
    Sandbox,
    SandboxError,
    chosen,
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="the filter of system calls is Linux's")

# Modules that the process itself imports, early or late, that a cell imports, and that Python looks for at its start.
SHADOWS = (
    "resource", "signal", "json", "IPython", "numpy", "sympy", "matplotlib_inline", "traitlets", "sitecustomize",
    "usercustomize", "values", "mirage_utils", "ctypes", "struct",
)  # fmt: skip


def said(place: Sandbox, source: str) -> str:
    """What a cell prints; it must not fail."""
    reply = place.run(source)
    assert reply["error"] is None, reply["error"]
    return "".join(each.get("text", "") for each in reply["outputs"]).strip()


@linux
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_beside_the_notebook_takes_no_modules_place(kind, tmp_path):
    planted = "def setrlimit(*given): ...\nraise SystemExit('planted')\n"
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text(planted)
    (tmp_path / "scipy").mkdir()
    (tmp_path / "scipy" / "__init__.py").write_text(planted)
    (tmp_path / "of_my_own.py").write_text("answer = 42\n")
    with Sandbox(Limits(), tmp_path, kind=kind) as place:
        assert place.notes == []
        limit = "import resource; print(resource.getrlimit(resource.RLIMIT_FSIZE)[0])"
        assert said(place, limit) == str(Limits().file_bytes)
        where = "import json, numpy, scipy, signal, sympy; print([m.__file__ for m in (json, numpy, scipy, signal, sympy)])"
        assert "home/student" not in said(place, where)
        assert str(tmp_path) not in said(place, where)
        assert "planted" not in said(
            place, "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()"
        )
        assert said(place, "import of_my_own; print(of_my_own.answer)") == "42"
        refused = place.run("import os; os.fork()")["error"]
        assert refused is not None
        assert refused["name"] in ("BlockingIOError", "PermissionError")


@linux
def test_a_sandbox_that_is_not_complete_marks_nothing(monkeypatch):
    monkeypatch.setattr(
        Sandbox, "_read", lambda self, seconds: {"ready": ["RLIMIT_AS could not be set"]}
    )
    with pytest.raises(SandboxError, match=r"limits.*is not complete: RLIMIT_AS could not be set"):
        Sandbox(Limits(), kind="limits")
    with Sandbox(Limits(), kind="limits", complete=False) as place:  # what one wrote oneself
        assert place.notes == ["RLIMIT_AS could not be set"]


@needs_bubblewrap
def test_only_home_and_temporary_files_can_be_written_and_not_without_end():
    with Sandbox(Limits(file_bytes=4_000_000), kind="bubblewrap") as place:
        for path in ("/x", "/dev/x", "/etc/x", "/usr/x", "/home/x", "/fonts/x", "/proc/x"):
            error = place.run(f"open({path!r}, 'w')")["error"]
            assert error is not None, path
            assert error["name"] in ("OSError", "PermissionError", "FileNotFoundError"), (
                path,
                error,
            )
        assert said(place, "open('/dev/null', 'w').write('a'); print('written')") == "written"
        fill = """
            import os
            written = 0
            try:
                for number in range(10):
                    with open(f"{folder}/{number}", "wb", buffering=0) as file:
                        for _ in range(3):
                            written += file.write(bytes(1_000_000))
            except OSError:
                pass
            print(written)
        """
        for folder in ("/dev/shm", "/tmp", "."):
            cell = f"folder = {folder!r}\n" + "\n".join(line[12:] for line in fill.splitlines())
            assert 3_000_000 <= int(said(place, cell)) <= 4_100_000, folder


@linux
@pytest.mark.parametrize("kind", KINDS)
def test_what_libraries_keep_in_a_home_has_its_place_and_nobody_is_warned(kind):
    with Sandbox(Limits(), kind=kind) as place:
        draw = "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()"
        assert said(place, draw) == ""
        folders = "import IPython.paths, matplotlib as m; places = [m.get_configdir(), m.get_cachedir(), IPython.paths.get_ipython_dir()]"
        assert said(place, folders) == ""
        written = "for each in places:\n    open(each + '/x', 'w').write('a')\nprint(*places)"
        names = [Path(each).name for each in said(place, written).split()]
        assert names == [".matplotlib", ".matplotlib", ".ipython"]


@linux
@pytest.mark.parametrize("kind", KINDS)
def test_calls_that_lead_out_are_refused_and_asking_is_not(kind):
    """By number, since Python has no words for most; all without arguments that could do harm."""
    import platform

    from mirage_utils.coursework.inmate import _ARCHITECTURES, _REFUSED

    column = list(_ARCHITECTURES).index(platform.machine())
    numbers = {name: found[column] for name, found in _REFUSED.items() if found[column] is not None}
    with Sandbox(Limits(), kind=kind) as place:
        cell = (
            "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            f"print([name for name, number in {numbers}.items()\n"
            "       if libc.syscall(number, -1, 0, 0, 0, 0) != -1 or ctypes.get_errno() != 1])"
        )
        assert said(place, cell) == "[]"
        assert (
            said(place, "import resource; print(len(resource.getrlimit(resource.RLIMIT_AS)))")
            == "2"
        )
        for wrong, refusal in (
            ("import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))", "ValueError"),
            ("import os; os.kill(os.getppid(), 0)", "PermissionError"),
            ("import socket; socket.socket()", "PermissionError"),
            # Another process; under bubblewrap there is none of this number, and without the filter it would not be found (ESRCH).
            (
                "import os\nother = os.getpid() + 1\n"
                "done = libc.syscall(234 if __import__('platform').machine() == 'x86_64' else 131, other, other, 0)\n"
                "assert done == 0 or ctypes.get_errno() != 1",
                "AssertionError",
            ),
        ):
            error = place.run(wrong)["error"]
            assert error is not None, wrong
            assert error["name"] == refusal, (wrong, error)
        alive = "import threading, asyncio\nt = threading.Thread(target=print); t.start(); t.join()\nprint(asyncio.run(asyncio.sleep(0, 'alive')))"
        assert said(place, alive).endswith("alive")


# Each tries something outside its own folder, and prints what came of it; PARENT is the process that holds the secret.
OUTSIDE = {
    "reads another student's work": "print(open(OTHER).read())",
    "lists the students": "import os; print(os.listdir(os.path.dirname(OTHER)))",
    "rewrites another's results": "open(OTHER, 'a')",
    "empties them": "import os; os.truncate(OTHER, 0)",
    "removes them": "import os; os.remove(OTHER)",
    "moves them": "import os; os.rename(OTHER, 'mine')",
    "puts a file beside them": "open(OTHER + '.json', 'w')",
    "makes a device": "import os, stat; os.mknod('disk', stat.S_IFBLK | 0o600, os.makedev(8, 0))",
    "reads the grader's environment": "print(open(f'/proc/{PARENT}/environ').read())",
    "writes the grader's memory": "open(f'/proc/{PARENT}/mem', 'r+b')",
    "reaches the grader's files": "import os; print(os.listdir(f'/proc/{PARENT}/cwd/'))",
    "has the kernel send it a signal": "import fcntl, os; fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, PARENT)",
    "slows it down": "import os; os.setpriority(os.PRIO_PROCESS, PARENT, 19)",
    "talks to a service of this user": "import socket; socket.socket(socket.AF_UNIX)",
    "sends to one": "import socket; socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
}


@linux
@pytest.mark.parametrize("kind", KINDS)
def test_what_lies_outside_is_out_of_reach_whoever_the_user_is(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("MIRAGE_COURSE_SECRET", "not for them")
    other = tmp_path / "class" / "bob" / "result.txt"
    other.parent.mkdir(parents=True)
    other.write_text("24 points")
    before = other.stat()
    (tmp_path / "class" / "eve").mkdir()
    (tmp_path / "class" / "eve" / "own.csv").write_text("1\n")
    with Sandbox(Limits(), tmp_path / "class" / "eve", kind=kind) as place:
        place.put("OTHER", str(other))
        place.put("PARENT", os.getpid())
        for what, cell in OUTSIDE.items():
            error = place.run(cell)["error"]
            assert error is not None, what
            assert error["name"] in ("FileNotFoundError", "PermissionError"), (what, error)
        # Mode and times: no error, so that copying goes on, and no effect.
        assert said(place, "import os; os.chmod(OTHER, 0o777)") == ""
        assert said(place, "import os; os.utime(OTHER, (0, 0))") == ""
        assert said(place, "import shutil; print(shutil.copy('own.csv', 'copy.csv'))") == "copy.csv"
        rights = "print(open('/proc/self/status').read().split('CapPrm:')[1].split()[0].strip('0'))"
        assert said(place, rights) == ""
    after = other.stat()
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert [each.name for each in other.parent.iterdir()] == ["result.txt"]
    assert other.read_text() == "24 points"


@needs_bubblewrap
def test_no_process_beside_it_can_be_touched():
    """Bubblewrap's own would be one that has no filter, and whose memory could be written."""
    cell = """
import os
others = [each for each in os.listdir("/proc") if each.isdigit() and int(each) != os.getpid()]
for other in others:
    for file, mode in (("mem", "r+b"), ("environ", "rb"), ("maps", "rb")):
        try:
            open(f"/proc/{other}/{file}", mode).read(1)
        except PermissionError:
            continue
        print("open:", other, file)
    try:
        print("root of", other, os.listdir(f"/proc/{other}/root"))
    except PermissionError:
        pass
print(len(others))
"""
    with Sandbox(Limits(), kind="bubblewrap") as place:
        found = said(place, cell)
    assert found == ("1" if sandbox._a_user_of_its_own() else "0")


@needs_bubblewrap
def test_it_ends_with_the_grader_however_that_ends():
    """Also while it works, when it hears nothing of the pipe."""
    script = (
        "import os, signal, threading, time\n"
        "from mirage_utils.coursework.sandbox import Limits, Sandbox\n"
        "place = Sandbox(Limits(), kind='bubblewrap')\n"
        "threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()\n"
        "place.run('while True: pass')\n"
    )
    before = _inmates()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    deadline = time.monotonic() + 10
    while _inmates() - before and time.monotonic() < deadline:
        time.sleep(0.1)
    # Another test beside this one may have begun some since: what is left works without end.
    left = {pid for pid in _inmates() - before if _parent(pid) == 1}
    assert not left


def _inmates() -> set[int]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if b"coursework.inmate" in path.read_bytes():
                found.add(int(path.parent.name))
    return found


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@needs_bubblewrap
@pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0 and not sandbox._a_user_of_its_own(),
    reason="root cannot take another user here, and is not kept from starting threads",
)
def test_threads_are_counted_however_small_they_are(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "own.csv").write_text("a\n1\n")
    (tmp_path / "data" / "own.csv").chmod(0o600)
    cell = """
import threading, time
threading.stack_size(32_768)
started = 0
try:
    for _ in range(3_000):
        threading.Thread(target=time.sleep, args=(3,), daemon=True).start()
        started += 1
except RuntimeError:
    pass
print(started)
"""
    with (
        Sandbox(Limits(), tmp_path, kind="bubblewrap") as place,
        Sandbox(Limits(), kind="bubblewrap") as other,
    ):
        assert 100 < int(said(place, cell)) <= 256
        assert 100 < int(said(other, cell)) <= 256  # each counts its own
        said(place, "while threading.active_count() > 2: time.sleep(0.1)")
        # Whoever it is now, what was brought is there to work with.
        write = "open('data/own.csv', 'a').write('2\\n'); open('data/new.csv', 'w').write('3'); print(open('data/own.csv').read())"
        assert said(place, write) == "a\n1\n2"
        assert said(place, "import jax.numpy as jnp; print(jnp.arange(4).sum())") == "6"
        assert place.run("import os; os.setuid(0)")["error"]["name"] == "PermissionError"


@linux
def test_limits_without_rules_for_files_mark_nothing(monkeypatch):
    """As on an older kernel."""
    monkeypatch.setattr(
        "mirage_utils.coursework.sandbox._INMATE",
        "from mirage_utils.coursework import inmate, landlock; landlock.version = lambda: 0; inmate.main()",
    )
    with pytest.raises(SandboxError, match=r"not complete: files and processes.*no Landlock.*6\.2"):
        Sandbox(Limits(), kind="limits")


def test_limits_are_no_silent_substitute(monkeypatch):
    monkeypatch.setattr("mirage_utils.coursework.sandbox.bubblewrap_problem", lambda: "not here")
    with pytest.raises(
        SandboxError,
        match=r"not here\. --sandbox limits, or MIRAGE_SANDBOX=limits .* does without: a submission",
    ):
        chosen("auto")
    assert chosen("limits") == "limits"
