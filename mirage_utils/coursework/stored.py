"""What `course.grade` left of an assignment: the rows of the table, each with the stored result and the feedback page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .._write import harmless, unharmed
from ..errors import DataError, FieldError
from .course import COLUMNS
from .exports import read_table
from .folders import file_name
from .grading import Result

__all__ = ["Stored", "stored"]


@dataclass(frozen=True)
class Stored:
    """One student.

    Attributes
    ----------
    row : dict of str to str
        The row of the table. Its score and status are the ones that hold: they know of essays that were read since.
    result : Result or None
        As it was marked, without the outputs of its cells; None for whoever handed in nothing, or where the file is damaged.
    page : Path
        Where the feedback page is, if there is one.
    """

    row: dict[str, str]
    result: Result | None
    page: Path


def stored(table: Path) -> list[Stored]:
    """Read a table of marks and the results that belong to it.

    Parameters
    ----------
    table : Path
        The table that `course.grade` wrote. Results lie in the folder of the same name beside it, or in folders in that.

    Returns
    -------
    list of Stored
        In the order of the table.

    Raises
    ------
    FieldError
        If there is no such table, or no folder beside it.
    DataError
        If it is no table of marks, or one of several assignments.
    """
    columns, rows = read_table(table, "OUT", "the marks, as 'grade' wrote it")
    if not set(COLUMNS) <= set(columns):
        raise DataError(
            f"{table}: not a table of marks, which has the columns {', '.join(COLUMNS)}"
        )
    titles = sorted({row["assignment"] for row in rows})
    if len(titles) != 1:
        raise DataError(
            f"{table}: marks of {' and '.join(titles) or 'nobody'}; expected those of one assignment"
        )
    place = table.with_suffix("")
    if not place.is_dir():
        raise FieldError(
            "OUT", str(table), f"the table that 'grade' wrote, with the folder {place} beside it"
        )
    found: dict[str, tuple[Result, Path]] = {}
    for path in sorted(place.rglob("*.json")):
        result = _result(path)
        if result is not None and result.assignment == titles[0]:
            # The name as the table writes it, and as it is read from there.
            found[unharmed(harmless(result.student))] = (result, path.with_suffix(".html"))
    listed = []
    for row in rows:
        result, page = found.get(
            row["student"], (None, place / f"{file_name(row['student'])}.html")
        )
        # Who took the work back has a result of before, which counts no more.
        listed.append(Stored(row, None if row["status"] == "missing" else result, page))
    return listed


def _result(path: Path) -> Result | None:
    try:
        result = Result.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None  # not a result, or a damaged one
    for cell in result.shown:
        cell.pop("outputs", None)  # the bulk of it
    return result
