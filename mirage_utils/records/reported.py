"""Reported scores beside samples: what agrees stands once, what is of other items stands apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .schema import is_share
from .wording import distinct, several

__all__ = ["CONDITION", "SAMPLES", "reported_and_sampled"]

CONDITION = ["task", "setting", "shots"]
"""Columns that say under which condition a score was made."""
SAMPLES = "samples"
"""Setting of what was computed from samples of other items than the reported score is about."""

_PAIR = ["model", "params", *CONDITION, "_run", "metric"]
_SAME = 1e-4
"""Reported scores are often rounded to four digits."""


def reported_and_sampled(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
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
    metric = pairs.groupby([*CONDITION, "metric"], sort=False, dropna=False)
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
    condition = pd.MultiIndex.from_frame(table[CONDITION].astype(str))
    apart = pd.MultiIndex.from_frame(pairs.loc[other, CONDITION].astype(str)).drop_duplicates()
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
            f"{where}: {are} ({several(distinct(part['model']))}); what they give stands apart, as '{SAMPLES}'"
        )
    # In a condition that stands apart nothing is the same.
    parted = pd.MultiIndex.from_frame(pairs[CONDITION].astype(str)).isin(apart)
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
