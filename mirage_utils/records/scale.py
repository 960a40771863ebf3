"""Scores of one curve on one scale: per cent become fractions where that is certain, or where a user says so."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from shlex import quote
from typing import Any

import numpy as np
import pandas as pd

from ..errors import WrongUse, shown
from .options import Options
from .schema import is_fraction, is_share, plainly
from .wording import distinct, several

__all__ = ["divided", "fractions", "scaled"]

_CURVE = ["family", "task", "setting", "shots", "metric", "graded"]


def fractions(table: pd.DataFrame) -> list[str]:
    """Metrics of a table whose scores lie between 0 and 1."""
    return [name for name in table["metric"].unique() if is_fraction(name)]


def divided(table: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """A table of which some rows are in per cent, as fractions."""
    return _divided_by(table, np.where(rows, 100.0, 1.0))


def _divided_by(table: pd.DataFrame, scale: Any) -> pd.DataFrame:
    names = ("score", "deviation", "stderr", "skill", "skill_error")
    return table.assign(**{name: table[name] / scale for name in names if name in table})


def scaled(table: pd.DataFrame, options: Options) -> tuple[pd.DataFrame, list[str]]:
    """Scores that are fractions as such: per cent divided by 100, numbers of right items by all.

    Raises
    ------
    WrongUse
        If the user calls the same scores per cent and fractions, or per cent what was divided by a number already.
    """
    asked, whole, notes = _said(table, options)
    _refuse_divided(table[asked & (table["divided_by"] != "")], options)
    asked &= ~table["per_cent_known"]
    counts, doubtful = _counts(table, asked, whole)
    notes += _notes_on_counts(table, counts, doubtful)
    table = _divided_by(table, table["n"].where(counts, 1.0))
    bounded = table["metric"].isin(fractions(table)) & ~asked & ~whole & ~counts & ~doubtful
    curve = table.groupby(_CURVE, sort=False, dropna=False).ngroup()
    column = table.groupby(["source", "metric"], sort=False).ngroup()
    as_cent, as_part = _possible(table, 100), _possible(table, 1)
    wrong = _on_no_scale(table, bounded, as_cent, curve)
    wrong |= whole & table["metric"].isin(fractions(table)) & (table["score"] > 1)
    for (task, metric), rows in table[wrong].groupby(["task", "metric"], sort=False):
        why = "as the others are" if not whole[rows.index].any() else "though said to be one"
        notes.append(
            f"{metric} on {task} is {several([f'{v:.10g}' for v in rows['score']])} for "
            f"{several(distinct(rows['model']))}, which is no fraction, {why}: left out"
        )
    wrong |= doubtful
    bounded &= ~wrong
    large = bounded & (table["score"] > 1)
    if not (asked.any() or large.any()):
        return table[~wrong], notes

    # One share above 1 tells it of what its source reports of a task: they come from one grader.
    entry = table.groupby(["source", "model", "task", "shots"], sort=False, dropna=False).ngroup()
    hundredths = asked | large
    beside = bounded & entry.isin(entry[large]) & ~table["per_cent_known"]
    # A plain table has one scale for a metric, whatever the task.
    column = table["one_scale"] & column.isin(column[large])
    # A metric that is nowhere above 1 may be a fraction beside others in per cent.
    apart = beside & ~curve.isin(curve[large]) & ~curve.isin(curve[column])
    sure = beside & ~apart
    # But counts that are none in per cent speak against it.
    sure &= large | as_cent | ~(as_part & table["metric"].map(is_share).astype(bool))
    below, above = _by_order(table, entry, apart, large)
    below, above = (apart & curve.isin(curve[told]) for told in (below, above))
    sure |= below & ~above
    mixed = bounded & (curve.isin(curve[sure]) | curve.isin(curve[column]))
    # As fractions they are counts, and as per cent none of them is.
    counts = (as_part & ~as_cent) | (table["score"] == 0)
    fraction = (above & ~below) | (apart & counts.groupby(curve).transform("all"))
    mixed |= apart & ~fraction & curve.isin(curve[apart & (table["score"] != 0)])
    open_ = mixed & ~sure & ~table["per_cent_known"]
    # Counts tell only of a curve whose certain scores are counts of their n.
    counted = (as_cent | ~sure).groupby(curve).transform("all")
    cent = open_ & counted & as_cent & ~as_part
    # What is told of one metric of an entry is told of the others. That a score is a fraction among others in per
    # cent is never taken for certain: files round, and n may be that of another metric.
    cent |= open_ & entry.isin(entry[cent])
    hundredths |= sure | cent
    out = curve.isin(curve[open_ & ~cent]) | (bounded & (table["score"] > 100))
    out &= bounded
    out |= curve.isin(curve[out])
    for (family, task, metric), rows in table[out].groupby(
        ["family", "task", "metric"], sort=False
    ):
        low, high = rows["score"].min(), rows["score"].max()
        what = f"{metric} on {task}" + (f" of {family}" if family else "")
        notes.append(
            f"{what} is between {low:.4g} and {high:.4g}, and it cannot be told which scores are in per cent: left "
            f"out; if all are, say so: percent (--percent {quote(what)}); "
            + (
                "else write all of them as fractions"
                if high > 1
                else f"if they are fractions: fraction (--fraction {quote(what)})"
            )
        )
    kept = table[above & ~below & ~out]
    for (task, metric), rows in kept.groupby(["task", "metric"], sort=False):
        what = f"{metric} on {task}"
        notes.append(
            f"{what}: fractions ({len(rows):,} scores), as in per cent they would be below the exact match of the same "
            f"items; if they are in per cent, say percent (--percent {quote(what)})"
        )
    told = table[hundredths & ~out & ~asked]
    every = pd.Series(True, index=table.index)
    stays = (table["score"] <= 1) | _counts(table, ~every, every)[0]
    for metric, rows in told.groupby("metric", sort=False):
        say = f"say fraction (--fraction {quote(_named(metric, rows))})"
        notes.append(
            f"{_on(metric, rows)}: in per cent, divided by 100"
            + (f" ({len(rows):,} scores)" if len(rows) > 1 else "")
            + f"; if they are not, {say if stays[rows.index].all() else 'write them as fractions'}"
        )
    return divided(table, hundredths)[~out & ~wrong], notes


def _on(metric: str, rows: pd.DataFrame) -> str:
    """A metric and the tasks of some rows, as far as these have names."""
    tasks = [task for task in distinct(rows["task"]) if task]
    return f"{metric} on {several(tasks)}" if tasks else metric


def _named(metric: str, rows: pd.DataFrame) -> str:
    tasks = distinct(rows["task"])
    return f"{metric} on {tasks[0]}" if len(tasks) == 1 else metric


def _said(table: pd.DataFrame, options: Options) -> tuple[pd.Series, pd.Series, list[str]]:
    """Rows that a user calls per cent, and fractions, and a note on each pattern that fits none.

    What is said of less holds against what is said of more: ``accuracy on quiz`` against ``accuracy``.

    Raises
    ------
    WrongUse
        If both are said of a row, and neither of less than the other.
    """
    levels = {
        (option, pattern): _level(table, pattern)
        for option in ("percent", "fraction")
        for pattern in getattr(options, option)
    }
    notes = [
        f"{option}: {shown(pattern)} is nothing that was read: it changes nothing"
        for (option, pattern), level in levels.items()
        if not level.any()
    ]
    said = {option: pd.Series(False, index=table.index) for option in ("percent", "fraction")}
    for (option, pattern), level in levels.items():
        holds = level > 0
        for (other, against), theirs in levels.items():
            if other != option:
                wider = pattern != against and fnmatchcase(against, pattern)
                holds &= (level > theirs) | ((level == theirs) & (not wider))
        said[option] |= holds
    both = said["percent"] & said["fraction"]
    if both.any():
        row = table[both].iloc[0]
        what = f"{row['metric']} on {row['task']}" + f" of {row['family']}" * bool(row["family"])
        raise WrongUse(
            "fraction",
            list(options.fraction),
            f"scores that are not said to be in per cent too, as {shown(what)} is (--percent "
            f"{' '.join(map(quote, options.percent))}); what names task or family holds against what does not",
        )
    return said["percent"], said["fraction"], notes


def _refuse_divided(rows: pd.DataFrame, options: Options) -> None:
    if len(rows):
        row = rows.iloc[0]
        raise WrongUse(
            "percent",
            list(options.percent),
            f"scores that are no fractions already: {row['metric']} on {row['task']} was divided by "
            f"{shown(row['divided_by'])}, so it is not in per cent",
        )


def _counts(table: pd.DataFrame, asked: pd.Series, whole: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Which scores are numbers of right items, and of which it is open whether they are that or per cent.

    They are whole numbers up to n, throughout, and not in per cent as the user says, or as one above 100 does.
    Where such numbers are no per cent of their n, either they or n are something else.
    """
    share = table["metric"].map(is_share).astype(bool) & ~table["from_records"]
    score = table["score"]
    fits = (
        share & ~table["per_cent_known"] & (score == score.round()) & score.between(0, table["n"])
    )
    curve = table.groupby(_CURVE, sort=False, dropna=False).ngroup()
    column = table.groupby(["source", "metric"], sort=False).ngroup()

    def are(rows: pd.Series, within: pd.Series) -> pd.Series:
        one = fits.where(rows, True).groupby(within).transform("all")
        return rows & one & (rows & (score > 1)).groupby(within).transform("any")

    free = are(share & table["one_scale"] & ~asked & ~whole, column)
    beyond = (free & (score > 100)).groupby(column).transform("any")
    odd = (free & ~_possible(table, 100, digits=0)).groupby(column).transform("any")
    return are(share & whole, curve) | (free & beyond), free & odd & ~beyond


def _notes_on_counts(table: pd.DataFrame, counts: pd.Series, doubtful: pd.Series) -> list[str]:
    notes = []
    for metric, rows in table[counts].groupby("metric", sort=False):
        notes.append(
            f"{metric} on {several(distinct(rows['task']))}: numbers of right items, up to {rows['score'].max():,.0f}: "
            "divided by n"
        )
    for metric, rows in table[doubtful].groupby("metric", sort=False):
        what = quote(_named(metric, rows))
        values = several([f"{v:.10g}" for v in rows["score"]])
        notes.append(
            f"{metric} on {several(distinct(rows['task']))} is {values}, and no share of n items in per cent: left out; "
            f"if these are numbers of right items, say that they are not in per cent (--fraction {what}); if they are, "
            f"say percent (--percent {what})"
        )
    return notes


def _on_no_scale(
    table: pd.DataFrame, bounded: pd.Series, as_cent: pd.Series, curve: pd.Series
) -> pd.Series:
    """Scores above 1 that are no per cent either, few among fractions."""
    score = table["score"]
    shares = table["metric"].map(is_share).astype(bool)
    large = bounded & (score > 1)
    wrong = large & ((score > 100) | (shares & np.isfinite(table["n"]) & ~as_cent))
    cent = large & ~wrong
    among = ~curve.isin(curve[cent]) & ~table["source"].isin(table.loc[cent, "source"])
    few = 4 * wrong.groupby(curve).transform("sum") <= curve.groupby(curve).transform("size")
    return wrong & among & few


_EXACT = re.compile(r"(.*?)_?(?:em|exact|exact_match)")
_GENTLER = re.compile(r"(.*?)_?(?:f1|token_accuracy)")


def _by_order(
    table: pd.DataFrame, entry: pd.Series, apart: pd.Series, large: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Which scores are certain to be in per cent, and which fractions, as no F1 is below the exact match."""
    names = {name: plainly(name) for name in table["metric"].unique()}
    exact, gentler = (
        table["metric"].map({n: m[1] for n, p in names.items() if (m := pattern.fullmatch(p))})
        for pattern in (_EXACT, _GENTLER)
    )
    keys = [entry, table["setting"], exact.fillna(gentler)]
    cents = table["score"].where(large)
    score = table["score"]

    def most(rows: pd.Series) -> pd.Series:
        return cents.where(rows.notna()).groupby(keys, dropna=False).transform("max")

    below = apart & exact.notna() & (100 * score > most(gentler))
    above = apart & gentler.notna() & (score < most(exact))
    return below, above


def _level(table: pd.DataFrame, pattern: str) -> pd.Series:
    """How much a user's pattern says of each row: 0 nothing, 1 its metric, 2 its task or family too, 3 both."""
    metric, on = table["metric"], " on " + table["task"]
    of = (" of " + table["family"]).where(table["family"] != "", "")
    level = pd.Series(0, index=table.index)
    for depth, column in ((3, metric + on + of), (2, metric + of), (2, metric + on), (1, metric)):
        known = {n: n == pattern or fnmatchcase(n, pattern) for n in column.unique()}
        level = level.mask(column.map(known).astype(bool), depth)
    return level


def _possible(table: pd.DataFrame, whole: float, digits: int | None = None) -> pd.Series:
    """Whether a score, as so many parts of a whole, can be a number of items right; a share only.

    It is rounded to as many digits as it shows, or to `digits`.
    """
    n = table["n"].to_numpy(float)
    score = table["score"].to_numpy(float)
    right = score / whole * n
    # Programs print three significant digits or more.
    shows = _digits(score) if digits is None else float(digits)
    slack = np.maximum(1e-6, 0.51 * 10.0**-shows / whole * n)
    shares = table["metric"].map(is_share).astype(bool).to_numpy()
    with np.errstate(invalid="ignore"):
        possible = shares & np.isfinite(n) & (np.abs(right - np.round(right)) <= slack)
    return pd.Series(possible, index=table.index)


def _digits(score: np.ndarray) -> np.ndarray:
    """Digits after the point with which a number was printed, as far as it shows."""
    texts = (repr(float(v)) for v in score)
    return np.array([len(t.partition(".")[2]) if "e" not in t else 16 for t in texts], float)
