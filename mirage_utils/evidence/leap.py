"""The largest step of a curve, whether anything rises at all, and the emergence score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..curves import Curve
from .emergence import adjust, calibrate, emergence_score, gaussian_null, p_value

__all__ = ["Emergence", "Leap", "emergences", "leap"]


@dataclass(frozen=True)
class Leap:
    """The largest step of a curve.

    Attributes
    ----------
    at : int
        Index of the last size below it; -1 on a flat curve.
    share : float
        Of the whole range of scores.
    rise_p : float
        Chance that a curve without any rise shows such a split, corrected for its having been looked
        for at every step: Fisher's exact test for shares of items, a normal test where errors are
        known. Where nothing is known but the scores: the chance that noise has as high an emergence score,
        or as high a rank correlation with size (Kendall's), twice the smaller of the two.
    emergence : float
        Emergence score (equation 1 of Schaeffer et al. 2023).
    """

    at: int
    share: float
    rise_p: float
    emergence: float


def leap(curve: Curve) -> Leap:
    """Find the largest step, and whether anything rises at all.

    Parameters
    ----------
    curve : Curve

    Examples
    --------
    >>> from mirage_utils import Curve
    >>> found = leap(Curve([1e7, 1e8, 1e9, 1e10], [0.0, 0.01, 0.02, 0.82], n=500))
    >>> found.at, round(found.share, 2), found.rise_p < 0.001
    (2, 0.98, True)
    """
    y = curve.up
    whole = float(np.ptp(y))
    if len(curve) < 2 or whole == 0:
        return Leap(-1, float("nan"), 1.0, float("nan"))
    steps = np.diff(y)
    at = int(np.argmax(steps))
    score = float(emergence_score(y).value)
    tries = len(steps)
    if curve.proportion:
        k, n = curve.counts, curve.items
        table = [
            [k[: at + 1].sum(), (n - k)[: at + 1].sum()],
            [k[at + 1 :].sum(), (n - k)[at + 1 :].sum()],
        ]
        many = int(n.sum()) > _EXACT
        test = (
            stats.chi2_contingency(table, correction=False) if many else stats.fisher_exact(table)
        )
        p = tries * float(test[1])
    elif np.isfinite(curve.error).all():
        low, high = np.split(y, [at + 1])
        errors = np.split(curve.error, [at + 1])
        error = np.hypot(*(np.sqrt((e**2).sum()) / len(e) for e in errors))
        gap = high.mean() - low.mean()
        p = tries * 2 * float(stats.norm.sf(abs(gap) / error)) if error > 0 else 0.0
    elif len(curve) > 2:
        order = stats.kendalltau(curve.scale, y, alternative="greater").pvalue
        p = 2 * min(p_value(score, _noise(len(curve))), float(order))
    else:
        p = 1.0
    return Leap(at, float(steps[at] / whole), min(p, 1.0), score)


_EXACT = 10_000_000
"""Beyond so many items the exact test takes minutes, overflows, and says the same as chi squared."""


@lru_cache(maxsize=64)
def _noise(sizes: int) -> NDArray[np.float64]:
    return gaussian_null(sizes)


@dataclass(frozen=True)
class Emergence:
    """Emergence score of a curve turned so that up is better, with its error rates.

    Attributes
    ----------
    score : float
    p_noise : float
        Chance of a score as high without any trend.
    p_smooth : float
        Chance of one as high along the smooth law that fits best; nan unless scores are shares of items.
    p_noise_corrected, p_smooth_corrected : float
        After Holm's correction over all curves.
    """

    score: float
    p_noise: float
    p_smooth: float
    p_noise_corrected: float
    p_smooth_corrected: float


def emergences(curves: Sequence[Curve | None]) -> list[Emergence | None]:
    """Calibrated emergence scores of all curves of an audit; None for curves that cannot leap.

    Parameters
    ----------
    curves : sequence of Curve or None
        All that are looked at together, because the error rates are corrected for their number.
    """
    found = []
    for curve in curves:
        if curve is None:
            found.append((np.nan, np.nan, np.nan))
            continue
        if curve.proportion:
            got = calibrate(curve, direction=curve.direction or None, shared=True)
            found.append((got.score.value, got.p_noise, got.p_smooth))
        else:
            value = emergence_score(curve.up).value
            found.append((value, p_value(value, _noise(len(curve))), np.nan))
    table = np.array(found, dtype=float).reshape(-1, 3)
    corrected = [adjust(column) for column in table.T[1:]] if len(table) else []
    return [
        None if curve is None else Emergence(*map(float, (*row, *(c[i] for c in corrected))))
        for i, (curve, row) in enumerate(zip(curves, table, strict=True))
    ]
