"""Which kind of sandbox is used: bubblewrap, or limits alone where they were asked for."""

from __future__ import annotations

import sys

from .bubblewrap import bubblewrap_problem
from .limits import SandboxError

__all__ = ["chosen", "kind_of_sandbox", "without_bubblewrap"]


def kind_of_sandbox() -> str:
    """``bubblewrap`` where it works, else ``limits``."""
    return "limits" if bubblewrap_problem() else "bubblewrap"


def chosen(kind: str) -> str:
    """The kind of sandbox that is meant by the option ``--sandbox``.

    Parameters
    ----------
    kind : {"auto", "bubblewrap", "limits"}

    Returns
    -------
    str
        ``bubblewrap`` for ``auto``.

    Raises
    ------
    SandboxError
        If it is ``auto`` and bubblewrap does not work here: limits are no silent substitute.
    """
    if kind != "auto":
        return kind
    if problem := bubblewrap_problem():
        raise SandboxError(
            f"submissions are marked in bubblewrap, which does not work here: {problem}. --sandbox limits, or "
            f"MIRAGE_SANDBOX=limits in the environment, does without: {without_bubblewrap()}"
        )
    return "bubblewrap"


def without_bubblewrap() -> str:
    """What limits alone do not keep a submission from, on this system."""
    if sys.platform == "linux":
        return (
            "a submission is kept to its own folder and to the system's programs, but it is this user's process among the "
            "others, can see which there are, and can fill the disk with many files"
        )
    return "a submission can read, change and delete whatever this user can, the other students' results too"
