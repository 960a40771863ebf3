"""Every Eval Ever: the exchange format of the EvalEval coalition, results (JSON) and instances (JSON lines).

A results file is about one run of one model: its ``evaluation_results`` have a name, a metric with its
direction and bounds, and a score with its uncertainty. Instances, in ``..._samples.jsonl`` beside it, have one
row an item and result, joined by ``evaluation_id`` and ``evaluation_result_id``.

Source: the schemas ``eval.schema.json`` and ``instance_level_eval.schema.json``, in the versions 0.1.0 to 0.3.0,
of the repository evaleval/every_eval_ever, and its converters of lm-evaluation-harness, Inspect and HELM.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ...errors import shown
from ..columns import score_table
from ..files import File, document
from ..identity import UnknownModelError, network, resolve
from ..options import Options
from ..schema import RECORDS, SCORES, EvalFileError, Reading, direction_of, is_fraction
from ..values import number
from .collecting import Collected, LeftOut, said, whole

__all__ = ["instances", "recognises_instances", "recognises_results", "results"]

_RESULTS, _INSTANCES = "Every Eval Ever results", "Every Eval Ever instances"
_NO_MODEL = "the file names no model: name it with model (--model NAME)"
_NAMELESS = "score"
"""Metric of scores of which the file does not say which they are."""


def recognises_results(file: File) -> bool:
    """Whether a file is one of results: a JSON object, or several."""
    return is_results(file.first)


def recognises_instances(file: File) -> bool:
    """Whether a file is one of instances."""
    return is_instance(file.first)


def is_results(document: Any) -> bool:
    """Whether a JSON object is about one run."""
    return (
        isinstance(document, dict)
        and "evaluation_results" in document
        and {"model_info", "schema_version"} & document.keys() != set()
    )


def is_instance(row: Any) -> bool:
    """Whether a JSON object is about one item."""
    return (
        isinstance(row, dict)
        and {"model_id", "evaluation_name", "sample_id"} <= row.keys()
        and {"evaluation", "metrics", "interaction_type"} & row.keys() != set()
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _inside(value: Any, *keys: str) -> Any:
    for key in keys:
        value = _mapping(value).get(key)
    return value


# -- what a result is about ------------------------------------------------------------------------


class _About(NamedTuple):
    """What one result is about."""

    task: str
    setting: str
    shots: float
    metric: str
    direction: str


class _Run(NamedTuple):
    """What a results file says of its run."""

    model: str
    params: float
    name: str
    time: str
    version: str
    conditions: tuple[str, ...]

    @classmethod
    def of(cls, document: Mapping[str, Any], path: Path, notes: list[str]) -> _Run:
        info = _mapping(document.get("model_info"))
        more = _mapping(info.get("additional_details"))
        model = _network(said(info.get("id")) or said(info.get("name")), more)
        library = _mapping(document.get("eval_library"))
        by = " ".join(filter(None, (said(library.get("name")), said(library.get("version")))))
        return cls(
            model,
            _size(model, more, notes),
            said(document.get("evaluation_id")) or str(path),
            _time(document.get("evaluation_timestamp"))
            or _time(document.get("retrieved_timestamp")),
            said(document.get("schema_version")) + (f" ({by})" if by else ""),
            tuple(f"{k}={more[k]}" for k in _CONDITIONS if said(more.get(k))),
        )


# Details of a model that change its answers and not its weights.
_CONDITIONS = ("agent_scaffold", "inference_effort", "reasoning_effort")
_SIZES = {
    "num_parameters": 1.0, "params_billions": 1e9, "size_billions_parameters": 1e9,
}  # fmt: skip
_SHOTS = ("num_fewshot", "n_shot", "num_fewshots")


def _network(name: str, details: Mapping[str, Any]) -> str:
    if not name:
        return ""
    written = said(details.get("model_args"))
    arguments = dict(part.strip().partition("=")[::2] for part in written.split(",") if "=" in part)
    precision = said(details.get("precision")).lower()
    if precision in ("4bit", "8bit"):
        arguments[f"load_in_{precision}"] = "True"
    return network(name, {**arguments, **details})


def _size(model: str, details: Mapping[str, Any], notes: list[str]) -> float:
    """Number of parameters: sizes in billions are rounded, and only for models that the table does not know."""
    for key, unit in _SIZES.items():
        if details.get(key) is None:
            continue
        found = number(details[key])
        if found is None or not 0 < found < math.inf:
            notes.append(f"{key} is {shown(details[key])} and no size: left out")
            continue
        if unit > 1 and _is_known(model):
            continue
        return found * unit
    return math.nan


def _is_known(model: str) -> bool:
    try:
        resolve(model)
    except UnknownModelError:
        return False
    return True


def _time(value: Any) -> str:
    """A time as text that sorts, in UTC; ``""`` of what is none."""
    seconds = number(value)
    if seconds is not None and 0 < seconds < 1e11:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    try:
        found = datetime.fromisoformat(said(value))
    except ValueError:
        return ""
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except OverflowError:
        return ""


_FILTER = re.compile(r"(.*?) \(filter: (.+)\)", re.DOTALL)


def _about(result: Mapping[str, Any], run: _Run, options: Options) -> _About:
    config = _mapping(result.get("metric_config"))
    name = said(result.get("evaluation_name"))
    metric, answer_filter = _metric(config, name)
    metric = options.called("metric", metric) or _NAMELESS
    if answer_filter:
        name = name.removesuffix(f"/{answer_filter}")
    lower = config.get("lower_is_better")
    direction = (
        ("lower" if lower else "higher") if isinstance(lower, bool) else direction_of(metric)
    )
    dataset = said(_inside(result, "source_data", "dataset_name"))
    return _About(
        options.called("task", name, dataset),
        ", ".join(filter(None, (answer_filter, *run.conditions))),
        _shots(result),
        metric,
        direction,
    )


def _metric(config: Mapping[str, Any], name: str) -> tuple[str, str]:
    """Name of a metric, ``""`` where there is none, and the filter of answers that its description names.

    Older files only describe it; in newer ones ``metric_id`` is its name, unless it has the benchmark's name in
    it, and ``metric_name`` sometimes is that of the benchmark.
    """
    identity, kind, label = (
        said(config.get(key)) for key in ("metric_id", "metric_kind", "metric_name")
    )
    words = said(config.get("evaluation_description"))
    filtered = _FILTER.fullmatch(words)
    words, answer_filter = filtered.groups() if filtered else (words, "")
    own = identity if not re.search(r"[./]", identity) else ""
    label = label if label != name else ""
    found = own or kind or label or _described(words) or identity
    parameters = _mapping(config.get("metric_parameters"))
    if parameters and found in (own, kind):
        found += f" ({', '.join(f'{k}={v}' for k, v in parameters.items())})"
    return found, answer_filter


def _described(words: str) -> str:
    """The name of a metric in a description such as ``Exact Match on MATH Level 5``."""
    head = words.partition(" on ")[0].strip()
    plain = head.lower().replace(" ", "_")
    return plain if direction_of(plain) else head if head and not re.search(r"\s", head) else ""


def _shots(result: Mapping[str, Any]) -> float:
    places = (
        _inside(result, "generation_config", "additional_details"),
        _inside(result, "source_data", "additional_details"),
    )
    for place in map(_mapping, places):
        for key in _SHOTS:
            found = whole(number(place.get(key)), 0)
            if not math.isnan(found):
                return found
    return math.nan


# -- results --------------------------------------------------------------------------------------


def results(file: File, options: Options, batch: int) -> Iterator[Reading]:
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
        run = _Run.of(found, path, notes)
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
        notes.append(_NO_MODEL)
    table = score_table([{k: v for k, v in r.items() if k != "id"} for r in rows], *_MORE)
    none = pd.DataFrame(columns=list(RECORDS))
    yield Reading(
        str(path), _RESULTS, runs[0].version, table, none, tuple(dict.fromkeys(notes)),
        time=max(run.time for run in runs),
    )  # fmt: skip


_MORE = ("stderr", "low", "high", "per_cent_known")


def _row(
    entry: Mapping[str, Any], run: _Run, options: Options, left: LeftOut, notes: list[str]
) -> dict[str, Any] | None:
    about = _about(entry, run, options)
    config = _mapping(entry.get("metric_config"))
    details = _mapping(entry.get("score_details"))
    where = f"{about.task} {about.metric}"
    score = left.score(details.get("score"), where)
    if score is None:
        return None
    if config.get("has_unknown_level") is True and score == -1:
        notes.append(f"{where} is of the level 'unknown' (-1): left out")
        return None
    if about.metric == _NAMELESS:
        notes.append(
            f"no metric is named: called '{_NAMELESS}'; name it with metric (--metric NAME)"
        )
    usual = direction_of(about.metric)
    if usual and about.direction != usual:
        notes.append(
            f"{about.metric}: the file says that {about.direction} is better; if not, say so: "
            f"direction (--direction '{about.metric}={usual}')"
        )
    uncertainty = _mapping(details.get("uncertainty"))
    n = whole(uncertainty.get("num_samples"))
    listed = _inside(entry, "source_data", "sample_ids")
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


# -- instances ------------------------------------------------------------------------------------


def instances(file: File, options: Options, batch: int) -> Iterator[Reading]:
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
            nameless = "accuracy" if _are_right_or_wrong(row for _, row in part) else _NAMELESS
        records, notes = _records(path, part, beside, options, nameless)
        version = said(part[0][1].get("schema_version")).removeprefix("instance_level_eval_")
        yield Reading(
            str(path), _INSTANCES, version, none, records, tuple(notes), time=beside.time
        )  # fmt: skip


class _Beside(NamedTuple):
    """What the results file says that belongs to a file of instances."""

    by_id: dict[str, _About]
    by_name: dict[str, list[_About]]
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
        run = _Run.of(found, written, [])
        beside = cls(
            {}, {}, said(_inside(found, "model_info", "id")), run.model, run.params, run.time
        )
        entries = found["evaluation_results"]
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict):
                about = _about(entry, run, options)
                beside.by_id[said(entry.get("evaluation_result_id"))] = about
                beside.by_name.setdefault(said(entry.get("evaluation_name")), []).append(about)
        return beside


_STATISTIC = re.compile(r"([\w@]+):(\w+)((?::.*)?)")
"""What the converter of HELM calls a result: metric, split and perturbation."""


def _about_row(row: Mapping[str, Any], beside: _Beside, options: Options, nameless: str) -> _About:
    name, identity = said(row.get("evaluation_name")), said(row.get("evaluation_result_id"))
    if identity and identity in beside.by_id:
        return beside.by_id[identity]
    found = beside.by_name.get(name, [])
    if len(found) == 1:
        return found[0]
    answer_filter = said(_inside(row, "metadata", "filter"))
    answer_filter = "" if answer_filter == "none" else answer_filter
    name = name.removesuffix(f"/{answer_filter}") if answer_filter else name
    task = options.called("task", name)
    statistic = _STATISTIC.fullmatch(identity)
    if statistic:
        metric, split, more = statistic.groups()
        setting = ", ".join(filter(None, (f"split={split}" * (split != "test"), more.strip(":"))))
        return _About(task, setting, math.nan, metric, direction_of(metric))
    direction = direction_of(nameless)
    return _About(task, answer_filter, math.nan, nameless, direction)


def _are_right_or_wrong(rows: Iterator[Mapping[str, Any]]) -> bool:
    """Whether each score says nothing but whether the answer is correct."""
    for row in rows:
        graded = _mapping(row.get("evaluation", row.get("metrics")))
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
        graded = _mapping(row.get("evaluation", row.get("metrics")))
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
        choices += bool(_inside(row, "input", "choices"))
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
        notes.append(_NO_MODEL)
    return records, notes


def _several(row: Mapping[str, Any]) -> dict[str, Any]:
    """All scores of an item of lm-evaluation-harness, of which the row's own is the first."""
    written = said(_inside(row, "metadata", "lm_eval_metrics"))
    try:
        found = json.loads(written) if written[:1] == "{" else {}
    except (ValueError, RecursionError):
        return {}
    return {str(k): v for k, v in found.items() if isinstance(v, (int, float))}


def _name(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _epoch(row: Mapping[str, Any]) -> int:
    found = whole(number(_inside(row, "metadata", "epoch")))
    return 1 if math.isnan(found) else int(found)


def _answer(row: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Target and output, where it is certain what they are: of free text with one reference."""
    if _inside(row, "input", "choices"):
        return None, None
    references, outputs = (
        _texts(_inside(row, *keys)) for keys in (("input", "reference"), ("output", "raw"))
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
