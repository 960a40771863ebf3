"""The look of the book: colour-blind safe, light and dark."""

from __future__ import annotations

from typing import Any, Literal

import matplotlib as mpl
from cycler import cycler

__all__ = [
    "COLOURS", "DASHES", "INK", "MARKERS", "MUTED", "PAPER", "RAMP", "STYLE", "THEME", "Kind", "apply_style", "stylesheet",
]  # fmt: skip

# Light and dark form of each colour. The six series colours are Okabe and Ito's palette, darkened
# or lightened to keep a contrast of at least 4.5 : 1, that of text, on the page and on its cards, in their order of
# use. Every series also differs by marker or dash, never by colour alone.
THEME: dict[str, tuple[str, str]] = {
    "ink": ("#1f2430", "#e6e8ee"),
    "muted": ("#5f6878", "#a3acbb"),
    "grid": ("#dfe2e9", "#2c313b"),
    "paper": ("#fefefe", "#121212"),
    "c1": ("#0068a8", "#5db5ea"),
    "c2": ("#bd4a00", "#ff9650"),
    "c3": ("#00795a", "#3fcfa0"),
    "c4": ("#a8487f", "#e79cc5"),
    "c5": ("#8a6a00", "#ecc23b"),
    "c6": ("#4b4fae", "#a5a9ff"),
    "r1": ("#6aa3cf", "#b9dcf5"),
    "r2": ("#3d86bd", "#98c8ee"),
    "r3": ("#1a69a5", "#78b4e6"),
    "r4": ("#0d4b80", "#5a9fdc"),
    "r5": ("#062f57", "#4389cc"),
}
INK = THEME["ink"][0]
"""Colour of text."""
MUTED = THEME["muted"][0]
"""Colour of what stands back: axes, sources."""
PAPER = THEME["paper"][0]
"""Colour of the page."""
COLOURS = tuple(THEME[f"c{i}"][0] for i in range(1, 7))
"""Series colours."""
RAMP = tuple(THEME[f"r{i}"][0] for i in range(1, 6))
"""Five steps of one hue, for an ordered quantity such as target length."""
MARKERS = ("o", "s", "^", "D", "v", "P")
"""In their order of use."""
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
"""In their order of use."""

STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlepad": 8,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.color": THEME["grid"][0],
    "grid.linewidth": 0.7,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.9,
    "lines.markersize": 5.5,
    "mathtext.fontset": "dejavusans",
    "svg.fonttype": "path",
    "svg.hashsalt": "mirage",
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 9,
}
"""Matplotlib's settings."""

Kind = Literal["published figures", "computed aggregates", "our runs", "formula", "simulation"]
"""Where the data of a figure come from."""


def apply_style() -> None:
    """Make the book's style Matplotlib's default for this session (call it once, at the top)."""
    mpl.rcParams.update(STYLE)


def stylesheet() -> str:
    """The CSS variables behind the colours, for both themes of the page."""

    def block(selector: str, which: int) -> str:
        body = "".join(f"  --mb-{name}: {pair[which]};\n" for name, pair in THEME.items())
        return f"{selector} {{\n{body}}}\n"

    dark = block('html[data-theme="dark"]', 1)
    return block(":root", 0) + dark
