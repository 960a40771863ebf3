"""Questions of a chapter as widgets and as HTML; `quiz` has the verbs that ask them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import ipywidgets as widgets

from ..errors import require
from . import plots

__all__ = ["Choose", "Question", "Shown", "heading", "sentence"]

_NO_GUESS = "Show me without a guess."


class Shown(Protocol):
    """A finished figure: what `plots.show` returns, or an explorer."""

    def html(self) -> str: ...

    def widget(self) -> widgets.Widget: ...


def sentence(option: str) -> str:
    """An option with a full stop, if it has none: an answer follows it in the same line."""
    return option if option.endswith((".", "?", "!")) else f"{option}."


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


def heading(kicker: str, question: str) -> widgets.HTML:
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
        return [heading("Predict first.", self.question), choice, said]

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
