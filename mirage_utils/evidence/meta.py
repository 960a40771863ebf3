"""Emergence over many curves: which metrics carry it, against what they carry anyway.

Schaeffer et al. 2023, section 4, count for each metric of BIG-bench how many pairs of task and family
have a high emergence score. A count says little without two others: how many curves that metric has,
and how many of them chance would call high.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..errors import as_array, require
from .curves_of import Curves, curves_of
from .emergence import Correction, adjust, calibrate, emergence_scores

__all__ = ["by_metric", "leap_shown", "score_curves"]

_CURVE = (
    "family", "task", "setting", "metric", "n_scales", "emergence_score", "p_noise", "p_smooth",
    "linearity",
)  # fmt: skip


def score_curves(
    scores: pd.DataFrame | Curves,
    *,
    family: str = "",
    min_scales: int = 2,
    draws: int = 10_000,
    seed: int = 0,
    smooth: bool = True,
    progress: Callable[[Iterable[Any], int], Iterable[Any]] | None = None,
) -> pd.DataFrame:
    """Emergence score of every curve of a table, with its error rates.

    A curve of which it is not known whether more or less is better is listed without a score.

    Parameters
    ----------
    scores : pandas.DataFrame or Curves
        A table of scores, as for `mirage_utils.evidence.curves_of`, or what that made of one.
    family : str
        Name of the family where the table has no such column.
    min_scales : int
        Curves with fewer sizes are listed without a score; at least 2, the fewest that have one.
    draws, seed : int
        Of the simulations; see `mirage_utils.evidence.emergence.calibrate`.
    smooth : bool
        Whether to fit the smooth law to shares of n items, for ``p_smooth`` (the slow part).
    progress : callable, optional
        Wraps the curves as they are scored: ``progress(iterable, number)``.

    Returns
    -------
    pandas.DataFrame
        Columns ``family, task, setting, metric, n_scales, emergence_score, p_noise, p_smooth,
        linearity``. Undefined scores and p-values are nan. ``attrs["notes"]`` is a tuple of texts: what
        was merged, left out or assumed on the way from the table to the curves and their scores.

    Raises
    ------
    FieldError
        As `mirage_utils.evidence.curves_of`.
    """
    min_scales = int(as_array("min_scales", min_scales, low=2, integer=True))
    rows = []
    made = scores if isinstance(scores, Curves) else curves_of(scores, family=family)
    found = made.curves
    for c in found if progress is None else progress(found, len(found)):
        row = [c.family, c.task, c.setting, c.metric, len(c)]
        if len(c) < min_scales or not c.direction:
            rows.append([*row, *[np.nan] * 4])
            continue
        scored = calibrate(c, proportion=c.proportion and smooth, draws=draws, seed=seed)
        rows.append([*row, scored.score.value, scored.p_noise, scored.p_smooth, scored.linearity])
    table = pd.DataFrame(rows, columns=list(_CURVE))
    table.attrs["notes"] = (*made.notes, *made.undirected)
    return table


def by_metric(
    curves: pd.DataFrame,
    *,
    evidence: Literal["p_noise", "p_smooth"] = "p_noise",
    level: float = 0.05,
    method: Correction | None = None,
) -> pd.DataFrame:
    """Emergent curves by metric, beside all curves by metric.

    Parameters
    ----------
    curves : pandas.DataFrame
        As from `score_curves`.
    evidence : {"p_noise", "p_smooth"}
        Against what a curve has to be surprising.
    level : float
        In (0, 1): error rate.
    method : str, optional
        Correction for having looked at all these curves (`mirage_utils.evidence.emergence.adjust`); none by
        default, as in the paper.

    Returns
    -------
    pandas.DataFrame
        One row a metric, in order of curves: ``metric, curves, emergent, rate`` (of that metric's
        curves), ``share`` (of all emergent curves), ``base`` (of all curves) and ``lift`` (share over
        base: 1 says that the metric carries as much emergence as it carries curves). Only curves
        whose p-value could be had count.

    Raises
    ------
    FieldError
        If an argument is none of those.
    """
    require(evidence in ("p_noise", "p_smooth"), "evidence", evidence, "'p_noise' or 'p_smooth'")
    level = float(as_array("level", level, low=0, high=1, open_low=True))
    p = curves[evidence].to_numpy(dtype=float)
    if method is not None:
        p = adjust(p, method)
    known = curves.assign(emergent=p <= level)[~np.isnan(p)]
    found = known.groupby("metric", sort=False)["emergent"].agg(curves="size", emergent="sum")
    found = found.sort_values("curves", ascending=False, kind="stable").reset_index()
    with np.errstate(divide="ignore", invalid="ignore"):
        found["rate"] = found["emergent"] / found["curves"]
        found["share"] = found["emergent"] / found["emergent"].sum()
        found["base"] = found["curves"] / found["curves"].sum()
        found["lift"] = found["share"] / found["base"]
    return found


def leap_shown(
    items: int,
    *,
    floor: float,
    leap: float,
    before: int,
    sizes: int = 12,
    least: float = 2.0,
    draws: int = 10_000,
    seed: int | Sequence[int] = 0,
) -> float:
    """How often a test of so many items shows a leap: its emergence score is high.

    Models are equally good before the leap, and equally good after it.

    Parameters
    ----------
    items : int
        Of the test, >= 1; other items at every size.
    floor, leap : float
        The chance of a right answer before the leap, and what the leap adds.
    before : int
        Sizes before the leap, from 1 to one fewer than all.
    sizes : int
        >= 2.
    least : float
        A score is high from this many times that of a straight line on as many sizes.
    draws : int
        Simulated tests, >= 1.
    seed : int or sequence of int

    Returns
    -------
    float
        Share of the tests.

    Raises
    ------
    FieldError
        If an argument is out of range, or the leap ends above one or below zero.

    Examples
    --------
    >>> leap_shown(195, floor=0, leap=0.01, before=8) > 0.99  # any rise at all, from a silent floor
    True
    >>> leap_shown(195, floor=0.25, leap=0.4, before=8) < 0.2
    True
    """
    sizes = int(as_array("sizes", sizes, low=2, integer=True))
    before = int(as_array("before", before, low=1, high=sizes - 1, integer=True))
    items = int(as_array("items", items, low=1, integer=True))
    draws = int(as_array("draws", draws, low=1, integer=True))
    chances = np.repeat([floor, floor + leap], [before, sizes - before]).astype(float)
    chances = as_array("floor and leap", chances, low=0, high=1)
    right = np.random.default_rng(seed).binomial(items, chances, (draws, sizes))
    return float(np.mean(emergence_scores(right / items) >= least * (sizes - 1)))
