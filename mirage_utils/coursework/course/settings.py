"""How a class is marked."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from ...errors import FieldError
from ..sandbox import Limits
from .lateness import Policy

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """How a class is marked.

    Attributes
    ----------
    jobs : int
        Submissions marked side by side.
    limits : Limits
        What each may use.
    sandbox : str
        ``bubblewrap``, ``limits``, or ``auto``: bubblewrap, and nothing is marked where it does not work.
    lateness : Policy
        What becomes of late work. Another policy changes the marks and runs nothing again.
    secret : str
        From which the points of the hidden tests follow; the same secret gives the same points. Without one, the one beside the
        results (`kept_secret`).
    """

    jobs: int = max(1, os.cpu_count() or 1)
    limits: Limits = field(default_factory=Limits)
    sandbox: str = "auto"
    lateness: Policy = field(default_factory=Policy)
    secret: str = ""

    def __post_init__(self) -> None:
        options = ("auto", "bubblewrap", "limits")
        if self.sandbox not in options:
            raise FieldError("sandbox", self.sandbox, f"one of {', '.join(options)}")
        if self.jobs < 1:
            raise FieldError("jobs", self.jobs, "a whole number >= 1")
