"""Which run and which condition the rows of a plain table are of, by its columns."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..options import Options
from .names import CONDITIONS, RUNS, listed, plain_name
from .quantities import cell, is_missing

__all__ = ["questions_among", "with_runs", "with_setting"]

_WHICH = (
    "family", "model", "params", "task", "setting", "shots", "run", "metric", "item", "epoch",
)  # fmt: skip
"""Columns of the schema that say which score of which network a row is."""


def with_runs(raw: pd.DataFrame, options: Options) -> tuple[pd.DataFrame, list[str]]:
    """A table whose column ``run`` says what its columns of seeds and repetitions say: ``"seed 0"``."""
    by_plain = {plain_name(str(name)): name for name in reversed(raw.columns)}
    columns = [by_plain[name] for name in RUNS if name in by_plain]
    columns += [n for n in options.replicate_by if n in raw.columns and n not in columns]
    taken = {*options.wide, *options.columns.values()} - {"run"}
    columns = [name for name in columns if name not in taken]
    if "row" in options.replicate_by and "row" not in raw.columns:
        same = [name for name in raw.columns if name in _WHICH]
        which = raw[same].map(cell).groupby(same).cumcount() if same else 0
        raw, columns = raw.assign(row=which + 1), [*columns, "row"]
    if columns in ([], ["run"]):
        return raw, []
    joined = _joined(raw, columns, bare=("run",))
    notes = [f"rows with one {listed(columns)} are one run"]
    blank = int((joined == "").sum())
    if 0 < blank < len(joined):
        notes.append(f"{blank:,} rows without {listed(columns)}: a run of their own")
    return raw.assign(run=joined), notes


def questions_among(raw: pd.DataFrame) -> list[str]:
    """Columns called like a condition, ``prompt``, that have another value for nearly every item: its question."""
    named = [str(n) for n in raw.columns if plain_name(str(n)) == "prompt"]
    if not named:
        return []
    # Lines of JSON may hold an object in the place of a name.
    items = raw["item"].map(cell).nunique() if "item" in raw.columns else len(raw)
    return [n for n in named if items > 4 and 2 * raw[n].map(cell).nunique() > items]


def with_setting(
    raw: pd.DataFrame, options: Options, more: Sequence[str] = (), but: Sequence[str] = ()
) -> tuple[pd.DataFrame, list[str]]:
    """A table whose column ``setting`` says what its columns of conditions say: ``"filter strict"``."""
    taken = {*options.wide, *options.columns.values(), *options.replicate_by, "setting"}
    columns = [
        str(name)
        for name in raw.columns
        if name not in taken
        and name not in but
        and (plain_name(str(name)) in CONDITIONS or name in more)
    ]
    if not columns:
        return raw, []
    first = ["setting"] if "setting" in raw.columns else []
    joined = _joined(raw, [*first, *columns], bare=("setting",))
    return raw.assign(setting=joined), [f"part of the setting: {listed(columns)}"]


def _joined(raw: pd.DataFrame, columns: Sequence[str], bare: Sequence[str]) -> pd.Series:
    whole: list[str] = [""] * len(raw)
    for name in columns:
        label = "" if name in bare else f"{name} "
        codes, kinds = pd.factorize(raw[name].map(cell), use_na_sentinel=True)
        texts = [f"{label}{text}" if not is_missing(text) else "" for text in map(cell, kinds)]
        here = [texts[code] if code >= 0 else "" for code in codes]
        whole = [", ".join(filter(None, pair)) for pair in zip(whole, here, strict=True)]
    return pd.Series(whole, index=raw.index, dtype=object)
