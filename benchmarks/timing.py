"""Time several ways to do one thing in turns, and compare them."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["Contest", "compare"]


class Contest:
    """Ways to do one thing, by name.

    Parameters
    ----------
    title : str
    ways : mapping of str to callable
        Each returns its result, which must equal the first one's (None: nothing to compare).
    size : int
        Items handled by one call.
    sizes : mapping of str to int, optional
        For ways that are tried on fewer items because they are slow: how many.
    """

    def __init__(
        self,
        title: str,
        ways: Mapping[str, Callable[[], Any]],
        size: int,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self.title, self.ways, self.size = title, dict(ways), size
        self.sizes = {name: (sizes or {}).get(name, size) for name in ways}

    def check(self) -> None:
        """Every way gives the first one's result, on as many items as both handle."""
        results = {name: way() for name, way in self.ways.items()}
        first = next(iter(results.values()))
        for name, result in results.items():
            if result is not None and not np.allclose(
                result, first[: len(result)], rtol=1e-9, atol=1e-12
            ):
                raise AssertionError(f"{self.title}: {name} gives another result")

    def seconds_per_item(self, rounds: int) -> dict[str, float]:
        """Best time of each way over `rounds` turns; in turns, so that a slow spell hits all."""
        best = dict.fromkeys(self.ways, float("inf"))
        for _ in range(rounds):
            for name, way in self.ways.items():
                start = time.perf_counter()
                way()
                best[name] = min(best[name], time.perf_counter() - start)
        return {name: seconds / self.sizes[name] for name, seconds in best.items()}


def compare(contest: Contest, *, rounds: int = 5) -> None:
    """Check, time and print one contest as CSV: times as multiples of the first way's."""
    contest.check()
    seconds = contest.seconds_per_item(rounds)
    reference = next(iter(seconds.values()))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    for name, value in seconds.items():
        writer.writerow(
            [
                contest.title,
                name,
                contest.size,
                f"{value * 1e9:.3g}",
                "ns",
                f"{value / reference:.3g}",
            ]
        )
    sys.stdout.flush()
