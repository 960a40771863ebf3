"""The largest model, foretold from the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..forecast import CONTENDERS, crps, forecast, interval_covers
from .curves_of import Trend

__all__ = ["Foretold", "foretold"]


@dataclass(frozen=True)
class Foretold:
    """Forecasts of the largest model from the others.

    Attributes
    ----------
    actual : float
    best : str
        The law with the best score (CRPS), known only afterwards.
    error : float
        Its absolute error, as a share of the range of all scores.
    covered : int
    laws : int
        How many 95 % intervals hold the actual score, of how many laws.
    """

    actual: float
    best: str
    error: float
    covered: int
    laws: int


def foretold(trend: Trend) -> Foretold | None:
    """Hide the largest model and forecast it by every law; None with fewer than five sizes."""
    if len(trend) < 5 or np.ptp(trend.score) == 0:
        return None
    within = bool(((trend.score >= 0) & (trend.score <= 1)).all())
    bounds = (0.0, 1.0) if within else (-np.inf, np.inf)
    actual = trend.score[-1:]
    found = {
        name: forecast(name, trend.scale[:-1], trend.score[:-1], trend.scale[-1:], bounds=bounds)
        for name in CONTENDERS
    }
    best = min(found, key=lambda name: float(crps(found[name], actual)[0]))
    covered = sum(bool(interval_covers(f, actual)[0]) for f in found.values())
    error = abs(actual[0] - found[best].mean[0]) / float(np.ptp(trend.score))
    return Foretold(float(actual[0]), CONTENDERS[best].title, float(error), covered, len(found))
