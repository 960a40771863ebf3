"""Predict first: the reader chooses or draws what they expect, and then sees what the figure shows.

Question, feedback and figure are one block. In a page the question is a form and rules of style show the rest once
there is an answer, so that a choice needs no script. In a live kernel all of it is one set of widgets. Where there
is neither style sheet nor kernel, the figure shows and the answers are folded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from IPython.display import display
from numpy.typing import ArrayLike

from ..errors import as_array
from . import plots
from .questions import Choose, Shown
from .sketches import Sketch

__all__ = ["ask", "choose", "draw", "sketch"]


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
    called: str = "true",
    known: Mapping[float, float] | None = None,
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
    called : str
        What to call the curve of `truth` where nobody knows the true one: ``"smooth"``, ``"fitted"``.
    known : mapping of float to float, optional
        Shares that were measured, by size. They stand in the picture from the start, and the reader draws the others.

    Raises
    ------
    FieldError
        If the name is malformed, or a size, share or label is missing or out of range.
    """
    ratios = as_array("sizes", sizes, low=0)
    names = [_size(size) for size in ratios] if labels is None else labels
    sketched = Sketch(
        name, question, labels=names, truth=truth, x=x, y=y, sizes=ratios, lowest=lowest, reveals=reveals,
        called=called, known=known,
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


def _size(size: float) -> str:
    """A size to two digits, or three where fewer would change its whole part: 2.65e9 is ``2.7B``, 1.746e11 ``175B``."""
    digits = 3 if size > 0 and np.floor(np.log10(size)) % 3 == 2 else 2
    # Halves go up, as in the names of models.
    return plots.size_label(float(f"{size * (1 + 1e-9):.{digits}g}"))
