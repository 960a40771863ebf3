"""Where a metric rises along the scaling law without a floor, and over how many decades of scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from ..errors import FieldError, require
from .base import Metric

__all__ = ["MetricRise", "place_of", "rise", "share_of_rise"]

_Score = Callable[[NDArray[np.float64]], ArrayLike]
_FROM, _TO = -12.0, 60.0
"""Logarithms of scale between which p goes from zero to one in double precision."""


class MetricRise(NamedTuple):
    """Half-way point and width of a metric's rise, in decades of scale times the exponent of the law.

    Attributes
    ----------
    half : float
        Where the metric is half-way, from the critical scale.
    width : float
        From 10% to 90% of the way.
    """

    half: float
    width: float


def share_of_rise(score: Metric | _Score, p: ArrayLike, **parameters: float) -> NDArray[np.float64]:
    """How far a metric has come from its score at p = 0 (nothing) to that at p = 1 (everything).

    Parameters
    ----------
    score : Metric or callable
        A callable takes an array of probabilities.
    p : array_like
        In [0, 1].
    **parameters : float
        The metric's; those that it does not have are left out.

    Raises
    ------
    FieldError
        If the metric has no end, as a loss, or is the same at both ends.

    Examples
    --------
    >>> from mirage_utils.metrics import TOKEN_EDIT_DISTANCE
    >>> share_of_rise(TOKEN_EDIT_DISTANCE, [0.2, 0.7], L=5)
    array([0.2, 0.7])
    """
    called = _called(score, parameters)
    first, last = np.asarray(called(np.array([0.0, 1.0])), dtype=float)
    if not np.isfinite([first, last]).all() or first == last:
        raise FieldError("score", (first, last), "a score with two ends")
    return (np.asarray(called(np.asarray(p, dtype=float)), dtype=float) - first) / (last - first)


def place_of(score: Metric | _Score, share: float, **parameters: float) -> float:
    """Where a metric has come a share of its way, as ``x = alpha ln(N / N_c)``.

    Parameters
    ----------
    score, **parameters
        As in `share_of_rise`. The score never falls as p grows.
    share : float
        Between 0 and 1.

    Raises
    ------
    FieldError
        As in `share_of_rise`, or if the share is not between 0 and 1.

    Examples
    --------
    >>> from mirage_utils.metrics import TOKEN_ACCURACY
    >>> round(place_of(TOKEN_ACCURACY, 0.5), 4)
    0.3665
    """
    require(0 < share < 1, "share", share, "a number between 0 and 1")

    def short(x: float) -> float:
        return float(share_of_rise(score, np.exp(-np.exp(-x)), **parameters)) - share

    return float(optimize.brentq(short, _FROM, _TO))


def rise(score: Metric | _Score, **parameters: float) -> MetricRise:
    """Half-way point and width of a metric along ``p = exp(-exp(-x))``, where ``x = alpha ln(N / N_c)``.

    Parameters
    ----------
    score, **parameters
        As in `share_of_rise`. The score never falls as p grows.

    Raises
    ------
    FieldError
        As in `share_of_rise`.

    Examples
    --------
    >>> from mirage_utils.metrics import EXACT_MATCH, TOKEN_ACCURACY
    >>> exact, token = rise(EXACT_MATCH, L=10), rise(TOKEN_ACCURACY)
    >>> round(exact.half - token.half, 3), round(exact.width / token.width, 3)
    (1.0, 1.0)
    """
    ten, half, ninety = (place_of(score, y, **parameters) / np.log(10) for y in (0.1, 0.5, 0.9))
    return MetricRise(float(half), float(ninety - ten))


def _called(score: Metric | _Score, parameters: dict[str, float]) -> _Score:
    if not isinstance(score, Metric):
        return score
    given = {name: parameters[name] for name in score.parameters if name in parameters}
    return lambda p: score.expected(p, **given)
