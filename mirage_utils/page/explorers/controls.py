"""Controls of explorers: each is an ipywidget in a live kernel and an HTML input in a page."""

from __future__ import annotations

import html
import math
import numbers
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
import numpy as np

from ...errors import require
from .vega import FORMATS, Format, rounded, written

__all__ = ["Choice", "Control", "Slider", "Steps", "powers", "round_numbers"]

_LOOK: dict[str, Any] = {"style": {"description_width": "16em"}}
_READOUTS = {"whole": ",d", "fixed1": ".1f", "fixed2": ".2f", "percent": ".1%"}


def _layout() -> widgets.Layout:
    return widgets.Layout(width="37em", max_width="100%")


@dataclass(frozen=True)
class Slider:
    """A number to move in even steps.

    Parameters
    ----------
    label : str
        Plain text.
    value, low, high, step : float
    format : str
        One of `FORMATS`.
    where : str
        Expression of when the control does something; it is shown only then.

    Raises
    ------
    FieldError
        If the value is out of range, or the format unknown.
    """

    label: str
    value: float
    low: float
    high: float
    step: float
    format: Format = "fixed2"
    where: str = "true"

    def __post_init__(self) -> None:
        require(self.format in FORMATS, "format", self.format, "one of " + ", ".join(FORMATS))
        _number(self)
        slack = 1e-9 * max(1.0, abs(self.high))
        require(
            self.low - slack <= self.value <= self.high + slack,
            self.label, self.value, f"{self.low:g} to {self.high:g} on the slider",
        )  # fmt: skip

    def text(self, value: str) -> str:
        """Expression of a value of the control in words."""
        return written(value, self.format)

    def widget(self, words: Iterable[str] = ()) -> widgets.ValueWidget:
        """The control in a live kernel."""
        whole = self.format == "whole"
        kind, number = (widgets.IntSlider, int) if whole else (widgets.FloatSlider, float)
        return kind(
            value=number(self.value), min=number(self.low), max=number(self.high), step=number(self.step),
            description=self.label, continuous_update=False, layout=_layout(),
            readout_format=_READOUTS.get(self.format, "~g"), **_LOOK,
        )  # fmt: skip

    def html(self, name: str, prefix: str, words: str, *, hidden: bool = False) -> str:
        """The control in a page, with its value in words."""
        # Between two steps, the browser would move a value to one of them.
        off = abs((self.value - self.low) / self.step - round((self.value - self.low) / self.step))
        step = f"{self.step:g}" if off < 1e-6 else "any"
        return _range(self, name, prefix, words, hidden, (self.low, self.high, step, self.value))


@dataclass(frozen=True)
class Steps:
    """A number that is one of several in a row, for quantities whose equal steps are equal ratios.

    Parameters
    ----------
    label : str
    value : float
        One of `values`.
    values : tuple of float
        Rising; see `powers` and `round_numbers`.
    format, where : str
        As in `Slider`.
    last : str
        Words for the last of `values`, such as ``all``; the number by default.

    Raises
    ------
    FieldError
        If the value is none of them, or the format unknown.
    """

    label: str
    value: float
    values: tuple[float, ...]
    format: Format = "digits3"
    where: str = "true"
    last: str = ""

    def __post_init__(self) -> None:
        require(self.format in FORMATS, "format", self.format, "one of " + ", ".join(FORMATS))
        _number(self)
        ends = f"{self.values[0]:g} to {self.values[-1]:g} on the slider"
        require(self.value in self.values, self.label, self.value, ends)

    def text(self, value: str) -> str:
        """Expression of a value of the control in words."""
        number = written(value, self.format)
        return (
            f"({value} >= {self.values[-1]!r} ? '{self.last}' : {number})" if self.last else number
        )

    def widget(self, words: Iterable[str] = ()) -> widgets.ValueWidget:
        """The control in a live kernel, with each of its values in words."""
        return widgets.SelectionSlider(
            options=list(zip(words, self.values, strict=True)), value=self.value,
            description=self.label, continuous_update=False, layout=_layout(), **_LOOK,
        )  # fmt: skip

    def html(self, name: str, prefix: str, words: str, *, hidden: bool = False) -> str:
        """The control in a page, with its value in words."""
        last, at = len(self.values) - 1, self.values.index(self.value)
        return _range(self, name, prefix, words, hidden, (0, last, "1", at))


@dataclass(frozen=True)
class Choice:
    """One of several.

    Parameters
    ----------
    label : str
    options : tuple of (str, str)
        Words and value of each.
    value : str
        The one to begin with.
    format : {"text"}
        How its value is written.
    where : str
        As in `Slider`.
    """

    label: str
    options: tuple[tuple[str, str], ...]
    value: str
    format: Format = "text"
    where: str = "true"

    def __post_init__(self) -> None:
        known = [value for _, value in self.options]
        require(self.value in known, self.label, self.value, "one of " + ", ".join(known))

    def text(self, value: str) -> str:
        """Expression of a value of the control in words."""
        return written(value, self.format)

    def widget(self, words: Iterable[str] = ()) -> widgets.ValueWidget:
        """The control in a live kernel."""
        return widgets.Dropdown(
            options=list(self.options), value=self.value, description=self.label, layout=_layout(), **_LOOK
        )  # fmt: skip

    def html(self, name: str, prefix: str, words: str, *, hidden: bool = False) -> str:
        """The control in a page."""
        key = f"{prefix}-{name}"
        options = "".join(
            f'<option value="{html.escape(value, quote=True)}"'
            f"{' selected' if value == self.value else ''}>{html.escape(label)}</option>"
            for label, value in self.options
        )
        return (
            f'<div class="mb-control mb-choice"{" hidden" * hidden}><label for="{key}">{_label(self)}</label>'
            f'<select id="{key}" name="{name}">{options}</select></div>'
        )


Control = Slider | Steps | Choice


def powers(low: float, high: float, step: float, value: float) -> tuple[float, ...]:
    """Steps of equal ratios, of three digits.

    Parameters
    ----------
    low, high : float
        Lowest and highest, > 0.
    step : float
        Power of ten from one to the next.
    value : float
        One more step, if it lies between them: what to begin with.
    """
    number = round(math.log10(high / low) / step) + 1
    steps = set(rounded(np.geomspace(low, high, number), 3).tolist())
    if low <= value <= high:
        steps = {s for s in steps if not math.isclose(s, value, rel_tol=1e-6)} | {float(value)}
    return tuple(sorted(steps))


def round_numbers(low: int, high: int, value: int) -> tuple[int, ...]:
    """The numbers 1, 2, 5, 10, 20, 50, ... from one number to another.

    Parameters
    ----------
    low, high : int
        Where they begin and end, >= 1.
    value : int
        One more, if it lies between them: what to begin with.
    """
    steps = {m * 10**k for k in range(len(str(high))) for m in (1, 2, 5)} | {value}
    return tuple(sorted(s for s in steps if low <= s <= high))


def _range(
    control: Slider | Steps, name: str, prefix: str, words: str, hidden: bool, at: tuple[float, float, str, float]
) -> str:  # fmt: skip
    key = f"{prefix}-{name}"
    low, high, step, value = at
    text = html.escape(words, quote=True)
    return (
        f'<div class="mb-control"{" hidden" * hidden}><label for="{key}">{_label(control)}</label>'
        f'<input type="range" id="{key}" name="{name}" min="{low:g}" max="{high:g}" '
        f'step="{step}" value="{value:.12g}" aria-valuetext="{text}">'
        # The slider itself tells its value to those who move it.
        f'<output for="{key}" aria-live="off">{text}</output></div>'
    )


def _label(control: Control) -> str:
    return html.escape(control.label).replace("N_c", "N<sub>c</sub>")


def _number(control: Slider | Steps) -> None:
    """Take the value as a plain number: numbers of NumPy do not go into a page."""
    value, whole = control.value, control.format == "whole"
    good = (
        isinstance(value, numbers.Real)
        and math.isfinite(value)
        and (not whole or value == int(value))
    )
    require(good, control.label, value, "a whole number" if whole else "a finite number")
    object.__setattr__(control, "value", int(value) if whole else float(value))
