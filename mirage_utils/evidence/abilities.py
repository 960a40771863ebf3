"""Item response theory for probabilities: one ability a network, one difficulty an item, and what rivals add.

Item response theory was made for answers that are right or wrong. Our networks say how likely the right answer is, so the
likelihood here is the expected one: every cell counts as right with its probability and as wrong with the rest
(quasi-binomial). Its maximum is that of infinitely many drawn answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from ..errors import UnknownNameError, require

__all__ = [
    "MODELS",
    "Abilities",
    "fit_abilities",
    "folds",
    "held_out",
    "made_by",
    "measured",
    "surprise",
]

_FLOATS = NDArray[np.float64]

MODELS = ("ability", "difficulty", "rasch", "slopes", "two")
"""What may explain a table: abilities alone, difficulties alone, both (Rasch), a slope for each item as well (2PL), a second
ability with a loading for each item in place of the slopes."""

_PRIOR = {"ability": 0.01, "slope": 1.0, "second": 0.5, "loading": 0.5}
"""Precision of the normal prior of each kind of parameter: weak, but it keeps an item that nobody knows from running away."""
_FREE = {
    "ability": ("ability",),
    "difficulty": ("difficulty",),
    "rasch": ("ability", "difficulty"),
    "slopes": ("ability", "difficulty", "slope"),
    "two": ("ability", "difficulty", "second", "loading"),
}
_ALIKE = 50
"""Cells whose predictions are taken to be the same in `made_by`."""


@dataclass(frozen=True)
class Abilities:
    """What was found: the log-odds of network i on item j are ``exp(slope_j) (ability_i - difficulty_j) + second_i loading_j``.

    Parameters
    ----------
    model : str
        One of `MODELS`.
    centre : float
        Log-odds of the table's mean, added to every cell.
    ability, second : ndarray, shape (m,)
        Of networks.
    difficulty, slope, loading : ndarray, shape (n,)
        Of items; `slope` is the logarithm, 0 where all are alike.
    """

    model: str
    centre: float
    ability: _FLOATS
    second: _FLOATS
    difficulty: _FLOATS
    slope: _FLOATS
    loading: _FLOATS

    def probability(self) -> _FLOATS:
        """Of a right answer, shape (m, n)."""
        return np.asarray(special.expit(self.log_odds()))

    def log_odds(self) -> _FLOATS:
        """The same as log-odds, shape (m, n)."""
        gap = self.ability[:, None] - self.difficulty
        return self.centre + np.exp(self.slope) * gap + self.second[:, None] * self.loading


def _checked(table: ArrayLike) -> _FLOATS:
    y = np.asarray(table, dtype=float)
    require(y.ndim == 2 and min(y.shape) > 0, "table", y.shape, "a row a network, a column an item")
    require(bool(((y >= 0) & (y <= 1)).all()), "table", table, "probabilities from 0 to 1")
    return y


def fit_abilities(
    table: ArrayLike, model: str = "rasch", *, seen: ArrayLike | None = None, firm: float = 0.05
) -> Abilities:
    """Find the abilities of networks and the difficulties of items together.

    Parameters
    ----------
    table : array_like, shape (m, n)
        Probability of a right answer, or 0 and 1: a row a network, a column an item.
    model : str
        One of `MODELS`.
    seen : array_like of bool, shape (m, n), optional
        Cells to use; all by default.
    firm : float
        Precision of the normal prior of difficulties, > 0: the more, the closer together they stay.

    Returns
    -------
    Abilities

    Raises
    ------
    UnknownNameError
        If there is no such model.
    FieldError
        If the table is no table of probabilities.

    Notes
    -----
    Largest expected likelihood with weak normal priors, found by L-BFGS along derivatives written out.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.special import expit
    >>> truth = expit(np.linspace(-2, 2, 9)[:, None] - np.linspace(-1, 1, 5))
    >>> found = fit_abilities(truth)
    >>> bool(np.abs(found.probability() - truth).max() < 0.02)
    True
    """
    if model not in MODELS:
        raise UnknownNameError("model", model, f"one of {', '.join(MODELS)}")
    y = _checked(table)
    weight = np.ones(y.shape) if seen is None else np.asarray(seen, dtype=float)
    require(weight.shape == y.shape, "seen", weight.shape, f"{y.shape}, as the table")
    m, n = y.shape
    prior = {**_PRIOR, "difficulty": firm}
    centre = float(special.logit(np.clip((weight * y).sum() / weight.sum(), 1e-6, 1 - 1e-6)))
    nothing = Abilities(model, centre, np.zeros(m), np.zeros(m), *(np.zeros(n) for _ in range(3)))
    free = _FREE[model]
    begun = _beginning(y, weight, centre)
    started = _with(nothing, [begun[name] for name in free])
    start = [getattr(started, name) for name in free]
    ends = np.cumsum([len(each) for each in start])[:-1]
    scale = 1 / np.sqrt(
        np.concatenate([(_curvature(started, weight)[name] + prior[name]) for name in free])
    )

    def loss(x: _FLOATS) -> tuple[float, _FLOATS]:
        found = _with(nothing, np.split(x * scale, ends))
        eta = found.log_odds()
        off = weight * (special.expit(eta) - y)
        value = float((weight * (np.logaddexp(0, eta) - y * eta)).sum())
        steep = np.exp(found.slope)
        gap = found.ability[:, None] - found.difficulty
        by: dict[str, Callable[[], _FLOATS]] = {
            "ability": lambda: off @ steep,
            "difficulty": lambda: -steep * off.sum(axis=0),
            "slope": lambda: steep * (gap * off).sum(axis=0),
            "second": lambda: off @ found.loading,
            "loading": lambda: found.second @ off,
        }
        slopes = []
        for name in free:
            values = getattr(found, name)
            value += 0.5 * prior[name] * float(values @ values)
            slopes.append(by[name]() + prior[name] * values)
        return value, np.concatenate(slopes) * scale

    best = optimize.minimize(
        loss, np.concatenate(start) / scale, jac=True, method="L-BFGS-B", options={"maxiter": 2_000, "maxfun": 4_000}
    )  # fmt: skip
    return _with(nothing, np.split(best.x * scale, ends))


def _with(found: Abilities, values: list[_FLOATS]) -> Abilities:
    """The same with other values of what its model leaves free."""
    parts: dict[str, Any] = dict(zip(_FREE[found.model], values, strict=True))
    return replace(found, **parts)


def _beginning(y: _FLOATS, weight: _FLOATS, centre: float) -> dict[str, _FLOATS]:
    """Where the search begins, from the means of rows and columns."""

    def log_odds(axis: int) -> _FLOATS:
        count = weight.sum(axis=axis)
        return np.asarray(
            special.logit(((weight * y).sum(axis=axis) + 0.01) / (count + 0.02)) - centre
        )

    # A second ability that begins at zero would stay there: its derivative is zero.
    rng = np.random.default_rng(0)
    return {
        "ability": log_odds(1), "difficulty": -log_odds(0), "slope": np.zeros(y.shape[1]),
        "second": np.asarray(rng.normal(0, 0.3, y.shape[0])), "loading": np.asarray(rng.normal(0, 0.3, y.shape[1])),
    }  # fmt: skip


def _curvature(found: Abilities, weight: _FLOATS) -> dict[str, _FLOATS]:
    """Second derivatives of the loss, each parameter by itself: in these units no direction is much steeper than another."""
    mu = found.probability()
    w, steep = weight * mu * (1 - mu), np.exp(found.slope)
    gap = found.ability[:, None] - found.difficulty
    return {
        "ability": w @ steep**2,
        "difficulty": w.sum(axis=0) * steep**2,
        "slope": (w * gap**2).sum(axis=0),
        "second": w @ found.loading**2,
        "loading": found.second**2 @ w,
    }


def measured(table: ArrayLike, calibrated: Abilities, items: ArrayLike) -> Abilities:
    """Measure the abilities of other networks from some items, with the items as they were calibrated.

    Parameters
    ----------
    table : array_like, shape (k, c)
        Probabilities of the networks to be measured on those items.
    calibrated : Abilities
        Fitted to other networks; with one ability.
    items : array_like of int, shape (c,) or (k, c)
        Which of the calibrated items the columns are, for all networks or for each.

    Returns
    -------
    Abilities
        Of the k networks, with all calibrated items.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.special import expit
    >>> difficulty = np.linspace(-2, 2, 40)
    >>> items = fit_abilities(expit(np.linspace(-3, 3, 9)[:, None] - difficulty))
    >>> few = measured(expit(1 - difficulty[None, 35:]), items, np.arange(35, 40))
    >>> float(few.probability().mean().round(1)), float(expit(1 - difficulty).mean().round(1))
    (0.7, 0.7)
    """
    y, which = _checked(table), np.asarray(items, dtype=int)
    require(
        which.shape in (y.shape[1:], y.shape), "items", which.shape, f"one a column, {y.shape[1]}"
    )
    steep, hard = np.exp(calibrated.slope[which]), calibrated.difficulty[which]
    low, high = (np.full(len(y), v) for v in (-60.0, 60.0))
    for _ in range(40):  # the derivative falls everywhere, so halving finds its zero
        middle = (low + high) / 2
        mu = special.expit(calibrated.centre + steep * (middle[:, None] - hard))
        rising = (steep * (y - mu)).sum(axis=1) - _PRIOR["ability"] * middle > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    return replace(calibrated, ability=(low + high) / 2, second=np.zeros(len(y)))


def surprise(table: ArrayLike, probability: ArrayLike) -> _FLOATS:
    """How much worse than the network's own probabilities a prediction is, in nats an answer; 0 if it is exact.

    The log score of drawn answers, less what no prediction can avoid (the Kullback-Leibler divergence).

    Parameters
    ----------
    table, probability : array_like
        What the networks say and what was predicted.

    Examples
    --------
    >>> surprise([0.5, 1.0], [0.5, 0.5]).round(2).tolist()
    [0.0, 0.69]
    """
    y, mu = np.asarray(table, dtype=float), np.asarray(probability, dtype=float)
    return np.asarray(special.rel_entr(y, mu) + special.rel_entr(1 - y, 1 - mu))


def folds(shape: tuple[int, int], k: int, seed: int = 0) -> NDArray[np.int64]:
    """Deal the cells of a table into k groups at random.

    Parameters
    ----------
    shape : tuple of int
    k : int
    seed : int

    Examples
    --------
    >>> np.bincount(folds((4, 5), 5).ravel()).tolist()
    [4, 4, 4, 4, 4]
    """
    cells = np.arange(shape[0] * shape[1]) % k
    return np.random.default_rng(seed).permutation(cells).reshape(shape)


def held_out(
    table: ArrayLike, model: str = "rasch", *, k: int = 5, seed: int = 0, firm: float = 0.05
) -> _FLOATS:
    """Surprise at every cell, predicted from a fit that did not see it.

    Parameters
    ----------
    table : array_like, shape (m, n)
    model : str
        One of `MODELS`.
    k : int
        Groups of cells; each is left out once.
    seed : int
    firm : float
        As in `fit_abilities`.

    Returns
    -------
    ndarray, shape (m, n)
        In nats an answer.

    Examples
    --------
    >>> from scipy.special import expit
    >>> table = expit(np.linspace(-2, 2, 9)[:, None] - np.linspace(-3, 3, 20))
    >>> bool(held_out(table, "rasch").mean() < held_out(table, "ability").mean())
    True
    """
    y = _checked(table)
    group = folds((y.shape[0], y.shape[1]), k, seed)
    out = np.empty(y.shape)
    for each in range(k):
        gone = group == each
        guess = fit_abilities(y, model, seen=~gone, firm=firm).probability()
        out[gone] = surprise(y[gone], guess[gone])
    return out


def made_by(found: Abilities, table: ArrayLike, rng: np.random.Generator) -> _FLOATS:
    """A table as a fitted model would have it, nearly as noisy as the real one.

    The residuals are those of a fit that saw every cell, and so a little smaller than those of a prediction.

    Residuals of the log-odds are dealt again among cells with nearly the same prediction, so that they belong to no
    network and no item: what is left to find in such a table is chance.

    Parameters
    ----------
    found : Abilities
    table : array_like, shape (m, n)
        What it was fitted to.
    rng : numpy.random.Generator

    Examples
    --------
    >>> from scipy.special import expit
    >>> table = expit(np.linspace(-2, 2, 9)[:, None] - np.linspace(-1, 1, 20))
    >>> made_by(fit_abilities(table), table, np.random.default_rng(0)).shape
    (9, 20)
    """
    y = np.clip(_checked(table), 1e-12, 1 - 1e-12)
    eta = found.log_odds()
    residual = (special.logit(y) - eta).ravel()
    order, again = np.argsort(eta, axis=None), residual.copy()
    for group in np.array_split(order, max(1, residual.size // _ALIKE)):
        again[group] = residual[rng.permutation(group)]
    return np.asarray(special.expit(eta + again.reshape(eta.shape)))
