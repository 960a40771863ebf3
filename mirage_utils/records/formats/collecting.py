"""What several formats do alike: leave out what is no score, and collect the records of several runs."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...errors import shown
from .. import values
from ..columns import Gatherer
from ..keys import hashes
from ..schema import RECORDS

__all__ = ["Collected", "LeftOut", "field_of", "fields_of", "inside", "mapping", "said", "whole"]

_SAMPLE = ["model", "task", "setting", "shots", "run", "metric", "item"]


def said(value: Any) -> str:
    """A text without blanks around it; of anything else ``""``."""
    return value.strip() if isinstance(value, str) else ""


def whole(value: Any, low: int = 1) -> float:
    """A whole number >= `low`, also one that was written as a decimal; of anything else nan."""
    found = values.whole(value, low)
    return math.nan if found is None else found


def mapping(value: Any) -> dict[str, Any]:
    """An object of JSON; of anything else an empty one."""
    return value if isinstance(value, dict) else {}


def inside(value: Any, *keys: str) -> Any:
    """What stands in objects within objects, under one key after the other; None where there is nothing."""
    for key in keys:
        value = mapping(value).get(key)
    return value


_NAME = 60
"""Characters of what a field says that are kept: a passage may be a page long."""


def field_of(document: Any, name: str) -> str | None:
    """What an item's document says under a name, as short text; None where it says nothing.

    ``"story.id"`` is ``id`` in the object ``story``, unless the document has that name itself.
    """
    inner = mapping(document)
    found = inner[name] if name in inner else inside(document, *name.split("."))
    if found is None or found == "":
        return None
    text = found if isinstance(found, str) else json.dumps(found, sort_keys=True, default=str)
    text = text.encode("utf-8", "replace").decode()
    if len(text) <= _NAME:
        return text
    digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
    return f"{text[:_NAME]}... ({digest})"


def fields_of(document: Any) -> tuple[str, ...]:
    """Names of what an item's document says."""
    return tuple(str(name) for name in mapping(document))


class LeftOut:
    """Values that stand in the place of scores and are none: how many of each name, and the first."""

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def score(self, value: Any, name: str, where: str = "") -> float | None:
        """A finite number (true is 1) as a float; anything else is noted and None."""
        found = values.score_of(value)
        if found is not None:
            return found
        self._times[name] += 1
        self._first.setdefault(name, f"{where}: {shown(value)}" if where else shown(value))
        return None

    def notes(self) -> list[str]:
        """A note on each name."""
        return [
            f"{name} is no number{f' {times:,} times' * (times > 1)} ({self._first[name]}): left out"
            for name, times in self._times.items()
        ]


class Collected:
    """Records of one file, which may be about several networks, tasks and runs.

    Parameters
    ----------
    source : str
        The file.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._parts: dict[tuple[Any, ...], Gatherer] = defaultdict(Gatherer)

    def of(
        self, *, model: str, task: str, run: str, shots: float = math.nan, params: float = math.nan
    ) -> Gatherer:
        """Where the records of one network, task and run are added."""
        # nan is not equal to nan, and one key for all that is unknown.
        numbers = (math.nan if math.isnan(v) else v for v in (shots, params))
        return self._parts[(model, task, run, *numbers)]

    def table(self, directions: Mapping[str, str] | None = None) -> tuple[pd.DataFrame, list[str]]:
        """The table of records, and what has to be said of it.

        Parameters
        ----------
        directions : mapping of str to str, optional
            Of metrics of which the file says it.
        """
        names = ("model", "task", "run", "shots", "params")
        parts = [
            part.table(**dict(zip(names, key, strict=True)), source=self._source)
            for key, part in self._parts.items()
        ]
        parts = [part for part in parts if len(part)]
        if not parts:
            return pd.DataFrame(columns=list(RECORDS)), []
        records = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
        if directions:
            known = records["direction"].astype(object)
            told = records["metric"].astype(object).map(directions)
            records["direction"] = told.where(told.notna(), known)
        return _numbered(records)


def _numbered(records: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Records whose items that stand several times are epochs of one another."""
    again = pd.Series(hashes(records, [*_SAMPLE, "epoch"])).duplicated()
    if not again.any():
        return records, []
    which = pd.Series(hashes(records, _SAMPLE))
    records["epoch"] = which.groupby(which).cumcount().to_numpy() + 1.0
    items = records.loc[again.to_numpy(), "item"].nunique()
    return records, [
        f"{items:,} item{' stands' if items == 1 else 's stand'} several times in one run: taken for repetitions (epoch)"
    ]
