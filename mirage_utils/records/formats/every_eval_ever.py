"""Every Eval Ever: the exchange format of the EvalEval coalition, results (JSON) and instances (JSON lines).

A results file is about one run of one model: its ``evaluation_results`` have a name, a metric with its
direction and bounds, and a score with its uncertainty. Instances, in ``..._samples.jsonl`` beside it, have one
row an item and result, joined by ``evaluation_id`` and ``evaluation_result_id``.

Source: the schemas ``eval.schema.json`` and ``instance_level_eval.schema.json``, in the versions 0.1.0 to 0.3.0,
of the repository evaleval/every_eval_ever, and its converters of lm-evaluation-harness, Inspect and HELM.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from ...errors import shown
from ..identity import UnknownModelError, network, resolve
from ..options import Options
from ..schema import direction_of
from ..values import number
from .collecting import inside, mapping, said, whole

__all__ = ["NAMELESS", "NO_MODEL", "About", "Run", "about_result", "is_instance", "is_results"]

NO_MODEL = "the file names no model: name it with model (--model NAME)"
"""What is said of such a file."""
NAMELESS = "score"
"""Metric of scores of which the file does not say which they are."""


def is_results(document: Any) -> TypeGuard[dict[str, Any]]:
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


class About(NamedTuple):
    """What one result is about.

    Attributes
    ----------
    task, setting : str
    shots : float
        nan where it is not known.
    metric : str
    direction : str
        ``"higher"``, ``"lower"``, or ``""`` where it is not known.
    """

    task: str
    setting: str
    shots: float
    metric: str
    direction: str


class Run(NamedTuple):
    """What a results file says of its run.

    Attributes
    ----------
    model : str
        Name of the network; ``""`` where none is named.
    params : float
        Its size, where the file gives it exactly or no table knows the model; else nan.
    name : str
        Identifier of the run, or the file.
    time : str
        As text that sorts; ``""`` where it is not known.
    version : str
        Of the schema, and the program that wrote the file.
    conditions : tuple of str
        What changes the answers and not the weights, ``key=value``.
    """

    model: str
    params: float
    name: str
    time: str
    version: str
    conditions: tuple[str, ...]

    @classmethod
    def of(cls, document: Mapping[str, Any], path: Path, notes: list[str]) -> Run:
        """Of the object that a results file holds; `notes` takes what is left out."""
        info = mapping(document.get("model_info"))
        more = mapping(info.get("additional_details"))
        model = _network(said(info.get("id")) or said(info.get("name")), more)
        library = mapping(document.get("eval_library"))
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


def about_result(result: Mapping[str, Any], run: Run, options: Options) -> About:
    """Which task, setting and metric one result of a run is of; the options go before the file."""
    config = mapping(result.get("metric_config"))
    name = said(result.get("evaluation_name"))
    metric, answer_filter = _metric(config, name)
    metric = options.called("metric", metric) or NAMELESS
    if answer_filter:
        name = name.removesuffix(f"/{answer_filter}")
    lower = config.get("lower_is_better")
    direction = (
        ("lower" if lower else "higher") if isinstance(lower, bool) else direction_of(metric)
    )
    dataset = said(inside(result, "source_data", "dataset_name"))
    return About(
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
    parameters = mapping(config.get("metric_parameters"))
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
        inside(result, "generation_config", "additional_details"),
        inside(result, "source_data", "additional_details"),
    )
    for place in map(mapping, places):
        for key in _SHOTS:
            found = whole(number(place.get(key)), 0)
            if not math.isnan(found):
                return found
    return math.nan
