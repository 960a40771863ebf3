"""A law on trial: does it fit all sizes, and does it predict the largest from the smaller ones?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ..curves import Curve
from .accuracy import AccuracyLaw
from .beliefs import Posterior, Prediction, posterior
from .fitting import LawFit, fit

__all__ = ["Trial", "trial"]


@dataclass(frozen=True, eq=False)
class Trial:
    """A law fitted to a whole curve, and its predictions of the largest sizes from the others.

    Attributes
    ----------
    law : AccuracyLaw
    curve : Curve
        All sizes.
    belief : Posterior
        From the sizes up to a limit.
    hidden : Curve
        The sizes above it.
    predictions : tuple of Prediction
        One of each hidden size, from the smallest.
    """

    law: AccuracyLaw
    curve: Curve
    belief: Posterior
    hidden: Curve
    predictions: tuple[Prediction, ...]

    @cached_property
    def fitted(self) -> LawFit:
        """The law of largest likelihood, all sizes known."""
        return fit(self.law, self.curve, reference=self.belief.reference)

    @property
    def bic(self) -> float:
        """Deviance of the fit to all sizes plus ln(sizes) for each parameter: Schwarz's criterion, up to a constant of the curve."""
        return self.fitted.deviance + len(self.fitted.theta) * float(np.log(len(self.curve)))

    @property
    def ignorance(self) -> tuple[float, ...]:
        """Log score of each hidden size if every count is held equally likely."""
        return tuple(-np.log(self.hidden.items + 1.0))

    def inside(self, i: int) -> bool:
        """Whether the score of a hidden size lies in its predictive interval.

        Parameters
        ----------
        i : int
            Place among the hidden sizes.
        """
        low, high = self.predictions[i].interval
        return bool(low <= self.hidden.score[i] <= high)

    def predicted(self, i: int) -> bool:
        """Whether the score lies in the interval *and* its count was held more likely than ignorance holds it.

        An interval from 0 to 100% is never wrong; the second condition asks that it say something.

        Parameters
        ----------
        i : int
            Place among the hidden sizes.
        """
        return self.inside(i) and self.predictions[i].log_score > self.ignorance[i]


def trial(
    law: AccuracyLaw,
    curve: Curve,
    *,
    up_to: float,
    reference: float,
    level: float = 0.95,
    points: int = 60_000,
    seed: int,
) -> Trial:
    """Try a law on a curve: fit all sizes, then hide those above a limit and predict them.

    Parameters
    ----------
    law : AccuracyLaw
    curve : Curve
        Of counts, with sizes on both sides of the limit.
    up_to : float
        The largest scale that the prediction may see.
    reference : float
        Scale at which ``u = 0``.
    level : float
        Of the predictive intervals.
    points : int
        Of the posterior's grid; see `posterior`.
    seed : int
        Of the predictive draws.

    Examples
    --------
    >>> from mirage_utils import Curve
    >>> from mirage_utils.laws import STRAIGHT
    >>> curve = Curve([1e8, 1e9, 1e10, 1e11], [0.007, 0.081, 0.285, 0.9], n=1000)
    >>> found = trial(STRAIGHT, curve, up_to=1e10, reference=1e9, points=2000, seed=0)
    >>> found.inside(0), 0.4 < found.predictions[0].median < 0.6
    (False, True)
    """
    return _trial(law, curve, float(up_to), float(reference), float(level), int(points), int(seed))


@lru_cache(maxsize=512)
def _trial(
    law: AccuracyLaw,
    curve: Curve,
    up_to: float,
    reference: float,
    level: float,
    points: int,
    seed: int,
) -> Trial:
    belief = posterior(law, curve.up_to(up_to), reference=reference, points=points)
    hidden = curve.above(up_to)
    predictions = tuple(
        belief.predict(float(scale), int(n), observed=int(k), level=level, seed=seed)
        for scale, n, k in zip(hidden.scale, hidden.items, hidden.counts, strict=True)
    )
    return Trial(law, curve, belief, hidden, predictions)
