"""One exponent for several curves whose networks are lucky or unlucky, tested against tables that have one.

The likelihood ratio of `shared_slope` follows chi-squared where networks are many. Eight with luck of unknown size are
not: a lucky network passes for a steep law. So tables are made from the fitted law with one exponent, and fitted again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..curves import Curve
from ..errors import as_array, require
from .accuracy import AccuracyLaw
from .climbing import Boxes, scored_with_luck
from .fitting import checked_reference, fit

__all__ = ["OneSlope", "one_slope_with_luck"]

_FLOATS = NDArray[np.float64]
_EXPONENTS, _LUCK = (0.25, 0.5, 1.0, 2.0, 5.0), (1e-5, 1e-2)
"""Where climbs begin: the hills of steep and of gentle laws, with little luck and with much."""


class OneSlope(NamedTuple):
    """Whether several curves share an exponent.

    Attributes
    ----------
    alpha : float
        The shared exponent of largest likelihood.
    statistic : float
        Likelihood-ratio statistic against an exponent for each curve, >= 0.
    simulated : ndarray
        The same of tables drawn from the law with one exponent.
    """

    alpha: float
    statistic: float
    simulated: _FLOATS

    @property
    def p_value(self) -> float:
        """Share of the simulated statistics that are at least the observed one, with the usual +1."""
        worse = np.sum(self.simulated >= self.statistic - 1e-9)
        return float((worse + 1) / (len(self.simulated) + 1))


def one_slope_with_luck(
    law: AccuracyLaw, curves: Sequence[Curve], *, reference: float, draws: int, seed: int
) -> OneSlope:
    """Test one exponent for several curves, everything else free in each, by simulation.

    Parameters
    ----------
    law : AccuracyLaw
        With beta-binomial counts.
    curves : sequence of Curve
        Two or more, of equally many sizes.
    reference : float
        Scale at which ``u = 0``, in the unit of the curves' scale.
    draws : int
        Number of simulated tables.
    seed : int
        Of the simulations.

    Examples
    --------
    >>> from mirage_utils.laws import STRAIGHT, scattered
    >>> sizes = np.geomspace(1e8, 3e10, 6)
    >>> scores = [np.exp(-2 * (sizes / 1e9) ** -alpha).round(3) for alpha in (0.2, 1.0)]
    >>> gentle, steep = (Curve(sizes, y, n=1000) for y in scores)
    >>> found = one_slope_with_luck(scattered(STRAIGHT), [gentle, steep], reference=1e9, draws=30, seed=0)
    >>> found.p_value < 0.05
    True
    """
    require(len(curves) >= 2, "curves", len(curves), "at least two curves")
    require(law.overdispersed, "law", law.name, "a law with luck")
    draws = int(as_array("draws", draws, low=1, integer=True))
    for curve in curves:
        checked_reference(curve, reference, len(law.parameters))
        require(len(curve) == len(curves[0]), "curves", len(curve), "equally many sizes in each")
    return _one_slope(law, tuple(curves), float(reference), draws, int(seed))


@lru_cache(maxsize=64)
def _one_slope(
    law: AccuracyLaw, curves: tuple[Curve, ...], reference: float, draws: int, seed: int
) -> OneSlope:
    """`one_slope_with_luck`, kept."""
    thetas = [fit(law, curve, reference=reference).theta for curve in curves]
    together = _Table(law, curves, reference)
    own = [_Table(law, [curve], reference) for curve in curves]

    def statistics(counts: NDArray[np.int64]) -> tuple[_FLOATS, _FLOATS]:
        """One row a table: the statistic, and where the fit with one exponent ends."""
        ends, shared = together.climbed(counts, thetas)
        each = np.split(counts, len(curves), axis=1)
        free = [
            table.climbed(part, [theta])[1]
            for table, part, theta in zip(own, each, thetas, strict=True)
        ]
        # What fits with one exponent fits with several.
        return np.maximum(2 * (np.sum(free, axis=0) - shared), 0.0), ends

    observed, ends = statistics(np.concatenate([curve.counts for curve in curves])[None])
    accuracy, rho, *_ = together(ends)
    size, rng = 1 / rho - 1, np.random.default_rng(seed)
    right, wrong = (np.maximum(part * size, 1e-9) for part in (accuracy, 1 - accuracy))
    items = np.concatenate([curve.items for curve in curves])
    made = rng.binomial(items, rng.beta(right, wrong, (draws, accuracy.shape[1])))
    simulated = statistics(made)[0]
    simulated.flags.writeable = False
    return OneSlope(float(np.exp(ends[0, 0])), float(observed[0]), simulated)


class _Table:
    """Several curves under one law: the logarithm of their exponent comes first, then what each has of its own.

    Parameters
    ----------
    law : AccuracyLaw
    curves : sequence of Curve
    reference : float
    """

    def __init__(self, law: AccuracyLaw, curves: Sequence[Curve], reference: float) -> None:
        own = len(law.parameters) - 1
        self.law = law
        self.places = [np.log(curve.scale / reference) for curve in curves]
        self.items = np.concatenate([curve.items for curve in curves])
        self.where = [
            [1 + i * own, 0, *range(2 + i * own, 1 + (i + 1) * own)] for i in range(len(curves))
        ]
        self.logs = np.array([q.log for q in law.parameters])
        box = [q.box for q in law.parameters]
        self.boxes: Boxes = [box[1]] + [box[0], *box[2:]] * len(curves)

    def __call__(self, z: _FLOATS) -> tuple[_FLOATS, _FLOATS, _FLOATS, _FLOATS]:
        """Accuracies, correlations, and the slopes of the first and of the logarithm of the second."""
        parts: list[tuple[_FLOATS, ...]] = []
        for places, where in zip(self.places, self.where, strict=True):
            theta = np.where(self.logs, np.exp(z[:, where]), z[:, where])
            accuracy, slopes = self.law.with_slopes(places, list(theta.T[..., None]))
            change = np.zeros((*accuracy.shape, z.shape[1]))
            change_rho = np.zeros_like(change)
            change[..., where[:-1]] = (slopes * np.where(self.logs, theta, 1.0)[:, None])[..., :-1]
            change_rho[..., where[-1]] = 1
            rho = np.repeat(theta[:, -1:], len(places), axis=1)
            parts.append((accuracy, rho, change, change_rho))
        accuracy, rho, change, change_rho = (
            np.concatenate(p, axis=1) for p in zip(*parts, strict=True)
        )
        return accuracy, rho, change, change_rho

    def climbed(
        self, counts: NDArray[np.int64], thetas: Sequence[_FLOATS]
    ) -> tuple[_FLOATS, _FLOATS]:
        """Best end of the climbs for each row of counts, and the log-likelihood there."""
        own = [np.where(self.logs, np.log(np.maximum(t, 1e-300)), t) for t in thetas]
        starts = np.array(
            [
                [np.log(alpha), *(v for t in own for v in (t[0], *t[2:-1], np.log(luck)))]
                for alpha in _EXPONENTS
                for luck in _LUCK
            ]
        )
        ends, heights = scored_with_luck(
            self, np.repeat(counts, len(starts), axis=0), self.items, np.tile(starts, (len(counts), 1)), self.boxes
        )  # fmt: skip
        rows, heights = np.arange(len(counts)), heights.reshape(len(counts), -1)
        best = np.argmax(heights, axis=1)
        return ends.reshape(len(counts), len(starts), -1)[rows, best], heights[rows, best]
