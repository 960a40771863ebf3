"""The commands ``train`` and ``families``: models trained again, every result kept."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from ..errors import FieldError
from ..ground.paths import given
from .options import add_quiet
from .progress import watched

__all__ = ["add_commands"]


def add_commands(commands: Any) -> None:
    """Add the commands to the program's.

    Parameters
    ----------
    commands : argparse's subparsers
    """
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
        help="such as autoencoders, lenets, transformers, ladder, recall, addition",
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
        description="Train the ladder and every family of chapters 13 to 15 into a folder of its own (see 'train'), "
        "and write ladder.csv and families.csv, one row a model and task, from the outputs of all finished families in "
        "the folder. Stopped at any time, it goes on when the same command is given again.",
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
        help="keep results and manifests there too, named by family, as the bundled runs are",
    )
    _where_to_train(families)
    families.set_defaults(run=_families)


def _where_to_train(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--jobs", type=int, default=1, help="sizes trained side by side (default 1; -1: one a core)"
    )
    command.add_argument(
        "--cluster", metavar="ADDRESS",
        help="train on the workers of this Dask scheduler, such as tcp://10.0.0.1:8786; 'local' starts one "
        "of --jobs workers here. They must all see the folder.",
    )  # fmt: skip
    add_quiet(command)


def _list(kind: type) -> Callable[[str], tuple]:
    def parse(text: str) -> tuple:
        return tuple(kind(part) for part in text.split(","))

    parse.__name__ = "list"  # what argparse calls it in its message
    return parse


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
    from ..models.catalogue import LADDERS, LANGUAGE
    from ..models.language import ladder_scores, outputs
    from ..models.results import read

    known, out = [*LANGUAGE, *LADDERS], options.out
    names = options.names or known
    for name in names:
        if name not in known:
            raise FieldError("names", name, "one of " + ", ".join(known))
    work = [(name, m, m.load()) for name in names for m in [runs.family(name, options.profile)]]
    for name, models, data in work:  # all of them before hours are spent on the first
        runs.left(models, data, out / name)
    for name, models, data in work:
        runs.run(
            models, data, out / name, profile=options.profile, jobs=options.jobs,
            cluster=options.cluster, progress=watched(options.quiet),
        )  # fmt: skip
        if options.bundle:
            runs.bundle(out / name, name, options.bundle)
    # Also of families that an earlier command left here: a table is of the folder, not of the command.
    tables: dict[str, list[pd.DataFrame]] = {}
    for name in known:
        if (out / name / "manifest.json").exists():
            table, scored = ("ladder", ladder_scores) if name in LADDERS else ("families", outputs)
            tables.setdefault(table, []).append(
                scored.scores(read(out / name / "manifest.json"), name)
            )
    for table, parts in tables.items():
        whole = pd.concat(parts, ignore_index=True)
        path = out / f"{table}.csv"
        write_whole(path, whole.to_csv(index=False, lineterminator="\n").encode())
        print(f"{len(whole):,} rows in {path}")
