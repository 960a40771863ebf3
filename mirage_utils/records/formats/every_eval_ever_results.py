"""Results files of Every Eval Ever: the scores of one run of one model, or of several."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ...errors import shown
from ..columns import score_table
from ..files import File
from ..options import Options
from ..schema import RECORDS, EvalFileError, Reading, direction_of, is_fraction
from ..values import number
from .collecting import LeftOut, inside, mapping, said, whole
from .every_eval_ever import (
    NAMELESS,
    NO_MODEL,
    Run,
    about_result,
    is_results,
)

__all__ = ["batches", "recognises"]

_FORMAT = "Every Eval Ever results"


def recognises(file: File) -> bool:
    """Whether a file is one of results: a JSON object, or several."""
    return is_results(file.first)


def batches(file: File, options: Options, batch: int) -> Iterator[Reading]:
    """The scores of a results file, whole.

    Raises
    ------
    EvalFileError
        If there is no list of results, a result is no object, or none has a score.
    """
    path, left = file.path, LeftOut()
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    runs = []
    for line, found in file.objects():
        if not is_results(found):
            raise EvalFileError(path, f"not a run's results: {shown(found)}", line=line)
        run = Run.of(found, path, notes)
        runs.append(run)
        entries = found["evaluation_results"]
        if not isinstance(entries, list):
            raise EvalFileError(
                path, f"expected a list, found {shown(entries)}", field="evaluation_results"
            )
        for i, entry in enumerate(entries):
            if not isinstance(entry, dict):
                raise EvalFileError(
                    path,
                    f"expected a result, found {shown(entry)}",
                    field=f"evaluation_results[{i}]",
                )
            row = _row(entry, run, options, left, notes)
            if row is not None:
                rows.append({**row, "source": str(path)})
    notes += [*left.notes(), *_told_apart(rows)]
    if not rows:
        why = f" ({notes[0]})" if notes else ""
        raise EvalFileError(path, f"no result has a score{why}", field="evaluation_results")
    if any(not row["model"] for row in rows):
        notes.append(NO_MODEL)
    table = score_table([{k: v for k, v in r.items() if k != "id"} for r in rows], *_MORE)
    none = pd.DataFrame(columns=list(RECORDS))
    yield Reading(
        str(path), _FORMAT, runs[0].version, table, none, tuple(dict.fromkeys(notes)),
        time=max(run.time for run in runs),
    )  # fmt: skip


_MORE = ("stderr", "low", "high", "per_cent_known")


def _row(
    entry: Mapping[str, Any], run: Run, options: Options, left: LeftOut, notes: list[str]
) -> dict[str, Any] | None:
    about = about_result(entry, run, options)
    config = mapping(entry.get("metric_config"))
    details = mapping(entry.get("score_details"))
    where = f"{about.task} {about.metric}"
    score = left.score(details.get("score"), where)
    if score is None:
        return None
    if config.get("has_unknown_level") is True and score == -1:
        notes.append(f"{where} is of the level 'unknown' (-1): left out")
        return None
    if about.metric == NAMELESS:
        notes.append(
            f"no metric is named: called '{NAMELESS}'; name it with metric (--metric NAME)"
        )
    usual = direction_of(about.metric)
    if usual and about.direction != usual:
        notes.append(
            f"{about.metric}: the file says that {about.direction} is better; if not, say so: "
            f"direction (--direction '{about.metric}={usual}')"
        )
    uncertainty = mapping(details.get("uncertainty"))
    n = whole(uncertainty.get("num_samples"))
    listed = inside(entry, "source_data", "sample_ids")
    if math.isnan(n) and isinstance(listed, list) and listed:
        n = float(len(listed))
    low, high = (_number(config.get(key)) for key in ("min_score", "max_score"))
    unit = said(config.get("metric_unit")).lower()
    cents = unit in ("percent", "percentage", "%") or (
        not unit and (low, high) == (0, 100) and is_fraction(about.metric)
    )
    parts = (unit == "proportion" or (low, high) == (0, 1)) and 0 <= score <= 1
    if cents:
        notes.append(
            f"{about.metric} of {about.task}: in per cent, as the file says, divided by 100"
        )
    scale = 100.0 if cents else 1.0
    return {
        "model": options.called("model", run.model),
        "params": run.params,
        "task": about.task,
        "setting": about.setting,
        "shots": about.shots,
        "run": run.name,
        "metric": about.metric,
        "direction": about.direction,
        "score": score / scale,
        "n": n,
        "stderr": _error(uncertainty, n) / scale,
        "low": low / scale,
        "high": high / scale,
        "per_cent_known": cents or parts,
        "id": said(entry.get("evaluation_result_id")),
    }


def _number(value: Any) -> float:
    found = number(value)
    return math.nan if found is None else found


def _error(uncertainty: Mapping[str, Any], n: float) -> float:
    """The standard error, which is an object from 0.2.0, or from the standard deviation."""
    error = uncertainty.get("standard_error")
    found = _number(error.get("value") if isinstance(error, dict) else error)
    if math.isnan(found):
        found = _number(uncertainty.get("standard_deviation")) / math.sqrt(n)
    return found if 0 <= found < math.inf else math.nan


def _told_apart(rows: list[dict[str, Any]]) -> list[str]:
    """Give results that would have one name their own, in place; a note on each."""
    seen: dict[tuple[str, ...], int] = {}
    notes = []
    for row in rows:
        key = tuple(str(row[k]) for k in ("model", "task", "setting", "shots", "run", "metric"))
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 1:
            own = row["id"] or f"result {seen[key]}"
            row["setting"] = ", ".join(filter(None, (row["setting"], own)))
            notes.append(
                f"{row['task']} {row['metric']} stands here several times: told apart as '{own}'"
            )
    return notes
