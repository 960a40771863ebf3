"""Binomial regression with the complementary log-log link: how often something goes wrong, if its chance is 1 - exp(-exp(line)).

Iteratively reweighted least squares (McCullagh and Nelder 1989, section 2.5), in the order of operations of statsmodels'
``GLM``: a test holds the two together to the last digit. That package takes longer to load than all the rest of this one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

__all__ = ["Fitted", "fit_cloglog"]

_STEPS, _TOLERANCE = 100, 1e-8
_EPS = float(np.finfo(float).eps)
_TINY = 1e-20
"""Added to chances before they are divided by, so that none is zero."""


class Fitted(NamedTuple):
    """A regression.

    Attributes
    ----------
    params, bse : ndarray, shape (columns,)
        Coefficients and their standard errors.
    llf : float
        Log-likelihood.
    converged : bool
        Whether the deviance had stopped changing.
    """

    params: NDArray[np.float64]
    bse: NDArray[np.float64]
    llf: float
    converged: bool


def fit_cloglog(
    sides: NDArray[np.float64], columns: NDArray[np.float64], offset: NDArray[np.float64]
) -> Fitted:
    """Fit log(-log(1 - chance)) = columns @ params + offset to counts.

    Parameters
    ----------
    sides : ndarray, shape (n, 2)
        How often it went wrong in each row, and how often not.
    columns : ndarray, shape (n, k)
    offset : ndarray, shape (n,)

    Raises
    ------
    numpy.linalg.LinAlgError, ValueError
        If a step cannot be computed.

    Examples
    --------
    >>> sides = np.array([[30.0, 70.0], [60.0, 40.0], [85.0, 15.0]])
    >>> line = np.column_stack([np.ones(3), np.arange(3.0)])
    >>> fit_cloglog(sides, line, np.zeros(3)).params.round(2).tolist()
    [-0.97, 0.82]
    """
    n = sides.sum(1)
    y = sides[:, 0] / n
    mu = (y + 0.5) / 2
    line = np.log(-np.log(1 - _inside(mu)))
    deviances = [np.inf, _deviance(y, mu, n)]
    if np.isnan(deviances[-1]):
        raise ValueError("the deviance of the first guess is no number")
    converged = False
    for _ in range(_STEPS):
        slope = 1.0 / ((_inside(mu) - 1) * np.log(1 - _inside(mu)))
        weights = n * (1.0 / (slope**2 * (_inside(mu) * (1 - _inside(mu)))))
        aim = line + slope * (y - mu) - offset
        root = np.sqrt(weights)
        if not (np.isfinite(root).all() and np.isfinite(aim).all()):
            raise ValueError("a step ends where there are no numbers")
        weighted = root[:, None] * columns
        params = np.linalg.lstsq(weighted, root * aim, rcond=-1)[0]
        line = np.dot(columns, params)
        line += offset
        mu = 1 - np.exp(-np.exp(line))
        deviances.append(_deviance(y, mu, n))
        converged = bool(np.allclose(deviances[-2], deviances[-1], atol=_TOLERANCE, rtol=0.0))
        if converged:
            break
    inverse = _pseudo_inverse(weighted)
    params = np.dot(inverse, root * aim)
    bse = np.sqrt(np.diag(np.dot(inverse, inverse.T)))
    mu = 1 - np.exp(-np.exp(np.dot(columns, params) + offset))
    return Fitted(params, bse, _log_likelihood(y, mu, n), converged)


def _inside(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(chance, _EPS, 1 - _EPS)


def _deviance(y: NDArray[np.float64], mu: NDArray[np.float64], n: NDArray[np.float64]) -> float:
    wrong = np.clip(y / (mu + _TINY), _EPS, np.inf)
    right = np.clip((1.0 - y) / (1.0 - mu + _TINY), _EPS, np.inf)
    return float(np.sum(2 * n * (y * np.log(wrong) + (1 - y) * np.log(right))))


def _log_likelihood(
    y: NDArray[np.float64], mu: NDArray[np.float64], n: NDArray[np.float64]
) -> float:
    k = y * n
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    odds = np.log((mu + _TINY) / (1 - mu + _TINY))
    return float(np.sum(ways + k * odds + n * np.log(1 - mu + _TINY)))


def _pseudo_inverse(table: NDArray[np.float64]) -> NDArray[np.float64]:
    u, s, vt = np.linalg.svd(table, False)
    kept = s > 1e-15 * s.max()
    s = np.where(kept, 1.0 / np.where(kept, s, 1.0), 0.0)
    return np.dot(np.transpose(vt), np.multiply(s[:, np.newaxis], np.transpose(u)))
