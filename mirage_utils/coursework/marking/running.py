"""The cells of a submission run in a sandbox that comes back when one of them brings it down, and the tests run here."""

from __future__ import annotations

import ast
import builtins
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..assignments.cells import identifier
from ..assignments.reading import clean
from ..assignments.source import Assignment
from ..bounds import TooLong, processor_time
from ..check import NotYet
from ..sandbox import Ended, Limits, Sandbox, StudentError
from .keeping import Kept
from .results import one_line

__all__ = ["COMPARING", "Run"]

COMPARING = 10.0  # seconds of the grader's processor time for one test; the longest honest one takes less than one
_OWN = "a cell of one's own"


class Run:
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
        self.kept = Kept()
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

    def __enter__(self) -> Run:
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
                    self.notes.append(f"{name or _OWN}: {self.errors[name]}")

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
            self.notes.append(f"{name or _OWN}: {why}")
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
        return one_line("; ".join(words))

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


def _wanted_names(tree: ast.Module, space: dict[str, Any]) -> list[str]:
    """Names that a test uses and neither binds nor finds here: the student's answers."""
    bound: set[str] = set()
    used: list[str] = []
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
