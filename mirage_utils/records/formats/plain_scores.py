"""Plain tables of scores: every cell checked; a row that cannot be right is left out, with a note."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import FieldError, require
from ..schema import SCORES, is_share
from .headers import no_column
from .left_out import Rows, few
from .quantities import (
    cell,
    is_missing,
    with_error,
    without_marks,
)
from .score_columns import (
    above_zero,
    are,
    directions,
    each,
    errors,
    scores,
    shots,
    sizes,
    texts_of,
    whole_numbers,
)

__all__ = ["lengthened", "tidy_scores"]

_KEY = ["family", "model", "task", "setting", "shots", "run", "metric", "params"]


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
            raise no_column(name, raw)
    if not {"params", "model"} & set(raw.columns):
        raise no_column("params", raw)
    text = {n: texts_of(raw, n) for n in SCORES}
    rows = Rows(raw.index)
    text["score"] = _without_errors(text["score"], rows)
    rows.leave_out("task", text["task"], are(text["task"], ""), "a name")
    # Summaries write "-" for the metric of an average over tasks.
    rows.leave_out("metric", text["metric"], each(is_missing, text["metric"]), "a name")
    share = each(is_share, text["metric"])
    rows.leave_out("score", text["score"], each(is_missing, text["score"]), "a score", "no score")
    score, marked = scores(text["score"], share, decimal)
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
    made["params"] = sizes(text["params"], text["model"], decimal, rows)
    if "model" in raw.columns:
        nobody = are(text["model"], "") & np.isnan(made["params"])
        expected = "a name, and there is no size; where it is written once above several rows, write it in each"
        rows.leave_out("model", text["model"], nobody, expected)
    made["train_flops"] = above_zero("train_flops", text["train_flops"], decimal, rows)
    made["shots"], wrong = whole_numbers(shots(text["shots"]), 0, decimal)
    rows.leave_out("shots", text["shots"], wrong, "a finite whole number >= 0")
    n, wrong = whole_numbers(text["n"], 1, decimal)
    # A score is one whether or not its items are known.
    rows.say(text["n"], wrong, "n is no whole number of items, so it counts as unknown")
    made["n"] = np.where(wrong, np.nan, n)
    if "model" not in raw.columns:
        unknown = np.isnan(made["params"])
        rows.leave_out(
            "params", text["params"], unknown, "a finite number > 0, as there is no model"
        )
    made["direction"] = directions(text["direction"], text["metric"], rows)
    frame = pd.DataFrame(made, index=raw.index, columns=list(SCORES))
    rest = [c for c in raw.columns if c not in SCORES]
    frame = pd.concat([frame, raw[rest]], axis=1)
    if "stderr" in raw.columns:
        frame["stderr"] = errors(texts_of(raw, "stderr"), marked, decimal)
    if marked.any():
        frame["per_cent_known"] = marked
    frame = frame[rows.kept()]
    again = _repeated(frame, raw)
    if again.any():
        lines = few((f"line {line}" for line in frame.index[again]), int(again.sum()))
        rows.notes.append(f"rows that repeat another cell by cell count once: {lines}")
        frame = frame[~again]
    _refuse_repeated(frame, raw)
    return frame.reset_index(drop=True), rows.notes


def _without_errors(texts: NDArray[np.object_], rows: Rows) -> NDArray[np.object_]:
    """Scores without the errors that stand behind them in one cell."""
    bare = {text: without_marks(text) for text in set(texts)}
    rows.say(
        texts, each(lambda text: bare[text] != text, texts), "marks at a score are passed over"
    )
    texts = np.array([bare[text] for text in texts], object)
    pairs = {text: with_error(text) for text in set(texts)}
    behind = each(lambda text: pairs[text][1] != "", texts)
    rows.say(
        texts, behind,
        "the number behind a score is passed over, as it may be a standard error, a deviation or an interval (a column "
        "'stderr' is read)",
    )  # fmt: skip
    return np.array([pairs[text][0] for text in texts], object)


_READ = ("params", "train_flops", "shots", "score", "n", "direction")
"""Columns of which two spellings may say the same, as 0.3 and 0.30 do."""


def _repeated(frame: pd.DataFrame, raw: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows say the same as one before, in all columns of the file."""
    texts = raw.loc[frame.index].map(cell)
    told = [name for name in _READ if name in raw.columns]
    # 30% and 0.3 are the same only if the second is no per cent, which is not known here.
    scale = frame.columns.intersection(["per_cent_known"])
    return texts.drop(columns=told).join(frame[[*told, *scale]]).duplicated().to_numpy()


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
    # What has an n is no item.
    if frame.loc[[first, row], "n"].isna().all():
        expected += f"; if items of one task, --column {rest[0] if rest else 'NAME'}=item"
    raise FieldError(what, cell(raw.loc[row, what]), expected, where=f", line {row}")
