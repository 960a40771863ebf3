"""The same outputs under another metric: records graded anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from ..errors import FieldError, UnknownNameError, require
from ..metrics import METRICS, judging
from ..metrics.columnar import Texts, as_arrow, scores_of_texts
from ..metrics.strings import arrow

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Lists", "grade", "index_of", "scores_of_choices"]

_ITEM = ["family", "model", "params", "train_flops", "task", "setting", "shots", "item", "source"]


def grade(
    records: pd.DataFrame,
    metric: str,
    *,
    tokens: Literal["characters", "words"] | Callable[[str], Sequence[str]] = "characters",
    strip: bool = True,
) -> pd.DataFrame:
    """Grade records by a metric of this book, whatever they were graded by before.

    Parameters
    ----------
    records : pandas.DataFrame
        As `mirage_utils.records.Reading.records`. An item that stands there under several metrics is
        graded once.
    metric : str
        One that judges ``"tokens"`` or ``"text"`` compares ``output`` with ``target``; for one that
        judges ``"choices"``, ``target`` is the index of the right choice and ``logprobs`` are those of
        the choices, made to sum to one. `mirage_utils.metrics.judging` lists both.
    tokens : {"characters", "words"} or callable
        What those count that judge ``"tokens"``.
    strip : bool
        Whether blanks around answers are ignored, as most graders do.

    Returns
    -------
    pandas.DataFrame
        The records, one row an item, with this metric, its direction and its scores.

    Raises
    ------
    FieldError
        Naming the item: no answer, no log-probabilities, a target that is no index.
    UnknownNameError
        If the metric grades neither answers nor choices.

    Examples
    --------
    >>> import pandas as pd
    >>> records = pd.DataFrame({"item": ["1", "2"], "target": ["12", "34"], "output": ["12", "35"]})
    >>> grade(records, "exact_match")["score"].tolist(), grade(records, "token_edit_distance")["score"].tolist()
    ([1.0, 0.0], [0.0, 1.0])
    """
    require(len(records) > 0, "records", len(records), "at least one record")
    once = records.drop_duplicates([c for c in _ITEM if c in records.columns]).reset_index(
        drop=True
    )
    graded = once.copy()
    graded["score"] = _scores_of(once, [metric], tokens=tokens, strip=strip)[metric]
    graded["metric"], graded["direction"] = metric, METRICS[metric].direction
    return graded


def _scores_of(
    records: pd.DataFrame,
    metrics: Sequence[str],
    *,
    tokens: Literal["characters", "words"] | Callable[[str], Sequence[str]] = "characters",
    strip: bool = True,
) -> dict[str, NDArray[np.float64]]:
    """Scores of every row of some records under several metrics, answers being looked at once for all.

    Parameters
    ----------
    records, tokens, strip
        As for `grade`; no row is left out.
    metrics : sequence of str
        Metrics that judge answers or choices.

    Returns
    -------
    dict of str to ndarray, shape (rows,)

    Raises
    ------
    FieldError, UnknownNameError
        As `grade`.
    """
    of_answers, of_choices = judging("tokens", "text"), judging("choices")
    known = (*of_answers, *of_choices)
    for metric in metrics:
        if metric not in known:
            raise UnknownNameError("metric", metric, f"one of {', '.join(known)}")
    found: dict[str, NDArray[np.float64]] = {}
    texts = [m for m in metrics if m in of_answers]
    if texts:
        whole = [_texts(records, side, strip) for side in ("target", "output")]
        known_cuts: dict[object, Callable[[str], Sequence[str]]]
        known_cuts = {"characters": str, "words": str.split}
        cut = known_cuts.get(tokens, tokens)
        if not callable(cut):
            raise FieldError("tokens", tokens, "'characters', 'words' or a function")
        parts = whole if cut is str else [[cut(text) for text in side] for side in whole]
        empty = next((i for i, target in enumerate(parts[0]) if len(target) == 0), None)
        if empty is not None:
            raise FieldError("target", "", "an answer", where=_where(records, empty))
        if cut is str:
            found |= scores_of_texts(*(Texts.of(as_arrow(side)) for side in whole))
        for metric in set(texts) - set(found):
            sides = whole if METRICS[metric].judges == "text" else parts
            found[metric] = METRICS[metric].score(*sides)
    choices = [m for m in metrics if m in of_choices]
    if choices:
        found |= _choices(records, choices)
    return {metric: found[metric] for metric in metrics}


def _where(records: pd.DataFrame, row: int) -> str:
    return f" of item {records['item'].iloc[row]}"


def _texts(records: pd.DataFrame, side: str, strip: bool) -> list[str]:
    texts = records[side].tolist()
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise FieldError(side, text, "text", where=_where(records, i))
    return [text.strip() for text in texts] if strip else texts


def _choices(records: pd.DataFrame, metrics: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    lists = Lists.of(records["logprobs"])
    few = np.flatnonzero(lists.sizes < 2)
    if len(few):
        values = records["logprobs"].iloc[few[0]]
        raise FieldError(
            "logprobs", values, "those of two choices or more", where=_where(records, few[0])
        )
    targets = records["target"].tolist()
    right = np.array([index_of(target) for target in targets])
    wrong = np.flatnonzero((right < 0) | (right >= lists.sizes))
    if len(wrong):
        i = wrong[0]
        raise FieldError(
            "target", targets[i], f"the index of a choice, 0 to {lists.sizes[i] - 1}",
            where=_where(records, i),
        )  # fmt: skip
    return scores_of_choices(right, lists, metrics)


def index_of(text: Any) -> int:
    """The index that a text is; -1 if it is none."""
    text = text.strip() if isinstance(text, str) else ""
    return int(text) if text.isdecimal() and len(text) < 9 else -1


@dataclass(frozen=True)
class Lists:
    """Lists of numbers, one a row.

    Attributes
    ----------
    values : ndarray of float
        The numbers of all lists, one after the other; nan where one is none.
    starts, sizes : ndarrays of int, shape (rows,)
    """

    values: NDArray[np.float64]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, column: pd.Series) -> Lists:
        """The lists of a column of Arrow's or of Python objects; what is no list is an empty one."""
        pa = arrow()
        if isinstance(column.dtype, pd.ArrowDtype):
            found = pa.chunked_array(pa.array(column)).combine_chunks()
            known = found.type
            if pa.types.is_list(known) or pa.types.is_large_list(known):
                return cls._of(found.cast(pa.list_(pa.float64())))
        if column.isna().all():
            nothing = np.zeros(len(column), np.int64)
            return cls(np.zeros(0), nothing, nothing)
        cells = [list(v) if isinstance(v, (list, tuple, np.ndarray)) else None for v in column]
        if pa is None:
            return cls._plain([cell and _floats(cell) for cell in cells])
        kind = pa.list_(pa.float64())
        try:
            return cls._of(pa.array(cells, kind))
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            return cls._of(pa.array([cell and _floats(cell) for cell in cells], kind))

    @classmethod
    def _plain(cls, cells: Sequence[list[float] | None]) -> Lists:
        sizes = np.array([len(cell or ()) for cell in cells], np.int64)
        values = np.array([v for cell in cells for v in cell or ()], float)
        return cls(values, np.cumsum(sizes) - sizes, sizes)

    @classmethod
    def _of(cls, found: pa.ListArray) -> Lists:
        sizes = found.value_lengths().fill_null(0).to_numpy().astype(np.int64)
        values = found.flatten()
        values = values.fill_null(np.nan).to_numpy(zero_copy_only=False)
        return cls(values, np.cumsum(sizes) - sizes, sizes)

    def __getitem__(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Lists:
        return Lists(self.values, self.starts[rows], self.sizes[rows])

    def total(self, values: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Sum of each list, or of as many other values."""
        values = self.values if values is None else values
        found = np.zeros(len(self.sizes))
        for rows, table in self.tables(values):
            found[rows] = table.sum(axis=1)
        return found

    def tables(self, values: NDArray | None = None) -> Iterator[tuple[NDArray[np.int64], NDArray]]:
        """Rows with lists of one size, and their numbers as a table: for each size there is but 0."""
        values = self.values if values is None else values
        for size in np.unique(self.sizes).tolist():
            if size:
                rows = np.flatnonzero(self.sizes == size)
                yield rows, values[self.starts[rows][:, None] + np.arange(size)]


def _floats(cell: list) -> list[float] | None:
    try:
        return [float("nan" if v is None else v) for v in cell]
    except (TypeError, ValueError, OverflowError):
        return [float("nan")] * len(cell)


def scores_of_choices(
    right: NDArray[np.int64], logprobs: Lists, metrics: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """Scores of choices by the index of the right one and the log-probabilities of all, two or more.

    Where none of them is finite, a score is nan.
    """
    found = {metric: np.full(len(right), np.nan) for metric in metrics}
    for rows, table in logprobs.tables():
        known = np.isfinite(table.max(axis=1))
        here = rows[known]
        if not len(here):
            continue
        mass = softmax(table[known], axis=1)
        for metric, scores in found.items():
            scores[here] = METRICS[metric].score(right[here], mass)
    return found
