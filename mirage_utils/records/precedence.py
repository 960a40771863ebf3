"""From all rows of scores to those that count: which run, whose number, on which scale, of which family.

Every decision is made once, here, for every command; whatever it merges, sets apart or leaves out is a
note. The decisions, in their order:

1. A metric has one name, however it is spelt. A run that broke off does not count where a later one
   ended; runs that were made under other conditions (versions of the task, temperatures) stand apart.
2. What a file reports of n items and what its samples give on the same items must agree; then that of
   the samples stays, which has a deviation. On other items both stand, apart. A mean over samples that is
   not the reported score on the same items (a perplexity, say) is no score.
3. A network has one size, and those that the table of models does not know are parted into families by their
   names.
4. Scores of one curve are on one scale: per cent become fractions where that is certain, and where it is not
   the curve is left out and the user asked.
5. Of several runs of one network under one condition all count that are about all items, or those that the
   user keeps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase
from shlex import quote
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..errors import FieldError, shown
from .identity import UnknownModelError, families_by_name, resolve, stem
from .options import Options
from .schema import is_fraction, is_share, plainly, without_per_cent

__all__ = ["Made", "settled"]

SAMPLES = "samples"
"""Setting of what was computed from samples of other items than the reported score is about."""
AVERAGE = "average of its tasks"
"""Setting of a group's average."""

_NEAR = 1.25
"""Sizes of one name that differ by no more are one size, counted differently."""

_CONDITION = ["task", "setting", "shots"]
_CURVE = ["family", *_CONDITION, "metric", "graded"]
_POINT = ["model", "params", *_CURVE]


class Made(NamedTuple):
    """How a source was made.

    Attributes
    ----------
    ended : bool
    time : str
        As text that sorts; ``""`` where it is not known.
    conditions : mapping of str to str
        By task, what else its answers depend on.
    """

    ended: bool = True
    time: str = ""
    conditions: Mapping[str, str] = {}


def settled(
    table: pd.DataFrame, made: Mapping[str, Made], options: Options
) -> tuple[pd.DataFrame, list[str]]:
    """The rows that count, each on its scale and in its family, and a note on every decision.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a network, condition, run, metric and source: columns ``family, model, params, task, setting,
        shots, run, metric, direction, graded, source, score, n, deviation``, and ``from_records``, whether
        the score was computed from samples; perhaps ``is_group``, ``per_cent_known`` (the
        cell itself said so), ``time`` (when it was made, as text that sorts) and ``one_scale`` (all scores of a
        metric in this source are on one).
    made : mapping of str to Made
        By source.
    options : Options

    Returns
    -------
    table : pandas.DataFrame
        The same columns but the last four.
    notes : list of str

    Raises
    ------
    FieldError
        If `options.keep` names no file, or asks for the latest of runs that do not say when they were made.
    """
    notes: list[str] = []
    table = _columns(table)
    # Who asks for a file means it, also if it holds a part of the items.
    runs = (_whole_runs, lambda t: _kept(t, made, options.keep))
    steps: tuple[Callable[[pd.DataFrame], tuple[pd.DataFrame, list[str]]], ...] = (
        lambda t: _without_missing(t, options),
        _per_cent_by_name,
        _spellings,
        _groups,
        lambda t: _sizes(t, options),
        _directions,
        lambda t: _ended(t, made),
        lambda t: _conditions(t, made),
        _reported_and_sampled,
        _families,
        lambda t: _scaled(t, options),
        *(runs if options.keep in ("all", "latest") else runs[::-1]),
    )
    for step in steps:
        table, said = step(table)
        notes += said
    return table.drop(columns=["is_group", "per_cent_known", "one_scale", "time"]).reset_index(
        drop=True
    ), notes


def _columns(table: pd.DataFrame) -> pd.DataFrame:
    table = table.reset_index(drop=True).copy()
    for name in ("is_group", "per_cent_known", "one_scale", "from_records"):
        if name not in table:
            table[name] = False
        table[name] = table[name].astype(object).eq(True)  # nan is no
    texts = ("family", "model", "task", "setting", "run", "metric", "direction", "source", "time")
    for name in texts:
        if name not in table:
            table[name] = ""
        table[name] = table[name].astype(object).where(table[name].notna(), "").astype(str)
    return table


def _several(names: list[str], most: int = 3) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def _values(column: pd.Series) -> list[str]:
    return [str(v) for v in column.drop_duplicates()]


# -- what is no score, and what a row is about --------------------------------------------------------


def _without_missing(table: pd.DataFrame, options: Options) -> tuple[pd.DataFrame, list[str]]:
    notes = []
    missing = table["score"].isin(list(options.missing)) & ~table["from_records"]
    if missing.any():
        found = _several([f"{v:g}" for v in options.missing])
        notes.append(f"{int(missing.sum()):,} scores stand for missing ones ({found}): left out")
    # Programs write -1 where there is no score.
    below = table["metric"].isin(_fractions(table)) & (table["score"] < 0) & ~missing
    for (task, metric), rows in table[below].groupby(["task", "metric"], sort=False):
        found = _several([f"{v:g}" for v in rows["score"].drop_duplicates()])
        notes.append(
            f"{metric} on {task} is {found} for {_several(_values(rows['model']))}, and no {metric} is below 0: left out"
        )
    return table[~missing & ~below], notes


def _fractions(table: pd.DataFrame) -> list[str]:
    return [name for name in table["metric"].unique() if is_fraction(name)]


def _per_cent_by_name(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Metrics whose names say that they are in per cent, as fractions under the name without it."""
    bare = {name: without_per_cent(name) for name in table["metric"].unique()}
    named = table["metric"].map(bare)
    marked = (named != table["metric"]) & ~table["from_records"]
    if not marked.any():
        return table, []
    notes = [
        f"{name!r} is in per cent, as its name says: divided by 100, and called {bare[name]!r}"
        for name in table.loc[marked, "metric"].unique()
    ]
    table = _divided(table, marked & ~table["per_cent_known"])
    return table.assign(
        metric=table["metric"].where(~marked, named),
        per_cent_known=table["per_cent_known"] | marked,
    ), notes


_SHORT = {"acc": "accuracy", "em": "exact_match"}


def _spellings(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """One name for a metric that one table calls "Accuracy" and another "acc"."""
    own = table[(table["graded"] == "file") & ~table["from_records"]]
    counts = own["metric"].value_counts(sort=False)
    spelt: dict[str, list[str]] = {}
    for name in counts.index:
        bare = plainly(name)
        spelt.setdefault(_SHORT.get(bare, bare), []).append(name)
    notes, names = [], {}
    for written in spelt.values():
        rows = own[own["metric"].isin(written)]
        # Who has both has two metrics.
        both = rows.groupby(["source", "model", *_CONDITION, "run"], dropna=False)["metric"]
        if len(written) < 2 or both.nunique().max() > 1:
            continue
        chosen = max(written, key=lambda name: counts[name])
        names.update(dict.fromkeys(written, chosen))
        notes.append(
            f"one metric, written in {len(written)} ways ({', '.join(written)}): taken for {chosen}"
        )
    return table.assign(metric=table["metric"].replace(names)) if names else table, notes


def _sizes(table: pd.DataFrame, options: Options) -> tuple[pd.DataFrame, list[str]]:
    """One size a network: files count and round in their own ways."""
    sizes = table.groupby("model")["params"].agg(["min", "max"])
    near = (sizes["min"] < sizes["max"]) & (sizes["max"] <= _NEAR * sizes["min"])
    notes = []
    for name in sizes.index[near]:
        here = table["model"] == name
        found = sorted(table.loc[here, "params"].dropna().unique())
        try:
            size = options.params.get(name, resolve(name).params)
        except UnknownModelError:
            size = max(found, key=lambda v: len(f"{v:.0f}".rstrip("0")))  # the least rounded
        table = table.assign(params=table["params"].mask(here, size))
        notes.append(
            f"{name} has {_several([f'{v:.10g}' for v in found])} parameters in different places: taken as {size:.10g}"
        )
    return table, notes


def _groups(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Averages over the tasks of a group, marked as such: no curve joins them with those of tasks."""
    group = table["is_group"]
    if not group.any():
        return table, []
    joined = table["setting"].where(table["setting"] == "", table["setting"] + ", ") + AVERAGE
    named = _several(_values(table.loc[group, "task"]))
    table = table.assign(setting=table["setting"].where(~group, joined))
    return table, [f"averages over groups of tasks, marked '{AVERAGE}': {named}"]


def _directions(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A direction that one source says of a task's metric holds for those that do not."""
    said = table[table["direction"] != ""].groupby(["task", "metric"])["direction"].unique()
    said = said[said.map(len) == 1].map(lambda found: found[0])
    if said.empty:
        return table, []
    keys = pd.MultiIndex.from_frame(table[["task", "metric"]])
    found = pd.Series(said.reindex(keys).to_numpy(object), index=table.index)
    unsaid = (table["direction"] == "") & found.notna()
    return table.assign(direction=table["direction"].where(~unsaid, found)), []


# -- runs that broke off ------------------------------------------------------------------------------


def _ended(table: pd.DataFrame, made: Mapping[str, Made]) -> tuple[pd.DataFrame, list[str]]:
    ended = table["source"].map(lambda s: made.get(s, Made()).ended).astype(bool)
    if ended.all():
        return table, []
    keys = ["model", *_CONDITION]
    which = table.groupby(keys, sort=False, dropna=False).ngroup()
    retried = which.isin(which[ended])
    times = table["source"].map(lambda s: made.get(s, Made()).time)
    # Of several that broke off, and none that ended, the last is what there is.
    order = times + "\0" + table["source"]
    last = order == order.where(~ended).groupby(which).transform("max")
    out = ~ended & (retried | ~last)
    notes = [
        f"{source}: the run did not end, and another of {_several(_values(part['model']))} on "
        f"{_several(_values(part['task']))} {'did' if retried[part.index].all() else 'is later'}: left out"
        for source, part in table[out].groupby("source", sort=False)
    ]
    return table[~out], notes


def _conditions(table: pd.DataFrame, made: Mapping[str, Made]) -> tuple[pd.DataFrame, list[str]]:
    """Runs of one network that were made under other conditions, apart."""
    pairs = zip(table["source"], table["task"], strict=True)
    said = pd.Series(
        [made[s].conditions.get(t, "") if s in made else "" for s, t in pairs],
        index=table.index,
        dtype=object,
    )
    if not (said != "").any():
        return table, []
    which = table.groupby(["model", *_CONDITION], sort=False, dropna=False).ngroup()
    condition = table.groupby(_CONDITION, sort=False, dropna=False).ngroup()
    differ = said.groupby(which).transform("nunique") > 1
    apart = condition.isin(condition[differ]) & (said != "")
    joined = table["setting"].where(table["setting"] == "", table["setting"] + ", ") + said
    notes = [
        f"{task}: runs of one model differ in their conditions, and stand apart ({_several(_values(said[rows.index]))})"
        for task, rows in table[apart].groupby("task", sort=False)
    ]
    return table.assign(setting=table["setting"].where(~apart, joined)), notes


# -- reported scores and samples ---------------------------------------------------------------------

_PAIR = ["model", "params", *_CONDITION, "_run", "metric"]
_SAME = 1e-4
"""Reported scores are often rounded to four digits."""


def _reported_and_sampled(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    table = table.assign(_run=table["run"].where(table["run"] != "", table["source"]))
    own = table["graded"] == "file"
    reported = table[own & ~table["from_records"]]
    sampled = table[own & table["from_records"]]
    left, right = (t.reset_index(names="at").drop_duplicates(_PAIR) for t in (reported, sampled))
    pairs = (
        left.merge(right, on=_PAIR, suffixes=("", "_s")) if len(left) and len(right) else left[:0]
    )
    if pairs.empty:
        return table.drop(columns="_run"), []
    near = _SAME * np.maximum(1, pairs["score"].abs())
    agree = (pairs["score"] - pairs["score_s"]).abs() <= near
    agree |= (pairs["score"] / 100 - pairs["score_s"]).abs() <= near / 100
    alike = pairs["n"].isna() | (pairs["n"] == pairs["n_s"])
    # A file may state the items of all its metrics together: the same scores of all models are of the same items.
    metric = pairs.groupby([*_CONDITION, "metric"], sort=False, dropna=False)
    inside = (pairs["score"] > 0) & (pairs["score"] < 1)
    same = agree.groupby(metric.ngroup()).transform("all")
    same &= inside.groupby(metric.ngroup()).transform("sum") > 1
    same &= ~alike.groupby(metric.ngroup()).transform("any")
    fewer = same & ~alike
    alike |= same
    # Samples of other items, as far as can be told; a share that is another on as many items is of other answers.
    contradicts = ~agree & pairs["metric"].map(is_share).astype(bool)
    other = ~alike | (~agree & pairs["n"].isna()) | contradicts

    notes = [
        f"{task}: samples of {metric} are {part['n_s'].iloc[0]:,.0f} and not the {part['n'].iloc[0]:,.0f} items that are "
        "reported, and give the very same scores: the samples' number counts"
        for (task, metric), part in pairs[fewer].groupby(["task", "metric"], sort=False)
    ]
    condition = pd.MultiIndex.from_frame(table[_CONDITION].astype(str))
    apart = pd.MultiIndex.from_frame(pairs.loc[other, _CONDITION].astype(str)).drop_duplicates()
    in_parts = condition.isin(apart)
    for (task, setting), part in pairs[other].groupby(["task", "setting"], sort=False):
        one = part.iloc[0]
        items = f"{one['n_s']:,.0f} of {one['n']:,.0f}" if one["n"] > 0 else f"{one['n_s']:,.0f}"
        where = f"{task} ({setting})" if setting else task
        are = (
            f"{one['metric']} is {one['score']:.4g} as reported and {one['score_s']:.4g} over the samples, {items} items"
            if one["n_s"] == one["n"]
            else f"the reported scores are about other items than the samples, which hold {items} items"
        )
        notes.append(
            f"{where}: {are} ({_several(_values(part['model']))}); what they give stands apart, as '{SAMPLES}'"
        )
    # In a condition that stands apart nothing is the same.
    parted = pd.MultiIndex.from_frame(pairs[_CONDITION].astype(str)).isin(apart)
    drop = set(pairs.loc[~parted & agree, "at"])
    # What is reported of all items is not given again of some of them.
    drop |= set(pairs.loc[parted & (pairs["n_s"] < pairs["n"]), "at_s"])
    wrong = pairs[~parted & ~agree]
    drop |= set(wrong["at_s"])
    for (task, metric), part in wrong.groupby(["task", "metric"], sort=False):
        one = part.iloc[0]
        notes.append(
            f"{task}: the mean of {metric} over samples ({one['score_s']:.4g} of {one['model']}) is not what is "
            f"reported of the same items ({one['score']:.4g}), so it is no {metric}: left out"
        )
    moved = in_parts & table["from_records"]
    joined = table["setting"].where(table["setting"] == "", table["setting"] + ", ") + SAMPLES
    table = table.assign(setting=table["setting"].where(~moved, joined))
    return table[~table.index.isin(drop)].drop(columns="_run"), notes


# -- one scale ---------------------------------------------------------------------------------------


def _scaled(table: pd.DataFrame, options: Options) -> tuple[pd.DataFrame, list[str]]:
    """Scores that are fractions as such: per cent divided by 100."""
    asked, notes = _said(table, "percent", options.percent)
    whole, unmatched = _said(table, "fraction", options.fraction)
    notes += unmatched
    asked &= ~table["per_cent_known"]
    bounded = table["metric"].isin(_fractions(table)) & ~asked & ~whole
    curve = table.groupby(_CURVE, sort=False, dropna=False).ngroup()
    column = table.groupby(["source", "metric"], sort=False).ngroup()
    as_cent, as_part = _possible(table, 100), _possible(table, 1)
    wrong = _on_no_scale(table, bounded, as_cent, curve)
    wrong |= whole & table["metric"].isin(_fractions(table)) & (table["score"] > 1)
    for (task, metric), rows in table[wrong].groupby(["task", "metric"], sort=False):
        notes.append(
            f"{metric} on {task} is {_several([f'{v:.10g}' for v in rows['score']])} for "
            f"{_several(_values(rows['model']))}, which is no fraction, as the others are: left out"
        )
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
    for metric, rows in told.groupby("metric", sort=False):
        notes.append(
            f"{metric} on {_several(_values(rows['task']))}: in per cent, divided by 100"
            + (f" ({len(rows):,} scores)" if len(rows) > 1 else "")
            + f"; if they are not, say fraction (--fraction {quote(_named(metric, rows))})"
        )
    return _divided(table, hundredths)[~out & ~wrong], notes


def _named(metric: str, rows: pd.DataFrame) -> str:
    tasks = _values(rows["task"])
    return f"{metric} on {tasks[0]}" if len(tasks) == 1 else metric


def _said(
    table: pd.DataFrame, option: str, patterns: Collection[str]
) -> tuple[pd.Series, list[str]]:
    """Rows of which a user says their scale, and a note on each pattern that fits none."""
    by_pattern = {pattern: _asked(table, pattern) for pattern in patterns}
    notes = [
        f"{option}: {shown(pattern)} is nothing that was read: it changes nothing"
        for pattern, rows in by_pattern.items()
        if not rows.any()
    ]
    none = pd.Series(False, index=table.index)
    return sum(by_pattern.values(), none).astype(bool), notes


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


def _divided(table: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """A table of which some rows are in per cent, as fractions."""
    scale = np.where(rows, 100.0, 1.0)
    names = ("score", "deviation", "stderr", "skill", "skill_error")
    return table.assign(**{name: table[name] / scale for name in names if name in table})


def _asked(table: pd.DataFrame, pattern: str) -> pd.Series:
    """Rows of what a user calls in per cent: ``METRIC``, ``METRIC on TASK``, ``... of FAMILY``."""
    metric, on = table["metric"], " on " + table["task"]
    of = (" of " + table["family"]).where(table["family"] != "", "")
    asked = pd.Series(False, index=table.index)
    for column in (metric, metric + on, metric + of, metric + on + of):
        known = {n: n == pattern or fnmatchcase(n, pattern) for n in column.unique()}
        asked |= column.map(known).astype(bool)
    return asked


def _possible(table: pd.DataFrame, whole: float) -> pd.Series:
    """Whether a score, as so many parts of a whole, can be a number of items right; a share only."""
    n = table["n"].to_numpy(float)
    score = table["score"].to_numpy(float)
    right = score / whole * n
    # Programs print three significant digits or more.
    slack = np.maximum(1e-6, 0.51 * 10.0 ** -_digits(score) / whole * n)
    shares = table["metric"].map(is_share).astype(bool).to_numpy()
    with np.errstate(invalid="ignore"):
        possible = shares & np.isfinite(n) & (np.abs(right - np.round(right)) <= slack)
    return pd.Series(possible, index=table.index)


def _digits(score: np.ndarray) -> np.ndarray:
    """Digits after the point with which a number was printed, as far as it shows."""
    texts = (repr(float(v)) for v in score)
    return np.array([len(t.partition(".")[2]) if "e" not in t else 16 for t in texts], float)


# -- which runs count --------------------------------------------------------------------------------


def _kept(
    table: pd.DataFrame, made: Mapping[str, Made], keep: str
) -> tuple[pd.DataFrame, list[str]]:
    if keep == "all" or table.empty:
        return table, []
    which = table.groupby(_POINT, sort=False, dropna=False).ngroup()
    run = table["run"].where(table["run"] != "", table["source"])
    several = run.groupby(which).transform("nunique") > 1
    if keep == "latest":
        times = table["source"].map(lambda s: made.get(s, Made()).time)
        times = table["time"].where(table["time"] != "", times)
        unknown = several & (times == "")
        if unknown.any():
            row = table[unknown].iloc[0]
            raise FieldError(
                "keep", keep, f"a file (--keep FILE): {row['source']} does not say when it was made"
            )
        chosen = times == times.groupby(which).transform("max")
    else:
        end = "/" + keep.replace("\\", "/").removeprefix("./").lstrip("/")
        paths = table["source"].map(lambda s: "/" + s.replace("\\", "/"))
        chosen = paths.map(lambda path: path.endswith(end)).astype(bool)
        if not chosen.any():
            raise FieldError(
                "keep", keep, "'all', 'latest', or the end of the path of a file with scores"
            )
        chosen |= ~chosen.groupby(which).transform("any")
    out = several & ~chosen
    notes = [
        f"{source}: {len(rows):,} scores left out, of which other runs were to be kept (keep {keep})"
        for source, rows in table[out].groupby("source", sort=False)
    ]
    return table[~out], notes


def _whole_runs(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Without runs on a part of the items (``--limit``) where another has twice as many or more."""
    which = table.groupby(_POINT, sort=False, dropna=False).ngroup()
    part = 2 * table["n"] <= table["n"].groupby(which).transform("max")
    notes = [
        f"{source}: {rows['n'].iloc[0]:,.0f} items of {_several(_values(rows['task']))}, of which another run of "
        f"{_several(_values(rows['model']))} has twice as many or more: left out (keep, --keep FILE, chooses)"
        for source, rows in table[part].groupby("source", sort=False)
    ]
    return table[~part], notes


# -- families ----------------------------------------------------------------------------------------


def _families(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    nameless = table["family"] == ""
    names = [name for name in _values(table.loc[nameless, "model"]) if name]
    by_name = families_by_name(names)
    if not any(by_name.values()):
        if len({stem(name) for name in by_name}) < 2:
            return table, []
        said = f"no family is known of {_several(names)}: taken for one; say others with family (--family NAME=FAMILY)"
        return table, [said]
    told = table["model"].map(by_name).fillna("")
    table = table.assign(family=table["family"].where(~nameless, told))
    families = _several(list(dict.fromkeys(by_name.values())), 5)
    said = f"families told by the models' names, without the size: {families}; say others with family (--family NAME=FAMILY)"
    return table, [said]
