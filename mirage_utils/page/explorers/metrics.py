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
from ...metrics import EXACT_MATCH, METRICS, MULTIPLE_CHOICE_GRADE, THRESHOLDED_ERROR
from ...metrics.rises import place_of
from .charts import MUTED, Charts, numbers, panel, percent, scale_x, sequence, two_lines
from .controls import Choice, Control, Slider
from .explorer import Explorer
from .laws import AT, law_rows
from .vega import colour, parameter, rounded, switch, vega, written

__all__ = ["assumptions", "difficulty", "one_metric"]

_SETTINGS = {"L": "v_L", "m": "v_L", "K": "v_K", "s": "v_s", "c": "v_c", "k": "v_k", "w": "4", "b": "4"}  # fmt: skip
"""What a metric's parameters are: tokens and items share a slider, two have none."""


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
    score = {at: _score(at) for at in ("datum.p", "0", "1", "exp(-1)")}
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
    capital = f"upper(slice({titles}, 0, 1)) + slice({titles}, 1)"
    losses = [m.name for m in METRICS.values() if m.high.is_infinite]
    endless = (
        f"{capital} + ' (' + {better} + ')' + (indexof({losses}, v_metric) >= 0 ? ' has no end, so it is nowhere half-way. It' : '') + "
        f"' is ' + {written(score['exp(-1)'], 'digits3')} + ' at the critical scale, where one token is right with probability ' + "
        f"{written('exp(-1)', 'percent')} + '.'"
    )
    says = f"(isValid({_place(1)}) ? {_when_and_how_wide(capital, *_rise())} : {endless})"
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
            panel(both, title="Beside token accuracy"),
            panel(
                rows.mark_line(color=colour("c2")).encode(scale_x(), numbers("score", "score")),
                title=f"={capital}",
            ),
        ),
        says=says,
        rows=rows,
        columns={
            "N": ("parameters", "size"), "p": ("one token", "percent"), "score": ("score", "digits3"),
        },
        caption="A metric over one loss: its way from its worst to its best score beside that of token accuracy, and its score. "
        "A metric without an end has no such way.",
        alt="Two charts against number of parameters that follow the controls: the share of the chosen metric's rise beside the "
        "accuracy of one token, and its score.",
        source="The metric's expression; no data.",
        kind="formula",
        constants={"v_N_c": N_c} | _tabulated_levels(),
        every=10,
    )  # fmt: skip
    return Explorer(controls, charts)


_y = sp.Symbol("y", positive=True)
_WIDE = 1 - sp.sqrt(1 - _y)
_FLOOR = THRESHOLDED_ERROR.expression.subs(symbols.p, 0)
_ODDS = (  # of the right option against one other, where two may be named: the root of a square
    sp.sqrt((2 * symbols.K - 3) ** 2 + 4 * (symbols.K - 1) * (symbols.K - 2) * _y / (1 - _y))
    - (2 * symbols.K - 3)
) / 2
_LEVELS: dict[str, sp.Expr] = {
    "exact_match": _y ** (1 / symbols.L),
    "subset_accuracy": _y ** (1 / symbols.group),
    "bleu": _y ** sp.Rational(2, 5),
    "multiple_choice_grade": 1 / (1 + (symbols.K - 1) * ((1 - _y) / ((symbols.K - 1) * _y)) ** symbols.spread),
    "top_2": 1 / (1 + (symbols.K - 1) * _ODDS ** -symbols.spread),
    "thresholded_error": 1 - symbols.threshold * (1 / (_FLOOR + _y * (1 - _FLOOR)) - 1) ** symbols.spread,
    "binary_brier": _WIDE, "brier": _WIDE, "target_brier": _WIDE,
    "pass_at_k": 1 - (1 - _y) ** (1 / symbols.k),
}  # fmt: skip
"""By metric: the probability p at which it has come the share y of its way. Metrics that are linear in p have come p."""
_TABULATED = ("longest_correct_prefix", "carry_credit")
"""Metrics of which that is no formula, and which depend on L alone."""
_SHARES = (0.1, 0.5, 0.9)


def _tabulated_levels() -> dict[str, list[list[float]]]:
    """The same for `_TABULATED`, by share and L, as places on the axis of ``alpha ln(N / N_c)``."""
    return {
        f"places_{name}": [
            [round(place_of(METRICS[name], share, L=L), 5) for L in range(1, 51)]
            for share in _SHARES
        ]
        for name in _TABULATED
    }


def _place(share: int) -> str:
    """Where the chosen metric has come one of `_SHARES`, on the axis of ``alpha ln(N / N_c)``; null if nowhere or not known."""
    cases = {name: f"places_{name}[{share}][v_L - 1]" for name in _TABULATED}
    for metric in METRICS.values():
        level = _y if metric.continuity == "linear" else _LEVELS.get(metric.name)
        if level is not None:
            names: dict[Any, str] = {a: _SETTINGS[str(a)] for a in level.free_symbols - {_y}}
            cases[metric.name] = f"-log(-log({vega(level, names | {_y: str(_SHARES[share])})}))"
    alike: dict[
        str, list[str]
    ] = {}  # many metrics share a formula, and the sentence has it ten times
    for name, where in cases.items():
        alike.setdefault(where, []).append(name)
    chosen = (
        f"indexof({names}, {parameter('metric')}) >= 0 ? {at} : " for at, names in alike.items()
    )
    return f"({''.join(chosen)}null)"


def _rise() -> tuple[str, str]:
    """How far the chosen metric is half-way after token accuracy, and its width, in decades."""
    unit = "(LN10 * v_alpha)"
    token = float(-np.log(np.log(2)))
    return f"(({_place(1)} - {token!r}) / {unit})", f"(({_place(2)} - {_place(0)}) / {unit})"


def _when_and_how_wide(title: str, half: str, width: str) -> str:
    """The sentence that says whether a metric is later, and whether it is narrower."""
    token = float(np.log(np.log(10) / np.log(10 / 9)) / np.log(10))
    side = f"({half} > 0 ? 'later' : 'earlier')"
    when = (
        f"(abs({half}) < 0.005 ? 'where token accuracy is' : "
        f"{written(f'abs({half})', 'fixed2')} + ' decades ' + {side} + ' than token accuracy')"
    )
    # Written once, since an expression has no names for its parts and this one is long.
    ratio = (
        f"format(100 * {width} * v_alpha / {token!r}, '.0f') + '% of the width of token accuracy'"
    )
    return f"{title} + ' is half-way ' + {when} + ', and rises over ' + {written(width, 'fixed2')} + ' decades: ' + {ratio} + '.'"


def _used(slider: str) -> str:
    """Expression of whether the chosen metric has a parameter that a slider sets."""
    names = [m.name for m in METRICS.values() if slider in {_SETTINGS[n] for n in m.parameters}]
    return f"indexof({names}, {parameter('metric')}) >= 0"


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
        "v": Slider("variance of difficulty", 1.0, 0.0, 4.0, 0.1, format="fixed1"),
        "E": Slider("irreducible loss E, nats", 0.0, 0.0, 1.0, 0.02),
        "s": Slider("decoding spread s", 1.0, 0.1, 1.0, 0.05),
    }
    grade = MULTIPLE_CHOICE_GRADE.expression.subs(symbols.K, 10)
    rows = (
        alt.Chart(sequence(-4.0, 8.0, 0.15, "x"))
        # Difficulty multiplies the loss of an item; the decoder then picks among ten tokens.
        .transform_calculate(hard="hardness[round(v_v * 10)]")
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
        alt.X("decades:Q", title="α log10(N / N_c)"),
        percent("value", "items all right"),
        dashed="plain",
    )
    highest = f"pow({vega(grade, {symbols.p: 'exp(-v_E)'})}, v_L)"
    says = (
        f"'Assumed: alike items, independent tokens drawn from the model. Here: variance of difficulty ' + {written('v_v', 'fixed1')} + "
        f"', irreducible loss ' + {written('v_E', 'fixed2')} + ', decoding ' + (v_s == 1 ? 'as sampled' : 'sharpened to ' + "
        f"{written('v_s', 'fixed2')}) + '. The highest score that can be reached is ' + {written(highest, 'percent')} + '.'"
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
        source="The closed forms of this chapter, difficulty averaged over 64 quantiles.",
        kind="formula",
        constants={"hardness": [rounded(difficulty(v / 10), 6).tolist() for v in range(41)]},
        every=8,
    )  # fmt: skip
    return Explorer(controls, charts)


def difficulty(v: float, quantiles: int = 64) -> NDArray[np.float64]:
    """Difficulties of equal weight: a Gamma distribution of mean 1 and variance v, at its quantiles."""
    at = (np.arange(quantiles) + 0.5) / quantiles
    return stats.gamma.ppf(at, 1 / v, scale=v) if v > 0 else np.ones(quantiles)
