"""Reports of commands as files: one page that stands alone, and every number as CSV and JSON.

A page has no script, no font, no link to anything else. Its template escapes whatever it is given, and nothing from the
files that were read goes into a picture or an attribute.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from ..errors import require
from ..ground.write import harmless, replace
from . import plots

__all__ = ["as_csv", "colours", "plain", "template", "write_all"]


@cache
def template(package: str) -> Template:
    """The template ``report.html`` of a package, which may use ``parts.html`` and ``report.css`` of this one.

    Parameters
    ----------
    package : str
        With a folder ``templates``.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(__package__)]), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("report.html")


def colours() -> Markup:
    """The colours of the book as a stylesheet, and the dark ones for whoever's system asks for them: a report has no switch."""
    light = plots.stylesheet()
    dark = light.partition('html[data-theme="dark"]')[2]
    return Markup(f"{light}@media (prefers-color-scheme: dark) {{ :root{dark}{_NIGHT} }}")


_NIGHT = "body { background: #14181f; color: #d8dee9; } th, td { border-color: #39424f; }"


def as_csv(frame: pd.DataFrame, texts: Collection[str]) -> str:
    """A table as CSV, of which no cell is a formula to a spreadsheet.

    Parameters
    ----------
    frame : pandas.DataFrame
    texts : collection of str
        Columns whose text comes from files.
    """
    safe = {
        name: frame[name].map(lambda text: harmless(text.replace("\r", " ")))
        for name in texts
        if name in frame
    }
    return frame.assign(**safe).to_csv(index=False, lineterminator="\n")


def plain(value: Any) -> Any:
    """Values as JSON has them: arrays as lists, None for what is no number, and what is infinite as a word."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value.tolist()]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None if value != value else ("Infinity" if value > 0 else "-Infinity")
    return value


def write_all(out: str | os.PathLike[str], content: Mapping[str, str]) -> list[Path]:
    """Write texts into the files of a folder.

    Parameters
    ----------
    out : path-like
        Made if missing. Files of these names in it are replaced, each whole or not at all, and a link of such a name is
        replaced and not followed.
    content : mapping of str to str
        By the name of the file.

    Returns
    -------
    list of Path

    Raises
    ------
    FieldError
        If `out` is a file.
    """
    folder = Path(out)
    require(not folder.exists() or folder.is_dir(), "out", str(folder), "a folder, or none yet")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in content.items():
        # Names of models and tasks may hold half a surrogate pair, which no encoding has.
        replace(folder / name, text.encode("utf-8", "replace"))
    return [folder / name for name in content]
