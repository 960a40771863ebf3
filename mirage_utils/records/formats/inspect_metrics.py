"""What metrics of Inspect's logs are of: all samples, or a group of them.

``grouped(accuracy(), "level")`` reports a metric for each level, under the level's name. Which metric that is, and
by which field, stands beside it; in older versions only in the log's header. Samples would often show it too, but a
log has them or has not, and a name must not depend on that.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, stdev
from typing import Any, NamedTuple

from ..schema import is_named
from ..values import number
from .inspect_samples import Grade, plain

__all__ = [
    "MEANS",
    "Extent",
    "Metric",
    "Planned",
    "directions",
    "extent",
    "last",
    "metrics_of",
    "options_of",
]

MEANS = ("accuracy", "mean")
"""Metrics that are the mean of what samples were given."""
# Metrics that say how sure another one is.
_SPREAD = {"stderr", "std", "var", "bootstrap_std"}
_VALUE = "{group_name}"

Planned = Sequence[tuple[str, Mapping[str, Any]]]
"""Names and options of a scorer's metrics, as the log's header plans them."""


class Metric(NamedTuple):
    """One metric that a log reports of a scorer.

    Attributes
    ----------
    name : str
        Of a group's metric its own name, and not the group's.
    value : object
        As it stands in the log.
    key, label : str
        Field of the samples' metadata and its value, of a metric by group. ``key`` is ``""`` of any other, whose
        label is its name.
    whole : bool
        It is of all samples for certain.
    averaged : bool
        It is the mean over groups.
    """

    name: str
    value: Any
    key: str
    label: str
    whole: bool
    averaged: bool

    @property
    def group(self) -> str:
        """The group as part of a condition, such as ``"level=easy"``; ``""`` where it is of none."""
        return f"{self.key}={self.label}" if self.key else ""

    @property
    def may_be_of(self) -> set[str]:
        """Names of groups that it may be about: its label, or a part of it, as of ``easy_accuracy``."""
        cuts = () if self.key else (i for i, letter in enumerate(self.label) if letter == "_")
        parts = {part for i in cuts for part in (self.label[:i], self.label[i + 1 :])}
        return {self.label, *parts} - {""}

    @property
    def is_spread(self) -> bool:
        """Whether it is how far others spread: ``stderr``, ``easy_stderr``, ``stderr_easy``."""
        bare = last(self.name).rstrip("0123456789_-")
        return bare in _SPREAD or bare.endswith("_stderr") or bare.startswith("stderr_")

    @property
    def finite(self) -> float | None:
        """Its value as a number; None where it is none."""
        value = number(self.value.get("value")) if isinstance(self.value, dict) else None
        return value if value is not None and math.isfinite(value) else None

    def members(self, grades: Sequence[Grade]) -> list[Grade] | None:
        """Which grades of its scorer it is about; None where that cannot be told."""
        if self.averaged:
            return None
        if self.whole:
            return list(grades)
        if self.key:
            return [g for g in grades if g.groups.get(self.key) == self.label]
        # A name that says nothing may be that of a group, as a scorer of one's own reports them.
        keys = {k for g in grades for k, v in g.groups.items() if v == self.label}
        part = not keys and any(v in self.may_be_of for g in grades for v in g.groups.values())
        if len(keys) > 1 or not grades or part:
            return None
        return [g for g in grades if not keys or g.groups.get(*keys) == self.label]


class Extent(NamedTuple):
    """What a metric is about, as far as the log and its samples show it.

    Attributes
    ----------
    n, error : float
        Number of items, and the standard error of the mean over them; nan where they are not known.
    is_mean : bool
        It is the mean of what these items were given, which are a part of all.
    """

    n: float = math.nan
    error: float = math.nan
    is_mean: bool = False


def extent(metric: Metric, grades: Sequence[Grade], n: float) -> Extent:
    """Number of items of a metric, and its error where it is a mean over a group of them.

    Parameters
    ----------
    metric : Metric
    grades : sequence of Grade
        All that its scorer gave.
    n : float
        Number of items that its scorer gave something.
    """
    if metric.whole and not metric.key:
        return Extent(n)
    inside = metric.members(grades)
    if inside is None:
        return Extent()
    by_item: defaultdict[str, list[float]] = defaultdict(list)
    for grade in inside:
        by_item[grade.item].append(grade.score)
    means = [fmean(scores) for scores in by_item.values()]
    is_part = not metric.whole and (len(inside) < len(grades) or not grades)
    size = (float(len(means)) or math.nan) if is_part else n
    value = metric.finite
    if value is None or not means or not math.isclose(fmean(means), value, abs_tol=1e-6):
        return Extent(size)
    error = stdev(means) / math.sqrt(len(means)) if len(means) > 1 else math.nan
    return Extent(size, error, is_part)


def directions(metrics: Sequence[Metric], extents: Sequence[Extent]) -> list[str]:
    """Which scores are good of metrics whose names do not say it, as the grades show: means are better if higher.

    One number may be the mean of its group by chance, and so may equal ones.
    """
    kinds = [(one.key, one.name if one.key else "") for one in metrics]
    values = defaultdict(set)
    for kind, one, its in zip(kinds, metrics, extents, strict=True):
        if its.is_mean and not one.is_spread:
            values[kind].add(one.finite)
    return [
        "higher" if its.is_mean and len(values[kind]) > 1 else ""
        for kind, its in zip(kinds, extents, strict=True)
    ]


def metrics_of(entry: Mapping[str, Any], planned: Planned, *, by_part: bool) -> Iterator[Metric]:
    """The metrics of one entry of a log's results.

    Parameters
    ----------
    entry : mapping
        It has ``metrics``.
    planned : sequence
        What the header plans for its scorer and part.
    by_part : bool
        The scorer gives several values by name, and the entry is about one of them.
    """
    metrics = entry["metrics"]
    by_plan = _by_plan(list(metrics), planned, by_part)
    known = {name for name, _ in planned}
    for key, value in metrics.items():
        said = value if isinstance(value, dict) else {}
        label, options = plain(said.get("name") or key), said.get("params")
        if not (isinstance(options, dict) and isinstance(options.get("group_key"), str)):
            label, options = by_plan.get(key, (label, None))
        if options:
            yield _by_group(plain(key), value, label, options)
        else:
            perhaps = {_value(label, o) for _, o in planned if _is_templated(label, o)}
            whole = last(key) in known or (is_named(key) and not perhaps)
            label = perhaps.pop() if len(perhaps) == 1 else label
            yield Metric(plain(key), value, "", label, whole, False)


def _by_group(key: str, value: Any, label: str, options: Mapping[str, Any]) -> Metric:
    base = options.get("metric")
    base = base.get("name") if isinstance(base, dict) else base
    whole = label == _all_label(options)
    averaged = whole and options.get("all") == "groups"
    name = last(plain(base)) if base else key
    label = label if whole else _value(label, options)
    return Metric(name, value, plain(options["group_key"]), label, whole, averaged)


def _all_label(options: Mapping[str, Any]) -> str:
    return plain(options.get("all_label") or "all")


def _ends(options: Mapping[str, Any]) -> tuple[str, str]:
    """What a grouped metric's names have before the group's and after it."""
    before, found, after = str(options.get("name_template") or _VALUE).partition(_VALUE)
    return (before, after) if found else ("", "")


def _value(label: str, options: Mapping[str, Any]) -> str:
    """The group in the name of its metric."""
    before, after = _ends(options)
    return label.removeprefix(before).removesuffix(after)


def _is_templated(label: str, options: Mapping[str, Any]) -> bool:
    """Whether a metric is called as the template of a grouped one says, which is no bare group's name."""
    before, after = _ends(options)
    fits = label.startswith(before) and label.endswith(after)
    return bool(before + after) and fits and len(label) > len(before + after)


def _by_plan(
    keys: Sequence[str], planned: Planned, by_part: bool
) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Labels, and options of the grouped metric, of metrics that the header says are of groups.

    Several grouped metrics, such as an accuracy and its error, come one after the other, all with the same groups;
    names that stood there before have a number behind them.
    """
    grouped = [options for _, options in planned if isinstance(options.get("group_key"), str)]
    others = {name for name, options in planned if options not in grouped}
    rest = [key for key in keys if last(key) not in others]
    own = {"metric": None, "name_template": None}
    alike = all({**g, **own} == {**grouped[0], **own} for g in grouped)
    bare = [plain(key).removeprefix("grouped_" if by_part else "") for key in rest]
    # Where another metric gives several values too, it cannot be told whose is which, but by their names.
    if not grouped or not alike or len(rest) % len(grouped) or not others <= {*map(last, keys)}:
        fits = [[g for g in grouped if _is_templated(label, g)] for label in bare]
        told = zip(rest, bare, fits, strict=True)
        return {key: (label, found[0]) for key, label, found in told if len(found) == 1}
    size = len(rest) // len(grouped)
    values = [
        label if label == _all_label(grouped[0]) else _value(label, grouped[0])
        for label in bare[:size]
    ]
    return {
        key: (_labelled(values[i % size], grouped[i // size]), grouped[i // size])
        for i, key in enumerate(rest)
    }


def _labelled(value: str, options: Mapping[str, Any]) -> str:
    """What a grouped metric calls a group, or all of them."""
    before, after = _ends(options)
    return value if value == _all_label(options) else f"{before}{value}{after}"


def options_of(metrics: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """Names and options of metrics as a header lists them; what is no metric is passed over."""
    named = [m for m in metrics if isinstance(m, dict) and isinstance(m.get("name"), str)]
    return [
        (last(plain(m["name"])), m["options"] if isinstance(m.get("options"), dict) else {})
        for m in named
    ]


def last(name: str) -> str:
    """A name without the package it is of."""
    return name.rpartition("/")[2]
