"""Packages that are not everywhere: compiled ones that a browser's Python has not, and those that only training needs."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

from ..errors import DataError

__all__ = ["MissingPackageError", "in_browser", "on_use", "package"]


class MissingPackageError(DataError, ModuleNotFoundError):
    """A package is missing, and what was asked for cannot be done without it."""


def in_browser() -> bool:
    """Whether this Python runs in a page, compiled to WebAssembly: one process, one thread, no compiler."""
    return sys.platform == "emscripten"


def package(name: str, purpose: str, extra: str = "") -> ModuleType:
    """A package that is imported where it is used.

    Parameters
    ----------
    name : str
        Of the package or of a module in it, as it is imported.
    purpose : str
        What it is for, as the beginning of a sentence: ``"training models"``.
    extra : str
        Of this project, which brings the package; by default it is among what every installation brings.

    Raises
    ------
    MissingPackageError
        If it is not installed; the message says how to get it.

    Examples
    --------
    >>> package("json", "reading results").loads("[1]")
    [1]
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        whose = name.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != whose:
            raise  # it is there, and lacks something itself
        raise MissingPackageError(_words(whose, purpose, extra)) from None


def _words(name: str, purpose: str, extra: str) -> str:
    if in_browser():
        return f"{purpose} needs the package {name}, which no browser can run: run this on a machine of your own (book/run.md says how)"
    what = f"'.[{extra}]'" if extra else "."
    return f"{purpose} needs the package {name}, which is not installed: pip install {what} in the book's folder"


class _OnUse:
    """A module in the place of an import at the top of a file: imported by the first line that uses it."""

    def __init__(self, *given: str) -> None:
        self.__dict__["_given"] = given

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by inspection, not by use
            raise AttributeError(name)
        found = getattr(package(*self._given), name)
        self.__dict__[name] = found
        return found


def on_use(name: str, purpose: str, extra: str = "") -> Any:
    """A package that is imported when something of it is first used.

    For files whose functions use it on every other line: what they offer beside them can be used without it.

    Parameters
    ----------
    name, purpose, extra : str
        As for `package`.

    Examples
    --------
    >>> later = on_use("no_such_package", "this example")
    >>> later.anything
    Traceback (most recent call last):
    mirage_utils.ground.optional.MissingPackageError: this example needs the package no_such_package, which is not installed: pip install . in the book's folder
    """
    return _OnUse(name, purpose, extra)
