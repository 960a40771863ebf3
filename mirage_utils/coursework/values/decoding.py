"""An answer put together again from plain JSON, of which nothing is believed; and both steps at once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from .encoding import encode, type_name
from .kinds import Axes, Drawing, Expression, Other, Series
from .sizes import DEPTH, DIGITS, MANY_PAIRS, NODES, POINTS, SERIES, Walk
from .trees import Tree, is_known

__all__ = ["decode", "plain"]


def plain(value: Any) -> Any:
    """The plain value of an answer; functions stay as they are.

    Parameters
    ----------
    value : object
        An answer of any kind.

    Returns
    -------
    object
        bool, int, float, str, None, list, tuple, dict, NumPy array, pandas frame, `Expression`,
        `Drawing`, a callable, or `Other`.
    """
    kind = type(value)
    if kind is Expression or kind is Drawing or kind is Other:  # it came across already
        return value
    kept: list[Callable[..., Any]] = []

    def keep(function: Callable[..., Any]) -> int:
        kept.append(function)
        return len(kept) - 1

    try:
        return decode(encode(value, keep), lambda number, name: kept[number])
    except ValueError:  # such as a dictionary with a picture for a key
        return Other(type_name(kind))


def decode(content: Any, function: Callable[[int, str], Any]) -> Any:
    """The value that `encode` took apart, from JSON that nobody vouches for.

    Parameters
    ----------
    content : object
        As `encode` returned it, or anything else a hostile process may have sent.
    function : callable
        Called with number and name of each function met; returns what stands for it.

    Raises
    ------
    ValueError
        If the content is nothing that `encode` could have returned.
    """
    try:
        return _decode(content, Walk(function), 0)
    except (TypeError, LookupError, OverflowError, AttributeError) as error:
        raise ValueError(f"not a value: {error}") from None


def _decode(content: Any, walk: Walk, depth: int) -> Any:
    if type(content) is int and content.bit_length() > DIGITS * 10 // 3:
        return Other("whole number of more than 400 digits")
    if content is None or type(content) in (bool, int, float, str):
        return content
    if type(content) is not dict or depth > DEPTH + 5:
        raise ValueError("not a value")

    def inner(each: Any) -> Any:
        return _decode(each, walk, depth + 1)

    match content:
        case {"float": ("inf" | "-inf" | "nan") as word}:
            return float(word)
        case {"list": list(items)}:
            return [inner(each) for each in items]
        case {"tuple": list(items)}:
            return tuple(inner(each) for each in items)
        case {"dict": list(pairs)}:
            if walk.too_many_pairs(len(pairs)):
                return Other(MANY_PAIRS["other"])
            return {_key(inner(pair[0])): inner(pair[1]) for pair in pairs if len(pair) == 2}
        case {"array": list(flat), "shape": list(shape), "dtype": ("b" | "i" | "u" | "f") as dtype}:
            return _array(flat, shape, dtype)
        case {"frame": list(columns), "index": index}:
            import pandas as pd

            return pd.DataFrame(
                {str(name): inner(items) for name, items in columns}, index=inner(index)
            )
        case {"series": items, "index": index}:
            import pandas as pd

            return pd.Series(inner(items), index=inner(index))
        case {"expression": list(tree)}:
            return _expression(tree)
        case {"drawing": list(axes)}:
            return Drawing([_axes_from(each) for each in axes])
        case {"function": int(number), "name": str(name)}:
            return walk.function(number, name)
        case {"other": str(kind)}:
            return Other(kind)
    raise ValueError("not a value")


def _key(value: Any) -> Any:
    hash(value)
    return value


def _number(value: Any) -> float:
    if type(value) in (int, float) or (type(value) is str and value in ("inf", "-inf", "nan")):
        return float(value)
    raise ValueError("not a number")


def _array(flat: list[Any], shape: list[Any], dtype: str) -> Any:
    import numpy as np

    if not all(type(n) is int and n >= 0 for n in shape) or math.prod(shape) != len(flat):
        raise ValueError("not a shape")
    array = np.array([_number(each) for each in flat], dtype=float).reshape(shape)
    return array if dtype == "f" else array.astype(bool if dtype == "b" else int)


def _axes_from(content: Any) -> Axes:
    series = []
    for each in content["series"][:SERIES]:
        x, y = ([_number(n) for n in each[side]] for side in "xy")
        if len(x) != len(y) or len(x) > POINTS:
            raise ValueError("not a line")
        series.append(Series(str(each["kind"]), str(each["label"]), x, y))
    words = [str(content[k]) for k in ("x_scale", "y_scale", "x_label", "y_label", "title")]
    return Axes(series, *words)


_SYMBOL = re.compile(r"[A-Za-z_][A-Za-z0-9_{}^]{0,40}\Z")


def _expression(tree: list[Any]) -> Expression | Other:
    left = [NODES]

    def checked(node: Any, depth: int) -> Tree:
        left[0] -= 1
        if left[0] < 0 or depth > DEPTH + 5 or type(node) is not list or not node:
            raise ValueError("not an expression")
        match node:
            case ["Symbol", str(name)] if _SYMBOL.match(name):
                return ("Symbol", name)
            case ["Integer", str(digits)] if re.fullmatch(rf"-?\d{{1,{DIGITS}}}", digits):
                return ("Integer", digits)
            case ["Rational", str(p), str(q)] if all(
                re.fullmatch(rf"-?\d{{1,{DIGITS}}}", each) for each in (p, q)
            ):
                return ("Rational", p, q)
            case ["Float", str(digits)] if re.fullmatch(r"-?[\d.]{1,60}(e[+-]?\d{1,6})?", digits):
                return ("Float", digits)
        kind, *rest = node
        if type(kind) is not str or not is_known(kind):
            raise LookupError(str(kind)[:80])
        return (kind, *(checked(each, depth + 1) for each in rest))

    try:
        return Expression(checked(tree, 0))
    except LookupError as unknown:
        return Other(f"expression with {unknown.args[0]}")
