"""Several runs of the same items: how much of a score's noise is the items', the runs' and the answers' own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import FieldError, positive, require

__all__ = ["Components", "components"]


@dataclass(frozen=True)
class Components:
    """Variances that add up in the mean of several runs over the same items.

    Parameters
    ----------
    items : int
    runs : float
        Scores an item (their harmonic mean, where items have different numbers).
    mean : float
        Over items, each with its mean over runs.
    between : float
        Variance of the items' own means: what another sample of items would change. Never below 0.
    run : float
        Variance of the runs' own means: what all items of a run share, such as a training seed. 0 of answers that are drawn
        independently item by item (epochs).
    within : float
        Variance that is left of one answer to one item: decoding.
    """

    items: int
    runs: float
    mean: float
    between: float
    run: float
    within: float

    def error(self, items: float | None = None, runs: float | None = None) -> float:
        """Standard error of the mean over so many items and runs; by default those that were measured.

        Parameters
        ----------
        items, runs : float, optional
            Infinite for what is left when there is no end of them.
        """
        n = positive("items", self.items if items is None else items) if items != np.inf else np.inf
        k = positive("runs", self.runs if runs is None else runs) if runs != np.inf else np.inf
        return float(np.sqrt(self.between / n + self.run / k + self.within / (n * k)))

    @property
    def share_of_decoding(self) -> float:
        """Share of the variance of the measured mean that more answers to the same items would remove; nan where nothing varies."""
        total = self.error() ** 2
        return self.within / (self.items * self.runs) / total if total else float("nan")


def components(scores: ArrayLike, *, crossed: bool = False) -> Components:
    """Variance of items, of runs and of single answers.

    Parameters
    ----------
    scores : array_like, shape (items, runs)
        nan where an item was not answered in a run; every item at least once.
    crossed : bool
        A run is one thing for all items, such as a network trained with a seed, and has a variance of its own. By default the
        answers to an item are independent repetitions of it (epochs of decoding), nested in the item.

    Returns
    -------
    Components

    Raises
    ------
    FieldError
        If there are fewer than two items, no item has two scores, or `crossed` is asked of a table with gaps.

    Notes
    -----
    Method of moments of the analysis of variance, one way (nested) or two ways without repetition (crossed). An estimate that
    comes out negative is set to 0. Intervals of such estimates are wide where runs are few.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> p = rng.beta(1, 1, 4_000)
    >>> found = components(rng.random((4_000, 5)) < p[:, None])
    >>> round(found.between, 2), round(found.within, 2)  # 1/12 and 1/6
    (0.08, 0.17)
    """
    y = np.asarray(scores, dtype=float)
    require(y.ndim == 2, "scores", y.shape, "a table of items by runs")
    require(y.shape[0] >= 2, "scores", y.shape, "at least two items")
    require(
        not np.isinf(y).any(), "scores", float("inf"), "finite numbers, or nan where there is none"
    )
    counts = (~np.isnan(y)).sum(axis=1)
    require(
        bool((counts > 0).all()),
        "scores",
        int(np.argmin(counts)),
        "every item scored at least once",
    )
    if counts.max() < 2:
        raise FieldError(
            "scores",
            y.shape,
            "at least two runs of some items; one run does not tell noise of decoding from items",
        )
    means = np.nanmean(y, axis=1)
    n, k, mean = y.shape[0], float(_harmonic(counts)), float(means.mean())
    if crossed:
        require(
            not np.isnan(y).any(),
            "scores",
            float("nan"),
            "every item in every run, where runs are crossed with items",
        )
        of_runs = y.mean(axis=0)
        left = y - means[:, None] - of_runs + mean
        within = float((left**2).sum() / ((n - 1) * (y.shape[1] - 1)))
        run = max(0.0, float(of_runs.var(ddof=1)) - within / n)
    else:
        within = float(np.nansum((y - means[:, None]) ** 2) / (counts - 1).sum())
        run = 0.0
    between = max(0.0, float(means.var(ddof=1)) - within / k)
    return Components(n, k, mean, between, run, within)


def _harmonic(counts: np.ndarray) -> float:
    """Harmonic mean of numbers of runs: that by which a variance is divided on average."""
    return float(len(counts) / (1 / counts).sum())
