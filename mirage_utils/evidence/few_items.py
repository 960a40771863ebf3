"""What few items say of a whole test, and smaller networks of larger ones, by item response theory and without it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

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
    corrected : ndarray, shape (draws, k)
        The plain mean, less what the same items had above the mean of all among the largest networks of the calibration.
    """

    truth: _FLOATS
    plain: _FLOATS
    ability: _FLOATS
    corrected: _FLOATS

    @property
    def errors(self) -> tuple[float, float, float]:
        """Root of the mean squared error of `plain`, `ability` and `corrected`, over draws and networks."""
        plain, ability, corrected = (
            float(np.sqrt(((each - self.truth) ** 2).mean()))
            for each in (self.plain, self.ability, self.corrected)
        )
        return plain, ability, corrected

    @property
    def bias(self) -> tuple[float, float]:
        """Mean error of `plain` and of `ability`."""
        plain, ability = (float((each - self.truth).mean()) for each in (self.plain, self.ability))
        return plain, ability


def few_items(
    table: ArrayLike, size: ArrayLike, *, few: int = 50, draws: int = 200, model: str = "rasch",
    answers: bool = False, seed: int = 0, known: float | None = None, firm: float = 0.05,
) -> FewItems:  # fmt: skip
    """Measure the largest networks on a few items that smaller networks have calibrated.

    Parameters
    ----------
    table : array_like, shape (m, n)
        Probability of a right answer: a row a network, a column an item.
    size : array_like, shape (m,)
        Of each network; the largest are measured.
    few : int
        Items asked.
    draws : int
        How often other items are chosen, at random and without replacement.
    model : str
        One of `mirage_utils.evidence.abilities.MODELS` with one ability.
    answers : bool
        Whether the few items are graded right or wrong, one answer drawn for each, in place of probabilities.
    seed : int
    known : float, optional
        The items are calibrated on networks of this size and below; on all but the largest by default.
    firm : float
        As in `mirage_utils.evidence.abilities.fit_abilities`.

    Returns
    -------
    FewItems

    Examples
    --------
    >>> import numpy as np
    >>> size = np.repeat([1, 2, 4, 8, 16], 3)
    >>> difficulty = np.random.default_rng(0).normal(0, 3, 300)
    >>> table = 1 / (1 + np.exp(difficulty - 2 * np.log2(size)[:, None] + 4))
    >>> plain, ability, corrected = few_items(table, size, draws=50).errors
    >>> ability < plain / 3
    True
    """
    y, sizes = np.asarray(table, dtype=float), np.asarray(size, dtype=float)
    require(sizes.shape == (len(y),), "size", sizes.shape, f"one a network, {len(y)}")
    require(0 < few <= y.shape[1], "few", few, f"1 to {y.shape[1]}, the items there are")
    last, rng = sizes == sizes.max(), np.random.default_rng(seed)
    old = ~last if known is None else ~last & (sizes <= known)
    require(bool(old.any()), "known", known, "a size that some networks below the largest have")
    calibrated, new = fit_abilities(y[old], model, firm=firm), y[last]
    easier = y[old & (sizes == sizes[old].max())].mean(axis=0)
    items = np.array([rng.choice(y.shape[1], few, replace=False) for _ in range(draws)])
    seen = new[:, items]
    if answers:
        seen = (rng.random(seen.shape) < seen).astype(float)
    by_ability = [measured(each, calibrated, items).probability().mean(axis=1) for each in seen]
    plain, above = seen.mean(axis=2).T, easier[items].mean(axis=1) - easier.mean()
    return FewItems(new.mean(axis=1), plain, np.array(by_ability).T, plain - above[:, None])


def ahead(
    table: ArrayLike, size: ArrayLike, *, window: int | None = 4, fewest: int = 4
) -> pd.DataFrame:
    """Forecast the score of each size from the smaller ones: a law of ability, one of the score, the last step, no change.

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

    Returns
    -------
    DataFrame
        A row a size: ``size``, ``truth`` (its mean score), and the forecasts ``ability``, ``score``, ``step``, ``same``.

    Notes
    -----
    Both laws are straight in the logarithm of size: the ability of each network, by least squares (the forecast is the
    mean over items at that ability), and the log-odds of its mean score, by the likelihood, in which scores near zero weigh
    little. The last step is the straight line through the last two mean scores, kept between 0 and 1.

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
    require(
        len(each) > fewest >= 2, "size", len(each), f"more than {fewest} sizes, and 2 or more below"
    )
    out = []
    for k in range(fewest, len(each)):
        below = sizes < each[k]
        near = sizes[below] >= each[0 if window is None else max(k - window, 0)]
        calibrated, x = fit_abilities(y[below]), np.log(sizes[below] / each[k])
        theta = float(np.polyfit(x[near], calibrated.ability[near], 1)[1])
        before, same = (y[sizes == each[k - back]].mean() for back in (2, 1))
        further = np.log(each[k] / each[k - 1]) / np.log(each[k - 1] / each[k - 2])
        out.append(
            {
                "size": each[k],
                "truth": y[sizes == each[k]].mean(),
                "ability": _at(calibrated, theta),
                "score": _likeliest(x[near], y[below][near].mean(axis=1)),
                "step": float(np.clip(same + further * (same - before), 0, 1)),
                "same": same,
            }
        )
    return pd.DataFrame(out)


def _likeliest(x: _FLOATS, score: _FLOATS) -> float:
    """The score at x = 0 by a straight line in log-odds, of largest expected likelihood."""
    z, unit = (
        (x - x.mean()) / x.std(),
        score.sum(),
    )  # a loss of the order of one, also for scores near zero

    def loss(line: _FLOATS) -> tuple[float, _FLOATS]:
        odds = line[0] + line[1] * z
        off = special.expit(odds) - score
        value = (np.logaddexp(0, odds) - score * odds).sum()
        return float(value / unit), np.array([off.sum(), off @ z]) / unit

    start = [special.logit(np.clip(score.mean(), 1e-12, 1 - 1e-12)), 0.0]
    line = optimize.minimize(loss, start, jac=True, method="BFGS").x
    return float(special.expit(line[0] - line[1] * x.mean() / x.std()))


def _at(calibrated: Abilities, theta: float) -> float:
    """Mean score of a network of that ability."""
    one = replace(calibrated, ability=np.array([theta]), second=np.zeros(1))
    return float(one.probability().mean())
