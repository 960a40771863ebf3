"""Predict first: the reader chooses or draws what they expect, and then sees what the figure shows.

In a page a question is a form: a choice needs no script, and until one is made a rule of style covers the
figure. In a live kernel it is a set of widgets, and the figure waits in a box of its own. Where there is neither
style sheet nor kernel, the answers are folded.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np
from IPython.display import display
from numpy.typing import ArrayLike, NDArray

from ..errors import as_array, require
from . import markup, plots

__all__ = ["Choose", "Question", "Sketch", "choose", "sketch"]

_NO_GUESS = "Show me without a guess."


def choose(name: str, question: str, options: Mapping[str, str], *, figure: str) -> None:
    """Ask what a figure of the chapter will show.

    Parameters
    ----------
    name : str
        Identifier, ``guess-...``, unique in the page.
    question : str
        Plain text.
    options : mapping of str to str
        What may be expected, plain text, and what is to be said of it, HTML.
    figure : str
        Identifier of the figure, ``fig-...``, which stays covered until the question is answered.

    Raises
    ------
    FieldError
        If the name is malformed, or there are fewer than two options.
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
    """Let the reader draw a curve of shares, then lay the true one over it.

    Parameters
    ----------
    name : str
        Identifier, ``guess-...``, unique in the page.
    question : str
        Plain text.
    labels : sequence of str
        What stands below each point.
    truth : array_like, shape (len(labels),)
        In [0, 1].
    x, y : str
        What the axes show.
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


class Question:
    """A question about a figure, which stays covered until there is an answer.

    Parameters
    ----------
    name, question, figure : str
        As in `choose` and `sketch`.
    """

    answered: dict[str, Any] = {}
    """Answers given in this kernel, by the name of the question: a cell that is run again asks no second time."""

    def __init__(self, name: str, question: str, figure: str) -> None:
        require(
            bool(re.fullmatch(r"guess-[a-z0-9-]+", name)), "name", name, "'guess-' and lower-case words"
        )  # fmt: skip
        require(
            len(question.split()) >= 4, "question", question, "a question of at least four words"
        )
        self.name, self.question, self.figure = name, question, figure
        self._waiting: list[Callable[[], None]] = []
        if figure:
            require(
                bool(re.fullmatch(r"fig-[a-z0-9-]+", figure)), "figure", figure, "the id of a figure"
            )  # fmt: skip
            plots.covers[figure] = self.cover

    def answer(self, given: Any) -> None:
        """Keep an answer, and uncover the figure."""
        self.answered[self.name] = given
        for reveal in self._waiting:
            reveal()
        self._waiting.clear()

    def cover(self, bundle: Mapping[str, Any], inside: Callable[[], widgets.Widget]) -> Any:
        """What a figure shows in a live kernel: itself if the question has been answered, else a box that waits.

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
        box = widgets.VBox([
            widgets.HTML("<em>This figure waits for your answer to the question above.</em>"), button
        ])  # fmt: skip

        def reveal() -> None:
            box.children = (inside(),)

        self._waiting.append(reveal)
        button.on_click(lambda _: reveal())
        return {**bundle, **_view(box)}

    def widget(self) -> widgets.Widget:
        """The question in a live kernel."""
        raise NotImplementedError

    def html(self) -> str:
        """The question in a page."""
        raise NotImplementedError

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        # As with explorers, a front end with a kernel prefers the widget, the book the HTML (see _config.yml).
        return {**_view(self.widget()), "text/html": self.html(), "text/plain": self.question}


def _view(widget: widgets.Widget) -> dict[str, Any]:
    bundle = widget._repr_mimebundle_()
    return dict(bundle[0] if isinstance(bundle, tuple) else bundle)


def _asked(kicker: str, question: str) -> widgets.HTML:
    return widgets.HTML(f"<strong>{kicker}</strong><br>{html.escape(question)}")


class Choose(Question):
    """A question with some answers to choose from; parameters as in `choose`.

    Parameters
    ----------
    name, question : str
    options : mapping of str to str
    figure : str
    """

    def __init__(
        self, name: str, question: str, options: Mapping[str, str], *, figure: str
    ) -> None:
        require(len(options) >= 2, "options", len(options), "at least two")
        require(bool(figure), "figure", figure, "the id of a figure")
        super().__init__(name, question, figure)
        self.options = dict(options)

    def widget(self) -> widgets.Widget:
        given = self.answered.get(self.name)
        choice = widgets.RadioButtons(
            options=[*self.options, _NO_GUESS], value=given, description="Your answer:",
            layout=widgets.Layout(width="auto"), style={"description_width": "initial"},
        )  # fmt: skip
        said = widgets.HTML(self._said(given))

        def chosen(change: Mapping[str, Any]) -> None:
            said.value = self._said(change["new"])
            self.answer(change["new"])

        choice.observe(chosen, names="value")
        return widgets.VBox([_asked("Predict first.", self.question), choice, said])

    def _said(self, option: str | None) -> str:
        if option not in self.options:
            return ""
        return f"<strong>{html.escape(sentence(option))}</strong> {self.options[option]}"

    def html(self) -> str:
        choices, answers = [], []
        for i, (option, answer) in enumerate([*self.options.items(), (_NO_GUESS, "")]):
            key = f"{self.name}-{i}"
            choices.append(
                f'<div class="mb-option"><input type="radio" name="{self.name}" id="{key}">'
                f'<label for="{key}">{html.escape(option)}</label></div>'
            )
            if answer:
                answers.append(
                    f'<p class="mb-answer"><span class="mb-chosen">{html.escape(option)}</span> {answer} '
                    f'<a href="#{self.figure}">To the figure</a></p>'
                )
        # Until a choice is made the figure is covered: on screens only, and not for those led to it by a link.
        open_ = (
            f"body:has(#{self.name} .mb-option):not(:has(#{self.name} input:checked)) "
            f"#{self.figure}:not(:target)"
        )
        cover = (
            f"<style>@media screen {{ {open_} {{ position: relative }} {open_} > * {{ visibility: hidden }} "
            f"{open_}::before {{ content: var(--mb-covered) }} }}</style>"
        )
        return (
            f'{cover}<form class="mb-predict" id="{self.name}" autocomplete="off"><fieldset>'
            f'<legend><span class="mb-kicker">Predict first</span> {html.escape(self.question)}</legend>'
            f'{"".join(choices)}</fieldset><details class="mb-reply"><summary>The answers</summary>'
            f'<div class="mb-answers" role="status">{"".join(answers)}</div></details></form>'
        )


class Sketch(Question):
    """A curve for the reader to draw; parameters as in `sketch`.

    Parameters
    ----------
    name, question : str
    labels : sequence of str
    truth : array_like
    x, y : str
    figure : str
    """

    def __init__(
        self, name: str, question: str, *, labels: Sequence[str], truth: ArrayLike, x: str, y: str,
        figure: str = "",
    ) -> None:  # fmt: skip
        super().__init__(name, question, figure)
        shares = as_array("truth", truth, low=0, high=1)
        require(
            shares.shape == (len(labels),), "truth", shares.shape, f"one share a label, {len(labels)}"
        )  # fmt: skip
        self.labels, self.truth, self.x, self.y = list(labels), shares, x, y

    def widget(self) -> widgets.Widget:
        before = self.answered.get(self.name, [50] * len(self.labels))
        sliders = [
            widgets.IntSlider(
                value=value, min=0, max=100, orientation="vertical", description=label,
                readout_format="d", layout=widgets.Layout(width="4.6em", height="13em"),
            )
            for label, value in zip(self.labels, before, strict=True)
        ]  # fmt: skip
        button = widgets.Button(
            description="Show the true curve",
            layout=widgets.Layout(width="auto", align_self="flex-start"),
        )
        result = widgets.HTML()

        def show(_: Any = None) -> None:
            drawn = np.array([slider.value for slider in sliders]) / 100
            result.value = f"{self.picture(drawn)}<p>{self.verdict(drawn)}</p>"

        def compare(_: Any) -> None:
            show()
            self.answer([slider.value for slider in sliders])

        button.on_click(compare)
        if self.name in self.answered:
            show()
        axes = widgets.HTML(f"{html.escape(self.y)}, in %, by {html.escape(self.x)}:")
        return widgets.VBox([
            _asked("Predict first: draw the curve with the sliders.", self.question), axes,
            widgets.HBox(sliders, layout=widgets.Layout(flex_flow="row wrap")), button, result,
        ])  # fmt: skip

    def picture(self, drawn: NDArray[np.float64]) -> str:
        """Both curves as SVG, shares in [0, 1]."""
        fig, ax = plots.panel("")
        at = np.arange(len(self.labels))
        ax.plot(at, drawn, "o-", color=plots.COLOURS[0], label="yours")
        ax.plot(at, self.truth, "s--", color=plots.COLOURS[1], label="true")
        ax.set_xticks(at, self.labels)
        ax.set_xlabel(self.x)
        plots.percent_axis(ax, self.y)
        ax.legend()
        alt = html.escape(f"The curve you drew and the true one, {self.y} by {self.x}", quote=True)
        svg = plots.svg(fig, self.name)
        return f'<div role="img" aria-label="{alt}" style="max-width: 32em">{svg}</div>'

    def verdict(self, drawn: NDArray[np.float64]) -> str:
        """How far the drawn curve is from the true one, in a sentence."""
        gaps = drawn - self.truth
        worst = int(np.argmax(np.abs(gaps)))
        return (
            f"Your curve and the true one (dashed) differ by {100 * np.abs(gaps).mean():.0f} points on average, "
            f"most at {html.escape(self.labels[worst])}, where you drew {100 * drawn[worst]:.0f}% "
            f"and the true value is {100 * self.truth[worst]:.0f}%."
        )

    def html(self) -> str:
        name = self.name
        about = {
            "labels": self.labels, "truth": np.round(self.truth, 4).tolist(), "x": self.x, "y": self.y,
            "figure": self.figure,
        }  # fmt: skip
        sliders = "".join(
            f'<div class="mb-control"><label for="{name}-{i}">{html.escape(self.y)}, {html.escape(label)}</label>'
            f'<input type="range" id="{name}-{i}" min="0" max="100" step="1" value="50">'
            f'<output for="{name}-{i}">50%</output></div>'
            for i, label in enumerate(self.labels)
        )
        values = "; ".join(
            f"{html.escape(label)}: {100 * share:.0f}%"
            for label, share in zip(self.labels, self.truth, strict=True)
        )
        return (
            f'<form class="mb-predict mb-sketch pst-js-only" id="{name}" autocomplete="off"><fieldset>'
            f'<legend><span class="mb-kicker">Predict first: draw</span> {html.escape(self.question)}</legend>'
            '<div class="mb-pad"></div><details><summary>Draw with sliders instead</summary>'
            f'<div class="mb-controls">{sliders}</div></details>'
            '<div class="mb-buttons"><button type="button" class="mb-reveal">Show the true curve</button>'
            '<button type="reset">Draw again</button></div></fieldset>'
            '<p class="mb-verdict" role="status"></p>'
            f"<details><summary>The true curve in numbers</summary><p>{values}</p></details>"
            f"{markup.data_script(about)}</form>"
        )
