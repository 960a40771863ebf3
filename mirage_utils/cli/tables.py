"""The commands ``tables`` and ``table``: what is bundled."""

from __future__ import annotations

import argparse
import csv
import sys
from typing import Any

__all__ = ["add_commands"]


def add_commands(commands: Any) -> None:
    """Add the commands to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    listing = commands.add_parser("tables", help="list the bundled tables")
    listing.add_argument("--csv", action="store_true", help="as CSV, with full checksums")
    listing.set_defaults(run=_tables)

    one = commands.add_parser("table", help="print one bundled table")
    one.add_argument("name", metavar="NAME", help="as listed by 'tables'")
    one.add_argument("--csv", action="store_true", help="as CSV, exactly as bundled")
    one.set_defaults(run=_table)


def _tables(options: argparse.Namespace) -> None:
    from .. import tables

    _print_tables(tables.tables(), as_csv=options.csv)


def _table(options: argparse.Namespace) -> None:
    from .. import tables

    if options.csv:
        sys.stdout.write(tables.read_csv_text(options.name))
    else:
        _print_table(options.name)


def _print_tables(tables, *, as_csv: bool) -> None:
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["name", "rows", "kind", "source", "licence", "sha256"])
        writer.writerows([t.name, t.rows, t.kind, t.source, t.licence, t.sha256] for t in tables)
        return
    for t in tables:
        print(t.name)
        for label, value in (
            ("title", t.title),
            ("rows", t.rows),
            ("kind", t.kind),
            ("source", f"{t.source} <{t.url}>"),
            ("licence", t.licence),
            ("sha256", t.sha256),
        ):
            print(f"  {label:8s} {value}")


def _print_table(name: str) -> None:
    from .. import tables

    entry = tables.table(name)
    print(f"{entry.title}\n{entry.kind}: {entry.source}\n")
    print(tables.load_table(name).to_string(index=False))
    for note in entry.notes:
        print(f"\nNote: {note}")
    for cell in entry.doubtful_cells:
        where = ", ".join(str(cell[key]) for key in ("task", "setting", "model"))
        print(f"\nDoubtful: {where} = {cell['score']}: {cell['why']}")
