"""The command ``records``: what the bundled language models answered, item by item."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..errors import FieldError
from ..ground.paths import given
from ..ground.write import replacing

__all__ = ["add_command"]

_KINDS = (".parquet", ".csv", ".jsonl")


def add_command(commands: Any) -> None:
    """Add the command to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser = commands.add_parser(
        "records",
        help="write what a bundled family of language models answered, one row an item",
        description="Write the answers of a bundled family of language models, all sizes and seeds, as a table of records "
        "that 'read', 'audit' and 'compare' take. Parquet and JSON lines also hold the log-probabilities.",
    )
    parser.add_argument("name", metavar="NAME", help="of a family, such as addition")
    parser.add_argument(
        "--out", type=given, required=True, metavar="FILE", help="ends in .parquet, .csv or .jsonl"
    )
    parser.add_argument(
        "--output", default="greedy", help="which answers: greedy (default), or sample_1 and so on"
    )
    parser.set_defaults(run=_records)


def _records(options: argparse.Namespace) -> None:
    out: Path = options.out
    if out.suffix not in _KINDS:
        raise FieldError("out", str(out), f"a file that ends in {', '.join(_KINDS)}")
    from ..models import bundled, bundles
    from ..models.language import outputs

    run = bundled(options.name)
    if "prompt" not in run.frame and run.manifest["family"] not in ("parity", "clock"):
        raise FieldError(
            "name", options.name, f"a family of language models among {', '.join(bundles())}"
        )
    frame = outputs.records(run, output=options.output)
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as stream:
        if out.suffix == ".parquet":
            frame.to_parquet(stream, index=False)
        elif out.suffix == ".csv":
            frame.drop(columns=["logprobs", "logprobs_of"]).to_csv(
                stream, index=False, lineterminator="\n"
            )
        else:
            frame.to_json(stream, orient="records", lines=True)
    models, items = frame["model"].nunique(), frame["item"].nunique()
    print(f"{len(frame):,} records: {models:,} models, {items:,} items", file=sys.stderr)
    print(out)
