"""Explorer of what a score and a difference of scores are worth: chapter 23."""

from __future__ import annotations

import altair as alt
from scipy import stats

from .charts import Charts, dotted, panel, percent, sequence
from .controls import Control, Slider, Steps, round_numbers
from .explorer import Explorer
from .vega import colour, written

__all__ = ["error_bars"]

_Z = float(stats.norm.ppf(0.975))
_BOTH = _Z + float(stats.norm.ppf(0.8))
"""Standard errors of a difference that is seen four times in five, two-sided 5%."""
_RUNS = (1, 2, 4, 8, 16, 32, 64)
_LINES = {
    "separate": ("difference, different items", colour("c2")),
    "same": ("difference, same items", colour("c1")),
    "half": ("one score, give or take", colour("c3")),
}


def _share(runs: str, alike: str) -> str:
    """Variance of an item's mean of so many answers, as a share of that of one answer; `alike` is the part of the items' that cancels."""
    return f"((1 - v_luck) * (1 - {alike}) + v_luck / ({runs}))"


def _seen(n: str, runs: str, alike: str) -> str:
    return f"({_BOTH!r} * sqrt(2 * v_score * (1 - v_score) * {_share(runs, alike)} / ({n})))"


def _wilson(n: str, sign: str) -> str:
    """An end of Wilson's interval, or half of its length, for the independent answers that these are worth."""
    worth = f"(({n}) / {_share('v_runs', '0')})"
    z2 = f"{_Z * _Z!r} / {worth}"
    half = f"({_Z!r} * sqrt(v_score * (1 - v_score) / {worth} + {z2} / (4 * {worth})) / (1 + {z2}))"
    return f"((v_score + {z2} / 2) / (1 + {z2}) {sign} {half})" if sign else half


def error_bars(
    *, score: float = 0.6, n: int = 200, runs: int = 1, luck: float = 0.2, rho: float = 0.7
) -> Explorer:
    """Explorer of chapter 23: what a score on n items is worth, and which differences a test can see.

    Parameters
    ----------
    score : float
        Score to begin with, 0.01 to 0.99.
    n : int
        Test items to begin with.
    runs : int
        Answers to each item: a power of two up to 64.
    luck : float
        Part of the variance of one answer that is the answer's own, and not its item's, in [0, 1].
    rho : float
        Correlation of the items' chances between two models, in [0, 0.95].
    """
    controls: dict[str, Control] = {
        "score": Slider("score", score, 0.01, 0.99, 0.005, format="percent"),
        "n": Steps("items", n, round_numbers(20, 10_000, n), format="whole"),
        "runs": Steps("answers to each item", runs, _RUNS, format="whole"),
        "luck": Slider("luck of the answer", luck, 0.0, 1.0, 0.05, format="percent"),
        "rho": Slider("correlation of models", rho, 0.0, 0.95, 0.05),
    }
    rows = (
        alt.Chart(sequence(1.0, 4.025, 0.05, "u"))
        .transform_calculate(items="round(pow(10, datum.u))")
        .transform_calculate(
            half=_wilson("datum.items", ""),
            separate=_seen("datum.items", "v_runs", "0"),
            same=_seen("datum.items", "v_runs", "v_rho"),
        )
    )
    words, colours = zip(*_LINES.values(), strict=True)
    dashes = [[6, 4], [1, 0], [2, 2]]
    named = " : ".join(f"datum.which == '{k}' ? '{w}'" for k, (w, _) in _LINES.items()) + " : ''"
    drawn = (
        rows.transform_fold(list(_LINES), as_=["which", "value"])
        .transform_calculate(curve=named)
        .mark_line()
        .encode(
            alt.X(
                "items:Q", scale=alt.Scale(type="log", domain=[10, 10_000], nice=False),
                axis=alt.Axis(title="items", values=[10, 100, 1_000, 10_000], format=",d"),
            ),
            _points("value"),
            alt.Color(
                "curve:N", scale=alt.Scale(domain=words, range=colours),
                legend=alt.Legend(columns=1, rowPadding=0, symbolSize=200, labelLimit=300),
            ),
            alt.StrokeDash("curve:N", scale=alt.Scale(domain=words, range=dashes)),
        )
    )  # fmt: skip
    says = (
        f"{written('v_score', 'percent')} + ' of ' + {written('v_n', 'whole')} + ' items' + (v_runs > 1 ? ', ' + {written('v_runs', 'whole')} + ' answers to each,' : '') + "
        f"' leaves room for ' + {written(_wilson('v_n', '-'), 'percent')} + ' to ' + {written(_wilson('v_n', '+'), 'percent')} + '. To be told apart, two such models must differ by ' + "
        f"{written('100 * ' + _seen('v_n', 'v_runs', '0'), 'digits3')} + ' points on different items and by ' + {written('100 * ' + _seen('v_n', 'v_runs', 'v_rho'), 'digits3')} + ' on the same. "
        f"Twice the items would make that ' + {written('100 * ' + _seen('2 * v_n', 'v_runs', 'v_rho'), 'digits3')} + ', twice the answers ' + "
        f"{written('100 * ' + _seen('v_n', '2 * v_runs', 'v_rho'), 'digits3')} + '.'"
    )  # fmt: skip
    charts = Charts(
        name="fig-error-bars-explorer",
        panels=(panel(drawn, dotted(alt.X, "v_n"), title="What a test of n items can show", height=160),),
        says=says,
        rows=rows,
        columns={
            "items": ("items", "whole"), "half": ("score, give or take", "percent"),
            "separate": ("difference seen, different items", "percent"), "same": ("same items", "percent"),
        },
        caption="Score, give or take: half of Wilson's 95% interval. Differences: seen four times in five by a two-sided test at 5%, normal approximation, both models near this score. "
        "Luck: the part of an answer's variance that is not its item's. Correlation: of the items' chances of a right answer. Another training is in none of this.",
        alt="A chart that follows the sliders: half of the interval of one score, and the difference between two models that a test can see with different and with the same items, against the number of items, on logarithmic axes.",
        source="The formulas of this chapter; no data.",
        kind="formula",
        every=5,
    )  # fmt: skip
    return Explorer(controls, charts)


def _points(field: str) -> alt.Y:
    axis = percent(field, "share of items", (0.002, 0.8), log=True)
    axis["axis"]["values"] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
    return axis
