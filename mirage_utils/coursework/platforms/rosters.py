"""Class lists: ours, with a column ``student``, or as Canvas and Moodle export them.

What is relied on of the two systems:

- Canvas's gradebook has a row of points possible above the students.
- Moodle's grading worksheet knows a student by the number in its first column, ``Participant 17``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ...errors import DataError
from ..tables import read_table
from ..variation import normalised
from .moments import moment

__all__ = [
    "MODIFIED",
    "NAMES",
    "as_folder",
    "name_of",
    "other_names",
    "people",
    "points_possible",
    "roster",
]

# The columns by which the two systems know a student, in the order in which they are tried, row by row.
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
    "Identifier",
)
MODIFIED = "Last modified (submission)"
"""The column of Moodle's worksheet that says when something was handed in."""


def name_of(row: Mapping[str, str]) -> str:
    """The name by which `grade` knows the student of a row: its first cell, in the order of `NAMES`, that is not blank."""
    return next((as_folder(row[name]) for name in NAMES if row.get(name, "").strip()), "")


def people(path: Path) -> list[dict[str, str]]:
    """The rows of a class list that are students, each with a name of its own (`name_of`).

    Raises
    ------
    DataError
        If no column holds names, or a name occurs twice.
    """
    columns, rows = _headed_in_english(*read_table(path, "roster", "the class list"))
    if not set(NAMES) & set(columns):
        raise DataError(f"{path}: no column with names; expected one of {', '.join(NAMES)}")
    found = [row for row in rows if name_of(row) and not _nobody(row)]
    if not found:
        raise DataError(f"{path}: nobody is in the class list")
    meant = [normalised(name_of(row)) for row in found]
    twice = sorted({name for name in meant if meant.count(name) > 1})
    if twice:
        where = [name for name in NAMES if any(normalised(row.get(name, "")) == twice[0] for row in found)]  # fmt: skip
        raise DataError(f"{path}: more than once in column {where[0]}: {', '.join(twice)}")
    return found


def roster(path: Path) -> list[str]:
    """Names in a class list: a CSV with a column ``student``, or one that Canvas or Moodle wrote.

    Each row is named by its first cell, in the order of `NAMES`, that is not blank: in Moodle's lists not everybody has an ID number.

    Raises
    ------
    FieldError
        If there is no such CSV file.
    DataError
        If no column holds names, or a name occurs twice.
    """
    return [name_of(row) for row in people(path)]


def other_names(path: Path) -> dict[str, list[str]]:
    """What else each student is called in a class list, by the name that `roster` gives.

    Moodle's list has full name and e-mail address, Canvas's writes the last name first: whoever was told to write the name "as it is in the
    class list" may have written any of them.

    Raises
    ------
    FieldError, DataError
        As `roster`.
    """
    found = {}
    for row in people(path):
        first, last = row.get("First name", ""), row.get("Surname") or row.get("Last name", "")
        names = [row.get(each, "") for each in NAMES] + [f"{first} {last}", f"{last} {first}"]
        names += [" ".join(reversed(each.split(",", 1))) for each in names if "," in each]
        names = [" ".join(each.split()) for each in names]
        found[name_of(row)] = [
            each for each in dict.fromkeys(names) if each and each != name_of(row)
        ]
    return found


def _nobody(row: Mapping[str, str]) -> bool:
    """Whether a row of Canvas's list is no student: the points possible, or the teacher's own trial."""
    return points_possible(row) or row.get("Student", "").strip().casefold() == "student, test"


def points_possible(row: Mapping[str, str]) -> bool:
    """Whether a row of Canvas's list is the one with the points possible."""
    return row.get("Student", "").strip().casefold() == "points possible"


def as_folder(name: str) -> str:
    """A name as a folder can have it: Moodle's German "Teilnehmer/in17" would be two."""
    return re.sub(r"[/\\\x00-\x1f\x7f]", "-", name.strip())


def _headed_in_english(
    columns: list[str], rows: list[dict[str, str]]
) -> tuple[list[str], list[dict[str, str]]]:
    """A class list with English headings, where it is Moodle's grading worksheet from a site in another language.

    Whatever the language, its first column has one word and a number ("Teilnehmer/in17"), and its second the full name. "ID", which is
    German for the first, is Canvas's number too, and that is no word.
    """
    cells = [re.fullmatch(r"(\D{4,})\d+", row[columns[0]].strip()) for row in rows]
    words = {each[1] for each in cells if each}
    known = set(NAMES) - {"ID"}
    if known & set(columns) or len(words) != 1 or not all(cells) or len(columns) < 2:
        return columns, rows
    english = {columns[0]: "Identifier", columns[1]: "Full name"}
    # Of the two columns of times, the first is that of the submission.
    for heading, fits in (("Email address", lambda cell: "@" in cell), (MODIFIED, moment)):
        for name in columns[2:]:
            filled = [row[name] for row in rows if row[name].strip() not in ("", "-")]
            if filled and all(map(fits, filled)):
                english[name] = heading
                break
    headed = [{english.get(name, name): cell for name, cell in row.items()} for row in rows]
    return [english.get(name, name) for name in columns], headed
