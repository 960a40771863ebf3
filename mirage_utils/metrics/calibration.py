"""Scores of the probabilities themselves: Brier scores, log score, bits per byte.

A record is a vector of K probabilities and the index of the correct option; for the binary Brier
score one probability and an outcome; for bits per byte a text and its log-probability.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from ..errors import FieldError, as_array, require
from ..symbols import K, bytes_per_token, p
from .base import Metric, records
from .choice import check_choices

__all__ = ["BINARY_BRIER", "BRIER", "TARGET_BRIER", "LOG_SCORE", "BITS_PER_BYTE"]


def binary_brier(outcomes: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """(probability of the event - outcome) squared, the outcome being 1 if it happened, else 0.

    Parameters
    ----------
    outcomes : array_like, shape (n,)
        0 or 1.
    probabilities : array_like, shape (n,)
        Of the event, in [0, 1].

    Raises
    ------
    FieldError
        If an outcome is neither 0 nor 1, or a probability is outside [0, 1].
    """
    outcome = np.atleast_1d(as_array("outcomes", outcomes, low=0, high=1, integer=True))
    mass = np.atleast_1d(as_array("probabilities", probabilities, low=0, high=1))
    require(mass.ndim == 1, "probabilities", mass.shape, "one probability a record")
    records("outcomes", outcome, "probabilities", mass)
    return (mass - outcome) ** 2


def brier(correct: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """Sum over the options of (probability - outcome) squared, the outcome being 1 or 0.

    This is Brier's own form, from 0 (certain and right) to 2 (certain and wrong). For two options
    it is twice the binary score.

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
    outcome = np.zeros_like(mass)
    outcome[np.arange(len(index)), index] = 1.0
    return ((mass - outcome) ** 2).sum(axis=1)


def target_brier(correct: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """(1 - probability of the correct option) squared; the other options do not enter.

    With more than two options this is not a proper score: it pays to shift mass towards the
    likelier options beyond what one believes.

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
    return (1 - mass[np.arange(len(index)), index]) ** 2


def log_score(correct: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """Minus the natural logarithm of the probability of the correct option, nats.

    Infinite where that probability is 0: a certainty that was wrong is not forgiven.

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
    with np.errstate(divide="ignore"):
        # + 0.0 so that certainty scores 0 and not -0
        return -np.log(mass[np.arange(len(index)), index]) + 0.0


def bits_per_byte(
    targets: Sequence[str | bytes], log_probabilities: ArrayLike
) -> NDArray[np.float64]:
    """Bits of surprise per byte of the target's UTF-8 form, whatever the tokens were.

    Parameters
    ----------
    targets : sequence of str or bytes
        At least one byte each.
    log_probabilities : array_like, shape (n,)
        Log-probability (nats, <= 0) of each whole target; -inf is allowed.

    Raises
    ------
    FieldError
        Naming the record: a target without a byte, or a log-probability above 0.
    """
    raw = [t.encode() if isinstance(t, str) else t for t in targets]
    logs = np.asarray(log_probabilities, dtype=float)
    for i, value in enumerate(np.atleast_1d(logs)):
        if not value <= 0:
            raise FieldError("log_probabilities", value, "a number <= 0", where=f"[{i}]")
    require(logs.ndim == 1, "log_probabilities", logs.shape, "one number a target")
    records("targets", raw, "log_probabilities", logs)
    for i, t in enumerate(raw):
        if not t:
            raise FieldError("targets", t, "at least one byte", where=f"[{i}]")
    return -logs / np.log(2) / np.array([len(t) for t in raw]) + 0.0


# -- simulators ------------------------------------------------------------------------------------


def _simulate_equal_rest(
    rng: np.random.Generator, n: int, *, p: float, K: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    correct = rng.integers(K, size=n)
    mass = np.full((n, K), (1 - p) / (K - 1))
    mass[np.arange(n), correct] = p
    return correct, mass


def _simulate_four_options(rng: np.random.Generator, n: int, *, p: float):
    return _simulate_equal_rest(rng, n, p=p, K=4)


def _simulate_event(rng: np.random.Generator, n: int, *, p: float):
    outcomes = rng.integers(2, size=n)
    return outcomes, np.where(outcomes == 1, p, 1 - p)


def _simulate_texts(rng: np.random.Generator, n: int, *, p: float, b: int):
    lengths = rng.integers(1, 30, size=n)  # tokens
    # two bytes a character in UTF-8, where b allows it
    token = "é" * (b // 2) + "e" * (b % 2)
    with np.errstate(divide="ignore"):
        return [token * int(k) for k in lengths], lengths * np.log(p)


# -- the metrics -----------------------------------------------------------------------------------

_ON_CORRECT = "mass p on the correct option"

BINARY_BRIER = Metric(
    name="binary_brier",
    title="binary Brier score",
    expression=(1 - p) ** 2,
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="lower",
    continuity="continuous",
    assumptions="mass p on what happened",
    scorer=binary_brier,
    simulator=_simulate_event,
    source="Brier 1950, for two options and half his scale; Schaeffer et al. 2023, section 2",
    proper=True,
    gentle="forecast",
)

BRIER = Metric(
    name="brier",
    title="multi-class Brier score",
    expression=K * (1 - p) ** 2 / (K - 1),
    low=sp.Integer(0),
    high=sp.Integer(2),
    direction="lower",
    continuity="continuous",
    assumptions=f"{_ON_CORRECT}, the rest shared equally among the other K - 1",
    scorer=brier,
    simulator=_simulate_equal_rest,
    source="Brier 1950; Schaeffer et al. 2023, section 2",
    proper=True,
    judges="choices",
    gentle="forecast",
)

TARGET_BRIER = Metric(
    name="target_brier",
    title="target Brier score",
    expression=(1 - p) ** 2,
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="lower",
    continuity="continuous",
    assumptions=f"{_ON_CORRECT}",
    scorer=target_brier,
    simulator=_simulate_four_options,
    source="Wu and Lo 2025 (there TC-Brier)",
    judges="choices",
    gentle="forecast",
)

LOG_SCORE = Metric(
    name="log_score",
    title="log score",
    expression=-sp.log(p),
    low=sp.Integer(0),
    high=sp.oo,
    direction="lower",
    continuity="continuous",
    assumptions=f"{_ON_CORRECT}",
    scorer=log_score,
    simulator=_simulate_four_options,
    source="Good 1952; the cross-entropy of one token, nats",
    proper=True,
    judges="choices",
    gentle="loss",
)

BITS_PER_BYTE = Metric(
    name="bits_per_byte",
    title="bits per byte",
    expression=-sp.log(p, 2) / bytes_per_token,
    low=sp.Integer(0),
    high=sp.oo,
    direction="lower",
    continuity="continuous",
    assumptions="every token of b bytes has probability p",
    scorer=bits_per_byte,
    simulator=_simulate_texts,
    source="Gao et al. 2020 (The Pile), section 3.1: loss in bits over the text's bytes",
    proper=True,
    gentle="loss",
)
