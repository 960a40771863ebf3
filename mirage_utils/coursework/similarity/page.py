"""The hints of a class as a page and as a table, for whoever teaches it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

from ...ground.write import replace as write_whole
from ..assignments.source import assignment, find
from ..course.names import Names, called, kept_names
from ..course.stored import beside, stored
from ..document import document, line
from ..marking.oddities import OTHER_NAME
from ..marking.results import Result
from ..tables import write_table
from .hints import FEWEST, TOO_FEW, Hint, groups, hints, rarely_equal
from .pieces import typed
from .works import ALL, NUMBERS, Work, draws, work

__all__ = ["alike", "page"]

_COLUMNS = ("group", "student", "other", "piece", "share", "bits", "pairs_as_alike", "pairs", "expected_pairs")  # fmt: skip
_GROUPS, _LINES, _TEXTS, _SHOWN = (
    30,
    12,
    3,
    3000,
)  # that are shown at most; _SHOWN is letters of a text
_STYLE = """
.wide { overflow-x: auto; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 1rem; }
.pair > div { min-width: 0; }
"""
_WORDS = """
<p>For teachers only: this page contains students' names and work.</p>
<p><strong>These are hints and not findings.</strong> They show which submissions share something that hardly anybody else wrote, and
say nothing about why. Two students may have worked together as you allowed, read the same book or forum, or asked the same language
model. If one did follow the other, the page cannot tell which. Read both texts, and talk to both students, before you draw any
conclusion.</p>
<p><em>Shared</em> is how much of what is rare in the shorter piece also stands in the other. <em>As alike</em> counts the pairs in this
class that share at least as much. <em>Expected</em> estimates how many such pairs there would be if everybody had worked alone, judging
by the rest of this class; if many did not, it is too high. Whatever many students wrote counts for little; names, comments and
layout count for nothing, and nor does anything in the assignment or its model solution.</p>
"""


def page(
    title: str, works: Sequence[Work], found: Sequence[Hint], others: Sequence[tuple[str, str]] = ()
) -> str:
    """The hints as a page, complete in itself.

    Parameters
    ----------
    title : str
    works : sequence of Work
        What the hints are about.
    found : sequence of Hint
    others : sequence of (str, str)
        Students whose notebook has the name of another, and that student.
    """
    by_name = {each.student: each for each in works}
    together = groups(found)
    parts = [_WORDS]
    if len(works) < FEWEST:
        parts.append(f"<p>{TOO_FEW}</p>")
    elif not together:
        parts.append(f"<p>Among {len(works)} submissions, none stands out.</p>")
    for each in together[:_GROUPS]:
        parts.append(_group(each, by_name))
    if len(together) > _GROUPS:
        parts.append(f"<p>{len(together) - _GROUPS} more groups are in the table beside this page.</p>")  # fmt: skip
    if equal := rarely_equal(works):
        items = "".join(
            f"<li>{_words(piece)}: {', '.join(line(name, 80) for name in who[:8])}; {count} of {pairs:,} pairs have equal answers here</li>"
            for piece, who, count, pairs in equal[:_GROUPS]
        )
        parts.append(f"<h2>Equal answers where answers are seldom equal</h2><ul>{items}</ul>")
    if others:
        items = "".join(f"<li>{line(one, 80)}: {line(other, 80)}</li>" for one, other in others)
        parts.append(f"<h2>Another student's name in the notebook</h2><ul>{items}</ul>")
    return document(title, "".join(parts), _STYLE)


def _group(each: Sequence[Hint], by_name: Mapping[str, Work]) -> str:
    students = list(dict.fromkeys(name for hint in each for name in hint.pair))
    named = " and ".join(line(name, 80) for name in students[:4])
    more = f" and {len(students) - 4} more" if len(students) > 4 else ""
    several = len(students) > 2

    def between(hint: Hint) -> str:
        return f"<td>{line(hint.pair[0], 80)}, {line(hint.pair[1], 80)}</td>" if several else ""

    cells = "".join(
        f'<tr><th scope="row">{_words(hint.piece)}</th>{between(hint)}'
        f'<td class="points">{hint.share:.0%}</td><td class="points">{hint.as_alike:,} of {hint.pairs:,}</td>'
        f'<td class="points">{_expected(hint.expected)}</td></tr>'
        for hint in each[:_LINES]
    )
    heads = ["Shared", "As alike", "Expected"]
    head = '<th scope="col">Piece</th>' + ('<th scope="col">Between</th>' if several else "")
    head += "".join(f'<th scope="col" class="points">{name}</th>' for name in heads)
    texts = "".join(
        f"<details><summary>{_words(hint.piece)}, side by side</summary>{_pair(hint, by_name)}</details>"
        for hint in [hint for hint in each if hint.piece not in (ALL, NUMBERS)][:_TEXTS] or each[:1]
    )
    left = f"<p>{len(each) - _LINES} more hints are in the table beside this page.</p>" if len(each) > _LINES else ""  # fmt: skip
    return (
        f"<section><h2>{named}{more}</h2>"
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table></div>{left}{texts}</section>'
    )


def _words(piece: str) -> str:
    return line(piece.replace("_", " "), 80)


def _expected(pairs: float) -> str:
    return "under 0.001" if pairs < 0.001 else f"{pairs:.3f}"


def _pair(hint: Hint, by_name: Mapping[str, Work]) -> str:
    def text(student: str) -> str:
        work = by_name[student]
        if hint.piece == NUMBERS:  # those that both have
            common = set.intersection(*(typed(by_name[name].text(NUMBERS)) for name in hint.pair))
            return ", ".join(sorted(number for (number,) in common))
        return work.text(hint.piece)

    def column(student: str) -> str:
        whole = text(student)
        left = f"\n[{len(whole) - _SHOWN:,} more letters]" if len(whole) > _SHOWN else ""
        return f"<div><p>{line(student, 80)}</p><pre><code>{escape(whole[:_SHOWN] + left)}</code></pre></div>"  # fmt: skip

    return f'<div class="pair">{"".join(map(column, hint.pair))}</div>'


def _borrowed(
    results: Sequence[Result], others: Mapping[str, Sequence[str]]
) -> list[tuple[str, str]]:
    """Students whose notebook has the name of another student of the class where its own belongs, and that student."""
    names = Names([each.student for each in results], others)
    known, found = {each.student for each in results}, []
    for each in results:
        for note in each.notes:
            told = re.match(rf"{OTHER_NAME}(.+); marked with the numbers of ", note)
            if told and (other := names.meant(told[1])) in known and other != each.student:
                found.append((called(each.student, others), called(other, others)))
    return found


def alike(table: Path, sources: Path) -> tuple[Path, Path, str]:
    """Write the page of hints and the same as a table beside a table of marks.

    Parameters
    ----------
    table : Path
        The table that `grade` wrote.
    sources : Path
        Folder of the assignments' sources: what stands in them is no sign of anything.

    Returns
    -------
    page, table : Path
        ``grades-alike.html`` and ``grades-alike.csv`` for ``grades.csv``.
    found : str
        How many hints there are, or why nothing was compared.

    Raises
    ------
    FieldError, DataError
        If it is no such table (see `stored`), or its assignment is not among the sources.
    """
    students = stored(table)
    wanted = assignment(sources, find(sources, students[0].row["assignment"]))
    results = [each.result for each in students if each.result is not None and each.result.shown]
    names = kept_names(table.with_suffix(""))
    works = [
        replace(work(each, draws(wanted, each.student)), student=called(each.student, names))
        for each in results
    ]
    found = hints(works, [cell.source for cell in wanted.cells])
    rows = [
        dict(zip(_COLUMNS, (str(number), *hint.pair, hint.piece, f"{hint.share:.2f}", f"{hint.bits:.1f}", str(hint.as_alike), str(hint.pairs), _expected(hint.expected)), strict=True))
        for number, group in enumerate(groups(found), start=1)
        for hint in group
    ]  # fmt: skip
    where = beside(table, "alike")
    number, _, words = wanted.name.partition("_")
    title = f"Assignment {number}, {words.replace('_', ' ')}: what is alike"
    content = page(title, works, found, _borrowed(results, names))
    write_whole(where[0], content.encode(errors="replace"))
    write_whole(where[1], write_table(_COLUMNS, rows).encode())
    return *where, f"{len(rows)} hints among {len(works)} submissions" if len(
        works
    ) >= FEWEST else TOO_FEW
