"""Records that stand in a plain table twice: the same again counts once, and another answer is no copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import FieldError, shown
from ..keys import hashes, hashes_of_texts, mixed
from .left_out import few

__all__ = ["Repeated"]

_ITEM = [
    "model", "params", "train_flops", "task", "setting", "shots", "run", "epoch", "metric", "item",
]  # fmt: skip
_NAMED = 3
"""Columns that an error names."""


class Repeated:
    """The records of a table that came before, batch by batch: two numbers for each."""

    def __init__(self) -> None:
        # Sorted by item, in tables of which each is at most half as long as that before it.
        self._known: list[tuple[NDArray[np.uint64], NDArray[np.uint64]]] = []
        self._first: tuple[str, Any] | None = None
        self._lines: dict[Any, None] = {}

    def again(self, records: pd.DataFrame, raw: pd.DataFrame, lines: Any) -> NDArray[np.bool_]:
        """Which records of a batch stand in the table before, all in all the same.

        Parameters
        ----------
        records : pandas.DataFrame
            Columns `mirage_utils.records.schema.RECORDS`.
        raw : pandas.DataFrame
            The same rows with all columns of the file.
        lines : sequence
            Where they stand.

        Raises
        ------
        FieldError
            If an item has two answers or two scores: nobody knows which counts, and which are runs.
        """
        item, whole = hashes(records, _ITEM), _content(records)
        order = np.argsort(item, kind="stable")
        ranked, content = item[order], whole[order]
        start = np.concatenate([[True], ranked[1:] != ranked[:-1]]) if len(order) else ranked > 0
        first = np.maximum.accumulate(np.where(start, np.arange(len(order)), 0))
        before, same = ~start, content == content[first]
        for known, contents in self._known:
            place = np.minimum(np.searchsorted(known, ranked), len(known) - 1)
            hit = known[place] == ranked
            before |= hit
            same = np.where(hit, contents[place] == content, same)
        self._add(ranked[start], content[start])
        again = np.zeros(len(order), bool)
        again[order] = before
        other = np.zeros(len(order), bool)
        other[order] = before & ~same
        places = np.flatnonzero(again)
        if places.size and self._first is None:
            self._first = str(records["item"].iloc[places[0]]), lines[places[0]]
        if other.any():
            self._refuse(item, int(np.argmax(other)), records, raw, lines)
        self._lines |= dict.fromkeys(lines[i] for i in places)
        return again

    @property
    def notes(self) -> list[str]:
        """What was found, of all batches so far."""
        if not self._lines:
            return []
        lines = few((f"line {line}" for line in self._lines), len(self._lines))
        rows = "row that repeats" if len(self._lines) == 1 else "rows that repeat"
        once = "counts" if len(self._lines) == 1 else "count"
        return [f"{len(self._lines):,} {rows} another of the same item {once} once: {lines}"]

    def _add(self, item: NDArray[np.uint64], content: NDArray[np.uint64]) -> None:
        while self._known and 2 * len(item) > len(self._known[-1][0]):
            more, contents = self._known.pop()
            item, content = np.concatenate([more, item]), np.concatenate([contents, content])
            # What was there first stays what an item is.
            item, place = np.unique(item, return_index=True)
            content = content[place]
        self._known.append((item, content))

    def _refuse(
        self,
        item: NDArray[np.uint64],
        row: int,
        records: pd.DataFrame,
        raw: pd.DataFrame,
        lines: Any,
    ) -> None:
        name, line = self._first or ("", lines[row])
        before = np.flatnonzero(item[:row] == item[row])
        differ: list[str] = []
        if before.size:
            one, two = raw.iloc[before[0]], raw.iloc[row]
            # A column that the score was taken from tells nothing.
            own = {c for c in raw.columns if "score" in raw and _same(raw[c], raw["score"])}
            others = [c for c in raw.columns if c not in records.columns and c not in own]
            differ = [str(c) for c in others if str(one[c]) != str(two[c])]
        column = differ[0] if differ else "COLUMN"
        tells = (
            f"the columns {', '.join(map(repr, differ[:_NAMED]))} tell"
            if differ
            else "a column tells"
        )
        where = f", line {line}"
        another = ", and it stands there twice, with another answer or score"
        if line != lines[row]:
            which = shown(str(records["item"].iloc[row]))
            another = f", and {which} stands there twice, with another answer or score in line {lines[row]}"
        raise FieldError(
            "item", name,
            f"each item once for a model, task, setting and metric{another}; if these are runs of one network, {tells} "
            f"them apart (--replicate-by {column}), and --replicate-by row takes each repetition for one; if repetitions "
            f"within a run, say --column {column}=epoch; if conditions, --column {column}=setting",
            where=where,
        )  # fmt: skip


def _same(one: pd.Series, other: pd.Series) -> bool:
    return bool((one.astype(str).to_numpy() == other.astype(str).to_numpy()).all())


def _content(records: pd.DataFrame) -> NDArray[np.uint64]:
    """A hash of what each record says of its item."""
    found = np.zeros(len(records), np.uint64)
    for name in ("target", "output"):
        found = mixed(found ^ hashes_of_texts(records[name]))
    score = records["score"].to_numpy(float, na_value=np.nan)
    found = mixed(found ^ np.where(np.isnan(score), 0.0, score + 1.0).view(np.uint64))
    lists = records["logprobs"]
    if lists.notna().any():
        texts = pd.Series([repr(v) for v in lists], dtype=object)
        found = mixed(found ^ hashes_of_texts(texts))
    return found
