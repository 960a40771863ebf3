"""A few test images as autoencoders of every size return them, kept beside the results of a run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import require
from ...ground.write import replace as write_whole
from .. import runs
from ..kept import packed
from ..results import Bundle, read
from ..training import one_seed
from .autoencoder import Autoencoders
from .data import Images

__all__ = ["as_images", "first_of_each_class", "keep", "reconstructed"]


def first_of_each_class(images: Images) -> list[int]:
    """Places of the first test image of every class.

    Parameters
    ----------
    images : Images
    """
    return [int(np.flatnonzero(images.test_labels == k)[0]) for k in np.unique(images.test_labels)]


def reconstructed(
    models: Autoencoders, images: Images, shown: Sequence[int], seed: int = 0
) -> pd.DataFrame:
    """Train every size once, and keep some test images as it returns them.

    Parameters
    ----------
    models : Autoencoders
    images : Images
    shown : sequence of int
        Places of test images.
    seed : int

    Returns
    -------
    DataFrame
        One row a pixel: ``size``, ``image``, ``pixel``, ``value``.

    Examples
    --------
    >>> from mirage_utils.models import runs
    >>> from mirage_utils.models.training import Training
    >>> from mirage_utils.models.vision import data
    >>> few = data.load("digits").only(50, 20)
    >>> family = runs.family("autoencoders", training=Training(10, 8, 0.05, every=10), sizes=(1, 3))
    >>> reconstructed(family, few, [0, 4]).groupby("size").size().tolist()
    [128, 128]
    """
    one = replace(models, seeds=(seed,))
    parts = []
    for size in models.sizes:
        trained, _ = runs.train_size(one, size, images)
        back = models.reconstruct(one_seed(trained.params, 0), images)[list(shown)]
        flat = back.reshape(len(shown), -1)
        parts.append(
            pd.DataFrame(
                {
                    "size": np.int64(size),
                    "image": np.repeat(np.asarray(shown, np.int16), flat.shape[1]),
                    "pixel": np.tile(np.arange(flat.shape[1], dtype=np.int16), len(shown)),
                    "value": flat.ravel().astype(np.float32),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def keep(manifest: Path, pictures: pd.DataFrame, seed: int = 0) -> Bundle:
    """Write pictures beside the results of a run, and say so in its manifest.

    Parameters
    ----------
    manifest : Path
        Of the run.
    pictures : DataFrame
        Of `reconstructed`.
    seed : int
        Whose networks they are.
    """
    about = read(manifest).manifest
    require(seed in about["seeds"], "seed", seed, f"one of the run's, {about['seeds']}")
    content = packed(pictures)
    path = manifest.with_name(f"{manifest.stem}.pictures.npz")
    write_whole(path, content)
    about["pictures"] = {
        "path": path.name,
        "seed": seed,
        "rows": len(pictures),
        "columns": list(pictures.columns),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    write_whole(manifest, (json.dumps(about, indent=1) + "\n").encode())
    return read(manifest)


def as_images(pictures: pd.DataFrame, size: int, side: int) -> NDArray[np.float32]:
    """Pictures of one size, in the order in which they were kept.

    Parameters
    ----------
    pictures : DataFrame
        Columns ``size`` and ``value``, one row a pixel.
    size : int
        Units of the bottleneck.
    side : int
        Pixels of a side.

    Returns
    -------
    ndarray, shape (images, side, side)
    """
    pixels = pictures.loc[pictures["size"] == size, "value"].to_numpy(np.float32)
    return pixels.reshape(-1, side, side)
