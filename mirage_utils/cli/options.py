"""Options that several commands share, and notes on what was read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import FieldError

__all__ = ["add_options", "add_quiet", "options_of", "tell"]


def add_quiet(command: argparse.ArgumentParser) -> None:
    """The option ``--quiet``."""
    command.add_argument(
        "--quiet",
        action="store_true",
        help="no progress bars; there are none where nobody looks on",
    )


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
        "a metric given in per cent, everywhere or on a task or of a family: 'accuracy on quiz of Owl'; of --percent "
        "and --fraction what names the task or family holds",
    )  # fmt: skip
    several(
        "--fraction", "METRIC",
        "one that is not in per cent though others are, named in the same way: fractions, or numbers of right items",
    )  # fmt: skip
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
    said: dict[str, str] = {}
    for pair in given:
        # From the right: model names may hold an equals sign, sizes and column names do not.
        name, value = pair.rsplit("=", 1)
        if said.setdefault(name, value) != value:
            raise FieldError(
                field, pair, f"one value for each name, and '{name}={said[name]}' is said too"
            )
    return said


def _sizes(given: Sequence[str]) -> dict[str, float]:
    from ..records.formats.quantities import size as size_of

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
