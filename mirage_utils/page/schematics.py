"""The layout of the paper's ten figures, as schematics: panels, axes and lines to scale where the paper states a scale.

The published pictures are the authors' and are not copied. What stands here is what the paper's text and captions say
of each: how many panels in which order, what their axes show, how many lines, at which sizes or lengths. Where the paper
gives a formula, lines are that formula with our constants; elsewhere they have the shape that the text describes, drawn
in grey, and no height in them is a measurement.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UnknownNameError

__all__ = ["PLATES", "Plate", "Sketched", "schematic"]

# Of a panel, in units of the drawing.
_WIDE, _HIGH, _GAP, _HEAD, _FOOT = 132.0, 84.0, 16.0, 20.0, 18.0
_REM = 9  # width of a column in the page, at most
_LENGTHS = (1, 2, 3, 4, 5)
_AT = np.linspace(0, 1, 41)  # places along an axis, as parts of it

Line = NDArray[np.float64]
"""A line, shape (points, 2): parts of both axes, from the left and from below."""


@dataclass(frozen=True)
class Sketched:
    """One panel of a published figure.

    Parameters
    ----------
    title : str
        With the letter of the panel where it has one.
    x, y : str
        What the axes show.
    lines : tuple of Line
    formula : bool
        The lines are a formula of the paper, and not only a shape that it describes.
    dots : bool
        The points of the lines are models, which the paper names.
    slots : tuple of int, optional
        Instead of lines: so many bars filled, of so many.
    """

    title: str
    x: str
    y: str
    lines: tuple[Line, ...] = ()
    formula: bool = False
    dots: bool = False
    slots: tuple[int, int] | None = None


@dataclass(frozen=True)
class Plate:
    """One published figure: its panels in rows, and in words what it shows."""

    rows: tuple[tuple[Sketched, ...], ...]
    shows: str


def schematic(number: int) -> str:
    """A published figure as a schematic: SVG whose colours follow the page.

    Parameters
    ----------
    number : int
        1 to 10.

    Raises
    ------
    UnknownNameError
        If the paper has no such figure.
    """
    if number not in PLATES:
        raise UnknownNameError("number", str(number), f"1 to {max(PLATES)}")
    plate = PLATES[number]
    columns = max(len(row) for row in plate.rows)
    step_x, step_y = _WIDE + _GAP, _HEAD + _HIGH + _FOOT
    parts = [
        f'<g transform="translate({_GAP + j * step_x:g} {i * step_y + _HEAD:g})">{_panel(each)}</g>'
        for i, row in enumerate(plate.rows)
        for j, each in enumerate(row)
    ]
    told = html.escape(f"Schematic of the published figure {number}: {plate.shows}", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="mb-schematic" role="img" aria-label="{told}" '
        f'style="max-width: {_REM * columns:g}rem" '
        f'viewBox="0 0 {columns * step_x + _GAP:g} {len(plate.rows) * step_y:g}">{"".join(parts)}</svg>'
    )


def _panel(each: Sketched) -> str:
    """A panel whose axes' corner is at (0, `_HIGH`)."""
    ink, muted = "var(--mb-ink, #1f2430)", "var(--mb-muted, #5f6878)"
    stroke = ink if each.formula else muted
    drawn = [
        f'<path d="M0 0V{_HIGH:g}H{_WIDE:g}" fill="none" stroke="{muted}" stroke-width="1"/>',
        f'<text x="0" y="-6" font-size="11" fill="{ink}">{html.escape(each.title)}</text>',
        f'<text x="{_WIDE:g}" y="{_HIGH + 12:g}" font-size="9.5" text-anchor="end" fill="{muted}">{html.escape(each.x)}</text>',
        f'<text x="-5" y="{_HIGH / 2:g}" font-size="9.5" text-anchor="middle" fill="{muted}" '
        f'transform="rotate(-90 -5 {_HIGH / 2:g})">{html.escape(each.y)}</text>',
    ]
    for i, line in enumerate(each.lines):
        points = " ".join(f"{x * _WIDE:.1f},{(1 - y) * _HIGH:.1f}" for x, y in line)
        faint = 1 - 0.14 * i if len(each.lines) <= len(_LENGTHS) else 0.7
        drawn.append(
            f'<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="1.5" opacity="{faint:.2f}"/>'
        )
        if each.dots:
            drawn += [
                f'<circle cx="{x * _WIDE:.1f}" cy="{(1 - y) * _HIGH:.1f}" r="2.2" fill="{stroke}" opacity="{faint:.2f}"/>'
                for x, y in line
            ]
    if each.slots is not None:
        filled, many = each.slots
        wide = _WIDE / many
        drawn += [
            f'<rect x="{(i + 0.1) * wide:.2f}" y="{_HIGH * 0.25:g}" width="{0.8 * wide:.2f}" height="{_HIGH * 0.75:g}" '
            f'fill="{stroke if i < filled else "none"}" stroke="{muted}" stroke-width="{0.5 if i >= filled else 0}"/>'
            for i in range(many)
        ]
    return "".join(drawn)


# -- the lines -----------------------------------------------------------------------------------------


def _line(y: NDArray[np.float64], x: NDArray[np.float64] = _AT) -> Line:
    return np.column_stack([x, np.clip(y, 0, 1)])


# The closed form over twelve natural orders of magnitude of size, where the chance of a token goes from nothing to one.
_ALPHA, _DECADES = 0.55, 6.0


def _chance(x: NDArray[np.float64] = _AT) -> NDArray[np.float64]:
    """The chance of a right token at parts of the axis of size."""
    return np.exp(-(10.0 ** (-_ALPHA * _DECADES * (x - 0.35))))


_LEAP = _line(0.06 + 0.84 / (1 + np.exp(-(_AT - 0.78) * 26)))  # nothing, and then much
_RISE = _line(0.06 + 0.84 / (1 + np.exp(-(_AT - 0.5) * 9)))  # the sigmoid that the text describes
_GENTLE = tuple(_line(0.15 + 0.12 * i + (0.3 - 0.03 * i) * _AT) for i in range(4))
_LEAPS = tuple(
    _line(0.06 + (0.85 - 0.15 * i) / (1 + np.exp(-(_AT - 0.7 - 0.05 * i) * 26))) for i in range(4)
)
_MODELS = np.array([350e6, 1.3e9, 6.7e9, 175e9])  # of the paper's footnote
_PLACES = 0.05 + 0.9 * np.log(_MODELS / _MODELS[0]) / np.log(_MODELS[-1] / _MODELS[0])


def _powers(chance: NDArray[np.float64], x: NDArray[np.float64] = _AT) -> tuple[Line, ...]:
    return tuple(_line(chance**length, x) for length in _LENGTHS)


def _edits(chance: NDArray[np.float64], x: NDArray[np.float64] = _AT) -> tuple[Line, ...]:
    """Edit distance, on an axis up to the longest answer."""
    return tuple(_line(length / 5.2 * (1 - chance), x) for length in _LENGTHS)


def _logs(chance: NDArray[np.float64], x: NDArray[np.float64] = _AT) -> tuple[Line, ...]:
    """Accuracy on a logarithmic axis of four decades."""
    return tuple(
        _line(1 + length * np.log10(np.maximum(chance, 1e-9)) / 4, x) for length in _LENGTHS
    )


def _columns(lines: Callable[..., tuple[Line, ...]], y: str) -> tuple[Sketched, ...]:
    """The three columns of figures 3 and 4."""
    at_models = 0.15 + 0.75 * _PLACES
    return (
        Sketched("toy model", "parameters", y, lines(_chance()), formula=True),
        *(
            Sketched(title, "350M to 175B", y, lines(_chance(at_models), _PLACES), dots=True)
            for title in ("2-digit products", "4-digit sums")
        ),
    )


def _reprint(letter: str, title: str) -> Sketched:
    return Sketched(f"{letter} {title}".strip(), "scale", "score", (_LEAP,))


def _delayed(one: str, every: str, size: str) -> tuple[Sketched, ...]:
    """The row of figures 8 and 10: a published leap, one answer right, and all of several."""
    return (
        _reprint("A", "published"),
        Sketched(one, size, "accuracy", (_RISE,)),
        Sketched(every, size, "accuracy", _powers(_RISE[:, 1])),
    )


_P = _chance()
PLATES: Mapping[int, Plate] = {
    1: Plate(
        tuple(
            tuple(_reprint(letter, title) for letter, title in row)
            for row in (
                (("A", "mod. arithmetic"), ("B", "IPA transliterate"), ("C", "word unscramble"), ("D", "Persian QA")),
                (("E", "TruthfulQA"), ("F", "grounded mappings"), ("G", "multi-task NLU"), ("H", "word in context")),
            )
        ),
        "eight panels, reprinted from Wei et al. 2022; in each a score stays low over training compute and then leaps.",
    ),
    2: Plate(
        (
            (
                Sketched("A loss", "parameters (log)", "loss (log)", (_line(0.92 - 0.8 * _AT),), formula=True),
                Sketched("B one token", "parameters", "p right", (_line(_P),), formula=True),
                Sketched("C all L right", "parameters", "accuracy", _powers(_P), formula=True),
            ),
            (
                Sketched("D choice", "parameters", "grade", (_line(np.where(_P > 0.5, 0.94, 0.04)),), formula=True),
                Sketched("E edits", "parameters", "distance", _edits(_P), formula=True),
                Sketched("F Brier", "parameters", "score", (_line((1 - _P) ** 2 * 0.95),), formula=True),
            ),
        ),
        "six panels over model size. Loss falls as a power law; the chance of a right token rises to one; accuracy of all L "
        "tokens rises late; the multiple choice grade is a step; edit distance and Brier score change smoothly.",
    ),
    3: Plate(
        (_columns(_powers, "accuracy"), _columns(_edits, "edit distance")),
        "two rows of three panels: a toy model, two-digit multiplication and four-digit addition by four GPT-3 models; accuracy "
        "above, token edit distance below, one line for each length of the answer from 1 to 5.",
    ),
    4: Plate(
        (_columns(_logs, "accuracy (log)"),),
        "three panels, the columns of figure 3, with accuracy measured on more items: every model is above zero.",
    ),
    5: Plate(
        (
            (
                Sketched("A high scores", "39 metrics", "", slots=(5, 39)),
                Sketched("B claimed", "39 metrics", "", slots=(4, 39)),
                Sketched("C two metrics", "of all claims", "", slots=(92, 100)),
            ),
        ),
        "three panels. At most 5 of 39 metrics have tasks with a high emergence score; claims of emergence use 4 of 39; more than "
        "92% of the claims use multiple choice grade or exact string match.",
    ),
    6: Plate(
        (
            (
                Sketched("grade", "scale", "", _LEAPS),
                Sketched("Brier", "scale", "", _GENTLE),
            ),
        ),
        "two panels for the same LaMDA tasks: they leap under the multiple choice grade and change gently under the Brier score.",
    ),
    7: Plate(
        (
            (
                _reprint("A", "published"),
                Sketched("B error", "bottleneck units", "squared error", (_line(0.9 * np.exp(-2.5 * _AT)),)),
                Sketched("C below c", "bottleneck units", "share", (_LEAP,)),
            ),
        ),
        "three panels: a published leap (periodic elements); the mean squared error of autoencoders falls smoothly with bottleneck "
        "units; the share of images reconstructed below a threshold c leaps.",
    ),
    8: Plate(
        (
            _delayed("B per image", "C all L right", "model size"),
        ),
        "three panels: a published leap (MMLU); accuracy per image of transformers on Omniglot rises with size; the share of rows "
        "whose L images are all right, for L from 1 to 5, rises later.",
    ),
    9: Plate(
        ((Sketched("ROUGE-L-Sum", "error per token: .05, .10", "score", (_line(0.92 - 0.84 / (1 + np.exp(-(_AT - 0.5) * 22))),)),),),
        "one panel: in a simulation the score drops sharply as the error per token goes from 0.05 to 0.10.",
    ),
    10: Plate(
        (
            _delayed("B one digit", "C all K right", "parameters"),
        ),
        "three panels: a published leap (grounded mappings); accuracy of LeNets on MNIST rises as a sigmoid; the share of groups whose "
        "K digits are all right, for K from 1 to 5, rises later.",
    ),
}  # fmt: skip
"""The ten figures of the paper, by number."""
