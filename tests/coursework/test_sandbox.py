"""The place where submissions run: nothing handed in takes the place of a module, and what is shut stays shut."""

from __future__ import annotations

import ast
import contextlib
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import pytest
from sandboxes import KINDS, needs_bubblewrap
from submissions import SOURCES, Submission, build, source

from mirage_utils.coursework.sandbox import (
    Ended,
    Limits,
    Sandbox,
    SandboxError,
    chosen,
)
from mirage_utils.coursework.sandbox.surroundings import a_user_of_its_own

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


# By what they are for: number on x86_64 and on aarch64.
REFUSED = {
    # another process, another program
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281), "clone3": (435, 435),
    # signals to others, and what sends them
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "timer_create": (222, 107),
    "signalfd4": (289, 74),
    # another process's memory, and what it is
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "kcmp": (312, 272), "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    # limits and ranks
    "setrlimit": (160, 164), "setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setaffinity": (203, 122),
    "sched_setparam": (142, 118), "sched_setscheduler": (144, 119), "sched_setattr": (314, 274),
    # another user
    "setuid": (105, 146), "setgid": (106, 144), "setresuid": (117, 147), "setresgid": (119, 149),
    "setgroups": (116, 159), "setfsuid": (122, 151), "setfsgid": (123, 152), "capset": (126, 91), "setsid": (112, 157),
    "setpgid": (109, 154),
    # namespaces and mounts
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467), "statmount": (457, 457), "listmount": (458, 458), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265), "mknod": (133, None), "mknodat": (259, 33), "quotactl": (179, 60),
    # ways past this list
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "io_setup": (206, 0),
    "io_submit": (209, 2), "seccomp": (317, 277), "personality": (135, 92),
    # the kernel itself
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "kexec_load": (246, 104), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "syslog": (103, 116), "fanotify_init": (300, 262),
    "inotify_init1": (294, 26), "landlock_create_ruleset": (444, 444), "lsm_set_self_attr": (460, 460),
    # memory that no limit counts
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "remap_file_pages": (216, 234), "mlock": (149, 228),
    "mlock2": (325, 284), "mlockall": (151, 230), "vmsplice": (278, 75), "splice": (275, 76), "tee": (276, 77),
    "map_shadow_stack": (453, 453),
    # memory, queues and semaphores that are shared (System V)
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "shmdt": (67, 197), "msgget": (68, 186),
    "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187), "semget": (64, 190), "semop": (65, 193),
    "semtimedop": (220, 192), "semctl": (66, 191),
    # queues with names (POSIX)
    "mq_open": (240, 180), "mq_unlink": (241, 181), "mq_timedsend": (242, 182), "mq_timedreceive": (243, 183),
    "mq_notify": (244, 184), "mq_getsetattr": (245, 185),
    # sockets
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202),
    "accept4": (288, 242), "sendmsg": (46, 211), "recvmsg": (47, 212), "sendmmsg": (307, 269), "recvmmsg": (299, 243),
    # newer than the list
    "openat2": (437, 437), "close_range": (436, 436), "faccessat2": (439, 439), "epoll_pwait2": (441, 441),
    "futex_waitv": (449, 449), "cachestat": (451, 451), "quotactl_fd": (443, 443),
    "set_mempolicy_home_node": (450, 450), "landlock_restrict_self": (446, 446),
}  # fmt: skip


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
    column = ["x86_64", "aarch64"].index(platform.machine())
    numbers = {name: found[column] for name, found in REFUSED.items() if found[column] is not None}
    with Sandbox(Limits(), kind=kind) as place:
        cell = (
            "import ctypes, errno\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            "def answer(number):\n"
            "    ctypes.set_errno(0)\n"
            "    done = libc.syscall(number, -1, 0, 0, 0, 0)\n"
            "    return 'done' if done != -1 else errno.errorcode[ctypes.get_errno()]\n"
            f"print({{name: answer(number) for name, number in {numbers}.items()}})"
        )
        # Newer calls than any that is needed are as if the kernel had none: the C library does without.
        expected = {
            name: "ENOSYS" if number >= 424 else "EPERM" for name, number in numbers.items()
        }
        assert ast.literal_eval(said(place, cell)) == expected
        later = "print({answer(number) for number in range(470, 2_000)})"
        assert said(place, later) == "{'ENOSYS'}"
        # Outliving the grader, more rights, and hiding from it.
        for call in ("libc.prctl(1, 0)", "libc.prctl(47, 2, 0, 0, 0)", "libc.prctl(4, 0)"):
            assert said(place, f"print({call}, errno.errorcode[ctypes.get_errno()])") == "-1 EPERM"
        said(place, "libc.prctl(15, b'a name')")
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
    assert found == ("1" if a_user_of_its_own() else "0")


SLEEPS = """
import signal, time
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
time.sleep(100_000)
"""
# The thread to which the kernel speaks is gone.
LEAVES_A_THREAD = """
import ctypes, platform, threading, time
threading.Thread(target=time.sleep, args=(100_000,)).start()
ctypes.CDLL(None).syscall(60 if platform.machine() == "x86_64" else 93, 0)
"""


@linux
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", ["while True: pass", SLEEPS, LEAVES_A_THREAD])
def test_it_ends_with_the_grader_however_that_ends(kind, cell):
    """Also while it works, when it hears nothing of the pipe."""
    script = (
        "import os, signal, threading, time\n"
        "from mirage_utils.coursework.sandbox import Limits, Sandbox\n"
        f"place = Sandbox(Limits(), kind={kind!r})\n"
        "threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()\n"
        f"place.run({cell!r})\n"
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


@linux
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_goes_on_without_the_grader(kind, tmp_path, short_path):
    """Of a run that was killed, not even a mark is written that nobody waits for."""
    sleeps = nbformat.v4.new_code_cell(SLEEPS)
    eve = Submission("eve", change=lambda cells: cells.insert(2, sleeps))
    build(source("1_one_token"), eve, tmp_path / "in" / "eve")
    mark = f"TMPDIR={short_path}"  # in the environment of all that belongs to the run
    command = ["-m", "mirage_utils", "grade", "1", "in", "out.csv", "--sources", str(SOURCES), "--sandbox", kind]  # fmt: skip
    run = subprocess.Popen(
        ["/usr/bin/env", mark, sys.executable, *command],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    started: set[int] = set()
    while (
        not started
    ):  # the trial before is the grader's own child, the sandbox of a submission is not
        assert run.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
        started = {pid for pid in _inmates() if _parent(pid) in _with(mark) - {run.pid}}
    time.sleep(2)  # in most cases, the cell has been reached
    run.kill()
    run.wait()
    deadline = time.monotonic() + 20
    while (_with(mark) or started & _inmates()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _with(mark)
    assert not started & _inmates()
    assert not list(short_path.glob("mirage-*"))
    assert not (tmp_path / "out" / "eve.json").exists()


def _with(mark: str) -> set[int]:
    """The processes that have this in their environment."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark.encode() in path.read_bytes():
                found.add(int(path.parent.name))
    return found


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
    hasattr(os, "geteuid") and os.geteuid() == 0 and not a_user_of_its_own(),
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


@needs_bubblewrap
@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm", "."])
def test_files_without_content_are_counted(folder):
    """Each takes memory of the kernel's, which no limit of the process counts."""
    cell = f"""
import os
os.mkdir("{folder}/links")
for number in range(COUNT):
    os.symlink("y" * 100, f"{folder}/links/{{number:0200d}}")
print("made")
"""
    with Sandbox(Limits(), kind="bubblewrap") as place:
        assert said(place, cell.replace("COUNT", "90_000")) == "made"
        said(place, f"import shutil; shutil.rmtree('{folder}/links')")
        with pytest.raises(Ended, match="stopped: more than 100,000 files and folders"):
            place.run(cell.replace("COUNT", "2_000_000"))


@linux
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_of_folders_however_they_were_made(kind, monkeypatch, tmp_path):
    """Deeper than Python can call itself and than a path is long, without rights, with names that are no text."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cell = """
import os
home = os.getcwd()
os.mkdir("0")
for name in (b"\\xff\\n" + bytes(range(128, 200)), b"n" * 255, b"student", b"-rf *"):
    os.mkdir(os.path.join(b"0", name))
    open(os.path.join(b"0", name, b"file"), "w").close()
os.symlink("/", "0/root")
os.symlink(".", "0/circle")
for _ in range(1_500):
    os.mkdir("d" * 100)
    os.chdir("d" * 100)
open("file", "w").write("x" * 1000)
os.mkdir("shut", 0o300)
os.mkdir("shut/folder")
os.chdir(home)
os.umask(0o777)
os.mkdir("without rights")
open("a file without rights", "w").close()
print("made")
"""
    with Sandbox(Limits(), kind=kind) as place:
        assert said(place, cell) == "made"
        place.close()
        place.close()
    assert list(tmp_path.iterdir()) == []


@linux
def test_limits_without_rules_for_files_mark_nothing(monkeypatch):
    """As on an older kernel."""
    monkeypatch.setattr(
        "mirage_utils.coursework.sandbox.process._INMATE",
        "from mirage_utils.coursework.inmate import landlock, serve; landlock.version = lambda: 0; serve.main()",
    )
    with pytest.raises(SandboxError, match=r"not complete: files and processes.*no Landlock.*6\.2"):
        Sandbox(Limits(), kind="limits")


def test_limits_are_no_silent_substitute(monkeypatch):
    monkeypatch.setattr(
        "mirage_utils.coursework.sandbox.kinds.bubblewrap_problem", lambda: "not here"
    )
    with pytest.raises(
        SandboxError,
        match=r"not here\. --sandbox limits, or MIRAGE_SANDBOX=limits .* does without: a submission",
    ):
        chosen("auto")
    assert chosen("limits") == "limits"
