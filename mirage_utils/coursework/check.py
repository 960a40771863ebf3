"""Checks of answers, with messages that teach: one line each in an assignment.

The same calls stand in the visible tests, which a student runs, and in the hidden ones, which only the grader
has. Each check first reduces the answer to a plain value (`values.plain`): what an object says of itself
when it is compared does not count.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .values import Axes, Drawing, Expression, Other, Series, plain
from .variation import seed

__all__ = [
    "NotYet", "between", "choice", "close", "closed_form", "curve", "expression", "function", "labelled", "number", "rng", "true",
]  # fmt: skip

POINTS = 12  # random points at which two formulas are held against each other
CURVES = 6  # in one picture: with enough of them one is right by accident


class NotYet(AssertionError):
    """An answer that is not right yet; the message says what was found and how to go on."""


def rng(exercise: str) -> np.random.Generator:
    """Random points of one exercise: the same in every run, unknown without the course's secret.

    The secret is the environment variable ``MIRAGE_COURSE_SECRET``, which the grader sets and the sandbox
    does not have.

    Parameters
    ----------
    exercise : str
        Name of the exercise.
    """
    return np.random.default_rng(seed(os.environ.get("MIRAGE_COURSE_SECRET", ""), exercise))


def true(condition: Any, message: str) -> None:
    """Fail with the message unless the condition is the plain value True.

    Parameters
    ----------
    condition : object
        What has to hold.
    message : str
        What the student is told otherwise.

    Raises
    ------
    NotYet
        With the message.
    """
    if plain(condition) is not True:
        raise NotYet(message)


def number(got: Any, what: str) -> float:
    """The answer as one finite number, for checks that this module has no words for.

    Parameters
    ----------
    got : object
        The answer.
    what : str
        The answer in words or code, for the message.

    Raises
    ------
    NotYet
        If it is no number, several, or not finite.
    """
    value = _numbers(got, what)
    if value.size == 1:
        value = value.reshape(())
    if value.shape != ():
        raise NotYet(_line(what, f"{_shape(value)}, where one number is expected", ""))
    if not np.isfinite(value):
        raise NotYet(_line(what, f"{value}, where a finite number is expected", ""))
    return float(value)


def close(
    got: Any, expected: Any, what: str, *, rtol: float = 1e-6, atol: float = 1e-12, hint: str = ""
) -> None:
    """A number, or numbers of one shape, within a tolerance.

    Parameters
    ----------
    got : object
        The answer: a number, list or array of numbers, or a SymPy number.
    expected : float or array_like
        What it should be; NaN where NaN is right.
    what : str
        The answer in words or code, for the message: ``"loss(0.5)"``.
    rtol, atol : float
        Relative and absolute tolerance.
    hint : str
        Added to the message.

    Raises
    ------
    NotYet
        If the answer is no number, has another shape, or is off.

    Examples
    --------
    >>> close(0.501, 0.5, "accuracy", rtol=0.01)
    >>> close(0.6, 0.5, "accuracy", rtol=0.01)
    Traceback (most recent call last):
    mirage_utils.coursework.check.NotYet: accuracy: 0.6, where 0.5 is expected.
    """
    value = _numbers(got, what)
    target = np.asarray(expected, dtype=float)
    if target.shape == () and value.size == 1:  # an array of one number is that number
        value = value.reshape(())
    if value.shape != target.shape:
        raise NotYet(
            _line(what, f"{_shape(value)}, where {_shape(target)} is expected", hint),
        )
    ok = np.isclose(value, target, rtol=rtol, atol=atol, equal_nan=True)
    if not ok.all():
        at = np.unravel_index(int(np.argmin(ok)), ok.shape)
        place = f"[{', '.join(map(str, at))}]" if ok.ndim else ""
        raise NotYet(
            _line(what + place, f"{value[at]:.6g}, where {target[at]:.6g} is expected", hint)
        )


def between(got: Any, low: float, high: float, what: str, *, hint: str = "") -> None:
    """One number in a closed range.

    Parameters
    ----------
    got : object
        The answer.
    low, high : float
        Ends of the range, which belong to it.
    what : str
        The answer in words or code, for the message.
    hint : str
        Added to the message.

    Raises
    ------
    NotYet
        If the answer is no number, or lies outside.
    """
    value = number(got, what)
    if not low <= value <= high:
        raise NotYet(_line(what, f"{value:.6g}, where {low:.6g} to {high:.6g} is expected", hint))


def choice(
    got: Any, expected: str | bool, options: Sequence[Any], what: str, *, hint: str = ""
) -> None:
    """One of several words; case and outer blanks do not matter.

    Parameters
    ----------
    got : object
        The answer.
    expected : str or bool
        The right one.
    options : sequence
        All that can be answered, for the message.
    what : str
        The answer in words or code, for the message.
    hint : str
        Added to the message.

    Raises
    ------
    NotYet
        If the answer is none of the options, or a wrong one.
    """
    value = plain(got)
    if isinstance(value, str):
        value = value.strip().casefold()
    if type(value) not in (str, bool) or value not in options:
        raise NotYet(
            _line(
                what,
                f"{_seen(value)}, where one of {', '.join(map(repr, options))} is expected",
                "",
            )
        )
    if value != expected:
        raise NotYet(_line(what, f"{value!r} is not it", hint))


def function(
    got: Any,
    reference: Callable[..., Any],
    points: Iterable[Sequence[Any]],
    what: str,
    *,
    rtol: float = 1e-6,
    atol: float = 1e-12,
    hint: str = "",
) -> None:
    """A function that agrees with a reference at every point.

    Parameters
    ----------
    got : callable
        The answer.
    reference : callable
        A right solution.
    points : iterable of tuple
        Arguments; each tuple is one call.
    what : str
        Name of the function.
    rtol, atol : float
        Relative and absolute tolerance of what it returns.
    hint : str
        Added to the message.

    Raises
    ------
    NotYet
        If the answer is no function, raises, or differs at a point.
    """
    value = plain(got)
    if not callable(value):
        raise NotYet(_line(what, f"{_seen(value)}, where a function is expected", ""))
    for arguments in points:
        call = f"{what}({', '.join(map(_short, arguments))})"
        expected = reference(*arguments)
        try:
            result = value(*arguments)
        except NotYet:
            raise
        except Exception as error:
            # An error that came across the pipe names its own kind.
            kind = "" if type(error).__name__ == "StudentError" else f"{type(error).__name__}: "
            raise NotYet(f"{call} raised {kind}{str(error)[:200]}") from None
        if isinstance(expected, (str, bool)):
            answer = plain(result)
            if type(answer) is not type(expected) or answer != expected:
                raise NotYet(_line(call, f"{_seen(answer)}, where {expected!r} is expected", hint))
        else:
            close(result, expected, call, rtol=rtol, atol=atol, hint=hint)


def expression(
    got: Any,
    reference: Any,
    ranges: Mapping[str, tuple[float, float]],
    what: str,
    *,
    rtol: float = 1e-9,
    hint: str = "",
) -> None:
    """A SymPy expression equal to a reference, in whatever form it is written.

    Both are evaluated with 30 digits at random points. Two analytic formulas that agree at random points are the
    same formula with probability one, while whether ``simplify`` reaches zero depends on how they are written.

    Parameters
    ----------
    got : sympy.Expr
        The answer. Symbols count by name; assumptions such as ``positive=True`` do not matter.
    reference : sympy.Expr
        A right answer.
    ranges : mapping of str to (float, float)
        For each symbol the range to draw from.
    what : str
        Name of the answer.
    rtol : float
        Relative tolerance of the values at those points.
    hint : str
        Added to the message.

    Raises
    ------
    NotYet
        If the answer is no expression, has other symbols, or differs.
    """
    value, target = plain(got), plain(reference)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = (
            Expression(("Float", repr(float(value)))) if math.isfinite(value) else Other(str(value))
        )
    if isinstance(target, (int, float)):
        target = Expression(("Float", repr(float(target))))
    assert isinstance(target, Expression)
    if not isinstance(value, Expression):
        raise NotYet(_line(what, f"{_seen(value)}, where a SymPy expression is expected", ""))
    strange = value.symbols() - set(ranges)
    if strange:
        raise NotYet(
            f"{what} contains {', '.join(sorted(strange))}; expected is an expression in {', '.join(ranges)}."
        )
    draw = rng(f"expression {what}")
    compared = 0
    for _ in range(4 * POINTS):
        point = {name: float(draw.uniform(*limits)) for name, limits in ranges.items()}
        try:
            right = target.at(point)
        except ArithmeticError:  # the reference has no value here: draw another point
            continue
        shown = ", ".join(f"{name} = {number:.4g}" for name, number in point.items())
        try:
            left = value.at(point)
        except (ArithmeticError, TypeError, AttributeError) as error:
            raise NotYet(_line(what, f"no value at {shown} ({error})", hint)) from None
        if not abs(left - right) <= rtol * abs(right) + 1e-25:
            raise NotYet(
                _line(what, f"{_short(left)} at {shown}, where {_short(right)} is expected", hint)
            )
        compared += 1
        if compared == POINTS:
            return
    raise ValueError(f"{what}: the reference has values at {compared} points only")


def closed_form(got: Any, what: str, *, without: Iterable[str] = ()) -> None:
    """An expression that contains none of these symbols.

    Parameters
    ----------
    got : object
        The answer.
    what : str
        The answer in words or code, for the message.
    without : iterable of str
        Names of symbols that must not be in it.

    Raises
    ------
    NotYet
        If the answer is no expression, or contains one of them.
    """
    value = plain(got)
    if not isinstance(value, Expression):
        raise NotYet(_line(what, f"{_seen(value)}, where a SymPy expression is expected", ""))
    found = value.symbols() & set(without)
    if found:
        raise NotYet(f"{what} still contains {', '.join(sorted(found))}.")


def curve(
    got: Any,
    reference: Callable[[np.ndarray], Any],
    domain: tuple[float, float],
    what: str,
    *,
    points: int = 20,
    log: bool = True,
    gap: float = 0.1,
    rtol: float = 1e-3,
    atol: float = 1e-6,
    hint: str = "",
) -> None:
    """A drawing in which one line that can be seen shows this function, at enough points, over all of this range.

    Parameters
    ----------
    got : matplotlib Axes or Figure
        The answer. Its data are checked, not its looks.
    reference : callable
        The function that should be shown, from an array of x to an array of y.
    domain : (float, float)
        The range of x that the line has to cover, up to a twentieth at each end.
    points : int
        How many different x the line has at least.
    log : bool
        The x axis has to be logarithmic; coverage is measured on that axis.
    gap : float
        The largest share of the range, on that axis, that may lie between two neighbouring points.
    what : str
        The answer in words or code, for the message.
    rtol, atol : float
        Relative and absolute tolerance of the values of y.
    hint : str
        Added to the message.

    Raises
    ------
    NotYet
        If no line of the drawing is right; says what is wrong with the nearest.
    """
    drawing = _drawing(got, what)
    seen = [axes for axes in drawing.axes if axes.x_scale in ("log", "symlog") or not log]
    if not seen:
        raise NotYet(f'{what}: the x axis is linear; ax.set_xscale("log") makes it logarithmic.')
    lines = [series for axes in seen for series in axes.series]
    if not lines:
        raise NotYet(f"{what} has axes and no line in them that can be seen.")
    curves = [series for series in lines if len(set(series.x)) > 2]
    long_enough = [series for series in curves if len(set(series.x)) >= points]
    if not long_enough:
        most = max(len(set(series.x)) for series in lines)
        raise NotYet(
            _line(what, f"a line of {most} points, where at least {points} are expected", hint)
        )
    if len(curves) > CURVES:
        raise NotYet(
            f"{what}: {len(curves)} curves in one picture, where at most {CURVES} are expected: draw the one that is asked "
            "for, and what you compare it with."
        )
    found = [_shows(series, reference, domain, log, gap, rtol, atol) for series in long_enough]
    if all(why for _, why in found):
        raise NotYet(_line(what, max(found)[1], hint))


def _shows(
    series: Series,
    reference: Callable[[np.ndarray], Any],
    domain: tuple[float, float],
    log: bool,
    gap: float,
    rtol: float,
    atol: float,
) -> tuple[int, str]:
    """How near a line comes to showing a function, and why it does not; an empty text if it does."""
    x, y = np.array(series.x), np.array(series.y)
    # What Matplotlib does not draw counts for nothing, and against nobody.
    drawn = np.isfinite(x) & np.isfinite(y) & ((x > 0) if log else True)
    x, y = x[drawn], y[drawn]
    if x.size < 2:
        return 0, "a line without points that can be drawn"
    low, high = np.log(domain) if log else domain
    at = np.sort(np.log(x) if log else x)
    if at[0] > low + 0.05 * (high - low) or at[-1] < high - 0.05 * (high - low):
        return (
            1,
            f"a line from x = {x.min():.3g} to {x.max():.3g}, where {domain[0]:.3g} to {domain[1]:.3g} is expected",
        )
    target = np.asarray(reference(x), dtype=float)
    ok = np.isclose(y, target, rtol=rtol, atol=atol)
    if not ok.all():
        i = int(np.argmin(ok))
        return 3, f"y = {y[i]:.4g} at x = {x[i]:.4g}, where {target[i]:.4g} is expected"
    steps = np.diff(x)
    if series.kind == "line" and (steps > 0).any() and (steps < 0).any():
        return 2, "a line that runs back and forth: sort its points by x"
    within = at[(at >= low) & (at <= high)]
    widest = int(np.argmax(np.diff(within))) if within.size > 1 else 0
    if within.size < 2 or within[widest + 1] - within[widest] > gap * (high - low):
        ends = np.sort(x)[np.searchsorted(at, within)][widest : widest + 2]
        words = " and ".join(f"x = {each:.3g}" for each in ends)
        evenly = (
            "np.geomspace spaces points evenly on a logarithmic axis"
            if log
            else "np.linspace spaces points evenly"
        )
        return 2, f"no points between {words}, where the curve bends unseen; {evenly}"
    return 4, ""


def labelled(got: Any, what: str) -> None:
    """A drawing whose axes say what they show, and whose lines have names where there are several.

    Parameters
    ----------
    got : matplotlib Axes or Figure
        The answer.
    what : str
        The answer in words or code, for the message.

    Raises
    ------
    NotYet
        If a label or a name is missing.
    """
    for axes in _drawing(got, what).axes:
        for side, label in (("x", axes.x_label), ("y", axes.y_label)):
            if not label.strip():
                raise NotYet(f'{what}: the {side} axis has no label: ax.set_{side}label("...").')
        named = [series for series in axes.series if not series.label.startswith("_")]
        if len(axes.series) > 1 and not named:
            raise NotYet(
                f'{what}: {len(axes.series)} lines and no names: ax.plot(..., label="...").'
            )


# ---------------------------------------------------------------- words


def _numbers(got: Any, what: str) -> np.ndarray:
    value = plain(got)
    if isinstance(value, Expression):
        if value.symbols():
            raise NotYet(
                f"{what} still contains {', '.join(sorted(value.symbols()))}: put numbers in."
            )
        try:
            value = float(value.at({}))
        except (ArithmeticError, TypeError, AttributeError):
            value = Other("expression without a value")
    if type(value).__name__ == "Series":
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        try:
            value = np.array([_numbers(each, what) for each in value], dtype=float)
        except ValueError:
            value = Other("list of unequal rows")
    one_bool = isinstance(value, np.ndarray) and value.dtype == bool and value.size == 1
    if isinstance(value, bool) or one_bool or not isinstance(value, (int, float, np.ndarray)):
        raise NotYet(_line(what, f"{_seen(value)}, where a number is expected", ""))
    try:
        return np.asarray(value, dtype=float)
    except OverflowError:
        raise NotYet(
            f"{what}: a whole number of more than 308 digits, beyond every float."
        ) from None


def _drawing(got: Any, what: str) -> Drawing:
    value = _joined(plain(got))
    if not isinstance(value, Drawing):
        raise NotYet(
            _line(what, f"{_seen(value)}, where the axes of a Matplotlib figure are expected", "")
        )
    if not value.axes or not all(isinstance(axes, Axes) for axes in value.axes):
        raise NotYet(f"{what} is a figure without axes.")
    return value


def _joined(value: Any) -> Any:
    """One drawing of a list of drawings, as ``plt.subplots`` gives the axes of several panels."""
    if not isinstance(value, list) or not value:
        return value
    parts = [_joined(each) for each in value]
    drawn = all(isinstance(each, Drawing) for each in parts)
    return Drawing([axes for each in parts for axes in each.axes]) if drawn else value


def _line(what: str, found: str, hint: str) -> str:
    return f"{what}: {found}.{' ' + hint if hint else ''}"


def _shape(value: np.ndarray) -> str:
    return "one number" if value.shape == () else f"an array of shape {value.shape}"


def _seen(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, Other):
        return f"an object of type {value.kind}"
    if isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, str):
        return repr(value if len(value) < 40 else value[:37] + "...")
    return "a function" if callable(value) else f"an object of type {type(value).__name__}"


def _short(value: Any) -> str:
    if isinstance(value, (np.ndarray, list, tuple)):
        return f"array of {np.size(value)}"
    if isinstance(value, (str, bool, int)):
        return repr(value)
    try:
        return f"{float(value):.6g}"
    except (TypeError, ValueError):
        return type(value).__name__
