"""One hump of difficulty with a long tail of easy items: a rival to two kinds of items and to a kink.

Most items are equally hard. A share `w` is easier, each by its own factor: the logarithm of that factor is exponential
with rate `b`, so that the density of log difficulty rises to a single peak and ends there. If x is the loss of the hard
items, the mean accuracy of the easier ones is

    integral from 0 to 1 of  b s**(b - 1) exp(-x s) ds  =  b x**(-b) lowergamma(b, x)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from scipy import special

from .accuracy import _LOSS, AccuracyLaw, Parameter, w

__all__ = ["EASY_TAIL", "EasyTail", "tail_accuracy"]

b = sp.Symbol("b", positive=True)


def tail_accuracy(x: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Mean accuracy of items whose loss is ``x s``, where ``-ln s`` is exponential with rate `b`.

    Parameters
    ----------
    x : array_like
        Loss of the hardest of them, > 0.
    b : array_like
        Rate of the tail, > 0: the smaller, the longer.

    Examples
    --------
    >>> tail_accuracy([1.0, 100.0], 1.0).round(3)
    array([0.632, 0.01 ])
    """
    x, b = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(b, dtype=float))
    with np.errstate(all="ignore"):
        log_x = np.log(x)
        whole = special.gammainc(b, x) * np.exp(special.gammaln(b + 1) - b * log_x)
    # Of a loss this small only the mean matters, and x**b may underflow.
    return np.where(x < 1e-6, 1 - b / (b + 1) * x, whole)


class EasyTail(AccuracyLaw):
    """The law with its closed form computed by SciPy, since SymPy has no short slope for it.

    Parameters
    ----------
    name, title : str
    expression : sympy.Expr
    extra : tuple of Parameter
    overdispersed, hilly : bool
        All as those of `AccuracyLaw`.
    """

    def accuracy(self, u: ArrayLike, theta: Sequence[ArrayLike]) -> NDArray[np.float64]:
        """Accuracy at log scales `u`; parameters in the order of `parameters`, broadcast."""
        a, alpha, share, rate = (np.asarray(t, dtype=float) for t in theta[:4])
        with np.errstate(over="ignore", under="ignore"):
            x = _loss(u, a, alpha)
            return share * tail_accuracy(x, rate) + (1 - share) * np.exp(-x)

    def with_slopes(
        self, u: ArrayLike, theta: Sequence[ArrayLike]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Accuracy, and its derivatives by the parameters along a last axis."""
        a, alpha, share, rate = (np.asarray(t, dtype=float) for t in theta[:4])
        u = np.asarray(u, dtype=float)
        with np.errstate(over="ignore", under="ignore"):
            x = _loss(u, a, alpha)
            step = 1e-5 * rate
            # All four at once: a call costs more than its numbers.
            rates = np.stack([rate, rate + 1, rate + step, rate - step])
            rates = rates.reshape(4, *(1,) * (x.ndim - rate.ndim), *rate.shape)
            tail, steeper, above, below = tail_accuracy(x, rates)
            spike = np.exp(-x)
            # d/dx of the integral is minus the integral with another s in it.
            by_x = -share * rate / (rate + 1) * steeper - (1 - share) * spike
            by_rate = (above - below) / (2 * step)
            by_a = by_x * x
        others = [np.zeros_like(by_a) for _ in theta[4:]]  # the luck of runs
        slopes = np.stack(
            np.broadcast_arrays(by_a, -u * by_a, tail - spike, share * by_rate, *others), axis=-1
        )
        slopes[~np.isfinite(slopes)] = 0.0
        return share * tail + (1 - share) * spike, slopes


def _loss(u: ArrayLike, a: ArrayLike, alpha: ArrayLike) -> NDArray[np.float64]:
    # Beyond exp(600) no item is right; the closed form would meet infinity times nothing.
    return np.exp(np.clip(a - np.multiply(alpha, u), -600, 600))


EASY_TAIL = EasyTail(
    "easy_tail",
    "a tail of easy items",
    w * b * _LOSS ** (-b) * sp.lowergamma(b, _LOSS) + (1 - w) * sp.exp(-_LOSS),
    (
        Parameter(w, 0.0, 1.0, meaning="share of items in the tail"),
        # With rate 10 the tail's items are within a tenth of the hardest; with .02 half of them are 1e15 times easier.
        Parameter(b, 0.02, 10.0, log=True, meaning="rate of the tail in log difficulty"),
    ),
)
"""The line, with a share of items whose log difficulty has an exponential tail towards easy: one hump."""
