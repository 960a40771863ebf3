"""What `grade` leaves of an assignment: the rows of the table, each with the stored result and the feedback page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ...errors import DataError, FieldError
from ...ground.write import as_read, replace_changed
from ..feedback import page
from ..folders import file_name
from ..marking.results import Result
from ..tables import read_table
from .names import called, kept_names

__all__ = ["COLUMNS", "Stored", "beside", "changed_by_hand", "keep", "kept", "stored"]

COLUMNS = ("student", "assignment", "score", "max_score", "status", "reason")


def keep(path: Path, result: Result) -> None:
    """Write the page of a result beside it, and then the result, each whole or not at all, where they are not as they were."""
    replace_changed(
        path.with_suffix(".html"),
        page(result, called(result.student, kept_names(path.parent))).encode(errors="replace"),
    )
    replace_changed(path, json.dumps(result.as_dict()).encode(errors="replace"))


def kept(path: Path) -> Result | None:
    """The result in a file that `keep` wrote; None if there is none, or another file, or a damaged one."""
    try:
        return Result.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def changed_by_hand(table: Path) -> list[str]:
    """Scores that were changed in the table itself, a sentence each: the next run knows nothing of them.

    Parameters
    ----------
    table : Path
        The table that `grade` wrote, or the place where it will be.
    """
    if not table.is_file() or not table.with_suffix("").is_dir():
        return []
    try:
        students = stored(table)
    except (DataError, FieldError):  # whoever reads it next says what is wrong
        return []
    found = []
    for each in students:
        score, result = each.row["score"].strip().replace(",", "."), each.result
        ours = "" if result is None or result.status == "failed" else f"{result.score:g}"
        if result is not None and score != ours and not _same(score, ours):
            found.append(
                f"{each.row['student']}: {each.row['score'] or 'nothing'} stands in {table}, and {ours or 'nothing'} on the page, "
                "so the table was changed by hand ('override' gives points that hold), or a run was stopped before its end; "
                "grade, feedback and override write what is on the page"
            )
    return found


def _same(one: str, other: str) -> bool:
    try:
        return abs(float(one) - float(other)) < 1e-6
    except ValueError:
        return False


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
    called : str
        The student's name as a person knows it.
    """

    row: dict[str, str]
    result: Result | None
    page: Path
    called: str


def stored(table: Path) -> list[Stored]:
    """Read a table of marks and the results that belong to it.

    Parameters
    ----------
    table : Path
        The table that `grade` wrote. Results lie in the folder of the same name beside it, or in folders in that,
        where one that lies higher counts.

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
    for path in sorted(place.rglob("*.json"), key=lambda path: (-len(path.parts), path)):
        result = kept(path)
        if result is not None and result.assignment == titles[0]:
            for cell in result.shown:
                cell.pop("outputs", None)  # the bulk of it
            found[as_read(result.student)] = (result, path.with_suffix(".html"))
    listed, names = [], kept_names(place)
    for row in rows:
        result, page = found.get(
            row["student"], (None, place / f"{file_name(row['student'])}.html")
        )
        # Who took the work back has a result of before, which counts no more.
        gone = row["status"] == "missing"
        listed.append(Stored(row, None if gone else result, page, called(row["student"], names)))
    return listed


def beside(table: Path, kind: str) -> tuple[Path, Path]:
    """Where the page and the numbers of a kind go: ``grades-class.html`` and ``.csv`` beside ``grades.csv``."""
    stem = table.with_name(f"{table.stem}-{kind}")
    return stem.with_name(f"{stem.name}.html"), stem.with_name(f"{stem.name}.csv")
