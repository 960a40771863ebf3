"""Workbooks of Excel (``.xlsx``): the rows of the first sheet that holds a table."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

from ...errors import shown
from .. import files
from ..files import File
from ..schema import EvalFileError
from .headers import is_header

__all__ = ["recognises", "rows"]

_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How a compound file begins: a workbook of Excel before 2007, or a newer one with a password."""
_MOST = 512 * 1024**2
"""Largest workbook, bytes unpacked."""
_MOST_CELLS = 20_000_000
_HELP = "save its table as CSV"


def recognises(file: File) -> bool:
    """Whether a file is a workbook, of whatever program.

    Raises
    ------
    EvalFileError
        If it is one that cannot be read.
    """
    if file.head.startswith(_OLD):
        raise EvalFileError(
            file.path,
            f"an Excel workbook of the old kind (.xls) or with a password; {_HELP} or as .xlsx",
        )
    if file.kind != "zip":
        return False
    if b"opendocument.spreadsheet" in file.head[:256]:
        raise EvalFileError(file.path, f"an OpenDocument spreadsheet; {_HELP} or as .xlsx")
    if b"Index/Document.iwa" in file.head:
        raise EvalFileError(file.path, f"a spreadsheet of Numbers; {_HELP} or as .xlsx")
    return b"xl/" in file.head or b"[Content_Types].xml" in file.head


def rows(file: File) -> tuple[Iterator[tuple[int, list[Any]]], list[str]]:
    """The rows of the first sheet that holds a table, with their numbers, and notes.

    Formulas count as the values that they had when the workbook was saved.

    Raises
    ------
    EvalFileError
        If it is damaged, protected, too large, or holds no table.
    """
    try:
        import openpyxl
    except ImportError:
        raise EvalFileError(
            file.path, f"an Excel workbook (.xlsx), which needs 'pip install openpyxl'; or {_HELP}"
        ) from None
    content = files.whole(file.path, "a workbook", _HELP)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > _MOST:
            raise EvalFileError(
                file.path, f"a workbook (.xlsx) of more than {_MOST:,} bytes; {_HELP}"
            )
        with warnings.catch_warnings():
            # Of styles and extensions, which say nothing about the cells.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            found, notes = _first(file, book)
            return iter(found), [*notes, *_formulas(file, content, found)]
    except EvalFileError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # what openpyxl raises of a broken workbook may be anything
        why = shown(f"{type(error).__name__}: {error}", 120)
        raise EvalFileError(
            file.path, f"a damaged Excel workbook (.xlsx); {_HELP} ({why})"
        ) from None


def _formulas(file: File, content: bytes, found: list[tuple[int, list[Any]]]) -> list[str]:
    """A note on formulas whose values the workbook does not hold, as programs write them.

    Raises
    ------
    EvalFileError
        If every row of the table has one.
    """
    import openpyxl

    width = len(found[0][1])
    if not any(None in row[:width] for _, row in found[1:]):
        return []
    rows = {line for line, row in found[1:] if None in row[:width]}
    missing: dict[int, str] = {}
    lines = [row for _, row in found]
    for sheet in openpyxl.load_workbook(io.BytesIO(content), read_only=True).worksheets:
        sheet.reset_dimensions()
        written = list(_table(file, sheet))
        if len(written) != len(found) or written[0] != found[0]:
            continue
        for (line, row), values in zip(written, lines, strict=True):
            for value, cached in zip(row, values, strict=False):
                if line in rows and cached is None and str(value).startswith("="):
                    missing.setdefault(line, str(value))
    if not missing:
        return []
    said = (
        f"formulas without their values, such as {shown(next(iter(missing.values())), 40)} in line {next(iter(missing))}: "
        "open it in a spreadsheet program and save it"
    )
    if len(missing) == len(found) - 1:
        raise EvalFileError(file.path, said)
    return [said]


def _first(file: File, book: Any) -> tuple[list[tuple[int, list[Any]]], list[str]]:
    tables, chosen = {}, ""
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # programs write wrong ones
        found = list(_table(file, sheet))
        if len(found) > 1:
            tables[sheet.title] = found
            if is_header([str(name or "") for name in found[0][1]]):
                chosen = sheet.title
                break
    if not tables:
        raise EvalFileError(
            file.path, "an Excel workbook (.xlsx) without a table: no sheet has a header and rows"
        )
    chosen = chosen or next(iter(tables))
    others = [sheet.title for sheet in book.worksheets if sheet.title != chosen]
    said = f"only the sheet {chosen!r} is read, not {', '.join(map(repr, others))}: save a sheet that counts as a file"
    return tables[chosen], [said] if others else []


def _table(file: File, sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    """Rows that are not blank, from the first with two cells, the header."""
    begun, size = False, 0
    for line, row in enumerate(sheet.iter_rows(), start=1):
        size += 1 + len(row)
        if size > _MOST_CELLS:
            raise EvalFileError(
                file.path, f"a workbook (.xlsx) of more than {_MOST_CELLS:,} cells; {_HELP}"
            )
        values = [_value(cell) for cell in row]
        filled = sum(value not in (None, "") for value in values)
        begun = begun or filled > 1
        if begun and filled:
            yield line, values


def _value(cell: Any) -> Any:
    """What a cell shows: a number that is shown in per cent as one."""
    value = cell.value
    if (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and "%" in cell.number_format
    ):
        return f"{value * 100:.12g}%"
    return value
