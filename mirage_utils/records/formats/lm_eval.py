"""EleutherAI's lm-evaluation-harness: aggregated results and per-item samples, 2022 to 2026.

Eight generations of files are known. What changed between them: the separator of metric and answer
filter (``acc``, then ``acc,none``, with several filters from 0.4.2), where the number of items stands
(nowhere, ``n-samples``, ``sample_len`` and ``sample_count``), groups beside their members, whether
samples are JSON lines or one JSON array, and how log-probabilities are written (numbers, then text).

Source: Gao et al., A framework for few-shot language model evaluation (the program's repository).
"""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from ...errors import shown
from ..columns import Gatherer, score_table
from ..files import File, document
from ..options import Options
from ..schema import RECORDS, SCORES, EvalFileError, Reading, direction_of
from ..values import count, number, text

__all__ = ["recognises_results", "recognises_samples", "results", "samples"]

# Entries of a task's results that are no scores.
_NO_SCORE = {"alias", "name", "sample_len", "sample_count", "samples"}
# Fields of a sample that are no scores, over all generations.
_SAMPLE_FIELDS = {
    "doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics",
    "doc_hash", "prompt_hash", "target_hash",
}  # fmt: skip
_PROMPTSOURCE = {"pred", "target", "doc_id", "fewshot_num"}
_NO_MODEL = "the file names no model: name it with model (--model NAME)"
_STDERR = re.compile(r"_stderr(,|$)")


def is_results(document: Any) -> bool:
    """Whether a JSON document is an aggregated results file."""
    return (
        isinstance(document, dict)
        and isinstance(document.get("results"), dict)
        and bool({"versions", "config", "configs"} & document.keys())
    )


def is_samples(row: Any) -> bool:
    """Whether a JSON object is one line of a samples file, of any generation."""
    return isinstance(row, dict) and (
        ("resps" in row and "filtered_resps" in row and "doc_id" in row)
        or row.keys() >= _PROMPTSOURCE
    )


def recognises_results(file: File) -> bool:
    """Whether a file is one of aggregated results."""
    return file.kind == "document" and is_results(file.document)


def recognises_samples(file: File) -> bool:
    """Whether a file is one of samples: JSON lines, an array, or a single one."""
    return is_samples(file.first)


def results(file: File, options: Options, batch: int) -> Iterator[Reading]:
    """The scores of a results file, whole."""
    scores, version, notes = read_results(file.path, file.document)
    if options.model:
        scores["model"] = options.model
        notes = [n for n in notes if n != _NO_MODEL]
    none = pd.DataFrame(columns=list(RECORDS))
    yield Reading(
        str(file.path), "lm-evaluation-harness results", version, scores, none, tuple(notes)
    )


def samples(file: File, options: Options, batch: int) -> Iterator[Reading]:
    """The records of a samples file, in batches."""
    model, size, task = _from_name(file.path, file.first)
    rows = file.objects()
    none = pd.DataFrame(columns=list(SCORES))
    while part := list(islice(rows, batch)):
        records, version, notes = read_samples(
            file.path, part, model=options.model or model, params=size, task=options.task or task
        )
        yield Reading(
            str(file.path), "lm-evaluation-harness samples", version, none, records, tuple(notes)
        )


# -- aggregated results ---------------------------------------------------------------------------


def read_results(path: Path, document: dict[str, Any]) -> tuple[pd.DataFrame, str, list[str]]:
    """Scores of an aggregated results file.

    Parameters
    ----------
    path : Path
        For messages and the column ``source``.
    document : dict
        The parsed file; `is_results` holds.

    Returns
    -------
    scores : pandas.DataFrame
        Columns `SCORES` (sizes not yet resolved, but for a parameter count that the file itself
        gives); ``is_group``, true for averages over other rows; ``per_cent``, true where the scores of
        a task are hundredths.
    version : str
        Generation of the schema, told by its keys, or the program's version where the file says.
    notes : list of str
        What was left out or is unusual.

    Raises
    ------
    EvalFileError
        Naming task and metric: an entry of the wrong kind, an infinite score, a number of items that
        is none.
    """
    results = document["results"]
    config = _mapping(document.get("config"))
    model = _model(document, config)
    members = _mapping(document.get("group_subtasks"))
    groups = {name for name, subtasks in members.items() if subtasks}
    groups |= set(_mapping(document.get("groups")))
    params = count(path, config.get("model_num_parameters"), "config")
    notes: list[str] = []
    rows = []
    hundredths = []
    for task, entries in results.items():
        if not isinstance(entries, dict):
            raise EvalFileError(
                path, f"expected an object of scores, found {shown(entries)}",
                field=f"results.{task}",
            )  # fmt: skip
        per_cent = _in_per_cent(entries)
        shots = _shots(path, document, config, task)
        if per_cent:
            hundredths.append(task)
        for key, value in entries.items():
            if key in _NO_SCORE or _STDERR.search(key) or not key.strip():
                continue
            metric, _, answer_filter = key.partition(",")
            field = f"results.{task}.{key}"
            if isinstance(value, (dict, list)):
                raise EvalFileError(path, f"expected a number, found {shown(value)}", field=field)
            score = number(value)
            if score is None or math.isnan(score):
                notes.append(f"{task} {key} is {shown(value)} and no score: left out")
                continue
            if math.isinf(score):
                raise EvalFileError(path, "the score is infinite", field=field)
            rows.append(
                {
                    "model": model,
                    "params": params,
                    "task": task,
                    "setting": "" if answer_filter in ("", "none") else answer_filter,
                    "shots": shots,
                    "metric": metric,
                    "direction": _direction(document, task, metric),
                    "score": score,
                    "n": _items(path, document, entries, task, key),
                    "source": str(path),
                    "is_group": task in groups,
                    "per_cent": per_cent,
                }
            )
    if hundredths:
        notes.append(f"{', '.join(hundredths)}: in per cent, kept as the file has it (per_cent)")
    if not rows:
        raise EvalFileError(path, "no task has a score", field="results")
    frame = score_table(rows, "is_group", "per_cent")
    n_groups = int(frame["is_group"].sum())
    if n_groups:
        notes.append(f"{n_groups} rows are averages over groups of tasks (is_group)")
    if not model:
        notes.append(_NO_MODEL)
    return frame, _generation(document), notes


def _in_per_cent(entries: Mapping[str, Any]) -> bool:
    """Whether a task's scores are in per cent: one share above 1 tells it for all of them.

    One small score alone cannot tell (0.4 may be 0.4 % or 40 %), but a task's scores come from one
    grader, and one of them usually is above 1 %.
    """
    shares = (
        value
        for key, value in entries.items()
        if key.partition(",")[0].rpartition("_")[2].lower()
        in ("acc", "accuracy", "em", "exact", "f1")
        and not _STDERR.search(key)
    )
    return any(
        isinstance(v, (int, float)) and not isinstance(v, bool) and 1 < v <= 100 for v in shares
    )


def _generation(document: Mapping[str, Any]) -> str:
    if document.get("lm_eval_version"):
        return str(document["lm_eval_version"])
    if "n-shot" not in document:
        return "0.2-0.3"
    if "n-samples" not in document:
        return "0.4.0-0.4.2"
    return "0.4.3" if "tokenizer_pad_token" not in document else "0.4.3-0.4.8"


def _mapping(value: Any) -> dict[str, Any]:
    """A dict, also where a program wrote its text; of anything else an empty one."""
    if isinstance(value, str) and value[:1] == "{" and len(value) < 100_000:
        try:
            value = ast.literal_eval(value)  # literals only: nothing is executed
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _model(document: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    arguments = config.get("model_args")
    if isinstance(arguments, str) and arguments[:1] != "{":
        arguments = dict(part.strip().split("=", 1) for part in arguments.split(",") if "=" in part)
    arguments = _mapping(arguments)
    for name in (
        document.get("model_name"),
        _mapping(document.get("config_general")).get("model_name"),  # as leaderboards store it
        arguments.get("pretrained"),
        arguments.get("model"),
        arguments.get("engine"),
    ):
        if isinstance(name, str) and name.strip():
            revision = arguments.get("revision")
            named = name.strip()
            # A checkpoint is another model: its step must not merge with the final one's.
            return f"{named}@{revision}" if revision not in (None, "", "main") else named
    return ""


def _shots(path: Path, document: Mapping[str, Any], config: Mapping[str, Any], task: str) -> float:
    value = _mapping(document.get("n-shot")).get(task, config.get("num_fewshot"))
    return count(path, value, f"n-shot.{task}", low=0)


def _direction(document: Mapping[str, Any], task: str, metric: str) -> str:
    said = _mapping(_mapping(document.get("higher_is_better")).get(task)).get(metric)
    if isinstance(said, bool):
        return "higher" if said else "lower"
    return direction_of(metric)


def _items(
    path: Path, document: Mapping[str, Any], entries: Mapping[str, Any], task: str, key: str
) -> float:
    counts = _mapping(_mapping(document.get("n-samples")).get(task))
    by_metric = _mapping(entries.get("sample_count"))
    value = by_metric.get(key, counts.get("effective", entries.get("sample_len")))
    return count(path, value, f"n-samples.{task}")


# -- samples --------------------------------------------------------------------------------------


def read_samples(
    path: Path,
    rows: Iterable[tuple[int, Any]],
    *,
    model: str,
    task: str,
    params: float = math.nan,
) -> tuple[pd.DataFrame, str, list[str]]:
    """Records of a samples file.

    Parameters
    ----------
    path : Path
    rows : iterable of (int, object)
        Line (or position in the array) and parsed object.
    model, task : str
        Which the file itself does not say.
    params : float
        Number of parameters, where it is known.

    Returns
    -------
    records : pandas.DataFrame
        Columns `RECORDS`.
    version : str
    notes : list of str

    Raises
    ------
    EvalFileError
        Naming the line: not a sample, a field of the wrong kind, an item that stands twice.
    """
    gathered = Gatherer()
    left_out: Counter[str] = Counter()
    examples: dict[str, str] = {}
    repeats = 0
    version = ""
    shots = math.nan
    for line, row in rows:
        if not is_samples(row):
            raise EvalFileError(path, f"not a sample of the harness: {shown(row)}", line=line)
        if not version:
            version = _sample_generation(row)
            shots = count(path, row.get("fewshot_num"), "fewshot_num", low=0)
        if "resps" not in row:  # the promptsource fork of 2022 kept answers and no scores
            gathered.add(
                text(row["doc_id"]), text(row["target"]), text(row["pred"]), None, {},
                setting=text(row.get("prompt_name") or ""), line=line,
            )  # fmt: skip
            continue
        output, logprobs, several = _answer(path, row["filtered_resps"], line)
        repeats = max(repeats, several)
        names = row.get("metrics")
        if names is None:
            names = [k for k in row if k not in _SAMPLE_FIELDS]
        elif not isinstance(names, list):
            raise EvalFileError(
                path, f"expected a list, found {shown(names)}", line=line, field="metrics"
            )
        scores = {}
        for name in names:
            name = str(name)
            value = row.get(name)
            score = None if isinstance(value, str) else number(value)
            if score is None or not math.isfinite(score):
                left_out[name] += 1
                examples.setdefault(name, f"line {line}: {shown(value)}")
            else:
                scores[name] = score
        answer_filter = row.get("filter", "none")
        gathered.add(
            text(row["doc_id"]), _target(row), output, logprobs, scores,
            setting="" if answer_filter == "none" else str(answer_filter), line=line,
        )  # fmt: skip
    twice = gathered.repeated()
    if twice:
        item, first, second = twice
        raise EvalFileError(
            path, f"item {item} stands here a second time (first in line {first})",
            line=second, field="doc_id",
        )  # fmt: skip
    records = gathered.table(model=model, params=params, task=task, shots=shots, source=str(path))
    notes = [
        f"{name} is no number in {times} records ({examples[name]}): left out there"
        for name, times in left_out.items()
    ]
    if repeats > 1:
        notes.append(f"{repeats} answers an item: the first is kept, the scores are the file's")
    if not model:
        notes.append(_NO_MODEL)
    if not records.empty and (records["metric"].astype(str) == "").all():
        notes.append("answers without scores: grade them (mirage_utils.records.grade, or --grade)")
    return records, version, notes


def _sample_generation(row: Mapping[str, Any]) -> str:
    if "resps" not in row:
        return "0.2 promptsource"
    if "filter" in row or "metrics" in row:
        return "0.4.9+" if "metrics" in row else "0.4.3-0.4.8"
    return "0.4.2+" if "doc_hash" in row else "0.4.0-0.4.2"


def _target(row: Mapping[str, Any]) -> str | None:
    """The right answer; of a choice task whose target lists the choices, the answer's index."""
    target = row.get("target")
    doc = row.get("doc")
    if isinstance(target, list) and isinstance(doc, dict):
        for name in ("answer", "gold", "label"):
            if isinstance(doc.get(name), int) and 0 <= doc[name] < len(target):
                return text(target[doc[name]])
    return None if target is None else text(target)


def _answer(path: Path, responses: Any, line: int) -> tuple[str | None, list[float] | None, int]:
    """Answer as text, log-probabilities, and how many answers an item has."""
    if not isinstance(responses, list):
        raise EvalFileError(
            path, f"expected a list, found {shown(responses)}", line=line, field="filtered_resps"
        )
    if not responses:
        return None, None, 0
    first = responses[0]
    if isinstance(first, str):
        return first, None, 1
    try:  # the usual case, kept short because a file has millions: [[number, greedy], ...]
        quick = [response[0] + 0.0 for response in responses]
        usual = max(quick) <= 1e-3 and not any(map(math.isnan, quick))
    except (TypeError, IndexError, KeyError, OverflowError):
        usual = False
    if usual:
        return (str(quick.index(max(quick))) if len(quick) > 1 else None), quick, 1
    if isinstance(first, list) and first and all(isinstance(r, str) for r in first):
        pair = len(first) == 2 and first[1] in ("True", "False") and number(first[0]) is not None
        if not pair:
            return first[0], None, len(first)
    logprobs = []
    for i, response in enumerate(responses):
        value = response[0] if isinstance(response, list) and response else response
        logprob = number(value)
        if logprob is None or math.isnan(logprob) or logprob > 1e-3:
            raise EvalFileError(
                path, f"expected a log-probability <= 0 or text, found {shown(response)}",
                line=line, field=f"filtered_resps[{i}]",
            )  # fmt: skip
        logprobs.append(logprob)
    if len(logprobs) == 1:
        return None, logprobs, 1
    best = max(range(len(logprobs)), key=logprobs.__getitem__)
    return str(best), logprobs, 1


# -- what only the name and the neighbours of a samples file say ------------------------------------

_SAMPLES = re.compile(r"samples_(?P<task>.+?)(?:_\d{4}-\d\d-\d\dT[\d.:-]+)?")
_DEV = re.compile(r"(?:pretrained=(?P<model>[^_]+(?:__[^_]+)*))?_(?P<task>[^_].*)")


def _from_name(path: Path, first: Mapping[str, Any]) -> tuple[str, float, str]:
    """Model, its size and the task of a samples file, which only its name and neighbours tell."""
    stem = re.sub(r"\.jsonl?(\.gz)?$", "", path.name)
    if "dataset_path" in first:  # the promptsource fork, whose rows name the data
        task = str(first["dataset_path"])
        found = re.match(rf"examples(?:-limited_\d+)?_(.+?)_{re.escape(task)}_\d", stem)
        return found[1] if found else "", math.nan, task
    found = _SAMPLES.fullmatch(stem)
    if found:
        return *_neighbour(path), found["task"]
    found = _DEV.fullmatch(stem)
    if found:
        return (found["model"] or "").replace("__", "/"), math.nan, found["task"]
    return "", math.nan, stem


def _neighbour(path: Path) -> tuple[str, float]:
    """Model and size in the results file beside a samples file: the only one, or of the same time."""
    beside = sorted(path.parent.glob("results_*.json"))
    stamp = re.search(r"\d{4}-\d\d-\d\dT[\d.:-]+", path.stem)
    same = [p for p in beside if stamp and stamp[0].rstrip(".") in p.name]
    for candidate in same or (beside if len(beside) == 1 else []):
        try:
            whole = document(candidate)
            if is_results(whole):
                first = read_results(candidate, whole)[0].iloc[0]
                return str(first["model"]), float(first["params"])
        except EvalFileError:
            continue
    return "", math.nan
