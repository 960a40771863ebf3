"""The command line: ``python -m mirage_utils``."""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Iterable, Iterator, Sequence

from .errors import FieldError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (0 success, 1 failure, 2 wrong usage)."""
    options = _parser().parse_args(argv)
    # The work is imported here and not above, so that --help and usage errors are immediate.
    from .evals import ScoreFileError, TableError

    try:
        options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (FieldError, ScoreFileError, TableError) as error:
        print(f"mirage_utils: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mirage_utils", description="The Mirage Book's tables, metrics and emergence scores."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    listing = commands.add_parser("tables", help="list the bundled tables")
    listing.add_argument("--csv", action="store_true", help="as CSV, with full checksums")
    listing.set_defaults(run=_tables)

    one = commands.add_parser("table", help="print one bundled table")
    one.add_argument("name", metavar="NAME", help="as listed by 'tables'")
    one.add_argument("--csv", action="store_true", help="as CSV, exactly as bundled")
    one.set_defaults(run=_table)

    metrics = commands.add_parser(
        "metrics",
        help="list the metrics, each simulated and held against its expression",
        description="Every metric with its expression, and the largest deviation of simulated and "
        "scored records from it, in standard errors, over a grid of p and the other parameters.",
    )
    metrics.add_argument("--csv", action="store_true", help="as CSV")
    metrics.add_argument("--seed", type=int, default=0, help="of the simulations (default 0)")
    metrics.set_defaults(run=_metrics)

    emergence = commands.add_parser(
        "emergence",
        help="emergence scores of a table, with their error rates",
        description="For every curve of a bundled table or of a CSV file of your own: emergence "
        "score (equation 1 of Schaeffer et al. 2023), the chance that pure noise scores as high on "
        "these sizes with these items (p_noise), the chance that the smooth closed form does "
        "(p_smooth; empty without n), and BIG-bench's linearity. Curves of metrics of which less is "
        "better are turned round first. Scores between 0 and 1 with n are taken as shares of n items "
        "right. An undefined score (a flat curve) is left empty.",
    )
    emergence.add_argument("table", metavar="TABLE", help="as listed by 'tables', or a CSV file")
    emergence.add_argument("--csv", action="store_true", help="as CSV")
    emergence.add_argument(
        "--draws", type=int, default=10_000, help="simulated curves a p-value (default 10000)"
    )
    emergence.add_argument("--seed", type=int, default=0, help="of the simulations (default 0)")
    emergence.set_defaults(run=_emergence)
    return parser


def _tables(options: argparse.Namespace) -> None:
    from . import evals

    _print_tables(evals.tables(), as_csv=options.csv)


def _table(options: argparse.Namespace) -> None:
    from . import evals

    if options.csv:
        sys.stdout.write(evals.read_csv_text(options.name))
    else:
        _print_table(options.name)


def _metrics(options: argparse.Namespace) -> None:
    from .metrics import METRICS
    from .metrics.check import agreement

    def rows() -> Iterator[dict[str, object]]:
        for metric in METRICS.values():
            found = agreement(metric, seed=options.seed)
            yield {
                "name": metric.name,
                "range": f"{metric.low}..{'inf' if metric.high.is_infinite else metric.high}",
                "direction": metric.direction,
                "continuity": metric.continuity,
                "proper": "yes" if metric.proper else "no",
                "expression": str(metric.expression),
                "worst_z": f"{found.worst_z:.2f}",
                "simulations": found.simulations,
            }

    _print_rows(rows(), as_csv=options.csv)


def _emergence(options: argparse.Namespace) -> None:
    from . import evals
    from .emergence import calibrate

    if options.table in {t.name for t in evals.tables()}:
        frame, family = evals.load_table(options.table), evals.table(options.table).family
    elif os.path.exists(options.table):
        frame, family = evals.read_scores(options.table), ""
    else:
        names = ", ".join(t.name for t in evals.tables())
        raise FieldError("table", options.table, f"one of {names}, or a CSV file that exists")
    rows = []
    for s in evals.series(frame, family=family):
        if len(s.curve) < 2:
            found = None  # one size makes no curve
        else:
            found = calibrate(
                s.curve, direction=s.direction, proportion=s.proportion,
                draws=options.draws, seed=options.seed,
            )  # fmt: skip
        rows.append(
            {
                "family": s.family,
                "task": s.task,
                "setting": s.setting,
                "metric": s.metric,
                "n_scales": len(s.curve),
                "emergence_score": _number(found and found.score.value),
                "p_noise": _number(found and found.p_noise),
                "p_smooth": _number(found and found.p_smooth),
                "linearity": _number(found and found.linearity),
            }
        )
    _print_rows(rows, as_csv=options.csv)


def _number(value: float | None) -> str:
    """Six digits; nothing for what is undefined."""
    return "" if value is None or value != value else f"{value:.6g}"


def _print_rows(rows: Iterable[dict[str, object]], *, as_csv: bool) -> None:
    """As CSV row by row, since some take seconds to compute; as a table when all are there."""
    if as_csv:
        writer = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(sys.stdout, list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)
            sys.stdout.flush()
        return
    import pandas as pd

    print(pd.DataFrame(list(rows)).to_string(index=False))


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
