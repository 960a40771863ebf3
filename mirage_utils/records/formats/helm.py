"""HELM's run folders: ``stats.json`` and ``per_instance_stats.json``, with ``run_spec.json`` beside them.

A statistic's name has a split, perhaps a perturbation and a part of the split. Those of the split
``test`` without a perturbation (``valid`` where there is no ``test``) are the plain condition, and the others
settings of their own. A statistic is the mean over training trials (choices of worked examples) of the
mean over instances; a trial is a run. Most statistics are bookkeeping and no scores.

Source: Liang et al. 2022, Holistic Evaluation of Language Models, and the program's ``benchmark/runner.py``,
``metrics/metric.py``, ``metrics/statistic.py`` and ``metrics/metric_name.py`` in crfm-helm 0.5.16.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ..files import File
from ..options import Options
from ..schema import RECORDS, SCORES, Reading
from .helm_instances import records_of_run
from .helm_run import ITEMS, SPEC, STATE, STATS, Run
from .helm_statistics import scores_of_run

__all__ = ["batches", "recognises"]


def recognises(file: File) -> bool:
    """Whether a file is part of a run of HELM."""
    return _kind(file) != ""


def _kind(file: File) -> str:
    """Which file of a run it is, by what stands in it; ``""`` if it is none."""
    if file.kind != "document":
        return ""
    found = file.document
    if isinstance(found, dict):
        if {"adapter_spec", "request_states"} <= found.keys():
            return STATE
        if {"adapter_spec", "scenario_spec"} <= found.keys():
            return SPEC
        described = {"name", "description", "tags"} <= found.keys()
        return "scenario.json" if described and file.path.with_name(SPEC).is_file() else ""
    if not found and file.path.name in (STATS, ITEMS):
        return file.path.name if file.path.with_name(SPEC).is_file() else ""
    first = found[0] if isinstance(found, list) and found else None
    if not isinstance(first, dict):
        return ""
    if isinstance(first.get("name"), dict) and {"name", "count"} <= first.keys():
        return STATS
    if {"instance_id", "train_trial_index"} <= first.keys():
        if isinstance(first.get("stats"), list):
            return ITEMS
        shown_there = {
            "predicted_text": "display_predictions.json",
            "request": "display_requests.json",
        }
        return next((name for key, name in shown_there.items() if key in first), "")
    return "instances.json" if {"input", "references", "split", "id"} <= first.keys() else ""


def batches(file: File, options: Options, batch: int) -> Iterator[Reading]:
    """What a file of a run holds, whole: scores, records, or nothing of its own.

    Raises
    ------
    EvalFileError
        If `SPEC` is not beside it, which names model and scenario, or it holds other things than statistics.
    """
    kind = _kind(file)
    scores, records = pd.DataFrame(columns=list(SCORES)), pd.DataFrame(columns=list(RECORDS))
    notes: list[str] = []
    if kind == STATS:
        scores, notes = scores_of_run(file, Run.of(file.path, options))
    elif kind == ITEMS:
        records, notes = records_of_run(file, Run.of(file.path, options))
    elif not any(file.path.with_name(name).is_file() for name in (STATS, ITEMS)):
        notes = [f"its scores stand in {STATS} and {ITEMS}, which are not beside it"]
    name = {STATS: "HELM scores", ITEMS: "HELM records"}.get(kind, "part of a HELM run")
    yield Reading(str(file.path), name, "", scores, records, tuple(notes))
