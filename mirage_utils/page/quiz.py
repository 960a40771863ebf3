"""Predict first: the reader chooses or draws what they expect, and then sees what the figure shows.

Question, feedback and figure are one block. In a page the question is a form and rules of style show the rest once
there is an answer, so that a choice needs no script. In a live kernel all of it is one set of widgets. Where there
is neither style sheet nor kernel, the figure shows and the answers are folded.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import ipywidgets as widgets
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from ..errors import as_array, require
from . import markup, plots
from .numerals import percent

__all__ = ["Choose", "Question", "Sketch", "ask", "choose", "draw", "sketch"]

_NO_GUESS = "Show me without a guess."


class Shown(Protocol):
    """A finished figure: what `plots.show` returns, or an explorer."""

    def html(self) -> str: ...

    def widget(self) -> widgets.Widget: ...


def ask(name: str, question: str, options: Mapping[str, str], reveals: Shown) -> None:
    """Ask what a figure shows; the answer shows it, in the same block.

    Parameters
    ----------
    name : str
        Identifier, ``guess-...``, unique in the page.
    question : str
        Plain text.
    options : mapping of str to str
        Two to six. What may be expected, plain text, and the feedback, HTML.
    reveals : Picture or Explorer
        The figure, which must not be shown anywhere else.

    Raises
    ------
    FieldError
        If the name is malformed, there are too few or too many options, or `reveals` is no figure.
    """
    display(Choose(name, question, options, reveals=reveals))


def draw(
    name: str,
    question: str,
    reveals: Shown,
    *,
    sizes: ArrayLike,
    truth: ArrayLike,
    x: str,
    y: str,
    lowest: float | None = None,
    labels: Sequence[str] | None = None,
) -> None:
    """Let the reader draw a curve of shares against size; then the true one lies over it, and the figure follows.

    Equal distances along the axis of sizes are equal ratios.

    Parameters
    ----------
    name : str
        Identifier, ``guess-...``, unique in the page.
    question : str
        Plain text.
    reveals : Picture or Explorer
        The figure, which must not be shown anywhere else.
    sizes : array_like
        Positive and increasing.
    truth : array_like of the same shape
        In [0, 1].
    x, y : str
        What the axes show.
    lowest : float, optional
        Lower end of a logarithmic axis of shares; without it the axis is linear, from 0 to 1. Take the figure's.
    labels : sequence of str, optional
        What to call the sizes; ``125M`` and the like if not given.

    Raises
    ------
    FieldError
        If the name is malformed, or a size, share or label is missing or out of range.
    """
    ratios = as_array("sizes", sizes, low=0)
    names = [_size(size) for size in ratios] if labels is None else labels
    sketched = Sketch(
        name, question, labels=names, truth=truth, x=x, y=y, sizes=ratios, lowest=lowest, reveals=reveals
    )  # fmt: skip
    display(sketched)


def choose(name: str, question: str, options: Mapping[str, str], *, figure: str) -> None:
    """Ask what a figure further down the chapter will show. New chapters use `ask`.

    Parameters
    ----------
    name, question, options
        As in `ask`.
    figure : str
        Identifier of the figure, ``fig-...``, which stays covered until the question is answered.

    Raises
    ------
    FieldError
        If the name is malformed, or there are too few or too many options.
    """
    display(Choose(name, question, options, figure=figure))


def sketch(
    name: str,
    question: str,
    *,
    labels: Sequence[str],
    truth: ArrayLike,
    x: str,
    y: str,
    figure: str = "",
) -> None:
    """Let the reader draw a curve of shares, then lay the true one over it. New chapters use `draw`.

    Parameters
    ----------
    name, question, truth, x, y
        As in `draw`.
    labels : sequence of str
        What stands below each point, at equal distances.
    figure : str
        Identifier of a figure that gives the curve away, which stays covered until the reader has drawn.

    Raises
    ------
    FieldError
        If the name is malformed, or a label or share is missing or out of range.
    """
    display(Sketch(name, question, labels=labels, truth=truth, x=x, y=y, figure=figure))


def sentence(option: str) -> str:
    """An option with a full stop, if it has none: an answer follows it in the same line."""
    return option if option.endswith((".", "?", "!")) else f"{option}."


def _size(size: float) -> str:
    """A size to two digits, or three where fewer would change its whole part: 2.65e9 is ``2.7B``, 1.746e11 ``175B``."""
    digits = 3 if size > 0 and np.floor(np.log10(size)) % 3 == 2 else 2
    # Halves go up, as in the names of models.
    return plots.size_label(float(f"{size * (1 + 1e-9):.{digits}g}"))


class Question:
    """A question about a figure, which shows once there is an answer.

    Parameters
    ----------
    name, question : str
        As in `ask`.
    figure : str
        Identifier of a figure elsewhere in the page, which is covered until then.
    reveals : Picture or Explorer, optional
        The figure that ends the block of the question.
    """

    answered: dict[str, Any] = {}
    """Answers given in this kernel, by the name of the question: a cell that is run again asks no second time."""

    kind = ""
    """Class of the block in a page."""

    def __init__(
        self, name: str, question: str, figure: str = "", reveals: Shown | None = None
    ) -> None:
        require(
            bool(re.fullmatch(r"guess-[a-z0-9-]+", name)), "name", name, "'guess-' and lower-case words"
        )  # fmt: skip
        require(
            len(question.split()) >= 4, "question", question, "a question of at least four words"
        )
        self.name, self.question, self.figure, self.reveals = name, question, figure, reveals
        self._waiting: list[Callable[[], None]] = []
        if figure:
            require(
                bool(re.fullmatch(r"fig-[a-z0-9-]+", figure)), "figure", figure, "the id of a figure"
            )  # fmt: skip
            plots.covers[figure] = self.cover
        else:
            require(
                reveals is None or (hasattr(reveals, "html") and hasattr(reveals, "widget")), "reveals", reveals,
                "a finished figure, from plots.show or explorers",
            )  # fmt: skip

    def answer(self, given: Any) -> None:
        """Keep an answer, and show the figure."""
        self.answered[self.name] = given
        for reveal in self._waiting:
            reveal()
        self._waiting.clear()

    def cover(self, bundle: Mapping[str, Any], inside: Callable[[], widgets.Widget]) -> Any:
        """What a figure elsewhere shows in a live kernel: itself if the question has been answered, else a box that waits.

        Parameters
        ----------
        bundle : mapping
            The figure by MIME type.
        inside : callable
            Makes the widget that takes the place of the cover.
        """
        if self.name in self.answered:
            return dict(bundle)
        button = widgets.Button(
            description="Show it now", tooltip="Show the figure without an answer"
        )
        waits = widgets.HTML("<em>This figure waits for your answer to the question above.</em>")
        box = self._until_answered([waits, button], inside)
        button.on_click(lambda _: setattr(box, "children", (inside(),)))
        return {**bundle, **_view(box)}

    def _until_answered(
        self, before: Sequence[widgets.Widget], inside: Callable[[], widgets.Widget]
    ) -> widgets.VBox:
        """A box that shows what is inside from the answer on."""
        if self.name in self.answered:
            return widgets.VBox([inside()])
        box = widgets.VBox(before)
        self._waiting.append(lambda: setattr(box, "children", (inside(),)))
        return box

    def widget(self) -> widgets.Widget:
        """Question, feedback and figure in a live kernel."""
        parts = self._asked()
        if self.reveals is not None:
            parts.append(self._until_answered([], self.reveals.widget))
        return widgets.VBox(parts)

    def html(self) -> str:
        """Question, feedback and figure in a page."""
        if self.reveals is None:
            return self._form()
        return (
            f'<div class="mb-ask {self.kind}">{self._form()}'
            f'<div class="mb-shown">{self.reveals.html()}</div></div>'
        )

    def _asked(self) -> list[widgets.Widget]:
        """Question and feedback in a live kernel."""
        raise NotImplementedError

    def _form(self) -> str:
        """Question and feedback in a page."""
        raise NotImplementedError

    def _switch(self) -> str:
        """The way, in each block, to have all figures shown; the choice holds for the whole site (see mirage.js)."""
        if self.reveals is None:
            return ""
        key = f"{self.name}-all"
        return (
            f'<p class="mb-switch pst-js-only"><input type="checkbox" id="{key}"> '
            f'<label for="{key}">Show all figures at once, here and in every chapter</label></p>'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        # As with explorers, a front end with a kernel prefers the widget, the book the HTML (see _config.yml).
        return {**_view(self.widget()), "text/html": self.html(), "text/plain": self.question}


def _view(widget: widgets.Widget) -> dict[str, Any]:
    bundle = widget._repr_mimebundle_()
    return dict(bundle[0] if isinstance(bundle, tuple) else bundle)


def _heading(kicker: str, question: str) -> widgets.HTML:
    return widgets.HTML(f"<strong>{kicker}</strong><br>{html.escape(question)}")


class Choose(Question):
    """A question with some answers to choose from; parameters as in `ask` and `choose`.

    Parameters
    ----------
    name, question : str
    options : mapping of str to str
    figure : str
    reveals : Picture or Explorer
    """

    kind = "mb-choice"

    def __init__(
        self, name: str, question: str, options: Mapping[str, str], *, figure: str = "", reveals: Shown | None = None
    ) -> None:  # fmt: skip
        # The style sheet has a rule for each of six.
        require(2 <= len(options) <= 6, "options", len(options), "at least two and at most six")
        require(bool(figure) != (reveals is not None), "figure", figure, "the id of a figure")
        super().__init__(name, question, figure, reveals)
        self.options = dict(options)

    def _asked(self) -> list[widgets.Widget]:
        given, answers = self.answered.get(self.name), [*self.options, _NO_GUESS]
        if given not in answers:  # nothing yet, or the options have been written anew
            given = None
        choice = widgets.RadioButtons(
            options=answers, value=given, description="Your answer:",
            layout=widgets.Layout(width="auto"), style={"description_width": "initial"},
        )  # fmt: skip
        said = widgets.HTML(self._said(given))

        def chosen(change: Mapping[str, Any]) -> None:
            said.value = self._said(change["new"])
            self.answer(change["new"])

        choice.observe(chosen, names="value")
        return [_heading("Predict first.", self.question), choice, said]

    def _said(self, option: str | None) -> str:
        if option not in self.options:
            return ""
        return f"<strong>{html.escape(sentence(option))}</strong> {self.options[option]}"

    def _form(self) -> str:
        choices, answers = [], []
        for i, (option, answer) in enumerate([*self.options.items(), (_NO_GUESS, "")]):
            key, kind = f"{self.name}-{i}", "mb-guess" if answer else "mb-no-guess"
            choices.append(
                f'<div class="mb-option {kind}"><input type="radio" name="{self.name}" id="{key}">'
                f'<label for="{key}">{html.escape(option)}</label></div>'
            )
            if answer:
                more = f' <a href="#{self.figure}">To the figure</a>' if self.figure else ""
                answers.append(
                    f'<p class="mb-answer"><span class="mb-chosen">{html.escape(option)}</span> {answer}{more}</p>'
                )
        follows = (
            "" if self.figure else '<p class="visually-hidden mb-follows">The figure follows.</p>'
        )
        # The method is one that sends nothing: Enter in a form without scripts would else load the page again. The
        # status is there before anything stands in it, or a screen reader would not tell what comes.
        return (
            f'{self._cover()}<form class="mb-predict" id="{self.name}" autocomplete="off" method="dialog"><fieldset>'
            f'<legend><span class="mb-kicker">Predict first</span> {html.escape(self.question)}</legend>'
            f"{''.join(choices)}</fieldset>{self._switch()}"
            '<div class="mb-said" role="status"><details class="mb-reply"><summary>The answers</summary>'
            f"<div>{''.join(answers)}</div></details>{follows}</div></form>"
        )

    def _cover(self) -> str:
        """Until a choice is made a figure elsewhere is covered: on screens only, and not for those led to it by a link."""
        if not self.figure:
            return ""
        open_ = (
            f"body:has(#{self.name} .mb-option):not(:has(#{self.name} input:checked)) "
            f"#{self.figure}:not(:target)"
        )
        return (
            f"<style>@media screen {{ {open_} {{ position: relative }} {open_} > * {{ visibility: hidden }} "
            f"{open_}::before {{ content: var(--mb-covered) }} }}</style>"
        )


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
    """

    kind = "mb-sketched"
    STEPS = np.arange(101)

    def __init__(
        self, name: str, question: str, *, labels: Sequence[str], truth: ArrayLike, x: str, y: str,
        figure: str = "", sizes: ArrayLike | None = None, lowest: float | None = None, reveals: Shown | None = None,
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
        self.at, self.lowest = at, lowest

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

    def _asked(self) -> list[widgets.Widget]:
        before = self.answered.get(self.name, [50] * len(self.labels))
        steps = [(percent(float(self.share(k))), int(k)) for k in self.STEPS]
        sliders = [
            widgets.SelectionSlider(
                options=steps, value=value, orientation="vertical", description=label,
                layout=widgets.Layout(width="4.6em", height="13em"),
            )
            for label, value in zip(self.labels, before, strict=True)
        ]  # fmt: skip
        button = widgets.Button(
            description="Show the true curve",
            layout=widgets.Layout(width="auto", align_self="flex-start"),
        )
        result = widgets.HTML()

        def show(_: Any = None) -> None:
            drawn = np.array([slider.value for slider in sliders])
            result.value = f"{self.picture(drawn)}<p>{html.escape(self.verdict(drawn))}</p>"

        def compare(_: Any) -> None:
            show()
            self.answer([slider.value for slider in sliders])

        button.on_click(compare)
        if self.name in self.answered:
            show()
        return [
            _heading("Predict first: draw the curve with the sliders.", self.question),
            widgets.HTML(f"{html.escape(self.y)}, in %, by {html.escape(self.x)}:"),
            widgets.HBox(sliders, layout=widgets.Layout(flex_flow="row wrap")), button, result,
        ]  # fmt: skip

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
        ax.plot(self.at, true, "s--", color=plots.COLOURS[1], label="true", clip_on=False)
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
        alt = html.escape(f"The curve you drew and the true one, {self.y} by {self.x}", quote=True)
        svg = plots.svg(fig, self.name)
        return f'<div role="img" aria-label="{alt}" style="max-width: 27em">{svg}</div>'

    _VERDICT = (
        "Your curve and the true one (dashed) differ by {gap} on average, most at {label}, where you drew {drawn} "
        "and the true value is {true}."
    )

    def gap(self, steps: int) -> str:
        """A distance along the axis of shares in words."""
        if self.lowest is not None:
            factor = float(self.lowest ** (-steps / 100))
            return f"a factor of {factor:.{1 if factor < 10 else 0}f}"
        return "1 point" if steps == 1 else f"{steps} points"

    def verdict(self, drawn: NDArray[np.float64]) -> str:
        """How far the drawn curve is from the true one, in a sentence; of the drawn one the steps are given."""
        gaps = np.abs(drawn - self.step(self.truth))
        worst = int(np.argmax(gaps))
        return self._VERDICT.format(
            gap=self.gap(int(gaps.mean() + 0.5)),
            label=self.labels[worst],
            drawn=percent(float(self.share(drawn[worst]))),
            true=percent(float(self.truth[worst])),
        )

    def _form(self) -> str:
        name, words = self.name, [percent(float(self.share(k))) for k in self.STEPS]
        fig, ax = self.axes()
        empty = plots.svg(fig, f"{name}-pad")
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
            "steps": words, "gaps": [self.gap(int(k)) for k in self.STEPS], "says": self._VERDICT,
            "labels": self.labels, "figure": self.figure,
        }  # fmt: skip
        sliders = "".join(
            f'<div class="mb-control"><label for="{name}-{i}">{html.escape(self.y)}, {html.escape(label)}</label>'
            f'<input type="range" id="{name}-{i}" min="0" max="100" step="1" value="50">'
            f'<output for="{name}-{i}">{words[50]}</output></div>'
            for i, label in enumerate(self.labels)
        )
        values = "; ".join(
            f"{html.escape(label)}: {true}"
            for label, true in zip(self.labels, about["true"], strict=True)
        )
        alt = html.escape(
            f"A chart to draw in: {self.y} against {self.x}. Draw with the pointer, or with the sliders below.",
            quote=True,
        )
        return (
            f'<form class="mb-predict mb-sketch" id="{name}" autocomplete="off" method="dialog"><fieldset>'
            f'<legend><span class="mb-kicker">Predict first: draw</span> {html.escape(self.question)}</legend>'
            f'<div class="mb-drawing pst-js-only"><div class="mb-pad" role="img" aria-label="{alt}">{empty}</div>'
            f'<details><summary>Draw with sliders instead</summary><div class="mb-controls">{sliders}</div></details>'
            '<div class="mb-buttons"><button type="button" class="mb-reveal">Show the true curve</button>'
            '<button type="reset">Draw again</button></div></div></fieldset>'
            f'{self._switch()}<p class="mb-verdict" role="status"></p>'
            f'<details class="mb-values"><summary>The true curve in numbers</summary><p>{values}</p></details>'
            f"{markup.data_script(about)}</form>"
        )
