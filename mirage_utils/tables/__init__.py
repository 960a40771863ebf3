"""Evaluation results: the tables bundled with the book.

Each table is a CSV beside a Frictionless ``datapackage.json`` that records its source, licence,
how it was obtained, what is doubtful in it, and its checksum.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from ..errors import DataError, UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Table",
    "TableError",
    "load_scores",
    "load_table",
    "read_csv_text",
    "table",
    "tables",
]


class TableError(DataError):
    """A bundled table is missing or differs from its recorded checksum."""


@dataclass(frozen=True)
class Table:
    """What is recorded about a bundled table.

    Attributes
    ----------
    name, title, description : str
    kind : str
        ``"published figures"``, ``"computed aggregates"`` or ``"our runs"``.
    family : str
        Family of models, where the table has one; empty where a column says it.
    rows : int
    source, citation, url, licence : str
        `citation` is the key in the book's bibliography.
    sha256 : str
        Checksum of the CSV file.
    notes : tuple of str
    doubtful_cells : tuple of dict
        Cells whose published value cannot be right or could not be settled, and why.
    path : str
        File name inside the package's ``tables/data``.
    """

    name: str
    title: str
    description: str
    kind: str
    family: str
    rows: int
    source: str
    citation: str
    url: str
    licence: str
    sha256: str
    notes: tuple[str, ...]
    doubtful_cells: tuple[dict[str, Any], ...]
    path: str


def _read(name: str) -> bytes:
    try:
        return (resources.files(__name__) / "data" / name).read_bytes()
    except FileNotFoundError:
        raise TableError(f"tables/data/{name} is missing from this installation") from None


@cache
def tables() -> tuple[Table, ...]:
    """All bundled tables, in the order of the data package."""
    found = []
    for resource in json.loads(_read("datapackage.json"))["resources"]:
        source, licence = resource["sources"][0], resource["licenses"][0]
        found.append(
            Table(
                name=resource["name"],
                title=resource["title"],
                description=resource["description"],
                kind=resource["kind"],
                family=resource.get("family", ""),
                rows=resource["rows"],
                source=source["title"],
                citation=source["citation"],
                url=source["path"],
                licence=licence["name"],
                sha256=resource["hash"].removeprefix("sha256:"),
                notes=tuple(resource["notes"]),
                doubtful_cells=tuple(resource["doubtful_cells"]),
                path=resource["path"],
            )
        )
    return tuple(found)


def table(name: str) -> Table:
    """What is recorded about one table.

    Parameters
    ----------
    name : str
        As listed by `tables`.

    Raises
    ------
    UnknownNameError
        If no table has that name.

    Examples
    --------
    >>> table("gpt3_arithmetic").rows
    240
    """
    for candidate in tables():
        if candidate.name == name:
            return candidate
    raise UnknownNameError("table", name, f"one of {', '.join(t.name for t in tables())}")


def read_csv_text(name: str) -> str:
    """The bundled CSV as text, after checking it against its recorded checksum.

    Parameters
    ----------
    name : str
        As listed by `tables`.

    Raises
    ------
    UnknownNameError
        If no table has that name.
    TableError
        If the file is missing or has been changed.

    Examples
    --------
    >>> read_csv_text("gpt3_arithmetic").splitlines()[0]
    'task,setting,model,params,train_flops,metric,score,n'
    """
    entry = table(name)
    content = _read(entry.path)
    digest = hashlib.sha256(content).hexdigest()
    if digest != entry.sha256:
        raise TableError(
            f"tables/data/{entry.path} has sha256 {digest}, but datapackage.json records "
            f"{entry.sha256}: the file was changed; reinstall it or record the new checksum"
        )
    return content.decode()


def load_table(name: str) -> pd.DataFrame:
    """A bundled table as a data frame.

    Parameters
    ----------
    name : str
        As listed by `tables`.

    Returns
    -------
    pandas.DataFrame
        Columns as the data package describes them; in tables of scores at least ``task, setting,
        model, params, train_flops, metric, score, n``, where `score` is a fraction if it is a share,
        `params` a number of parameters, `n` a number of test items. Absent text is ``""``, absent
        numbers are nan.

    Raises
    ------
    UnknownNameError, TableError
        As `read_csv_text`.

    Examples
    --------
    >>> scores = load_table("gpt3_arithmetic")
    >>> scores.loc[0, ["task", "setting", "model"]].tolist()
    ['2D+', 'zero-shot', 'GPT-3 125M']
    """
    import pandas as pd

    frame = pd.read_csv(io.StringIO(read_csv_text(name)))
    texts = [c for c in ("family", "model", "task", "setting", "metric") if c in frame.columns]
    frame[texts] = frame[texts].astype(object).where(frame[texts].notna(), "").astype(str)
    return frame


def load_scores(name: str) -> pd.DataFrame:
    """A bundled table as scores, one row a metric, whatever its own shape.

    Parameters
    ----------
    name : str
        As listed by `tables`.

    Returns
    -------
    pandas.DataFrame
        As `load_table`, where the table has a column ``metric``. The tables of models trained for this book have a column a
        metric and a row a seed: for them ``family, task, params, metric, score, n``, the mean over seeds.

    Raises
    ------
    UnknownNameError, TableError
        As `read_csv_text`.

    Examples
    --------
    >>> scores = load_scores("ladder")
    >>> sums = scores[(scores["task"] == "addition, length 5") & (scores["family"] == "ladder")]
    >>> sums[sums["metric"] == "exact_match"]["score"].round(3).tolist()[-3:]
    [0.734, 0.94, 0.943]
    """
    frame = load_table(name)
    if "metric" in frame or "seed" not in frame:
        return frame
    about = ("run", "task", "length", "params", "seed", "n")
    tidy = frame.melt(
        [c for c in about if c in frame], var_name="metric", value_name="score"
    ).dropna(subset="score")
    tidy["task"] += ", length " + tidy["length"].astype(str)
    tidy["family"] = tidy.get("run", name)
    by = tidy.groupby(["family", "task", "params", "metric"], sort=False)
    return by.agg(score=("score", "mean"), n=("n", "max")).reset_index()
