"""Tables of a class: every CSV that somebody else wrote is read here, and marks are written as Canvas and Moodle import them.

What is relied on of the two systems:

- Canvas's gradebook has a row of points possible above the students, and names a column ``Title (id)``.
- Moodle's grading worksheet knows a student by the number in its first column, ``Participant 17``, and imports a row only if that
  column, the grade and the time of its last change are still there (``mod/assign/feedback/offline/importgradeslib.php``).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..errors import DataError, FieldError
from ..ground.write import as_read, harmless, unharmed
from ..ground.write import replace as write_whole
from .moments import moment
from .variation import normalised

__all__ = ["export", "name_of", "other_names", "people", "read_table", "roster", "write_table"]

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
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE = ("Username", "Grade", "Maximum Grade", "Feedback comments")
# A list of the platform has at least one of these, and one of the other has none.
_OF = {
    "canvas": {"Student"},
    "moodle": {"Identifier", "Username", "ID number", "Email address", "Full name"},
}
MODIFIED = "Last modified (submission)"
"""The column of Moodle's worksheet that says when something was handed in."""
LARGEST = 100_000_000  # bytes of a table
_ENGLISH = "; if its headings are in another language, set Moodle to English and download it again"

_AS_CSV = "in the spreadsheet, choose File, Save As (or Download), CSV UTF-8"
_OTHER = {
    b"PK\x03\x04": f"a CSV file; this is a workbook (.xlsx, .ods) or another packed file: {_AS_CSV}",
    b"\xd0\xcf\x11\xe0": f"a CSV file; this is a workbook (.xls): {_AS_CSV}",
    b"%PDF": "a CSV file; this is a PDF",
}


# ---------------------------------------------------------------- tables


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
    if path.stat().st_size > LARGEST:
        raise FieldError(field, str(path), f"a CSV file of at most {LARGEST / 1e6:.0f} MB")
    text = _text(path, field)
    first, _, rest = text.partition("\n")
    if said := re.fullmatch(r"\"?sep=(.)\"?\r?", first, re.IGNORECASE):
        text, separator = rest, said[1]
    else:
        separator = _separator(text)
    csv.field_size_limit(LARGEST)  # an essay may be longer than its 131,072
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


# ---------------------------------------------------------------- class lists


def _nobody(row: Mapping[str, str]) -> bool:
    """Whether a row of Canvas's list is no student: the points possible, or the teacher's own trial."""
    return _points_possible(row) or row.get("Student", "").strip().casefold() == "student, test"


def _points_possible(row: Mapping[str, str]) -> bool:
    return row.get("Student", "").strip().casefold() == "points possible"


def name_of(row: Mapping[str, str]) -> str:
    """The name by which `grade` knows the student of a row: its first cell, in the order of `NAMES`, that is not blank."""
    return next((_as_folder(row[name]) for name in NAMES if row.get(name, "").strip()), "")


def _as_folder(name: str) -> str:
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


# ---------------------------------------------------------------- marks


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
        The table that `course.grade` wrote.
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
        kept = list(CANVAS if style == "canvas" else MOODLE)
    else:
        kept, rows = read_table(listed, "roster", "the class list")
        if not _OF[style] & set(kept):
            raise FieldError(
                "roster",
                str(listed),
                f"{style.capitalize()}'s own list, with a column {' or '.join(sorted(_OF[style]))}"
                + (_ENGLISH if style == "moodle" else ""),
            )
        kept += [name for name in (MOODLE[1:] if style == "moodle" else ()) if name not in kept]
    points = {}
    if style == "canvas":
        column = _column(kept, title, column, listed)
        if column not in kept:
            kept.append(column)
            if listed is not None:
                told.append(
                    f"{listed} has no column for {title}; {column} is new, and Canvas will ask what it is"
                )
        above = [row for row in rows if _points_possible(row)]
        points = {**(above[0] if above else {}), "Student": "Points Possible"}
        rows = [row for row in rows if not _points_possible(row)]
        points[column] = points.get(column) or most
        told += _of_other_points(points[column], most, f"{column} in Canvas")

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
        before = person.get(column if style == "canvas" else "Grade") or ""
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
            person[column or ""] = mark["score"]
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
    from .stored import stored  # which reads tables with what is above

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
            name = normalised(_as_folder(row.get(each, "")))
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
