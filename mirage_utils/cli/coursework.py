"""Commands for coursework: ``check`` for students; the others, from ``release`` to ``handback``, for teachers."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FieldError
from ..ground.paths import given

if TYPE_CHECKING:
    from ..coursework.course.lateness import Policy

__all__ = ["add_commands"]


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to a parser."""
    looking = commands.add_parser(
        "check",
        help="look an assignment over before handing it in",
        description="Run a notebook from the top, with its visible tests, and say what is still to be done.",
        epilog="Exit status: 0 when nothing is left to do, 1 when something is (0 with --exit-zero) or the notebook cannot "
        "be read.",
    )
    looking.add_argument(
        "notebook", metavar="NOTEBOOK", help="a notebook, or the number of a released assignment"
    )
    looking.add_argument(
        "--released",
        type=given,
        default=Path("release"),
        metavar="FOLDER",
        help="where assignments called by number are (default: release)",
    )
    looking.add_argument(
        "--exit-zero", action="store_true", help="status 0 also where something is left to do"
    )
    looking.set_defaults(run=_with_packages(_check))

    out = commands.add_parser(
        "release",
        help="make the students' version of an assignment",
        description="Write an assignment without solutions and hidden tests.",
    )
    _assignment(out)
    out.add_argument(
        "--out", type=given, default=Path("release"), metavar="FOLDER", help="default: release"
    )
    out.add_argument(
        "--roster",
        type=given,
        metavar="CSV",
        help="write one notebook for each name of this class list",
    )
    out.add_argument(
        "--replace",
        action="store_true",
        help="write over notebooks that are there already, with whatever was written in them",
    )
    out.set_defaults(run=_with_packages(_release))

    collecting = commands.add_parser(
        "collect",
        help="unpack a platform's zip of all submissions",
        description="Unpack what Moodle, Canvas or nbgrader hand out into one folder a student, as 'grade' wants them. Given "
        "again with a newer zip, it writes what is new or changed.",
        epilog="Exit status: 1 if nothing could be collected, or folders were kept because somebody changed them.",
    )
    collecting.add_argument(
        "zip", type=given, metavar="ZIP", help="the zip, or a folder with its content"
    )
    collecting.add_argument("submissions", type=given, metavar="IN", help="the folder to fill")
    collecting.add_argument(
        "--roster", type=given, metavar="CSV", help="the class list, as the platform exports it"
    )
    collecting.add_argument(
        "--zone",
        type=_zone,
        metavar="ZONE",
        help="of its times, such as Europe/Berlin (default: as here)",
    )
    collecting.add_argument(
        "--assignment", metavar="A", help="which, where nbgrader's folder holds several"
    )
    collecting.add_argument(
        "--replace", action="store_true", help="also folders that somebody has changed since"
    )
    collecting.set_defaults(run=_with_packages(_collect))

    marking = commands.add_parser(
        "grade",
        help="mark a folder of submissions",
        description="Mark every sub-folder (one a student) in a process of its own, and write a CSV table, a page for "
        "each student, and a sheet for the essays. Run again, it goes on where it was.",
    )
    _assignment(marking)
    marking.add_argument(
        "submissions", type=given, metavar="IN", help="folder with one sub-folder a student"
    )
    marking.add_argument("table", type=given, metavar="OUT.csv")
    marking.add_argument(
        "--roster", type=given, metavar="CSV", help="the class list: who is missing, who is unknown"
    )
    marking.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="side by side (default: all cores)"
    )
    marking.add_argument(
        "--due", type=_time, metavar="TIME", help="with its zone, such as 2026-11-30T18:00+01:00"
    )
    marking.add_argument(
        "--late",
        default="note",
        metavar="RULE",
        help="what a late submission gets: note (the default), zero, or less for each day or hour begun, as in 10%%/day, 2%%/hour",
    )
    marking.add_argument(
        "--grace", metavar="TIME", help="by how much nobody is late, such as 15min, 2h or 1d"
    )
    marking.add_argument(
        "--late-most",
        metavar="SHARE",
        help="the most that is taken off by day or hour, such as 50%%",
    )
    marking.add_argument(
        "--extensions",
        type=given,
        metavar="CSV",
        help="who may hand in until when else: columns student and until",
    )
    marking.add_argument(
        "--anonymous", action="store_true", help="pseudonyms for names in the sheet of the essays"
    )
    marking.add_argument(
        "--sandbox",
        metavar="KIND",
        default=os.environ.get("MIRAGE_SANDBOX", "auto"),
        help="bubblewrap (default), or limits, which protect less and have to be asked for: here or by MIRAGE_SANDBOX",
    )
    marking.add_argument("--cell-seconds", type=float, default=60, help="for one cell (default 60)")
    marking.add_argument(
        "--total-seconds", type=float, default=600, help="for one notebook (default 600)"
    )
    marking.set_defaults(run=_with_packages(_grade))

    essays = commands.add_parser(
        "feedback",
        help="put marked essays into the table and the pages",
        description="Read what people wrote into essays.csv and overrides.csv beside the pages, and write table and pages anew.",
    )
    essays.add_argument("table", type=given, metavar="OUT.csv", help="the table that 'grade' wrote")
    essays.set_defaults(run=_with_packages(_feedback))

    other = commands.add_parser(
        "override",
        help="give other points than the machine's",
        description="Write a row into overrides.csv beside the pages, and table and pages anew. The points hold until the "
        "student hands in something else.",
    )
    other.add_argument("table", type=given, metavar="OUT.csv", help="the table that 'grade' wrote")
    other.add_argument("student", metavar="STUDENT", help="by any name in the class list")
    other.add_argument("exercise", metavar="EXERCISE", help="such as test_slope")
    other.add_argument("points", metavar="POINTS", help="what it gets in all")
    other.add_argument("--comment", default="", metavar="TEXT", help="for the student")
    other.set_defaults(run=_with_packages(_override))

    exporting = commands.add_parser("export", help="write marks as Canvas or Moodle import them")
    exporting.add_argument(
        "table", type=given, metavar="OUT.csv", help="the table that 'grade' wrote"
    )
    exporting.add_argument("style", choices=("canvas", "moodle"))
    exporting.add_argument("out", type=given, metavar="FILE.csv")
    exporting.add_argument("--roster", type=given, metavar="CSV", help="as exported from there")
    exporting.add_argument(
        "--column",
        metavar="NAME",
        help="the assignment's column in Canvas's list, if several could be it",
    )
    exporting.add_argument(
        "--with-unread",
        action="store_true",
        help="also the marks of those whose essay has not been read",
    )
    exporting.set_defaults(run=_with_packages(_export))

    seeing = commands.add_parser(
        "overview",
        help="how the class did, on one page",
        description="Write marks, questions, commonest reasons, and who is missing, late or waits to be read, as a page "
        "(OUT-class.html) and as a table (OUT-class.csv), for whoever teaches the class.",
    )
    seeing.add_argument("table", type=given, metavar="OUT.csv", help="the table that 'grade' wrote")
    seeing.set_defaults(run=_with_packages(_overview))

    comparing = commands.add_parser(
        "alike",
        help="which submissions share what hardly anybody else wrote",
        description="Write hints with their base rate in the class, as a page (OUT-alike.html) and as a table "
        "(OUT-alike.csv), for whoever teaches the class. A hint says nothing about its cause: read both texts first.",
    )
    comparing.add_argument("table", type=given, metavar="OUT.csv", help="the table that 'grade' wrote")  # fmt: skip
    _sources(comparing)
    comparing.set_defaults(run=_with_packages(_alike))

    back = commands.add_parser(
        "handback",
        help="pack the feedback pages for the platform",
        description="Pack the feedback pages into one zip, each named so that Moodle, Canvas or nbgrader hand it to its student.",
    )
    back.add_argument("table", type=given, metavar="OUT.csv", help="the table that 'grade' wrote")
    back.add_argument(
        "submissions", type=given, metavar="IN", help="the folder that 'collect' filled"
    )
    back.add_argument("out", type=given, metavar="FILE.zip")
    back.set_defaults(run=_with_packages(_handback))


def _assignment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("assignment", metavar="A", help="number or name, such as 1")
    _sources(parser)


def _sources(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sources",
        type=given,
        metavar="FOLDER",
        help="the assignments with their solutions (default: what MIRAGE_ASSIGNMENTS names, or notebooks/assignments here "
        "or in the checkout that this library is part of)",
    )


def _with_packages(
    command: Callable[[argparse.Namespace], int | None],
) -> Callable[[argparse.Namespace], int | None]:
    """The command, with word of the packages it needs where they are not installed."""

    def run(options: argparse.Namespace) -> int | None:
        try:
            return command(options)
        except ModuleNotFoundError as error:
            if (error.name or "mirage_utils").startswith("mirage_utils"):  # a fault of this program
                raise
            raise FieldError(
                "course",
                error.name,
                "the extra packages: pip install '.[course]' in the book's folder",
            ) from None

    return run


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


def _zone(text: str) -> tzinfo:
    """A zone by its name, or by its distance from UTC."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    try:
        found = datetime.fromisoformat(f"2000-01-01T00:00{text}").tzinfo
    except ValueError:
        found = None
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no zone such as Europe/Berlin or +01:00")
    return found


def _check(options: argparse.Namespace) -> int:
    from ..coursework.handin import look_over, released_notebook

    try:
        path = given(options.notebook)
    except argparse.ArgumentTypeError:
        raise FieldError(
            "A", options.notebook, "the number of an assignment, or the name of a notebook"
        ) from None
    if not path.exists() and path.suffix.lower() != ".ipynb":
        path = released_notebook(options.notebook, options.released)
        print(path)
    findings = look_over(path)
    for each in findings:
        print(f"{'ok' if each.ok else '--'}  {each.name}: {each.text}")
    left = sum(not each.ok for each in findings)
    print("Nothing is left to do." if not left else f"{left} thing(s) left to do.")
    return 1 if left and not options.exit_zero else 0


def _release(options: argparse.Namespace) -> None:
    from ..coursework.assignments.source import find, sources
    from ..coursework.platforms.rosters import roster
    from ..coursework.release import release

    folder = sources(options.sources)

    students = roster(options.roster) if options.roster else []
    name = find(folder, options.assignment)
    for path in release(folder, name, options.out, students, replace=options.replace):
        print(path)


def _collect(options: argparse.Namespace) -> int:
    from ..coursework.platforms.collect import collect

    done = collect(
        options.zip,
        options.submissions,
        options.roster,
        zone=options.zone,
        assignment=options.assignment,
        replace_changed=options.replace,
    )
    for sentence in done.told:
        print(f"mirage_utils: {sentence}", file=sys.stderr)
    states = list(done.students.values())
    counts = ", ".join(f"{states.count(each)} {each}" for each in dict.fromkeys(states))
    print(f"{options.submissions}: {len(states)} students, {counts}")
    if done.missing:
        print(f"without a file: {', '.join(done.missing)}")
    return 1 if "kept" in states else 0


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


def _override(options: argparse.Namespace) -> None:
    from ..coursework.course.marks import override

    _tell_changed(options.table)
    override(options.table, options.student, options.exercise, options.points, options.comment)
    print(options.table.with_suffix("") / "overrides.csv")


def _feedback(options: argparse.Namespace) -> None:
    from ..coursework.course.marks import update

    _tell_changed(options.table)
    results = update(options.table)
    waiting = sum(each.waiting for r in results if r.status == "essays" for each in r.exercises)
    print(f"{options.table}: {waiting} essay(s) still to be marked")


def _tell_changed(table: Path) -> None:
    from ..coursework.course.stored import changed_by_hand

    for sentence in changed_by_hand(table):
        print(f"mirage_utils: {sentence}", file=sys.stderr)


def _export(options: argparse.Namespace) -> None:
    from ..coursework.handing_back.marks import export

    _tell_changed(options.table)
    for sentence in export(
        options.table,
        options.style,
        options.out,
        options.roster,
        column=options.column,
        with_unread=options.with_unread,
    ):
        print(f"mirage_utils: {sentence}", file=sys.stderr)
    print(options.out)


def _handback(options: argparse.Namespace) -> None:
    from ..coursework.handing_back.pages import handback

    for sentence in handback(options.table, options.submissions, options.out):
        print(f"mirage_utils: {sentence}", file=sys.stderr)
    print(options.out)


def _overview(options: argparse.Namespace) -> None:
    from ..coursework.overview.page import overview

    _tell_changed(options.table)
    for path in overview(options.table):
        print(path)


def _alike(options: argparse.Namespace) -> None:
    from ..coursework.assignments.source import sources
    from ..coursework.similarity.page import alike

    *paths, found = alike(options.table, sources(options.sources))
    print(*paths, sep="\n")
    print(found, file=sys.stderr)
