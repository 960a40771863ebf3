"""What few items say of a whole test, and smaller networks of larger ones, by item response theory and without it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ..errors import require
from .abilities import Abilities, fit_abilities, measured

__all__ = ["FewItems", "ahead", "few_items"]

_FLOATS = NDArray[np.float64]


@dataclass(frozen=True)
class FewItems:
    """The score of a whole test as few of its items say it, again and again with other items.

    Parameters
    ----------
    truth : ndarray, shape (k,)
        Mean over all items, of each network.
    plain : ndarray, shape (draws, k)
        Mean over the few items.
    ability : ndarray, shape (draws, k)
        What the ability measured on the few items says of all.
    """

    truth: _FLOATS
    plain: _FLOATS
    ability: _FLOATS

    @property
    def errors(self) -> tuple[float, float]:
        """Root of the mean squared error of `plain` and of `ability`, over draws and networks."""
        plain, ability = (
            float(np.sqrt(((each - self.truth) ** 2).mean())) for each in (self.plain, self.ability)
        )
        return plain, ability

    @property
    def bias(self) -> tuple[float, float]:
        """Mean error of `plain` and of `ability`."""
        plain, ability = (float((each - self.truth).mean()) for each in (self.plain, self.ability))
        return plain, ability


def few_items(
    table: ArrayLike, size: ArrayLike, *, few: int = 50, draws: int = 200, model: str = "rasch",
    answers: bool = False, seed: int = 0,
) -> FewItems:  # fmt: skip
    """Measure the largest networks on a few items that smaller networks have calibrated.

    Parameters
    ----------
    table : array_like, shape (m, n)
        Probability of a right answer: a row a network, a column an item.
    size : array_like, shape (m,)
        Of each network; the items are calibrated on all but the largest.
    few : int
        Items asked.
    draws : int
        How often other items are chosen, at random and without replacement.
    model : str
        One of `mirage_utils.evidence.abilities.MODELS` with one ability.
    answers : bool
        Whether the few items are graded right or wrong, one answer drawn for each, in place of probabilities.
    seed : int

    Returns
    -------
    FewItems

    Examples
    --------
    >>> import numpy as np
    >>> size = np.repeat([1, 2, 4, 8, 16], 3)
    >>> difficulty = np.random.default_rng(0).normal(0, 3, 300)
    >>> table = 1 / (1 + np.exp(difficulty - 2 * np.log2(size)[:, None] + 4))
    >>> plain, ability = few_items(table, size, draws=50).errors
    >>> ability < plain / 3
    True
    """
    y, sizes = np.asarray(table, dtype=float), np.asarray(size, dtype=float)
    require(sizes.shape == (len(y),), "size", sizes.shape, f"one a network, {len(y)}")
    require(0 < few <= y.shape[1], "few", few, f"1 to {y.shape[1]}, the items there are")
    last, rng = sizes == sizes.max(), np.random.default_rng(seed)
    calibrated, new = fit_abilities(y[~last], model), y[last]
    plain, ability = [], []
    for _ in range(draws):
        items = rng.choice(y.shape[1], few, replace=False)
        seen = new[:, items]
        if answers:
            seen = (rng.random(seen.shape) < seen).astype(float)
        plain.append(seen.mean(axis=1))
        ability.append(measured(seen, calibrated, items).probability().mean(axis=1))
    return FewItems(new.mean(axis=1), np.array(plain), np.array(ability))


def ahead(
    table: ArrayLike, size: ArrayLike, *, window: int | None = 4, fewest: int = 4, lowest: float = 1e-9
) -> pd.DataFrame:  # fmt: skip
    """Forecast the score of each size from the smaller ones: a law of ability, a law of the score, no change.

    Parameters
    ----------
    table : array_like, shape (m, n)
        Probability of a right answer: a row a network, a column an item.
    size : array_like, shape (m,)
        Of each network.
    window : int, optional
        Smaller sizes that the laws are fitted to, the nearest ones; all if None. Items are calibrated on all smaller
        networks.
    fewest : int
        Smaller sizes that there must be.
    lowest : float
        Mean scores below it count as this much in the law of the score, whose log-odds would be without bounds.

    Returns
    -------
    DataFrame
        A row a size: ``size``, ``truth`` (its mean score), and the forecasts ``ability``, ``score``, ``same``.

    Notes
    -----
    Both laws are straight in the logarithm of size, by least squares: the ability of each network (the forecast is the
    mean over items at that ability), and the log-odds of its mean score.

    Examples
    --------
    >>> import numpy as np
    >>> size = np.repeat([1, 2, 4, 8, 16, 32], 2)
    >>> difficulty = np.random.default_rng(0).normal(0, 3, 100)
    >>> table = 1 / (1 + np.exp(difficulty - 2 * np.log2(size)[:, None] + 4))
    >>> ahead(table, size).round(2)["size"].tolist()
    [16.0, 32.0]
    """
    y, sizes = np.asarray(table, dtype=float), np.asarray(size, dtype=float)
    require(sizes.shape == (len(y),), "size", sizes.shape, f"one a network, {len(y)}")
    each = np.unique(sizes)
    require(len(each) > fewest, "size", len(each), f"more than {fewest} sizes")
    out = []
    for k in range(fewest, len(each)):
        below = sizes < each[k]
        near = sizes[below] >= each[0 if window is None else max(k - window, 0)]
        calibrated, x = fit_abilities(y[below]), np.log(sizes[below])
        scores = special.logit(np.clip(y[below].mean(axis=1), lowest, 1 - lowest))
        theta, odds = (
            float(np.polyval(np.polyfit(x[near], v[near], 1), np.log(each[k])))
            for v in (calibrated.ability, scores)
        )
        out.append(
            {
                "size": each[k],
                "truth": y[sizes == each[k]].mean(),
                "ability": _at(calibrated, theta),
                "score": float(special.expit(odds)),
                "same": y[sizes == each[k - 1]].mean(),
            }
        )
    return pd.DataFrame(out)


def _at(calibrated: Abilities, theta: float) -> float:
    """Mean score of a network of that ability."""
    one = replace(calibrated, ability=np.array([theta]), second=np.zeros(1))
    return float(one.probability().mean())
