"""From files of results to one table of scores: in batches, on one machine or on a cluster.

What is kept of a batch of records are sums for each model, task and metric, so that memory is that of
one batch and of the table of scores, however many records there are. Answers and log-probabilities
are graded by every metric of the book that can grade them, so that the same outputs stand under the
harsh metric and under gentler ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .._cluster import client
from ..errors import positive, require
from ..metrics import METRICS
from .grading import ANSWERS, CHOICES, scores_of
from .reading import files_below, stream
from .schema import EvalFileError, direction_of

__all__ = ["EXPECTED", "FAULT", "LIKELIHOOD", "Gathered", "as_fractions", "gather", "tabulate"]

LIKELIHOOD = "answer_log_likelihood"
"""Mean natural log-probability of the whole right answer, where files hold those of its tokens."""
EXPECTED = "expected_exact_match"
"""Mean probability of the whole right answer, from the same."""

FAULT = "not read, by a fault of this program:"
"""How the reason begins where a file is not at fault."""

_GROUP = ["family", "model", "params", "train_flops", "task", "setting", "shots", "source"]
_KEY = [*_GROUP, "metric", "direction", "graded"]
_LENGTH_GROUP = ["family", "model", "params", "task", "setting", "shots"]
_LENGTH_KEY = [*_LENGTH_GROUP, "length"]
_SUMS = ["n", "total", "squares", "skill", "skill_squares", "skilled"]
# Of two names for one number the plainer stays: characters are the tokens here.
_ANSWERS = tuple(m for m in ANSWERS if m != "character_edit_distance")


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


def gather(
    path: str | PathLike[str],
    *,
    seed: int = 0,
    batch: int = 100_000,
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
        Wraps the files as they are done: ``progress(iterable, number)``.
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
    for name, size in (options.get("params") or {}).items():
        positive(f"params[{name!r}]", size)
    if cluster not in (None, "local"):
        root = root.absolute()  # its workers may have been started in another folder
    files = files_below(root) if root.is_dir() else [root]
    require(len(files) > 0, "path", str(root), "a folder with files in it")
    work = [(str(file), seed, batch, options) for file in files]
    with _runner(cluster, jobs) as run:
        done = run(_part, work)
        parts = list(done if progress is None else progress(done, len(work)))
    whole = _whole(parts)
    if not whole.files:
        reasons = "; ".join(f"{Path(name).name}: {why}" for name, why in whole.refused[:3])
        raise EvalFileError(root, f"none of {len(parts)} files could be read ({reasons})")
    return whole


def _whole(parts: Sequence[_Part]) -> Gathered:
    refused = tuple((p.path, p.refused) for p in parts if p.refused)
    return Gathered(
        _scores(parts), _lengths(parts), len(parts) - len(refused),
        sum(p.records for p in parts), refused,
        tuple(f"{p.path}: {note}" for p in parts for note in p.notes),
        tuple(sorted({name for p in parts for name in p.unknown})),
    )  # fmt: skip


def tabulate(
    records: pd.DataFrame | None = None, scores: pd.DataFrame | None = None, *, seed: int = 0
) -> Gathered:
    """The same of tables that are in memory.

    Parameters
    ----------
    records, scores : pandas.DataFrame, optional
        Columns `mirage_utils.records.RECORDS` and `SCORES`, as in a `mirage_utils.records.Reading`.
    seed : int
        As for `gather`.
    """
    part = _Part("memory")
    if records is not None and len(records):
        part.sums, part.lengths, left = _grade(records, np.random.default_rng([seed, 0]))
        part.records, part.notes = len(records), _told(left)
    if scores is not None and len(scores):
        part.reported = [scores]
    return _whole([part])


@contextmanager
def _runner(cluster: str | None, jobs: int) -> Iterator[Callable[..., Iterable[_Part]]]:
    """What applies a function to each file: here, or on the workers of a cluster, in order."""
    if cluster is None:
        yield lambda function, work: (function(*arguments) for arguments in work)
        return
    with client(cluster, jobs) as workers:

        def run(function: Callable, work: Sequence[tuple]) -> Iterator[_Part]:
            for future in [workers.submit(function, *a, pure=False) for a in work]:
                yield future.result()
                future.release()

        yield run


# -- one file ------------------------------------------------------------------------------------


def _part(path: str, seed: int, batch: int, options: Mapping[str, Any]) -> _Part:
    """The sums of one file, or why it is refused: nothing of a file that breaks off counts."""
    found = _Part(path)
    notes: dict[str, None] = {}
    left: Counter[str] = Counter()
    unknown: dict[str, None] = {}
    try:
        for at, reading in enumerate(stream(path, batch=batch, **options)):
            notes |= dict.fromkeys(reading.notes)
            unknown |= dict.fromkeys(reading.unknown_models)
            if len(reading.records):
                made, lengths, without = _grade(reading.records, np.random.default_rng([seed, at]))
                found.records += len(reading.records)
                found.sums = _merged([found.sums, made], _KEY)
                found.lengths = _merged([found.lengths, lengths], _LENGTH_KEY)
                left.update(without)
            elif len(reading.scores):
                found.reported.append(as_fractions(reading.scores))
    except EvalFileError as error:
        return _Part(path, refused=str(error).removeprefix(path).lstrip(",: "))
    except Exception as error:  # a fault of this program: said as such, and the others are read
        return _Part(path, refused=f"{FAULT} {type(error).__name__}: {error}")
    found.notes, found.unknown = (*notes, *_told(left)), tuple(unknown)
    return found


def as_fractions(scores: pd.DataFrame) -> pd.DataFrame:
    """A table of scores in which those that a column ``per_cent`` says to be in per cent are fractions."""
    if "per_cent" not in scores.columns:
        return scores
    per_cent = scores["per_cent"].eq(True)  # nan is no
    return scores.assign(
        score=scores["score"].where(~per_cent, scores["score"] / 100), per_cent=False
    )


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


def _grade(
    records: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame, Counter[str]]:
    """Sums of a batch under the file's metrics and under every other that can grade it; and what is to be told of how
    many items."""
    frame = records.copy()
    for name in ("family", "model", "task", "setting", "source", "metric", "direction", "item"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "").astype(str)
    notes: Counter[str] = Counter()
    own = frame[frame["metric"] != ""]
    parts = [_summed(own.assign(graded="file"), own["score"].to_numpy(float))]
    once = frame.drop_duplicates([*_GROUP, "item"]).reset_index(drop=True)
    lengths = _none([*_LENGTH_KEY, "n", "right"])
    choices, answers, logs = _kinds(once)
    bare = once[~(choices | answers | logs)]
    if len(bare):
        lost = ~_among(bare, own, [*_GROUP, "item"])
        notes["no score, and no answer that could be graded"] += int(lost.sum())

    def add(
        metric: str, direction: str, rows: pd.DataFrame, score: np.ndarray, skill: np.ndarray | None
    ) -> None:
        finite = np.isfinite(score) & (True if skill is None else np.isfinite(skill))
        notes[f"no finite {metric}: left out of it"] += int((~finite).sum())
        # What the file itself gives of a task and a model is not computed again.
        given = own[own["metric"] == metric]
        has = _among(rows, given, _GROUP)
        if has.any():
            alone = has & ~_among(rows, given, [*_GROUP, "item"])
            notes[f"no {metric}, which the file gives for others: left out of it"] += int(
                alone.sum()
            )
        kept = finite & ~has
        named = rows[kept].assign(metric=metric, direction=direction, graded="here")
        parts.append(_summed(named, score[kept], None if skill is None else skill[kept]))

    for kind, here in ((CHOICES, choices), (_ANSWERS, answers)):
        rows = once[here].reset_index(drop=True)
        if rows.empty:
            continue
        others = rows.assign(target=rows["target"].to_numpy(object)[_others(rows, kind, rng)])
        right, wrong = scores_of(rows, kind), scores_of(others, kind)
        for metric in kind:
            direction = METRICS[metric].direction
            sign = 1.0 if direction == "higher" else -1.0
            add(metric, direction, rows, right[metric], sign * (right[metric] - wrong[metric]))
        if kind is _ANSWERS:
            blank = sum(not text.strip() for text in rows["output"].tolist())
            notes["an empty answer, which is graded like any other"] += blank
            lengths = _by_length(rows, right["exact_match"])
    if logs.any():
        rows = once[logs].reset_index(drop=True)
        total = np.array([float(np.sum(v)) for v in rows["logprobs"]])
        for metric, score in ((LIKELIHOOD, total), (EXPECTED, np.exp(total))):
            add(metric, "higher", rows, score, None)
    return _merged(parts, _KEY), lengths, notes


def _among(rows: pd.DataFrame, others: pd.DataFrame, keys: list[str]) -> np.ndarray:
    """Which rows have the keys of one of some others."""
    known = others[keys].drop_duplicates()
    if known.empty:
        return np.zeros(len(rows), bool)
    both = pd.concat([known, rows[keys]], ignore_index=True)
    number = both.groupby(keys, sort=False, dropna=False).ngroup().to_numpy()
    return np.isin(number[len(known) :], number[: len(known)])


def _kinds(once: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which items are choices, which answers in text, and which have the answer's log-probabilities.

    The items of a task are choices if each that has a target has two log-probabilities or more, its
    target is the index of one of them, and its output, where there is one, the index of the largest.
    """
    size = len(once)
    fits, texts, logs, open_ = (np.zeros(size, bool) for _ in range(4))
    columns = zip(
        once["target"].tolist(), once["output"].tolist(), once["logprobs"].tolist(), strict=True
    )
    for i, (target, output, values) in enumerate(columns):
        many = len(values) if values is not None and hasattr(values, "__len__") else 0
        logs[i] = many > 0 and _are_log_probabilities(values)
        named = isinstance(target, str) and target.strip() != ""
        texts[i] = named and isinstance(output, str)
        open_[i] = not named
        if logs[i] and many >= 2 and named and target.strip().isdecimal() and len(target) < 9:
            said = output.strip() if isinstance(output, str) else ""
            fits[i] = int(target) < many and said in ("", str(int(np.argmax(list(values)))))
    of_choices = (
        pd.Series(fits | open_).groupby(once["task"].to_numpy()).transform("all").to_numpy()
    )
    return of_choices & fits, texts & ~of_choices, logs & ~of_choices


def _are_log_probabilities(values: Sequence[Any]) -> bool:
    try:
        return all(v is not None and v <= 1e-3 for v in values)
    except TypeError:
        return False


def _others(rows: pd.DataFrame, kind: tuple[str, ...], rng: np.random.Generator) -> np.ndarray:
    """For each item another of its task, at random: one round through all of them in random order.

    A lone item stays its own other and shows no skill. Choices change places with items that have as
    many.
    """
    keys = ["model", "params", "task", "setting", "shots"]
    strata = rows[keys].copy()
    if kind is CHOICES:
        strata["size"] = [len(v) for v in rows["logprobs"]]
    number = strata.groupby(list(strata), sort=False, dropna=False).ngroup().to_numpy()
    place = np.arange(len(rows))
    for found in np.split(np.argsort(number, kind="stable"), np.cumsum(np.bincount(number))[:-1]):
        order = rng.permutation(found)
        place[order] = np.roll(order, -1)
    return place


def _summed(rows: pd.DataFrame, score: np.ndarray, skill: np.ndarray | None = None) -> pd.DataFrame:
    if rows.empty:
        return _none(_KEY + _SUMS)
    frame = rows[_KEY].copy()
    frame["n"], frame["total"], frame["squares"] = 1.0, score, score**2
    known = skill is not None
    frame["skill"] = skill if known else 0.0
    frame["skill_squares"] = frame["skill"] ** 2
    frame["skilled"] = float(known)
    return _merged([frame], _KEY)


def _by_length(rows: pd.DataFrame, right: np.ndarray) -> pd.DataFrame:
    frame = rows[_LENGTH_GROUP].copy()
    frame["length"] = [len(text.strip()) for text in rows["target"]]
    frame["n"], frame["right"] = 1.0, right
    return _merged([frame], _LENGTH_KEY)


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
    reported = [table for p in parts for table in p.reported]
    if reported:
        table = pd.concat(reported, ignore_index=True).reindex(
            columns=[*_GROUP, "run", "metric", "direction", "score", "n"]
        )
        table["run"] = table["run"].fillna("").astype(str)
        table["graded"] = "file"
        for name in ("deviation", "skill", "skill_error"):
            table[name] = np.nan
        # Programs write the average beside the samples that it is the average of.
        if len(whole):
            same = ["model", "task", "setting", "metric"]
            table = table[~_among(table.astype(dict.fromkeys(same, str)), whole, same)]
        whole = pd.concat([f for f in (table, whole) if len(f)], ignore_index=True)
    if "run" not in whole:
        whole["run"] = ""
    whole["run"] = whole["run"].fillna("")
    whole = whole.reindex(columns=[*_KEY, "run", "n", "score", "deviation", "skill", "skill_error"])
    blank = whole["direction"] == ""
    whole.loc[blank, "direction"] = whole.loc[blank, "metric"].map(direction_of)
    for name in ("params", "train_flops", "shots", "n", "score"):
        whole[name] = whole[name].astype(float)
    return whole


def _lengths(parts: Sequence[_Part]) -> pd.DataFrame:
    return _merged([p.lengths for p in parts], _LENGTH_KEY)
