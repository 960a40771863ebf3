"""Scores from a file of one's own, and series of scores over scale in any table.

A file is a CSV with a header and one row for each model, task and metric:

===========  =========================================================================
column       meaning
===========  =========================================================================
``task``     name of the task
``params``   scale, > 0: number of parameters (or training compute: one kind in a file)
``metric``   name of the metric
``score``    the score, a finite number
``n``        optional: number of test items behind the score
``family``   optional: models of different families are never joined to one curve
``setting``  optional: few-shot, zero-shot and the like
``model``    optional: name of the model, for messages
``direction``  optional: ``higher`` or ``lower``, which scores are good; needed for a metric
             whose name is not among this book's or the usual ones
===========  =========================================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from ..curves import Curve
from ..errors import FieldError, require
from ..metrics import METRICS

__all__ = ["COLUMNS", "ScoreFileError", "Series", "read_scores", "series"]

COLUMNS = ("family", "task", "setting", "model", "params", "metric", "direction", "score", "n")
_REQUIRED = ("task", "params", "metric", "score")
_KEY = ["family", "task", "setting", "metric"]

# Names under which evaluation programs report scores, beside those of `METRICS`.
_USUAL = {
    "higher": {
        "accuracy",
        "acc",
        "acc_norm",
        "em",
        "exact_str_match",
        "f1",
        "mc1",
        "mc2",
        "pass@1",
    },
    "lower": {"bpb", "brier_score", "cross_entropy", "loss", "nll", "perplexity", "ppl"},
}


class ScoreFileError(ValueError):
    """A file of scores cannot be read at all; the message names it and says why."""


class Series(NamedTuple):
    """One curve of a table and what it is about.

    Attributes
    ----------
    family, task, setting, metric : str
    direction : {"higher", "lower"}
    proportion : bool
        Scores are shares of n items right, so that counts are binomial.
    curve : Curve
        Score against scale.
    """

    family: str
    task: str
    setting: str
    metric: str
    direction: Literal["higher", "lower"]
    proportion: bool
    curve: Curve


def read_scores(path: str | PathLike[str]) -> pd.DataFrame:
    """Read a file of scores; see the module's text for its columns.

    Parameters
    ----------
    path : path-like
        A CSV file in UTF-8 (a byte-order mark is allowed).

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS` in that order, then any others of the file as text. Absent text is ``""``,
        an absent n is nan. Rows keep the file's order.

    Raises
    ------
    ScoreFileError
        If the file cannot be read as a CSV table, or has no rows.
    FieldError
        Naming column, line and value: a missing column, a number that is none, a score twice for
        one family, task, setting, metric and scale.
    """
    path = Path(path)
    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise ScoreFileError(f"{path}: there is no such file") from None
    except pd.errors.EmptyDataError:
        raise ScoreFileError(f"{path}: the file is empty") from None
    except (pd.errors.ParserError, UnicodeDecodeError, OSError) as error:
        raise ScoreFileError(f"{path}: not a CSV table in UTF-8 ({error})") from None
    raw.columns = [str(c).strip() for c in raw.columns]
    if not isinstance(raw.index, pd.RangeIndex):
        raise ScoreFileError(f"{path}: rows have more cells than the header has names")
    require(not raw.columns.duplicated().any(), "columns", list(raw.columns), "each name once")
    for name in _REQUIRED:
        require(name in raw.columns, "columns", list(raw.columns), f"a column {name!r}")
    if raw.empty:
        raise ScoreFileError(f"{path}: a header and no rows")
    frame = pd.DataFrame(index=raw.index)
    for name in COLUMNS:
        frame[name] = raw[name].str.strip() if name in raw.columns else ""
    frame["params"] = _numbers(frame["params"], low=0)
    frame["score"] = _numbers(frame["score"])
    frame["n"] = _numbers(frame["n"], low=0, whole=True, optional=True)
    for name in ("task", "metric"):
        _refuse(frame[name], frame[name] == "", "a name")
    odd = ~frame["direction"].isin(["", "higher", "lower"])
    _refuse(frame["direction"], odd, "'higher', 'lower' or nothing")
    twice = frame.duplicated([*_KEY, "params"])
    _refuse(frame["params"], twice, "one score for a family, task, setting, metric and scale")
    rest = [c for c in raw.columns if c not in COLUMNS]
    return pd.concat([frame, raw[rest]], axis=1)


def _refuse(column: pd.Series, wrong: pd.Series, expected: str) -> None:
    if wrong.any():
        row = wrong.idxmax()
        raise FieldError(str(column.name), column[row], expected, where=f", line {row + 2}")


def _numbers(
    text: pd.Series, *, low: float | None = None, whole: bool = False, optional: bool = False
) -> pd.Series:
    values = pd.to_numeric(text, errors="coerce").astype(float)
    wrong = ~np.isfinite(values)
    if optional:
        wrong &= text != ""
    expected = f"a finite {'whole ' if whole else ''}number"
    if low is not None:
        wrong |= values <= low
        expected += f" > {low:g}"
    if whole:
        wrong |= values.notna() & (values != values.round())
    _refuse(text, wrong, expected)
    return values


def series(frame: pd.DataFrame, *, family: str = "") -> Iterator[Series]:
    """Every curve of a table, in the table's order.

    Parameters
    ----------
    frame : pandas.DataFrame
        As from `read_scores` or `mirage_utils.evals.load_table`.
    family : str
        Name of the family where the table has no such column.

    Yields
    ------
    Series

    Raises
    ------
    FieldError
        If a metric's direction is neither known nor given, or is given differently within a curve.
    """
    frame = frame.copy()
    for name, value in (("family", family), ("setting", ""), ("direction", ""), ("n", np.nan)):
        if name not in frame.columns:
            frame[name] = value
    for key, rows in frame.groupby(_KEY, sort=False):
        rows = rows.sort_values("params")
        name = str(key[3])
        given = set(rows["direction"]) - {""}
        require(len(given) <= 1, "direction", sorted(given), f"one direction for {name}")
        direction = given.pop() if given else _direction(name)
        n = None if rows["n"].isna().any() else rows["n"].to_numpy()
        score = rows["score"].to_numpy()
        within = bool(((score >= 0) & (score <= 1)).all())
        proportion = n is not None and within and (name not in METRICS or METRICS[name].binary)
        ends = (0.0, 1.0) if within else (-np.inf, np.inf)
        curve = Curve(
            rows["params"].to_numpy(), score, n, ends, " ".join(map(str, key[1:3])).strip()
        )
        yield Series(*map(str, key), direction, proportion, curve)


def _direction(metric: str) -> Literal["higher", "lower"]:
    if metric in METRICS:
        return METRICS[metric].direction
    for direction, names in _USUAL.items():
        if metric.lower() in names:
            return direction
    raise FieldError(
        "metric", metric, "a metric of this book or of usual name, or a column 'direction'"
    )
