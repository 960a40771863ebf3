"""Mark one submission: run its cells in a sandbox, and the tests here, where the student's code cannot reach.

A test cell of the source is ordinary Python. What it needs of the student is fetched by name as a plain value; a
student's function becomes a function here that asks the sandbox and gets plain values back. So expected values, hidden
tests and comparisons never enter the process in which the student's code runs. What comparing an answer may cost is
bounded here (`bounds`), and so is what is kept of a submission (`_Kept`).
"""

from __future__ import annotations

import ast
import builtins
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from json import dumps
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from .assignments import Assignment, Exercise, Handed, clean, essays, handed_in, identifier
from .bounds import TooLong, processor_time
from .check import NotYet
from .sandbox import Ended, Limits, Sandbox, StudentError
from .variation import normalised

__all__ = ["COMPARING", "Marked", "Result", "mark", "unmarked"]

OTHER_NAME = "the name in the notebook is "
"""How the note begins that a result has of it."""
COMPARING = 10.0  # seconds of the grader's processor time for one test; the longest honest one takes less than one
ESSAY = 100_000  # letters of an essay


@dataclass
class Marked:
    """What one exercise got, and why."""

    name: str
    points: float
    most: float
    essay: bool = False
    reason: str = ""
    answer: str = ""  # an essay's text, for the person who marks it
    by_hand: float | None = (
        None  # the points that a person gave, which hold in place of the machine's
    )
    comment: str = ""  # and what that person wrote
    label: str = ""  # what it is called in the assignment's text, if that says it
    rubric: dict[str, str] = field(default_factory=dict)  # an essay's, as it is printed
    lines: dict[str, float] = field(default_factory=dict)  # what a person gave by its lines

    @property
    def called(self) -> str:
        """What it is called where people read; without a label, ``test_share_model`` is "share model"."""
        return self.label or self.name.removeprefix("test_").replace("_", " ")

    @property
    def got(self) -> float:
        """The points that hold."""
        return self.points if self.by_hand is None else self.by_hand

    @property
    def waiting(self) -> bool:
        """Whether it is an essay that nobody has read."""
        return self.essay and not self.reason and self.by_hand is None

    @property
    def why(self) -> str:
        """Why points were lost, or who gave them."""
        if self.by_hand is None:
            return self.reason
        if self.essay and not self.reason:
            return "" if self.by_hand == self.most else "read by a person"
        return f"your teacher gave {self.by_hand:g} and not {self.points:g}"


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
    taken_off : float
        The share of the points that is taken off because it was late. Exercises keep what they earned.
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
    taken_off: float = 0.0

    @property
    def marked(self) -> bool:
        """Whether there was something to mark, and it was marked."""
        return self.status in ("graded", "essays")

    @property
    def standing(self) -> str:
        """The status for the table: whoever was given points by a person has a mark, also without a notebook."""
        given = any(each.by_hand is not None for each in self.exercises)
        return "graded" if self.status == "missing" and given else self.status

    @property
    def work(self) -> str:
        """A digest of what was handed in; empty where nothing was, or the grader failed."""
        return self.key.partition("-")[0]

    @property
    def deduction(self) -> float:
        """The points that are taken off."""
        return round(self.taken_off * sum(each.got for each in self.exercises), 2)

    @property
    def score(self) -> float:
        return sum(each.got for each in self.exercises) - self.deduction

    @property
    def max_score(self) -> float:
        return sum(each.most for each in self.exercises)

    @property
    def reason(self) -> str:
        """One line for the table: the notes, and what was lost where."""
        lost = [
            f"{each.name} {each.got:g}/{each.most:g}: {each.why}"
            for each in self.exercises
            if each.why
        ]
        return " | ".join([*self.notes, *lost])

    @property
    def feedback(self) -> str:
        """One line for the student: what a person wrote to it, then the notes, and what else was lost where."""
        said: dict[bool, list[str]] = {True: [], False: []}
        for each in self.exercises:
            comment = " ".join(each.comment.split())
            lines = ", ".join(f"{name} {points:g}" for name, points in each.lines.items())
            rest = "; ".join(part for part in (lines, each.why) if part)
            words = f"{comment} [{rest}]" if comment and rest else comment or rest
            if words:
                said[bool(comment)].append(f"{each.called} {each.got:g}/{each.most:g}: {words}")
        return " | ".join([*said[True], *self.notes, *said[False]])

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Result:
        """The result that `as_dict` wrote."""
        exercises = [Marked(**each) for each in content["exercises"]]
        return cls(**{**content, "exercises": exercises})


def unmarked(wanted: Assignment) -> list[Marked]:
    """Every exercise of an assignment, without points."""
    return [
        Marked(each.name, 0.0, each.points, each.essay, label=each.label, rubric=each.rubric)
        for each in wanted.exercises
    ]


def mark(
    wanted: Assignment,
    student: str,
    folder: Path,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    *,
    names: Sequence[str] = (),
    kind: str | None = None,
    told: Callable[[str], None] | None = None,
    refused: Mapping[str, str] | None = None,
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
    names : sequence of str, optional
        What else the student is called in the class list. The numbers follow from one of these if the notebook has it.
    kind : str, optional
        The kind of sandbox.
    told : callable, optional
        Called with the name of each test before it is run, and with an empty text after it: where this process may have
        come to its end.
    refused : mapping of str to str, optional
        Tests that are not run, and the reason.

    Returns
    -------
    Result
        Never raises for anything the student did. As JSON and as a page it has less than 10 MB.

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
    own_name, other = _own_name(student, names, handed)
    result.notes += [*_oddities(wanted, handed), *other]
    with _Run(wanted, own_name, folder, limits, kind, told, refused) as run:
        for step in _plan(wanted, handed.cells):
            step.take(run, exercises)
        result.shown, result.sandbox = run.kept.shown(), run.kind
        result.notes += run.notes
    open_essays = [each for each in result.exercises if each.essay and not each.reason]
    result.status = "essays" if open_essays else "graded"
    result.seconds = round(time.monotonic() - start, 3)
    return result


# ---------------------------------------------------------------- the order of things


@dataclass(frozen=True)
class _Student:
    """Run one of the student's cells, or the source's version of a cell that is locked.

    `part` is ``answer``, ``own`` or ``locked``.
    """

    cell: NotebookNode
    name: str | None
    part: str

    def take(self, run: _Run, exercises: dict[str, Marked]) -> None:
        run.cell(self.cell.source, self.name, self.part)


@dataclass(frozen=True)
class _Test:
    """Run a test of the source here."""

    exercise: Exercise
    source: str
    answers: tuple[str, ...]
    missing: tuple[str, ...]

    def take(self, run: _Run, exercises: dict[str, Marked]) -> None:
        marked = exercises[self.exercise.name]
        marked.reason = run.test(marked.name, self.source, self.answers, self.missing)
        marked.points = 0.0 if marked.reason else marked.most
        run.kept.entries.append({"test": marked.name})


@dataclass(frozen=True)
class _Essay:
    """Keep an essay for the person who marks it."""

    exercise: Exercise
    parts: list[str] | None

    def take(self, run: _Run, exercises: dict[str, Marked]) -> None:
        marked = exercises[self.exercise.name]
        text = "\n\n".join(self.parts or [])
        marked.answer = text[:ESSAY]
        if self.parts is None:
            marked.reason = "the cell was deleted"
        elif not text:
            marked.reason = "left empty"
        if len(text) > ESSAY:
            run.notes.append(
                f"{marked.name}: an essay of {len(text):,} letters, cut after {ESSAY:,}"
            )
        if len(self.parts or []) > 1:
            run.notes.append(
                f"{marked.name}: written in {len(self.parts or [])} cells, all are read"
            )
        run.kept.entries.append({"essay": marked.name, "source": marked.answer})


def _plan(wanted: Assignment, cells: list[NotebookNode]) -> Iterator[_Student | _Test | _Essay]:
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
    at, answers, tested = -1, [], False
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


def _oddities(wanted: Assignment, handed: Handed) -> list[str]:
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


def _name_in(handed: Handed) -> str:
    """The name with which a notebook draws its numbers; empty if it has none."""
    cells = [_NAMED.search(cell.source) for cell in handed.cells if cell.cell_type == "code"]
    return next((found[2] for found in cells if found), "")


def _own_name(student: str, names: Sequence[str], handed: Handed) -> tuple[str, list[str]]:
    """The name from which the numbers follow that are marked, and a note if the notebook has somebody else's."""
    found = _name_in(handed)
    meant = {normalised(each): each for each in (*names, student)}
    if not found or normalised(found) in meant:
        return meant.get(normalised(found), student), []
    note = f"{OTHER_NAME}{found[:60]}; marked with the numbers of {student}"
    return student, [_one_line(note)]


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
    """A sandbox that comes back: when a cell brings it down, a new one runs the other cells again.

    Cells of the student's own may do so ``limits.restarts`` times; after that no more of them are run. An answer or a test
    that does so costs its own points. What an own cell took that never ended, or the comparison of an answer, is given
    back to ``limits.total_seconds``.
    """

    def __init__(
        self,
        wanted: Assignment,
        student: str,
        folder: Path,
        limits: Limits,
        kind: str | None,
        told: Callable[[str], None] | None,
        refused: Mapping[str, str] | None,
    ) -> None:
        self.student = clean(student)  # a folder's name may be no text at all
        self.folder = folder
        self.limits = limits
        self.told = told or (lambda test: None)
        self.refused = refused or {}
        self.end = time.monotonic() + limits.total_seconds
        self.notes: list[str] = []
        self.kept = _Kept()
        self.ran: list[tuple[str, str]] = []  # name, or nothing for one's own, and source
        self.errors: dict[str, str] = {}
        self.absent: list[str] = []  # packages that cells asked for and that are not here
        self.falls = self.own_falls = 0
        kinds = [wanted.kind(identifier(cell)) for cell in wanted.cells]
        self.most_falls = limits.restarts + kinds.count("answer") + kinds.count("test")
        self.over = ""
        self.kind = kind or ""
        self.place: Sandbox | None = None
        # What tests rely on is computed here, from the source: not taken from the student's process.
        self.given: dict[str, Any] = {"STUDENT": self.student, "__name__": "grader"}
        for cell in wanted.cells:
            if wanted.kind(identifier(cell)) == "given":
                exec(compile(cell.source, f"<{identifier(cell)}>", "exec"), self.given)

    def __enter__(self) -> _Run:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.place is not None:
            self.place.close()

    def _start(self) -> None:
        if self.place is not None:
            self.place.close()
        left = max(1.0, self.end - time.monotonic())
        self.place = Sandbox(self.limits, self.folder, self.kind or None, left)
        self.kind = self.place.kind
        self.place.put("STUDENT", self.student)

    def _again(self) -> None:
        """Start anew after a fall, and run again what ran before, but for what does not bear to be run twice."""
        at = 0
        while True:
            self.falls += 1
            if self.falls > self.most_falls:
                self.over = f"not run: the notebook had been ended {self.falls} times"
            if self.over:
                return
            at = -1
            try:
                self._start()
                for at, (_, source) in enumerate(self.ran):  # noqa: B007 - which one it was
                    self._within(source)
                return
            except Ended as why:
                if at >= 0 and not self.over:
                    name, _ = self.ran.pop(at)
                    self.errors[name] = f"{why}, when it was run again"
                    self.notes.append(f"{name or OWN}: {self.errors[name]}")

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

    def cell(self, source: str, name: str | None, part: str) -> None:
        """Run a cell of the student's process; `part` is ``answer``, ``own`` or ``locked``."""
        entry = self.kept.cell(name or "", source) if part != "locked" else {}
        if self.over:
            entry["error"] = self.over
            return
        if part == "own" and self.own_falls > self.limits.restarts:
            entry["error"] = f"not run: own cells had ended the notebook {self.own_falls} times"
            return
        start = time.monotonic()
        try:
            # A cell of ours is not the student's to answer for, and on a busy machine its imports take long.
            seconds = self.limits.total_seconds if part == "locked" else None
            reply = self._within(source, seconds)
            if part == "own" and (reply["error"] or {}).get("name") == "MemoryError":
                # What it has filled may stay full, and cost cells that have nothing to do with it.
                raise Ended("MemoryError: what it had filled was given back")
        except Ended as why:
            entry["error"] = str(why)
            self.errors[name or ""] = str(why)
            self.notes.append(f"{name or OWN}: {why}")
            if part == "own" and not self.over:
                self.own_falls += 1
                self.end += time.monotonic() - start
            self._again()
            return
        self.ran.append((name or "", source))
        self.kept.outputs(entry, reply["outputs"])
        if reply["error"]:
            text = clean(f"{reply['error']['name']}: {reply['error']['value']}")
            entry["error"] = text
            self.errors[name or ""] = text
            self._absent(text)
        elif name is not None:
            self.errors.pop(name, None)

    def _absent(self, error: str) -> None:
        """Remember a package that is not here, which may be on the student's own machine."""
        found = re.match(r"ModuleNotFoundError: No module named '([\w.]{1,60})", error)
        if found is None or len(self.absent) == 5:
            return
        if (package := found[1].split(".")[0]) not in self.absent:
            self.absent.append(package)
            self.notes.append(
                f"a cell imports {package}, which is not there when notebooks are marked"
            )

    def test(
        self, name: str, source: str, answers: tuple[str, ...], missing: tuple[str, ...]
    ) -> str:
        """Run a test; returns why it failed, or an empty text."""
        if self.over or name in self.refused:
            return self.over or self.refused[name]
        because = [
            f"cell {each} {_ended(self.errors[each])}" for each in answers if each in self.errors
        ]
        because += [f"cell {each} was deleted" for each in missing]
        absent = (
            [f"not there when notebooks are marked: {', '.join(self.absent)}"]
            if self.absent
            else []
        )
        self.told(name)
        words = self._failure(ast.parse(source), because + (absent if because else []), absent)
        self.told("")
        return _one_line("; ".join(words))

    def _failure(self, tree: ast.Module, because: list[str], absent: list[str]) -> list[str]:
        """What there is to say of a test that failed; nothing if it did not."""
        assert self.place is not None
        space, start = dict(self.given), time.monotonic()
        try:
            with processor_time(COMPARING):
                for each in _wanted_names(tree, space):
                    space[each] = self.place.show(each)
                exec(compile(tree, "<test>", "exec"), space)
        except NotYet as error:
            return [str(error), *because]
        except StudentError as error:
            self._absent(str(error))
            return [f"your function {_ended(str(error))}", *because]
        except KeyError as error:
            return because or [f"{error.args[0]} is not defined", *absent]
        except Ended as why:
            self.notes.append(f"a function called by a test: {why}")
            self._again()
            return [f"your function: {why}", *because]
        except TooLong as why:
            self.end += time.monotonic() - start  # the other exercises are not to pay for it
            try:  # an answer that was on its way would be taken for that to the next question
                self.place.put("STUDENT", self.student)
            except Ended:
                self._again()
            return [f"comparing this answer was stopped: it took {why}", *because]
        except MemoryError:
            return ["comparing this answer takes more memory than there is for it", *because]
        except RecursionError:
            return ["this answer is nested too deeply to be compared", *because]
        except Exception as error:
            # The test was written for answers of another kind than this one.
            return [f"{type(error).__name__}: {error}", *because]
        return []


OWN = "a cell of one's own"


class _Kept:
    """What the page will show, up to a size that is counted here: what a student's process says of it is not believed."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.room = {"source": 2_000_000, "output": 4_500_000}  # bytes, as JSON or as HTML
        self.left_out = 0

    def shown(self) -> list[dict[str, Any]]:
        """All entries, with word of the cells that are not among them."""
        words = f"{self.left_out:,} more cells were run and are not shown"
        return [*self.entries, *([{"left_out": words}] if self.left_out else [])]

    def cell(self, name: str, source: str) -> dict[str, Any]:
        """The entry of a cell that is about to be run."""
        entry: dict[str, Any] = {"cell": name, "outputs": [], "error": ""}
        entry["source"] = self._text(source, "source")
        if entry["source"] is None:
            self.left_out += 1
        else:
            self.entries.append(entry)
        return entry

    def outputs(self, entry: dict[str, Any], outputs: list[Any]) -> None:
        """Put the texts and pictures of a cell into its entry."""
        if entry.get("source") is None:  # a cell of ours, or one that is left out
            return
        for each in outputs[:50]:
            text, picture = _output(each)
            if picture:
                if self._fits(picture, "output"):
                    entry["outputs"].append({"png": picture})
            elif text and (kept := self._text(text, "output")) is not None:
                entry["outputs"].append({"text": kept})
        missing = len(outputs) - len(entry["outputs"])
        if missing:
            entry["left_out"] = (
                f"{missing:,} of the {len(outputs):,} outputs of this cell are not kept"
            )

    def _fits(self, text: str, room: str) -> bool:
        size = 200 + max(len(dumps(text)), len(escape(text).encode()))
        if size > self.room[room]:
            return False
        self.room[room] -= size
        return True

    def _text(self, text: str, room: str, most: int = 20_000) -> str | None:
        kept = clean(text[:most])
        if len(text) > most:
            kept += f"\n[{len(text) - most:,} more letters are not kept]"
        return kept if self._fits(kept, room) else None


def _output(output: Any) -> tuple[str, str]:
    """The text of an output, and the picture, which go for nothing if they are something else."""
    if not isinstance(output, dict):
        return "", ""
    data = output.get("data") if isinstance(output.get("data"), dict) else {}
    text, picture = output.get("text", data.get("text/plain")), data.get("image/png")
    return (
        text if isinstance(text, str) else "",
        "".join(picture.split()) if isinstance(picture, str) and picture.isascii() else "",
    )


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


def _one_line(text: str, most: int = 400) -> str:
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= most else text[: most - 3] + "..."
