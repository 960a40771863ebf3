"""From tables of scores to curves: the only way, whoever asks.

A *curve* joins the networks of one family under one condition, by one metric. What a table cannot say
is neither guessed nor averaged away: a curve that cannot be made is left out, and a note names it and
the option that helps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from shlex import quote
from typing import Literal

import numpy as np
import pandas as pd

from ..curves import Curve
from ..errors import FieldError, UnknownNameError
from ..metrics import METRICS
from ..records.schema import direction_of, is_share
from .naming import Notes, What, listed, many, named, size_text
from .points import apart, by_question, parts, table_of, usable

__all__ = ["Curves", "Question", "curve_of", "curves_of"]
_POINT = ["score", "error", "skill", "skill_error"]


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
        return named(self.task, self.setting)


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
            f"or {quote(metric + '=higher')} says it ({many(metrics.count(metric), 'curve')})"
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

    Examples
    --------
    >>> from mirage_utils import tables
    >>> made = curves_of(tables.load_table("gpt3_arithmetic"))
    >>> len(made.curves), made.curves[0].name
    (30, '2D+ zero-shot')
    """
    notes = Notes()
    table = apart(usable(table_of(scores, family), notes), notes)
    found: dict[tuple[str, str, str], dict[str, Curve]] = {}
    curves = []
    for what, rows in parts(table):
        curve = _curve(what, rows, notes)
        if curve is not None:
            curves.append(curve)
            found.setdefault(what[:3], {})[what.metric] = curve
    by_length = by_question(lengths)
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

    Examples
    --------
    >>> from mirage_utils import tables
    >>> curve = curve_of(tables.load_table("gpt3_arithmetic"), "2D+", "few-shot")
    >>> curve.score
    array([0.02 , 0.041, 0.035, 0.045, 0.089, 0.119, 0.555, 1.   ])
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


def _curve(what: What, columns: dict[str, np.ndarray], notes: Notes) -> Curve | None:
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


def _are_runs(what: What, rows: pd.DataFrame, notes: Notes) -> bool:
    """Whether rows of one size are runs of one network, each of them once."""
    said = []
    for size, part in rows.groupby("params"):
        if len(part) < 2:
            continue
        models = part["model"].unique()
        if len(models) > 1:
            notes.add(
                f"no curve for two networks of one size, {listed(models, 3)} ({size_text(size)}): --family "
                "names their families, --replicate-by says that they are runs of one network",
                str(what),
            )
            return False
        model = models[0] or f"the model of {size_text(size)} parameters"
        # Where no run is named the file is the run, if it is known whose.
        names = part["run"].where(part["run"] != "", part["source"] if models[0] else "")
        if names.duplicated().any():
            files = listed(filter(None, part["source"].unique()), 3)
            notes.add(
                f"no curve for {len(part)} scores of {model}{files and f' in {files}'} that nothing tells "
                "apart: a column 'run' or --replicate-by says that they are runs, --keep chooses one",
                str(what),
            )
            return False
        said.append(f"{len(part)} runs of {model} averaged ({listed(names, 5)}; --keep chooses)")
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
    what: What, columns: dict[str, np.ndarray], notes: Notes
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
