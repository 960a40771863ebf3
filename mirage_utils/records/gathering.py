"""From files of results to one table of scores: in batches, on one machine or on a cluster.

What is kept of a batch of records are sums for each model, task and metric, so that memory is that of
one batch and of the table of scores, however many records there are. Answers and log-probabilities
are graded by every metric of the book that can grade them, so that the same outputs stand under the
harsh metric and under gentler ones.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain, repeat
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .._cluster import client
from ..errors import require, shown
from ..metrics.columnar import METRICS_OF_TEXT
from .files import followed
from .grading import CHOICES
from .identity import Network, called
from .keys import hashes
from .options import Options
from .precedence import Made, settled
from .reading import files_below, stream
from .schema import EvalFileError, direction_of
from .summing import EXPECTED, GROUP, LENGTH_GROUP, LIKELIHOOD, epochs, graded_sums

__all__ = ["EXPECTED", "FAULT", "LIKELIHOOD", "Gathered", "gather", "tabulate"]

FAULT = "not read, by a fault of this program:"
"""How the reason begins where a file is not at fault."""

_KEY = [*GROUP, "metric", "direction", "graded"]
_LENGTH_KEY = [*LENGTH_GROUP, "length"]
_COUNTS = ["file_right", "agree"]
_WHOLE = 2**62
"""Rows of a batch that holds any file."""
_COLUMNS = [*_KEY, "n", "score", "deviation", "skill", "skill_error", *_COUNTS]
_SAID = ["is_group", "per_cent_known", "one_scale", "stderr", "time"]
"""What readers say of scores, besides."""
_MERGE = 64
"""Batches whose sums are held apart."""


@dataclass(frozen=True)
class Gathered:
    """What stood in the files.

    Attributes
    ----------
    scores : pandas.DataFrame
        One row a model, task, setting, shots, metric and source: the columns of
        `mirage_utils.records.schema.SCORES`, and ``graded`` (``"file"``: the program's own score,
        ``"here"``: by this book from the outputs), ``deviation`` (standard deviation over items; nan
        without records), ``skill`` and ``skill_error``: by how much, in the metric's own direction, the
        outputs fit their own items better than they fit others of the same task, with its standard
        error. A model that knows nothing about the items has a skill of zero under every metric,
        however it guesses and however sure it is.
    lengths : pandas.DataFrame
        Exact match by length of the target in characters: ``family, model, params, task, setting,
        shots, length, n, right``.
    files, records : int
        How many were read.
    refused : tuple of (str, str)
        Files that could not be read, and why. Nothing of them is in the tables.
    notes : tuple of str
        What was left out of files that were read.
    unknown_models : tuple of str
        Models without a size, which are on no curve.
    """

    scores: pd.DataFrame = field(repr=False)
    lengths: pd.DataFrame = field(repr=False)
    files: int
    records: int
    refused: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    unknown_models: tuple[str, ...]


@dataclass
class _Part:
    """The sums of one file."""

    path: str
    sums: pd.DataFrame = field(default_factory=pd.DataFrame)
    lengths: pd.DataFrame = field(default_factory=pd.DataFrame)
    reported: list[pd.DataFrame] = field(default_factory=list)
    records: int = 0
    refused: str = ""
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    made: Made = field(default_factory=Made)
    identifier: str = ""

    @property
    def numbers(self) -> frozenset:
        """The scores and sums that stand in it."""
        tables = [(t, ["task", "metric", "score", "n"]) for t in self.reported]
        tables += [(self.sums, ["task", "metric", "total", "n"])] if len(self.sums) else []
        return frozenset(
            row for t, c in tables for row in t[c].astype(str).itertuples(index=False, name=None)
        )

    @property
    def about(self) -> frozenset:
        """The models and tasks of which the file has scores."""
        names = ["model", "task"]
        tables = [t for t in (self.sums, *self.reported) if len(t)]
        return frozenset(
            row for t in tables for row in t[names].astype(str).itertuples(index=False, name=None)
        )


def gather(
    path: str | PathLike[str],
    *,
    seed: int = 0,
    batch: int = 200_000,
    cluster: str | None = None,
    jobs: int = 1,
    progress: Callable[[Iterable[Any], int], Iterable[Any]] | None = None,
    **options: Any,
) -> Gathered:
    """Read a file, or every file below a folder, into tables of scores.

    Parameters
    ----------
    path : path-like
        Files of any kind that `mirage_utils.records.read` knows. Links are not followed.
    seed : int
        Of the pairing of outputs with other items, for the skill.
    batch : int
        Records held at a time; see `mirage_utils.records.stream`.
    cluster : str, optional
        Address of a Dask scheduler whose workers read the files, which they must all see; ``"local"``
        starts one here. The result is the same.
    jobs : int
        Workers of a local cluster.
    progress : callable, optional
        Wraps the steps as they are done, ``progress(iterable, number)``: a file, or 16 MiB of a larger one.
    **options
        As for `mirage_utils.records.read`.

    Raises
    ------
    FieldError
        If the path does not exist, or an argument is out of range.
    EvalFileError
        If no file could be read; the message gives the first reasons.
    """
    root = Path(path)
    require(root.exists(), "path", str(root), "a file or folder that exists")
    require(isinstance(batch, int) and batch >= 1, "batch", batch, "a whole number >= 1")
    require(isinstance(jobs, int) and jobs >= 1, "jobs", jobs, "a whole number >= 1")
    said = Options.given(options)
    if cluster not in (None, "local"):
        root = root.absolute()  # its workers may have been started in another folder
    files = files_below(root) if root.is_dir() else [root]
    require(len(files) > 0, "path", str(root), "a folder with files in it")
    passed = _passed_over(root, files) if root.is_dir() else []
    work = [(str(file), seed, batch, options) for file in files]
    parts: list[_Part] = []
    with _runner(cluster, jobs) as run:
        steps = _steps(run(work), parts, list(map(_size, files)))
        number = sum(map(_size, files))
        for _ in steps if progress is None else progress(steps, number):
            pass
    whole = _whole(parts, said, passed)
    if not whole.files:
        reasons = "; ".join(f"{Path(name).name}: {why}" for name, why in whole.refused[:3])
        raise EvalFileError(root, f"none of {len(parts)} files could be read ({reasons})")
    return whole


def _whole(parts: Sequence[_Part], options: Options, passed: Sequence[str] = ()) -> Gathered:
    refused = tuple((p.path, p.refused) for p in parts if p.refused)
    files = len(parts) - len(refused)
    parts, copied = _without_copies(parts)
    lengths = _merged([p.lengths for p in parts], _LENGTH_KEY)
    scores, lengths, left = _guarded(_scores(parts), lengths)
    unmatched = _unmatched(scores, options)
    scores = scores.assign(written=scores["setting"])
    scores, decided = settled(scores, {p.path: p.made for p in parts}, options)
    lengths = _counted(lengths, scores)
    notes = [f"{p.path}: {note}" for p in parts for note in p.notes]
    return Gathered(
        scores[[*_COLUMNS, "from_records"]], lengths, files, sum(p.records for p in parts), refused,
        (*passed, *notes, *unmatched, *copied, *left, *decided), tuple(sorted({name for p in parts for name in p.unknown})),
    )  # fmt: skip


def _unmatched(scores: pd.DataFrame, options: Options) -> list[str]:
    """A note on each option that says something of what is not there."""
    read = {c: {str(name) for name in scores[c].unique()} for c in ("model", "task", "metric")}
    models = read["model"] | {Network.parse(name).base for name in read["model"]}
    metrics, tasks = read["metric"], read["task"]
    said = [
        *(("params", n, "model") for n in options.params if {n, options.rename.get(n, n)}.isdisjoint(models)),
        *(("family", n, "model") for n in options.family if not any(fnmatchcase(m, n) for m in models)),
        *(("rename", n, "model") for n, other in options.rename.items() if other not in models),
        *(("direction", n, "metric") for n in options.direction if n not in metrics),
        *(("wide", n, "column") for n in options.wide if n not in tasks),
    ]  # fmt: skip
    if options.replicate_by and not (scores["run"] != "").any():
        said += [
            ("replicate_by", n, "column and no part of a model's name")
            for n in options.replicate_by
        ]
    named = {
        "model": called(options.model, options),
        "task": options.task,
        "metric": options.metric,
    }
    return [
        *(
            f"{option}: {shown(name)} changes nothing: all that was read names its own {option}"
            for option, name in named.items()
            if name and name not in read[option]
        ),
        *(
            f"{option}: {shown(name)} is no {what} that was read: it changes nothing"
            for option, name, what in said
        ),
    ]


def tabulate(
    records: pd.DataFrame | None = None,
    scores: pd.DataFrame | None = None,
    *,
    seed: int = 0,
    **options: Any,
) -> Gathered:
    """The same of tables that are in memory.

    Parameters
    ----------
    records, scores : pandas.DataFrame, optional
        Columns `mirage_utils.records.RECORDS` and `SCORES`, as in a `mirage_utils.records.Reading`.
    seed, **options
        As for `gather`.
    """
    said = Options.given(options)
    part = _Part("memory")
    if records is not None and len(records):
        part.sums, part.lengths, left = graded_sums(records, seed)
        part.records, part.notes = len(records), _told(left)
    if scores is not None and len(scores):
        part.reported = [scores]
    return _whole([part], said)


@contextmanager
def _runner(cluster: str | None, jobs: int) -> Iterator[Callable[..., Iterator[int | _Part]]]:
    """What reads files, as `_part`, in order: here, or whole ones on the workers of a cluster."""
    if cluster is None:
        yield lambda work: chain.from_iterable(_part(*arguments) for arguments in work)
        return
    with client(cluster, jobs) as workers:

        def run(work: Sequence[tuple]) -> Iterator[_Part]:
            for future in [workers.submit(_last, _part, *a, pure=False) for a in work]:
                yield future.result()
                future.release()

        yield run


def _last(function: Callable[..., Iterable[Any]], *arguments: Any) -> Any:
    return deque(function(*arguments), maxlen=1).pop()


_STEP = 16 * 1024**2
"""Bytes of a file that are one step of progress; a smaller file is one."""


def _size(file: Path) -> int:
    """Steps of a file."""
    return max(1, math.ceil(file.stat().st_size / _STEP))


def _steps(
    events: Iterable[int | _Part], parts: list[_Part], sizes: Sequence[int]
) -> Iterator[None]:
    """A step for so many bytes read, as many of a file as it has; `parts` takes what was in the files."""
    taken = 0
    for event in events:
        size = sizes[len(parts)]
        if isinstance(event, _Part):
            parts.append(event)
            now = size
        else:
            now = max(taken, min(event // _STEP, size - 1))
        yield from repeat(None, now - taken)
        taken = 0 if isinstance(event, _Part) else now


def _passed_over(root: Path, read: Sequence[Path]) -> list[str]:
    """A note on links and hidden files, which are not read."""
    others = [p for p in root.rglob("*") if p.is_symlink() or p.is_file()]
    number = len(others) - len(read)
    return [f"{number:,} links and hidden files are not read"] if number > 0 else []


def _without_copies(parts: Sequence[_Part]) -> tuple[list[_Part], list[str]]:
    """Parts without copies of others, about the same models and tasks; a note on each.

    Copies are the same byte by byte, or one run, by the program's own identifier, with the same scores. Bytes
    or identifiers alone do not tell: a file of samples may leave it to its folder whose they are.
    """
    by_size: dict[int, list[_Part]] = {}
    for part in parts:
        file = Path(part.path)
        if not part.refused and file.is_file():
            by_size.setdefault(file.stat().st_size, []).append(part)
    first: dict[tuple, _Part] = {}
    copies: dict[int, str] = {}
    for alike in by_size.values():
        for part in alike if len(alike) > 1 else ():
            with open(part.path, "rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            original = first.setdefault((digest, part.about), part)
            if original is not part:
                said = f"{part.path}: the same, byte by byte, as {original.path}: it counts once"
                copies[id(part)] = said
    again: dict[tuple, _Part] = {}
    for part in parts:
        if part.identifier and id(part) not in copies:
            original = again.setdefault((part.identifier, part.about, part.numbers), part)
            if original is not part:
                said = (
                    f"{part.path}: the same run as {original.path}, written twice: it counts once"
                )
                copies[id(part)] = said
    return [p for p in parts if id(p) not in copies], list(copies.values())


# -- one file ------------------------------------------------------------------------------------


def _part(path: str, seed: int, batch: int, options: Mapping[str, Any]) -> Iterator[int | _Part]:
    """How many bytes have been read, again and again, and then the sums of the file.

    Or why it is refused: nothing of a file that breaks off counts.
    """
    found = _Part(path)
    try:
        with followed() as position:
            for _ in _read(found, seed, batch, options):
                yield position()
    except EvalFileError as error:
        found = _Part(path, refused=str(error).removeprefix(path).lstrip(",: "))
    except Exception as error:  # a fault of this program: said as such, and the others are read
        found = _Part(path, refused=f"{FAULT} {type(error).__name__}: {error}")
    yield found


def _read(found: _Part, seed: int, batch: int, options: Mapping[str, Any]) -> Iterator[None]:
    """Fill in the sums of a file, batch by batch."""
    notes: dict[str, None] = {}
    left: Counter[str] = Counter()
    unknown: dict[str, None] = {}
    summed: list[pd.DataFrame] = []
    lengths: list[pd.DataFrame] = []
    records, repeats, reported, made_by = 0, False, [], found.made
    seen = _Seen()
    for at, reading in enumerate(stream(found.path, batch=batch, **options)):
        notes |= dict.fromkeys(reading.notes)
        unknown |= dict.fromkeys(reading.unknown_models)
        if len(reading.records):
            repeats = repeats or bool((epochs(reading.records) != 1).any())
            fresh = seen.fresh(reading.records)
            if at and (repeats or seen.late):  # an item's answers may stand anywhere
                yield from _read(found, seed, _WHOLE, options)
                return
            made, counted, without = graded_sums(reading.records, seed, fresh)
            records += len(reading.records)
            summed.append(made)
            lengths.append(counted)
            left.update(without)
            if len(summed) >= _MERGE:
                summed, lengths = [_merged(summed, _KEY)], [_merged(lengths, _LENGTH_KEY)]
        if len(reading.scores):
            plain = reading.format.startswith("plain")
            reported.append(reading.scores.assign(one_scale=plain))
        made_by = Made(
            made_by.ended and reading.ended,
            max(made_by.time, reading.time),
            {**made_by.conditions, **reading.conditions},
        )
        found.identifier = found.identifier or reading.identifier
        yield
    found.sums, found.lengths = _merged(summed, _KEY), _merged(lengths, _LENGTH_KEY)
    found.records, found.reported, found.made = records, reported, made_by
    found.notes, found.unknown = (*notes, *_told(left)), tuple(unknown)


class _Seen:
    """Which answers were graded in earlier batches: under several metrics one stands in a file several times."""

    def __init__(self) -> None:
        self._metrics: set[str] = set()
        self._hashes: list[np.ndarray] = []
        self.late = False

    def fresh(self, records: pd.DataFrame) -> np.ndarray | None:
        """Rows of a batch whose answers are new; None if they all are.

        Answers that no metric names stand once. Where metrics begin only later in the file, those before
        were not kept, which `late` says: they have to be at hand together.
        """
        before, self._metrics = self._metrics, self._metrics | set(records["metric"].unique())
        if self._metrics == {""}:
            return None
        self.late = before == {""}
        found = hashes(records, _ANSWER)
        several = len(self._metrics) > 1 and self._hashes
        known = np.isin(found, np.concatenate(self._hashes)) if several else None
        self._hashes.append(found)
        return None if known is None or not known.any() else ~known


_ANSWER = ["model", "params", "task", "setting", "shots", "run", "epoch", "item"]


def _told(left: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(
        f"{n:,} item{'s have' if n > 1 else ' has'} {what}" for what, n in left.items() if n
    )


def _none(columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns))


def _merged(parts: Sequence[pd.DataFrame], keys: Sequence[str]) -> pd.DataFrame:
    parts = [p for p in parts if len(p)]
    if not parts:
        return _none(keys)
    whole = pd.concat(parts, ignore_index=True)
    return whole.groupby(list(keys), sort=False, dropna=False, observed=True).sum().reset_index()


# -- all files -----------------------------------------------------------------------------------


def _deviation(n: pd.Series, mean: pd.Series, squares: pd.Series) -> np.ndarray:
    """Standard deviation from sums; nan of a single value."""
    variance = (squares - n * mean**2).clip(lower=0) / (n - 1).clip(lower=1)
    return np.where(n > 1, np.sqrt(variance), np.nan)


def _scores(parts: Sequence[_Part]) -> pd.DataFrame:
    whole = _merged([p.sums for p in parts], _KEY)
    if len(whole):
        n = whole["n"]
        whole["score"] = whole["total"] / n
        whole["deviation"] = _deviation(n, whole["score"], whole["squares"])
        known = whole["skilled"] == n
        skill = whole["skill"] / n
        spread = _deviation(n, skill, whole["skill_squares"])
        whole["skill_error"] = np.where(known, spread / np.sqrt(n), np.nan)
        whole["skill"] = np.where(known, skill, np.nan)
        whole = whole.drop(columns=["total", "squares", "skill_squares", "skilled"])
        # What a file gives itself, if in another batch, is not computed again.
        which = whole.groupby([*GROUP, "metric"], sort=False, dropna=False).ngroup()
        own = whole["graded"] == "file"
        whole = whole[own | ~which.isin(which[own])].reset_index(drop=True)
        whole["from_records"] = True
    reported = [table for p in parts for table in p.reported]
    if reported:
        table = pd.concat(reported, ignore_index=True).reindex(
            columns=[*GROUP, "metric", "direction", "score", "n", *_SAID]
        )
        table["run"] = table["run"].fillna("")
        table["graded"] = "file"
        table["deviation"] = table["stderr"].astype(float) * np.sqrt(table["n"].astype(float))
        whole = pd.concat([f for f in (table, whole) if len(f)], ignore_index=True)
    whole = whole.reindex(columns=[*_COLUMNS, "from_records", *_SAID])
    blank = whole["direction"] == ""
    whole.loc[blank, "direction"] = whole.loc[blank, "metric"].map(direction_of)
    for name in ("params", "train_flops", "shots", "n", "score"):
        whole[name] = whole[name].astype(float)
    for name in _COUNTS:
        whole[name] = whole[name].fillna(0.0).astype(float)
    return whole


def _counted(lengths: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Counts by length of the answers that count, under their family and setting."""
    if lengths.empty:
        return lengths
    same = ["model", "task", "shots", "run", "source"]
    kept = scores.loc[scores["from_records"], [*same, "written", "family", "params", "setting"]]
    found = lengths.drop(columns=["family", "params"]).rename(columns={"setting": "written"})
    found = found.merge(kept.drop_duplicates([*same, "written"]), on=[*same, "written"])
    keys = [c for c in LENGTH_GROUP if c not in ("run", "source")]
    return (
        found.groupby([*keys, "length"], sort=False, dropna=False)[["n", "right"]]
        .sum()
        .reset_index()
    )


_TOLD_APART = {
    **dict.fromkeys(METRICS_OF_TEXT, "its target's text: answers are not graded anew"),
    **dict.fromkeys(CHOICES, "the likeliest choice: choices are not graded anew"),
}


def _guarded(
    scores: pd.DataFrame, lengths: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Without what was graded here of tasks whose files call other answers right than their targets.

    Of the answers that a task's files call right, over all models, at least half have to be right here
    too. Where they are not, an answer is worked out of what the model wrote, a target is more than the
    answer, or several answers are right.
    """
    here = scores[(scores["graded"] == "here") & scores["metric"].isin(list(_TOLD_APART))]
    if not here["file_right"].any():
        return scores, lengths, []
    kind = here["metric"].map(_TOLD_APART)
    models = (
        here.assign(kind=kind).groupby([*GROUP, "kind"], sort=False, dropna=False)[_COUNTS].max()
    )
    tasks = models.groupby(["task", "setting", "kind"], sort=False).sum()
    odd = tasks[tasks["agree"] < tasks["file_right"] / 2]
    notes = [
        f"{' '.join(filter(None, (task, setting)))}: what the file calls right is not {what} "
        f"({row.agree:,.0f} of {row.file_right:,.0f} agree)"
        for (task, setting, what), row in zip(odd.index, odd.itertuples(), strict=True)
    ]
    marked = scores.assign(kind=scores["metric"].map(_TOLD_APART).fillna(""))
    gone = (scores["graded"] == "here") & marked.set_index(["task", "setting", "kind"]).index.isin(
        odd.index
    )
    answers = [key[:2] for key in odd.index if key[2] == _TOLD_APART["exact_match"]]
    if len(lengths):
        lengths = lengths[~lengths.set_index(["task", "setting"]).index.isin(answers)]
    return scores[~gone].reset_index(drop=True), lengths.reset_index(drop=True), notes
