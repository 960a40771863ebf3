"""Metric sweeps over ten million scales: the library against other ways, and against the memory.

The limit is what it takes to read the input and write the output once and do nothing else.
"""

from __future__ import annotations

import math

import numexpr
import numpy as np

from mirage_utils import ScalingLaw
from mirage_utils.laws.sweep import evaluate, over_log_scale
from mirage_utils.metrics import BRIER, EXACT_MATCH, MULTIPLE_CHOICE_GRADE, Metric
from mirage_utils.symbols import numpy_function, x

from .timing import Contest, compare

POINTS = 10_000_000
LAW = ScalingLaw(alpha=0.3)
numexpr.set_num_threads(1)  # the others use one core too


def contest(metric: Metric, by_hand, in_python, **parameters: float) -> Contest:
    """One metric along one law, on ten million points of ln N."""
    u = np.linspace(-12, 12, POINTS)
    out, other = np.empty_like(u), np.empty_like(u)
    expression = over_log_scale(metric, LAW, **parameters)
    compiled = numpy_function(expression, [x])
    text = str(expression)
    scale = np.exp(u)
    few = 200_000

    def copy() -> None:
        np.copyto(other, u)

    return Contest(
        f"sweep of {metric.name}",
        {
            "mirage_utils.laws.sweep, blocks": lambda: evaluate(expression, {x: u}, out=out),
            "memory limit: copy": copy,
            "NumPy by hand, in place": lambda: by_hand(u, other),
            "SymPy lambdify, whole array": lambda: compiled(u),
            "numexpr, 1 thread": lambda: numexpr.evaluate(text, {"x": u}),
            "expected(law.probability(N)), checked": lambda: metric.expected(
                LAW.probability(scale), **parameters
            ),
            "Python loop": lambda: np.array([in_python(v) for v in u[:few].tolist()]),
        },
        POINTS,
        {"Python loop": few},
    )


def exact_match_by_hand(u, out):
    """exp(-5 exp(-0.3 u)) without a temporary array."""
    np.multiply(u, -0.3, out=out)
    np.exp(out, out=out)
    np.multiply(out, -5.0, out=out)
    return np.exp(out, out=out)


def brier_by_hand(u, out):
    """4 (1 - exp(-exp(-0.3 u)))**2 / 3 without a temporary array."""
    np.multiply(u, -0.3, out=out)
    np.exp(out, out=out)
    np.negative(out, out=out)
    np.expm1(out, out=out)
    np.square(out, out=out)
    return np.multiply(out, 4 / 3, out=out)


def grade_by_hand(u, out):
    """1 / (1 + 3 ((1 - p) / (3 p))**2) without a temporary array."""
    np.multiply(u, -0.3, out=out)
    np.exp(out, out=out)
    np.expm1(out, out=out)  # 1/p - 1
    np.square(out, out=out)
    np.multiply(out, 1 / 3, out=out)
    np.add(out, 1.0, out=out)
    return np.reciprocal(out, out=out)


def main() -> None:
    """Run the contests."""
    compare(
        contest(EXACT_MATCH, exact_match_by_hand, lambda v: math.exp(-5 * math.exp(-0.3 * v)), L=5)
    )
    compare(
        contest(
            BRIER, brier_by_hand, lambda v: 4 / 3 * (1 - math.exp(-math.exp(-0.3 * v))) ** 2, K=4
        )
    )
    compare(
        contest(
            MULTIPLE_CHOICE_GRADE,
            grade_by_hand,
            lambda v: 1 / (1 + 3 * (math.expm1(math.exp(-0.3 * v)) / 3) ** 2),
            K=4,
            s=0.5,
        )
    )


if __name__ == "__main__":
    main()
