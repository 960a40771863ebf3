"""A rise of any score against the logarithm of scale: how high, where, and over how many decades."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from ..errors import FieldError, as_array, require
from ..symbols import Formula, x

__all__ = ["LogisticRise", "logistic_rise"]


_TOP, _MIDDLE, _WIDTH = sp.symbols("top middle width", real=True)
# The logistic function through tanh, which never overflows; it is at 10 % where tanh is -.8, that is half a width below.
_LOGISTIC = Formula(
    _TOP * (1 + sp.tanh(sp.log(9) * (x - _MIDDLE) / _WIDTH)) / 2, x, (_TOP, _MIDDLE, _WIDTH)
)


class LogisticRise(NamedTuple):
    """A logistic rise from zero.

    Attributes
    ----------
    top : float
        Score it ends at.
    middle : float
        log10 of the scale at which half of it is reached.
    width : float
        Decades from 10% to 90% of it.
    """

    top: float
    middle: float
    width: float

    def at(self, scale: ArrayLike) -> NDArray[np.float64]:
        """The rise at scales > 0."""
        return _LOGISTIC(np.log10(np.asarray(scale, dtype=float)), *self)


def logistic_rise(scale: ArrayLike, score: ArrayLike) -> LogisticRise:
    """The rise that fits scores at several scales best, by least squares.

    Parameters
    ----------
    scale : array_like, shape (m,)
        > 0, in any order, m >= 4.
    score : array_like, shape (m,)

    Raises
    ------
    FieldError
        If there are fewer than four points, or no rise fits them.
    """
    log_scale = np.log10(as_array("scale", scale, low=0, open_low=True))
    y = as_array("score", score)
    m = log_scale.shape
    require(y.shape == m, "score", y.shape, f"the shape of scale, {m}")
    require(y.size >= 4, "scale", y.size, "at least four points")
    # Half-way between the ends to begin with, or where the scores above half of the highest begin.
    high = log_scale[y > y.max() / 2]
    middle = float(np.median(high)) if high.size else float(log_scale.mean())
    start = (float(y.max()), middle, 1.5)
    try:
        theta, _ = optimize.curve_fit(
            _LOGISTIC, log_scale, y, start, jac=_LOGISTIC.slopes, maxfev=20_000
        )
    except RuntimeError:
        raise FieldError("score", y, "scores that a logistic rise fits") from None
    return LogisticRise(*(float(value) for value in theta))
