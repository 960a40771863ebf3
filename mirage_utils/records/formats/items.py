"""Tables of records: which column names the items, and which hold the file's own scores of them."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from ..options import Options
from ..schema import RECORDS, SCORES, is_share
from .headers import CONDITIONS, RUNS, plain_name
from .quantities import TRUTH, cell, is_missing, number

__all__ = ["item_column", "may_name_items", "verdicts"]

_SCHEMA = {*SCORES, *RECORDS}

_VERDICTS = {"correct": "correct", "is_correct": "correct", "was_correct": "correct"}


def verdicts(raw: pd.DataFrame) -> dict[str, str]:
    """Columns of a table of records that hold scores of its items, and their metrics.

    They are called like shares of items or an F1, and hold numbers between 0 and 1, or true and false.
    """
    if {"score", "metric"} & set(raw.columns):
        return {}
    found: dict[str, str] = {}
    for name in raw.columns:
        metric = _VERDICTS.get(plain_name(str(name)), str(name))
        certain = is_share(metric) or plain_name(metric).endswith("f1")
        if name in _SCHEMA or not certain or metric in found.values():
            continue
        texts = {text.lower() for text in map(cell, raw[name]) if not is_missing(text)}
        values = [TRUTH.get(text, number(text)) for text in texts]
        if values and all(value is not None and 0 <= value <= 1 for value in values):
            found[name] = metric
    return found


_NAMES = (
    "id", "uuid", "guid", "question", "problem", "key", "idx", "index", "no", "number", "row_id", "task_id",
    "prompt_id", "case_id",
)  # fmt: skip
"""Columns that may name items, the likeliest first; others number the rows of any table so."""
_CERTAIN = _NAMES[:5]
"""Those that name items also where one has several answers."""
_SAYS = {"target", "output", "item", "score", "n", "source", "direction", "logprobs", "logprobs_of"}
"""Columns of the schema that do not tell whose answer a row is."""


def item_column(raw: pd.DataFrame, options: Options) -> str:
    """The column of a table that names its items, though its name may mean something else; ``""`` for none.

    Parameters
    ----------
    raw : pandas.DataFrame
        The first rows, with the schema's names as far as columns' names tell them.
    options : Options
        What the user says of a column holds.
    """
    answers = {"target", "output"} <= set(raw.columns)
    graded = ["score"] if "score" in raw.columns else list(verdicts(raw))
    right_or_wrong = bool(graded) and all(_is_right_or_wrong(raw[name]) for name in graded)
    if "item" in raw.columns or options.wide or not (answers or right_or_wrong):
        return ""
    if not answers and "n" in raw.columns:
        return ""
    said = {*options.columns.values(), *options.replicate_by}
    by_name = {plain_name(str(name)): str(name) for name in reversed(raw.columns)}
    whose = [
        name
        for name in raw.columns
        if name in _SCHEMA - _SAYS or name in said or plain_name(name) in (*RUNS, *CONDITIONS)
    ]
    texts = raw.map(cell).drop_duplicates()
    candidates = [by_name[n] for n in _NAMES if n in by_name and by_name[n] not in (*said, *whose)]
    return next((name for name in candidates if _names_items(texts, name, whose)), "")


def may_name_items(names: Iterable[str]) -> bool:
    """Whether one of a table's columns is called so that it may name items."""
    return any(plain_name(name) in _NAMES for name in names)


def _is_right_or_wrong(column: pd.Series) -> bool:
    """Whether a column holds nothing but right and wrong."""
    texts = {text.lower() for text in map(cell, column) if not is_missing(text)}
    return {TRUTH.get(text, number(text)) for text in texts} <= {0.0, 1.0}


def _names_items(texts: pd.DataFrame, name: str, whose: list[str]) -> bool:
    """Whether networks have several rows each, and this column tells them apart."""
    networks = texts.groupby(whose).ngroups if whose else 1
    if (texts[name] == "").any() or networks == len(texts):
        return False
    names = texts[[*whose, name]].drop_duplicates()
    if len(names) == len(texts):
        return True
    # Several answers to one question, with one target.
    right = [*whose, name, "target"] if "target" in texts.columns else [*whose, name]
    one = len(texts[right].drop_duplicates()) == len(names)
    return one and len(names) > networks and plain_name(name) in _CERTAIN
