"""Plain tables of scores: every cell checked; a row that cannot be right is left out, with a note."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import FieldError, require, shown
from ..identity import UnknownModelError, resolve
from ..schema import SCORES, direction_of, is_share
from .headers import no_column
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

__all__ = ["lengthened", "tidy_scores"]

_KEY = ["family", "model", "task", "setting", "shots", "run", "metric", "params"]
_SHOTS = {"zero": 0.0, "one": 1.0, "two": 2.0, "three": 3.0, "five": 5.0}
_DIRECTIONS = {
    **dict.fromkeys(("higher", "higher is better", "true", "max", "maximize", "maximise", "↑"), "higher"),
    **dict.fromkeys(("lower", "lower is better", "false", "min", "minimize", "minimise", "↓"), "lower"),
}  # fmt: skip
_LITTLE = 1e6
"""Where all sizes are below this they may be in a unit."""
_SMALL = 1000
"""Numbers of parameters below this are none: they count millions or billions."""
_LINES = 5

Column = NDArray[np.float64]
Mask = NDArray[np.bool_]


def lengthened(
    raw: pd.DataFrame, columns: Collection[str], *, name: str = "task"
) -> tuple[pd.DataFrame, list[str]]:
    """A table with a column for each task (or model) as one with a row for each score.

    Parameters
    ----------
    raw : pandas.DataFrame
        Cells of the file, with each of `columns`; the index holds lines.
    columns : collection of str
        The columns that hold scores; they become the names of tasks.
    name : str
        Of what the names are.

    Returns
    -------
    pandas.DataFrame
        The other columns, `name` and ``score``; the index says line and column. Blank cells make no row.
    list of str
        A note on these.

    Raises
    ------
    FieldError
        If a column is missing, one of the names `name` and ``score`` is there already, or all cells are
        blank.
    """
    missing = [column for column in columns if column not in raw.columns]
    require(not missing, "wide", missing, f"columns of the table, which has {list(raw.columns)}")
    taken = [column for column in (name, "score") if column in raw.columns]
    require(
        not taken,
        "columns",
        taken,
        f"neither {name!r} nor 'score' in a table with a column a {name}",
    )
    long = raw.melt(
        id_vars=[c for c in raw.columns if c not in columns], value_vars=list(columns),
        var_name=name, value_name="score",
    )  # fmt: skip
    long.index = pd.Index([f"{line}, column {c!r}" for c in columns for line in raw.index])
    known = long["score"].map(cell) != ""
    require(bool(known.any()), "wide", list(columns), "columns with scores in them")
    empty = len(long) - int(known.sum())
    return long[known], [f"{empty:,} empty cell{'s' * (empty > 1)} left out"] if empty else []


def tidy_scores(
    raw: pd.DataFrame, *, decimal: str = ".", missing: Collection[float] = ()
) -> tuple[pd.DataFrame, list[str]]:
    """A table of scores in the schema's columns, every cell checked.

    Parameters
    ----------
    raw : pandas.DataFrame
        At least the columns ``task``, ``metric``, ``score``, and ``params`` or ``model``; the index holds
        lines, each once.
    decimal : str
        The decimal mark of columns that leave a doubt.
    missing : collection of float
        Numbers that stand for a missing score, such as -100: such rows are left out.

    Returns
    -------
    pandas.DataFrame
        Columns `SCORES` in that order, then any others. Absent text is ``""``, absent numbers nan. Where
        cells say that they are in per cent, a column ``per_cent_known`` is true of their rows: they are
        divided by 100. All others stand as in the file.
    list of str
        What was left out, of which lines, and what was taken for granted.

    Raises
    ------
    FieldError
        Naming column, line and value: a column is missing, a score stands twice, sizes are in a unit that
        is not certain, or no row is right.
    """
    for name in ("task", "metric", "score"):
        if name not in raw.columns:
            raise no_column(name, raw.columns)
    if not {"params", "model"} & set(raw.columns):
        raise no_column("params", raw.columns)
    text = {n: _texts(raw, n) for n in SCORES}
    rows = _Rows(raw.index)
    rows.leave_out("task", text["task"], _is(text["task"], ""), "a name")
    # Summaries write "-" for the metric of an average over tasks.
    rows.leave_out("metric", text["metric"], _map(is_missing, text["metric"]), "a name")
    share = _map(is_share, text["metric"])
    rows.leave_out("score", text["score"], _map(is_missing, text["score"]), "a score", "no score")
    score, marked = _scores(text["score"], share, decimal)
    stands = np.isin(score, list(missing))
    rows.leave_out(
        "score",
        text["score"],
        stands,
        "a score that is not missing",
        "a number that stands for a missing score",
    )
    rows.leave_out("score", text["score"], ~np.isfinite(score), "a finite number")
    rows.leave_out(
        "score", text["score"], share & (score < 0),
        "a share of items, so >= 0; if this number stands for a missing score, say so (--missing NUMBER)",
    )  # fmt: skip
    made: dict[str, Any] = {**text, "score": score}
    made["params"] = _sizes(text["params"], text["model"], decimal, rows)
    made["train_flops"] = _above_zero("train_flops", text["train_flops"], decimal, rows)
    made["shots"], wrong = _whole(_shots(text["shots"]), 0, decimal)
    rows.leave_out("shots", text["shots"], wrong, "a finite whole number >= 0")
    n, wrong = _whole(text["n"], 1, decimal)
    # A score is one whether or not its items are known.
    rows.say(text["n"], wrong, "n is no whole number of items, so it counts as unknown")
    made["n"] = np.where(wrong, np.nan, n)
    if "model" not in raw.columns:
        unknown = np.isnan(made["params"])
        rows.leave_out(
            "params", text["params"], unknown, "a finite number > 0, as there is no model"
        )
    made["direction"] = _directions(text["direction"], text["metric"], rows)
    frame = pd.DataFrame(made, index=raw.index, columns=list(SCORES))
    rest = [c for c in raw.columns if c not in SCORES]
    frame = pd.concat([frame, raw[rest]], axis=1)
    if "stderr" in raw.columns:
        frame["stderr"] = _errors(_texts(raw, "stderr"), marked, decimal)
    if marked.any():
        frame["per_cent_known"] = marked
    frame = frame[rows.kept()]
    again = raw.loc[frame.index].map(cell).duplicated().to_numpy()
    if again.any():
        lines = ", ".join(f"line {line}" for line in frame.index[again][:_LINES])
        more = f" and {again.sum() - _LINES:,} more" if again.sum() > _LINES else ""
        rows.notes.append(f"rows that repeat another cell by cell count once: {lines}{more}")
        frame = frame[~again]
    _refuse_repeated(frame, raw)
    return frame.reset_index(drop=True), rows.notes


def _texts(raw: pd.DataFrame, name: str) -> NDArray[np.object_]:
    if name not in raw.columns:
        return np.full(len(raw), "", object)
    return np.array([cell(value) for value in raw[name]], object)


def _map(function: Callable[[str], bool], texts: NDArray[np.object_]) -> Mask:
    known = {text: function(text) for text in set(texts)}
    return np.array([known[text] for text in texts], bool)


def _is(texts: NDArray[np.object_], value: str) -> Mask:
    return _map(lambda text: text == value, texts)


class _Rows:
    """The rows of a table, which of them are left out, and why."""

    def __init__(self, lines: pd.Index) -> None:
        self._lines = lines
        self._out = np.zeros(len(lines), bool)
        self._first: FieldError | None = None
        self.notes: list[str] = []

    def leave_out(
        self, name: str, texts: NDArray[np.object_], wrong: Mask, expected: str, why: str = ""
    ) -> None:
        """Leave out the rows that are wrong and still there, with a note that says which."""
        wrong = wrong & ~self._out
        if wrong.any():
            self._out |= wrong
            count = int(wrong.sum())
            said = f"{count:,} row{'s' * (count > 1)} left out"
            said += f", {why}: " if why else f": {name} is not {expected}: "
            self.notes.append(said + self.named(texts, wrong))
            if self._first is None:
                first = int(np.argmax(wrong))
                self._first = FieldError(
                    name, texts[first], expected, where=f", line {self._lines[first]}"
                )

    def say(self, texts: NDArray[np.object_], here: Mask, what: str) -> None:
        """A note on rows that stay."""
        here = here & ~self._out
        if here.any():
            self.notes.append(f"{what}: {self.named(texts, here)}")

    def named(self, texts: NDArray[np.object_], here: Mask) -> str:
        """Lines and what stands in them: a few, and how many more there are."""
        places = np.flatnonzero(here)
        few = ", ".join(f"line {self._lines[i]} ({shown(texts[i], 30)})" for i in places[:_LINES])
        return few if len(places) <= _LINES else f"{few} and {len(places) - _LINES:,} more"

    def kept(self) -> Mask:
        """The rows that stay.

        Raises
        ------
        FieldError
            If none does: why the first was left out.
        """
        if self._out.all() and self._first is not None:
            raise self._first
        return ~self._out


# -- the columns -----------------------------------------------------------------------------------


def _numbers(texts: NDArray[np.object_], decimal: str) -> Column:
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


def _errors(texts: NDArray[np.object_], marked: Mask, decimal: str) -> Column:
    """Standard errors, in per cent where they say so or their scores do; nan where a cell is none."""
    own = _map(is_per_cent, texts)
    bare = np.array([t.rstrip("% ").removeprefix("+/-").lstrip("± ") for t in texts], object)
    values = _numbers(bare, decimal)
    values = np.where(own | marked, values / 100, values)
    return np.where(np.isfinite(values) & (values >= 0), values, np.nan)


def _scores(texts: NDArray[np.object_], share: Mask, decimal: str) -> tuple[Column, Mask]:
    """Scores, nan where a cell is none; and which cells say that they are in per cent."""
    marked = _map(is_per_cent, texts)
    bare = np.array(
        [t.rstrip("% ") if m else t for t, m in zip(texts, marked, strict=True)], object
    )
    values = _numbers(bare, decimal)
    values[marked] /= 100
    for i in np.flatnonzero(share):  # "true" is no score of an F1
        values[i] = TRUTH.get(texts[i].lower(), values[i])
    return np.where(np.isfinite(values), values, np.nan), marked


def _shots(texts: NDArray[np.object_]) -> NDArray[np.object_]:
    """Numbers of examples; ``"5-shot"`` is 5."""
    stripped = (
        t.lower().replace("shots", "shot").removesuffix("shot").rstrip("-_ ") for t in texts
    )
    return np.array([str(_SHOTS.get(t, t)) for t in stripped], object)


def _whole(texts: NDArray[np.object_], low: int, decimal: str) -> tuple[Column, Mask]:
    """Whole numbers, nan where there is none; and which cells are something else."""
    values = _numbers(texts, decimal)
    fits = (values >= low) & (values == np.round(values)) & np.isfinite(values)
    return values, ~np.isnan(values) & ~fits


def _above_zero(name: str, texts: NDArray[np.object_], decimal: str, rows: _Rows) -> Column:
    values = _numbers(texts, decimal)
    rows.leave_out(name, texts, np.isinf(values), "a finite number > 0")
    return np.where(values > 0, values, np.nan)


def _sizes(
    texts: NDArray[np.object_], models: NDArray[np.object_], decimal: str, rows: _Rows
) -> Column:
    """Numbers of parameters, nan where the table gives none."""
    mark = decimal_of(map(without_unit, texts)) or decimal
    known = {text: size(text, mark) for text in set(texts)}
    found = [known[text] for text in texts]
    values = np.array([np.nan if pair is None else pair[0] for pair in found], float)
    plain = np.array([pair is not None and not pair[1] for pair in found], bool)
    wrong = np.array([pair is None for pair in found], bool) & ~_map(is_missing, texts)
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
            raise FieldError("params", texts[row], expected, where=f", line {rows._lines[row]}")
        rows.say(texts, given, f"sizes below {_LITTLE:,.0f}, taken for {expected}")
    rows.leave_out("params", texts, small, expected)
    return values


def _unit(values: Column, given: Mask, models: NDArray[np.object_]) -> float:
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


def _directions(
    texts: NDArray[np.object_], metrics: NDArray[np.object_], rows: _Rows
) -> NDArray[np.object_]:
    said = np.array([_DIRECTIONS.get(t.lower().replace("_", " "), "") for t in texts], object)
    blank = _map(is_missing, texts)
    odd = _is(said, "") & ~blank
    rows.say(
        texts,
        odd,
        "direction is neither 'higher' nor 'lower', so it counts as unknown (--direction)",
    )
    known = {name: direction_of(name) for name in set(metrics)}
    return np.array(
        [known[m] if b else s for m, b, s in zip(metrics, blank, said, strict=True)], object
    )


def _refuse_repeated(frame: pd.DataFrame, raw: pd.DataFrame) -> None:
    """Refuse a score that stands twice: nobody knows whether it is another run or a mistake."""
    keys = [k for k in _KEY if k != "model"] if (frame["model"] == "").all() else _KEY
    twice = frame.duplicated(keys)
    if not twice.any():
        return
    row = frame.index[int(np.argmax(twice))]
    # Absent numbers are equal here, as they are for `duplicated`.
    same = pd.Series(True, frame.index)
    for key in keys:
        one = frame.loc[row, key]
        same &= frame[key].isna() if pd.isna(one) else frame[key] == one
    first = frame.index[int(np.argmax(same))]
    rest = [
        c
        for c in raw.columns
        if c not in SCORES and cell(raw.loc[first, c]) != cell(raw.loc[row, c])
    ]
    what = "params" if "params" in raw.columns else "model"
    which = (
        f"the columns {', '.join(map(repr, rest[:3]))} tell"
        if rest
        else "a column 'seed' would tell"
    )
    expected = (
        f"one score for a family, task, setting, metric and scale, and line {first} has one; if these are "
        f"runs of one network, {which} them apart (--replicate-by {rest[0] if rest else 'COLUMN'}){'' if rest else ', and --replicate-by row takes each for one'}; "
        f"if conditions, say --column {rest[0] if rest else 'NAME'}=setting"
    )
    raise FieldError(what, cell(raw.loc[row, what]), expected, where=f", line {row}")
