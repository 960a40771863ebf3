"""Metrics on a choice among K options: the multiple-choice grade and top-k accuracy.

A record is a vector of K probabilities and the index of the correct option.
"""

from __future__ import annotations

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax, softmax

from ..errors import FieldError, as_array
from ..symbols import K, p, spread
from .base import Metric, records

__all__ = ["MULTIPLE_CHOICE_GRADE", "TOP_2", "top_k"]


def check_choices(
    correct: ArrayLike, probabilities: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Check records of choices and return them as arrays.

    Parameters
    ----------
    correct : array_like, shape (n,)
        Index of the correct option, 0 to K - 1.
    probabilities : array_like, shape (n, K)
        Probability of each option; rows sum to 1 (within 1e-6).

    Raises
    ------
    FieldError
        If shapes, indices or row sums are off; the first offending row is named.
    """
    mass = as_array("probabilities", probabilities, low=0, high=1 + 1e-6)
    if mass.ndim != 2 or mass.shape[1] < 2:
        raise FieldError(
            "probabilities", mass.shape, "shape (records, choices), two choices or more"
        )
    index = np.atleast_1d(
        as_array("correct", correct, low=0, high=mass.shape[1] - 1, integer=True)
    ).astype(int)
    records("correct", index, "probabilities", mass)
    off = np.abs(mass.sum(axis=1) - 1) > 1e-6
    if off.any():
        i = int(np.argmax(off))
        raise FieldError("probabilities", mass[i].sum(), "a row sum of 1", where=f"[{i}]")
    return index, mass


def multiple_choice_grade(correct: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """1 where the correct option has the largest probability, else 0.

    A tie for the largest is worth 1 / (number tied): what breaking it at random would earn.

    Parameters
    ----------
    correct : array_like of int, shape (n,)
        Index of the correct option.
    probabilities : array_like, shape (n, options)
        Of all options, two or more; each row sums to one.

    Raises
    ------
    FieldError
        If an index is that of no option, or a row is no distribution.
    """
    index, mass = check_choices(correct, probabilities)
    top = mass == mass.max(axis=1, keepdims=True)
    return top[np.arange(len(index)), index] / top.sum(axis=1)


def _simulate_choices(
    rng: np.random.Generator, n: int, *, p: float, K: int, s: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Records whose log-probabilities are those of a typical item plus Gumbel noise of scale `s`.

    The typical item has mass `p` on the correct option and shares the rest equally.
    """
    correct = rng.integers(K, size=n)
    typical = np.full((n, K), (1 - p) / (K - 1))
    typical[np.arange(n), correct] = p
    with np.errstate(divide="ignore"):
        logits = np.log(typical) + s * rng.gumbel(size=(n, K))
    return correct, softmax(log_softmax(logits, axis=1), axis=1)


_GUMBEL_ITEMS = (
    "a typical item has mass p on the correct option and shares the rest equally among the "
    "other K - 1; items differ by independent Gumbel noise of scale s on the log-probabilities"
)

MULTIPLE_CHOICE_GRADE = Metric(
    name="multiple_choice_grade",
    title="multiple-choice grade",
    # Adding Gumbel noise of scale s to the log-probabilities and taking the largest picks an option
    # with probability proportional to mass**(1/s) (the Gumbel-max trick). s -> 0 is the step at
    # p = 1/K that the paper draws; s = 1 gives back p itself.
    expression=1 / (1 + (K - 1) * ((1 - p) / ((K - 1) * p)) ** (1 / spread)),
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="higher",
    continuity="discontinuous",
    assumptions=_GUMBEL_ITEMS,
    scorer=multiple_choice_grade,
    simulator=_simulate_choices,
    source="Schaeffer et al. 2023, section 2 (definition); BIG-bench 2022",
    binary=True,
    judges="choices",
)


def top_k(k: int) -> Metric:
    """The metric that is 1 where the correct option is among the `k` most probable, else 0.

    Parameters
    ----------
    k : int
        >= 1; top-1 is the multiple-choice grade.

    Raises
    ------
    FieldError
        If k is no whole number >= 1.

    Notes
    -----
    Of options tied at the last place that counts, as many as fit are taken at random, as the grade
    does. The expression is Plackett and Luce's: with weights ``mass**(1/s)`` the options are drawn
    one after another without replacement, and the correct one is missed k times running.
    """
    k = int(as_array("k", k, low=1, integer=True))

    def scorer(correct: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
        index, mass = check_choices(correct, probabilities)
        own = mass[np.arange(len(index)), index][:, None]
        above, level = (mass > own).sum(axis=1), (mass == own).sum(axis=1)
        return np.clip((k - above) / level, 0, 1)

    odds = (p * (K - 1) / (1 - p)) ** (1 / spread)  # of the correct option against one other
    missed = sp.Mul(*[(K - 1 - j) / (K - 1 - j + odds) for j in range(k)])
    return Metric(
        name=f"top_{k}",
        title=f"top-{k} accuracy",
        expression=1 - missed,
        low=sp.Integer(0),
        high=sp.Integer(1),
        direction="higher",
        continuity="discontinuous",
        assumptions=_GUMBEL_ITEMS,
        scorer=scorer,
        simulator=_simulate_choices,
        source="Russakovsky et al. 2015 (top-5 error); expression: Plackett 1975, Luce 1959",
        binary=True,
        judges="choices",
        domains={"K": {"low": k + 1, "integer": True}},  # with K <= k nothing can be missed
    )


TOP_2 = top_k(2)
