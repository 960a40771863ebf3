"""Right answers of a simulated test, for charts: Python tabulates the binomial quantile, which Vega does not have.

A test of n items draws its count of right answers by inverting the binomial distribution at one uniform number a size, so
that it moves as little as it must when a slider moves. As the true score rises, the count steps from k to k + 1 where a
beta quantile says; these places are the table. All counts up to ten from either end are in it; between others, angles
(the arcsine of the root of a share) are interpolated, on which a count's noise is the same everywhere: its error is far
below one standard deviation's hundredth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ...curves import resolution
from .vega import rounded

__all__ = ["counts", "simulated_test", "tabulated"]

_EACH = 10
"""Counts up to here, from either end, are in the table one by one."""


def counts(n: int) -> NDArray[np.int64]:
    """Counts of n right answers that are tabulated, from 0 to n."""
    low = np.arange(min(_EACH, n) + 1)
    far = np.geomspace(_EACH, max(n / 2, _EACH), 1 + int(np.log2(max(n / 2 / _EACH, 1))))
    half = np.unique(np.r_[low, far.round().astype(int)])
    half = half[half <= n / 2 + 1]
    return np.unique(np.r_[half, n - half])


def tabulated(items: Sequence[int], uniforms: NDArray[np.float64]) -> list[dict[str, Any]]:
    """What charts need to draw tests of several sizes.

    Parameters
    ----------
    items : sequence of int
        Numbers of items, >= 1.
    uniforms : ndarray, shape (m,)
        In (0, 1): what decides the draw at each model.

    Returns
    -------
    list of dict
        For each number of items, arrays over `counts`: ``k``; ``angle`` of its share; ``low`` and ``high``, angles of the
        ends of the exact 95% interval; ``least``, an array a model: angle of the true score from which on at least k
        answers are right.
    """
    found = []
    for n in items:
        k = counts(n)
        low, high = resolution.binomial_interval(k, n)
        least = [
            np.where(k > 0, stats.beta.ppf(1 - u, np.maximum(k, 1), n - k + 1), 0) for u in uniforms
        ]
        found.append(
            {
                "n": int(n), "k": k.tolist(), "angle": _angles(k / n), "low": _angles(low), "high": _angles(high),
                "least": [_angles(each) for each in least],
            }
        )  # fmt: skip
    return found


def _angles(share: ArrayLike) -> list[float]:
    angles = np.arcsin(np.sqrt(share))
    # Of a share of one, the angle itself: its sine is one again.
    return np.where(np.asarray(share) == 1, angles, rounded(angles, 7)).tolist()


def simulated_test(models: alt.Chart, test: str) -> alt.Chart:
    """Rows of a test: count, share and ends of its exact interval for each model.

    Parameters
    ----------
    models : alt.Chart
        With a row a model: ``i``, its number from 0 in the table; ``truth``, its true score.
    test : str
        Expression of what `tabulated` gave for the number of items.
    """
    columns = ["k", "angle", "low", "high", "least"]
    at = {column: f"{test}.{column}" for column in columns} | {"least": f"{test}.least[datum.i]"}
    following: list[Any] = [{"op": "lead", "field": c, "as": f"{c}_next"} for c in columns]
    exact = "datum.k_next == datum.k + 1"
    return (
        models.transform_calculate(**at, n=f"{test}.n", asked="asin(sqrt(datum.truth))")
        .transform_flatten([*columns])
        .transform_window(window=following, groupby=["i"])
        # The last count that the true score reaches, and the one after it in the table.
        .transform_filter(
            "datum.least <= datum.asked && (!isValid(datum.k_next) || datum.asked < datum.least_next)"
        )
        .transform_calculate(
            part=f"!isValid(datum.k_next) || {exact} ? 0 : (datum.asked - datum.least) / (datum.least_next - datum.least)"
        )
        .transform_calculate(
            count=f"datum.part == 0 ? datum.k : floor(datum.n * pow(sin({_between('angle')}), 2))",
        )
        .transform_calculate(
            share="datum.count / datum.n",
            low=f"pow(sin({_between('low')}), 2)",
            high=f"pow(sin({_between('high')}), 2)",
        )
    )


def _between(field: str) -> str:
    """Expression between one row of the table and the next."""
    return (
        f"(datum.part == 0 ? datum.{field} : lerp([datum.{field}, datum.{field}_next], datum.part))"
    )
