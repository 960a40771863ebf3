"""Explorers of metrics and of what the closed form assumes: chapters 7 and 5."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy import stats

from ... import symbols
from ...errors import as_array
from ...metrics import EXACT_MATCH, METRICS, MULTIPLE_CHOICE_GRADE
from .charts import GRID, MUTED, Charts, panel, percent, scale_x, sequence, two_lines
from .controls import Choice, Control, Slider
from .explorer import Explorer
from .laws import AT, law_rows
from .vega import colour, parameter, rounded, switch, vega, written

__all__ = ["assumptions", "difficulty", "one_metric"]

_SETTINGS = {"L": "v_L", "m": "v_L", "K": "v_K", "s": "v_s", "c": "v_c", "k": "v_k", "w": "4", "b": "4"}  # fmt: skip
"""What a metric's parameters are: tokens and items share a slider, two have none."""
_STEP = 0.2
"""Of the slider of the variance of difficulty."""


def one_metric(*, metric: str = "exact_match", alpha: float = 0.5, N_c: float = 1e9) -> Explorer:
    """Explorer of chapter 7: any metric beside token accuracy, over one loss.

    Parameters
    ----------
    metric : str
        Name of the metric to begin with.
    alpha, N_c : float
        Starting values; see `ScalingLaw`.
    """
    N_c = float(as_array("N_c", N_c, low=0, open_low=True))
    controls: dict[str, Control] = {
        "metric": Choice("metric", tuple((m.title, m.name) for m in METRICS.values()), metric),
        "alpha": Slider("exponent α", alpha, 0.05, 2.0, 0.05),
        "L": Slider("L, m: tokens, items", 5, 1, 50, 1, format="whole", where=_used("v_L")),
        "K": Slider("K: options", 4, 3, 20, 1, format="whole", where=_used("v_K")),
        "s": Slider("s: spread of items", 0.35, 0.05, 2.0, 0.05, where=_used("v_s")),
        "c": Slider("c: threshold", 0.1, 0.01, 0.9, 0.01, where=_used("v_c")),
        "k": Slider("k: attempts", 10, 1, 1000, 1, format="whole", where=_used("v_k")),
    }
    # Of the smallest model of the picture, at the critical scale, and at ten times that.
    least, here, later = (
        f"exp(-pow({ratio}, -v_alpha))" for ratio in (f"{10 ** GRID[0]:g} / v_N_c", "1", "10")
    )
    score = {at: _score(at) for at in ("datum.p", "0", "1", least, here, later)}
    rows = (
        law_rows(E=False)
        .transform_calculate(score=score["datum.p"], first=score["0"], last=score["1"])
        .transform_calculate(
            rise="isFinite(datum.first) && isFinite(datum.last) ? "
            "(datum.score - datum.first) / (datum.last - datum.first) : null"
        )
    )
    titles = switch("metric", {m.name: f"'{m.title}'" for m in METRICS.values()})
    better = switch("metric", {m.name: f"'{m.direction} is better'" for m in METRICS.values()})
    says = (
        f"'At the critical scale one token is right with probability ' + {written('exp(-1)', 'percent')} + ', and ' + {titles} + "
        f"' (' + {better} + ') is ' + {_short_of_one(score[here])} + '; at ten times that size ' + "
        f"{_short_of_one(score[later])} + '.'"
    )
    # From nothing to the metric's best or worst score; a metric without an end begins at the smallest model's.
    ends = f"isFinite({score['0']}) && isFinite({score['1']}) ? max({score['0']}, {score['1']}) : {score[least]}"
    own = alt.Y(
        "score:Q",
        scale=alt.Scale(type="linear", domainMin=0, domainMax=alt.expr(ends), nice=False),
        axis=alt.Axis(title="score", tickCount=5, format="~g"),
    )
    both = two_lines(
        rows,
        {"p": ("token accuracy", MUTED), "rise": ("this metric", colour("c2"))},
        scale_x(),
        percent("value", "share of its rise"),
        dashed="p",
    )
    charts = Charts(
        name="fig-one-metric-explorer",
        panels=(
            panel(
                rows.mark_line(color=colour("c2")).encode(scale_x(), own),
                title=f"=upper(slice({titles}, 0, 1)) + slice({titles}, 1)",
            ),
            panel(both, title="Beside token accuracy"),
        ),
        says=says,
        rows=rows,
        columns={
            "N": ("parameters", "size"), "p": ("one token", "percent"), "score": ("score", "digits3"),
        },
        caption="A metric over one loss. Right: its way from its first to its last value, beside that of token accuracy; "
        "a metric without an end has none.",
        alt="Two charts against number of parameters that follow the controls: the chosen metric, and the share of its "
        "rise beside the accuracy of one token.",
        source="The metric's expression; no data.",
        kind="formula",
        constants={"v_N_c": N_c},
        every=10,
    )  # fmt: skip
    return Explorer(controls, charts)


def _used(slider: str) -> str:
    """Expression of whether the chosen metric has a parameter that a slider sets."""
    names = [m.name for m in METRICS.values() if slider in {_SETTINGS[n] for n in m.parameters}]
    return f"indexof({names}, {parameter('metric')}) >= 0"


def _short_of_one(score: str) -> str:
    """Expression of a score in words, which does not round up to a whole one."""
    return f"({score} > 0.9995 && {score} < 1 ? 'just under 1' : {written(score, 'digits3')})"


def _score(p: str) -> str:
    """The score of the chosen metric, as an expression in an expression of p."""
    scores: dict[str, str] = {}
    for metric in METRICS.values():
        names: dict[Any, str] = {a: _SETTINGS[str(a)] for a in metric.arguments[1:]}
        scores[metric.name] = vega(metric.expression, names | {symbols.p: p})
    return switch("metric", scores)


def assumptions(*, L: int = 5) -> Explorer:
    """Explorer of chapter 5: exact match with several assumptions broken at once.

    Parameters
    ----------
    L : int
        Target length to begin with.
    """
    controls: dict[str, Control] = {
        "L": Slider("target length L, tokens", L, 1, 50, 1, format="whole"),
        "v": Slider("variance of difficulty", 1.0, 0.0, 4.0, _STEP, format="fixed1"),
        "E": Slider("irreducible loss E, nats", 0.0, 0.0, 1.0, 0.02),
        "s": Slider("decoding spread s", 1.0, 0.1, 1.0, 0.05),
    }
    grade = MULTIPLE_CHOICE_GRADE.expression.subs(symbols.K, 10)
    rows = (
        alt.Chart(sequence(-4.0, 8.0, 0.15, "x"))
        # Difficulty multiplies the loss of an item; the decoder then picks among ten tokens.
        .transform_calculate(hard=f"hardness[round(v_v / {_STEP})]")
        .transform_flatten(["hard"])
        .transform_calculate(p="exp(-v_E - exp(-datum.x) * datum.hard)")
        .transform_calculate(item=f"pow({vega(grade, AT)}, v_L)")
        .transform_aggregate(broken="mean(item)", groupby=["x"])
        .transform_calculate(
            plain=vega(EXACT_MATCH.expression, {symbols.p: "exp(-exp(-datum.x))"}),
            decades="datum.x / LN10",
        )
    )
    both = two_lines(
        rows,
        {"plain": ("as assumed", MUTED), "broken": ("broken", colour("c2"))},
        alt.X("decades:Q", axis=alt.Axis(title="α log10(N / N_c)", tickCount=6)),
        percent("value", "items all right"),
        dashed="plain",
    )
    half = vega(sp.log(symbols.L / sp.log(2)) / sp.log(10))
    highest = f"pow({vega(grade, {symbols.p: 'exp(-v_E)'})}, v_L)"
    says = (
        f"'As assumed, half of the items are right at α log10(N / N_c) = ' + {written(half, 'fixed2')} + '. With variance of difficulty ' + "
        f"{written('v_v', 'fixed1')} + ', irreducible loss ' + {written('v_E', 'fixed2')} + ' and decoding ' + (v_s == 1 ? 'as sampled' : "
        f"'sharpened to ' + {written('v_s', 'fixed2')}) + ', at most ' + {written(highest, 'percent')} + ' of them can be.'"
    )
    charts = Charts(
        name="fig-assumptions-explorer",
        panels=(panel(both, title="Exact match, as assumed and broken", height=260),),
        says=says,
        rows=rows,
        columns={
            "decades": ("α log10(N / N_c)", "fixed1"), "plain": ("as assumed", "percent"),
            "broken": ("broken", "percent"),
        },
        caption="Exact match against scale. Decoding spread 1 is sampling; towards 0, greedy decoding of like items.",
        alt="A chart of exact match against scale that follows the sliders: one curve under the assumptions of the closed "
        "form, one with those that the sliders break.",
        source="The closed forms of this chapter, difficulty averaged over 128 quantiles.",
        kind="formula",
        constants={"hardness": [rounded(difficulty(v * _STEP), 6).tolist() for v in range(21)]},
        every=8,
    )  # fmt: skip
    return Explorer(controls, charts)


def difficulty(v: float, quantiles: int = 128) -> NDArray[np.float64]:
    """Difficulties of equal weight: a Gamma distribution of mean 1 and variance v, at its quantiles."""
    at = (np.arange(quantiles) + 0.5) / quantiles
    return stats.gamma.ppf(at, 1 / v, scale=v) if v > 0 else np.ones(quantiles)
