"""The metrics, one small file a family, and the list of them all."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..errors import UnknownNameError
from .base import Metric, Simulated
from .calibration import BRIER
from .choice import MULTIPLE_CHOICE_GRADE
from .string import EXACT_MATCH, TOKEN_ACCURACY, TOKEN_EDIT_DISTANCE

__all__ = [
    "BRIER",
    "EXACT_MATCH",
    "METRICS",
    "MULTIPLE_CHOICE_GRADE",
    "TOKEN_ACCURACY",
    "TOKEN_EDIT_DISTANCE",
    "Metric",
    "Simulated",
    "get",
]

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            EXACT_MATCH,
            TOKEN_ACCURACY,
            TOKEN_EDIT_DISTANCE,
            MULTIPLE_CHOICE_GRADE,
            BRIER,
        )
    }
)
"""Every metric by name, in the order in which the book introduces them."""


def get(name: str) -> Metric:
    """The metric of that name.

    Raises
    ------
    UnknownNameError
        If there is none; the message lists those there are.
    """
    try:
        return METRICS[name]
    except KeyError:
        raise UnknownNameError("metric", name, f"one of {', '.join(METRICS)}") from None
