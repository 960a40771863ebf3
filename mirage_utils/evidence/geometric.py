"""Does exact match fall geometrically with the length of the answer?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from ..errors import as_array, require

__all__ = ["Geometric", "WithinGroups", "geometric", "geometric_within"]


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


class WithinGroups(NamedTuple):
    """The law with a probability of its own in every group, and its simplest rival.

    Attributes
    ----------
    fits : dict of str to Geometric
        By group.
    deviance : float
        Of the law, over all groups.
    flat : float
        Of one share of right answers in every group, whatever the length, over all groups.
    dof : int
        Of either.
    """

    fits: Mapping[str, Geometric]
    deviance: float
    flat: float
    dof: int

    @property
    def p_value(self) -> float:
        """Chi-squared tail of the deviance; nan if no group has two lengths."""
        return float(stats.chi2.sf(self.deviance, self.dof)) if self.dof else float("nan")


def geometric_within(
    group: ArrayLike, length: ArrayLike, n: ArrayLike, right: ArrayLike
) -> WithinGroups:
    """Fit one probability of a token to each group of answers, such as sums of operands of one size.

    Parameters
    ----------
    group : array_like of str, shape (m,)
    length, n, right : array_like, shape (m,)
        As in `geometric`.

    Returns
    -------
    WithinGroups

    Examples
    --------
    >>> found = geometric_within(["easy", "easy", "hard", "hard"], [1, 2, 1, 2], [100] * 4, [90, 81, 50, 25])
    >>> {name: round(fit.p, 3) for name, fit in found.fits.items()}, found.dof
    ({'easy': 0.9, 'hard': 0.5}, 2)
    """
    names = np.asarray(group, dtype=str)
    L, items, k = (np.asarray(each) for each in (length, n, right))
    require(all(each.shape == names.shape for each in (L, items, k)), "group", names.shape, "the shape of the others")  # fmt: skip
    fits, flat = {}, 0.0
    for name in dict.fromkeys(names.tolist()):
        here = names == name
        fits[name] = geometric(L[here], items[here], k[here])
        won, asked = k[here], items[here]
        free = stats.binom.logpmf(won, asked, won / asked).sum()
        flat += 2 * float(free - stats.binom.logpmf(won, asked, won.sum() / asked.sum()).sum())
    return WithinGroups(
        fits, sum(f.deviance for f in fits.values()), flat, sum(f.dof for f in fits.values())
    )
