"""From tables of scores to curves: the only way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..curves import Curve
from ..metrics import METRICS
from ..records.schema import is_share
from ..records.scores import condition

__all__ = ["Question", "questions"]


@dataclass(frozen=True)
class Question:
    """One task of one family under one condition, with every metric there is of it.

    Attributes
    ----------
    family, task, setting : str
        The number of shots, where known, is part of the setting.
    curves : dict of str to Curve
    lengths : pandas.DataFrame
        Rows of `Gathered.lengths` of this question.
    """

    family: str
    task: str
    setting: str
    curves: Mapping[str, Curve]
    lengths: pd.DataFrame = field(repr=False)

    @property
    def name(self) -> str:
        """Task and setting."""
        return f"{self.task} ({self.setting})" if self.setting else self.task


def questions(scores: pd.DataFrame, lengths: pd.DataFrame) -> Iterator[Question]:
    """The questions of a gathered table, in its order.

    Models of one size in one family are runs of one another: seeds, say. A score that two files
    report alike counts once. Rows of models without a size make no curve.
    """
    sized = scores[scores["params"].notna() & scores["score"].notna()]
    keys = ["family", "task", "setting", "shots"]
    by_question = dict(iter(lengths.groupby(keys, dropna=False))) if len(lengths) else {}
    by_question = {_key(k): rows for k, rows in by_question.items()}
    for key, rows in sized.groupby(keys, sort=False, dropna=False):
        family, task, setting = map(str, key[:3])
        curves = {
            str(metric): _curve(str(metric), part)
            for metric, part in rows.groupby("metric", sort=False)
        }
        setting = condition(setting, key[3])
        yield Question(family, task, setting, curves, by_question.get(_key(key), lengths[:0]))


def _key(key: tuple) -> tuple:
    *names, shots = key
    return (*map(str, names), None if shots != shots else float(shots))


def _curve(metric: str, rows: pd.DataFrame) -> Curve:
    rows = rows.drop_duplicates(["model", "params", "score", "n"])
    given = sorted(set(rows["direction"]) - {""})
    scale, score, error, n, skill, skill_error, single = [], [], [], [], [], [], []
    for size, part in rows.groupby("params"):
        values = part["score"].to_numpy(float)
        items = part["n"].to_numpy(float)
        scale.append(float(size))
        score.append(values.mean())
        single.append(values)
        n.append(items.sum())
        errors = part["deviation"].to_numpy(float) / np.sqrt(items)
        error.append(np.sqrt((errors**2).sum()) / len(part))
        skill.append(part["skill"].mean() if part["skill"].notna().all() else np.nan)
        errors = part["skill_error"].to_numpy(float)
        skill_error.append(np.sqrt((errors**2).sum()) / len(part))
    score, n = np.array(score), np.array(n)
    within = bool(((score >= 0) & (score <= 1)).all())
    whole = bool(np.isfinite(n).all()) and bool((n >= 1).all())
    proportion = whole and within and is_share(metric)
    error = np.array(error)
    if whole and within and _bounded(metric) and np.isnan(error).any():
        # The largest that a mean of scores between 0 and 1 can have, and the very one of a share.
        most = np.sqrt(score * (1 - score) / n) if proportion else 0.5 / np.sqrt(n)
        error = np.where(np.isnan(error), most, error)
    return Curve(
        np.array(scale), score, n.astype(np.int64) if whole else None,
        (0.0, 1.0) if within else (-np.inf, np.inf), metric=metric,
        direction=given[0] if len(given) == 1 else "", graded=str(rows["graded"].iloc[0]),
        proportion=proportion, error=error, skill=skill, skill_error=skill_error,
        replicates=single if max(map(len, single)) > 1 else None,
    )  # fmt: skip


def _bounded(metric: str) -> bool:
    """Whether every item's score lies between 0 and 1, and not only the mean."""
    known = METRICS[metric].high == 1 if metric in METRICS else metric.lower() == "probability"
    return bool(known) or is_share(metric)
