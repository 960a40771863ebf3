"""Marks as Canvas and Moodle import them.

What is relied on of the two systems:

- Canvas's gradebook has a row of points possible above the students, and names a column ``Title (id)``.
- Moodle imports a row only if the column with the student's number, the grade and the time of its last change are still
  there (``mod/assign/feedback/offline/importgradeslib.php``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import DataError, FieldError
from ...ground.write import as_read
from ...ground.write import replace as write_whole
from ..course.stored import stored
from ..platforms.rosters import NAMES, as_folder, points_possible
from ..tables import read_table, write_table
from ..variation import normalised

__all__ = ["export"]

_CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_MOODLE = ("Username", "Grade", "Maximum Grade", "Feedback comments")
# A list of the platform has at least one of these, and one of the other has none.
_OF = {
    "canvas": {"Student"},
    "moodle": {"Identifier", "Username", "ID number", "Email address", "Full name"},
}
_ENGLISH = "; if its headings are in another language, set Moodle to English and download it again"


def export(
    table: Path,
    style: str,
    out: Path,
    listed: Path | None = None,
    *,
    column: str | None = None,
    with_unread: bool = False,
) -> list[str]:
    """Write the marks in a form that Canvas or Moodle imports.

    Only final marks are written. Where the grader failed, or an essay still waits for a reader, the cell stays as it is in the class
    list, which is empty as a rule. Who handed in nothing gets zero, where no mark is yet.

    Parameters
    ----------
    table : Path
        The table that `grade` wrote.
    style : {"canvas", "moodle"}
    out : Path
        The file to write.
    listed : Path, optional
        The class list as Canvas or Moodle exported it; its columns are kept. Without it, the names of the folders stand for
        the login names.
    column : str, optional
        For Canvas, the column of the assignment. By default the one that is called as the assignment is, with or without Canvas's
        number in brackets.
    with_unread : bool
        Write the marks of those whose essay has not been read, too.

    Returns
    -------
    list of str
        What whoever uploads the file should know, a sentence each: marks that are not in it, and why.

    Raises
    ------
    FieldError
        If the file to write is the table or the class list, the list is that of the other platform, or a value is not one of those above.
    DataError
        If this is no table of marks, nobody of it is in the class list, or several columns could be meant; nothing is written.
    """
    if style not in ("canvas", "moodle"):
        raise FieldError("style", style, "canvas or moodle")
    if out.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise FieldError("FILE", str(out), "a name that ends in .csv, as the platforms import it")
    for given in (table, listed):
        if given is not None and out.exists() and given.exists() and out.samefile(given):
            raise FieldError("FILE", str(out), "a file of its own; this one is read for the export")
    columns, marks = read_table(table, "table", "the marks, as 'grade' wrote it")
    if not {"student", "assignment", "score", "max_score", "status", "reason"} <= set(columns):
        raise DataError(f"{table}: not a table of marks")
    if not marks:
        raise DataError(f"{table}: no marks")
    titles = sorted({row["assignment"] for row in marks})
    if len(titles) > 1:
        raise DataError(f"{table}: marks of {', '.join(titles)}; a file for a platform is of one assignment")  # fmt: skip
    title, most = marks[0]["assignment"], marks[0]["max_score"]
    by_name: dict[str, dict[str, str]] = {}
    doubled = set()
    for row in marks:
        row["score"] = _number(row["score"], f"{table}: {row['student']}: score")
        if by_name.setdefault(normalised(row["student"]), row) is not row:
            doubled.add(normalised(row["student"]))
    told = [f"{by_name[name]['student']}: no mark written, {table} has several rows of that name" for name in doubled]  # fmt: skip
    if listed is None:
        rows = [
            {"Student": row["student"], "SIS Login ID": row["student"], "Username": row["student"]}
            for row in marks
        ]
        kept = list(_CANVAS if style == "canvas" else _MOODLE)
    else:
        kept, rows = read_table(listed, "roster", "the class list")
        if not _OF[style] & set(kept):
            raise FieldError(
                "roster",
                str(listed),
                f"{style.capitalize()}'s own list, with a column {' or '.join(sorted(_OF[style]))}"
                + (_ENGLISH if style == "moodle" else ""),
            )
        kept += [name for name in (_MOODLE[1:] if style == "moodle" else ()) if name not in kept]
    points = {}
    grades = "Grade"  # the column of the marks
    if style == "canvas":
        grades = _column(kept, title, column, listed)
        if grades not in kept:
            kept.append(grades)
            if listed is not None:
                told.append(
                    f"{listed} has no column for {title}; {grades} is new, and Canvas will ask what it is"
                )
        above = [row for row in rows if points_possible(row)]
        points = {**(above[0] if above else {}), "Student": "Points Possible"}
        rows = [row for row in rows if not points_possible(row)]
        points[grades] = points.get(grades) or most
        told += _of_other_points(points[grades], most, f"{grades} in Canvas")

    matched = _matched(rows, by_name)
    if not matched:
        raise DataError(
            f"{listed}: none of its names is in {table} ({', '.join(row['student'] for row in marks[:3])}, ...); "
            "nothing was written. Give the list of this class to 'grade' as ROSTER, or call the folders as in the list"
        )
    nothing: list[str] = []
    feedback = _feedback(table) if style == "moodle" else {}
    for at, name in matched.items():
        person, mark = rows[at], by_name[name]
        if name in doubled:
            continue
        before = person.get(grades) or ""
        why_not = _not_final(mark, with_unread)
        if before.strip() and mark["status"] == "missing":
            why_not = f"nothing was handed in; {before.strip()}, which the list has, stays"
        if why_not:
            told.append(f"{mark['student']}: no mark written, {why_not}")
            continue
        nothing += [mark["student"]] if mark["status"] in ("missing", "unreadable") else []
        if _other(before, mark["score"]):
            told.append(f"{mark['student']}: {before.strip()} in the list becomes {mark['score']}")
        if style == "canvas":
            person[grades] = mark["score"]
        else:
            told += _of_other_points(person.get("Maximum Grade", ""), most, "Moodle")
            person |= {
                "Grade": mark["score"],
                "Maximum Grade": person.get("Maximum Grade") or mark["max_score"],
                "Feedback comments": feedback.get(mark["student"], mark["reason"]),
            }
    write_whole(out, write_table(kept, [points, *rows] if points else rows).encode())
    found = list(matched.values())
    for name, mark in by_name.items():
        if name not in found:
            told.append(f"{mark['student']} is not in the class list, no mark written")
    if nothing:
        told.append(
            f"the score of who handed in nothing that could be marked is in it: {', '.join(nothing)}"
        )
    return list(dict.fromkeys(told))


def _feedback(table: Path) -> dict[str, str]:
    """What Moodle shows to each student, where the results lie beside the table, and its reasons are still theirs."""
    if not table.with_suffix("").is_dir():
        return {}
    return {
        each.row["student"]: each.result.feedback
        for each in stored(table)
        if each.result and as_read(each.result.reason) == each.row["reason"]
    }


def _matched(
    rows: Sequence[Mapping[str, str]], by_name: Mapping[str, Mapping[str, str]]
) -> dict[int, str]:
    """For each row of a class list, by its place, the name of its marks.

    Marks that two rows claim by columns of different weight belong to the weightier; by the same, to neither.
    """
    claims: dict[str, list[tuple[int, int]]] = {}
    for at, row in enumerate(rows):
        for weight, each in enumerate(NAMES):
            name = normalised(as_folder(row.get(each, "")))
            if name in by_name:
                claims.setdefault(name, []).append((weight, at))
                break
    first = {name: sorted(each) for name, each in claims.items()}
    return {
        each[0][1]: name
        for name, each in sorted(first.items(), key=lambda item: item[1][0][1])
        if len(each) == 1 or each[0][0] < each[1][0]
    }


def _not_final(mark: Mapping[str, str], with_unread: bool) -> str:
    """Why a mark is not one to hand on yet; empty if it is."""
    if mark["status"] == "failed" or not mark["score"].strip():
        return "the grader could not do its work (failed): give 'grade' again"
    if mark["status"] == "essays" and not with_unread:
        return (
            "an essay has not been read (--with-unread writes the points of the rest all the same)"
        )
    return ""


def _number(text: str, where: str) -> str:
    """A number as the platforms write it, also from a spreadsheet with decimal commas; nothing stays nothing."""
    plain = text.strip().replace(",", ".")
    if plain and not re.fullmatch(r"\d+(\.\d*)?", plain):
        raise DataError(f"{where} = {text!r}: expected a number")
    return plain


def _other(before: str, now: str) -> bool:
    """Whether a mark in a list is there and is another."""
    try:
        return bool(before.strip()) and float(before.replace(",", ".")) != float(now)
    except ValueError:
        return True


def _of_other_points(theirs: str, ours: str, where: str) -> list[str]:
    try:
        same = float(theirs.replace(",", ".") or ours) == float(ours)
    except ValueError:  # such as "(read only)"
        return []
    return (
        [] if same else [f"{where} has {theirs} points at most, and these marks are out of {ours}"]
    )


def _column(columns: Sequence[str], title: str, wanted: str | None, listed: Path | None) -> str:
    """The column of an assignment in Canvas's list, or its title if there is none."""
    if wanted is not None:
        if listed is not None and wanted not in columns:
            raise FieldError("column", wanted, f"one of {', '.join(columns)}")
        return wanted

    def words(name: str) -> list[str]:
        return re.findall(r"[^\W_]+", re.sub(r"\s*\(\d+\)\s*$", "", name).casefold())

    found = [name for name in columns if words(name) == words(title)]
    if len(found) > 1:
        raise DataError(
            f"{listed}: {len(found)} columns could be {title}: {', '.join(found)}; say which with --column"
        )
    return found[0] if found else title
