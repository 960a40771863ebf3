"""Two readings of one leap, with three constants each: a smooth law, and slow growth with a switch.

Neither is a theory. They show how much, or how little, scores at a few sizes say about what lies between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from ..curves import Curve
from ..errors import as_array, require
from ..laws.accuracy import Counts
from ..laws.climbing import Boxes, scored
from ..symbols import Formula

__all__ = ["World", "smooth_world", "switch_world"]

_u, _rare, _steepness, _middle, _level, _slope = sp.symbols("u rare steepness middle level slope")
_S_CURVE = Formula(
    # The logistic function of z is (1 + tanh(z / 2)) / 2, which never overflows.
    sp.exp(_rare)
    + (1 - sp.exp(_rare)) * (1 + sp.tanh(sp.exp(_steepness) * (_u - _middle) / 2)) / 2,
    _u,
    (_rare, _steepness, _middle),
)
_POWER = Formula(sp.exp(_level + _slope * _u), _u, (_level, _slope))
# Scores of e**-30 and rises a hundred times as wide as the sizes, or as narrow, are told from nothing by no test.
_RARELY, _STEEP, _WHERE = (-30.0, 0.0), (-5.0, 5.0), (-40.0, 40.0)


@dataclass(frozen=True)
class World:
    """A law of the score that was fitted to counts by maximum likelihood.

    Attributes
    ----------
    law : Formula
        The score against the logarithm of scale, counted from the largest size that it was fitted to.
    constants : tuple of float
        At their likeliest.
    curve : Curve
        What they were fitted to.
    deviance : float
        Twice the log-likelihood by which a free score for every size beats the law.
    boxes : sequence of (float, float)
        Where the constants were looked for.
    switch : tuple of float, optional
        From which scale on the score has another value, and that value.
    """

    law: Formula
    constants: tuple[float, ...]
    curve: Curve
    deviance: float
    boxes: Boxes
    switch: tuple[float, float] | None = None

    def unswitched(self, scale: ArrayLike) -> NDArray[np.float64]:
        """Score at scales > 0 if nobody throws the switch."""
        N = as_array("scale", scale, low=0, open_low=True)
        return self.law(np.log(N / self.curve.scale[-1]), *self.constants)

    def at(self, scale: ArrayLike) -> NDArray[np.float64]:
        """Score at scales > 0."""
        found = self.unswitched(scale)
        if self.switch is None:
            return found
        return np.where(np.asarray(scale) < self.switch[0], found, self.switch[1])

    def chance_of_misfit(self, *, draws: int, seed: int) -> float:
        """Share of data sets, made by the law and fitted again, that it fits no better than its own.

        Parameters
        ----------
        draws : int
            >= 1.
        seed : int
        """
        rng, curve = np.random.default_rng(seed), self.curve
        made = rng.binomial(curve.items, self.unswitched(curve.scale), (draws, len(curve)))
        found = _climbed(self.law, curve, made, [self.constants] * draws, self.boxes)[1]
        return (1 + int((found >= self.deviance - 1e-9).sum())) / (1 + draws)


def smooth_world(curve: Curve) -> World:
    """A small constant, and one S-curve in the logarithm of size that ends at 1.

    Parameters
    ----------
    curve : Curve
        Shares of n items, rising, four sizes or more.

    Raises
    ------
    FieldError
        If there are fewer than four sizes, or no share lies between 0 and 1.

    Examples
    --------
    >>> curve = Curve([1e8, 1e9, 1e10, 1e11], [0.001, 0.002, 0.01, 0.3], n=2000)
    >>> smooth_world(curve).at([1e11]).round(2)
    array([0.3])
    """
    _checked(curve, 4)
    least = max(float(curve.score[:-1].mean()), 0.1 / curve.items[0])
    starts = [(np.log(least / 2), np.log(h), 1 / h) for h in (1.0, 2.0)]
    return _fitted(_S_CURVE, curve, starts, (_RARELY, _STEEP, _WHERE))


def switch_world(curve: Curve, at: float) -> World:
    """A power of size up to a switch between the last two sizes, and from there on the last score.

    Where the switch stands, the scores do not say: between the last two sizes it changes nothing at any of them.

    Parameters
    ----------
    curve : Curve
        Shares of n items, four sizes or more.
    at : float
        Scale of the switch.

    Raises
    ------
    FieldError
        If there are fewer than four sizes, no share lies between 0 and 1, or the switch does not stand between the last two.

    Examples
    --------
    >>> curve = Curve([1e8, 1e9, 1e10, 1e11], [0.001, 0.002, 0.004, 0.3], n=2000)
    >>> switch_world(curve, at=3e10).at([2e10, 4e10]).round(3)
    array([0.005, 0.3  ])
    """
    _checked(curve, 4)
    low, high = curve.scale[-2:]
    require(low < at <= high, "at", at, f"a scale above {low:g} and up to {high:g}")
    before = curve.up_to(low)
    start = (np.log(max(float(before.score[-1]), 0.5 / before.items[-1])), 0.5)
    world = _fitted(_POWER, before, [start], (_RARELY, _WHERE))
    return replace(world, switch=(float(at), float(curve.score[-1])))


def _fitted(law: Formula, curve: Curve, starts: Sequence[tuple[float, ...]], boxes: Boxes) -> World:
    ends, deviances = _climbed(law, curve, curve.counts[None], starts, boxes)
    best = int(np.argmin(deviances))
    return World(law, tuple(ends[best].tolist()), curve, float(deviances[best]), boxes)


def _climbed(
    law: Formula,
    curve: Curve,
    counts: NDArray[np.int64],
    starts: Sequence[tuple[float, ...]],
    boxes: Boxes,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Constants that make counts likeliest, and the deviances left, one row a start."""
    u = np.log(curve.scale / curve.scale[-1])

    def score(z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return law.with_slopes(u, *z.T[..., None])

    ends, heights = scored(score, counts, curve.items, np.array(starts), boxes)
    saturated = Counts(counts, curve.items).log_pmf(counts / curve.items).sum(axis=1)
    return ends, 2 * (saturated - heights)


def _checked(curve: Curve, sizes: int) -> None:
    require(len(curve) >= sizes, "curve", len(curve), f"at least {sizes} sizes")
    inside = (curve.counts > 0) & (curve.counts < curve.items)
    require(bool(inside.any()), "curve", curve.score, "a share between 0 and 1")
