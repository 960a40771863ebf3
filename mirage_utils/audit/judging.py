"""From evidence to a verdict: the decision table, and an audit of everything that was gathered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from os import PathLike
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..curves import Curve
from ..emergence import adjust
from ..errors import as_array, require
from ..evidence import (
    Emergence,
    Foretold,
    Gentle,
    Leap,
    Lengths,
    Question,
    Runs,
    Smooth,
    curves_of,
    emergences,
    foretold,
    gentle,
    kind_of,
    leap,
    one_line,
    runs,
    smooth,
)
from ..plots import size_label
from ..records.gathering import Gathered, gather

__all__ = ["RULES", "VERDICTS", "Audit", "Finding", "audit", "judge"]

Verdict = Literal[
    "no leap", "too few sizes", "metric effect", "resolution effect",
    "not explained by the metric", "cannot tell",
]  # fmt: skip
VERDICTS: tuple[Verdict, ...] = Verdict.__args__  # type: ignore[attr-defined]

MIN_SIZES = 4
"""Fewer sizes make a leap of any rise."""
LEAP = 0.5
"""A curve leaps if one step makes this share of its range."""
EARLY = 0.25
"""A gentler metric sees what the other hides if it makes this share of its rise before the leap."""
GAP = 0.5
"""Runs of one size differ in kind if a gap between them is this share of the range."""
MIN_RUNS = 4
"""Fewer runs of a size show no gap."""
WIDE = 2
"""A step over so many median decades from size to size may be a hole in the ladder."""

RULES: tuple[tuple[str, Verdict], ...] = (
    (f"fewer than {MIN_SIZES} sizes", "too few sizes"),
    ("it is not known whether more or less is better", "cannot tell"),
    ("nothing rises beyond chance, after Holm's correction over all curves", "no leap"),
    (
        f"some size has {MIN_RUNS} runs or more with a gap of {GAP:.0%} of the range between them",
        "not explained by the metric",
    ),
    (f"no step makes {LEAP:.0%} of the range", "no leap"),
    ("the largest step is the first: nothing is known of what came before", "too few sizes"),
    (
        f"the curve is itself a loss of the right answers, and its step is no wider than {WIDE} usual ones",
        "not explained by the metric",
    ),
    (
        f"a gentler metric of the same outputs (or the loss) made {EARLY:.0%} of its rise before the "
        "leap, beyond chance",
        "metric effect",
    ),
    (
        f"all gentler metrics that rise make {LEAP:.0%} of their rise in the very step",
        "not explained by the metric",
    ),
    ("there are gentler metrics, and neither holds", "cannot tell"),
    (
        "without them: a loss that falls no faster than 1/N is refuted by the counts, or there are no "
        "counts",
        "cannot tell",
    ),
    (
        "that loss fits, and its way from 10 to 90 per cent is shorter than two steps from size to size",
        "too few sizes",
    ),
    (
        "that loss fits, and at half of the sizes below the leap or more the items are too few to show "
        "what it gives there",
        "resolution effect",
    ),
    ("that loss fits, with items enough", "metric effect"),
)  # fmt: skip
"""The decision table: the first condition that holds decides."""
_LEAPS = 5
"""Later rules are about curves that leap."""


@dataclass(frozen=True)
class Finding:
    """The verdict on one curve, with everything it rests on.

    Attributes
    ----------
    family, task, metric : str
        The task with its setting.
    verdict : str
        One of `VERDICTS`.
    rule : int
        Which row of `RULES` decided, from 1.
    evidence : str
        In a sentence, with numbers.
    settle : str
        What would settle it, or strengthen it.
    curve, leap, gentle, runs, smooth
        See `mirage_utils.evidence`; None where it could not be had or was not needed.
    foretold : Foretold, optional
        The largest model, on every curve of a question of which one curve leaps. This, and what follows,
        no verdict depends on.
    emergence : Emergence, optional
        The emergence score and how often chance or a smooth law does as well.
    lengths : Lengths, optional
        Of exact match: whether one straight line holds for answers of all lengths. It does not part a leap
        of every symbol at once from one of the metric.
    """

    family: str
    task: str
    metric: str
    verdict: Verdict
    rule: int
    evidence: str
    settle: str
    curve: Curve = field(repr=False)
    leap: Leap = field(repr=False)
    gentle: tuple[Gentle, ...] = field(repr=False)
    runs: Runs = field(repr=False)
    smooth: Smooth | None = field(repr=False)
    foretold: Foretold | None = field(repr=False, default=None)
    emergence: Emergence | None = field(repr=False, default=None)
    lengths: Lengths | None = field(repr=False, default=None)


@dataclass(frozen=True)
class Audit:
    """Verdicts on every curve of an evaluation.

    Attributes
    ----------
    findings : tuple of Finding
    questions : tuple of Question
    gathered : Gathered
    level : float
    notes : tuple of str
        What was left out of the files or of the curves, merged or assumed.
    """

    findings: tuple[Finding, ...]
    questions: tuple[Question, ...] = field(repr=False)
    gathered: Gathered = field(repr=False)
    level: float
    notes: tuple[str, ...] = field(repr=False, default=())

    @property
    def verdicts(self) -> pd.DataFrame:
        """Columns ``family, task, metric, verdict, evidence``, one row a curve."""
        names = ("family", "task", "metric", "verdict", "evidence")
        return pd.DataFrame(
            [[getattr(f, n) for n in names] for f in self.findings], columns=list(names)
        )

    @property
    def curves(self) -> pd.DataFrame:
        """Every point of every curve: the columns of ``verdicts`` but the last two, then ``params, score,
        n, error, skill, skill_error, runs``.
        """
        rows = [
            [
                f.family, f.task, f.metric, t.scale[i], t.score[i], None if t.n is None else t.n[i],
                t.error[i], t.skill[i], t.skill_error[i], t.n_runs[i],
            ]
            for f in self.findings
            for t in (f.curve,)
            for i in range(len(t))
        ]  # fmt: skip
        names = "family task metric params score n error skill skill_error runs"
        return pd.DataFrame(rows, columns=names.split())

    def count(self) -> dict[str, int]:
        """How many curves have each verdict."""
        return {v: sum(f.verdict == v for f in self.findings) for v in VERDICTS}

    def numbers(self) -> dict[str, Any]:
        """Every number behind the verdicts, as plain values for JSON (nan as None)."""
        made = []
        for f in self.findings:
            t = f.curve
            made.append(
                {
                    "family": f.family, "task": f.task, "metric": f.metric, "verdict": f.verdict,
                    "rule": f.rule, "evidence": f.evidence, "settle": f.settle,
                    "direction": t.direction, "graded": t.graded, "scale": t.scale, "score": t.score,
                    "error": t.error, "n": t.n, "skill": t.skill, "skill_error": t.skill_error,
                    "runs": t.n_runs, "leap": asdict(f.leap),
                    "gentle": [asdict(g) for g in f.gentle], "seeds": asdict(f.runs),
                    "smooth": asdict(f.smooth) if f.smooth else None,
                    "foretold": asdict(f.foretold) if f.foretold else None,
                    "emergence": asdict(f.emergence) if f.emergence else None,
                    "lengths": asdict(f.lengths) if f.lengths else None,
                }
            )  # fmt: skip
        g = self.gathered
        return _plain(
            {
                "level": self.level, "files": g.files, "records": g.records,
                "refused": [list(r) for r in g.refused], "notes": list(self.notes),
                "models_without_size": list(g.unknown_models),
                "rules": [list(r) for r in RULES], "verdicts": self.count(), "curves": made,
            }
        )  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return [_plain(v) for v in value.tolist()]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None if value != value else ("Infinity" if value > 0 else "-Infinity")
    return value


def audit(
    source: str | PathLike[str] | Gathered,
    *,
    level: float = 0.05,
    seed: int = 0,
    progress: Callable[[Iterable[Any], int], Iterable[Any]] | None = None,
    **options: Any,
) -> Audit:
    """Say of every curve of an evaluation whether it leaps, and what makes it leap.

    Parameters
    ----------
    source : path-like or Gathered
        File or folder of results, or what `gather` made of one.
    level : float
        Error rate of every test, in (0, 1); Holm's correction is made over all curves.
    seed : int
    progress : callable, optional
        As for `gather`, and then for the curves, as for `judge`.
    **options
        As for `gather`.

    Raises
    ------
    FieldError, EvalFileError
        As `gather`.
    """
    level = float(as_array("level", level, low=0, high=1, open_low=True))
    require(level < 1, "level", level, "a number between 0 and 1")
    gathered = (
        source
        if isinstance(source, Gathered)
        else gather(source, seed=seed, progress=progress, **options)
    )
    made = curves_of(gathered.scores, gathered.lengths)
    judged = judge(made.questions, level=level, seed=seed, progress=progress)
    notes = (*gathered.notes, *made.notes, *made.undirected)
    return Audit(judged, made.questions, gathered, level, notes)


def judge(
    asked: Sequence[Question],
    *,
    level: float = 0.05,
    seed: int = 0,
    thorough: bool = True,
    progress: Callable[[Iterable[Any], int], Iterable[Any]] | None = None,
) -> tuple[Finding, ...]:
    """Verdicts on every curve of some questions; see `audit`.

    Parameters
    ----------
    asked : sequence of Question
    level, seed
        As for `audit`.
    thorough : bool
        Whether to gather what no verdict depends on too: emergence scores, forecasts of the largest models,
        one line for all lengths, and the smooth law where a gentler metric decides.
    progress : callable, optional
        Wraps the curves as they are judged: ``progress(iterable, number)``.
    """
    pairs = [(question, curve) for question in asked for curve in question.curves.values()]
    leaps = [leap(curve) for _, curve in pairs]
    # A curve that cannot leap is no attempt at finding one.
    tried = np.array(
        [
            one.rise_p if len(t) >= MIN_SIZES and t.direction else np.nan
            for (_, t), one in zip(pairs, leaps, strict=True)
        ]
    )
    rise = adjust(tried) if len(tried) else tried
    findings = [
        _finding(question, curve, found, float(p), level, seed)
        for (question, curve), found, p in zip(pairs, leaps, rise, strict=True)
    ]
    if not thorough:
        return tuple(findings)
    # What follows takes most of the time.
    turns = range(len(pairs)) if progress is None else progress(range(len(pairs)), len(pairs))
    scores = emergences(
        [t if np.isfinite(p) else None for (_, t), p in zip(pairs, tried, strict=True)]
    )
    leaping = {id(q) for (q, _), f in zip(pairs, findings, strict=True) if f.rule > _LEAPS}

    def fuller(i: int) -> Finding:
        (question, curve), f = pairs[i], findings[i]
        law = (
            smooth(curve, f.leap.at, seed=seed)
            if not f.smooth and f.rule > _LEAPS + 1
            else f.smooth
        )
        return replace(
            f,
            smooth=law,
            foretold=foretold(curve) if id(question) in leaping and curve.direction else None,
            emergence=scores[i],
            lengths=one_line(question.lengths) if curve.metric == "exact_match" else None,
        )

    return tuple(fuller(i) for i in turns)


def _finding(
    question: Question,
    curve: Curve,
    found: Leap,
    rise: float,
    level: float,
    seed: int,
) -> Finding:
    spread = runs(curve)
    others: tuple[Gentle, ...] = ()
    law: Smooth | None = None

    def made(rule: int, evidence: str, settle: str) -> Finding:
        return Finding(
            question.family, question.name, curve.metric, RULES[rule - 1][1], rule, evidence, settle,
            curve, found, others, spread, law,
        )  # fmt: skip

    m = len(curve)
    if m < MIN_SIZES:
        return made(
            1, f"{m} size{'s' * (m != 1)} only", f"at least {MIN_SIZES} sizes, better eight"
        )
    if not curve.direction:
        return made(
            2, "the direction of this metric is not known", "a column 'direction' in the file"
        )
    if not rise <= level:
        return made(
            3, f"no rise beyond chance ({p_text(rise)} after correction, {m} sizes)",
            _more_items(curve),
        )  # fmt: skip
    below, above = curve.scale[found.at], curve.scale[found.at + 1]
    step = f"{found.share:.0%} of the range lies between {_size(below)} and {_size(above)}"
    if spread.most >= MIN_RUNS and spread.gap >= GAP:
        return made(
            4, f"{step}; at {_size(spread.scale)} {spread.low} of {spread.low + spread.high} runs lie "
            f"below a gap of {spread.gap:.0%} of the range and {spread.high} above",
            "more runs a size: the share of runs that make it may change smoothly",
        )  # fmt: skip
    if found.share < LEAP:
        return made(5, f"rises, and no step makes half of it: at most {step}", "nothing")
    if found.at == 0:
        return made(6, f"{step}, the smallest two sizes", "smaller models")
    if kind_of(curve.metric) == "loss" and _usual(curve, found.at):
        return made(
            7, f"{step}; this is the loss itself, and no metric stands between it and the models",
            "several runs a size, and sizes in between",
        )  # fmt: skip
    others = tuple(gentle(question, curve.metric, found.at))
    usable = [g for g in others if g.skilled or g.kind != "forecast"]
    if usable:
        known = adjust(np.array([g.early_p for g in usable]))
        early = [
            g for g, p in zip(usable, known, strict=True)
            if g.early >= EARLY and (p <= level if p == p else g.steady)
        ]  # fmt: skip
        if early:
            best = max(early, key=lambda g: (g.skilled, g.early))
            bare = "" if best.early_p == best.early_p else "; its uncertainty is not known"
            return made(
                8, f"{step}; by {best.metric}{' (skill)' * best.skilled} {best.early:.0%} of the rise was "
                f"made before ({p_text(best.early_p)}){bare}",
                "outputs or log-probabilities of each item" if not best.skilled else "nothing more",
            )  # fmt: skip
        if all(g.at_leap >= LEAP for g in usable):
            least = min(usable, key=lambda g: g.at_leap)
            return made(
                9, f"{step}; and so does every gentler metric: {least.metric} makes {least.at_leap:.0%} of "
                "its rise there",
                "several runs a size, and sizes in between",
            )  # fmt: skip
        g = max(usable, key=lambda g: g.early)
        return made(
            10, f"{step}; {g.metric} made {g.early:.0%} of its rise before and {g.at_leap:.0%} there",
            "sizes in between, and more items",
        )  # fmt: skip
    law = smooth(curve, found.at, seed=seed)
    if law is None:
        return made(11, f"{step}; one metric, and no counts of items", _WANTED)
    if law.gentle_p <= level:
        bad = (
            "no power law of the loss fits"
            if law.p <= level
            else f"a smooth loss does not fit: it would have to fall as N to the -{law.alpha:.2g}"
        )
        return made(
            11, f"{step}; {bad} ({p_text(law.gentle_p)})",
            _WANTED,
        )  # fmt: skip
    fits = f"a smooth loss fits ({p_text(law.gentle_p)})"
    if law.width < 2 * law.spacing:
        return made(
            12, f"{step}; {fits}, and goes from 10 to 90% within {law.width:.1f} decades where sizes are "
            f"{law.spacing:.1f} apart",
            "sizes in between",
        )  # fmt: skip
    if law.hidden >= 0.5:
        return made(
            13, f"{step}; {fits}, and at {law.hidden:.0%} of the sizes below gives less than the items can "
            f"show: {law.predicted:.1g} at {_size(law.darkest)}, with {law.seen_from:.1g} to be seen",
            f"{count(law.items)} items, or log-probabilities of the right answers",
        )  # fmt: skip
    return made(14, f"{step}; {fits}, with items enough", _WANTED)


def _usual(curve: Curve, at: int) -> bool:
    """Whether the step after a size is about as wide as others."""
    steps = np.diff(np.log(curve.scale))
    return bool(steps[at] <= WIDE * np.median(steps))


_WANTED = (
    "outputs or log-probabilities of each item, to see the same answers under a gentler metric"
)


def _more_items(curve: Curve) -> str:
    return "more items" if curve.n is not None else "the number of items"


def p_text(value: float) -> str:
    """A p-value, in words of a sentence."""
    if value != value:
        return "p unknown"
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def _size(value: float) -> str:
    return size_label(float(f"{value:.3g}"))


def count(value: float) -> str:
    """A number of items, in words of a sentence."""
    return f"{value:,.0f}" if value < 1e9 else f"{value:.0e}"
