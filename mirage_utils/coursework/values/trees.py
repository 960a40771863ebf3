"""Formulas as trees: what may stand in one, and its value where the symbols have values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["Tree", "evaluate", "is_constant", "is_known", "nodes"]

Tree = tuple[Any, ...]
"""Its kind, and then trees or, for a symbol or number, text: ``("Pow", ("Symbol", "p"), ("Integer", "2"))``."""

_CONSTANTS = {"Pi": "pi", "Exp1": "e", "EulerGamma": "euler", "GoldenRatio": "phi"}
_FUNCTIONS = {
    "exp": "exp", "log": "log", "Abs": "fabs", "sign": "sign", "gamma": "gamma", "loggamma": "loggamma",
    "factorial": "factorial", "binomial": "binomial", "erf": "erf", "erfc": "erfc", "sin": "sin",
    "cos": "cos", "tan": "tan", "asin": "asin", "acos": "acos", "atan": "atan", "sinh": "sinh",
    "cosh": "cosh", "tanh": "tanh", "asinh": "asinh", "acosh": "acosh", "atanh": "atanh",
    "LambertW": "lambertw", "floor": "floor", "ceiling": "ceil", "harmonic": "harmonic", "beta": "beta",
    "digamma": "digamma",
}  # fmt: skip
_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "StrictLessThan": lambda a, b: a < b,
    "LessThan": lambda a, b: a <= b,
    "StrictGreaterThan": lambda a, b: a > b,
    "GreaterThan": lambda a, b: a >= b,
    "Equality": lambda a, b: a == b,
    "Unequality": lambda a, b: a != b,
}
_LOGIC: dict[str, Callable[[list[Any]], bool]] = {"And": all, "Or": any}
_WITHOUT_PARTS = {"Half", "BooleanTrue", "BooleanFalse"}
_WORDS = {"Add", "Mul", "Pow", "Max", "Min", "Piecewise", "ExprCondPair", "Not"}
_LARGEST = 1_000_000  # binary digits before the point: far beyond any sensible value
# Of what a function is taken of: three times as many as a float can have. The work for larger ones grows without end.
_LARGEST_ARGUMENT = 3_400
_CHEAP = {"log", "Abs", "sign", "Max", "Min"}


def is_constant(kind: str) -> bool:
    """Whether this is a number by its name, or a truth value, and has no parts."""
    return kind in _CONSTANTS or kind in _WITHOUT_PARTS


def is_known(kind: str) -> bool:
    """Whether trees of this kind have a value here; symbols and numbers, which hold text, are not meant."""
    return is_constant(kind) or any(
        kind in kinds for kinds in (_FUNCTIONS, _RELATIONS, _LOGIC, _WORDS)
    )


def nodes(tree: Any) -> Iterator[Any]:
    """The tree and all trees in it, of tuples or of lists."""
    yield tree
    for each in tree[1:]:
        if isinstance(each, (tuple, list)):
            yield from nodes(each)


def evaluate(tree: Tree, values: dict[str, Any], mp: Any) -> Any:
    """The value of a tree as a number of mpmath, or a truth value.

    Parameters
    ----------
    tree : tuple
    values : dict of str to object
        By symbol.
    mp : mpmath.MPContext
        In which it is computed.

    Raises
    ------
    ArithmeticError
        If it has no finite value, or one that is out of all proportion.
    KeyError
        If a symbol has no value.
    """
    kind, *rest = tree
    if kind == "Symbol":
        return values[rest[0]]
    if kind in ("Integer", "Float"):
        return _in_proportion(mp.mpf(rest[0]), mp)
    if kind == "Rational":
        return mp.mpf(rest[0]) / mp.mpf(rest[1])
    if kind == "Half":
        return mp.mpf(1) / 2
    if kind in _CONSTANTS:
        return +getattr(mp, _CONSTANTS[kind])
    if kind in ("BooleanTrue", "BooleanFalse"):
        return kind == "BooleanTrue"
    if kind == "Piecewise":
        for pair in rest:
            if evaluate(pair[2], values, mp):
                return evaluate(pair[1], values, mp)
        raise ArithmeticError("outside every piece")
    arguments = [evaluate(each, values, mp) for each in rest]
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
            base, exponent = arguments
            result = _power(base, exponent, mp)
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


def _power(base: Any, exponent: Any, mp: Any) -> Any:
    """A power; one out of all proportion is refused before it is computed, which could take for ever."""
    size = abs(base)
    if size and abs(exponent) > 1000:
        if abs(exponent) * abs(mp.log(size, 2)) > _LARGEST:
            raise ArithmeticError("no finite value")
        return mp.exp(_in_proportion(exponent * mp.log(base), mp, _LARGEST_ARGUMENT))
    return mp.power(base, exponent)


def _in_proportion(number: Any, mp: Any, most: int = _LARGEST) -> Any:
    """A number, if it is finite and has no more than so many binary digits before the point."""
    if not mp.isfinite(number) or (number and mp.mag(number) > most):
        raise ArithmeticError("no finite value")
    return number
