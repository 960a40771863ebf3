"""Instances of HELM: records from ``per_instance_stats.json``, with the answers that stand beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ...errors import shown
from ..files import File, document
from ..schema import EvalFileError
from .collecting import Collected, LeftOut, inside
from .helm_run import STATE, Run, as_text, words_of
from .helm_statistics import (
    Statistic,
    direction_by_name,
    perturbation_of,
    plain_split,
    statistic,
    told,
)

__all__ = ["records_of_run"]

_LIGHT = 64 * 1024**2
"""Answers are read from a `STATE` of at most so many bytes: prompts are most of it."""
_CHOICES = ("multiple_choice", "ranking")


def records_of_run(file: File, run: Run) -> tuple[pd.DataFrame, list[str]]:
    """The records in a run's `mirage_utils.records.formats.helm_run.ITEMS`, and what is to be told of them.

    Raises
    ------
    EvalFileError
        If it holds other things than instances with their statistics.
    """
    path = file.path
    found: dict[tuple[Any, str, str, str], list[dict[Statistic, Any]]] = {}
    names: dict[Statistic, None] = {}
    for i, entry in enumerate(file.document):
        stats = entry.get("stats") if isinstance(entry, dict) else None
        if not isinstance(stats, list) or "instance_id" not in entry:
            raise EvalFileError(path, f"expected an instance, found {shown(entry)}", field=f"[{i}]")
        values = {}
        for j, stat in enumerate(stats):
            name, stat = statistic(path, stat, f"[{i}].stats[{j}]")
            names[name] = None
            if name.kept(run):
                values[name] = stat.get("mean")
        changed = perturbation_of(entry.get("perturbation"))
        trial = words_of(entry.get("train_trial_index"))
        split = next(((n.split, n.sub_split, n.perturbation) for n in values), ("", "", ""))
        rows = found.setdefault((as_text(entry["instance_id"]), trial, changed, str(split)), [])
        # Each metric of a run adds entries of its own; the same metric again is a repetition.
        fitting = next((row for row in rows if not row.keys() & values.keys()), None)
        if fitting is None:
            rows.append(values)
        else:
            fitting.update(values)
    answers, notes = _answers(path, run)
    plain = plain_split([name for name in names if name.kept(run)])
    left, collected = LeftOut(), Collected(str(path))
    for (item, trial, changed, _), rows in found.items():
        for values in rows:
            first = next(iter(values), None)
            scores = {}
            for stat, value in values.items():
                score = left.score(value, stat.metric, f"instance {item}")
                if score is not None:
                    scores[stat.metric] = score
            target, output = answers.get((item, trial, changed), (None, None))
            collected.of(model=run.model, task=run.task, run=run.run(trial), shots=run.shots).add(
                item, target, output, None, scores,
                setting=first.setting(run, plain) if first else run.setting,
            )  # fmt: skip
    directions = {name.metric: direction_by_name(name.metric) for name in names}
    records, again = collected.table({k: v for k, v in directions.items() if v})
    bookkeeping = Counter(name.metric for name in names if not name.kept(run))
    notes = [*run.notes, *told("the items", plain, bookkeeping), *notes, *left.notes(), *again]
    return records, notes


def _answers(
    path: Path, run: Run
) -> tuple[dict[tuple[str, str, str], tuple[str | None, str | None]], list[str]]:
    """Correct answer and output of each instance, where answers are free text; what was not read."""
    beside = path.with_name(STATE)
    if run.method.startswith(_CHOICES) or run.method == "language_modeling" or not beside.is_file():
        return {}, []
    if beside.stat().st_size > _LIGHT:
        return {}, [f"the answers in {STATE} are not read: it has more than {_LIGHT:,} bytes"]
    try:
        state = document(beside)
    except EvalFileError as error:
        return {}, [f"the answers in {STATE} are not read: {error.reason}"]
    states = state.get("request_states") if isinstance(state, dict) else None
    found: dict[tuple[str, str, str], tuple[str | None, str | None]] = {}
    for entry in states if isinstance(states, list) else []:
        instance = entry.get("instance") if isinstance(entry, dict) else None
        if not isinstance(instance, dict) or "id" not in instance:
            continue
        changed = perturbation_of(instance.get("perturbation"))
        key = (as_text(instance["id"]), words_of(entry.get("train_trial_index")), changed)
        # Two requests for one instance: which of them was scored is not said.
        found[key] = (None, None) if key in found else (_reference(instance), _completion(entry))
    return found, []


def _reference(instance: Mapping[str, Any]) -> str | None:
    """The correct answer, if there is one and only one."""
    references = instance.get("references")
    right = [
        inside(reference, "output", "text")
        for reference in (references if isinstance(references, list) else [])
        if isinstance(tags := inside(reference, "tags"), list) and "correct" in tags
    ]
    return right[0] if len(right) == 1 and isinstance(right[0], str) else None


def _completion(entry: Mapping[str, Any]) -> str | None:
    """The first completion, without blanks around it: what is scored."""
    completions = inside(entry, "result", "completions")
    text = inside(completions[0], "text") if isinstance(completions, list) and completions else None
    return text.strip() if isinstance(text, str) else None
