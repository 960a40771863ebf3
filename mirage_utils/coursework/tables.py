"""Tables that somebody else wrote, read as spreadsheets and platforms write CSV, and tables that no spreadsheet computes."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..errors import DataError, FieldError
from ..ground.write import harmless, unharmed

__all__ = ["read_table", "write_table"]

_LARGEST = 100_000_000  # bytes of a table
_AS_CSV = "in the spreadsheet, choose File, Save As (or Download), CSV UTF-8"
_OTHER = {
    b"PK\x03\x04": f"a CSV file; this is a workbook (.xlsx, .ods) or another packed file: {_AS_CSV}",
    b"\xd0\xcf\x11\xe0": f"a CSV file; this is a workbook (.xls): {_AS_CSV}",
    b"%PDF": "a CSV file; this is a PDF",
}


def read_table(path: Path, field: str, holds: str) -> tuple[list[str], list[dict[str, str]]]:
    """A CSV file as spreadsheets and platforms write it.

    Commas, semicolons or tabs; UTF-8 with or without its mark, UTF-16, or the Windows code page 1252; a first line such as
    ``sep=;``. Marks that keep a spreadsheet from computing a cell (`harmless`) are taken away.

    Parameters
    ----------
    path : Path
        The file.
    field : str
        What the file was given for, as errors name it.
    holds : str
        What is in it, in words, such as ``the class list``.

    Returns
    -------
    columns : list of str
        The headings.
    rows : list of dict of str to str
        One for each row that is not blank, with every column.

    Raises
    ------
    FieldError
        If there is no such file, or it is no CSV file.
    DataError
        If it cannot be read as a table; names the line.
    """
    if not path.is_file():
        raise FieldError(field, str(path), f"a CSV file with {holds}")
    if path.stat().st_size > _LARGEST:
        raise FieldError(field, str(path), f"a CSV file of at most {_LARGEST / 1e6:.0f} MB")
    text = _text(path, field)
    first, _, rest = text.partition("\n")
    if said := re.fullmatch(r"\"?sep=(.)\"?\r?", first, re.IGNORECASE):
        text, separator = rest, said[1]
    else:
        separator = _separator(text)
    csv.field_size_limit(_LARGEST)  # an essay may be longer than its 131,072
    try:
        lines = [
            (number, [unharmed(cell) for cell in row])
            for number, row in enumerate(csv.reader(io.StringIO(text, ""), delimiter=separator), 1)
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise DataError(f"{path}: not a table: {error}") from None
    if not lines:
        raise DataError(f"{path}: empty; expected a line of headings and {holds}")
    columns = [name.strip() for name in lines[0][1]]
    while columns and not columns[-1]:  # a spreadsheet's empty columns
        columns.pop()
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise DataError(f"{path}: more than one column is called {', '.join(twice)}")
    rows = []
    for number, row in lines[1:]:
        if any(cell.strip() for cell in row[len(columns) :]):
            raise DataError(
                f"{path}, row {number}: {len(row)} cells under {len(columns)} headings; a cell with {separator!r} in it "
                "belongs in quotation marks"
            )
        rows.append(dict(zip(columns, [*row, *[""] * len(columns)], strict=False)))
    return columns, rows


def _text(path: Path, field: str) -> str:
    content = path.read_bytes()
    for start, expected in _OTHER.items():
        if content.startswith(start):
            raise FieldError(field, str(path), expected)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        tried = ["utf-16"]
    elif content[1:2] == b"\0" or content[:1] == b"\0":  # the same without its mark
        tried = ["utf-16-le" if content[1:2] == b"\0" else "utf-16-be"]
    else:
        tried = ["utf-8-sig", "cp1252"]
    for encoding in tried:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    else:
        raise FieldError(field, str(path), f"text in UTF-8: {_AS_CSV}")
    if re.match(r"\s*<(!doctype|html|\?xml)", text, re.IGNORECASE):
        raise FieldError(
            field,
            str(path),
            "a CSV file; this is a page of HTML or XML, such as a platform sends when you are logged out: export the list again",
        )
    if "\0" in text:
        raise FieldError(field, str(path), f"a CSV file; this holds no text: {_AS_CSV}")
    return text


def _separator(text: str) -> str:
    """The separator that gives the first line that is not blank the most headings."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=lambda each: len(next(csv.reader([first], delimiter=each), [])))


def write_table(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Rows as CSV that no spreadsheet computes; `read_table` reads them back unchanged."""
    text = io.StringIO()
    # The ends of lines as in RFC 4180; with others, a cell that holds half of one would not be put into quotation marks.
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([harmless(name) for name in columns])
    writer.writerows([harmless(row.get(name, "")) for name in columns] for row in rows)
    return text.getvalue()
