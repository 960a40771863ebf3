"""What columns and rows of a plain table say of its metrics: which are metrics, which errors, and which way is good."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from ..schema import is_named
from .names import SCHEMA, plain_name
from .quantities import cell, is_missing, is_per_cent, number, with_error, without_marks

__all__ = [
    "errors_of",
    "means_only",
    "metrics_among",
    "with_directions",
    "with_units",
    "without_arrow",
]


def without_arrow(name: str) -> str:
    """A metric's name without the arrow that says which scores are good."""
    return _ARROWS.sub("", name)


_ARROWS = re.compile(r"\s*\(?([↑↓])️?\)?\s*$")


def with_directions(raw: pd.DataFrame) -> pd.DataFrame:
    """A table whose metrics have no arrow in their names, as in "accuracy ↑", but a direction."""
    if "metric" not in raw.columns or raw.empty:
        return raw
    kinds = {text: _ARROWS.search(text) for text in set(raw["metric"].map(cell))}
    if not any(kinds.values()):
        return raw
    texts = raw["metric"].map(cell)
    arrow = texts.map({text: found[1] if found else "" for text, found in kinds.items()})
    said = raw["direction"].map(cell) if "direction" in raw.columns else arrow
    words = arrow.map({"↑": "higher", "↓": "lower", "": ""})
    return raw.assign(
        metric=texts.map(lambda text: _ARROWS.sub("", text)),
        direction=words.where((words != "") & ((said == "") | (said == arrow)), said),
    )


_OTHERWISE = ("mean", "error")
"""Columns that may as well be the mean over tasks, and the error of a score."""


def metrics_among(raw: pd.DataFrame) -> list[str]:
    """Columns that are called like metrics and hold numbers; a cell that is none costs its row and no other."""
    found = []
    for column in map(str, raw.columns):
        bare = without_arrow(column)
        if column in SCHEMA or not is_named(bare) or plain_name(bare) in _OTHERWISE:
            continue
        texts = [text for text in map(cell, raw[column]) if not is_missing(text)]
        if 2 * sum(map(_is_number, texts)) > len(texts):
            found.append(column)
    return found


def _is_number(text: str) -> bool:
    bare = with_error(without_marks(text))[0].rstrip("% ")
    return any(number(bare, decimal) is not None for decimal in ".,")


_STATISTICS = ("stat", "stats", "statistic", "aggregation")
_MEANS = {"mean", "avg", "average"}
_SPREADS = {
    "std", "stdev", "stddev", "std_dev", "sd", "stderr", "std_err", "se", "sem", "standard_error",
    "standard_deviation", "var", "variance", "min", "max", "median", "ci", "ci_low", "ci_high",
}  # fmt: skip


def means_only(raw: pd.DataFrame) -> tuple[pd.DataFrame, list[str], list[str]]:
    """A table without the rows that are no means, where a column says which statistic a row is; a note; that column."""
    for name in raw.columns:
        if plain_name(str(name)) in _STATISTICS:
            texts = raw[name].map(cell).map(plain_name)
            mean = texts.isin(list(_MEANS))
            if mean.any() and (mean | texts.isin(list(_SPREADS))).all():
                others = ", ".join(sorted(set(texts[~mean])))
                note = f"only the rows whose {name!r} is a mean are scores; not read: {others}"
                return raw[mean].drop(columns=name), [note] if others else [], [str(name)]
    return raw, [], []


_ERROR = re.compile(
    r"(.+?)[\s_\-(]+(stderr|std_err|se|std|stdev|stddev|sd)\)?((?:,.*)?)", re.IGNORECASE
)
"""Of ``acc_stderr,none`` the last part is a filter."""


def errors_of(names: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """Names that are of the errors of another, as ``x_stderr`` is of ``x``: of which, and whether a standard error."""
    found = {name: _ERROR.fullmatch(name) for name in map(str, names)}
    return {
        name: (parts[1] + parts[3], parts[2].lower() in ("stderr", "std_err", "se"))
        for name, parts in found.items()
        if parts and parts[1] + parts[3] in found
    }


_UNITS = ("unit", "units", "scale")
_CENTS = {"%", "percent", "per_cent", "percentage", "pct"}
_PARTS = {"", "fraction", "fractions", "proportion", "ratio", "share", "0_1", "1"}


def with_units(raw: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A table whose scores carry the "%" that a column of units has beside them; and that column."""
    if "score" not in raw.columns:
        return raw, []
    for name in raw.columns:
        if plain_name(str(name)) in _UNITS:
            units = raw[name].map(cell).map(lambda text: "%" if text == "%" else plain_name(text))
            if units.isin(list(_CENTS | _PARTS)).all():
                score = raw["score"].map(cell)
                bare = score.map(_is_number) & ~score.map(is_per_cent) & units.isin(list(_CENTS))
                return raw.assign(score=score.where(~bare, score + "%")), [str(name)]
    return raw, []
