"""The command ``emergence``: emergence scores of a table, with their error rates."""

from __future__ import annotations

import argparse
import os
from typing import Any

from ..errors import FieldError
from .options import add_options, add_quiet, options_of, tell
from .printing import harmless_table, print_frame
from .progress import bars

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Add the command to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    emergence = commands.add_parser(
        "emergence",
        help="emergence scores of a table, with their error rates",
        description="For every curve of a bundled table or of your own results: emergence "
        "score (equation 1 of Schaeffer et al. 2023), the chance that pure noise scores as high on "
        "these sizes with these items (p_noise), the chance that the smooth closed form does "
        "(p_smooth; empty without n), and BIG-bench's linearity. Curves of metrics of which less is "
        "better are turned round first. Shares of n items right are taken as binomial. An undefined score "
        "(a flat curve, or a metric of which it is not known whether more is better) is left empty.",
    )
    emergence.add_argument(
        "table",
        metavar="TABLE",
        help="as listed by 'tables', or a file or folder that 'read' reads",
    )
    emergence.add_argument("--csv", action="store_true", help="as CSV")
    emergence.add_argument(
        "--draws", type=int, default=10_000, help="simulated curves a p-value (default 10000)"
    )
    emergence.add_argument("--seed", type=int, default=0, help="of the simulations (default 0)")
    add_quiet(emergence)
    add_options(emergence)
    emergence.set_defaults(run=_emergence)


def _emergence(options: argparse.Namespace) -> None:
    from .. import tables
    from ..evidence import meta
    from ..records.gathering import gather

    said: list[str] = []
    if options.table in {t.name for t in tables.tables()}:
        frame, family = tables.load_scores(options.table), tables.table(options.table).family
    elif os.path.exists(path := os.path.expanduser(options.table)):
        gathered = gather(path, **options_of(options))
        frame, family = gathered.scores, ""
        said += [f"{file}: not read: {reason}" for file, reason in gathered.refused]
        said += gathered.notes
    else:
        names = ", ".join(t.name for t in tables.tables())
        raise FieldError("table", options.table, f"one of {names}, or a file or folder that exists")
    found = meta.score_curves(
        frame, family=family, draws=options.draws, seed=options.seed,
        progress=bars("curves scored", quiet=options.quiet),
    )  # fmt: skip
    tell([*said, *found.attrs["notes"]])
    if found.empty:
        raise FieldError(
            "table", options.table, "scores that make a curve; the notes above say what is missing"
        )
    print_frame(harmless_table(found, options.csv), as_csv=options.csv)
