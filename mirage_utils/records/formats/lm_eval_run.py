"""What a results file of the lm-evaluation-harness says of its run, and of the samples beside it."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...errors import shown
from .. import identity
from ..schema import direction_of, is_share
from ..values import number, score_of, text, whole

__all__ = [
    "FORMAT",
    "NO_MODEL",
    "Run",
    "is_metric",
    "is_nothing",
    "is_results",
    "mapping",
    "own_score",
    "stamp_of",
]

FORMAT = "lm-evaluation-harness results"
NO_MODEL = "the file names no model: name it with model (--model NAME)"

# Entries of a task's results that are no scores.
_NO_SCORE = {"alias", "name", "sample_len", "sample_count", "samples"}
STDERR = re.compile(r"_stderr(?=,|$)")
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d[-:]\d\d[-:]\d\d(?:\.\d+)?")
# Keys that only the harness writes; lighteval's files have results and versions too.
_OWN = {"lm_eval_version", "configs", "n-shot", "n-samples", "group_subtasks", "higher_is_better"}
_LIGHTEVAL = {"config_general", "config_tasks", "summary_tasks"}
_MAX_PARAMS = 1e15
# How answers are drawn, as far as they depend on it.
_DRAWING = ("temperature", "do_sample", "top_p", "top_k", "max_gen_toks")


def is_results(document: Any) -> bool:
    """Whether a JSON document is an aggregated results file.

    Open-LLM-Leaderboard's old files count: they have ``config_general``, as lighteval's have, and tasks
    that are named ``harness|...``.
    """
    if not isinstance(document, dict) or not isinstance(document.get("results"), dict):
        return False
    if document.keys() & _LIGHTEVAL and not document.keys() & _OWN:
        return any(str(task).startswith("harness|") for task in document["results"])
    return bool({"versions", "config", "configs"} & document.keys())


@dataclass(frozen=True)
class Run:
    """One run of the harness, as its results file describes it.

    Attributes
    ----------
    path : Path
    model : str
        Name of the network; ``""`` where the file names none.
    params : float
        Number of parameters, as the program counted them; nan where it did not.
    version, time : str
        Version of the program, or the generation of its schema; when the run was made.
    condition : str
        What else than a filter sets answers apart: a chat template, a system instruction.
    shots : dict of str to float
        By task.
    conditions : dict of str to str
        By task, its version and how answers were drawn.
    better : dict of (str, str) to bool
        Whether higher is better, by task and metric.
    arguments : str
        The arguments for the model, where the file has them as one text.
    scored : frozenset of (str, str)
        Tasks and metrics of which the file has a score.
    tasks : frozenset of str
    notes : tuple of str
        Fields that could not be used.
    """

    path: Path
    model: str = ""
    params: float = math.nan
    version: str = ""
    time: str = ""
    condition: str = ""
    shots: Mapping[str, float] = field(default_factory=dict, repr=False)
    conditions: Mapping[str, str] = field(default_factory=dict, repr=False)
    better: Mapping[tuple[str, str], bool] = field(default_factory=dict, repr=False)
    arguments: str = ""
    scored: frozenset[tuple[str, str]] = field(default=frozenset(), repr=False)
    tasks: frozenset[str] = field(default=frozenset(), repr=False)
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, path: Path, document: Mapping[str, Any]) -> Run:
        """The run of a parsed results file; `is_results` holds."""
        config = mapping(document.get("config"))
        notes: list[str] = []
        said = config.get("model_num_parameters")
        params = whole(said)
        if said is not None and (params is None or params > _MAX_PARAMS):
            notes.append(
                f"model_num_parameters is {shown(said)} and no number of parameters: not used"
            )
            params = None
        by_task = mapping(document.get("n-shot"))
        shots = {}
        for task in document["results"]:
            value = by_task.get(task, config.get("num_fewshot"))
            found = whole(value, low=0)
            shots[task] = math.nan if found is None else found
            if found is None and value is not None:
                notes.append(
                    f"n-shot of {task} is {shown(value)} and no number of examples: not used"
                )
        if config.get("limit") not in (None, ""):
            notes.append(
                f"limit {shown(config['limit'])}: only a part of each task's items was evaluated"
            )
        return cls(
            path, _model(document, config), math.nan if params is None else params,
            _generation(document), stamp_of(path) or _date(document.get("date")), _condition(document),
            shots, _conditions(document), _better(document), text(config.get("model_args") or ""), _scored(document),
            frozenset(document["results"]), tuple(notes),
        )  # fmt: skip

    def direction(self, task: str, metric: str) -> str:
        """Which scores of a task's metric are good; ``""`` where neither file nor name says."""
        said = self.better.get((task, metric))
        return direction_of(metric) if said is None else ("higher" if said else "lower")

    def setting(self, answer_filter: str) -> str:
        """The setting of scores under an answer filter, ``"none"`` for none."""
        parts = ("" if answer_filter == "none" else answer_filter, self.condition)
        return ", ".join(part for part in parts if part)


def stamp_of(path: Path) -> str:
    """The time in a file's name, as the harness writes it; ``""`` where there is none."""
    found = _STAMP.findall(path.name)
    return found[-1].replace(":", "-") if found else ""


def is_nothing(metric: str, score: float) -> bool:
    """Whether a score is -1 that stands for nothing: of a share, or of RULER's context lengths.

    RULER's metrics are named by a length, and have -1 where no document had it.
    """
    return score == -1 and (metric.isdecimal() or is_share(metric))


def _better(document: Mapping[str, Any]) -> dict[tuple[str, str], bool]:
    """Whether higher is better: what the file says of a task's metric, else what the task's configuration does."""
    found = []
    for task, config in mapping(document.get("configs")).items():
        listed = mapping(config).get("metric_list")
        for one in map(mapping, listed if isinstance(listed, list) else ()):
            found.append((task, one.get("metric"), one.get("higher_is_better")))
    for task, metrics in mapping(document.get("higher_is_better")).items():
        found += [(task, metric, said) for metric, said in mapping(metrics).items()]
    return {
        (task, metric): said
        for task, metric, said in found
        if isinstance(metric, str) and isinstance(said, bool)
    }


def _scored(document: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Tasks and metrics of which a file has a score."""
    return frozenset(
        (task, key.partition(",")[0])
        for task, entries in document["results"].items()
        for key, value in (entries.items() if isinstance(entries, dict) else ())
        if is_metric(key) and own_score(key.partition(",")[0], value) is not None
    )


def is_metric(key: str) -> bool:
    """Whether an entry of a task's results is named like a score."""
    return key not in _NO_SCORE and not STDERR.search(key) and bool(key.strip())


def own_score(metric: str, value: Any) -> float | None:
    """A score; None of what stands for none."""
    score = score_of(value)
    # The metric "bypass" stands for none: the program writes 999 where nothing was graded.
    return None if score is None or is_nothing(metric, score) or metric == "bypass" else score


def _date(value: Any) -> str:
    seconds = None if isinstance(value, str) else number(value)
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H-%M-%S.%f}" if seconds else ""
    except (ValueError, OverflowError, OSError):
        return ""


def _generation(document: Mapping[str, Any]) -> str:
    if document.get("lm_eval_version"):
        return str(document["lm_eval_version"])
    if "n-shot" not in document:
        return "0.2-0.3"
    if "n-samples" not in document:
        return "0.4.0-0.4.2"
    return "0.4.3" if "tokenizer_pad_token" not in document else "0.4.3-0.4.8"


def _condition(document: Mapping[str, Any]) -> str:
    named = {"chat template": "chat_template", "system instruction": "system_instruction"}
    return ", ".join(words for words, key in named.items() if document.get(key))


# Arguments for the model that change its answers and not its weights; others say how it was run.
_ANSWERING = (
    "add_bos_token", "dtype", "enable_thinking", "max_gen_toks", "max_length", "max_model_len", "prefix_token_id",
    "softmax_dtype", "think_end_token", "tokenizer", "truncation",
)  # fmt: skip


def _conditions(document: Mapping[str, Any]) -> dict[str, str]:
    versions, configs = (mapping(document.get(key)) for key in ("versions", "configs"))
    config = mapping(document.get("config"))
    common = mapping(config.get("gen_kwargs"))
    arguments = _arguments(config)
    answering = [f"{key} {arguments[key]}" for key in _ANSWERING if key in arguments]
    found = {}
    for task in document["results"]:
        drawn = {**mapping(mapping(configs.get(task)).get("generation_kwargs")), **common}
        parts = [f"version {versions[task]}"] if versions.get(task) not in (None, "N/A") else []
        parts += [f"{key} {drawn[key]}" for key in _DRAWING if drawn.get(key) is not None]
        parts += answering
        found[task] = shown(", ".join(parts), 200).strip("'") if parts else ""
    return found


def mapping(value: Any) -> dict[str, Any]:
    """A dict, also where a program wrote its text; of anything else an empty one."""
    if isinstance(value, str) and value[:1] == "{" and len(value) < 100_000:
        for parse in (json.loads, ast.literal_eval):  # literals only: nothing is executed
            try:
                value = parse(value)
                break
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
    return value if isinstance(value, dict) else {}


def _model(document: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """The name of the network, from what the file says of the model and of its arguments."""
    arguments = _arguments(config)
    named = document.get("model_name")
    if named in (arguments.get("peft"), arguments.get("delta")):
        named = None  # the program writes the adapter's name where there is one
    for name in (
        named,
        mapping(document.get("config_general")).get("model_name"),  # as leaderboards store it
        *(arguments.get(key) for key in ("pretrained", "model", "path", "engine")),
    ):
        if isinstance(name, str) and name.strip():
            return identity.network(name.strip(), arguments)
    return ""


def _arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for the model."""
    said = config.get("model_args")
    if isinstance(said, str) and said[:1] != "{":
        return dict(part.strip().split("=", 1) for part in said.split(",") if "=" in part)
    return mapping(said)
