"""What Inspect's logs report of a run: its condition, and its scores by scorer, reducer and group."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ...errors import shown
from ..schema import direction_of
from ..values import number
from .inspect_samples import Grade, Samples, plain

__all__ = ["Results", "arguments"]

# Metrics that say how sure another one is.
_SPREAD = {"stderr", "std", "var", "bootstrap_std"}
# Metrics that are the mean of what samples were given.
_MEANS = ("accuracy", "mean")
_LONG = 60


def arguments(about: Mapping[str, Any]) -> str:
    """Arguments of the task, and the solver where another one than the task's was asked for.

    Parameters
    ----------
    about : mapping
        ``eval`` of a log. Newer versions say which arguments were given; older ones have them all.
    """
    given = about.get("task_args_passed")
    told = _listed(given if isinstance(given, dict) else about.get("task_args"))
    if about.get("solver"):
        given = about.get("solver_args_passed")
        more = _listed(given if isinstance(given, dict) else about.get("solver_args"))
        told.append(f"solver={plain(about['solver'])}" + (f"[{', '.join(more)}]" if more else ""))
    return ", ".join(told)


def _listed(values: Any) -> list[str]:
    if not isinstance(values, dict):
        return []
    return [f"{plain(k)}={_short(v)}" for k, v in sorted(values.items()) if v is not None]


def _short(value: Any) -> str:
    text = plain(value if isinstance(value, str) else json.dumps(value, sort_keys=True))
    if len(text) <= _LONG:
        return text
    # Two long texts that begin alike are two conditions.
    return f"{text[:_LONG]}... [{hashlib.sha256(text.encode()).hexdigest()[:8]}]"


class Results:
    """Scores that a log reports, and the names under which its samples stand.

    Parameters
    ----------
    log : dict
        Whole log or header.

    Attributes
    ----------
    notes : list of str
        What was left out; complete when `rows` is through.
    """

    def __init__(self, log: Mapping[str, Any]) -> None:
        self.about: Mapping[str, Any] = log["eval"]
        self.before = arguments(self.about)
        self.notes: list[str] = []
        results = log.get("results") or {}
        self._results = results if isinstance(results, dict) else {}
        listed = self._results.get("scores") or []
        if (results and not isinstance(results, dict)) or not isinstance(listed, list):
            self.notes.append(
                f"results: expected a list of scores, found {shown(results)}: left out"
            )
            listed = []
        self._entries: list[dict[str, Any]] = []
        for i, entry in enumerate(listed):
            if isinstance(entry, dict) and isinstance(entry.get("metrics"), dict):
                self._entries.append(entry)
            else:
                self.notes.append(f"results.scores[{i}]: no metrics in {shown(entry)}: left out")
        self._metrics = {self._of(e): [_last(k) for k in e["metrics"]] for e in self._entries}
        self._planned = list(_planned(self.about.get("scorers")))
        self._names: dict[tuple[str, str, bool], tuple[str, str]] = {}

    @property
    def groups(self) -> set[str]:
        """Names of metrics that may be groups of samples."""
        return {
            plain(name)
            for entry in self._entries
            for key, metric in entry["metrics"].items()
            for name in (key, metric.get("name") if isinstance(metric, dict) else key)
            if isinstance(name, str) and not direction_of(name)
        }

    @staticmethod
    def _of(entry: Mapping[str, Any]) -> tuple[str, str]:
        """Scorer and part that an entry is of.

        A scorer used twice is called ``match`` and ``match1``; a part is called by its own name.
        """
        name, scorer = (plain(entry.get(k) or "") for k in ("name", "scorer"))
        if not scorer or not name or re.fullmatch(re.escape(_last(scorer)) + r"[-_]?\d*", name):
            return name or scorer, ""
        return (name, "") if name == scorer else (_last(scorer), name)

    def setting(self, scorer: str, part: str = "", group: str = "", reducer: str = "") -> str:
        """A condition as text: arguments, scorer, part, group, and reducer where it is no plain mean."""
        text = ", ".join(filter(None, (self.before, scorer, part, group)))
        return text + (f" ({reducer})" if reducer not in ("", "mean") else "")

    def named(self, grade: Grade) -> tuple[str, str]:
        """Setting and metric of a sample's grade: those under which the log reports its mean."""
        key = (grade.scorer, grade.part, grade.letter)
        if key not in self._names:
            self._names[key] = self._name(*key)
        return self._names[key]

    def _name(self, scorer: str, part: str, letter: bool) -> tuple[str, str]:
        metrics = self._metrics.get((scorer, part)) or next(
            (m for s, p, m in self._planned if s == scorer and fnmatchcase(part, p)), []
        )
        if not metrics and part:  # nobody says what it is
            return self.setting(scorer), part
        # Inspect's accuracy is the mean of grades; other numbers may be anything.
        other = "accuracy" if letter else "value"
        return self.setting(scorer, part), next((m for m in _MEANS if m in metrics), other)

    def rows(self, samples: Samples) -> Iterator[dict[str, Any]]:
        """The rows of scores, without model, task, run and source.

        Parameters
        ----------
        samples : Samples
            They know how many items were scored, and which of them are in a group.
        """
        replaced = {self.named(g) for g in samples.grades} if samples.invalid else set()
        of: defaultdict[tuple[str, str], list[Grade]] = defaultdict(list)
        for grade in samples.grades:
            of[grade.scorer, grade.part].append(grade)
        left, kept = [], []
        reported: dict[tuple[str, str], float] = {}
        for entry in self._entries:
            scorer, part = self._of(entry)
            grades = of[scorer, part]
            reducer = plain(entry.get("reducer") or "")
            n = self._items(entry, samples.scored.get((scorer, part), set()), samples.items)
            error = _finite(entry["metrics"].get("stderr"))
            for key, metric in entry["metrics"].items():
                name = plain(key)
                if _is_spread(_last(name)):
                    continue
                value = _finite(metric)
                if value is None:
                    which = " ".join(filter(None, (scorer, part)))
                    found = metric.get("value") if isinstance(metric, dict) else metric
                    self.notes.append(f"{which}: {name} has no value ({shown(found)}): left out")
                    continue
                group, name, size = _grouped(name, metric, value, grades, n)
                setting = self.setting(scorer, part, group, reducer)
                if reported.setdefault((setting, name), value) != value:
                    self.notes.append(f"{setting}: {name} is reported twice; {value:g} is left out")
                elif (setting, name) in replaced:
                    left.append(f"{name} ({setting})")
                else:
                    kept.append(f"{name} ({setting})")
                    no_error = error is None or group or name not in _MEANS
                    yield {
                        "setting": setting,
                        "metric": name,
                        "direction": direction_of(name),
                        "score": value,
                        "n": size,
                        "stderr": math.nan if no_error else error,
                    }
        if samples.invalid:
            told = f"{samples.invalid:,} of {samples.total:,} samples are marked invalid: left out of what "
            told += "is computed here"
            told += f", as is the log's own {', '.join(left)}, which counts them" if left else ""
            told += f"; {', '.join(kept)}, reported by the log, still count them" if kept else ""
            self.notes.append(told)

    @property
    def unfinished(self) -> str:
        """A note on samples without a score, of a log that has only results; ``""`` where there are none."""
        total, done = (_count(self._results.get(f"{k}_samples")) for k in ("total", "completed"))
        left = f"{total - done:,} of {total:,} samples ended with an error or not at all"
        return left if done < total else ""

    def _items(self, entry: Mapping[str, Any], scored: set[str], items: set[str]) -> float:
        """Number of items scored (not of samples: an item sampled in five epochs is one)."""
        config = self.about.get("config")
        epochs = _count(config.get("epochs") if isinstance(config, dict) else None) or 1
        total = _count(self._results.get("completed_samples")) or _count(
            self._results.get("total_samples")
        )
        most = len(items) or (total // epochs if total and total % epochs == 0 else 0)
        stated = _count(entry.get("scored_samples"))
        if stated:  # of a metric over all epochs: samples
            return float(min(stated, most) if most else stated)
        return float(len(scored) or (most if not items else 0)) or math.nan


def _planned(scorers: Any) -> Iterator[tuple[str, str, list[str]]]:
    """Scorer, part and names of metrics, as the log's header plans them: all that a broken-off run has."""
    for scorer in scorers if isinstance(scorers, list) else ():
        if not isinstance(scorer, dict):
            continue
        metrics = scorer.get("metrics")
        listed = metrics if isinstance(metrics, list) else [metrics]
        whole = [_last(plain(m["name"])) for m in listed if isinstance(m, dict) and isinstance(m.get("name"), str)]  # fmt: skip
        name = _last(plain(scorer.get("name") or ""))
        if whole:
            yield name, "", whole
        for parts in listed:
            for part, inside in parts.items() if isinstance(parts, dict) else ():
                if isinstance(inside, list):
                    found = [m.get("name") for m in inside if isinstance(m, dict)]
                    yield name, plain(part), [_last(plain(m)) for m in found if m]


def _grouped(
    name: str, metric: Mapping[str, Any], value: float, grades: list[Grade], n: float
) -> tuple[str, str, float]:
    """Group, metric and number of items of a reported metric; the group is ``""`` where it is of all."""
    params = metric.get("params")
    params = params if isinstance(params, dict) else {}
    label = plain(metric.get("name") or name)
    key = params.get("group_key")
    if isinstance(key, str):
        base = params.get("metric")
        base = base.get("name") if isinstance(base, dict) else base
        base = _last(plain(base)) if base else name
        if label == params.get("all_label", "all"):
            return f"{plain(key)}={label}", base, math.nan if params.get("all") == "groups" else n
        members = {g.item for g in grades if g.groups.get(key) == label}
        return f"{plain(key)}={label}", base, float(len(members)) or math.nan
    if direction_of(name):
        return "", name, n
    # Older versions do not say what a group is: the samples show it.
    keys = {k for g in grades for k, v in g.groups.items() if v == label}
    if len(keys) != 1:
        return "", name, n
    (key,) = keys
    inside = [g for g in grades if g.groups.get(key) == label]
    items = float(len({g.item for g in inside}))
    if math.isclose(sum(g.score for g in inside) / len(inside), value, abs_tol=1e-6):
        return f"{key}={label}", "accuracy" if inside[0].letter else "mean", items
    return "", name, items


def _is_spread(name: str) -> bool:
    """Whether a metric is how far others spread: ``stderr``, ``easy_stderr``, ``stderr_easy``."""
    bare = name.rstrip("0123456789_-")
    return bare in _SPREAD or bare.endswith("_stderr") or bare.startswith("stderr_")


def _finite(metric: Any) -> float | None:
    value = number(metric.get("value")) if isinstance(metric, dict) else None
    return value if value is not None and math.isfinite(value) else None


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _last(name: str) -> str:
    """A name without the package it is of."""
    return name.rpartition("/")[2]
