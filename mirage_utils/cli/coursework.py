"""The commands for coursework, in the order in which a class needs them: ``check`` is for students, the others for teachers."""

from __future__ import annotations

import argparse

from . import alike, check, collect, export, feedback, grade, handback, override, overview, release

__all__ = ["add_commands"]


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    for command in (
        check, release, collect, grade, feedback, override, export, overview, alike, handback,
    ):  # fmt: skip
        command.add_command(commands)
