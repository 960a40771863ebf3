"""What the commands for coursework share: arguments that several take, and what several tell."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from ..errors import FieldError
from ..ground.paths import given

__all__ = ["add_assignment", "add_sources", "add_table", "tell_changed", "with_packages"]


def add_assignment(parser: argparse.ArgumentParser) -> None:
    """Which assignment, and where its source is (`add_sources`)."""
    parser.add_argument("assignment", metavar="A", help="number or name, such as 1")
    add_sources(parser)


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Where the assignments' sources are."""
    parser.add_argument(
        "--sources",
        type=given,
        metavar="FOLDER",
        help="the assignments with their solutions (default: what MIRAGE_ASSIGNMENTS names, or notebooks/assignments here "
        "or in the checkout that this library is part of)",
    )


def add_table(parser: argparse.ArgumentParser) -> None:
    """A table of marks that is there."""
    parser.add_argument("table", type=given, metavar="OUT.csv", help="the table that 'grade' wrote")


def with_packages(
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


def tell_changed(table: Path) -> None:
    """Say which scores somebody changed in the table itself, on standard error."""
    from ..coursework.course.stored import changed_by_hand

    for sentence in changed_by_hand(table):
        print(f"mirage_utils: {sentence}", file=sys.stderr)
