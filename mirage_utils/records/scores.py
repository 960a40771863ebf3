"""Series of scores over scale in any table of scores, whatever file it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from ..curves import Curve
from ..errors import FieldError, require
from .identity import UnknownModelError
from .reading import read, read_folder
from .schema import EvalFileError, Reading, direction_of, is_share

__all__ = ["Series", "as_fractions", "condition", "read_scores", "series"]

_KEY = ["family", "task", "setting", "shots", "metric"]


class Series(NamedTuple):
    """One curve of a table and what it is about.

    Attributes
    ----------
    family, task, setting, metric : str
        The number of shots, where it is known, is part of the setting.
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


def read_scores(
    path: str | PathLike[str], *, params: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """The scores of a file, or of all files of a folder, each with its model's size.

    Parameters
    ----------
    path : path-like
        As for `mirage_utils.records.read`; a folder is read whole, and its files of other kinds are
        passed over.
    params : mapping of str to float, optional
        Sizes of models that are not in the table ``models``.

    Returns
    -------
    pandas.DataFrame
        As `mirage_utils.records.Reading.scores`.

    Raises
    ------
    EvalFileError
        If the file cannot be read, or no file of the folder can.
    UnknownModelError
        If a model's size is not known.
    """
    path = Path(path)
    if path.is_dir():
        readings = [r for r in read_folder(path, params=params) if isinstance(r, Reading)]
        if not readings:
            raise EvalFileError(path, "no file in this folder is of a known format")
    else:
        readings = [read(path, params=params)]
    for reading in readings:
        for name in reading.unknown_models:
            raise UnknownModelError(
                "model",
                name,
                f"a known model in {reading.path}, or its size: params={{{name!r}: ...}}",
            )
    # Programs write the average beside the samples that it is the average of: the file that reports
    # it counts, and means over samples fill in where there is none.
    reported = [r.scores for r in readings if len(r.scores) and not len(r.records)]
    averaged = [r.scores for r in readings if len(r.scores) and len(r.records)]
    require(
        bool(reported or averaged), "scores", str(path), "a file with scores, not ungraded answers"
    )
    whole = pd.concat([*reported, *averaged], ignore_index=True)
    from_samples = np.arange(len(whole)) >= sum(map(len, reported))
    again = whole.duplicated(["model", "task", "setting", "metric"])
    return whole[~(again & from_samples)].reset_index(drop=True)


def as_fractions(scores: pd.DataFrame) -> pd.DataFrame:
    """A table of scores in which those that a column ``per_cent`` says to be in per cent are fractions."""
    if "per_cent" not in scores.columns:
        return scores
    per_cent = scores["per_cent"].eq(True)  # nan is no
    return scores.assign(score=scores["score"].where(~per_cent, scores["score"] / 100))


def condition(setting: str, shots: float) -> str:
    """A setting with its number of shots, where that is known (not nan)."""
    return setting if np.isnan(shots) else ", ".join(filter(None, (setting, f"{shots:.0f}-shot")))


def series(frame: pd.DataFrame, *, family: str = "") -> Iterator[Series]:
    """Every curve of a table, in the table's order.

    Parameters
    ----------
    frame : pandas.DataFrame
        As from `read_scores` or `mirage_utils.tables.load_table`.
    family : str
        Name of the family where the table has no such column.

    Yields
    ------
    Series

    Raises
    ------
    FieldError
        If a metric's direction is neither known nor given, or is given differently within a curve; or
        if a size is not known.
    """
    for name in ("params", "task", "metric", "score"):
        require(name in frame.columns, "columns", list(frame.columns), f"a column {name!r}")
    frame = as_fractions(frame).copy()
    defaults = (
        ("family", family),
        ("setting", ""),
        ("direction", ""),
        ("n", np.nan),
        ("shots", np.nan),
    )
    for name, value in defaults:
        if name not in frame.columns:
            frame[name] = value
    sized = frame["params"].notna()
    if not sized.all():
        row = frame[~sized].iloc[0]
        raise FieldError(
            "params", float("nan"), "a size", where=f" of {row.get('model', row['task'])}"
        )
    for key, rows in frame.groupby(_KEY, sort=False, dropna=False):
        rows = rows.sort_values("params")
        name = str(key[4])
        setting = condition(str(key[2]), key[3])
        given = set(rows["direction"]) - {""}
        require(len(given) <= 1, "direction", sorted(given), f"one direction for {name}")
        direction = given.pop() if given else direction_of(name)
        if not direction:
            raise FieldError(
                "metric", name, "a metric of this book or of usual name, or a column 'direction'"
            )
        twice = rows[rows["params"].duplicated(keep=False)]
        if len(twice):
            models = list(map(str, twice.get("model", twice["params"]).unique()))
            where = f"{key[0] or 'a table'} on {key[1]}"
            if len(models) == 1 and "source" in twice:
                files = ", ".join(map(str, twice["source"].unique()[:3]))
                why = (
                    f"one score of {models[0]} in {where}: it stands {len(twice)} times, in {files}"
                )
            else:
                why = (
                    f"one model of a size in {where}, not {', '.join(models[:3])}: give them "
                    "different families or settings"
                )
            raise FieldError("params", float(twice["params"].iloc[0]), why)
        n = None if rows["n"].isna().any() else rows["n"].to_numpy()
        score = rows["score"].to_numpy()
        within = bool(((score >= 0) & (score <= 1)).all())
        # A metric of unknown name is taken for a share of items where it can be one.
        proportion = n is not None and within and (is_share(name) or not direction_of(name))
        ends = (0.0, 1.0) if within else (-np.inf, np.inf)
        title = " ".join(filter(None, (str(key[1]), setting)))
        curve = Curve(rows["params"].to_numpy(), score, n, ends, title)
        yield Series(str(key[0]), str(key[1]), setting, name, direction, proportion, curve)
