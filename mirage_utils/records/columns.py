"""Gathering records: millions of rows in columns, not in Python objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .keys import numbered, sums
from .schema import RECORDS, SCORES, direction_of

__all__ = ["Gatherer", "aggregate", "score_table"]

_CHUNK = 1 << 16
_CONSTANT = ("family", "model", "task", "setting", "run", "metric", "direction", "source")


class Gatherer:
    """Collects the records of one file and makes their table.

    Rows wait in lists and go into Arrow columns every few ten thousand, so that the memory needed is
    that of the columns.
    """

    def __init__(self) -> None:
        self._chunks: list[pa.Table] = []
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
        columns: dict[str, pa.Array] = {
            "item": pa.array(self._item, pa.string()),
            "line": pa.array(self._line, pa.int64()),
            "setting": pa.array(self._setting, pa.string()).dictionary_encode(),
            "epoch": pa.array(self._epoch, pa.float64()),
            "logprobs_of": pa.array(self._of, pa.string()).dictionary_encode(),
            "cluster": pa.array(self._cluster, pa.string()).dictionary_encode(),
            "asked": pa.array(self._asked, pa.string()).dictionary_encode(),
            "target": pa.array(self._target, pa.string()),
            "output": pa.array(self._output, pa.string()),
            "logprobs": pa.array(self._logprobs, pa.list_(pa.float64())),
        }
        for name, values in self._scores.items():
            columns[f"score {name}"] = pa.array(values, pa.float64())
        self._chunks.append(pa.table(columns))
        self._clear()

    def repeated(self) -> tuple[str, int, int] | None:
        """An item that stands twice in one setting, with both lines; None if there is none."""
        self._flush()
        if not self._chunks:
            return None
        keys = pa.concat_tables(
            [t.select(["setting", "item", "epoch", "line"]) for t in self._chunks]
        )
        keys = keys.set_column(0, "setting", keys["setting"].cast(pa.string()))
        counts = keys.group_by(["setting", "item", "epoch"]).aggregate(
            [("line", "count"), ("line", "list")]
        )
        twice = counts.filter(pc.greater(counts["line_count"], 1))
        if twice.num_rows == 0:
            return None
        row = twice.slice(0, 1).to_pylist()[0]
        first, second = sorted(row["line_list"])[:2]
        return row["item"], first, second

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
        whole = pa.concat_tables(
            [self._padded(chunk) for chunk in self._chunks], promote_options="default"
        ).unify_dictionaries()
        self._chunks.clear()
        parts = []
        graded = pa.array(np.zeros(whole.num_rows, bool))
        for name in (*self._metrics, ""):
            # A metric that an item was not graded by makes no row for it; an item that nothing
            # graded keeps one, without metric.
            if name:
                has = pc.is_valid(whole[f"score {name}"])
                graded = pc.or_(graded, has)
            else:
                has = pc.invert(graded)
            rows = whole.filter(has)
            size = rows.num_rows
            if size == 0:
                continue
            frame = pd.DataFrame(index=pd.RangeIndex(size))
            for column in (*RECORDS, *self._more):
                if column in ("item", "target", "output", "logprobs"):
                    frame[column] = pd.array(rows[column], dtype=pd.ArrowDtype(rows[column].type))
                elif column in ("setting", "epoch", "logprobs_of", "cluster", "asked"):
                    frame[column] = rows[column].to_pandas()
                elif column == "score":
                    frame[column] = (
                        rows[f"score {name}"].to_numpy() if name else np.full(size, np.nan)
                    )
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

    def _padded(self, chunk: pa.Table) -> pa.Table:
        for name in self._metrics:
            if f"score {name}" not in chunk.column_names:
                chunk = chunk.append_column(f"score {name}", pa.nulls(chunk.num_rows, pa.float64()))
        return chunk


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
