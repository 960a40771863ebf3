"""Losses that come in levels: where they lie, whether there is more than one, and how many symbols each leaves unsolved.

If an answer's symbols are learnt one by one, and the others are guesses among ten digits, a model's loss is a whole number
of times ln(10) / length. Where losses cluster, and whether at these places, is a question for data; here are the tools.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import as_array, require
from .dips import chance_of_dip, dip_statistic

__all__ = ["Dip", "Levels", "dip", "levels", "unsolved"]


def unsolved(loss: ArrayLike, length: int, choices: int = 10) -> NDArray[np.float64]:
    """A loss a symbol as a number of symbols at chance: ``loss * length / ln(choices)``.

    Parameters
    ----------
    loss : array_like
        Nats a symbol, >= 0.
    length : int
        Symbols of an answer.
    choices : int
        Symbols that a guess is between.

    Raises
    ------
    FieldError
        If a loss is not finite or below 0.
    """
    return as_array("loss", loss, low=0) * length / np.log(choices)


class Dip(NamedTuple):
    """Hartigan's dip test of one hill against several.

    Attributes
    ----------
    statistic : float
        Largest distance of the sample's distribution function from the nearest one with a single hill.
    p_value : float
        Chance of a dip as large if there is one hill (of the hardest case, a uniform distribution).
    """

    statistic: float
    p_value: float


def dip(values: ArrayLike) -> Dip:
    """Test whether values come from a distribution with a single hill.

    Source: Hartigan and Hartigan 1985, as in the package diptest, or where that is missing as in `dips`.

    Parameters
    ----------
    values : array_like, shape (n,)
        At least four.

    Raises
    ------
    FieldError
        If there are fewer than four values, or one is not finite.
    """
    found = np.sort(as_array("values", values).ravel())
    require(found.size >= 4, "values", found.size, "at least four values")
    try:  # compiled, and not for every platform: a browser has none
        from diptest import diptest
    except ModuleNotFoundError:
        statistic = dip_statistic(found)
        return Dip(statistic, chance_of_dip(statistic, found.size))
    statistic, p_value = diptest(found)
    return Dip(float(statistic), float(p_value))


class Levels(NamedTuple):
    """A mixture of normal distributions, the number of them chosen by BIC.

    Attributes
    ----------
    means, shares, spreads : ndarray, shape (k,)
        By rising mean; shares sum to one.
    bic : ndarray, shape (most,)
        Bayesian information criterion of 1, 2, ... levels; the smallest was chosen.
    """

    means: NDArray[np.float64]
    shares: NDArray[np.float64]
    spreads: NDArray[np.float64]
    bic: NDArray[np.float64]


def levels(
    values: ArrayLike, *, most: int = 8, least_spread: float = 0.03, seed: int = 0
) -> Levels:
    """Fit levels to values.

    Parameters
    ----------
    values : array_like, shape (n,)
    most : int
        Levels tried.
    least_spread : float
        Standard deviation below which no level may go, in the unit of the values: without it a level on a single value
        would always win.
    seed : int
        Of the starts.
    """
    from sklearn.mixture import GaussianMixture  # takes longer to load than all the rest

    found = as_array("values", values).reshape(-1, 1)
    require(1 <= most <= len(found), "most", most, f"1 to {len(found)} values")
    fits = [
        GaussianMixture(
            k, reg_covar=least_spread**2, n_init=10, random_state=seed, max_iter=500
        ).fit(found)
        for k in range(1, most + 1)
    ]
    bic = np.array([f.bic(found) for f in fits])
    best = fits[int(bic.argmin())]
    order = best.means_[:, 0].argsort()
    return Levels(
        best.means_[order, 0],
        best.weights_[order],
        np.sqrt(best.covariances_[order, 0, 0]),
        bic,
    )
