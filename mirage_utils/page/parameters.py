"""The parameters of a chapter, as they were handed over: numbers that came as text, names that came as numbers.

Papermill writes what it is given into a cell after the one tagged ``parameters``. YAML reads ``7e9`` and ``1.0e9`` as text
(a number needs a sign there, ``1.0e+9``), a folder called 2024 as a number, and ``-p LENGTHS "[1, 2]"`` is text on the
way. The kinds that a chapter expects stand in that cell, as annotations.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, MutableMapping
from typing import Any

from ..errors import FieldError, number

__all__ = ["PROFILES", "read"]

PROFILES = ("quick", "full")
"""What a chapter's ``PROFILE`` may be: for the built book and the tests, and with finer grids and more draws."""

_NUMBERS = {int: "a whole number", float: "a finite number"}


def read(namespace: MutableMapping[str, Any]) -> None:
    """Give every annotated name of a notebook the kind of value that it was annotated with.

    Parameters
    ----------
    namespace : mutable mapping
        The notebook's ``globals()``. Names annotated as ``int``, ``float``, ``str``, or as a list, tuple or dictionary of these
        are converted where that is unambiguous, and the rest is left alone. ``PROFILE`` is one of `PROFILES`.

    Raises
    ------
    FieldError
        Naming the parameter, if a value is of another kind.

    Examples
    --------
    >>> space = {"N_C": "1.0e9", "LENGTHS": "[1, 2]", "__annotations__": {"N_C": float, "LENGTHS": list[int]}}
    >>> read(space)
    >>> space["N_C"], space["LENGTHS"]
    (1000000000.0, [1, 2])
    """
    annotated = types.SimpleNamespace(__annotations__=namespace.get("__annotations__", {}))
    found = {
        name: _as(name, namespace[name], kind)
        for name, kind in typing.get_type_hints(annotated, dict(namespace)).items()
        if name in namespace
    }
    if found.get("PROFILE", PROFILES[0]) not in PROFILES:
        raise FieldError("PROFILE", found["PROFILE"], " or ".join(map(repr, PROFILES)))
    namespace.update(found)


def _as(name: str, value: Any, kind: Any) -> Any:
    outer, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind in _NUMBERS:
        return number(name, value, whole=kind is int)
    if kind is str:
        return _text(name, value)
    if outer in (list, tuple):
        parts = _parts(name, value, inner[0])
        return outer(_as(f"{name}[{i}]", part, inner[0]) for i, part in enumerate(parts))
    if outer is dict:
        if not isinstance(value, Mapping):
            raise FieldError(name, value, f"{name} by name, such as {{some-name: 1.0e9}}")
        return {
            _text(name, key): _as(f"{name}[{key!r}]", each, inner[1]) for key, each in value.items()
        }
    return value


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise FieldError(name, value, "text")
    return str(value)


def _parts(name: str, value: Any, kind: Any) -> list[Any]:
    """The parts of a list, which may have come as its text: ``[1, 2]`` or ``1, 2``."""
    if isinstance(value, str):
        inside = value.strip()
        if inside[:1] + inside[-1:] in ("[]", "()"):
            inside = inside[1:-1]
        return [part.strip() for part in inside.rstrip(", ").split(",")]
    if isinstance(value, (list, tuple)):
        return list(value)
    words = _NUMBERS.get(kind, "text").removeprefix("a ")
    raise FieldError(name, value, f"a list of {words}s, such as [1, 2]")
