"""The command ``overview``."""

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
        "overview",
        help="how the class did, on one page",
        description="Write marks, questions, commonest reasons, and who is missing, late or waits to be read, as a page "
        "(OUT-class.html) and as a table (OUT-class.csv), for whoever teaches the class.",
    )
    add_table(parser)
    parser.set_defaults(run=with_packages(_overview))


def _overview(options: argparse.Namespace) -> None:
    from ..coursework.overview.page import overview

    tell_changed(options.table)
    for path in overview(options.table):
        print(path)
