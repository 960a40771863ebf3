"""The command ``compare``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from ..errors import FieldError
from ..ground.paths import given
from .options import add_options, add_quiet, options_of, tell
from .printing import harmless_table, print_frame
from .progress import bars

if TYPE_CHECKING:
    from ..compare import Comparison

__all__ = ["add_command"]

FAILED = 3
"""Exit status where ``--fail-on`` found what it looked for."""
_REFUSED = "refused"
_NOTES = 30
"""As many as a screen shows."""


def add_command(commands: Any) -> None:
    """Add the command to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser = commands.add_parser(
        "compare",
        help="two models, or one under two conditions, on the same items: by how much they differ, and how sure that is",
        description="Read two files or folders with a score for each item (samples of lm-evaluation-harness, logs of "
        "Inspect, HELM, CSV, spreadsheets, JSON lines, Parquet), pair the items, and say of every task and metric by how much B "
        "differs from A, with an interval, an exact or permutation test, corrections for several tasks, and the smallest "
        "difference that so many items can show. What is not the same item is refused, and the message says which option "
        "helps.",
        epilog="Exit status: 0 when done, 1 when nothing could be compared, 2 for wrong usage, 3 when a comparison has a verdict "
        "that --fail-on names.",
    )
    parser.add_argument("first", type=given, metavar="A", help="file or folder")
    parser.add_argument(
        "second", type=given, metavar="B", nargs="?",
        help="another; may be left out where --models or --conditions tells A and B apart",
    )  # fmt: skip
    parser.add_argument(
        "--models", nargs=2, metavar=("NAME_A", "NAME_B"), default=(),
        help="the model of A and that of B, where a path holds several",
    )  # fmt: skip
    parser.add_argument(
        "--conditions", nargs=2, metavar=("OF_A", "OF_B"), default=(),
        help="the setting, number of shots ('5-shot') or task of A and of B which are compared with one another",
    )  # fmt: skip
    parser.add_argument(
        "--only", action="append", default=[], metavar="TASK|METRIC",
        help="compare these alone; the name may hold * and ?",
    )  # fmt: skip
    parser.add_argument(
        "--cluster-by", default="", metavar="FIELD|PATTERN",
        help="what tells which items belong together: a column of a table, a field of the document (lm-evaluation-harness) or of a "
        "sample's metadata (Inspect), or a regular expression for a part of the items' names, such as '^[^-]+'",
    )  # fmt: skip
    parser.add_argument(
        "--ignore-targets", action="store_true",
        help="items of one name are the same also where their right answers or questions are written in other ways",
    )  # fmt: skip
    parser.add_argument("--level", type=float, default=0.05, help="error rate (default 0.05)")
    parser.add_argument(
        "--power",
        type=float,
        default=0.8,
        help="chance to see a detectable difference (default 0.8)",
    )
    parser.add_argument(
        "--difference", type=float, metavar="SIZE",
        help="also say how many items would show a difference of this size, in units of the score: 0.02 is two points",
    )  # fmt: skip
    parser.add_argument(
        "--interval",
        choices=("analytic", "bootstrap"),
        default="analytic",
        help="(default analytic)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the bootstrap and of drawn permutations (default 0)"
    )
    parser.add_argument(
        "--out",
        type=given,
        metavar="DIR",
        help="where report.html, comparison.csv and numbers.json go",
    )
    parser.add_argument("--csv", action="store_true", help="print as CSV")
    parser.add_argument(
        "--fail-on", metavar="VERDICT,...", type=lambda text: [v.strip() for v in text.split(",")],
        default=[], help="exit with 3 if a comparison has one of these verdicts (better, worse, higher, lower, 'cannot tell'), or "
        "'refused' for files that could not be read, and tasks and metrics that could not be compared, or that one side alone has "
        "(--only says which count)",
    )  # fmt: skip
    add_quiet(parser)
    add_options(parser)
    parser.set_defaults(run=_compare)


def _compare(options: argparse.Namespace) -> int:
    from ..compare import VERDICTS, compare, write

    for verdict in options.fail_on:
        if verdict not in (*VERDICTS, _REFUSED):
            raise FieldError("fail_on", verdict, f"one of {', '.join((*VERDICTS, _REFUSED))}")
    out = options.out
    for path in filter(None, (options.first, options.second)):
        if out and (out.resolve() == path.resolve() or path.resolve() in out.resolve().parents):
            # The next comparison would read this one's tables as results.
            raise FieldError("out", str(out), "a folder outside of what is compared")

    found = compare(
        options.first, options.second, models=options.models, conditions=options.conditions, only=options.only,
        cluster_by=options.cluster_by, ignore_targets=options.ignore_targets, level=options.level, power=options.power,
        difference=options.difference, interval=options.interval, seed=options.seed,
        progress=bars("files of A read", "files of B read", quiet=options.quiet), **options_of(options),
    )  # fmt: skip
    if options.csv:
        print_frame(harmless_table(found.table, True), as_csv=True)
    else:
        _print(found)
    tell(
        [
            *(f"{file}: not read: {reason}" for file, reason in found.refused),
            *(f"{r.task}, {r.metric}: {note}" for r in found.rows for note in r.notes),
            *(r.note for r in found.not_compared if options.csv),  # else they stand in the table
            *found.notes,
        ],
        most=_NOTES,
        rest="in the report" if out else "in the report (--out DIR)",
    )
    if out:
        paths = dict.fromkeys(str(p) for p in (options.first, options.second) if p)
        print(write(found, out, source=f"Read from {' and '.join(paths)}.")[-1])
    counts = found.count()
    failed = [
        v
        for v in options.fail_on
        if counts.get(v) or (v == _REFUSED and (found.refused or found.not_compared))
    ]
    if failed:
        print(f"mirage_utils: found what --fail-on names: {', '.join(failed)}", file=sys.stderr)
    return FAILED if failed else 0


def _print(found: Comparison) -> None:
    from ..compare.report import lines

    for line in lines(found):
        print("".join(c if c.isprintable() else " " for c in line))
