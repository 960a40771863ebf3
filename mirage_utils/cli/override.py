"""The command ``override``."""

from __future__ import annotations

import argparse

from .course_options import add_table, tell_changed, with_packages

__all__ = ["add_command"]


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser = commands.add_parser(
        "override",
        help="give other points than the machine's",
        description="Write a row into overrides.csv beside the pages, and table and pages anew. The points hold until the "
        "student hands in something else.",
    )
    add_table(parser)
    parser.add_argument("student", metavar="STUDENT", help="by any name in the class list")
    parser.add_argument("exercise", metavar="EXERCISE", help="such as test_slope")
    parser.add_argument("points", metavar="POINTS", help="what it gets in all")
    parser.add_argument("--comment", default="", metavar="TEXT", help="for the student")
    parser.set_defaults(run=with_packages(_override))


def _override(options: argparse.Namespace) -> None:
    from ..coursework.course.marks import override

    tell_changed(options.table)
    override(options.table, options.student, options.exercise, options.points, options.comment)
    print(options.table.with_suffix("") / "overrides.csv")
