"""The command line: ``python -m mirage_utils``."""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Sequence

from .errors import FieldError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (0 success, 1 failure, 2 wrong usage)."""
    parser = argparse.ArgumentParser(prog="mirage_utils", description="The Mirage Book's tables.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    listing = commands.add_parser("tables", help="list the bundled tables")
    listing.add_argument("--csv", action="store_true", help="as CSV, with full checksums")
    one = commands.add_parser("table", help="print one bundled table")
    one.add_argument("name", metavar="NAME", help="as listed by 'tables'")
    one.add_argument("--csv", action="store_true", help="as CSV, exactly as bundled")
    options = parser.parse_args(argv)

    # pandas is loaded here and not above, so that --help and usage errors are immediate
    from . import evals

    try:
        if options.command == "tables":
            _print_tables(evals.tables(), as_csv=options.csv)
        elif options.csv:
            sys.stdout.write(evals.read_csv_text(options.name))
        else:
            _print_table(options.name)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (FieldError, evals.TableError) as error:
        print(f"mirage_utils: {error}", file=sys.stderr)
        return 1
    return 0


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
    from . import evals

    entry = evals.table(name)
    print(f"{entry.title}\n{entry.kind}: {entry.source}\n")
    print(evals.load_table(name).to_string(index=False))
    for note in entry.notes:
        print(f"\nNote: {note}")
    for cell in entry.doubtful_cells:
        where = ", ".join(str(cell[key]) for key in ("task", "setting", "model"))
        print(f"\nDoubtful: {where} = {cell['score']}: {cell['why']}")


if __name__ == "__main__":
    sys.exit(main())
