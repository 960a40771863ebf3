"""Errors that name the field, the value and what was expected."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

# NumPy is imported by what takes numbers and not by every command that may have to report an error.
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "DataError",
    "FieldError",
    "UnknownNameError",
    "WrongUse",
    "as_array",
    "number",
    "positive",
    "require",
    "shown",
]


class FieldError(ValueError):
    """A field was given a value it cannot take.

    Parameters
    ----------
    field : str
        Name of the argument or column at fault.
    value : object
        The offending value (for arrays: the first offending element).
    expected : str
        What would have been accepted, in words.
    where : str, optional
        Position of the value inside the field, such as ``"[3]"``.
    """

    def __init__(self, field: str, value: Any, expected: str, where: str = "") -> None:
        self.field = field
        self.value = value
        self.expected = expected
        self.where = where
        super().__init__(f"{field}{where} = {shown(value)}: expected {expected}")


class WrongUse(FieldError):
    """Arguments that cannot be what was meant; a command ends with status 2, as for any wrong usage."""


class DataError(RuntimeError):
    """A file, table, download or result is missing, damaged, or not the one expected."""


class UnknownNameError(FieldError, KeyError):
    """A name was asked for that is not there."""

    __str__ = ValueError.__str__  # KeyError would print the repr of the message


def shown(value: Any, width: int = 60) -> str:
    """A short, plain form of a value for a message: ``1.5`` and not ``np.float64(1.5)``.

    Parameters
    ----------
    value : object
    width : int
        Characters at most; what is longer ends in ``...``.

    Examples
    --------
    >>> shown(list(range(100)), width=20)
    '[0, 1, 2, 3, 4, 5...'
    """
    # Where NumPy was not loaded there is no NumPy number.
    numpy = sys.modules.get("numpy")
    of_numpy = numpy is not None and isinstance(value, numpy.generic)
    text = repr(value.item() if of_numpy else value)
    return text if len(text) <= width else text[: width - 3] + "..."


def require(ok: bool, field: str, value: Any, expected: str) -> None:
    """Raise `FieldError` unless `ok`.

    Parameters
    ----------
    ok : bool
    field, expected : str
        As for `FieldError`.
    value : object

    Raises
    ------
    FieldError
        If not.

    Examples
    --------
    >>> require(False, "level", 1.5, "a number between 0 and 1")
    Traceback (most recent call last):
    mirage_utils.errors.FieldError: level = 1.5: expected a number between 0 and 1
    """
    if not ok:
        raise FieldError(field, value, expected)


def number(field: str, value: Any, *, whole: bool = False) -> float:
    """A finite number as a float, or as an int if it has to be whole.

    Text counts where it is a number and nothing else: YAML, and with it a file of parameters, hands
    over ``1.0e9`` as text.

    Parameters
    ----------
    field : str
        What it is called in messages.
    value : object
    whole : bool
        Whether it has to be whole.

    Raises
    ------
    FieldError
        If the value is no number, not finite, or not whole.

    Examples
    --------
    >>> number("N", "1.0e9"), number("n", 500.0, whole=True)
    (1000000000.0, 500)
    """
    import numpy as np

    expected = "a whole number" if whole else "a finite number"
    if isinstance(value, bool) or not isinstance(value, (int, float, str, np.integer, np.floating)):
        raise FieldError(field, value, expected)
    try:
        # A whole number stays exact, however many digits it has.
        found = int(value) if isinstance(value, (int, np.integer)) else float(value)
    except ValueError:
        raise FieldError(field, value, expected) from None
    require(math.isfinite(found) and not (whole and found != int(found)), field, value, expected)
    return int(found) if whole else float(found)


def positive(field: str, value: Any, *, zero: bool = False) -> float:
    """A finite number above zero (or at zero, if `zero`), as a float; text counts as in `number`.

    Parameters
    ----------
    field : str
        What it is called in messages.
    value : object
    zero : bool
        Whether zero is allowed.

    Raises
    ------
    FieldError
        If the value is no number, not finite, or out of range.
    """
    expected = f"a finite number {'>= 0' if zero else '> 0'}"
    try:
        found = number(field, value)
    except FieldError:
        raise FieldError(field, value, expected) from None
    require(found >= 0 if zero else found > 0, field, value, expected)
    return found


def as_array(
    field: str,
    values: ArrayLike,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    open_low: bool = False,
    integer: bool = False,
) -> NDArray[np.float64]:
    """Numbers as a float array, every element checked against a range.

    Parameters
    ----------
    field : str
        Name used in the error.
    values : array_like
        The numbers; any shape.
    low, high : float
        Closed range of accepted values.
    open_low : bool
        Exclude `low` itself.
    integer : bool
        Accept whole numbers only.

    Raises
    ------
    FieldError
        Naming the first element that is not a finite number in range.
    """
    import numpy as np

    kind = "whole number" if integer else "number"
    expected = f"a finite {kind}"
    if np.isfinite(low):
        expected += f" {'>' if open_low else '>='} {low:g}"
    if np.isfinite(high):
        expected += f" and <= {high:g}"
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise FieldError(field, values, expected) from None
    ok = np.isfinite(array) & (array <= high) & ((array > low) if open_low else (array >= low))
    if integer:
        ok &= array == np.floor(array)
    if not ok.all():
        if array.ndim == 0:
            raise FieldError(field, array[()], expected)
        at = tuple(int(i) for i in np.argwhere(~ok)[0])
        raise FieldError(field, array[at], expected, where=f"[{', '.join(map(str, at))}]")
    return array
