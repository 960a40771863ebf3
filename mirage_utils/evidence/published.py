"""Emergence scores of the published curves that the book bundles, counted by metric and by benchmark."""

from __future__ import annotations

import re

import pandas as pd

from .. import tables
from ..errors import as_array
from .meta import score_curves

__all__ = ["PUBLISHED", "by_benchmark", "published_scores"]

PUBLISHED = (
    "gpt3_arithmetic", "gpt3_word_tasks", "pythia_evals", "pythia_arithmetic", "obs_scaling", "exp_emergence", "openlm_scaling",
)  # fmt: skip
"""The bundled tables of published scores that have families of six sizes or more."""

_METRICS = {
    "acc": "accuracy", "acc_norm": "accuracy, normalised", "ppl": "perplexity", "bleu": "BLEU", "exact_match": "exact match",
    "target_brier": "Brier of the target", "cross_entropy": "cross-entropy",
}  # fmt: skip
# Versions of one benchmark: splits, prompts without examples, subjects, spellings.
_VERSIONS = (
    (r"_(val|test|zeroshot)$", ""), (r"^mmlu.*", "mmlu"), (r"^logi_qa$", "logiqa"), (r"^winogender_mc.*", "winogender"),
    (r"^agi_eval_lsat.*", "law_school"), (r"^simple_arithmetic.*", "simple_arithmetic"),
)  # fmt: skip


def published_scores(
    *, min_scales: int = 6, draws: int = 10_000, seed: int = 0, doubtful: bool = False
) -> pd.DataFrame:
    """Emergence scores of the bundled curves of published models.

    Averages of other scores are left out, and so are scores by difficulty, whose items the whole benchmark has too.

    Parameters
    ----------
    min_scales : int
        Curves with fewer sizes are left out; at least 2.
    draws, seed : int
        Of the simulated noise; see `mirage_utils.evidence.meta.score_curves`.
    doubtful : bool
        Whether to keep scores that their table marks as doubtful.

    Returns
    -------
    pandas.DataFrame
        The columns of `mirage_utils.evidence.meta.score_curves`, the metrics by plain names; further ``table``, ``benchmark``
        (versions of one benchmark under one name) and ``excess``, the score over that of a straight line on as many sizes.

    Examples
    --------
    >>> found = published_scores(min_scales=7, draws=10)
    >>> int((found["table"] == "gpt3_arithmetic").sum())
    30
    """
    parts = {}
    for name in PUBLISHED:
        about, frame = tables.table(name), tables.load_table(name)
        frame = frame[~frame["setting"].astype(str).str.startswith("difficulty")]
        frame = frame[frame["metric"] != "mean_accuracy"]
        if not doubtful:
            marked = pd.DataFrame(about.doubtful_cells)
            keys = [k for k in ("task", "setting", "model", "metric") if k in marked]
            if keys:
                known = pd.MultiIndex.from_frame(marked[keys])
                frame = frame[~pd.MultiIndex.from_frame(frame[keys]).isin(known)]
        found = score_curves(
            frame, family=about.family, min_scales=min_scales, draws=draws, seed=seed, smooth=False
        )
        parts[name] = found[found["n_scales"] >= min_scales]
    curves = pd.concat(parts, names=["table"]).reset_index(level=0)
    benchmark = curves["task"]
    for version, plain in _VERSIONS:
        benchmark = benchmark.map(lambda task, v=version, p=plain: re.sub(v, p, task))
    return curves.assign(
        benchmark=benchmark,
        excess=curves["emergence_score"] / (curves["n_scales"] - 1),
        metric=curves["metric"].replace(_METRICS),
    )


def by_benchmark(curves: pd.DataFrame, *, least: float = 2.0) -> pd.DataFrame:
    """Curves by metric, each benchmark counted once under each metric.

    Parameters
    ----------
    curves : pandas.DataFrame
        As from `published_scores`.
    least : float
        A benchmark counts as high if the median excess of its curves is at least this.

    Returns
    -------
    pandas.DataFrame
        One row a metric: ``metric, curves, families, benchmarks, high``.

    Examples
    --------
    >>> curves = pd.DataFrame(
    ...     {"metric": "grade", "benchmark": ["a", "a", "a", "b"], "family": "F", "excess": [3.0, 2.5, 0, 0]}
    ... )
    >>> by_benchmark(curves).astype(str).iloc[0].tolist()
    ['grade', '4', '1', '2', '1']
    """
    least = float(as_array("least", least))
    once = curves.groupby(["metric", "benchmark"], as_index=False)["excess"].median()
    found = curves.groupby("metric").agg(curves=("family", "size"), families=("family", "nunique"))
    high = (once["excess"] >= least).groupby(once["metric"]).agg(benchmarks="size", high="sum")
    return found.join(high).reset_index()
