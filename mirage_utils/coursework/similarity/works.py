"""What one student wrote, piece by piece."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..assignments.cells import identifier
from ..assignments.source import Assignment
from ..marking.results import Result
from ..variation import Variation

__all__ = ["ALL", "NUMBERS", "OWN", "Work", "draws", "work"]

OWN, ALL, NUMBERS = "cells of one's own", "answers taken together", "numbers"


@dataclass(frozen=True)
class Work:
    """What one student wrote.

    Attributes
    ----------
    student : str
    answers : dict of str to str
        Code by cell, with `OWN` for the cells of one's own.
    essays : dict of str to str
    drawn : tuple
        The numbers that follow from the name, in the order of the assignment.
    """

    student: str
    answers: Mapping[str, str] = field(default_factory=dict)
    essays: Mapping[str, str] = field(default_factory=dict)
    drawn: tuple[Any, ...] = ()

    def text(self, piece: str) -> str:
        """What a piece consists of."""
        if piece in (ALL, NUMBERS):  # what they are taken from
            essays = self.essays.values() if piece == NUMBERS else ()
            return "\n".join([*self.answers.values(), *essays])
        return self.answers.get(piece) or self.essays.get(piece, "")


def work(result: Result, drawn: tuple[Any, ...] = ()) -> Work:
    """What a stored result holds of a student's writing; answers as they were handed out are left out."""
    answers: dict[str, str] = {}
    essays: dict[str, str] = {}
    own = []
    for cell in result.shown:
        source = cell.get("source", "")
        if cell.get("essay"):
            essays[cell["essay"]] = source
        elif cell.get("cell"):
            answers[cell["cell"]] = source
        elif "cell" in cell and not re.match(r"\s*STUDENT\s*=", source):
            own.append(source)
    answers = {name: code for name, code in answers.items() if "raise NotImplementedError" not in code}  # fmt: skip
    return Work(result.student, {**answers, OWN: "\n".join(own)}, essays, drawn)


def draws(wanted: Assignment, student: str) -> tuple[Any, ...]:
    """What an assignment draws for a student, as far as its given cells say it in literals."""
    mine = Variation(student, wanted.name)
    found = []
    for cell in wanted.cells:
        if wanted.kind(identifier(cell)) != "given":
            continue
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                name = node.func.attr
                if name in ("choose", "number", "size", "whole") and isinstance(
                    node.func.value, ast.Name
                ):
                    try:
                        found.append(getattr(mine, name)(*map(ast.literal_eval, node.args)))
                    except (ValueError, TypeError):
                        continue  # of something that only the cell knows
    return tuple(found)
