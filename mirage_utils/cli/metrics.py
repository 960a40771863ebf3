"""The command ``metrics``: every metric held against its simulation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from .options import add_quiet
from .printing import print_rows
from .progress import bars

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Add the command to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    metrics = commands.add_parser(
        "metrics",
        help="list the metrics, each simulated and held against its expression",
        description="Every metric with its expression, and the largest deviation of simulated and "
        "scored records from it, in standard errors, over a grid of p and the other parameters.",
    )
    metrics.add_argument("--csv", action="store_true", help="as CSV")
    metrics.add_argument("--seed", type=int, default=0, help="of the simulations (default 0)")
    metrics.add_argument(
        "--records", type=int, help="a simulation, for a quicker look (default: the metric's own)"
    )
    add_quiet(metrics)
    metrics.set_defaults(run=_metrics)


def _metrics(options: argparse.Namespace) -> None:
    from ..errors import require
    from ..metrics import METRICS
    from ..metrics.check import agreement

    require(
        options.records is None or options.records >= 2, "records", options.records, "2 or more"
    )

    # A row a metric as it is done is progress enough where somebody reads the rows.
    quiet = options.quiet or (options.csv and sys.stdout.isatty())
    progress = bars("metrics simulated", quiet=quiet)

    def rows() -> Iterator[dict[str, object]]:
        for metric in progress(METRICS.values(), len(METRICS)):
            found = agreement(metric, seed=options.seed, records=options.records)
            yield {
                "name": metric.name,
                "range": f"{metric.low}..{'inf' if metric.high.is_infinite else metric.high}",
                "direction": metric.direction,
                "continuity": metric.continuity,
                "proper": "yes" if metric.proper else "no",
                "expression": str(metric.expression),
                "worst_z": f"{found.worst_z:.2f}",
                "simulations": found.simulations,
            }

    print_rows(rows(), as_csv=options.csv)
