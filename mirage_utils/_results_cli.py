"""The commands that read results, ``read`` and ``emergence``, and the options that all such commands share."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._paths import given
from ._printing import print_frame, print_rows
from ._progress import bars
from ._write import harmless
from .errors import FieldError

if TYPE_CHECKING:
    import pandas as pd

    from .records import Reading

__all__ = ["add_commands", "add_options", "options_of", "tell"]


# -- options -----------------------------------------------------------------------------------------


def add_options(command: argparse.ArgumentParser) -> None:
    """The options that say what files cannot: see `mirage_utils.records.Options`."""
    group = command.add_argument_group("what the files do not say")

    def several(name: str, metavar: str, text: str, **more: Any) -> None:
        group.add_argument(name, metavar=metavar, action="append", default=[], help=text, **more)

    several(
        "--params", "NAME=SIZE",
        "number of parameters of a model that is not in the table 'models', such as my-7b=7e9 or my-7b=7.24B",
    )  # fmt: skip
    several(
        "--family", "NAME=FAMILY",
        "family of a model, the networks that make one curve; NAME may hold * and ?, such as 'acme/owl-*=Owl'",
    )  # fmt: skip
    several("--rename", "NAME=OTHER", "another name for a model")
    several(
        "--replicate-by", "COLUMN|PATTERN",
        "what tells runs of one network apart: a column of a table, or a regular expression for the part of a "
        "model's name that says the run, such as 'seed[0-9]+'",
    )  # fmt: skip
    group.add_argument(
        "--keep", metavar="all|latest|FILE", default="all",
        help="which of several runs of one network on one task count: all, averaged (default), the latest, or "
        "that of a file",
    )  # fmt: skip
    several(
        "--percent", "METRIC",
        "a metric given in per cent, everywhere or on a task or of a family: 'accuracy on quiz of Owl'",
    )  # fmt: skip
    several(
        "--fraction",
        "METRIC",
        "one that is not in per cent though others are, named in the same way",
    )
    several("--direction", "METRIC=lower|higher", "which scores of a metric are good")
    several(
        "--missing", "NUMBER", "a number that stands for a missing score, such as -100", type=float
    )
    several(
        "--column", "NAME=SCHEMA",
        "plain tables: a column and its name in the schema, such as answer=target",
    )  # fmt: skip
    several(
        "--wide", "COLUMN",
        "plain tables with one column a task: a column with scores, of the metric that --metric names",
    )  # fmt: skip
    for name in ("model", "task", "metric"):
        group.add_argument(
            f"--{name}", default="", help=f"{name} of files, and rows of tables, that name none"
        )


def options_of(options: argparse.Namespace) -> dict[str, Any]:
    """What was said on the command line, as keyword arguments of `mirage_utils.records.gather`."""
    return {
        "params": _sizes(options.params),
        "columns": _pairs("column", options.column),
        "family": _pairs("family", options.family),
        "rename": _pairs("rename", options.rename),
        "direction": _pairs("direction", options.direction),
        "percent": options.percent,
        "fraction": options.fraction,
        "missing": options.missing,
        "wide": options.wide,
        "replicate_by": options.replicate_by,
        "keep": options.keep,
        "model": options.model,
        "task": options.task,
        "metric": options.metric,
    }


def _pairs(field: str, given: Sequence[str]) -> dict[str, str]:
    for pair in given:
        if "=" not in pair:
            raise FieldError(field, pair, "NAME=VALUE")
    # From the right: model names may hold an equals sign, sizes and column names do not.
    return dict(pair.rsplit("=", 1) for pair in given)


def _sizes(given: Sequence[str]) -> dict[str, float]:
    from .records.formats.quantities import size as size_of

    sizes = {}
    for name, size in _pairs("params", given).items():
        found = size_of(size)
        if found is None:
            raise FieldError("params", f"{name}={size}", "a number such as 7e9 or 7B after '='")
        sizes[name] = found[0]
    return sizes


def tell(notes: Iterable[str], *, most: int | None = None, rest: str = "") -> None:
    """Notes on standard error, a line each; beyond `most` of them only where the rest is."""
    lines = list(dict.fromkeys(notes))
    for line in lines[:most]:
        # Names in files may hold line ends and worse.
        shown = "".join(c if c.isprintable() else " " for c in line)
        print(f"note: {shown}", file=sys.stderr)
    if most is not None and len(lines) > most:
        print(f"note: {len(lines) - most:,} more {rest}", file=sys.stderr)


# -- commands ----------------------------------------------------------------------------------------


def add_commands(commands: Any) -> None:
    """Add the commands to the program's.

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
    _quiet(reading)
    add_options(reading)
    reading.set_defaults(run=_read)

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
    _quiet(emergence)
    add_options(emergence)
    emergence.set_defaults(run=_emergence)


def _quiet(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--quiet",
        action="store_true",
        help="no progress bars; there are none where nobody looks on",
    )


def _read(options: argparse.Namespace) -> int:
    if not options.path.exists():
        raise FieldError("path", str(options.path), "a file or folder that exists")
    return _print_scores(options) if options.scores else _print_files(options)


def _print_scores(options: argparse.Namespace) -> int:
    from .records.gathering import FAULT, gather
    from .records.schema import SCORES

    found = gather(
        options.path, progress=bars("files read", quiet=options.quiet), **options_of(options)
    )
    for file, reason in found.refused:
        print(f"{file}: not read: {reason}", file=sys.stderr)
    tell(found.notes)
    columns = [*SCORES[:-1], "graded", "source"]
    scores = found.scores[columns].astype(object)
    scores = scores.where(scores.notna(), "")
    print_rows(_harmless(scores, options.csv).to_dict("records"), as_csv=options.csv)
    return int(any(reason.startswith(FAULT) for _, reason in found.refused))


def _harmless(table: pd.DataFrame, as_csv: bool) -> pd.DataFrame:
    """A table whose names, which come from files, are no formulas to a spreadsheet."""
    if not as_csv:
        return table
    texts = [c for c in table if table[c].map(lambda v: isinstance(v, str)).any()]
    safe = {c: table[c].map(lambda v: harmless(v) if isinstance(v, str) else v) for c in texts}
    return table.assign(**safe)


def _print_files(options: argparse.Namespace) -> int:
    from .records import EvalFileError, read
    from .records.reading import files_below

    path, choices = options.path, options_of(options)
    crashed = 0

    def readings() -> Iterator[tuple[Path, Reading | Exception]]:
        for file in files_below(path) if path.is_dir() else [path]:
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


def _emergence(options: argparse.Namespace) -> None:
    from . import meta, tables
    from .records.gathering import gather

    said: list[str] = []
    if options.table in {t.name for t in tables.tables()}:
        frame, family = tables.load_table(options.table), tables.table(options.table).family
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
    print_frame(_harmless(found, options.csv), as_csv=options.csv)
