"""The largest model, foretold from the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..curves import Curve
from ..laws.forecast import CONTENDERS, crps, forecasts, interval_covers

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


def foretold(curves: Sequence[Curve | None]) -> list[Foretold | None]:
    """Hide the largest model of each curve and forecast it by every law.

    None for None, for fewer than five sizes, and for a flat curve. Curves with as many sizes are
    forecast together.

    Parameters
    ----------
    curves : sequence of Curve or None
    """
    found: list[Foretold | None] = [None] * len(curves)
    by_size: dict[int, list[tuple[int, Curve]]] = {}
    for i, curve in enumerate(curves):
        if curve is not None and len(curve) >= 5 and np.ptp(curve.score) > 0:
            by_size.setdefault(len(curve), []).append((i, curve))
    for which in by_size.values():
        scale = np.array([curve.scale for _, curve in which])
        score = np.array([curve.score for _, curve in which])
        for (i, _), one in zip(which, _together(scale, score), strict=True):
            found[i] = one
    return found


def _together(scale: NDArray[np.float64], score: NDArray[np.float64]) -> list[Foretold]:
    within = ((score >= 0) & (score <= 1)).all(axis=1, keepdims=True)
    bounds = np.where(within, (0.0, 1.0), (-np.inf, np.inf))
    actual = score[:, -1:]
    made = [
        forecasts(name, scale[:, :-1], score[:, :-1], scale[:, -1:], bounds=bounds)
        for name in CONTENDERS
    ]
    best = np.argmin([crps(one, actual)[:, 0] for one in made], axis=0)
    covered = np.sum([interval_covers(one, actual)[:, 0] for one in made], axis=0)
    titles = [contender.title for contender in CONTENDERS.values()]
    error = np.abs(actual[:, 0] - np.array([one.mean[:, 0] for one in made])) / np.ptp(
        score, axis=1
    )
    return [
        Foretold(float(actual[i, 0]), titles[k], float(error[k, i]), int(covered[i]), len(made))
        for i, k in enumerate(best)
    ]
