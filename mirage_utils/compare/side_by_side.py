"""Tables with a row an item and a column a model, as people keep them in spreadsheets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from ..errors import FieldError, UnknownNameError
from ..records.files import File
from ..records.formats import FORMATS, headers
from ..records.formats.asking import column_of_questions
from ..records.formats.cells import Table, table
from ..records.formats.items import named_items, numbers_in
from ..records.formats.names import CONDITIONS, RUNS, SCHEMA, SYNONYMS, plain_name
from ..records.formats.quantities import TRUTH, cell, is_missing, number
from ..records.options import Options
from ..records.schema import EvalFileError
from ..records.wording import several
from .sides import NotPairedError

__all__ = ["Beside", "check_columns", "columns_of_models", "how_to_name"]

_TABLES = ("plain table", "workbook")
_FIRST = 1000
"""So many rows tell what columns hold."""


class Beside(NamedTuple):
    """How to read the scores of each of two models, where a table has a column for each.

    Attributes
    ----------
    first, second : Options
    notes : list of str
        What was decided of the table's columns.
    """

    first: Options
    second: Options
    notes: list[str]


def _table(path: str | PathLike[str]) -> Table | None:
    if not Path(path).is_file():
        return None
    try:
        file = File(Path(path))
        known = next((f.name for f in FORMATS if f.recognises(file)), "")
        return table(file) if known in _TABLES else None
    except (EvalFileError, FieldError):  # said where it is read
        return None


def _rows(found: Table) -> pd.DataFrame | None:
    """The first rows of a table; None where it cannot be read, which is said elsewhere."""
    try:
        first = next(found.batches(_FIRST), None)
        return None if first is None else headers.without_index(first)[0]
    except (EvalFileError, FieldError):
        return None


def columns_of_models(
    path: str | PathLike[str], models: Sequence[str], options: Options
) -> Beside | None:
    """How to read the scores of each of two models, where a table has a column for each.

    Parameters
    ----------
    path : path-like
    models : sequence of str
        What the user calls A and B.
    options : Options

    Returns
    -------
    Beside, optional
        None where they are no columns of a table.

    Raises
    ------
    NotPairedError
        If nothing says which item a row is.
    """
    found = _table(path) if len(set(models)) == 2 else None
    try:
        names = [] if found is None else list(map(str, found.names))
    except (EvalFileError, FieldError):
        return None
    if found is None or "model" in names or not set(models) <= set(names):
        return None
    item, notes = _item(path, found, models, options)
    if asked := column_of_questions(n for n in names if n not in {*item, *options.columns}):
        notes.append(f"{path}: columns read: {asked!r} as the question of an item")
    one, other = (
        replace(
            options, columns={**options.columns, **item, name: "score"}, model=name, metric=options.metric or "score",
            elsewhere=(*options.elsewhere, *models),
        )
        for name in models
    )  # fmt: skip
    return Beside(one, other, notes)


def _item(
    path: str | PathLike[str], found: Table, models: Sequence[str], options: Options
) -> tuple[dict[str, str], list[str]]:
    """The column that names the items, where its own name does not say so; a note."""
    raw = _rows(found)
    if raw is None:
        return {}, []
    said = replace(options, columns={**options.columns, models[0]: "score"})
    renamed = headers.renaming(list(map(str, raw.columns)), said)[0]
    raw = raw.rename(columns=renamed).drop(columns=models[1])
    if "item" in renamed.values() or options.wide:
        return {}, []
    name, told = named_items(raw, said)
    if name:
        written = next(n for n, now in renamed.items() if now == name)
        return {written: "item"}, [
            f"{path}: columns read: {written!r} as item (--column says otherwise)"
        ]
    if not told and not numbers_in(raw["score"]) <= {0.0, 1.0}:
        raise NotPairedError(
            f"{path}: no column names the items of {models[0]!r} and {models[1]!r}, which is needed of scores other than 0 and 1: "
            f"--column NAME=item says which of {several([repr(n) for n in renamed if n not in models], 8) or 'them'} does"
        )
    return {}, []


def _free(path: str | PathLike[str]) -> list[str]:
    """Columns of a table that may each be a model, where nothing else says which model a score is of."""
    found = _table(path)
    raw = None if found is None else _rows(found)
    if raw is None:
        return []
    plain = {str(name): plain_name(str(name)) for name in raw.columns}
    known = {*SCHEMA, *(n for names in SYNONYMS.values() for n in names), *RUNS, *CONDITIONS}
    if {"model", "score", *SYNONYMS["model"], *SYNONYMS["score"]} & set(plain.values()):
        return []
    item, _ = named_items(raw, Options())
    return [n for n, bare in plain.items() if bare not in known and n != item and _scores(raw[n])]


def check_columns(path: str | PathLike[str], models: Sequence[str]) -> None:
    """Refuse names of models that are no columns of a table, where one has a column for each model.

    Parameters
    ----------
    path : path-like
    models : sequence of str
        What the user calls A and B.

    Raises
    ------
    UnknownNameError
        With the columns that there are.
    """
    free = _free(path)
    lost = [name for name in models if name not in free]
    if len(free) > 1 and lost:
        raise UnknownNameError(
            "models", lost[0],
            f"a column of {path} with a model's scores ({several([*map(repr, free)], 8)}), or a column 'model' (--column NAME=model)",
        )  # fmt: skip


def how_to_name(path: str | PathLike[str]) -> str:
    """How columns are named that may each be a model; ``""`` where a table has no two such columns.

    Parameters
    ----------
    path : path-like
    """
    free = _free(path)
    if len(free) < 2:
        return ""
    if len(free) == 2:
        return f"if each model has a column, name both: --models {free[0]!r} {free[1]!r}"
    return f"if each model has a column, name two, such as --models {free[-2]!r} {free[-1]!r}, of {several(list(map(repr, free)), 8)}"


def _scores(column: pd.Series) -> bool:
    """Whether a column holds numbers, or right and wrong, and not the number of its row."""
    texts = [text.lower().rstrip("% ") for text in map(cell, column) if not is_missing(text)]
    values = [TRUTH.get(text, number(text)) for text in texts]
    counted = len(values) > 2 and values in ([*range(len(values))], [*range(1, len(values) + 1)])
    return bool(values) and None not in values and not counted
