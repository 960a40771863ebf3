"""Explorer of forecasts: hide the large models of a published curve, and see what a law makes of the others."""

from __future__ import annotations

import altair as alt
import numpy as np

from ... import tables
from ...curves import Curve
from ...evidence import curves_of
from ...laws import FLOOR, STRAIGHT, TWO_KINDS, AccuracyLaw, Trial, trial
from ..numerals import percent as in_words
from .charts import Charts, panel, percent, scale_x
from .controls import Choice, Control, Steps
from .explorer import Explorer
from .vega import colour, place, rounded, switch

__all__ = ["forecasts"]

_TASKS = {
    "2D+": "two-digit addition", "2D-": "two-digit subtraction", "3D+": "three-digit addition",
    "3D-": "three-digit subtraction", "2Dx": "two-digit multiplication", "1DC": "one-digit composite",
}  # fmt: skip
_LAWS: dict[str, AccuracyLaw] = {law.name: law for law in (STRAIGHT, FLOOR, TWO_KINDS)}
_SEEN = (5, 6, 7)
_NAMES = ("125M", "350M", "760M", "1.3B", "2.7B", "6.7B", "13B", "175B")
_END = 2.2e11
_WIDE = 0.6
"""An interval that is wider says next to nothing."""


def forecasts(
    *, task: str = "2D+", law: str = "straight", seen: int = 6, seed: int = 0
) -> Explorer:
    """Explorer of chapter 4: what a law, fitted to the smaller GPT-3 models, predicts of the larger ones.

    Parameters
    ----------
    task : str
        What to begin with: a key of the table ``gpt3_arithmetic``.
    law : str
        Name of a law to begin with.
    seen : int
        How many sizes the law is fitted to, from the smallest: 5, 6 or 7.
    seed : int
        Of the predictive draws.
    """
    curves = _few_shot()
    controls: dict[str, Control] = {
        "task": Choice("task", tuple((words.capitalize(), key) for key, words in _TASKS.items()), task),
        "law": Choice("law", tuple((each.title, name) for name, each in _LAWS.items()), law),
        "seen": Steps("sizes the law may see", seen, tuple(float(k) for k in _SEEN), format="whole"),
    }  # fmt: skip
    found = {
        t: [_tried(each, curves[t], k, seed) for each in _LAWS.values() for k in _SEEN]
        for t in _TASKS
    }
    # Rows carry a value for each law and number of sizes; here is the place of the chosen ones.
    state = f"({len(_SEEN)} * indexof({list(_LAWS)}, v_law) + {place('seen')})"

    def chosen(rows: list[dict[str, object]], *columns: str) -> alt.Chart:
        chart = alt.Chart(alt.Data(values=rows)).transform_filter("datum.task == v_task")
        return chart.transform_calculate(**{c: f"datum.{c}s[{state}]" for c in columns})

    fan = chosen(_fans(found, seed), "N", "low", "median", "high")
    models = chosen(_models(found, curves), "low", "high").transform_calculate(
        hidden="isValid(datum.low)"
    )
    x, y = scale_x(domain=(1e8, _END)), percent("median", "share right", (0, 1))
    at = percent("score", "share right", (0, 1))

    def dots(which: str, name: str, shape: str) -> alt.Chart:
        mark = models.transform_filter(which).mark_point(
            filled=True, size=75, color=colour(name), opacity=1, shape=shape
        )
        return mark.encode(x, at)

    says = switch("task", {t: f"{[_sentence(f) for f in found[t]]}[{state}]" for t in _TASKS})
    charts = Charts(
        name="fig-forecasts-explorer",
        panels=(
            panel(
                fan.mark_area(color=colour("c1"), opacity=0.25, clip=True).encode(x, alt.Y("low:Q"), alt.Y2("high:Q")),
                fan.mark_line(color=colour("c1"), strokeWidth=1.5).encode(x, y),
                dots("!datum.hidden", "muted", "circle"),
                dots("datum.hidden", "c2", "diamond"),
                title="Expected and observed", height=260,
            ),
        ),
        says=says,
        rows=models,
        columns={
            "N": ("parameters", "size"), "score": ("observed", "percent"),
            "low": ("predicted from", "percent"), "high": ("to", "percent"),
        },
        caption="GPT-3, few-shot, n = 2,000. Grey: the sizes that the law is fitted to; diamonds: hidden sizes; band: 95% predictive interval about its median.",
        alt="A chart of scores against number of parameters with the band that the chosen law predicts beyond the sizes that it was fitted to, for the chosen task.",
        source="Computed from Brown et al. 2020, Tables H.1 and D.1.",
        kind="published figures",
    )  # fmt: skip
    return Explorer(controls, charts)


def _few_shot() -> dict[str, Curve]:
    table = tables.load_table("gpt3_arithmetic")
    return {c.task: c for c in curves_of(table[table["setting"] == "few-shot"]).curves}


def _tried(law: AccuracyLaw, curve: Curve, seen: int, seed: int) -> Trial:
    last = float(curve.scale[seen - 1])
    points = 20_000 if len(law.parameters) < 4 else 100_000
    return trial(law, curve, up_to=last, reference=last, points=points, seed=seed)


def _fans(found: dict[str, list[Trial]], seed: int) -> list[dict[str, object]]:
    """The predictive band of each state along size, from the last size that was seen."""
    rows: list[dict[str, object]] = []
    for task, trials in found.items():
        ways = [np.geomspace(each.belief.reference, _END, 9) for each in trials]
        made = [
            [
                each.belief.predict(float(scale), int(each.hidden.items[0]), draws=4_000, seed=seed)
                for scale in way
            ]
            for each, way in zip(trials, ways, strict=True)
        ]
        for i in range(len(ways[0])):
            ends = np.array([(m[i].interval.low, m[i].median, m[i].interval.high) for m in made])
            rows.append(
                {
                    "task": task, "Ns": rounded([way[i] for way in ways], 4).tolist(), "lows": rounded(ends[:, 0], 3).tolist(),
                    "medians": rounded(ends[:, 1], 3).tolist(), "highs": rounded(ends[:, 2], 3).tolist(),
                }
            )  # fmt: skip
    return rows


def _models(found: dict[str, list[Trial]], curves: dict[str, Curve]) -> list[dict[str, object]]:
    """A row a task and model, with its predictive interval in each state that hides it."""
    rows: list[dict[str, object]] = []
    for task, trials in found.items():
        curve = curves[task]
        for i, (scale, score) in enumerate(zip(curve.scale, curve.score, strict=True)):
            at = [i - (len(curve) - len(each.hidden)) for each in trials]
            ends = [
                each.predictions[k].interval if k >= 0 else (None, None)
                for each, k in zip(trials, at, strict=True)
            ]
            rows.append(
                {
                    "task": task, "N": float(scale), "score": float(score),
                    "lows": [low for low, _ in ends], "highs": [high for _, high in ends],
                }
            )  # fmt: skip
    return rows


def _sentence(found: Trial) -> str:
    """What a state shows, in words."""
    first = len(_NAMES) - len(found.hidden)
    parts, widest = [], 0.0
    too_little, too_much = 0.0, 0.0  # how far a score lies above what is allowed, and below
    for name, told, score in zip(
        _NAMES[first:], found.predictions, found.hidden.score, strict=True
    ):
        low, high = told.interval
        parts.append(
            f"{in_words(low)} to {in_words(high)} for {name} (observed: {in_words(float(score))})"
        )
        too_little = max(too_little, float(score) - high)
        too_much = max(too_much, low - float(score))
        widest = max(widest, high - low)
    law = found.law.title.replace("two kinds", "law of two kinds")
    text = f"Fitted up to {_NAMES[first - 1]}, the {law} predicts {', '.join(parts)}. "
    missed = [
        f"too {which} (by {_points(miss)})"
        for which, miss in (("little", too_little), ("much", too_much))
        if miss > 0
    ]
    if missed:
        return text + f"It expected {', and '.join(missed)}."
    if widest > _WIDE:
        return text + "It is not wrong, but an interval that wide excludes next to nothing."
    return text + "It saw that coming."


def _points(miss: float) -> str:
    """A difference of two shares in words."""
    whole = round(100 * miss)
    return "less than a point" if whole < 1 else f"{whole} point{'s' if whole > 1 else ''}"
