"""One straight line for all lengths: the closed form, held against answers of many lengths.

If each symbol of an answer is right with probability exp(-(N/N_c)^-alpha), whatever the others do, then
the logarithm of minus the log of exact match is log L - alpha log(N/N_c): lines of all lengths L have
one slope, and lie log L apart (Schaeffer et al. 2023, section 2). Both can be refuted by counts.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from .cloglog import Fitted, fit_cloglog

__all__ = ["Lengths", "one_line"]

_SIZES = 3


@dataclass(frozen=True)
class Lengths:
    """Exact match by length and size of model, against one straight line for all lengths.

    Attributes
    ----------
    shortest, longest : int
        Symbols of the answers.
    alpha : float
        Exponent of the line.
    power, power_error : float
        Where the slope is free to change with length and the line to bend: the loss of a whole answer
        grows as its length to this power. 1 if every symbol costs the same, and 0 if it is the answer
        as a whole that is known or not.
    drift, drift_error : float
        By how much the exponent alpha rises from answers of one length to answers e times as long; 0 for
        lines of one slope.
    bend, bend_error : float
        Curvature of the line over the natural logarithm of size; 0 for a power of size.
    p : float
        Chance that power, drift and bend miss 1, 0 and 0 by as much (likelihood ratio, three degrees of
        freedom), if every item of every model is a draw of its own. Models that fail at the same items
        make it too small.
    """

    shortest: int
    longest: int
    alpha: float
    power: float
    power_error: float
    drift: float
    drift_error: float
    bend: float
    bend_error: float
    p: float


def one_line(counts: pd.DataFrame) -> Lengths | None:
    """Hold counts of right answers against one line.

    Parameters
    ----------
    counts : pandas.DataFrame
        Columns ``params``, ``length`` (>= 1), ``n`` and ``right``, as `Gathered.lengths` of one question.

    Returns
    -------
    Lengths or None
        None with one length only, with fewer than three sizes that are right on some items and wrong on
        others, or where the counts do not hold the lines apart.
    """
    if not len(counts):
        return None
    table = counts.groupby(["params", "length"], as_index=False)[["n", "right"]].sum()
    by_size = table.groupby("params")[["n", "right"]].sum()
    # Sizes that are right on nothing say little of slopes and much of a floor that the line has not.
    mixed = by_size.index[(by_size["right"] > 0) & (by_size["right"] < by_size["n"])]
    table = table[table["params"].isin(mixed)]
    if len(mixed) < _SIZES or table["length"].nunique() < 2:
        return None
    length = np.log(table["length"].to_numpy(float))
    size = np.log(table["params"].to_numpy(float))
    size, inner = size - size.mean(), length - length.mean()
    sides = np.column_stack([table["n"] - table["right"], table["right"]])
    ones = np.ones(len(table))
    line = _fit(sides, np.column_stack([ones, size]), length)
    free = _fit(sides, np.column_stack([ones, size, inner, size * inner, size**2]), length)
    if line is None or free is None:
        return None
    gained = max(2 * float(free.llf - line.llf), 0.0)
    _, _, power, drift, bend = map(float, free.params)
    _, _, power_error, drift_error, bend_error = map(float, free.bse)
    return Lengths(
        int(table["length"].min()), int(table["length"].max()), -float(line.params[1]),
        1 + power, power_error, -drift, drift_error, bend, bend_error,
        float(stats.chi2.sf(gained, 3)),
    )  # fmt: skip


def _fit(sides: np.ndarray, columns: np.ndarray, length: np.ndarray) -> Fitted | None:
    """Wrong answers have chance 1 - exp(-exp(line)): a binomial regression with that link."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            fitted = fit_cloglog(sides, columns, length)
        except (np.linalg.LinAlgError, ValueError):
            return None
    known = fitted.converged and np.isfinite(fitted.params).all() and np.isfinite(fitted.bse).all()
    return fitted if known and np.isfinite(fitted.llf) else None
