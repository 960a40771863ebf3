"""Explorer of the emergence score: chapter 8."""

from __future__ import annotations

import itertools

import altair as alt
import numpy as np

from ... import tables
from ...errors import require
from ...evidence import curve_of, emergence
from ...metrics import EXACT_MATCH
from .charts import Charts, panel, percent
from .controls import Choice, Control, Slider
from .explorer import Explorer
from .vega import colour, parameter, written

__all__ = ["drawn_points"]

POINTS = 8
_SHAPES = {
    "four": ("four-digit addition", curve_of(tables.load_table("gpt3_arithmetic"), "4D+", "few-shot").score),
    "law": ("a smooth law", EXACT_MATCH.expected(np.exp(-(10.0 ** np.linspace(1, -1.2, POINTS))), L=5)),
    "line": ("a straight line", np.linspace(0, 0.7, POINTS)),
    "step": ("a step", np.r_[np.full(5, 0.02), np.full(3, 0.8)]),
    "noise": ("noise without a trend", np.random.default_rng(6).normal(0.4, 0.06, POINTS)),
    "wiggle": ("a step over rough ground", np.r_[0.04, 0.07, 0.03, 0.06, 0.02, 0.75, 0.71, 0.78]),
}  # fmt: skip


def drawn_points(*, shape: str = "law") -> Explorer:
    """Explorer of chapter 8: points of your own, their emergence score and excess, and how often noise beats them.

    Parameters
    ----------
    shape : str
        What to begin with: ``four`` (GPT-3's four-digit addition), ``law``, ``line``, ``step``, ``noise`` or ``wiggle``.

    Raises
    ------
    FieldError
        If there is no such shape.
    """
    require(shape in _SHAPES, "shape", shape, "one of " + ", ".join(_SHAPES))
    names = tuple(f"y{i + 1}" for i in range(POINTS))
    presets = {
        key: {n: round(round(2000 * float(v)) / 2000, 4) for n, v in zip(names, y, strict=True)}
        for key, (_, y) in _SHAPES.items()
    }
    options = tuple((words, key) for key, (words, _) in _SHAPES.items())
    controls: dict[str, Control] = {
        "preset": Choice("begin with", (*options, ("points of my own", "drawn")), shape)
    }
    for i, name in enumerate(names):
        controls[name] = Slider(
            f"model {i + 1}", presets[shape][name], 0.0, 1.0, 0.0005, format="percent"
        )
    score = emergence_score([parameter(name) for name in names])
    grid, above = noise_above()
    step = (grid[-1] - grid[0]) / (len(grid) - 1)
    at = f"clamp(round((log(max(abs({score}), 1e-9)) - {grid[0]:.9g}) / {step:.9g}), 0, {len(grid) - 1})"
    often = f"({score} < 0 ? 1 - noise[{at}] : noise[{at}])"
    line = POINTS - 1
    against = f"({score} < {0.95 * line} ? 'below' : {score} > {1.05 * line} ? 'above' : 'about')"
    says = (
        f"isNaN({score}) ? 'Nothing changes, so there is no score.' : !isFinite({score}) ? "
        f"'Emergence score and excess: ' + ({score} < 0 ? 'minus infinity' : 'infinite') + '. Most steps are exactly zero.' : "
        f"'Emergence score ' + {written(score, 'digits3')} + ', excess ' + {written(f'{score} / {line}', 'digits3')} + ': ' + {against} + "
        f"' a straight line\\'s. Noise without a trend scores as high in ' + "
        f"({often} == 0 ? 'none of 200,000' : {written(often, 'percent')} + ' of') + ' cases.'"
    )
    rows = alt.Chart(
        alt.Data(values=[{"i": i, "model": i + 1} for i in range(POINTS)])
    ).transform_calculate(score=f"[{', '.join(map(parameter, names))}][datum.i]")
    x = alt.X(
        "model:Q", scale=alt.Scale(domain=[1, POINTS], nice=False),
        axis=alt.Axis(title="model, from the smallest to the largest", values=list(range(1, POINTS + 1)), format="d"),
    )  # fmt: skip
    y = percent("score", "score")
    charts = Charts(
        name="fig-drawn-points",
        panels=(
            panel(
                rows.mark_line(color=colour("c2"), strokeWidth=1).encode(x, y),
                rows.mark_point(filled=True, size=130, color=colour("c2"), opacity=1).encode(x, y),
                title="Points of your own: drag them", height=230,
            ),
        ),
        says=says,
        rows=rows,
        columns={"model": ("model", "whole"), "score": ("score", "percent")},
        caption="Eight scores; one step of a slider is one right answer in 2,000. Excess: the emergence score divided by that of a "
        "straight line.",
        alt="A chart of eight points that follow the pointer and the sliders, one for each model from the smallest to the "
        "largest.",
        source="Your points, or GPT-3's (Brown et al. 2020, Table H.1, few-shot); the noise is Gaussian, 200,000 draws.",
        kind="simulation",
        constants={"noise": above.tolist()},
        drag=names,
        presets=presets,
    )  # fmt: skip
    return Explorer(controls, charts)


def emergence_score(points: list[str]) -> str:
    """Equation 1 of Schaeffer et al. (2023) over expressions of an even number of points, as an expression."""
    y = f"[{', '.join(points)}]"
    squares = ", ".join(
        f"pow({later} - {sooner}, 2)" for sooner, later in itertools.pairwise(points)
    )
    # Of an odd number of steps the median is the middle one.
    median = f"sort([{squares}])[{(len(points) - 1) // 2}]"
    high, low = f"extent({y})[1]", f"extent({y})[0]"
    sign = f"(indexof({y}, {high}) < indexof({y}, {low}) ? -1 : 1)"
    return f"({sign} * ({high} - {low}) / sqrt({median}))"


def noise_above() -> tuple[np.ndarray, np.ndarray]:
    """How often noise without a trend scores as high as a score, over scores.

    Returns
    -------
    grid : ndarray, shape (m,)
        Logarithms of scores, evenly spaced.
    above : ndarray, shape (m,)
        Share of noise at or above each.
    """
    null = np.sort(emergence.gaussian_null(POINTS))
    positive = null[null > 0]
    grid = np.linspace(np.log(positive[0]), np.log(positive[-1]), 2000)
    above = 1 - np.searchsorted(null, np.exp(grid)) / len(null)
    return grid, above.round(5)
