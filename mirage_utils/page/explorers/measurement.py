"""Explorers of measurement: chapters 4, 6, 7 and 16."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ... import symbols, tables
from ...curves import Curve, resolution
from ...errors import as_array, require
from ...evidence import curves_of, emergence
from ...metrics import EXACT_MATCH
from ...models.scores import share_below
from ...scaling import ScalingLaw
from .. import plots
from .controls import Choice, Slider
from .explorer import Explorer
from .laws import AT, SCALES, law_rows, simulated_test
from .live import MUTED, Live, colour, panel, percent, rounded, scale_x, size_words, switch, vega

__all__ = ["drawn_points", "items", "measured", "threshold"]


def tested(
    N: ArrayLike, count: NDArray[np.float64], n: int | NDArray[np.int64], **more: ArrayLike
) -> pd.DataFrame:
    """Rows of a test: right answers, their share and the ends of its exact interval.

    Parameters
    ----------
    N, count, n : array_like, shape (m,)
        Scale, right answers and items.
    **more : array_like, shape (m,)
        Columns beside these.
    """
    low, high = resolution.binomial_interval(count, n)
    return pd.DataFrame(
        {"N": N, **more, "count": count, "share": count / n, "low": low, "high": high}
    )


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
    sizes = np.geomspace(1e7, 1e12, 11)
    uniforms = np.random.default_rng(seed).random(len(sizes))

    def rows(alpha: float, L: int, n: int) -> pd.DataFrame:
        truth = EXACT_MATCH.expected(ScalingLaw(alpha, N_c).probability(sizes), L=L)
        return tested(sizes, stats.binom.ppf(uniforms, n, truth), n, truth=truth)

    def draw(alpha: float, L: int, n: int) -> plots.Picture:
        law, share = ScalingLaw(alpha, N_c), rows(alpha, L, n)["share"].to_numpy()
        floor = float(resolution.detection_scale(law, n, L=L))
        figs = []
        for title, log in (("On a linear axis", False), ("On a logarithmic axis", True)):
            fig, ax = plots.panel(title)
            plots.percent_axis(ax, "items all right", log=log)
            ax.plot(SCALES, EXACT_MATCH.expected(law.probability(SCALES), L=L), color=plots.MUTED)
            plots.points(
                ax,
                Curve(sizes, share, np.full(sizes.shape, n)),
                colour=plots.COLOURS[1],
                line=False,
            )
            ax.axvline(floor, color=plots.MUTED, linestyle=":")
            plots.scale_axis(ax)
            ax.set_xlim(5e6, 2e12)
            if log:
                ax.set_ylim(1e-7, 1.5)
            figs.append(fig)
        zero = int((share == 0).sum())
        return plots.show(
            figs,
            name="fig-items-explorer",
            alt=f"A simulated test of {n} items at eleven sizes on a linear and a logarithmic axis of "
            f"score, for alpha {alpha:.2f} and target length {L}: {zero} sizes read exactly zero.",
            caption=f"A test of n = {n:,} items of {L} tokens, &alpha; = {alpha:.2f}: {zero} of {len(sizes)} "
            f"sizes read zero. Dotted: {plots.size_label(float(f'{floor:.2g}'))} parameters, from where on "
            "something is seen 95% of the time. Bars: exact 95% intervals; grey: the truth.",
            source="Drawn from the closed form with a fixed seed.",
            kind="simulation",
        )

    controls: dict[str, Slider | Choice] = {
        "alpha": Slider("exponent α", alpha, 0.05, 2.0, 0.05),
        "L": Slider("target length L, tokens", 5, 1, 50, 1, format="whole"),
        "n": Slider("test items n", n, 1, 6, 0.05, kind="logwhole", format="whole"),
    }
    names = {symbols.N_c: f"{N_c:g}", symbols.alpha: "v_alpha", symbols.L: "v_L"}
    items_n = sp.Symbol("n", positive=True)
    # From where on n items show something 95 % of the time: see resolution.detection_scale.
    just_seen = 1 - sp.Rational(1, 20) ** (1 / items_n)
    floor = symbols.N_c * (-sp.log(just_seen) / symbols.L) ** (-1 / symbols.alpha)
    floor_at = vega(floor, {**names, items_n: "v_n"})
    truth = law_rows(E=False).transform_calculate(truth=vega(EXACT_MATCH.expression, AT))
    seen = simulated_test(sizes, uniforms, "v_n", E=False)
    says = (
        f"'A test of ' + format(v_n, ',') + ' items of ' + v_L + ' tokens shows something, 95% of the time, from ' + "
        f"{size_words(floor_at)} + ' parameters on; what scores below ' + format({vega(just_seen, {items_n: 'v_n'})}, '.2~%') + "
        "' mostly reads zero.'"
    )
    line = (
        alt.Chart(alt.Data(values=[{}])).transform_calculate(N=floor_at)
        .mark_rule(strokeDash=[2, 3], clip=True).encode(alt.X("N:Q"))
    )  # fmt: skip
    panels = []
    for title, log in (("On a linear axis", False), ("On a logarithmic axis", True)):
        domain = (1e-7, 1) if log else (0, 1)
        y = percent("truth", "items all right", domain, log=log)
        dots = seen.transform_filter("datum.share > 0") if log else seen
        panels.append(
            panel(
                truth.mark_line(color=MUTED, clip=True).encode(scale_x(domain=(1e7, 1e12)), y),
                dots.mark_rule(color=colour(2), clip=True).encode(
                    alt.X("N:Q"), alt.Y("low:Q"), alt.Y2("high:Q")
                ),
                dots.mark_point(filled=True, size=60, color=colour(2), opacity=1).encode(
                    alt.X("N:Q"), alt.Y("share:Q")
                ),
                line,
                title=title,
            )
        )

    live = Live(
        panels=tuple(panels),
        says=says,
        constants={"v_N_c": N_c},
        rows=rows,
        columns={
            "N": ("parameters", "size"), "truth": ("truth", "percent"), "count": ("right", "whole"),
            "low": ("interval from", "percent"), "high": ("to", "percent"),
        },
        caption="A simulated test of a smooth law. Grey: the truth; bars: exact 95% intervals; dotted: from where on "
        "something is seen 95% of the time.",
        alt="Two charts that follow the sliders: a simulated test of exact match at eleven sizes, with intervals, on a "
        "linear and on a logarithmic axis of score.",
    )  # fmt: skip
    return Explorer(controls, draw, live)


POINTS = 8
_SHAPES = {
    "law": ("a smooth law", EXACT_MATCH.expected(np.exp(-(10.0 ** np.linspace(1, -1.2, POINTS))), L=5)),
    "line": ("a straight line", np.linspace(0, 0.7, POINTS)),
    "step": ("a step", np.r_[np.full(5, 0.02), np.full(3, 0.8)]),
    "noise": ("noise without a trend", np.random.default_rng(6).normal(0.4, 0.06, POINTS)),
    "wiggle": ("a step over rough ground", np.r_[0.04, 0.07, 0.03, 0.06, 0.02, 0.75, 0.71, 0.78]),
}  # fmt: skip


def drawn_points(*, shape: str = "law") -> Explorer:
    """Explorer of chapter 7: points of your own, their emergence score, and how often noise beats it.

    Parameters
    ----------
    shape : str
        What to begin with: ``law``, ``line``, ``step``, ``noise`` or ``wiggle``.

    Raises
    ------
    FieldError
        If there is no such shape.
    """
    require(shape in _SHAPES, "shape", shape, "one of " + ", ".join(_SHAPES))
    names = tuple(f"y{i + 1}" for i in range(POINTS))
    presets = {
        key: {n: round(float(v), 3) for n, v in zip(names, y, strict=True)}
        for key, (_, y) in _SHAPES.items()
    }
    null = emergence.gaussian_null(POINTS)
    # A thousand quantiles: the share of noise above a score, to a tenth of a per cent.
    noise = np.quantile(null, (np.arange(1000) + 0.5) / 1000)
    sizes = np.arange(1, POINTS + 1)

    def draw(preset: str, **points: float) -> plots.Picture:
        y = np.array([points[name] for name in names])
        score = emergence.emergence_score(y).value
        fig, ax = plots.panel("Points of your own", wide=True)
        ax.plot(sizes, y, "o-", color=plots.COLOURS[1], linewidth=1)
        ax.set_xlabel("model, from the smallest to the largest")
        plots.percent_axis(ax, "score")
        ax.set_ylim(-0.03, 1.03)
        words = _score_words(score)
        beaten = float((null >= score).mean()) if not np.isnan(score) else float("nan")
        more = (
            ""
            if np.isnan(beaten)
            else f" Noise without a trend scores as high in {beaten:.1%} of cases."
        )
        return plots.show(
            fig,
            name="fig-drawn-points",
            alt=f"Eight points of one's own, from {y[0]:.0%} to {y[-1]:.0%}; their emergence score is {words}.",
            caption=f"Emergence score of these eight points: <strong>{words}</strong>.{more}",
            source="Your points; the noise is Gaussian, 200,000 draws.",
            kind="simulation",
        )  # fmt: skip

    options = tuple((words, key) for key, (words, _) in _SHAPES.items())
    controls: dict[str, Slider | Choice] = {
        "preset": Choice("begin with", (*options, ("points of my own", "drawn")), shape)
    }
    for i, name in enumerate(names):
        controls[name] = Slider(
            f"model {i + 1}", presets[shape][name], 0.0, 1.0, 0.001, format="percent"
        )
    score = f"emergenceScore([{', '.join('v_' + n for n in names)}])"
    says = (
        f"'Emergence score of these eight points: ' + (isNaN({score}) ? 'undefined, since nothing changes' : isFinite({score}) ? format({score}, '.3~g') + "
        f"'. Noise without a trend scores as high in ' + format(1 - countBelow(noise, {score}) / 1000, '.1%') + ' of cases' : "
        "'infinite, since most steps are exactly zero') + '.'"
    )
    values = [{"i": i} for i in range(POINTS)]
    dots = (
        alt.Chart(alt.Data(values=values))
        .transform_calculate(model="datum.i + 1")
        .transform_calculate(score=f"[{', '.join('v_' + n for n in names)}][datum.i]")
    )
    x = alt.X(
        "model:Q", scale=alt.Scale(domain=[1, POINTS], nice=False),
        axis=alt.Axis(title="model, from the smallest to the largest", values=sizes.tolist(), format="d"),
    )  # fmt: skip
    live = Live(
        panels=(
            panel(
                dots.mark_line(color=colour(2), strokeWidth=1).encode(x, percent("score", "score")),
                dots.mark_point(filled=True, size=130, color=colour(2), opacity=1).encode(
                    x, percent("score", "score")
                ),
                title="Points of your own: drag them", height=300,
            ),
        ),
        says=says,
        constants={"noise": noise.round(4).tolist()},
        rows=lambda preset, **points: pd.DataFrame(
            {"model": sizes, "score": [points[name] for name in names]}
        ),
        columns={"model": ("model", "whole"), "score": ("score", "percent")},
        caption="Eight scores, drawn by hand. The score is that of equation 1; it does not know how many items were "
        "behind a point.",
        alt="A chart of eight points that follow the pointer and the sliders, one for each model from the smallest to the "
        "largest.",
        drag=names,
        presets=presets,
    )  # fmt: skip
    return Explorer(controls, draw, live)


def _score_words(score: float) -> str:
    if np.isnan(score):
        return "undefined"
    return f"{score:.3g}" if np.isfinite(score) else "infinite"


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
    found = rounded(found, 4)
    require(
        len(scale) == len(found), "sizes", len(scale), f"one of each row of errors, {len(found)}"
    )
    low, high = np.quantile(found[-1], 0.02), np.quantile(found[0], 0.98)
    heights = np.linspace(0, 1, found.shape[1])
    # Steps of the ramp of colours, from the smallest model to the largest.
    steps = np.linspace(0, len(plots.RAMP) - 1, len(found)).round().astype(int).tolist()

    def draw(c: float) -> plots.Picture:
        share = share_below(found, c)
        score = emergence.emergence_score(share).value
        left, ax = plots.panel("Errors of all items, by size")
        for step, row in zip(steps, found, strict=True):
            ax.plot(row, heights, color=plots.RAMP[step], linewidth=1.3)
        ax.axvline(c, color=plots.COLOURS[1], linestyle="--")
        ax.set_xscale("log")
        ax.set_xlim(low / 2, high * 2)
        ax.set_xlabel("mean squared error of an item")
        plots.percent_axis(ax, "items below")
        right, ay = plots.panel("Share under c")
        ay.plot(scale, share, "o-", color=plots.COLOURS[1], linewidth=1)
        plots.scale_axis(ay, label)
        plots.percent_axis(ay, f"items with error < {c:.2g}")
        ay.set_ylim(-0.03, 1.03)
        words = f"{score:.0f}" if np.isfinite(score) else "infinite or undefined"
        return plots.show(
            [left, right],
            name="fig-threshold-explorer",
            alt=f"Left: distribution functions of the error of an item, one curve for each of {len(scale)} "
            f"sizes, larger models further left, and a line at the threshold {c:.2g}. Right: where that line "
            f"cuts them, against size: the share of items under it, from {share[0]:.0%} to {share[-1]:.0%}.",
            caption=f"n = {found.shape[1]:,} items a size; threshold c = {c:.2g}. The right panel is the left one read "
            f"along the dashed line. Emergence score of the right curve: {words}.",
            source=source,
            kind=kind,
        )

    controls: dict[str, Slider | Choice] = {
        "c": Slider(
            "threshold c",
            c,
            float(np.log10(low)),
            float(np.log10(high)),
            0.01,
            kind="log",
            format="digits3",
        ),
    }
    at = np.linspace(0, found.shape[1] - 1, 60).round().astype(int)
    curves = [
        {"size": f"{s:g}", "error": float(row[i]), "below": float(heights[i])}
        for s, row in zip(scale, found, strict=True) for i in at
    ]  # fmt: skip
    tones = [f"var(--mb-r{1 + i})" for i in steps]
    left = alt.Chart(alt.Data(values=curves)).mark_line(strokeWidth=1.5, clip=True).encode(
        alt.X(
            "error:Q", scale=alt.Scale(type="log", domain=[low / 2, high * 2], nice=False),
            axis=alt.Axis(title="mean squared error of an item", values=[10.0**k for k in range(-6, 3)], format="~g"),
        ),
        percent("below", "items below"),
        alt.Color("size:N", scale=alt.Scale(domain=[f"{s:g}" for s in scale], range=tones), legend=None),
    )  # fmt: skip
    limit = (
        alt.Chart(alt.Data(values=[{}])).transform_calculate(error="v_c")
        .mark_rule(strokeDash=[5, 4], color=colour(2), strokeWidth=1.5).encode(alt.X("error:Q"))
    )  # fmt: skip
    models = [{"N": float(s), "errors": row.tolist()} for s, row in zip(scale, found, strict=True)]
    right = alt.Chart(alt.Data(values=models)).transform_calculate(
        share="countBelow(datum.errors, v_c) / length(datum.errors)"
    )
    x = scale_x(title=label, domain=(float(scale.min()) / 1.15, float(scale.max()) * 1.15))
    says = "'An item counts as reconstructed if its mean squared error is below ' + format(v_c, '.2~g') + '.'"
    live = Live(
        panels=(
            panel(left, limit, title="Errors of all items, by size"),
            panel(
                right.mark_line(color=colour(2), strokeWidth=1).encode(x, percent("share", "items below c")),
                right.mark_point(filled=True, size=60, color=colour(2), opacity=1).encode(
                    x, percent("share", "items below c")
                ),
                title="Share under c",
            ),
        ),
        says=says,
        rows=lambda c: pd.DataFrame({"N": scale, "share": share_below(found, c)}),
        columns={"N": (label, "size"), "share": ("items below c", "percent")},
        caption=f"n = {found.shape[1]:,} items a size. Left: one curve a size, larger models darker and further left. The "
        "right chart is the left one read along the dashed line.",
        alt="Two charts that follow the slider: distribution functions of the error of an item, one curve a size, with a "
        "line at the threshold; and the share of items under it against size.",
    )  # fmt: skip
    return Explorer(controls, draw, live)


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
    rng = np.random.default_rng(seed)
    random = {key: rng.random(len(curve)) for key, curve in curves.items()}

    def rows(task: str, metric: str, axis: str, n: int) -> pd.DataFrame:
        curve = curves[task]
        used = np.minimum(n, curve.items)
        # The whole test is what was measured; a smaller one is drawn.
        count = np.where(
            used == curve.items, np.round(curve.score * curve.items),
            stats.binom.ppf(random[task], used, curve.score),
        )  # fmt: skip
        return tested(curve.scale, count, used, used=used)

    def draw(task: str, metric: str, axis: str, n: int) -> plots.Picture:
        found = rows(task, metric, axis, n)
        curve = Curve(found["N"].to_numpy(), found["share"].to_numpy(), found["used"].to_numpy())
        fig, ax = plots.panel(_MEASURED[task], wide=True)
        used, zero = int(found["used"].iloc[0]), int((found["count"] == 0).sum())
        if metric == "share":
            plots.percent_axis(ax, "items right", log=axis == "log")
            plots.points(ax, curve, colour=plots.COLOURS[1])
        else:
            seen = found[found["share"] > 0]
            with np.errstate(divide="ignore"):
                loss, top, bottom = (-np.log(seen[c]) for c in ("share", "low", "high"))
            ax.errorbar(
                seen["N"], loss, yerr=[loss - bottom, np.minimum(top, 99) - loss], fmt="o-",
                color=plots.COLOURS[0], capsize=2.2, linewidth=1,
            )  # fmt: skip
            ax.set_ylabel("−ln(share right)")
            ax.set_yscale(axis)
            ax.set_ylim(*((1e-3, 10) if axis == "log" else (0, 9)))
        plots.scale_axis(ax)
        return plots.show(
            fig,
            name="fig-measured-explorer",
            alt=f"{_MEASURED[task]} at {len(found)} model sizes on {used} items, with intervals; {zero} sizes read zero.",
            caption=f"{_MEASURED[task]}, n = {used:,} items: {zero} of {len(found)} sizes read exactly zero.",
            source=_MEASURED_SOURCE,
            kind="published figures",
        )

    controls: dict[str, Slider | Choice] = {
        "task": Choice("models and task", tuple((w, k) for k, w in _MEASURED.items()), task),
        "metric": Choice("metric", (("share right", "share"), ("−ln(share right): loss, if alike", "loss")), "share"),
        "axis": Choice("axis of score", (("linear", "linear"), ("logarithmic", "log")), "linear"),
        "n": Slider("test items n, at most", 6000.0, 1, float(np.log10(6000)), 0.01, kind="logwhole", format="whole"),
    }  # fmt: skip
    values = [
        {"task": key, "N": float(N), "score": float(s), "right": round(float(s) * int(n)), "items": int(n), "random": float(u)}
        for key, curve in curves.items()
        for N, s, n, u in zip(curve.scale, curve.score, curve.items, random[key], strict=True)
    ]  # fmt: skip
    test = (
        alt.Chart(alt.Data(values=values))
        .transform_filter("datum.task == v_task")
        .transform_calculate(used="min(v_n, datum.items)")
        .transform_calculate(
            count="datum.used == datum.items ? datum.right : binomialQuantile(datum.random, datum.used, datum.score)"
        )
        .transform_calculate(
            share="datum.count / datum.used",
            low="exactLow(datum.count, datum.used)",
            high="exactHigh(datum.count, datum.used)",
        )
    )

    def shown(field: str) -> str:
        """A share in the chosen metric, on the chosen axis, kept within the picture."""
        value = f"(v_metric == 'share' ? {field} : -log({field}))"
        return f"clamp(v_axis == 'log' ? log({value}) / LN10 : {value}, {_BOTTOM}, {_TOP})"

    test = test.transform_calculate(
        at=shown("datum.share"), foot=shown("datum.low"), head=shown("datum.high")
    )
    label = (
        "v_axis == 'log' ? (v_metric == 'share' ? format(pow(10, datum.value), '~%') : format(pow(10, datum.value), '~g')) : "
        "v_metric == 'share' ? format(datum.value, '.0%') : format(datum.value, '~g')"
    )
    y = alt.Y(
        "at:Q",
        scale=alt.Scale(
            domainMin=alt.expr(_BOTTOM), domainMax=alt.expr(_TOP), nice=False, zero=False
        ),
        axis=alt.Axis(title=None, labelExpr=label, tickCount=5),
    )
    x = scale_x(domain=(5e7, 3e11))
    most = switch("task", {key: str(int(c.items[0])) for key, c in curves.items()})
    titles = switch("task", {key: f"'{words}'" for key, words in _MEASURED.items()})
    says = (
        f"{titles} + ', ' + format(min(v_n, {most}), ',') + ' items' + (v_n < {most} ? ', drawn as if the scores on all ' + "
        f"format({most}, ',') + ' were exact' : ', as measured') + '. The smallest score above zero that such a test can give is ' + "
        f"format(1 / min(v_n, {most}), '.2~%') + '.'"
    )
    seen = test.transform_filter("datum.share > 0")
    live = Live(
        panels=(
            panel(
                test.mark_rule(color=colour(2)).encode(x, alt.Y("foot:Q"), alt.Y2("head:Q")),
                seen.mark_line(color=colour(2), strokeWidth=1).encode(x, y),
                seen.mark_point(filled=True, size=70, color=colour(2), opacity=1).encode(x, y),
                title="=v_metric == 'share' ? 'Share of items right' : '−ln(share right)'",
                height=320,
            ),
        ),
        says=says,
        rows=rows,
        columns={
            "N": ("parameters", "size"), "used": ("items", "whole"), "count": ("right", "whole"),
            "low": ("interval from", "percent"), "high": ("to", "percent"),
        },
        caption="Real scores. Bars: exact 95% intervals, cut at the edge of the picture; a model without a right answer has a "
        "bar and no point. With fewer items than the test had, answers are drawn at random with the measured scores.",
        alt="A chart of real scores with intervals against number of parameters, in the task, metric, axis and number of "
        "items that are chosen.",
    )  # fmt: skip
    return Explorer(controls, draw, live)


_BOTTOM = "(v_metric == 'share' ? (v_axis == 'log' ? -4 : 0) : v_axis == 'log' ? -3 : 0)"
_TOP = "(v_metric == 'share' ? (v_axis == 'log' ? 0 : 1) : v_axis == 'log' ? 1 : 9)"
_MEASURED_SOURCE = "Brown et al. 2020, Table H.1, few-shot (GPT-3); Biderman et al. 2023, evaluation files, no examples (Pythia)."


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
