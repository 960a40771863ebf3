"""From files of results to one table of scores: in batches, on one machine or on a cluster.

What is kept of a batch of records are sums for each model, task and metric, so that memory is that of
one batch and of the table of scores, however many records there are. Answers and log-probabilities
are graded by every metric of the book that can grade them, so that the same outputs stand under the
harsh metric and under gentler ones.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain, repeat
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import require, shown
from ..ground.cluster import client
from .all_files import COLUMNS, counted, guarded, scores_of_parts, without_copies
from .filling import called
from .networks import Network
from .one_file import FAULT, LENGTH_KEY, Part, merged, part_of, told
from .options import Options
from .precedence import settled
from .reading import files_below
from .schema import EXPECTED, LIKELIHOOD, EvalFileError, without_per_cent
from .summing import graded_sums

__all__ = ["EXPECTED", "FAULT", "LIKELIHOOD", "Gathered", "gather", "passed_over", "tabulate"]


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

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "results.csv")
    >>> _ = path.write_text(
    ...     "model,params,task,metric,score,n\\n"
    ...     "small,1e8,sums,exact_match,0.02,500\\n"
    ...     "large,1e10,sums,exact_match,0.61,500\\n"
    ... )
    >>> gather(folder.name).scores[["model", "score", "n"]].values.tolist()
    [['small', 0.02, 500.0], ['large', 0.61, 500.0]]
    >>> folder.cleanup()
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
    passed = passed_over(root, files) if root.is_dir() else []
    work = [(str(file), seed, batch, options) for file in files]
    parts: list[Part] = []
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


def _whole(parts: Sequence[Part], options: Options, passed: Sequence[str] = ()) -> Gathered:
    refused = tuple((p.path, p.refused) for p in parts if p.refused)
    files = len(parts) - len(refused)
    parts, copied = without_copies(parts)
    lengths = merged([p.lengths for p in parts], LENGTH_KEY)
    scores, lengths, left = guarded(scores_of_parts(parts), lengths)
    unmatched = _unmatched(scores, options)
    scores = scores.assign(written=scores["setting"])
    scores, decided = settled(scores, {p.path: p.made for p in parts}, options)
    lengths = counted(lengths, scores)
    notes = [f"{p.path}: {note}" for p in parts for note in p.notes]
    return Gathered(
        scores[[*COLUMNS, "from_records"]], lengths, files, sum(p.records for p in parts), refused,
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
        *(("wide", n, "column") for n in options.wide if {n, without_per_cent(n)}.isdisjoint(tasks)),
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
    part = Part("memory")
    if records is not None and len(records):
        part.sums, part.lengths, left = graded_sums(records, seed)
        part.records, part.notes = len(records), told(left)
    if scores is not None and len(scores):
        part.reported = [scores]
    return _whole([part], said)


@contextmanager
def _runner(cluster: str | None, jobs: int) -> Iterator[Callable[..., Iterator[int | Part]]]:
    """What reads files, as `part_of`, in order: here, or whole ones on the workers of a cluster."""
    if cluster is None:
        yield lambda work: chain.from_iterable(part_of(*arguments) for arguments in work)
        return
    with client(cluster, jobs) as workers:

        def run(work: Sequence[tuple]) -> Iterator[Part]:
            for future in [workers.submit(_last, part_of, *a, pure=False) for a in work]:
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


def _steps(events: Iterable[int | Part], parts: list[Part], sizes: Sequence[int]) -> Iterator[None]:
    """A step for so many bytes read, as many of a file as it has; `parts` takes what was in the files."""
    taken = 0
    for event in events:
        size = sizes[len(parts)]
        if isinstance(event, Part):
            parts.append(event)
            now = size
        else:
            now = max(taken, min(event // _STEP, size - 1))
        yield from repeat(None, now - taken)
        taken = 0 if isinstance(event, Part) else now


def passed_over(root: Path, read: Sequence[Path]) -> list[str]:
    """A note on links and hidden files, which are not read."""
    others = [p for p in root.rglob("*") if p.is_symlink() or p.is_file()]
    number = len(others) - len(read)
    return [f"{number:,} links and hidden files are not read"] if number > 0 else []
