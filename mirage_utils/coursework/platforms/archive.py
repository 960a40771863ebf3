"""What a zip or a folder holds, read so that nothing in it can do harm.

A file is named by a path that leads nowhere but down, and read with a limit on its size, whatever its heading says. What cannot be
taken stays in the list, with the reason: it is somebody's work.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO

from ...errors import DataError

__all__ = ["Entry", "Refused", "opened", "printable", "some"]

_ENTRIES = 50_000  # in one zip
_IN_FOLDER = 20 * _ENTRIES  # in one folder: more than one student alone would make
_LIST = 25_000_000  # bytes of a zip's list of files, all of which is read at once
_DEPTH = 12
_FILE = 100_000_000  # bytes of one file
_RATIO = 200  # bytes for each packed one, from ten megabytes on: a bomb and not a notebook
_CHUNK = 1 << 20
_JUNK = {"__MACOSX", "Thumbs.db", "desktop.ini"}


class Refused(Exception):
    """A file that is not taken; the text says why."""


@dataclass(frozen=True)
class Entry:
    """One file of a zip or folder.

    Attributes
    ----------
    path : str
        Where it is, with slashes.
    time : datetime or None
        When it was last changed, without a zone, as zips have it.
    problem : str
        Why it is not taken; empty if it can be.
    """

    path: str
    time: datetime | None
    problem: str
    _open: Callable[[], IO[bytes]] | None = None
    _packed: int = 0

    def read(self, most: int = _FILE) -> Iterator[bytes]:
        """Its content in pieces.

        Raises
        ------
        Refused
            If it is larger than `most` bytes, out of proportion to what is packed, encrypted or damaged.
        """
        if self.problem or self._open is None:
            raise Refused(self.problem)
        most, size = min(most, _FILE), 0
        try:
            with self._open() as stream:
                while piece := stream.read(_CHUNK):
                    size += len(piece)
                    if size > most:
                        raise Refused(
                            f"has more than the {most / 1e6:,.1f} MB that are left for it"
                        )
                    if self._packed and size > max(10_000_000, _RATIO * self._packed):
                        raise Refused("grows out of all proportion when it is unpacked")
                    yield piece
        except Refused:
            raise
        except Exception as error:  # each way of packing has errors of its own
            raise Refused(f"is damaged: {printable(str(error))[:80]}") from None


def printable(text: str) -> str:
    """Text that a terminal shows and does not obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode("ascii") for c in text)  # fmt: skip


def some(names: Iterable[str], most: int = 8) -> str:
    """The first of several names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(printable, names[:most])) + more


@contextmanager
def opened(source: Path) -> Iterator[list[Entry]]:
    """The files of a zip or a folder, in its own order, without hidden ones and what macOS and Windows add.

    Raises
    ------
    DataError
        If it cannot be read at all, or has more than `_ENTRIES` files (in a folder `_IN_FOLDER`).
    """
    if source.is_dir():
        yield _limited(source, _of_folder(source), _IN_FOLDER)
        return
    if _length_of_list(source) > _LIST:
        raise DataError(f"{source}: more than {_ENTRIES:,} files, which no class hands in")
    try:
        packed = zipfile.ZipFile(source)
    except Exception as error:  # damage shows itself in many ways
        raise DataError(f"{source}: no zip that can be read ({printable(str(error))}); download it again") from None  # fmt: skip
    with packed:
        yield _limited(source, _of_zip(packed), _ENTRIES)


def _length_of_list(source: Path) -> int:
    """Bytes of a zip's list of files, by the record at its end; 0 where there is none."""
    with open(source, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - (1 << 16) - 22))
        tail = file.read()
    # Its mark may stand in its own fields: the longest that any of them tells.
    ends = [each.start() for each in re.finditer(b"PK\x05\x06", tail)]
    short = max((int.from_bytes(tail[at + 12 : at + 16], "little") for at in ends), default=0)
    large = tail.rfind(b"PK\x06\x06")
    return (
        int.from_bytes(tail[large + 40 : large + 48], "little")
        if short == 0xFFFFFFFF and large >= 0
        else short
    )


def _limited(source: Path, entries: Iterator[Entry], most: int) -> list[Entry]:
    found = []
    for entry in entries:
        found.append(entry)
        if len(found) > most:
            raise DataError(f"{source}: more than {most:,} files, which no class hands in")
    return found


def _of_folder(folder: Path) -> Iterator[Entry]:
    waiting = [(folder, "")]
    while waiting:
        here, above = waiting.pop()
        try:
            inside = sorted(os.scandir(here), key=lambda each: each.name)
        except OSError as error:
            yield Entry(above.rstrip("/"), None, f"cannot be opened: {error.strerror}")
            continue
        for each in inside:
            path = above + each.name
            if _junk(path.split("/")):
                continue
            if not each.is_dir(follow_symlinks=False):
                yield _file(Path(each.path), path)
            elif path.count("/") < _DEPTH:
                waiting.append((Path(each.path), f"{path}/"))
            else:
                yield Entry(path, None, "lies too deep")


def _file(where: Path, path: str) -> Entry:
    try:
        found = where.lstat()
    except OSError as error:
        return Entry(path, None, f"cannot be opened: {error.strerror}")
    problem = _problem_of_path(path)
    if not stat.S_ISREG(found.st_mode):
        problem = "is a link or a device"
    return Entry(path, datetime.fromtimestamp(found.st_mtime), problem, lambda: where.open("rb"))


def _of_zip(packed: zipfile.ZipFile) -> Iterator[Entry]:
    for info in packed.infolist():
        path = _path(info)
        if path.endswith("/") or _junk(path.split("/")):
            continue
        problem = _problem_of_path(path)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            problem = "is a link or a device"
        elif info.flag_bits & 1:
            problem = "is encrypted"
        try:
            time = datetime(*info.date_time) if info.date_time[0] > 1980 else None
        except ValueError:
            time = None
        yield Entry(
            path,
            time,
            problem,
            partial(packed.open, info),
            max(1, info.compress_size),
        )


def _path(info: zipfile.ZipInfo) -> str:
    """The path as it was meant: many programs write UTF-8 without saying so, and some a backslash."""
    path = info.orig_filename
    if not info.flag_bits & 0x800:
        with suppress(UnicodeError):  # it is code page 437 indeed
            path = path.encode("cp437").decode("utf-8")
    return path.replace("\\", "/")


def _problem_of_path(path: str) -> str:
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", path):
        return "has a path that leads out of its folder"
    if len(parts) > _DEPTH:
        return "lies too deep"
    if re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", path):
        return "has a name that is not text"
    return ""


def _junk(parts: list[str]) -> bool:
    return any(
        part in _JUNK or (part.startswith(".") and part not in (".", "..")) for part in parts
    )
