"""A curve that the reader draws before seeing the true one; `quiz.draw` asks for it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from ..errors import as_array, require
from . import markup, plots
from .numerals import percent
from .questions import Question, Shown, heading

__all__ = ["Sketch"]


class Sketch(Question):
    """A curve for the reader to draw; parameters as in `draw` and `sketch`.

    Along the axis of shares the reader moves in steps, a hundredth of its length each.

    Parameters
    ----------
    name, question : str
    labels : sequence of str
    truth : array_like
    x, y : str
    figure : str
    sizes : array_like
    lowest : float
    reveals : Picture or Explorer
    called : str
    known : mapping of float to float
    """

    kind = "mb-sketched"
    STEPS = np.arange(101)

    def __init__(
        self, name: str, question: str, *, labels: Sequence[str], truth: ArrayLike, x: str, y: str,
        figure: str = "", sizes: ArrayLike | None = None, lowest: float | None = None, reveals: Shown | None = None,
        called: str = "true", known: Mapping[float, float] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name, question, figure, reveals)
        self.ratios = sizes is not None
        shares = as_array("truth", truth, low=0, high=1)
        require(
            shares.shape == (len(labels),), "truth", shares.shape, f"one share a label, {len(labels)}"
        )  # fmt: skip
        at = np.arange(1.0, len(labels) + 1) if sizes is None else as_array("sizes", sizes)
        require(
            len(at) > 1 and at[0] > 0 and bool((np.diff(at) > 0).all()), "sizes", at, "at least two, positive, increasing"
        )  # fmt: skip
        require(at.shape == shares.shape, "sizes", at.shape, f"one size a label, {len(labels)}")
        require(lowest is None or 0 < lowest < 1, "lowest", lowest, "a share above 0 and below 1")
        self.labels, self.truth, self.x, self.y = list(labels), shares, x, y
        self.at, self.lowest, self.called = at, lowest, called
        given = dict(known or {})
        require(
            set(given) <= set(at.tolist()) and len(given) < len(at), "known", given, "some of the sizes, not all of them"
        )  # fmt: skip
        as_array("known", list(given.values()) or [0], low=0, high=1)
        self.fixed = np.array([given.get(size, np.nan) for size in at.tolist()])
        self.free = [int(i) for i in np.flatnonzero(np.isnan(self.fixed))]

    def share(self, step: ArrayLike) -> NDArray[np.float64]:
        """The share at a step of the axis."""
        part = np.asarray(step, dtype=float) / 100
        return part if self.lowest is None else self.lowest ** (1 - part)

    def step(self, share: ArrayLike) -> NDArray[np.float64]:
        """The step of a share, also between two steps; the lowest for what lies below the axis."""
        shares = np.asarray(share, dtype=float)
        if self.lowest is None:
            return 100 * shares
        return 100 * (1 - np.log(np.maximum(shares, self.lowest)) / np.log(self.lowest))

    def whole(self, moved: Sequence[int]) -> NDArray[np.float64]:
        """Steps of all sizes: those that the reader moves, and the known ones where they are."""
        drawn = self.step(np.nan_to_num(self.fixed))
        drawn[self.free] = moved
        return drawn

    def _asked(self) -> list[widgets.Widget]:
        before = self.answered.get(self.name, [50] * len(self.free))
        steps = [(percent(float(self.share(k))), int(k)) for k in self.STEPS]
        sliders = [
            widgets.SelectionSlider(
                options=steps, value=value, orientation="vertical", description=self.labels[i],
                layout=widgets.Layout(width="4.6em", height="13em"),
            )
            for i, value in zip(self.free, before, strict=True)
        ]  # fmt: skip
        button = widgets.Button(
            description=f"Show the {self.called} curve",
            layout=widgets.Layout(width="auto", align_self="flex-start"),
        )
        result = widgets.HTML()

        def show(_: Any = None) -> None:
            drawn = self.whole([slider.value for slider in sliders])
            result.value = f"{self.picture(drawn)}<p>{html.escape(self.verdict(drawn))}</p>"

        def compare(_: Any) -> None:
            show()
            self.answer([slider.value for slider in sliders])

        button.on_click(compare)
        if self.name in self.answered:
            show()
        return [
            heading("Predict first: draw the curve with the sliders.", self.question),
            widgets.HTML(f"{html.escape(self.y)}, in %, by {html.escape(self.x)}:{self._said_known()}"),
            widgets.HBox(sliders, layout=widgets.Layout(flex_flow="row wrap")), button, result,
        ]  # fmt: skip

    def _said_known(self) -> str:
        """The known shares in words."""
        known = [
            f"{html.escape(self.labels[i])}: {percent(float(share))}"
            for i, share in enumerate(self.fixed)
            if not np.isnan(share)
        ]
        return f" (known: {'; '.join(known)})" if known else ""

    def axes(self) -> tuple[Figure, Axes]:
        """The empty picture: a line at each size, and the names that find room in two rows."""
        fig, ax = plots.panel()
        to, back = (np.log, np.exp) if self.ratios else (np.asarray, np.asarray)
        if self.ratios:
            ax.set_xscale("log")
            ax.minorticks_off()
        places = to(self.at)
        span = places[-1] - places[0]
        named, rows = [], [-np.inf, -np.inf]  # where the last name of each row stands
        for place, label in zip(places, self.labels, strict=True):
            free = [i for i, last in enumerate(rows) if place - last > 0.13 * span]
            named.append("\n" * free[0] + label if free else "")
            if free:
                rows[free[0]] = place
        ax.set_xticks(self.at, named)
        ax.set_xlim(float(back(places[0] - 0.04 * span)), float(back(places[-1] + 0.04 * span)))
        ax.set_xlabel(self.x)
        plots.percent_axis(ax, self.y, log=self.lowest is not None)
        ax.set_ylim(self.lowest or 0, 1)
        return fig, ax

    def picture(self, drawn: NDArray[np.float64]) -> str:
        """Both curves as SVG; of the drawn one the steps are given."""
        fig, ax = self.axes()
        ax.plot(self.at, self.share(drawn), "o-", color=plots.COLOURS[0], label="yours", clip_on=False)  # fmt: skip
        true = self.share(self.step(self.truth))
        ax.plot(self.at, true, "s--", color=plots.COLOURS[1], label=self.called, clip_on=False)
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
        alt = html.escape(
            f"The curve you drew and the {self.called} one, {self.y} by {self.x}", quote=True
        )
        svg = plots.svg(fig, self.name)
        return f'<div role="img" aria-label="{alt}" style="max-width: 27em">{svg}</div>'

    @property
    def says(self) -> str:
        """The verdict, with places for its numbers."""
        return (
            f"Your curve and the {self.called} one (dashed) differ by {{gap}} on average, most at {{label}}, where you drew "
            f"{{drawn}} and the {self.called} value is {{true}}."
        )

    def gap(self, steps: int) -> str:
        """A distance along the axis of shares in words."""
        if self.lowest is not None:
            factor = float(self.lowest ** (-steps / 100))
            return f"a factor of {factor:.{1 if factor < 10 else 0}f}"
        return "1 point" if steps == 1 else f"{steps} points"

    def verdict(self, drawn: NDArray[np.float64]) -> str:
        """How far the drawn curve is from the true one, in a sentence; of the drawn one the steps are given.

        Only what the reader could move is compared.
        """
        gaps = np.abs(drawn - self.step(self.truth))[self.free]
        worst = self.free[int(np.argmax(gaps))]
        return self.says.format(
            gap=self.gap(int(gaps.mean() + 0.5)),
            label=self.labels[worst],
            drawn=percent(float(self.share(drawn[worst]))),
            true=percent(float(self.truth[worst])),
        )

    def _form(self) -> str:
        name, words = self.name, [percent(float(self.share(k))) for k in self.STEPS]
        fig, ax = self.axes()
        empty = plots.svg(fig, f"{name}-pad").replace("<svg", '<svg class="mb-drawable"', 1)
        # Where a script draws in the picture: the place of the axes, and of each size in it.
        inside, (width, height) = ax.get_position(), 72 * fig.get_size_inches()
        across = ax.transAxes.inverted().transform(
            ax.transData.transform([(size, self.share(0)) for size in self.at])
        )[:, 0]
        about = {
            "at": np.round(width * (inside.x0 + across * inside.width), 2).tolist(),
            "bottom": round(height * (1 - inside.y0), 2), "height": round(height * inside.height, 2),
            "truth": np.round(self.step(self.truth), 2).tolist(),
            "true": [percent(share) for share in self.truth],
            "steps": words, "gaps": [self.gap(int(k)) for k in self.STEPS], "says": self.says,
            "labels": self.labels, "figure": self.figure, "free": self.free, "known": np.round(self.whole([50] * len(self.free)), 2).tolist(),
        }  # fmt: skip
        sliders = "".join(
            f'<div class="mb-control"><label for="{name}-{i}">{html.escape(self.y)}, {html.escape(label)}</label>'
            f'<input type="range" id="{name}-{i}" min="0" max="100" step="1" value="50">'
            f'<output for="{name}-{i}">{words[50]}</output></div>'
            for i, label in enumerate(self.labels)
            if i in self.free
        )
        values = "; ".join(
            f"{html.escape(label)}: {true}"
            for label, true in zip(self.labels, about["true"], strict=True)
        )
        alt = html.escape(
            f"A chart to draw in: {self.y} against {self.x}{self._said_known()}. Draw with the pointer, or with the sliders below.",
            quote=True,
        )
        return (
            f'<form class="mb-predict mb-sketch" id="{name}" autocomplete="off" method="dialog"><fieldset>'
            f'<legend><span class="mb-kicker">Predict first: draw</span> {html.escape(self.question)}</legend>'
            f'<div class="mb-drawing pst-js-only"><div class="mb-pad" role="img" aria-label="{alt}">{empty}</div>'
            f'<details><summary>Draw with sliders instead</summary><div class="mb-controls">{sliders}</div></details>'
            '<div class="mb-buttons"><button type="button" class="mb-reveal">'
            f"Show the {html.escape(self.called)} curve</button>"
            '<button type="reset">Draw again</button></div></div></fieldset>'
            f'{self._switch()}<p class="mb-verdict" role="status"></p>'
            f'<details class="mb-values"><summary>The {html.escape(self.called)} curve in numbers</summary><p>{values}</p></details>'
            f"{markup.data_script(about)}</form>"
        )
