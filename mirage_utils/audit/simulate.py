"""Evaluations whose truth is known, to find out how often an audit's verdicts are right."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.special import logsumexp

from ..curves import Curve
from ..errors import UnknownNameError, as_array
from ..evidence import Question, curves_of
from ..ground.write import replace
from ..records.gathering import tabulate
from .judging import judge
from .rules import LEAP, VERDICTS, Verdict

__all__ = [
    "TRUTHS",
    "Truth",
    "answers",
    "blank_records",
    "confusion",
    "kept",
    "leaping_token",
    "outcomes",
    "rates",
    "scores_only",
    "simulate",
    "smooth_token",
    "study",
]

_LETTERS = np.array(list("0123456789"))


def _sizes(count: int, decades: float) -> NDArray[np.float64]:
    return np.round(np.geomspace(1e6, 1e6 * 10**decades, count))


def answers(
    right: Callable[[float], float], sizes: NDArray, length: int, n: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Records of answers whose tokens are right with a probability that depends on size.

    Parameters
    ----------
    right : callable
        Probability of a right token by size. A wrong token is another digit, at random.
    sizes : ndarray
        Parameters of the models.
    length : int
        Digits of an answer.
    n : int
        Items.
    rng : numpy.random.Generator
    """
    targets = rng.integers(0, 10, (n, length))
    parts = []
    for size in sizes:
        hit = rng.random((n, length)) < right(size)
        said = np.where(hit, targets, (targets + rng.integers(1, 10, targets.shape)) % 10)
        parts.append(
            blank_records(size, n).assign(
                target=["".join(row) for row in _LETTERS[targets]],
                output=["".join(row) for row in _LETTERS[said]],
            )
        )
    return pd.concat(parts, ignore_index=True)


def blank_records(size: float, n: int) -> pd.DataFrame:
    """Records of a model with nothing asked, answered or scored, to be filled in.

    Parameters
    ----------
    size : float
        Parameters of the model, > 0.
    n : int
        Items.

    Returns
    -------
    pandas.DataFrame
        The columns `mirage_utils.records.RECORDS` without ``target`` and ``output``.
    """
    return pd.DataFrame(
        {
            "family": "simulated", "model": f"m-{size:.0f}", "params": size, "train_flops": np.nan,
            "task": "task", "setting": "", "shots": np.nan, "item": [str(i) for i in range(n)],
            "logprobs": None, "metric": "", "direction": "", "score": np.nan, "source": "",
        }
    )  # fmt: skip


def scores_only(
    sizes: Sequence[float] | NDArray,
    scores: Sequence[float] | NDArray,
    n: int,
    runs: Sequence[int] | NDArray | None = None,
) -> pd.DataFrame:
    """Scores of exact match alone, one run of a model a row.

    Parameters
    ----------
    sizes, scores : sequence of float
        Parameters of the model, and share of items right.
    n : int
        Items of each.
    runs : sequence of int, optional
        Which run of the model it is; by default each model has one.

    Returns
    -------
    pandas.DataFrame
        The columns `mirage_utils.records.SCORES`.
    """
    return pd.DataFrame(
        {
            "family": "simulated", "model": [f"m-{s:.0f}" for s in sizes], "params": sizes,
            "train_flops": np.nan, "task": "task", "setting": "", "shots": np.nan,
            "run": "" if runs is None else [str(run) for run in runs], "metric": "exact_match",
            "direction": "higher", "score": scores, "n": float(n), "source": "",
        }
    )  # fmt: skip


def smooth_token(alpha: float, critical: float) -> Callable[[float], float]:
    """Probability of a right token: a loss that is a power of size, and a guess among ten."""
    return lambda size: float(0.1 + 0.9 * np.exp(-((size / critical) ** -alpha)))


def leaping_token(critical: float) -> Callable[[float], float]:
    """Nothing but guesses, then nearly everything, within a quarter of a decade."""
    return lambda size: float(0.1 + 0.87 / (1 + (size / critical) ** -12.0))


def _mirage_law(rng: np.random.Generator) -> tuple[Callable[[float], float], NDArray, int]:
    """Probability of a right token by size, the sizes, and the tokens of an answer."""
    alpha = rng.uniform(0.3, 0.8)
    sizes = _sizes(int(rng.integers(6, 11)), rng.uniform(2, 4))
    critical = sizes[-1] * 10 ** rng.uniform(-1.5, -0.8)
    return smooth_token(alpha, critical), sizes, int(rng.integers(5, 13))


def _mirage(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    right, sizes, length = _mirage_law(rng)
    return {"records": answers(right, sizes, length, int(rng.integers(200, 1001)), rng)}


def _resolution(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    sizes = _sizes(int(rng.integers(6, 11)), rng.uniform(2, 4))
    n = int(rng.integers(50, 301))
    alpha = rng.uniform(0.3, 0.9)
    # The largest model is right on a tenth to a half of the items.
    critical = sizes[-1] * (-np.log(rng.uniform(0.1, 0.5))) ** (1 / alpha)
    share = np.exp(-((sizes / critical) ** -alpha))
    return {"scores": scores_only(sizes, rng.binomial(n, share) / n, n)}


def _few(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    count = int(rng.integers(4, 6))
    sizes = _sizes(count, (count - 1) * rng.uniform(1.2, 1.8))
    n, alpha = int(rng.integers(500, 2001)), rng.uniform(0.6, 0.95)
    critical = sizes[-2] * 10 ** rng.uniform(0.3, 0.9)
    share = np.exp(-((sizes / critical) ** -alpha))
    return {"scores": scores_only(sizes, rng.binomial(n, share) / n, n)}


def _real(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    sizes = _sizes(int(rng.integers(6, 11)), rng.uniform(2, 4))
    at = rng.integers(2, len(sizes) - 1)
    critical = np.sqrt(sizes[at] * sizes[at - 1])
    length = int(rng.integers(3, 9))
    return {
        "records": answers(
            leaping_token(critical), sizes, length, int(rng.integers(200, 1001)), rng
        )
    }


def _seeds(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    sizes = _sizes(int(rng.integers(6, 11)), rng.uniform(2, 4))
    runs, n = int(rng.integers(4, 11)), int(rng.integers(200, 1001))
    middle = np.log(sizes[rng.integers(2, len(sizes) - 1)])
    chance = 1 / (1 + np.exp(-3 * (np.log(sizes) - middle)))
    every, which = np.repeat(sizes, runs), np.tile(np.arange(runs), len(sizes))
    knows = rng.random(len(every)) < np.repeat(chance, runs)
    share = np.where(knows, rng.uniform(0.9, 0.98, len(every)), rng.uniform(0.0, 0.05, len(every)))
    return {"scores": scores_only(every, rng.binomial(n, share) / n, n, which)}


def _bare(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """A real leap of which only the scores were kept."""
    sizes, n = _sizes(int(rng.integers(6, 11)), rng.uniform(2, 4)), int(rng.integers(200, 1001))
    at = rng.integers(2, len(sizes) - 1)
    right = leaping_token(np.sqrt(sizes[at] * sizes[at - 1]))
    share = np.array([right(s) for s in sizes]) ** int(rng.integers(3, 9))
    return {"scores": scores_only(sizes, rng.binomial(n, share) / n, n)}


def _silent(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """A mirage on thousands of items, of which only the scores were kept."""
    right, sizes, length = _mirage_law(rng)
    share = np.array([right(size) for size in sizes]) ** length
    n = int(rng.integers(2_000, 10_001))
    return {"scores": scores_only(sizes, rng.binomial(n, share) / n, n)}


def _after_a_part(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """The first digit is known by every model but the smallest, and all others at a leap."""
    drawn = _real(rng)["records"]
    smallest = drawn["params"] == drawn["params"].min()
    first = drawn["target"].str[0] + drawn["output"].str[1:]
    return {"records": drawn.assign(output=drawn["output"].where(smallest, first))}


def _modest(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Choices: below the leap models only get less sure of leanings that know nothing."""
    sizes = _sizes(int(rng.integers(6, 11)), rng.uniform(2, 4))
    n, at = int(rng.integers(200, 1001)), rng.integers(2, len(sizes) - 1)
    right = rng.integers(0, 4, n)
    sure = np.linspace(rng.uniform(2, 3), 0.3, len(sizes))
    parts = []
    for k, size in enumerate(sizes):
        leaning = sure[k] * rng.normal(size=(n, 4))
        if k >= at:
            leaning[np.arange(n), right] += 4.0
        logs = leaning - logsumexp(leaning, axis=1, keepdims=True)
        parts.append(
            blank_records(size, n).assign(
                target=right.astype(str),
                output=logs.argmax(axis=1).astype(str),
                logprobs=list(logs),
            )
        )
    return {"records": pd.concat(parts, ignore_index=True)}


def _noise(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    sizes, n = _sizes(int(rng.integers(4, 11)), rng.uniform(2, 4)), int(rng.integers(50, 1001))
    return {
        "scores": scores_only(sizes, rng.binomial(n, rng.uniform(0.05, 0.5), len(sizes)) / n, n)
    }


class Truth(NamedTuple):
    """A kind of evaluation.

    Attributes
    ----------
    verdicts : tuple of str
        Those that are right of it: several where several causes are at work, and "cannot tell" where the
        data allow no more.
    draw : callable
        Draws an evaluation of it.
    """

    verdicts: tuple[Verdict, ...]
    draw: Callable[[np.random.Generator], dict[str, pd.DataFrame]]


TRUTHS: Mapping[str, Truth] = {
    "mirage": Truth(("metric effect",), _mirage),
    # The metric makes the leap, and the true scores below it are mostly smaller than one in n.
    "mirage, scores only": Truth(("metric effect", "resolution effect"), _silent),
    "too few items": Truth(("resolution effect",), _resolution),
    "too few sizes": Truth(("too few sizes",), _few),
    "real leap": Truth(("not explained by the metric",), _real),
    "real leap, scores only": Truth(("cannot tell",), _bare),
    "real leap after modesty": Truth(("not explained by the metric",), _modest),
    "real leap after a part": Truth(("not explained by the metric",), _after_a_part),
    "two kinds of runs": Truth(("not explained by the metric",), _seeds),
    "noise": Truth(("no leap",), _noise),
}
"""The kinds by name."""
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


def study(draws: int, *, seed: int = 0, level: float = 0.05, jobs: int = 1) -> pd.DataFrame:
    """Audit simulated evaluations of every truth.

    Parameters
    ----------
    draws : int
        Of each truth, >= 1.
    seed : int
        Of the first draw; the others follow it.
    level : float
        As for `mirage_utils.audit.audit`.
    jobs : int
        Processes side by side. The result is the same.

    Returns
    -------
    pandas.DataFrame
        One row an evaluation: ``truth, draw``, and the ``verdict`` on its harsh metric with the name of
        the ``rule`` that decided.
    """
    draws = int(as_array("draws", draws, low=1, integer=True))
    work = [(truth, draw) for truth in TRUTHS for draw in range(draws)]
    found = Parallel(n_jobs=jobs)(delayed(_judged)(*one, seed, level) for one in work)
    return pd.DataFrame(found, columns=["truth", "draw", "verdict", "rule"])


def _judged(truth: str, draw: int, seed: int, level: float) -> tuple[str, int, str, str]:
    asked = _question(simulate(truth, seed=seed + draw), draw)
    metric = _harsh(asked).metric
    verdicts = judge([asked], level=level, thorough=False)
    (found,) = (f for f in verdicts if f.metric == metric)
    return truth, draw, found.verdict, found.rule


def kept() -> pd.DataFrame:
    """The study that comes with the book: 100 draws of each truth, from seed 0, at level 0.05.

    Made anew by ``python -m mirage_utils.audit.simulate``.
    """
    with (resources.files(__package__) / "data" / "study.csv").open() as file:
        return pd.read_csv(file)


def confusion(found: pd.DataFrame) -> pd.DataFrame:
    """Truths in rows, verdicts in columns, evaluations in cells."""
    table = pd.crosstab(found["truth"], found["verdict"])
    return table.reindex(index=list(TRUTHS), columns=list(VERDICTS), fill_value=0)


def outcomes(found: pd.DataFrame) -> pd.DataFrame:
    """How often the audit is right, wrong, or abstains, for each truth.

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
    found = study(options.draws, jobs=options.jobs)
    out.parent.mkdir(parents=True, exist_ok=True)
    replace(out, found.to_csv(index=False, lineterminator="\n").encode())
    print(confusion(found).join(outcomes(found)).to_string())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
