"""A comparison as files: one page to read, and every number as CSV and JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..page.reports import as_csv, colours, template, write_all
from .comparing import CORRECTED, NOT_COMPARED, Compared, Comparison
from .pictures import forest
from .words import amount, how_often, p_text

__all__ = ["lines", "page", "write"]


def write(found: Comparison, out: str | os.PathLike[str], *, source: str = "") -> list[Path]:
    """Write ``report.html``, ``comparison.csv`` and ``numbers.json`` into a folder.

    Parameters
    ----------
    found : Comparison
    out : path-like
        Made if missing. Files of these names in it are replaced, each whole or not at all, and a link
        of such a name is replaced and not followed.
    source : str
        What was compared, in words for the page.

    Returns
    -------
    list of Path

    Raises
    ------
    FieldError
        If `out` is a file.
    """
    numbers = json.dumps(found.numbers(), indent=1, allow_nan=False, ensure_ascii=False)
    content = {
        "comparison.csv": as_csv(found.table, ("task", "metric", "words")),
        "numbers.json": numbers + "\n",
        "report.html": page(found, source=source),
    }
    return write_all(out, content)


def points_of(rows: list[Compared] | tuple[Compared, ...]) -> bool:
    """Whether some comparisons are told in points."""
    return all(r.pair.points for r in rows)


def page(found: Comparison, *, source: str = "") -> str:
    """A comparison as one HTML page.

    Parameters
    ----------
    found : Comparison
    source : str
        What was compared.
    """
    counts = found.count()
    by_metric: dict[str, list[Compared]] = {}
    for r in found.rows:
        by_metric.setdefault(r.metric, []).append(r)
    told = [
        f"B is {verdict} on {n:,}"
        for verdict, n in counts.items()
        if n and verdict != "cannot tell"
    ]
    open_ = counts["cannot tell"]
    told += [f"on {open_:,} the items cannot tell"] if open_ else []
    lost = len(found.not_compared)
    lacking = f" {lost:,} more could not be compared." if lost else ""
    chance = how_often(1 - found.power)
    notes = {
        "files refused": [f"{name}: {why}" for name, why in found.refused],
        "notes on what was read": found.notes,
    }
    return (
        template(__package__)
        .render(
            source=source, first=found.first, second=found.second,
            summary=f"{len(found.rows):,} comparison{'s' * (len(found.rows) > 1)}, error rate {found.level:g}: {', '.join(told)}.{lacking}",
            forests=[
                forest(rows, points_of(rows), level=found.level, chance=chance)
                for rows in by_metric.values()
            ],
            rows=[
                {
                    "task": r.task, "metric": r.metric, "verdict": r.verdict, "words": r.words, "notes": r.notes,
                    "result": _result(r, found.level), "more": _more(r, found), "test": r.difference.test,
                }
                for r in found.rows
            ],
            not_compared=found.not_compared,
            not_compared_chip=NOT_COMPARED,
            head_of_results=["task", "metric", "n", "A", "B", "B − A", f"{1 - found.level:.0%} interval", "p", "Holm", "detectable"],
            head_of_more=[
                "task", "metric", "clusters", "left out", "B lower", "B higher", "error", "BH",
                *(["items needed"] if found.asked is not None else []), "test",
            ],
            unit=_unit(found),
            corrected=CORRECTED.replace("p-values", "P-values"),
            often=f"with the chance {found.power:g}, at the uncorrected level {found.level:g}",
            needed="" if found.asked is None else f"; items needed are those that would show a difference of {_asked(found)}",
            clustered=", and for clusters like these" if any(r.pair.cluster is not None for r in found.rows) else "",
            notes=[(title, lines) for title, lines in notes.items() if lines],
            colours=colours(),
        )
        .lstrip()
    )  # fmt: skip


def _needed(r: Compared) -> str:
    return "?" if r.items_needed is None else f"{r.items_needed:,}"


def _asked(found: Comparison) -> str:
    """The difference of which the number of items was asked, in the unit of the others."""
    asked = found.asked or 0.0
    return f"{100 * asked:g} points" if points_of(found.rows) else f"{asked:g}"


def _result(r: Compared, level: float) -> list[str]:
    """What is found, as on the screen."""
    d, points = r.difference, points_of([r])
    low, high = (amount(v, points) for v in (d.low, d.high))
    return [
        f"{d.n:,}", amount(d.first, points, 4), amount(d.second, points, 4), amount(d.value, points), f"{low} to {high}",
        p_text(d.p, level), p_text(r.p_holm, level), amount(r.detectable, points),
    ]  # fmt: skip


def _more(r: Compared, found: Comparison) -> list[str]:
    d = r.difference
    made = [
        f"{d.clusters:,}", f"{len(r.left_out):,}", f"{d.lower:,}", f"{d.higher:,}",
        "" if d.error != d.error else f"{100 * d.error:.2f}" if points_of([r]) else f"{d.error:.4g}", p_text(r.p_bh, found.level),
    ]  # fmt: skip
    return made if found.asked is None else [*made, _needed(r)]


def _unit(found: Comparison) -> str:
    mixed = any(points_of([r]) for r in found.rows)
    return "A, B and differences of fractions are in points (hundredths); " if mixed else ""


def lines(found: Comparison) -> list[str]:
    """A comparison as text for a screen: a table, and below it every row in words.

    Parameters
    ----------
    found : Comparison
    """
    head = [
        "task",
        "metric",
        "n",
        "A",
        "B",
        "B - A",
        f"{1 - found.level:.0%} interval",
        "p",
        "Holm",
        "BH",
        "detectable",
    ]
    if found.asked is not None:
        head.append(f"items for {_asked(found)}")
    table = [head]
    for r in found.rows:
        d, points = r.difference, points_of([r])
        low, high = (amount(v, points) for v in (d.low, d.high))
        row = [
            r.task, r.metric, f"{d.n:,}", amount(d.first, points, 4), amount(d.second, points, 4), amount(d.value, points),
            f"{low} to {high}", *(p_text(v, found.level) for v in (d.p, r.p_holm, r.p_bh)), amount(r.detectable, points),
        ]  # fmt: skip
        table.append(row if found.asked is None else [*row, _needed(r)])
    table += [
        [r.task, r.metric, *[""] * 4, NOT_COMPARED, *[""] * (len(head) - 7)]
        for r in found.not_compared
    ]
    widths = [max(len(row[k]) for row in table) for k in range(len(head))]
    made = [
        "  ".join(
            cell.ljust(w) if k < 2 else cell.rjust(w)
            for k, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
    told = [f"{r.task}, {r.metric}: {r.words}" for r in found.rows]
    told += [r.note for r in found.not_compared]
    return [
        f"A: {found.first}", f"B: {found.second}", "", *made, "", *told, "",
        f"{_unit(found)}{CORRECTED}; detectable: seen with the chance {found.power:g} at level {found.level:g}, uncorrected",
    ]  # fmt: skip
