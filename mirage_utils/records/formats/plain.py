"""Plain tables of scores or of records: CSV, JSON lines, a JSON array of objects, Parquet, workbooks."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from ..files import File
from ..options import Options
from ..schema import RECORDS, SCORES, EvalFileError, Reading
from . import headers, runs_and_settings, workbook
from .asking import column_of_questions
from .cells import Table, by_columns, table
from .items import Items, items_of, verdicts
from .metric_columns import errors_of, means_only, with_directions, with_units
from .plain_records import tidy_records
from .plain_scores import tidy_scores
from .quantities import cell
from .repeated import Repeated
from .wide import (
    errors_in_rows,
    in_per_cent,
    numbers_of_right_items,
    one_column_a_metric,
    one_column_a_model,
    parts_of_the_most,
    with_errors,
)

__all__ = ["batches", "recognises", "recognises_workbook"]

_RECORD_COLUMNS = {"target", "output", "item"}
"""Any of these says that a plain table is one of records."""
_OPENCOMPASS = ("dataset", "version", "metric", "mode")
"""Columns of a summary of OpenCompass, before those of the models."""
_USED = (*SCORES, "stderr")
"""Columns of a table of scores of which something is made."""
_FIRST = 1000
"""So many rows tell which column names items."""
_WHOLE = sys.maxsize
"""Rows of a batch that holds any table."""
_HARNESS = "Tasks"
"""Column of tasks in the table that lm-evaluation-harness prints."""


def recognises(file: File) -> bool:
    """Whether a file may be a table: text, Parquet, or flat JSON objects."""
    if file.kind == "text" and file.head.lstrip()[:1] == b"<":
        raise EvalFileError(
            file.path, "a page of HTML, as some programs save tables; save it as CSV or .xlsx"
        )
    if file.kind in ("text", "parquet"):
        return True
    if by_columns(file.document):
        return True
    first = file.first
    flat = isinstance(first, dict) and not any(
        isinstance(v, dict) or (isinstance(v, list) and name != "logprobs")
        for name, v in first.items()
    )
    return flat or (file.kind == "lines" and isinstance(first, dict))


recognises_workbook = workbook.recognises


def batches(file: File, options: Options, batch: int) -> Iterator[Reading]:
    """A table of records in batches, or one of scores whole."""
    found = table(file)
    names = pd.DataFrame(columns=found.names)
    renamed = headers.renaming(list(headers.without_index(names)[0].columns), options)[0]
    items = _items(found, renamed, options)
    if items.rows or _RECORD_COLUMNS & set(renamed.values()):
        yield from _records(file, found, options, batch, items)
    else:
        yield _scores(file, found, options)


def _items(found: Table, renamed: Mapping[str, str], options: Options) -> Items:
    """How the first rows of a table name items."""
    if "item" in renamed.values():
        return Items()
    try:
        first = next(found.batches(_FIRST), None)
    except EvalFileError:  # said where all of it is read
        return Items()
    if first is None:
        return Items()
    return items_of(headers.without_index(first)[0].rename(columns=renamed), options)


def _records(
    file: File, found: Table, options: Options, batch: int, items: Items
) -> Iterator[Reading]:
    names: dict[str, str] | None = None
    told = False
    notes = list(found.notes)
    done = 0
    repeated = Repeated()
    # Repetitions are counted through the table.
    for cells in found.batches(_WHOLE if "row" in options.replicate_by else batch):
        raw, unnamed = headers.without_index(cells)
        if names is None or set(raw.columns) - set(names):  # lines of JSON may bring new ones
            names, assumed = headers.renaming(list(raw.columns), options, item=items.column)
            graded = verdicts(raw.rename(columns=names))
            notes += [*unnamed, *assumed, *_own(graded)]
            asked = column_of_questions(names.values()) if options.questions else ""
            used = {**graded, options.cluster_by: "", asked: ""}
            notes += headers.unused(names, RECORDS, options, used)
            fields = tuple(map(str, raw.columns)) if options.cluster_by else ()
            models = headers.models_among(raw.columns)
            meant = {*options.columns, *options.elsewhere}
            if len(models) > 1 and "model" not in names.values() and not meant & set(models):
                notes.append(
                    f"columns such as {models[0]!r} look like models: write one row an item and model, with a column "
                    "'model'"
                )
            told = False
        rows = len(raw)
        raw = headers.in_units(raw, names).rename(columns=names)
        raw, runs = runs_and_settings.with_runs(raw, options)
        raw, settings = runs_and_settings.with_setting(
            raw, options, but=runs_and_settings.questions_among(raw)
        )
        if "item" not in raw.columns:
            if items.rows and not told:
                notes.append("no column names the items: each row is one (--column NAME=item)")
            raw = raw.assign(item=np.arange(done, done + len(raw)))
        raw = _graded(raw, graded, found.first_line + done, options)
        raw = with_directions(_named_for_all(raw, options))
        records, left_out = tidy_records(
            raw,
            first_line=found.first_line + done,
            decimal=found.decimal,
            source=str(file.path),
            missing=options.missing,
            repeated=repeated,
            cluster=names.get(options.cluster_by, options.cluster_by),
            asked=column_of_questions(raw.columns, settings) if options.questions else "",
            called={now: name for name, now in names.items()},
        )
        said = tuple(left_out) if told else (*notes, *runs, *settings, *left_out)
        told = True
        none = pd.DataFrame(columns=list(SCORES))
        yield Reading(
            str(file.path), f"plain {found.kind}", "records", none, records, said, fields=fields
        )
        done += rows
    if repeated.notes:
        none = pd.DataFrame(columns=list(SCORES))
        empty = pd.DataFrame(columns=list(RECORDS))
        yield Reading(
            str(file.path), f"plain {found.kind}", "records", none, empty, tuple(repeated.notes)
        )
    if not done:
        raise EvalFileError(file.path, "a header and no rows")


def _own(graded: Mapping[str, str]) -> list[str]:
    return [
        f"{name!r} holds the file's own scores of its items: read as the metric {metric} (--column {name}=score "
        "--metric NAME says otherwise)"
        for name, metric in graded.items()
    ]


def _graded(
    raw: pd.DataFrame, graded: Mapping[str, str], first_line: int, options: Options
) -> pd.DataFrame:
    """A table of records with a row for each of the file's own scores of an item."""
    if not graded:
        return raw
    if isinstance(raw.index, pd.RangeIndex):
        raw = raw.set_axis(np.arange(first_line, first_line + len(raw)))
    one = options.metric if len(graded) == 1 else ""
    raw = in_per_cent(raw, graded)
    parts = [
        raw.assign(metric=one or metric, score=raw[name])
        for name, metric in graded.items()
        if name in raw.columns  # lines of JSON may lack it
    ]
    return pd.concat(parts) if parts else raw


def _scores(file: File, found: Table, options: Options) -> Reading:
    cells = found.cells()
    raw, notes = headers.without_index(cells.frame)
    summary = set(_OPENCOMPASS) <= set(raw.columns)
    names, assumed = headers.renaming(list(raw.columns), options, headers.no_counts(raw))
    raw = headers.in_units(raw, names).rename(columns=names)
    if names.get(_HARNESS) == "task":
        raw, repeated = _repeated_tasks(raw)
        assumed += repeated
    if not options.model:
        raw, repeated = _repeated_models(raw)
        assumed += repeated
    raw, grouped = headers.with_whole_counts(raw)
    raw, means, stated = means_only(raw)
    raw, units = with_units(raw)
    raw, dated = headers.with_times(raw)
    raw, runs = runs_and_settings.with_runs(raw, options)
    raw, settings = runs_and_settings.with_setting(raw, options, ("version",) if summary else ())
    notes = [*cells.notes, *notes, *assumed, *grouped, *means, *runs, *settings]
    errors = errors_of([*raw.columns])
    done = [*units, *dated, *stated, *(["version"] if summary else [])]
    models: list[str] = []
    if set(options.wide) & set(raw.columns):
        raw, empty = with_errors(raw, options.wide, errors)
        notes = [*empty, *notes]
    elif not {"model", "params", "score"} & set(raw.columns):
        raw, models = one_column_a_model(raw, summary, errors)
        notes += models
    else:
        raw, counts, right = numbers_of_right_items(raw, options)
        raw, parts, most = parts_of_the_most(raw)
        raw, metrics, beside = one_column_a_metric(raw, options, errors)
        notes += [*counts, *parts, *metrics]
        done += [*right, *most, *beside]
    raw, spreads = errors_in_rows(raw)
    notes += spreads
    if not models:
        if options.wide:
            done += [name for name, (of, _) in errors.items() if of in options.wide]
        for name, (of, standard) in errors.items():
            if of == "score" and standard and "stderr" not in raw.columns:
                raw = raw.rename(columns={name: "stderr"})
                done.append(name)
        notes += headers.unused(names, _USED, options, done)
    raw = with_directions(_named_for_all(raw, options))
    scores, left_out = tidy_scores(raw, decimal=cells.decimal, missing=options.missing)
    scores.loc[scores["source"] == "", "source"] = str(file.path)
    none = pd.DataFrame(columns=list(RECORDS))
    return Reading(
        str(file.path), f"plain {found.kind}", "scores", scores, none, (*notes, *left_out)
    )


def _repeated_tasks(raw: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A table in which a task that is written once, above several metrics, stands beside each of them."""
    task = raw["task"].map(cell)
    blank = task == ""
    filled = task.where(~blank).ffill().fillna("")
    few = int((blank & (filled != "")).sum())
    notes = [f"{few:,} rows without a task are of that above them"] if few else []
    return raw.assign(task=filled), notes


def _repeated_models(raw: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A table in which a model that is written once, above several tasks or metrics, stands beside each of them.

    That is certain where no task and metric stands twice below one name.
    """
    about = [c for c in raw.columns if c in ("task", "metric", "setting", "shots", "run", "params")]
    if "model" not in raw.columns or not {"task", "score"} <= set(raw.columns):
        return raw, []
    model = raw["model"].map(cell)
    blank = (model == "") & (raw["score"].map(cell) != "")
    if "params" in raw.columns:
        blank &= raw["params"].map(cell) == ""
    if not blank.any() or model.iloc[0] == "":
        return raw, []
    filled = model.where(~blank).ffill()
    keys = raw[[c for c in about if c != "params"]].map(cell).assign(model=filled)
    if keys[blank | (model != "")].duplicated().any():
        return raw, []
    note = f"{int(blank.sum()):,} rows without a model are of that above them"
    return raw.assign(model=filled), [note]


def _named_for_all(raw: pd.DataFrame, options: Options) -> pd.DataFrame:
    """A table with the model, task and metric that the user names, in rows that name none themselves."""
    given = {name: said for name in ("model", "task", "metric") if (said := options.called(name))}
    for name, said in given.items():
        written = raw[name].map(cell) if name in raw.columns else pd.Series("", index=raw.index)
        raw = raw.assign(**{name: written.where(written != "", said)})
    return raw
