"""The sums of many files as one table of scores: copies count once, and what was graded here is held against the files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..metrics import judging
from ..metrics.columnar import metrics_of_texts
from .one_file import KEY, Part, merged
from .rows import GROUP
from .schema import direction_of
from .summing import LENGTH_GROUP

__all__ = ["COLUMNS", "counted", "guarded", "scores_of_parts", "without_copies"]

_COUNTS = ["file_right", "agree"]
COLUMNS = [*KEY, "n", "score", "deviation", "skill", "skill_error", *_COUNTS]
"""Columns of the table of scores."""
_SAID = ["is_group", "per_cent_known", "one_scale", "divided_by", "stderr", "time"]
"""What readers say of scores, besides."""


def without_copies(parts: Sequence[Part]) -> tuple[list[Part], list[str]]:
    """Parts without copies of others, about the same models and tasks; a note on each.

    Copies are the same byte by byte, or one run, by the program's own identifier, with the same scores. Bytes
    or identifiers alone do not tell: a file of samples may leave it to its folder whose they are.
    """
    by_size: dict[int, list[Part]] = {}
    for part in parts:
        file = Path(part.path)
        if not part.refused and file.is_file():
            by_size.setdefault(file.stat().st_size, []).append(part)
    first: dict[tuple, Part] = {}
    copies: dict[int, str] = {}
    for alike in by_size.values():
        for part in alike if len(alike) > 1 else ():
            with open(part.path, "rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            original = first.setdefault((digest, part.about), part)
            if original is not part:
                said = f"{part.path}: the same, byte by byte, as {original.path}: it counts once"
                copies[id(part)] = said
    again: dict[tuple, Part] = {}
    for part in parts:
        if part.identifier and id(part) not in copies:
            original = again.setdefault((part.identifier, part.about, part.numbers), part)
            if original is not part:
                said = (
                    f"{part.path}: the same run as {original.path}, written twice: it counts once"
                )
                copies[id(part)] = said
    return [p for p in parts if id(p) not in copies], list(copies.values())


def _deviation(n: pd.Series, mean: pd.Series, squares: pd.Series) -> np.ndarray:
    """Standard deviation from sums; nan of a single value."""
    variance = (squares - n * mean**2).clip(lower=0) / (n - 1).clip(lower=1)
    return np.where(n > 1, np.sqrt(variance), np.nan)


def scores_of_parts(parts: Sequence[Part]) -> pd.DataFrame:
    """One row a score, with `COLUMNS`, ``from_records`` and what readers say besides."""
    whole = merged([p.sums for p in parts], KEY)
    if len(whole):
        n = whole["n"]
        whole["score"] = whole["total"] / n
        whole["deviation"] = _deviation(n, whole["score"], whole["squares"])
        known = whole["skilled"] == n
        skill = whole["skill"] / n
        spread = _deviation(n, skill, whole["skill_squares"])
        whole["skill_error"] = np.where(known, spread / np.sqrt(n), np.nan)
        whole["skill"] = np.where(known, skill, np.nan)
        whole = whole.drop(columns=["total", "squares", "skill_squares", "skilled"])
        # What a file gives itself, if in another batch, is not computed again.
        which = whole.groupby([*GROUP, "metric"], sort=False, dropna=False).ngroup()
        own = whole["graded"] == "file"
        whole = whole[own | ~which.isin(which[own])].reset_index(drop=True)
        whole["from_records"] = True
    reported = [table for p in parts for table in p.reported]
    if reported:
        table = pd.concat(reported, ignore_index=True).reindex(
            columns=[*GROUP, "metric", "direction", "score", "n", *_SAID]
        )
        table["run"] = table["run"].fillna("")
        table["graded"] = "file"
        table["deviation"] = table["stderr"].astype(float) * np.sqrt(table["n"].astype(float))
        whole = pd.concat([f for f in (table, whole) if len(f)], ignore_index=True)
    whole = whole.reindex(columns=[*COLUMNS, "from_records", *_SAID])
    blank = whole["direction"] == ""
    whole.loc[blank, "direction"] = whole.loc[blank, "metric"].map(direction_of)
    for name in ("params", "train_flops", "shots", "n", "score"):
        whole[name] = whole[name].astype(float)
    for name in _COUNTS:
        whole[name] = whole[name].fillna(0.0).astype(float)
    return whole


def counted(lengths: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Counts by length of the answers that count, under their family and setting.

    Parameters
    ----------
    lengths : pandas.DataFrame
        Columns `LENGTH_KEY`, ``n`` and ``right``, of all files.
    scores : pandas.DataFrame
        Those that count, with the column ``written``: the setting that the file gives.
    """
    if lengths.empty:
        return lengths
    same = ["model", "task", "shots", "run", "source"]
    kept = scores.loc[scores["from_records"], [*same, "written", "family", "params", "setting"]]
    found = lengths.drop(columns=["family", "params"]).rename(columns={"setting": "written"})
    found = found.merge(kept.drop_duplicates([*same, "written"]), on=[*same, "written"])
    keys = [c for c in LENGTH_GROUP if c not in ("run", "source")]
    return (
        found.groupby([*keys, "length"], sort=False, dropna=False)[["n", "right"]]
        .sum()
        .reset_index()
    )


_NO_ANSWERS = "its target's text: answers are not graded anew"
_NO_CHOICES = "the likeliest choice: choices are not graded anew"


def guarded(
    scores: pd.DataFrame, lengths: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Without what was graded here of tasks whose files call other answers right than their targets.

    Of the answers that a task's files call right, over all models, at least half have to be right here
    too. Where they are not, an answer is worked out of what the model wrote, a target is more than the
    answer, or several answers are right.

    Returns
    -------
    scores, lengths : pandas.DataFrame
    notes : list of str
        What was left out.
    """
    told_apart = {
        **dict.fromkeys(metrics_of_texts(), _NO_ANSWERS),
        **dict.fromkeys(judging("choices"), _NO_CHOICES),
    }
    here = scores[(scores["graded"] == "here") & scores["metric"].isin(list(told_apart))]
    if not here["file_right"].any():
        return scores, lengths, []
    kind = here["metric"].map(told_apart)
    models = (
        here.assign(kind=kind).groupby([*GROUP, "kind"], sort=False, dropna=False)[_COUNTS].max()
    )
    tasks = models.groupby(["task", "setting", "kind"], sort=False).sum()
    odd = tasks[tasks["agree"] < tasks["file_right"] / 2]
    notes = [
        f"{' '.join(filter(None, (task, setting)))}: what the file calls right is not {what} "
        f"({row.agree:,.0f} of {row.file_right:,.0f} agree)"
        for (task, setting, what), row in zip(odd.index, odd.itertuples(), strict=True)
    ]
    marked = scores.assign(kind=scores["metric"].map(told_apart).fillna(""))
    gone = (scores["graded"] == "here") & marked.set_index(["task", "setting", "kind"]).index.isin(
        odd.index
    )
    answers = [key[:2] for key in odd.index if key[2] == _NO_ANSWERS]
    if len(lengths):
        lengths = lengths[~lengths.set_index(["task", "setting"]).index.isin(answers)]
    return scores[~gone].reset_index(drop=True), lengths.reset_index(drop=True), notes
