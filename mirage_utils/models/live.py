"""Networks that a chapter trains while it is read: trained now, or, where nothing can be trained, those of the page.

A chapter trains one small network, so that a reader sees that the bundled ones can be made again. A browser has no JAX. There the chapter
shows the network that was trained when the page was made, and says so; with other settings it says that training needs a machine.
"""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from ..ground.optional import MissingPackageError
from . import runs
from .family import Dataset, Family
from .kept import packed, unpacked
from .runs import _of_a_size
from .training import digest

__all__ = ["keep", "trained_rows"]

_KEPT = Path(__file__).parent / "data" / "live"


def trained_rows(models: Family[Any], size: float, data: Dataset) -> pd.DataFrame:
    """What networks of one size answer on every test item: `runs.train_size` without the networks.

    Parameters
    ----------
    models : Family
    size : float
        One of the family's.
    data : Dataset
        What they learn from.

    Returns
    -------
    DataFrame
        Columns ``size``, ``params`` and ``seed``, then those of the family's `evaluate`.

    Raises
    ------
    MissingPackageError
        If JAX is not installed, and no page trained this network.
    """
    try:
        there = importlib.util.find_spec("jax") is not None
    except ModuleNotFoundError:
        there = False
    if there:
        return runs.train_size(models, size, data)[1]
    path = _KEPT / _name(models, size, data)
    if not path.is_file():
        raise MissingPackageError(
            f"training a network of size {size:g} with these settings needs the package jax, which no browser can run: run this chapter "
            "on a machine of your own (book/run.md says how), or go back to the settings of the page, whose network is here"
        )
    warnings.warn(
        "Nothing can be trained here: this is the network that the page trained.", stacklevel=2
    )
    rows = unpacked(path.read_bytes())
    texts = [name for name in rows if isinstance(rows[name].dtype, pd.CategoricalDtype)]
    return rows.astype({name: rows[name].cat.categories.dtype for name in texts})


def keep(models: Family[Any], size: float, data: Dataset, into: Path = _KEPT) -> Path:
    """Train a network for places where nothing can be trained.

    Parameters
    ----------
    models, size, data
        As for `trained_rows`.
    into : Path
        The folder that the file goes into.
    """
    rows = runs.train_size(models, size, data)[1]
    for column in rows.columns:  # texts as in bundles
        if rows[column].dtype == object or isinstance(rows[column].dtype, pd.StringDtype):
            rows[column] = rows[column].astype("category")
    into.mkdir(parents=True, exist_ok=True)
    path = into / _name(models, size, data)
    path.write_bytes(packed(rows))
    return path


def _name(models: Family[Any], size: float, data: Dataset) -> str:
    # By what the data are called: some are drawn by JAX, from the settings alone.
    about = {"family": _of_a_size(models), "size": size, "data": data.name}
    return f"{models.kind}_{digest(about)[:12]}.npz"
