"""Records graded anew and summed, a batch at a time: by columns, without an object an answer.

The file's own scores, and the answers under every metric of the book that can grade them, become sums
for each model, task and metric.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..metrics import METRICS, judging
from ..metrics.columnar import Texts, bytes_of, metrics_of_texts, scores_of_texts
from ..metrics.strings import Strings, taken
from .gradable import kinds_of
from .grading import scores_of_choices
from .keys import numbered, sums
from .rows import Rows
from .schema import EXPECTED, LIKELIHOOD, RECORDS

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LENGTH_GROUP", "graded_sums"]

LENGTH_GROUP = ["family", "model", "params", "task", "setting", "shots", "run", "source"]
"""The same of exact match by length."""
_BYTES = 8 * 1024**2
"""Text that is graded at once."""


def graded_sums(
    records: pd.DataFrame, seed: int, fresh: NDArray[np.bool_] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, Counter[str]]:
    """Sums of a batch under the file's metrics and under every other that can grade it.

    Parameters
    ----------
    records : pandas.DataFrame
        All answers of an item that are to be averaged.
    seed : int
        Of the pairing of outputs with other items, which depends on the items' names and not on their order.
    fresh : ndarray of bool, shape (rows,), optional
        Rows whose answers are to be graded, the others being so already; by default all.

    Returns
    -------
    sums : pandas.DataFrame
        One row of a group (`GROUP`), metric, direction and ``graded``: ``n``, ``total``, ``squares``, ``skill``,
        ``skill_squares``, ``skilled`` (items that have one), ``file_right`` and ``agree``.
    lengths : pandas.DataFrame
        Columns `LENGTH_GROUP`, ``length``, ``n`` and ``right``.
    notes : Counter
        What is to be told, of how many items.
    """
    if missing := [name for name in RECORDS if name not in records.columns]:
        records = records.reindex(columns=[*records.columns, *missing])
    rows = Rows(records, seed)
    made = _Sums(rows.groups)
    _sum_own(rows, made)
    first = ~pd.Series(rows.answer).duplicated().to_numpy()
    once = np.flatnonzero(first if fresh is None else first & fresh)
    kinds = kinds_of(rows.records if len(once) == len(rows.records) else rows.records.iloc[once])
    notes: Counter[str] = Counter()
    bare = once[~(kinds.choices | kinds.answers | kinds.logs)]
    if len(bare):
        lost = ~np.isin(rows.answer[bare], rows.answer[rows.named])
        notes["no score, and no answer that could be graded"] += int(lost.sum())
    notes[
        "log-probabilities of choices, and no target that is the index of one: they are not graded anew"
    ] += kinds.odd

    here = kinds.choices
    if here.any():
        at, right, lists = once[here], kinds.right[here], kinds.logprobs[here]
        place = _others(rows.stratum[at], rows.chance[at], lists.sizes)
        own = scores_of_choices(right, lists, judging("choices"))
        other = scores_of_choices(right[place], lists, judging("choices"))
        _add_all(rows, made, notes, at, own, other, own["multiple_choice_grade"])

    lengths = pd.DataFrame(columns=[*LENGTH_GROUP, "length", "n", "right"])
    here = kinds.answers
    if here.any():
        at = once[here]
        targets, outputs = (_only(side, here) for side in (kinds.targets, kinds.outputs))
        place = _others(rows.stratum[at], rows.chance[at])
        own, other, length, blank = _graded_texts(targets, outputs, place)
        notes["an empty answer, which is graded like any other"] += blank
        _add_all(rows, made, notes, at, own, other, own["exact_match"])
        lengths = _by_length(rows, at, length, own["exact_match"])

    here = kinds.logs
    if here.any():
        at, total = once[here], kinds.logprobs[here].total()
        for metric, score in ((LIKELIHOOD, total), (EXPECTED, np.exp(total))):
            _add(rows, made, notes, at, metric, "higher", score, None, None)
    return made.table(), lengths, notes


@dataclass
class _Sums:
    """Rows of sums as they are made, group by group."""

    groups: pd.DataFrame
    index: list[NDArray[np.int64]] = field(default_factory=list)
    names: list[tuple[str, str, str]] = field(default_factory=list)
    values: list[NDArray[np.float64]] = field(default_factory=list)

    def add(
        self, metric: str, direction: str, graded: str, group: NDArray[np.int64],
        score: NDArray[np.float64], skill: NDArray[np.float64] | None = None,
        *, counts: NDArray[np.float64] | None = None,
    ) -> None:  # fmt: skip
        """One metric's values of items, and the group of each; `counts` of the groups: file_right, agree."""
        size = len(self.groups)
        n = np.bincount(group, minlength=size).astype(float)
        nothing = np.zeros(size)
        table = np.stack([
            n, sums(group, size, score), sums(group, size, score**2),
            nothing if skill is None else sums(group, size, skill),
            nothing if skill is None else sums(group, size, skill**2),
            nothing if skill is None else n,
            *((nothing, nothing) if counts is None else counts),
        ])  # fmt: skip
        present = np.flatnonzero(n)
        self.index.append(present)
        self.names += [(metric, direction, graded)] * len(present)
        self.values.append(table[:, present])

    def table(self) -> pd.DataFrame:
        if not self.names:
            return pd.DataFrame()
        frame = self.groups.iloc[np.concatenate(self.index)].reset_index(drop=True)
        names = pd.DataFrame(self.names, columns=["metric", "direction", "graded"])
        values = pd.DataFrame(
            np.concatenate(self.values, axis=1).T,
            columns=["n", "total", "squares", "skill", "skill_squares", "skilled", "file_right", "agree"],
        )  # fmt: skip
        return pd.concat([frame, names, values], axis=1)


def _sum_own(rows: Rows, made: _Sums) -> None:
    for code, (metric, direction) in enumerate(rows.metrics.itertuples(index=False, name=None)):
        if metric:
            at = np.flatnonzero(rows.metric == code)
            made.add(metric, direction, "file", *rows.by_item(at, rows.score[at]))


def _add_all(
    rows: Rows, made: _Sums, notes: Counter[str], at: NDArray[np.int64],
    own: dict[str, NDArray], other: dict[str, NDArray], right: NDArray[np.float64],
) -> None:  # fmt: skip
    """Every metric of some answers: their scores, and those against other items."""
    said, size = rows.said_right(at), len(rows.groups)
    agree = said & (right >= 0.5)
    counts = np.stack([
        sums(rows.group[at], size, w.astype(float)) for w in (said, agree)
    ]) if said.any() else np.zeros((2, size))  # fmt: skip
    for metric, score in own.items():
        direction = METRICS[metric].direction
        skill = score - other[metric] if direction == "higher" else other[metric] - score
        _add(rows, made, notes, at, metric, direction, score, skill, counts)


def _add(
    rows: Rows, made: _Sums, notes: Counter[str], at: NDArray[np.int64], metric: str, direction: str,
    score: NDArray[np.float64], skill: NDArray[np.float64] | None, counts: NDArray[np.float64] | None,
) -> None:  # fmt: skip
    kept = np.isfinite(score) if skill is None else np.isfinite(score) & np.isfinite(skill)
    notes[f"no finite {metric}: left out of it"] += int((~kept).sum())
    # What the file itself gives of a task and a model is not computed again.
    given = rows.own(metric)
    if len(given):
        groups = np.zeros(len(rows.groups), bool)
        groups[rows.group[given]] = True
        has = groups[rows.group[at]]
        alone = has & ~np.isin(rows.answer[at], rows.answer[given])
        notes[f"no {metric}, which the file gives for others: left out of it"] += int(alone.sum())
        kept &= ~has
    if not kept.all():
        at, score = at[kept], score[kept]
        skill = None if skill is None else skill[kept]
    if len(at):
        values = (score,) if skill is None else (score, skill)
        made.add(metric, direction, "here", *rows.by_item(at, *values), counts=counts)


def _only(column: pa.Array | Strings, here: NDArray[np.bool_]) -> pa.Array | Strings:
    return column if here.all() else taken(column, np.flatnonzero(here))


def _others(
    stratum: NDArray[np.int64], chance: NDArray[np.uint64], sizes: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """For each item another of its task: one round through all of them in the order of random numbers.

    A lone item stays its own other and shows no skill. Choices change places with items that have as
    many.
    """
    if sizes is not None:
        stratum = stratum * (int(sizes.max()) + 1) + sizes
    number, kinds = pd.factorize(stratum)
    place = np.arange(len(number))
    strata = (
        [place.copy()]
        if len(kinds) == 1
        else np.split(np.argsort(number, kind="stable"), np.cumsum(np.bincount(number))[:-1])
    )
    for found in strata:
        order = found[_order(chance[found])]
        place[order] = np.roll(order, -1)
    return place


def _order(chance: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The places of random numbers in rising order; with its place in its last bits a number is sorted fastest."""
    last = np.uint64((1 << len(chance).bit_length()) - 1)
    placed = (chance & ~last) | np.arange(len(chance), dtype=np.uint64)
    return (np.sort(placed) & last).astype(np.int64)


def _graded_texts(
    targets: pa.Array | Strings, outputs: pa.Array | Strings, place: NDArray[np.int64]
) -> tuple[dict[str, NDArray], dict[str, NDArray], NDArray[np.int64], int]:
    """Scores of outputs on their own targets and on others; lengths of their targets; how many are empty."""
    size, blank = len(targets), 0
    own, other = ({m: np.empty(size) for m in metrics_of_texts()} for _ in range(2))
    lengths = np.empty(size, np.int64)
    for rows in _parts(targets, outputs):
        long = rows.stop - rows.start
        said = Texts.of(outputs.slice(rows.start, long)).stripped()
        right = Texts.of(targets.slice(rows.start, long)).stripped()
        wrong = Texts.of(taken(targets, place[rows])).stripped()
        for found, against in ((own, right), (other, wrong)):
            for metric, score in scores_of_texts(against, said).items():
                found[metric][rows] = score
        lengths[rows] = right.lengths
        blank += int((said.lengths == 0).sum())
    return own, other, lengths, blank


def _parts(targets: pa.Array | Strings, outputs: pa.Array | Strings) -> Iterator[slice]:
    """Rows in parts of not too much text, so that long answers do not fill the memory."""
    ends = bytes_of(targets)[1][1:] + bytes_of(outputs)[1][1:]
    start, size = 0, len(ends)
    while start < size:
        before = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, before + _BYTES, side="right")), start + 1)
        yield slice(start, stop)
        start = stop


def _by_length(
    rows: Rows, at: NDArray[np.int64], length: NDArray[np.int64], right: NDArray[np.float64]
) -> pd.DataFrame:
    numbers, table = numbered(rows.groups, LENGTH_GROUP)
    group, length, right = rows.by_item(at, length.astype(float), right)
    most = int(length.max()) + 1
    cell = numbers[group] * most + length.astype(np.int64)
    number, cells = pd.factorize(cell)
    frame = table.iloc[cells // most].reset_index(drop=True)
    frame["length"] = cells % most
    frame["n"] = np.bincount(number).astype(float)
    frame["right"] = np.bincount(number, weights=right)
    return frame
