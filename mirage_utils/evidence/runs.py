"""Several runs of a size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..curves import Curve

__all__ = ["Runs", "runs"]


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
