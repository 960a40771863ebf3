"""Tasks under their conditions, and which of two sides are compared with one another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import UnknownNameError
from ..records.keys import numbered
from ..records.schema import plainly
from ..records.wording import several
from .sides import NotPairedError, Side

__all__ = ["Cell", "Half", "Lone", "matched"]


class Cell(NamedTuple):
    """Under which condition a task was run.

    Attributes
    ----------
    task, setting : str
    shots : float
        Worked examples in the prompt; nan where it is not known.
    """

    task: str
    setting: str
    shots: float

    def __str__(self) -> str:
        shots = "" if np.isnan(self.shots) else f"{self.shots:.0f}-shot"
        return ", ".join(filter(None, (self.task, self.setting, shots))) or "(all items)"


class Half:
    """One side by condition and metric."""

    def __init__(self, side: Side, condition: str) -> None:
        self.side = side
        self.records = side.records
        number, table = numbered(self.records, ["task", "setting", "shots"])
        cells = [Cell(*row) for row in table.itertuples(index=False, name=None)]
        if condition:
            kept = _named(side, cells, condition)
            here = np.isin(number, list(kept))
            self.records = self.records[here].reset_index(drop=True)
            number = number[here]
        else:
            kept = dict(enumerate(cells))
        self.cells: dict[Cell, Cell] = {}
        """What a cell is compared by, and what it is."""
        self.rows: dict[Cell, NDArray[np.int64]] = {}
        order = np.argsort(number, kind="stable")
        bounds = np.searchsorted(number[order], np.arange(len(cells) + 1))
        for k, by in kept.items():
            if by in self.cells:
                both = f"{self.cells[by]} and {cells[k]}"
                raise NotPairedError(
                    f"{side.label}: {condition!r} is a condition of {both}: --only, or a longer name, says which"
                )
            self.cells[by], self.rows[by] = cells[k], order[bounds[k] : bounds[k + 1]]
        self.metrics = {by: self._metrics(rows) for by, rows in self.rows.items()}

    def _metrics(self, rows: NDArray[np.int64]) -> dict[str, str]:
        """Metrics of a cell, as they are compared and as they are written."""
        names = self.records["metric"].iloc[rows].drop_duplicates().astype(str)
        return {name: name for name in names if name}

    def of(self, cell: Cell, metric: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The records of a cell, and those of a metric."""
        rows = self.records.iloc[self.rows[cell]]
        return rows, rows[(rows["metric"] == self.metrics[cell][metric]).to_numpy()]


def _named(side: Side, cells: Sequence[Cell], name: str) -> dict[int, Cell]:
    """The cells of a condition, without what the condition says of them."""
    shots = re.fullmatch(r"(\d+)[ -]?shots?", name)
    by_setting = {k: c._replace(setting="") for k, c in enumerate(cells) if c.setting == name}
    by_part = {
        k: c._replace(setting=", ".join(p for p in c.setting.split(", ") if p != name))
        for k, c in enumerate(cells)
        if name in c.setting.split(", ")
    }
    by_shots = {
        k: c._replace(shots=np.nan)
        for k, c in enumerate(cells)
        if shots and c.shots == int(shots[1])
    }
    by_task = {k: c._replace(task="") for k, c in enumerate(cells) if c.task == name}
    found = by_setting or by_part or by_shots or by_task
    if not found:
        known = [
            *(c.setting for c in cells),
            *(f"{c.shots:.0f}-shot" for c in cells if c.shots == c.shots),
            *(c.task for c in cells),
        ]
        there = several([*dict.fromkeys(filter(None, known))], 12)
        raise UnknownNameError(
            "conditions", name, f"a setting, a number of shots or a task of {side.label} ({there})"
        )
    return found


_SHORT = {"acc": "accuracy", "em": "exact_match"}


def _spelt_alike(one: Half, other: Half) -> None:
    """Compare "Accuracy" with "acc", where neither side has both."""

    def spelt(half: Half) -> dict[str, str]:
        names = dict.fromkeys(m for metrics in half.metrics.values() for m in metrics)
        by: dict[str, list[str]] = {}
        for name in names:
            by.setdefault(_SHORT.get(plainly(name), plainly(name)), []).append(name)
        return {bare: written[0] for bare, written in by.items() if len(written) == 1}

    ours, theirs = spelt(one), spelt(other)
    for bare in ours.keys() & theirs.keys():
        for metrics in other.metrics.values():
            if theirs[bare] in metrics and ours[bare] != theirs[bare]:
                metrics[ours[bare]] = metrics.pop(theirs[bare])


class Lone(NamedTuple):
    """What one side alone has.

    Attributes
    ----------
    cell : Cell
        As that side writes it.
    metric : str
        ``""`` where no side has scores.
    why : str
        Why it is not compared.
    """

    cell: Cell
    metric: str
    why: str


def matched(one: Half, other: Half) -> tuple[list[tuple[Cell, Cell, str]], list[Lone], list[str]]:
    """Cells and metrics of both, those of one side alone, and notes on conditions that are compared."""
    _spelt_alike(one, other)
    found: list[tuple[Cell, Cell, str]] = []
    lone: list[Lone] = []
    notes: list[str] = []
    partner = {cell: _partner(cell, other.cells) for cell in one.cells}
    same = one.side.model == other.side.model
    left = [c for c, p in partner.items() if p is None]
    taken = {p for p in partner.values() if p is not None}
    right = [c for c in other.cells if c not in taken]
    if same:  # one network in two files: the condition is what is compared
        for cell in list(left):
            others = [c for c in right if c.task == cell.task]
            if len(others) == 1 and sum(c.task == cell.task for c in left) == 1:
                partner[cell] = others[0]
                left.remove(cell)
                right.remove(others[0])
                notes.append(
                    f"conditions compared: A is {one.cells[cell]}, B is {other.cells[others[0]]}"
                )
    for cell, counterpart in partner.items():
        if counterpart is None:
            continue
        ours, theirs = one.metrics[cell], other.metrics[counterpart]
        found += [(cell, counterpart, m) for m in ours if m in theirs]
        lone += _lone_metrics(one, other, cell, counterpart)
        lone += _lone_metrics(other, one, counterpart, cell)
        if not ours and not theirs:
            lone.append(Lone(one.cells[cell], "", _no_scores(one, cell)))
    if not found:
        raise NotPairedError(_no_cell(one, other, left, right))
    for half, counter, cells, others in ((one, other, left, right), (other, one, right, left)):
        for cell in cells:
            alike = next((c for c in others if c.task == cell.task), None)
            if alike is None:
                why = _only(half, counter, cell)
            else:
                why = _condition(one, other, *((cell, alike) if half is one else (alike, cell)))
            lone += [Lone(half.cells[cell], m, why) for m in half.metrics[cell] or [""]]
    return found, lone, notes


def _lone_metrics(half: Half, other: Half, cell: Cell, counterpart: Cell) -> list[Lone]:
    """Metrics of a task of both that one side alone has."""
    ours, theirs = half.metrics[cell], other.metrics[counterpart]
    label, others = half.side.label, [m for m in theirs if m not in ours]
    if not theirs:
        why = _no_scores(other, counterpart)
    elif others:
        why = f"metric differs: only {label} has it, and {other.side.label} has {several(others)} in its place; {_TWO_NAMES}"
    else:
        why = f"only {label} has this metric of the task"
    return [Lone(half.cells[cell], m, why) for m in ours if m not in theirs]


def _only(half: Half, other: Half, cell: Cell) -> str:
    """Why a task of one side alone is not compared."""
    label, read = half.side.label, other.side.read
    whole = read.reported
    if ((whole["model"] == other.side.model) & (whole["task"] == half.cells[cell].task)).any():
        return f"only {label} has scores of its items, and {other.side.label} one of the whole task"
    n = len(read.refused)
    lost = f", as far as files could be read, and {n:,} could not" if n else ""
    return f"only {label} has this task{lost}"


def _partner(cell: Cell, others: dict[Cell, Cell]) -> Cell | None:
    """The cell of the other side that is the same; one that does not say its number of shots may be."""
    if cell in others and cell.shots == cell.shots:
        return cell
    alike = [c for c in others if c.task == cell.task and c.setting == cell.setting]
    exact = [c for c in alike if np.isnan(c.shots) and np.isnan(cell.shots)]
    unsaid = [c for c in alike if np.isnan(c.shots) or np.isnan(cell.shots)]
    if exact or len(unsaid) == 1 == len(alike):
        return (exact or unsaid)[0]
    return None


_NO_SCORES = ("no finite number", "stands for a missing one", "a negative share")
"""What notes say of cells that hold something and no score."""


_TWO_NAMES = (
    "if one metric has two names, write one of them (--column NAME=score --metric NAME, for tables)"
)


def _no_scores(half: Half, *cells: Cell) -> str:
    """Why there is no score of tasks that a side has items of."""
    rows = np.concatenate([half.rows[cell] for cell in cells])
    label, source = half.side.label, half.records["source"]
    # What is said of a file may be about other tasks in it, of which there are scores.
    bare = {*source.iloc[rows]} - {*source[(half.records["metric"] != "").to_numpy()]}
    about = [n for n in half.side.read.notes if n.startswith(tuple(f"{file}:" for file in bare))]
    if why := [n for n in about if any(f": {reason}" in n for reason in _NO_SCORES)]:
        return f"{label} has scores, and none of them counts: {'; '.join(why)}"
    return (
        f"{label} holds items and no scores of them: grade the answers first (mirage_utils.records.grade), or name the column of scores "
        "(--column NAME=score --metric NAME)"
    )


def _condition(one: Half, other: Half, left: Cell, right: Cell) -> str:
    """Which condition of a task of both differs."""
    a, b = one.cells[left], other.cells[right]
    field = "setting" if a.setting != b.setting else "shots"
    values = (a.setting, b.setting) if field == "setting" else tuple("unknown" if np.isnan(c.shots) else f"{c.shots:.0f}-shot" for c in (a, b))  # fmt: skip
    return (
        f"{field} differs: A has {values[0] or '(none)'!r} and B {values[1] or '(none)'!r} of {a.task or 'the task'}; if these two "
        f"conditions are to be compared, --conditions {values[0]!r} {values[1]!r} says so"
    )


def _no_cell(one: Half, other: Half, left: Sequence[Cell], right: Sequence[Cell]) -> str:
    """Why no task, condition and metric is common to both."""
    mine, theirs = ({c.task for c in half.cells} for half in (one, other))
    for half in (one, other):
        if not any(half.metrics.values()):
            return _no_scores(half, *half.cells)
    if not mine & theirs:
        return (
            f"task differs: A has {several(sorted(mine) or ['none'])}, B has {several(sorted(theirs))}; if one is to be compared with the "
            f"other, --conditions {sorted(mine)[0]!r} {sorted(theirs)[0]!r} says so"
        )
    pair = next(((a, b) for a in left for b in right if a.task == b.task), None)
    if pair:
        return _condition(one, other, *pair)
    ours, others = (
        {m for metrics in half.metrics.values() for m in metrics} for half in (one, other)
    )
    return f"metric differs: A has {several(sorted(ours))}, B has {several(sorted(others))}; {_TWO_NAMES}"
