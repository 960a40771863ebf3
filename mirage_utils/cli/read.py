"""The command ``read``: evaluation results, whatever program wrote them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FieldError
from ..ground.paths import given
from .options import add_options, add_quiet, options_of, tell
from .printing import harmless_table, print_rows
from .progress import bars

if TYPE_CHECKING:
    from ..records import Reading

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Add the command to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    reading = commands.add_parser(
        "read",
        help="read evaluation results, whatever program wrote them",
        description="Read a file, or every file of a folder: results and samples of "
        "lm-evaluation-harness, logs of Inspect, lighteval, HELM, Every Eval Ever, score files of BIG-bench, "
        "plain tables (CSV, spreadsheets, JSON, Parquet). Prints what each is, and what of it was refused and "
        "why. --scores prints the scores that curves are made of, those that the files report and those of "
        "their answers under every metric of the book that can grade them; what was merged, left out or "
        "assumed is said on standard error.",
    )
    reading.add_argument("path", type=given, metavar="PATH", help="file or folder")
    reading.add_argument("--csv", action="store_true", help="as CSV")
    reading.add_argument("--scores", action="store_true", help="print the scores that were read")
    add_quiet(reading)
    add_options(reading)
    reading.set_defaults(run=_read)


def _read(options: argparse.Namespace) -> int:
    if not options.path.exists():
        raise FieldError("path", str(options.path), "a file or folder that exists")
    return _print_scores(options) if options.scores else _print_files(options)


def _print_scores(options: argparse.Namespace) -> int:
    from ..records.gathering import FAULT, gather
    from ..records.schema import SCORES

    found = gather(
        options.path, progress=bars("files read", quiet=options.quiet), **options_of(options)
    )
    for file, reason in found.refused:
        print(f"{file}: not read: {reason}", file=sys.stderr)
    tell(found.notes)
    columns = [*SCORES[:-1], "graded", "source"]
    scores = found.scores[columns].astype(object)
    scores = scores.where(scores.notna(), "")
    print_rows(harmless_table(scores, options.csv).to_dict("records"), as_csv=options.csv)
    return int(any(reason.startswith(FAULT) for _, reason in found.refused))


def _print_files(options: argparse.Namespace) -> int:
    from ..records import EvalFileError, read
    from ..records.reading import files_below

    path, choices = options.path, options_of(options)
    files = files_below(path) if path.is_dir() else [path]
    if not files:
        raise FieldError("path", str(path), "a folder with files in it")
    crashed = 0

    def readings() -> Iterator[tuple[Path, Reading | Exception]]:
        for file in files:
            try:
                yield file, read(file, **choices)
            except FieldError:  # an option, not a file, is at fault
                raise
            except Exception as error:  # refused, or a fault of this program: the others are read
                yield file, error

    def rows() -> Iterator[dict[str, object]]:
        nonlocal crashed
        for file, found in readings():
            row = {"file": str(file), "format": "", "version": "", "rows": 0}
            if isinstance(found, EvalFileError):
                reason = str(found).removeprefix(str(file)).lstrip(",: ")
                yield {**row, "outcome": "refused", "detail": reason}
            elif isinstance(found, Exception):
                crashed += 1
                yield {**row, "outcome": "crashed", "detail": f"{type(found).__name__}: {found}"}
            else:
                row.update(format=found.format, version=found.version, rows=found.rows)
                yield {**row, "outcome": "read", "detail": "; ".join(found.notes)}

    print_rows(rows(), as_csv=options.csv)
    return 1 if crashed else 0
