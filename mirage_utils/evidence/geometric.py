"""Does exact match fall geometrically with the length of the answer?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from ..errors import as_array, require

__all__ = ["Geometric", "geometric"]


class Geometric(NamedTuple):
    """The law ``right ~ Binomial(n, p ** length)`` at its best.

    Attributes
    ----------
    p : float
        Probability of one token, by maximum likelihood.
    deviance : float
        Twice the log-likelihood by which a free share for every length beats the law.
    dof : int
        Lengths less one.
    """

    p: float
    deviance: float
    dof: int

    @property
    def p_value(self) -> float:
        """Chi-squared tail of the deviance; nan with one length."""
        return float(stats.chi2.sf(self.deviance, self.dof)) if self.dof else float("nan")


def geometric(length: ArrayLike, n: ArrayLike, right: ArrayLike) -> Geometric:
    """Fit one probability of a token to right answers of several lengths.

    Parameters
    ----------
    length, n, right : array_like, shape (m,)
        Length of the right answer, >= 1; answers of that length, >= 1; how many of them are right.

    Raises
    ------
    FieldError
        If more answers are right than there are, or a value is out of range.

    Examples
    --------
    >>> found = geometric([1, 2, 3], [1000, 1000, 1000], [900, 810, 729])
    >>> round(found.p, 3), found.dof
    (0.9, 2)
    """
    L = as_array("length", length, low=1)
    items = as_array("n", n, low=1, integer=True)
    k = as_array("right", right, low=0, integer=True)
    require(bool((k <= items).all()), "right", k, "at most n")

    def lost(p: float) -> float:
        return -float(stats.binom.logpmf(k, items, p**L).sum())

    best = optimize.minimize_scalar(lost, bounds=(1e-6, 1 - 1e-9), method="bounded")
    free = float(stats.binom.logpmf(k, items, k / items).sum())
    return Geometric(float(best.x), 2 * (float(best.fun) + free), int(np.size(L)) - 1)
