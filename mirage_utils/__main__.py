"""The command line: ``python -m mirage_utils``."""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ._audit_cli import add_command as add_audit
from ._paths import given
from ._progress import bars, watched
from .coursework.cli import add_commands as add_coursework
from .errors import DataError, FieldError, WrongUse

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (0 success, 1 failure, 2 wrong usage, 130 stopped)."""
    options = _parser().parse_args(argv)
    status = 0
    try:
        # Each command imports its own work, so that --help and usage errors are immediate.
        status = options.run(options) or 0
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("mirage_utils: stopped; what was finished is kept", file=sys.stderr)
        return 130
    except (FieldError, DataError) as error:
        print(f"mirage_utils: {error}", file=sys.stderr)
        return 2 if isinstance(error, WrongUse) else 1
    except OSError as error:
        if error.filename is None:  # none of a file that was named: a fault of this program
            raise
        print(f"mirage_utils: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return status


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
    metrics.add_argument(
        "--records", type=int, help="a simulation, for a quicker look (default: the metric's own)"
    )
    _quiet(metrics)
    metrics.set_defaults(run=_metrics)

    reading = commands.add_parser(
        "read",
        help="read evaluation results, whatever program wrote them",
        description="Read a file, or every file of a folder: results and samples of "
        "lm-evaluation-harness, logs of Inspect, score files of BIG-bench, plain tables (CSV, JSON, "
        "Parquet). Prints what each is, and what of it was refused and why. --scores prints the "
        "scores themselves.",
    )
    reading.add_argument("path", type=given, metavar="PATH", help="file or folder")
    reading.add_argument("--csv", action="store_true", help="as CSV")
    reading.add_argument("--scores", action="store_true", help="print the scores that were read")
    reading.add_argument(
        "--grade", metavar="METRIC", action="append", default=[],
        help="grade samples by this metric of the book too and print the scores, such as exact_match "
        "and token_edit_distance for answers, brier for choices",
    )  # fmt: skip
    _how_to_read(reading)
    reading.set_defaults(run=_read)

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

    emergence = commands.add_parser(
        "emergence",
        help="emergence scores of a table, with their error rates",
        description="For every curve of a bundled table or of your own results: emergence "
        "score (equation 1 of Schaeffer et al. 2023), the chance that pure noise scores as high on "
        "these sizes with these items (p_noise), the chance that the smooth closed form does "
        "(p_smooth; empty without n), and BIG-bench's linearity. Curves of metrics of which less is "
        "better are turned round first. Scores between 0 and 1 with n are taken as shares of n items "
        "right. An undefined score (a flat curve) is left empty.",
    )
    emergence.add_argument(
        "table",
        metavar="TABLE",
        help="as listed by 'tables', or a file or folder that 'read' reads",
    )
    emergence.add_argument("--params", **_SIZES)
    emergence.add_argument("--csv", action="store_true", help="as CSV")
    emergence.add_argument(
        "--draws", type=int, default=10_000, help="simulated curves a p-value (default 10000)"
    )
    emergence.add_argument("--seed", type=int, default=0, help="of the simulations (default 0)")
    _quiet(emergence)
    emergence.set_defaults(run=_emergence)

    train = commands.add_parser(
        "train",
        help="train a family of models anew, and keep every result",
        description="Train a family of chapters 13 to 18 at every size and seed. Stopped at any time, it "
        "goes on when the same command is given again. Writes results.parquet (one row a size, seed and "
        "test item), history.parquet (what was measured on the way) and manifest.json into the folder.",
    )
    train.add_argument(
        "family",
        metavar="FAMILY",
        help="such as autoencoders, lenets, transformers, recall, addition",
    )
    train.add_argument(
        "--out", type=given, required=True, metavar="FOLDER", help="where the run is kept"
    )
    train.add_argument(
        "--profile", default="quick", help="quick (default), desk (language models) or full"
    )
    train.add_argument(
        "--data", metavar="NAME", help="images other than the profile's, such as cifar10"
    )
    train.add_argument(
        "--sizes", type=_list(float), metavar="A,B,...", help="sizes other than the profile's"
    )
    train.add_argument(
        "--seeds", type=_list(int), metavar="A,B,...", help="seeds other than the profile's"
    )
    train.add_argument("--steps", type=int, help="updates other than the profile's")
    train.add_argument(
        "--train-images", type=int, metavar="N", help="only so many, drawn at random"
    )
    train.add_argument("--test-images", type=int, metavar="N", help="only so many, drawn at random")
    train.add_argument(
        "--folder", type=given, help="where the image files lie (default: MIRAGE_DATA, or a cache)"
    )
    train.add_argument("--download", action="store_true", help="fetch image files that are missing")
    _where_to_train(train)
    train.set_defaults(run=_train)

    families = commands.add_parser(
        "families",
        help="train all families of language models, and score what they answer",
        description="Train every family of chapters 13 to 15 into a folder of its own (see 'train'), and "
        "write families.csv, one row a model and task, from their outputs. Stopped at any time, it goes on "
        "when the same command is given again.",
    )
    families.add_argument("names", nargs="*", metavar="FAMILY", help="only these")
    families.add_argument(
        "--out", type=given, required=True, metavar="FOLDER", help="where the runs are kept"
    )
    families.add_argument("--profile", default="quick", help="quick (default), desk or full")
    families.add_argument(
        "--bundle",
        type=given,
        metavar="FOLDER",
        help="copy results and manifests there too, named by family",
    )
    _where_to_train(families)
    families.set_defaults(run=_families)
    add_audit(commands, _how_to_read)
    add_coursework(commands)
    return parser


_SIZES: dict[str, Any] = {
    "metavar": "NAME=SIZE",
    "action": "append",
    "default": [],
    "help": "number of parameters of a model that is not in the table 'models', such as my-7b=7e9",
}


def _how_to_read(command: argparse.ArgumentParser) -> None:
    command.add_argument("--params", **_SIZES)
    command.add_argument(
        "--column", metavar="NAME=SCHEMA", action="append", default=[],
        help="plain tables: a column and its name in the schema, such as answer=target",
    )  # fmt: skip
    command.add_argument(
        "--percent", metavar="METRIC", action="append", default=[],
        help="plain tables: a metric given in per cent",
    )  # fmt: skip
    command.add_argument(
        "--missing", metavar="NUMBER", action="append", default=[], type=float,
        help="plain tables: a number that stands for a missing score, such as -100",
    )  # fmt: skip
    command.add_argument(
        "--wide", metavar="COLUMN", action="append", default=[],
        help="plain tables with one column a task: a column with scores, of the metric that --metric names",
    )  # fmt: skip
    for name in ("model", "task", "metric"):
        command.add_argument(f"--{name}", default="", help=f"{name} of files that name none")
    command.set_defaults(reading=_reading)


def _reading(options: argparse.Namespace) -> dict[str, Any]:
    """What `records.read` is to be told."""
    return {
        "params": _sizes(options.params),
        "columns": _pairs("column", options.column),
        "percent": options.percent,
        "missing": options.missing,
        "wide": options.wide,
        "model": options.model,
        "task": options.task,
        "metric": options.metric,
    }


def _where_to_train(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--jobs", type=int, default=1, help="sizes trained side by side (default 1; -1: one a core)"
    )
    command.add_argument(
        "--cluster", metavar="ADDRESS",
        help="train on the workers of this Dask scheduler, such as tcp://10.0.0.1:8786; 'local' starts one "
        "of --jobs workers here. They must all see the folder.",
    )  # fmt: skip
    _quiet(command)


def _quiet(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--quiet",
        action="store_true",
        help="no progress bars; there are none where nobody looks on",
    )


def _list(kind: type) -> Callable[[str], tuple]:
    def parse(text: str) -> tuple:
        return tuple(kind(part) for part in text.split(","))

    parse.__name__ = "list"  # what argparse calls it in its message
    return parse


def _tables(options: argparse.Namespace) -> None:
    from . import tables

    _print_tables(tables.tables(), as_csv=options.csv)


def _table(options: argparse.Namespace) -> None:
    from . import tables

    if options.csv:
        sys.stdout.write(tables.read_csv_text(options.name))
    else:
        _print_table(options.name)


def _metrics(options: argparse.Namespace) -> None:
    from .errors import require
    from .metrics import METRICS
    from .metrics.check import agreement

    require(
        options.records is None or options.records >= 2, "records", options.records, "2 or more"
    )

    # A row a metric as it is done is progress enough where somebody reads the rows.
    quiet = options.quiet or (options.csv and sys.stdout.isatty())
    progress = bars("metrics simulated", quiet=quiet)

    def rows() -> Iterator[dict[str, object]]:
        for metric in progress(METRICS.values(), len(METRICS)):
            found = agreement(metric, seed=options.seed, records=options.records)
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


def _pairs(field: str, given: Sequence[str]) -> dict[str, str]:
    for pair in given:
        if "=" not in pair:
            raise FieldError(field, pair, "NAME=VALUE")
    # From the right: model names may hold an equals sign, sizes and column names do not.
    return dict(pair.rsplit("=", 1) for pair in given)


def _sizes(given: Sequence[str]) -> dict[str, float]:
    sizes = {}
    for name, size in _pairs("params", given).items():
        try:
            sizes[name] = float(size)
        except ValueError:
            raise FieldError("params", f"{name}={size}", "a number such as 7e9 after '='") from None
    return sizes


def _read(options: argparse.Namespace) -> int:
    from .records import EvalFileError, Reading, read
    from .records.reading import files_below

    path = options.path
    if not path.exists():
        raise FieldError("path", str(path), "a file or folder that exists")
    crashed = 0
    choices = _reading(options)

    def readings() -> Iterator[tuple[Path, Reading | Exception]]:
        for file in files_below(path) if path.is_dir() else [path]:
            try:
                yield file, read(file, **choices)
            except Exception as error:  # refused, or a fault of this program: the others are read
                yield file, error

    def rows() -> Iterator[dict[str, object]]:
        nonlocal crashed
        for file, found in readings():
            row = {"file": str(file), "format": "", "version": "", "rows": 0}
            if isinstance(found, Reading):
                row.update(format=found.format, version=found.version, rows=found.rows)
                yield {**row, "outcome": "read", "detail": "; ".join(found.notes)}
            elif isinstance(found, EvalFileError):
                reason = str(found).removeprefix(str(file)).lstrip(",: ")
                yield {**row, "outcome": "refused", "detail": reason}
            else:
                crashed += 1
                yield {**row, "outcome": "crashed", "detail": f"{type(found).__name__}: {found}"}

    if options.scores or options.grade:
        from .records import grade
        from .records.columns import aggregate
        from .records.schema import SCORES

        found = []
        for file, outcome in readings():
            if isinstance(outcome, Reading):
                found.append(outcome)
                continue
            # The scores go to stdout, perhaps into a file; what is missing from them is said here.
            crashed += not isinstance(outcome, EvalFileError)
            reason = str(outcome).removeprefix(str(file)).lstrip(",: ")
            print(f"{file}: not read: {reason}", file=sys.stderr)
        frames = [r.scores for r in found if len(r.scores)]
        for metric in options.grade:
            frames += [aggregate(grade(r.records, metric)) for r in found if len(r.records)]

        _print_rows(
            (row for frame in frames for row in frame[list(SCORES)].to_dict("records")),
            as_csv=options.csv,
        )
        return 1 if crashed else 0
    _print_rows(rows(), as_csv=options.csv)
    return 1 if crashed else 0


def _bigbench(options: argparse.Namespace) -> None:
    from . import meta, records

    if options.folder:
        source = options.folder
        frames = [
            r.scores
            for r in records.read_folder(source)
            if isinstance(r, records.Reading) and r.format == "BIG-bench scores"
        ]
    else:
        from .records.fetch import fetch_bigbench

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
    _print_frame(found, as_csv=options.csv)


def _emergence(options: argparse.Namespace) -> None:
    from . import meta, tables
    from .records.gathering import gather

    if options.table in {t.name for t in tables.tables()}:
        frame, family = tables.load_table(options.table), tables.table(options.table).family
        notes = ()
    elif os.path.exists(path := os.path.expanduser(options.table)):
        gathered = gather(path, params=_sizes(options.params))
        frame, family, notes = gathered.scores, "", gathered.notes
    else:
        names = ", ".join(t.name for t in tables.tables())
        raise FieldError("table", options.table, f"one of {names}, or a file or folder that exists")
    found = meta.score_curves(
        frame, family=family, draws=options.draws, seed=options.seed,
        progress=bars("curves scored", quiet=options.quiet),
    )  # fmt: skip
    for note in (*notes, *found.attrs["notes"]):
        print(f"note: {note}", file=sys.stderr)
    _print_frame(found, as_csv=options.csv)


def _trainer() -> Any:
    """The module that trains, or word of what is missing."""
    try:
        from .models import runs
    except ModuleNotFoundError as error:
        raise FieldError(
            "train", error.name, "the extra packages: pip install '.[train]' in the book's folder"
        ) from None
    return runs


def _train(options: argparse.Namespace) -> None:
    from dataclasses import replace

    runs = _trainer()
    changes = {f: getattr(options, f) for f in ("data", "sizes", "seeds")}
    models = runs.family(
        options.family, options.profile, **{k: v for k, v in changes.items() if v is not None}
    )
    if options.steps is not None:
        models = replace(models, training=replace(models.training, steps=options.steps))
    progress = watched(options.quiet)
    data = models.load(folder=options.folder, download=options.download, progress=progress)
    parts = {"train": options.train_images, "test": options.test_images}
    if any(parts.values()):
        if not hasattr(data, "only"):
            raise FieldError("train_images", parts, "a family that learns from images")
        data = data.only(**parts)
    found = runs.run(
        models, data, options.out, profile=options.profile, jobs=options.jobs,
        cluster=options.cluster, progress=progress,
    )  # fmt: skip
    print(f"{found.manifest['results']['rows']:,} rows in {options.out / 'results.parquet'}")


def _families(options: argparse.Namespace) -> None:
    import pandas as pd

    from ._write import replace as write_whole

    runs = _trainer()
    from .models.catalogue import LANGUAGE
    from .models.language.outputs import scores

    out, parts = options.out, []
    for name in options.names or LANGUAGE:
        if name not in LANGUAGE:
            raise FieldError("names", name, "one of " + ", ".join(LANGUAGE))
        models = runs.family(name, options.profile)
        found = runs.run(
            models, models.load(), out / name, profile=options.profile, jobs=options.jobs,
            cluster=options.cluster, progress=watched(options.quiet),
        )  # fmt: skip
        parts.append(scores(found, name))
        if options.bundle:
            runs.bundle(out / name, name, options.bundle)
    table = pd.concat(parts, ignore_index=True)
    write_whole(out / "families.csv", table.to_csv(index=False, lineterminator="\n").encode())
    print(f"{len(table):,} rows in {out / 'families.csv'}")


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


def _print_frame(frame: pd.DataFrame, *, as_csv: bool) -> None:
    rows = frame.to_dict("records")
    _print_rows(
        ({k: _number(v) if isinstance(v, float) else v for k, v in r.items()} for r in rows),
        as_csv=as_csv,
    )


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
    from . import tables

    entry = tables.table(name)
    print(f"{entry.title}\n{entry.kind}: {entry.source}\n")
    print(tables.load_table(name).to_string(index=False))
    for note in entry.notes:
        print(f"\nNote: {note}")
    for cell in entry.doubtful_cells:
        where = ", ".join(str(cell[key]) for key in ("task", "setting", "model"))
        print(f"\nDoubtful: {where} = {cell['score']}: {cell['why']}")


if __name__ == "__main__":
    sys.exit(main())
