"""Keep this process to some files (Landlock): for good, without a right to do so, and whoever its user is.

The kernel then also refuses it to look into processes outside, such as the grader that started it: their memory, their
environment. Nothing here is imported that is not in Python itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable

__all__ = ["keep_to", "missing", "version"]

# The three calls have the same numbers on all machines.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_NEEDED = 3  # since Linux 6.2; before, what may not be written could be emptied all the same
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1, 2, 4, 8, 1 << 14
_READING = _EXECUTE | _READ_FILE | _READ_DIR
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_ALL = (1 << 15) - 1  # of version 3
_SCOPES = 3  # since version 6: abstract sockets of others, signals to others
_DEVICES = ("/dev/null", "/dev/zero")


def version() -> int:
    """The version of Landlock that this system has; 0 if it has none."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return 0
    found = ctypes.CDLL(None, use_errno=True).syscall(_CREATE, None, ctypes.c_size_t(0), 1)
    return max(0, found)


def missing() -> str:
    """What this system lacks of it; empty if it has what is needed."""
    found = version()
    if found >= _NEEDED:
        return ""
    what = f"version {found} of Landlock" if found else "no Landlock"
    return f"this kernel has {what}, and {_NEEDED} is needed (Linux 6.2)"


def keep_to(read: Iterable[str], write: Iterable[str]) -> str:
    """Let this process, for good, read some files and folders and write others.

    Parameters
    ----------
    read : iterable of str
        Files and folders to read, with all that lies in them. What does not exist is passed over.
    write : iterable of str
        Files and folders to read, write, make and remove.

    Returns
    -------
    str
        Why it could not be done; empty if it holds.
    """
    if problem := missing():
        return problem
    found = version()
    libc = ctypes.CDLL(None, use_errno=True)
    rules = struct.pack("=QQQ", _ALL, 0, _SCOPES) if found >= 6 else struct.pack("=Q", _ALL)
    fence = libc.syscall(_CREATE, rules, ctypes.c_size_t(len(rules)), 0)
    if fence < 0:
        return f"Landlock: {os.strerror(ctypes.get_errno())}"
    try:
        wanted = [(path, _READING) for path in read]
        wanted += [(path, _ALL) for path in write]
        wanted += [(path, _READ_FILE | _WRITE_FILE) for path in _DEVICES]
        for path, rights in wanted:
            with contextlib.suppress(FileNotFoundError, PermissionError):
                _allow(libc, fence, path, rights)
        no_new_privileges = 38
        libc.prctl(no_new_privileges, 1, 0, 0, 0)
        if libc.syscall(_RESTRICT, fence, 0) != 0:
            return f"Landlock: {os.strerror(ctypes.get_errno())}"
    except OSError as error:
        return f"Landlock: {error}"
    finally:
        os.close(fence)
    return ""


def _allow(libc: ctypes.CDLL, fence: int, path: str, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(path):
            rights &= _OF_A_FILE
        if libc.syscall(_ADD, fence, 1, struct.pack("=Qi", rights, place), 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    finally:
        os.close(place)
