"""What a submission may use, and how running it can end before it is done."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ...errors import DataError, require

__all__ = ["Ended", "Limits", "SandboxError", "StudentError"]


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Times are seconds of wall clock, sizes bytes."""

    cell_seconds: float = 60
    call_seconds: float = 10
    total_seconds: float = 600
    memory: int = 6 * 2**30  # address space; JAX alone reserves more than 2 GiB
    file_bytes: int = 64 * 2**20  # of one file, and of all files together under bubblewrap
    restarts: int = 3  # of a process that a cell has brought down

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            require(value > 0, name, value, "a number > 0")


class Ended(BaseException):
    """The process is gone, and why: out of time, out of memory, or by its own hand.

    Not an `Exception`: a check that catches whatever a student's function raises must not go on without the process.
    """


class SandboxError(DataError):
    """The sandbox itself does not start, for a reason that is no student's; the text has its own words for it."""


class StudentError(Exception):
    """A student's function raised an error; the text names it."""
