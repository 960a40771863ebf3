"""The command ``collect``."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, tzinfo

from ..ground.paths import given
from .course_options import with_packages

__all__ = ["add_command"]


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser = commands.add_parser(
        "collect",
        help="unpack a platform's zip of all submissions",
        description="Unpack what Moodle, Canvas or nbgrader hand out into one folder a student, as 'grade' wants them. Given "
        "again with a newer zip, it writes what is new or changed.",
        epilog="Exit status: 1 if nothing could be collected, or folders were kept because somebody changed them.",
    )
    parser.add_argument(
        "zip", type=given, metavar="ZIP", help="the zip, or a folder with its content"
    )
    parser.add_argument("submissions", type=given, metavar="IN", help="the folder to fill")
    parser.add_argument(
        "--roster", type=given, metavar="CSV", help="the class list, as the platform exports it"
    )
    parser.add_argument(
        "--zone",
        type=_zone,
        metavar="ZONE",
        help="of its times, such as Europe/Berlin (default: as here)",
    )
    parser.add_argument(
        "--assignment", metavar="A", help="which, where nbgrader's folder holds several"
    )
    parser.add_argument(
        "--replace", action="store_true", help="also folders that somebody has changed since"
    )
    parser.set_defaults(run=with_packages(_collect))


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
