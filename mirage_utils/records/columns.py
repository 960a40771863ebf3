"""Gathering records: millions of rows in columns, not in Python objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .chunks import Columns, columns_of, joined
from .keys import numbered, sums
from .schema import RECORDS, SCORES, direction_of

__all__ = ["Gatherer", "aggregate", "score_table"]

_CHUNK = 1 << 16
_ALWAYS = (
    "item", "line", "setting", "epoch", "logprobs_of", "cluster", "asked", "target", "output", "logprobs",
)  # fmt: skip
_CONSTANT = ("family", "model", "task", "setting", "run", "metric", "direction", "source")


class Gatherer:
    """Collects the records of one file and makes their table.

    Rows wait in lists and go into Arrow columns every few ten thousand, so that the memory needed is
    that of the columns.
    """

    def __init__(self) -> None:
        self._chunks: list[Columns] = []
        self._metrics: dict[str, None] = {}  # in order of appearance
        self._more: dict[str, None] = {}  # columns that are not always there
        self._clear()

    def _clear(self) -> None:
        self._item: list[str] = []
        self._line: list[int] = []
        self._setting: list[str] = []
        self._epoch: list[int] = []
        self._of: list[str] = []
        self._cluster: list[str | None] = []
        self._asked: list[str | None] = []
        self._target: list[str | None] = []
        self._output: list[str | None] = []
        self._logprobs: list[Sequence[float] | None] = []
        self._scores: dict[str, list[float | None]] = {name: [] for name in self._metrics}

    def add(
        self,
        item: str,
        target: str | None,
        output: str | None,
        logprobs: Sequence[float] | None,
        scores: Mapping[str, float],
        *,
        setting: str = "",
        line: int = 0,
        epoch: int = 1,
        logprobs_of: str = "",
        cluster: str | None = None,
        asked: str | None = None,
    ) -> None:
        """One evaluated item, with all its scores by metric."""
        before = len(self._item)
        self._item.append(item)
        self._line.append(line)
        self._setting.append(setting)
        self._epoch.append(epoch)
        self._of.append(logprobs_of)
        self._cluster.append(cluster)
        self._asked.append(asked)
        if cluster is not None:
            self._more["cluster"] = None
        if asked is not None:
            self._more["asked"] = None
        self._target.append(target)
        self._output.append(output)
        self._logprobs.append(logprobs)
        for name, column in self._scores.items():
            column.append(scores.get(name))
        for name in scores:
            if name not in self._scores:
                self._metrics[name] = None
                self._scores[name] = [None] * before + [scores[name]]
        if len(self._item) >= _CHUNK:
            self._flush()

    def _flush(self) -> None:
        if not self._item:
            return
        lists: dict[str, Sequence[Any]] = {
            "item": self._item,
            "line": self._line,
            "setting": self._setting,
            "epoch": self._epoch,
            "logprobs_of": self._of,
            "cluster": self._cluster,
            "asked": self._asked,
            "target": self._target,
            "output": self._output,
            "logprobs": self._logprobs,
            **{f"score {name}": values for name, values in self._scores.items()},
        }
        self._chunks.append(columns_of(lists))
        self._clear()

    def repeated(self) -> tuple[str, int, int] | None:
        """An item that stands twice in one setting, with both lines; None if there is none."""
        self._flush()
        if not self._chunks:
            return None
        return joined(self._chunks, ["setting", "item", "epoch", "line"]).twice()

    def table(self, **constant: Any) -> pd.DataFrame:
        """The table of records: one row an item and metric.

        Parameters
        ----------
        **constant : str or float
            Columns that are the same in every row: model, task, shots, source, ...
        """
        self._flush()
        if not self._chunks:
            return pd.DataFrame(columns=list(RECORDS))
        whole = joined(self._chunks, [*_ALWAYS, *(f"score {name}" for name in self._metrics)])
        self._chunks.clear()
        parts = []
        graded = np.zeros(whole.rows, bool)
        for name in (*self._metrics, ""):
            # A metric that an item was not graded by makes no row for it; an item that nothing
            # graded keeps one, without metric.
            if name:
                has = whole.valid(f"score {name}")
                graded |= has
            else:
                has = ~graded
            rows = whole.only(has)
            size = rows.rows
            if size == 0:
                continue
            frame = pd.DataFrame(index=pd.RangeIndex(size))
            for column in (*RECORDS, *self._more):
                if column in _ALWAYS:
                    frame[column] = rows.in_frame(column)
                elif column == "score":
                    frame[column] = rows.in_frame(f"score {name}") if name else np.nan
                elif column == "metric":
                    frame[column] = pd.Categorical.from_codes(np.zeros(size, np.int8), [name])
                elif column == "direction":
                    good = direction_of(name)
                    frame[column] = pd.Categorical.from_codes(np.zeros(size, np.int8), [good])
                elif column in _CONSTANT:
                    value = str(constant.get(column, ""))
                    frame[column] = pd.Categorical.from_codes(np.zeros(size, np.int8), [value])
                else:
                    frame[column] = float(constant.get(column, np.nan))
            parts.append(frame)
        if len(parts) == 1:
            return parts[0]
        for column in (*_CONSTANT, "logprobs_of", *self._more):
            kinds = pd.api.types.union_categoricals([p[column] for p in parts]).categories
            for part in parts:
                part[column] = part[column].cat.set_categories(kinds)
        return pd.concat(parts, ignore_index=True)


def score_table(rows: Sequence[Mapping[str, Any]], *more: str) -> pd.DataFrame:
    """Rows of scores in the schema's columns (and `more`): absent text ``""``, absent numbers nan."""
    frame = pd.DataFrame(list(rows)).reindex(columns=[*SCORES, *more])
    for name in SCORES:
        if name in ("params", "train_flops", "shots", "score", "n"):
            frame[name] = frame[name].astype(float)
        else:
            frame[name] = frame[name].astype(object).where(frame[name].notna(), "").astype(str)
    return frame


def aggregate(records: pd.DataFrame) -> pd.DataFrame:
    """Mean score of every model, task, setting and metric of a table of records, with its n.

    Records without a score (a file of answers that nobody graded) make no row.
    """
    keys = [c for c in SCORES if c not in ("score", "n")]
    number, table = numbered(records, keys)
    named = (table["metric"] != "").to_numpy()
    if not named.any():
        return score_table([])
    n = np.bincount(number, minlength=len(table)).astype(float)
    with np.errstate(invalid="ignore"):
        table["score"] = sums(number, len(table), records["score"].to_numpy(float)) / n
    table["n"] = n
    return table.loc[named, list(SCORES)].reset_index(drop=True)
