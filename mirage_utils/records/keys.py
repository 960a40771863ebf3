"""Which rows belong together: columns as numbers and as 64-bit hashes, whatever kind of column they are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..metrics.columnar import as_arrow, bytes_of
from ..metrics.strings import Strings, arrow, taken

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "arrow_texts",
    "constant",
    "hashes",
    "hashes_of_texts",
    "is_text",
    "mixed",
    "numbered",
    "sums",
]

_NUMBERS = {"params", "train_flops", "shots", "epoch", "score", "n"}
"""Columns of the schema that hold numbers; the others hold text."""


def constant(value: str, size: int) -> pd.Categorical:
    """A column of one text."""
    return pd.Categorical.from_codes(np.zeros(size, np.int8), [value])


def numbered(frame: pd.DataFrame, names: Sequence[str]) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """Which rows have the same in some columns.

    Parameters
    ----------
    frame : pandas.DataFrame
    names : sequence of str
        Absent text counts as ``""``; a missing column is text that is absent.

    Returns
    -------
    number : ndarray of int, shape (rows,)
        The same for rows that are the same, from 0 in order of appearance.
    table : pandas.DataFrame
        What stands in the columns under each number.
    """
    number, kinds = np.zeros(len(frame), np.int64), 1
    for name in names:
        if name in frame.columns:
            codes, size = _codes(frame[name])
            if size > 1:
                number, kinds = number * size + codes, kinds * size
            if kinds > _MANY:  # renumbered in time, so that any number of columns fits
                number, kinds = pd.factorize(number)[0], len(frame)
    if kinds > 1:
        number = pd.factorize(number)[0]
        first = np.unique(number, return_index=True)[1]
    else:
        first = np.arange(min(len(frame), 1))
    table = {}
    for name in names:
        found = frame[name].array.take(first) if name in frame.columns else None
        if name in _NUMBERS:
            found = np.nan if found is None else found.to_numpy(float, na_value=np.nan)
            table[name] = np.broadcast_to(found, len(first)).copy()
        else:
            found = (
                [""] * len(first)
                if found is None
                else ["" if pd.isna(v) else str(v) for v in found]
            )
            table[name] = np.array(found, dtype=object)
    # The kind of number that NumPy counts with, which is shorter in a browser.
    return number.astype(np.intp, copy=False), pd.DataFrame(table, index=range(len(first)))


_MANY = 2**31


def _codes(column: pd.Series) -> tuple[NDArray[np.int64], int]:
    """A number for each of the values of a column, and how many there are."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = column.cat.codes.to_numpy()
        if len(codes) and (codes == codes[0]).all():
            return np.zeros(len(codes), np.int64), 1
        return codes.astype(np.int64) + 1, len(column.cat.categories) + 1
    if column.dtype.kind == "f" and len(column):
        values = column.to_numpy()
        if (values == values[0]).all() or np.isnan(values).all():
            return np.zeros(len(values), np.int64), 1
    codes, kinds = pd.factorize(column, use_na_sentinel=False)
    return codes, len(kinds)


def sums(number: NDArray[np.int64], size: int, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of values by the number of their row.

    Parameters
    ----------
    number : ndarray of int, shape (rows,)
        In [0, size).
    size : int
        Rows of the result.
    values : ndarray, shape (rows,)

    Returns
    -------
    ndarray, shape (size,)
    """
    if size == 1:
        return np.array([values.sum()])
    # NumPy's stubs know whole numbers only, and not that weights make sums of them.
    return np.bincount(number, weights=values, minlength=size)  # type: ignore[return-value]


def arrow_texts(column: pd.Series) -> pa.Array | Strings:
    """The texts of a column as Arrow's, or as `Strings` without it; what is no text is absent."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        known = arrow_texts(pd.Series(kind.categories, dtype=object))
        codes = column.cat.codes.to_numpy()
        return taken(known, codes, codes < 0)
    pa = arrow()
    if pa is not None and (isinstance(kind, pd.StringDtype) or is_text(kind)):
        whole = pa.array(column)
        whole = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
        return whole.cast(pa.large_string())
    return as_arrow([v if isinstance(v, str) else None for v in column.tolist()])


def is_text(kind: Any) -> bool:
    """Whether a type of column is Arrow's texts."""
    if not isinstance(kind, pd.ArrowDtype):
        return False
    types, known = arrow().types, kind.pyarrow_dtype
    return types.is_string(known) or types.is_large_string(known)


def hashes(frame: pd.DataFrame, names: Sequence[str]) -> NDArray[np.uint64]:
    """64-bit hashes of what stands in some columns of each row, the same in every table and process.

    Parameters
    ----------
    frame : pandas.DataFrame
    names : sequence of str
        ``item``, and columns with few different values.
    """
    number, table = numbered(frame, [n for n in names if n != "item"])
    rows = table.itertuples(index=False, name=None)
    kinds = np.array(
        [_digest(repr(row).encode("utf-8", "surrogatepass")) for row in rows], np.uint64
    )
    return mixed(kinds[number] ^ hashes_of_texts(frame["item"]))


def _digest(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


_WORDS = 8
"""Texts of more words of eight bytes are hashed one by one."""


def hashes_of_texts(column: pd.Series) -> NDArray[np.uint64]:
    """64-bit hashes of the texts of a column, the same in every table and process."""
    data, ends = bytes_of(arrow_texts(column))
    size, start = np.diff(ends), ends[:-1]
    found = mixed(size.astype(np.uint64))
    padded = np.concatenate([data, np.zeros(8, np.uint8)])
    words = np.ndarray(len(padded) - 7, np.dtype((np.void, 8)), padded, strides=(1,))
    short = size <= 8 * _WORDS
    for k in range(int((size[short].max(initial=0) + 7) // 8)):
        rows = np.flatnonzero(short & (size > 8 * k))
        which = slice(None) if len(rows) == len(size) else rows
        word = words.take(start[which] + 8 * k).view("<u8")
        beyond = 64 - 8 * np.clip(size[which] - 8 * k, 0, 8).astype(
            np.uint64
        )  # bits of the next text
        word = (word << beyond) >> beyond
        found[which] = mixed(found[which] ^ word)
    for row in np.flatnonzero(~short).tolist():
        found[row] = _digest(data[ends[row] : ends[row + 1]].tobytes())
    return found


def mixed(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit depends on every bit (the last steps of SplitMix64, Steele et al. 2014)."""
    word = word + np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))
