"""The decision table: what is known of a curve, and the rules that are asked in turn for its verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from ..curves import Curve
from ..evidence import Gentle, Leap, Question, Runs, Smooth, closest, gentle, kind_of, runs, smooth
from ..evidence.emergence import adjust
from .wording import asked_of_runs, count, p_text, size_text

__all__ = ["LEAP", "MIN_SIZES", "RULES", "VERDICTS", "Case", "Rule", "decide"]

Verdict = Literal[
    "no leap", "too few sizes", "metric effect", "resolution effect",
    "not explained by the metric", "cannot tell",
]  # fmt: skip
VERDICTS: tuple[Verdict, ...] = Verdict.__args__  # type: ignore[attr-defined]
"""What can be said of a curve, in these words."""

MIN_SIZES = 4
"""Fewer sizes make a leap of any rise."""
LEAP = 0.5
"""A curve leaps if one step makes this share of its range."""
_EARLY = 0.25
"""A gentler metric sees what the other hides if, before the leap, it makes a share of its rise that is so much larger."""
_GAP = 0.5
"""Runs of one size differ in kind if a gap between them is this share of the range."""
_MIN_RUNS = 4
"""Fewer runs of a size show no gap."""
_MANY_RUNS = 10
"""Of so many runs, evenly spread, one in a hundred leaves such a gap; of four, one in five."""
_WIDE = 2
"""A step over so many median decades from size to size may be a hole in the ladder."""
_HIDDEN = 0.5
"""Items are too few if they hide the smooth law at this share of the sizes below the leap."""


@dataclass(frozen=True, eq=False)
class Case:
    """One curve and everything the rules may ask about it, worked out when it is first asked for.

    Attributes
    ----------
    question : Question
        With the other metrics of the same answers.
    curve : Curve
    leap : Leap
    rise : float
        ``leap.rise_p``, corrected over all curves of the audit; nan for a curve that cannot leap.
    level : float
        Error rate of every test.
    seed : int
    """

    question: Question
    curve: Curve
    leap: Leap
    rise: float
    level: float
    seed: int = field(default=0, repr=False)

    @cached_property
    def runs(self) -> Runs:
        """The runs of each size, and the widest gap between them."""
        return runs(self.curve)

    @cached_property
    def closest(self) -> tuple[str, float] | None:
        """The gentler metric under which those runs lie closest together, and their gap there."""
        return closest(self.question, self.curve.metric, self.runs.scale)

    @cached_property
    def gentle(self) -> tuple[Gentle, ...]:
        """What the gentler metrics of the same answers did before and at the leap."""
        return tuple(gentle(self.question, self.curve.metric, self.leap.at))

    @cached_property
    def witnesses(self) -> list[Gentle]:
        """Gentler metrics that count: a forecast's score also improves when a model is only less sure."""
        return [g for g in self.gentle if g.skilled or g.kind != "forecast"]

    @cached_property
    def seen(self) -> float:
        """Share of the rise that the curve itself shows before the leap."""
        y = self.curve.up
        rise = float(y[-1] - y[0])
        return max(float(y[self.leap.at] - y[0]) / rise, 0.0) if rise > 0 else 0.0

    @cached_property
    def early(self) -> list[Gentle]:
        """The witnesses that rose before the leap, beyond chance, and by more than the curve itself shows."""
        known = adjust(np.array([g.early_p for g in self.witnesses]))
        return [
            g
            for g, p in zip(self.witnesses, known, strict=True)
            if g.early - self.seen >= _EARLY and (p <= self.level if p == p else g.steady)
        ]

    @cached_property
    def law(self) -> Smooth | None:
        """The curve against a smooth loss; None without counts of items."""
        return smooth(self.curve, self.leap.at, seed=self.seed)

    @property
    def smooth(self) -> Smooth:
        """`law`, for the rules below the one that asks whether there are counts."""
        assert self.law is not None
        return self.law

    @property
    def usual_step(self) -> bool:
        """Whether the leap's step from size to size is about as wide as the others."""
        steps = np.diff(np.log(self.curve.scale))
        return bool(steps[self.leap.at] <= _WIDE * np.median(steps))

    @property
    def step(self) -> str:
        """The leap in words."""
        below, above = self.curve.scale[self.leap.at : self.leap.at + 2]
        return f"{self.leap.share:.0%} of the range lies between {size_text(below)} and {size_text(above)}"

    @property
    def fits(self) -> str:
        """The smooth law in words, where it fits."""
        return f"a smooth loss fits ({p_text(self.smooth.gentle_p)})"


@dataclass(frozen=True)
class Rule:
    """One row of the decision table.

    Attributes
    ----------
    name : str
        What findings cite.
    words : str
        The condition, for readers.
    condition : callable
        Whether the rule decides a `Case`, given that none above it does.
    verdict : str
        One of `VERDICTS`.
    evidence : callable
        Of a `Case`: what the verdict rests on, a sentence with numbers.
    settle : callable
        Of a `Case`: what would settle it, or strengthen it.
    """

    name: str
    words: str
    condition: Callable[[Case], bool] = field(repr=False)
    verdict: Verdict
    evidence: Callable[[Case], str] = field(repr=False)
    settle: Callable[[Case], str] = field(repr=False)

    @property
    def leaps(self) -> bool:
        """Whether the curves that it decides leap: all below the rule that asks for a large step."""
        names = [rule.name for rule in RULES]
        return names.index(self.name) > names.index("no large step")


def decide(case: Case) -> Rule:
    """The first rule whose condition holds."""
    return next(rule for rule in RULES if rule.condition(case))


# -- what the rules say ------------------------------------------------------------------------------


def _always(text: str) -> Callable[[Case], str]:
    return lambda _: text


_ANSWERS = _always(
    "outputs or log-probabilities of each item, to see the same answers under a gentler metric"
)
_RUNS = _always("several runs a size, and sizes in between")


def _few_sizes(case: Case) -> str:
    m = len(case.curve)
    return f"{m} size{'s' * (m != 1)} only"


def _no_rise(case: Case) -> str:
    return f"no rise beyond chance ({p_text(case.rise)} after correction, {len(case.curve)} sizes)"


def _kinds(case: Case) -> bool:
    spread = case.runs
    apart = kind_of(case.curve.metric) == "loss" or bool(case.closest and case.closest[1] >= _GAP)
    return spread.gap >= _GAP and spread.low + spread.high >= _MANY_RUNS and apart


def _runs_differ(case: Case) -> str:
    spread, other = case.runs, case.closest
    more = f"by {other[0]} the gap is {other[1]:.0%}" if other else "there is no gentler metric"
    return (
        f"{case.step}; at {size_text(spread.scale)} {spread.low} of {spread.low + spread.high} runs lie "
        f"below a gap of {spread.gap:.0%} of the range; {more}"
    )


def _best(case: Case) -> Gentle:
    return max(case.early, key=lambda g: (g.skilled, g.early))


def _rose_before(case: Case) -> str:
    best = _best(case)
    bare = "" if best.early_p == best.early_p else "; its uncertainty is not known"
    return (
        f"{case.step}; by {best.metric}{' (skill)' * best.skilled} {best.early:.0%} of the rise was "
        f"made before ({p_text(best.early_p)}){bare}"
    )


def _leap_too(case: Case) -> str:
    least = min(case.witnesses, key=lambda g: g.at_leap)
    return (
        f"{case.step}; and so does every gentler metric: {least.metric} makes {least.at_leap:.0%} of "
        "its rise there"
    )


def _undecided(case: Case) -> str:
    g = max(case.witnesses, key=lambda g: g.early)
    return (
        f"{case.step}; {g.metric} made {g.early:.0%} of its rise before and {g.at_leap:.0%} there"
    )


def _refuted(case: Case) -> str:
    law = case.smooth
    bad = (
        "no power law of the loss fits"
        if law.p <= case.level
        else f"a smooth loss does not fit: it would have to fall as N to the -{law.alpha:.2g}"
    )
    return f"{case.step}; {bad} ({p_text(law.gentle_p)})"


def _steep(case: Case) -> str:
    return (
        f"{case.step}; {case.fits}, and goes from 10 to 90% within {case.smooth.width:.1f} decades where "
        f"sizes are {case.smooth.spacing:.1f} apart"
    )


def _hidden(case: Case) -> str:
    law = case.smooth
    return (
        f"{case.step}; {case.fits}, and at {law.hidden:.0%} of the sizes below gives less than the items "
        f"can show: {law.predicted:.1g} at {size_text(law.darkest)}, with {law.seen_from:.1g} to be seen"
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "few sizes",
        f"there are fewer than {MIN_SIZES} sizes",
        lambda c: len(c.curve) < MIN_SIZES,
        "too few sizes",
        _few_sizes,
        _always(f"at least {MIN_SIZES} sizes, better eight"),
    ),
    Rule(
        "direction unknown",
        "it is not known whether more or less is better",
        lambda c: not c.curve.direction,
        "cannot tell",
        _always("the direction of this metric is not known"),
        _always("a column 'direction' in the file, or --direction METRIC=lower"),
    ),
    Rule(
        "no rise",
        "nothing rises beyond chance, after Holm's correction over all curves",
        lambda c: not c.rise <= c.level,
        "no leap",
        _no_rise,
        lambda c: "more items" if c.curve.n is not None else "the number of items",
    ),
    Rule(
        "runs differ in kind",
        f"some size has {_MANY_RUNS} runs or more, with a gap of {_GAP:.0%} of the range between them under every gentler "
        "metric too (or this is the loss)",
        _kinds,
        "not explained by the metric",
        _runs_differ,
        _always("more runs a size: the share of runs that make it may change smoothly"),
    ),
    Rule(
        "runs far apart",
        f"some size has {_MIN_RUNS} runs or more with such a gap, which few runs or a harsh metric make too",
        lambda c: c.runs.low + c.runs.high >= _MIN_RUNS and c.runs.gap >= _GAP,
        "cannot tell",
        _runs_differ,
        lambda c: asked_of_runs(c.question, c.runs.low + c.runs.high, _MANY_RUNS),
    ),
    Rule(
        "no large step",
        f"no step makes {LEAP:.0%} of the range",
        lambda c: c.leap.share < LEAP,
        "no leap",
        lambda c: f"rises, and no step makes half of it: at most {c.step}",
        _always("nothing"),
    ),
    Rule(
        "leap at the first step",
        "the largest step is the first: nothing is known of what came before",
        lambda c: c.leap.at == 0,
        "too few sizes",
        lambda c: f"{c.step}, the smallest two sizes",
        _always("smaller models"),
    ),
    Rule(
        "the loss leaps",
        f"the curve is itself a loss of the right answers, and its step is no wider than {_WIDE} usual ones",
        lambda c: kind_of(c.curve.metric) == "loss" and c.usual_step,
        "not explained by the metric",
        lambda c: (
            f"{c.step}; this is the loss itself, and no metric stands between it and the models"
        ),
        _RUNS,
    ),
    Rule(
        "gentler metric rose before",
        f"before the leap a gentler metric of the same outputs (or the loss) made {_EARLY:.0%} more of its rise than "
        "this one, beyond chance",
        lambda c: bool(c.early),
        "metric effect",
        _rose_before,
        lambda c: (
            "nothing more" if _best(c).skilled else "outputs or log-probabilities of each item"
        ),
    ),
    Rule(
        "gentler metrics leap too",
        f"all gentler metrics that rise make {LEAP:.0%} of their rise in that same step",
        lambda c: bool(c.witnesses) and all(g.at_leap >= LEAP for g in c.witnesses),
        "not explained by the metric",
        _leap_too,
        _RUNS,
    ),
    Rule(
        "gentler metrics undecided",
        "there are gentler metrics, and neither holds",
        lambda c: bool(c.witnesses),
        "cannot tell",
        _undecided,
        _always("sizes in between, and more items"),
    ),
    Rule(
        "no counts",
        "there is no gentler metric, and no count of right answers either",
        lambda c: c.law is None,
        "cannot tell",
        lambda c: f"{c.step}; one metric, and no counts of items",
        _ANSWERS,
    ),
    Rule(
        "smooth loss refuted",
        "the counts refute a loss that falls no faster than 1/N",
        lambda c: c.smooth.gentle_p <= c.level,
        "cannot tell",
        _refuted,
        _ANSWERS,
    ),
    Rule(
        "steep between sizes",
        "that loss fits, and its way from 10 to 90 per cent is shorter than two steps from size to size",
        lambda c: c.smooth.width < 2 * c.smooth.spacing,
        "too few sizes",
        _steep,
        _always("sizes in between"),
    ),
    Rule(
        "hidden by few items",
        "that loss fits, and at half of the sizes below the leap or more the items are too few to show "
        "what it gives there",
        lambda c: c.smooth.hidden >= _HIDDEN,
        "resolution effect",
        _hidden,
        lambda c: f"{count(c.smooth.items)} items, or log-probabilities of the right answers",
    ),
    Rule(
        "smooth loss fits",
        "that loss fits, with items enough",
        lambda _: True,
        "metric effect",
        lambda c: f"{c.step}; {c.fits}, with items enough",
        _ANSWERS,
    ),
)
"""The decision table: the first rule whose condition holds decides."""
