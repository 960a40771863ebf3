"""What a curve leaves open: posteriors of a law's parameters, predictions, slopes between neighbouring sizes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ..curves import Curve
from ..errors import as_array, positive, require
from ..scaling import Interval
from .accuracy import AccuracyLaw, Counts
from .fitting import checked_reference, fit

__all__ = ["LocalSlope", "Posterior", "Prediction", "local_slopes", "posterior"]


class Prediction(NamedTuple):
    """Predicted score at a scale that the fit has not seen.

    Attributes
    ----------
    interval : Interval
        Central predictive interval of the measured score (parameters and counts uncertain).
    median : float
    log_score : float
        Log of the predicted probability of the count that was observed; nan if none was given.
    """

    interval: Interval
    median: float
    log_score: float


@dataclass(frozen=True)
class Posterior:
    """Posterior of a law's parameters on a grid.

    Attributes
    ----------
    law : AccuracyLaw
    reference : float
    samples : ndarray, shape (grid points kept, k)
        Grid points, in the parameters' own units.
    weights : ndarray, shape (grid points kept,)
        Posterior probabilities, summing to 1.
    """

    law: AccuracyLaw
    reference: float
    samples: NDArray[np.float64]
    weights: NDArray[np.float64]

    def interval(self, name: str, level: float = 0.95) -> Interval:
        """Central posterior interval of one parameter."""
        names = [str(q.symbol) for q in self.law.parameters]
        require(name in names, "name", name, f"one of {names}")
        values = self.samples[:, names.index(name)]
        order = np.argsort(values)
        cumulative = np.cumsum(self.weights[order])
        at = np.searchsorted(cumulative, [(1 - level) / 2, (1 + level) / 2])
        low, high = values[order][np.minimum(at, values.size - 1)]
        return Interval(float(low), float(high))

    def predict(
        self,
        scale: float,
        n: int,
        *,
        observed: int | None = None,
        level: float = 0.95,
        draws: int = 20_000,
        seed: int,
    ) -> Prediction:
        """Predict the score of `n` items at a scale.

        Parameters
        ----------
        scale : float
            > 0.
        n : int
            Items, >= 1.
        observed : int, optional
            The count that came out, for the log score.
        level : float
            Of the predictive interval.
        draws, seed : int
            Monte-Carlo draws for the quantiles, and their seed.
        """
        theta = list(self.samples.T)
        u = np.log(positive("scale", scale) / self.reference)
        accuracy = np.broadcast_to(self.law.accuracy(u, theta), self.weights.shape)
        rng = np.random.default_rng(seed)
        pick = rng.choice(self.weights.size, draws, p=self.weights)
        rate = accuracy[pick]
        if self.law.overdispersed:
            size = 1 / self.samples[pick, -1] - 1
            rate = np.clip(rate, 1e-12, 1 - 1e-12)
            rate = rng.beta(rate * size, (1 - rate) * size)
        counts = rng.binomial(n, np.clip(rate, 0, 1))
        low, median, high = np.quantile(counts, [(1 - level) / 2, 0.5, (1 + level) / 2]) / n
        log_score = float("nan")
        if observed is not None:
            correlation = self.samples[:, -1] if self.law.overdispersed else None
            log_pmf = Counts(observed, n).log_pmf(accuracy, correlation)
            log_score = float(special.logsumexp(log_pmf, b=self.weights))
        return Prediction(Interval(float(low), float(high)), float(median), log_score)


def posterior(
    law: AccuracyLaw, curve: Curve, *, reference: float, points: int = 60_000
) -> Posterior:
    """Posterior of a law's parameters under the priors of `AccuracyLaw.parameters`.

    The likelihood is evaluated on a regular grid of about `points` points, first around the maximum,
    then over a box that is widened until nothing of weight is outside and narrowed to what carries
    weight: no random sampling, and no Gaussian assumption.

    Parameters
    ----------
    law : AccuracyLaw
    curve : Curve
        With `n` and scores in [0, 1].
    reference : float
        Scale at which ``u = 0``.
    points : int
        Grid points, >= 1,000.

    Raises
    ------
    FieldError
        As `fit`, or if `points` is too small.

    Examples
    --------
    >>> from mirage_utils import Curve
    >>> from mirage_utils.laws import STRAIGHT
    >>> curve = Curve([1e8, 1e9, 1e10, 1e11], [0.007, 0.081, 0.285, 0.533], n=1000)
    >>> low, high = posterior(STRAIGHT, curve, reference=1e9, points=2000).interval("alpha")
    >>> low < 0.3 < high
    True
    """
    points = int(as_array("points", points, low=1000, integer=True))
    return _posterior(law, curve, float(reference), points)


@lru_cache(maxsize=256)
def _posterior(law: AccuracyLaw, curve: Curve, reference: float, points: int) -> Posterior:
    best = fit(law, curve, reference=reference)
    k = len(law.parameters)
    prior = np.array([q.box for q in law.parameters])
    centre = np.array(
        [np.log(t) if q.log else t for q, t in zip(law.parameters, best.theta, strict=True)]
    )
    half = (prior[:, 1] - prior[:, 0]) / 200
    box = np.clip(np.stack([centre - half, centre + half], axis=1), prior[:, :1], prior[:, 1:])

    log_likelihood = law._likelihood_of(curve, reference)

    def evaluate(box: NDArray[np.float64], side: int):
        """Parameters and log-posterior (up to a constant) on a grid of `side` points an axis."""
        axes = [np.linspace(low, high, side) for low, high in box]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        theta = [
            np.exp(grid[..., j]) if q.log else grid[..., j] for j, q in enumerate(law.parameters)
        ]
        columns = [t[..., None] for t in theta]
        weight = log_likelihood(columns).sum(axis=-1)
        return axes, theta, weight - weight.max()

    side = max(int(min(points, 8_000) ** (1 / k)), 5)
    for turn in range(40):
        axes, _, weight = evaluate(box, side)
        new = box.copy()
        for j in range(k):
            profile = weight.max(axis=tuple(i for i in range(k) if i != j))
            span, step = box[j, 1] - box[j, 0], axes[j][1] - axes[j][0]
            inside = np.flatnonzero(profile > -14)
            # exp(-14) of the peak is outside any interval we report: widen while an end carries
            # more than that, else narrow to what carries weight, one step beyond.
            at_low, at_high = inside[0] == 0, inside[-1] == side - 1
            new[j, 0] = box[j, 0] - span / 2 if at_low else axes[j][inside[0]] - step
            new[j, 1] = box[j, 1] + span / 2 if at_high else axes[j][inside[-1]] + step
        if turn >= 12:  # a box that keeps being widened and narrowed in turn may only be widened
            new[:, 0], new[:, 1] = (
                np.minimum(new[:, 0], box[:, 0]),
                np.maximum(new[:, 1], box[:, 1]),
            )
        new = np.clip(new, prior[:, :1], prior[:, 1:])
        moved = np.abs(new - box).max(axis=1) > 0.15 * (box[:, 1] - box[:, 0])
        if not moved.any():
            break
        box = new
    else:
        raise RuntimeError(f"the grid for {law.name} on {curve.name or 'a curve'} did not settle")

    # The box is found on a coarse grid; the posterior is taken on a fine one, because where the
    # extra parameter is small the others may be known much better than elsewhere in the box.
    _, theta, weight = evaluate(box, max(int(points ** (1 / k)), 5))
    mass = np.exp(weight).ravel()
    keep = mass > 1e-9 * mass.max()
    samples = np.stack([t.ravel()[keep] for t in theta], axis=1)
    return Posterior(law, float(reference), samples, mass[keep] / mass[keep].sum())


class LocalSlope(NamedTuple):
    """Slope of ``ln(-ln accuracy)`` on ln N between two neighbouring sizes.

    Attributes
    ----------
    smaller, larger : float
        The two scales.
    median : float
    interval : Interval
        Central posterior interval.
    """

    smaller: float
    larger: float
    median: float
    interval: Interval


def local_slopes(
    curve: Curve, *, level: float = 0.95, draws: int = 40_000, seed: int
) -> list[LocalSlope]:
    """Slope of the linearised score between neighbouring sizes, with its uncertainty.

    Each accuracy has its own posterior under Jeffreys's prior (a beta distribution); the slopes are
    computed from draws of it. If the closed form holds they are all equal to ``-alpha``. A count of
    0 or n leaves one side to the prior: such a slope says little, and its interval is wide.

    Parameters
    ----------
    curve : Curve
        With `n` and scores in [0, 1].
    level : float
        Of the intervals, in (0, 1).
    draws : int
        Draws from each posterior.
    seed : int
        Of the draws.
    """
    checked_reference(curve, 1.0, 2)
    rng = np.random.default_rng(seed)
    k, n = curve.counts, curve.items
    # A draw of 0 or 1 (possible in floating point at counts of 0 and n) has no finite image.
    accuracy = np.clip(rng.beta(k + 0.5, n - k + 0.5, (draws, len(curve))), 1e-300, 1 - 1e-16)
    slopes = np.diff(np.log(-np.log(accuracy)), axis=1) / np.diff(curve.log_scale)
    low, middle, high = np.quantile(slopes, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
    return [
        LocalSlope(float(curve.scale[i]), float(curve.scale[i + 1]), float(middle[i]),
                   Interval(float(low[i]), float(high[i])))
        for i in range(len(curve) - 1)
    ]  # fmt: skip
