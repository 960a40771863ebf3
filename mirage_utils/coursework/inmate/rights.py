"""What the process gives up for good before it meets the student's code."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys
from typing import Any

from . import landlock
from .calls import filter_system_calls

__all__ = ["give_up"]

_THREADS = 256  # where they can be counted for this process alone
# What the system tells of itself, and what JAX asks it.
_SHOWN = ("/proc", "/sys/devices/system", "/dev/random", "/dev/urandom")


def give_up(settings: dict[str, Any]) -> list[str]:
    """Lower the limits of this process for good; returns what could not be limited."""
    notes = []
    try:
        import resource
    except ImportError:  # Windows
        return ["memory, files and processes are not limited on this system"]
    if settings["user"] is not None:
        _become(settings["user"])
    if not _end_with_the_grader():
        notes.append("it would go on without the grader")
    limits = {
        "RLIMIT_AS": settings["memory"],
        "RLIMIT_CPU": settings["cpu_seconds"],
        "RLIMIT_FSIZE": settings["file_bytes"],
        "RLIMIT_NOFILE": 256,
        "RLIMIT_CORE": 0,
    }
    if settings["own_processes"]:
        limits["RLIMIT_NPROC"] = _THREADS
    for name, limit in limits.items():
        try:
            resource.setrlimit(getattr(resource, name), (limit, limit))
        except (AttributeError, ValueError, OSError):
            notes.append(f"{name} could not be set")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file too large is an OSError, not the end
    if settings["read"] is not None:
        problem = landlock.keep_to([*settings["read"], *_SHOWN], settings["write"])
        if problem:
            notes.append(f"files and processes of this user are not out of reach: {problem}")
        if not _drop_capabilities():
            notes.append("what root may do could not be given up")
    if not filter_system_calls():
        notes.append("new processes and network sockets are not refused on this system")
    return notes


def _end_with_the_grader() -> bool:
    """Have the kernel end this process when the one that started it ends; the filter lets nobody take that back.

    By hand it ends with the pipe, unless it never looks at it again. After `_become`: whoever becomes another user loses it.
    """
    if sys.platform != "linux":
        return True
    when_the_parent_ends = 1
    return ctypes.CDLL(None).prctl(when_the_parent_ends, signal.SIGKILL, 0, 0, 0) == 0


def _become(user: int) -> None:
    """Take another user, for good."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    dumpable = 4  # else what the system tells of this process is still root's, and the C library reads its own
    ctypes.CDLL(None).prctl(dumpable, 1, 0, 0, 0)


def _drop_capabilities() -> bool:
    """Give up what root may do beyond other users, for good; no other program is started, which could get it back."""
    if sys.platform != "linux":
        return True
    libc = ctypes.CDLL(None, use_errno=True)
    version = struct.pack("=Ii", 0x20080522, 0)  # the third, of this process
    return libc.capset(version, bytes(24)) == 0
