"""Explorers of closed forms: chapters 2, 3, 5 and 8."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import sympy as sp
from numpy.typing import NDArray
from scipy import stats

from ... import symbols
from ...metrics import (
    BRIER,
    EXACT_MATCH,
    METRICS,
    MULTIPLE_CHOICE_GRADE,
    TOKEN_EDIT_DISTANCE,
    Metric,
    get,
)
from ...scaling import ScalingLaw
from .. import plots
from .controls import Choice, Slider
from .explorer import Explorer
from .live import (
    GRID,
    MUTED,
    Live,
    colour,
    grid,
    numbers,
    panel,
    parameter,
    percent,
    scale_x,
    sequence,
    size_words,
    switch,
    two_lines,
    vega,
)  # fmt: skip

__all__ = ["assumptions", "many_tokens", "one_metric", "one_token"]

SCALES = np.geomspace(1e6, 1e13, 300)
AT = {symbols.N: "datum.N", symbols.p: "datum.p"}


def law_controls(alpha: float, N_c: float) -> dict[str, Slider]:
    """Sliders of the scaling law."""
    return {
        "alpha": Slider("exponent α", alpha, 0.05, 2.0, 0.05),
        "N_c": Slider("critical scale N_c", N_c, 6, 12, 0.05, kind="log", format="size"),
    }


def law_rows(E: bool = True) -> alt.Chart:
    """Rows of scale N, loss and probability p of a token, of the scaling law under the sliders."""
    loss = symbols.CROSS_ENTROPY if E else symbols.CROSS_ENTROPY.subs(symbols.E, 0)
    return (
        alt.Chart(sequence(*GRID, "u"))
        .transform_calculate(N="pow(10, datum.u)")
        .transform_calculate(loss=vega(loss, AT))
        .transform_calculate(p=vega(sp.exp(-symbols.x), {symbols.x: "datum.loss"}))
    )


def law_frame(alpha: float, N_c: float, E: float = 0.0) -> pd.DataFrame:
    """The same rows, by NumPy."""
    N = 10 ** grid(*GRID)
    law = ScalingLaw(alpha, N_c, E)
    return pd.DataFrame({"N": N, "loss": law.cross_entropy(N), "p": law.probability(N)})


def simulated_test(
    sizes: NDArray[np.float64], uniforms: NDArray[np.float64], n: str, *, E: bool = True
) -> alt.Chart:
    """Rows of a test of exact match: count, share and ends of its exact interval at each size.

    Parameters
    ----------
    sizes, uniforms : ndarray, shape (m,)
        Scales, and the number in (0, 1) that decides the draw at each.
    n : str
        Expression of the number of items.
    E : bool
        Whether there is an irreducible loss among the controls.
    """
    values = [
        {"N": float(size), "random": float(u)} for size, u in zip(sizes, uniforms, strict=True)
    ]
    p = symbols.PROBABILITY if E else symbols.PROBABILITY.subs(symbols.E, 0)
    return (
        alt.Chart(alt.Data(values=values))
        .transform_calculate(p=vega(p, AT))
        .transform_calculate(truth=vega(EXACT_MATCH.expression, AT))
        .transform_calculate(count=f"binomialQuantile(datum.random, {n}, datum.truth)")
        .transform_calculate(
            share=f"datum.count / {n}",
            low=f"exactLow(datum.count, {n})",
            high=f"exactHigh(datum.count, {n})",
        )
    )


def one_token(*, alpha: float = 0.5, N_c: float = 1e9, E: float = 0.0) -> Explorer:
    """Explorer of chapter 2: the loss of one token, and the accuracy that comes of it.

    Parameters
    ----------
    alpha, N_c, E : float
        Starting values; see `ScalingLaw`.
    """

    def draw(alpha: float, N_c: float, E: float) -> plots.Picture:
        law = ScalingLaw(alpha, N_c, E)
        loss, ax = plots.panel("Loss: a straight line on log axes")
        ax.plot(SCALES, law.cross_entropy(SCALES), color=plots.COLOURS[0])
        if E > 0:
            ax.axhline(E, color=plots.MUTED, linestyle=":")
        plots.scale_axis(ax)
        ax.set_yscale("log")
        ax.set_ylim(1e-3, 1e3)
        ax.set_ylabel("cross-entropy per token, nats")
        score, ay = plots.panel("Accuracy of one token: an S")
        ay.plot(SCALES, law.probability(SCALES), color=plots.COLOURS[1])
        ay.axvline(N_c, color=plots.MUTED, linestyle=":")
        plots.scale_axis(ay)
        plots.percent_axis(ay, "accuracy = exp(-CE)")
        ay.set_ylim(-0.02, 1.02)
        reached = float(law.probability(SCALES[-1]))
        return plots.show(
            [loss, score],
            name="fig-one-token-explorer",
            alt=(
                f"Two panels against number of parameters, for alpha {alpha:.2f}, critical scale "
                f"{plots.size_label(N_c)} and irreducible loss {E:.2f}: cross-entropy falling on log axes "
                f"and accuracy rising in an S to {reached:.0%} at ten trillion parameters."
            ),
            caption=(
                f"One scaling law, twice: &alpha; = {alpha:.2f}, N<sub>c</sub> = {plots.size_label(N_c)}, "
                f"E = {E:.2f} nats. At the critical scale (dotted) accuracy is "
                f"{float(law.probability(N_c)):.0%}."
            ),
            source="The closed form of this chapter.",
            kind="formula",
        )

    controls: dict[str, Slider | Choice] = {
        **law_controls(alpha, N_c),
        "E": Slider("irreducible loss E, nats", E, 0.0, 2.0, 0.05),
    }
    rows = law_rows()
    at_critical = vega(symbols.PROBABILITY.subs(symbols.N, symbols.N_c))
    says = (
        f"'At the critical scale, ' + {size_words('v_N_c')} + ' parameters, one token is right with probability ' + "
        f"format({at_critical}, '.1%') + (v_E > 0 ? '; it can never be more than ' + format(exp(-v_E), '.1%') : '') + '.'"
    )
    mark = alt.Chart(alt.Data(values=[{}])).mark_rule(strokeDash=[2, 3])
    critical = mark.transform_calculate(N="v_N_c").encode(alt.X("N:Q"))
    loss = rows.mark_line(color=colour(1)).encode(
        scale_x(), numbers("loss", "cross-entropy per token, nats", (1e-3, 1e3), log=True)
    )
    accuracy = rows.mark_line(color=colour(2)).encode(
        scale_x(), percent("p", "accuracy = exp(−loss)")
    )
    live = Live(
        panels=(
            panel(loss, critical, title="Loss: a straight line on log axes"),
            panel(accuracy, critical, title="Accuracy of one token: an S"),
        ),
        says=says,
        rows=law_frame,
        columns={
            "N": ("parameters", "size"), "loss": ("loss, nats", "digits3"), "p": ("accuracy", "percent"),
        },
        caption="One scaling law, twice. Dotted: the critical scale.",
        alt="Two charts against number of parameters that follow the sliders: the cross-entropy of a token, falling on "
        "logarithmic axes, and the accuracy that comes of it, rising in an S.",
        every=10,
    )  # fmt: skip
    return Explorer(controls, draw, live)


def many_tokens(
    *,
    alpha: float = 0.5,
    N_c: float = 1e9,
    E: float = 0.0,
    L: int = 5,
    items: int = 500,
    seed: int = 0,
) -> Explorer:
    """Explorer of chapter 3: one loss under three metrics, measured with a finite test set.

    Parameters
    ----------
    alpha, N_c, E : float
        Starting values; see `ScalingLaw`.
    L : int
        Target length, tokens.
    items : int
        Number of test items of the simulated measurement.
    seed : int
        Of the simulated measurement.
    """
    sizes = np.geomspace(1e7, 1e12, 11)
    uniforms = np.random.default_rng(seed).random(len(sizes))

    def draw(alpha: float, N_c: float, E: float, L: int, items: int) -> plots.Picture:
        law = ScalingLaw(alpha, N_c, E)
        p, measured = law.probability(SCALES), law.probability(sizes)
        exact = EXACT_MATCH.expected(p, L=L)
        counts = stats.binom.ppf(uniforms, items, EXACT_MATCH.expected(measured, L=L))
        harsh, ax = plots.panel(f"Exact match, {L} token{'s' if L > 1 else ''}")
        ax.plot(SCALES, exact, color=plots.COLOURS[1])
        ax.plot(
            sizes,
            counts / items,
            plots.MARKERS[0],
            color=plots.COLOURS[1],
            markeredgecolor=plots.PAPER,
        )
        plots.scale_axis(ax)
        plots.percent_axis(ax, "items all right")
        ax.set_ylim(-0.03, 1.03)
        log, az = plots.panel("The same, on a log axis of score")
        az.plot(SCALES, np.maximum(exact, 1e-12), color=plots.COLOURS[1])
        seen = counts > 0
        az.plot(
            sizes[seen],
            counts[seen] / items,
            plots.MARKERS[0],
            color=plots.COLOURS[1],
            markeredgecolor=plots.PAPER,
        )
        plots.scale_axis(az)
        plots.percent_axis(az, "items all right", log=True)
        az.set_ylim(1e-6, 1.5)
        plots.resolution_line(az, items)
        gentle, ay = plots.panel("Edit distance and Brier score")
        ay.plot(
            SCALES,
            TOKEN_EDIT_DISTANCE.expected(p, L=L) / L,
            color=plots.COLOURS[0],
            label="edit distance / L",
        )
        ay.plot(
            SCALES,
            BRIER.expected(p, K=4),
            color=plots.COLOURS[2],
            linestyle="--",
            label="Brier, 4 choices",
        )
        plots.scale_axis(ay)
        ay.set_ylabel("score (lower is better)")
        ay.legend()
        zero = int((counts == 0).sum())
        return plots.show(
            [harsh, log, gentle],
            name="fig-many-tokens-explorer",
            alt=(
                f"Three panels against number of parameters for alpha {alpha:.2f} and target length "
                f"{L}: exact match on a linear and on a logarithmic axis, with {zero} of {len(sizes)} "
                f"simulated sizes scoring exactly zero out of {items} items, and edit distance and "
                f"Brier score falling smoothly."
            ),
            caption=(
                f"One loss, three metrics: &alpha; = {alpha:.2f}, N<sub>c</sub> = {plots.size_label(N_c)}, "
                f"E = {E:.2f}, L = {L}. Dots: a simulated test of n = {items:,} items, in which "
                f"{zero} of {len(sizes)} sizes score exactly zero."
            ),
            source="The closed form of this chapter; dots drawn from it with a fixed seed.",
            kind="simulation",
        )

    controls: dict[str, Slider | Choice] = {
        **law_controls(alpha, N_c),
        "E": Slider("irreducible loss E, nats", E, 0.0, 1.0, 0.02),
        "L": Slider("target length L, tokens", L, 1, 50, 1, format="whole"),
        "items": Slider("test items n", items, 1, 4, 0.05, kind="logwhole", format="whole"),
    }
    rows = (
        law_rows()
        .transform_calculate(exact=vega(EXACT_MATCH.expression, AT))
        .transform_calculate(
            edits=vega(TOKEN_EDIT_DISTANCE.expression / symbols.L, AT),
            brier=vega(BRIER.expression.subs(symbols.K, 4), AT),
        )
    )
    dots = simulated_test(sizes, uniforms, "v_items")
    both = two_lines(
        rows,
        {"edits": ("edit distance / L", colour(1)), "brier": ("Brier, 4 choices", colour(3))},
        scale_x(),
        numbers("value", "score (lower is better)"),
        dashed="brier",
    )
    says = (
        "'Target length ' + v_L + ': where one token is right half of the time, all of them are right ' + "
        # Nothing that is not zero is said to be 0%.
        "(pow(0.5, v_L) < 1e-4 ? 'less than 0.01%' : format(pow(0.5, v_L), '.2~%')) + ' of the time. A test of ' + format(v_items, ',') + ' items shows nothing between 0 and '"
        " + format(1 / v_items, '.2~%') + '.'"
    )
    floor = (
        alt.Chart(alt.Data(values=[{}])).transform_calculate(exact="1 / v_items")
        .mark_rule(strokeDash=[2, 3]).encode(alt.Y("exact:Q"))
    )  # fmt: skip
    live = Live(
        panels=(
            panel(
                rows.mark_line(color=colour(2)).encode(scale_x(), percent("exact", "items all right")),
                dots.mark_point(filled=True, size=60, color=colour(2)).encode(alt.X("N:Q"), alt.Y("share:Q")),
                title="='Exact match, ' + v_L + (v_L > 1 ? ' tokens' : ' token')",
            ),
            panel(
                rows.mark_line(color=colour(2), clip=True).encode(
                    scale_x(), percent("exact", "items all right", (1e-6, 1), log=True)
                ),
                floor,
                dots.transform_filter("datum.share > 0")
                .mark_point(filled=True, size=60, color=colour(2), clip=True)
                .encode(alt.X("N:Q"), alt.Y("share:Q")),
                title="The same, on a log axis of score",
            ),
            panel(both, title="Edit distance and Brier score"),
        ),
        says=says,
        rows=many_rows,
        columns={
            "N": ("parameters", "size"), "p": ("one token", "percent"), "exact": ("exact match", "percent"),
            "edits": ("edit distance / L", "digits3"), "brier": ("Brier", "digits3"),
        },
        caption="One loss, three metrics. Dots: a simulated test; dotted: the smallest score above zero that it can give.",
        alt="Three charts against number of parameters that follow the sliders: exact match on a linear and on a "
        "logarithmic axis with dots of a simulated test, and edit distance and Brier score falling smoothly.",
        every=10,
    )  # fmt: skip
    return Explorer(controls, draw, live)


def many_rows(alpha: float, N_c: float, E: float, L: int, items: int) -> pd.DataFrame:
    """Rows of `many_tokens`, by NumPy."""
    frame = law_frame(alpha, N_c, E)
    return frame.assign(
        exact=EXACT_MATCH.expected(frame["p"], L=L),
        edits=TOKEN_EDIT_DISTANCE.expected(frame["p"], L=L) / L,
        brier=BRIER.expected(frame["p"], K=4),
    )


def one_metric(*, metric: str = "exact_match", alpha: float = 0.5, N_c: float = 1e9) -> Explorer:
    """Explorer of chapter 5: any metric beside token accuracy, over one loss.

    Parameters
    ----------
    metric : str
        Name of the metric to begin with.
    alpha, N_c : float
        Starting values; see `ScalingLaw`.
    """

    def draw(
        metric: str, alpha: float, L: int, K: int, s: float, c: float, k: int
    ) -> plots.Picture:
        chosen, law = get(metric), ScalingLaw(alpha, N_c)
        values = _given(chosen, L, K, s, c, k)
        p = law.probability(SCALES)
        score = chosen.expected(p, **values)
        start, stop = chosen.expected([0.0, 1.0], **values)
        fig, ax = plots.panel(chosen.title.capitalize())
        ax.plot(SCALES, score, color=plots.COLOURS[1])
        plots.scale_axis(ax)
        ax.set_ylabel(f"score ({chosen.direction} is better)")
        figs, words = [fig], "which has no end and so no share of a rise"
        if np.isfinite([start, stop]).all():
            rise = (score - start) / (stop - start)
            beside, ay = plots.panel("Beside token accuracy")
            ay.plot(SCALES, p, color=plots.MUTED, linewidth=5, alpha=0.3, label="token accuracy")
            ay.plot(SCALES, rise, color=plots.COLOURS[1], label=chosen.title)
            plots.scale_axis(ay)
            plots.percent_axis(ay, "share of its rise")
            ay.legend(loc="upper left")
            figs.append(beside)
            words = f"which reaches {float(rise[-1]):.0%} of its rise at ten trillion parameters"
        given = ", ".join(f"{name} = {value:g}" for name, value in values.items()) or "no parameter"
        return plots.show(
            figs,
            name="fig-one-metric-explorer",
            alt=f"The metric {chosen.title} against number of parameters for alpha {alpha:.2f} and "
            f"{given}, {words}; beside it the accuracy of one token.",
            caption=f"{chosen.title.capitalize()} over one loss, &alpha; = {alpha:.2f}, {given}.",
            source="The metric's expression; no data.",
            kind="formula",
        )

    controls: dict[str, Slider | Choice] = {
        "metric": Choice("metric", tuple((m.title, m.name) for m in METRICS.values()), metric),
        "alpha": Slider("exponent α", alpha, 0.05, 2.0, 0.05),
        "L": Slider("L, m: tokens, items", 5, 1, 50, 1, format="whole"),
        "K": Slider("K: options", 4, 3, 20, 1, format="whole"),
        "s": Slider("s: spread of items", 0.35, 0.05, 2.0, 0.05),
        "c": Slider("c: threshold", 0.1, 0.01, 0.9, 0.01),
        "k": Slider("k: attempts", 10, 1, 1000, 1, format="whole"),
    }
    score = {at: _any_metric(at) for at in ("datum.p", "0", "1", "exp(-1)")}
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
        f"'At the critical scale one token is right with probability ' + format(exp(-1), '.1%') + ', and ' + {titles} + "
        f"' (' + {better} + ') is ' + format({score['exp(-1)']}, '.3~g') + '.'"
    )
    both = two_lines(
        rows,
        {"p": ("token accuracy", MUTED), "rise": ("this metric", colour(2))},
        scale_x(),
        percent("value", "share of its rise"),
        dashed="p",
    )
    live = Live(
        panels=(
            panel(
                rows.mark_line(color=colour(2)).encode(scale_x(), numbers("score", "score")),
                title=f"={titles}",
            ),
            panel(both, title="Beside token accuracy"),
        ),
        says=says,
        constants={"v_N_c": N_c},
        rows=lambda **values: metric_rows(N_c=N_c, **values),
        columns={
            "N": ("parameters", "size"), "p": ("one token", "percent"), "score": ("score", "digits3"),
        },
        caption="A metric over one loss. Right: its way from its first to its last value, beside that of token accuracy; "
        "a metric without an end has none.",
        alt="Two charts against number of parameters that follow the controls: the chosen metric, and the share of its "
        "rise beside the accuracy of one token.",
        every=10,
    )  # fmt: skip
    return Explorer(controls, draw, live)


def _settings(L: Any, K: Any, s: Any, c: Any, k: Any) -> dict[str, Any]:
    """A metric's parameters by name: tokens and items share a slider, two keep one value."""
    return {"L": L, "m": L, "K": K, "s": s, "c": c, "k": k, "w": 4, "b": 4}


def _given(chosen: Metric, *sliders: Any) -> dict[str, Any]:
    """Those of the parameters that a metric has."""
    known = _settings(*sliders)
    return {name: known[name] for name in chosen.parameters}


def _any_metric(p: str) -> str:
    """The score of the chosen metric, as an expression in an expression of p."""
    known = {name: str(v) for name, v in _settings(*map(parameter, "LKsck")).items()}
    scores = {
        m.name: vega(m.expression, {a: known[str(a)] for a in m.arguments[1:]} | {symbols.p: p})
        for m in METRICS.values()
    }
    return switch("metric", scores)


def metric_rows(
    metric: str, alpha: float, L: int, K: int, s: float, c: float, k: int, N_c: float
) -> pd.DataFrame:
    """Rows of `one_metric`, by NumPy."""
    chosen, frame = get(metric), law_frame(alpha, N_c)
    return frame.assign(score=chosen.expected(frame["p"], **_given(chosen, L, K, s, c, k)))


def assumptions(*, L: int = 5) -> Explorer:
    """Explorer of chapter 8: exact match with several assumptions broken at once.

    Parameters
    ----------
    L : int
        Target length to begin with.
    """

    def draw(L: int, v: float, E: float, s: float) -> plots.Picture:
        found = broken_rows(np.linspace(-4, 8, 400), difficulty(v, 400), L, E, s)
        at, plain, broken = (found[c].to_numpy() for c in ("decades", "plain", "broken"))
        fig, ax = plots.panel("Exact match, as assumed and broken", wide=True)
        ax.plot(at, plain, color=plots.MUTED, linewidth=5, alpha=0.3, label="as assumed")
        ax.plot(at, broken, color=plots.COLOURS[1], label="broken")
        ax.set_xlabel("α log10(N / N_c)")
        plots.percent_axis(ax, "items all right")
        ax.set_ylim(-0.03, 1.03)
        ax.legend(loc="upper left")
        return plots.show(
            fig,
            name="fig-assumptions-explorer",
            alt=f"Exact match of {L} tokens against scale, as assumed and with item variance {v:.1f}, "
            f"irreducible loss {E:.2f} and decoding spread {s:.2f}; the broken curve ends at {broken[-1]:.0%}.",
            caption=f"L = {L}; variance of item difficulty {v:.1f}, irreducible loss {E:.2f} nats a token, "
            f"decoding spread {s:.2f} (1: sampled; towards 0: greedy on like items).",
            source="The closed forms of this chapter, difficulty averaged over 400 quantiles.",
            kind="formula",
        )

    controls: dict[str, Slider | Choice] = {
        "L": Slider("target length L, tokens", L, 1, 50, 1, format="whole"),
        "v": Slider("variance of difficulty", 1.0, 0.0, 4.0, 0.1, format="fixed1"),
        "E": Slider("irreducible loss E, nats", 0.0, 0.0, 1.0, 0.02),
        "s": Slider("decoding spread s", 1.0, 0.1, 1.0, 0.05),
    }
    plain = vega(EXACT_MATCH.expression, {symbols.p: "exp(-exp(-datum.x))"})
    grade = vega(MULTIPLE_CHOICE_GRADE.expression.subs(symbols.K, 10), AT)
    rows = (
        alt.Chart(sequence(-4.0, 8.0, 0.15, "x"))
        .transform_calculate(hard="hardness[round(v_v * 10)]")
        .transform_flatten(["hard"])
        .transform_calculate(p="exp(-v_E - exp(-datum.x) * datum.hard)")
        .transform_calculate(item=f"pow({grade}, v_L)")
        .transform_aggregate(broken="mean(item)", groupby=["x"])
        .transform_calculate(plain=plain, decades="datum.x / LN10")
    )
    both = two_lines(
        rows,
        {"plain": ("as assumed", MUTED), "broken": ("broken", colour(2))},
        alt.X("decades:Q", title="α log10(N / N_c)"),
        percent("value", "items all right"),
        dashed="plain",
    )
    says = (
        "'Assumed: alike items, independent tokens drawn from the model. Here: variance of difficulty ' + format(v_v, '.1f') + "
        "', irreducible loss ' + format(v_E, '.2f') + ', decoding ' + (v_s == 1 ? 'as sampled' : 'sharpened to ' + "
        "format(v_s, '.2f')) + '. The highest score that can be reached is ' + format(pow("
        + vega(MULTIPLE_CHOICE_GRADE.expression.subs(symbols.K, 10), {symbols.p: "exp(-v_E)"})
        + ", v_L), '.0%') + '.'"
    )
    live = Live(
        panels=(
            panel(
                both, title="Exact match, as assumed and broken", height=320,
            ),
        ),
        says=says,
        constants={"hardness": [difficulty(v / 10).tolist() for v in range(41)]},
        rows=assumption_rows,
        columns={
            "decades": ("α log10(N / N_c)", "fixed1"), "plain": ("as assumed", "percent"),
            "broken": ("broken", "percent"),
        },
        caption="Exact match against scale. Decoding spread 1 is sampling; towards 0, greedy decoding of like items.",
        alt="A chart of exact match against scale that follows the sliders: one curve under the assumptions of the closed "
        "form, one with those that the sliders break.",
        every=8,
    )  # fmt: skip
    return Explorer(controls, draw, live)


def difficulty(v: float, quantiles: int = 64) -> NDArray[np.float64]:
    """Difficulties of equal weight: a Gamma distribution of mean 1 and variance v, at its quantiles."""
    at = (np.arange(quantiles) + 0.5) / quantiles
    return stats.gamma.ppf(at, 1 / v, scale=v) if v > 0 else np.ones(quantiles)


def broken_rows(
    x: NDArray[np.float64], hardness: NDArray[np.float64], L: int, E: float, s: float
) -> pd.DataFrame:
    """Exact match against scale, plain and with assumptions broken.

    Parameters
    ----------
    x : ndarray, shape (m,)
        Scale, as minus the logarithm of the loss of a plain item.
    hardness : ndarray, shape (k,)
        Difficulties of equal weight.
    L : int
        Target length.
    E : float
        Irreducible loss, nats a token.
    s : float
        Decoding spread.
    """
    # Difficulty multiplies the loss of an item; the decoder then picks among ten tokens.
    p = np.exp(-E - np.exp(-x)[:, None] * hardness)
    broken = (MULTIPLE_CHOICE_GRADE.expected(p, K=10, s=s) ** L).mean(axis=1)
    plain = EXACT_MATCH.expected(np.exp(-np.exp(-x)), L=L)
    return pd.DataFrame({"x": x, "decades": x / np.log(10), "plain": plain, "broken": broken})


def assumption_rows(L: int, v: float, E: float, s: float) -> pd.DataFrame:
    """Rows of `assumptions`, by NumPy."""
    return broken_rows(grid(-4.0, 8.0, 0.15), difficulty(round(v * 10) / 10), L, E, s)
