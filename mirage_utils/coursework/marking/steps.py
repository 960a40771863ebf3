"""The order of things: the student's cells, with the source's tests and givens at their places, and the essays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..assignments.cells import essays, identifier
from ..assignments.source import Assignment, Exercise
from .results import Marked
from .running import Run

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["plan"]

_LONGEST = 100_000  # letters of an essay


def plan(wanted: Assignment, cells: list[NotebookNode]) -> Iterator[_Student | _Test | _Essay]:
    """Every step in order: the student's cells, with the source's tests and givens at their places.

    The place of a cell of the source is its place in the student's notebook (the last, if there are several). A cell
    that the student deleted comes right after the nearest cell before it that is still there. Without any, a given cell
    comes first and a test last.
    """
    names = [identifier(cell) for cell in cells]
    last = {name: at for at, name in enumerate(names) if name is not None}
    parts = essays(cells, wanted)
    tests = {each.name: each for each in wanted.exercises if not each.essay}
    after: dict[int, list[_Student | _Test]] = {}
    answers: list[str] = []
    at, tested = -1, False
    for cell in wanted.cells:
        name = identifier(cell)
        if name is None:
            continue
        kind = wanted.kind(name)
        present = name in last
        at = last[name] if present else at
        if kind == "answer":
            answers = [name] if tested else [*answers, name]
            tested = False
        elif kind == "test":
            missing = tuple(each for each in answers if each not in last)
            step = _Test(tests[name], cell.source, tuple(answers), missing)
            after.setdefault(at if at >= 0 else len(cells) - 1, []).append(step)
            tested = True  # and the next test is of the same answers, if no other comes first
        elif kind in ("given", "locked") and cell.cell_type == "code" and not present:
            after.setdefault(at, []).append(_Student(cell, name, "locked"))
    yield from after.get(-1, [])
    for at, (name, cell) in enumerate(zip(names, cells, strict=True)):
        kind = wanted.kind(name)
        if kind in ("given", "locked") and name is not None:
            if last[name] == at and cell.cell_type == "code":
                yield _Student(wanted.cell(name), name, "locked")
        elif kind in ("own", "answer") and cell.cell_type == "code":
            # A name that the assignment does not know may be anything, and of any length.
            yield _Student(cell, name if kind == "answer" else None, kind)
        yield from after.get(at, [])
    for each in wanted.exercises:
        if each.essay:
            yield _Essay(each, parts.get(each.name))


@dataclass(frozen=True)
class _Student:
    """Run one of the student's cells, or the source's version of a cell that is locked.

    `part` is ``answer``, ``own`` or ``locked``.
    """

    cell: NotebookNode
    name: str | None
    part: str

    def take(self, run: Run, exercises: dict[str, Marked]) -> None:
        run.cell(self.cell.source, self.name, self.part)


@dataclass(frozen=True)
class _Test:
    """Run a test of the source here."""

    exercise: Exercise
    source: str
    answers: tuple[str, ...]
    missing: tuple[str, ...]

    def take(self, run: Run, exercises: dict[str, Marked]) -> None:
        marked = exercises[self.exercise.name]
        marked.reason = run.test(marked.name, self.source, self.answers, self.missing)
        marked.points = 0.0 if marked.reason else marked.most
        run.kept.entries.append({"test": marked.name})


@dataclass(frozen=True)
class _Essay:
    """Keep an essay for the person who marks it."""

    exercise: Exercise
    parts: list[str] | None

    def take(self, run: Run, exercises: dict[str, Marked]) -> None:
        marked = exercises[self.exercise.name]
        text = "\n\n".join(self.parts or [])
        marked.answer = text[:_LONGEST]
        if self.parts is None:
            marked.reason = "the cell was deleted"
        elif not text:
            marked.reason = "left empty"
        if len(text) > _LONGEST:
            run.notes.append(
                f"{marked.name}: an essay of {len(text):,} letters, cut after {_LONGEST:,}"
            )
        if len(self.parts or []) > 1:
            run.notes.append(
                f"{marked.name}: written in {len(self.parts or [])} cells, all are read"
            )
        run.kept.entries.append({"essay": marked.name, "source": marked.answer})
