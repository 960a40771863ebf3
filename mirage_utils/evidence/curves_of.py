"""From tables of scores to curves: the only way, whoever asks.

A *curve* joins the networks of one family under one condition, by one metric. What a table cannot say
is neither guessed nor averaged away: a curve that cannot be made is left out, and a note names it and
the option that helps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from shlex import quote
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from ..curves import Curve
from ..curves.curve import MOST_ITEMS
from ..errors import FieldError, UnknownNameError, require
from ..metrics import METRICS
from ..records.schema import direction_of, is_share

__all__ = ["Curves", "Question", "curve_of", "curves_of"]

_NEEDED = ("params", "task", "metric", "score")
_TEXTS = {
    "family": "", "model": "", "task": "", "setting": "", "metric": "", "direction": "", "run": "",
    "graded": "file", "source": "",
}  # fmt: skip
_NUMBERS = ("params", "shots", "score", "n", "deviation", "skill", "skill_error")
_KEY = ["family", "task", "setting", "metric"]
_POINT = ["score", "error", "skill", "skill_error"]
_LISTED = 10
_ABSURD = 1e100
"""No score is as large, and arithmetic with it overflows."""


@dataclass(frozen=True)
class Question:
    """One task of one family under one condition, with every metric there is of it.

    Attributes
    ----------
    family, task, setting : str
        The number of shots, where known, is part of the setting.
    curves : dict of str to Curve
        By metric.
    lengths : pandas.DataFrame
        Rows of `Gathered.lengths` of this question; none where nothing is known of lengths.
    """

    family: str
    task: str
    setting: str
    curves: Mapping[str, Curve]
    lengths: pd.DataFrame = field(repr=False)

    @property
    def name(self) -> str:
        """Task and setting."""
        return _named(self.task, self.setting)


@dataclass(frozen=True)
class Curves:
    """What a table of scores holds.

    Attributes
    ----------
    curves : tuple of Curve
        In the table's order.
    notes : tuple of str
        Everything that was merged, left out or assumed.
    questions : tuple of Question
        The same curves by family, task and setting.
    """

    curves: tuple[Curve, ...]
    notes: tuple[str, ...]
    questions: tuple[Question, ...] = field(repr=False)

    @property
    def undirected(self) -> tuple[str, ...]:
        """A note on each metric of which it is not known whether more or less is better.

        For those who need to know; its curves are made.
        """
        metrics = [curve.metric for curve in self.curves if not curve.direction]
        return tuple(
            f"whether more or less {metric} is better is not known: --direction {quote(metric + '=lower')} "
            f"or {quote(metric + '=higher')} says it ({_many(metrics.count(metric), 'curve')})"
            for metric in dict.fromkeys(metrics)
        )


def curves_of(
    scores: pd.DataFrame, lengths: pd.DataFrame | None = None, *, family: str = ""
) -> Curves:
    """Every curve of a table of scores.

    Parameters
    ----------
    scores : pandas.DataFrame
        Of files (`mirage_utils.records.gathering.Gathered.scores`) or bundled
        (`mirage_utils.tables.load_table`). It needs the columns ``params``, ``task``, ``metric`` and
        ``score``; others may be missing.
    lengths : pandas.DataFrame, optional
        `mirage_utils.records.gathering.Gathered.lengths`.
    family : str
        Name of the family where the table has no such column.

    Raises
    ------
    FieldError
        If a column is missing without which there is no curve. One bad curve raises nothing: it is
        left out, with a note.

    Notes
    -----
    *Runs*: rows of one network (column ``model``) that differ in the column ``run``, or in the file
    where ``run`` is empty, are replicates. Their score is the mean. Runs usually ask the same items, so
    that `n` is the items of one run (of the smallest, if they differ) and never the sum, and the error
    over items is the mean of the runs' errors: the most that the error of a mean can be, whatever they
    have in common. Two networks of one size, or one run that stands twice, make no curve.

    *Proportion*: scores count items, and are binomial, if `n` is known and at least 1 at every size, the
    scores lie in [0, 1], and the metric's name says that it is a share (`mirage_utils.records.schema`).

    *Direction*: what the rows say; where they say nothing, what the metric's name says; else unknown.

    *Grading*: scores of one metric of which a file gives some and some were made here from its outputs
    are two curves.
    """
    notes = _Notes()
    table = _apart(_usable(_table(scores, family), notes), notes)
    found: dict[tuple[str, str, str], dict[str, Curve]] = {}
    curves = []
    for what, rows in _parts(table):
        curve = _curve(what, rows, notes)
        if curve is not None:
            curves.append(curve)
            found.setdefault(what[:3], {})[what.metric] = curve
    by_length = _by_question(lengths)
    none = pd.DataFrame() if lengths is None else lengths[:0]
    questions = (Question(*key, its, by_length.get(key, none)) for key, its in found.items())
    return Curves(tuple(curves), notes.told(), tuple(questions))


def curve_of(
    scores: pd.DataFrame,
    task: str | None = None,
    setting: str | None = None,
    metric: str | None = None,
    *,
    family: str | None = None,
) -> Curve:
    """The only curve of a table that has these names.

    Parameters
    ----------
    scores : pandas.DataFrame
        As for `curves_of`.
    task, setting, metric, family : str, optional
        Only what it takes to name one curve.

    Raises
    ------
    UnknownNameError
        If there is none, or more than one; the message lists what there is.
    """
    made = curves_of(scores)
    left = made.curves
    asked = {"family": family, "task": task, "setting": setting, "metric": metric}
    for name, value in asked.items():
        known = tuple(c for c in left if value is None or getattr(c, name) == value)
        if not known:
            raise UnknownNameError(name, value, _choices(left, name, made.notes))
        left = known
    for name, value in asked.items():
        if value is None and len({getattr(c, name) for c in left}) > 1:
            raise UnknownNameError(name, value, _choices(left, name))
    return left[0]


def _choices(curves: Iterable[Curve], name: str, notes: Iterable[str] = ()) -> str:
    names = list(dict.fromkeys(getattr(c, name) for c in curves))
    return "; ".join([f"one of {', '.join(map(str, names))}" if names else "a curve", *notes])


# -- the table ------------------------------------------------------------------------------------


def _table(scores: pd.DataFrame, family: str) -> pd.DataFrame:
    """The columns that curves are made of, the condition in one of them."""
    for name in _NEEDED:
        require(name in scores.columns, "columns", list(scores.columns), f"a column {name!r}")
    table = {}
    for name, default in {**_TEXTS, "family": family}.items():
        text = scores[name] if name in scores.columns else pd.Series(default, index=scores.index)
        table[name] = text.astype(object).where(text.notna(), _TEXTS[name]).astype(str)
    for name in _NUMBERS:
        number = scores[name] if name in scores.columns else np.nan
        table[name] = pd.to_numeric(pd.Series(number, index=scores.index), errors="coerce")
    made = pd.DataFrame(table).reset_index(drop=True)
    made["setting"] = _conditions(made)
    return made


def _conditions(table: pd.DataFrame) -> list[str]:
    """Settings with the number of shots, where that is known."""
    return [
        text if shots != shots else ", ".join(filter(None, (text, f"{shots:.0f}-shot")))
        for text, shots in zip(table["setting"].astype(str), table["shots"], strict=True)
    ]


def _usable(table: pd.DataFrame, notes: _Notes) -> pd.DataFrame:
    """The rows that can be points, with their errors."""
    sized = np.isfinite(table["params"]) & (table["params"] > 0)
    nobody = table.loc[~sized & (table["model"] == ""), "task"]
    if len(nobody):
        notes.add(
            f"no model is named: {_many(len(nobody), 'score')} on no curve, --model NAME names that of a file",
            *nobody,
        )
    nameless = table.loc[~sized & (table["model"] != ""), "model"]
    if len(nameless):
        notes.add(
            f"no size is known: {_many(len(nameless), 'score')} on no curve, --params NAME=SIZE gives one",
            *nameless,
        )
    finite = table["score"].abs() < _ABSURD  # and so no nan
    bad = table[sized & ~finite]
    for what, model, size in zip(_whats(bad), bad["model"], bad["params"], strict=True):
        notes.add("no finite score: left out", f"{what} of {model or _size(size)}")
    items = table["n"]
    whole = items.isna() | ((items >= 1) & (items <= MOST_ITEMS) & (items == np.floor(items)))
    bad = table[sized & finite & ~whole]
    for what, number in zip(_whats(bad), bad["n"], strict=True):
        notes.add(
            "a number of items that is no whole number above 0, taken as unknown",
            f"{number:g} in {what}",
        )
    table["n"] = items.where(whole)
    table["error"] = table["deviation"] / np.sqrt(table["n"])
    return table[sized & finite]


def _apart(table: pd.DataFrame, notes: _Notes) -> pd.DataFrame:
    """Scores made here stand apart from those a file gives of the same question by the same metric."""
    here = table["graded"] == "here"
    if not here.any() or here.all():
        return table
    mixed = here & (here.groupby([table[name] for name in _KEY]).transform("nunique") > 1)
    for what in _whats(table[mixed]):
        notes.add(
            "given by files for some networks and graded here for others: two curves, of which one is "
            "named 'graded here'",
            str(what),
        )
    apart = [
        ", ".join(filter(None, (text, "graded here"))) if both else text
        for text, both in zip(table["setting"], mixed, strict=True)
    ]
    return table.assign(setting=apart)


def _parts(table: pd.DataFrame) -> Iterator[tuple[_What, dict[str, np.ndarray]]]:
    """The columns of each curve in rising order of size, the curves in the table's order."""
    number = table.groupby(_KEY, sort=False).ngroup().to_numpy()
    order = np.lexsort((table["params"].to_numpy(), number))
    table, number = table.iloc[order], number[order]
    columns = {name: table[name].to_numpy() for name in table}
    ends = np.flatnonzero(np.diff(number, prepend=-1, append=-1))
    for what, (start, end) in zip(_whats(table.iloc[ends[:-1]]), pairwise(ends), strict=True):
        yield what, {name: values[start:end] for name, values in columns.items()}


def _by_question(lengths: pd.DataFrame | None) -> dict[tuple[str, str, str], pd.DataFrame]:
    if lengths is None or not len(lengths):
        return {}
    names = [lengths["family"].astype(str), lengths["task"].astype(str), _conditions(lengths)]
    key = pd.Series(list(zip(*names, strict=True)), index=lengths.index)
    return dict(iter(lengths.groupby(key, sort=False)))


# -- one curve ------------------------------------------------------------------------------------


def _curve(what: _What, columns: dict[str, np.ndarray], notes: _Notes) -> Curve | None:
    direction, graded, replicates = _direction(what, columns, notes), columns["graded"][0], None
    if (np.diff(columns["params"]) == 0).any():
        rows = pd.DataFrame(columns)
        if not _are_runs(what, rows, notes):
            return None
        replicates = tuple(part["score"].to_numpy() for _, part in rows.groupby("params"))
        columns = _averaged(rows)
    size, n, score, error, skill, skill_error = (columns[name] for name in ("params", "n", *_POINT))
    within = bool(((score >= 0) & (score <= 1)).all())
    whole = bool(np.isfinite(n).all())
    if not whole and np.isfinite(n).any():
        notes.add(
            "the number of items is known at some sizes only: none are taken for known", str(what)
        )
    proportion = whole and within and is_share(what.metric)
    if whole and within and _bounded(what.metric):
        error = _at_most(error, score, n, proportion)
    try:
        return Curve(
            size, score, n if whole else None, (0.0, 1.0) if within else (-np.inf, np.inf),
            " ".join(filter(None, (what.task, what.setting))), **what._asdict(), direction=direction,
            graded=graded, proportion=proportion, error=error, skill=skill,
            skill_error=skill_error, replicates=replicates,
        )  # fmt: skip
    except FieldError as fault:
        notes.add(f"no curve ({fault})", str(what))
        return None


def _are_runs(what: _What, rows: pd.DataFrame, notes: _Notes) -> bool:
    """Whether rows of one size are runs of one network, each of them once."""
    said = []
    for size, part in rows.groupby("params"):
        if len(part) < 2:
            continue
        models = part["model"].unique()
        if len(models) > 1:
            notes.add(
                f"no curve for two networks of one size, {_listed(models, 3)} ({_size(size)}): --family "
                "names their families, --replicate-by says that they are runs of one network",
                str(what),
            )
            return False
        model = models[0] or f"the model of {_size(size)} parameters"
        # Where no run is named the file is the run, if it is known whose.
        names = part["run"].where(part["run"] != "", part["source"] if models[0] else "")
        if names.duplicated().any():
            files = _listed(filter(None, part["source"].unique()), 3)
            notes.add(
                f"no curve for {len(part)} scores of {model}{files and f' in {files}'} that nothing tells "
                "apart: a column 'run' or --replicate-by says that they are runs, --keep chooses one",
                str(what),
            )
            return False
        said.append(f"{len(part)} runs of {model} averaged ({_listed(names, 5)}; --keep chooses)")
    for cause in said:
        notes.add(cause, str(what))
    return True


def _averaged(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """One row a size; see `curves_of` for errors and items. What is unknown of one run is unknown."""
    sizes = rows.groupby("params")
    means = sizes[_POINT].agg(lambda values: values.mean(skipna=False))
    means["n"] = sizes["n"].agg(lambda values: values.min(skipna=False))
    return {name: values.to_numpy() for name, values in means.reset_index().items()}


def _at_most(error: np.ndarray, score: np.ndarray, n: np.ndarray, proportion: bool) -> np.ndarray:
    """Standard errors; where unknown, the largest that a mean of scores between 0 and 1 can have.

    That of a share is its very own.
    """
    most = np.sqrt(score * (1 - score) / n) if proportion else 0.5 / np.sqrt(n)
    return np.where(np.isnan(error), most, error)


def _bounded(metric: str) -> bool:
    """Whether every item's score lies between 0 and 1, and not only the mean."""
    known = METRICS[metric].high == 1 if metric in METRICS else metric.lower() == "probability"
    return bool(known) or is_share(metric)


def _direction(
    what: _What, columns: dict[str, np.ndarray], notes: _Notes
) -> Literal["higher", "lower", ""]:
    given = sorted(set(columns["direction"]) - {""})
    if not given:
        return direction_of(what.metric)
    if given in (["higher"], ["lower"]):
        return given[0]
    notes.add(
        f"direction given as {' and '.join(given)}, taken as unknown (--direction {quote(what.metric + '=lower')} or "
        f"{quote(what.metric + '=higher')} says which)",
        str(what),
    )
    return ""


# -- notes ----------------------------------------------------------------------------------------


class _What(NamedTuple):
    """What a curve is of."""

    family: str
    task: str
    setting: str
    metric: str

    def __str__(self) -> str:
        family = f" of {self.family}" if self.family else ""
        return f"{self.metric}{family} on {_named(self.task, self.setting)}"


def _whats(rows: pd.DataFrame) -> list[_What]:
    return [_What(*key) for key in rows[_KEY].itertuples(index=False, name=None)]


class _Notes:
    """Causes, and what each of them befell."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, None]] = {}

    def add(self, cause: str, *what: str) -> None:
        self._found.setdefault(cause, {}).update(dict.fromkeys(what))

    def told(self) -> tuple[str, ...]:
        return tuple(f"{cause}: {_listed(what)}" for cause, what in self._found.items())


def _listed(what: Iterable[object], most: int = _LISTED) -> str:
    names = list(dict.fromkeys(map(str, what)))
    more = [f"and {len(names) - most:,} more"] if len(names) > most else []
    return ", ".join([*names[:most], *more])


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _size(value: float) -> str:
    return f"{value:.4g}"


def _named(task: str, setting: str) -> str:
    return f"{task} ({setting})" if setting else task
