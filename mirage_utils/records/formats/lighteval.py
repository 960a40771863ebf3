"""Hugging Face's lighteval: results (``results_*.json``) and details of each item (``details_*.parquet``).

Results name the tasks ``suite|task|shots|truncation`` (to 0.11) or ``task|shots`` (from 0.12), and
averages stand among them (``all``, ``mmlu:_average|5``): those are left out. Details have a column for
each of ``full_prompt``, ``predictions``, ``metrics`` and others (to 0.10), or three structures ``doc``,
``model_response`` and ``metric`` (from 0.11); neither names its model, which stands in the results beside.

Source: the program's ``logging/evaluation_tracker.py``, ``logging/info_loggers.py``, ``tasks/requests.py`` and
``models/model_output.py``, in 0.9.2, 0.10.0, 0.11.0, 0.12.2 and 0.13.0.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import numpy as np
import pandas as pd

from ...errors import shown
from ...metrics.strings import arrow, arrow_faults
from ..columns import score_table
from ..files import File, document
from ..identity import network
from ..options import Options
from ..schema import RECORDS, SCORES, EvalFileError, Reading, direction_of
from .collecting import Collected, LeftOut, said, whole
from .plain_batches import opened_parquet

__all__ = ["details", "recognises_details", "recognises_results", "results"]

_RESULTS, _DETAILS = "lighteval results", "lighteval details"
_STDERR = "_stderr"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d.:+-]+")
_NO_MODEL = "the file names no model: name it with model (--model NAME)"


class _Task(NamedTuple):
    """What the key of a task says: ``leaderboard|arc:challenge|25|0``, ``gsm8k@k=1|5``."""

    name: str
    setting: str
    shots: float

    @classmethod
    def of(cls, key: str) -> _Task:
        parts = key.split("|")
        suite = parts.pop(0) if len(parts) > 2 else ""
        name, *arguments = parts[0].split("@")
        shots = whole(int(parts[1]), 0) if len(parts) > 1 and _DIGITS.fullmatch(parts[1]) else None
        more = parts[1:] if shots is None else parts[2:]
        cut = ["shots left out where the prompt is too long" for part in more if part == "1"]
        odd = [part for part in more if part not in ("0", "1")]
        setting = ", ".join(filter(None, (suite, *arguments, *cut, *odd)))
        return cls(name, setting, math.nan if shots is None else shots)


_DIGITS = re.compile(r"[0-9]{1,9}")


def _mapping(value: Any) -> dict[str, Any]:
    """A mapping, also where the program wrote its text; of anything else an empty one."""
    if isinstance(value, str) and value[:1] == "{" and len(value) < 100_000:
        value = _literal(value)
    return value if isinstance(value, dict) else {}


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)  # literals only: nothing is executed
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


# -- results --------------------------------------------------------------------------------------


def _is_results(document: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON document is a results file of lighteval."""
    if not isinstance(document, dict) or not isinstance(document.get("results"), dict):
        return False
    general = document.get("config_general")
    own = {"config_tasks", "summary_general", "summary_tasks"} & document.keys()
    return isinstance(general, dict) and ("lighteval_sha" in general or bool(own))


def recognises_results(file: File) -> bool:
    """Whether a file is one of results."""
    return _is_results(file.document)


def results(file: File, options: Options, batch: int) -> Iterator[Reading]:
    """The scores of a results file, whole.

    Raises
    ------
    EvalFileError
        If a task's results are no object, or no task has a score.
    """
    path, whole_document = file.path, file.document
    general = whole_document["config_general"]
    model = options.called("model", _model(general))
    left, notes, rows, averages = LeftOut(), [], [], []
    for key, entries in whole_document["results"].items():
        if not isinstance(entries, dict):
            raise EvalFileError(
                path,
                f"expected an object of scores, found {shown(entries)}",
                field=f"results.{key}",
            )
        if key == "all" or ":_average" in key:
            averages.append(key)
            continue
        task = _Task.of(key)
        about = _about(whole_document, key)
        directions = _directions(about)
        for metric, value in entries.items():
            if metric.endswith(_STDERR) and metric.removesuffix(_STDERR) in entries:
                continue
            score = left.score(value, f"{key} {metric}")
            if score is None:
                continue
            error = entries.get(metric + _STDERR)
            rows.append(
                {
                    "model": model,
                    "task": options.called("task", task.name),
                    "setting": task.setting,
                    "shots": task.shots,
                    "run": str(path),
                    "metric": metric,
                    "direction": directions.get(metric) or direction_of(metric),
                    "score": score,
                    "n": _items(whole_document, about, key),
                    "source": str(path),
                    "stderr": error if isinstance(error, float) and error >= 0 else math.nan,
                }
            )
    notes += left.notes()
    if averages:
        notes.append(f"averages over tasks left out: {', '.join(averages)}")
    if not rows:
        why = f" ({left.notes()[0]})" if left.notes() else ""
        raise EvalFileError(path, f"no task has a score{why}", field="results")
    seeds = general.get("num_fewshot_seeds")
    if isinstance(seeds, int) and seeds > 1:
        notes.append(f"each score is an average over {seeds} choices of worked examples")
    if not model:
        notes.append(_NO_MODEL)
    none = pd.DataFrame(columns=list(RECORDS))
    version = said(general.get("lighteval_sha")).replace("?", "")
    table = score_table(rows, "stderr")
    yield Reading(str(path), _RESULTS, version, table, none, tuple(notes), time=_time(path.name))


def _model(general: Mapping[str, Any]) -> str:
    config = _mapping(general.get("model_config"))
    names = (general.get("model_name"), config.get("model_name"), config.get("pretrained"))
    name = next(filter(None, map(said, names)), "")
    if not name:
        return ""
    base = said(config.get("base_model"))
    if base:  # the name is that of an adapter, or of the difference from the base model
        kind = "delta" if config.get("delta_weights") else "peft"
        return network(base, {**config, kind: name})
    arguments = {**config, **_mapping(config.get("model_loading_kwargs"))}
    if said(config.get("dtype")) in ("4bit", "8bit"):
        arguments[f"load_in_{config['dtype']}"] = True
    return network(name, arguments)


def _time(name: str) -> str:
    found = _TIME.search(name)
    return found[0].rstrip(".") if found else ""


def _about(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """What is written of a task, under its key or, in older files, under its key without the shots."""
    tasks = _mapping(document.get("config_tasks"))
    shorter = (key.rpartition("|")[0], "|".join(key.split("|")[:2]))
    return next((found for name in (key, *shorter) if (found := _mapping(tasks.get(name)))), {})


def _directions(about: Mapping[str, Any]) -> dict[str, str]:
    """Directions of a task's metrics; one entry may be about several of them."""
    found: dict[str, str] = {}
    metrics = about.get("metrics", about.get("metric"))
    for entry in metrics if isinstance(metrics, list) else []:
        entry = _mapping(entry)
        names, better = entry.get("metric_name"), entry.get("higher_is_better")
        for name in names if isinstance(names, list) else [names]:
            higher = better.get(name) if isinstance(better, dict) and said(name) else better
            if isinstance(name, str) and isinstance(higher, bool):
                found[name] = "higher" if higher else "lower"
    return found


def _items(document: Mapping[str, Any], about: Mapping[str, Any], key: str) -> float:
    """Number of items: as counted in the summary, or as planned."""
    summary = _mapping(_mapping(document.get("summary_tasks")).get(key))
    # The program counts truncated requests, of which an item has several, and takes them from the items.
    counted = [whole(summary.get(name), -(10**12)) for name in ("truncated", "non_truncated")]
    if sum(counted) > 0:
        return sum(counted)
    return whole(about.get("effective_num_docs"))


# -- details --------------------------------------------------------------------------------------

_NEW = {"doc", "model_response", "metric"}
_OLD = {"full_prompt", "predictions", "metrics"}
_WANTED = [
    "metric", "doc.choices", "doc.gold_index", "doc.id", "doc.task_name", "doc.sampling_methods",
    "model_response.text", "model_response.text_post_processed", "model_response.logprobs",
    "metrics", "choices", "gold_index", "gold", "predictions",
]  # fmt: skip
"""What is read: prompts and tokens are most of a file, and are not."""


def _columns(file: File) -> set[str]:
    if file.kind != "parquet":
        return set()
    try:
        with opened_parquet(file.path) as parquet:
            return set(parquet.schema_arrow.names)
    except EvalFileError:
        return set()  # damaged: said by what reads tables


def recognises_details(file: File) -> bool:
    """Whether a file has the details of a task."""
    columns = _columns(file)
    return columns >= _NEW or columns >= _OLD


def details(file: File, options: Options, batch: int) -> Iterator[Reading]:
    """The records of a details file, in batches.

    Raises
    ------
    EvalFileError
        If the file is damaged.
    """
    path = file.path
    model, run, directions = _beside(path)
    model = options.called("model", model)
    named = re.fullmatch(rf"details_(.+)_{_TIME.pattern}\.parquet", path.name)
    key = named[1] if named else ""
    none = pd.DataFrame(columns=list(SCORES))
    left, start = LeftOut(), 0
    notes = [] if model else [_NO_MODEL]
    columns = _columns(file)
    wanted = [w for w in _WANTED if w.partition(".")[0] in columns]
    # A structure that could not be written as such was written as its text.
    flat = {w.partition(".")[0] for w in wanted}
    try:
        with opened_parquet(path) as parquet:
            kinds = {f.name: f.type for f in parquet.schema_arrow}
            texts = [name for name in flat if not arrow().types.is_struct(kinds[name])]
            for part in parquet.iter_batches(batch, columns=[*wanted, *texts]):
                records, more = _records(
                    path, part.to_pylist(), start, left, options, model, run, key, directions
                )
                start += part.num_rows
                yield Reading(
                    str(path), _DETAILS, "0.11+" if columns >= _NEW else "to 0.10", none, records,
                    (*notes, *more), time=_time(path.name),
                )  # fmt: skip
    except arrow_faults(OSError, ValueError) as error:
        raise EvalFileError(path, f"a damaged Parquet file ({shown(str(error), 160)})") from None
    if not start:
        raise EvalFileError(path, "a header and no rows")
    if left.notes():
        empty = pd.DataFrame(columns=list(RECORDS))
        yield Reading(str(path), _DETAILS, "", none, empty, tuple(left.notes()))


def _beside(path: Path) -> tuple[str, str, dict[str, str]]:
    """Model, run and directions of metrics, from the results that the program wrote with these details.

    ``out/details/acme/owl-1b/2025-05-01T.../details_x_2025-05-01T....parquet`` stands beside
    ``out/results/acme/owl-1b/results_2025-05-01T....json``.
    """
    run, above = path.parent, path.parent.parent
    for root in above.parents:
        inside = above.relative_to(root).parts
        if inside[0] != "details":
            continue
        written = root.joinpath("results", *inside[1:], f"results_{run.name}.json")
        try:
            found = document(written) if written.is_file() else None
        except EvalFileError:
            found = None
        if _is_results(found):
            directions: dict[str, str] = {}
            for about in _mapping(found.get("config_tasks")).values():
                directions |= _directions(_mapping(about))
            return _model(found["config_general"]), str(written), directions
        return "/".join(inside[1:]), str(run), {}
    return "", str(run) if _TIME.fullmatch(run.name) else "", {}


def _records(
    path: Path,
    rows: list[dict[str, Any]],
    start: int,
    left: LeftOut,
    options: Options,
    model: str,
    run: str,
    key: str,
    directions: Mapping[str, str],
) -> tuple[pd.DataFrame, list[str]]:
    collected = Collected(str(path))
    for at, row in enumerate(rows, start):
        item = _item(row)
        task = _Task.of(said(item.get("task_name")) or key)
        scores = {}
        for name, value in _mapping(row.get("metric", row.get("metrics"))).items():
            if value is None:  # a metric of other rows: a structure has all names in all rows
                continue
            score = left.score(value, str(name), f"row {at + 1}")
            if score is not None:
                scores[str(name)] = score
        target, output, logprobs = _answer(item)
        identity = item.get("id")
        collected.of(
            model=model, task=options.called("task", task.name), run=run, shots=task.shots
        ).add(
            str(at) if identity in (None, "") else str(identity), target, output, logprobs, scores,
            setting=task.setting, line=at + 1, logprobs_of="choices" if logprobs else "",
        )  # fmt: skip
    return collected.table(directions)


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    """One item in the newer names."""
    if "doc" in row:
        answer = _mapping(row.get("model_response"))
        return {
            **_mapping(row["doc"]),
            "text": answer.get("text_post_processed") or answer.get("text"),
            "logprobs": answer.get("logprobs"),
        }
    choices, gold, answers = (
        _literal(value) if isinstance(value, str) else value
        for value in (row.get(name) for name in ("choices", "gold_index", "predictions"))
    )
    answers = answers if isinstance(answers, list) else []
    # Of each choice the log-probability, and perhaps whether it is what the model would have written.
    logprobs = [a[0] if isinstance(a, (list, tuple)) and a else a for a in answers]
    return {"choices": choices, "gold_index": gold, "text": answers, "logprobs": logprobs}


def _answer(item: Mapping[str, Any]) -> tuple[str | None, str | None, list[float] | None]:
    """Target, output and log-probabilities, where it is certain what they are."""
    choices, gold = item.get("choices"), item.get("gold_index")
    choices = choices if isinstance(choices, list) else []
    golds = gold if isinstance(gold, list) else [gold]
    right = [g for g in golds if isinstance(g, int) and not isinstance(g, bool)]
    right = [g for g in right if 0 <= g < len(choices)]
    methods = item.get("sampling_methods")
    methods = set(methods) if isinstance(methods, list) and all(map(said, methods)) else set()
    logprobs = item.get("logprobs")
    if (
        isinstance(logprobs, list)
        and len(logprobs) == len(choices) >= 2
        and methods <= {"LOGPROBS"}
    ):
        values = [v if isinstance(v, float) and v <= 0 else math.nan for v in logprobs]
        if np.isfinite(values).all():
            target = str(right[0]) if len(right) == len(golds) == 1 else None
            return target, str(int(np.argmax(values))), values
    texts = item.get("text")
    if not isinstance(texts, list) or not methods <= {"GENERATIVE"}:
        return None, None, None
    answers = {t for t in texts if isinstance(t, str)}
    target = choices[right[0]] if len(right) == len(golds) == 1 else None
    output = answers.pop() if len(answers) == 1 and len(texts) == 1 else None
    return target if isinstance(target, str) else None, output, None
