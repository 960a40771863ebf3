"""Class lists in, marks out: the CSV files of Canvas and Moodle, and plain ones."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from .._write import replace as write_whole
from ..errors import DataError, FieldError
from .variation import normalised

__all__ = ["export", "roster"]

# The columns by which the two systems know a student, in the order in which they are tried.
NAMES = (
    "student",
    "SIS Login ID",
    "SIS User ID",
    "Username",
    "ID number",
    "Email address",
    "ID",
    "Student",
    "Full name",
)
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE = ("Username", "Grade", "Maximum Grade", "Feedback comments")


def _read(path: Path, field: str, holds: str) -> tuple[list[str], list[dict[str, str]]]:
    if not path.is_file():
        raise FieldError(field, str(path), f"a CSV file with {holds}")
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = [{k: v or "" for k, v in row.items() if k is not None} for row in reader]
        return list(reader.fieldnames or ()), rows


def _points_possible(row: dict[str, str]) -> bool:
    return row.get("Student", "").strip().casefold() == "points possible"


def roster(path: Path) -> list[str]:
    """Names in a class list: a CSV with a column ``student``, or one that Canvas or Moodle wrote.

    Raises
    ------
    DataError
        If no column holds names, or a name occurs twice.
    """
    columns, rows = _read(path, "roster", "the class list")
    column = next((name for name in NAMES if name in columns), None)
    if column is None:
        raise DataError(f"{path}: no column with names; expected one of {', '.join(NAMES)}")
    found = [
        row[column].strip() for row in rows if row[column].strip() and not _points_possible(row)
    ]
    meant = [normalised(name) for name in found]
    twice = sorted({name for name in meant if meant.count(name) > 1})
    if twice:
        raise DataError(f"{path}: more than once in column {column}: {', '.join(twice)}")
    return found


def export(table: Path, style: str, out: Path, listed: Path | None = None) -> list[str]:
    """Write the marks in a form that Canvas or Moodle imports.

    Parameters
    ----------
    table : Path
        The table that `course.grade` wrote.
    style : {"canvas", "moodle"}
    out : Path
        The file to write.
    listed : Path, optional
        The class list as Canvas or Moodle exported it; its columns are kept. Without it, the names of the folders stand for
        the login names.

    Returns
    -------
    list of str
        Students of the table whom the class list does not know; their marks are not in the file.
    """
    if style not in ("canvas", "moodle"):
        raise FieldError("style", style, "canvas or moodle")
    columns, marks = _read(table, "table", "the marks, as 'grade' wrote it")
    if not {"student", "assignment", "score", "max_score", "reason"} <= set(columns):
        raise DataError(f"{table}: not a table of marks")
    if not marks:
        raise DataError(f"{table}: no marks")
    title, most = marks[0]["assignment"], marks[0]["max_score"]
    for row in marks:  # without the mark that keeps a spreadsheet from computing it
        row["student"] = re.sub("^'(?=[=+@-])", "", row["student"])
    by_name = {normalised(row["student"]): row for row in marks}
    if listed is None:
        people = [
            {"Student": row["student"], "SIS Login ID": row["student"], "Username": row["student"]}
            for row in marks
        ]
        kept = list(CANVAS if style == "canvas" else MOODLE)
    else:
        kept, people = _read(listed, "roster", "the class list")
        people = [row for row in people if not _points_possible(row)]
        kept += [name for name in (MOODLE[1:] if style == "moodle" else ()) if name not in kept]
    if style == "canvas" and title not in kept:
        kept.append(title)
    done: set[str] = set()
    for person in people:
        name = next(
            (
                normalised(person[n])
                for n in NAMES
                if n in person and normalised(person[n]) in by_name
            ),
            None,
        )
        if name is None:
            continue
        done.add(name)
        row = by_name[name]
        if style == "canvas":
            person[title] = row["score"]
        else:
            person |= {
                "Grade": row["score"],
                "Maximum Grade": row["max_score"],
                "Feedback comments": row["reason"],
            }
    text = io.StringIO()
    writer = csv.DictWriter(text, kept, lineterminator="\n", extrasaction="ignore", restval="")
    writer.writeheader()
    if style == "canvas":
        writer.writerow({"Student": "Points Possible", title: most})
    writer.writerows(people)
    write_whole(out, text.getvalue().encode())
    return [row["student"] for name, row in by_name.items() if name not in done]
