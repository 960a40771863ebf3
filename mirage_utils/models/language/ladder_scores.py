"""Scores of the ladder: every task and length, and the mixture as a whole, from the outputs that were kept.

Computed from the results of a run, not from the models; needs neither JAX nor a model. Answers differ in length and end
with an end, which counts as one of their symbols everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from ...errors import UnknownNameError
from ...metrics.batch import edit_distances
from ...metrics.calibration import brier
from ...metrics.choice import multiple_choice_grade
from ...records.schema import RECORDS, direction_of
from ..results import Bundle
from .outputs import logprobs

__all__ = ["MIXTURE", "SCORES", "by_place", "records", "scores"]

SCORES = (
    "run", "task", "length", "params", "seed", "loss", "exact_match", "edit_distance",
    "expected_exact_match", "accuracy", "brier", "n",
)  # fmt: skip
"""Columns of `scores`."""
MIXTURE = "all"
"""What column ``task`` says of the mixture as a whole."""


def scores(bundle: Bundle, name: str = "ladder") -> pd.DataFrame:
    """Scores of every model and seed of a ladder, by task and length.

    Parameters
    ----------
    bundle : Bundle
        Of a ladder.
    name : str
        What column ``run`` says.

    Returns
    -------
    DataFrame
        Columns `SCORES`. ``length`` is that of what is worked on. ``loss`` is the mean of -ln p of a right symbol, those
        before it being given; ``exact_match`` and ``edit_distance`` are those of the likeliest answer;
        ``expected_exact_match`` is the chance that an answer drawn at random is right, exactly. For choices
        ``accuracy`` takes the likeliest of the four letters, and ``brier`` is the squared error, summed over the four, of
        their probabilities made to sum to one; both are nan elsewhere. Questions count as often as they come up in
        training, ``n`` is their number. Rows whose task is `MIXTURE` (length 0) are of all questions, each kind with its
        share; their accuracy and Brier score are those of all choices.
    """
    frame = bundle.frame
    items = _items(frame)
    parts = [
        _means(items.assign(task=frame["task"].astype(str), length=frame["length"])),
        _means(items.assign(task=MIXTURE, length=0)),
    ]
    found = pd.concat(parts, ignore_index=True).assign(run=name)
    # Tasks in the order in which they are asked, the mixture last.
    order = {task: i for i, task in enumerate([*frame["task"].astype(str).unique(), MIXTURE])}
    by = pd.DataFrame({"task": found["task"].map(order), **found[["length", "params", "seed"]]})
    return found.iloc[by.sort_values(list(by), kind="stable").index][list(SCORES)].reset_index(
        drop=True
    )


def by_place(
    answers: pd.DataFrame, first: int = 2, last: int = 4
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """What of written numbers is right: their length, their first digits, their last digits.

    Parameters
    ----------
    answers : DataFrame
        Rows of a ladder's results whose answers are numbers, such as sums; columns ``params, seed, target, greedy``.
    first, last : int
        How many digits.

    Returns
    -------
    tuple of DataFrame
        By size (rows) and seed (columns): the share of answers with the right number of digits, and of right digits among
        the first and among the last ones, counted from the beginning and from the end.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"params": [10], "seed": [0], "target": ["1234."], "greedy": ["1299."]}
    >>> [float(part.iloc[0, 0]) for part in by_place(pd.DataFrame(row), first=2, last=4)]
    [1.0, 1.0, 0.5]
    """

    def share(right: str, said: str, n: int, step: int) -> float:
        return sum(a == b for a, b in zip(right[::step][:n], said[::step], strict=False)) / n

    asked, said = (answers[c].astype(str).str.rstrip(".") for c in ("target", "greedy"))
    pairs = list(zip(asked, said, strict=True))
    parts = (
        [len(a) == len(b) for a, b in pairs],
        [share(a, b, first, 1) for a, b in pairs],
        [share(a, b, last, -1) for a, b in pairs],
    )
    by = [answers["params"], answers["seed"]]
    length, begin, end = (
        pd.Series(part, answers.index, dtype=float).groupby(by).mean().unstack() for part in parts
    )
    return length, begin, end


def records(bundle: Bundle, *, output: str = "greedy") -> pd.DataFrame:
    """The outputs of a ladder as records, for everything in this book that reads records.

    Parameters
    ----------
    bundle : Bundle
        Of a ladder.
    output : str
        ``"greedy"`` or ``"sample_1"`` for written answers of every task, with the log-probabilities of the right answer's
        symbols; ``"choices"`` for the choices alone, each with the log-probabilities of its four letters.

    Returns
    -------
    DataFrame
        Columns of `mirage_utils.records.RECORDS`: the length is the ``setting``, exact match the metric, and for choices
        the multiple-choice grade.

    Raises
    ------
    UnknownNameError
        If there are no such answers.
    """
    frame = bundle.frame
    known = ["choices", *[c for c in frame if c == "greedy" or c.startswith("sample_")]]
    if output not in known:
        raise UnknownNameError("output", output, "one of " + ", ".join(known))
    if output == "choices":
        frame, among = _choices(frame)
        right, metric = _letters(frame["target"]), "multiple_choice_grade"
        judged: dict[str, Any] = {
            "target": right.astype(str),
            "output": among.argmax(axis=1).astype(str),
            "logprobs": list(among),
            "logprobs_of": "choices",
            "score": multiple_choice_grade(right, softmax(among, axis=1)),
        }
    else:
        target, said = frame["target"].astype(str), frame[output].astype(str)
        metric = "exact_match"
        judged = {
            "target": target,
            "output": said,
            "logprobs": [row[~np.isnan(row)] for row in logprobs(frame)],
            "logprobs_of": "answer",
            "score": (target == said).astype(float),
        }
    model = "ladder-" + frame["size"].map("{:g}".format)
    columns = {
        "family": "ladder",
        "model": model.astype("category"),
        "params": frame["params"].to_numpy(float),
        "train_flops": np.nan,
        "task": frame["task"].astype(str),
        "setting": "length " + frame["length"].astype(str),
        "shots": 0.0,
        "run": ("seed " + frame["seed"].astype(str)).astype("category"),
        "item": frame["prompt"].astype(str),
        "epoch": 1.0,
        "metric": metric,
        "direction": direction_of(metric),
        "source": bundle.manifest["run"][:12],
        **judged,
    }
    return pd.DataFrame(columns)[list(RECORDS)].reset_index(drop=True)


def _choices(frame: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """The rows that are choices, and the log-probabilities of their letters."""
    letters = frame[[c for c in frame if c.startswith("choice_")]].to_numpy(np.float64)
    asked = ~np.isnan(letters).any(axis=1)
    return frame[asked], letters[asked]


def _letters(targets: pd.Series) -> NDArray[np.int64]:
    """Places of the right letters."""
    return targets.astype(str).str[0].map("ABCD".index).to_numpy(int)


def _items(frame: pd.DataFrame) -> pd.DataFrame:
    """What is known of each answer: sums of log-probabilities, whether it is right, its distance."""
    target, output = frame["target"].astype(str), frame["greedy"].astype(str)
    logs = logprobs(frame)
    total = np.nansum(logs, axis=1)
    asked, letters = _choices(frame)
    right, among = _letters(asked["target"]), softmax(letters, axis=1)
    grades = pd.DataFrame(
        {"accuracy": multiple_choice_grade(right, among), "brier": brier(right, among)}, asked.index
    ).reindex(frame.index)
    return pd.DataFrame(
        {
            "params": frame["params"].to_numpy(),
            "seed": frame["seed"].to_numpy(),
            "weight": frame["weight"].to_numpy(np.float64),
            "nats": -total,
            "symbols": (~np.isnan(logs)).sum(axis=1),
            "exact_match": (target == output).to_numpy(float),
            "edit_distance": edit_distances(target.tolist(), output.tolist()),
            "expected_exact_match": np.exp(total),
        },
        index=frame.index,
    ).join(grades)


def _means(items: pd.DataFrame) -> pd.DataFrame:
    """Means over the questions of a group, each counted with its weight."""
    weight, choice = items["weight"], items["accuracy"].notna()
    groups = ["task", "length", "params", "seed"]
    plain = ["nats", "symbols", "exact_match", "edit_distance", "expected_exact_match"]
    sums = items[groups].assign(
        n=1, weight=weight, of_choices=weight * choice,
        **{c: items[c] * weight for c in plain},
        **{c: items[c].fillna(0) * weight for c in ("accuracy", "brier")},
    ).groupby(groups, as_index=False).sum()  # fmt: skip
    found = sums[[*groups, "n"]].assign(loss=sums["nats"] / sums["symbols"])
    for column in plain[2:]:
        found[column] = sums[column] / sums["weight"]
    for column in ("accuracy", "brier"):
        found[column] = sums[column] / sums["of_choices"].where(sums["of_choices"] > 0)
    return found
