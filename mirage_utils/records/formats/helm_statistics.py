"""Statistics of HELM: their names, which of them are scores, and the scores in ``stats.json``."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ...errors import shown
from ..columns import score_table
from ..files import File, document
from ..schema import EvalFileError, direction_of
from .collecting import LeftOut, said, whole
from .helm_run import ITEMS, Run, as_text, words_of

__all__ = [
    "Statistic",
    "direction_by_name",
    "perturbation_of",
    "plain_split",
    "scores_of_run",
    "statistic",
    "told",
]

_BOOKKEEPING = re.compile(
    r"(max_)?num_.*|.*(runtime|_cost)|batch_size|finish_reason_.*|prompt_(truncated|length)"
    r"|predicted_index|platt_(coef|intercept)|max_prob"
)
# Of a model's own answers; of a text only where the method is language modelling.
_OWN = {"bits_per_byte", "logprob", "logprob_per_byte", "perplexity"}

_HIGHER = re.compile(
    r"(.*_)?(match|accuracy|acc|correctness|equiv|f1|f1_score|precision|recall|meteor|cider)"
    r"|rouge[-_].*|bleu_\d|math_equiv.*|logprob.*|selective_.*|(air|safety|wildbench)_score.*"
)
_LOWER = re.compile(
    r"(platt_)?ece_.*|(.*_)?(cer|mer|wer)_score|error_rate|toxic_frac|(expected_)?max_toxicity.*"
    r"|bias_metric.*|bbq_metric_.*_bias|absolute_value_difference"
)


@dataclass(frozen=True)
class Statistic:
    """The name of a statistic.

    Attributes
    ----------
    metric : str
    split, sub_split, perturbation : str
        ``""`` for none.
    worst : bool
        Whether it is the worst over all perturbations of a kind, and none.
    """

    metric: str
    split: str
    sub_split: str
    perturbation: str
    worst: bool

    @classmethod
    def of(cls, name: Any) -> Statistic | None:
        """Of what stands under ``name``; None if it is no name."""
        if not isinstance(name, dict) or not said(name.get("name")):
            return None
        changed = name.get("perturbation")
        return cls(
            said(name["name"]),
            words_of(name.get("split")),
            words_of(name.get("sub_split")),
            perturbation_of(changed),
            isinstance(changed, dict) and changed.get("name") in ("robustness", "fairness"),
        )

    def kept(self, run: Run) -> bool:
        """Whether it is a score."""
        if _BOOKKEEPING.fullmatch(self.metric):
            return False
        return self.metric not in _OWN or run.method == "language_modeling"

    def setting(self, run: Run, plain: str) -> str:
        """The condition, and how it differs from the plain one."""
        more = (
            run.setting,
            f"split={self.split}" if self.split not in ("", plain) else "",
            f"part={self.sub_split}" if self.sub_split else "",
            f"perturbation={self.perturbation}" if self.perturbation else "",
        )
        return ", ".join(filter(None, more))


def perturbation_of(found: Any) -> str:
    """A perturbation in words: its name, what it is computed on, its parameters; ``""`` for none."""
    if not isinstance(found, dict):
        return words_of(found)
    usual = {"name", "robustness", "fairness", "computed_on"}
    more = {str(k): v for k, v in found.items() if k not in usual and v is not None}
    on = found.get("computed_on")
    words = [words_of(found.get("name")), words_of(on) if on not in (None, "perturbed") else ""]
    return " ".join(filter(None, (*words, *(f"{k}={as_text(v)}" for k, v in more.items()))))


def plain_split(names: list[Statistic]) -> str:
    """The split that is the plain condition."""
    splits = [name.split for name in names if not name.perturbation and name.split]
    return next((s for s in ("test", "valid") if s in splits), splits[0] if splits else "test")


def told(found: str, plain: str, left: Counter[str]) -> list[str]:
    """Notes on a split other than ``test``, of which `found` were read, and on statistics that are no scores."""
    notes = []
    if plain != "test":
        notes.append(f"no instances of the split 'test': those of {plain!r} are {found}")
    if left:
        several = f", {', '.join(list(left)[:3])} and others" if len(left) > 3 else ""
        listed = several.lstrip(", ") or ", ".join(left)
        notes.append(
            f"bookkeeping and statistics of the model's own answers left out: {len(left)} names ({listed})"
        )
    return notes


def direction_by_name(metric: str) -> str:
    """``"higher"`` or ``"lower"``, whichever is better; ``""`` where it is not known."""
    base = metric.partition("@")[0]
    if _LOWER.fullmatch(base):
        return "lower"
    return direction_of(base) or ("higher" if _HIGHER.fullmatch(base) else "")


def statistic(path: Path, entry: Any, field: str) -> tuple[Statistic, dict[str, Any]]:
    """The name of an entry of a file, and the entry.

    Raises
    ------
    EvalFileError
        Naming the field: it is no statistic.
    """
    name = Statistic.of(entry.get("name")) if isinstance(entry, dict) else None
    if name is None:
        raise EvalFileError(path, f"expected a statistic, found {shown(entry)}", field=field)
    return name, entry


def scores_of_run(file: File, run: Run) -> tuple[pd.DataFrame, list[str]]:
    """The scores in a run's `mirage_utils.records.formats.helm_run.STATS`, and what is to be told of them.

    Raises
    ------
    EvalFileError
        If it holds other things than statistics.
    """
    path = file.path
    entries = [statistic(path, entry, f"[{i}]") for i, entry in enumerate(file.document)]
    kept = [(name, entry) for name, entry in entries if name.kept(run)]
    bookkeeping = Counter(name.metric for name, _ in entries if not name.kept(run))
    plain = plain_split([name for name, _ in kept])
    notes = [*run.notes, *told("the scores", plain, bookkeeping)]
    items = {
        (name.split, name.sub_split, name.perturbation): whole(entry.get("mean"))
        for name, entry in entries
        if name.metric == "num_instances"
    }
    in_trials = _metrics_of_items(path) if run.trials > 1 else set()
    left, rows = LeftOut(), []
    copies, means = 0, set()
    for name, entry in kept:
        if name.worst and not run.perturbed:
            copies += 1  # the worst of one version of each instance is that version
            continue
        if name.metric in in_trials and not name.perturbation:
            means.add(name.metric)
            continue
        where = " ".join(filter(None, (name.split, name.sub_split, name.perturbation)))
        score = left.score(entry.get("mean"), f"{name.metric} ({where})" if where else name.metric)
        if score is None:
            continue
        rows.append(
            {
                "model": run.model,
                "task": run.task,
                "setting": name.setting(run, plain),
                "shots": run.shots,
                "run": str(run.path),
                "metric": name.metric,
                "direction": direction_by_name(name.metric),
                "score": score,
                "n": items.get((name.split, name.sub_split, name.perturbation), math.nan),
                "source": str(path),
            }
        )
    notes += left.notes()
    if copies:
        notes.append(
            f"no perturbation was asked for: {copies} copies ('robustness', 'fairness') left out"
        )
    if means:
        notes.append(
            f"means over {run.trials} trials, which are runs in {ITEMS}, left out: {', '.join(sorted(means))}"
        )
    elif run.trials > 1 and rows:
        notes.append(f"each score is a mean over {run.trials} trials")
    return score_table(rows), notes


def _metrics_of_items(path: Path) -> set[str]:
    """Metrics of which the scores of each instance stand beside, by trial."""
    beside = path.with_name(ITEMS)
    try:
        found = document(beside) if beside.is_file() else None
    except EvalFileError:
        return set()
    stats = (
        stat
        for entry in (found if isinstance(found, list) else [])
        if isinstance(entry, dict) and isinstance(entry.get("stats"), list)
        for stat in entry["stats"]
    )
    names = (Statistic.of(stat.get("name")) for stat in stats if isinstance(stat, dict))
    return {name.metric for name in names if name is not None}
