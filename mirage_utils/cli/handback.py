"""The command ``handback``."""

from __future__ import annotations

import argparse
import sys

from ..ground.paths import given
from .course_options import add_table, with_packages

__all__ = ["add_command"]


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser = commands.add_parser(
        "handback",
        help="pack the feedback pages for the platform",
        description="Pack the feedback pages into one zip, each named so that Moodle, Canvas or nbgrader hand it to its student.",
    )
    add_table(parser)
    parser.add_argument(
        "submissions", type=given, metavar="IN", help="the folder that 'collect' filled"
    )
    parser.add_argument("out", type=given, metavar="FILE.zip")
    parser.set_defaults(run=with_packages(_handback))


def _handback(options: argparse.Namespace) -> None:
    from ..coursework.handing_back.pages import handback

    for sentence in handback(options.table, options.submissions, options.out):
        print(f"mirage_utils: {sentence}", file=sys.stderr)
    print(options.out)
