"""Explorers of what a test sees: chapters 4, 6 and 16."""

from __future__ import annotations

import altair as alt
import numpy as np
import sympy as sp
from numpy.typing import ArrayLike
from scipy import stats

from ... import symbols, tables
from ...curves import Curve, resolution
from ...errors import as_array, require
from ...evidence import curves_of
from ...metrics import EXACT_MATCH
from ...models.scores import share_below
from .. import plots
from .charts import MUTED, Charts, dotted, panel, percent, scale_x
from .controls import Choice, Control, Slider, Steps, powers, round_numbers
from .counts import tabulated
from .explorer import Explorer
from .laws import AT, SIZES, draws, law_rows, measured_law
from .vega import colour, place, rounded, size_words, switch, vega, written

__all__ = ["items", "measured", "threshold"]


def items(*, alpha: float = 0.5, N_c: float = 1e9, n: int = 200, seed: int = 0) -> Explorer:
    """Explorer of chapter 6: what n test items show of a smooth curve.

    Parameters
    ----------
    alpha, N_c : float
        Starting values; see `ScalingLaw`.
    n : int
        Number of test items to begin with.
    seed : int
        Of the simulated test.
    """
    steps = round_numbers(10, 1_000_000, n)
    N_c = float(as_array("N_c", N_c, low=0, open_low=True))
    controls: dict[str, Control] = {
        "alpha": Slider("exponent α", alpha, 0.05, 2.0, 0.05),
        "L": Slider("target length L, tokens", 5, 1, 50, 1, format="whole"),
        "n": Steps("test items n", n, steps, format="whole"),
    }
    names = {symbols.N_c: f"{N_c:g}", symbols.alpha: "v_alpha", symbols.L: "v_L"}
    items_n = sp.Symbol("n", positive=True)
    # From where on n items show something 95 % of the time: see resolution.detection_scale.
    just_seen = 1 - sp.Rational(1, 20) ** (1 / items_n)
    floor = symbols.N_c * (-sp.log(just_seen) / symbols.L) ** (-1 / symbols.alpha)
    floor_at = vega(floor, {**names, items_n: "v_n"})
    # Upper end of the two-sided interval of a zero.
    limit = vega(1 - sp.Rational(1, 40) ** (1 / items_n), {items_n: "v_n"})
    score = EXACT_MATCH.expression.subs(symbols.p, symbols.PROBABILITY.subs(symbols.E, 0))
    scores = [vega(score.subs(symbols.N, float(size)), names) for size in SIZES]
    # The drawn count is zero as long as the score has not reached the place of the first right answer.
    zero = [
        f"asin(sqrt({each})) < tests[{place('n')}].least[{i}][1]" for i, each in enumerate(scores)
    ]
    zeros = " + ".join(f"({each} ? 1 : 0)" for each in zero)
    hidden = ", ".join(
        f"{is_zero} ? {each} : 0" for is_zero, each in zip(zero, scores, strict=True)
    )
    truth = law_rows(E=False).transform_calculate(truth=vega(EXACT_MATCH.expression, AT))
    seen = measured_law("n", E=False)
    says = (
        f"({zeros}) + ' of {len(SIZES)} sizes read zero. A zero on ' + {written('v_n', 'whole')} + ' items leaves room for a true score of up to ' + "
        f"{written(limit, 'percent')} + (({zeros}) > 0 ? '; the largest true score hidden here is ' + {written(f'max({hidden})', 'percent')} : '') + '. "
        f"From ' + ({floor_at} < {SIZES[0]:g} ? 'the smallest size' : {floor_at} > {SIZES[-1]:g} ? 'beyond the largest size' : {size_words(floor_at)} + "
        f"' parameters') + ' on, such a test shows at least one right answer 95% of the time.'"
    )
    panels = []
    for title, log in (("On a linear axis", False), ("On a logarithmic axis", True)):
        domain = (1e-7, 1) if log else (0, 1)
        y = percent("truth", "items all right", domain, log=log)
        line = truth.transform_filter("datum.truth > 0") if log else truth
        dots = seen.transform_filter("datum.share > 0") if log else seen
        # On a logarithmic axis a zero is an arrow down from the upper end of its interval.
        bars = seen.transform_calculate(foot=f"max(datum.low, {domain[0]:g})")
        arrows = seen.transform_filter("datum.share == 0")
        layers = [
            line.mark_line(color=MUTED).encode(scale_x(domain=(7e6, 1.4e12)), y),
            bars.mark_rule(color=colour("c2"), clip=True).encode(
                alt.X("N:Q"), alt.Y("foot:Q"), alt.Y2("high:Q")
            ),
            dots.mark_point(filled=True, size=60, color=colour("c2"), opacity=1, clip=True).encode(
                alt.X("N:Q"), alt.Y("share:Q")
            ),
            dotted(alt.X, floor_at),
        ]
        if log:
            layers.append(
                arrows.mark_point(
                    shape="triangle-down", filled=True, size=70, color=colour("c2"), opacity=1
                ).encode(alt.X("N:Q"), alt.Y("high:Q"))
            )
        panels.append(panel(*layers, title=title))
    charts = Charts(
        name="fig-items-explorer",
        panels=tuple(panels),
        says=says,
        rows=seen,
        columns={
            "N": ("parameters", "size"), "truth": ("truth", "percent"), "count": ("right", "whole"),
            "low": ("interval from", "percent"), "high": ("to", "percent"),
        },
        caption="A simulated test of a smooth law. Grey: the truth. Bars: exact two-sided 95% intervals. Arrow heads: sizes that "
        "read zero, at the upper end of their interval. Dotted: from this size on, at least one right answer is seen 95% of the time.",
        alt="Two charts that follow the sliders: a simulated test of exact match at eleven sizes, with intervals, on a "
        "linear and on a logarithmic axis of score.",
        source="Drawn from the closed form with a fixed seed.",
        kind="simulation",
        constants={"v_N_c": N_c, "tests": tabulated(steps, draws(seed))},
    )  # fmt: skip
    return Explorer(controls, charts)


def threshold(
    sizes: ArrayLike, errors: ArrayLike, *, c: float, label: str, source: str, kind: plots.Kind
) -> Explorer:
    """Explorer of chapter 16: one family of errors under every threshold.

    Parameters
    ----------
    sizes : array_like, shape (m,)
        Scales of the models.
    errors : array_like, shape (m, n)
        Error of each of n items at each size, > 0.
    c : float
        Threshold to begin with.
    label : str
        Of the axis of scale.
    source : str
        Where the errors come from.
    kind : str
        Kind of data; see `plots.show`.
    """
    require(np.ndim(errors) == 2, "errors", np.shape(errors), "(sizes, items)")
    scale = as_array("sizes", sizes, low=0, open_low=True)
    found = np.sort(as_array("errors", errors, low=0, open_low=True), axis=-1)
    require(
        len(scale) == len(found), "sizes", len(scale), f"one of each row of errors, {len(found)}"
    )
    low, high = float(np.quantile(found[-1], 0.02)), float(np.quantile(found[0], 0.98))
    steps = powers(low, high, 0.02, c)
    controls: dict[str, Control] = {"c": Steps("threshold c", c, steps)}
    heights = np.linspace(0, 1, found.shape[1])
    at = np.linspace(0, found.shape[1] - 1, 60).round().astype(int)
    curves = [
        {"size": f"{s:g}", "error": float(row[i]), "below": float(heights[i])}
        for s, row in zip(scale, rounded(found, 4), strict=True) for i in at
    ]  # fmt: skip
    # Steps of the ramp of colours, from the smallest model to the largest.
    ramp = np.linspace(1, len(plots.RAMP), len(found)).round().astype(int)
    left = alt.Chart(alt.Data(values=curves)).mark_line(strokeWidth=1.5, clip=True).encode(
        alt.X(
            "error:Q", scale=alt.Scale(type="log", domain=[low / 2, high * 2], nice=False),
            axis=alt.Axis(title="mean squared error of an item", values=[10.0**k for k in range(-6, 3)], format="~g"),
        ),
        percent("below", "items below"),
        alt.Color(
            "size:N", legend=None,
            scale=alt.Scale(domain=[f"{s:g}" for s in scale], range=[colour(f"r{i}") for i in ramp]),
        ),
    )  # fmt: skip
    limit = (
        alt.Chart(alt.Data(values=[{}])).transform_calculate(error="v_c")
        .mark_rule(strokeDash=[5, 4], color=colour("c2"), strokeWidth=1.5).encode(alt.X("error:Q"))
    )  # fmt: skip
    # Counted here, at each step of the slider.
    models = [
        {"N": float(s), "shares": [float(share_below(row, step)) for step in steps]}
        for s, row in zip(scale, found, strict=True)
    ]
    here = place("c")
    right = alt.Chart(alt.Data(values=models)).transform_calculate(share=f"datum.shares[{here}]")
    x = scale_x(title=label, domain=(float(scale.min()) / 1.15, float(scale.max()) * 1.15))
    y = percent("share", "items below c")
    charts = Charts(
        name="fig-threshold-explorer",
        panels=(
            panel(left, limit, title="Errors of all items, by size"),
            panel(
                right.mark_line(color=colour("c2"), strokeWidth=1).encode(x, y),
                right.mark_point(filled=True, size=60, color=colour("c2"), opacity=1).encode(x, y),
                title="Share under c",
            ),
        ),
        says=f"'An item counts as reconstructed if its mean squared error is below ' + {written('v_c', 'digits3')} + ': ' + "
        f"{written(f'ends[0][{here}]', 'percent')} + ' of them by the smallest model, ' + "
        f"{written(f'ends[1][{here}]', 'percent')} + ' by the largest.'",
        rows=right,
        columns={"N": (label, "size"), "share": ("items below c", "percent")},
        caption=f"n = {found.shape[1]:,} items a size. Left: one curve a size, larger models darker and further left. The "
        "right chart is the left one read along the dashed line.",
        alt="Two charts that follow the slider: distribution functions of the error of an item, one curve a size, with a "
        "line at the threshold; and the share of items under it against size.",
        source=source,
        kind=kind,
        constants={"ends": [models[i]["shares"] for i in (scale.argmin(), scale.argmax())]},
    )  # fmt: skip
    return Explorer(controls, charts)


_MEASURED = {
    "2D+": "GPT-3: two-digit addition", "3D+": "GPT-3: three-digit addition",
    "4D+": "GPT-3: four-digit addition", "5D+": "GPT-3: five-digit addition",
    "2Dx": "GPT-3: two-digit multiplication", "2D-": "GPT-3: two-digit subtraction",
    "lambada_openai": "Pythia: last word of a passage (LAMBADA)",
    "arc_easy": "Pythia: science questions (ARC easy)", "sciq": "Pythia: science questions (SciQ)",
}  # fmt: skip


def measured(*, task: str = "3D+", seed: int = 0) -> Explorer:
    """Explorer of chapter 4: real scores under another metric, another axis and smaller tests.

    Parameters
    ----------
    task : str
        What to begin with.
    seed : int
        Of the smaller tests, which are drawn from the measured scores.
    """
    curves = _measured_curves()
    largest = max(int(curve.items.max()) for curve in curves.values())
    # As far as every test goes; beyond it lies only the whole of each.
    smallest = min(int(curve.items.min()) for curve in curves.values())
    steps = (*(n for n in round_numbers(10, smallest, 10) if n < smallest), largest)
    controls: dict[str, Control] = {
        "task": Choice("models and task", tuple((w, k) for k, w in _MEASURED.items()), task),
        "metric": Choice("metric", (("share right", "share"), ("−ln(share right)", "loss")), "share"),
        "axis": Choice("axis of score", (("linear", "linear"), ("logarithmic", "log")), "linear"),
        "n": Steps("test items n", largest, steps, format="whole", last="all"),
    }  # fmt: skip
    test = (
        alt.Chart(alt.Data(values=_smaller_tests(curves, steps, np.random.default_rng(seed))))
        .transform_filter("datum.task == v_task")
        # Of each column the value at the slider's place.
        .transform_calculate(
            **{column: f"datum.{column}s[{place('n')}]" for column in ("used", "count", "low", "high")}
        )
        .transform_calculate(share="datum.count / datum.used")
    )  # fmt: skip

    def shown(field: str) -> str:
        """A share in the chosen metric, on the chosen axis, kept within the picture."""
        value = f"(v_metric == 'share' ? {field} : -log({field}))"
        return f"clamp(v_axis == 'log' ? log({value}) / LN10 : {value}, {_BOTTOM}, {_TOP})"

    test = test.transform_calculate(
        at=shown("datum.share"), foot=shown("datum.low"), head=shown("datum.high")
    )
    value = "(v_axis == 'log' ? pow(10, datum.value) : datum.value)"
    y = alt.Y(
        "at:Q",
        scale=alt.Scale(
            domainMin=alt.expr(_BOTTOM), domainMax=alt.expr(_TOP), nice=False, zero=False
        ),
        axis=alt.Axis(
            title=None, tickCount=5,
            labelExpr=f"v_metric == 'share' ? format(100 * {value}, '.3~r') + '%' : format({value}, '~g')",
        ),
    )  # fmt: skip
    x = scale_x(domain=(5e7, 3e11))
    most = switch("task", {key: str(int(c.items[0])) for key, c in curves.items()})
    titles = switch("task", {key: f"'{words}'" for key, words in _MEASURED.items()})
    used = f"min(v_n, {most})"
    says = (
        f"{titles} + ', ' + {written(used, 'whole')} + ' items' + (v_n < {most} ? ', drawn as if the scores on all ' + "
        f"{written(most, 'whole')} + ' were exact' : ', as measured') + (v_metric == 'share' ? '. The smallest score above zero that such a test can "
        f"give is ' + {written(f'1 / {used}', 'percent')} : '. The largest finite loss that such a test can give is ' + "
        f"{written(f'log({used})', 'digits3')} + ' nats') + (v_axis == 'linear' ? '' : v_metric == 'share' ? '; zero itself has no "
        "place on a logarithmic axis' : '; a loss of zero has no place on a logarithmic axis') + '.'"
    )
    # A logarithm of nothing has no place on the axis: no answer right, or none wrong.
    seen = test.transform_filter(
        "datum.share > 0 && !(v_metric == 'loss' && v_axis == 'log' && datum.share == 1)"
    )
    charts = Charts(
        name="fig-measured-explorer",
        panels=(
            panel(
                test.mark_rule(color=colour("c2")).encode(x, alt.Y("foot:Q"), alt.Y2("head:Q")),
                seen.mark_line(color=colour("c2"), strokeWidth=1).encode(x, y),
                seen.mark_point(filled=True, size=70, color=colour("c2"), opacity=1).encode(x, y),
                title="=v_metric == 'share' ? 'Share of items right' : '−ln(share right)'",
                height=260,
            ),
        ),
        says=says,
        rows=test,
        columns={
            "N": ("parameters", "size"), "used": ("items", "whole"), "count": ("right", "whole"),
            "low": ("interval from", "percent"), "high": ("to", "percent"),
        },
        caption="Real scores. Bars: exact 95% intervals, cut at the edge of the picture; a model without a right answer has a "
        "bar and no point, and on a logarithmic axis of loss one without a wrong answer too. With fewer items than the test had, answers are drawn at random with the measured scores.",
        alt="A chart of real scores with intervals against number of parameters, in the task, metric, axis and number of "
        "items that are chosen.",
        source="Brown et al. 2020, Table H.1, few-shot (GPT-3); Biderman et al. 2023, evaluation files, no examples (Pythia).",
        kind="published figures",
    )  # fmt: skip
    return Explorer(controls, charts)


_BOTTOM = "(v_metric == 'share' ? (v_axis == 'log' ? -4 : 0) : v_axis == 'log' ? -3 : 0)"
_TOP = "(v_metric == 'share' ? (v_axis == 'log' ? 0 : 1) : v_axis == 'log' ? 1 : 9)"


def _smaller_tests(
    curves: dict[str, Curve], steps: tuple[int, ...], rng: np.random.Generator
) -> list[dict[str, object]]:
    """A row a task and model, with a test of each number of items: the whole one as measured, smaller ones drawn."""
    rows: list[dict[str, object]] = []
    for task, curve in curves.items():
        uniforms = rng.random(len(curve))
        for N, score, n, u in zip(curve.scale, curve.score, curve.items, uniforms, strict=True):
            used = np.minimum(steps, int(n))
            drawn = stats.binom.ppf(u, used, score)
            count = np.where(used == n, np.round(score * n), drawn).astype(int)
            low, high = resolution.binomial_interval(count, used)
            rows.append(
                {
                    "task": task, "N": float(N), "useds": used.tolist(), "counts": count.tolist(),
                    "lows": rounded(low, 6).tolist(), "highs": rounded(high, 6).tolist(),
                }
            )  # fmt: skip
    return rows


def _measured_curves() -> dict[str, Curve]:
    gpt3, pythia = tables.load_table("gpt3_arithmetic"), tables.load_table("pythia_evals")
    parts = [
        gpt3[gpt3["setting"] == "few-shot"],
        pythia[
            (pythia["family"] == "Pythia") & (pythia["metric"] == "acc") & (pythia["shots"] == 0)
        ],
    ]
    found = {curve.task: curve for part in parts for curve in curves_of(part).curves}
    return {task: found[task] for task in _MEASURED}
