"""From evidence to verdicts: every curve of what was gathered, taken through the decision table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from ..curves import Curve
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
    leap,
    one_line,
)
from ..evidence.emergence import adjust
from ..page.reports import plain
from ..records.gathering import Gathered, gather
from .rules import MIN_SIZES, RULES, VERDICTS, Case, Rule, Verdict, decide

__all__ = ["Audit", "Finding", "audit", "judge"]


@dataclass(frozen=True)
class Finding:
    """The verdict on one curve, with everything it rests on.

    Attributes
    ----------
    family, task, metric : str
        The task with its setting.
    verdict : str
        One of `VERDICTS`.
    rule : str
        Name of the rule that decided, the first of `RULES` that holds.
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
    rule: str
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
        """Columns ``family, task, metric, verdict, rule, evidence``, one row a curve."""
        names = ("family", "task", "metric", "verdict", "rule", "evidence")
        return pd.DataFrame(
            [[getattr(f, n) for n in names] for f in self.findings], columns=list(names)
        )

    @property
    def curves(self) -> pd.DataFrame:
        """Every point of every curve: the columns of ``verdicts`` but the last three, then ``params, score,
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
        return plain(
            {
                "level": self.level, "files": g.files, "records": g.records,
                "refused": [list(r) for r in g.refused], "notes": list(self.notes),
                "models_without_size": list(g.unknown_models),
                "rules": [{"name": r.name, "if": r.words, "then": r.verdict} for r in RULES],
                "verdicts": self.count(), "curves": made,
            }
        )  # fmt: skip


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

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "results.csv")
    >>> _ = path.write_text(
    ...     "model,params,task,metric,score,n\\n"
    ...     "small,1e8,sums,exact_match,0.02,500\\n"
    ...     "large,1e10,sums,exact_match,0.61,500\\n"
    ... )
    >>> [finding.verdict for finding in audit(path).findings]
    ['too few sizes']
    >>> folder.cleanup()
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
            one.rise_p if len(c) >= MIN_SIZES and c.direction else np.nan
            for (_, c), one in zip(pairs, leaps, strict=True)
        ]
    )
    rise = adjust(tried) if len(tried) else tried
    cases = [
        Case(question, curve, found, float(p), level, seed)
        for (question, curve), found, p in zip(pairs, leaps, rise, strict=True)
    ]
    decided = [decide(case) for case in cases]
    if not thorough:
        return tuple(map(_finding, cases, decided))
    # What follows takes most of the time.
    turns = range(len(cases)) if progress is None else progress(range(len(cases)), len(cases))
    scores = emergences(
        [c if np.isfinite(p) else None for (_, c), p in zip(pairs, tried, strict=True)]
    )
    leaping = {id(c.question) for c, rule in zip(cases, decided, strict=True) if rule.leaps}
    forecasts = foretold(
        [c.curve if id(c.question) in leaping and c.curve.direction else None for c in cases]
    )

    def fuller(i: int) -> Finding:
        case, rule = cases[i], decided[i]
        exact = case.curve.metric == "exact_match"
        return replace(
            _finding(case, rule),
            # also where a gentler metric decided
            smooth=case.law if rule.leaps and case.leap.at > 0 else None,
            foretold=forecasts[i],
            emergence=scores[i],
            lengths=one_line(case.question.lengths) if exact else None,
        )

    return tuple(fuller(i) for i in turns)


def _finding(case: Case, rule: Rule) -> Finding:
    known = vars(case)  # what no rule asked for was not needed
    return Finding(
        case.question.family, case.question.name, case.curve.metric, rule.verdict, rule.name,
        rule.evidence(case), rule.settle(case), case.curve, case.leap, known.get("gentle", ()), case.runs,
        known.get("law"),
    )  # fmt: skip
