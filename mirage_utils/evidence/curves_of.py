"""From tables of scores to curves: the only way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..curves import Curve
from ..metrics import METRICS
from ..records.schema import is_share
from ..records.scores import condition

__all__ = ["Question", "Trend", "questions"]


@dataclass(frozen=True)
class Trend:
    """One metric over the sizes of a family, in rising order.

    Attributes
    ----------
    metric : str
    direction : {"higher", "lower", ""}
    graded : {"file", "here"}
    scale : ndarray, shape (m,)
    score : ndarray, shape (m,)
        Mean over runs, as reported.
    error : ndarray, shape (m,)
        Standard error of the score over items; nan where unknown.
    n : ndarray of int, shape (m,), or None
        Items behind each score, all runs together.
    proportion : bool
        Scores are shares of n items right.
    skill, skill_error : ndarray, shape (m,)
        See `Gathered`; nan where unknown.
    runs : tuple of ndarray
        Scores of the single runs, for each size.
    """

    metric: str
    direction: str
    graded: str
    scale: NDArray[np.float64]
    score: NDArray[np.float64]
    error: NDArray[np.float64]
    n: NDArray[np.int64] | None
    proportion: bool
    skill: NDArray[np.float64]
    skill_error: NDArray[np.float64]
    runs: tuple[NDArray[np.float64], ...]

    def __len__(self) -> int:
        return self.scale.size

    @property
    def up(self) -> NDArray[np.float64]:
        """The score turned so that up is better."""
        return -self.score if self.direction == "lower" else self.score

    @property
    def counts(self) -> NDArray[np.int64]:
        """Right items of a proportion."""
        return np.rint(self.score * self.n).astype(np.int64)

    @property
    def curve(self) -> Curve:
        """A proportion as a curve of counts."""
        return Curve(self.scale, self.counts / self.n, self.n, name=self.metric)


@dataclass(frozen=True)
class Question:
    """One task of one family under one condition, with every metric there is of it.

    Attributes
    ----------
    family, task, setting : str
        The number of shots, where known, is part of the setting.
    trends : dict of str to Trend
    lengths : pandas.DataFrame
        Rows of `Gathered.lengths` of this question.
    """

    family: str
    task: str
    setting: str
    trends: Mapping[str, Trend]
    lengths: pd.DataFrame = field(repr=False)

    @property
    def name(self) -> str:
        """Task and setting."""
        return f"{self.task} ({self.setting})" if self.setting else self.task


def questions(scores: pd.DataFrame, lengths: pd.DataFrame) -> Iterator[Question]:
    """The questions of a gathered table, in its order.

    Models of one size in one family are runs of one another: seeds, say. A score that two files
    report alike counts once. Rows of models without a size make no trend.
    """
    sized = scores[scores["params"].notna() & scores["score"].notna()]
    keys = ["family", "task", "setting", "shots"]
    by_question = dict(iter(lengths.groupby(keys, dropna=False))) if len(lengths) else {}
    by_question = {_key(k): rows for k, rows in by_question.items()}
    for key, rows in sized.groupby(keys, sort=False, dropna=False):
        family, task, setting = map(str, key[:3])
        trends = {
            str(metric): _trend(str(metric), part)
            for metric, part in rows.groupby("metric", sort=False)
        }
        setting = condition(setting, key[3])
        yield Question(family, task, setting, trends, by_question.get(_key(key), lengths[:0]))


def _key(key: tuple) -> tuple:
    *names, shots = key
    return (*map(str, names), None if shots != shots else float(shots))


def _trend(metric: str, rows: pd.DataFrame) -> Trend:
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
    return Trend(
        metric, given[0] if len(given) == 1 else "", str(rows["graded"].iloc[0]), np.array(scale),
        score, error, n.astype(np.int64) if whole else None, proportion, np.array(skill),
        np.array(skill_error), tuple(single),
    )  # fmt: skip


def _bounded(metric: str) -> bool:
    """Whether every item's score lies between 0 and 1, and not only the mean."""
    known = METRICS[metric].high == 1 if metric in METRICS else metric.lower() == "probability"
    return bool(known) or is_share(metric)
