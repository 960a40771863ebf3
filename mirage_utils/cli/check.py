"""The command ``check``, for students."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import FieldError
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
        "check",
        help="look an assignment over before handing it in",
        description="Run a notebook from the top, with its visible tests, and say what is still to be done.",
        epilog="Exit status: 0 when nothing is left to do, 1 when something is (0 with --exit-zero) or the notebook cannot "
        "be read.",
    )
    parser.add_argument(
        "notebook", metavar="NOTEBOOK", help="a notebook, or the number of a released assignment"
    )
    parser.add_argument(
        "--released",
        type=given,
        default=Path("release"),
        metavar="FOLDER",
        help="where assignments called by number are (default: release)",
    )
    parser.add_argument(
        "--exit-zero", action="store_true", help="status 0 also where something is left to do"
    )
    parser.set_defaults(run=with_packages(_check))


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
