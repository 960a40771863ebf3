"""How much the grader's own process may work for one answer.

The sandbox bounds what the student's code does. What it hands over is compared outside of it, and a formula of ten
letters can keep that busy for years. Time is processor time of this process alone: a busy machine costs nobody a mark.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

try:
    import resource
except (
    ImportError
):  # Windows, where only the wall clock of the whole marking counts (see `course.apart`)
    resource = None  # type: ignore[assignment]

__all__ = ["TooLong", "limit_memory", "limit_processor_time", "processor_time"]

_GRACE = 5  # seconds between the interruption, which one long step of C code puts off, and the end of the process

_TICKS = 1.1
"""How far the system's count of processor time may run ahead of the time itself."""


class TooLong(BaseException):
    """The processor time is used up.

    Not an `Exception`: a check that catches whatever an answer raises must not go on.
    """


@contextlib.contextmanager
def processor_time(seconds: float) -> Iterator[None]:
    """Raise `TooLong` when what is done within has used so much processor time of this process.

    One step of C code that takes longer cannot be interrupted; after `_GRACE` seconds more the system ends the process
    (with SIGXCPU). Does nothing on Windows and outside the main thread, where there is no such interruption.

    Parameters
    ----------
    seconds : float
        Greater than 0.
    """
    if resource is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    start, (soft, hard) = time.process_time(), resource.getrlimit(resource.RLIMIT_CPU)

    def stop(number: int, frame: object) -> None:
        left = seconds - (time.process_time() - start)
        if left > 0:  # the timer, too, counts in ticks
            signal.setitimer(signal.ITIMER_PROF, left, 1.0)
            return
        raise TooLong(f"more than {seconds:g} s of processor time")

    before = signal.signal(signal.SIGPROF, stop)
    limit_processor_time(seconds + _GRACE)
    # Once more every second: an exception that is raised while an object is being removed is dropped.
    signal.setitimer(signal.ITIMER_PROF, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        if soft != resource.RLIM_INFINITY:  # what was done within does not count outside
            soft += round(time.process_time() - start) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def limit_processor_time(seconds: float) -> None:
    """End this process (with SIGXCPU) when it has used so much more processor time; processes it starts may lift that."""
    if resource is not None:
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        # The system counts for this limit in ticks, and on a busy machine more of them than there was work.
        limit = int(_TICKS * time.process_time() + seconds) + 1
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))


def limit_memory(size: int) -> None:
    """Bound the address space of this process to what it has and `size` bytes more: beyond that, a MemoryError."""
    if resource is not None:
        with contextlib.suppress(OSError):  # no such file: not Linux
            size += int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf(
                "SC_PAGE_SIZE"
            )
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (size if hard < 0 else min(size, hard), hard))
