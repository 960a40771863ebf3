"""One side of a comparison: the records of files, of which runs and scales count, and of which network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import DataError, FieldError, UnknownNameError
from ..records.all_files import scores_of_parts, without_copies
from ..records.filling import fill
from ..records.gathering import passed_over
from ..records.keys import numbered
from ..records.one_file import KEY, Part
from ..records.options import Options
from ..records.precedence import Made, settled
from ..records.reading import files_below, stream
from ..records.rows import GROUP
from ..records.schema import EvalFileError, direction_of
from ..records.wording import distinct, several

__all__ = ["NotPairedError", "Read", "Side", "read_side", "side_of"]


class NotPairedError(DataError, ValueError):
    """Two sides are not about the same items in the same way; the message says what differs, and which option helps."""


_CELL = ["model", "task", "setting", "shots", "run", "source", "metric"]
"""Columns of a record that say of which run it is, and by which metric."""
_ROWS = [*GROUP, "metric", "direction", "item", "epoch", "target", "score"]
_MORE = ("cluster", "asked")
"""Columns that are not always there."""


@dataclass(frozen=True)
class Read:
    """What stands in a file or folder, as far as it can be compared.

    Attributes
    ----------
    path : str
    records : pandas.DataFrame
        One row an item, run, epoch and metric: columns ``model, task, setting, shots, run, source, metric, direction,
        item, epoch, target, score`` and perhaps ``cluster`` and ``asked``; ``score`` nan, and ``metric`` ``""``, of what is not graded.
    reported : pandas.DataFrame
        Scores that stand there without their items.
    conditions : mapping of str to str
        By source and task, what else answers depend on.
    fields : tuple of str
        By what items may be clustered.
    refused : tuple of (str, str)
    notes : tuple of str
    about : mapping of str to set of str
        Networks by source.
    """

    path: str
    records: pd.DataFrame = field(repr=False)
    reported: pd.DataFrame = field(repr=False)
    conditions: dict[tuple[str, str], str] = field(repr=False)
    fields: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    about: dict[str, set[str]] = field(repr=False)

    @property
    def models(self) -> list[str]:
        """Networks with records, or else with scores."""
        return distinct((self.records if len(self.records) else self.reported)["model"])


@dataclass(frozen=True)
class Side:
    """The records of one network.

    Attributes
    ----------
    label : {"A", "B"}
    model, path : str
    records : pandas.DataFrame
        As in `Read`.
    read : Read
    """

    label: str
    model: str
    path: str
    records: pd.DataFrame = field(repr=False)
    read: Read = field(repr=False)

    @property
    def notes(self) -> list[str]:
        """What is to be told of its files, and not of those of other networks."""
        others = [s for s, models in self.read.about.items() if self.model not in models]
        return [n for n in self.read.notes if not n.startswith(tuple(f"{s}:" for s in others))]


def read_side(
    path: str | PathLike[str] | pd.DataFrame,
    options: Options,
    progress: Callable[[Iterable[Any], int], Iterable[Any]] | None = None,
) -> Read:
    """Read a file or every file of a folder.

    Parameters
    ----------
    path : path-like or pandas.DataFrame
        A table in memory has the columns `mirage_utils.records.RECORDS`.
    options : Options
    progress : callable, optional
        Wraps the files, ``progress(files, number)``.

    Raises
    ------
    FieldError
        If there is no such file or folder.
    EvalFileError
        If no file could be read.
    """
    if isinstance(path, pd.DataFrame):
        found = _Found(options)
        found.keep("memory", _frame(path, options))
        return found.whole("memory", [])
    root = Path(path)
    if not root.exists():
        raise FieldError("path", str(root), "a file or folder that exists")
    files = files_below(root) if root.is_dir() else [root]
    if not files:
        raise FieldError("path", str(root), "a folder with files in it")
    found = _Found(options)
    for file in files if progress is None else progress(files, len(files)):
        found.add(file)
    if not found.parts:
        reasons = "; ".join(f"{Path(name).name}: {why}" for name, why in found.refused[:3])
        raise EvalFileError(root, f"none of {len(files)} files could be read ({reasons})")
    passed = passed_over(root, files) if root.is_dir() else []
    return found.whole(str(root), passed)


def _frame(records: pd.DataFrame, options: Options) -> pd.DataFrame:
    """A table in memory, as a file would give it."""
    missing = [c for c in ("model", "task", "item", "metric", "score") if c not in records]
    if missing:
        raise FieldError(
            "records", list(records.columns)[:8], f"columns {', '.join(missing)} besides"
        )
    by = options.cluster_by
    more = {"cluster": records[by].astype(object)} if by and by in records else {}
    if "asked" in records:
        more["asked"] = records["asked"].astype(object)
    whole = records.reindex(columns=dict.fromkeys((*_ROWS, *records.columns)))
    for name in ("family", "task", "setting", "run", "direction", "model", "metric"):
        whole[name] = whole[name].astype(object).where(whole[name].notna(), "").astype(str)
    whole["item"] = whole["item"].astype(str)
    whole["epoch"] = whole["epoch"].astype(float).fillna(1.0)
    whole["score"] = whole["score"].astype(float)
    whole["metric"] = whole["metric"].where(whole["score"].notna(), "")
    fill(whole, options)
    blank = whole["direction"] == ""
    whole.loc[blank, "direction"] = whole.loc[blank, "metric"].map(direction_of)
    return whole.assign(source="memory", **more)[[*_ROWS, *more]]


class _Found:
    """Files one after the other."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.parts: list[Part] = []
        self.frames: dict[str, pd.DataFrame] = {}
        self.conditions: dict[tuple[str, str], str] = {}
        self.fields: dict[str, None] = {}
        self.refused: list[tuple[str, str]] = []

    def add(self, path: Path) -> None:
        """Read one file whole, or note why it is not."""
        part, frames = Part(str(path)), []
        fields: dict[str, None] = {}
        notes: dict[str, None] = {}
        try:
            for reading in stream(path, batch=_BATCH, **vars(self.options)):
                if len(reading.records):
                    rows = [*_ROWS, *(c for c in _MORE if c in reading.records)]
                    frames.append(reading.records[rows].assign(source=str(path)))
                if len(reading.scores):
                    part.reported.append(reading.scores)
                made = part.made
                part.made = Made(
                    made.ended and reading.ended, max(made.time, reading.time), {**made.conditions, **reading.conditions}
                )  # fmt: skip
                part.identifier = part.identifier or reading.identifier
                notes |= dict.fromkeys(n for n in reading.notes if not n.startswith(_SIZE))
                fields |= dict.fromkeys(reading.fields)
        except EvalFileError as error:
            self.refused.append((str(path), str(error).removeprefix(str(path)).lstrip(",: ")))
            return
        part.notes = tuple(notes)
        self.fields |= fields
        if frames:
            self.keep(
                str(path),
                pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0],
                part,
            )
        else:
            self.parts.append(part)

    def keep(self, path: str, frame: pd.DataFrame, part: Part | None = None) -> None:
        """Take in the records of one file."""
        part = part or Part(path)
        self.frames[path] = frame.reset_index(drop=True)
        part.sums, part.records = _sums(self.frames[path]), len(frame)
        self.parts.append(part)

    def whole(self, path: str, passed: Sequence[str]) -> Read:
        """All of them, without copies and without runs that do not count."""
        parts, copied = without_copies(self.parts)
        notes = [*passed, *(f"{p.path}: {note}" for p in parts for note in p.notes), *copied]
        reported = [table for p in parts for table in p.reported]
        frames = [self.frames[p.path] for p in parts if p.path in self.frames]
        conditions = {(p.path, t): said for p in parts for t, said in p.made.conditions.items()}
        records = pd.DataFrame(columns=_ROWS)
        if frames:
            sampled = [_with(p, reported=[]) for p in parts if p.path in self.frames]
            records, decided = _counting(frames, sampled, self.options)
            notes += decided
        about = {p.path: {str(model) for model, _ in p.about} for p in parts}
        scores = pd.concat(reported, ignore_index=True) if reported else pd.DataFrame(columns=["model", "task", "metric", "score", "n"])  # fmt: skip
        return Read(
            path, records, scores, conditions, tuple(self.fields), tuple(self.refused), tuple(dict.fromkeys(notes)), about
        )  # fmt: skip


_BATCH = 1_000_000
_SIZE = "size not known:"
"""How a note begins that matters to curves only."""


def _with(part: Part, **changed: Any) -> Part:
    return Part(**{**vars(part), **changed})


def _sums(records: pd.DataFrame) -> pd.DataFrame:
    """Number of items and sum of their scores, by run and metric, as `scores_of_parts` takes them."""
    graded = records[np.isfinite(records["score"].to_numpy(float))]
    number, groups = numbered(graded, [*GROUP, "metric", "direction"])
    item = pd.factorize(graded["item"].astype(object))[0] if len(graded) else np.zeros(0, np.int64)
    of_item = pd.Series(graded["score"].to_numpy(float)).groupby([number, item]).mean()
    each = of_item.groupby(level=0)
    made = groups.assign(
        graded="file", n=each.size().to_numpy(float), total=each.sum().to_numpy(float),
        squares=(of_item**2).groupby(level=0).sum().to_numpy(float), skill=0.0, skill_squares=0.0, skilled=-1.0,
        file_right=0.0, agree=0.0,
    )  # fmt: skip
    return made[[*KEY, *(c for c in made.columns if c not in KEY)]]


def _counting(
    frames: Sequence[pd.DataFrame], parts: Sequence[Part], options: Options
) -> tuple[pd.DataFrame, list[str]]:
    """The records that count, each under its setting and on its scale, and notes on every decision."""
    records = pd.concat(list(frames), ignore_index=True) if len(frames) > 1 else frames[0]
    parts = [p for p in parts if len(p.sums)]
    number, cells = numbered(records, _CELL)
    if not parts:
        return records, []
    scores = scores_of_parts(parts)
    scores = scores.assign(
        written=scores["setting"], named=scores["metric"], before=scores["score"]
    )
    kept, notes = settled(scores, {p.path: p.made for p in parts}, options)
    kept = kept.drop_duplicates(["model", "task", "written", "shots", "run", "source", "named"])
    both = cells.rename(columns={"setting": "written", "metric": "named"}).merge(
        kept[["model", "task", "written", "shots", "run", "source", "named", "setting", "metric", "direction", "score", "before"]],
        on=["model", "task", "written", "shots", "run", "source", "named"], how="left", validate="one_to_one",
    )  # fmt: skip
    # Items that nobody graded stay with the runs that count, or where no run was graded.
    run = ["model", "task", "written", "shots", "run", "source"]
    setting = both.groupby(run, dropna=False, sort=False)["setting"].transform("first")
    of_task = [both[name] for name in ("model", "task", "shots")]
    graded = (both["named"] != "").groupby(of_task, dropna=False).transform("any")
    setting = setting.where(graded, both["written"])
    bare = (both["named"] == "") & setting.notna()
    both["setting"] = both["setting"].where(~bare, setting)
    both["metric"] = both["metric"].where(~bare, "")
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = both["score"].to_numpy(float) / both["before"].to_numpy(float)
    ratio = np.where(np.isfinite(ratio), ratio, 1.0)
    ratio, undone = _fractions_already(records, number, cells, ratio, options)
    notes = [*notes, *undone]
    counts = both["setting"].notna().to_numpy()[number]
    records, number = records[counts], number[counts]
    for name in ("setting", "metric"):
        records = records.assign(**{name: pd.Categorical(both[name]).take(number)})
    said = both["direction"].fillna("").to_numpy(object)
    records = records.assign(
        direction=pd.Categorical(said).take(number),
        score=records["score"].to_numpy(float) * ratio[number],
    )
    # What is said of families and sizes is about curves.
    return records.reset_index(drop=True), [n for n in notes if not n.startswith(_FAMILY)]


def _fractions_already(
    records: pd.DataFrame, number: NDArray[np.int64], cells: pd.DataFrame, ratio: NDArray[np.float64], options: Options
) -> tuple[NDArray[np.float64], list[str]]:  # fmt: skip
    """Do not divide by 100 what a user calls per cent, of networks of which a file has no score of an item above 1."""
    if not options.percent or not (ratio < 0.1).any():
        return ratio, []
    of_cell = pd.Series(records["score"].to_numpy(float)).groupby(number).max()
    column = [cells[name].astype(str) for name in ("source", "model", "metric")]
    most = of_cell.reindex(range(len(cells))).groupby(column).transform("max").to_numpy()
    kept = (ratio < 0.1) & (most <= 1)
    notes = [
        f"{source}: {metric} of {model} is nowhere above 1, so it is not divided by 100, whatever --percent says"
        for source, model, metric in dict.fromkeys(zip(*(c[kept] for c in column), strict=True))
    ]
    return np.where(kept, 1.0, ratio), notes


_FAMILY = ("no family is known", "families told by")


def side_of(read: Read, label: str, wanted: str) -> Side:
    """One network of what was read.

    Parameters
    ----------
    read : Read
    label : {"A", "B"}
    wanted : str
        Its name, or the end of it after a ``/``; ``""`` for the only one.

    Raises
    ------
    NotPairedError
        If there are several and none is named, or no records.
    UnknownNameError
        If there is none of that name.
    """
    models = read.models
    if not models and read.notes:
        raise NotPairedError(f"{read.path}: no score counts: {'; '.join(read.notes[:3])}")
    if wanted:
        fits = [m for m in models if m == wanted] or [m for m in models if m.endswith(f"/{wanted}")]
        if len(fits) != 1:
            known = f"one of the models of {read.path}: {several([m or '(no name)' for m in models], 20)}"
            none = f"none, since {read.path} names no model (--column NAME=model says which column does)"
            raise UnknownNameError("models", wanted, known if any(models) else none)
        model = fits[0]
    elif len(models) > 1:
        names = " ".join(repr(m) for m in models[:2])
        raise NotPairedError(
            f"{read.path}: {len(models)} models ({several([m or '(no name)' for m in models])}), and {label} has to be one: "
            f"say which are compared (--models {names}), or give the path of one; if they are one model, --rename or "
            "--replicate-by says so"
        )
    else:
        model = models[0] if models else ""
    records = read.records[read.records["model"] == model] if len(read.records) else read.records
    if not len(records):
        about = f" of {model}" if model else ""
        why = "; ".join(f"{Path(name).name}: {reason}" for name, reason in read.refused[:2])
        if why:
            more = f", and {len(read.refused) - 2:,} more" if len(read.refused) > 2 else ""
            raise NotPairedError(
                f"{read.path}: no score of an item could be read ({why}{more}); the rest are scores of whole tasks{about}"
            )
        raise NotPairedError(
            f"{read.path}: only scores of whole tasks{about}, and a comparison needs one score an item: samples of "
            "lm-evaluation-harness (--log_samples), a log of Inspect, or a table with a row an item"
        )
    return Side(label, model, read.path, records.reset_index(drop=True), read)
