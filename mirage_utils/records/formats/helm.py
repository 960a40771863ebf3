"""HELM's run folders: ``stats.json`` and ``per_instance_stats.json``, with ``run_spec.json`` beside them.

A statistic's name has a split, perhaps a perturbation and a part of the split. Those of the split
``test`` without a perturbation (``valid`` where there is no ``test``) are the plain condition, and the others
settings of their own. A statistic is the mean over training trials (choices of worked examples) of the
mean over instances; a trial is a run. Most statistics are bookkeeping and no scores.

Source: Liang et al. 2022, Holistic Evaluation of Language Models, and the program's ``benchmark/runner.py``,
``metrics/metric.py``, ``metrics/statistic.py`` and ``metrics/metric_name.py`` in crfm-helm 0.5.16.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ...errors import shown
from ..columns import score_table
from ..files import File, document
from ..identity import network
from ..options import Options
from ..schema import RECORDS, SCORES, EvalFileError, Reading, direction_of
from .collecting import Collected, LeftOut, said, whole

__all__ = ["batches", "recognises"]

_SPEC, _STATS, _ITEMS, _STATE = (
    "run_spec.json", "stats.json", "per_instance_stats.json", "scenario_state.json",
)  # fmt: skip
_LIGHT = 64 * 1024**2
"""Answers are read from a `_STATE` of at most so many bytes: prompts are most of it."""

_BOOKKEEPING = re.compile(
    r"(max_)?num_.*|.*(runtime|_cost)|batch_size|finish_reason_.*|prompt_(truncated|length)"
    r"|predicted_index|platt_(coef|intercept)|max_prob"
)
# Of a model's own answers; of a text only where the method is language modelling.
_OWN = {"bits_per_byte", "logprob", "logprob_per_byte", "perplexity"}
_CHOICES = ("multiple_choice", "ranking")

_HIGHER = re.compile(
    r"(.*_)?(match|accuracy|acc|correctness|equiv|f1|f1_score|precision|recall|meteor|cider)"
    r"|rouge[-_].*|bleu_\d|math_equiv.*|logprob.*|selective_.*|(air|safety|wildbench)_score.*"
)
_LOWER = re.compile(
    r"(platt_)?ece_.*|(.*_)?(cer|mer|wer)_score|error_rate|toxic_frac|(expected_)?max_toxicity.*"
    r"|bias_metric.*|bbq_metric_.*_bias|absolute_value_difference"
)


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
            return _STATE
        if {"adapter_spec", "scenario_spec"} <= found.keys():
            return _SPEC
        described = {"name", "description", "tags"} <= found.keys()
        return "scenario.json" if described and file.path.with_name(_SPEC).is_file() else ""
    if not found and file.path.name in (_STATS, _ITEMS):
        return file.path.name if file.path.with_name(_SPEC).is_file() else ""
    first = found[0] if isinstance(found, list) and found else None
    if not isinstance(first, dict):
        return ""
    if isinstance(first.get("name"), dict) and {"name", "count"} <= first.keys():
        return _STATS
    if {"instance_id", "train_trial_index"} <= first.keys():
        if isinstance(first.get("stats"), list):
            return _ITEMS
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
        If `_SPEC` is not beside it, which names model and scenario, or it holds other things than statistics.
    """
    kind = _kind(file)
    scores, records = pd.DataFrame(columns=list(SCORES)), pd.DataFrame(columns=list(RECORDS))
    notes: list[str] = []
    if kind == _STATS:
        scores, notes = _scores(file, _Run.of(file.path, options))
    elif kind == _ITEMS:
        records, notes = _records(file, _Run.of(file.path, options))
    elif not any(file.path.with_name(name).is_file() for name in (_STATS, _ITEMS)):
        notes = [f"its scores stand in {_STATS} and {_ITEMS}, which are not beside it"]
    name = {_STATS: "HELM scores", _ITEMS: "HELM records"}.get(kind, "part of a HELM run")
    yield Reading(str(file.path), name, "", scores, records, tuple(notes))


# -- what a run is about --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Run:
    """What `_SPEC` says of a run."""

    model: str
    task: str
    setting: str
    shots: float
    method: str
    trials: int
    perturbed: bool
    path: Path

    @classmethod
    def of(cls, path: Path, options: Options) -> _Run:
        written = path.with_name(_SPEC)
        spec = None
        if written.is_file():
            spec = document(written)
        elif not (options.model and options.task):
            raise EvalFileError(
                path, f"{_SPEC}, which names model and scenario, is not beside it: keep the files of a run "
                "together, or name them with model and task (--model NAME --task NAME)",
            )  # fmt: skip
        spec = spec if isinstance(spec, dict) else {}
        adapter, scenario, data = (
            found if isinstance(found := spec.get(name), dict) else {}
            for name in ("adapter_spec", "scenario_spec", "data_augmenter_spec")
        )
        name, _, listed = said(spec.get("name")).partition(":")
        arguments = dict(a.partition("=")[::2] for a in listed.split(",") if "=" in a)
        given = scenario.get("args") if isinstance(scenario.get("args"), dict) else {}
        method = said(adapter.get("method"))
        setting = {k: v for k, v in arguments.items() if k not in _NO_SETTING}
        setting |= {str(k): _text(v) for k, v in given.items() if str(k) not in arguments}
        model = said(adapter.get("model")) or arguments.get("model", "")
        trials = whole(adapter.get("num_train_trials"))
        shots = whole(adapter.get("max_train_instances"), 0)
        return cls(
            options.called("model", network(model) if model else ""),
            options.called("task", name, said(scenario.get("class_name")).rpartition(".")[2]),
            ", ".join(f"{k}={v}" for k, v in setting.items()),
            shots,
            method,
            1 if math.isnan(trials) else int(trials),
            bool(data.get("perturbation_specs")) or not spec,
            path.with_name(_STATS),
        )

    def run(self, trial: Any) -> str:
        """Name of one trial."""
        return str(self.path) if self.trials == 1 else f"{self.path} trial {trial}"

    @property
    def notes(self) -> list[str]:
        return [] if self.model else ["the run names no model: name it with model (--model NAME)"]


# What stands in a run's name, and elsewhere too or is no condition.
_NO_SETTING = {
    "max_eval_instances", "max_train_instances", "model", "model_deployment", "num_train_trials",
}  # fmt: skip


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


# -- statistics -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Name:
    """The name of a statistic; `worst`: over all perturbations of a kind, and none."""

    metric: str
    split: str
    sub_split: str
    perturbation: str
    worst: bool

    @classmethod
    def of(cls, name: Any) -> _Name | None:
        if not isinstance(name, dict) or not said(name.get("name")):
            return None
        changed = name.get("perturbation")
        return cls(
            said(name["name"]),
            _said(name.get("split")),
            _said(name.get("sub_split")),
            _perturbation(changed),
            isinstance(changed, dict) and changed.get("name") in ("robustness", "fairness"),
        )

    def kept(self, run: _Run) -> bool:
        """Whether it is a score."""
        if _BOOKKEEPING.fullmatch(self.metric):
            return False
        return self.metric not in _OWN or run.method == "language_modeling"

    def setting(self, run: _Run, plain: str) -> str:
        """The condition, and how it differs from the plain one."""
        more = (
            run.setting,
            f"split={self.split}" if self.split not in ("", plain) else "",
            f"part={self.sub_split}" if self.sub_split else "",
            f"perturbation={self.perturbation}" if self.perturbation else "",
        )
        return ", ".join(filter(None, more))


def _said(value: Any) -> str:
    return "" if value is None else _text(value).strip()


def _perturbation(found: Any) -> str:
    """A perturbation in words: its name, what it is computed on, its parameters; ``""`` for none."""
    if not isinstance(found, dict):
        return _said(found)
    usual = {"name", "robustness", "fairness", "computed_on"}
    more = {str(k): v for k, v in found.items() if k not in usual and v is not None}
    on = found.get("computed_on")
    words = [_said(found.get("name")), _said(on) if on not in (None, "perturbed") else ""]
    return " ".join(filter(None, (*words, *(f"{k}={_text(v)}" for k, v in more.items()))))


def _plain(names: list[_Name]) -> str:
    """The split that is the plain condition."""
    splits = [name.split for name in names if not name.perturbation and name.split]
    return next((s for s in ("test", "valid") if s in splits), splits[0] if splits else "test")


def _told(found: str, plain: str, left: Counter[str]) -> list[str]:
    notes = []
    if plain != "test":
        notes.append(f"no instances of the split 'test': those of {plain!r} are {found}")
    if left:
        several = f", {', '.join(list(left)[:3])} and others" if len(left) > 3 else ""
        listed = several.lstrip(", ") or ", ".join(left)
        notes.append(
            f"bookkeeping and statistics of the model's own answers left out: {len(left)} names ({listed})"
        )
    return notes


def _direction(metric: str) -> str:
    base = metric.partition("@")[0]
    if _LOWER.fullmatch(base):
        return "lower"
    return direction_of(base) or ("higher" if _HIGHER.fullmatch(base) else "")


def _statistic(path: Path, entry: Any, field: str) -> tuple[_Name, dict[str, Any]]:
    name = _Name.of(entry.get("name")) if isinstance(entry, dict) else None
    if name is None:
        raise EvalFileError(path, f"expected a statistic, found {shown(entry)}", field=field)
    return name, entry


def _scores(file: File, run: _Run) -> tuple[pd.DataFrame, list[str]]:
    path = file.path
    entries = [_statistic(path, entry, f"[{i}]") for i, entry in enumerate(file.document)]
    kept = [(name, entry) for name, entry in entries if name.kept(run)]
    bookkeeping = Counter(name.metric for name, _ in entries if not name.kept(run))
    plain = _plain([name for name, _ in kept])
    notes = [*run.notes, *_told("the scores", plain, bookkeeping)]
    items = {
        (name.split, name.sub_split, name.perturbation): whole(entry.get("mean"))
        for name, entry in entries
        if name.metric == "num_instances"
    }
    in_trials = _metrics_of_items(path) if run.trials > 1 else set()
    left, rows = LeftOut(), []
    copies, means = 0, set()
    for name, entry in kept:
        if name.worst and not run.perturbed:
            copies += 1  # the worst of one version of each instance is that version
            continue
        if name.metric in in_trials and not name.perturbation:
            means.add(name.metric)
            continue
        where = " ".join(filter(None, (name.split, name.sub_split, name.perturbation)))
        score = left.score(entry.get("mean"), f"{name.metric} ({where})" if where else name.metric)
        if score is None:
            continue
        rows.append(
            {
                "model": run.model,
                "task": run.task,
                "setting": name.setting(run, plain),
                "shots": run.shots,
                "run": str(run.path),
                "metric": name.metric,
                "direction": _direction(name.metric),
                "score": score,
                "n": items.get((name.split, name.sub_split, name.perturbation), math.nan),
                "source": str(path),
            }
        )
    notes += left.notes()
    if copies:
        notes.append(
            f"no perturbation was asked for: {copies} copies ('robustness', 'fairness') left out"
        )
    if means:
        notes.append(
            f"means over {run.trials} trials, which are runs in {_ITEMS}, left out: {', '.join(sorted(means))}"
        )
    elif run.trials > 1 and rows:
        notes.append(f"each score is a mean over {run.trials} trials")
    return score_table(rows), notes


def _metrics_of_items(path: Path) -> set[str]:
    """Metrics of which the scores of each instance stand beside, by trial."""
    beside = path.with_name(_ITEMS)
    try:
        found = document(beside) if beside.is_file() else None
    except EvalFileError:
        return set()
    stats = (
        stat
        for entry in (found if isinstance(found, list) else [])
        if isinstance(entry, dict) and isinstance(entry.get("stats"), list)
        for stat in entry["stats"]
    )
    names = (_Name.of(stat.get("name")) for stat in stats if isinstance(stat, dict))
    return {name.metric for name in names if name is not None}


# -- instances ------------------------------------------------------------------------------------


def _records(file: File, run: _Run) -> tuple[pd.DataFrame, list[str]]:
    path = file.path
    found: dict[tuple[Any, str, str, str], list[dict[_Name, Any]]] = {}
    names: dict[_Name, None] = {}
    for i, entry in enumerate(file.document):
        stats = entry.get("stats") if isinstance(entry, dict) else None
        if not isinstance(stats, list) or "instance_id" not in entry:
            raise EvalFileError(path, f"expected an instance, found {shown(entry)}", field=f"[{i}]")
        values = {}
        for j, stat in enumerate(stats):
            name, stat = _statistic(path, stat, f"[{i}].stats[{j}]")
            names[name] = None
            if name.kept(run):
                values[name] = stat.get("mean")
        changed = _perturbation(entry.get("perturbation"))
        trial = _said(entry.get("train_trial_index"))
        split = next(((n.split, n.sub_split, n.perturbation) for n in values), ("", "", ""))
        rows = found.setdefault((_text(entry["instance_id"]), trial, changed, str(split)), [])
        # Each metric of a run adds entries of its own; the same metric again is a repetition.
        fitting = next((row for row in rows if not row.keys() & values.keys()), None)
        if fitting is None:
            rows.append(values)
        else:
            fitting.update(values)
    answers, notes = _answers(path, run)
    plain = _plain([name for name in names if name.kept(run)])
    left, collected = LeftOut(), Collected(str(path))
    for (item, trial, changed, _), rows in found.items():
        for values in rows:
            name = next(iter(values), None)
            scores = {}
            for stat, value in values.items():
                score = left.score(value, stat.metric, f"instance {item}")
                if score is not None:
                    scores[stat.metric] = score
            target, output = answers.get((item, trial, changed), (None, None))
            collected.of(model=run.model, task=run.task, run=run.run(trial), shots=run.shots).add(
                item, target, output, None, scores,
                setting=name.setting(run, plain) if name else run.setting,
            )  # fmt: skip
    directions = {name.metric: _direction(name.metric) for name in names}
    records, again = collected.table({k: v for k, v in directions.items() if v})
    bookkeeping = Counter(name.metric for name in names if not name.kept(run))
    notes = [*run.notes, *_told("the items", plain, bookkeeping), *notes, *left.notes(), *again]
    return records, notes


def _answers(
    path: Path, run: _Run
) -> tuple[dict[tuple[str, str, str], tuple[str | None, str | None]], list[str]]:
    """Correct answer and output of each instance, where answers are free text; what was not read."""
    beside = path.with_name(_STATE)
    if run.method.startswith(_CHOICES) or run.method == "language_modeling" or not beside.is_file():
        return {}, []
    if beside.stat().st_size > _LIGHT:
        return {}, [f"the answers in {_STATE} are not read: it has more than {_LIGHT:,} bytes"]
    try:
        state = document(beside)
    except EvalFileError as error:
        return {}, [f"the answers in {_STATE} are not read: {error.reason}"]
    states = state.get("request_states") if isinstance(state, dict) else None
    found: dict[tuple[str, str, str], tuple[str | None, str | None]] = {}
    for entry in states if isinstance(states, list) else []:
        instance = entry.get("instance") if isinstance(entry, dict) else None
        if not isinstance(instance, dict) or "id" not in instance:
            continue
        changed = _perturbation(instance.get("perturbation"))
        key = (_text(instance["id"]), _said(entry.get("train_trial_index")), changed)
        # Two requests for one instance: which of them was scored is not said.
        found[key] = (None, None) if key in found else (_reference(instance), _completion(entry))
    return found, []


def _reference(instance: Mapping[str, Any]) -> str | None:
    """The correct answer, if there is one and only one."""
    references = instance.get("references")
    right = [
        _inside(reference, "output", "text")
        for reference in (references if isinstance(references, list) else [])
        if isinstance(tags := _inside(reference, "tags"), list) and "correct" in tags
    ]
    return right[0] if len(right) == 1 and isinstance(right[0], str) else None


def _completion(entry: Mapping[str, Any]) -> str | None:
    """The first completion, without blanks around it: what is scored."""
    completions = _inside(entry, "result", "completions")
    text = (
        _inside(completions[0], "text") if isinstance(completions, list) and completions else None
    )
    return text.strip() if isinstance(text, str) else None


def _inside(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
