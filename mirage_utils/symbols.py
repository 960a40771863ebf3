"""The symbols of the book, defined once, and the ways an expression leaves SymPy.

From one expression come the LaTeX in the text, the NumPy function in the sweeps and the
JavaScript under the sliders, so that nothing about a formula is ever typed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy as sp

__all__ = [
    "CROSS_ENTROPY",
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
