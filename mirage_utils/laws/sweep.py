"""Sweeps: an expression on many points, computed in pieces that stay in the processor's cache.

A generated NumPy function walks the whole array once per operation, so that on ten million points
it mostly waits for memory. Block by block the same function reads its input and writes its output
once. ``benchmarks/sweep.py`` measures how near that comes to the limit.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from ..errors import FieldError, as_array, require
from ..metrics import Metric
from ..scaling import ScalingLaw
from ..symbols import numpy_function, p, x

__all__ = ["evaluate", "over_log_scale", "sweep"]

_BLOCK = 16_384
"""Points worked on together: eight temporaries of this size fit in a megabyte."""


def evaluate(
    expression: sp.Expr,
    values: Mapping[sp.Symbol, ArrayLike],
    *,
    out: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Value of an expression on arrays, broadcast against one another.

    Parameters
    ----------
    expression : sympy.Expr
    values : mapping of symbol to array_like
        A value for each free symbol. Single numbers are put into the expression before it is
        compiled.
    out : ndarray of float64, optional
        Where to write, of the broadcast shape.

    Returns
    -------
    ndarray
        Of the broadcast shape; `out` if given.

    Raises
    ------
    FieldError
        If a symbol has no value, or `out` has another shape or type.
    """
    for symbol in sorted(expression.free_symbols, key=str):
        if symbol not in values:
            raise FieldError(str(symbol), None, f"a value, since {expression} depends on it")
    arrays = {s: np.asarray(v, dtype=float) for s, v in values.items()}
    shape = np.broadcast_shapes(*(v.shape for v in arrays.values()))
    single = {s: _number(v) for s, v in arrays.items() if v.ndim == 0}
    many = [s for s, v in arrays.items() if v.ndim > 0 and s in expression.free_symbols]
    function = numpy_function(expression.subs(single), many)
    if out is None:
        out = np.empty(shape)
    require(
        isinstance(out, np.ndarray) and out.shape == shape and out.dtype == float,
        "out",
        getattr(out, "shape", out),
        f"a float64 array of shape {shape}",
    )
    with np.errstate(all="ignore"):  # as in Metric.expected: limits are values here
        if not many:
            out[...] = function()
            return out
        walk = np.nditer(
            [*(arrays[s] for s in many), out],
            flags=["external_loop", "buffered", "delay_bufalloc", "zerosize_ok"],
            # NumPy takes a list of flags for each array; its stubs know one list for all of them.
            op_flags=[["readonly"]] * len(many) + [["writeonly"]],  # type: ignore[arg-type]
            buffersize=_BLOCK,
        )
        with walk:
            walk.reset()
            for *pieces, piece in walk:
                piece[...] = function(*pieces)
    return out


def _number(value: NDArray[np.float64]) -> sp.Number:
    """Whole numbers stay whole, so that p**5 is compiled as a power of five and not of 5.0."""
    return (
        sp.Integer(int(value))
        if value == np.floor(value) and abs(value) < 2**53
        else sp.Float(value)
    )


def over_log_scale(metric: Metric, law: ScalingLaw, **parameters: float) -> sp.Expr:
    """A metric's expression as a function of ``x = ln(N / N_c)``, with all numbers put in.

    On the logarithm of scale the power law is one exponential and needs no power.

    Parameters
    ----------
    metric : Metric
    law : ScalingLaw
    **parameters : float
        The metric's other symbols, one number each.

    Examples
    --------
    >>> from mirage_utils import ScalingLaw
    >>> from mirage_utils.metrics import EXACT_MATCH
    >>> over_log_scale(EXACT_MATCH, ScalingLaw(0.5), L=5)
    exp(-5*exp(-0.5*x))
    """
    for name in metric.parameters:
        require(name in parameters, name, None, f"a value, since {metric.name} depends on {name}")
    numbers = {s: _number(np.asarray(parameters[str(s)], float)) for s in metric.arguments[1:]}
    loss = _number(np.asarray(law.E)) + sp.exp(-_number(np.asarray(law.alpha)) * x)
    return sp.powsimp(metric.expression.subs(numbers).subs(p, sp.exp(-loss)), force=True)


def sweep(
    metric: Metric, law: ScalingLaw, log_scale: ArrayLike, **parameters: float
) -> NDArray[np.float64]:
    """Expected score of a metric along a scaling law, at many scales.

    Parameters
    ----------
    metric : Metric
    law : ScalingLaw
    log_scale : array_like
        ln N, any shape.
    **parameters : float
        The metric's other symbols, one number each.

    Returns
    -------
    ndarray
        Of the shape of `log_scale`; equal to ``metric.expected(law.probability(N))`` to rounding.

    Examples
    --------
    >>> import numpy as np
    >>> from mirage_utils import ScalingLaw
    >>> from mirage_utils.metrics import EXACT_MATCH
    >>> sweep(EXACT_MATCH, ScalingLaw(0.3, N_c=1e8), np.log([1e8, 1e10, 1e12]), L=5).round(3)
    array([0.007, 0.285, 0.729])
    """
    for name, value in parameters.items():
        require(np.ndim(value) == 0, name, value, "one number")
    metric.expected(0.5, **parameters)  # names and ranges
    log_scale = as_array("log_scale", log_scale)
    return evaluate(over_log_scale(metric, law, **parameters), {x: log_scale - np.log(law.N_c)})
