"""A batch of records as numbers: which row is of which group, metric, item and answer, and which the file calls right."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..metrics import METRICS
from .keys import hashes_of_texts, mixed, numbered
from .schema import direction_of, is_share

__all__ = ["GROUP", "Rows", "epochs"]

GROUP = ["family", "model", "params", "train_flops", "task", "setting", "shots", "run", "source"]
"""Columns that tell groups apart: the scores of one network under one condition, in one file."""
_STRATUM = ["model", "params", "task", "setting", "shots", "run"]
_MARKS = 0.02
"""Share of the items that have the best mark, at least, where scores are marks."""


def epochs(records: pd.DataFrame) -> NDArray[np.float64]:
    """Which repetition of its item each row is."""
    if "epoch" not in records.columns:
        return np.ones(len(records))
    epoch = records["epoch"].to_numpy(float, na_value=np.nan)
    return np.where(np.isnan(epoch), 1.0, epoch)


class Rows:
    """Columns of a batch as numbers.

    Parameters
    ----------
    records : pandas.DataFrame
        With the columns of `mirage_utils.records.RECORDS`.
    seed : int
        Of `chance`.

    Attributes
    ----------
    group, metric : ndarray of int, shape (rows,)
        Row of `groups` and of `metrics`.
    groups, metrics : pandas.DataFrame
        What occurs, with the columns `GROUP`; with ``metric`` and ``direction``.
    named : ndarray of bool, shape (rows,)
        Whether a metric is named.
    score : ndarray of float, shape (rows,)
        nan where there is none.
    repeats : bool
        Whether items were asked several times.
    stratum : ndarray of int, shape (rows,)
        Rows among which other items are looked for.
    item, answer, chance : ndarray of uint64, shape (rows,)
        Hashes of the item and of the answer to it, and a random number that follows from the item's name.
    """

    def __init__(self, records: pd.DataFrame, seed: int) -> None:
        self.records = records
        self.group, self.groups = numbered(records, GROUP)
        self.metric, self.metrics = numbered(records, ["metric", "direction"])
        self.named = (self.metrics["metric"] != "").to_numpy()[self.metric]
        self.score = records["score"].to_numpy(float, na_value=np.nan)
        epoch = epochs(records)
        self.repeats = bool((epoch != 1).any())
        # Other items are looked for among the answers of one model to one task, once through.
        self.stratum = numbered(self.groups, _STRATUM)[0][self.group]
        names = hashes_of_texts(records["item"])
        self.chance = mixed(names ^ np.uint64(np.random.SeedSequence(seed).generate_state(1)[0]))
        self.item = self.answer = mixed(self.group.astype(np.uint64) ^ names)
        if self.repeats:
            again, _ = pd.factorize(epoch)
            self.stratum = self.stratum * (int(again.max()) + 1) + again
            self.answer = mixed(self.item + again.astype(np.uint64))

    def own(self, metric: str) -> NDArray[np.int64]:
        """Rows that the file has graded by a metric."""
        known = (self.metrics["metric"] == metric).to_numpy()
        return np.flatnonzero(known[self.metric]) if known.any() else np.zeros(0, np.int64)

    def by_item(self, at: NDArray[np.int64], *values: NDArray[np.float64]) -> list[NDArray]:
        """The groups of some rows, and values of them: means over the answers of each item."""
        if not self.repeats:
            return [self.group[at], *values]
        codes, _ = pd.factorize(self.item[at])
        first = np.unique(codes, return_index=True)[1]
        n = np.bincount(codes)
        return [self.group[at][first], *(np.bincount(codes, weights=v) / n for v in values)]

    def _marks(self, among: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which of some metrics are marks of a judge, and the rows that have the best of them."""
        own = self.metrics["metric"].isin(list(METRICS)) | (self.metrics["direction"] == "lower")
        rows = (among & ~own.to_numpy())[self.metric] & self.named & np.isfinite(self.score)
        most = np.full(len(self.metrics), -np.inf)
        least = np.full(len(self.metrics), np.inf)
        np.maximum.at(most, self.metric[rows], self.score[rows])
        np.minimum.at(least, self.metric[rows], self.score[rows])
        best = rows & (self.score >= most[self.metric])
        # Marks are few: of a continuous score the best is one item, and says nothing.
        count, reached = (np.bincount(self.metric[r], minlength=len(most)) for r in (rows, best))
        return (most > least) & (reached >= np.maximum(2, _MARKS * count)), best

    def said_right(self, at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which answers the file calls right, under all metrics of their group that say it best.

        These are shares, by their names; else those whose scores are 0 or 1; else marks, of which the best are
        right; else scores in [0, 1] under names that are not known, of which the upper half is.
        """
        if not self.named.any():
            return np.zeros(len(at), bool)
        size = len(self.metrics)
        odd = self.named & (self.score != 0) & (self.score != 1)
        outside = self.named & ~((self.score >= 0) & (self.score <= 1))
        binary, within = (
            np.bincount(self.metric, weights=w, minlength=size) == 0 for w in (odd, outside)
        )
        better = (self.metrics["direction"] != "lower").to_numpy()
        names = self.metrics["metric"]
        shares = names.map(is_share).to_numpy(bool)
        marks, best = self._marks(~shares & ~(binary & better))
        # "mean" says no more than that there were scores.
        unknown = better & ((names.map(direction_of) == "") | (names == "mean")).to_numpy()
        kinds = [shares, binary & better, marks, within & unknown]
        level = np.select([k & (names != "").to_numpy() for k in kinds], range(4), 4)
        # Whatever else stands in the file, each group is judged by what it has.
        present = np.bincount(self.group * size + self.metric, minlength=len(self.groups) * size)
        first = np.where(present.reshape(-1, size) > 0, level, 4).min(axis=1)
        judging = (level[self.metric] == first[self.group]) & (level[self.metric] < 4)
        right = np.where(level[self.metric] == 2, best, self.score >= 0.5)
        if len(at) == len(self.score):  # a row is an answer
            return (judging & right)[at]
        judged, wrong = self.answer[judging], self.answer[judging & ~right]
        return np.isin(self.answer[at], judged) & ~np.isin(self.answer[at], wrong)
