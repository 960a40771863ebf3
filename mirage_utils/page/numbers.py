"""Numbers of a chapter by name: a cell defines them, the prose pastes them, the tests read them back.

Once `offer` has been called, every plain value that a cell binds to a name can be pasted by that name, and nothing has to
be restated. `glue` names a value for which the code has no name of its own.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp
from IPython import get_ipython
from IPython.display import display

from ..errors import FieldError, require
from .numerals import typeset

__all__ = ["glue", "offer", "pasted"]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PREFIX = "application/papermill.record/"
_GLUED: dict[str, bool | int | float | str] = {}
"""Values by name, as they were last glued in this kernel."""
_OFFERED: dict[str, bool | int | float | str] = {}
"""Those of them that cells have bound to names since `offer` was called."""


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
        require(
            repr(_OFFERED.get(name, plain)) == repr(plain),
            name, plain, "another name: a cell has bound this one to another value",
        )  # fmt: skip
        if not _offering:
            _record(name, plain)
        elif name not in _OFFERED:
            _OFFERED[name] = plain
            _record(name, plain, display_id=f"number-{name}")


def offer(namespace: Mapping[str, Any]) -> None:
    """From now on, let the prose paste every plain value that a cell binds to a name.

    Parameters
    ----------
    namespace : mapping
        The notebook's ``globals()``. After each cell its names in lower case (and those in capitals, in lower case) whose
        values are bools, numbers or texts of at most 80 letters are stored as `glue` stores them. Of a name that is bound
        again the last value counts. Names that begin with an underscore, NaN and infinity are passed over.

    Notes
    -----
    Outside IPython it does nothing.
    """
    shell = get_ipython()
    if shell is None:
        return
    for old in [each for each in _offering if each in shell.events.callbacks["post_run_cell"]]:
        shell.events.unregister("post_run_cell", old)
    _offering.clear()
    _OFFERED.clear()

    def store(result: Any) -> None:
        for name, value in list(namespace.items()):
            key = name.lower()
            if not _NAME.fullmatch(key) or name not in (key, name.upper()):
                continue
            plain = _offered(value)
            if plain is None or repr(plain) == repr(_OFFERED.get(key)):
                continue
            # One record a name, which a later value takes the place of: two would be two numbers in the text.
            _GLUED[key] = plain
            _record(key, plain, display_id=f"number-{key}", update=key in _OFFERED)
            _OFFERED[key] = plain

    shell.events.register("post_run_cell", store)
    _offering.append(store)


_offering: list[Any] = []
"""What stores names after each cell of this kernel: one at most."""
_TEXT = 80


def _offered(value: Any) -> bool | int | float | str | None:
    """A value as prose can paste it, or None. What is no single value is not looked into: a table may be large."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if not isinstance(value, (bool, str, numbers.Number, np.generic, sp.Expr)):
        return None
    try:
        plain = _plain("value", value)
    except (FieldError, TypeError, ValueError):
        return None
    if isinstance(plain, str):
        return plain if len(plain) <= _TEXT else None
    return plain if isinstance(plain, bool) or math.isfinite(plain) else None


def _record(name: str, plain: bool | int | float | str, **more: Any) -> None:
    display(
        {_PREFIX + "text/plain": repr(plain)},
        raw=True,
        metadata={"scrapbook": {"name": name, "mime_prefix": _PREFIX}},
        **more,
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
