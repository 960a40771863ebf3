"""Mark one submission: run its cells in a sandbox, and the tests here, where the student's code cannot reach.

A test cell of the source is ordinary Python. What it needs of the student is fetched by name as a plain value; a
student's function becomes a function here that asks the sandbox and gets plain values back. So expected values, hidden
tests and comparisons never enter the process in which the student's code runs.
"""

from __future__ import annotations

import ast
import builtins
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from .assignments import Assignment, Exercise, Handed, handed_in, identifier
from .check import NotYet
from .sandbox import Ended, Limits, Sandbox, StudentError
from .variation import normalised

__all__ = ["Marked", "Result", "mark", "unmarked"]


@dataclass
class Marked:
    """What one exercise got, and why."""

    name: str
    points: float
    most: float
    essay: bool = False
    reason: str = ""
    answer: str = ""  # an essay's text, for the person who marks it


@dataclass
class Result:
    """What one submission got.

    Attributes
    ----------
    status : str
        ``graded``; ``essays`` (marked but for the essays); ``missing`` (no notebook); ``unreadable`` (a
        damaged one); ``failed`` (the grader could not do its work: tell whoever runs it).
    shown : list of dict
        The student's cells as they ran, for the feedback page.
    """

    student: str
    assignment: str
    status: str
    exercises: list[Marked]
    notes: list[str] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)
    sandbox: str = ""
    seconds: float = 0.0
    key: str = ""

    @property
    def score(self) -> float:
        return sum(each.points for each in self.exercises)

    @property
    def max_score(self) -> float:
        return sum(each.most for each in self.exercises)

    @property
    def reason(self) -> str:
        """One line for the table: the notes, and what was lost where."""
        lost = [
            f"{each.name} {each.points:g}/{each.most:g}: {each.reason}"
            for each in self.exercises
            if each.reason
        ]
        return " | ".join([*self.notes, *lost])

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Result:
        """The result that `as_dict` wrote."""
        exercises = [Marked(**each) for each in content["exercises"]]
        return cls(**{**content, "exercises": exercises})


def unmarked(wanted: Assignment) -> list[Marked]:
    """Every exercise of an assignment, without points."""
    return [Marked(each.name, 0.0, each.points, each.essay) for each in wanted.exercises]


def mark(
    wanted: Assignment,
    student: str,
    folder: Path,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    *,
    kind: str | None = None,
) -> Result:
    """Mark what lies in a student's folder.

    Parameters
    ----------
    wanted : Assignment
        The source, with the hidden tests.
    student : str
        The name from which the student's own numbers follow.
    folder : Path
        What was handed in.
    limits : Limits
        What the submission may use.
    kind : str, optional
        The kind of sandbox.

    Returns
    -------
    Result
        Never raises for anything the student did.

    Raises
    ------
    SandboxError
        If there is no place to run it in, which is no student's fault and so no mark.
    """
    start = time.monotonic()
    handed = handed_in(folder, wanted)
    exercises = {each.name: each for each in unmarked(wanted)}
    result = Result(
        student, wanted.name, handed.status, list(exercises.values()), list(handed.notes)
    )
    if handed.problem:
        result.notes.append(handed.problem)
        return result
    result.notes += [*_oddities(wanted, handed), *_other_name(student, handed)]
    with _Run(wanted, student, folder, limits, kind) as run:
        for step in _plan(wanted, handed.cells):
            step.take(run, exercises)
        result.shown, result.sandbox = run.shown, run.kind
        result.notes += run.notes
    open_essays = [each for each in result.exercises if each.essay and not each.reason]
    result.status = "essays" if open_essays else "graded"
    result.seconds = round(time.monotonic() - start, 3)
    return result


# ---------------------------------------------------------------- the order of things


@dataclass(frozen=True)
class _Student:
    """Run one of the student's cells, or the source's version of a cell that is locked."""

    cell: NotebookNode
    name: str | None
    locked: bool

    def take(self, run: _Run, exercises: dict[str, Marked]) -> None:
        run.cell(self.cell.source, self.name, shown=not self.locked)


@dataclass(frozen=True)
class _Test:
    """Run a test of the source here."""

    exercise: Exercise
    source: str
    answers: tuple[str, ...]
    missing: tuple[str, ...]

    def take(self, run: _Run, exercises: dict[str, Marked]) -> None:
        marked = exercises[self.exercise.name]
        marked.reason = run.test(self.source, self.answers, self.missing)
        marked.points = 0.0 if marked.reason else marked.most
        run.shown.append({"test": marked.name})


@dataclass(frozen=True)
class _Essay:
    """Keep an essay for the person who marks it."""

    exercise: Exercise
    text: str | None

    def take(self, run: _Run, exercises: dict[str, Marked]) -> None:
        marked = exercises[self.exercise.name]
        words = (self.text or "").replace("YOUR ANSWER HERE", "").strip()
        marked.answer = words[:100_000]
        if self.text is None:
            marked.reason = "the cell was deleted"
        elif not words:
            marked.reason = "left empty"
        run.shown.append({"essay": marked.name, "source": marked.answer})


def _plan(wanted: Assignment, cells: list[NotebookNode]) -> Iterator[_Student | _Test | _Essay]:
    """Every step in order: the student's cells, with the source's tests and givens at their places.

    The place of a cell of the source is its place in the student's notebook (the last, if there are several). A cell
    that the student deleted comes right after the nearest cell before it that is still there. Without any, a given cell
    comes first and a test last.
    """
    names = [identifier(cell) for cell in cells]
    last = {name: at for at, name in enumerate(names) if name is not None}
    tests = {each.name: each for each in wanted.exercises if not each.essay}
    after: dict[int, list[_Student | _Test]] = {}
    at, answers = -1, []
    for cell in wanted.cells:
        name = identifier(cell)
        if name is None:
            continue
        kind = wanted.kind(name)
        present = name in last
        at = last[name] if present else at
        if kind == "answer":
            answers.append(name)
        elif kind == "test":
            missing = tuple(each for each in answers if each not in last)
            step = _Test(tests[name], cell.source, tuple(answers), missing)
            after.setdefault(at if at >= 0 else len(cells) - 1, []).append(step)
            answers = []
        elif kind in ("given", "locked") and cell.cell_type == "code" and not present:
            after.setdefault(at, []).append(_Student(cell, name, locked=True))
    yield from after.get(-1, [])
    for at, (name, cell) in enumerate(zip(names, cells, strict=True)):
        kind = wanted.kind(name)
        if kind in ("given", "locked") and name is not None:
            if last[name] == at and cell.cell_type == "code":
                yield _Student(wanted.cell(name), name, locked=True)
        elif kind == "essay":
            if last[name or ""] == at:
                yield _Essay(next(e for e in wanted.exercises if e.name == name), cell.source)
        elif kind != "test" and cell.cell_type == "code":
            yield _Student(cell, name, locked=False)
        yield from after.get(at, [])
    for each in wanted.exercises:
        if each.essay and each.name not in last:
            yield _Essay(each, None)


def _oddities(wanted: Assignment, handed: Handed) -> list[str]:
    """What a teacher should know of the cells, without any effect on the mark."""
    names = [name for name in map(identifier, handed.cells) if name is not None]
    ours = [name for name in map(identifier, wanted.cells) if name is not None]
    notes = []
    if not set(names) & set(ours):
        return ["none of the assignment's cells was found; looked for the answers in what there is"]
    marked = [name for name in ours if wanted.kind(name) != "locked"]
    deleted = [name for name in marked if name not in names]
    twice = [name for name in marked if names.count(name) > 1]
    changed = []
    for cell in handed.cells:
        name = identifier(cell)
        if name in ours and wanted.kind(name) == "test":
            visible = _visible(wanted.cell(name or "").source)
            if "".join(cell.source.split()) != "".join(visible.split()):
                changed.append(name or "")
    for words, which in (
        ("deleted", deleted),
        ("more than once", twice),
        ("test changed", changed),
    ):
        if which:
            notes.append(f"{words}: {', '.join(dict.fromkeys(which))}")
    return notes


# No quote of the same kind within: an empty name, and quotes in a comment after it, are no name.
_NAMED = re.compile(r"""^STUDENT\s*=\s*(["'])((?:(?!\1).)+)\1""", re.M)


def _other_name(student: str, handed: Handed) -> list[str]:
    """Whether the student computed with another name: typed numbers are wrong then, and this is why."""
    for cell in handed.cells:
        found = _NAMED.search(cell.source) if cell.cell_type == "code" else None
        if found and normalised(found[2]) != normalised(student):
            return [
                _one_line(
                    f"the name in the notebook is {found[2][:60]}; marked with the numbers of {student}"
                )
            ]
    return []


def _visible(source: str) -> str:
    lines, hidden = [], False
    for line in source.split("\n"):
        if "BEGIN HIDDEN TESTS" in line:
            hidden = True
        elif "END HIDDEN TESTS" in line:
            hidden = False
        elif not hidden:
            lines.append(line)
    return "\n".join(lines)


# ---------------------------------------------------------------- running


class _Run:
    """A sandbox that comes back: when a cell brings it down, a new one runs the other cells again."""

    def __init__(
        self, wanted: Assignment, student: str, folder: Path, limits: Limits, kind: str | None
    ) -> None:
        self.student = student
        self.folder = folder
        self.limits = limits
        self.end = time.monotonic() + limits.total_seconds
        self.notes: list[str] = []
        self.shown: list[dict[str, Any]] = []
        self.ran: list[str] = []
        self.errors: dict[str, str] = {}
        self.falls = 0
        self.over = ""
        self.kind = kind or ""
        self.place: Sandbox | None = None
        # What tests rely on is computed here, from the source: not taken from the student's process.
        self.given: dict[str, Any] = {"STUDENT": student, "__name__": "grader"}
        for cell in wanted.cells:
            if wanted.kind(identifier(cell)) == "given":
                exec(compile(cell.source, f"<{identifier(cell)}>", "exec"), self.given)

    def __enter__(self) -> _Run:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.place is not None:
            self.place.close()

    def _start(self) -> None:
        left = max(1.0, self.end - time.monotonic())
        self.place = Sandbox(self.limits, self.folder, self.kind or None, left)
        self.kind = self.place.kind
        self.place.put("STUDENT", self.student)

    def _fell(self, why: str) -> None:
        """Start anew after a fall, and run again what ran before."""
        self.falls += 1
        if self.falls > self.limits.restarts:
            self.over = f"not run: the notebook had been ended {self.falls} times"
            return
        try:
            self._start()
            for source in self.ran:
                self._within(source)
        except Ended as error:
            self.over = f"not run: cells that had run before were {error}"

    def _within(self, source: str, seconds: float | None = None) -> dict[str, Any]:
        assert self.place is not None
        if time.monotonic() > self.end:
            self.over = f"not run: the notebook had used its {self.limits.total_seconds:g} s"
            raise Ended(f"stopped after {self.limits.total_seconds:g} s in all")
        reply = self.place.run(source, seconds)
        # A cell may set the name, to see a friend's numbers; the numbers marked are the student's own.
        if "STUDENT" in source:
            self.place.put("STUDENT", self.student)
        return reply

    def cell(self, source: str, name: str | None, *, shown: bool) -> None:
        """Run a cell of the student's process."""
        label = name or "a cell of one's own"
        entry: dict[str, Any] = {"cell": name or "", "source": source, "outputs": [], "error": ""}
        if shown:
            self.shown.append(entry)
        if self.over:
            entry["error"] = self.over
            return
        try:
            # A cell of ours is not the student's to answer for, and on a busy machine its imports take long.
            reply = self._within(source, None if shown else self.limits.total_seconds)
        except Ended as why:
            entry["error"] = str(why)
            self.errors[name or ""] = str(why)
            self.notes.append(f"{label}: {why}")
            self._fell(str(why))
            return
        self.ran.append(source)
        entry["outputs"] = _outputs(reply["outputs"])
        if reply["error"]:
            text = f"{reply['error']['name']}: {reply['error']['value']}"
            entry["error"] = text
            self.errors[name or ""] = text
        elif name is not None:
            self.errors.pop(name, None)

    def test(self, source: str, answers: tuple[str, ...], missing: tuple[str, ...]) -> str:
        """Run a test; returns why it failed, or an empty text."""
        if self.over:
            return self.over
        assert self.place is not None
        because = [
            f"cell {each} {_ended(self.errors[each])}" for each in answers if each in self.errors
        ]
        because += [f"cell {each} was deleted" for each in missing]
        tree = ast.parse(source)
        space = dict(self.given)
        try:
            for name in _wanted_names(tree, space):
                space[name] = self.place.show(name)
            exec(compile(tree, "<test>", "exec"), space)
        except NotYet as error:
            return _one_line("; ".join([str(error), *because]))
        except StudentError as error:
            return _one_line("; ".join([f"your function {_ended(str(error))}", *because]))
        except KeyError as error:
            return _one_line("; ".join(because or [f"{error.args[0]} is not defined"]))
        except Ended as why:
            self.notes.append(f"a function called by a test: {why}")
            self._fell(str(why))
            return _one_line("; ".join([f"your function: {why}", *because]))
        except Exception as error:
            # The test was written for answers of another kind than this one.
            return _one_line("; ".join([f"{type(error).__name__}: {error}", *because]))
        return ""


def _wanted_names(tree: ast.Module, space: dict[str, Any]) -> list[str]:
    """Names that a test uses and neither binds nor finds here: the student's answers."""
    bound, used = set(), []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (bound.add if isinstance(node.ctx, ast.Store) else used.append)(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
    return [
        name
        for name in dict.fromkeys(used)
        if name not in bound and name not in space and not hasattr(builtins, name)
    ]


def _ended(error: str) -> str:
    return (
        "is not written yet" if error.startswith("NotImplementedError") else f"ended with {error}"
    )


def _outputs(outputs: list[Any]) -> list[dict[str, str]]:
    """Texts and pictures of a cell, checked: they come from the student's process."""
    kept = []
    for each in outputs[:200]:
        if not isinstance(each, dict):
            continue
        if isinstance(each.get("text"), str):
            kept.append({"text": each["text"][:20_000]})
        data = each.get("data")
        if isinstance(data, dict):
            picture = data.get("image/png")
            if isinstance(picture, str):
                kept.append({"png": "".join(picture.split())})
            elif isinstance(data.get("text/plain"), str):
                kept.append({"text": data["text/plain"][:20_000]})
    return kept


def _one_line(text: str, most: int = 400) -> str:
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= most else text[: most - 3] + "..."
