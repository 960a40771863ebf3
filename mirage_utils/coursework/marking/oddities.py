"""What a teacher should know of a notebook, without any effect on the mark, and whose numbers it is marked with."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..assignments.cells import identifier, visible
from ..assignments.source import Assignment
from ..assignments.submission import Handed
from ..variation import normalised
from .results import one_line

__all__ = ["OTHER_NAME", "oddities", "own_name"]

OTHER_NAME = "the name in the notebook is "
"""How the note begins that a result has of it."""
# No quote of the same kind within: an empty name, and quotes in a comment after it, are no name.
_NAMED = re.compile(r"""^STUDENT\s*=\s*(["'])((?:(?!\1).)+)\1""", re.M)


def oddities(wanted: Assignment, handed: Handed) -> list[str]:
    """What a teacher should know of the cells, without any effect on the mark."""
    names = [name for name in map(identifier, handed.cells) if name is not None]
    ours = [name for name in map(identifier, wanted.cells) if name is not None]
    notes = []
    if not set(names) & set(ours):
        return ["none of the assignment's cells was found; looked for the answers in what there is"]
    marked = [name for name in ours if wanted.kind(name) != "locked"]
    deleted = [name for name in marked if name not in names]
    # An essay in several cells is no oddity: all of it is read.
    twice = [name for name in marked if names.count(name) > 1 and wanted.kind(name) != "essay"]
    changed = []
    for cell in handed.cells:
        name = identifier(cell)
        if name in ours and wanted.kind(name) == "test":
            there = visible(wanted.cell(name or "").source)
            if "".join(cell.source.split()) != "".join(there.split()):
                changed.append(name or "")
    for words, which in (
        ("deleted", deleted),
        ("more than once", twice),
        ("test changed", changed),
    ):
        if which:
            notes.append(f"{words}: {', '.join(dict.fromkeys(which))}")
    return notes


def own_name(student: str, names: Sequence[str], handed: Handed) -> tuple[str, list[str]]:
    """The name from which the numbers follow that are marked, and a note if the notebook has somebody else's."""
    found = _name_in(handed)
    meant = {normalised(each): each for each in (*names, student)}
    if not found or normalised(found) in meant:
        return meant.get(normalised(found), student), []
    note = f"{OTHER_NAME}{found[:60]}; marked with the numbers of {student}"
    return student, [one_line(note)]


def _name_in(handed: Handed) -> str:
    """The name with which a notebook draws its numbers; empty if it has none."""
    cells = [_NAMED.search(cell.source) for cell in handed.cells if cell.cell_type == "code"]
    return next((found[2] for found in cells if found), "")
