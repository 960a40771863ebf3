"""How a class did, on one page: marks, questions, reasons, and who waits for what.

The page is for whoever teaches. It holds names, and nothing of it goes to students.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

import numpy as np

from ..errors import DataError
from ..ground.write import replace as write_whole
from ..page import plots
from .course import UNLISTED
from .document import document, line
from .exports import write_table
from .lateness import LATE
from .stored import Stored, stored

__all__ = ["Question", "Reason", "Summary", "beside", "overview", "page", "rows", "summary"]

COLUMNS = ("part", "item", "measure", "value")
REASONS = 15  # of each kind; the rest is counted
NAME, TEXT = 80, 300  # letters of a name and of a reason that are shown


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


# ---------------------------------------------------------------- counting


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
    final, unread, waiting, late, unlisted = [], [], [], [], []
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


def _bins(each: Summary) -> list[tuple[float, float, int, int]]:
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


# ---------------------------------------------------------------- as a table


def rows(each: Summary) -> list[dict[str, str]]:
    """The numbers of the page, one a row (`COLUMNS`); points are out of ``most``, times are seconds."""
    return [dict(zip(COLUMNS, row, strict=True)) for row in _rows(each)]


def _rows(each: Summary) -> Iterator[tuple[str, str, str, str]]:
    for status, count in each.statuses.items():
        yield "submissions", status, "students", f"{count}"
    marks = (*each.final, *each.unread)
    yield "marks", "", "most", f"{each.most:g}"
    if marks:
        for measure, value in _middle(marks).items():
            yield "marks", "", measure, f"{value:.4g}"
    for low, up, done, still in _bins(each):
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
    for student, status, reason in each.unmarked:
        yield "not marked", student, status, reason[:TEXT]
    for student, count in each.waiting:
        yield "to be read", student, "essays", f"{count}"
    for student in each.missing:
        yield "missing", student, "", ""
    for student in each.unlisted:
        yield "not in the class list", student, "", ""
    for student, by in each.late:
        yield "late", student, "by", by
    for student, seconds in each.seconds:
        yield "seconds", student, "seconds", f"{seconds:.3g}"


def _middle(marks: Sequence[float]) -> dict[str, float]:
    return {
        "lowest": min(marks),
        "median": median(marks),
        "mean": mean(marks),
        "highest": max(marks),
    }


# ---------------------------------------------------------------- as a page

_STYLE = """
figure { margin: 1rem 0; }
figure svg { width: 100%; max-width: 34rem; height: auto; }
table.few { width: auto; }
.wide { overflow-x: auto; }
.bar { display: block; width: 6rem; height: .7rem; margin-top: .4rem; background: var(--soft); }
.bar span { display: block; height: 100%; background: var(--mb-c1); }
details { overflow-wrap: anywhere; }
"""


_SAID = {"essays": "with an essay unread", "failed": "the grader could not mark"}


def page(each: Summary) -> str:
    """The page, complete in itself."""
    number, _, words = each.assignment.partition("_")
    light, dark = plots.stylesheet().split(
        'html[data-theme="dark"] '
    )  # no switch here but the system's
    style = f"{light}@media (prefers-color-scheme: dark) {{ :root {dark}}}{_STYLE}"
    statuses = ", ".join(f"{count} {_SAID.get(status, line(status, 20))}" for status, count in each.statuses.items())  # fmt: skip
    body = (
        "<p>For teachers only: this page contains students' names.</p>"
        f"<p><strong>{sum(each.statuses.values())} students:</strong> {statuses}.</p>"
        f"<h2>Marks</h2>{_marks(each)}"
        f"<h2>Questions</h2>{_questions(each.questions)}"
        f"<h2>Why points were lost</h2>{_reasons(each.reasons, 'No points were lost in what is marked.', each.questions)}"
        f"<h2>What else was noted</h2>{_reasons(each.notes, 'Nothing.')}"
        f"<h2>Not marked</h2>{_unmarked(each.unmarked)}"
        f"<h2>Essays to be read</h2>{_people([(n, f'{k} essays' if k > 1 else '') for n, k in each.waiting])}"
        f"<h2>Missing</h2>{_people([(name, '') for name in each.missing])}"
        f"<h2>Late</h2>{_people(each.late)}"
        f"<h2>Not in the class list</h2>{_people([(name, '') for name in each.unlisted])}"
        f"<h2>Time</h2>{_time(each.seconds)}"
    )
    return document(f"Assignment {number}, {words.replace('_', ' ')}: the class", body, style)


def _table(headings: Sequence[str], cells: Iterable[Sequence[str]], kind: str = "") -> str:
    """A table of finished cells; the first of each row is its heading, and those that are numbers stand to the right."""

    listed = list(cells)
    right = [
        any(re.fullmatch(r"[\d.]+(?: of [\d.]+)?(?: \(\d+%\))?", text) for text in column)
        for column in zip(*listed, strict=True)
    ]
    side = [' class="points"' if each else "" for each in right]
    head = "".join(
        f'<th scope="col"{at}>{each}</th>' for at, each in zip(side, headings, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row">{first}</th>'
        + "".join(f"<td{at}>{text}</td>" for at, text in zip(side[1:], rest, strict=True))
        + "</tr>"
        for first, *rest in listed
    )
    return f'<div class="wide"><table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _marks(each: Summary) -> str:
    marks = (*each.final, *each.unread)
    if not marks:
        return "<p>Nobody has a mark yet.</p>"
    bins = _bins(each)
    numbers = ", ".join(f"{name} {value:.3g}" for name, value in _middle(marks).items())
    unread = f" {len(each.unread)} of them can still rise, because an essay is unread." if each.unread else ""  # fmt: skip
    words = (
        f"{len(marks)} marks out of {each.most:g} points: {numbers}.{unread} Students who handed in nothing, or whose work "
        "could not be marked, are not counted here."
    )
    cells = [(f"{low:g} to {up:g}", f"{done}", f"{still}") for low, up, done, still in bins]
    return (
        f'<p>{words}</p><figure><div role="img" aria-label="Bars: how many students have how many points. {words} The table '
        f'below has the numbers.">{_drawn(bins)}</div></figure>'
        f"{_table(('Points', 'Settled', 'Essay unread'), cells, 'few')}"
        "<p>A mark on a boundary counts in the higher row, full marks in the last.</p>"
    )


def _drawn(bins: Sequence[tuple[float, float, int, int]]) -> str:
    """The distribution of marks as inline SVG."""
    fig, ax = plots.panel(wide=True, height=2.6)
    low = np.array([each[0] for each in bins])
    width = bins[0][1] - bins[0][0]
    done, still = (np.array([each[at] for each in bins]) for at in (2, 3))
    ax.bar(low, done, width, align="edge", color=plots.COLOURS[0], edgecolor="none", label="settled")  # fmt: skip
    if (some := still > 0).any():
        ax.bar(low[some], still[some], width, bottom=done[some], align="edge", facecolor="none", edgecolor=plots.COLOURS[1], hatch="///", label="essay unread")  # fmt: skip
        ax.legend(frameon=False, labelcolor=plots.INK)
    ax.set_xlabel("points")
    ax.set_ylabel("students")
    ax.set_xlim(0, bins[-1][1])
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.grid(visible=False, axis="x")
    return plots.svg(fig, "marks")


def _questions(questions: Sequence[Question]) -> str:
    if not questions:
        return "<p>Nothing is marked yet.</p>"
    cells = []
    for each in questions:
        n = len(each.got)
        share = mean(each.got) / each.most if n and each.most else 0
        right = f"{each.right} of {n} ({each.right / n:.0%})" if n else "none marked"
        average = f"{mean(each.got):.2f} of {each.most:g} ({share:.0%})" if n else f"of {each.most:g}"  # fmt: skip
        bar = f'<span class="bar" aria-hidden="true"><span style="width:{share:.0%}"></span></span>'
        cells.append((line(each.called, NAME), right, average, bar, f"{each.waiting or ''}"))
    heads = (
        "Question",
        "All points",
        "Mean",
        '<span aria-hidden="true">Mean share</span>',
        "To be read",
    )
    return _table(heads, cells)


def _reasons(reasons: Sequence[Reason], nothing: str, questions: Sequence[Question] = ()) -> str:
    called = {each.name: each.called for each in questions}
    if not reasons:
        return f"<p>{nothing}</p>"
    cells = [
        (
            f"<details><summary>{len(each.students)}</summary>{_names(each.students)}</details>",
            line(called.get(each.question, each.question), NAME),
            line(each.text, TEXT),
        )
        for each in reasons[:REASONS]
    ]
    rest = reasons[REASONS:]
    left = f"<p>{len(rest)} more, of {len(rest[0].students)} or fewer each.</p>" if rest else ""
    return (
        _table(("Students", "Question", "Reason, as one of them saw it"), cells)
        + "<p>Reasons that differ only in their numbers are counted together. Open a count to see the names.</p>"
        + left
    )


def _names(students: Sequence[str], most: int = 300) -> str:
    more = f", and {len(students) - most} more" if len(students) > most else ""
    return ", ".join(line(name, NAME) for name in students[:most]) + more


def _unmarked(unmarked: Sequence[tuple[str, str, str]]) -> str:
    if not unmarked:
        return "<p>Nobody.</p>"
    cells = [
        (line(student, NAME), line(status, 20), line(reason, TEXT))
        for student, status, reason in unmarked
    ]
    return _table(("Student", "Status", "Reason"), cells)


def _people(people: Sequence[tuple[str, str]]) -> str:
    if not people:
        return "<p>Nobody.</p>"
    items = (line(name, NAME) + (f" ({line(more, NAME)})" if more else "") for name, more in people)
    return f"<p>{len(people)}: {'; '.join(items)}.</p>"


def _time(seconds: Sequence[tuple[str, float]]) -> str:
    if not seconds:
        return "<p>Nothing was run.</p>"
    longest = "; ".join(f"{line(name, NAME)}, {time:.1f} s" for name, time in seconds[:3])
    times = [time for _, time in seconds]
    return (
        f"<p>{len(times)} submissions ran for {sum(times):.0f} s in all; the median is {median(times):.1f} s. "
        f"The longest: {longest}.</p>"
    )


# ---------------------------------------------------------------- files


def beside(table: Path, kind: str) -> tuple[Path, Path]:
    """Where the page and the numbers of a kind go: ``grades-class.html`` and ``.csv`` beside ``grades.csv``."""
    stem = table.with_name(f"{table.stem}-{kind}")
    return stem.with_name(f"{stem.name}.html"), stem.with_name(f"{stem.name}.csv")


def overview(table: Path) -> tuple[Path, Path]:
    """Write the page on a class and its numbers beside the table.

    Parameters
    ----------
    table : Path
        The table that `course.grade` wrote.

    Returns
    -------
    tuple of Path
        The page and the table of its numbers.

    Raises
    ------
    FieldError, DataError
        If it is no such table; see `stored`.
    """
    students = stored(table)
    found = summary(students)
    where = beside(table, "class")
    write_whole(where[0], page(found).encode())
    write_whole(where[1], write_table(COLUMNS, rows(found)).encode())
    return where
