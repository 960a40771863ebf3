"""The command ``bigbench``: score files of BIG-bench, fetched on request, and how many curves are emergent."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import FieldError
from ..ground.paths import given
from .options import tell
from .printing import print_frame
from .progress import watched

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Add the command to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    bigbench = commands.add_parser(
        "bigbench",
        help="fetch BIG-bench's score files and count emergent curves by metric",
        description="Fetches the score files of the named tasks for every model of a family (on your "
        "request only; they are kept and not fetched again), and counts for each preferred metric how "
        "many curves it has, and how many have an emergence score beyond that of noise.",
    )
    bigbench.add_argument("tasks", nargs="*", metavar="TASK", help="such as modified_arithmetic")
    bigbench.add_argument(
        "--folder", type=given, help="a checkout or cache with the files: nothing is fetched"
    )
    bigbench.add_argument("--family", default="BIG-G_T=0", help="as in the file names (BIG-G_T=0)")
    bigbench.add_argument(
        "--cache", type=given, help="where to keep the files (default: the system's cache)"
    )
    bigbench.add_argument("--all-metrics", action="store_true", help="not the preferred ones only")
    bigbench.add_argument("--level", type=float, default=0.01, help="error rate (default 0.01)")
    bigbench.add_argument("--csv", action="store_true", help="as CSV")
    bigbench.set_defaults(run=_bigbench)


def _bigbench(options: argparse.Namespace) -> None:
    from .. import records
    from ..evidence import meta

    if options.folder:
        source = options.folder
        found = list(records.read_folder(source))
        tell(f"not read: {error}" for error in found if isinstance(error, records.EvalFileError))
        readings = [r for r in found if isinstance(r, records.Reading)]
        frames = [r.scores for r in readings if r.format == "BIG-bench scores"]
        others = len(readings) - len(frames)
        if others:
            tell([f"{others:,} files of other formats are passed over"])
    else:
        from ..records.fetch import fetch_bigbench

        if not options.tasks:
            raise FieldError("tasks", options.tasks, "at least one task, or --folder")
        source = ", ".join(options.tasks)
        paths = fetch_bigbench(
            options.tasks, family=options.family, cache=options.cache, progress=watched()
        )
        frames = [records.read(path).scores for path in paths]
    import pandas as pd

    if not frames:
        raise FieldError("folder", str(source), "a folder with scores_*.json of BIG-bench below it")
    frame = pd.concat(frames, ignore_index=True)
    if not options.all_metrics:
        frame = frame[frame["preferred"].astype(bool)]
    # Of a metric without a known better end BIG-bench says that more is better, by its high score.
    frame.loc[frame["direction"] == "", "direction"] = "higher"
    curves = meta.score_curves(frame, smooth=False)
    found = meta.by_metric(curves, level=options.level)
    print_frame(found, as_csv=options.csv)
