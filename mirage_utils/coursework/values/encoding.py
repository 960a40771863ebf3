"""An answer taken apart into JSON: numbers, text, arrays, tables, expression trees and the data of drawings."""

from __future__ import annotations

import decimal
import fractions
import math
import operator
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ..bounds import TooLong
from . import sizes
from .drawings import from_matplotlib
from .kinds import Drawing, Expression, Other
from .sizes import DEPTH, DIGITS, LETTERS, MANY_PAIRS, NODES, Walk
from .trees import Tree, is_constant, nodes

__all__ = ["encode", "type_name"]


def encode(value: Any, keep: Callable[[Callable[..., Any]], int]) -> Any:
    """A value as JSON: plain scalars as they are, everything else as ``{kind: content}``.

    Parameters
    ----------
    value : object
        Anything.
    keep : callable
        Called with each function met; returns the number by which it can be called later.
    """
    return _encoded(value, Walk(keep), 0)


def _encoded(value: Any, walk: Walk, depth: int) -> Any:
    try:
        return _encode(value, walk, depth)
    except (KeyboardInterrupt, TooLong):
        raise
    except BaseException:  # an object may raise anything as it is looked at, SystemExit too
        return {"other": type_name(type(value))}


def type_name(kind: type) -> str:
    """The name of a type, whatever its own type says when it is asked."""
    return str(type.__dict__["__name__"].__get__(kind))[:80]


def _as_number(value: Any, kind: type) -> Any:
    """The Python number that a number of another type is; None if it is none.

    Types that students may have made are asked nothing: a subclass has the value of the type that it is derived from.
    """
    if issubclass(kind, float):
        return float.__float__(value)
    if issubclass(kind, int):
        return int.__int__(value)
    if issubclass(kind, complex):
        real, imaginary = (complex.__dict__[part].__get__(value) for part in ("real", "imag"))
        return real if imaginary == 0 else None
    if kind is fractions.Fraction:
        return value.numerator / value.denominator
    if kind is decimal.Decimal:
        return float(value)
    if "mpmath" in sys.modules:
        from mpmath.ctx_mp_python import _mpf
        from mpmath.libmp import to_float

        if issubclass(kind, _mpf):
            return to_float(tuple(map(operator.index, _mpf._mpf_.__get__(value))))
    return None


def _encode(value: Any, walk: Walk, depth: int) -> Any:
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        if value.bit_length() > DIGITS * 10 // 3:
            return {"other": "whole number of more than 400 digits"}
        return value
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if (number := _as_number(value, kind)) is not None:
        return _encode(number, walk, depth)
    if issubclass(kind, str):
        value = str.__str__(value)
        return value if len(value) <= LETTERS else {"other": "very long text"}
    if depth > DEPTH:
        return {"other": "deeply nested list"}
    if kind is Expression:
        return {"expression": _as_lists(value.tree)}
    if kind is Other:
        return {"other": value.kind}
    if kind is Drawing:
        return {"drawing": asdict(value)["axes"]}
    # A class that is derived from one of these, such as a named tuple, is read as the one that it is derived from.
    for base in (list, tuple):
        if issubclass(kind, base):
            if walk.too_many(base.__len__(value)):
                return {"other": f"{base.__name__} of more than a million elements"}
            return {
                base.__name__: [_encoded(each, walk, depth + 1) for each in base.__iter__(value)]
            }
    if issubclass(kind, dict):
        if walk.too_many_pairs(dict.__len__(value)):
            return MANY_PAIRS
        return {
            "dict": [
                [_encoded(k, walk, depth + 1), _encoded(v, walk, depth + 1)]
                for k, v in dict.items(value)
            ]
        }
    # A library that was never imported cannot have made the value: nothing is imported to find out.
    for module, look in (
        ("numpy", _from_numpy),
        ("jax", _from_jax),
        ("pandas", _from_pandas),
        ("sympy", _from_sympy),
        # Axes are always those of a figure; the font manager alone, which a grader loads, draws nothing.
        ("matplotlib.figure", from_matplotlib),
    ):
        if module in sys.modules:
            found = look(value, walk, depth)
            if found is not None:
                return found
    if callable(value):
        name = getattr(value, "__name__", type_name(kind))
        return {
            "function": walk.function(value),
            "name": name[:80] if type(name) is str else "function",
        }
    return {"other": type_name(kind)}


def _from_numpy(value: Any, walk: Walk, depth: int) -> Any:
    import numpy as np

    if type(value) is np.ndarray:
        if value.ndim == 0:
            return _encode(value[()], walk, depth)
        if value.dtype.kind == "c" and not value.imag.any():
            value = value.real
        if value.dtype.kind in "biuf":
            if walk.too_many(value.size):
                return {"other": "array of more than a million elements"}
            flat = value.astype(float).ravel().tolist()
            return {
                "array": [each if math.isfinite(each) else repr(each) for each in flat],
                "shape": list(value.shape),
                "dtype": value.dtype.kind,
            }
        if walk.too_many(value.size):
            return {"other": "array of more than a million elements"}
        return {"list": [_encoded(each, walk, depth + 1) for each in value.tolist()]}
    if issubclass(type(value), np.floating):
        return _encode(np.generic.astype(value, np.float64), walk, depth)
    if issubclass(type(value), (np.number, np.bool_)) and type(value) is not np.timedelta64:
        return _encode(np.generic.item(value), walk, depth)
    return None


def _from_jax(value: Any, walk: Walk, depth: int) -> Any:
    import jax
    import numpy as np

    if issubclass(type(value), jax.Array):
        return _from_numpy(np.array(value), walk, depth)
    return None


def _from_pandas(value: Any, walk: Walk, depth: int) -> Any:
    import pandas as pd

    if (
        type(value) in (pd.DataFrame, pd.Series)
        and max(value.size, len(value.index)) > sizes.ELEMENTS
    ):
        return {"other": "table of more than a million cells"}
    if type(value) is pd.DataFrame:
        columns = [
            [str(name), _encoded(value[name].tolist(), walk, depth + 1)] for name in value.columns
        ]
        return {"frame": columns, "index": _encoded(value.index.tolist(), walk, depth + 1)}
    if type(value) is pd.Series:
        return {
            "series": _encoded(value.tolist(), walk, depth + 1),
            "index": _encoded(value.index.tolist(), walk, depth + 1),
        }
    return None


def _from_sympy(value: Any, walk: Walk, depth: int) -> Any:
    import sympy

    if issubclass(type(value), sympy.Basic):
        if issubclass(type(value), sympy.Expr):
            if walk.too_many(0):
                return {"other": "expression after too many others"}
            tree = _tree(value.doit())
            parts = sum(1 for _ in nodes(tree))
            walk.too_many(parts)
            if parts > NODES:
                return {"other": f"expression of more than {NODES:,} parts"}
            return {"expression": tree}
        return {"other": type_name(type(value))}
    return None


def _tree(expression: Any, depth: int = 0) -> list[Any]:
    if depth > DEPTH:
        raise ValueError("deep expression")
    kind = type(expression).__name__
    if expression.is_Symbol:
        return ["Symbol", expression.name]
    if expression.is_Integer:
        return ["Integer", str(int(expression))]
    if expression.is_Rational:
        return ["Rational", str(expression.p), str(expression.q)]
    if expression.is_Float:
        return ["Float", str(expression)]
    if not expression.args and not is_constant(kind):
        raise ValueError(f"no number or symbol: {kind}")
    return [kind, *(_tree(each, depth + 1) for each in expression.args)]


def _as_lists(tree: Tree) -> list[Any]:
    return [_as_lists(each) if isinstance(each, tuple) else each for each in tree]
