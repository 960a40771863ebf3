"""The largest model, foretold from the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..curves import Curve
from ..forecast import CONTENDERS, crps, forecast, interval_covers

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


def foretold(curve: Curve) -> Foretold | None:
    """Hide the largest model and forecast it by every law; None with fewer than five sizes."""
    if len(curve) < 5 or np.ptp(curve.score) == 0:
        return None
    within = bool(((curve.score >= 0) & (curve.score <= 1)).all())
    bounds = (0.0, 1.0) if within else (-np.inf, np.inf)
    actual = curve.score[-1:]
    found = {
        name: forecast(name, curve.scale[:-1], curve.score[:-1], curve.scale[-1:], bounds=bounds)
        for name in CONTENDERS
    }
    best = min(found, key=lambda name: float(crps(found[name], actual)[0]))
    covered = sum(bool(interval_covers(f, actual)[0]) for f in found.values())
    error = abs(actual[0] - found[best].mean[0]) / float(np.ptp(curve.score))
    return Foretold(float(actual[0]), CONTENDERS[best].title, float(error), covered, len(found))
