"""Metrics on the probabilities themselves: the Brier score.

A record is a vector of K probabilities and the index of the correct option.
"""

from __future__ import annotations

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from ..symbols import K, p
from .base import Metric
from .choice import check_choices

__all__ = ["BRIER"]


def brier(correct: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """Sum over the options of (probability - outcome) squared, the outcome being 1 or 0.

    This is Brier's own form, from 0 (certain and right) to 2 (certain and wrong). For two options
    it is twice the squared error of one of them, the form in which it is often quoted.
    """
    index, mass = check_choices(correct, probabilities)
    outcome = np.zeros_like(mass)
    outcome[np.arange(len(index)), index] = 1.0
    return ((mass - outcome) ** 2).sum(axis=1)


def _simulate_equal_rest(
    rng: np.random.Generator, n: int, *, p: float, K: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    correct = rng.integers(K, size=n)
    mass = np.full((n, K), (1 - p) / (K - 1))
    mass[np.arange(n), correct] = p
    return correct, mass


BRIER = Metric(
    name="brier",
    title="Brier score",
    expression=K * (1 - p) ** 2 / (K - 1),
    low=sp.Integer(0),
    high=sp.Integer(2),
    direction="lower",
    assumptions="mass p on the correct option, the rest shared equally among the other K - 1",
    scorer=brier,
    simulator=_simulate_equal_rest,
    source="Brier 1950; Schaeffer et al. 2023, section 2",
)
