"""Is a metric's expression what its scorer gives? Simulate, score, compare."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .base import Metric, Simulated

__all__ = ["Agreement", "agreement", "settings", "z_score"]

_PROBABILITIES = (0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)
"""Probabilities at which every metric is simulated (from its `simulated_from` up)."""

_GRID: Mapping[str, Sequence[float]] = {
    "K": (2, 4, 10),
    "L": (1, 2, 5, 16),
    "b": (1, 4),
    "c": (0.1, 0.4),
    "k": (1, 3, 10),
    "m": (1, 2, 5),
    "s": (0.2, 0.5, 1.0, 2.0),
    "w": (1, 3),
}
"""Values of the other parameters at which every metric is simulated."""


@dataclass(frozen=True)
class Agreement:
    """How far simulations of a metric fell from its expression.

    Attributes
    ----------
    metric : str
    worst_z : float
        Largest deviation in standard errors.
    at : dict
        The probability and parameters where it was.
    simulations : int
        Number of points of the grid, each one simulation.
    records : int
        Number of records drawn for each.
    """

    metric: str
    worst_z: float
    at: dict[str, float]
    simulations: int
    records: int


def settings(metric: Metric) -> list[dict[str, float]]:
    """Every combination of the metric's parameters on a grid of their values, and of 1 where it has none.

    Values that the metric does not take are left out.

    Parameters
    ----------
    metric : Metric

    Examples
    --------
    >>> from mirage_utils.metrics import EXACT_MATCH
    >>> settings(EXACT_MATCH)
    [{'L': 1}, {'L': 2}, {'L': 5}, {'L': 16}]
    """
    values = [
        [v for v in _GRID.get(name, (1,)) if v >= metric.domain(name).get("low", v)]
        for name in metric.parameters
    ]
    return [dict(zip(metric.parameters, v, strict=True)) for v in itertools.product(*values)]


def z_score(run: Simulated, expected: float, ends: tuple[float, float]) -> float:
    """Distance of a simulated mean from the expected score in standard errors.

    Where a thousand records and more gave fewer than 25 events the scatter of the sample says too little about its own size
    (three successes or none); there the largest variance that a score with this mean can have in
    its range is taken instead, which for a score of 0 or 1 is the true one.

    Parameters
    ----------
    run : Simulated
    expected : float
        In the range of the score.
    ends : tuple of float
        Lowest and highest score.

    Returns
    -------
    float
        >= 0; 0 where the two agree to nine digits, inf where they differ and nothing is random.
    """
    if not np.isfinite(expected):
        return 0.0 if run.mean == expected else float("inf")
    difference = abs(run.mean - expected)
    if difference <= 1e-9 * max(1.0, abs(expected)):
        return 0.0
    error = run.standard_error
    low, high = ends
    if run.n >= 1000 and np.isfinite(high) and low < expected < high:
        events = run.n * min(expected - low, high - expected) / (high - low)
        if events < 25:
            error = max(error, float(np.sqrt((expected - low) * (high - expected) / run.n)))
    return difference / error if error > 0 else float("inf")


def agreement(metric: Metric, *, seed: int = 0, records: int | None = None) -> Agreement:
    """Simulate a metric over a grid of probabilities and parameters and find the worst deviation.

    Parameters
    ----------
    metric : Metric
    seed : int
    records : int, optional
        Per simulation; the metric's own number if not given.

    Returns
    -------
    Agreement
    """
    n = records or metric.records
    worst, where, count = -1.0, {}, 0
    for values in settings(metric):
        ends = metric.range(**values)
        for p in _PROBABILITIES:
            if p < metric.simulated_from:
                continue
            run = metric.simulate(p, n=n, seed=seed + 1000 * count, **values)
            z = z_score(run, float(metric.expected(p, **values)), ends)
            count += 1
            if z > worst:
                worst, where = z, {"p": p, **values}
    return Agreement(metric.name, worst, where, count, n)
