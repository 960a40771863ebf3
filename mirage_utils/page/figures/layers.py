"""The verbs of series, lines, points and areas: each takes data by label and gives a layer of a panel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ...curves import Curve, location
from ...errors import FieldError, as_array, require
from .. import plots
from .look import BROAD, Look

__all__ = [
    "Layer", "Series", "bands", "intervals", "lines", "points", "seeds", "shares",
]  # fmt: skip

Series = Mapping[str, Any]
"""Data by label. A metric's label is its title."""


@dataclass(frozen=True)
class Layer:
    """What one verb adds to a panel.

    Parameters
    ----------
    draw : callable
        Draws it on Matplotlib's axes, in the look of each label.
    ends : mapping of str to tuple of float
        By label: the last point of a series, beside which its label goes.
    ordered : bool or str
        Its series are steps of one quantity: of the one of this name, where a figure has several.
    n : tuple of int
        Numbers of items behind its points.
    said : tuple of str
        Sentences for the caption; ``{runs}`` stands for the numbers of runs of all layers of the figure.
    rows : tuple of str
        Names of rows, from the top, where the layer has rows.
    line : bool
        A series is a line, and not marks or areas.
    zeros : bool
        Some scores are zero, which a logarithmic axis shows as arrows.
    area : bool
        A series is an area.
    runs : tuple of int
        Numbers of runs of a size.
    wide : frozenset of str
        Labels of its lines that are broad and pale.
    """

    draw: Callable[[Axes, Mapping[str, Look]], None]
    ends: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    ordered: bool | str = False
    n: tuple[int, ...] = ()
    said: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    line: bool = False
    zeros: bool = False
    area: bool = False
    runs: tuple[int, ...] = ()
    wide: frozenset[str] = frozenset()


def lines(
    series: Series, *, ordered: bool | str = False, rise: bool = False, wide: Iterable[str] = ()
) -> Layer:
    """Lines: laws, fits, anything without chance in it.

    Parameters
    ----------
    series : mapping of str to Curve or to (x, y)
        By label.
    ordered : bool or str
        The series are steps of one quantity, such as target length. Where a figure has several, their names.
    rise : bool
        Mark where each curve, a `Curve`, is half-way between the metric's worst and best score, and its width from
        10% to 90%.
    wide : iterable of str
        Labels of lines to draw broad and pale, as something to stand behind others.
    """
    data, broad = {label: columns_of(label, each) for label, each in named(series)}, frozenset(wide)

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        for place, (label, (x, y)) in enumerate(data.items()):
            look = looks[label]
            style = BROAD if label in broad else {"linestyle": look.dash}
            ax.plot(x, y, color=look.colour, **style)
            if rise:
                _mark_rise(ax, series[label], look.colour, place - (len(data) - 1) / 2)

    if rise:
        for label, each in series.items():
            require(isinstance(each, Curve), label, each, "a Curve, whose metric has a range")
    said = (
        (
            "Dots: half-way between the worst and the best score; pale bars: from 10% to 90% (their height means nothing).",
        )
        if rise
        else ()
    )
    return Layer(draw, _ends(data), ordered, said=said, line=True, wide=broad)


def points(
    series: Series, *, ordered: bool = False, join: bool = True, confidence: float = 0.95
) -> Layer:
    """Measured scores with their intervals.

    Parameters
    ----------
    series : mapping of str to Curve or to (x, y)
        Shares of n items right have exact binomial intervals, scores with a standard error normal ones, others none. On
        a logarithmic axis a zero is an arrow down from the upper end of its interval.
    ordered : bool
        As in `lines`.
    join : bool
        Thin lines between points.
    confidence : float
        Of the intervals.
    """
    data = {label: columns_of(label, each) for label, each in named(series)}
    bars = {label: _bars(each, confidence) for label, each in series.items()}

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        for label, (x, y) in data.items():
            low, high = bars[label][:2]
            _measured(ax, x, y, low, high, looks[label], join=join)

    kinds = {kind for *_, kind in bars.values()}
    said = [f"Bars: {kind} {confidence:.0%} intervals." for kind in sorted(kinds - {""})]
    zeros = any((y <= 0).any() for _, y in data.values()) and "exact" in kinds
    sizes = {
        int(k)
        for each in series.values()
        if isinstance(each, Curve) and each.n is not None
        for k in each.n
    }
    return Layer(draw, _ends(data), ordered, tuple(sorted(sizes)), tuple(said), zeros=zeros)


def intervals(series: Series, *, ordered: bool = False, join: bool = True, meaning: str) -> Layer:
    """Values with intervals that were computed before.

    Parameters
    ----------
    series : mapping of str to (x, y, low, high)
        By label. An infinite value has an arrow that begins at the end of its interval that is finite.
    ordered, join : bool
        As in `points`.
    meaning : str
        What the bars are, for the caption, such as ``"95% intervals, paired bootstrap over items"``.
    """
    data = {label: _columns(label, each, 4) for label, each in named(series)}

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        for label, (x, y, low, high) in data.items():
            _measured(ax, x, y, low, high, looks[label], join=join)

    return Layer(draw, _ends(data), ordered, said=(f"Bars: {meaning}.",))


def seeds(
    series: Series, *, ordered: bool = False, middle: Literal["mean", "median"] = "mean"
) -> Layer:
    """Every run as a dot, and a line through their means or medians.

    Parameters
    ----------
    series : mapping of str to (x, values)
        `x` of shape (m,), `values` of shape (m, runs).
    ordered : bool
        As in `lines`.
    middle : {"mean", "median"}
        What the line goes through. Where runs are of two kinds, a median jumps from one kind to the other.
    """
    data, at_middle = of_runs(series), middle_of(middle)

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        for label, (x, values) in data.items():
            look = looks[label]
            ax.plot(
                np.repeat(x, values.shape[1]), values.ravel(), look.marker, color=look.colour,
                markersize=3, alpha=0.35, markeredgewidth=0,
            )  # fmt: skip
            draw_middle(ax, x, values, look, middle)

    # nan is a run that a size has not
    runs = tuple(int(k) for _, values in data.values() for k in (~np.isnan(values)).sum(axis=1))
    ends = {k: (x[-1], float(at_middle(v[-1]))) for k, (x, v) in data.items()}
    said = (f"Marks: single runs, {{runs}} a size; lines: {middle}s.",)
    return Layer(draw, ends, ordered, said=said, runs=runs)


def bands(series: Series, *, ordered: bool = False, meaning: str) -> Layer:
    """Shaded bands.

    Parameters
    ----------
    series : mapping of str to (x, low, high)
        By label.
    ordered : bool
        As in `lines`.
    meaning : str
        What they are, for the caption.
    """
    data = {label: _columns(label, each, 3) for label, each in named(series)}

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        for label, (x, low, high) in data.items():
            # With an outline, so that a band that is as narrow as a line is seen.
            ax.fill_between(x, low, high, color=looks[label].colour, alpha=0.25, linewidth=0.8)

    ends = {label: (x[-1], (low[-1] + high[-1]) / 2) for label, (x, low, high) in data.items()}
    return Layer(draw, ends, ordered, said=(f"Bands: {meaning}.",), area=True)


def shares(x: ArrayLike, series: Mapping[str, ArrayLike]) -> Layer:
    """Parts of a whole, stacked: each label's part of 1 at each x.

    Parameters
    ----------
    x : array_like, shape (m,)
    series : mapping of str to array_like of shape (m,)
        Shares that add up to at most 1, the lowest first.
    """
    across = as_array("x", x)
    parts = {label: as_array(label, part, low=0, high=1) for label, part in series.items()}
    tops = dict(zip(parts, np.cumsum(list(parts.values()), axis=0), strict=True))
    highest = max(float(top.max()) for top in tops.values())
    require(highest <= 1 + 1e-9, "series", highest, "shares that add up to at most 1")

    def draw(ax: Axes, looks: Mapping[str, Look]) -> None:
        for label, top in tops.items():
            ax.fill_between(
                across, top - parts[label], top, color=looks[label].colour, alpha=0.9,
                linewidth=0.4, edgecolor=plots.PAPER,
            )  # fmt: skip

    ends = {
        label: (across[-1], float(top[-1] - parts[label][-1] / 2)) for label, top in tops.items()
    }
    return Layer(draw, ends, ordered=True, area=True)


# -- what the verbs share ----------------------------------------------------------------------------


def named(series: Series) -> Iterable[tuple[str, Any]]:
    require(isinstance(series, Mapping), "series", series, "data by label")
    return series.items()


def columns_of(label: str, data: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if isinstance(data, Curve):
        return data.scale, data.score
    x, y = _columns(label, data, 2)
    return x, y


def _columns(label: str, data: Any, number: int) -> tuple[NDArray[np.float64], ...]:
    if isinstance(data, Curve) or len(data) != number:
        raise FieldError(label, data, f"{number} columns of equal length")
    found = tuple(np.asarray(column, dtype=float) for column in data)
    shapes = {column.shape for column in found}
    require(
        len(shapes) == 1 and found[0].ndim == 1, label, sorted(shapes), "columns of equal length"
    )
    return found


def of_runs(series: Series) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Sizes, and values by size and run, of each series."""
    data = {}
    for label, (x, values) in named(series):
        at, found = as_array("x", x), np.asarray(values, dtype=float)
        require(found.ndim == 2 and len(found) == at.size, label, found.shape, f"({at.size}, runs)")
        data[label] = (at, found)
    return data


def middle_of(middle: str) -> Callable[..., Any]:
    """The function of a mean or a median, without what is not known."""
    require(middle in ("mean", "median"), "middle", middle, "'mean' or 'median'")
    return np.nanmean if middle == "mean" else np.nanmedian


def draw_middle(ax: Axes, x: Any, values: Any, look: Look, middle: str, **style: Any) -> None:
    """A line through the means or medians of runs."""
    y = middle_of(middle)(values, axis=1)
    ax.plot(x, y, color=look.colour, linestyle=look.dash, **style)


def _bars(data: Any, confidence: float) -> tuple[Any, Any, str]:
    """Ends of the intervals of a curve, and their kind."""
    if isinstance(data, Curve) and data.proportion:
        low, high = data.interval(confidence)
        return low, high, "exact"
    if isinstance(data, Curve) and data.error is not None and np.isfinite(data.error).any():
        reach = stats.norm.ppf(0.5 + confidence / 2) * np.nan_to_num(data.error)
        return data.score - reach, data.score + reach, "normal"
    return None, None, ""


def _measured(ax: Axes, x: Any, y: Any, low: Any, high: Any, look: Look, *, join: bool) -> None:
    log = ax.get_yscale() == "log"
    seen = y > 0 if log else np.isfinite(y)
    style: dict[str, Any] = {"color": look.colour, "capsize": 2.2, "elinewidth": 1.1}
    reach = None
    if low is not None:
        bottom = np.maximum(low[seen], 1e-12) if log else low[seen]
        reach = [np.maximum(y[seen] - bottom, 0), np.maximum(high[seen] - y[seen], 0)]
    ax.errorbar(
        x[seen], y[seen], yerr=reach, fmt=look.marker, markeredgecolor=plots.PAPER, markeredgewidth=0.6, **style,
    )  # fmt: skip
    if join:
        ax.plot(x[seen], y[seen], color=look.colour, linewidth=1, alpha=0.55)
    if log and high is not None and (~seen).any():
        top = high[~seen]
        ax.errorbar(x[~seen], top, yerr=0.45 * top, uplims=True, fmt="none", **style)
    if not log and low is not None:
        # A value beyond all bounds, such as ln(-ln 0): an arrow from the end of its interval that is known.
        length = 0.06 * abs(np.subtract(*ax.get_ylim()))
        for side, end in ((np.inf, low), (-np.inf, high)):
            beyond = (y == side) & np.isfinite(end)
            if beyond.any():
                ax.errorbar(
                    x[beyond], end[beyond], yerr=length, fmt="none", lolims=side > 0, uplims=side < 0, **style
                )  # fmt: skip


def _ends(data: Mapping[str, tuple[NDArray[np.float64], ...]]) -> dict[str, tuple[float, float]]:
    return {
        label: (float(columns[0][-1]), float(columns[1][-1])) for label, columns in data.items()
    }


def _mark_rise(ax: Axes, curve: Curve, colour: str, place: float) -> None:
    """Half of the metric's range as a dot, and a bar from 10% to 90% of it, as far as the curve reaches.

    Bars of several curves stand below one another, by `place`, so that their lengths can be compared.
    """
    low, high = curve.score_range
    half, middle = (low + high) / 2, location(curve)
    ends = [location(curve, share) for share in (0.1, 0.9)]
    if np.isfinite(ends).all():
        height = half - place * 0.05 * (high - low)
        ax.plot(
            ends, [height, height], color=colour, linewidth=3.2, alpha=0.4, solid_capstyle="butt"
        )
    if np.isfinite(middle):
        ax.plot([middle], [half], "o", color=colour, markeredgecolor=plots.PAPER, markersize=6.5)
