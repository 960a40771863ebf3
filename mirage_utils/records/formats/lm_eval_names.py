"""What only the name and the neighbours of a samples file say: the run it is of, its task, its model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...errors import shown
from .. import identity
from ..files import document
from ..schema import EvalFileError
from .lm_eval_run import Run, is_results, stamp_of

__all__ = ["from_name", "run_of", "stem_of"]

_SAMPLES = re.compile(r"samples_(?P<task>.+?)(?:_\d{4}-\d\d-\d\dT[\d.:-]+)?")
# Versions up to 0.4.2 put the arguments for the model first, and two underscores for signs that paths cannot have.
_VALUE = r"(?:=|__)[^_,]+(?:__[^_,]+)*"
_OLD = re.compile(
    rf"(?P<arguments>pretrained{_VALUE}(?:,[a-z0-9]+(?:_[a-z0-9]+)*{_VALUE})*)?_(?P<task>[^_].*)"
)
_UNSAFE = (re.compile("[/=]"), re.compile(r'["<>:/|\\?*\[\]]+'))
"""What they replaced: 0.4.0 and 0.4.1, and 0.4.2."""


def stem_of(path: Path) -> str:
    return re.sub(r"\.jsonl?(\.gz)?$", "", path.name)


def from_name(path: Path, first: Mapping[str, Any]) -> tuple[str, str]:
    """Model and task of a samples file, as far as its name and the results of that name tell them."""
    stem = stem_of(path)
    if "dataset_path" in first:  # the promptsource fork, whose rows name the data
        task = str(first["dataset_path"])
        found = re.match(rf"examples(?:-limited_\d+)?_(.+?)_{re.escape(task)}_\d", stem)
        return found[1] if found else "", task
    found = _SAMPLES.fullmatch(stem)
    if found:
        # The program writes the samples of a model into a folder of its name.
        folder = path.parent.name
        return (folder.replace("__", "/") if "__" in folder or _is_known(folder) else ""), found[
            "task"
        ]
    found = _OLD.fullmatch(stem)
    named = {task for _, task in _named_so(path)}
    if len(named) == 1:  # names of models and tasks have underscores too
        return _of_arguments(stem.removesuffix(f"_{min(named)}")), min(named)
    return (_of_arguments(found["arguments"] or ""), found["task"]) if found else ("", "")


def _named_so(path: Path) -> list[tuple[Run, str]]:
    """Runs beside it, and tasks, of which versions up to 0.4.2 called the samples as this file."""
    stem = stem_of(path)
    if _SAMPLES.fullmatch(stem):
        return []
    return [
        (run, task)
        for run in _beside(path)
        for task in run.tasks
        if run.arguments
        and stem in {f"{unsafe.sub('__', run.arguments)}_{task}" for unsafe in _UNSAFE}
    ]


def _of_arguments(written: str) -> str:
    """The model of arguments as they stand in a file's name; ``""`` where there is none."""
    pairs = (re.split("=|__", part, maxsplit=1) for part in written.split(",") if part)
    given = {pair[0]: pair[1].replace("__", "/") for pair in pairs if len(pair) == 2}
    base = given.pop("pretrained", "")
    return identity.network(base, given) if base else ""


def _is_known(name: str) -> bool:
    try:
        return bool(identity.resolve(name))
    except identity.UnknownModelError:
        return False


def run_of(path: Path, task: str) -> tuple[Run, list[str]]:
    """The run that a samples file is of, by the results file of the same time or the only one beside it.

    Where there is none, or more than one that could be it, the samples are a run of their own.
    """
    stamp = stamp_of(path)
    alone = Run(path, time=stamp)
    same = list(_beside(path, lambda p: bool(stamp) and stamp_of(p) == stamp))
    runs = same or [run for run, of in _named_so(path) if of == task]
    if not runs:
        old = _OLD.fullmatch(stem_of(path))
        # Of another model than these results are, as its name says.
        other = bool(old and old["arguments"])
        results = _beside(path, lambda p: p.name.startswith("results"))
        runs = [run for run in results if not (other and run.arguments)]
    if len(runs) > 1:
        runs = [run for run in runs if task in run.tasks] if same else runs
    if len(runs) > 1:
        names = shown(", ".join(run.path.name for run in runs), 200)
        which = "of its time" if same else "and none of its time"
        return alone, [
            f"{len(runs)} results files beside it {which} ({names}): model and number of examples are not "
            "taken from them (--model NAME)"
        ]
    if not runs:
        return alone, []
    (run,) = runs
    if same:
        return run, []
    if task not in run.tasks:
        return alone, []
    if stamp and stamp_of(run.path):
        return replace(alone, model=run.model, params=run.params, better=run.better), [
            f"no results file of its time: the model is that of {run.path.name}, the number of examples is "
            "not known"
        ]
    return run, []


def _beside(path: Path, wanted: Callable[[Path], bool] = lambda p: True) -> Iterator[Run]:
    """The runs of the results files in the folder of a file, as far as they are wanted."""
    try:
        found = sorted(p for p in path.parent.iterdir() if p.suffix == ".json")
    except OSError:
        return
    for other in found:
        if other != path and wanted(other) and (run := _described(other)) is not None:
            yield run


def _described(path: Path) -> Run | None:
    """The run of a results file; None of another file, or one that cannot be read."""
    try:
        state = path.stat()
    except OSError:
        return None
    return _read_once(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _read_once(path: Path, changed: int, size: int) -> Run | None:
    # A results file is the neighbour of as many files of samples as there are tasks.
    try:
        found = document(path)
        return Run.of(path, found) if is_results(found) else None
    except EvalFileError:
        return None
