"""Gentler metrics of the same outputs, before and at a leap of another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..metrics import METRICS
from ..metrics.base import Kind
from ..records.schema import LIKELIHOOD  # not from what reads files, which a chapter need not load
from .curves_of import Question

__all__ = ["Gentle", "gentle", "kind_of"]


_OTHERS: dict[str, Kind] = {
    "bpb": "loss",
    "cross_entropy": "loss",
    "loss": "loss",
    "nll": "loss",
    LIKELIHOOD: "loss",
    "edit_distance": "answer",
    "brier_score": "forecast",
}
"""Metrics that are not of `METRICS`, under the names that files give them."""


@dataclass(frozen=True)
class Gentle:
    """What a gentler metric did before and at a leap of another.

    Attributes
    ----------
    metric : str
    kind : {"loss", "answer", "forecast"}
    early : float
        Share of its rise, from the smallest to the largest model, that it had made at the last size
        below the leap.
    early_p : float
        Chance of as much if nothing had moved till then; nan if no error is known.
    at_leap : float
        Share of its rise in the step of the leap.
    skilled : bool
        Measured in skill, which guessing and modesty do not move.
    steady : bool
        It improved at every step below the leap.
    """

    metric: str
    kind: str
    early: float
    early_p: float
    at_leap: float
    skilled: bool
    steady: bool


def kind_of(metric: str) -> Kind:
    """``"loss"``, ``"answer"``, ``"forecast"``, or ``""`` for a metric not known to be gentle.

    A loss of the right answer, or its logarithm, has no threshold and no rival answers; an answer has credit for its
    parts; a forecast, of probabilities among choices, also moves when a model only gets less sure.

    Parameters
    ----------
    metric : str
        Its name, in any case.

    Examples
    --------
    >>> kind_of("brier"), kind_of("exact_match")
    ('forecast', '')
    """
    name = metric.lower()
    return METRICS[name].gentle if name in METRICS else _OTHERS.get(name, "")


def gentle(question: Question, metric: str, at: int) -> list[Gentle]:
    """What the gentler metrics of a question show about the leap of one, those with skill first.

    Parameters
    ----------
    question : Question
    metric : str
        The one that leaps.
    at : int
        Index, among its sizes, of the last below the leap.
    """
    leaping = question.curves[metric]
    found = []
    for other in question.curves.values():
        kind = kind_of(other.metric)
        if not kind or other.metric == metric or not other.direction:
            continue
        if other.scale.shape != leaping.scale.shape or (other.scale != leaping.scale).any():
            continue
        skilled = bool(np.isfinite(other.skill).all() and np.isfinite(other.skill_error).all())
        y = other.skill if skilled else other.up
        error = other.skill_error if skilled else other.error
        rise = y[-1] - y[0]
        if not rise > 2 * np.nan_to_num(np.hypot(error[-1], error[0])):
            continue  # it says nothing about what it does not see either
        moved = y[at] - y[0]
        spread = np.hypot(error[at], error[0])
        p = float("nan")
        if np.isfinite(spread):
            p = float(stats.norm.sf(moved / spread)) if spread > 0 else float(moved <= 0)
        steady = at >= 2 and bool((np.diff(y[: at + 1]) > 0).all())
        found.append(
            Gentle(other.metric, kind, float(moved / rise), p, float((y[at + 1] - y[at]) / rise), skilled, steady)
        )  # fmt: skip
    return sorted(found, key=lambda g: not g.skilled)
