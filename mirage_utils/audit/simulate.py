"""Evaluations whose truth is known, to find out how often an audit's verdicts are right."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..curves import Curve
from ..errors import UnknownNameError, as_array, require
from ..evidence import Question, curves_of
from ..ground.optional import on_use
from ..ground.write import replace
from ..records.gathering import tabulate
from .judging import judge
from .rules import LEAP, VERDICTS
from .truths import TRUTHS

__all__ = ["confusion", "kept", "outcomes", "rates", "simulate", "study"]

joblib = on_use("joblib", "simulating evaluations", "train")

_HARSH = ("exact_match", "multiple_choice_grade")
_TRIES = 200


def simulate(truth: str, *, seed: int) -> dict[str, pd.DataFrame]:
    """Draw one evaluation: a table of ``records`` or of ``scores``, for `tabulate`.

    Parameters
    ----------
    truth : str
        A key of `TRUTHS`. Sizes (4 to 10, over 2 to 7 decades), items (50 to 2,000), lengths, exponents
        and the place of the leap are drawn anew each time; but for noise and runs, until the curve leaps.
    seed : int

    Raises
    ------
    UnknownNameError
        If there is no such truth.
    RuntimeError
        If no curve leaps in 200 draws.
    """
    if truth not in TRUTHS:
        raise UnknownNameError("truth", truth, f"one of {', '.join(TRUTHS)}")
    rng = np.random.default_rng([seed, list(TRUTHS).index(truth)])
    for _ in range(_TRIES):
        drawn = TRUTHS[truth].draw(rng)
        if truth in ("noise", "two kinds of runs"):
            return drawn
        y = _shares(drawn)
        steps = np.diff(y)
        if np.argmax(steps) >= 1 and steps.max() >= LEAP * np.ptp(y):
            return drawn
    raise RuntimeError(f"no leap in {_TRIES} draws of {truth}")


def _shares(drawn: Mapping[str, pd.DataFrame]) -> NDArray[np.float64]:
    """Share of right answers at each size."""
    if "scores" in drawn:
        return drawn["scores"]["score"].to_numpy(float)
    records = drawn["records"]
    right = records["target"] == records["output"]
    return right.groupby(records["params"]).mean().to_numpy(float)


def _question(drawn: Mapping[str, pd.DataFrame], seed: int) -> Question:
    made = tabulate(**drawn, seed=seed)
    (asked,) = curves_of(made.scores, made.lengths).questions
    return asked


def _harsh(asked: Question) -> Curve:
    return next(asked.curves[name] for name in _HARSH if name in asked.curves)


def study(
    draws: int, *, seed: int = 0, level: float | Sequence[float] = 0.05, jobs: int = 1
) -> pd.DataFrame:
    """Audit simulated evaluations of every truth.

    Parameters
    ----------
    draws : int
        Of each truth, >= 1.
    seed : int
        Of the first draw; the others follow it.
    level : float or sequence of float
        As for `mirage_utils.audit.audit`; the same evaluations are audited at each.
    jobs : int
        Processes side by side. The result is the same.

    Returns
    -------
    pandas.DataFrame
        One row an evaluation and level: ``truth, draw, sizes, items, level``, and the ``verdict`` on its harsh
        metric with the name of the ``rule`` that decided. ``items`` are those of the smallest model.

    Raises
    ------
    FieldError
        If `draws` is no whole number >= 1.
    """
    draws = int(as_array("draws", draws, low=1, integer=True))
    levels = np.atleast_1d(np.asarray(level, dtype=float)).tolist()
    work = [(truth, draw) for truth in TRUTHS for draw in range(draws)]
    found = joblib.Parallel(n_jobs=jobs)(
        joblib.delayed(_judged)(*one, seed, levels) for one in work
    )
    columns = ["truth", "draw", "sizes", "items", "level", "verdict", "rule"]
    return pd.DataFrame([row for rows in found for row in rows], columns=columns)


def _judged(
    truth: str, draw: int, seed: int, levels: Sequence[float]
) -> list[tuple[str, int, int, int, float, str, str]]:
    asked = _question(simulate(truth, seed=seed + draw), draw)
    harsh = _harsh(asked)
    assert harsh.n is not None
    rows: list[tuple[str, int, int, int, float, str, str]] = []
    for level in levels:
        verdicts = judge([asked], level=level, thorough=False)
        (found,) = (f for f in verdicts if f.metric == harsh.metric)
        rows.append((truth, draw, len(harsh), int(harsh.n[0]), level, found.verdict, found.rule))
    return rows


LEVELS = (0.05, 0.01)
"""Error rates at which the bundled study was made."""


def kept(level: float = 0.05) -> pd.DataFrame:
    """The study that comes with the book: 100 draws of each truth, from seed 0, audited at one of two levels.

    Made again by ``python -m mirage_utils.audit.simulate``.

    Parameters
    ----------
    level : {0.05, 0.01}
        Error rate of every test.

    Raises
    ------
    FieldError
        If the study was not made at this level.

    Examples
    --------
    >>> len(kept()) == 100 * len(TRUTHS)
    True
    """
    require(level in LEVELS, "level", level, f"one of {', '.join(map(str, LEVELS))}")
    with (resources.files(__package__) / "data" / "study.csv").open() as file:
        found = pd.read_csv(file)
    return found[found["level"] == level].reset_index(drop=True)


def confusion(found: pd.DataFrame) -> pd.DataFrame:
    """Truths in rows, verdicts in columns, evaluations in cells.

    Parameters
    ----------
    found : pandas.DataFrame
        What `study` gives.
    """
    table = pd.crosstab(found["truth"], found["verdict"])
    return table.reindex(index=list(TRUTHS), columns=list(VERDICTS), fill_value=0)


def outcomes(found: pd.DataFrame) -> pd.DataFrame:
    """How often the audit is right, wrong, or abstains, for each truth.

    Parameters
    ----------
    found : pandas.DataFrame
        What `study` gives.

    Returns
    -------
    pandas.DataFrame
        Index: the truth. ``right``: a verdict that is right of it, which is "cannot tell" where the data
        allow no more. ``abstained``: "cannot tell" where they do. ``wrong``: any other.
    """
    right = [
        verdict in TRUTHS[truth].verdicts
        for truth, verdict in zip(found["truth"], found["verdict"], strict=True)
    ]
    abstained = found["verdict"] == "cannot tell"
    outcome = np.select([right, abstained], ["right", "abstained"], "wrong")
    table = pd.crosstab(found["truth"], outcome)
    return table.reindex(index=list(TRUTHS), columns=["right", "wrong", "abstained"], fill_value=0)


def rates(found: pd.DataFrame) -> pd.DataFrame:
    """For each verdict: how often it is given where it is right, and where it is not.

    Parameters
    ----------
    found : pandas.DataFrame
        What `study` gives.

    Returns
    -------
    pandas.DataFrame
        Index: the verdict. ``right`` of the ``true`` evaluations of which it is right (of some, not the
        only one that is), ``wrong`` of the ``others``. To abstain is never wrong, so that "cannot tell"
        has no row.
    """
    rows = {}
    for verdict in (v for v in VERDICTS if v != "cannot tell"):
        kinds = [name for name, truth in TRUTHS.items() if verdict in truth.verdicts]
        given, due = found["verdict"] == verdict, found["truth"].isin(kinds)
        counted = (given & due, due, given & ~due, ~due)
        rows[verdict] = [int(each.sum()) for each in counted]
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["right", "true", "wrong", "others"]
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Make the study that `kept` gives; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m mirage_utils.audit.simulate",
        description="Audit evaluations of known truth.",
    )
    parser.add_argument("--draws", type=int, default=100, help="of each truth (default 100)")
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side (default 1)")
    parser.add_argument("--out", type=Path, help="where to write (default: into the package)")
    options = parser.parse_args(argv)
    out = options.out or Path(__file__).parent / "data" / "study.csv"
    found = study(options.draws, level=LEVELS, jobs=options.jobs)
    out.parent.mkdir(parents=True, exist_ok=True)
    replace(out, found.to_csv(index=False, lineterminator="\n").encode())
    for level, part in found.groupby("level", sort=False):
        print(f"level {level}")
        print(confusion(part).join(outcomes(part)).to_string())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
