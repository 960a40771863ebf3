"""Plain values: all that may leave a student's process, and all that a check ever compares.

A check must not work on a student's own objects: an answer whose ``__sub__`` returns 0 would pass every
numerical test. So each answer is first taken apart into numbers, text, arrays, expression trees and the
data of drawings (`encode`), and put together again from those alone (`decode`). The same two steps are
taken in a notebook, where the answer is at hand, and between the sandbox and the grader, where it comes
down a pipe as JSON.
"""

from __future__ import annotations

import decimal
import fractions
import math
import operator
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from .bounds import TooLong

__all__ = ["Axes", "Drawing", "Expression", "Other", "Series", "decode", "encode", "plain"]

ELEMENTS = 1_000_000  # of all arrays, lists, formulas and pictures of an answer: what a check could ever want to see
DEPTH = 60  # of nested lists, and of an expression
NODES = 5_000  # of an expression
DIGITS = 400  # of a whole number
LETTERS = 200_000  # of a text
PAIRS = 2_000  # of a dictionary
# Building a dictionary whose keys collide takes the square of their number: the sum of all squares of an answer.
SQUARES = 3 * PAIRS**2


# ---------------------------------------------------------------- what a check sees


@dataclass(frozen=True)
class Other:
    """Something that is no plain value; only the name of its type is known."""

    kind: str


@dataclass(frozen=True)
class Expression:
    """A formula as a tree: ``("Add", tree, tree)``, ``("Symbol", "p")``, ``("Integer", "2")``.

    A tree of this kind can be evaluated and does nothing else: no SymPy object is ever built from what a
    student's process sent, because building one may evaluate it, and 10^(10^10) then never ends.
    """

    tree: tuple[Any, ...]

    def symbols(self) -> frozenset[str]:
        """Names of all symbols in the tree."""
        return frozenset(node[1] for node in _nodes(self.tree) if node[0] == "Symbol")

    def at(self, values: dict[str, Any], digits: int = 30) -> Any:
        """The value where the symbols have these values, as an mpmath number.

        Raises
        ------
        ArithmeticError
            If the tree has no finite value there, or one that is out of all proportion.
        KeyError
            If a symbol has no value.
        """
        import mpmath

        context = mpmath.mp.clone()
        context.dps = digits
        return _evaluate(self.tree, {k: context.mpmathify(v) for k, v in values.items()}, context)


@dataclass(frozen=True)
class Series:
    """One line, set of points or row of bars of a drawing that can be seen."""

    kind: str  # "line", "points" (also markers without a line) or "bars"
    label: str
    x: list[float]
    y: list[float]


@dataclass(frozen=True)
class Axes:
    """The data, scales and words of one pair of axes; what cannot be seen is not in it."""

    series: list[Series]
    x_scale: str
    y_scale: str
    x_label: str
    y_label: str
    title: str = ""


@dataclass(frozen=True)
class Drawing:
    """What a figure shows: the data of its axes and not its pixels."""

    axes: list[Axes] = field(default_factory=list)

    @property
    def series(self) -> list[Series]:
        return [series for axes in self.axes for series in axes.series]


# ---------------------------------------------------------------- taking apart


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
        return Other(_name(kind))


@dataclass
class _Walk:
    """One answer being taken apart or put together: what is done with its functions, and the work that is left.

    The bounds are of the whole answer: a list may hold the same list a thousand times.
    """

    function: Callable[..., Any]
    elements: int = field(default_factory=lambda: ELEMENTS)
    squares: int = field(default_factory=lambda: SQUARES)

    def too_many(self, elements: int) -> bool:
        """Take so many elements from what is left; whether there were fewer. Then nothing is left."""
        self.elements -= elements
        return self.elements < 0

    def too_many_pairs(self, pairs: int) -> bool:
        """The same of the pairs of a dictionary."""
        self.squares -= pairs**2
        return pairs > PAIRS or self.squares < 0


_MANY_PAIRS = {"other": f"dictionary of more than {PAIRS:,} keys"}


def encode(value: Any, keep: Callable[[Callable[..., Any]], int]) -> Any:
    """A value as JSON: plain scalars as they are, everything else as ``{kind: content}``.

    Parameters
    ----------
    value : object
        Anything.
    keep : callable
        Called with each function met; returns the number by which it can be called later.
    """
    return _encoded(value, _Walk(keep), 0)


def _encoded(value: Any, walk: _Walk, depth: int) -> Any:
    try:
        return _encode(value, walk, depth)
    except (KeyboardInterrupt, TooLong):
        raise
    except BaseException:  # an object may raise anything as it is looked at, SystemExit too
        return {"other": _name(type(value))}


def _name(kind: type) -> str:
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


def _encode(value: Any, walk: _Walk, depth: int) -> Any:
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
            return _MANY_PAIRS
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
        ("matplotlib.figure", _from_matplotlib),
    ):
        if module in sys.modules:
            found = look(value, walk, depth)
            if found is not None:
                return found
    if callable(value):
        name = getattr(value, "__name__", _name(kind))
        return {
            "function": walk.function(value),
            "name": name[:80] if type(name) is str else "function",
        }
    return {"other": _name(kind)}


def _from_numpy(value: Any, walk: _Walk, depth: int) -> Any:
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


def _from_jax(value: Any, walk: _Walk, depth: int) -> Any:
    import jax
    import numpy as np

    if issubclass(type(value), jax.Array):
        return _from_numpy(np.array(value), walk, depth)
    return None


def _from_pandas(value: Any, walk: _Walk, depth: int) -> Any:
    import pandas as pd

    if type(value) in (pd.DataFrame, pd.Series) and max(value.size, len(value.index)) > ELEMENTS:
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


def _from_sympy(value: Any, walk: _Walk, depth: int) -> Any:
    import sympy

    if issubclass(type(value), sympy.Basic):
        if issubclass(type(value), sympy.Expr):
            if walk.too_many(0):
                return {"other": "expression after too many others"}
            tree = _tree(value.doit())
            parts = sum(1 for _ in _nodes(tree))
            walk.too_many(parts)
            if parts > NODES:
                return {"other": f"expression of more than {NODES:,} parts"}
            return {"expression": tree}
        return {"other": _name(type(value))}
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
    if (
        not expression.args
        and kind not in CONSTANTS
        and kind not in ("BooleanTrue", "BooleanFalse")
    ):
        raise ValueError(f"no number or symbol: {kind}")
    return [kind, *(_tree(each, depth + 1) for each in expression.args)]


def _from_matplotlib(value: Any, walk: _Walk, depth: int) -> Any:
    from matplotlib import axes, figure

    if issubclass(type(value), figure.Figure):
        found = value.axes
    elif issubclass(type(value), axes.Axes):
        found = [value]
    else:
        return None
    # A colour bar has axes that show nothing by themselves.
    shown = [each for each in found if each.get_visible() and not hasattr(each, "_colorbar")]
    if walk.too_many(0):
        return {"other": "picture after too many others"}
    drawing = [_axes(each) for each in shown]
    walk.too_many(sum(len(each["x"]) for pair in drawing for each in pair["series"]))
    return {"drawing": drawing}


def _axes(axes: Any) -> dict[str, Any]:
    from matplotlib.collections import PathCollection
    from matplotlib.container import BarContainer, ErrorbarContainer

    background = _background(axes)
    # The ends of error bars are lines, too, and no curves.
    caps = [
        c for each in axes.containers if isinstance(each, ErrorbarContainer) for c in each.lines[1]
    ]
    series = []
    for line in axes.get_lines():
        kind = _seen_as(line, background)
        if kind and not any(line is each for each in caps):
            x, y = line.get_data(orig=False)
            series.append(_series(kind, line.get_label(), x, y))
    for points in axes.collections:
        if isinstance(points, PathCollection) and points.get_visible():
            at = points.get_offsets()[_dots_seen(points, background)]
            if len(at):
                series.append(_series("points", points.get_label(), at[:, 0], at[:, 1]))
    for bars in axes.containers:
        if isinstance(bars, BarContainer):
            seen = [each for each in bars.patches if _bar_is_seen(each, background)]
            middle = [each.get_x() + each.get_width() / 2 for each in seen]
            heights = [each.get_height() for each in seen]
            if seen:
                series.append(_series("bars", bars.get_label(), middle, heights))
    return {
        # In a loop, each point may have been drawn by itself: what has most points is what is asked about.
        "series": sorted(series, key=lambda each: -len(each["x"]))[:SERIES],
        "x_scale": axes.get_xscale(),
        "y_scale": axes.get_yscale(),
        "x_label": axes.get_xlabel()[:400],
        "y_label": axes.get_ylabel()[:400],
        "title": axes.get_title()[:400],
    }


def _background(axes: Any) -> Any:
    """The colour behind what is drawn: that of the axes, over that of the figure, over white paper."""
    from matplotlib.colors import to_rgba

    behind = (1.0, 1.0, 1.0)
    for patch in (axes.get_figure(root=True).patch, axes.patch):
        *paint, alpha = to_rgba(patch.get_facecolor())
        alpha = alpha if patch.get_visible() else 0.0
        behind = tuple(alpha * a + (1 - alpha) * b for a, b in zip(paint, behind, strict=True))
    return behind


def _paints(colour: Any, background: Any) -> bool:
    """Whether a colour can be told from another with bare eyes."""
    from matplotlib.colors import to_rgba

    *paint, alpha = to_rgba(colour)
    return alpha * max(abs(a - b) for a, b in zip(paint, background, strict=False)) > FAINT


def _seen_as(line: Any, background: Any) -> str:
    """``line`` if the line can be seen, ``points`` if only its markers can, or nothing."""
    alpha = line.get_alpha()
    if not line.get_visible() or (alpha is not None and alpha < FAINT):
        return ""
    dashes = line.get_linestyle() not in ("None", "none", " ", "")
    if dashes and line.get_linewidth() > FAINT and _paints(line.get_color(), background):
        return "line"
    marker = line.get_marker() not in ("None", "none", " ", "", None)
    if not marker or line.get_markersize() <= FAINT or line.get_markevery() is not None:
        return ""
    colours = [line.get_markeredgecolor()]
    if line.get_fillstyle() != "none":
        colours.append(line.get_markerfacecolor())
    return "points" if any(_paints(each, background) for each in colours) else ""


def _dots_seen(points: Any, background: Any) -> Any:
    """Which dots of a scatter can be seen."""
    import numpy as np

    count = len(points.get_offsets())
    sizes = np.resize(points.get_sizes(), count) > FAINT
    alpha = points.get_alpha()
    if alpha is not None:
        sizes &= np.resize(alpha, count) > FAINT
    if points.get_array() is not None:  # coloured by a number: known only when it is drawn
        return sizes
    painted = np.zeros(count, dtype=bool)
    for colours in (points.get_facecolor(), points.get_edgecolor()):
        if len(colours):
            seen = [_paints(each, background) for each in colours]
            painted |= np.resize(seen, count)
    return sizes & painted


def _bar_is_seen(bar: Any, background: Any) -> bool:
    colours = (bar.get_facecolor(), bar.get_edgecolor())
    return bar.get_visible() and bar.get_width() != 0 and any(_paints(each, background) for each in colours)  # fmt: skip


FAINT = 0.03  # of the whole way from the background to a colour; points of width
SERIES = 200  # of one pair of axes
MOST = 20_000  # points of a line that are looked at; of longer ones, evenly chosen


def _series(kind: str, label: Any, x: Any, y: Any) -> dict[str, Any]:
    def numbers(values: Any) -> list[Any]:
        listed = list(values)
        if len(listed) > MOST:
            step = (len(listed) - 1) / (MOST - 1)
            listed = [listed[round(n * step)] for n in range(MOST)]
        listed = [float(each) for each in listed]
        return [each if math.isfinite(each) else repr(each) for each in listed]

    return {"kind": kind, "label": str(label)[:200], "x": numbers(x), "y": numbers(y)}


# ---------------------------------------------------------------- putting together


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
        return _decode(content, _Walk(function), 0)
    except (TypeError, LookupError, OverflowError, AttributeError) as error:
        raise ValueError(f"not a value: {error}") from None


def _decode(content: Any, walk: _Walk, depth: int) -> Any:
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
                return Other(_MANY_PAIRS["other"])
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
        if len(x) != len(y) or len(x) > MOST:
            raise ValueError("not a line")
        series.append(Series(str(each["kind"]), str(each["label"]), x, y))
    words = [str(content[k]) for k in ("x_scale", "y_scale", "x_label", "y_label", "title")]
    return Axes(series, *words)


# ---------------------------------------------------------------- expressions

CONSTANTS = {"Pi": "pi", "Exp1": "e", "EulerGamma": "euler", "Half": None, "GoldenRatio": "phi"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_{}^]{0,40}\Z")
_FUNCTIONS = {
    "exp": "exp", "log": "log", "Abs": "fabs", "sign": "sign", "gamma": "gamma", "loggamma": "loggamma",
    "factorial": "factorial", "binomial": "binomial", "erf": "erf", "erfc": "erfc", "sin": "sin",
    "cos": "cos", "tan": "tan", "asin": "asin", "acos": "acos", "atan": "atan", "sinh": "sinh",
    "cosh": "cosh", "tanh": "tanh", "asinh": "asinh", "acosh": "acosh", "atanh": "atanh",
    "LambertW": "lambertw", "floor": "floor", "ceiling": "ceil", "harmonic": "harmonic", "beta": "beta",
    "digamma": "digamma", "Max": None, "Min": None,
}  # fmt: skip
_RELATIONS = {
    "StrictLessThan": lambda a, b: a < b,
    "LessThan": lambda a, b: a <= b,
    "StrictGreaterThan": lambda a, b: a > b,
    "GreaterThan": lambda a, b: a >= b,
    "Equality": lambda a, b: a == b,
    "Unequality": lambda a, b: a != b,
}
_LOGIC = {"And": all, "Or": any}
_WORDS = {"Add", "Mul", "Pow", "Piecewise", "ExprCondPair", "Not", "BooleanTrue", "BooleanFalse"}
_LARGEST = 1_000_000  # binary digits before the point: far beyond any sensible value
# Of what a function is taken of: three times as many as a float can have. The work for larger ones grows without end.
_LARGEST_ARGUMENT = 3_400
_CHEAP = {"log", "Abs", "sign", "Max", "Min"}


def _nodes(tree: Any) -> Iterator[Any]:
    yield tree
    for each in tree[1:]:
        if isinstance(each, (tuple, list)):
            yield from _nodes(each)


def _as_lists(tree: tuple[Any, ...]) -> list[Any]:
    return [_as_lists(each) if isinstance(each, tuple) else each for each in tree]


def _expression(tree: list[Any]) -> Expression | Other:
    left = [NODES]

    def checked(node: Any, depth: int) -> tuple[Any, ...]:
        left[0] -= 1
        if left[0] < 0 or depth > DEPTH + 5 or type(node) is not list or not node:
            raise ValueError("not an expression")
        match node:
            case ["Symbol", str(name)] if _NAME.match(name):
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
        known = (CONSTANTS, _FUNCTIONS, _RELATIONS, _LOGIC, _WORDS)
        if type(kind) is not str or not any(kind in words for words in known):
            raise LookupError(str(kind)[:80])
        return (kind, *(checked(each, depth + 1) for each in rest))

    try:
        return Expression(checked(tree, 0))
    except LookupError as unknown:
        return Other(f"expression with {unknown.args[0]}")


def _power(base: Any, exponent: Any, mp: Any) -> Any:
    """A power; one out of all proportion is refused before it is computed, which could take for ever."""
    size = abs(base)
    if size and abs(exponent) > 1000:
        if abs(exponent) * abs(mp.log(size, 2)) > _LARGEST:
            raise ArithmeticError("no finite value")
        return mp.exp(_in_proportion(exponent * mp.log(base), mp, _LARGEST_ARGUMENT))
    return mp.power(base, exponent)


def _evaluate(tree: tuple[Any, ...], values: dict[str, Any], mp: Any) -> Any:
    kind, *rest = tree
    if kind == "Symbol":
        return values[rest[0]]
    if kind in ("Integer", "Float"):
        return _in_proportion(mp.mpf(rest[0]), mp)
    if kind == "Rational":
        return mp.mpf(rest[0]) / mp.mpf(rest[1])
    if kind in CONSTANTS:
        return mp.mpf(1) / 2 if kind == "Half" else +getattr(mp, CONSTANTS[kind])
    if kind in ("BooleanTrue", "BooleanFalse"):
        return kind == "BooleanTrue"
    if kind == "Piecewise":
        for pair in rest:
            if _evaluate(pair[2], values, mp):
                return _evaluate(pair[1], values, mp)
        raise ArithmeticError("outside every piece")
    arguments = [_evaluate(each, values, mp) for each in rest]
    if kind in _RELATIONS:
        return _RELATIONS[kind](*arguments)
    if kind in _LOGIC:
        return _LOGIC[kind](arguments)
    if kind == "Not":
        return not arguments[0]
    if kind in _FUNCTIONS and kind not in _CHEAP:
        for each in arguments:
            # Off the real axis the error function grows as exp(x^2).
            off = kind in ("erf", "erfc") and mp.im(each) != 0
            _in_proportion(each, mp, 20 if off else _LARGEST_ARGUMENT)
    try:
        if kind == "Add":
            result = mp.fsum(arguments)
        elif kind == "Mul":
            result = mp.fprod(arguments)
        elif kind == "Pow":
            result = _power(*arguments, mp)
        elif kind in ("Max", "Min"):
            result = (max if kind == "Max" else min)(arguments)
        else:
            result = getattr(mp, _FUNCTIONS[kind])(*arguments)
    except (ValueError, TypeError, mp.NoConvergence) as error:
        raise ArithmeticError(str(error)) from None
    # A tower of powers would fill the memory with the digits of its exponent.
    if result and mp.isfinite(result) and mp.mag(result) < -_LARGEST:
        raise ArithmeticError("no finite value")
    return _in_proportion(result, mp)


def _in_proportion(number: Any, mp: Any, most: int = _LARGEST) -> Any:
    """A number, if it is finite and has no more than so many binary digits before the point."""
    if not mp.isfinite(number) or (number and mp.mag(number) > most):
        raise ArithmeticError("no finite value")
    return number
