"""Opening files that somebody else wrote: compressed or not, huge, cut short, or made to harm.

Nothing here runs code from a file, follows a path inside it, or holds more of it in memory than the
stated limits.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Literal

from ..errors import shown
from .schema import EvalFileError

try:  # five times as fast, and compiled: where it is missing, the standard library reads the same
    import orjson
except ModuleNotFoundError:
    orjson = None  # type: ignore[assignment]

__all__ = [
    "MAX_DOCUMENT", "MAX_LINE", "File", "document", "followed", "lines", "opened", "parse", "whole",
]  # fmt: skip

MAX_DOCUMENT = min(2 * 1024**3, sys.maxsize // 2)
"""Largest JSON document read whole, bytes after decompression (half where addresses are short, as in a browser); lines have no such limit in sum."""
_PART = 1 << 20
MAX_LINE = 64 * 1024**2
"""Longest line, bytes."""

_GZIP = b"\x1f\x8b"
_BOM = codecs.BOM_UTF8
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, OSError)


_FOLLOWED: ContextVar[list[BinaryIO] | None] = ContextVar("followed", default=None)


@contextmanager
def followed() -> Iterator[Callable[[], int]]:
    """How many bytes of the file that is read meanwhile have been read (compressed ones, where it is)."""
    seen: list[BinaryIO] = []
    most = 0

    def position() -> int:
        nonlocal most
        most = max([most, *(stream.tell() for stream in seen if not stream.closed)])
        return most

    before = _FOLLOWED.get()
    _FOLLOWED.set(seen)
    try:
        yield position
    finally:
        _FOLLOWED.set(before)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file's bytes: decompressed where the content (not the name) says gzip, UTF-16 made UTF-8.

    Raises
    ------
    EvalFileError
        If there is no such file, it is a directory, or may not be read.
    """
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise EvalFileError(path, "there is no such file") from None
    except IsADirectoryError:
        raise EvalFileError(path, "a folder, and no file") from None
    except OSError as error:
        raise EvalFileError(path, f"cannot be opened ({error.strerror})") from None
    if (seen := _FOLLOWED.get()) is not None:
        seen.append(stream)
    with stream:
        magic = stream.read(2)
        stream.seek(0)
        if magic == _GZIP:
            with gzip.GzipFile(fileobj=stream) as unpacked:
                magic = _read(path, unpacked, 2)  # type: ignore[arg-type]
                unpacked.seek(0)
                yield _in_utf8(unpacked) if magic in _UTF16 else unpacked  # type: ignore[misc, arg-type]
        else:
            yield _in_utf8(stream) if magic in _UTF16 else stream


class _InUtf8(io.RawIOBase):
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-16")()
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            chunk = self._stream.read(1 << 16)
            try:
                self._left = self._decoder.decode(chunk, final=not chunk).encode()
            except UnicodeError:
                raise OSError("it begins as UTF-16 and does not go on so") from None
            if not chunk:
                break
        part, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def _in_utf8(stream: BinaryIO) -> BinaryIO:
    """UTF-16, as Windows shells write what is sent to a file, in the encoding that everything else has."""
    return io.BufferedReader(_InUtf8(stream))


def _head(path: Path, size: int = 1 << 16) -> bytes:
    """The first bytes of a file (decompressed), by which its format is recognised."""
    with opened(path) as stream:
        return _read(path, stream, size)


def _read(path: Path, stream: BinaryIO, size: int) -> bytes:
    # A stream sets aside all that it is asked for, and that may be a limit of gigabytes for a file of some bytes.
    parts, left = [], size
    try:
        while left and (part := stream.read(min(left, _PART))):
            parts.append(part)
            left -= len(part)
    except _DAMAGED as error:
        raise EvalFileError(path, f"cut short or damaged ({error})") from None
    return b"".join(parts)


def whole(path: Path, what: str, advice: str = "split it") -> bytes:
    """All bytes of a file (decompressed), if they are not more than `MAX_DOCUMENT`.

    Parameters
    ----------
    path : Path
    what, advice : str
        For the message: what is too large, and what to do about it.
    """
    with opened(path) as stream:
        content = _read(path, stream, MAX_DOCUMENT + 1)
    if len(content) > MAX_DOCUMENT:
        raise EvalFileError(path, f"{what} of more than {MAX_DOCUMENT:,} bytes; {advice}")
    return content


def document(path: Path) -> Any:
    """A file as one JSON document.

    Raises
    ------
    EvalFileError
        If it is not JSON, says one key twice, or is larger than the limit.
    """
    content = whole(path, "a JSON document", "split it or write JSON lines")

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) < len(found):  # JSON would keep the last and drop the others in silence
            counts = Counter(name for name, _ in found)
            twice = next(name for name, count in counts.items() if count > 1)
            raise EvalFileError(path, "this key appears twice in one object", field=twice)
        return made

    return parse(path, content, pairs=pairs)


def parse(path: Path, text: bytes, *, line: int | None = None, pairs: Any = None) -> Any:
    """JSON, in UTF-8, of any depth a parser stands.

    NaN and Infinity, which programs write though JSON has neither, are read as numbers.

    Raises
    ------
    EvalFileError
        Naming the line, and what the parser found.
    """
    if pairs is None and orjson is not None:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # the standard library knows NaN, and says better what is wrong
    try:
        numbers = _whole if pairs is None else None
        found = json.loads(
            text.removeprefix(_BOM).decode(), object_pairs_hook=pairs, parse_int=numbers
        )
        return _of_characters(found) if b"\\u" in text else found
    except UnicodeDecodeError:
        raise EvalFileError(path, "not UTF-8", line=line) from None
    except json.JSONDecodeError as error:
        at = error.lineno if line is None else line
        raise EvalFileError(
            path, f"not JSON: {error.msg} at character {error.colno}", line=at
        ) from None
    except RecursionError:
        raise EvalFileError(path, "JSON nested too deeply to be a result", line=line) from None
    except EvalFileError:
        raise
    except ValueError as error:  # such as a number of many thousand digits
        raise EvalFileError(path, f"not JSON: {shown(str(error), 120)}", line=line) from None


def _whole(digits: str) -> int | float:
    """A whole number as orjson reads it: one of more than 64 bits is the nearest float."""
    value = int(digits)
    if -(2**63) <= value < 2**64:
        return value
    try:
        return float(value)
    except OverflowError:
        return value


def _of_characters(value: Any) -> Any:
    """A document whose texts hold no half of a surrogate pair: no encoding has one, and no column takes it."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_of_characters(name): _of_characters(one) for name, one in value.items()}
    return [_of_characters(one) for one in value] if isinstance(value, list) else value


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, with their numbers from 1.

    Raises
    ------
    EvalFileError
        If a line is longer than `MAX_LINE`, or the file is damaged.
    """
    with opened(path) as stream:
        number = 0
        while True:
            try:
                text = stream.readline(MAX_LINE + 1)
            except _DAMAGED as error:
                said = f"cut short or damaged ({error})"
                raise EvalFileError(path, said, line=number + 1) from None
            if not text:
                return
            number += 1
            if len(text) > MAX_LINE:
                raise EvalFileError(path, f"a line of more than {MAX_LINE:,} bytes", line=number)
            if number == 1:
                text = text.removeprefix(_BOM)
            if text.strip():
                yield number, text


class File:
    """A file somebody else wrote, looked at as far as was asked: formats are recognised by it.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def head(self) -> bytes:
        """Its first bytes, decompressed."""
        return _head(self.path)

    @cached_property
    def kind(self) -> Literal["empty", "zip", "parquet", "lines", "document", "text", "binary"]:
        """What its bytes are; ``"lines"`` are JSON lines, ``"document"`` is one JSON document."""
        start = self.head
        if not start.strip():
            return "empty"
        if start.startswith(b"PK\x03\x04"):
            return "zip"
        if start.startswith(b"PAR1"):
            return "parquet"
        text = start.removeprefix(_BOM).lstrip()
        if text[:1] == b"{" and self._has_lines():
            return "lines"
        if text[:1] in (b"{", b"["):
            return "document"
        if b"\x00" in start:
            return "binary"
        return "text"

    def _has_lines(self) -> bool:
        # JSON lines are told by their first line, which is a whole object and not the whole file.
        stream = lines(self.path)
        try:
            number, line = next(stream)
            if not line.rstrip().endswith(b"}"):
                return False
            parse(self.path, line, line=number)
        except (EvalFileError, StopIteration):
            return False
        return next(stream, None) is not None

    @cached_property
    def document(self) -> Any:
        """The one JSON document it is; None of a file of another kind."""
        return document(self.path) if self.kind == "document" else None

    @cached_property
    def first(self) -> Any:
        """The first object of JSON lines or of an array of objects, or the only one; else None."""
        if self.kind not in ("lines", "document"):
            return None
        return next((row for _, row in self.objects()), None)

    def objects(self) -> Iterator[tuple[int, Any]]:
        """The objects of JSON lines with their lines, or of an array with their places, from 1."""
        if self.kind == "lines":
            return ((at, parse(self.path, text, line=at)) for at, text in lines(self.path))
        whole = self.document
        return enumerate(whole if isinstance(whole, list) else [whole], start=1)
