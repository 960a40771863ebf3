"""What a person writes: points for the essays, and other points than the machine's. Both hold over every later run.

Two sheets lie beside the results. ``essays.csv`` is written by the grader, to be filled in. ``overrides.csv`` is written by whoever
marks, in a spreadsheet or by the command ``override``. Points belong to the work for which they were given: where that has changed,
they are taken back and their number stands in the comment, to be confirmed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import DataError
from ...ground.write import as_read, harmless, replace_changed
from ...ground.write import replace as write_whole
from ..assignments.source import LINE, Assignment
from ..marking.results import Marked, Result
from ..tables import read_table, write_table
from ..variation import normalised
from .names import Names

__all__ = [
    "ESSAYS",
    "Essays",
    "Overrides",
    "exercise_called",
    "has_pseudonyms",
    "rubric",
]

ESSAYS = ("student", "assignment", "exercise", "max_points", "points", "comment", "answer")
_OVERRIDES = ("student", "exercise", "points", "comment", "work")
_HELD = re.compile(r"(?:\[(?:text|work) changed, was [^\]]* points\]\s*)+")

_Row = dict[str, str]


# ---------------------------------------------------------------- the essays


def rubric(wanted: Assignment, essay: str) -> tuple[str, ...]:
    """The lines of the rubric printed before an essay, such as ``(i)``, if it has one for each point; else none."""
    return next(tuple(each.rubric) for each in wanted.exercises if each.name == essay)


@dataclass(frozen=True)
class Essays:
    """The sheet of the essays.

    Attributes
    ----------
    place : Path
        The folder beside the table.
    rows : list of dict of str to str
        Its rows, with the names of the students.
    lines : tuple of str
        The columns for the lines of a rubric.
    """

    place: Path
    rows: list[_Row]
    lines: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Where the sheet lies."""
        return self.place / "essays.csv"

    @classmethod
    def read(cls, place: Path) -> Essays:
        """The sheet as it is; one without rows if there is none.

        Raises
        ------
        FieldError, DataError
            If it is no table, or a column is missing.
        """
        path, key = cls(place, []).path, _key_of(place)
        if not path.exists():
            return cls(place, [])
        columns, rows = _read(path, "essays", ("student", "exercise", "points"))
        lines = tuple(name for name in columns if LINE.fullmatch(name))
        names = {}
        if key.exists():
            pairs = read_table(key, "essays-key", "who is who")[1]
            names = {row["pseudonym"]: row["student"] for row in pairs}
        kept = [{name: row.get(name, "") for name in (*ESSAYS, *lines)} for row in rows]
        for row in kept:
            row["student"] = names.get(row["student"].strip(), row["student"])
        return cls(place, kept, lines)

    def named(self, names: Names) -> Essays:
        """The sheet with the students' names as the table has them."""
        return replace(self, rows=_named(self.rows, names))

    def renewed(self, results: Iterable[Result], lines: tuple[str, ...]) -> Essays:
        """The sheet for these results, with what was written in it before."""
        filled = {_whose(row): row for row in self.rows}
        fresh = []
        for result in results:
            if not result.marked:  # nothing was read that waits for a person
                continue
            for each in result.exercises:
                if each.essay and not each.reason:
                    cells = (as_read(result.student), result.assignment, each.name, f"{each.most:g}", "", "", each.answer)  # fmt: skip
                    row = dict(zip(ESSAYS, cells, strict=True))
                    fresh.append(self._carried(row, filled.pop(_whose(row), None)))
        # Of whom this run knows nothing, what a person wrote stays.
        fresh += [row for row in filled.values() if self._written(row) or row["comment"].strip()]
        kept = [name for name in self.lines if any(row.get(name, "").strip() for row in fresh)]
        return Essays(self.place, fresh, tuple(dict.fromkeys((*lines, *kept))))

    def _written(self, row: _Row) -> str:
        """The points in a row, as they were written."""
        lines = " + ".join(row[name].strip() for name in self.lines if row.get(name, "").strip())
        return row["points"].strip() or lines

    def _carried(self, row: _Row, old: _Row | None) -> _Row:
        if old is None:
            return row
        written = {name: old[name] for name in ("points", "comment", *self.lines)}
        # Spreadsheets change ends of lines.
        points = self._written(old)
        if points and harmless(old["answer"]).split() != harmless(row["answer"]).split():
            comment = f"[text changed, was {points} points] {old['comment']}".strip()
            written = {"points": "", "comment": comment}
        return {**row, **written}

    def apply(self, results: Mapping[str, Result]) -> None:
        """Give the results the points and comments of the sheet.

        Raises
        ------
        DataError
            If it names somebody or something unknown or twice, or has points that are no number or out of range.
        """
        for result in results.values():
            for each in result.exercises:
                each.lines = {}  # of before; what holds is in the sheet
        seen = set()
        for number, row in enumerate(self.rows, 2):
            where = f"{self.path}, row {number}, {row['student']}, {row['exercise']}"
            result = _student(row, results, where)
            if (result.student, *_whose(row)[1:]) in seen:
                raise DataError(f"{where}: expected one row for each essay, and this is the second")
            seen.add((result.student, *_whose(row)[1:]))
            if not result.marked or row["assignment"] not in ("", result.assignment):
                continue  # what was read is kept in the sheet
            essay = _exercise(result, row["exercise"])
            if essay is None or not essay.essay:
                raise DataError(f"{where}: there is no such essay")
            if essay.reason:
                continue  # nothing is written there now
            essay.by_hand, essay.lines = self._points(row, essay.most, where)
            essay.comment = _said(row, essay.by_hand)

    def _points(self, row: _Row, most: float, where: str) -> tuple[float | None, dict[str, float]]:
        """The points of a row, and those of the rubric's lines, if they were given by line."""
        total = _as_points(row["points"], most, f"{where}: points")
        given = {name: _as_points(row.get(name, ""), 1, f"{where}: {name}") for name in self.lines}
        lines = {name: each for name, each in given.items() if each is not None}
        if not lines:
            return total, {}
        missing = [name for name in self.lines[: round(most)] if name not in lines]
        if missing:
            raise DataError(f"{where}: {missing[0]} is empty: expected a number from 0 to 1, as in the other lines")  # fmt: skip
        summed = sum(lines.values())
        if summed > most or (total is not None and abs(total - summed) > 1e-9):
            raise DataError(f"{where}: points = {row['points']!r}: expected nothing, or {summed:g}, the sum of the lines")  # fmt: skip
        return summed, lines

    def write(self, secret: str = "") -> None:
        """Write the sheet, if there is a row in it.

        Parameters
        ----------
        secret : str, optional
            With it, pseudonyms stand for the names, in an order that tells nothing of them; who is who stands in
            ``essays-key.csv`` beside it.
        """
        rows = self.rows
        if secret and rows:
            names = {_pseudonym(row["student"], secret): row["student"] for row in rows}
            pairs = [{"pseudonym": one, "student": names[one]} for one in sorted(names)]
            content = write_table(("pseudonym", "student"), pairs).encode()
            write_whole(_key_of(self.place), content, mode=0o600)
            rows = [{**row, "student": _pseudonym(row["student"], secret)} for row in rows]
            rows.sort(key=lambda row: (row["student"], row["exercise"]))
        if rows:
            columns = (*ESSAYS[:6], *self.lines, *ESSAYS[6:])
            replace_changed(self.path, write_table(columns, rows).encode())
        if not secret:
            _key_of(self.place).unlink(missing_ok=True)


def has_pseudonyms(place: Path) -> bool:
    """Whether pseudonyms stand in the sheet of the essays."""
    return _key_of(place).exists()


def _key_of(place: Path) -> Path:
    return place / "essays-key.csv"


def _pseudonym(student: str, secret: str) -> str:
    # The letter keeps a spreadsheet from taking it for a number.
    digest = hmac.new(secret.encode(), student.encode(errors="replace"), hashlib.sha256)
    return f"p{digest.hexdigest()[:12]}"


def _whose(row: _Row) -> tuple[str, ...]:
    return row["student"], row["assignment"], row["exercise"]


# ---------------------------------------------------------------- other points than the machine's


@dataclass(frozen=True)
class Overrides:
    """The sheet of the marks that a person changed.

    Attributes
    ----------
    place : Path
        The folder beside the table.
    rows : list of dict of str to str
    held : list of str
        What was taken back because the work has changed since, a sentence each.
    """

    place: Path
    rows: list[_Row]
    held: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Where the sheet lies."""
        return self.place / "overrides.csv"

    @classmethod
    def read(cls, place: Path) -> Overrides:
        """The sheet as it is; one without rows if there is none.

        Raises
        ------
        FieldError, DataError
            If it is no table, or a column is missing.
        """
        path = cls(place, []).path
        if not path.exists():
            return cls(place, [])
        columns, rows = _read(path, "overrides", ("student", "exercise", "points"))
        more = [name for name in columns if name and name not in _OVERRIDES]
        return cls(place, [{name: row.get(name, "") for name in (*_OVERRIDES, *more)} for row in rows])  # fmt: skip

    def named(self, names: Names) -> Overrides:
        """The sheet with the students' names as the table has them."""
        return replace(self, rows=_named(self.rows, names))

    def with_row(self, student: str, exercise: str, given: str, comment: str) -> Overrides:
        """The sheet with one more row, in place of an earlier one for the same exercise."""
        cells = (student, exercise, given, comment, "")
        others = [
            row
            for row in self.rows
            if (normalised(row["student"]), row["exercise"].strip()) != (normalised(student), exercise)
        ]  # fmt: skip
        return Overrides(self.place, [*others, dict(zip(_OVERRIDES, cells, strict=True))])

    def apply(self, results: Mapping[str, Result]) -> Overrides:
        """Give the results the points and comments of the sheet.

        Returns
        -------
        Overrides
            The sheet with a note of the work for which each row was written, and without the points for work that has changed.

        Raises
        ------
        DataError
            If it names somebody or something unknown or twice, or has points that are no number or out of range.
        """
        rows, held, seen = [], [], set()
        for number, old in enumerate(self.rows, 2):
            row = dict(old)
            where = f"{self.path}, row {number}, {row['student']}"
            result = _student(row, results, where)
            each = _exercise(result, row["exercise"])
            if each is None:
                raise DataError(
                    f"{where}: exercise = {row['exercise']!r}: expected one of {', '.join(e.name for e in result.exercises)}"
                )
            row["exercise"] = each.name
            where += f", {each.name}"
            if (result.student, each.name) in seen:
                raise DataError(f"{where}: expected one row for each exercise, and this is the second")  # fmt: skip
            seen.add((result.student, each.name))
            if result.status == "failed":  # there is no mark yet that could be changed
                rows.append(row)
                continue
            given = _as_points(row["points"], each.most, f"{where}: points")
            if given is not None and not row["work"].strip() and not result.work:
                raise DataError(f"{where}: handed in nothing, so there is no mark to change; put what came by another way into the "
                                "student's folder, and give 'grade' again")  # fmt: skip
            if given is not None and row["work"].strip() not in ("", result.work):
                row["comment"] = f"[work changed, was {row['points'].strip()} points] {row['comment']}".strip()  # fmt: skip
                row |= {"points": "", "work": ""}
                held.append(f"{self.path}: {row['student']}, {each.name}: the work has changed since, so its {given:g} points wait to be confirmed")  # fmt: skip
                given = None
            if given is not None:
                row["work"] = result.work
                each.by_hand, each.lines = given, {}
            each.comment = _said(row, given) or each.comment
            rows.append(row)
        return Overrides(self.place, rows, tuple(held))

    def write(self) -> None:
        """Write the sheet, if there is a row in it."""
        if self.rows:
            columns = tuple(
                dict.fromkeys(name for row in self.rows for name in (*_OVERRIDES, *row))
            )
            replace_changed(self.path, write_table(columns, self.rows).encode())


# ---------------------------------------------------------------- both


def _as_points(text: str, most: float, where: str) -> float | None:
    """Points as a person writes them, with a point or a comma; None if nothing is written.

    Raises
    ------
    DataError
        If it is no number from 0 to `most`.
    """
    plain = text.strip().replace(",", ".")
    if not plain:
        return None
    if not re.fullmatch(r"\d{1,6}(\.\d*)?|\.\d+", plain) or float(plain) > most:
        raise DataError(f"{where} = {text!r}: expected a number from 0 to {most:g}")
    return float(plain)


def _read(path: Path, field: str, needed: tuple[str, ...]) -> tuple[list[str], list[_Row]]:
    columns, rows = read_table(path, field, "points, by student and exercise")
    missing = [name for name in needed if name not in columns]
    if missing:
        raise DataError(f"{path}, line 1: no column {', '.join(missing)}")
    return columns, rows


def _named(rows: Iterable[_Row], names: Names) -> list[_Row]:
    return [{**row, "student": as_read(names.meant(row["student"]))} for row in rows]


def _said(row: _Row, given: float | None) -> str:
    """The comment for the student: not what was written of other work and waits to be confirmed."""
    held = _HELD.match(row["comment"])
    if held and given is None:
        return ""
    return row["comment"][held.end() if held else 0 :].strip()


def _student(row: _Row, results: Mapping[str, Result], where: str) -> Result:
    """Whose row it is: by the very name, or else by the only one that differs in nothing but case and blanks."""
    same = [each for name, each in results.items() if as_read(name) == row["student"]]
    same = same or [
        each
        for name, each in results.items()
        if normalised(as_read(name)) == normalised(row["student"])
    ]
    if len(same) != 1:
        raise DataError(f"{where}: {'nobody' if not same else 'more than one'} of that name was marked")  # fmt: skip
    return same[0]


def exercise_called(result: Result, name: str) -> str:
    """The name of the cell of an exercise that is called so; the name itself if there is none."""
    found = _exercise(result, name)
    return found.name if found else name


def _exercise(result: Result, name: str) -> Marked | None:
    """By the name of its cell, or as the page calls it."""
    meant = normalised(name)
    own = next((each for each in result.exercises if each.name == name.strip()), None)
    return own or next(
        (each for each in result.exercises if normalised(each.called) == meant), None
    )
