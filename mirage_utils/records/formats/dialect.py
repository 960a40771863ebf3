"""How a table was written as text: in which encoding, with which separator and which decimal mark."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .headers import is_header
from .quantities import decimal_of

__all__ = ["Dialect", "dialect"]

_DELIMITERS = ",;\t|"
_NAMES = {";": "semicolons", "\t": "tabs"}
_HEAD = 1 << 16
_TITLES = 20
"""Lines above the header at most."""
_TEXTS = {"target", "output", "item", "logprobs"}
"""Columns in which a number is an answer, and says nothing about the table."""


@dataclass(frozen=True)
class Dialect:
    """How a table was written.

    Attributes
    ----------
    encoding : str
        A codec of Python: ``utf-8``, ``utf-8-sig`` (with a byte order mark) or ``cp1252``.
    delimiter : str
        One character.
    decimal : str
        ``"."`` or ``","``.
    skip : int
        Lines before the header.
    above : int
        Those of them that say something else: a title, a comment.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    skip: int = 0
    above: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What was taken for granted."""
        found = []
        if self.encoding == "cp1252":
            found.append("not UTF-8: read as Windows-1252")
        if self.above:
            lines = f"{self.above} line{'s' * (self.above > 1)}"
            found.append(f"{lines} above the header passed over")
        if self.delimiter != ",":
            found.append(f"cells separated by {_NAMES.get(self.delimiter, repr(self.delimiter))}")
        if self.decimal == ",":
            found.append("numbers with a decimal comma")
        return tuple(found)


def dialect(head: bytes) -> Dialect:
    """How a table was written, by its first bytes (or by all of them).

    Parameters
    ----------
    head : bytes
        It may end anywhere, within a row or a character.
    """
    encoding = _encoding(head)
    start = head[:_HEAD]
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(start)
    whole = len(head) <= _HEAD
    line, _, rest = text.partition("\n")
    said = re.fullmatch(r'"?sep=(.)"?\s*', line.rstrip("\r"), re.IGNORECASE)
    if said:
        text, delimiters, skip = rest, said[1], 1
    else:
        delimiters, skip = _DELIMITERS, 0
    lines = text.split("\n")
    above = {d: _above(lines, d) for d in delimiters}
    tables = {d: _rows("\n".join(lines[above[d] :]), d, whole=whole) for d in delimiters}
    delimiter = max(delimiters, key=lambda d: _fit(tables[d]))
    header, *rows = tables[delimiter] or [[]]
    columns = zip(*([*row, *[""] * len(header)][: len(header)] for row in rows), strict=False)
    numeric = (
        decimal_of(column)
        for name, column in zip(header, columns, strict=False)
        if name.strip().lower() not in _TEXTS
    )
    decimal = "," if delimiter != "," and "," in numeric else "."
    return Dialect(encoding, delimiter, decimal, skip + above[delimiter], above[delimiter])


def _above(lines: Sequence[str], delimiter: str) -> int:
    """How many lines stand above the header: a title, comments, blank ones."""
    filled: list[int] = []
    for at, line in enumerate(lines[:_TITLES]):
        try:
            row = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            break
        names = [name for name in row if name.strip()]
        if is_header(names) and (at == 0 or max(filled) < len(names)):
            return at
        # A comment may have as many commas as it likes.
        filled.append(0 if line.startswith("#") else len(names))
    # Of names that nobody knows, a header is the first row of two.
    return next((at for at, size in enumerate(filled) if size > 1), 0)


def _encoding(content: bytes) -> str:
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _rows(text: str, delimiter: str, *, whole: bool, most: int = 200) -> list[list[str]]:
    """The first rows that are not blank; the last, which may be cut, only if the text is whole."""
    found: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if any(cell.strip() for cell in row):
                found.append(row)
            if len(found) > most:
                break
    except csv.Error:
        pass
    return found if whole or len(found) < 2 else found[:-1]


def _fit(rows: Sequence[Sequence[str]]) -> tuple[bool, float, int]:
    """How well rows make a table: several columns, the same number in every row, and many."""
    if not rows:
        return False, 0.0, 0
    size, counts = len(rows[0]), Counter(map(len, rows[1:]))
    return size > 1, counts[size] / max(1, len(rows) - 1), size
