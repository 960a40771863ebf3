"""The rows of a table of scores that can be points of curves, parted by curve; the others, with a note."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from ..curves.curve import MOST_ITEMS
from ..errors import require
from .naming import KEY, Notes, What, kinds_said, many, size_text

__all__ = ["apart", "by_question", "parts", "table_of", "usable"]

_NEEDED = ("params", "task", "metric", "score")
_TEXTS = {
    "family": "", "model": "", "task": "", "setting": "", "metric": "", "direction": "", "run": "",
    "graded": "file", "source": "",
}  # fmt: skip
_NUMBERS = ("params", "shots", "score", "n", "deviation", "skill", "skill_error")
_ABSURD = 1e100
"""No score is as large, and arithmetic with it overflows."""


def table_of(scores: pd.DataFrame, family: str) -> pd.DataFrame:
    """The columns that curves are made of, the condition in one of them.

    Raises
    ------
    FieldError
        If a column is missing without which there is no curve.
    """
    for name in _NEEDED:
        require(name in scores.columns, "columns", list(scores.columns), f"a column {name!r}")
    table = {}
    for name, default in {**_TEXTS, "family": family}.items():
        text = scores[name] if name in scores.columns else pd.Series(default, index=scores.index)
        table[name] = text.astype(object).where(text.notna(), _TEXTS[name]).astype(str)
    for name in _NUMBERS:
        number = scores[name] if name in scores.columns else np.nan
        table[name] = pd.to_numeric(pd.Series(number, index=scores.index), errors="coerce")
    made = pd.DataFrame(table).reset_index(drop=True)
    made["setting"] = _conditions(made)
    return made


def _conditions(table: pd.DataFrame) -> list[str]:
    """Settings with the number of shots, where that is known."""
    return [
        text if shots != shots else ", ".join(filter(None, (text, f"{shots:.0f}-shot")))
        for text, shots in zip(table["setting"].astype(str), table["shots"], strict=True)
    ]


def usable(table: pd.DataFrame, notes: Notes) -> pd.DataFrame:
    """The rows that can be points, with their errors."""
    sized = np.isfinite(table["params"]) & (table["params"] > 0)
    nobody = table.loc[~sized & (table["model"] == ""), "task"]
    if len(nobody):
        notes.add(
            f"no model is named: {many(len(nobody), 'score')} on no curve, --model NAME names that of a file",
            *nobody,
        )
    nameless = table.loc[~sized & (table["model"] != ""), "model"]
    if len(nameless):
        notes.add(
            f"no size is known: {many(len(nameless), 'score')} on no curve, --params NAME=SIZE gives one",
            *nameless,
        )
    finite = table["score"].abs() < _ABSURD  # and so no nan
    bad = table[sized & ~finite]
    for what, model, size in zip(kinds_said(bad), bad["model"], bad["params"], strict=True):
        notes.add("no finite score: left out", f"{what} of {model or size_text(size)}")
    items = table["n"]
    whole = items.isna() | ((items >= 1) & (items <= MOST_ITEMS) & (items == np.floor(items)))
    bad = table[sized & finite & ~whole]
    for what, number in zip(kinds_said(bad), bad["n"], strict=True):
        notes.add(
            "a number of items that is no whole number above 0, taken as unknown",
            f"{number:g} in {what}",
        )
    table["n"] = items.where(whole)
    table["error"] = table["deviation"] / np.sqrt(table["n"])
    return table[sized & finite]


def apart(table: pd.DataFrame, notes: Notes) -> pd.DataFrame:
    """Scores made here stand apart from those a file gives of the same question by the same metric."""
    here = table["graded"] == "here"
    if not here.any() or here.all():
        return table
    mixed = here & (here.groupby([table[name] for name in KEY]).transform("nunique") > 1)
    for what in kinds_said(table[mixed]):
        notes.add(
            "given by files for some networks and graded here for others: two curves, of which one is "
            "named 'graded here'",
            str(what),
        )
    apart = [
        ", ".join(filter(None, (text, "graded here"))) if both else text
        for text, both in zip(table["setting"], mixed, strict=True)
    ]
    return table.assign(setting=apart)


def parts(table: pd.DataFrame) -> Iterator[tuple[What, dict[str, np.ndarray]]]:
    """The columns of each curve in rising order of size, the curves in the table's order."""
    number = table.groupby(KEY, sort=False).ngroup().to_numpy()
    order = np.lexsort((table["params"].to_numpy(), number))
    table, number = table.iloc[order], number[order]
    columns = {name: table[name].to_numpy() for name in table}
    ends = np.flatnonzero(np.diff(number, prepend=-1, append=-1))
    for what, (start, end) in zip(kinds_said(table.iloc[ends[:-1]]), pairwise(ends), strict=True):
        yield what, {name: values[start:end] for name, values in columns.items()}


def by_question(lengths: pd.DataFrame | None) -> dict[tuple[str, str, str], pd.DataFrame]:
    """Rows of `mirage_utils.records.gathering.Gathered.lengths` by family, task and setting."""
    if lengths is None or not len(lengths):
        return {}
    names = [lengths["family"].astype(str), lengths["task"].astype(str), _conditions(lengths)]
    key = pd.Series(list(zip(*names, strict=True)), index=lengths.index)
    return dict(iter(lengths.groupby(key, sort=False)))
