"""BIG-bench's score files (``results/scores_*.json``): every metric of a task, and the preferred one.

Source: Srivastava et al. 2022, Beyond the Imitation Game, and the benchmark's repository, whose
program writes for each task and model its family, name and sizes, and for each subtask and number of
shots a dictionary of scores with the preferred metric's name and the ends of its range.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ...errors import shown
from ..columns import score_table
from ..files import File
from ..options import Options
from ..schema import RECORDS, EvalFileError, Reading, direction_of
from ..values import count, number

__all__ = ["batches", "read_scores_file", "recognises"]


def recognises(file: File) -> bool:
    """Whether a file is a BIG-bench score file."""
    return _is_scores(file.document)


def batches(file: File, options: Options, batch: int) -> Iterator[Reading]:
    """The scores of a file, whole."""
    scores, version, notes = read_scores_file(file.path, file.document, task=options.task)
    none = pd.DataFrame(columns=list(RECORDS))
    yield Reading(str(file.path), "BIG-bench scores", version, scores, none, tuple(notes))


def _is_scores(document: Any) -> bool:
    """Whether a JSON document is a BIG-bench score file."""
    return (
        isinstance(document, dict)
        and isinstance(document.get("model"), dict)
        and "model_family" in document["model"]
        and isinstance(document.get("scores"), list)
    )


def read_scores_file(
    path: Path, document: dict[str, Any], *, task: str = ""
) -> tuple[pd.DataFrame, str, list[str]]:
    """Scores of one task and model.

    Parameters
    ----------
    path : Path
    document : dict
        The parsed file.
    task : str
        Name of the task where the file has none; else that of the folder above ``results``.

    Returns
    -------
    scores : pandas.DataFrame
        Columns `SCORES`, and: ``preferred``, whether the metric is the task's preferred one; ``low``
        and ``high``, the scores of bad and of excellent performance that the task states. The
        subtask is the column ``setting``. Sizes are the file's own, without embeddings where it says.
    version : str
    notes : list of str

    Raises
    ------
    EvalFileError
        Naming the field.
    """
    about = document["model"]
    family = str(about.get("model_family") or "")
    name = str(about.get("model_name") or "")
    if not name:
        raise EvalFileError(path, "expected a name, found none", field="model.model_name")
    params = math.nan
    for field in ("non_embedding_params", "total_params"):
        if about.get(field):
            params = count(path, about[field], f"model.{field}")
            break
    task = _task(document) or task or _folder(path)
    notes: list[str] = []
    rows = []
    for i, entry in enumerate(document["scores"]):
        at = f"scores[{i}]"
        found = entry.get("score_dict") if isinstance(entry, dict) else None
        if not isinstance(found, dict):
            raise EvalFileError(path, f"expected a score_dict, found {shown(entry)}", field=at)
        preferred = entry.get("preferred_score")
        if preferred is not None and (not isinstance(preferred, str) or preferred not in found):
            raise EvalFileError(
                path, f"the preferred score {shown(preferred)} is not among the scores",
                field=f"{at}.preferred_score",
            )  # fmt: skip
        ends = {}
        for end in ("low_score", "high_score"):
            value = number(entry.get(end))
            ends[end] = math.nan if value is None else value
        for metric, value in found.items():
            score = number(value)
            if score is None or math.isnan(score):
                notes.append(f"{at} {metric} is {shown(value)} and no score: left out")
                continue
            if math.isinf(score):
                raise EvalFileError(
                    path, "the score is infinite", field=f"{at}.score_dict.{metric}"
                )
            rows.append(
                {
                    "family": family,
                    "model": f"{family} {name}",
                    "params": params,
                    "task": task,
                    "setting": str(entry.get("subtask_description") or ""),
                    "shots": count(
                        path, entry.get("number_of_shots"), f"{at}.number_of_shots", low=0
                    ),
                    "metric": str(metric),
                    "direction": direction_of(str(metric)),
                    "score": score,
                    "source": str(path),
                    "preferred": metric == preferred,
                    "low": ends["low_score"] if metric == preferred else math.nan,
                    "high": ends["high_score"] if metric == preferred else math.nan,
                }
            )
    if not rows:
        raise EvalFileError(path, "no score", field="scores")
    frame = score_table(rows, "preferred", "low", "high")
    return frame, str(document.get("bigbench_version") or "unknown"), notes


def _task(document: dict[str, Any]) -> str:
    about = document.get("task")
    if isinstance(about, dict):
        about = about.get("name") or about.get("task_name")
    return about if isinstance(about, str) else ""


def _folder(path: Path) -> str:
    folder = path.resolve().parent
    return folder.parent.name if folder.name == "results" else path.stem
