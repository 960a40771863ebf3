"""Plain tables of records, one row an item and metric: every cell checked, by columns."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import FieldError, require, shown
from ...metrics.columnar import as_arrow, bytes_of
from ...metrics.strings import Strings, arrow, coded, taken, texts_of
from ..keys import arrow_texts, constant, is_text
from ..schema import RECORDS, direction_of, is_share
from .asking import asked_of
from .left_out import few
from .quantities import TRUTH, cell, size
from .repeated import Repeated

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["tidy_records"]
_TEXTS = ("target", "output")
_NUMBERS = ("params", "train_flops", "shots", "epoch", "score")
_BLANKS = "".join(chr(i) for i in range(0x3001) if chr(i).isspace())


def tidy_records(
    raw: pd.DataFrame,
    *,
    first_line: int = 2,
    decimal: str = ".",
    source: str = "",
    missing: Collection[float] = (),
    repeated: Repeated | None = None,
    cluster: str = "",
    asked: str = "",
    called: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """A table of records in the schema's columns, every cell checked.

    One bad cell costs that cell where the record can do without it (a size, a score, a direction), else its
    row; never the others.

    Parameters
    ----------
    raw : pandas.DataFrame
        At least the columns ``target`` and ``output``, or ``item`` and ``score``.
    first_line : int
        Line of the first row, for messages.
    decimal : str
        Decimal mark of its numbers.
    source : str
        The file they are from, whatever the table says.
    missing : collection of float
        Numbers that stand for a missing score.
    repeated : Repeated, optional
        What came before, in other batches of the table; it has the note on what stands there again.
    cluster : str
        Column by which items are clustered; ``""`` for none.
    asked : str
        Column that holds the questions; ``""`` for none.
    called : mapping of str to str, optional
        By the schema's names, those that the file gives its columns and that notes call them by.

    Returns
    -------
    records : pandas.DataFrame
        Columns `RECORDS`. Names are categories, and answers Arrow's texts.
    notes : list of str
        What was passed over or left out, with its lines.

    Raises
    ------
    FieldError
        Naming column, line and value: a name that stands twice in the header, an item with two answers.
    """
    raw = raw.rename(columns=lambda c: str(c).strip())
    require(not raw.columns.duplicated().any(), "columns", list(raw.columns), "each name once")
    rows = len(raw)
    lines = np.arange(rows) + first_line if isinstance(raw.index, pd.RangeIndex) else raw.index

    notes: list[str] = []
    kept = np.ones(rows, bool)

    def tell(name: str, wrong: NDArray[np.bool_], what: str) -> None:
        places = np.flatnonzero(wrong)
        if places.size:
            cells = raw[name].iloc if name in raw.columns else made[name]
            named = (f"line {lines[i]} ({shown(cells[i], 30)})" for i in places)
            notes.append(f"{(called or {}).get(name, name)}: {what}: {few(named, places.size)}")

    made: dict[str, Any] = {}
    told = np.zeros(rows, bool)  # rows of which a note says why they have no score
    for name in RECORDS:
        if name == "logprobs":
            made[name] = _lists(raw[name]) if name in raw.columns else _absent(rows)
        elif name in _TEXTS:
            made[name] = _answers(raw[name]) if name in raw.columns else _absent(rows)
        elif name == "item":
            items = _names(raw[name]) if name in raw.columns else as_arrow([*map(str, range(rows))])
            made[name] = texts_of(items)
        elif name not in raw.columns:
            made[name] = np.full(rows, np.nan) if name in _NUMBERS else constant("", rows)
        elif name in _NUMBERS:
            values, odd = _numbers(raw[name], decimal)
            if name == "params" and odd.any():  # 6.9B, 70 million
                values[odd] = [(size(cell(v), decimal) or (np.nan,))[0] for v in raw[name][odd]]
                odd &= np.isnan(values)
            if name in _LOW:
                odd |= values <= _LOW[name]
            if name in _WHOLE:
                odd |= ~np.isnan(values) & (values != np.round(values))
            made[name] = np.where(odd, np.nan, values)
            tell(name, odd, _ODD[name])
            if name == "score":
                told |= odd
            if name in _WHOLE:  # which record it is cannot be told
                kept &= ~odd
        else:
            made[name] = _categories(_names(raw[name]))
    made["epoch"] = np.where(np.isnan(made["epoch"]), 1.0, made["epoch"])
    if source:
        made["source"] = constant(source, rows)
    if cluster and cluster in raw.columns:
        made["cluster"] = _categories(_names(raw[cluster]))
    if asked and asked in raw.columns:
        texts = [None if v is None or v != v else v for v in _names(raw[asked]).to_pylist()]
        made["asked"] = pd.Categorical([asked_of({asked: text}) for text in texts])
    gone = np.isin(made["score"], list(missing))
    tell("score", gone, "stands for a missing one")
    share = made["metric"].map(is_share) if hasattr(made["metric"], "map") else made["metric"]
    odd = ~gone & (made["score"] < 0) & np.asarray(share, bool)
    tell(
        "score", odd, "a negative share, taken for no score (--missing says which numbers are none)"
    )
    made["score"] = np.where(gone | odd, np.nan, made["score"])
    told |= gone | odd
    graded = ~np.isnan(made["score"])
    nameless = graded & np.asarray(made["metric"] == "")
    tell("metric", nameless, "scores of no metric, left out; --metric names one for all")
    kept &= ~nameless
    bare = ~graded & np.asarray(made["metric"] != "")
    if bare.any():  # an answer that nobody graded under this metric
        tell("score", bare & ~told, "none, and the answer counts as one that is not graded")
        made["metric"] = pd.Categorical(np.where(bare, "", np.asarray(made["metric"], object)))
    odd = ~np.isin(np.asarray(made["direction"], object), ["", "higher", "lower"])
    if odd.any():
        tell("direction", odd, "neither 'higher' nor 'lower', passed over")
        made["direction"] = pd.Categorical(np.where(odd, "", np.asarray(made["direction"], object)))
    frame = pd.DataFrame(made, copy=False)
    if not kept.all():
        frame, lines, raw = frame[kept].reset_index(drop=True), np.asarray(lines)[kept], raw[kept]
    before = Repeated() if repeated is None else repeated
    again = before.again(frame, raw, lines)
    if again.any():
        frame = frame[~again].reset_index(drop=True)
    if repeated is None:
        notes += before.notes
    blank = (frame["direction"] == "").to_numpy()
    if (blank & (frame["metric"] != "").to_numpy()).any():
        known = frame["metric"].map(direction_of)
        frame["direction"] = pd.Categorical(np.where(blank, known, frame["direction"]))
    return frame, notes


_LOW = {"params": 0, "train_flops": 0, "shots": -1}
_WHOLE = {"shots", "epoch"}
_ODD = {
    "params": "no number of parameters above 0, taken as unknown",
    "train_flops": "no number above 0, taken as unknown",
    "shots": "no whole number of examples, left out",
    "epoch": "no whole number, left out",
    "score": "no finite number, taken for no score",
}


def _absent(size: int) -> Any:
    return texts_of(as_arrow([None] * size))


def _cells(column: pd.Series) -> pa.Array | Strings:
    """A column as text, cell by cell where it is not text in Arrow: absent cells stay absent."""
    kind = column.dtype
    if isinstance(kind, pd.StringDtype) or is_text(kind):
        return arrow_texts(column)
    if isinstance(kind, pd.CategoricalDtype) or kind.kind in "iu":
        codes, kinds = pd.factorize(column)
        known = _cells(pd.Series(kinds, dtype=object))
        return taken(known, codes, codes < 0)
    absent = column.isna().to_numpy()
    cells = [None if gone else _cell(value) for value, gone in zip(column, absent, strict=True)]
    return arrow_texts(pd.Series(cells, dtype=object))


def _cell(value: Any) -> str:
    return str(value) if not isinstance(value, (bool, np.bool_)) else str(int(value))


def _answers(column: pd.Series) -> Any:
    # Answers keep their blanks: " Paris" and "Paris" may be graded differently.
    cells = _cells(column)
    if isinstance(cells, Strings):
        return texts_of(cells.filled())
    if cells.type != arrow().large_string():  # a lone surrogate, for which Arrow has no text
        texts = [(c or b"").decode("utf-8", "surrogatepass") for c in cells.to_pylist()]
        return pd.Series(texts, dtype=object)
    return texts_of(cells.fill_null(""))


def _names(column: pd.Series) -> pa.Array | Strings:
    """Text without blanks around it, "" where there is none."""
    cells = _cells(column)
    if isinstance(cells, Strings):
        return Strings.of([text.strip() for text in cells.filled().to_pylist() if text is not None])
    if cells.type != arrow().large_string():
        raise FieldError(str(column.name), "a lone surrogate", "text that can be written in UTF-8")
    cells = cells.fill_null("")
    data, ends = bytes_of(cells)
    filled = np.flatnonzero(np.diff(ends))
    edges = data[np.concatenate([ends[filled], ends[filled + 1] - 1])]
    plain = ((edges > 0x20) & (edges < 0x7F)).all()
    if plain:
        return cells
    return importlib.import_module("pyarrow.compute").utf8_trim(cells, characters=_BLANKS)


def _categories(names: pa.Array | Strings) -> pd.Categorical:
    return pd.Categorical.from_codes(*coded(names))


def _numbers(column: pd.Series, decimal: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A column as numbers, nan where there is none, and which cells are no finite number."""
    if column.dtype.kind in "fiu" and isinstance(column.dtype, np.dtype):
        values = column.to_numpy(float)
        return values, np.isinf(values)
    at, words_of = coded(_names(column))
    texts = pd.Series(words_of, dtype=object)
    plain = texts.str.replace(decimal, ".", regex=False) if decimal != "." else texts
    lower = plain.str.lower()
    said = set(lower[lower != ""])
    # Words other than true and false are scores where the column has one pair of them, and no number.
    pair = len(said & TRUTH.keys()) <= 2 and pd.to_numeric(lower, errors="coerce").isna().all()
    words = TRUTH if pair else {"true": 1.0, "false": 0.0}
    truth = lower.map({word: f"{value:g}" for word, value in words.items()})
    marked = plain.str.endswith("%").to_numpy(bool)
    bare = plain.where(~marked, plain.str.rstrip("% "))
    known = pd.to_numeric(bare.where(truth.isna(), truth), errors="coerce").to_numpy(float)
    known = np.where(marked, known / 100, known)
    return known[at], (~np.isfinite(known) & (texts != "").to_numpy())[at]


def _lists(column: pd.Series) -> Any:
    if not isinstance(column.dtype, pd.ArrowDtype):
        return column.to_numpy(object)
    kind, pa = column.dtype.pyarrow_dtype, arrow()
    numbers = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    numbers = numbers and (
        pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)
    )
    return column.array if numbers else np.full(len(column), None, object)
