"""Tables of records: which column names the items, and which hold the file's own scores of them."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from ..options import Options
from ..schema import RECORDS, SCORES, is_share, without_per_cent
from .names import CONDITIONS, RUNS, plain_name
from .quantities import TRUTH, cell, is_missing, is_per_cent, number

__all__ = ["Items", "items_of", "named_items", "numbers_in", "verdicts"]

_SCHEMA = {*SCORES, *RECORDS}

_VERDICTS = dict.fromkeys(
    (
        "correct",
        "is_correct",
        "was_correct",
        "passed",
        "is_passed",
        "success",
        "solved",
        "right",
        "is_right",
    ),
    "correct",
)


def verdicts(raw: pd.DataFrame) -> dict[str, str]:
    """Columns of a table of records that hold scores of its items, and their metrics.

    They are called like shares of items or an F1, and hold numbers between 0 and 1, or true and false.
    """
    if {"score", "metric"} & set(raw.columns):
        return {}
    found: dict[str, str] = {}
    for name in raw.columns:
        bare = without_per_cent(str(name))
        metric = _VERDICTS.get(plain_name(bare), bare)
        certain = is_share(metric) or plain_name(metric).endswith("f1")
        if name in _SCHEMA or not certain or metric in found.values():
            continue
        texts = pd.Series(
            [t.lower() for t in map(cell, raw[name]) if not is_missing(t)], dtype=object
        )
        values = texts.map(lambda text: TRUTH.get(text, number(text.rstrip("% ")))).astype(float)
        marked = texts.map(is_per_cent).astype(bool) | (bare != name)
        values = values.where(~marked, values / 100)
        right = values.between(0, 1)
        # A cell that is none costs itself and no other; above 1 are marks.
        if 2 * right.sum() > len(texts) and not (values > 1).any():
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


class Items(NamedTuple):
    """Which column of a table names its items, and whether it is one of items at all."""

    column: str = ""
    rows: bool = False


def items_of(raw: pd.DataFrame, options: Options) -> Items:
    """How a table names its items, though the names of its columns may mean something else.

    Parameters
    ----------
    raw : pandas.DataFrame
        The first rows, with the schema's names as far as columns' names tell them.
    options : Options
        What the user says of a column holds.
    """
    answers = {"target", "output"} <= set(raw.columns)
    graded = ["score"] if "score" in raw.columns else list(verdicts(raw))
    verdicts_of = [numbers_in(raw[name]) for name in graded]
    right_or_wrong = bool(graded) and all(values <= {0.0, 1.0} for values in verdicts_of)
    if "item" in raw.columns or options.wide or not (answers or right_or_wrong):
        return Items()
    if not answers and "n" in raw.columns:
        return Items()
    whose, runs = _whose(raw, options)
    texts = raw.map(cell)
    if name := _column_of_names(texts, whose, options):
        return Items(name, rows=True)
    # Of two rows one may be another run; verdicts of many are of as many items.
    most = texts.groupby(whose).size().max() if whose else len(texts)
    nameless = not answers and not runs and "row" not in options.replicate_by
    # Nothing but zeros may be the scores of small models.
    nameless &= all(len(values) > 1 for values in verdicts_of)
    return Items(rows=nameless and most > 2)


def named_items(raw: pd.DataFrame, options: Options) -> tuple[str, bool]:
    """Which column names the items of a table that is known to be one of items, and whether its rows can be told apart.

    Parameters
    ----------
    raw : pandas.DataFrame
        As for `items_of`.
    options : Options

    Returns
    -------
    column : str
        ``""`` for none.
    told : bool
        Whether this column, or tasks and conditions without it, stand in one row each.
    """
    whose, _ = _whose(raw, options)
    texts = raw.map(cell)
    name = _column_of_names(texts, whose, options)
    networks = texts.groupby(whose).ngroups if whose else 1
    return name, name != "" or networks == len(texts)


def _whose(raw: pd.DataFrame, options: Options) -> tuple[list[str], list[str]]:
    """Columns that tell whose answer a row is; those among them that tell runs apart."""
    said = {*options.columns.values(), *options.replicate_by} - _SAYS
    runs = [name for name in raw.columns if plain_name(name) in RUNS or name in said]
    conditions = [name for name in raw.columns if plain_name(name) in CONDITIONS]
    schema = [name for name in raw.columns if name in _SCHEMA - _SAYS]
    return list(dict.fromkeys((*schema, *runs, *conditions))), runs


def _column_of_names(texts: pd.DataFrame, whose: list[str], options: Options) -> str:
    """The likeliest column that names the items of a table; ``""`` for none."""
    said = {*options.columns.values(), *options.replicate_by, *whose}
    by_name = {plain_name(str(name)): str(name) for name in reversed(texts.columns)}
    once = texts.drop_duplicates()
    for name in (by_name[n] for n in _NAMES if n in by_name and by_name[n] not in said):
        if _names_items(once, name, whose):
            return name
    return ""


def numbers_in(column: pd.Series) -> set[float | None]:
    """What a column holds, as numbers: 0 and 1 where it is nothing but right and wrong.

    Parameters
    ----------
    column : pandas.Series
    """
    texts = {text.lower() for text in map(cell, column) if not is_missing(text)}
    return {TRUTH.get(text, number(text)) for text in texts}


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
