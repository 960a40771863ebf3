"""Two models, or one under two conditions, on the same items: which is better, by how much, and what the items can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from ..errors import FieldError, WrongUse, as_array, require
from ..evidence.paired import Difference, paired
from ..evidence.repeats import Components, components
from ..page.reports import plain
from ..records.options import Options
from ..records.schema import EvalFileError
from .deciding import corrected, drawn_again, lacking, over_runs, warnings
from .not_compared import NotCompared
from .pairing import LeftOut, Pair, pairs_of
from .side_by_side import check_columns, columns_of_models, how_to_name
from .sides import NotPairedError, Side, read_side, side_of
from .words import VERDICTS, Verdict, verdict_of

__all__ = ["Compared", "Comparison", "compare"]


@dataclass(frozen=True)
class Compared:
    """Two scores of the same items, by one metric on one task.

    Attributes
    ----------
    task : str
        With its setting and number of shots; that of A and that of B where they differ.
    metric, direction : str
    difference : Difference
        ``B - A``, with its interval and test.
    p_holm, p_bh : float
        Corrected over the tasks of this metric, as Holm and as Benjamini and Hochberg do.
    family : int
        Number of p-values that were corrected together.
    detectable : float
        The smallest true difference that as many items show with the power asked for; nan where none would do, or nothing
        says how scores of such items vary.
    items_needed : int, optional
        Items that would show the difference asked for; none where nothing says how scores of such items vary.
    verdict : str
        One of `VERDICTS`.
    words : str
        In a sentence, with numbers.
    left_out : LeftOut
    first_runs, second_runs : Components, optional
        Where items were answered several times: how much of the noise is decoding.
    notes : tuple of str
    pair : Pair
    """

    task: str
    metric: str
    direction: str
    difference: Difference
    p_holm: float
    p_bh: float
    family: int
    detectable: float
    items_needed: int | None
    verdict: Verdict
    words: str
    left_out: LeftOut = field(repr=False)
    first_runs: Components | None = field(repr=False)
    second_runs: Components | None = field(repr=False)
    notes: tuple[str, ...] = field(repr=False)
    pair: Pair = field(repr=False)


@dataclass(frozen=True)
class Comparison:
    """Every task and metric of two sides.

    Attributes
    ----------
    rows : tuple of Compared
    not_compared : tuple of NotCompared
        Tasks and metrics that cannot be compared, and why; also those that one side alone has.
    first, second : str
        What A and B are.
    level, power : float
        Error rate of the tests, and chance to see what is called detectable.
    asked : float, optional
        The difference of which the number of items was asked.
    refused : tuple of (str, str)
        Files that could not be read, and why.
    notes : tuple of str
        What was left out, merged, assumed.
    """

    rows: tuple[Compared, ...]
    not_compared: tuple[NotCompared, ...]
    first: str
    second: str
    level: float
    power: float
    asked: float | None
    refused: tuple[tuple[str, str], ...] = field(repr=False)
    notes: tuple[str, ...] = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a task and metric; ``difference``, ``low`` and ``high`` are of B minus A, in units of the score.

        What is not compared comes last, with no items and the reason in place of the words.
        """
        made: list[dict[str, Any]] = []
        for r in self.rows:
            d = r.difference
            made.append(
                {
                    "task": r.task, "metric": r.metric, "n": d.n, "clusters": d.clusters, "first": d.first,
                    "second": d.second, "difference": d.value, "error": d.error, "low": d.low, "high": d.high,
                    "lower": d.lower, "higher": d.higher, "test": d.test, "p": d.p, "p_holm": r.p_holm,
                    "p_bh": r.p_bh, "family": r.family, "detectable": r.detectable,
                    "items_needed": r.items_needed, "left_out": len(r.left_out), "verdict": r.verdict,
                    "words": r.words,
                }
            )  # fmt: skip
        return pd.DataFrame(made + [self._without_numbers(r, made[0]) for r in self.not_compared])

    @staticmethod
    def _without_numbers(r: NotCompared, like: dict[str, Any]) -> dict[str, Any]:
        none = {k: 0 if isinstance(v, int) else float("nan") for k, v in like.items()}
        said = {"task": r.task, "metric": r.metric, "verdict": NOT_COMPARED, "words": r.why}
        return {**none, "test": "", "items_needed": None, **said}

    def count(self) -> dict[str, int]:
        """How many rows have each verdict."""
        return {v: sum(r.verdict == v for r in self.rows) for v in VERDICTS}

    def numbers(self) -> dict[str, Any]:
        """Every number, as plain values for JSON."""
        table = self.table.iloc[: len(self.rows)]
        rows = table.astype(object).where(table.notna(), None).to_dict("records")
        for row, r in zip(rows, self.rows, strict=True):
            runs = {"first": r.first_runs, "second": r.second_runs}
            row |= {
                "direction": r.direction, "left_out": {k: list(v) for k, v in asdict(r.left_out).items()},
                "runs": {k: _parts(c) for k, c in runs.items() if c}, "notes": list(r.notes),
                "carriers": r.difference.carriers,
            }  # fmt: skip
        return plain(
            {
                "first": self.first, "second": self.second, "level": self.level, "power": self.power,
                "asked": self.asked, "refused": [list(r) for r in self.refused], "notes": list(self.notes),
                "corrected": CORRECTED, "comparisons": rows, "not_compared": [r._asdict() for r in self.not_compared],
            }
        )  # fmt: skip


NOT_COMPARED = "not compared"
"""Stands where a verdict would."""
CORRECTED = "p-values are corrected over the tasks of each metric"
"""Which p-values belong together."""


def _parts(c: Components) -> dict[str, float]:
    return {**asdict(c), "error": c.error(), "share_of_decoding": c.share_of_decoding}


def compare(
    first: str | PathLike[str] | pd.DataFrame,
    second: str | PathLike[str] | pd.DataFrame | None = None,
    *,
    models: Sequence[str] = (),
    conditions: Sequence[str] = (),
    only: Sequence[str] = (),
    level: float = 0.05,
    power: float = 0.8,
    difference: float | None = None,
    interval: Literal["analytic", "bootstrap"] = "analytic",
    draws: int = 10_000,
    seed: int = 0,
    ignore_targets: bool = False,
    progress: Callable[[Iterable[Any], int], Iterable[Any]] | None = None,
    **options: Any,
) -> Comparison:
    """Compare two models, or one under two conditions, on the items that both were asked.

    Parameters
    ----------
    first, second : path-like or pandas.DataFrame
        A and B: a file or folder each, of any kind that `mirage_utils.records.read` knows and with one score an item.
        A table in memory has the columns `mirage_utils.records.RECORDS`. The second may be left out where `models` or `conditions` tells the two apart.
    models : sequence of str
        The network of A and that of B, where a path holds several.
    conditions : sequence of str
        The setting, number of shots (``"5-shot"``) or task of A and that of B which are to be compared with one another.
    only : sequence of str
        Tasks or metrics to compare; ``*`` and ``?`` stand for any text.
    level : float
        Error rate of the tests; intervals hold the true difference with the chance ``1 - level``.
    power : float
        With which chance a difference is to be seen that is called detectable.
    difference : float, optional
        In units of the score: how many items would show it?
    interval : {"analytic", "bootstrap"}
    draws, seed : int
        Of the bootstrap and of drawn sign flips.
    ignore_targets : bool
        Whether items of one name count as one item though their right answers, or their questions, are written in other ways.
    progress : callable, optional
        Wraps the files as they are read, ``progress(files, number)``.
    **options
        As for `mirage_utils.records.read`; ``cluster_by`` says which items belong together.

    Returns
    -------
    Comparison

    Raises
    ------
    NotPairedError
        If no task of the two is about the same items; the message says what differs, and which option helps.
    FieldError
        If an argument is out of range, or names what is not there.
    EvalFileError
        If no file could be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "answers.csv")
    >>> rows = ["model,task,item,metric,score"]
    >>> for item in range(40):
    ...     rows.append(f"small,sums,{item},exact_match,{item % 4 == 0:d}")
    ...     rows.append(f"large,sums,{item},exact_match,{item % 2 == 0:d}")
    >>> _ = path.write_text("\\n".join(rows))
    >>> found = compare(path, models=["small", "large"])
    >>> print(found.rows[0].words)
    B is better by 25.0 points (9.3 to 38.3)
    >>> folder.cleanup()
    """
    require(0 < level < 0.5, "level", level, "an error rate between 0 and 0.5, such as 0.05")
    require(0 < power < 1, "power", power, "a number between 0 and 1")
    if difference is not None:
        difference = float(as_array("difference", difference))
        require(difference != 0, "difference", difference, "a number other than 0")
    require(len(models) in (0, 2), "models", list(models), "two: that of A and that of B")
    require(
        len(conditions) in (0, 2), "conditions", list(conditions), "two: that of A and that of B"
    )
    one_path = second is None or _same(first, second)
    told = bool(models and models[0] != models[1]) or bool(
        conditions and conditions[0] != conditions[1]
    )
    said = replace(Options.given(options), questions=True)
    in_memory = isinstance(first, pd.DataFrame)
    beside = columns_of_models(first, models, said) if one_path and not in_memory else None

    # These two read the table once more, so only where it is needed.
    def hint() -> str:
        return "" if second is not None or told or in_memory else how_to_name(first)

    def check_models() -> None:
        if models and one_path and not (beside or in_memory):
            check_columns(first, models)

    try:
        read = read_side(first, beside.first if beside else said, progress)
    except EvalFileError:
        check_models()
        if how := hint():
            raise NotPairedError(
                f"{first}: no column says which model a score is of; {how}"
            ) from None
        raise
    if beside:
        other = read_side(first, beside.second, progress)
    else:
        other = read if second is None or one_path else read_side(second, said, progress)
    wanted = tuple(models) or ("", "")
    if second is None and not told and len(read.models) < 2:
        raise WrongUse(
            "B",
            "nothing",
            "another path, or two --models or two --conditions of A that differ"
            + (f"; {how}" if (how := hint()) else ""),
        )
    if read.models == [""]:
        check_models()
    a, b = (
        side_of(r, label, name) for r, label, name in zip((read, other), "AB", wanted, strict=True)
    )
    pairs, not_compared, notes = pairs_of(
        a,
        b,
        conditions=conditions,
        only=only,
        cluster_by=said.cluster_by,
        ignore_targets=ignore_targets,
        percent=tuple(said.percent),
        fraction=tuple(said.fraction),
    )
    if one_path and not told:
        notes.insert(0, "A and B are the same file: every difference is 0")
    found = [
        paired(p.first, p.second, cluster=p.cluster, level=1 - level, interval=interval, draws=draws, seed=seed)
        for p in pairs
    ]  # fmt: skip
    found = [
        drawn_again(p, d, sum(q.metric == p.metric for q in pairs), level, draws, seed)
        for p, d in zip(pairs, found, strict=True)
    ]
    by_task = corrected(pairs, [d.p for d in found])
    rows = tuple(
        _row(pair, d, *p, level=level, power=power, difference=difference)
        for pair, d, p in zip(pairs, found, by_task, strict=True)
    )
    first_name, second_name = _names(a, b, rows, conditions)
    refused = tuple(dict.fromkeys((*a.read.refused, *b.read.refused)))
    return Comparison(
        rows,
        tuple(not_compared),
        first_name,
        second_name,
        level,
        power,
        difference,
        refused,
        tuple(dict.fromkeys((*notes, *(beside.notes if beside else ()), *a.notes, *b.notes))),
    )


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, pd.DataFrame) or isinstance(second, pd.DataFrame):
        return first is second
    return Path(first).resolve() == Path(second).resolve()


def _row(
    pair: Pair, d: Difference, p_holm: float, p_bh: float, family: int, *, level: float, power: float, difference: float | None
) -> Compared:  # fmt: skip
    detectable = d.detectable(power)
    runs = [
        None if answers is None else components(answers, crossed=crossed)
        for answers, crossed in zip(pair.answers, pair.crossed, strict=True)
    ]
    beside = over_runs(d, runs, pair.crossed, level)
    verdict, words = verdict_of(
        d, direction=pair.direction, p_holm=p_holm, family=family, level=level, power=power, detectable=detectable, points=pair.points,
        over_runs=beside,
    )  # fmt: skip
    verdict, words = lacking(pair, verdict, words)
    notes = [*pair.notes, *warnings(pair, d, runs)]
    if difference is not None and pair.points and abs(difference) > 1:
        raise FieldError(
            "difference",
            difference,
            f"at most 1: {pair.metric} is a fraction, and two points are 0.02",
        )
    needed = None
    if difference is not None and d.planning_error > 0:
        needed = d.items_for(difference, power)
    return Compared(
        pair.name, pair.metric, pair.direction, d, p_holm, p_bh, family, detectable, needed, verdict, words,
        pair.left_out, runs[0], runs[1], tuple(notes), pair,
    )  # fmt: skip


def _names(
    a: Side, b: Side, rows: Sequence[Compared], conditions: Sequence[str]
) -> tuple[str, str]:
    """What A and B are, in words that tell them apart."""
    names = [a.model or Path(a.path).stem, b.model or Path(b.path).stem]
    if conditions:
        return tuple(f"{n} ({c})" if n != c else n for n, c in zip(names, conditions, strict=True))  # type: ignore[return-value]
    if names[0] != names[1]:
        return names[0], names[1]
    cells = {(str(r.pair.first_cell), str(r.pair.second_cell)) for r in rows}
    if len(cells) == 1 and len(set(*cells)) == 2:
        (pair,) = cells
        return f"{names[0]} ({pair[0]})", f"{names[1]} ({pair[1]})"
    return (
        (names[0], names[1])
        if a.path == b.path
        else (f"{names[0]} ({a.path})", f"{names[1]} ({b.path})")
    )
