"""Items that two sides have in common, and every reason why something is not paired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import FieldError, UnknownNameError, shown
from ..records.keys import numbered
from ..records.wording import several
from .cells import Cell, Half, matched
from .clusters import clusters_of
from .not_compared import NotCompared, too_few, why_nothing
from .same_items import numbered_alike, same_questions, same_targets
from .scales import on_one_scale
from .sides import NotPairedError, Side
from .words import in_points

__all__ = ["Cell", "LeftOut", "Pair", "pairs_of"]


@dataclass(frozen=True)
class LeftOut:
    """Items of a task that are not compared.

    Attributes
    ----------
    only_first, only_second : tuple of str
        Items that one side has and the other has not.
    ungraded_first, ungraded_second : tuple of str
        Items of both that one of them has no score of.
    """

    only_first: tuple[str, ...] = ()
    only_second: tuple[str, ...] = ()
    ungraded_first: tuple[str, ...] = ()
    ungraded_second: tuple[str, ...] = ()

    def __len__(self) -> int:
        every = (self.only_first, self.only_second, self.ungraded_first, self.ungraded_second)
        return len(set().union(*every))

    def words(self) -> list[str]:
        """What is left out, a sentence each."""
        said = {
            "only in A": self.only_first, "only in B": self.only_second,
            "without a score in A": self.ungraded_first, "without a score in B": self.ungraded_second,
        }  # fmt: skip
        return [
            f"{len(items):,} item{'s' * (len(items) > 1)} {what} left out ({several([shown(i, 30).strip(_QUOTES) for i in items])})"
            for what, items in said.items()
            if items
        ]


_QUOTES = "'\""


@dataclass(frozen=True)
class Pair:
    """Two scores of each item of a task, by one metric.

    Attributes
    ----------
    first_cell, second_cell : Cell
    metric, direction : str
    items : ndarray of str, shape (n,)
    first, second : ndarray, shape (n,)
        Means over the runs and epochs of an item.
    answers : tuple of ndarray
        Of each side all scores, shape (n, runs), nan where an item has fewer; None where it has one each.
    crossed : tuple of bool
        Whether these are runs over all items, and not repetitions of each item by itself.
    cluster : ndarray of str, optional
    left_out : LeftOut
    points : bool
        Whether differences are told in points.
    notes : tuple of str
    """

    first_cell: Cell
    second_cell: Cell
    metric: str
    direction: str
    items: NDArray = field(repr=False)
    first: NDArray[np.float64] = field(repr=False)
    second: NDArray[np.float64] = field(repr=False)
    answers: tuple[NDArray[np.float64] | None, NDArray[np.float64] | None] = field(repr=False)
    crossed: tuple[bool, bool]
    cluster: NDArray | None = field(repr=False)
    left_out: LeftOut = field(repr=False)
    points: bool = False
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The task under its condition; both conditions where they differ."""
        return _name(self.first_cell, self.second_cell)


def _name(first: Cell, second: Cell) -> str:
    one, other = str(first), str(second)
    return one if one == other else f"{one} | {other}"


def pairs_of(
    first: Side,
    second: Side,
    *,
    conditions: Sequence[str] = (),
    only: Sequence[str] = (),
    cluster_by: str = "",
    ignore_targets: bool = False,
    percent: Sequence[str] = (),
    fraction: Sequence[str] = (),
) -> tuple[list[Pair], list[NotCompared], list[str]]:
    """Every task, condition and metric that both sides have, item by item.

    Parameters
    ----------
    first, second : Side
    conditions : sequence of str
        A setting, a number of shots or a task of the first and of the second side that are to be compared with one another.
    only : sequence of str
        Tasks or metrics; ``*`` and ``?`` stand for any text.
    cluster_by : str
    ignore_targets : bool
        Whether items of one name count as one though their right answers or questions differ.
    percent, fraction : sequence of str
        Metrics that the user says are in per cent, and are not.

    Returns
    -------
    pairs : list of Pair
    refused : list of NotCompared
        What cannot be compared, while other tasks can.
    notes : list of str
        What is left out besides items.

    Raises
    ------
    NotPairedError
        If nothing is left to compare, or items of one name are not the same items.
    """
    if conditions and len(conditions) != 2:
        raise FieldError("conditions", list(conditions), "two: that of A and that of B")
    names = conditions or ("", "")
    one, other = (Half(side, name) for side, name in zip((first, second), names, strict=True))
    shared, lone, notes = matched(one, other)
    wanted = [m for m in shared if _is_wanted(*m, only)]
    alone = [(m.cell, m.cell, m.metric) for m in lone]
    for pattern in only:
        if not any(_is_wanted(*m, [pattern]) for m in (*shared, *alone)):
            cells = (*(one.cells[cell] for cell, _, _ in shared), *(m.cell for m in lone))
            tasks = dict.fromkeys(map(str, cells))
            known = dict.fromkeys(metric for _, _, metric in (*shared, *alone) if metric)
            raise UnknownNameError(
                "only",
                pattern,
                f"a task ({several([*map(repr, tasks)], 10)}), a part of its name between commas, or a metric "
                f"({several([*known], 10)})",
            )
    metrics = {metric for _, _, metric in shared}
    pairs: list[Pair] = []
    said: list[tuple[NDArray | None, NDArray | None]] = []
    refused: list[NotCompared] = []
    for cell, counterpart, metric in wanted:
        try:
            pair = _paired(one, other, cell, counterpart, metric, ignore_targets, percent, fraction)
            if len(pair.items) < 2:
                raise NotPairedError(too_few(pair, (first, second)))
        except NotPairedError as error:
            name = _name(one.cells[cell], other.cells[counterpart])
            refused.append(NotCompared(name, metric, str(error)))
            continue
        pairs.append(pair)
        if cluster_by:
            said.append((_said(one, cell, pair.items), _said(other, counterpart, pair.items)))
    if cluster_by and pairs:
        fields = (*first.read.fields, *second.read.fields)
        named, told = clusters_of([p.items for p in pairs], said, cluster_by, fields)
        notes += told
        both = list(zip(pairs, named, strict=True))
        refused += [NotCompared(p.name, p.metric, c) for p, c in both if isinstance(c, str)]
        pairs = [replace(p, cluster=c) for p, c in both if not isinstance(c, str)]
    refused += [
        NotCompared(str(m.cell), m.metric, m.why)
        for m in lone
        # A task without scores is lost to every metric that is asked for.
        if any(
            _is_wanted(m.cell, m.cell, name, only)
            for name in ({m.metric} if m.metric else {"", *metrics})
        )
    ]
    if not pairs:
        raise NotPairedError(why_nothing(refused))
    return pairs, refused, notes


def _shots_unknown(one: Cell, other: Cell) -> list[str]:
    """A note where one side alone says how many worked examples it was given."""
    if np.isnan(one.shots) == np.isnan(other.shots):
        return []
    label, known = ("A", other) if np.isnan(one.shots) else ("B", one)
    return [
        f"{label} does not say its number of shots; taken for {known.shots:.0f}-shot, as the other"
    ]


def _is_wanted(cell: Cell, counterpart: Cell, metric: str, only: Sequence[str]) -> bool:
    whole = (str(cell), str(counterpart))
    parts = (part for name in whole for part in name.split(", "))
    names = (metric, cell.task, counterpart.task, *whole, *parts)
    return not only or any(fnmatchcase(name, pattern) for pattern in only for name in names)


def _paired(
    one: Half,
    other: Half,
    cell: Cell,
    counterpart: Cell,
    metric: str,
    ignore_targets: bool,
    percent: Sequence[str],
    fraction: Sequence[str],
) -> Pair:
    (all_a, a), (all_b, b) = one.of(cell, metric), other.of(counterpart, metric)
    asked_a, asked_b = (
        pd.Index(rows["item"].astype(object).unique(), dtype=object) for rows in (all_a, all_b)
    )
    common = asked_a.intersection(asked_b, sort=False)
    notes, by_question = same_questions(all_a, all_b, common, ignore_targets)
    more, by_target = same_targets(all_a, all_b, common, ignore_targets)
    notes += more
    sides = (one.side, other.side)
    notes += numbered_alike(sides, (asked_a, asked_b), by_target or by_question)
    on_one_scale(a, b, metric, fraction)
    tables = [_by_item(rows) for rows in (a, b)]
    means = [t.mean(axis=1) for t in tables]
    graded = [m.index[m.notna().to_numpy()] for m in means]
    both = common[common.isin(graded[0]) & common.isin(graded[1])]
    left = LeftOut(
        tuple(map(str, asked_a.difference(common, sort=False))), tuple(map(str, asked_b.difference(common, sort=False))),
        *(tuple(map(str, common[~common.isin(g)])) for g in graded),
    )  # fmt: skip
    runs = [t.loc[both].to_numpy(float) if t.shape[1] > 1 else None for t in tables]
    crossed = [_is_crossed(rows, r) for rows, r in zip((a, b), runs, strict=True)]
    for k, label in enumerate("AB"):
        runs[k], once = _once(runs[k], crossed[k], label)
        notes += once
        crossed[k] &= runs[k] is not None
    directions = {d for rows in (a, b) for d in rows["direction"].astype(str).unique() if d}
    if len(directions) > 1:
        raise NotPairedError(f"direction differs: one side calls higher scores better, the other lower ones (--direction {metric}=higher)")  # fmt: skip
    notes += [
        *left.words(),
        *_more_reported(one, cell, metric, len(asked_a)),
        *_more_reported(other, counterpart, metric, len(asked_b)),
        *_other_conditions(one, other, a, b),
        *_shots_unknown(one.cells[cell], other.cells[counterpart]),
    ]
    if len(left) > len(both):
        notes.append(
            f"{len(left):,} items are left out and {len(both):,} compared: these may be others than you think"
        )
    first, second = (m.loc[both].to_numpy(float) for m in means)
    return Pair(
        one.cells[cell], other.cells[counterpart], metric, next(iter(directions), ""), both.to_numpy(object), first, second,
        (runs[0], runs[1]), (crossed[0], crossed[1]), None, left, in_points(metric, first, second, (*percent, *fraction)), tuple(notes),
    )  # fmt: skip


def _by_item(rows: pd.DataFrame) -> pd.DataFrame:
    """Scores, one row an item and one column a run and epoch."""
    answer, kinds = numbered(rows, ["run", "source", "epoch"])
    item = rows["item"].astype(object).to_numpy()
    again = pd.DataFrame({"item": item, "answer": answer}).duplicated().to_numpy()
    if again.any():
        raise NotPairedError(
            f"item {item[again][0]} stands twice in {rows['source'].iloc[0]} for one model, task, setting and metric: say what tells "
            "them apart (--replicate-by COLUMN, --column COLUMN=epoch)"
        )
    score = rows["score"].to_numpy(float)
    if len(kinds) == 1:
        return pd.DataFrame({0: score}, index=pd.Index(item, dtype=object))
    made = pd.DataFrame({"item": item, "answer": answer, "score": score}).pivot(
        index="item", columns="answer", values="score"
    )
    return made.set_axis(made.index.astype(object))  # looking names up is slow in pandas' own text


def _once(
    answers: NDArray[np.float64] | None, crossed: bool, label: str
) -> tuple[NDArray[np.float64] | None, list[str]]:
    """Runs without those that have every score in common with one before, and a note."""
    if answers is None or not crossed:
        return answers, []
    kinds = np.unique(answers, axis=1)
    if kinds.shape[1] == answers.shape[1]:
        return answers, []
    if kinds.shape[1] > 1:  # some are alike: their means stay, and it is told
        return answers, [f"{label}: {answers.shape[1]} runs, {kinds.shape[1]} of them different"]
    note = f"{label}: {answers.shape[1]} runs with the same score on every item: they count as one"
    return None, [note]


def _is_crossed(rows: pd.DataFrame, answers: NDArray[np.float64] | None) -> bool:
    """Whether the answers to an item are of several runs over all items, such as seeds."""
    epoch = rows["epoch"].to_numpy(float)
    if answers is None or (epoch > 1).any() or len(np.unique(epoch)) > 1:
        return False
    return bool(np.isfinite(answers).all())


def _more_reported(half: Half, cell: Cell, metric: str, items: int) -> list[str]:
    """A note where a side reports a score of more items than it holds."""
    scores = half.side.read.reported
    if not len(scores):
        return []
    which = half.cells[cell]
    rows = scores[
        (scores["model"] == half.side.model) & (scores["task"] == which.task) & (scores["metric"] == half.metrics[cell][metric])
    ]  # fmt: skip
    shots = rows["shots"].astype(float)
    rows = rows[(shots.isna() | np.isnan(which.shots) | (shots == which.shots)).to_numpy()]
    reported = rows["n"].astype(float).max() if len(rows) else np.nan
    if not reported > items:
        return []
    return [
        f"{half.side.label}: {items:,} items are there of {reported:,.0f} that the reported score is about"
    ]


def _other_conditions(one: Half, other: Half, a: pd.DataFrame, b: pd.DataFrame) -> list[str]:
    """What else differs between the runs, as far as their logs say."""
    said = []
    for half, rows in ((one, a), (other, b)):
        sources = (
            rows[["source", "task"]]
            .drop_duplicates()
            .astype(str)
            .itertuples(index=False, name=None)
        )
        said.append(
            " / ".join(
                dict.fromkeys(filter(None, (half.side.read.conditions.get(s, "") for s in sources)))
            )
        )
    if said[0] == said[1]:
        return []
    return [
        f"made under other conditions: A {said[0] or 'does not say'}, B {said[1] or 'does not say'}"
    ]


def _said(half: Half, cell: Cell, items: NDArray) -> NDArray | None:
    """What a side says of the clusters of some items."""
    if "cluster" not in half.records:
        return None
    rows = half.records.iloc[half.rows[cell]]
    text = rows["cluster"].astype(object).where(rows["cluster"].notna(), "").to_numpy(object)
    said = pd.Series(text, index=rows["item"].astype(object).to_numpy())
    said = said[said != ""]
    return said[~said.index.duplicated()].reindex(items).to_numpy(object)
