"""The command ``alike``."""

from __future__ import annotations

import argparse
import sys

from .course_options import add_sources, add_table, with_packages

__all__ = ["add_command"]


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser = commands.add_parser(
        "alike",
        help="which submissions share what hardly anybody else wrote",
        description="Write hints with their base rate in the class, as a page (OUT-alike.html) and as a table "
        "(OUT-alike.csv), for whoever teaches the class. A hint says nothing about its cause: read both texts first.",
    )
    add_table(parser)
    add_sources(parser)
    parser.set_defaults(run=with_packages(_alike))


def _alike(options: argparse.Namespace) -> None:
    from ..coursework.assignments.source import sources
    from ..coursework.similarity.page import alike

    *paths, found = alike(options.table, sources(options.sources))
    print(*paths, sep="\n")
    print(found, file=sys.stderr)
