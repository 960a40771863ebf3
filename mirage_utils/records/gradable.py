"""What each item is: choices, an answer in text, or an answer's log-probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..metrics.columnar import is_blank
from ..metrics.strings import Strings, coded, present, taken
from .grading import Lists, index_of
from .keys import arrow_texts, numbered

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Kinds", "kinds_of"]

_ALMOST_ZERO = 1e-3
"""Log-probabilities are at most 0, but for rounding."""


@dataclass(frozen=True)
class Kinds:
    """What each item is: choices, an answer in text, log-probabilities of an answer.

    Attributes
    ----------
    choices, answers, logs : ndarray of bool, shape (items,)
        Whether it is gradable as one.
    targets, outputs : pyarrow.Array or Strings, shape (items,)
        As text.
    logprobs : Lists
    right : ndarray of int, shape (items,)
        Index of the right choice; -1 where there is none.
    odd : int
        Items with log-probabilities of choices and a target that is the index of none.
    """

    choices: NDArray[np.bool_]
    answers: NDArray[np.bool_]
    logs: NDArray[np.bool_]
    targets: pa.Array | Strings
    outputs: pa.Array | Strings
    logprobs: Lists
    right: NDArray[np.int64]
    odd: int


def kinds_of(frame: pd.DataFrame) -> Kinds:
    """Which items are choices, which answers in text, and which have the answer's log-probabilities.

    Where a file does not say of what its log-probabilities are, the items of a task are choices if each that has a
    target has two or more, its target is the index of one of them, and its output, where there is one,
    the index of the largest.
    """
    size = len(frame)
    targets, outputs = arrow_texts(frame["target"]), arrow_texts(frame["output"])
    named = ~is_blank(targets)
    said = np.ones(size, bool) if not outputs.null_count else present(outputs)
    lists = Lists.of(frame["logprobs"])
    right = np.full(size, -1)
    nothing = np.zeros(size, bool)
    if not lists.sizes.any():
        return Kinds(nothing, named & said, nothing, targets, outputs, lists, right, 0)
    logs, best = nothing.copy(), np.zeros(size, np.int64)
    for at, table in lists.tables():
        logs[at] = (table <= _ALMOST_ZERO).all(axis=1)
        best[at] = np.where(np.isnan(table), -np.inf, table).argmax(axis=1)
    many = logs & (lists.sizes >= 2)
    at = np.flatnonzero(many & named)
    right[at] = _indices(taken(targets, at))
    fits = (right >= 0) & (right < lists.sizes)
    of = numbered(frame, ["logprobs_of"])
    of = of[1]["logprobs_of"].to_numpy(object)[of[0]]
    told, unsaid = of == "choices", of == ""
    likeliest = nothing.copy()
    at = np.flatnonzero(fits)
    said_index = taken(outputs, at)
    likeliest[at] = (_indices(said_index) == best[at]) | is_blank(said_index)
    task, tasks = numbered(frame, ["task"])
    against = unsaid & named & ~(fits & likeliest)
    against = np.bincount(task, weights=against, minlength=len(tasks)) > 0
    of_choices = told | (unsaid & ~against[task])
    choices = fits & of_choices & (told | likeliest)
    odd = told & (lists.sizes > 0) & named & ~choices
    return Kinds(
        choices, named & said & ~of_choices, logs & ~of_choices, targets, outputs, lists, right,
        int(odd.sum()),
    )  # fmt: skip


def _indices(texts: pa.Array | Strings) -> NDArray[np.int64]:
    """The indices that texts are; -1 for one that is none."""
    codes, kinds = coded(texts)
    read = (t.decode("utf-8", "surrogatepass") if isinstance(t, bytes) else t for t in kinds)
    found = np.array([*map(index_of, read), -1], np.int64)  # the last is that of an absent text
    return found[codes]
