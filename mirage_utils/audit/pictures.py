"""Small pictures of curves, as the coordinates that the report's template draws.

An audit has a thousand of them: a picture is a few paths and labels, made of numbers alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..curves import Curve
from ..page.plots import size_label

__all__ = ["Picture", "picture"]

_WIDTH, _HEIGHT = 300, 160
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 292, 8, 136


@dataclass(frozen=True)
class Picture:
    """A curve with its intervals of 95 %, on a logarithmic axis of size.

    Attributes
    ----------
    line, bars, points, grid : str
        Paths of SVG.
    x_ticks, y_ticks : list of (float, str)
        Where, and with which label.
    words : str
        For those who do not see it.
    caption : str
    width, height, left : int
    """

    line: str
    bars: str
    points: str
    grid: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    words: str
    caption: str
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT


def picture(curve: Curve) -> Picture:
    """Lay out a curve."""
    low, high = _interval(curve)
    bottom, top = float(low.min()), float(high.max())
    if not top > bottom:
        bottom, top = bottom - 0.5, top + 0.5

    def across(scale: NDArray[np.float64]) -> NDArray[np.float64]:
        u, ends = np.log(scale), np.log(curve.scale[[0, -1]])
        share = (u - ends[0]) / (ends[1] - ends[0]) if ends[1] > ends[0] else 0.5 + 0 * u
        return np.round(_LEFT + 8 + share * (_RIGHT - _LEFT - 16), 1)

    def up(score: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.round(_BOTTOM - (score - bottom) / (top - bottom) * (_BOTTOM - _TOP), 1)

    x, y = across(curve.scale).tolist(), up(curve.score).tolist()
    at = _decades(curve.scale)
    levels = [v for v in MaxNLocator(4).tick_values(bottom, top) if bottom <= v <= top]
    x_ticks = [(float(a), size_label(v)) for a, v in zip(across(at), at, strict=True)]
    y_ticks = [(float(b), f"{v:g}") for b, v in zip(up(np.array(levels)), levels, strict=True)]
    ends = zip(x, up(low).tolist(), up(high).tolist(), strict=True)
    places = list(zip(x, y, strict=True))
    return Picture(
        line="M" + "L".join(f"{a} {b}" for a, b in places),
        bars="".join(f"M{a} {b}V{c}" for a, b, c in ends),
        points="".join(f"M{a} {b}h0" for a, b in places),
        grid="".join(f"M{_LEFT} {b}H{_RIGHT}" for b, _ in y_ticks)
        + "".join(f"M{a} {_BOTTOM}v4" for a, _ in x_ticks),
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        words=(
            f"score against size, {len(curve)} sizes from {size_label(curve.scale[0])} to "
            f"{size_label(curve.scale[-1])}, between {curve.score.min():.3g} and {curve.score.max():.3g}"
        ),
        caption=_caption(curve),
    )


def _interval(curve: Curve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if curve.proportion:
        low, high = curve.interval()
        return np.asarray(low), np.asarray(high)
    error = 1.96 * np.nan_to_num(curve.error)
    return curve.score - error, curve.score + error


def _decades(scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Powers of ten within the sizes, at most five; the smallest and the largest size if there is one or none."""
    first, last = np.ceil(np.log10(scale[0]) - 1e-9), np.floor(np.log10(scale[-1]) + 1e-9)
    powers = 10.0 ** np.arange(first, last + 1, max(1, (last - first + 1) // 5))
    return powers if len(powers) > 1 else scale[[0, -1]]


def _caption(curve: Curve) -> str:
    n = ""
    if curve.n is not None:
        fewest, most = int(curve.n.min()), int(curve.n.max())
        n = f", n = {fewest:,}" + (f" to {most:,}" if most > fewest else "")
    many = int(curve.n_runs.max())
    runs = f", up to {many} runs" if many > 1 else ""
    worse = "; less is better" if curve.direction == "lower" else ""
    return f"{curve.metric}{n}{runs}{worse}"
