"""Progress bars for whoever looks on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["bars", "watched"]


def watched(quiet: bool = False) -> bool:
    """Whether somebody looks on: standard error is a terminal, and nobody asked for quiet."""
    return not quiet and sys.stderr is not None and sys.stderr.isatty()


def bars(*words: str, quiet: bool = False) -> Callable[[Iterable[Any], int], Iterable[Any]]:
    """A bar for each stage of some work, on standard error and only where it is `watched`.

    Parameters
    ----------
    *words : str
        What each stage does, in order.
    quiet : bool
        No bar.

    Returns
    -------
    callable
        ``progress(parts, number)``: the parts, with a bar of that length.
    """
    stages = iter(words)

    def progress(parts: Iterable[Any], number: int) -> Iterable[Any]:
        word = next(stages, "")
        if not watched(quiet):
            return parts
        from tqdm import tqdm

        return tqdm(parts, total=number, desc=word, unit="", file=sys.stderr, leave=False)

    return progress
