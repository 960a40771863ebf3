"""The symbols of the book, defined once, and the ways an expression leaves SymPy.

From one expression come the LaTeX in the text, the NumPy function in the sweeps and the
JavaScript under the sliders, so that nothing about a formula is ever typed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CROSS_ENTROPY",
    "Formula",
    "E",
    "K",
    "L",
    "N",
    "N_c",
    "PROBABILITY",
    "alpha",
    "bytes_per_token",
    "group",
    "javascript",
    "k",
    "numpy_function",
    "p",
    "spread",
    "threshold",
    "width",
    "x",
]

N = sp.Symbol("N", positive=True)
"""Scale: number of parameters."""
N_c = sp.Symbol("N_c", positive=True)
"""Critical scale: where the reducible loss is one nat."""
alpha = sp.Symbol("alpha", positive=True)
"""Exponent of the scaling law (the paper writes the same law with a negative exponent)."""
E = sp.Symbol("E", nonnegative=True)
"""Irreducible cross-entropy per token, nats."""
L = sp.Symbol("L", positive=True)
"""Target length in tokens."""
K = sp.Symbol("K", positive=True)
"""Number of choices."""
p = sp.Symbol("p", nonnegative=True)
"""Probability of the correct token (or choice)."""
spread = sp.Symbol("s", positive=True)
"""Spread of item difficulty: scale of the Gumbel noise on the log-probabilities."""
k = sp.Symbol("k", positive=True)
"""Attempts of which one must succeed."""
group = sp.Symbol("m", positive=True)
"""Items scored together, all of which must be right (the paper's K of K)."""
threshold = sp.Symbol("c", positive=True)
"""Largest error that still counts as a success."""
width = sp.Symbol("w", positive=True)
"""Characters per token."""
bytes_per_token = sp.Symbol("b", positive=True)
"""Bytes per token."""
x = sp.Symbol("x", real=True)
"""Log scale: ln(N / N_c)."""

CROSS_ENTROPY = E + (N / N_c) ** (-alpha)
"""Cross-entropy per token, nats, as a function of scale (the scaling law)."""
PROBABILITY = sp.exp(-CROSS_ENTROPY)
"""Probability of the correct token: the exponential of minus the cross-entropy."""


def numpy_function(expression: sp.Expr, arguments: Sequence[sp.Symbol]) -> Callable:
    """The expression as a NumPy function of `arguments`, in that order.

    Parameters
    ----------
    expression : sympy.Expr
    arguments : sequence of sympy.Symbol
        Every free symbol of the expression.

    Examples
    --------
    >>> numpy_function(p**L, (p, L))(0.5, 3)
    0.125
    """
    return sp.lambdify(list(arguments), expression, modules="numpy", cse=True)


@dataclass(frozen=True)
class Formula:
    """A curve in closed form, to be fitted: NumPy functions of its height and of its slopes by each parameter.

    SymPy differentiates, and what height and slopes have in common is computed once.

    Parameters
    ----------
    expression : sympy.Expr
    variable : sympy.Symbol
        What the curve runs along.
    parameters : tuple of sympy.Symbol
        What a fit may move.

    Examples
    --------
    >>> m, c = sp.symbols("m c")
    >>> line = Formula(m * x + c, x, (m, c))
    >>> line(3.0, 2.0, 1.0)
    7.0
    >>> line.slopes(3.0, 2.0, 1.0)
    array([3., 1.])
    """

    expression: sp.Expr
    variable: sp.Symbol
    parameters: tuple[sp.Symbol, ...]

    @cached_property
    def _height(self) -> Callable:
        return numpy_function(self.expression, (self.variable, *self.parameters))

    @cached_property
    def _height_and_slopes(self) -> Callable:
        wanted = [self.expression, *(self.expression.diff(q) for q in self.parameters)]
        # Bounds of a parameter, Min and Max, have steps for slopes.
        names = [{"Heaviside": np.heaviside}, "numpy"]
        return sp.lambdify([self.variable, *self.parameters], wanted, modules=names, cse=True)

    def __call__(self, variable: ArrayLike, *parameters: ArrayLike) -> NDArray[np.float64]:
        """Height; arguments broadcast."""
        return self._height(variable, *parameters)

    def with_slopes(
        self, variable: ArrayLike, *parameters: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Height and slopes; the last axis of the slopes runs over the parameters."""
        height, *by_parameter = self._height_and_slopes(variable, *parameters)
        slopes = np.empty((*np.shape(height), len(by_parameter)))
        for i, slope in enumerate(by_parameter):
            slopes[..., i] = slope
        return height, slopes

    def slopes(self, variable: ArrayLike, *parameters: ArrayLike) -> NDArray[np.float64]:
        """Derivatives by the parameters, along the last axis."""
        return self.with_slopes(variable, *parameters)[1]


def javascript(expression: sp.Expr) -> str:
    """The expression as one JavaScript expression in the symbols' own names.

    Parameters
    ----------
    expression : sympy.Expr

    Examples
    --------
    >>> javascript(p**L)
    'Math.pow(p, L)'
    """
    return sp.jscode(expression)
