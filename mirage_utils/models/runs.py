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
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import jax
import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from .._write import replace as write_whole
from ..errors import FieldError, UnknownNameError
from .family import Family
from .results import Bundle, ResultError, read
from .training import Trained, Training, count, digest, one_seed, train
from .vision.autoencoder import Autoencoders
from .vision.data import Images
from .vision.lenet import LeNets
from .vision.sequences import Transformers

__all__ = ["FAMILIES", "bundle", "family", "parameters", "run", "settings", "train_size"]


_WIDTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_FACTORS = (0.01, 0.05, 0.1, 0.17, 0.25, 0.35, 0.5, 0.7, 1.0, 1.6, 2.3)
_FIVE = (0, 1, 2, 3, 4)

FAMILIES: Mapping[str, Mapping[str, Family]] = {
    "autoencoders": {
        "quick": Autoencoders(
            "digits", (1, 2, 4, 8, 12, 16, 24, 32, 48), (0, 1, 2), Training(800, 64, 0.05)
        ),
        "full": Autoencoders(
            "cifar10-subset", _WIDTHS, _FIVE, Training(1_600, 64, 0.05)
        ),  # 10 epochs of 10,000 images are 1,563 steps
    },
    "lenets": {
        "quick": LeNets(
            "digits", (0.05, 0.1, 0.25, 0.5, 1.0), (0, 1, 2), Training(500, 64, 3e-3), shift=1
        ),
        "full": LeNets("mnist-test", _FACTORS, _FIVE, Training(1_300, 64, 2e-3)),
    },
    "transformers": {
        "quick": Transformers(
            "digits", (2, 4, 8, 16), (0, 1), Training(400, 32, 4e-3, warmup=50),
            layers=1, shift=0, tests=400,
        ),
        "full": Transformers(
            "omniglot-small", (2, 3, 4, 6, 8, 12, 16, 24, 32, 48), _FIVE,
            Training(3_000, 32, 2e-3, warmup=200),
        ),
    },
}  # fmt: skip
"""Families by name and profile. Both profiles run the same code."""


def family(name: str, profile: str = "quick", **changes: Any) -> Family:
    """A family by name and profile.

    Parameters
    ----------
    name : str
        One of `FAMILIES`.
    profile : str
        ``"quick"`` (minutes on two cores, images that need no download) or ``"full"``.
    **changes : optional
        Fields to replace, such as ``data="cifar10"`` or ``seeds=(0,)``.

    Raises
    ------
    UnknownNameError
        If there is no such family or profile.
    FieldError
        If the family has no such field, or a value is out of range.
    """
    if name not in FAMILIES:
        raise UnknownNameError("family", name, "one of " + ", ".join(FAMILIES))
    if profile not in FAMILIES[name]:
        raise UnknownNameError("profile", profile, "quick or full")
    found = FAMILIES[name][profile]
    known = asdict(found)
    for field in changes:
        if field not in known:
            raise FieldError(field, changes[field], "one of the fields " + ", ".join(known))
    return replace(found, **changes)


def parameters(models: Family, images: Images) -> dict[float, int]:
    """Number of parameters by size."""
    return {s: count(lambda key, s=s: models.init(key, s, images)) for s in models.sizes}


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
    "length": "images a sequence",
    "layers": "blocks",
    "repeats": "share of training sequences with repeats",
    "few": "classes in such a sequence",
    "tests": "test sequences of each kind",
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

    return {_WORDS[k]: text(v) for k, v in flat.items()}


def train_size(
    models: Family,
    size: float,
    images: Images,
    *,
    checkpoint: Path | None = None,
    progress: bool = False,
) -> tuple[Trained, pd.DataFrame]:
    """Train all seeds of one size, and evaluate each on every test item.

    Returns
    -------
    Trained
    DataFrame
        Columns ``size``, ``params`` and ``seed``, then those of the family's `evaluate`.
    """
    trained = train(
        lambda key: models.init(key, size, images),
        models.loss,
        models.sample,
        models.prepare(images),
        models.training,
        models.seeds,
        checkpoint=checkpoint,
        about={"family": _about(models), "size": size, "images": images.digest()},
        progress=f"{models.kind} {size:g}" if progress else None,
    )
    params = np.int32(parameters(replace(models, sizes=(size,)), images)[size])
    parts = []
    for i, seed in enumerate(models.seeds):
        rows = models.evaluate(one_seed(trained.params, i), images)
        rows.insert(0, "seed", np.int8(seed))
        rows.insert(0, "params", params)
        rows.insert(0, "size", np.float32(size))
        parts.append(rows)
    return trained, pd.concat(parts, ignore_index=True)


def run(
    models: Family,
    images: Images,
    folder: Path,
    *,
    profile: str = "",
    jobs: int = 1,
    progress: bool = True,
) -> Bundle:
    """Train the family into a folder; what is there already is kept.

    Parameters
    ----------
    models : Family
    images : Images
    folder : Path
        Made if missing.
    profile : str
        For the manifest.
    jobs : int
        Sizes trained side by side, each in a process of its own; -1 for one a core.
    progress : bool

    Returns
    -------
    Bundle
        The results and the manifest, as written.

    Raises
    ------
    CheckpointError, ResultError
        If the folder holds another run, or a damaged file.
    """
    mark = digest({"family": _about(models), "images": images.digest()})
    folder.mkdir(parents=True, exist_ok=True)
    # The largest first: the last one running decides how long it takes.
    order = sorted(models.sizes, reverse=True)
    work = (delayed(_one)(models, s, images, folder / f"size-{s:g}", mark, progress) for s in order)
    seconds = dict(zip(order, Parallel(n_jobs=jobs)(work), strict=True))
    sizes = parameters(models, images)
    frame = pd.concat(
        [pd.read_parquet(folder / f"size-{s:g}" / "results.parquet") for s in models.sizes],
        ignore_index=True,
    )
    for column in frame.select_dtypes("object"):
        frame[column] = frame[column].astype("category")
    if "logprob" in frame:  # three digits, in half the space; what is lost is below any interval
        frame["logprob"] = frame["logprob"].astype(np.float16)
    content = _parquet(frame)
    manifest = {
        "family": models.kind,
        "profile": profile,
        "config": _about(models),
        "seeds": list(models.seeds),
        "parameters": {f"{s:g}": n for s, n in sizes.items()},
        "images": {
            "name": images.name,
            "source": images.source,
            "train": len(images.train),
            "test": len(images.test),
            "sha256": images.digest(),
        },
        "versions": {p: version(p) for p in ("jax", "jaxlib", "optax", "numpy", "mirage-utils")},
        "python": platform.python_version(),
        "device": jax.devices()[0].device_kind,
        "seconds_by_size": {f"{s:g}": round(seconds[s], 1) for s in models.sizes},
        "run": mark,
        "results": {
            "path": "results.parquet",
            "rows": len(frame),
            "columns": list(frame.columns),
            "sha256": hashlib.sha256(content).hexdigest(),
        },
    }
    write_whole(folder / "results.parquet", content)
    write_whole(folder / "manifest.json", (json.dumps(manifest, indent=1) + "\n").encode())
    return read(folder / "manifest.json")


def bundle(folder: Path, name: str, into: Path) -> Bundle:
    """Copy the results and the manifest of a run under one name, checksums compared.

    Parameters
    ----------
    folder : Path
        Of the run.
    name : str
        Stem of both files.
    into : Path
        Where to.
    """
    found = read(folder / "manifest.json")
    manifest = {
        **found.manifest, "results": {**found.manifest["results"], "path": f"{name}.parquet"}
    }  # fmt: skip
    write_whole(into / f"{name}.parquet", (folder / "results.parquet").read_bytes())
    write_whole(into / f"{name}.json", (json.dumps(manifest, indent=1) + "\n").encode())
    return read(into / f"{name}.json")


def _one(
    models: Family, size: float, images: Images, folder: Path, mark: str, progress: bool
) -> float:
    """One size of a run; returns the seconds it took when it was trained."""
    done = folder / "done.json"
    if done.exists():
        try:
            about = json.loads(done.read_text())
            seconds, same = float(about["seconds"]), about["run"] == mark
        except (ValueError, KeyError, TypeError) as error:
            raise ResultError(f"{done}: damaged ({error!r}); remove {folder}") from None
        if not same:
            raise ResultError(f"{folder}: of a run with other settings, seeds or data")
        return seconds
    folder.mkdir(parents=True, exist_ok=True)
    before = perf_counter()
    _, frame = train_size(
        models, size, images, checkpoint=folder / "checkpoint.npz", progress=progress
    )
    seconds = perf_counter() - before
    write_whole(folder / "results.parquet", _parquet(frame))
    write_whole(done, json.dumps({"run": mark, "seconds": seconds}).encode())
    os.unlink(folder / "checkpoint.npz")
    return seconds


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, compression="zstd", compression_level=19)
    return buffer.getvalue()


def _about(models: Family) -> dict[str, Any]:
    return {"kind": models.kind, **json.loads(json.dumps(asdict(models)))}
