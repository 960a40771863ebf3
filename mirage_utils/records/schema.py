"""The two tables that every reader ends in, and what is wrong with a file that ends in neither.

A table of *scores* has one row for each model, task, metric and condition; a table of *records* one
row for each evaluated item and metric.

===============  =================================================================================
column           meaning
===============  =================================================================================
``family``       models of one design and training recipe; ``""`` where unknown
``model``        name of the model, as its source writes it
``params``       number of parameters, > 0; nan where unknown
``train_flops``  floating-point operations of training, > 0; nan where unknown
``task``         name of the task
``setting``      any other condition: an answer filter, a scorer, a subtask; ``""`` for none
``shots``        number of worked examples in the prompt; nan where unknown
``metric``       name of the metric
``direction``    which scores are good: ``higher``, ``lower``, or ``""`` where unknown
``score``        the score, as its source reports it (records: of this item; nan where ungraded)
``n``            scores only: number of test items; nan where unknown
``item``         records only: name of the item within its task
``target``       records only: the correct answer as text (choices: the index, where it is known)
``output``       records only: the model's answer as text (choices: the index of the likeliest)
``logprobs``     records only: natural log-probabilities, of the choices in order or of the answer
``source``       the file it was read from
===============  =================================================================================
"""

from __future__ import annotations

from os import PathLike
from typing import Literal

from ..errors import DataError, shown
from ..metrics import METRICS

__all__ = ["RECORDS", "SCORES", "EvalFileError", "direction_of", "is_share"]

_COMMON = ("family", "model", "params", "train_flops", "task", "setting", "shots")
SCORES = (*_COMMON, "metric", "direction", "score", "n", "source")
RECORDS = (
    *_COMMON, "item", "target", "output", "logprobs", "metric", "direction", "score", "source",
)  # fmt: skip

# Names under which evaluation programs report scores, beside those of `METRICS`: first the shares
# of items (in 0..1 or, in some programs, in per cent), then other scores.
_SHARES = {
    "accuracy",
    "acc",
    "acc_norm",
    "acc_norm_bytes",
    "em",
    "exact",
    "exact_match",
    "exact_str_match",
    "mc1",
    "multiple_choice_grade",
    "pass@1",
}
_HIGHER = {
    "bert_score", "bleu", "bleurt", "chrf", "correct_prob_mass", "f1", "log_probability", "macro_f1",
    "mc2", "mcc", "mean", "micro_f1", "probability", "rouge1", "rouge2", "rougel", "rougelsum",
}  # fmt: skip
_LOWER = {
    "bits_per_byte", "bpb", "brier", "brier_score", "byte_perplexity", "cross_entropy",
    "edit_distance", "loss", "nll", "perplexity", "ppl", "target_brier", "ter", "wer",
    "word_perplexity",
}  # fmt: skip


class EvalFileError(DataError, ValueError):
    """A file of evaluation results cannot be read; the message says which, where and why.

    Parameters
    ----------
    path : path-like
    reason : str
        What is wrong, in words.
    line : int, optional
        Line of the file, counted from 1.
    field : str, optional
        Name of the field at fault.
    """

    def __init__(
        self, path: str | PathLike[str], reason: str, *, line: int | None = None, field: str = ""
    ) -> None:
        self.path = str(path)
        self.reason = reason
        self.line = line
        self.field = field
        where = "" if line is None else f", line {line}"
        if field:
            where += f", field {shown(field)}"
        super().__init__(f"{self.path}{where}: {reason}")


def direction_of(metric: str) -> Literal["higher", "lower", ""]:
    """Which scores of a metric are good; ``""`` where its name is not known."""
    if metric in METRICS:
        return METRICS[metric].direction
    name = metric.lower()
    # Variants such as ``HasAns_exact`` and ``macro_f1`` are as good as what they vary.
    if {name, name.rpartition("_")[2]} & (_SHARES | _HIGHER):
        return "higher"
    return "lower" if name in _LOWER else ""


def is_share(metric: str) -> bool:
    """Whether a metric's name says that its score is a share of items, never below 0."""
    return metric.lower() in _SHARES or (metric in METRICS and METRICS[metric].binary)
