"""Does a curve turn? A corner against smooth curves that can bend as well.

A corner, flat and then rising, has three parameters, as have a parabola and a power of scale; a straight line has two and a
logistic curve four; a jump from one level to another has three. To beat a line shows that a curve is not straight; to beat a parabola, that it turns more sharply than a parabola
can. Only a corner that beats the power and the logistic curve as well would speak for a break.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import require

__all__ = ["Bending", "bending", "found_if_there", "over_if_there"]

_GRID = 120
_EXPONENTS = np.arange(0.05, 3.001, 0.05)


class Bending(NamedTuple):
    """A corner fitted to a curve, and the evidence for it.

    Attributes
    ----------
    turn, floor, slope : float
        Where the corner is, the level before it and the slope after it.
    exponent : float
        Of the fitted power: the larger, the later and steeper the rise.
    over_line, over_parabola, over_power, over_logistic, over_jump : float
        BIC of the other curve minus that of the corner: above 0 the corner describes the curve better, above 10 strongly.
    """

    turn: float
    floor: float
    slope: float
    exponent: float
    over_line: float
    over_parabola: float
    over_power: float
    over_logistic: float
    over_jump: float

    @property
    def over_smooth(self) -> float:
        """The least of the differences to line, parabola, power and logistic curve: above 10, no smooth curve will do."""
        return min(self.over_line, self.over_parabola, self.over_power, self.over_logistic)


def bending(x: ArrayLike, y: ArrayLike) -> Bending:
    """Compare a corner with a line, a parabola, a power, a logistic curve and a jump, all by least squares.

    Parameters
    ----------
    x, y : array_like
        Scale, best as a logarithm, and score.

    Returns
    -------
    Bending
        The corner is searched on a grid from 0.3 above the smallest `x` to 0.3 below the largest, the exponent c of the power,
        a floor plus a multiple of ``10 ** (c * x)``, from 0.05 to 3.

    Raises
    ------
    FieldError
        If there are fewer than six points.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(0, 4, 40)
    >>> found = bending(x, np.maximum(x - 2, 0) + 0.05 * (-1.0) ** np.arange(40))
    >>> found.over_parabola > 10
    True
    >>> round(found.turn, 1)
    2.0
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    require(len(x) >= 6, "x", len(x), "at least six points")
    tried = _tried(tuple(x.tolist()))
    best = tried.corners.best(y)[1]
    turn, shape = float(tried.turns[best]), np.maximum(x - tried.turns[best], 0)
    slope = float((shape - shape.mean()) @ y / ((shape - shape.mean()) ** 2).sum())
    exponent = tried.powers.best(y)[1]
    return Bending(
        turn, float(y.mean() - slope * shape.mean()), slope, float(_EXPONENTS[exponent]),
        *map(float, tried.over_corner(y)),
    )  # fmt: skip


def found_if_there(
    x: ArrayLike, y: ArrayLike, *, margin: float = 10, draws: int = 100, seed: int = 0
) -> float:
    """How often a corner as large as the one fitted would be found, if it were there.

    Parameters
    ----------
    x, y : array_like
        Scale, best as a logarithm, and score.
    margin : float
        A corner is found if its BIC is lower by more than this than that of each of the smooth curves.
    draws : int
        Simulated curves: the fitted corner, and what it leaves over dealt out again among the points.
    seed : int
        Of the simulation.

    Returns
    -------
    float
        Share of the simulated curves in which the corner is found.

    Raises
    ------
    FieldError
        If there are fewer than six points.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(0, 4, 40)
    >>> wave = 0.05 * (-1.0) ** np.arange(40)
    >>> found_if_there(x, np.maximum(x - 2, 0) + wave, draws=20)
    1.0
    >>> found_if_there(x, 0.01 * np.maximum(x - 2, 0) + wave, draws=20)
    0.0
    """
    return float(np.mean(over_if_there(x, y, draws=draws, seed=seed) > margin))


def over_if_there(
    x: ArrayLike, y: ArrayLike, *, draws: int = 100, seed: int = 0
) -> NDArray[np.float64]:
    """By how much a corner as large as the one fitted would beat the best smooth curve, if it were there.

    Parameters
    ----------
    x, y : array_like
        Scale, best as a logarithm, and score.
    draws : int
        Simulated curves, as for `found_if_there`. A share of a hundred draws is known to a few points only: take more where
        it decides something.
    seed : int
        Of the simulation.

    Returns
    -------
    ndarray, shape (draws,)
        `Bending.over_smooth` of each simulated curve. Compare it with as many margins as you like.

    Raises
    ------
    FieldError
        If there are fewer than six points.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(0, 4, 40)
    >>> over = over_if_there(x, np.maximum(x - 2, 0) + 0.05 * (-1.0) ** np.arange(40), draws=20)
    >>> [float(np.mean(over > margin)) for margin in (2, 10, 1000)]
    [1.0, 1.0, 0.0]
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    fitted = bending(x, y)
    corner = fitted.floor + fitted.slope * np.maximum(x - fitted.turn, 0)
    rng = np.random.default_rng(seed)
    drawn = np.array([corner + rng.permutation(y - corner) for _ in range(draws)])
    *smooth, _ = _tried(tuple(x.tolist())).over_corner(drawn)
    return np.min(smooth, axis=0)


class _Shapes:
    """Several shapes of a curve, each to be scaled and shifted."""

    def __init__(self, shapes: NDArray[np.float64]) -> None:
        centred = shapes - shapes.mean(axis=1, keepdims=True)
        self._unit = centred / np.sqrt(np.maximum((centred**2).sum(axis=1, keepdims=True), 1e-12))

    def best(self, y: NDArray[np.float64]) -> tuple[Any, Any]:
        """Squared error of the best shape for each curve, and which one."""
        centred = y - y.mean(axis=-1, keepdims=True)
        gained = (centred @ self._unit.T) ** 2
        return (centred**2).sum(axis=-1) - gained.max(axis=-1), gained.argmax(axis=-1)


class _Tried(NamedTuple):
    """All that is tried on one scale."""

    turns: NDArray[np.float64]
    corners: _Shapes
    powers: _Shapes
    logistic: _Shapes
    jumps: _Shapes
    basis: NDArray[np.float64]

    def off(self, y: NDArray[np.float64], degree: int) -> Any:
        """Squared error of a polynomial."""
        of_degree = self.basis[:, : degree + 1]
        return ((y - y @ of_degree @ of_degree.T) ** 2).sum(axis=-1)

    def over_corner(self, y: NDArray[np.float64]) -> list[Any]:
        """BIC of line, parabola, power, logistic curve and jump, each minus that of the corner, for each curve."""
        n = y.shape[-1]
        others = (
            (self.off(y, 1), 2), (self.off(y, 2), 3), (self.powers.best(y)[0], 3), (self.logistic.best(y)[0], 4),
            (self.jumps.best(y)[0], 3),
        )  # fmt: skip
        corner = self.corners.best(y)[0]
        return [n * np.log(squares / corner) + (k - 3) * np.log(n) for squares, k in others]


@lru_cache(maxsize=16)
def _tried(scale: tuple[float, ...]) -> _Tried:
    """Turning points, and the corners, powers, logistic curves, jumps and polynomials that are tried."""
    x = np.array(scale)
    turns = np.linspace(x.min() + 0.3, x.max() - 0.3, _GRID)
    middle, wide = np.meshgrid(
        np.linspace(x.min() - 1, x.max() + 2, 120),
        (0.02, 0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 0.9, 1.3),
    )
    logistic = 1 / (1 + np.exp(-(x - middle.ravel()[:, None]) / wide.ravel()[:, None]))
    powers = 10 ** (_EXPONENTS[:, None] * (x - x.max()))
    jumps = (x > np.unique(x)[:-1, None]).astype(float)
    basis = np.linalg.qr(np.vander(x - x.mean(), 3, increasing=True))[0]
    return _Tried(turns, _Shapes(np.maximum(x - turns[:, None], 0)), _Shapes(powers), _Shapes(logistic), _Shapes(jumps), basis)  # fmt: skip
