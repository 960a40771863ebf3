"""Predict first: the reader chooses or draws what they expect, and then sees what comes out.

A choice needs no script: until one is made, a rule of style covers the figure. Without the book's style
sheet, as in a notebook, all answers are there to read.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence

import numpy as np
from IPython.display import HTML, display
from numpy.typing import ArrayLike

from . import _html
from .errors import as_array, require

__all__ = ["choose", "sketch"]


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
        Identifier of the figure, ``fig-...``.

    Raises
    ------
    FieldError
        If the name is malformed, or there are fewer than two options.
    """
    _check(name, question)
    require(bool(re.fullmatch(r"fig-[a-z0-9-]+", figure)), "figure", figure, "the id of a figure")
    require(len(options) >= 2, "options", len(options), "at least two")
    choices, answers = [], []
    for i, (option, answer) in enumerate([*options.items(), ("Show me without a guess.", "")]):
        key = f"{name}-{i}"
        choices.append(
            f'<div class="mb-option"><input type="radio" name="{name}" id="{key}">'
            f'<label for="{key}">{html.escape(option)}</label></div>'
        )
        if answer:
            answers.append(
                f'<p class="mb-answer"><span class="mb-chosen">{html.escape(option)}</span> {answer} '
                f'<a href="#{figure}">To the figure</a></p>'
            )
    # Until a choice is made the figure is covered: on screens only, and not for those led to it by a link.
    open_ = f"body:has(#{name} .mb-option):not(:has(#{name} input:checked)) #{figure}:not(:target)"
    cover = (
        f"<style>@media screen {{ {open_} {{ position: relative }} {open_} > * {{ visibility: hidden }} "
        f"{open_}::before {{ content: var(--mb-covered) }} }}</style>"
    )
    display(
        HTML(
            f'{cover}<form class="mb-predict" id="{name}" autocomplete="off"><fieldset>'
            f'<legend><span class="mb-kicker">Predict first</span> {html.escape(question)}</legend>'
            f'{"".join(choices)}</fieldset><div class="mb-answers" role="status">{"".join(answers)}'
            "</div></form>"
        )
    )


def sketch(
    name: str,
    question: str,
    *,
    labels: Sequence[str],
    truth: ArrayLike,
    x: str,
    y: str,
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

    Raises
    ------
    FieldError
        If the name is malformed, or a label or share is missing or out of range.
    """
    _check(name, question)
    shares = as_array("truth", truth, low=0, high=1)
    require(
        shares.shape == (len(labels),), "truth", shares.shape, f"one share a label, {len(labels)}"
    )
    about = {"labels": list(labels), "truth": np.round(shares, 4).tolist(), "x": x, "y": y}
    sliders = "".join(
        f'<div class="mb-control"><label for="{name}-{i}">{html.escape(y)}, {html.escape(label)}</label>'
        f'<input type="range" id="{name}-{i}" min="0" max="100" step="1" value="50">'
        f'<output for="{name}-{i}">50%</output></div>'
        for i, label in enumerate(labels)
    )
    display(
        HTML(
            f'<form class="mb-predict mb-sketch pst-js-only" id="{name}" autocomplete="off"><fieldset>'
            f'<legend><span class="mb-kicker">Predict first: draw</span> {html.escape(question)}</legend>'
            '<div class="mb-pad"></div><details><summary>Draw with sliders instead</summary>'
            f'<div class="mb-controls">{sliders}</div></details>'
            '<div class="mb-buttons"><button type="button" class="mb-reveal">Show what comes out</button>'
            '<button type="reset">Draw again</button></div></fieldset>'
            '<p class="mb-verdict" role="status"></p>'
            f"{_html.data_script(about)}</form>"
        )
    )


def _check(name: str, question: str) -> None:
    require(
        bool(re.fullmatch(r"guess-[a-z0-9-]+", name)), "name", name, "'guess-' and lower-case words"
    )
    require(len(question.split()) >= 4, "question", question, "a question of at least four words")
