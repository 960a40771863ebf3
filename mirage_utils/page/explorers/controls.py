"""Controls of explorers: each is an ipywidget in a live kernel and an HTML input in a page."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import ipywidgets as widgets
import numpy as np

from ...errors import require
from ..plots import size_label

__all__ = ["FORMATS", "Choice", "Slider", "formatted"]

Format = Literal["size", "whole", "fixed1", "fixed2", "digits3", "percent", "text"]
FORMATS: tuple[Format, ...] = get_args(Format)
"""Ways to write a value. `mirage-explorer.js` knows the same; a test holds them together."""


def formatted(value: Any, how: Format) -> str:
    """A value as the explorers write it, in Python and in the page alike."""
    if how == "text":
        return str(value)
    if how == "whole":
        return f"{math.floor(value + 0.5):,}"  # halves go up, as in JavaScript
    if how in ("fixed1", "fixed2"):
        return f"{value:.{how[-1]}f}"
    if how == "size":
        return size_label(float(f"{value:.3g}"))
    if math.isnan(value):
        return "–"
    if how == "digits3":
        return "∞" if math.isinf(value) else _plain(float(f"{value:.3g}"))
    if 0 < value < 0.001:
        return f"{_exponent(f'{100 * value:.1e}')}%"
    return f"{100 * value:.1f}%"


def _plain(value: float) -> str:
    """As JavaScript writes a number: with an exponent only below a millionth."""
    if value == 0 or abs(value) >= 1e-6:
        return np.format_float_positional(value, trim="-")
    return _exponent(f"{value:g}")


def _exponent(text: str) -> str:
    mantissa, power = text.split("e")
    return f"{mantissa}e{int(power):+d}"


@dataclass(frozen=True)
class Slider:
    """A number to move.

    Parameters
    ----------
    label : str
        Plain text.
    value, low, high, step : float
        In the unit of the slider: with a logarithmic `kind` `low`, `high` and `step` are powers of
        ten, and `value` is the number itself.
    kind : {"range", "log", "logwhole"}
        Linear; logarithmic; logarithmic and rounded to whole numbers.
    format : str
        One of `FORMATS`.

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
    kind: Literal["range", "log", "logwhole"] = "range"
    format: Format = "fixed2"

    def __post_init__(self) -> None:
        require(self.format in FORMATS, "format", self.format, "one of " + ", ".join(FORMATS))
        at = self.position
        slack = 1e-9 * max(1.0, abs(self.high))
        require(
            self.low - slack <= at <= self.high + slack,
            self.label, self.value, f"{self.low:g} to {self.high:g} on the slider",
        )  # fmt: skip

    @property
    def position(self) -> float:
        """Where the slider stands."""
        return self.value if self.kind == "range" else math.log10(self.value)

    def widget(self) -> widgets.ValueWidget:
        """The control in a live kernel."""
        look: dict[str, Any] = {
            "description": self.label, "continuous_update": False,
            "style": {"description_width": "16em"},
            "layout": widgets.Layout(width="37em", max_width="100%"),
        }  # fmt: skip
        limits = {"min": self.low, "max": self.high, "step": self.step}
        if self.kind != "range":
            fmt = ".0f" if self.kind == "logwhole" else ".1e" if self.format == "size" else ".2g"
            return widgets.FloatLogSlider(value=self.value, readout_format=fmt, **limits, **look)
        if self.format == "whole":
            return widgets.IntSlider(
                value=int(self.value), **{k: int(v) for k, v in limits.items()}, **look
            )
        return widgets.FloatSlider(value=self.value, **limits, **look)

    def html(self, name: str, prefix: str) -> str:
        """The control in a page."""
        key = f"{prefix}-{name}"
        text = formatted(self.value, self.format)
        return (
            f'<div class="mb-control"><label for="{key}">{html.escape(self.label)}</label>'
            f'<input type="range" id="{key}" name="{name}" min="{self.low:g}" max="{self.high:g}" '
            # A value between two steps would be moved to one of them.
            f'step="{self.step:g}" value="{self.position:.12g}" aria-valuetext="{text}">'
            f'<output for="{key}">{text}</output></div>'
        )


@dataclass(frozen=True)
class Choice:
    """One of several.

    Parameters
    ----------
    label : str
    options : tuple of (str, str)
        Words and value of each; the first is the one to begin with, unless `value` names another.
    value : str
    kind : {"choice"}
        What makes it known to the page.
    format : {"text"}
        How its value is written.
    """

    label: str
    options: tuple[tuple[str, str], ...]
    value: str
    kind: Literal["choice"] = "choice"
    format: Format = "text"

    def __post_init__(self) -> None:
        known = [value for _, value in self.options]
        require(self.value in known, self.label, self.value, "one of " + ", ".join(known))

    def widget(self) -> widgets.ValueWidget:
        """The control in a live kernel."""
        return widgets.Dropdown(
            options=list(self.options), value=self.value, description=self.label,
            style={"description_width": "16em"},
            layout=widgets.Layout(width="37em", max_width="100%"),
        )  # fmt: skip

    def html(self, name: str, prefix: str) -> str:
        """The control in a page."""
        key = f"{prefix}-{name}"
        options = "".join(
            f'<option value="{html.escape(value, quote=True)}"'
            f"{' selected' if value == self.value else ''}>{html.escape(words)}</option>"
            for words, value in self.options
        )
        return (
            f'<div class="mb-control mb-choice"><label for="{key}">{html.escape(self.label)}</label>'
            f'<select id="{key}" name="{name}">{options}</select></div>'
        )
