"""What claims of emergence are measured with, and how often chance or a smooth law does as well.

The emergence score (Schaeffer et al. 2023, equation 1; BIG-bench's breakthroughness) divides the
whole rise of a curve by the typical step. It comes without a threshold. Here it gets one: the
chance that a curve without any trend, or one that follows the smooth closed form, would score as
high on the same sizes with the same number of items. A long file, since the score and what chance makes
of it are one subject.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from .. import laws
from ..curves import Curve
from ..errors import FieldError, as_array, require
from ..scaling import Interval
from .shared_counts import shared_counts

__all__ = [
    "Calibration",
    "Correction",
    "EmergenceScore",
    "adjust",
    "breakthroughness",
    "calibrate",
    "emergence_score",
    "emergence_scores",
    "excess_interval",
    "gaussian_null",
    "linearity",
    "p_value",
]

_Direction = Literal["higher", "lower"]
Correction = Literal["bonferroni", "holm", "fdr_bh", "fdr_by"]
"""Ways to correct for having looked many times; see `adjust`."""


class EmergenceScore(NamedTuple):
    """Emergence score of a curve and what it is made of.

    Attributes
    ----------
    value : float
        Rise over typical step; +-inf if the typical step is zero, nan if the rise is zero too.
    rise : float
        Highest minus lowest score, with the sign of their order in scale.
    typical_step : float
        Root of the median of the squared steps.
    explanation : str
        Why the value is infinite, undefined or of doubtful sign; empty for an ordinary value.
    """

    value: float
    rise: float
    typical_step: float
    explanation: str


def _scores(curve: Curve | ArrayLike) -> NDArray[np.float64]:
    values = curve.score if isinstance(curve, Curve) else as_array("scores", curve)
    require(values.ndim == 1, "scores", values.shape, "one dimension")
    require(values.size >= 2, "scores", values.size, "at least two scales")
    return values


def emergence_score(curve: Curve | ArrayLike) -> EmergenceScore:
    """Emergence score, exactly as equation 1 of Schaeffer et al. 2023.

    ``sign(argmax y - argmin y) (max y - min y) / sqrt(median((y[i] - y[i-1])**2))``, the scores y in
    the order of scale. How far apart the scales are does not enter.

    Parameters
    ----------
    curve : Curve or array_like, shape (m,)
        At least two scales. Of a metric of which less is better, pass the negative: a loss that
        falls has a negative score.

    Returns
    -------
    EmergenceScore
        Where the highest or the lowest score occurs several times, the first counts, as in NumPy;
        if another choice would turn the sign, the explanation says so.

    Raises
    ------
    FieldError
        If there are fewer than two scales, or a score is not finite.

    Examples
    --------
    >>> emergence_score([0.0, 0.25, 0.5, 0.75, 4.75]).value
    19.0
    >>> emergence_score([0.5, 0.5, 0.5]).explanation
    'undefined: all 3 scores are equal, nothing rises'
    """
    y = _scores(curve)
    top, bottom = np.flatnonzero(y == y.max()), np.flatnonzero(y == y.min())
    rise = float(np.sign(top[0] - bottom[0]) * (y.max() - y.min()))
    squares = np.diff(y) ** 2
    step = float(np.sqrt(np.median(squares)))
    still = int((squares == 0).sum())
    if rise == 0:
        why = f"undefined: all {y.size} scores are equal, nothing rises"
        return EmergenceScore(float("nan"), rise, step, why)
    why = ""
    if step == 0:
        why = (
            f"infinite: {still} of the {squares.size} steps between neighbouring scales are exactly "
            "zero, and so is the typical one"
        )
    signs = {int(np.sign(i - j)) for i in top for j in bottom}
    if len(signs) > 1:
        tie = "sign undecided: the highest or the lowest score occurs on both sides of the other"
        why = f"{why}; {tie}" if why else tie
    value = rise / step if step > 0 else float(np.copysign(np.inf, rise))
    return EmergenceScore(value, rise, step, why)


def emergence_scores(curves: ArrayLike) -> NDArray[np.float64]:
    """Emergence score of many curves at once.

    Parameters
    ----------
    curves : array_like, shape (..., m)
        Scores in the order of scale along the last axis, m >= 2.

    Returns
    -------
    ndarray, shape (...)
        With +-inf and nan as in `emergence_score`.

    Raises
    ------
    FieldError
        If a curve has fewer than two scales, or a score is not finite.
    """
    y = as_array("curves", curves)
    require(y.ndim >= 1 and y.shape[-1] >= 2, "curves", y.shape, "at least two scales a curve")
    # Scale by scale over all curves at once: a few scales are too short a row for NumPy to go along.
    columns = np.ascontiguousarray(np.moveaxis(y, -1, 0))
    top, bottom = columns.max(axis=0), columns.min(axis=0)
    last = len(columns) - 1
    first_top, first_bottom = (np.full(top.shape, last, dtype=np.int64) for _ in range(2))
    for i in range(last - 1, -1, -1):
        np.copyto(first_top, i, where=columns[i] == top)
        np.copyto(first_bottom, i, where=columns[i] == bottom)
    rise = np.sign(first_top - first_bottom) * (top - bottom)
    squares = np.sort(np.diff(y, axis=-1) ** 2, axis=-1)
    half = last // 2
    middle = squares[..., half] if last % 2 else squares[..., half - 1 : half + 1].mean(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return rise / np.sqrt(middle)


def excess_interval(
    curve: Curve, *, level: float = 0.95, draws: int = 100_000, seed: int = 0
) -> Interval:
    """Bootstrap interval of the excess: the emergence score over that of a straight line on as many sizes.

    Items are drawn again at every size, from the score that was seen; so a count of zero stays zero.

    Parameters
    ----------
    curve : Curve
        Of shares, with the number of items behind each.
    level : float
        In (0, 1).
    draws : int
        Sets of items, >= 1.
    seed : int

    Returns
    -------
    Interval
        Of draws themselves, not of values between them: scores of small tests are far apart, and may be infinite.

    Raises
    ------
    FieldError
        If the curve has no items, or an argument is out of range.

    Examples
    --------
    >>> low, high = excess_interval(Curve([1e8, 1e9, 1e10], [0.1, 0.2, 0.9], 1000))
    >>> low < 0.8 < high
    True
    """
    require(0 < level < 1, "level", level, "a number between 0 and 1")
    require(draws >= 1, "draws", draws, "a whole number >= 1")
    rng = np.random.default_rng(seed)
    tests = rng.binomial(curve.items, curve.score, (draws, len(curve))) / curve.items
    excesses = emergence_scores(tests) / (len(curve) - 1)
    tails = [(1 - level) / 2, (1 + level) / 2]
    return Interval(*map(float, np.quantile(excesses, tails, method="closest_observation")))


def breakthroughness(curve: Curve | ArrayLike) -> float:
    """BIG-bench's breakthroughness (Srivastava et al. 2022): the value of `emergence_score`.

    Schaeffer et al. credit their equation 1 to it; some programs clip it to [0, 100] and turn nan
    into 0, which is not done here.

    Parameters
    ----------
    curve : Curve or array_like, shape (m,)
        As for `emergence_score`.
    """
    return emergence_score(curve).value


def linearity(curve: Curve | ArrayLike) -> float:
    """BIG-bench's linearity: the signed rise over the root *mean* square step, as usually coded.

    The mean where breakthroughness has the median; one large step raises it too, so the score is
    never infinite and at most ``m - 1`` in size, which a straight line reaches. nan for a flat curve.

    Parameters
    ----------
    curve : Curve or array_like, shape (m,)
        As for `emergence_score`.

    Examples
    --------
    >>> round(linearity([0.0, 0.1, 0.2, 0.3]), 9)
    3.0
    """
    y = _scores(curve)
    score = emergence_score(y)
    return score.rise / float(np.sqrt(np.mean(np.diff(y) ** 2))) if score.rise else float("nan")


# -- what chance does -------------------------------------------------------------------------------


@cache
def _gaussian_null(n_scales: int, draws: int, seed: int) -> NDArray[np.float64]:
    noise = np.random.default_rng(seed).standard_normal((draws, n_scales))
    null = np.sort(emergence_scores(noise))
    null.flags.writeable = False
    return null


def gaussian_null(n_scales: int, *, draws: int = 200_000, seed: int = 0) -> NDArray[np.float64]:
    """Emergence scores of pure Gaussian noise, sorted: no trend, equal scatter at every scale.

    The score does not change when all y are shifted or stretched, so that one distribution for each
    number of scales serves all noise levels.

    Parameters
    ----------
    n_scales : int
        >= 2.
    draws : int
        >= 1.
    seed : int

    Returns
    -------
    ndarray, shape (draws,)

    Raises
    ------
    FieldError
        If an argument is not finite or out of the range given above.
    """
    n_scales = int(as_array("n_scales", n_scales, low=2, integer=True))
    return _gaussian_null(n_scales, int(as_array("draws", draws, low=1, integer=True)), int(seed))


def p_value(score: float, null: ArrayLike) -> float:
    """Chance of a score at least as high under a simulated null, ``(1 + hits) / (1 + draws)``.

    Adding one keeps the p-value above zero and the test's error rate at its level however few the
    draws (Phipson and Smyth 2010). A draw that is undefined (a flat curve) is no hit; an infinite
    score is reached by the draws that are infinite too. nan for an undefined score.

    Parameters
    ----------
    score : float
    null : array_like, shape (draws,)
        Scores under the null, of which some may be nan or infinite.

    Returns
    -------
    float
        In (0, 1], or nan.

    Examples
    --------
    >>> round(p_value(2.0, [0.0, 1.0, 3.0]), 2)
    0.5
    """
    if np.isnan(score):
        return float("nan")
    null = np.asarray(null, dtype=float)
    return float((1 + (null >= score).sum()) / (1 + null.size))


@dataclass(frozen=True)
class Calibration:
    """An emergence score with its error rates.

    Attributes
    ----------
    score : EmergenceScore
        Of the curve turned so that up is better.
    linearity : float
    p_noise : float
        Chance of a score at least as high without any trend.
    p_smooth : float
        Chance of one at least as high along the closed form that fits the curve best; nan if the
        number of items is unknown or the scores are no proportions.
    noise : str
        What was taken for noise: ``"binomial"`` or ``"gaussian"``.
    law : LawFit or None
        The smooth law that was fitted.
    """

    score: EmergenceScore
    linearity: float
    p_noise: float
    p_smooth: float
    noise: str
    law: laws.LawFit | None


def calibrate(
    curve: Curve,
    *,
    direction: _Direction | None = None,
    proportion: bool | None = None,
    draws: int = 10_000,
    seed: int = 0,
    shared: bool = False,
) -> Calibration:
    """Emergence score of a curve, with the chance that noise or a smooth law scores as high.

    Parameters
    ----------
    curve : Curve
        At least two scales (at least three for anything to be said).
    direction : {"higher", "lower"}, optional
        Which scores are good; the curve is turned so that good is up. By default what the curve says
        of itself, and ``"higher"`` if it says nothing.
    proportion : bool, optional
        Whether scores are shares of n items right. By default what the curve says of itself.
    draws : int
        Simulated curves for each p-value, >= 1.
    seed : int
    shared : bool
        Simulate the counts of all curves from one set of uniform numbers: a fifth of the time, for
        hundreds of curves, whose p-values then share their simulation error.

    Returns
    -------
    Calibration

    Raises
    ------
    FieldError
        If `draws` is no whole number >= 1, there is no such direction, or a curve without `n` or with scores
        outside [0, 1] is taken for a proportion.

    Notes
    -----
    *Noise*: for proportions, binomial counts around one rate for all scales, the pooled one, which
    also knows that scores come in steps of 1/n (and so can be infinite by chance); for other scores,
    Gaussian noise. *Smooth*: the closed form ``exp(-(N/c)**-alpha)`` fitted by maximum likelihood to
    the very curve, with binomial counts. The fitted law stands in for an unknown one, which makes the
    test somewhat conservative (chapter 8 measures its error rate).
    """
    direction = direction or curve.direction or "higher"
    require(direction in ("higher", "lower"), "direction", direction, "'higher' or 'lower'")
    draws = int(as_array("draws", draws, low=1, integer=True))
    known = curve.n is not None and curve.score_range == (0.0, 1.0)
    if proportion is None:
        proportion = curve.proportion
    require(known or not proportion, "proportion", proportion, "n, and scores in [0, 1]")
    return _calibrated(curve, direction, bool(proportion), draws, int(seed), shared)


@lru_cache(maxsize=4096)
def _calibrated(
    curve: Curve, direction: _Direction, proportion: bool, draws: int, seed: int, shared: bool
) -> Calibration:
    """`calibrate`, kept: tables of hundreds of curves are looked at again with another level."""
    sign = 1.0 if direction == "higher" else -1.0
    score = emergence_score(sign * curve.score)
    straight = linearity(sign * curve.score)
    rng = np.random.default_rng(seed)
    if not proportion:
        noise = gaussian_null(len(curve), draws=draws, seed=seed)
        return Calibration(
            score, straight, p_value(score.value, noise), float("nan"), "gaussian", None
        )
    n, counts = curve.items, curve.counts

    def simulated(rate: NDArray[np.float64] | float, part: int) -> NDArray[np.float64]:
        """Scores of binomial counts; the two parts of a calibration do not share their numbers."""
        if shared:
            rates = np.broadcast_to(rate, n.shape)
            return shared_counts(n, rates, draws, 2 * seed + part) / n
        return rng.binomial(n, rate, (draws, len(curve))) / n

    pooled = counts.sum() / n.sum()
    noise = emergence_scores(sign * simulated(pooled, 0))
    p_noise = p_value(score.value, noise)
    if np.isnan(score.value):
        return Calibration(score, straight, p_noise, float("nan"), "binomial", None)
    # The curve itself where it can be had: its fit is kept, and asked for by others.
    rising = curve if direction == "higher" else Curve(curve.scale, (n - counts) / n, n)
    reference = float(np.exp(curve.log_scale.mean()))
    law = laws.fit(laws.STRAIGHT, rising, reference=reference)
    smooth = emergence_scores(simulated(law.accuracy(curve.scale), 1))
    return Calibration(score, straight, p_noise, p_value(score.value, smooth), "binomial", law)


def adjust(p_values: ArrayLike, method: Correction = "holm") -> NDArray[np.float64]:
    """P-values corrected for having looked many times.

    Parameters
    ----------
    p_values : array_like, shape (m,)
        In [0, 1]; nan for comparisons that could not be made, which are left out and stay nan.
    method : {"bonferroni", "holm", "fdr_bh", "fdr_by"}
        Holm and Bonferroni bound the chance of a single false alarm; Benjamini and Hochberg, and
        Benjamini and Yekutieli for dependent tests, the expected share of false alarms among alarms.

    Returns
    -------
    ndarray, shape (m,)
        Compare with the wanted error rate.

    Raises
    ------
    FieldError
        If there is no such method, or a p-value is outside [0, 1].

    Examples
    --------
    >>> adjust([0.01, 0.02, 0.9]).round(3)
    array([0.03, 0.04, 0.9 ])
    """
    if method not in ("bonferroni", "holm", "fdr_bh", "fdr_by"):
        raise FieldError("method", method, "'bonferroni', 'holm', 'fdr_bh' or 'fdr_by'")
    raw = np.asarray(p_values, dtype=float)
    require(raw.ndim == 1, "p_values", raw.shape, "one dimension")
    made = ~np.isnan(raw)
    as_array("p_values", raw[made], low=0, high=1)
    adjusted = np.full(raw.shape, np.nan)
    adjusted[made] = _adjusted(raw[made], method) if made.any() else raw[made]
    return adjusted


def _adjusted(p: NDArray[np.float64], method: Correction) -> NDArray[np.float64]:
    """`adjust` of p-values that are all there, as `statsmodels` computes it but for one thing.

    Its `multipletests` collects garbage at every call, which takes longer than all the rest of judging a curve.
    """
    if method in ("fdr_bh", "fdr_by"):
        return stats.false_discovery_control(p, method=method.removeprefix("fdr_"))
    if method == "bonferroni":
        return np.minimum(p * p.size, 1)
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    return np.minimum(adjusted, 1)
