"""Checks of pictures drawn with Matplotlib, by their data and their words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..values import Axes, Drawing, Series, plain
from .messages import NotYet, described, sentence

__all__ = ["curve", "labelled"]

_CURVES = 6  # in one picture: with enough of them one is right by accident


def curve(
    got: Any,
    reference: Callable[[np.ndarray], Any],
    domain: tuple[float, float],
    what: str,
    *,
    points: int = 20,
    log: bool = True,
    gap: float = 0.1,
    rtol: float = 1e-3,
    atol: float = 1e-6,
    hint: str = "",
) -> None:
    """A drawing in which one line that can be seen shows this function, at enough points, over all of this range.

    Parameters
    ----------
    got : matplotlib Axes or Figure
        The answer. Its data are checked, not its looks.
    reference : callable
        The function that should be shown, from an array of x to an array of y.
    domain : (float, float)
        The range of x that the line has to cover, up to a twentieth at each end.
    points : int
        How many different x the line has at least.
    log : bool
        The x axis has to be logarithmic; coverage is measured on that axis.
    gap : float
        The largest share of the range, on that axis, that may lie between two neighbouring points.
    what : str
        The answer in words or code, for the message.
    rtol, atol : float
        Relative and absolute tolerance of the values of y.
    hint : str
        Added to the message.

    Raises
    ------
    NotYet
        If no line of the drawing is right; says what is wrong with the nearest.
    """
    drawing = _drawing(got, what)
    seen = [axes for axes in drawing.axes if axes.x_scale in ("log", "symlog") or not log]
    if not seen:
        raise NotYet(f'{what}: the x axis is linear; ax.set_xscale("log") makes it logarithmic.')
    lines = [series for axes in seen for series in axes.series]
    if not lines:
        raise NotYet(f"{what} has axes and no line in them that can be seen.")
    curves = [series for series in lines if len(set(series.x)) > 2]
    long_enough = [series for series in curves if len(set(series.x)) >= points]
    if not long_enough:
        most = max(len(set(series.x)) for series in lines)
        raise NotYet(
            sentence(what, f"a line of {most} points, where at least {points} are expected", hint)
        )
    if len(curves) > _CURVES:
        raise NotYet(
            f"{what}: {len(curves)} curves in one picture, where at most {_CURVES} are expected: draw the one that is asked "
            "for, and what you compare it with."
        )
    found = [_shows(series, reference, domain, log, gap, rtol, atol) for series in long_enough]
    if all(why for _, why in found):
        raise NotYet(sentence(what, max(found)[1], hint))


def _shows(
    series: Series,
    reference: Callable[[np.ndarray], Any],
    domain: tuple[float, float],
    log: bool,
    gap: float,
    rtol: float,
    atol: float,
) -> tuple[int, str]:
    """How near a line comes to showing a function, and why it does not; an empty text if it does."""
    x, y = np.array(series.x), np.array(series.y)
    # What Matplotlib does not draw counts for nothing, and against nobody.
    drawn = np.isfinite(x) & np.isfinite(y) & ((x > 0) if log else True)
    x, y = x[drawn], y[drawn]
    if x.size < 2:
        return 0, "a line without points that can be drawn"
    low, high = np.log(domain) if log else domain
    at = np.sort(np.log(x) if log else x)
    if at[0] > low + 0.05 * (high - low) or at[-1] < high - 0.05 * (high - low):
        return (
            1,
            f"a line from x = {x.min():.3g} to {x.max():.3g}, where {domain[0]:.3g} to {domain[1]:.3g} is expected",
        )
    target = np.asarray(reference(x), dtype=float)
    ok = np.isclose(y, target, rtol=rtol, atol=atol)
    if not ok.all():
        i = int(np.argmin(ok))
        return 3, f"y = {y[i]:.4g} at x = {x[i]:.4g}, where {target[i]:.4g} is expected"
    steps = np.diff(x)
    if series.kind == "line" and (steps > 0).any() and (steps < 0).any():
        return 2, "a line that runs back and forth: sort its points by x"
    within = at[(at >= low) & (at <= high)]
    widest = int(np.argmax(np.diff(within))) if within.size > 1 else 0
    if within.size < 2 or within[widest + 1] - within[widest] > gap * (high - low):
        ends = np.sort(x)[np.searchsorted(at, within)][widest : widest + 2]
        words = " and ".join(f"x = {each:.3g}" for each in ends)
        evenly = (
            "np.geomspace spaces points evenly on a logarithmic axis"
            if log
            else "np.linspace spaces points evenly"
        )
        return 2, f"no points between {words}, where the curve bends unseen; {evenly}"
    return 4, ""


def labelled(got: Any, what: str) -> None:
    """A drawing whose axes say what they show, and whose lines have names where there are several.

    Parameters
    ----------
    got : matplotlib Axes or Figure
        The answer.
    what : str
        The answer in words or code, for the message.

    Raises
    ------
    NotYet
        If a label or a name is missing.
    """
    for axes in _drawing(got, what).axes:
        for side, label in (("x", axes.x_label), ("y", axes.y_label)):
            if not label.strip():
                raise NotYet(f'{what}: the {side} axis has no label: ax.set_{side}label("...").')
        named = [series for series in axes.series if not series.label.startswith("_")]
        if len(axes.series) > 1 and not named:
            raise NotYet(
                f'{what}: {len(axes.series)} lines and no names: ax.plot(..., label="...").'
            )


def _drawing(got: Any, what: str) -> Drawing:
    value = _joined(plain(got))
    if not isinstance(value, Drawing):
        raise NotYet(
            sentence(
                what, f"{described(value)}, where the axes of a Matplotlib figure are expected", ""
            )
        )
    if not value.axes or not all(isinstance(axes, Axes) for axes in value.axes):
        raise NotYet(f"{what} is a figure without axes.")
    return value


def _joined(value: Any) -> Any:
    """One drawing of a list of drawings, as ``plt.subplots`` gives the axes of several panels."""
    if not isinstance(value, list) or not value:
        return value
    parts = [_joined(each) for each in value]
    drawn = all(isinstance(each, Drawing) for each in parts)
    return Drawing([axes for each in parts for axes in each.axes]) if drawn else value
