"""Whether items of one name are the same items: their right answers, their questions, and how the names came about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import shown
from ..records.formats.asking import how_it_begins, what_it_is_of
from .sides import NotPairedError, Side

__all__ = ["numbered_alike", "same_questions", "same_targets", "without_names"]

_NO_NAMES = "no column names the items"
"""How a note begins that rows were numbered."""


def same_targets(
    a: pd.DataFrame, b: pd.DataFrame, common: pd.Index, ignore: bool
) -> tuple[list[str], bool]:
    """Refuse items of one name whose right answers differ; with `ignore`, say how many.

    Returns
    -------
    notes : list of str
    told : bool
        Whether right answers were there to be compared.
    """
    first, second = (_by_name(rows, "target", common) for rows in (a, b))
    compared, differ = _differ(first, second)
    if not differ.any():
        return [], bool(compared.any())
    count = f"{int(differ.sum()):,} of {int(compared.sum()):,} items of the same name"
    if ignore:
        return [f"targets differ for {count}, and are ignored"], True
    at = int(np.argmax(differ))
    raise NotPairedError(
        f"target differs for {count} (item {common[at]}: {shown(str(first.iloc[at]), 40)} in A, "
        f"{shown(str(second.iloc[at]), 40)} in B): another version of the task, another subset, or another order; "
        f"--ignore-targets, if only their spelling differs{_as_floats(first[differ], second[differ])}"
    )


def _as_floats(first: pd.Series, second: pd.Series) -> str:
    """A hint where numbers are the same ones, such as 7 and 7.0."""
    one, other = (pd.to_numeric(s.astype(str), errors="coerce") for s in (first, second))
    same = bool((one == other).all())
    return " (as it does here: they are the same numbers)" if same else ""


def same_questions(
    a: pd.DataFrame, b: pd.DataFrame, common: pd.Index, ignore: bool
) -> tuple[list[str], bool]:
    """Refuse items of one name whose questions differ; with `ignore`, say how many.

    Returns
    -------
    notes : list of str
    told : bool
        Whether questions were there to be compared.
    """
    if "asked" not in a or "asked" not in b:
        return [], False
    first, second = (_by_name(rows, "asked", common) for rows in (a, b))
    kinds = [
        s.map(lambda v: what_it_is_of(v) if isinstance(v, str) else None) for s in (first, second)
    ]
    compared, differ = _differ(first, second)
    alike = (kinds[0] == kinds[1]).to_numpy()
    compared, differ = compared & alike, differ & alike
    if not differ.any():
        return [], bool(compared.any())
    count = f"{int(differ.sum()):,} of {int(compared.sum()):,} items of the same name"
    if ignore:
        return [f"questions differ for {count}, and are paired all the same"], True
    at = int(np.argmax(differ))
    one, other = (how_it_begins(s.iloc[at]) for s in (first, second))
    raise NotPairedError(
        f"question differs for {count} (item {common[at]}, {kinds[0].iloc[at]}: {shown(one, 60)} in A, {shown(other, 60)} "
        "in B): another version of the task, another subset, or another order; --ignore-targets, if they are the same items and only "
        "written in another way"
    )


def _by_name(rows: pd.DataFrame, column: str, common: pd.Index) -> pd.Series:
    value = rows[column].astype(object)
    known = pd.DataFrame({"item": rows["item"].astype(object), "value": value})[
        (value.notna() & (value != "")).to_numpy()
    ].drop_duplicates("item")
    return known.set_index("item")["value"].reindex(common)


def _differ(first: pd.Series, second: pd.Series) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    compared = (first.notna() & second.notna()).to_numpy()
    differ = compared & (first.astype(str).str.strip() != second.astype(str).str.strip()).to_numpy()
    return compared, differ


def without_names(side: Side) -> bool:
    """Whether the names of a side's items are numbers of rows that no file has."""
    return any(_NO_NAMES in note for note in side.notes)


def numbered_alike(sides: tuple[Side, Side], asked: Sequence[pd.Index], told: bool) -> list[str]:
    """Refuse names that are numbers of rows and cannot be the same rows.

    Parameters
    ----------
    sides : tuple of Side
    asked : sequence of pandas.Index
        Items of A and of B.
    told : bool
        Whether questions or right answers say that items of one name are the same.
    """
    a, b = asked
    bare = [without_names(side) for side in sides]
    if any(bare):
        if len(a) != len(b) and not told:
            raise NotPairedError(
                f"items have no names, A has {len(a):,} rows and B {len(b):,}, so which row belongs to which cannot be told: "
                "--column NAME=item says which column names the items"
            )
        return ["items have no names: row k of A is paired with row k of B"]
    if told or len(a) != len(b) or len(a) < 2:
        return []
    first, second = ({str(i) for i in names} for names in asked)
    n = len(a)
    from_0, from_1 = {str(i) for i in range(n)}, {str(i) for i in range(1, n + 1)}
    if (first, second) in ((from_0, from_1), (from_1, from_0)):
        zero = "A" if first == from_0 else "B"
        raise NotPairedError(
            f"{zero} numbers its {n:,} items from 0 and the other from 1: the same number names two items; number both in one "
            "way"
        )
    return []
