"""A page for each student: the marks with their reasons, and the cells as they ran.

Everything on the page that comes from a submission is escaped, or is a picture that was checked to be one: whoever
opens the page, a teacher among them, runs nothing of it.
"""

from __future__ import annotations

import base64
import binascii
from html import escape
from typing import Any

from .document import document
from .marking.results import Marked, Result

__all__ = ["page"]

_STYLE = """
td:last-child { width: 100%; }
pre.printed { background: none; border-left: 3px solid var(--line); border-radius: 0; }
td ul { margin: .3rem 0 0; padding: 0; list-style: none; }
img { max-width: 100%; background: white; }
.lost { border-left: 4px solid #b3261e; padding-left: .6rem; }
.won { border-left: 4px solid #2e7d32; padding-left: .6rem; }
"""


def page(result: Result, called: str = "") -> str:
    """The feedback on one submission as a page of HTML, complete in itself.

    Parameters
    ----------
    result : Result
        What it got.
    called : str, optional
        The student's name as a person knows it; as the table names it by default.
    """
    number, _, words = result.assignment.partition("_")
    title = f"Assignment {number}, {_words(words)}: {called or result.student}"
    rows = "".join(_row(each, result.marked) for each in result.exercises)
    if result.taken_off:
        rows += (
            f'<tr><th scope="row">late</th><td class="points">-{result.deduction:g}</td>'
            f"<td>{100 * result.taken_off:.4g}% of the points above</td></tr>"
        )
    pending = sum(each.most for each in result.exercises if each.waiting)
    open_points = (
        f" Essays worth {pending:g} points are read by a person and not counted yet."
        if result.status == "essays"
        else ""
    )
    score = f"{result.score:g} of {result.max_score:g} points."
    if result.status == "failed":
        score = "Not marked: the grader could not do its work, which is no fault of yours."
    notes = "".join(f"<li>{escape(note)}</li>" for note in result.notes)
    notes = f"<h2>Notes</h2><ul>{notes}</ul>" if notes else ""
    marked = {each.name: each for each in result.exercises}
    cells = "".join(_cell(each, marked) for each in result.shown)
    return document(
        title,
        f"<p><strong>{score}</strong>{open_points}</p>"
        '<table><thead><tr><th scope="col">Exercise</th><th scope="col" class="points">Points</th>'
        f'<th scope="col">Why</th></tr></thead><tbody>{rows}</tbody></table>{notes}'
        f"<h2>Your notebook as it ran</h2>{cells or '<p>Nothing was run.</p>'}",
        _STYLE,
    )


def _words(name: str) -> str:
    """A name as words."""
    return name.replace("_", " ")


def _row(each: Marked, was_marked: bool) -> str:
    words = ": ".join(part for part in (each.why, each.comment) if part)
    if not words:
        words = "not marked" if not was_marked else "to be marked" if each.waiting else "right"
    return (
        f'<tr><th scope="row">{escape(each.called)}</th><td class="points">{each.got:g} / {each.most:g}</td>'
        f"<td>{escape(words)}{_lines(each)}</td></tr>"
    )


def _lines(each: Marked) -> str:
    """What a person gave by the lines of the rubric, with the words of each line."""
    items = (
        f"<li>{escape(': '.join(part for part in (f'{name} {points:g}', each.rubric.get(name)) if part))}</li>"
        for name, points in each.lines.items()
    )
    return f"<ul>{''.join(items)}</ul>" if each.lines else ""


def _cell(shown: dict[str, Any], marked: dict[str, Marked]) -> str:
    if "test" in shown:
        each = marked[shown["test"]]
        kind = "won" if each.got >= each.most else "lost"
        text = ": ".join(part for part in (each.why, each.comment) if part) or "right"
        return f'<p class="{kind}"><strong>{escape(each.called)}</strong> {each.got:g} / {each.most:g}: {escape(text)}</p>'
    left_out = f"<p><em>{escape(shown['left_out'])}</em></p>" if shown.get("left_out") else ""
    if "source" not in shown:  # word of what is not here
        return left_out
    name = shown.get("cell") or shown.get("essay") or ""
    called = marked[name].called if name in marked else _words(name)
    heading = f"<h3>{escape(called)}</h3>" if name else ""
    parts = [heading, f"<pre><code>{escape(shown['source'])}</code></pre>"]
    for output in shown.get("outputs", []):
        if "text" in output:
            parts.append(f'<pre class="printed">{escape(output["text"])}</pre>')
        elif picture := _picture(output["png"]):
            parts.append(
                f'<p><img alt="A figure of this cell" src="data:image/png;base64,{picture}"></p>'
            )
    parts.append(left_out)
    if shown.get("error"):
        parts.append(f'<p class="lost">{escape(shown["error"])}</p>')
    return "".join(parts)


def _picture(content: str) -> str:
    """A picture anew in base64, if it is a PNG; else nothing."""
    try:
        data = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(data).decode() if data.startswith(b"\x89PNG\r\n\x1a\n") else ""
