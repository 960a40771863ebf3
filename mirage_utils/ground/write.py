"""Writing files: whole or not at all, and without formulas in tables."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

__all__ = ["as_read", "harmless", "replace", "replace_changed", "replacing", "unharmed"]


@contextmanager
def replacing(path: Path, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """A stream whose content takes the file's place when all of it is written, and not before.

    Until then, and with the mode 0600 afterwards, nobody else can read it.

    Parameters
    ----------
    path : Path
        In a folder that exists.
    mode : int
        Permissions of the file, when it is whole.

    Raises
    ------
    OSError
        If the folder cannot be written to. Whatever is raised, the file is as it was before.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def replace(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    path : Path
    content : bytes
    mode : int
        As for `replacing`.
    """
    with replacing(path, mode) as stream:
        stream.write(content)


def replace_changed(path: Path, content: bytes) -> None:
    """Write a file whole, unless it is as it should be: its time then says when it changed.

    Parameters
    ----------
    path : Path
    content : bytes
    """
    if not path.is_file() or path.read_bytes() != content:
        replace(path, content)


# A spreadsheet computes what begins with one of these (the wide forms included, which Japanese settings read alike). A cell begins where
# the file is split, and whoever opens a file of commas where semicolons or tabs are expected splits it there.
_COMPUTED = r"(?=[=+\-@\uff1d\uff0b\uff0d\uff20])"
_CELL = r"(?:^|[;\t\r\n])[\s\"]{0,9}"  # bounded: a text of line ends alone would be searched from each of them
# A cell that is a number, or no more than the dash with which Moodle says "never", computes nothing and stays what it is.
_PLAIN = re.compile(r"-|[-+][0-9]{1,30}(?:[.,][0-9]{1,30})?")
_LIVE = re.compile(rf"({_CELL})('*{_COMPUTED})")
_KEPT = re.compile(rf"({_CELL})'('*{_COMPUTED})")


def harmless(cell: str) -> str:
    """Text that a spreadsheet does not take for a formula, wherever it splits it; `unharmed` gives the text back.

    What no text file should hold, control characters and halves of surrogate pairs, is replaced. Signed numbers and a lone dash are no
    formulas, and stay.
    """
    if _PLAIN.fullmatch(cell):
        return cell
    cell = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", " ", cell)
    cell = _LIVE.sub(r"\1'\2", re.sub(r"[\ud800-\udfff]", "\ufffd", cell))
    return re.sub(r"^('*[\t\r])", r"'\1", cell)


def unharmed(cell: str) -> str:
    """The text from which `harmless` made a cell."""
    return _KEPT.sub(r"\1\2", re.sub(r"^'('*[\t\r])", r"\1", cell))


def as_read(text: str) -> str:
    """Text as it comes back from a table that it was written into: some characters do not."""
    return unharmed(harmless(text))
