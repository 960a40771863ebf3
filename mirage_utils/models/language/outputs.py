"""What the kept outputs say: scores under every metric of an answer, and the records that any reader of this book takes.

Everything here is computed from the results of a run (`mirage_utils.models.Bundle`), not from the models, and needs
neither JAX nor a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ...errors import UnknownNameError, require
from ...metrics.batch import edit_distances
from ...records.schema import RECORDS, direction_of
from ..results import Bundle

__all__ = [
    "SCORES", "Asked", "Factors", "asked", "factors", "logprobs", "records", "scores", "symbols",
]  # fmt: skip

SCORES = (
    "task", "length", "params", "seed", "loss", "exact_match", "token_accuracy", "edit_distance", "n",
)  # fmt: skip
"""Columns of `scores`."""

_ANSWERS = ("recall", "recall_in_order", "addition", "multiplication", "induction")
_CHOICES = ("parity", "clock")


def symbols(texts: pd.Series) -> NDArray[np.uint8]:
    """Answers of one length as a table of characters, shape (n, l).

    Parameters
    ----------
    texts : pandas.Series
        Answers of one length.

    Raises
    ------
    FieldError
        If the answers differ in length.
    """
    texts = texts.astype(str)
    joined = "".join(texts)
    require(len(set(texts.str.len())) <= 1, "answers", len(texts), "answers of one length")
    return np.frombuffer(joined.encode("latin-1"), np.uint8).reshape(len(texts), -1)


def logprobs(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Natural log-probabilities of the symbols of the right answer, shape (n, l).

    Those before a symbol are given, but for models that give all symbols at once.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows of `Bundle.frame`.
    """
    names = [c for c in frame.columns if c.startswith("logprob")]
    return frame[names].to_numpy(np.float64)


def _weights(bundle: Bundle) -> NDArray[np.float64]:
    """How often each item of the test comes up in training, as shares that sum to one; by ``item``."""
    config = bundle.manifest["config"]
    items = int(bundle.frame["item"].max()) + 1
    if config["kind"].startswith("recall"):
        shares = _zipf(config["keys"], config["exponent"])
    elif config["kind"] == "parity":
        shares = np.repeat(_zipf(config["tasks"], config["exponent"]), config["tests"])
    else:
        shares = np.ones(items)
    return shares / shares.sum()


def _zipf(n: int, exponent: float) -> NDArray[np.float64]:
    return np.arange(1, n + 1, dtype=np.float64) ** -float(exponent)


@dataclass(frozen=True)
class Asked:
    """The outputs of a family as arrays: sizes first, then seeds, items, symbols.

    Attributes
    ----------
    params : ndarray of int, shape (m,)
        Rising.
    logp : ndarray, shape (m, seeds, n, l)
        Natural log-probabilities of the right symbols.
    right : ndarray of bool, shape (m, seeds, n, l)
        Whether the likeliest answer has the right symbol there.
    drawn : ndarray of bool, shape (m, seeds, samples, n, l)
        The same of each answer that was drawn at random.
    weights : ndarray, shape (n,)
        How often each item comes up in training; they sum to one.
    """

    params: NDArray[np.int64]
    logp: NDArray[np.float64]
    right: NDArray[np.bool_]
    drawn: NDArray[np.bool_]
    weights: NDArray[np.float64]

    @property
    def loss(self) -> NDArray[np.float64]:
        """Mean of -ln p a symbol, shape (m, seeds)."""
        return -self.mean(self.logp.mean(axis=-1))

    def mean(self, values: ArrayLike) -> NDArray[np.float64]:
        """Mean over items, which are the last axis, each counted as often as it comes up."""
        return np.asarray(values) @ self.weights

    def exact_match(self, length: int | None = None) -> NDArray[np.float64]:
        """Share of items whose likeliest answer is right in its first `length` symbols (all if None), shape (m, seeds)."""
        return self.mean(self.right[..., :length].all(axis=-1))

    def expected_match(self, length: int | None = None) -> NDArray[np.float64]:
        """The same for answers drawn at random, exactly: the mean of the items' own probabilities, shape (m, seeds)."""
        return self.mean(np.exp(self.logp[..., :length].sum(axis=-1)))


def asked(bundle: Bundle) -> Asked:
    """The outputs of a family of language models as arrays.

    Parameters
    ----------
    bundle : Bundle
        Of a family that answers in symbols.

    Raises
    ------
    FieldError
        If an item is missing for some model and seed.
    """
    frame = bundle.frame.sort_values(["params", "seed", "item"], kind="stable")
    params, seeds = (np.sort(frame[c].unique()) for c in ("params", "seed"))
    n = int(frame["item"].max()) + 1
    shape = (len(params), len(seeds), n)
    whole = len(frame) == np.prod(shape) and not frame.duplicated(["params", "seed", "item"]).any()
    require(bool(whole), "frame", len(frame), "every item for every model and seed, once")
    target = symbols(frame["target"])
    length = target.shape[1]
    samples = [c for c in frame.columns if c.startswith("sample_")]
    said = {c: (symbols(frame[c]) == target).reshape(*shape, length) for c in ("greedy", *samples)}
    return Asked(
        params.astype(np.int64),
        logprobs(frame).reshape(*shape, length),
        said["greedy"],
        np.stack([said[c] for c in samples], axis=2)
        if samples
        else np.zeros((*shape[:2], 0, n, length), bool),
        _weights(bundle),
    )


class Factors(NamedTuple):
    """Why answers drawn at random are right as often as they are: three factors whose product is that share.

    Attributes
    ----------
    typical : ndarray
        ``exp(-l CE)``: what the mean loss alone would give.
    spread : ndarray
        At least 1: the mean of probabilities over the exponential of their mean logarithm, at each place of the answer,
        multiplied over places. Items that are known better or worse than others make it large (Jensen's inequality).
    dependence : ndarray
        The share itself over what it would be with the same probabilities at each place, were places independent over
        items. Items that are known whole or not at all make it large.
    """

    typical: NDArray[np.float64]
    spread: NDArray[np.float64]
    dependence: NDArray[np.float64]


def factors(outputs: Asked) -> Factors:
    """Take the expected exact match of every model and seed apart, each factor of shape (m, seeds).

    Parameters
    ----------
    outputs : Asked
    """
    typical = np.exp(-outputs.logp.shape[-1] * outputs.loss)
    places = np.moveaxis(np.exp(outputs.logp), -1, -2)
    alone = outputs.mean(places).prod(axis=-1)
    return Factors(typical, alone / typical, outputs.expected_match() / alone)


def scores(bundle: Bundle, name: str = "") -> pd.DataFrame:
    """Scores of every model, seed and length of answer, from the outputs kept.

    Parameters
    ----------
    bundle : Bundle
        Of a family of language models, parities or clocks.
    name : str
        What column ``task`` says; the kind of the family if empty.

    Returns
    -------
    DataFrame
        Columns `SCORES`. ``length`` is the number of symbols of the answer that are asked for: for recall every
        beginning of a code, for others the whole. ``loss`` is the mean of -ln p a symbol, ``exact_match``,
        ``token_accuracy`` and ``edit_distance`` are those of the likeliest answer. Items count as often as they come
        up in training, ``n`` is their number. For clocks the items are the sums that were not trained on.

    Raises
    ------
    UnknownNameError
        If the run is of another kind.
    """
    kind = bundle.manifest["family"]
    frame, shares = bundle.frame, _weights(bundle)
    if kind == "clock":
        frame = frame[~frame["trained"]]
        shares = np.ones_like(shares)
    if kind in _ANSWERS:
        target, output = symbols(frame["target"]), symbols(frame["greedy"])
    elif kind in _CHOICES:
        target, output = (frame[[side]].to_numpy(np.uint8) for side in ("target", "output"))
    else:
        raise UnknownNameError("family", kind, f"one of {', '.join((*_ANSWERS, *_CHOICES))}")
    right, logs = target == output, logprobs(frame)
    whole = target.shape[1]
    counts = shares[frame["item"].to_numpy()]
    parts = []
    for length in range(1, whole + 1) if kind.startswith("recall") else (whole,):
        each = pd.DataFrame(
            {
                "loss": -logs[:, :length].mean(axis=1),
                "exact_match": right[:, :length].all(axis=1),
                "token_accuracy": right[:, :length].mean(axis=1),
                "edit_distance": edit_distances(target[:, :length], output[:, :length]),
            }
        ).mul(counts, axis=0)
        groups = pd.DataFrame(
            {"params": frame["params"].to_numpy(), "seed": frame["seed"].to_numpy(), "share": counts, "n": 1}
        ).join(each).groupby(["params", "seed"], as_index=False).sum()  # fmt: skip
        for column in each:
            groups[column] /= groups["share"]
        parts.append(groups.assign(task=name or kind, length=length))
    return pd.concat(parts, ignore_index=True)[list(SCORES)]


def records(bundle: Bundle, *, output: str = "greedy", length: int | None = None) -> pd.DataFrame:
    """The outputs kept as records, for everything in this book that reads records.

    Parameters
    ----------
    bundle : Bundle
        Of a family of language models, parities or clocks.
    output : str
        Which answers: ``"greedy"``, or ``"sample_1"`` and so on. Parities and clocks have one.
    length : int, optional
        Only this many symbols from the start of an answer.

    Returns
    -------
    DataFrame
        Columns of `mirage_utils.records.RECORDS`, graded by exact match; ``logprobs`` are those of the answer's
        symbols, and for parities those of "even" and "odd".

    Raises
    ------
    UnknownNameError
        If there are no such answers.
    FieldError
        If an answer is not that long.
    """
    frame, kind = bundle.frame, bundle.manifest["family"]
    logs = logprobs(frame)
    if kind in _ANSWERS:
        if output not in frame:
            known = [c for c in frame.columns if c == "greedy" or c.startswith("sample_")]
            raise UnknownNameError("output", output, "one of " + ", ".join(known))
        whole = logs.shape[1]
        length = whole if length is None else length
        require(1 <= length <= whole, "length", length, f"1 to {whole}")
        texts = {side: frame[side].astype(str).str[:length] for side in ("target", output)}
        names, target, said = frame["prompt"].astype(str), texts["target"], texts[output]
        logs = logs[:, :length]
    else:
        names = frame["item"].astype(str)
        target, said = frame["target"].astype(str), frame["output"].astype(str)
        if kind == "parity":
            other = np.log(-np.expm1(np.minimum(logs[:, 0], -1e-7)))
            odd = frame["target"].to_numpy() == 1
            logs = np.stack(
                [np.where(odd, other, logs[:, 0]), np.where(odd, logs[:, 0], other)], axis=1
            )
    constant: Mapping[str, Any] = {
        "family": kind, "train_flops": np.nan, "setting": "", "shots": 0.0, "metric": "exact_match",
        "direction": direction_of("exact_match"), "source": bundle.manifest["run"][:12],
    }  # fmt: skip
    model = kind + "-" + frame["size"].map("{:g}".format)
    columns = {
        "model": model.astype("category"),
        "params": frame["params"].to_numpy(float),
        "task": bundle.manifest["data"]["name"],
        "run": ("seed " + frame["seed"].astype(str)).astype("category"),
        "item": names,
        "epoch": 1.0,
        "target": target,
        "output": said,
        "logprobs": list(logs),
        "logprobs_of": "answer" if kind in _ANSWERS else "choices",
        "score": (target.to_numpy() == said.to_numpy()).astype(float),
        **constant,
    }
    return pd.DataFrame(columns)[list(RECORDS)]
