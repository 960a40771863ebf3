"""The command ``feedback``."""

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
        "feedback",
        help="put marked essays into the table and the pages",
        description="Read what people wrote into essays.csv and overrides.csv beside the pages, and write table and pages anew.",
    )
    add_table(parser)
    parser.set_defaults(run=with_packages(_feedback))


def _feedback(options: argparse.Namespace) -> None:
    from ..coursework.course.marks import update

    tell_changed(options.table)
    results = update(options.table)
    waiting = sum(each.waiting for r in results if r.status == "essays" for each in r.exercises)
    print(f"{options.table}: {waiting} essay(s) still to be marked")
