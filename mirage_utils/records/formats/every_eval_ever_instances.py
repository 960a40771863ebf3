"""Instances of Every Eval Ever: one row an item and result, named by the results file beside them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ...errors import shown
from ..files import File, document
from ..options import Options
from ..schema import SCORES, EvalFileError, Reading, direction_of
from ..values import number
from .collecting import Collected, LeftOut, inside, mapping, said, whole
from .every_eval_ever import (
    NAMELESS,
    NO_MODEL,
    About,
    Run,
    about_result,
    is_instance,
    is_results,
)

__all__ = ["batches", "recognises"]

_FORMAT = "Every Eval Ever instances"


def recognises(file: File) -> bool:
    """Whether a file is one of instances."""
    return is_instance(file.first)


def batches(file: File, options: Options, batch: int) -> Iterator[Reading]:
    """The records of a file of instances, in batches.

    Raises
    ------
    EvalFileError
        Naming the line: not an instance.
    """
    path = file.path
    beside = _Beside.of(path, options)
    rows = file.objects()
    nameless = options.called("metric")
    none = pd.DataFrame(columns=list(SCORES))
    while part := list(islice(rows, batch)):
        for line, row in part:
            if not is_instance(row):
                raise EvalFileError(path, f"not an instance: {shown(row)}", line=line)
        if not nameless:
            nameless = "accuracy" if _are_right_or_wrong(row for _, row in part) else NAMELESS
        records, notes = _records(path, part, beside, options, nameless)
        version = said(part[0][1].get("schema_version")).removeprefix("instance_level_eval_")
        yield Reading(
            str(path), _FORMAT, version, none, records, tuple(notes), time=beside.time
        )  # fmt: skip


class _Beside(NamedTuple):
    """What the results file says that belongs to a file of instances."""

    by_id: dict[str, About]
    by_name: dict[str, list[About]]
    model: str
    written: str
    params: float
    time: str

    @classmethod
    def of(cls, path: Path, options: Options) -> _Beside:
        stem = path.name.removesuffix(".gz").removesuffix(".jsonl").removesuffix("_samples")
        written = path.with_name(f"{stem}.json")
        try:
            found = document(written) if written.is_file() else None
        except EvalFileError:
            found = None
        if not is_results(found):
            return cls({}, {}, "", "", math.nan, "")
        run = Run.of(found, written, [])
        beside = cls(
            {}, {}, said(inside(found, "model_info", "id")), run.model, run.params, run.time
        )
        entries = found["evaluation_results"]
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict):
                about = about_result(entry, run, options)
                beside.by_id[said(entry.get("evaluation_result_id"))] = about
                beside.by_name.setdefault(said(entry.get("evaluation_name")), []).append(about)
        return beside


_STATISTIC = re.compile(r"([\w@]+):(\w+)((?::.*)?)")
"""What the converter of HELM calls a result: metric, split and perturbation."""


def _about_row(row: Mapping[str, Any], beside: _Beside, options: Options, nameless: str) -> About:
    name, identity = said(row.get("evaluation_name")), said(row.get("evaluation_result_id"))
    if identity and identity in beside.by_id:
        return beside.by_id[identity]
    found = beside.by_name.get(name, [])
    if len(found) == 1:
        return found[0]
    answer_filter = said(inside(row, "metadata", "filter"))
    answer_filter = "" if answer_filter == "none" else answer_filter
    name = name.removesuffix(f"/{answer_filter}") if answer_filter else name
    task = options.called("task", name)
    statistic = _STATISTIC.fullmatch(identity)
    if statistic:
        metric, split, more = statistic.groups()
        setting = ", ".join(filter(None, (f"split={split}" * (split != "test"), more.strip(":"))))
        return About(task, setting, math.nan, metric, direction_of(metric))
    direction = direction_of(nameless)
    return About(task, answer_filter, math.nan, nameless, direction)


def _are_right_or_wrong(rows: Iterator[Mapping[str, Any]]) -> bool:
    """Whether each score says nothing but whether the answer is correct."""
    for row in rows:
        graded = mapping(row.get("evaluation", row.get("metrics")))
        score, right = number(graded.get("score")), graded.get("is_correct")
        if score is not None and not (isinstance(right, bool) and score == float(right)):
            return False
    return True


def _records(
    path: Path, part: list[tuple[int, Any]], beside: _Beside, options: Options, nameless: str
) -> tuple[pd.DataFrame, list[str]]:
    left, collected = LeftOut(), Collected(str(path))
    directions: dict[str, str] = {}
    faults = choices = assumed = 0
    for line, row in part:
        about = _about_row(row, beside, options, nameless)
        graded = mapping(row.get("evaluation", row.get("metrics")))
        scores = {}
        for metric, value in (_several(row) or {about.metric: graded.get("score")}).items():
            score = left.score(value, metric, f"line {line}")
            if score is not None:
                scores[metric] = score
        assumed += about.metric == nameless and nameless in scores and not options.metric
        if about.direction:
            directions[about.metric] = about.direction
        faults += bool(row.get("error"))
        target, output = _answer(row)
        choices += bool(inside(row, "input", "choices"))
        model = said(row["model_id"])
        known = model == beside.model and model != ""
        collected.of(
            model=options.called("model", beside.written if known else model),
            params=beside.params if known else math.nan,
            task=about.task,
            run=said(row.get("evaluation_id")) or str(path),
            shots=about.shots,
        ).add(
            _name(row["sample_id"]), target, output, None, scores,
            setting=about.setting, line=line, epoch=_epoch(row),
        )  # fmt: skip
    records, notes = collected.table(directions)
    notes = [*left.notes(), *notes]
    if assumed:
        notes.append(
            f"no results file beside it names the metric: called '{nameless}'; name it with metric (--metric NAME)"
        )
    if faults:
        notes.append(f"{faults:,} items have an error: their scores count as they stand")
    if choices:
        notes.append(
            f"{choices:,} items are choices without log-probabilities: only their scores are read"
        )
    if len(records) and (records["model"].astype(str) == "").any():
        notes.append(NO_MODEL)
    return records, notes


def _several(row: Mapping[str, Any]) -> dict[str, Any]:
    """All scores of an item of lm-evaluation-harness, of which the row's own is the first."""
    written = said(inside(row, "metadata", "lm_eval_metrics"))
    try:
        found = json.loads(written) if written[:1] == "{" else {}
    except (ValueError, RecursionError):
        return {}
    return {str(k): v for k, v in found.items() if isinstance(v, (int, float))}


def _name(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _epoch(row: Mapping[str, Any]) -> int:
    found = whole(number(inside(row, "metadata", "epoch")))
    return 1 if math.isnan(found) else int(found)


def _answer(row: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Target and output, where it is certain what they are: of free text with one reference."""
    if inside(row, "input", "choices"):
        return None, None
    references, outputs = (
        _texts(inside(row, *keys)) for keys in (("input", "reference"), ("output", "raw"))
    )
    attributed = row.get("answer_attribution")
    final = [
        said(entry.get("extracted_value"))
        for entry in (attributed if isinstance(attributed, list) else [])
        if isinstance(entry, dict) and entry.get("is_terminal") is True
    ]
    output = final[0] if len(final) == 1 else outputs[0] if len(outputs) == 1 else None
    return references[0] if len(references) == 1 else None, output


def _texts(value: Any) -> list[str]:
    """One text before 0.2.0, a list of them since."""
    found = value if isinstance(value, list) else [value]
    return [v for v in found if isinstance(v, str)]
