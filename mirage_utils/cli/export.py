"""The command ``export``."""

from __future__ import annotations

import argparse
import sys

from ..ground.paths import given
from .course_options import add_table, tell_changed, with_packages

__all__ = ["add_command"]


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser = commands.add_parser("export", help="write marks as Canvas or Moodle import them")
    add_table(parser)
    parser.add_argument("style", choices=("canvas", "moodle"))
    parser.add_argument("out", type=given, metavar="FILE.csv")
    parser.add_argument("--roster", type=given, metavar="CSV", help="as exported from there")
    parser.add_argument(
        "--column",
        metavar="NAME",
        help="the assignment's column in Canvas's list, if several could be it",
    )
    parser.add_argument(
        "--with-unread",
        action="store_true",
        help="also the marks of those whose essay has not been read",
    )
    parser.set_defaults(run=with_packages(_export))


def _export(options: argparse.Namespace) -> None:
    from ..coursework.handing_back.marks import export

    tell_changed(options.table)
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
