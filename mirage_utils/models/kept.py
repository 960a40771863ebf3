"""A table of results as a file that NumPy reads: an ``.npz`` archive of its columns. The bundled runs are kept so.

Column ``k`` is the array ``k``, or ``k planes``: the first byte of every number, then the second, and so on, which packs
a fifth smaller. Texts are whole numbers, and ``k texts`` says what they stand for. ``columns`` and ``kinds`` are the names and
the types of the columns, in order.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import require

__all__ = ["packed", "unpacked"]


def packed(frame: pd.DataFrame) -> bytes:
    """A table as the content of a file; the same table makes the same bytes.

    Parameters
    ----------
    frame : DataFrame
        Columns of numbers, of truth values, and of texts as categories.

    Raises
    ------
    FieldError
        If a column is of another kind.

    Examples
    --------
    >>> frame = pd.DataFrame({"size": np.arange(3, dtype=np.int8), "said": pd.Categorical(["a", "b", "a"])})
    >>> unpacked(packed(frame)).equals(frame)
    True
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in _arrays(frame):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            # A name as a ZipInfo has no date, with which the bytes would change.
            about = zipfile.ZipInfo(f"{name}.npy")
            archive.writestr(about, member.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return buffer.getvalue()


def unpacked(content: bytes) -> pd.DataFrame:
    """The table that `packed` made a file of, column by column and type by type.

    Parameters
    ----------
    content : bytes

    Raises
    ------
    ValueError, KeyError
        If it is no such file.
    """
    try:
        archive = np.load(io.BytesIO(content), allow_pickle=False)
    except (zipfile.BadZipFile, EOFError, ValueError):
        raise ValueError("no archive of columns") from None
    columns: dict[str, Any] = {}
    with archive:
        for k, (name, kind) in enumerate(zip(archive["columns"], archive["kinds"], strict=True)):
            values = _numbers(archive, str(k), np.dtype(str(kind)))
            if f"{k} texts" in archive:
                values = pd.Categorical.from_codes(values, archive[f"{k} texts"].tolist())
            columns[str(name)] = values
    return pd.DataFrame(columns)


def _arrays(frame: pd.DataFrame) -> Iterator[tuple[str, NDArray[Any]]]:
    made: list[tuple[str, NDArray[Any]]] = []
    kinds = []
    for k, name in enumerate(frame.columns):
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            texts = column.cat.categories.tolist()
            require(all(isinstance(t, str) for t in texts), str(name), texts[:3], "texts")
            made.append((f"{k} texts", np.array(texts, dtype=str)))
            values = column.cat.codes.to_numpy()
        else:
            plain = isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf"
            require(plain, str(name), str(column.dtype), "numbers, truth values, or categories")
            values = column.to_numpy()
        kinds.append(values.dtype.name)
        if values.dtype.itemsize == 1 or not len(values):
            made.append((str(k), values))
        else:
            little = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<")))
            made.append((f"{k} planes", little.view(np.uint8).reshape(len(values), -1).T))
    yield "columns", np.array([str(c) for c in frame.columns], dtype=str)
    yield "kinds", np.array(kinds, dtype=str)
    yield from made


def _numbers(archive: Any, k: str, kind: np.dtype[Any]) -> NDArray[Any]:
    if k in archive:
        return archive[k]
    planes = np.ascontiguousarray(archive[f"{k} planes"].T)
    return planes.view(kind.newbyteorder("<")).ravel().astype(kind, copy=False)
