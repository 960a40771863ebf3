"""Checks of numbers, words and functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..values import Expression, Other, plain
from .messages import NotYet, described, sentence, short

__all__ = ["between", "choice", "close", "function", "number", "true"]


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
        raise NotYet(sentence(what, f"{_shape(value)}, where one number is expected", ""))
    if not np.isfinite(value):
        raise NotYet(sentence(what, f"{value}, where a finite number is expected", ""))
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
    mirage_utils.coursework.check.messages.NotYet: accuracy: 0.6, where 0.5 is expected.
    """
    value = _numbers(got, what)
    target = np.asarray(expected, dtype=float)
    if target.shape == () and value.size == 1:  # an array of one number is that number
        value = value.reshape(())
    if value.shape != target.shape:
        raise NotYet(
            sentence(what, f"{_shape(value)}, where {_shape(target)} is expected", hint),
        )
    ok = np.isclose(value, target, rtol=rtol, atol=atol, equal_nan=True)
    if not ok.all():
        at = np.unravel_index(int(np.argmin(ok)), ok.shape)
        place = f"[{', '.join(map(str, at))}]" if ok.ndim else ""
        raise NotYet(
            sentence(what + place, f"{value[at]:.6g}, where {target[at]:.6g} is expected", hint)
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
        raise NotYet(
            sentence(what, f"{value:.6g}, where {low:.6g} to {high:.6g} is expected", hint)
        )


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
            sentence(
                what,
                f"{described(value)}, where one of {', '.join(map(repr, options))} is expected",
                "",
            )
        )
    if value != expected:
        raise NotYet(sentence(what, f"{value!r} is not it", hint))


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
        raise NotYet(sentence(what, f"{described(value)}, where a function is expected", ""))
    for arguments in points:
        call = f"{what}({', '.join(map(short, arguments))})"
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
                raise NotYet(
                    sentence(call, f"{described(answer)}, where {expected!r} is expected", hint)
                )
        else:
            close(result, expected, call, rtol=rtol, atol=atol, hint=hint)


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
        raise NotYet(sentence(what, f"{described(value)}, where a number is expected", ""))
    try:
        return np.asarray(value, dtype=float)
    except OverflowError:
        raise NotYet(
            f"{what}: a whole number of more than 308 digits, beyond every float."
        ) from None


def _shape(value: np.ndarray) -> str:
    return "one number" if value.shape == () else f"an array of shape {value.shape}"
