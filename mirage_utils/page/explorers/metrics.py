"""Explorers of metrics and of what the closed form assumes: chapters 7 and 5."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import sympy as sp

from ... import symbols
from ...curves import Curve, bend, rise
from ...errors import as_array
from ...laws.sweep import evaluate
from ...metrics import METRICS, MULTIPLE_CHOICE_GRADE, THRESHOLDED_ERROR
from ...metrics.rises import place_of
from .charts import (
    GRID,
    MUTED,
    Charts,
    dotted,
    numbers,
    panel,
    percent,
    scale_x,
    sequence,
    two_lines,
)
from .controls import Choice, Control, Slider
from .explorer import Explorer
from .laws import law_rows
from .vega import Format, colour, parameter, rounded, switch, vega, written

__all__ = ["assumptions", "one_metric"]

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
    capital = f"upper(slice({titles}, 0, 1)) + slice({titles}, 1)"
    losses = [m.name for m in METRICS.values() if m.high.is_infinite]
    endless = (
        f"{capital} + ' (' + {better} + ')' + (indexof({losses}, v_metric) >= 0 ? ' has no end, so it is nowhere half-way. It' : '') + "
        f"' is ' + {_short_of_one(score[here])} + ' at the critical scale, where one token is right with probability ' + "
        f"{written('exp(-1)', 'percent')} + '; at ten times that size ' + {_short_of_one(score[later])} + '.'"
    )
    # From nothing to the metric's best or worst score; a metric without an end begins at the smallest model's.
    ends = f"isFinite({score['0']}) && isFinite({score['1']}) ? max({score['0']}, {score['1']}) : {score[least]}"
    own = alt.Y(
        "score:Q",
        scale=alt.Scale(type="linear", domainMin=0, domainMax=alt.expr(ends), nice=False),
        axis=alt.Axis(title="score", tickCount=5, format="~g"),
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
                rows.mark_line(color=colour("c2")).encode(scale_x(), own),
                title=f"={capital}",
            ),
        ),
        says=says,
        rows=rows,
        columns={
            "N": ("parameters", "size"), "p": ("one token", "percent"), "score": ("score", "digits3"),
        },
        caption="One metric over one loss: how far it has come from its worst to its best score, beside token accuracy, and the score itself. "
        "A metric without a worst score has no such rise.",
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
    # Many metrics share a formula, and the sentence has it ten times.
    alike: dict[str, list[str]] = {}
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


_X = sp.Symbol("x", real=True)
_STRENGTH = sp.Symbol("strength", positive=True)
_EASIER = 10_000
"""How many times smaller the loss of easy items is: about what fits GPT-3's two-digit additions."""
_TAIL, _APART = 0.15, 1.5
"""Rate of the tail of easy items in log difficulty, with which they are fitted well; and how finely its integral is summed."""
_KINDS: dict[str, tuple[str, float, float, tuple[str, Format, str]]] = {
    # What is broken, its value at strengths 0 and 10, and the words around the value.
    "two_kinds": ("two kinds of items", 0.0, 0.1, ("With ", "percent", f" of the items {_EASIER:,} times easier")),
    "tail": ("a tail of easy items", 0.0, 0.3, ("With ", "percent", " of the items in a tail of easier ones")),
    "floor": ("a guessing floor", 0.0, 0.02, ("With ", "percent", " right by guessing")),
    "unequal": ("unequal items", 0.0, 4.0, ("With difficulty of variance ", "fixed1", "")),
    "dependent": ("dependent tokens", 0.0, 0.9, ("With tokens correlated by ", "fixed2", "")),
    "entropy": ("entropy left over", 0.0, 0.3, ("With ", "fixed2", " nats a token left over")),
    "decoding": ("greedy decoding", 1.0, 0.1, ("Greedy, with items of spread ", "fixed2", "")),
}  # fmt: skip


def _broken(L: int) -> dict[str, sp.Expr]:
    """Exact match along the law with one assumption broken, by the assumption: in `_X` and `_STRENGTH`."""
    loss, t = sp.exp(-_X), _STRENGTH
    p, plain = sp.exp(-loss), sp.exp(-L * loss)
    given = dict(
        zip(map(str, MULTIPLE_CHOICE_GRADE.arguments), MULTIPLE_CHOICE_GRADE.arguments, strict=True)
    )
    grade = MULTIPLE_CHOICE_GRADE.expression.subs({given["K"]: 10, given["s"]: t, given["p"]: p})
    far = _APART * (
        np.arange(28) + 0.5
    )  # how much easier, as a logarithm; the last stands for all beyond
    weights = np.exp(-_TAIL * (far - _APART / 2)) - np.exp(-_TAIL * (far + _APART / 2))
    weights[-1] = np.exp(-_TAIL * (far[-1] - _APART / 2))
    tail = sp.Add(
        *(
            float(f"{share:.4g}") * sp.exp(-float(f"{L * np.exp(-d):.4g}") * loss)
            for share, d in zip(weights, far, strict=True)
        )
    )
    return {
        "tail": (1 - t) * plain + t * tail,
        "two_kinds": (1 - t) * plain + t * sp.exp(-L * loss / _EASIER),
        "floor": t + (1 - t) * plain,
        "unequal": (1 + L * t * loss) ** (-1 / t),
        "dependent": p * (p + t * (1 - p)) ** (L - 1),
        "entropy": sp.exp(-L * (loss + t)),
        "decoding": grade**L,
    }


def _measured(
    expression: sp.Expr, first: float, last: float, low: float, high: float
) -> list[list[Any]]:
    """Width, as a share of that at strength 0, and bend of a curve at each strength; None where it has none."""
    x = np.linspace(-30, 22, 10_401)
    found = []
    for strength in range(11):
        value = sp.Float(first + (last - first) * strength / 10 or 1e-6)
        score = evaluate(expression.subs(_STRENGTH, value), {_X: x})
        curve = Curve(np.exp(x), np.maximum.accumulate(np.clip(np.nan_to_num(score), 0, 1)))
        found.append((rise(curve).width, bend(curve, low, high)))
    widths, bends = np.transpose(found)
    # A curve that begins above the lower score, or is level from there on, has no bend.
    return [
        [float(v) if np.isfinite(v) and v < 100 else None for v in rounded(each, 4)]
        for each in (widths / widths[0], bends)
    ]


def assumptions(
    *, L: int = 5, low: float = 0.02, high: float = 0.555, observed: float = 7.36
) -> Explorer:
    """Explorer of chapter 5: exact match with one assumption broken, as a score and as a line.

    Parameters
    ----------
    L : int
        Target length.
    low, high : float
        Scores between which the bend is measured.
    observed : float
        The bend of GPT-3's two-digit additions between them.
    """
    controls: dict[str, Control] = {
        "kind": Choice("broken assumption", tuple((words, k) for k, (words, *_) in _KINDS.items()), "two_kinds"),
        "strength": Slider("strength", 4, 0, 10, 1, format="whole"),
    }  # fmt: skip
    expressions = _broken(L)
    measures = {k: _measured(expressions[k], *_KINDS[k][1:3], low, high) for k in _KINDS}
    value = switch(
        "kind", {k: f"{a} + {b - a} * v_strength / 10" for k, (_, a, b, _) in _KINDS.items()}
    )
    plain = f"exp(-{L} * exp(-datum.x))"
    names = {_X: "datum.x", _STRENGTH: "datum.strength"}
    rows = (
        alt.Chart(sequence(-10.5, 6.0, 0.15, "x"))
        .transform_calculate(strength=value, plain=plain, decades="datum.x / LN10")
        .transform_calculate(
            broken=f"v_strength == 0 ? datum.plain : {switch('kind', {k: vega(e, names) for k, e in expressions.items()})}"
        )
        .transform_calculate(
            assumed_line="log(-log(datum.plain))",
            broken_line="datum.broken < 1 ? log(-log(datum.broken)) : null",
        )
    )  # fmt: skip
    x = alt.X(
        "decades:Q", title="α log10(N / N_c)", scale=alt.Scale(domain=[-4.5, 2.5], nice=False)
    )
    upright = numbers("value", "ln(−ln accuracy)", (3, -4))  # up is better
    looks = (("as assumed", MUTED), ("broken", colour("c2")))
    score = two_lines(
        rows, dict(zip(("plain", "broken"), looks, strict=True)), x, percent("value", "items all right"), dashed="plain"
    )  # fmt: skip
    line = two_lines(
        rows, dict(zip(("assumed_line", "broken_line"), looks, strict=True)), x, upright, dashed="assumed_line"
    )  # fmt: skip
    width, bent = (f"measures[v_kind][{i}][v_strength]" for i in (0, 1))
    words = switch(
        "kind",
        {
            k: f"'{before}' + {written(value, how)} + '{after}'"
            for k, (*_, (before, how, after)) in _KINDS.items()
        },
    )
    way = f"({bent} > 1.2 ? 'bends upwards' : {bent} < 0.8 ? 'bends the other way' : 'stays nearly straight')"
    says = (
        f"v_strength == 0 ? 'Nothing is broken: the line is straight.' : {words} + ' the rise is ' + {written(width, 'fixed2')} + "
        f"' times as wide, and the line ' + (isValid({bent}) ? {way} + ', ' + {written(bent, 'fixed2')} + ' times as steep in its upper half as in its lower "
        f"(GPT-3: {observed:.1f}).' : v_kind == 'floor' ? 'is level at the lower score, which the floor equals: the bend has no limit.' : 'levels off before it reaches {high:.0%}.')"
    )
    charts = Charts(
        name="fig-assumptions-explorer",
        panels=(
            panel(
                line, *(dotted(alt.Y, f"{np.log(-np.log(y)):.4f}") for y in (low, high)),
                title="Where the closed form is straight", height=190,
            ),
            panel(score, title="The same, as a score", height=190),
        ),
        says=says,
        rows=rows,
        columns={
            "decades": ("α log10(N / N_c)", "fixed1"), "plain": ("as assumed", "percent"),
            "broken": ("broken", "percent"),
        },
        caption=f"Exact match of {L} tokens. Dotted: {low:.0%} and {high:.0%} right, GPT-3's smallest model and 13B in two-digit addition, between which the bend is measured.",
        alt="Two charts against scale that follow the controls: exact match under the assumptions of the closed form and with one of them broken, as a score "
        "and as ln of minus ln of it.",
        source="The closed forms of this chapter; no data but GPT-3's bend.",
        kind="formula",
        constants={"measures": measures},
        every=10,
    )  # fmt: skip
    return Explorer(controls, charts)
