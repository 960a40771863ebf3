"""The first line of a chapter."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from . import parameters, plots
from .numbers import offer

__all__ = ["begin"]


def begin(namespace: MutableMapping[str, Any]) -> None:
    """Set a chapter up: its parameters as they were meant, the book's style, numbers for the prose.

    Parameters
    ----------
    namespace : mutable mapping
        The notebook's ``globals()``; see `parameters.read` and `numbers.offer`.

    Raises
    ------
    FieldError
        If a parameter is of another kind than its annotation says.
    """
    parameters.read(namespace)
    plots.apply_style()
    offer(namespace)
