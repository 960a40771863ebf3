"""The table of marks with what people wrote in the sheets beside it, after marking and whenever a sheet has changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ...errors import DataError, FieldError
from ...ground.write import as_read
from ...ground.write import replace as write_whole
from ..folders import file_name
from ..marking.results import Result
from ..tables import read_table, write_table
from . import by_hand
from .names import Names, kept_names
from .stored import COLUMNS, keep, kept

__all__ = ["finish", "override", "result_path", "rows_of", "table", "update"]


def table(results: Iterable[Result]) -> str:
    """The results as CSV."""
    return write_table(COLUMNS, map(_row, results))


def _row(result: Result) -> dict[str, str]:
    return {
        "student": result.student,
        "assignment": result.assignment,
        # What could not be marked has no mark, and not the mark zero.
        "score": "" if result.status == "failed" else f"{result.score:g}",
        "max_score": f"{result.max_score:g}",
        "status": result.standing,
        "reason": result.reason,
    }


def rows_of(out: Path, name: str) -> list[dict[str, str]]:
    """The rows of the table where one is to be written: none yet, or those of a table of the same assignment."""
    if not out.exists():
        return []
    try:
        columns, rows = read_table(out, "OUT", "marks")
    except DataError:
        columns, rows = [], []
    if tuple(columns) != COLUMNS:
        raise FieldError("OUT", str(out), "a new file, or a table that 'grade' wrote")
    others = sorted({row["assignment"] for row in rows} - {name})
    if others:
        raise FieldError(
            "OUT",
            str(out),
            f"another file for {name}, since this one holds the marks of {', '.join(others)}",
        )
    return rows


def result_path(place: Path, student: str) -> Path:
    """The file of a student's result."""
    return place / f"{file_name(student)}.json"


def finish(
    out: Path,
    place: Path,
    results: Sequence[Result],
    *,
    lines: tuple[str, ...] = (),
    pseudonyms: str = "",
) -> tuple[str, ...]:
    """Write the sheets, then table, results and pages, with what a person gave; the sentences tell what was taken back."""
    known = {each.student: each for each in _stored(place)} | {
        each.student: each for each in results
    }
    names = Names([each.student for each in results], kept_names(place))
    essays = by_hand.Essays.read(place).named(names).renewed(results, lines)
    overrides = _with_sheets(known, essays, by_hand.Overrides.read(place).named(names))
    essays.write(pseudonyms)
    overrides.write()
    for each in results:
        if each.key or each.status != "missing":  # there is a folder of that name
            keep(result_path(place, each.student), each)
    write_whole(out, table(results).encode())
    return overrides.held


def _with_sheets(
    known: Mapping[str, Result], essays: by_hand.Essays, overrides: by_hand.Overrides
) -> by_hand.Overrides:
    for result in known.values():
        for each in result.exercises:
            each.by_hand, each.comment = None, ""
    essays.apply(known)
    overrides = overrides.apply(known)
    for result in known.values():
        if result.status in ("essays", "graded"):
            open_essays = any(each.waiting for each in result.exercises)
            # Whoever is so late that nothing is left has all the points there will be.
            result.status = "essays" if open_essays and result.taken_off < 1 else "graded"
    return overrides


def _stored(place: Path) -> list[Result]:
    found = [kept(path) for path in sorted(place.glob("*.json"))]
    return [each for each in found if each is not None]


def update(out: Path) -> list[Result]:
    """Put what a person wrote into ``essays.csv`` and ``overrides.csv`` into the table and the pages.

    Parameters
    ----------
    out : Path
        The table that `grade` wrote.

    Returns
    -------
    list of Result

    Raises
    ------
    DataError
        If a sheet names somebody or something unknown, or has points that are no number or out of range; nothing is
        written then.
    """
    place = _graded(out)
    return _updated(out, by_hand.Overrides.read(place))


def override(out: Path, student: str, exercise: str, points: str, comment: str = "") -> None:
    """Give other points than the machine's, as a row of ``overrides.csv``, and write table and pages anew.

    Parameters
    ----------
    out : Path
        The table that `grade` wrote.
    student, exercise : str
        By any name in the student's row of the class list, and of the exercise as the page or the table's reasons call it.
    points : str
        A number from 0 to the exercise's points.
    comment : str, optional
        For the student.

    Raises
    ------
    DataError
        As for `update`; nothing is written then.
    """
    place = _graded(out)
    results = _stored(place)
    no_notebook = {as_read(each.student) for each in results if each.status == "missing"}
    known = [
        row["student"]
        for row in read_table(out, "table", "the marks, as 'grade' wrote it")[1]
        if row["status"] != "missing" or as_read(row["student"]) in no_notebook
    ]
    names = Names(known, kept_names(place))
    sheet = by_hand.Overrides.read(place).named(names)
    student = names.only(student)
    for result in results:
        if as_read(result.student) == student:
            exercise = by_hand.exercise_called(result, exercise)
    _updated(out, sheet.with_row(student, exercise, points, comment))


def _graded(out: Path) -> Path:
    place = out.with_suffix("")
    if not out.exists() or not place.is_dir():
        raise DataError(f"{out}: no table; grade the submissions first")
    return place


def _updated(out: Path, overrides: by_hand.Overrides) -> list[Result]:
    place = out.with_suffix("")
    known = {as_read(each.student): each for each in _stored(place)}
    names = Names(known, kept_names(place))
    essays = by_hand.Essays.read(place).named(names)
    overrides = _with_sheets(known, essays, overrides.named(names))
    rows = []
    for row in read_table(out, "table", "the marks, as 'grade' wrote it")[1]:
        result = known.get(row["student"])
        # Who handed in nothing now has no mark, whatever was before.
        if result is None or (row["status"] == "missing" and result.status != "missing"):
            rows.append(row)
            continue
        keep(result_path(place, result.student), result)
        rows.append(_row(result))
    overrides.write()
    write_whole(out, write_table(COLUMNS, rows).encode())
    return list(known.values())
