"""The command ``grade``."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING

from ..errors import FieldError
from ..ground.paths import given
from .course_options import add_assignment, with_packages

if TYPE_CHECKING:
    from ..coursework.course.lateness import Policy

__all__ = ["add_command"]


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser = commands.add_parser(
        "grade",
        help="mark a folder of submissions",
        description="Mark every sub-folder (one a student) in a process of its own, and write a CSV table, a page for "
        "each student, and a sheet for the essays. Run again, it goes on where it was.",
    )
    add_assignment(parser)
    parser.add_argument(
        "submissions", type=given, metavar="IN", help="folder with one sub-folder a student"
    )
    parser.add_argument("table", type=given, metavar="OUT.csv")
    parser.add_argument(
        "--roster", type=given, metavar="CSV", help="the class list: who is missing, who is unknown"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="side by side (default: all cores)"
    )
    parser.add_argument(
        "--due", type=_time, metavar="TIME", help="with its zone, such as 2026-11-30T18:00+01:00"
    )
    parser.add_argument(
        "--late",
        default="note",
        metavar="RULE",
        help="what a late submission gets: note (the default), zero, or less for each day or hour begun, as in 10%%/day, 2%%/hour",
    )
    parser.add_argument(
        "--grace", metavar="TIME", help="by how much nobody is late, such as 15min, 2h or 1d"
    )
    parser.add_argument(
        "--late-most",
        metavar="SHARE",
        help="the most that is taken off by day or hour, such as 50%%",
    )
    parser.add_argument(
        "--extensions",
        type=given,
        metavar="CSV",
        help="who may hand in until when else: columns student and until",
    )
    parser.add_argument(
        "--anonymous", action="store_true", help="pseudonyms for names in the sheet of the essays"
    )
    parser.add_argument(
        "--sandbox",
        metavar="KIND",
        default=os.environ.get("MIRAGE_SANDBOX", "auto"),
        help="bubblewrap (default), or limits, which protect less and have to be asked for: here or by MIRAGE_SANDBOX",
    )
    parser.add_argument("--cell-seconds", type=float, default=60, help="for one cell (default 60)")
    parser.add_argument(
        "--total-seconds", type=float, default=600, help="for one notebook (default 600)"
    )
    parser.set_defaults(run=with_packages(_grade))


def _grade(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from ..coursework.assignments.source import find, sources
    from ..coursework.course.grading import grade
    from ..coursework.course.settings import Settings
    from ..coursework.platforms.rosters import other_names
    from ..coursework.sandbox import Limits, without_bubblewrap

    folder = sources(options.sources)
    name = find(folder, options.assignment)

    settings = Settings(
        jobs=options.jobs,
        limits=Limits(cell_seconds=options.cell_seconds, total_seconds=options.total_seconds),
        sandbox=options.sandbox,
        lateness=_lateness(options),
        secret=os.environ.get("MIRAGE_COURSE_SECRET", ""),
    )
    if settings.sandbox == "limits":
        print(
            f"mirage_utils: submissions are fenced by limits alone, as you asked: {without_bubblewrap()}",
            file=sys.stderr,
        )
    if not options.submissions.is_dir():
        raise FieldError("IN", str(options.submissions), "a folder with one sub-folder a student")
    names = other_names(options.roster) if options.roster else None
    count = sum(path.is_dir() for path in options.submissions.iterdir())
    with tqdm(total=count, unit="submission", disable=None) as bar:
        results = grade(
            folder,
            name,
            options.submissions,
            options.table,
            settings,
            roster=list(names) if names is not None else None,
            names=names,
            anonymous=options.anonymous,
            said=lambda sentence: print(f"mirage_utils: {sentence}", file=sys.stderr),
            told=lambda result, before: bar.update() and None,
        )
    by_status: dict[str, int] = {}
    for each in results:
        by_status[each.status] = by_status.get(each.status, 0) + 1
    print(
        f"{options.table}: "
        + ", ".join(f"{count} {status}" for status, count in sorted(by_status.items()))
    )
    print(f"{options.table.with_suffix('')}: a page for each student")
    return 1 if by_status.get("failed") else 0


def _lateness(options: argparse.Namespace) -> Policy:
    from ..coursework.course.lateness import Policy, duration, extensions, percent

    return Policy(
        due=options.due,
        late=options.late,
        grace=duration(options.grace or "0min"),
        most=percent(options.late_most or "100%"),
        extensions=extensions(options.extensions) if options.extensions else {},
    )


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time with its zone, such as 2026-11-30T18:00+01:00"
        )
    return found
