"""The command line: ``python -m mirage_utils``."""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import DataError, FieldError, WrongUse
from ..ground.paths import given
from .audit import add_command as add_audit
from .coursework import add_commands as add_coursework
from .printing import print_frame, print_rows
from .progress import bars, watched
from .results import add_commands as add_results
from .results import tell

if TYPE_CHECKING:
    pass


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
    add_results(commands)
    add_audit(commands)
    add_coursework(commands)
    return parser


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
    from .. import tables

    _print_tables(tables.tables(), as_csv=options.csv)


def _table(options: argparse.Namespace) -> None:
    from .. import tables

    if options.csv:
        sys.stdout.write(tables.read_csv_text(options.name))
    else:
        _print_table(options.name)


def _metrics(options: argparse.Namespace) -> None:
    from ..errors import require
    from ..metrics import METRICS
    from ..metrics.check import agreement

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

    print_rows(rows(), as_csv=options.csv)


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


def _trainer() -> Any:
    """The module that trains, or word of what is missing."""
    try:
        from ..models import runs
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

    from ..ground.write import replace as write_whole

    runs = _trainer()
    from ..models.catalogue import LANGUAGE
    from ..models.language.outputs import scores

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
