"""Plain tables with several scores in a row, one column a task, a model or a metric, as tables with a row for each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping

import pandas as pd

from ...errors import FieldError
from ..options import Options
from ..schema import SCORES, without_per_cent
from . import headers
from .metric_columns import errors_of, metrics_among
from .names import NOT_RIGHT, RIGHT, plain_name
from .plain_scores import lengthened
from .quantities import cell, is_missing, number, with_error

__all__ = [
    "Errors", "errors_in_rows", "in_per_cent", "numbers_of_right_items", "one_column_a_metric", "parts_of_the_most",
    "one_column_a_model", "with_errors",
]  # fmt: skip

Errors = Mapping[str, tuple[str, bool]]
"""Columns that are the errors of another: of which, and whether a standard error."""


def with_errors(
    raw: pd.DataFrame, columns: Collection[str], errors: Errors, name: str = "task"
) -> tuple[pd.DataFrame, list[str]]:
    """A table with a row for each score, and the standard errors that stand in columns of their own."""
    errors = {e: of for e, of in errors.items() if of[0] in columns}
    long, notes = lengthened(in_per_cent(raw.drop(columns=[*errors]), columns), columns, name=name)
    if any(standard for _, standard in errors.values()):
        known = {
            f"{line}, column {of!r}": value
            for error, (of, standard) in errors.items()
            if standard
            for line, value in raw[error].items()
        }
        long = long.assign(stderr=[known.get(line, "") for line in long.index])
    cents = [column for column in columns if without_per_cent(column) != column]
    if cents:
        notes = [f"in per cent, as their names say: {', '.join(map(repr, cents))}", *notes]
    if errors:
        notes = [f"errors of scores, and no scores: {', '.join(map(repr, errors))}", *notes]
    bare = {column: without_per_cent(column) for column in columns}
    taken = Counter(bare.values())
    once = {column: short for column, short in bare.items() if taken[short] == 1}
    return long.assign(**{name: long[name].replace(once)}), notes


def in_per_cent(raw: pd.DataFrame, columns: Collection[str]) -> pd.DataFrame:
    """A table whose cells carry the "%" that the name of their column has."""
    for column in columns:
        if column in raw.columns and without_per_cent(column) != column:
            texts = raw[column].map(cell).map(lambda text: with_error(text)[0])
            bare = texts.map(lambda text: not is_missing(text) and text[-1].isdigit())
            raw = raw.assign(**{column: texts.where(~bare, texts + "%")})
    return raw


def one_column_a_model(
    raw: pd.DataFrame, summary: bool, errors: Errors
) -> tuple[pd.DataFrame, list[str]]:
    """A table whose columns are called like models as one with a row for each score; another as it is."""
    # Of each curve of several runs W&B writes the least and the most.
    spreads = [c for c in raw.columns if re.sub(r"__(MIN|MAX)$", "", c) in {*raw.columns} - {c}]
    models = [c for c in headers.models_among(raw.columns) if c not in (*errors, *spreads)]
    if len(models) < 2:
        return raw, []
    known = (*SCORES, *models, *errors, "version", "mode", "time")
    rest = [c for c in raw.columns if c not in known]
    if summary:  # all that follows its four columns are models
        models, rest = [c for c in raw.columns if c in models or c in rest], []
    long, empty = with_errors(raw, models, errors, name="model")
    notes = [
        f"one column a model: {len(models)} columns, such as {models[0]!r}, are read as models"
    ]
    if rest:
        notes.append(
            f"columns that are called like no model are passed over: {', '.join(map(repr, rest))}"
        )
    return long, [*notes, *empty]


def one_column_a_metric(
    raw: pd.DataFrame, options: Options, errors: Errors
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """A table whose columns are called like metrics as one with a row for each score; a note; these columns.

    It has a column of tasks, or the user names the task, and no column of metrics or of scores.
    """
    asked = {"metric", "score"} & set(raw.columns) or not (
        {"task"} & set(raw.columns) or options.task
    )
    metrics = [] if asked else [c for c in metrics_among(raw) if c not in errors]
    if not metrics:
        return raw, [], []
    long, notes = with_errors(raw, metrics, errors, name="metric")
    named = ", ".join(map(repr, metrics[:3])) + (" and others" if len(metrics) > 3 else "")
    read = [*metrics, *(error for error, (of, _) in errors.items() if of in metrics)]
    return (
        long,
        [f"one column a metric: {named} (--column NAME=score says otherwise)", *notes],
        read,
    )


def numbers_of_right_items(
    raw: pd.DataFrame, options: Options
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """A table in which numbers of right items of n are scores; a note; that column."""
    if {"score"} & set(raw.columns) or options.wide:
        return raw, [], []
    raw, summed, notes = _with_sum_as_n(raw)
    if "n" not in raw.columns:
        return raw, [], []
    n = raw["n"].map(cell).map(number).astype(float)
    for name in raw.columns:
        if plain_name(str(name)) not in RIGHT:
            continue
        right = raw[name].map(cell).map(number).astype(float)
        known = right.notna()
        fits = (right == right.round()) & (right >= 0) & (right <= n)
        if known.any() and fits[known].all() and ((right > 1).any() or summed):
            metric = "that is named" if "metric" in raw.columns else options.metric or "accuracy"
            score = (right / n).map(lambda value: "" if value != value else repr(float(value)))
            made = raw.drop(columns=name).assign(score=score, divided_by="n")
            if "metric" not in raw.columns:
                made = made.assign(metric=metric)
            note = (
                f"{name!r} holds numbers of right items: divided by n, as the metric {metric} (--column {name}=score "
                "says otherwise)"
            )
            return made, [*notes, note], [*summed, str(name)]
    return raw, notes, summed


def _with_sum_as_n(raw: pd.DataFrame) -> tuple[pd.DataFrame, list[str], list[str]]:
    """A table in which right items and all others make n; the columns of the others; a note.

    Raises
    ------
    FieldError
        If they are neither whole numbers nor parts of one whole: nobody knows then what the right ones are.
    """
    right = [name for name in raw.columns if plain_name(str(name)) in RIGHT]
    others = [str(name) for name in raw.columns if plain_name(str(name)) in NOT_RIGHT]
    if "n" in raw.columns or len(right) != 1 or not others:
        return raw, [], []
    parts = raw[[*right, *others]].map(cell)
    known = ~parts.map(is_missing).any(axis=1)
    values = parts[known].map(number).astype(float)
    n = values.sum(axis=1, skipna=False)
    # Fractions, or per cent, whose whole says nothing of n; marks that say so speak for themselves.
    if n.isna().any() or any((n - whole).abs().max() <= 0.02 * whole for whole in (1, 100)):
        return raw, [], []
    if not ((values == values.round()) & (values >= 0)).all(axis=None):
        raise FieldError(
            "columns", [*right, *others],
            "whole numbers of items, or parts of 1 or of 100; what else they are cannot be told: leave out all but one, "
            "or add a column 'n'",
        )  # fmt: skip
    made = raw.assign(n=n.map("{:.0f}".format).reindex(raw.index, fill_value=""))
    named = " and ".join(map(repr, [*right, *others]))
    return made, others, [f"n is the sum of {named}"]


_MOST = ("max_score", "maximum_score", "max_points", "points_possible", "out_of", "possible")


def parts_of_the_most(raw: pd.DataFrame) -> tuple[pd.DataFrame, list[str], list[str]]:
    """A table whose scores are parts of what could be reached, as a column says; a note; that column."""
    column = next((c for c in raw.columns if plain_name(str(c)) in _MOST), None)
    if column is None or "score" not in raw.columns:
        return raw, [], []
    score, most = (raw[c].map(cell).map(number).astype(float) for c in ("score", column))
    fits = (score <= most) & (most > 0)
    if score.isna().all() or not fits[score.notna()].all() or (most == 1).all():
        return raw, [], []
    parts = (score / most).map(lambda value: "" if value != value else repr(float(value)))
    note = f"scores are divided by {column!r} (--column {column}=NAME says otherwise)"
    made = raw.assign(score=raw["score"].where(score.isna(), parts), divided_by=str(column))
    return made, [note], [str(column)]


_WHOSE = ["family", "model", "params", "task", "setting", "shots", "run"]


def errors_in_rows(raw: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A table whose rows of errors, such as those of ``acc_stderr``, are errors of the scores that they are of."""
    if not {"metric", "score"} <= set(raw.columns):
        return raw, []
    metrics = raw["metric"].map(cell)
    errors = errors_of(sorted(set(metrics)))
    of = {name: base for name, (base, _) in errors.items()}
    if not of:
        return raw, []
    keys = raw[[c for c in _WHOSE if c in raw.columns]].map(cell)
    keys = keys.assign(metric=metrics.replace(of))
    is_error = metrics.isin(list(of))
    standard = metrics.isin([name for name, (_, standard) in errors.items() if standard])
    if standard.any() and "stderr" not in raw.columns:
        values = raw.loc[standard, "score"]
        known = dict(zip(map(tuple, keys[standard].to_numpy()), values, strict=True))
        raw = raw.assign(stderr=[known.get(tuple(key), "") for key in keys.to_numpy()])
    named = ", ".join(map(repr, sorted(of)))
    return raw[~is_error], [f"rows of errors, and of no scores: {named}"]
