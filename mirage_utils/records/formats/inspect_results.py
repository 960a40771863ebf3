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
from .inspect_metrics import (
    MEANS,
    Extent,
    Metric,
    Planned,
    directions,
    extent,
    last,
    metrics_of,
    options_of,
)
from .inspect_samples import Grade, Samples, plain

__all__ = ["Results", "arguments"]

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
        self._planned = list(_planned(self.about.get("scorers")))
        self._metrics = [
            list(metrics_of(entry, self._plan(*self._of(entry)), by_part=bool(self._of(entry)[1])))
            for entry in self._entries
        ]
        self._names: dict[tuple[str, str, bool], tuple[str, str]] = {}

    def _plan(self, scorer: str, part: str) -> Planned:
        """Metrics that the header plans for a part of a scorer."""
        plans = (m for s, p, m in self._planned if s == scorer and fnmatchcase(part, p))
        return next(plans, ())

    @property
    def groups(self) -> set[str]:
        """Values of samples' metadata that metrics may be about."""
        return {
            name
            for metrics in self._metrics
            for metric in metrics
            if metric.key or not metric.whole
            for name in metric.may_be_of
        }

    @staticmethod
    def _of(entry: Mapping[str, Any]) -> tuple[str, str]:
        """Scorer and part that an entry is of.

        A scorer used twice is called ``match`` and ``match1``; a part is called by its own name.
        """
        name, scorer = (plain(entry.get(k) or "") for k in ("name", "scorer"))
        if not scorer or not name or re.fullmatch(re.escape(last(scorer)) + r"[-_]?\d*", name):
            return name or scorer, ""
        return (name, "") if name == scorer else (last(scorer), name)

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
        both = zip(self._entries, self._metrics, strict=True)
        metrics = [
            last(m.name)
            for entry, found in both
            for m in found
            if self._of(entry) == (scorer, part)
        ]
        metrics = metrics or [name for name, _ in self._plan(scorer, part)]
        if not metrics and part:  # nobody says what it is
            return self.setting(scorer), part
        # Inspect's accuracy is the mean of grades; other numbers may be anything.
        other = "accuracy" if letter else "value"
        return self.setting(scorer, part), next((m for m in MEANS if m in metrics), other)

    def rows(self, samples: Samples) -> Iterator[dict[str, Any]]:
        """The rows of scores, without model, task, run and source.

        Parameters
        ----------
        samples : Samples
            They know how many items were scored, and which of them are in a group.
        """
        replaced = {self.named(g) for g in samples.grades} if samples.invalid else set()
        unusable = self._unusable(samples)
        left, kept, scorers = [], [], set()
        for scorer, row in self._reported(samples):
            told = f"{row['metric']} ({row['setting']})"
            if unusable or (row["setting"], row["metric"]) in replaced:
                left.append(told)
                continue
            kept.append(told)
            scorers.add(scorer)
            yield row
        for scorer, number_of in samples.lists.items():
            stays = "; what the log reports of them stays" if scorer in scorers else ""
            self.notes.append(f"{scorer}: {number_of:,} lists of values, left out{stays}")
        if unusable and (left or samples.invalid):
            told = f"; what the log reports is left out ({', '.join(left)})" if left else ""
            self.notes.append(unusable + told)
        elif samples.invalid:
            told = f"{samples.invalid:,} of {samples.total:,} samples are marked invalid: left out of what "
            told += "is computed here"
            told += f", as is the log's own {', '.join(left)}, which counts them" if left else ""
            told += f"; {', '.join(kept)}, reported by the log, still count them" if kept else ""
            self.notes.append(told)

    def _reported(self, samples: Samples) -> Iterator[tuple[str, dict[str, Any]]]:
        """Scorer and row of every score that the log reports."""
        of: defaultdict[tuple[str, str], list[Grade]] = defaultdict(list)
        for grade in samples.grades:
            of[grade.scorer, grade.part].append(grade)
        seen: dict[tuple[str, str], float] = {}
        for entry, metrics in zip(self._entries, self._metrics, strict=True):
            key = scorer, _ = self._of(entry)
            n = self._items(entry, samples.scored.get(key, set()), samples.items)
            for row in self._rows_of(entry, metrics, [extent(m, of[key], n) for m in metrics]):
                setting, metric, score = row["setting"], row["metric"], row["score"]
                if seen.setdefault((setting, metric), score) == score:
                    yield scorer, row
                else:
                    self.notes.append(
                        f"{setting}: {metric} is reported twice; {score:g} is left out"
                    )

    def _rows_of(
        self, entry: Mapping[str, Any], metrics: list[Metric], extents: list[Extent]
    ) -> Iterator[dict[str, Any]]:
        scorer, part = self._of(entry)
        reducer = plain(entry.get("reducer") or "")
        errors = {m.group: m.finite for m in metrics if m.name == "stderr" and not m.averaged}
        better = directions(metrics, extents)
        for one, its, shown_by_grades in zip(metrics, extents, better, strict=True):
            if one.is_spread:
                continue
            if one.finite is None:
                which = " ".join(filter(None, (scorer, part, one.group)))
                found = one.value.get("value") if isinstance(one.value, dict) else one.value
                self.notes.append(f"{which}: {one.name} has no value ({shown(found)}): left out")
                continue
            # Of one item the program writes an error of 0.
            error = errors.get(one.group) if one.name in MEANS and its.n != 1 else None
            yield {
                "setting": self.setting(scorer, part, one.group, reducer),
                "metric": one.name,
                "direction": direction_of(one.name) or shown_by_grades,
                "score": one.finite,
                "n": its.n,
                "stderr": its.error if error is None else error,
            }

    def _unusable(self, samples: Samples) -> str:
        """Why nothing that the log reports is of any use; ``""`` where something is."""
        if samples.total:
            told = f"none of {samples.total:,} samples can be used: they are marked invalid or ended with an error"
            return told if samples.items and not samples.usable else ""
        total, done = (self._results.get(f"{k}_samples") for k in ("total", "completed"))
        # Samples that ended with an error are scored all the same where that was asked for.
        scored = any(_count(entry.get("scored_samples")) for entry in self._entries)
        none = _count(total) and done == 0 and not scored
        return f"none of {total:,} samples ended without an error" if none else ""

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


def _planned(scorers: Any) -> Iterator[tuple[str, str, Planned]]:
    """Scorer, part and metrics, as the log's header plans them: all that a broken-off run has."""
    for scorer in scorers if isinstance(scorers, list) else ():
        if not isinstance(scorer, dict):
            continue
        metrics = scorer.get("metrics")
        listed = metrics if isinstance(metrics, list) else [metrics]
        name = last(plain(scorer.get("name") or ""))
        if whole := options_of(listed):
            yield name, "", whole
        for parts in listed:
            for part, inside in parts.items() if isinstance(parts, dict) else ():
                if isinstance(inside, list):
                    yield name, plain(part), options_of(inside)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
