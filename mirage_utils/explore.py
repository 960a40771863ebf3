"""Explorers: move a quantity, see its consequence.

In a live kernel an explorer is a set of ipywidgets; in a page without one the same object shows the
picture at its starting values, so that nothing on the page pretends to move.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from . import emergence, plots, resolution
from .curves import Curve
from .errors import as_array, require
from .metrics import BRIER, EXACT_MATCH, METRICS, MULTIPLE_CHOICE_GRADE, TOKEN_EDIT_DISTANCE, get
from .models.scores import share_below
from .scaling import ScalingLaw

__all__ = [
    "Explorer",
    "assumptions",
    "emergence_clinic",
    "items",
    "many_tokens",
    "one_metric",
    "one_token",
    "threshold",
]

Controls = Mapping[str, widgets.ValueWidget]


class Explorer:
    """Controls beside a picture that follows them.

    Parameters
    ----------
    controls : mapping of str to widget
        By the argument of `draw` that each sets.
    draw : callable
        ``draw(**values) -> Picture``.
    """

    def __init__(self, controls: Controls, draw: Callable[..., plots.Picture]) -> None:
        require(len(controls) > 0, "controls", controls, "at least one control")
        self.controls = dict(controls)
        self.draw = draw
        self._start = {name: control.value for name, control in self.controls.items()}
        self.still = draw(**self._start)
        self._view: widgets.HTML | None = None

    @property
    def values(self) -> dict[str, Any]:
        """Current value of each control."""
        return {name: control.value for name, control in self.controls.items()}

    def widget(self) -> widgets.Widget:
        """The live form: controls, a reset button and the picture."""
        if self._view is None:
            self._view = widgets.HTML(self.still._repr_html_())
            for control in self.controls.values():
                control.observe(self._update, names="value")
        reset = widgets.Button(description="Reset", tooltip="Back to the starting values")
        reset.on_click(lambda _: self.reset())
        return widgets.VBox([*self.controls.values(), reset, self._view])

    def reset(self) -> None:
        """Put every control back to its starting value."""
        for name, control in self.controls.items():
            control.value = self._start[name]

    def _update(self, _: Any) -> None:
        self._view.value = self.draw(**self.values)._repr_html_()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        bundle = self.widget()._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        # A front end with a kernel prefers the widget; the book, which has none, is told to prefer
        # the HTML (see _config.yml) and gets the picture, with a word on how to make it move.
        note = (
            '<p class="mb-still">A still picture: open this chapter as a notebook '
            "(<code>make lab</code>) and this becomes a set of sliders.</p>"
        )
        return {
            **data,
            "text/html": self.still._repr_html_() + note,
            "text/plain": repr(self.still),
        }


def _slider(
    label: str, value: float, low: float, high: float, step: float, *, log: bool = False, fmt=""
) -> widgets.ValueWidget:
    kind = widgets.FloatLogSlider if log else widgets.FloatSlider
    return kind(
        value=value, min=low, max=high, step=step, description=label, continuous_update=False,
        readout_format=fmt or ".2f", style={"description_width": "11em"},
        layout=widgets.Layout(width="32em", max_width="100%"),
    )  # fmt: skip


def _whole(label: str, value: int, low: int, high: int) -> widgets.IntSlider:
    return widgets.IntSlider(
        value=value, min=low, max=high, description=label, continuous_update=False,
        style={"description_width": "11em"}, layout=widgets.Layout(width="32em", max_width="100%"),
    )  # fmt: skip


SCALES = np.geomspace(1e6, 1e13, 300)


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

    return Explorer(
        {
            "alpha": _slider("exponent alpha", alpha, 0.05, 2.0, 0.05),
            "N_c": _slider("critical scale N_c", N_c, 6, 12, 0.25, log=True, fmt=".1e"),
            "E": _slider("irreducible loss E", E, 0.0, 2.0, 0.05),
        },
        draw,
    )


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

    def draw(alpha: float, N_c: float, E: float, L: int, items: int) -> plots.Picture:
        law = ScalingLaw(alpha, N_c, E)
        p, measured = law.probability(SCALES), law.probability(sizes)
        exact = EXACT_MATCH.expected(p, L=L)
        counts = np.random.default_rng(seed).binomial(items, EXACT_MATCH.expected(measured, L=L))
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

    return Explorer(
        {
            "alpha": _slider("exponent alpha", alpha, 0.05, 2.0, 0.05),
            "N_c": _slider("critical scale N_c", N_c, 6, 12, 0.25, log=True, fmt=".1e"),
            "E": _slider("irreducible loss E", E, 0.0, 1.0, 0.02),
            "L": _whole("target length L", L, 1, 50),
            "items": _whole("test items n", items, 10, 10_000),
        },
        draw,
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
        known = {"L": L, "m": L, "K": K, "s": s, "c": c, "k": k, "w": 4, "b": 4}
        values = {name: known[name] for name in chosen.parameters}
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

    return Explorer(
        {
            "metric": widgets.Dropdown(
                options=[(m.title, m.name) for m in METRICS.values()], value=metric,
                description="metric", style={"description_width": "11em"},
                layout=widgets.Layout(width="32em", max_width="100%"),
            ),
            "alpha": _slider("exponent alpha", alpha, 0.05, 2.0, 0.05),
            "L": _whole("L = m: tokens, items", 5, 1, 50),
            "K": _whole("K: options", 4, 3, 20),
            "s": _slider("s: spread of items", 0.35, 0.05, 2.0, 0.05),
            "c": _slider("c: threshold", 0.1, 0.01, 0.9, 0.01),
            "k": _whole("k: attempts", 10, 1, 1000),
        },
        draw,
    )  # fmt: skip


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

    def draw(alpha: float, L: int, n: float) -> plots.Picture:
        law, n = ScalingLaw(alpha, N_c), round(n)
        truth = EXACT_MATCH.expected(law.probability(sizes), L=L)
        counts = np.random.default_rng(seed).binomial(n, truth)
        floor = float(resolution.detection_scale(law, n, L=L))
        figs = []
        for title, log in (("On a linear axis", False), ("On a logarithmic axis", True)):
            fig, ax = plots.panel(title)
            plots.percent_axis(ax, "items all right", log=log)
            ax.plot(SCALES, EXACT_MATCH.expected(law.probability(SCALES), L=L), color=plots.MUTED)
            plots.points(ax, Curve(sizes, counts / n, n), colour=plots.COLOURS[1], line=False)
            ax.axvline(floor, color=plots.MUTED, linestyle=":")
            plots.scale_axis(ax)
            ax.set_xlim(5e6, 2e12)
            if log:
                ax.set_ylim(1e-7, 1.5)
            figs.append(fig)
        zero = int((counts == 0).sum())
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

    return Explorer(
        {
            "alpha": _slider("exponent alpha", alpha, 0.05, 2.0, 0.05),
            "L": _whole("target length L", 5, 1, 50),
            "n": _slider("test items n", n, 1, 6, 0.1, log=True, fmt=".0f"),
        },
        draw,
    )


def emergence_clinic(*, seed: int = 0) -> Explorer:
    """Explorer of chapter 7: the emergence score of a smooth law, measured, with its error rates.

    Parameters
    ----------
    seed : int
        Of the simulated test.
    """

    def draw(alpha: float, L: int, m: int, n: float) -> plots.Picture:
        law, n = ScalingLaw(alpha, 1e10), round(n)
        sizes = np.geomspace(1e8, 2e11, m)
        truth = EXACT_MATCH.expected(law.probability(sizes), L=L)
        counts = np.random.default_rng(seed).binomial(n, truth)
        curve = Curve(sizes, counts / n, n)
        found = emergence.calibrate(curve, draws=2000, seed=seed)
        fig, ax = plots.panel("A smooth law, measured", wide=True)
        plots.percent_axis(ax, "items all right")
        ax.plot(SCALES, EXACT_MATCH.expected(law.probability(SCALES), L=L), color=plots.MUTED)
        plots.points(ax, curve, colour=plots.COLOURS[1], line=False)
        plots.scale_axis(ax)
        ax.set_xlim(5e7, 4e11)
        ax.set_ylim(-0.03, 1.03)
        value = found.score.value
        score = "undefined" if np.isnan(value) else f"{value:.3g}".replace("inf", "infinite")
        chance = "" if np.isnan(value) else (
            f" Noise scores as high in {found.p_noise:.1%} of cases, a smooth law in {found.p_smooth:.1%}."
        )  # fmt: skip
        return plots.show(
            fig,
            name="fig-clinic-explorer",
            alt=f"A simulated test of {n} items at {m} sizes of a smooth law with alpha {alpha:.2f} and "
            f"target length {L}; its emergence score is {score}.",
            caption=f"Emergence score: <strong>{score}</strong>.{chance} &alpha; = {alpha:.2f}, L = {L}, "
            f"{m} sizes, n = {n:,}; bars: exact 95% intervals; grey: the truth.",
            source="Drawn from the closed form with a fixed seed.",
            kind="simulation",
        )

    return Explorer(
        {
            "alpha": _slider("exponent alpha", 0.6, 0.1, 2.0, 0.05),
            "L": _whole("target length L", 5, 1, 50),
            "m": _whole("number of sizes", 8, 3, 30),
            "n": _slider("test items n", 200, 1, 6, 0.1, log=True, fmt=".0f"),
        },
        draw,
    )


def assumptions(*, L: int = 5) -> Explorer:
    """Explorer of chapter 8: exact match with several assumptions broken at once.

    Parameters
    ----------
    L : int
        Target length to begin with.
    """
    x = np.linspace(-4, 8, 400)

    def draw(L: int, v: float, E: float, s: float) -> plots.Picture:
        # Difficulty multiplies the loss of an item; the decoder then picks among ten tokens.
        quantiles = (np.arange(400) + 0.5) / 400
        hard = stats.gamma.ppf(quantiles, 1 / v, scale=v) if v > 0 else np.ones(1)
        p = np.exp(-E - np.exp(-x)[:, None] * hard)
        broken = (MULTIPLE_CHOICE_GRADE.expected(p, K=10, s=s) ** L).mean(axis=1)
        plain = EXACT_MATCH.expected(np.exp(-np.exp(-x)), L=L)
        fig, ax = plots.panel("Exact match, as assumed and broken", wide=True)
        ax.plot(
            x / np.log(10), plain, color=plots.MUTED, linewidth=5, alpha=0.3, label="as assumed"
        )
        ax.plot(x / np.log(10), broken, color=plots.COLOURS[1], label="broken")
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

    return Explorer(
        {
            "L": _whole("target length L", L, 1, 50),
            "v": _slider("variance of difficulty", 1.0, 0.0, 4.0, 0.1),
            "E": _slider("irreducible loss E", 0.0, 0.0, 1.0, 0.02),
            "s": _slider("decoding spread s", 1.0, 0.1, 1.0, 0.05),
        },
        draw,
    )


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
    scale = as_array("sizes", sizes, low=0, open_low=True)
    found = np.sort(as_array("errors", errors, low=0, open_low=True), axis=-1)
    require(found.ndim == 2, "errors", found.shape, "(sizes, items)")
    require(
        len(scale) == len(found), "sizes", len(scale), f"one of each row of errors, {len(found)}"
    )
    low, high = np.quantile(found[-1], 0.02), np.quantile(found[0], 0.98)
    heights = np.linspace(0, 1, found.shape[1])

    def draw(c: float) -> plots.Picture:
        share = share_below(found, c)
        score = emergence.emergence_score(share).value
        left, ax = plots.panel("Errors of all items, by size")
        for i, row in enumerate(found):
            tone = plots.RAMP[round(i * (len(plots.RAMP) - 1) / max(1, len(found) - 1))]
            ax.plot(row, heights, color=tone, linewidth=1.3)
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

    return Explorer(
        {
            "c": _slider(
                "threshold c", c, np.log10(low), np.log10(high), 0.02, log=True, fmt=".2g"
            ),
        },
        draw,
    )
