"""The same outputs under another metric: records graded anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from ..errors import FieldError, UnknownNameError, require
from ..metrics import METRICS

__all__ = ["ANSWERS", "CHOICES", "grade", "scores_of"]

ANSWERS = (
    "exact_match",
    "token_accuracy",
    "token_edit_distance",
    "normalised_edit_distance",
    "character_edit_distance",
    "longest_correct_prefix",
)
"""Metrics of an answer's text."""
CHOICES = ("multiple_choice_grade", "top_2", "brier", "target_brier", "log_score")
"""Metrics of the log-probabilities of choices, made to sum to one over them."""

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
        One of `ANSWERS`, which compare ``output`` with ``target``, or of `CHOICES`, for which
        ``target`` is the index of the right choice and ``logprobs`` are those of the choices.
    tokens : {"characters", "words"} or callable
        What the token metrics count. ``character_edit_distance`` counts characters in any case.
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
    """
    require(len(records) > 0, "records", len(records), "at least one record")
    once = records.drop_duplicates([c for c in _ITEM if c in records.columns]).reset_index(
        drop=True
    )
    graded = once.copy()
    graded["score"] = scores_of(once, [metric], tokens=tokens, strip=strip)[metric]
    graded["metric"], graded["direction"] = metric, METRICS[metric].direction
    return graded


def scores_of(
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
        Metrics of `ANSWERS` and of `CHOICES`.

    Returns
    -------
    dict of str to ndarray, shape (rows,)

    Raises
    ------
    FieldError, UnknownNameError
        As `grade`.
    """
    known = (*ANSWERS, *CHOICES)
    for metric in metrics:
        if metric not in known:
            raise UnknownNameError("metric", metric, f"one of {', '.join(known)}")
    found: dict[str, NDArray[np.float64]] = {}
    texts = [m for m in metrics if m in ANSWERS]
    if texts:
        whole = [_texts(records, side, strip) for side in ("target", "output")]
        cut = {"characters": str, "words": str.split}.get(tokens, tokens)  # type: ignore[arg-type]
        require(callable(cut), "tokens", tokens, "'characters', 'words' or a function")
        parts = whole if cut is str else [[cut(text) for text in side] for side in whole]
        for metric in texts:
            sides = whole if metric == "character_edit_distance" else parts
            empty = next((i for i, target in enumerate(sides[0]) if len(target) == 0), None)
            if empty is not None:
                raise FieldError("target", "", "an answer", where=_where(records, empty))
            found[metric] = METRICS[metric].score(*sides)
    choices = [m for m in metrics if m in CHOICES]
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
    logprobs = records["logprobs"].tolist()
    sizes, right = np.zeros(len(records), int), np.zeros(len(records), int)
    for i, (values, target) in enumerate(zip(logprobs, records["target"].tolist(), strict=True)):
        if values is None or not hasattr(values, "__len__") or len(values) < 2:
            raise FieldError(
                "logprobs", values, "those of two choices or more", where=_where(records, i)
            )
        sizes[i] = len(values)
        index = isinstance(target, str) and target.strip().isdecimal()
        if not index or int(target) >= sizes[i]:
            raise FieldError(
                "target", target, f"the index of a choice, 0 to {sizes[i] - 1}",
                where=_where(records, i),
            )  # fmt: skip
        right[i] = int(target)
    found = {metric: np.zeros(len(records)) for metric in metrics}
    for size in np.unique(sizes):  # items may differ in their number of choices
        here = np.flatnonzero(sizes == size)
        mass = softmax(np.array([list(logprobs[i]) for i in here], dtype=float), axis=1)
        for metric, scores in found.items():
            scores[here] = METRICS[metric].score(right[here], mass)
    return found
