"""A curve against the smooth law, and what its items can show of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from .. import laws
from ..curves import Curve
from ..curves.resolution import binomial_interval, items_to_see, zero_bound

__all__ = ["Smooth", "smooth"]


@dataclass(frozen=True)
class Smooth:
    """A curve of shares against the closed form: a loss that is a power of scale.

    Attributes
    ----------
    alpha : float
        Exponent that fits best.
    floor : float
        Share right without the skill that fits best; 0 where the smallest score may be 0.
    p : float
        Chance that the law fits as badly, from simulated counts. The fitted law stands in for the true
        one, which errs on its side.
    gentle_p : float
        The same for an exponent of at most 1: a loss that falls no faster than the inverse of size.
    hidden : float
        Share of the sizes below the leap at which the law with an exponent of at most 1 gives less (above
        the floor) than the items are likely to show.
    darkest : float
        The largest of these sizes; nan without any. The next three are of it.
    predicted : float
        What the law gives there.
    seen_from : float
        Smallest score above zero that its items are likely to show.
    items : float
        Items that would be likely to show it.
    width : float
        Decades from 10 to 90 per cent along that law.
    spacing : float
        Median decades from size to size.
    """

    alpha: float
    floor: float
    p: float
    gentle_p: float
    hidden: float
    darkest: float
    predicted: float
    seen_from: float
    items: float
    width: float
    spacing: float


_GENTLEST = 1.0
"""Exponents up to here count as smooth: those measured of language models are below."""
_DRAWS = 2_000


def smooth(curve: Curve, at: int, *, seed: int = 0) -> Smooth | None:
    """Hold a curve of shares against the smooth law; None where its items are not known or it is short.

    Parameters
    ----------
    curve : Curve
        Of which more is better; of four sizes or more.
    at : int
        Index of the last size below the leap.
    seed : int
        Of the simulated counts, 2,000 curves for each of the two laws.
    """
    if not curve.proportion or len(curve) < 4 or curve.direction != "higher":
        return None
    reference = float(np.exp(curve.log_scale.mean()))
    low, _ = binomial_interval(curve.counts[0], curve.items[0])
    law = laws.STRAIGHT if low <= 0.01 else laws.FLOOR
    fitted = laws.fit(law, curve, reference=reference)
    tame = fitted
    if fitted["alpha"] > _GENTLEST:
        tame = laws.fit(law, curve, reference=reference, fixed={"alpha": _GENTLEST})
    rng = np.random.default_rng(seed)
    floor = tame["g"] if law is laws.FLOOR else 0.0
    below = slice(0, at + 1)
    predicted = np.maximum(tame.accuracy(curve.scale[below]) - floor, 0.0)
    seen_from = zero_bound(curve.items[below])
    hidden = np.flatnonzero(predicted < seen_from)
    dark = hidden[-1] if len(hidden) else at
    decades = np.log(np.log(10) / -np.log(0.9)) / np.log(10)
    return Smooth(
        fitted["alpha"], floor, _chance(fitted, rng), _chance(tame, rng), len(hidden) / (at + 1),
        float(curve.scale[dark]) if len(hidden) else float("nan"), float(predicted[dark]),
        float(seen_from[dark]), float(items_to_see(predicted[dark])), float(decades / tame["alpha"]),
        float(np.median(np.diff(np.log10(curve.scale)))),
    )  # fmt: skip


def _chance(fitted: laws.LawFit, rng: np.random.Generator) -> float:
    """Share of simulated curves whose deviance from the law itself is as large; conservative."""
    n = fitted.curve.items
    expected = np.clip(fitted.accuracy(fitted.curve.scale), 1e-300, 1 - 1e-12)
    counts = np.vstack([fitted.curve.counts, rng.binomial(n, expected, (_DRAWS, len(n)))])
    # The deviance: twice the log-likelihood of the shares themselves less that of the law.
    right = special.xlogy(counts, counts / (n * expected))
    wrong = special.xlogy(n - counts, (n - counts) / (n * (1 - expected)))
    found = 2 * (right + wrong).sum(axis=1)
    return float((1 + (found[1:] >= found[0] - 1e-9).sum()) / (1 + _DRAWS))
