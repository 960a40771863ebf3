"""The page on a class, with its picture of the marks, and the files that it is written to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean, median

import numpy as np

from ...ground.write import replace as write_whole
from ...page import plots
from ..course.stored import beside, stored
from ..document import document, line
from ..tables import write_table
from .summary import COLUMNS, REASONS, TEXT, Question, Reason, Summary, bins, middle, rows, summary

__all__ = ["overview", "page"]

_NAME = 80  # letters of a name that are shown

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
    steps = bins(each)
    numbers = ", ".join(f"{name} {value:.3g}" for name, value in middle(marks).items())
    unread = f" {len(each.unread)} of them can still rise, because an essay is unread." if each.unread else ""  # fmt: skip
    words = (
        f"{len(marks)} marks out of {each.most:g} points: {numbers}.{unread} Students who handed in nothing, or whose work "
        "could not be marked, are not counted here."
    )
    cells = [(f"{low:g} to {up:g}", f"{done}", f"{still}") for low, up, done, still in steps]
    return (
        f'<p>{words}</p><figure><div role="img" aria-label="Bars: how many students have how many points. {words} The table '
        f'below has the numbers.">{_drawn(steps)}</div></figure>'
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
    ax.locator_params(axis="y", integer=True)
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
        cells.append((line(each.called, _NAME), right, average, bar, f"{each.waiting or ''}"))
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
            line(called.get(each.question, each.question), _NAME),
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
    return ", ".join(line(name, _NAME) for name in students[:most]) + more


def _unmarked(unmarked: Sequence[tuple[str, str, str]]) -> str:
    if not unmarked:
        return "<p>Nobody.</p>"
    cells = [
        (line(student, _NAME), line(status, 20), line(reason, TEXT))
        for student, status, reason in unmarked
    ]
    return _table(("Student", "Status", "Reason"), cells)


def _people(people: Sequence[tuple[str, str]]) -> str:
    if not people:
        return "<p>Nobody.</p>"
    items = (
        line(name, _NAME) + (f" ({line(more, _NAME)})" if more else "") for name, more in people
    )
    return f"<p>{len(people)}: {'; '.join(items)}.</p>"


def _time(seconds: Sequence[tuple[str, float]]) -> str:
    if not seconds:
        return "<p>Nothing was run.</p>"
    longest = "; ".join(f"{line(name, _NAME)}, {time:.1f} s" for name, time in seconds[:3])
    times = [time for _, time in seconds]
    return (
        f"<p>{len(times)} submissions ran for {sum(times):.0f} s in all; the median is {median(times):.1f} s. "
        f"The longest: {longest}.</p>"
    )


def overview(table: Path) -> tuple[Path, Path]:
    """Write the page on a class and its numbers beside the table.

    Parameters
    ----------
    table : Path
        The table that `grade` wrote.

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
