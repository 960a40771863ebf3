"""Whether two sides give their scores on one scale, or one of them in per cent."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from ..records.schema import is_fraction
from .sides import NotPairedError
from .words import is_said

__all__ = ["on_one_scale"]


def on_one_scale(
    a: pd.DataFrame, b: pd.DataFrame, metric: str, fraction: Collection[str] = ()
) -> None:
    """Refuse scores of a fraction that are none, and scores of which one side may be in per cent.

    Parameters
    ----------
    a, b : pandas.DataFrame
        Records.
    metric : str
    fraction : collection of str
        What the user says is not in per cent.
    """
    for label, rows in (("A", a), ("B", b)):
        most = rows["score"].max()
        if is_fraction(metric) and most > 1:
            raise NotPairedError(
                f"scale differs: a score of {label} is {most:g}, and {metric} is a fraction; if {label} is in per cent, write it "
                "as fractions, or say --percent where both are"
            )
    if is_said(metric, fraction):
        return
    scores = {"A": a["score"].astype(float).dropna(), "B": b["score"].astype(float).dropna()}
    if not all(len(s) for s in scores.values()):
        return
    small, large = sorted(scores, key=lambda label: scores[label].max())
    low, high = scores[small], scores[large]
    inside = low.min() >= 0 and low.max() <= 1 and high.min() >= 0 and high.max() <= 100.5
    if inside and high.max() > 10 and high.mean() > 10 * low.mean() > 0:
        raise NotPairedError(
            f"scale differs, as it seems: scores of {small} are between {low.min():.3g} and {low.max():.3g}, and those of {large} "
            f"between {high.min():.3g} and {high.max():.3g}; if {large} is in per cent, --percent {metric} divides it (and not {small}); "
            f"if both are on one scale, --fraction {metric} says so"
        )
