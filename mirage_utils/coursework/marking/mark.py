"""Mark what lies in a student's folder, from the notebook that is found there to the result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..assignments.source import Assignment
from ..assignments.submission import handed_in
from ..sandbox import Limits
from .oddities import oddities, own_name
from .results import Result, unmarked
from .running import Run
from .steps import plan

__all__ = ["mark"]


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
    drawn_for, other = own_name(student, names, handed)
    result.notes += [*oddities(wanted, handed), *other]
    with Run(wanted, drawn_for, folder, limits, kind, told, refused) as run:
        for step in plan(wanted, handed.cells):
            step.take(run, exercises)
        result.shown, result.sandbox = run.kept.shown(), run.kind
        result.notes += run.notes
    open_essays = [each for each in result.exercises if each.essay and not each.reason]
    result.status = "essays" if open_essays else "graded"
    result.seconds = round(time.monotonic() - start, 3)
    return result
