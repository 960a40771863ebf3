"""Metrics that sample a model several times: pass@k and PassUntil.

A record is one problem: how often it was sampled, and how many of the samples passed.
"""

from __future__ import annotations

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from ..errors import FieldError, as_array, require
from ..symbols import k, p
from .base import Metric, records

__all__ = ["PASS_AT_K", "PASS_UNTIL"]


def _counts(samples: ArrayLike, passed: ArrayLike) -> tuple[NDArray, NDArray]:
    n = np.atleast_1d(as_array("samples", samples, low=1, integer=True))
    c = np.atleast_1d(as_array("passed", passed, low=0, integer=True))
    records("samples", n, "passed", c)
    require(n.ndim == 1 and c.ndim == 1, "samples", n.shape, "one number a problem")
    if (c > n).any():
        i = int(np.argmax(c > n))
        raise FieldError("passed", c[i], f"at most samples, {n[i]:g}", where=f"[{i}]")
    return n, c


def pass_at_k(samples: ArrayLike, passed: ArrayLike, *, k: int) -> NDArray[np.float64]:
    """Chance that at least one of `k` samples passes, estimated without bias from more samples.

    ``1 - C(n - c, k) / C(n, k)``: the share of the k-subsets of the n samples that contain one of
    the c which passed.

    Parameters
    ----------
    samples : array_like of int, shape (n,)
        Samples drawn of each problem, >= k.
    passed : array_like of int, shape (n,)
        How many of them passed.
    k : int
        Attempts allowed, >= 1.

    Raises
    ------
    FieldError
        Naming the problem: fewer samples than k, or more passes than samples.
    """
    n, c = _counts(samples, passed)
    k = int(as_array("k", k, low=1, integer=True))
    if (n < k).any():
        i = int(np.argmax(n < k))
        raise FieldError("samples", n[i], f"at least k = {k}", where=f"[{i}]")
    failed = n - c
    # Logarithms, because the binomials overflow; with fewer failures than k one sample must pass.
    few = failed < k
    failed = np.where(few, n, failed)
    log_ratio = gammaln(failed + 1) - gammaln(failed - k + 1) - gammaln(n + 1) + gammaln(n - k + 1)
    return np.where(few, 1.0, -np.expm1(log_ratio)) + 0.0


def pass_until(samples: ArrayLike, passed: ArrayLike) -> NDArray[np.float64]:
    """Pass rate from sampling until a fixed number of samples have passed.

    With r passes, the last of them at sample n: ``(r - 1) / (n - 1)``, which is unbiased (Haldane
    1945). The likelier-looking ``r / n`` of Hu et al. 2024 is the maximum of the likelihood and
    biased upwards; `mirage_utils.curves.resolution.pass_until_bias` says by how much.

    Parameters
    ----------
    samples : array_like of int, shape (n,)
        Samples drawn of each problem until the last pass.
    passed : array_like of int, shape (n,)
        Passes waited for, >= 2.

    Raises
    ------
    FieldError
        Naming the problem: fewer than two passes, or more passes than samples.
    """
    n, r = _counts(samples, passed)
    if (r < 2).any():
        i = int(np.argmax(r < 2))
        raise FieldError("passed", r[i], "two passes or more", where=f"[{i}]")
    return (r - 1) / (n - 1)


def _simulate_attempts(rng: np.random.Generator, n: int, *, p: float, k: int):
    samples = rng.integers(k, 3 * k + 1, size=n)  # unequal, as real counts are
    return samples, rng.binomial(samples, p)


def _simulate_until(rng: np.random.Generator, n: int, *, p: float):
    passes = 3
    return passes + rng.negative_binomial(passes, p, size=n), np.full(n, passes)


PASS_AT_K = Metric(
    name="pass_at_k",
    title="pass@k",
    expression=1 - (1 - p) ** k,
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="higher",
    continuity="continuous",
    assumptions="each sample passes independently with probability p",
    scorer=pass_at_k,
    simulator=_simulate_attempts,
    source="Chen et al. 2021, equation 1",
)

PASS_UNTIL = Metric(
    name="pass_until",
    title="PassUntil",
    expression=p,
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="higher",
    continuity="linear",
    assumptions="each sample passes independently with probability p; sampled until r = 3 passed",
    scorer=pass_until,
    simulator=_simulate_until,
    source="Hu et al. 2024; the unbiased estimator is Haldane's, 1945",
    simulated_from=0.005,
)
