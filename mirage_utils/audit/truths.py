"""Evaluations of known truth: mirages, real leaps, too few items, too few sizes, noise, and how each is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logsumexp

from .rules import Verdict

__all__ = [
    "TRUTHS",
    "Truth",
    "answers",
    "blank_records",
    "leaping_token",
    "scores_only",
    "smooth_token",
]

_LETTERS = np.array(list("0123456789"))


def _between(sizes: NDArray, rng: np.random.Generator) -> float:
    """Where a leap is: anywhere on the axis of sizes, after the second size and before the last."""
    at = rng.integers(2, len(sizes) - 1)
    return float(np.exp(rng.uniform(np.log(sizes[at - 1]), np.log(sizes[at]))))


def _sizes(count: int, decades: float) -> NDArray[np.float64]:
    return np.round(np.geomspace(1e6, 1e6 * 10**decades, count))


def answers(
    right: Callable[[float], float | NDArray],
    sizes: NDArray,
    length: int,
    n: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Records of answers whose tokens are right with a probability that depends on size.

    Parameters
    ----------
    right : callable
        Probability of a right token by size, of all items or of each. A wrong token is another digit, at random.
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
        hit = rng.random((n, length)) < np.reshape(right(size), (-1, 1))
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
    """Probability of a right token: a loss that is a power of size, and a guess among ten.

    Parameters
    ----------
    alpha : float
        Exponent of the loss, > 0.
    critical : float
        Size at which the loss is one nat, > 0.
    """
    return lambda size: float(0.1 + 0.9 * np.exp(-((size / critical) ** -alpha)))


def leaping_token(critical: float) -> Callable[[float], float]:
    """Nothing but guesses, then nearly everything: from 10 to 90% of the rise within a sixth of a decade."""
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
    critical = _between(sizes, rng)
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
    right = leaping_token(_between(sizes, rng))
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


def _unequal(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """A mirage whose items differ: each is learnt at a size of its own, around half a decade from the middle one."""
    alpha = rng.uniform(0.3, 0.8)
    sizes = _sizes(int(rng.integers(6, 11)), rng.uniform(2, 4))
    length, n = int(rng.integers(5, 13)), int(rng.integers(200, 1001))
    own = sizes[-1] * 10 ** (rng.uniform(-1.5, -0.8) + rng.normal(0, 0.5, n))
    return {
        "records": answers(
            lambda size: 0.1 + 0.9 * np.exp(-((size / own) ** -alpha)), sizes, length, n, rng
        )
    }


def _unread(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Models that all know most answers; below some size nothing is found in what they write."""
    sizes = _sizes(int(rng.integers(6, 11)), rng.uniform(2, 4))
    right = smooth_token(0.5, sizes[0] / 10 ** rng.uniform(1, 3))
    drawn = answers(right, sizes, int(rng.integers(3, 9)), int(rng.integers(200, 1001)), rng)
    unread = drawn["params"] < sizes[rng.integers(2, len(sizes) - 1)]
    return {"records": drawn.assign(output=drawn["output"].mask(unread, ""))}


class Truth(NamedTuple):
    """A kind of evaluation.

    Attributes
    ----------
    verdicts : tuple of str
        Those that are right of it: several where several causes are at work, and "cannot tell" where the
        data allow no more.
    draw : callable
        Draws an evaluation of it.
    foreseen : bool
        Whether the rules were written with this kind in mind.
    """

    verdicts: tuple[Verdict, ...]
    draw: Callable[[np.random.Generator], dict[str, pd.DataFrame]]
    foreseen: bool = True


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
    # Scores of a harsh metric alone: runs that scatter smoothly can lie as far apart.
    "two kinds of runs": Truth(("cannot tell",), _seeds),
    "noise": Truth(("no leap",), _noise),
    "mirage, unequal items": Truth(("metric effect",), _unequal, foreseen=False),
    # The files hold no more than what was found in the answers, so nothing in them names the cause.
    "unread answers": Truth(("cannot tell",), _unread, foreseen=False),
}
"""The kinds by name."""
