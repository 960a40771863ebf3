"""Commands for coursework: ``check`` for students; ``release``, ``grade``, ``feedback``, ``export`` for teachers."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime
from pathlib import Path

from ..errors import FieldError

__all__ = ["add_commands"]

SOURCES = Path("notebooks") / "assignments"


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the five commands to a parser."""
    looking = commands.add_parser(
        "check",
        help="look an assignment over before handing it in",
        description="Run a notebook from the top, with its visible tests, and say what is still to be done.",
    )
    looking.add_argument("notebook", type=Path, metavar="NOTEBOOK")
    looking.set_defaults(run=_check)

    out = commands.add_parser(
        "release",
        help="make the students' version of an assignment",
        description="Write an assignment without solutions and hidden tests.",
    )
    _assignment(out)
    out.add_argument(
        "--out", type=Path, default=Path("release"), metavar="FOLDER", help="default: release"
    )
    out.add_argument(
        "--roster",
        type=Path,
        metavar="CSV",
        help="write one notebook for each name of this class list",
    )
    out.set_defaults(run=_release)

    marking = commands.add_parser(
        "grade",
        help="mark a folder of submissions",
        description="Mark every sub-folder (one a student) in a process of its own, and write a CSV table, a page for "
        "each student, and a sheet for the essays. Run again, it goes on where it was.",
    )
    _assignment(marking)
    marking.add_argument(
        "submissions", type=Path, metavar="IN", help="folder with one sub-folder a student"
    )
    marking.add_argument("table", type=Path, metavar="OUT.csv")
    marking.add_argument(
        "--roster", type=Path, metavar="CSV", help="the class list: who is missing, who is unknown"
    )
    marking.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="side by side (default: all cores)"
    )
    marking.add_argument(
        "--due", type=_time, metavar="TIME", help="with its zone, such as 2026-11-30T18:00+01:00"
    )
    marking.add_argument(
        "--late", choices=("note", "zero"), default="note", help="what a late submission gets"
    )
    marking.add_argument(
        "--sandbox",
        choices=("auto", "bubblewrap", "limits"),
        default="auto",
        help="how code is kept in (default: auto)",
    )
    marking.add_argument("--cell-seconds", type=float, default=60, help="for one cell (default 60)")
    marking.add_argument(
        "--total-seconds", type=float, default=600, help="for one notebook (default 600)"
    )
    marking.set_defaults(run=_grade)

    essays = commands.add_parser(
        "feedback",
        help="put marked essays into the table and the pages",
        description="Read the points from essays.csv beside the pages, and write table and pages anew.",
    )
    essays.add_argument("table", type=Path, metavar="OUT.csv", help="the table that 'grade' wrote")
    essays.set_defaults(run=_feedback)

    exporting = commands.add_parser("export", help="write marks as Canvas or Moodle import them")
    exporting.add_argument(
        "table", type=Path, metavar="OUT.csv", help="the table that 'grade' wrote"
    )
    exporting.add_argument("style", choices=("canvas", "moodle"))
    exporting.add_argument("out", type=Path, metavar="FILE.csv")
    exporting.add_argument("--roster", type=Path, metavar="CSV", help="as exported from there")
    exporting.set_defaults(run=_export)


def _assignment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("assignment", metavar="A", help="number or name, such as 1")
    parser.add_argument(
        "--sources",
        type=Path,
        default=SOURCES,
        metavar="FOLDER",
        help=f"default: {SOURCES.as_posix()}",
    )


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time such as 2026-11-30T18:00+01:00"
        ) from None


def _check(options: argparse.Namespace) -> int:
    from .handin import look_over

    findings = look_over(options.notebook)
    for each in findings:
        print(f"{'ok' if each.ok else '--'}  {each.name}: {each.text}")
    left = sum(not each.ok for each in findings)
    print("Nothing is left to do." if not left else f"{left} thing(s) left to do.")
    return 1 if left else 0


def _release(options: argparse.Namespace) -> None:
    from .assignments import find
    from .exports import roster
    from .release import release

    students = roster(options.roster) if options.roster else []
    name = find(options.sources, options.assignment)
    for path in release(options.sources, name, options.out, students):
        print(path)


def _grade(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from .assignments import find
    from .course import Settings, grade
    from .exports import roster
    from .sandbox import Limits, kind_of_sandbox

    settings = Settings(
        jobs=options.jobs,
        limits=Limits(cell_seconds=options.cell_seconds, total_seconds=options.total_seconds),
        sandbox=options.sandbox,
        due=options.due,
        late=options.late,
        secret=os.environ.get("MIRAGE_COURSE_SECRET", ""),
    )
    if settings.sandbox == "limits" or (
        settings.sandbox == "auto" and kind_of_sandbox() == "limits"
    ):
        print(
            "mirage_utils: bubblewrap is not used: submissions are fenced by limits, and can read files of this user",
            file=sys.stderr,
        )
    if not options.submissions.is_dir():
        raise FieldError("IN", str(options.submissions), "a folder with one sub-folder a student")
    names = roster(options.roster) if options.roster else None
    count = sum(path.is_dir() for path in options.submissions.iterdir())
    with tqdm(total=count, unit="submission", disable=None) as bar:
        results = grade(
            options.sources,
            find(options.sources, options.assignment),
            options.submissions,
            options.table,
            settings,
            roster=names,
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


def _feedback(options: argparse.Namespace) -> None:
    from .course import mark_essays

    results = mark_essays(options.table)
    waiting = sum(
        each.essay and bool(each.answer) and not each.reason
        for r in results
        for each in r.exercises
    )
    print(f"{options.table}: {len(results)} students, {waiting} essay(s) still to be marked")


def _export(options: argparse.Namespace) -> None:
    from .exports import export

    for student in export(options.table, options.style, options.out, options.roster):
        print(f"mirage_utils: {student} is not in the class list, no mark written", file=sys.stderr)
    print(options.out)
