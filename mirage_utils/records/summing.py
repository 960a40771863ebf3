"""Records graded anew and summed, a batch at a time: by columns, without an object an answer.

The file's own scores, and the answers under every metric of the book that can grade them, become sums
for each model, task and metric.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ..metrics import METRICS
from ..metrics.columnar import METRICS_OF_TEXT, Texts, bytes_of, is_blank, scores_of_texts
from .grading import CHOICES, Lists, index_of, scores_of_choices
from .keys import arrow_texts, hashes_of_texts, mixed, numbered, sums
from .schema import RECORDS, direction_of, is_share

__all__ = ["EXPECTED", "GROUP", "LENGTH_GROUP", "LIKELIHOOD", "epochs", "graded_sums"]

LIKELIHOOD = "answer_log_likelihood"
"""Mean natural log-probability of the whole right answer, where files hold those of its tokens."""
EXPECTED = "expected_exact_match"
"""Mean probability of the whole right answer, from the same."""

GROUP = ["family", "model", "params", "train_flops", "task", "setting", "shots", "run", "source"]
LENGTH_GROUP = ["family", "model", "params", "task", "setting", "shots", "run", "source"]
_STRATUM = ["model", "params", "task", "setting", "shots", "run"]
_MARKS = 0.02
"""Share of the items that have the best mark, at least, where scores are marks."""
_BYTES = 8 * 1024**2
"""Text that is graded at once."""
_ALMOST_ZERO = 1e-3
"""Log-probabilities are at most 0, but for rounding."""


def epochs(records: pd.DataFrame) -> NDArray[np.float64]:
    """Which repetition of its item each row is."""
    if "epoch" not in records.columns:
        return np.ones(len(records))
    epoch = records["epoch"].to_numpy(float, na_value=np.nan)
    return np.where(np.isnan(epoch), 1.0, epoch)


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
    rows = _Rows(records, seed)
    made = _Sums(rows.groups)
    _sum_own(rows, made)
    first = ~pd.Series(rows.answer).duplicated().to_numpy()
    once = np.flatnonzero(first if fresh is None else first & fresh)
    kinds = _kinds(rows, once)
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
        own = scores_of_choices(right, lists, CHOICES)
        other = scores_of_choices(right[place], lists, CHOICES)
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


class _Rows:
    """Columns of a batch as numbers."""

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


def _sum_own(rows: _Rows, made: _Sums) -> None:
    for code, (metric, direction) in enumerate(rows.metrics.itertuples(index=False, name=None)):
        if metric:
            at = np.flatnonzero(rows.metric == code)
            made.add(metric, direction, "file", *rows.by_item(at, rows.score[at]))


def _add_all(
    rows: _Rows, made: _Sums, notes: Counter[str], at: NDArray[np.int64],
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
    rows: _Rows, made: _Sums, notes: Counter[str], at: NDArray[np.int64], metric: str, direction: str,
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


# -- what can be graded ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Kinds:
    """What each item is: choices, an answer in text, log-probabilities of an answer."""

    choices: NDArray[np.bool_]
    answers: NDArray[np.bool_]
    logs: NDArray[np.bool_]
    targets: pa.Array
    outputs: pa.Array
    logprobs: Lists
    right: NDArray[np.int64]
    odd: int
    """Items with log-probabilities of choices and a target that is the index of none."""


def _kinds(rows: _Rows, once: NDArray[np.int64]) -> _Kinds:
    """Which items are choices, which answers in text, and which have the answer's log-probabilities.

    Where a file does not say of what its log-probabilities are, the items of a task are choices if each that has a
    target has two or more, its target is the index of one of them, and its output, where there is one,
    the index of the largest.
    """
    frame = rows.records if len(once) == len(rows.records) else rows.records.iloc[once]
    size = len(frame)
    targets, outputs = arrow_texts(frame["target"]), arrow_texts(frame["output"])
    named = ~is_blank(targets)
    said = np.ones(size, bool) if not outputs.null_count else outputs.is_valid().to_numpy(False)
    lists = Lists.of(frame["logprobs"])
    right = np.full(size, -1)
    nothing = np.zeros(size, bool)
    if not lists.sizes.any():
        return _Kinds(nothing, named & said, nothing, targets, outputs, lists, right, 0)
    logs, best = nothing.copy(), np.zeros(size, np.int64)
    for at, table in lists.tables():
        logs[at] = (table <= _ALMOST_ZERO).all(axis=1)
        best[at] = np.where(np.isnan(table), -np.inf, table).argmax(axis=1)
    many = logs & (lists.sizes >= 2)
    at = np.flatnonzero(many & named)
    right[at] = _indices(targets.take(pa.array(at)))
    fits = (right >= 0) & (right < lists.sizes)
    of = numbered(frame, ["logprobs_of"])
    of = of[1]["logprobs_of"].to_numpy(object)[of[0]]
    told, unsaid = of == "choices", of == ""
    likeliest = nothing.copy()
    at = np.flatnonzero(fits)
    said_index = outputs.take(pa.array(at))
    likeliest[at] = (_indices(said_index) == best[at]) | is_blank(said_index)
    task, tasks = numbered(frame, ["task"])
    against = unsaid & named & ~(fits & likeliest)
    against = np.bincount(task, weights=against, minlength=len(tasks)) > 0
    of_choices = told | (unsaid & ~against[task])
    choices = fits & of_choices & (told | likeliest)
    odd = told & (lists.sizes > 0) & named & ~choices
    return _Kinds(
        choices, named & said & ~of_choices, logs & ~of_choices, targets, outputs, lists, right,
        int(odd.sum()),
    )  # fmt: skip


def _indices(texts: pa.Array) -> NDArray[np.int64]:
    """The indices that texts are; -1 for one that is none."""
    coded = texts.dictionary_encode(null_encoding="encode")
    kinds = [
        t.decode("utf-8", "surrogatepass") if isinstance(t, bytes) else t
        for t in coded.dictionary.to_pylist()
    ]
    found = np.array([index_of(text) for text in kinds], np.int64)
    return found[coded.indices.to_numpy()]


def _only(column: pa.Array, here: NDArray[np.bool_]) -> pa.Array:
    return column if here.all() else column.filter(pa.array(here))


# -- grading ---------------------------------------------------------------------------------------


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
    targets: pa.Array, outputs: pa.Array, place: NDArray[np.int64]
) -> tuple[dict[str, NDArray], dict[str, NDArray], NDArray[np.int64], int]:
    """Scores of outputs on their own targets and on others; lengths of their targets; how many are empty."""
    size, blank = len(targets), 0
    own, other = ({m: np.empty(size) for m in METRICS_OF_TEXT} for _ in range(2))
    lengths = np.empty(size, np.int64)
    for rows in _parts(targets, outputs):
        long = rows.stop - rows.start
        said = Texts.of(outputs.slice(rows.start, long)).stripped()
        right = Texts.of(targets.slice(rows.start, long)).stripped()
        wrong = Texts.of(targets.take(pa.array(place[rows]))).stripped()
        for found, against in ((own, right), (other, wrong)):
            for metric, score in scores_of_texts(against, said).items():
                found[metric][rows] = score
        lengths[rows] = right.lengths
        blank += int((said.lengths == 0).sum())
    return own, other, lengths, blank


def _parts(targets: pa.Array, outputs: pa.Array) -> Iterator[slice]:
    """Rows in parts of not too much text, so that long answers do not fill the memory."""
    ends = bytes_of(targets)[1][1:] + bytes_of(outputs)[1][1:]
    start, size = 0, len(ends)
    while start < size:
        before = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, before + _BYTES, side="right")), start + 1)
        yield slice(start, stop)
        start = stop


def _by_length(
    rows: _Rows, at: NDArray[np.int64], length: NDArray[np.int64], right: NDArray[np.float64]
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
