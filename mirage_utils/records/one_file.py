"""One file of results as sums: read batch by batch, graded, and held small however many records it has."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from .files import followed
from .keys import hashes
from .precedence import Made
from .reading import stream
from .rows import GROUP, epochs
from .schema import EvalFileError
from .summing import LENGTH_GROUP, graded_sums

__all__ = ["FAULT", "KEY", "LENGTH_KEY", "Part", "merged", "part_of", "told"]

FAULT = "not read, by a fault of this program:"
"""How the reason begins where a file is not at fault."""

KEY = [*GROUP, "metric", "direction", "graded"]
"""Columns that tell the sums of scores apart."""
LENGTH_KEY = [*LENGTH_GROUP, "length"]
"""Columns that tell the sums by length apart."""
_WHOLE = sys.maxsize
"""Rows of a batch that holds any file."""
_MERGE = 64
"""Batches whose sums are held apart."""


@dataclass
class Part:
    """The sums of one file.

    Attributes
    ----------
    path : str
    sums, lengths : pandas.DataFrame
        As `mirage_utils.records.summing.graded_sums` makes them, of all its records together.
    reported : list of pandas.DataFrame
        Scores that stand in it without records.
    records : int
    refused : str
        Why it was not read; ``""`` if it was.
    notes, unknown : tuple of str
        What is to be told of it, and its models without a size.
    made : Made
        How and when it was made.
    identifier : str
        The program's own name of the run; ``""`` for none.
    """

    path: str
    sums: pd.DataFrame = field(default_factory=pd.DataFrame)
    lengths: pd.DataFrame = field(default_factory=pd.DataFrame)
    reported: list[pd.DataFrame] = field(default_factory=list)
    records: int = 0
    refused: str = ""
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    made: Made = field(default_factory=Made)
    identifier: str = ""

    @property
    def numbers(self) -> frozenset:
        """The scores and sums that stand in it."""
        tables = [(t, ["task", "metric", "score", "n"]) for t in self.reported]
        tables += [(self.sums, ["task", "metric", "total", "n"])] if len(self.sums) else []
        return frozenset(
            row for t, c in tables for row in t[c].astype(str).itertuples(index=False, name=None)
        )

    @property
    def about(self) -> frozenset:
        """The models and tasks of which the file has scores."""
        names = ["model", "task"]
        tables = [t for t in (self.sums, *self.reported) if len(t)]
        return frozenset(
            row for t in tables for row in t[names].astype(str).itertuples(index=False, name=None)
        )


def part_of(path: str, seed: int, batch: int, options: Mapping[str, Any]) -> Iterator[int | Part]:
    """How many bytes have been read, again and again, and then the sums of the file.

    Or why it is refused: nothing of a file that breaks off counts.

    Parameters
    ----------
    path : str
    seed, batch, options
        As for `mirage_utils.records.gather`.

    Yields
    ------
    int or Part
    """
    found = Part(path)
    try:
        with followed() as position:
            for _ in _read(found, seed, batch, options):
                yield position()
    except EvalFileError as error:
        found = Part(path, refused=str(error).removeprefix(path).lstrip(",: "))
    except Exception as error:  # a fault of this program: said as such, and the others are read
        found = Part(path, refused=f"{FAULT} {type(error).__name__}: {error}")
    yield found


def _read(found: Part, seed: int, batch: int, options: Mapping[str, Any]) -> Iterator[None]:
    """Fill in the sums of a file, batch by batch."""
    notes: dict[str, None] = {}
    left: Counter[str] = Counter()
    unknown: dict[str, None] = {}
    summed: list[pd.DataFrame] = []
    lengths: list[pd.DataFrame] = []
    records, repeats, reported, made_by = 0, False, [], found.made
    seen = _Seen()
    for at, reading in enumerate(stream(found.path, batch=batch, **options)):
        notes |= dict.fromkeys(reading.notes)
        unknown |= dict.fromkeys(reading.unknown_models)
        if len(reading.records):
            repeats = repeats or bool((epochs(reading.records) != 1).any())
            fresh = seen.fresh(reading.records)
            if at and (repeats or seen.late):  # an item's answers may stand anywhere
                yield from _read(found, seed, _WHOLE, options)
                return
            made, counted, without = graded_sums(reading.records, seed, fresh)
            records += len(reading.records)
            summed.append(made)
            lengths.append(counted)
            left.update(without)
            if len(summed) >= _MERGE:
                summed, lengths = [merged(summed, KEY)], [merged(lengths, LENGTH_KEY)]
        if len(reading.scores):
            plain = reading.format.startswith("plain")
            reported.append(reading.scores.assign(one_scale=plain))
        made_by = Made(
            made_by.ended and reading.ended,
            max(made_by.time, reading.time),
            {**made_by.conditions, **reading.conditions},
        )
        found.identifier = found.identifier or reading.identifier
        yield
    found.sums, found.lengths = merged(summed, KEY), merged(lengths, LENGTH_KEY)
    found.records, found.reported, found.made = records, reported, made_by
    found.notes, found.unknown = (*notes, *told(left)), tuple(unknown)


class _Seen:
    """Which answers were graded in earlier batches: under several metrics one stands in a file several times."""

    def __init__(self) -> None:
        self._metrics: set[str] = set()
        self._hashes: list[np.ndarray] = []
        self.late = False

    def fresh(self, records: pd.DataFrame) -> np.ndarray | None:
        """Rows of a batch whose answers are new; None if they all are.

        Answers that no metric names stand once. Where metrics begin only later in the file, those before
        were not kept, which `late` says: they have to be at hand together.
        """
        before, self._metrics = self._metrics, self._metrics | set(records["metric"].unique())
        if self._metrics == {""}:
            return None
        self.late = before == {""}
        found = hashes(records, _ANSWER)
        several = len(self._metrics) > 1 and self._hashes
        known = np.isin(found, np.concatenate(self._hashes)) if several else None
        self._hashes.append(found)
        return None if known is None or not known.any() else ~known


_ANSWER = ["model", "params", "task", "setting", "shots", "run", "epoch", "item"]


def told(left: Mapping[str, int]) -> tuple[str, ...]:
    """Notes on what some items have, by how many have it."""
    return tuple(
        f"{n:,} item{'s have' if n > 1 else ' has'} {what}" for what, n in left.items() if n
    )


def merged(parts: Sequence[pd.DataFrame], keys: Sequence[str]) -> pd.DataFrame:
    """Tables of sums as one, with one row for each of the keys."""
    parts = [p for p in parts if len(p)]
    if not parts:
        return pd.DataFrame(columns=list(keys))
    whole = pd.concat(parts, ignore_index=True)
    return whole.groupby(list(keys), sort=False, dropna=False, observed=True).sum().reset_index()
