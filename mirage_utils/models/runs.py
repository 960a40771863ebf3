"""Training a whole family: sizes side by side, every result kept, nothing trained twice.

A run is a folder: one sub-folder a size, with its checkpoint while it trains and its results when it
is done, and at the end ``results.parquet`` (one row a size, seed and test item) and
``manifest.json``. A run that was stopped goes on when it is started again.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..ground.cluster import client
from ..ground.optional import on_use
from ..ground.write import replace as write_whole
from .catalogue import FAMILIES, family
from .family import Dataset, Family
from .kept import packed
from .results import Bundle, ResultError, read
from .training import Trained, digest, one_seed, train
from .when_trained import jax

if TYPE_CHECKING:
    import joblib
else:
    joblib = on_use("joblib", "training a family", "train")

__all__ = [
    "FAMILIES", "bundle", "family", "history", "left", "parameters", "run", "settings", "train_size",
]  # fmt: skip


def parameters(models: Family, data: Dataset) -> dict[float, int]:
    """Number of parameters by size.

    Parameters
    ----------
    models : Family
    data : Dataset
        What the models learn from.
    """
    return {s: models.count(s, data) for s in models.sizes}


_WORDS = {
    "data": "images",
    "sizes": "sizes",
    "seeds": "seeds",
    "steps": "steps",
    "batch": "batch",
    "rate": "learning rate, at most",
    "warmup": "warm-up steps",
    "every": "steps between checkpoints",
    "views": "moved views of a test image",
    "shift": "moved by at most (pixels)",
    "length": "length of a sequence",
    "layers": "blocks",
    "repeats": "share of training sequences with repeats",
    "few": "classes in such a sequence",
    "large": "widths with fewer seeds, from",
    "few_seeds": "seeds of those",
    "watched": "questions of each kind asked while training",
    "tests": "test items of each kind",
    "floor": "share of the rate left at the end",
    "b2": "Adam's second decay",
    "clip": "longest gradient",
    "decay": "weight decay",
    "rate_by_width": "learning rate times width, at most",
    "samples": "sampled answers a question",
    "compute": "operations of training, each width",
    "keys": "codes",
    "exponent": "Zipf exponent",
    "digits": "digits of a number",
    "reversed_answer": "last digit first",
    "letters": "different symbols",
    "row": "symbols a row",
    "bits": "bits",
    "relevant": "bits that decide",
    "tasks": "parities",
    "modulus": "modulus",
    "fraction": "share trained on",
}


def settings(config: Mapping[str, Any]) -> dict[str, str]:
    """Every hyperparameter of a family in words, for a table in a page.

    Parameters
    ----------
    config : mapping
        ``asdict(family)``, or ``manifest["config"]`` of a run.
    """
    flat = {k: v for k, v in config.items() if k not in ("training", "kind")}
    flat |= config["training"]

    def text(value: Any) -> str:
        many = isinstance(value, (tuple, list))
        return ", ".join(f"{v:g}" for v in value) if many else str(value)

    return {_WORDS[k]: text(v) for k, v in flat.items() if v is not None}


def train_size(
    models: Family,
    size: float,
    data: Dataset,
    *,
    checkpoint: Path | None = None,
    progress: bool = False,
) -> tuple[Trained, pd.DataFrame]:
    """Train all seeds of one size, and evaluate each on every test item.

    Parameters
    ----------
    models : Family
    size : float
        One of the family's.
    data : Dataset
    checkpoint : Path, optional
        Where training is kept while it lasts, and goes on from.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    Trained
    DataFrame
        Columns ``size``, ``params`` and ``seed``, then those of the family's `evaluate`.
    """
    trained = train(
        lambda key: models.init(key, size, data),
        models.loss,
        models.sample,
        models.prepare(data),
        models.training_of(size),
        models.seeds_of(size),
        watch=models.watch,
        checkpoint=checkpoint,
        about={"family": _of_a_size(models), "size": size, "data": data.digest()},
        progress=f"{models.kind} {size:g}" if progress else None,
    )
    params = models.count(size, data)
    parts = []
    for i, seed in enumerate(models.seeds_of(size)):
        rows = models.evaluate(one_seed(trained.params, i), data)
        parts.append(_named(rows, size, params, seed))
    return trained, pd.concat(parts, ignore_index=True)


def history(models: Family, size: float, data: Dataset, trained: Trained) -> pd.DataFrame:
    """What was measured while one size trained, as in `Bundle.history`; the training loss always.

    Parameters
    ----------
    models : Family
    size : float
    data : Dataset
    trained : Trained
        All seeds of that size.
    """
    steps = models.training.every * np.arange(1, trained.losses.shape[1] + 1, dtype=np.int32)
    parts = []
    for name, values in {"train_loss": trained.losses[:, :, None], **trained.watched}.items():
        places = values.shape[2]
        for i, seed in enumerate(models.seeds_of(size)):
            rows = pd.DataFrame(
                {
                    "step": np.repeat(steps, places),
                    "measure": name,
                    "place": np.tile(np.arange(1, places + 1, dtype=np.int16), len(steps)),
                    "value": values[i].ravel().astype(np.float32),
                }
            )
            parts.append(_named(rows, size, models.count(size, data), seed))
    return pd.concat(parts, ignore_index=True)


def _named(rows: pd.DataFrame, size: float, params: int, seed: int) -> pd.DataFrame:
    """Rows with the columns that say whose they are."""
    whose = {"size": np.float32(size), "params": np.int32(params), "seed": np.int8(seed)}
    for at, (name, value) in enumerate(whose.items()):
        rows.insert(at, name, value)
    return rows


def run(
    models: Family,
    data: Dataset,
    folder: Path,
    *,
    profile: str = "",
    jobs: int = 1,
    cluster: str | None = None,
    progress: bool = True,
) -> Bundle:
    """Train the family into a folder; what is there already is kept.

    Parameters
    ----------
    models : Family
    data : Dataset
        As `models.load()` gives it.
    folder : Path
        Made if missing. With a cluster, one that all its machines see.
    profile : str
        For the manifest.
    jobs : int
        Sizes trained side by side, each in a process of its own; -1 for one a core.
    cluster : str, optional
        Address of a Dask scheduler whose workers train the sizes, or ``"local"`` for one started here.
    progress : bool

    Returns
    -------
    Bundle
        The results and the manifest, as written.

    Raises
    ------
    CheckpointError, ResultError
        If the folder holds another run, or a damaged file.
    FieldError
        If a cluster is asked for and Dask is not installed.
    """
    folder = folder.absolute()  # a worker may stand in another folder
    mark = _mark(models, data)
    _left(models, folder, mark)  # before hours are spent on a folder of another run
    folder.mkdir(parents=True, exist_ok=True)
    # The largest first: the last one running decides how long it takes.
    order = sorted(models.sizes, reverse=True)
    work = (
        joblib.delayed(_one)(models, s, data, folder / f"size-{s:g}", mark, progress) for s in order
    )
    with _workers(jobs, cluster) as parallel:
        seconds = dict(zip(order, parallel(work), strict=True))
    files = {}
    for name in ("results", "history"):
        frame = pd.concat(
            [pd.read_parquet(folder / f"size-{s:g}" / f"{name}.parquet") for s in models.sizes],
            ignore_index=True,
        )
        for column in frame.columns:
            if frame[column].dtype == object or isinstance(frame[column].dtype, pd.StringDtype):
                frame[column] = frame[column].astype("category")
            # three digits, in half the space; what is lost is below any interval
            elif column.startswith(("logprob", "choice")) or (name, column) == ("history", "value"):
                frame[column] = frame[column].astype(np.float16)
        content = _parquet(frame)
        write_whole(folder / f"{name}.parquet", content)
        files[name] = {
            "path": f"{name}.parquet",
            "rows": len(frame),
            "columns": list(frame.columns),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    manifest = {
        "family": models.kind,
        "profile": profile,
        "config": _about(models),
        "seeds": list(models.seeds),
        "parameters": {f"{s:g}": n for s, n in parameters(models, data).items()},
        "steps": {f"{s:g}": models.training_of(s).steps for s in models.sizes},
        "data": data.describe(),
        "versions": {p: version(p) for p in ("jax", "jaxlib", "optax", "numpy", "mirage-utils")},
        "python": platform.python_version(),
        "device": jax.devices()[0].device_kind,
        "seconds_by_size": {f"{s:g}": round(seconds[s], 1) for s in models.sizes},
        "run": mark,
        **files,
    }
    write_whole(folder / "manifest.json", (json.dumps(manifest, indent=1) + "\n").encode())
    return read(folder / "manifest.json")


def left(models: Family, data: Dataset, folder: Path) -> list[float]:
    """Sizes of a run that are not trained yet.

    Parameters
    ----------
    models : Family
    data : Dataset
    folder : Path
        Of the run; may be missing.

    Raises
    ------
    ResultError
        If a size that is there is of another run, or damaged.
    """
    return _left(models, folder, _mark(models, data))


def _left(models: Family, folder: Path, mark: str) -> list[float]:
    return [s for s in models.sizes if _seconds(folder / f"size-{s:g}", mark) is None]


@contextmanager
def _workers(jobs: int, cluster: str | None) -> Iterator[joblib.Parallel]:
    """What runs the sizes side by side: processes here, or the workers of a cluster."""
    if cluster is None:
        yield joblib.Parallel(n_jobs=jobs)
        return
    with client(cluster, jobs), joblib.parallel_config(backend="dask"):
        yield joblib.Parallel(n_jobs=-1)


def bundle(folder: Path, name: str, into: Path) -> Bundle:
    """Keep the results and the manifest of a run under one name, as the bundled runs are kept: without Parquet.

    Parameters
    ----------
    folder : Path
        Of the run.
    name : str
        Stem of the files.
    into : Path
        Where to.
    """
    made = read(folder / "manifest.json")
    manifest = dict(made.manifest)
    for part, path, rows in (
        ("results", f"{name}.npz", made.frame),
        ("history", f"{name}.history.npz", made.history),
    ):
        content = packed(rows)
        write_whole(into / path, content)
        sha256 = hashlib.sha256(content).hexdigest()
        manifest[part] = {**manifest[part], "path": path, "sha256": sha256}
    write_whole(into / f"{name}.json", (json.dumps(manifest, indent=1) + "\n").encode())
    return read(into / f"{name}.json")


def _one(
    models: Family, size: float, data: Dataset, folder: Path, mark: str, progress: bool
) -> float:
    """One size of a run; returns the seconds it took when it was trained."""
    taken = _seconds(folder, mark)
    if taken is not None:
        return taken
    folder.mkdir(parents=True, exist_ok=True)
    before = perf_counter()
    trained, frame = train_size(
        models, size, data, checkpoint=folder / "checkpoint.npz", progress=progress
    )
    seconds = perf_counter() - before
    write_whole(folder / "results.parquet", _parquet(frame))
    write_whole(folder / "history.parquet", _parquet(history(models, size, data, trained)))
    write_whole(folder / "done.json", json.dumps({"run": mark, "seconds": seconds}).encode())
    os.unlink(folder / "checkpoint.npz")
    return seconds


def _seconds(folder: Path, mark: str) -> float | None:
    """How long a size took that is trained already."""
    done = folder / "done.json"
    if not done.exists():
        return None
    try:
        about = json.loads(done.read_text())
        seconds, same = float(about["seconds"]), about["run"] == mark
    except (ValueError, KeyError, TypeError) as error:
        raise ResultError(f"{done}: damaged ({error!r}); remove {folder}") from None
    if not same:
        raise ResultError(
            f"{folder}: of a run with other settings, seeds or data; give another folder, or remove it"
        )
    return seconds


def _mark(models: Family, data: Dataset) -> str:
    """What tells this run from another."""
    return digest({"family": _of_a_size(models), "data": data.digest()})


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, compression="zstd", compression_level=19)
    return buffer.getvalue()


def _of_a_size(models: Family) -> dict[str, Any]:
    """What a size's results depend on: not the other sizes, so that a run may be given more of them."""
    return {k: v for k, v in _about(models).items() if k != "sizes"}


def _about(models: Family) -> dict[str, Any]:
    return {"kind": models.kind, **json.loads(json.dumps(asdict(models)))}
