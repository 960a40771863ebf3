"""The metrics, one small file a family, and the list of them all.

A metric of your own takes one `Metric` and one call of `register`; from then on it is in every table,
check and picture that goes through `METRICS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..errors import UnknownNameError, require
from .arithmetic import CARRY_CREDIT, DIGIT_ACCURACY
from .base import Metric, Simulated
from .calibration import BINARY_BRIER, BITS_PER_BYTE, BRIER, LOG_SCORE, TARGET_BRIER
from .choice import MULTIPLE_CHOICE_GRADE, TOP_2, top_k
from .error import THRESHOLDED_ERROR
from .sampling import PASS_AT_K, PASS_UNTIL
from .string import (
    CHARACTER_EDIT_DISTANCE,
    EXACT_MATCH,
    LONGEST_CORRECT_PREFIX,
    NORMALISED_EDIT_DISTANCE,
    SUBSET_ACCURACY,
    TOKEN_ACCURACY,
    TOKEN_EDIT_DISTANCE,
)
from .text import BLEU, ROUGE_L_SUM

__all__ = [
    "BINARY_BRIER",
    "BITS_PER_BYTE",
    "BLEU",
    "BRIER",
    "CARRY_CREDIT",
    "CHARACTER_EDIT_DISTANCE",
    "DIGIT_ACCURACY",
    "EXACT_MATCH",
    "LOG_SCORE",
    "LONGEST_CORRECT_PREFIX",
    "METRICS",
    "MULTIPLE_CHOICE_GRADE",
    "NORMALISED_EDIT_DISTANCE",
    "PASS_AT_K",
    "PASS_UNTIL",
    "ROUGE_L_SUM",
    "SUBSET_ACCURACY",
    "TARGET_BRIER",
    "THRESHOLDED_ERROR",
    "TOKEN_ACCURACY",
    "TOKEN_EDIT_DISTANCE",
    "TOP_2",
    "Metric",
    "Simulated",
    "get",
    "register",
    "top_k",
    "unregister",
]

_REGISTRY: dict[str, Metric] = {}
METRICS: Mapping[str, Metric] = MappingProxyType(_REGISTRY)
"""Every metric by name, in the order in which the book introduces them; a live, read-only view."""


def register(metric: Metric) -> Metric:
    """Add a metric to `METRICS` and return it.

    Parameters
    ----------
    metric : Metric
        With a name of its own.

    Raises
    ------
    FieldError
        If there is one of that name already.
    """
    require(isinstance(metric, Metric), "metric", metric, "a Metric")
    require(
        metric.name not in _REGISTRY,
        "name",
        metric.name,
        "a name that no other metric has (unregister that one first to replace it)",
    )
    _REGISTRY[metric.name] = metric
    return metric


def unregister(name: str) -> Metric:
    """Take a metric out of `METRICS` and return it.

    Parameters
    ----------
    name : str

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    return _REGISTRY.pop(get(name).name)


def get(name: str) -> Metric:
    """The metric of that name.

    Parameters
    ----------
    name : str

    Raises
    ------
    UnknownNameError
        If there is none; the message lists those there are.

    Examples
    --------
    >>> get("exact_match") is EXACT_MATCH
    True
    """
    try:
        return _REGISTRY[name]
    except KeyError:
        raise UnknownNameError("metric", name, f"one of {', '.join(METRICS)}") from None


for _metric in (
    EXACT_MATCH,
    TOKEN_ACCURACY,
    TOKEN_EDIT_DISTANCE,
    NORMALISED_EDIT_DISTANCE,
    CHARACTER_EDIT_DISTANCE,
    LONGEST_CORRECT_PREFIX,
    SUBSET_ACCURACY,
    DIGIT_ACCURACY,
    CARRY_CREDIT,
    ROUGE_L_SUM,
    BLEU,
    MULTIPLE_CHOICE_GRADE,
    TOP_2,
    THRESHOLDED_ERROR,
    BINARY_BRIER,
    BRIER,
    TARGET_BRIER,
    LOG_SCORE,
    BITS_PER_BYTE,
    PASS_AT_K,
    PASS_UNTIL,
):
    register(_metric)
del _metric
