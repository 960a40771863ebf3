"""Tables with a row an item and a column a model, as people keep them in spreadsheets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path

from ..errors import FieldError
from ..records.files import File
from ..records.formats import FORMATS
from ..records.formats.cells import table
from ..records.options import Options
from ..records.schema import EvalFileError

__all__ = ["columns_of_models"]

_TABLES = ("plain table", "workbook")


def columns_of_models(
    path: str | PathLike[str], models: Sequence[str], options: Options
) -> tuple[Options, Options] | None:
    """How to read the scores of each of two models, where a table has a column for each.

    Parameters
    ----------
    path : path-like
    models : sequence of str
        What the user calls A and B.
    options : Options

    Returns
    -------
    tuple of Options, optional
        None where they are no columns of a table.
    """
    if len(set(models)) != 2 or not Path(path).is_file():
        return None
    try:
        file = File(Path(path))
        known = next((f.name for f in FORMATS if f.recognises(file)), "")
        names = [str(name) for name in table(file).names] if known in _TABLES else []
    except (EvalFileError, FieldError):  # said where it is read
        return None
    if "model" in names or not set(models) <= set(names):
        return None
    metric = options.metric or "score"
    one, other = (
        replace(options, columns={**options.columns, name: "score"}, model=name, metric=metric)
        for name in models
    )
    return one, other
