"""The command ``audit``."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from ..errors import FieldError
from ..ground.paths import given
from .options import add_options, add_quiet, options_of, tell
from .progress import bars

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
        "audit",
        help="say of every curve of your results whether it leaps, and why",
        description="Read a file or folder of results (lm-evaluation-harness, Inspect, lighteval, HELM, Every "
        "Eval Ever, BIG-bench, CSV, spreadsheets, JSON lines, Parquet) and say of every curve over model size whether it leaps, and whether that is the "
        "metric, too few test items, too few sizes, or the models. Writes report.html, which stands alone, "
        "verdicts.csv, curves.csv and numbers.json.",
        epilog="Exit status: 0 when done, 1 when nothing could be audited, 2 for wrong usage, 3 when a curve "
        "has a verdict that --fail-on names.",
    )
    parser.add_argument("path", type=given, metavar="PATH", help="file or folder")
    parser.add_argument(
        "--out", type=given, required=True, metavar="DIR", help="where the report goes"
    )
    parser.add_argument(
        "--fail-on", metavar="VERDICT,...", type=lambda text: [v.strip() for v in text.split(",")],
        default=[], help="exit with 3 if a curve has one of these verdicts, such as 'metric effect', or "
        "'refused' for files that could not be read",
    )  # fmt: skip
    parser.add_argument("--level", type=float, default=0.05, help="error rate (default 0.05)")
    parser.add_argument("--seed", type=int, default=0, help="of the simulations (default 0)")
    parser.add_argument(
        "--batch", type=int, default=100_000, help="records held at a time (default 100000)"
    )
    parser.add_argument(
        "--cluster", metavar="ADDRESS",
        help="read the files on the workers of this Dask scheduler, such as tcp://10.0.0.1:8786, which must "
        "all see them; 'local' starts one of --jobs workers here. The result is the same.",
    )  # fmt: skip
    parser.add_argument("--jobs", type=int, default=2, help="workers of a local cluster")
    add_quiet(parser)
    add_options(parser)
    parser.set_defaults(run=_audit)


def _audit(options: argparse.Namespace) -> int:
    from ..audit import VERDICTS, audit, write

    for verdict in options.fail_on:
        if verdict not in (*VERDICTS, _REFUSED):
            raise FieldError("fail_on", verdict, f"one of {', '.join((*VERDICTS, _REFUSED))}")
    path, out = options.path, options.out
    if out.resolve() == path.resolve() or path.resolve() in out.resolve().parents:
        # The next audit would read this one's tables as results.
        raise FieldError("out", str(out), "a folder outside of what is audited")

    found = audit(
        path, level=options.level, seed=options.seed, batch=options.batch, cluster=options.cluster,
        jobs=options.jobs, progress=bars("files read", "curves judged", quiet=options.quiet),
        **options_of(options),
    )  # fmt: skip
    written = write(found, out, source=f"Read from {path}.")
    counts = found.count()
    for verdict, number in counts.items():
        print(f"{verdict:28s}{number:7,d}")
    tell(
        [
            *(f"{file}: not read: {reason}" for file, reason in found.gathered.refused),
            *found.notes,
        ],
        most=_NOTES,
        rest="in the report",
    )
    missing = [name for name in found.gathered.unknown_models if name]
    if missing:
        more = f" and {len(missing) - 10:,} more" if len(missing) > 10 else ""
        print(
            f"on no curve, for want of a size (--params): {', '.join(missing[:10])}{more}",
            file=sys.stderr,
        )
    print(written[-1])
    if not found.findings:
        raise FieldError(
            "path", str(path), "scores that make a curve; the notes say what is missing"
        )
    failed = [
        v for v in options.fail_on if counts.get(v) or (v == _REFUSED and found.gathered.refused)
    ]
    if failed:
        print(f"mirage_utils: found what --fail-on names: {', '.join(failed)}", file=sys.stderr)
    return FAILED if failed else 0
