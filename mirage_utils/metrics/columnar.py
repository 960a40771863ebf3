"""Metrics of the characters of many answers at once, from Arrow's buffers: no Python object an answer.

What comes out is what `METRICS` gives of the same texts, in code points, under every metric that is a function of
`Counts`: of positions that agree, the prefix and the edit distance. Texts of up to `LONGEST` characters are compared in tables of
one column a pair; the edit distance of longer ones is rapidfuzz's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import METRICS
from .base import Counts
from .batch import BLOCK, LONGEST, table_rows
from .pairs import pair_distances
from .strings import Strings, arrow

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Texts", "as_arrow", "bytes_of", "is_blank", "metrics_of_texts", "scores_of_texts"]

_CELLS = BLOCK * LONGEST
"""Cells of a table that are worked on together."""
_BLANK = np.array([chr(i).isspace() for i in range(0x3001)])
"""Which code points `str.strip` takes away; there are none further up."""


def as_arrow(texts: Sequence[str | None]) -> pa.Array | Strings:
    """Texts in Arrow's format: strings, or bytes where a lone surrogate has no UTF-8; without that package, as `Strings`."""
    pa = arrow()
    if pa is None:
        return Strings.of(texts)
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        pairs = (None if text is None else text.encode("utf-8", "surrogatepass") for text in texts)
        return pa.array(pairs, pa.large_binary())


def bytes_of(column: pa.Array | Strings) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The bytes of all texts, one after the other, and where each begins and the last ends.

    An absent text is empty.
    """
    if isinstance(column, Strings):
        return column.data, column.ends
    pa = arrow()
    if column.null_count:
        column = column.fill_null(b"" if pa.types.is_large_binary(column.type) else "")
    column = column.cast(pa.large_binary())
    _, ends, data = column.buffers()
    ends = np.frombuffer(ends, np.int64)[column.offset : column.offset + len(column) + 1]
    data = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return data[ends[0] : ends[-1]], ends - ends[0]


def is_blank(column: pa.Array | Strings) -> NDArray[np.bool_]:
    """Which texts are empty, or nothing but white space, or absent."""
    data, ends = bytes_of(column)
    blank = np.diff(ends) == 0
    first = data[np.minimum(ends[:-1], len(data) - 1)] if len(data) else np.zeros(len(blank), "u1")
    unsure = np.flatnonzero(~blank & ((first <= 0x20) | (first >= 0x7F)))
    for row in unsure.tolist():
        text = data[ends[row] : ends[row + 1]].tobytes().decode("utf-8", "surrogatepass")
        blank[row] = not text.strip()
    return blank


@dataclass(frozen=True)
class Texts:
    """Many texts as code points.

    Attributes
    ----------
    codes : ndarray
        Code points of all texts and `LONGEST` more, so that a window of that length has room
        anywhere; bytes where all of them are ASCII.
    starts, lengths : ndarrays of int, shape (n,)
    """

    codes: NDArray
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, column: pa.Array | Strings) -> Texts:
        """The texts of an Arrow array (strings, or bytes as `as_arrow` makes them)."""
        data, ends = bytes_of(column)
        if len(data) and data.max() >= 0x80:
            first = (data & 0xC0) != 0x80  # bytes that begin a code point
            ends = np.concatenate([[0], np.cumsum(first)])[ends]
            wide = data.tobytes().decode("utf-8", "surrogatepass")
            data = np.frombuffer(wide.encode("utf-32-le", "surrogatepass"), np.uint32)
        codes = np.concatenate([data, np.zeros(LONGEST, data.dtype)])
        return cls(codes, ends[:-1], np.diff(ends))

    def stripped(self) -> Texts:
        """Without white space at either end, as `str.strip`."""
        starts, ends = self.starts.copy(), self.starts + self.lengths

        def blank(at: NDArray[np.int64]) -> NDArray[np.bool_]:
            codes = self.codes[at]
            if codes.dtype == np.uint8:
                return _BLANK[codes]
            return _BLANK[np.minimum(codes, len(_BLANK) - 2)] | (codes == len(_BLANK) - 1)

        left = np.flatnonzero((self.lengths > 0) & blank(starts))
        right = np.flatnonzero((self.lengths > 0) & blank(ends - 1))
        if len(left) or len(right):
            codes = self.codes[:-LONGEST]
            seen = np.flatnonzero(~blank(np.arange(len(codes))))  # all that is not blank, in order
            seen = np.concatenate([[-1], seen, [len(codes)]])
            found = seen[np.searchsorted(seen, starts[left])]
            starts[left] = np.minimum(found, ends[left])
            found = seen[np.searchsorted(seen, ends[right]) - 1] + 1
            ends[right] = np.maximum(found, starts[right])
        return Texts(self.codes, starts, ends - starts)

    def strings(self, rows: NDArray[np.int64]) -> list[str]:
        """Some of the texts as Python's."""
        kind = "ascii" if self.codes.dtype == np.uint8 else "utf-32-le"
        places = zip(self.starts[rows].tolist(), self.lengths[rows].tolist(), strict=True)
        return [
            self.codes[a : a + size].tobytes().decode(kind, "surrogatepass") for a, size in places
        ]

    def table(self, rows: NDArray[np.int64] | slice, width: int) -> NDArray:
        """The first characters of some texts, one column a text; what stands after its end means nothing."""
        starts = self.starts[rows]
        if width <= LONGEST:  # one read of so many bytes a text
            kind = np.dtype((np.void, width * self.codes.itemsize))
            places = len(self.codes) - width + 1
            windows = np.ndarray(places, kind, self.codes, strides=self.codes.strides).take(starts)
            table = windows.view(self.codes.dtype).reshape(len(starts), width)
        else:
            at = starts[:, None] + np.arange(width)
            table = self.codes[np.minimum(at, len(self.codes) - 1, out=at)]
        return np.ascontiguousarray(table.T)


def metrics_of_texts() -> tuple[str, ...]:
    """Names of the metrics that are a function of `Counts`, in the order of `METRICS`."""
    return tuple(name for name, metric in METRICS.items() if metric.of_counts is not None)


def scores_of_texts(targets: Texts, outputs: Texts) -> dict[str, NDArray[np.float64]]:
    """Scores of every pair under each of `metrics_of_texts`.

    Parameters
    ----------
    targets, outputs : Texts
        Equally many; targets have a character or more.
    """
    counts = _compared(targets, outputs)
    found = ((name, metric.of_counts) for name, metric in METRICS.items())
    return {name: score(counts) for name, score in found if score is not None}


def _compared(targets: Texts, outputs: Texts) -> Counts:
    size = len(targets.lengths)
    hits, prefix, edits = (np.zeros(size, np.int64) for _ in range(3))
    longest = np.maximum(targets.lengths, outputs.lengths)
    common = np.minimum(targets.lengths, outputs.lengths)
    for rows, width in _blocks(np.flatnonzero(longest <= LONGEST), longest):
        a, b = targets.table(rows, width), outputs.table(rows, width)
        hits[rows], prefix[rows] = _agreeing(a, b, common[rows])
        edits[rows] = _distances(a, b, targets.lengths[rows], outputs.lengths[rows])
    long = np.flatnonzero(longest > LONGEST)
    if len(long):
        for rows, width in _blocks(long[common[long] > 0], common):
            a, b = targets.table(rows, width), outputs.table(rows, width)
            hits[rows], prefix[rows] = _agreeing(a, b, common[rows])
        edits[long] = pair_distances(targets.strings(long), outputs.strings(long))
    return Counts(hits, prefix, edits, targets.lengths, outputs.lengths)


def _blocks(
    rows: NDArray[np.int64], lengths: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Rows in blocks of similar length, and the width that holds each: a power of two, from 8 on."""
    longest, low, width = int(lengths[rows].max(initial=0)), -1, 8
    while low < longest:
        here = rows[(lengths[rows] > low) & (lengths[rows] <= width)]
        step = max(min(BLOCK, _CELLS // width), 1)
        for start in range(0, len(here), step):
            yield here[start : start + step], width
        low, width = width, 2 * width


def _agreeing(a: NDArray, b: NDArray, common: NDArray[np.int64]) -> tuple[NDArray, NDArray]:
    """Positions that agree while both last, and how many of them come before the first that does not."""
    narrow = np.min_scalar_type(len(a))  # the fewer bytes, the faster
    same = (a == b) & (np.arange(len(a), dtype=narrow)[:, None] < common.astype(narrow))
    hits = np.add.reduce(same, axis=0, dtype=narrow)
    return hits, np.add.reduce(np.logical_and.accumulate(same), axis=0, dtype=narrow)


def _distances(
    a: NDArray, b: NDArray, target_lengths: NDArray[np.int64], output_lengths: NDArray[np.int64]
) -> NDArray[np.int8]:
    """Edit distances of the columns of two tables: each stands in its own table where both texts end."""
    found = np.zeros(a.shape[1], np.int8)
    target_lengths = target_lengths.astype(np.int8)
    for i, row in enumerate(table_rows(a, b)):
        ended = np.flatnonzero(target_lengths == i)
        if len(ended):
            found[ended] = np.stack(row)[output_lengths[ended], ended]
    return found
