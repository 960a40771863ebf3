"""What there is to say of a class, counted, and the same as a table."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median

import numpy as np

from ...errors import DataError
from ..course.attendance import UNLISTED
from ..course.lateness import LATE
from ..course.stored import Stored

__all__ = [
    "COLUMNS",
    "REASONS",
    "TEXT",
    "Question",
    "Reason",
    "Summary",
    "bins",
    "middle",
    "rows",
    "summary",
]

COLUMNS = ("part", "item", "measure", "value")
REASONS = 15  # of each kind; the rest is counted
TEXT = 300  # letters of a reason that are shown


@dataclass(frozen=True)
class Question:
    """How one exercise went.

    Attributes
    ----------
    name : str
    called : str
        Its name where people read.
    most : float
        Its points.
    essay : bool
    got : tuple of float
        The points of everybody whose answer is marked.
    waiting : int
        Essays that nobody has read.
    """

    name: str
    called: str
    most: float
    essay: bool
    got: tuple[float, ...]
    waiting: int

    @property
    def right(self) -> int:
        """How many got all points."""
        return sum(points >= self.most for points in self.got)


@dataclass(frozen=True)
class Reason:
    """Why points were lost, or what else was noted, and by whom; `text` is as it stands with the first of them."""

    question: str
    text: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """What there is to say of a class.

    Attributes
    ----------
    assignment : str
    most : float
        Points that can be had.
    statuses : dict of str to int
        Students by status.
    final, unread : tuple of float
        Marks that are settled, and those to which an essay may still add.
    questions : tuple of Question
    reasons, notes : tuple of Reason
        The commonest first.
    unmarked : tuple of (str, str, str)
        Student, status and reason where nothing could be marked.
    waiting : tuple of (str, int)
        Whose essays are to be read, and how many.
    missing, unlisted : tuple of str
    late : tuple of (str, str)
        Student, and by how much.
    seconds : tuple of (str, float)
        What marking took, the longest first.
    """

    assignment: str
    most: float
    statuses: dict[str, int]
    final: tuple[float, ...]
    unread: tuple[float, ...]
    questions: tuple[Question, ...]
    reasons: tuple[Reason, ...]
    notes: tuple[Reason, ...]
    unmarked: tuple[tuple[str, str, str], ...]
    waiting: tuple[tuple[str, int], ...]
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]
    late: tuple[tuple[str, str], ...]
    seconds: tuple[tuple[str, float], ...]


def summary(students: Sequence[Stored]) -> Summary:
    """Count a class.

    Parameters
    ----------
    students : sequence of Stored
        At least one, all of one assignment.

    Raises
    ------
    DataError
        If a mark is no number.
    """
    final: list[float] = []
    unread: list[float] = []
    waiting: list[tuple[str, int]] = []
    late: list[tuple[str, str]] = []
    unlisted: list[str] = []
    got: dict[str, list[float]] = {}
    known: dict[str, tuple[str, float, bool]] = {}
    open_essays: Counter[str] = Counter()
    lost: list[tuple[str, str, str]] = []
    noted: list[tuple[str, str, str]] = []
    for each in students:
        name, status = each.called, each.row["status"]
        notes = each.result.notes if each.result else []
        late += [(name, note.removeprefix(LATE)) for note in notes if note.startswith(LATE)]
        # What depends on the class list stands in the table, whichever run stored the result.
        unlisted += [name] if UNLISTED in each.row["reason"].split(" | ") else []
        noted += [("", note, name) for note in notes if note != UNLISTED and not note.startswith(LATE)]  # fmt: skip
        if status not in ("graded", "essays"):
            continue
        (final if status == "graded" else unread).append(_points(each.row, "score"))
        unread_here = 0
        for exercise in each.result.exercises if each.result else ():
            known.setdefault(exercise.name, (exercise.called, exercise.most, exercise.essay))
            if exercise.waiting:
                open_essays[exercise.name] += 1
                unread_here += 1
                continue
            got.setdefault(exercise.name, []).append(exercise.got)
            if exercise.got < exercise.most and (exercise.reason or not exercise.essay):
                lost.append((exercise.name, exercise.why, name))
        if unread_here:
            waiting.append((name, unread_here))
    timed = [(each.called, each.result.seconds) for each in students if each.result and each.result.seconds > 0]  # fmt: skip
    return Summary(
        assignment=students[0].row["assignment"],
        most=max(_points(each.row, "max_score") for each in students),
        statuses=dict(Counter(each.row["status"] for each in students).most_common()),
        final=tuple(final),
        unread=tuple(unread),
        questions=tuple(
            Question(name, *about, tuple(got.get(name, ())), open_essays[name])
            for name, about in known.items()
        ),
        reasons=_grouped(lost),
        notes=_grouped(noted),
        unmarked=tuple(
            (each.called, each.row["status"], each.row["reason"])
            for each in students
            if each.row["status"] not in ("graded", "essays", "missing")
        ),
        waiting=tuple(waiting),
        missing=tuple(e.called for e in students if e.row["status"] == "missing"),
        unlisted=tuple(unlisted),
        late=tuple(late),
        seconds=tuple(sorted(timed, key=lambda pair: -pair[1])),
    )


def _points(row: Mapping[str, str], column: str) -> float:
    try:
        points = float(row[column].replace(",", "."))
    except ValueError:
        points = math.nan
    if not 0 <= points < math.inf:
        raise DataError(
            f"{row['student']}: {column} = {row[column]!r}: expected a number; give 'grade' again"
        )
    return points


def _grouped(found: Iterable[tuple[str, str, str]]) -> tuple[Reason, ...]:
    """Reasons of the same words, whatever the numbers in them, for everybody's numbers are others."""
    groups: dict[tuple[str, str], tuple[str, dict[str, None]]] = {}
    for question, text, student in found:
        key = (question, re.sub(r"[-+]?\d[\d.,]*(e[-+]?\d+)?", "#", text[:2000]))
        groups.setdefault(key, (text, {}))[1][student] = None
    listed = [Reason(key[0], text, tuple(who)) for key, (text, who) in groups.items()]
    return tuple(sorted(listed, key=lambda each: -len(each.students)))


def bins(each: Summary) -> list[tuple[float, float, int, int]]:
    """Marks by steps of whole points: from, to, settled, with an essay unread. A step holds its lower end, the last both."""
    step = max(1, math.ceil(each.most / 12))
    edges = step * np.arange(max(1, math.ceil(each.most / step)) + 1, dtype=float)
    settled, unread = (
        np.histogram(np.clip(marks, 0, edges[-1]), edges)[0] for marks in (each.final, each.unread)
    )
    return [
        (float(low), float(up), int(done), int(still))
        for low, up, done, still in zip(edges, edges[1:], settled, unread, strict=False)
    ]


def rows(each: Summary) -> list[dict[str, str]]:
    """The numbers of the page, one a row (`COLUMNS`); points are out of ``most``, times are seconds."""
    return [dict(zip(COLUMNS, row, strict=True)) for row in _rows(each)]


def _rows(each: Summary) -> Iterator[tuple[str, str, str, str]]:
    for status, count in each.statuses.items():
        yield "submissions", status, "students", f"{count}"
    marks = (*each.final, *each.unread)
    yield "marks", "", "most", f"{each.most:g}"
    if marks:
        for measure, value in middle(marks).items():
            yield "marks", "", measure, f"{value:.4g}"
    for low, up, done, still in bins(each):
        yield "marks", f"{low:g} to {up:g}", "settled", f"{done}"
        yield "marks", f"{low:g} to {up:g}", "essay unread", f"{still}"
    for question in each.questions:
        yield "question", question.name, "most", f"{question.most:g}"
        yield "question", question.name, "marked", f"{len(question.got)}"
        yield "question", question.name, "right", f"{question.right}"
        if question.got:
            yield "question", question.name, "mean", f"{mean(question.got):.4g}"
        yield "question", question.name, "to be read", f"{question.waiting}"
    for part, reasons in (("reason", each.reasons), ("note", each.notes)):
        for reason in reasons[:REASONS]:
            yield part, reason.question, reason.text[:TEXT], f"{len(reason.students)}"
    for student, status, why in each.unmarked:
        yield "not marked", student, status, why[:TEXT]
    for student, count in each.waiting:
        yield "to be read", student, "essays", f"{count}"
    for student in each.missing:
        yield "missing", student, "", ""
    for student in each.unlisted:
        yield "not in the class list", student, "", ""
    for student, by_how_much in each.late:
        yield "late", student, "by", by_how_much
    for student, seconds in each.seconds:
        yield "seconds", student, "seconds", f"{seconds:.3g}"


def middle(marks: Sequence[float]) -> dict[str, float]:
    """Lowest, median, mean and highest mark."""
    return {
        "lowest": min(marks),
        "median": median(marks),
        "mean": mean(marks),
        "highest": max(marks),
    }
