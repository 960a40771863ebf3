"""Coursework: checks that teach, numbers of one's own, and a grader for submissions nobody vouches for.

`check` and `Variation` are what an assignment uses. The rest serves those who set and mark: `assignments` reads what
was set and what was handed in, `grading` marks one submission in a `sandbox`, `course` a whole class, `feedback`
writes a page for each student, `release` makes the students' version, `handin` looks a notebook over before it is handed in.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["Variation", "check"]


def __getattr__(name: str) -> Any:
    # On first use: the command line asks for its help, and the sandbox for its process, without NumPy.
    if name == "check":
        return importlib.import_module(f"{__name__}.check")
    if name == "Variation":
        return importlib.import_module(f"{__name__}.variation").Variation
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
