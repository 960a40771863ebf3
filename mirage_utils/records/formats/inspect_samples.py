"""Samples of Inspect's logs: what every scorer gave every one of them, and what cannot be used."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..values import number
from .asking import asked_of
from .collecting import field_of, fields_of

__all__ = ["Grade", "Samples", "plain", "read_samples"]

# Grades as Inspect counts them: correct, partial, incorrect, no answer.
_LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_ATTACHED = "attachment://"
_MOST = 1 << 31


class Grade(NamedTuple):
    """One value that a scorer gave a sample.

    Attributes
    ----------
    item, epoch : str, int
    scorer, part : str
        A scorer may give several values by name, its parts; ``""`` where it gives one.
    score : float
    letter : bool
        It is a grade such as ``"C"``, whose mean is an accuracy.
    target, output, answer : str or None
        The answer is what the scorer took out of the output.
    groups : dict of str to str
        Metadata of the sample that metrics by group may be about.
    valid : bool
        False where somebody marked the sample as not to be used.
    cluster : str or None
        What its metadata say under the name by which items are clustered.
    asked : str or None
        What tells its question from others.
    """

    item: str
    epoch: int
    scorer: str
    part: str
    score: float
    letter: bool
    target: str | None
    output: str | None
    answer: str | None
    groups: Mapping[str, str]
    valid: bool
    cluster: str | None = None
    asked: str | None = None


@dataclass
class Samples:
    """All samples of a log.

    Attributes
    ----------
    grades : list of Grade
    open : list of tuple
        Item, epoch, target, output, cluster and question of samples that no scorer looked at.
    items : set of str
        All items, however their samples ended.
    scored : dict of (str, str) to set of str
        Items to which a scorer gave a value, by scorer and part.
    total, invalid, usable : int
        Samples, those marked as not to be used, and those that are neither that nor ended with an error unscored.
    lists : Counter of str
        Values that are lists, by scorer.
    fields : dict of str to None
        Names in the metadata of samples.
    notes : list of str
        What is left out.
    """

    grades: list[Grade] = field(default_factory=list)
    open: list[tuple[str, int, str | None, str | None, str | None, str | None]] = field(
        default_factory=list
    )
    items: set[str] = field(default_factory=set)
    scored: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    total: int = 0
    invalid: int = 0
    usable: int = 0
    lists: Counter[str] = field(default_factory=Counter)
    fields: dict[str, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_samples(
    samples: Iterable[tuple[str, Any]],
    groups: Collection[str] = (),
    cluster_by: str = "",
    questions: bool = False,
) -> Samples:
    """What the samples of a log hold.

    Parameters
    ----------
    samples : iterable of (str, object)
        Name and content.
    groups : collection of str
        Names that may be groups of samples: values of their metadata.
    cluster_by : str
        Name in their metadata by which samples are clustered; ``""`` for none.
    questions : bool
        Whether what tells their questions apart is kept.
    """
    found = Samples()
    seen: set[tuple[str, int]] = set()
    count: Counter[str] = Counter()
    nan, unknown = Counter[str](), Counter[str]()
    nameless = twice = ""
    for where, sample in samples:
        found.total += 1
        item, epoch = _named(sample)
        if item is None:
            count["nameless"] += 1
            nameless = nameless or where
            continue
        if (item, epoch) in seen:
            count["twice"] += 1
            twice = twice or item
            continue
        seen.add((item, epoch))
        found.items.add(item)
        scores = sample.get("scores") or {}
        if not isinstance(scores, dict):
            count["odd"] += 1
            scores = {}
        errored, valid = sample.get("error") is not None, sample.get("invalidation") is None
        count["error"] += errored
        count["error, scored"] += errored and bool(scores)
        found.invalid += not valid
        found.usable += valid and not (errored and not scores)
        target, several = _target(sample.get("target"))
        count["several"] += several
        output = _output(sample)
        about = _groups(sample.get("metadata"), groups)
        cluster = field_of(sample.get("metadata"), cluster_by) if cluster_by else None
        asked = asked_of({k: sample.get(k) for k in ("input", "choices")}) if questions else None
        if cluster_by:
            found.fields |= dict.fromkeys(fields_of(sample.get("metadata")))
        for name, score in scores.items():
            scorer = plain(name)
            answer = score.get("answer") if isinstance(score, dict) else None
            answer = None if answer is None else plain(answer)
            for part, value in _parts(score):
                grade = _grade(value)
                if grade is not None and math.isnan(grade):
                    nan[scorer] += 1
                    continue
                found.scored.setdefault((scorer, part), set()).add(item)
                if grade is None or math.isinf(grade):
                    (found.lists if isinstance(value, list) else unknown)[scorer] += 1
                    continue
                letter = isinstance(value, bool) or number(value) is None
                found.grades.append(
                    Grade(item, epoch, scorer, part, grade, letter, target, output, answer, about, valid, cluster, asked)
                )  # fmt: skip
        if not scores and not errored and valid:
            found.open.append((item, epoch, target, output, cluster, asked))
    of = f"of {found.total:,} samples"
    told = (
        (count["error"], f"{count['error']:,} {of} ended with an error" + _all_the_same(count)),
        (count["nameless"], f"{count['nameless']:,} {of} left out: no sample, or without a name ({nameless})"),
        (count["twice"], f"{count['twice']:,} {of} left out: item {twice!r} stands twice in one epoch"),
        (count["odd"], f"scores of {count['odd']:,} {of} cannot be read: left out"),
        (count["several"], f"several right answers, or none in words, in {count['several']:,} {of}: answers to "
         "them are not graded anew"),
    )  # fmt: skip
    found.notes += [note for number_of, note in told if number_of]
    for what, counts in (
        ("values of NaN: samples that were not scored", nan),
        ("grades of no known kind, left out", unknown),
    ):
        found.notes += [f"{scorer}: {n:,} {what}" for scorer, n in counts.items()]
    return found


def _all_the_same(count: Mapping[str, int]) -> str:
    scored = count["error, scored"]
    return f"; {scored:,} of them scored all the same, as the log counts them" if scored else ""


def plain(value: Any) -> str:
    """A value as text that every encoding can hold (JSON may have half a character)."""
    text = value if isinstance(value, str) else str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _named(sample: Any) -> tuple[str | None, int]:
    if not isinstance(sample, dict):
        return None, 0
    item, epoch = sample.get("id"), sample.get("epoch", 1)
    fits = isinstance(item, (str, int, float)) and not isinstance(item, bool) and item != ""
    counted = isinstance(epoch, int) and not isinstance(epoch, bool) and 0 <= epoch < _MOST
    return (plain(item), epoch) if fits and counted else (None, 0)


def _target(value: Any) -> tuple[str | None, bool]:
    """The one right answer in words, and whether there are others than one."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, (str, int, float)):
        return plain(value), False
    return None, value is not None


def _groups(metadata: Any, names: Collection[str]) -> dict[str, str]:
    if not names or not isinstance(metadata, dict):
        return {}
    scalars = {
        str(k): str(v) for k, v in metadata.items() if v is None or isinstance(v, (str, int, float))
    }
    return {key: value for key, value in scalars.items() if value in names}


def _parts(score: Any) -> Iterator[tuple[str, Any]]:
    value = score.get("value") if isinstance(score, dict) else score
    if isinstance(value, dict) and value:
        for name, one in value.items():
            yield plain(name), one
    else:
        yield "", value


def _grade(value: Any) -> float | None:
    """A grade as Inspect counts it; None where it is none."""
    if isinstance(value, str):
        known = _LETTERS.get(value, _WORDS.get(value.lower()))
        if known is not None:
            return known
    return number(value)


def _output(sample: dict[str, Any]) -> str | None:
    output = sample.get("output")
    if not isinstance(output, dict):
        return None
    choices = output.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    content = message.get("content") if isinstance(message, dict) else output.get("completion")
    if isinstance(content, list):  # parts: reasoning, text, pictures
        texts = [p["text"] for p in content if isinstance(p, dict) and isinstance(p.get("text"), str)]  # fmt: skip
        content = "".join(texts)
    if not isinstance(content, str):
        return None
    attached = sample.get("attachments")
    if content.startswith(_ATTACHED) and isinstance(attached, dict):
        content = attached.get(content.removeprefix(_ATTACHED), content)
    return plain(content)
