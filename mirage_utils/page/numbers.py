"""Numbers of a chapter by name: a cell glues what it computed, the prose pastes it, the tests read it back."""

from __future__ import annotations

import math
import numbers
import re
from typing import Any

import sympy as sp
from IPython.display import display

from ..errors import FieldError, require
from .numerals import typeset

__all__ = ["glue", "pasted"]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PREFIX = "application/papermill.record/"
_GLUED: dict[str, bool | int | float | str] = {}
"""Values by name, as they were last glued in this kernel."""


def glue(**values: Any) -> None:
    """Store values of an executed notebook by name, for the prose and for the tests.

    Parameters
    ----------
    **values : bool, int, float or str
        NumPy and SymPy numbers are turned into Python's own, because the book's text role cannot
        format ``np.float64(1.5)`` and would print nothing.

    Raises
    ------
    FieldError
        If a name is not lower case with underscores, or a value is NaN or of another type.

    Notes
    -----
    The output is what ``myst_nb.glue`` and scrapbook write: a display whose metadata carry the name
    and whose MIME type is prefixed, so that no front end shows it.
    """
    for name, value in values.items():
        require(
            bool(_NAME.fullmatch(name)), "name", name, "lower-case letters, digits, underscores"
        )
        plain = _GLUED[name] = _plain(name, value)
        display(
            {_PREFIX + "text/plain": repr(plain)},
            raw=True,
            metadata={"scrapbook": {"name": name, "mime_prefix": _PREFIX}},
        )


def pasted(content: str, published: str) -> str:
    """A glued value as the text prints it; what a number in the text of JupyterLab's copies evaluates.

    Parameters
    ----------
    content : str
        Name of the value, and behind a colon its format, such as ``"share:.0%"``.
    published : str
        What is printed while this kernel has not glued the value.
    """
    name, _, spec = content.partition(":")
    return typeset(format(_GLUED[name], spec)) if name in _GLUED else published


def _plain(name: str, value: Any) -> bool | int | float | str:
    if isinstance(value, (bool, str)):
        return value
    if hasattr(value, "item") and getattr(value, "size", 1) == 1:  # NumPy scalars
        value = value.item()
        if isinstance(value, (bool, str)):
            return value
    if isinstance(value, (numbers.Integral, sp.Integer)):
        return int(value)
    if isinstance(value, (numbers.Real, sp.Number)) or (
        isinstance(value, sp.Expr) and value.is_number and value.is_real
    ):
        plain = float(value)
        require(
            not math.isnan(plain), name, plain, "a number, since NaN says nothing in a sentence"
        )
        return plain
    raise FieldError(name, value, "a bool, an int, a float or a str")
