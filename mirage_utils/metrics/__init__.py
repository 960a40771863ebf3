"""The metrics, one small file a family, and the list of them all.

A family's file offers its metrics by its ``__all__``; whatever `Metric` stands there is in `METRICS`, is offered here,
and says itself by its attributes what grades with it. A metric of your own takes one `Metric` and one call of
`register`; from then on it is in every table, check and picture that goes through `METRICS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..errors import UnknownNameError, require
from . import arithmetic, calibration, choice, error, sampling, string, text
from .arithmetic import *
from .base import Counts, Judged, Metric, Simulated
from .calibration import *
from .choice import *
from .error import *
from .sampling import *
from .string import *
from .text import *

_FAMILIES = (string, arithmetic, text, choice, error, calibration, sampling)
"""In the order in which the book introduces them, as the metrics of each are in its ``__all__``."""

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


def judging(*what: Judged) -> tuple[str, ...]:
    """Names of the metrics that judge records of some kinds, in the order of `METRICS`.

    Parameters
    ----------
    *what : {"tokens", "text", "choices"}
        As a metric's attribute ``judges`` has it.

    Examples
    --------
    >>> judging("text")
    ('character_edit_distance',)
    """
    return tuple(name for name, metric in METRICS.items() if metric.judges in what)


_offered = {name: getattr(family, name) for family in _FAMILIES for name in family.__all__}
_offered = {name: what for name, what in _offered.items() if isinstance(what, Metric)}
for _metric in _offered.values():
    register(_metric)

__all__ = [
    *sorted([*_offered, "METRICS"]), "Counts", "Metric", "Simulated", "get", "judging", "register", "top_k",
    "unregister",
]  # fmt: skip
