"""The two tables that every reader ends in, and what is wrong with a file that ends in neither.

A table of *scores* has one row for each model, task, metric and condition; a table of *records* one
row for each evaluated item and metric.

===============  =================================================================================
column           meaning
===============  =================================================================================
``family``       models of one design and training recipe; ``""`` where unknown
``model``        name of the network: base model, and checkpoint, adapter or what else changes
                 its answers; see `mirage_utils.records.identity`
``params``       number of parameters, > 0; nan where unknown
``train_flops``  floating-point operations of training, > 0; nan where unknown
``task``         name of the task
``setting``      any other condition: an answer filter, a scorer, a subtask, arguments of the
                 task; ``""`` for none
``shots``        number of worked examples in the prompt; nan where unknown
``run``          which evaluation of this network under this condition: a seed, a results file;
                 ``""`` where its file is the only one
``metric``       name of the metric
``direction``    which scores are good: ``higher``, ``lower``, or ``""`` where unknown
``score``        the score, as its source reports it (records: of this item; nan where ungraded)
``n``            scores only: number of test items; nan where unknown
``item``         records only: name of the item within its task
``epoch``        records only: which repetition of this item in this run, from 1
``target``       records only: the correct answer as text (choices: the index, where it is known)
``output``       records only: the model's answer as text (choices: the index of the likeliest)
``logprobs``     records only: natural log-probabilities, of the choices in order or of the answer
``logprobs_of``  records only: of what they are, ``choices`` or ``answer`` (its tokens); ``""`` where
                 the numbers have to tell
``source``       the file it was read from
===============  =================================================================================

Where it was asked for (`Options.cluster_by`), records have a column ``cluster`` besides: what the item has in
common with others, as text; and with `Options.questions` a column ``asked``, that tells its question from others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Literal

from ..errors import DataError, shown
from ..metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "EXPECTED",
    "LIKELIHOOD",
    "RECORDS",
    "SCORES",
    "EvalFileError",
    "Reading",
    "direction_of",
    "is_fraction",
    "is_named",
    "is_share",
    "plainly",
    "without_per_cent",
]

_COMMON = ("family", "model", "params", "train_flops", "task", "setting", "shots", "run")
SCORES = (*_COMMON, "metric", "direction", "score", "n", "source")
"""Columns of a table of scores."""
RECORDS = (
    *_COMMON, "item", "epoch", "target", "output", "logprobs", "logprobs_of", "metric", "direction", "score",
    "source",
)  # fmt: skip
"""Columns of a table of records."""
LIKELIHOOD = "answer_log_likelihood"
"""The metric of mean natural log-probability of the whole right answer, where files hold those of its tokens."""
EXPECTED = "expected_exact_match"
"""The metric of mean probability of the whole right answer, from the same."""

# Names under which lm-evaluation-harness, Inspect, HELM, lighteval and OpenCompass report scores, as
# `_spelt` writes them, beside those of `METRICS`. A name stands here only if it leaves no doubt.
_SHARES = {
    "acc", "acc_bytes", "acc_mutual_info", "acc_norm", "acc_norm_bytes", "acc_norm_token", "accuracy", "accuracy_norm", "correct", "em", "exact",
    "exact_str_match", "extractive_match", "final_number_exact_match", "fraction_correct", "includes", "loglikelihood_acc", "match", "math_equiv", "math_equiv_chain_of_thought",
    "mc1", "pass@1", "pass_at_1", "pem", "pqem", "prefix_exact_match",
    "prompt_level_loose_acc", "prompt_level_strict_acc", "qem", "quasi_exact_match",
    "quasi_prefix_exact_match", "relaxed_accuracy", "truthfulqa_mc1",
}  # fmt: skip
"""Shares of items, in 0..1 or, in some programs, in per cent."""
_FRACTIONS = {
    "f1_score", "f1_score_macro", "f1_score_micro", "inst_level_loose_acc", "inst_level_strict_acc", "mc2",
    "precision", "probability", "recall", "truthfulqa_mc2",
}  # fmt: skip
"""Other scores in 0..1."""
_HIGHER = {
    "anls", "answer_log_likelihood", "bert_score", "bertscore", "bleurt", "chr_f", "chr_f++", "chrf", "chrf++",
    "correct_prob_mass", "f1", "faithfulness", "log_likelihood", "log_prob", "log_probability", "loglikelihood",
    "logprob", "macro_f1", "mcc", "mean", "meteor", "micro_f1", "mrr", "ndcg", "rouge1",
    "rouge2", "rougel", "rougelsum", "rouge_1", "rouge_2", "rouge_l", "rouge_lsum",
    "rouge_t5", *_FRACTIONS,
}  # fmt: skip
_LOWER = {
    "bits_per_character", "bpb", "bpc", "brier_score", "byte_perplexity", "cer",
    "character_error_rate",
    "cross_entropy", "ece", "ece_10_bin", "ece_1_bin", "edit_distance", "error",
    "error_rate", "expected_calibration_error", "loss", "mae", "mse", "nll", "perplexity", "ppl", "rmse",
    "ter", "wer", "word_error_rate", "word_perplexity",
}  # fmt: skip
# Variants such as ``HasAns_exact`` and ``macro_f1`` are as good as what they vary.
_HIGHER_ENDS = (
    "acc",
    "acc_norm",
    "accuracy",
    "em",
    "exact",
    "exact_match",
    "f1",
    "recall",
    "mrr",
    "mcc",
)
_LOWER_ENDS = ("loss", "perplexity", "ppl", "nll", "cross_entropy", "bits_per_byte")
_AT_K = re.compile(
    r"(?:.*_)?(?:pass|maj|cons|recall|precision|hits?|ndcg|rr|mrr|map|avg)(?:@|_at_)(?:k|n|\d+)(?::.*)?"
)
_AT_ONE = re.compile(r"(?:.*_)?pass(?:@|_at_)1")
_TURNED = re.compile(r"(?:neg|negative|inverse|minus|1)_.*")
"""Of which the opposite is good."""


def _spelt(metric: str) -> str:
    """A metric's name as one of its spellings: ``exact_match`` for "Exact Match", "exactMatch" and "exact-match".

    Folders before it (``leaderboard/acc_norm``), a filter after it (``acc,none``) and a note on the unit
    (``Accuracy (%)``) are no part of it.
    """
    name = metric.strip().rpartition("/")[2].partition(",")[0][:200]
    return plainly(_UNIT.sub("", name.strip()).rstrip("."))


_CENT = r"(?:%|per ?cent(?:age)?|pct)"
_UNIT = re.compile(
    rf"[\s_-]*(?:[(\[]\s*(?:in )?{_CENT}\s*[)\]]|,?\s*%|(?:,\s*|[\s_-])(?:in )?{_CENT})$|^%[\s_-]*(?=\w)",
    re.I,
)


def plainly(metric: str) -> str:
    """A metric's name in small letters, with underscores between its words.

    >>> plainly("Exact Match"), plainly("exactMatch"), plainly("Accuracy (norm)")
    ('exact_match', 'exact_match', 'accuracy_norm')
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", metric)
    return re.sub(r"[\s_()\[\]-]+", "_", words).strip("_").lower()


def without_per_cent(metric: str) -> str:
    """A metric's name without the note that it is in per cent: "Accuracy" for "Accuracy (%)"."""
    return _UNIT.sub("", metric.strip()) or metric


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


@dataclass(frozen=True)
class Reading:
    """What stood in one file, or in one batch of it.

    Attributes
    ----------
    path : str
    format : str
        The program that wrote it, and which kind of its files.
    version : str
        The program's version, or the generation of the schema where it does not say.
    scores : pandas.DataFrame
        Columns `SCORES` and perhaps more: what the file reports.
    records : pandas.DataFrame
        Columns `RECORDS`; no rows where the file has none.
    notes : tuple of str
        What was left out, assumed, or is unusual: read them.
    unknown_models : tuple of str
        Models whose size must be given (`params`) before their scores make a curve.
    ended : bool
        False of a run that broke off: it does not count where a later one ended.
    time : str
        When the run was made, as text that sorts; ``""`` where the file does not say.
    conditions : mapping of str to str
        By task, what else answers depend on, such as ``"version 2, temperature 0.8"``: runs that differ in
        it are no runs of one another.
    identifier : str
        Of the run, where the program gives one: a run that was written twice counts once.
    fields : tuple of str
        By what its items can be clustered (`Options.cluster_by`), where that was asked.
    """

    path: str
    format: str
    version: str
    scores: pd.DataFrame = field(repr=False)
    records: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()
    unknown_models: tuple[str, ...] = ()
    ended: bool = True
    time: str = ""
    conditions: Mapping[str, str] = field(default_factory=dict, repr=False)
    identifier: str = ""
    fields: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Number of records where there are any, else of scores."""
        return len(self.records) or len(self.scores)


def direction_of(metric: str) -> Literal["higher", "lower", ""]:
    """Which scores of a metric are good, however its name is spelt; ``""`` where it is not known."""
    name = _spelt(metric)
    if name in METRICS:
        return METRICS[name].direction
    if name in _LOWER:
        return "lower"
    if name in _SHARES or name in _HIGHER or _AT_K.fullmatch(name):
        return "higher"
    if _TURNED.fullmatch(name):
        return ""
    if name.endswith(tuple(f"_{end}" for end in _LOWER_ENDS)):
        return "lower"
    return "higher" if name.endswith(tuple(f"_{end}" for end in _HIGHER_ENDS)) else ""


def is_named(metric: str) -> bool:
    """Whether a metric's name is known as it stands, and not by its end only, as ``easy_accuracy`` is."""
    name = _spelt(metric)
    return name in (*METRICS, *_LOWER, *_SHARES, *_HIGHER) or bool(_AT_K.fullmatch(name))


def is_share(metric: str) -> bool:
    """Whether a metric's name says that its score is a share of items, never below 0."""
    name = _spelt(metric)
    return (
        name in _SHARES
        or bool(_AT_ONE.fullmatch(name))
        or (name in METRICS and METRICS[name].binary)
    )


def is_fraction(metric: str) -> bool:
    """Whether a metric's name says that its score lies between 0 and 1: a share of items, an F1."""
    name = _spelt(metric)
    last = name.rpartition("_")[2]
    return (
        is_share(metric)
        or name in _FRACTIONS
        or bool(_AT_K.fullmatch(name))
        or last in ("acc", "accuracy", "em", "exact", "f1")
    )
