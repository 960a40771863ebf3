"""Which items belong together, by what files say of them or by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import FieldError
from ..records.wording import several

__all__ = ["FEW", "clusters_of"]

FEW = 10
"""With fewer clusters intervals are too short, whatever the method."""


def clusters_of(
    items: Sequence[NDArray],
    said: Sequence[Sequence[NDArray | None]],
    by: str,
    fields: Sequence[str],
) -> tuple[list[NDArray | str], list[str]]:
    """The cluster of every item.

    Parameters
    ----------
    items : sequence of ndarray of str
        Of each comparison.
    said : sequence of sequence of ndarray or None
        What the two sides say of them under the name `by`; None in the place of an item where one says nothing.
    by : str
        The name of a column or field, or a regular expression for the part of an item's name that is its cluster: its
        first group, or all of what it finds.
    fields : sequence of str
        Names that would have been possible.

    Returns
    -------
    clusters : list of ndarray or str
        Of each comparison; text says why one has none.
    notes : list of str

    Raises
    ------
    FieldError
        If no file has the field, and no name such a part.
    """
    if any(column is not None for pair in said for column in pair):
        found = [_of_fields(names, pair, by) for names, pair in zip(items, said, strict=True)]
        how = f"the field {by!r}"
    else:
        found = [_of_names(names, by) for names in items]
        how = f"what {by!r} finds in the items' names"
        if not any(known.notna().any() for known in found if not isinstance(known, str)):
            there = several([*dict.fromkeys(fields)], 12)
            raise FieldError(
                "cluster_by", by,
                f"a column or field that a file has ({there or 'none of these files has any'}), or a regular expression for a "
                "part of the items' names, such as '^[^-]+'",
            )  # fmt: skip
    made: list[NDArray | str] = []
    counts: set[int] = set()
    lone = 0
    for names, known in zip(items, found, strict=True):
        if isinstance(known, str):
            made.append(known)
            continue
        alone = known.isna().to_numpy()
        own = np.array([f"\0{name}" for name in names], dtype=object)
        clusters = np.where(alone, own, known.to_numpy(object)).astype(str)
        number = len(set(clusters))
        if number < 2:
            made.append(
                f"all items are in one cluster by {by!r}, {str(clusters[0])!r}, and two are needed: --cluster-by names another, or is left out"
            )
            continue
        made.append(clusters)
        counts.add(number)
        lone += int(alone.sum())
    if not counts:
        return made, []
    few, many = min(counts), max(counts)
    notes = [f"clusters are {how}: {few:,}{f' to {many:,}' * (many > few)} of them"]
    if lone:
        notes.append(f"{lone:,} items without a cluster: each is one by itself")
    if few < FEW:
        notes.append(
            f"fewer than {FEW} clusters: intervals are too short, and p-values have few steps; more clusters, not more items, would help"
        )
    return made, notes


def _of_fields(names: NDArray, said: Sequence[NDArray | None], by: str) -> pd.Series | str:
    columns = [pd.Series(c if c is not None else [None] * len(names), dtype=object) for c in said]
    one, other = columns
    differ = (one.notna() & other.notna() & (one != other)).to_numpy()
    if differ.any():
        at = int(np.argmax(differ))
        return (
            f"{by} differs for {int(differ.sum()):,} items of the same name (item {names[at]}: {one[at]!r} in A, {other[at]!r} in B): "
            "the names mean other items"
        )
    return one.where(one.notna(), other)


def _of_names(names: NDArray, by: str) -> pd.Series:
    try:
        pattern = re.compile(by)
    except re.error as error:
        raise FieldError(
            "cluster_by", by, f"a field's name or a regular expression ({error})"
        ) from None
    matches = [pattern.search(str(name)) for name in names]
    texts = [(m[1] if pattern.groups else m[0]) if m else None for m in matches]
    return pd.Series([text or None for text in texts], dtype=object)
