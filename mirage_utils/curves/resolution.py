"""What n test items can and cannot see.

A test of n items reads a score in steps of 1/n, and each step with the scatter of a coin. Here is
what follows: intervals for a proportion, what a zero means, how many items it takes to see a score
or to tell two apart, from which scale on a law is visible at all, and two ways round the limit:
sampling until something passes, and asking the model for its probability. A long file, since it is one
argument, to be read from top to bottom.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from ..errors import FieldError, as_array, require
from ..scaling import Interval, ScalingLaw
from .two_scores import items_to_distinguish, power

__all__ = [
    "Passes",
    "binomial_interval",
    "chance_of_zero",
    "detection_scale",
    "effective_items",
    "exact_match_probability",
    "items_to_distinguish",
    "items_to_measure",
    "items_to_see",
    "pass_until",
    "pass_until_bias",
    "power",
    "rule_of_three",
    "zero_bound",
]

Method = Literal["exact", "wilson", "jeffreys"]


def binomial_interval(
    successes: ArrayLike, n: ArrayLike, level: float = 0.95, method: Method = "exact"
) -> Interval:
    """Interval for a success probability from a count.

    Parameters
    ----------
    successes, n : array_like
        Counts and numbers of items, whole, 0 <= successes <= n, n >= 1; broadcast together.
    level : float
        Confidence (or, for Jeffreys, posterior) level, in (0, 1).
    method : {"exact", "wilson", "jeffreys"}
        Clopper and Pearson 1934 (coverage never below `level`), Wilson 1927, or the Bayesian
        interval under Jeffreys's prior with the ends 0 and 1 kept at counts 0 and n (Brown, Cai
        and DasGupta 2001).

    Returns
    -------
    Interval
        Arrays of the broadcast shape (floats for scalars).

    Raises
    ------
    FieldError
        If a count is no whole number or more than its `n`, `level` is out of range, or there is no such method.

    Examples
    --------
    >>> low, high = binomial_interval(0, 50)
    >>> float(low), round(float(high), 3)
    (0.0, 0.071)
    """
    k = as_array("successes", successes, low=0, integer=True)
    n = as_array("n", n, low=1, integer=True)
    k, n = np.broadcast_arrays(k, n)
    if (k > n).any():
        raise FieldError("successes", k[k > n].flat[0], f"at most n = {n[k > n].flat[0]:g}")
    require(0 < level < 1, "level", level, "a number between 0 and 1")
    if method == "jeffreys":
        tail = (1 - level) / 2
        low = np.where(k == 0, 0.0, stats.beta.ppf(tail, k + 0.5, n - k + 0.5))
        high = np.where(k == n, 1.0, stats.beta.ppf(1 - tail, k + 0.5, n - k + 0.5))
    elif method == "exact":
        # As `scipy.stats.binomtest`, which searches for each end by itself, and for many points at once.
        tail = (1 - level) / 2
        low = np.where(k == 0, 0.0, special.betaincinv(np.maximum(k, 1), n - k + 1, tail))
        high = np.where(k == n, 1.0, special.betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail))
    elif method == "wilson":
        ends = [
            stats.binomtest(int(a), int(b)).proportion_ci(level, method)
            for a, b in zip(k.flat, n.flat, strict=True)
        ]
        low, high = np.array(ends).T.reshape(2, *k.shape)
    else:
        raise FieldError("method", method, "'exact', 'wilson' or 'jeffreys'")
    return Interval(low[()], high[()])


# -- what a zero means -----------------------------------------------------------------------------


def chance_of_zero(score: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Probability that n independent items show no success at all: ``(1 - score)**n``.

    Parameters
    ----------
    score : array_like
        True success probability, in [0, 1].
    n : array_like of int
        Number of items, >= 1; broadcast against `score`.

    Raises
    ------
    FieldError
        If an argument is not finite or out of the range given above.

    Examples
    --------
    >>> round(float(chance_of_zero(0.01, 100)), 3)
    0.366
    """
    score = as_array("score", score, low=0, high=1)
    n = as_array("n", n, low=1, integer=True)
    with np.errstate(divide="ignore"):
        return np.exp(n * np.log1p(-score))


def zero_bound(
    n: ArrayLike, level: float = 0.95, *, sides: Literal[1, 2] = 1
) -> NDArray[np.float64]:
    """Largest score that is still believable after no success in n items.

    ``1 - (1 - level)**(1/n)`` if only this side was ever of interest: the score at which a zero has probability
    ``1 - level``. The upper end of a two-sided interval, which keeps half of its error for the other side, is
    ``1 - ((1 - level) / 2)**(1/n)``; it is what `binomial_interval` gives for a count of zero.

    Parameters
    ----------
    n : array_like of int
        Number of items, >= 1; any shape.
    level : float
        In (0, 1).
    sides : {1, 2}
        Of the interval whose upper end this is.

    Raises
    ------
    FieldError
        If an argument is not finite or out of the range given above.

    Examples
    --------
    >>> round(float(zero_bound(100)), 4), round(float(zero_bound(100, sides=2)), 4)
    (0.0295, 0.0362)
    """
    n = as_array("n", n, low=1, integer=True)
    require(0 < level < 1, "level", level, "a number between 0 and 1")
    require(sides in (1, 2), "sides", sides, "1 or 2")
    return -np.expm1(np.log((1 - level) / sides) / n)


def rule_of_three(n: ArrayLike) -> NDArray[np.float64]:
    """``3/n``, the size of `zero_bound` at 95 % in one's head (Hanley and Lippman-Hand 1983).

    Parameters
    ----------
    n : array_like of int
        Number of items, >= 1.

    Raises
    ------
    FieldError
        If n is no whole number >= 1.

    Examples
    --------
    >>> float(rule_of_three(100))
    0.03
    """
    return 3.0 / as_array("n", n, low=1, integer=True)


# -- how many items ----------------------------------------------------------------------------------


def items_to_see(
    score: ArrayLike, *, successes: int = 1, level: float = 0.95
) -> NDArray[np.float64]:
    """Fewest items that show at least so many successes with probability `level` or more.

    Parameters
    ----------
    score : array_like
        True success probability, in [0, 1]; any shape.
    successes : int
        >= 1. One is enough to know that a score is not zero.
    level : float
        In (0, 1).

    Returns
    -------
    ndarray of float
        Whole numbers; inf where the score is 0. Above 2**53 (a score below about 1e-16) they are
        whole only as floats can be.

    Raises
    ------
    FieldError
        If an argument is not finite or out of the range given above.

    Examples
    --------
    >>> items_to_see([0.1, 0.01])
    array([ 29., 299.])
    """
    score = as_array("score", score, low=0, high=1)
    r = int(as_array("successes", successes, low=1, integer=True))
    require(0 < level < 1, "level", level, "a number between 0 and 1")
    if r == 1:
        with np.errstate(divide="ignore"):
            n = np.log1p(-level) / np.log1p(-score)
        return np.where(score == 1, 1.0, np.where(score == 0, np.inf, np.ceil(np.maximum(n, 1))))
    found = [_items_for(float(q), r, level) for q in score.flat]
    return np.array(found).reshape(score.shape)


def _items_for(score: float, r: int, level: float) -> float:
    if score == 0:
        return float("inf")
    # The r-th success comes at trial r + NegativeBinomial(r, score).
    return r + float(stats.nbinom.ppf(level, r, score))


def items_to_measure(score: float, half_width: float, *, level: float = 0.95) -> int:
    """Items whose interval for a score has this half-width, by the normal approximation.

    Parameters
    ----------
    score : float
        Expected score, in (0, 1).
    half_width : float
        Of the interval, > 0, in the unit of the score (0.01 is one point).
    level : float
        In (0, 1).

    Raises
    ------
    FieldError
        If an argument is not finite or out of the range given above.

    Examples
    --------
    >>> items_to_measure(0.5, 0.03)
    1068
    """
    require(0 < score < 1, "score", score, "a number between 0 and 1")
    require(half_width > 0, "half_width", half_width, "a number > 0")
    require(0 < level < 1, "level", level, "a number between 0 and 1")
    alpha = 1 - level
    return int(np.ceil(score * (1 - score) / (half_width / stats.norm.isf(alpha / 2)) ** 2))


def effective_items(n: ArrayLike, cluster: ArrayLike, alike: ArrayLike) -> NDArray[np.float64]:
    """Independent items that carry as much information about a mean score as n items in clusters.

    ``n / (1 + (cluster - 1) * alike)``, Kish's design effect. Items of one template, document or problem are alike; whoever
    wants to know the score on *other* templates has fewer items than there are lines in the file.

    Parameters
    ----------
    n : array_like
        Number of items, >= 1.
    cluster : array_like
        Items in each cluster, >= 1, at most `n`.
    alike : array_like
        Intraclass correlation of the items of a cluster, in [0, 1]: 0 if they are independent, 1 if all succeed or fail together.

    Raises
    ------
    FieldError
        If an argument is not finite or out of the range given above.

    Examples
    --------
    >>> float(effective_items(2000, 100, 0.0)), round(float(effective_items(2000, 100, 0.1)))
    (2000.0, 183)
    """
    n = as_array("n", n, low=1)
    cluster = as_array("cluster", cluster, low=1)
    require(bool((cluster <= n).all()), "cluster", float(cluster.max()), "at most n items")
    alike = as_array("alike", alike, low=0, high=1)
    return n / (1 + (cluster - 1) * alike)


# -- the detection floor ------------------------------------------------------------------------------


def detection_scale(
    law: ScalingLaw, n: ArrayLike, *, L: int = 1, level: float = 0.95
) -> NDArray[np.float64]:
    """Scale from which n items show at least one exact match of L tokens with probability `level`.

    Solves ``1 - (1 - p(N)**L)**n = level`` for N along a scaling law; smaller models read zero.

    Parameters
    ----------
    law : ScalingLaw
    n : array_like of int
        Number of items, >= 1.
    L : int
        Target length, tokens, >= 1.
    level : float
        In (0, 1).

    Returns
    -------
    ndarray
        In the unit of ``law.N_c``; inf where an irreducible loss keeps every model below.

    Raises
    ------
    FieldError
        If an argument is not finite or out of the range given above.

    Examples
    --------
    >>> from mirage_utils import ScalingLaw
    >>> f"{float(detection_scale(ScalingLaw(0.5, N_c=1e8), 1000, L=5)):.1e}"
    '7.4e+07'
    """
    n = as_array("n", n, low=1, integer=True)
    L = int(as_array("L", L, low=1, integer=True))
    score = zero_bound(n, level)  # what n items can just see
    loss = -np.log(score) / L - law.E
    with np.errstate(divide="ignore"):
        return np.where(loss > 0, law.N_c * np.maximum(loss, 0) ** (-1 / law.alpha), np.inf)


# -- round the limit: more samples --------------------------------------------------------------------


class Passes(NamedTuple):
    """What sampling until r passes says about a pass rate.

    Attributes
    ----------
    unbiased : float
        ``(r - 1) / (n - 1)`` (Haldane 1945); nan for r = 1, where no unbiased estimate is of use.
    likeliest : float
        ``r / n``, the maximum of the likelihood (Hu et al. 2024), biased upwards.
    interval : Interval
        Exact, from the law of the waiting time.
    """

    unbiased: float
    likeliest: float
    interval: Interval


def pass_until(samples: int, passes: int, level: float = 0.95) -> Passes:
    """Pass rate of one problem that was sampled until the `passes`-th pass, at sample `samples`.

    From three passes on, the relative error depends on the passes and hardly on the rate: a rate
    of one in a million is measured about as well as one in ten, for 100,000 times as many samples.
    With two passes it grows without limit as the rate falls.

    Parameters
    ----------
    samples : int
        Samples drawn, >= passes; the last one passed.
    passes : int
        >= 1, chosen beforehand.
    level : float
        In (0, 1).

    Raises
    ------
    FieldError
        If an argument is not finite or out of the range given above.

    Examples
    --------
    >>> found = pass_until(samples=1000, passes=10)
    >>> round(found.unbiased, 4), found.likeliest
    (0.009, 0.01)
    """
    n = int(as_array("samples", samples, low=1, integer=True))
    r = int(as_array("passes", passes, low=1, high=n, integer=True))
    require(0 < level < 1, "level", level, "a number between 0 and 1")
    tail = (1 - level) / 2
    # The r-th pass came no later than n: Binomial(n) >= r. No earlier: Binomial(n - 1) < r.
    low = float(stats.beta.ppf(tail, r, n - r + 1))
    high = float(stats.beta.ppf(1 - tail, r, n - r)) if n > r else 1.0
    unbiased = (r - 1) / (n - 1) if r > 1 else float("nan")
    return Passes(unbiased, r / n, Interval(low, high))


def pass_until_bias(p: ArrayLike, passes: int) -> NDArray[np.float64]:
    """Factor by which ``passes / samples`` overstates the pass rate on average.

    ``p**(r-1) 2F1(r, r; r+1; 1-p)``, which is ``r / (r - 1)`` for small p and r > 1, and grows
    without bound, like ln(1/p), for r = 1.

    Parameters
    ----------
    p : array_like
        True pass rate, in (0, 1].
    passes : int
        Passes waited for, >= 1.

    Raises
    ------
    FieldError
        If an argument is not finite or out of the range given above.

    Examples
    --------
    >>> round(float(pass_until_bias(0.01, 2)), 2)
    1.93
    """
    p = as_array("p", p, low=0, high=1, open_low=True)
    r = int(as_array("passes", passes, low=1, integer=True))
    return p ** (r - 1) * special.hyp2f1(r, r, r + 1, 1 - p)


# -- round the limit: the model's own probability ------------------------------------------------------


def exact_match_probability(log_probabilities: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """Chance that a sampled answer is exactly right, from the log-probabilities of its tokens.

    Whoever has the model's probability of the whole target needs no sample: the chance is the
    exponential of the sum, to as many decimals as a float has, for one pass over the target. (This is
    sampling at temperature 1; a greedy decoder has no such probability.)

    Parameters
    ----------
    log_probabilities : sequence of n arrays
        For each record the log-probabilities (nats, <= 0) of its target's tokens, each given those
        before it; lengths may differ, at least one token each. -inf is allowed.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    FieldError
        Naming the record: no tokens, a log-probability above 0 or that is nan; or if there is no record.

    Examples
    --------
    >>> exact_match_probability([[-0.1, -0.2], [-0.5]]).round(3)
    array([0.741, 0.607])
    """
    require(len(log_probabilities) > 0, "log_probabilities", log_probabilities, "a record or more")
    sums = []
    for i, tokens in enumerate(log_probabilities):
        logs = np.atleast_1d(np.asarray(tokens, dtype=float))
        if logs.ndim != 1 or logs.size == 0:
            raise FieldError("log_probabilities", tokens, "one number or more", where=f"[{i}]")
        if not (logs <= 0).all():
            bad = logs[~(logs <= 0)][0]
            raise FieldError("log_probabilities", bad, "numbers <= 0", where=f"[{i}]")
        sums.append(logs.sum())
    return np.exp(np.array(sums))
