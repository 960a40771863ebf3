"""Several runs of a size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..curves import Curve
from .curves_of import Question
from .gentler import kind_of

__all__ = ["Runs", "closest", "runs"]


@dataclass(frozen=True)
class Runs:
    """How the runs of one size differ, at the size where they differ most.

    Attributes
    ----------
    most : int
        Most runs of a size.
    gap : float
        Largest gap between neighbouring runs of one size, as a share of the whole range of single runs.
    scale : float
        The size where it is.
    low, high : int
        Runs below and above the gap.
    """

    most: int
    gap: float
    scale: float
    low: int
    high: int


def runs(curve: Curve) -> Runs:
    """Gaps between runs of one size.

    Parameters
    ----------
    curve : Curve
        Whose `replicates` are the single runs.
    """
    best = Runs(int(curve.n_runs.max()), 0.0, float("nan"), 0, 0)
    if curve.replicates is None:
        return best
    whole = float(np.ptp(np.concatenate(curve.replicates)))
    for scale, values in zip(curve.scale, curve.replicates, strict=True):
        if len(values) < 2 or whole == 0:
            continue
        ordered = np.sort(values)
        steps = np.diff(ordered)
        i = int(np.argmax(steps))
        if steps[i] / whole > best.gap:
            best = Runs(
                best.most, float(steps[i] / whole), float(scale), i + 1, len(values) - i - 1
            )
    return best


def closest(question: Question, metric: str, scale: float) -> tuple[str, float] | None:
    """Gap between the runs of one size under the gentler metric that sees them closest together.

    Runs that differ a little may lie far apart under a metric that punishes every error. A forecast is no
    witness: it also moves when a run is only less sure.

    Parameters
    ----------
    question : Question
    metric : str
        The one whose runs lie apart.
    scale : float
        The size where they do.

    Returns
    -------
    tuple of str and float, or None
        Name of that metric and the gap under it, as `Runs.gap`; None without a gentler metric with runs.
    """
    gaps = {}
    for other in question.curves.values():
        if other.metric == metric or kind_of(other.metric) not in ("loss", "answer"):
            continue
        at = np.flatnonzero(other.scale == scale)
        whole = float(np.ptp(np.concatenate(other.replicates))) if other.replicates else 0.0
        if other.replicates is None or not len(at) or whole == 0:
            continue
        apart = np.diff(np.sort(other.replicates[at[0]]), prepend=np.nan)[1:]
        gaps[other.metric] = float(apart.max(initial=0.0)) / whole
    return min(gaps.items(), key=lambda named: named[1], default=None)
