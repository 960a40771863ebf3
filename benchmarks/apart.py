"""Several ways to do one thing, each in a process of its own, so that its peak memory is its own too."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Cost", "alone", "report", "serve"]


class Cost(NamedTuple):
    """What a way took.

    Attributes
    ----------
    seconds : float
    peak : float
        Bytes of memory, beyond what the process had before.
    """

    seconds: float
    peak: float


def alone(module: str, way: str, path: Path) -> tuple[Cost, Any]:
    """Run one way of a module in a fresh process: its cost and its result, which goes through JSON.

    The peak of the process that calls this is passed on to the new one, so it should be small.
    """
    command = [sys.executable, "-m", module, way, str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seconds, peak, result = json.loads(done.stdout)
    return Cost(seconds, peak), result


def serve(
    ways: Mapping[str, Callable[[str], Any]],
    ready: Mapping[str, Callable[[], Callable[[str], Any]]] | None = None,
) -> None:
    """Be that process: the command line names the way and the path; `ready` makes ways whose making is not timed."""
    made = ready[sys.argv[1]]() if ready and sys.argv[1] in ready else ways[sys.argv[1]]
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    result = made(sys.argv[2])
    took = time.perf_counter() - begin
    high = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([took, (high - idle) * 1024, result]))


def report(
    title: str, costs: Mapping[str, Cost], size: int, *, elsewhere: Collection[str] = ()
) -> None:
    """Print seconds and peak memory as CSV, per item and as multiples of the first way's.

    Parameters
    ----------
    title : str
    costs : mapping of str to Cost
    size : int
        Items.
    elsewhere : collection of str
        Ways whose memory is that of other processes, and not printed.
    """
    first = next(iter(costs.values()))
    for which, unit, factor in ((0, "ns", 1e9), (1, "bytes of peak memory", 1.0)):
        for way, cost in costs.items():
            if which == 0 or way not in elsewhere:
                print(
                    f'"{title}","{way}",{size},{cost[which] * factor / size:.1f},{unit},'
                    f"{cost[which] / first[which]:.2f}",
                    flush=True,
                )
