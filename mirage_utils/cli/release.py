"""The command ``release``."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..ground.paths import given
from .course_options import add_assignment, with_packages

__all__ = ["add_command"]


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser = commands.add_parser(
        "release",
        help="make the students' version of an assignment",
        description="Write an assignment without solutions and hidden tests.",
    )
    add_assignment(parser)
    parser.add_argument(
        "--out", type=given, default=Path("release"), metavar="FOLDER", help="default: release"
    )
    parser.add_argument(
        "--roster",
        type=given,
        metavar="CSV",
        help="write one notebook for each name of this class list",
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="write over notebooks that are there already, with whatever was written in them",
    )
    parser.set_defaults(run=with_packages(_release))


def _release(options: argparse.Namespace) -> None:
    from ..coursework.assignments.source import find, sources
    from ..coursework.platforms.rosters import roster
    from ..coursework.release import release

    folder = sources(options.sources)

    students = roster(options.roster) if options.roster else []
    name = find(folder, options.assignment)
    for path in release(folder, name, options.out, students, replace=options.replace):
        print(path)
