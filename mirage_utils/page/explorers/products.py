"""Explorer of tasks that are products of their parts: chapter 20."""

from __future__ import annotations

import altair as alt
import numpy as np
import sympy as sp
from numpy.typing import NDArray

from .charts import MUTED, Charts, dotted, panel, percent, scale_x, sequence
from .controls import Choice, Control, Slider, Steps
from .explorer import Explorer
from .vega import colour, place, rounded, switch, vega, written

__all__ = ["products"]

_Y = sp.Symbol("y", positive=True)
_LAWS = {
    "loss": ("its loss, −ln score", sp.exp(-sp.log(2) * _Y)),
    "odds": ("its odds, error / score", 1 / (1 + _Y)),
    "error": ("its error, 1 − score", sp.Max(0, 1 - _Y / 2)),
}
"""Score of a part, a half where y = 1; y is the size, in units of that where the part is half-way, to the power −α."""
_MOST = 10
_RATIO = (1, 3, 10, 30, 100, 300, 1_000)
_ALPHA = (0.5, 0.7, 1.0, 1.4, 2.0)


def _rises() -> NDArray[np.float64]:
    """By law, parts, ratio and α: the task's half-way point in decades beyond the hardest part's, its width in decades, and the errors of the hardest and the easiest part where it is right once in 100."""
    number, ratio, alpha, level = np.ix_(
        *map(np.array, (range(2, _MOST + 1), _RATIO, _ALPHA, (0.01, 0.1, 0.5, 0.9)))
    )
    shape = np.broadcast_shapes(*(v.shape for v in (number, ratio, alpha, level)))
    found = []
    for _, expression in _LAWS.values():
        law = sp.lambdify(_Y, expression, "numpy")

        def part(beyond: NDArray[np.float64], i: NDArray[np.int_] | int) -> NDArray[np.float64]:
            return law(10 ** (-alpha * (beyond + np.log10(ratio) * i / (number - 1))))  # noqa: B023

        low, high = np.full(shape, -6.0), np.full(shape, 6.0)
        for _ in range(40):  # halving
            middle = (low + high) / 2
            parts = [np.where(i < number, part(middle, i), 1) for i in range(_MOST)]
            below = np.prod(parts, axis=0) < level
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        hardest, easiest = (1 - part(high, i)[..., 0] for i in (0, number - 1))
        found.append(
            np.stack([high[..., 2], high[..., 3] - high[..., 1], hardest, easiest], axis=-1)
        )
    return np.array(found)


def products(*, parts: int = 4, ratio: int = 10, alpha: float = 1.0, law: str = "loss") -> Explorer:
    """Explorer of chapter 20: how late and how sharp a task is that needs several parts at once, and what its parts do.

    Parameters
    ----------
    parts : int
        Parts that must all be right, 2 to 10. They are independent, and unequally hard by equal ratios.
    ratio : int
        How many times the size of the easiest part the hardest needs for the same score.
    alpha : float
        Exponent of size.
    law : str
        What of a part falls as a power of size: ``loss``, ``odds`` or ``error``.
    """
    controls: dict[str, Control] = {
        "parts": Slider("parts of the task", parts, 2, _MOST, 1, format="whole"),
        "ratio": Steps("hardest over easiest, ×", ratio, _RATIO, format="whole"),
        "alpha": Steps("exponent α", alpha, _ALPHA, format="fixed1"),
        "law": Choice("power law of a part", tuple((w, k) for k, (w, _) in _LAWS.items()), law),
    }
    rise = f"rises[indexof(laws, v_law)][v_parts - 2][{place('ratio')}][{place('alpha')}]"
    later, equal = (f"pow(10, {where}[0])" for where in (rise, rise.replace(place("ratio"), "0")))

    def score(size: str, i: str) -> str:
        """Of the part that is so many steps easier than the hardest."""
        y = f"pow(({size}) * pow(v_ratio, ({i}) / (v_parts - 1)), -v_alpha)"
        return switch("law", {k: vega(e, {_Y: y}) for k, (_, e) in _LAWS.items()})

    def task(size: str) -> str:
        return " * ".join(f"({i} < v_parts ? {score(size, str(i))} : 1)" for i in range(_MOST))

    def curves(span: float) -> alt.Chart:
        return alt.Chart(sequence(-span, span + 0.01, 0.05, "u")).transform_calculate(
            size="pow(10, datum.u)"
        )

    rows = curves(4).transform_calculate(
        task=task("datum.size"), hardest=score("datum.size", "0"), easiest=score("datum.size", "v_parts - 1")
    )  # fmt: skip
    kinds = {"task": "the task", "hardest": "hardest part", "others": "other parts"}
    shown = alt.Color(
        "curve:N",
        scale=alt.Scale(domain=list(kinds.values()), range=[colour("c2"), colour("c1"), MUTED]),
        legend=alt.Legend(columns=2, rowPadding=0, symbolSize=160),
    )
    others = {f"p{i}": f"{i} < v_parts ? {score('datum.size', str(i))} : null" for i in range(1, _MOST)}  # fmt: skip
    x, y = (
        scale_x("size", "size; hardest part half-way at 1", (1e-4, 1e4)),
        percent("score", "score"),
    )
    behind = (
        curves(4).transform_calculate(**others).transform_fold(list(others), as_=["part", "score"])
        .transform_filter("isValid(datum.score)").transform_calculate(curve=f"'{kinds['others']}'")
        .mark_line(strokeWidth=1.2).encode(x, y, shown, alt.Detail("part:N"))
    )  # fmt: skip
    named = f"datum.which == 'task' ? '{kinds['task']}' : '{kinds['hardest']}'"

    def two(base: alt.Chart, x: alt.X, dashes: list[int]) -> alt.Chart:
        dash = alt.StrokeDash(
            "curve:N", scale=alt.Scale(domain=list(kinds.values()), range=[[1, 0], dashes, [1, 0]])
        )  # fmt: skip
        folded = base.transform_fold(["task", "hardest"], as_=["which", "score"])
        return folded.transform_calculate(curve=named).mark_line().encode(x, y, shown, dash)

    halves = (
        alt.Chart(sequence(-1, _MOST, 1, "i"))
        .transform_filter("datum.i < v_parts")
        .transform_calculate(
            size=f"datum.i < 0 ? {later} : pow(v_ratio, -datum.i / (v_parts - 1))", score="0.5",
            curve=f"datum.i < 0 ? '{kinds['task']}' : datum.i == 0 ? '{kinds['hardest']}' : '{kinds['others']}'",
        )
        .transform_calculate(back="-abs(datum.i)")
        .mark_point(filled=True, size=55, opacity=1).encode(x, y, shown)
    )  # fmt: skip
    own = curves(2).transform_calculate(
        task=task(f"datum.size * {later}"), hardest=score("datum.size", "0")
    )
    one = "widths[indexof(laws, v_law)] / v_alpha"
    more = f"({rise}[1] / ({one}) - 1)"
    hardest, easiest = (written(f"1 - {rise}[{i}]", "percent") for i in (2, 3))
    says = (
        "v_parts + ' parts, ' + (v_ratio == 1 ? 'all equally hard' : 'the hardest ' + "
        f"{written('v_ratio', 'whole')} + ' times as hard as the easiest') + ': the task is half-way ' + "
        f"({later} < 1.005 ? 'practically where its hardest part is' : 'at ' + {written(later, 'digits3')} + ' times the size where ' + "
        "(v_ratio == 1 ? 'its parts are' : 'its hardest part is')) + "
        f"(v_ratio == 1 ? '' : ' (were all as hard, at ' + {written(equal, 'digits3')} + ' times)') + "
        f"'. Its rise from 10% to 90% takes ' + {written(f'{rise}[1]', 'fixed2')} + ' decades, each part’s ' + {written(one, 'fixed2')} + ': ' + "
        f"({later} < 1.005 ? 'hardly later, ' : 'later, ') + (abs({more}) < 0.005 ? 'and no sharper' : {more} > 0 ? 'and gentler by ' + "
        f"{written(more, 'percent')} : 'and sharper by ' + {written(f'-{more}', 'percent')}) + "
        f"'. Where it is right once in 100, ' + (v_ratio == 1 ? 'each part is right in ' + {hardest} : "
        f"'its hardest part is right in ' + {hardest} + ', its easiest in ' + {easiest}) + '.'"
    )
    ends = [
        np.diff(np.log10([float(sp.nsolve(e - level, _Y, 0.5)) for level in (0.9, 0.1)]))[0]
        for _, e in _LAWS.values()
    ]
    charts = Charts(
        name="fig-products-explorer",
        panels=(
            panel(behind, two(rows, x, [1, 0]), halves, dotted(alt.Y, "0.5"), title="The parts and the task", height=160),
            panel(
                two(own, scale_x("size", "size; each half-way at 1", (1e-2, 1e2)), [6, 4]),
                dotted(alt.Y, "0.1"), dotted(alt.Y, "0.9"), title="Moved to one half-way point", height=160,
            ),
        ),
        says=says,
        rows=rows,
        columns={
            "size": ("size", "digits3"), "easiest": ("easiest part", "percent"), "hardest": ("hardest part", "percent"),
            "task": ("task", "percent"),
        },
        caption="The task's score is the product of its parts' scores: they are independent. Ten times as hard: the same score at ten times the size. "
        "Points: half-way. Sharper by 20%: the rise from 10% to 90% takes 20% fewer decades. With ever more equal parts, all three laws near the curve of the first.",
        alt="Two charts that follow the controls, against size on a logarithmic axis: the scores of the parts and of the task, with their half-way points; "
        "and the curves of the task and of its hardest part, moved to the same half-way point.",
        source="The formulas of the laboratory, and two other laws for the parts; no data.",
        kind="formula",
        constants={"laws": list(_LAWS), "rises": rounded(_rises(), 5).tolist(), "widths": rounded(ends, 9).tolist()},
        every=10,
    )  # fmt: skip
    return Explorer(controls, charts)
