"""Explorers: move a quantity, see its consequence.

In a live kernel an explorer is a set of ipywidgets; in a page without one the same object shows the
picture at its starting values, so that nothing on the page pretends to move.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets
import numpy as np

from . import plots
from .errors import require
from .metrics import BRIER, EXACT_MATCH, TOKEN_EDIT_DISTANCE
from .scaling import ScalingLaw

__all__ = ["Explorer", "many_tokens", "one_token"]

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
