"""Results of training runs that this project bundles: one row an item, a manifest beside them."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import DataError, UnknownNameError
from ..ground import browser
from ..ground.optional import in_browser, package
from .kept import unpacked

__all__ = ["Bundle", "ResultError", "bundled", "bundles"]

_DATA = Path(__file__).parent / "data"


class ResultError(DataError):
    """Results are missing, damaged, or not those that their manifest describes."""


@dataclass(frozen=True)
class Bundle:
    """Results of one run.

    Parameters
    ----------
    frame : DataFrame
        One row a model, seed and test item; the columns are the family's.
    manifest : dict
        Configuration, versions, data, seeds, numbers of parameters by size, checksums.
    history : DataFrame
        One row a model, seed, step and thing measured while it trained: ``size``, ``params``, ``seed``, ``step``,
        ``measure``, ``place``, ``value``. Empty for runs that kept none.
    pictures : DataFrame
        A few test images as the models of one seed return them, one row a pixel: ``size``, ``image``, ``pixel``, ``value``.
        Empty for runs that kept none.
    """

    frame: pd.DataFrame
    manifest: dict[str, Any]
    history: pd.DataFrame
    pictures: pd.DataFrame = field(default_factory=pd.DataFrame)


def bundles() -> tuple[str, ...]:
    """Names of the bundled runs."""
    return tuple(sorted(path.stem for path in _DATA.glob("*.json")))


def bundled(name: str) -> Bundle:
    """Results of a bundled run.

    Parameters
    ----------
    name : str
        One of `bundles()`.

    Raises
    ------
    UnknownNameError
        If there is no such run.
    ResultError
        If the file is not the one that the manifest was written for.

    Examples
    --------
    >>> run = bundled("autoencoders_mnist")
    >>> list(run.frame.columns)
    ['size', 'params', 'seed', 'image', 'error']
    """
    if name not in bundles():
        raise UnknownNameError("name", name, "one of " + ", ".join(bundles()))
    manifest = _DATA / f"{name}.json"
    if in_browser() and not (_DATA / f"{name}.npz").exists():
        # Its files are checked when they are read.
        browser.bring(name, json.loads(manifest.read_text())["results"]["sha256"][:16])
    return read(manifest)


def read(manifest: Path) -> Bundle:
    """Results by the path of their manifest; the tables lie beside it: columns for NumPy (``.npz``) or Parquet.

    Raises
    ------
    ResultError
        If a file cannot be read, or is not the one that the manifest was written for.
    """
    try:
        about = json.loads(manifest.read_text())
        frame = _table(manifest, about["results"])
        history, pictures = (
            _table(manifest, about[part]) if part in about else pd.DataFrame()
            for part in ("history", "pictures")
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ResultError(f"{manifest}: cannot be read ({error!r})") from None
    return Bundle(frame, about, history, pictures)


def _table(manifest: Path, about: dict[str, Any]) -> pd.DataFrame:
    path = manifest.with_name(about["path"])
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != about["sha256"]:
        raise ResultError(f"{path}: its checksum is not the one in {manifest.name}")
    if path.suffix == ".npz":
        return unpacked(content)
    package("pyarrow", f"reading {path.name}")
    return pd.read_parquet(io.BytesIO(content))
