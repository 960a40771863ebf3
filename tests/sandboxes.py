"""Which of the two kinds of sandbox work on this machine, for the tests that need one."""

from __future__ import annotations

import sys

import pytest

from mirage_utils.coursework.inmate import landlock
from mirage_utils.coursework.sandbox import bubblewrap_problem

__all__ = ["KINDS", "needs_bubblewrap", "needs_limits"]

_WITHOUT = landlock.missing() if sys.platform == "linux" else ""
if sys.platform == "win32":
    _WITHOUT = "there are no limits on Windows"

needs_bubblewrap = pytest.mark.skipif(
    bool(bubblewrap_problem()), reason=f"bubblewrap does not work here: {bubblewrap_problem()}"
)
needs_limits = pytest.mark.skipif(bool(_WITHOUT), reason=f"limits do not work here: {_WITHOUT}")
KINDS = [
    pytest.param("bubblewrap", marks=needs_bubblewrap),
    pytest.param("limits", marks=needs_limits),
]
