"""EleutherAI's lm-evaluation-harness: files of aggregated results, 2021 to 2026 (0.2 to 0.4.13).

What changed between its generations: the separator of metric and answer filter (``acc``, then
``acc,none``, with several filters from 0.4.2), where the number of items stands (nowhere,
``n-samples``, ``sample_len`` and ``sample_count``), and groups beside their members.

The program has no reader of its own files: it writes JSON, and its package needs PyTorch's friends
(datasets, evaluate, scikit-learn) to be imported at all.

Source: Gao et al., A framework for few-shot language model evaluation (the program's repository).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from ...errors import shown
from ..columns import score_table
from ..files import File
from ..options import Options
from ..schema import RECORDS, EvalFileError, Reading
from ..values import score_of, whole
from .lm_eval_run import FORMAT, NO_MODEL, STDERR, Run, is_metric, is_results, mapping, own_score

__all__ = ["read", "recognises"]

# Scores that are not over the documents, whose number is all that files give: over instructions (IFEval), over a part
# of the questions (SQuAD 2, BBQ). RULER's are each over the documents of one length.
_NOT_OF_ITEMS = re.compile(
    r"inst_level_(strict|loose)_acc|(Has|No)Ans_(exact|f1)|accuracy_(amb|disamb)|(amb|disamb)_bias_score(_.+)?"
)


def recognises(file: File) -> bool:
    """Whether a file is one of aggregated results."""
    return file.kind == "document" and is_results(file.document)


def read(file: File, options: Options, batch: int) -> Iterator[Reading]:
    """The scores of a results file, whole."""
    run = Run.of(file.path, file.document)
    run = replace(run, model=options.called("model", run.model))
    scores, notes = _scores(run, file.document)
    notes = [*run.notes, *notes]
    if not run.model:
        notes.append(NO_MODEL)
    none = pd.DataFrame(columns=list(RECORDS))
    yield Reading(
        str(file.path), FORMAT, run.version, scores, none, tuple(notes), time=run.time,
        conditions=run.conditions,
    )  # fmt: skip


def _scores(run: Run, document: Mapping[str, Any]) -> tuple[pd.DataFrame, list[str]]:
    """Scores of a results file, and what was left out of it.

    Returns
    -------
    scores : pandas.DataFrame
        Columns of `mirage_utils.records.schema.SCORES`; ``is_group``, true for averages over other rows;
        ``stderr``, where the file gives a score's standard error.
    notes : list of str

    Raises
    ------
    EvalFileError
        If no score is left.
    """
    members = mapping(document.get("group_subtasks"))
    groups = {name for name, subtasks in members.items() if subtasks}
    groups |= set(mapping(document.get("groups")))
    notes: list[str] = []
    rows = []
    for task, entries in document["results"].items():
        if not isinstance(entries, dict):
            notes.append(f"{task}: expected an object of scores, found {shown(entries)}: left out")
            continue
        errors = {
            STDERR.sub("", key): score_of(value)
            for key, value in entries.items()
            if STDERR.search(key)
        }
        lengths = {name for key in entries if (name := key.partition(",")[0]).isdecimal()}
        for key, value in entries.items():
            if not is_metric(key):
                continue
            metric, _, answer_filter = key.partition(",")
            score = own_score(metric, value)
            if score is None:
                notes.append(f"{task} {key} is {shown(value)} and no score: left out")
                continue
            n, why = _items(document, entries, task, key, task in groups)
            if (metric.isdecimal() and len(lengths) > 1) or _NOT_OF_ITEMS.fullmatch(metric):
                n, why = math.nan, f"{task} {metric} is not over all documents: n is not known"
            if why and why not in notes:
                notes.append(why)
            rows.append(
                {
                    "model": run.model,
                    "params": run.params,
                    "task": task,
                    "setting": run.setting(answer_filter),
                    "shots": run.shots[task],
                    "run": str(run.path),
                    "metric": metric,
                    "direction": run.direction(task, metric),
                    "score": score,
                    "n": n,
                    "source": str(run.path),
                    "is_group": task in groups,
                    "stderr": errors.get(key),
                }
            )
    if not rows:
        why = f" ({'; '.join(notes[:3])})" if notes else ""
        raise EvalFileError(run.path, f"no task has a score{why}", field="results")
    frame = score_table(rows, "is_group", "stderr")
    frame["stderr"] = frame["stderr"].astype(float)
    averages = frame.loc[frame["is_group"], "task"]
    if len(averages):
        notes.append(
            f"averages over groups of tasks (is_group, {len(averages)} of {len(frame)} rows): "
            f"{', '.join(dict.fromkeys(averages))}"
        )
    return frame, notes


def _items(
    document: Mapping[str, Any], entries: Mapping[str, Any], task: str, key: str, is_group: bool
) -> tuple[float, str]:
    """Number of items behind a score, nan where it is not known, and what is unusual about it."""
    counts = mapping(mapping(document.get("n-samples")).get(task))
    by_metric = mapping(entries.get("sample_count"))
    said = by_metric.get(key, counts.get("effective", entries.get("sample_len")))
    found = whole(said)
    limit = _limit(document)
    # Versions up to 0.4.2 have no other number; a group's average is over the items of all its tasks.
    if said is None and whole(limit) and "n-samples" not in document and not is_group:
        why = f"limit {limit} is taken for the number of items: the file has no other"
        return float(limit), why
    if found is not None or said is None:
        return math.nan if found is None else found, ""
    original = whole(counts.get("original"))
    if original and isinstance(said, float) and 0 < said < 1 and said == limit:
        # Versions that wrote the limit in the place of the number take as many items as this.
        n = float(math.ceil(original * said))
        return n, f"n-samples of {task} is the limit {said}: {n:,.0f} of {original:,.0f} items"
    return math.nan, f"n-samples of {task} is {shown(said)} and no number of items: not used"


def _limit(document: Mapping[str, Any]) -> Any:
    return mapping(document.get("config")).get("limit")
