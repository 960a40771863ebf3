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

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pandas as pd

from ..errors import FieldError
from .identity import UnknownModelError, families_by_name, resolve, stem
from .options import Options
from .reported import CONDITION, reported_and_sampled
from .scale import divided, fractions, scaled
from .schema import plainly, without_per_cent
from .wording import distinct, several

__all__ = ["Made", "settled"]

AVERAGE = "average of its tasks"
"""Setting of a group's average."""

_NEAR = 1.25
"""Sizes of one name that differ by no more are one size, counted differently."""

_CURVE = ["family", *CONDITION, "metric", "graded"]
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
        cell itself said so), ``time`` (when it was made, as text that sorts), ``one_scale`` (all scores of a
        metric in this source are on one) and ``divided_by`` (what the file's number was divided by, so that it is a
        fraction; ``""`` for nothing).
    made : mapping of str to Made
        By source.
    options : Options

    Returns
    -------
    table : pandas.DataFrame
        The same columns but the last five.
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
        reported_and_sampled,
        _families,
        lambda t: scaled(t, options),
        *(runs if options.keep in ("all", "latest") else runs[::-1]),
    )
    for step in steps:
        table, said = step(table)
        notes += said
    about = ["is_group", "per_cent_known", "one_scale", "divided_by", "time"]
    return table.drop(columns=about).reset_index(drop=True), notes


def _columns(table: pd.DataFrame) -> pd.DataFrame:
    table = table.reset_index(drop=True).copy()
    for name in ("is_group", "per_cent_known", "one_scale", "from_records"):
        if name not in table:
            table[name] = False
        table[name] = table[name].astype(object).eq(True)  # nan is no
    texts = (
        "family", "model", "task", "setting", "run", "metric", "direction", "source", "time",
        "divided_by",
    )  # fmt: skip
    for name in texts:
        if name not in table:
            table[name] = ""
        table[name] = table[name].astype(object).where(table[name].notna(), "").astype(str)
    return table


# -- what is no score, and what a row is about --------------------------------------------------------


def _without_missing(table: pd.DataFrame, options: Options) -> tuple[pd.DataFrame, list[str]]:
    notes = []
    missing = table["score"].isin(list(options.missing)) & ~table["from_records"]
    if missing.any():
        found = several([f"{v:g}" for v in options.missing])
        notes.append(f"{int(missing.sum()):,} scores stand for missing ones ({found}): left out")
    # Programs write -1 where there is no score.
    below = table["metric"].isin(fractions(table)) & (table["score"] < 0) & ~missing
    for (task, metric), rows in table[below].groupby(["task", "metric"], sort=False):
        found = several([f"{v:g}" for v in rows["score"].drop_duplicates()])
        notes.append(
            f"{metric} on {task} is {found} for {several(distinct(rows['model']))}, and no {metric} is below 0: left out"
        )
    return table[~missing & ~below], notes


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
    table = divided(table, marked & ~table["per_cent_known"])
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
        both = rows.groupby(["source", "model", *CONDITION, "run"], dropna=False)["metric"]
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
            f"{name} has {several([f'{v:.10g}' for v in found])} parameters in different places: taken as {size:.10g}"
        )
    return table, notes


def _groups(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Averages over the tasks of a group, marked as such: no curve joins them with those of tasks."""
    group = table["is_group"]
    if not group.any():
        return table, []
    joined = table["setting"].where(table["setting"] == "", table["setting"] + ", ") + AVERAGE
    named = several(distinct(table.loc[group, "task"]))
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
    keys = ["model", *CONDITION]
    which = table.groupby(keys, sort=False, dropna=False).ngroup()
    retried = which.isin(which[ended])
    times = table["source"].map(lambda s: made.get(s, Made()).time)
    # Of several that broke off, and none that ended, the last is what there is.
    order = times + "\0" + table["source"]
    last = order == order.where(~ended).groupby(which).transform("max")
    out = ~ended & (retried | ~last)
    notes = [
        f"{source}: the run did not end, and another of {several(distinct(part['model']))} on "
        f"{several(distinct(part['task']))} {'did' if retried[part.index].all() else 'is later'}: left out"
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
    which = table.groupby(["model", *CONDITION], sort=False, dropna=False).ngroup()
    condition = table.groupby(CONDITION, sort=False, dropna=False).ngroup()
    differ = said.groupby(which).transform("nunique") > 1
    apart = condition.isin(condition[differ]) & (said != "")
    joined = table["setting"].where(table["setting"] == "", table["setting"] + ", ") + said
    notes = [
        f"{task}: runs of one model differ in their conditions, and stand apart ({several(distinct(said[rows.index]))})"
        for task, rows in table[apart].groupby("task", sort=False)
    ]
    return table.assign(setting=table["setting"].where(~apart, joined)), notes


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
        f"{source}: {rows['n'].iloc[0]:,.0f} items of {several(distinct(rows['task']))}, of which another run of "
        f"{several(distinct(rows['model']))} has twice as many or more: left out (keep, --keep FILE, chooses)"
        for source, rows in table[part].groupby("source", sort=False)
    ]
    return table[~part], notes


# -- families ----------------------------------------------------------------------------------------


def _families(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    nameless = table["family"] == ""
    names = [name for name in distinct(table.loc[nameless, "model"]) if name]
    by_name = families_by_name(names)
    if not any(by_name.values()):
        if len({stem(name) for name in by_name}) < 2:
            return table, []
        said = f"no family is known of {several(names)}: taken for one; say others with family (--family NAME=FAMILY)"
        return table, [said]
    told = table["model"].map(by_name).fillna("")
    table = table.assign(family=table["family"].where(~nameless, told))
    families = several(list(dict.fromkeys(by_name.values())), 5)
    said = f"families told by the models' names, without the size: {families}; say others with family (--family NAME=FAMILY)"
    return table, [said]
