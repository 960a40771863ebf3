"""The columns of a plain table of scores: cells as numbers, sizes and directions, each checked.

A column of text becomes one of numbers, shape (rows,); ``decimal`` is the decimal mark of cells that leave a
doubt. What cannot be right is left out of `Rows`, with a note, or is said beside the numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import FieldError
from ..identity import UnknownModelError, resolve
from ..schema import direction_of
from .left_out import Mask, Rows
from .quantities import (
    TRUTH,
    cell,
    decimal_of,
    is_missing,
    is_per_cent,
    number,
    size,
    size_in,
    without_unit,
)

__all__ = [
    "above_zero",
    "are",
    "directions",
    "each",
    "errors",
    "scores",
    "shots",
    "sizes",
    "texts_of",
    "whole_numbers",
]

_SHOTS = {"zero": 0.0, "one": 1.0, "two": 2.0, "three": 3.0, "five": 5.0}
_DIRECTIONS = {
    **dict.fromkeys(("higher", "higher is better", "true", "max", "maximize", "maximise", "↑"), "higher"),
    **dict.fromkeys(("lower", "lower is better", "false", "min", "minimize", "minimise", "↓"), "lower"),
}  # fmt: skip
_LITTLE = 1e6
"""Where all sizes are below this they may be in a unit."""
_SMALL = 1000
"""Numbers of parameters below this are none: they count millions or billions."""

_Column = NDArray[np.float64]


def texts_of(raw: pd.DataFrame, name: str) -> NDArray[np.object_]:
    """The cells of a column as text, ``""`` where there is none."""
    if name not in raw.columns:
        return np.full(len(raw), "", object)
    return np.array([cell(value) for value in raw[name]], object)


def each(function: Callable[[str], bool], texts: NDArray[np.object_]) -> Mask:
    """A function of each text, which is asked once for all that are equal."""
    known = {text: function(text) for text in set(texts)}
    return np.array([known[text] for text in texts], bool)


def are(texts: NDArray[np.object_], value: str) -> Mask:
    """Which texts are this one."""
    return each(lambda text: text == value, texts)


def _numbers(texts: NDArray[np.object_], decimal: str) -> _Column:
    """Numbers of a column; nan where there is none, inf where a cell is no number."""
    mark = decimal_of(texts) or decimal

    def value(text: str) -> float:
        if is_missing(text):
            return np.nan
        # A cell that leaves no doubt is what it is.
        found = number(text, decimal_of([text]) or mark)
        return np.inf if found is None else found

    known = {text: value(text) for text in set(texts)}
    return np.array([known[text] for text in texts], float)


def errors(texts: NDArray[np.object_], marked: Mask, decimal: str) -> _Column:
    """Standard errors, in per cent where they say so or their scores do; nan where a cell is none."""
    own = each(is_per_cent, texts)
    bare = np.array([t.rstrip("% ").removeprefix("+/-").lstrip("± ") for t in texts], object)
    values = _numbers(bare, decimal)
    values = np.where(own | marked, values / 100, values)
    return np.where(np.isfinite(values) & (values >= 0), values, np.nan)


def scores(texts: NDArray[np.object_], share: Mask, decimal: str) -> tuple[_Column, Mask]:
    """Scores, nan where a cell is none; and which cells say that they are in per cent."""
    marked = each(is_per_cent, texts)
    bare = np.array(
        [t.rstrip("% ") if m else t for t, m in zip(texts, marked, strict=True)], object
    )
    values = _numbers(bare, decimal)
    values[marked] /= 100
    for i in np.flatnonzero(share):  # "true" is no score of an F1
        values[i] = TRUTH.get(texts[i].lower(), values[i])
    return np.where(np.isfinite(values), values, np.nan), marked


def shots(texts: NDArray[np.object_]) -> NDArray[np.object_]:
    """Numbers of examples; ``"5-shot"`` is 5."""
    stripped = (
        t.lower().replace("shots", "shot").removesuffix("shot").rstrip("-_ ") for t in texts
    )
    return np.array([str(_SHOTS.get(t, t)) for t in stripped], object)


def whole_numbers(texts: NDArray[np.object_], low: int, decimal: str) -> tuple[_Column, Mask]:
    """Whole numbers, nan where there is none; and which cells are something else."""
    values = _numbers(texts, decimal)
    fits = (values >= low) & (values == np.round(values)) & np.isfinite(values)
    return values, ~np.isnan(values) & ~fits


def above_zero(name: str, texts: NDArray[np.object_], decimal: str, rows: Rows) -> _Column:
    """Numbers > 0, nan where there is none."""
    values = _numbers(texts, decimal)
    rows.leave_out(name, texts, np.isinf(values), "a finite number > 0")
    return np.where(values > 0, values, np.nan)


def sizes(
    texts: NDArray[np.object_], models: NDArray[np.object_], decimal: str, rows: Rows
) -> _Column:
    """Numbers of parameters, nan where the table gives none.

    Raises
    ------
    FieldError
        If sizes are in a unit, and the models' names do not say in which.
    """
    mark = decimal_of(map(without_unit, texts)) or decimal
    known = {text: size(text, mark) for text in set(texts)}
    found = [known[text] for text in texts]
    values = np.array([np.nan if pair is None else pair[0] for pair in found], float)
    plain = np.array([pair is not None and not pair[1] for pair in found], bool)
    wrong = np.array([pair is None for pair in found], bool) & ~each(is_missing, texts)
    rows.leave_out("params", texts, wrong, "a finite number > 0, such as 6857302016, 6.9e9 or 6.9B")
    none = values <= 0
    rows.say(texts, none, "no size given, so that of the model's name counts")
    values[none] = np.nan
    given = plain & (values > 0)
    unit = _unit(values, given, models)
    if unit > 1:
        word = {1e9: "billions", 1e6: "millions"}[unit]
        rows.say(texts, given, f"sizes are in {word}, as the models' names say")
        # 0.07 billions are 70,000,000 and not 70,000,000.00000001
        values[given] = [float(f"{value * unit:.15g}") for value in values[given]]
        return values
    small = given & (values < _SMALL)
    expected = (
        "a number of parameters; in billions? in millions? then write it so, such as 0.07B or 70M, or name the "
        "column 'params (B)' or 'params (M)'"
    )
    if given.any() and values[given].max() < _LITTLE:
        if small.any():  # a column has one unit
            row = int(np.argmax(small))
            raise FieldError("params", texts[row], expected, where=f", line {rows.lines[row]}")
        rows.say(texts, given, f"sizes below {_LITTLE:,.0f}, taken for {expected}")
    rows.leave_out("params", texts, small, expected)
    return values


def _unit(values: _Column, given: Mask, models: NDArray[np.object_]) -> float:
    """In what sizes are given, if the models' names leave no doubt: 1e9, 1e6, or 1 for parameters."""
    if not given.any() or values[given].max() >= 1e6:
        return 1.0
    ratios = [
        known / value
        for value, name in {(values[i], models[i]) for i in np.flatnonzero(given)}
        if (known := _size_of(name)) is not None
    ]
    for unit in (1e9, 1e6):
        if ratios and all(1 / 1.25 <= ratio / unit <= 1.25 for ratio in ratios):
            return unit
    return 1.0


def _size_of(model: str) -> float | None:
    try:
        return resolve(model).params
    except UnknownModelError:
        return size_in(model)


def directions(
    texts: NDArray[np.object_], metrics: NDArray[np.object_], rows: Rows
) -> NDArray[np.object_]:
    """Directions by what the cells say, and by the metric where they say nothing; ``""`` for none."""
    said = np.array([_DIRECTIONS.get(t.lower().replace("_", " "), "") for t in texts], object)
    blank = each(is_missing, texts)
    odd = are(said, "") & ~blank
    rows.say(
        texts,
        odd,
        "direction is neither 'higher' nor 'lower', so it counts as unknown (--direction)",
    )
    known = {name: direction_of(name) for name in set(metrics)}
    return np.array(
        [known[m] if b else s for m, b, s in zip(metrics, blank, said, strict=True)], object
    )
