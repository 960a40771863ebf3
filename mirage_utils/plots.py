"""Every figure of the book in one style: colour-blind safe, light and dark, never without words.

A figure leaves as inline SVG whose colours are CSS variables, so the one picture follows the page
from light to dark and stays sharp at any size. Panels are separate pictures that the page lays out
side by side or, on a phone, below one another.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    PercentFormatter,
)

from .curves import Curve
from .errors import require

__all__ = [
    "COLOURS",
    "INK",
    "MUTED",
    "RAMP",
    "Picture",
    "apply_style",
    "panel",
    "percent_axis",
    "points",
    "resolution_line",
    "scale_axis",
    "show",
    "size_label",
    "stylesheet",
    "svg",
]

# Light and dark form of each colour. The six series colours are Okabe and Ito's palette, darkened
# or lightened to keep a contrast of at least 3 : 1 on white and on the dark page, in their order of
# use. Every series also differs by marker or dash, never by colour alone.
_THEME: dict[str, tuple[str, str]] = {
    "ink": ("#1f2430", "#e6e8ee"),
    "muted": ("#5f6878", "#a3acbb"),
    "grid": ("#dfe2e9", "#2c313b"),
    "paper": ("#fefefe", "#121212"),
    "c1": ("#0068a8", "#5db5ea"),
    "c2": ("#c84f00", "#ff9650"),
    "c3": ("#00795a", "#3fcfa0"),
    "c4": ("#a8487f", "#e79cc5"),
    "c5": ("#8a6a00", "#ecc23b"),
    "c6": ("#4b4fae", "#a5a9ff"),
    "r1": ("#6aa3cf", "#b9dcf5"),
    "r2": ("#3d86bd", "#8dc4ee"),
    "r3": ("#1a69a5", "#5fa8e0"),
    "r4": ("#0d4b80", "#3c86c4"),
    "r5": ("#062f57", "#2f6aa3"),
}
INK = _THEME["ink"][0]
MUTED = _THEME["muted"][0]
PAPER = _THEME["paper"][0]
COLOURS = tuple(_THEME[f"c{i}"][0] for i in range(1, 7))
"""Series colours."""
RAMP = tuple(_THEME[f"r{i}"][0] for i in range(1, 6))
"""Five steps of one hue, for an ordered quantity such as target length."""
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))

_STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.prop_cycle": mpl.cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlepad": 8,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.color": _THEME["grid"][0],
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

Kind = Literal["published figures", "computed aggregates", "our runs", "formula", "simulation"]


def apply_style() -> None:
    """Make the book's style Matplotlib's default for this session (call it once, at the top)."""
    mpl.rcParams.update(_STYLE)


def stylesheet() -> str:
    """The CSS variables behind the colours, for both themes of the page."""

    def block(selector: str, which: int) -> str:
        body = "".join(f"  --mb-{name}: {pair[which]};\n" for name, pair in _THEME.items())
        return f"{selector} {{\n{body}}}\n"

    dark = block('html[data-theme="dark"]', 1)
    return block(":root", 0) + dark


def panel(
    title: str = "", *, wide: bool = False, height: float | None = None
) -> tuple[Figure, Axes]:
    """A new picture with one set of axes, in the book's style.

    Parameters
    ----------
    title : str
        Bold line above the axes.
    wide : bool
        For a picture that stands alone; else sized to stand beside another.
    height : float, optional
        Inches.
    """
    with mpl.rc_context(_STYLE):
        size = (4.9 if wide else 3.9, height or 3.0)
        # A fixed frame with a layout inside it, so that panels side by side come out alike.
        fig = Figure(figsize=size, layout="constrained")
        ax = fig.add_subplot()
        if title:
            ax.set_title(title)
    return fig, ax


def scale_axis(ax: Axes, label: str = "parameters N", *, log: bool = True) -> None:
    """Label the axis of scale and give it the ticks of the field (100M, 1B, ...)."""
    ax.set_xlabel(label)
    if log:
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(numticks=8))
        _no_minor_labels(ax, "x")
    else:
        ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(FuncFormatter(size_label))


def _no_minor_labels(ax: Axes, which: Literal["x", "y"]) -> None:
    """Leave the ticks between powers of ten without labels.

    Switched off as well as empty: the layout would measure each of sixty empty texts.
    """
    getattr(ax, f"{which}axis").set_minor_formatter(NullFormatter())
    ax.tick_params(axis=which, which="minor", labelbottom=False, labelleft=False)


def size_label(value: float, _: object = None) -> str:
    """A number of parameters as the field writes it: 1.5e9 as ``1.5B``.

    The second argument is the tick's position, which Matplotlib passes to a formatter.
    """
    if value <= 0:
        return "0" if value == 0 else ""
    for power, suffix in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= power:
            return f"{value / power:g}{suffix}"
    return f"{value:g}"


def percent_axis(ax: Axes, label: str, *, log: bool = False) -> None:
    """Label the axis of a score that is a fraction, with ticks in per cent."""
    ax.set_ylabel(label)
    if log:
        ax.set_yscale("log")
        _no_minor_labels(ax, "y")
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:g}%"))
    else:
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def points(
    ax: Axes,
    curve: Curve,
    *,
    colour: str = COLOURS[0],
    marker: str = "o",
    label: str | None = None,
    level: float = 0.95,
    line: bool = True,
) -> None:
    """Draw a measured curve: points with exact binomial intervals.

    On a logarithmic axis of score a count of zero has no point; it is drawn as an arrow down from
    the upper end of its interval.
    """
    low, high = curve.interval(level)
    x, y = curve.scale, curve.score
    log = ax.get_yscale() == "log"
    seen = y > 0 if log else np.ones(len(curve), dtype=bool)
    ax.errorbar(
        x[seen],
        y[seen],
        yerr=[np.maximum((y - low)[seen], 0), np.maximum((high - y)[seen], 0)],
        fmt=marker,
        color=colour,
        label=label,
        capsize=2.2,
        elinewidth=1.1,
        markeredgecolor=PAPER,
        markeredgewidth=0.6,
    )
    if line:
        ax.plot(x[seen], y[seen], color=colour, linewidth=1.0, alpha=0.55)
    if (~seen).any():
        ax.errorbar(
            x[~seen], high[~seen], yerr=0.45 * high[~seen], uplims=True, fmt="none",
            ecolor=colour, elinewidth=1.1, capsize=2.2,
        )  # fmt: skip


def resolution_line(ax: Axes, n: int, *, label: str | None = None) -> None:
    """A dotted line at 1/n, the smallest score above zero that n items can give."""
    ax.axhline(1 / n, color=MUTED, linestyle=":", linewidth=1.2)
    ax.annotate(
        label or f"1 of {n:,} items",
        (0.985, 1 / n),
        xycoords=("axes fraction", "data"),
        xytext=(0, -3),
        textcoords="offset points",
        ha="right",
        va="top",
        color=MUTED,
        fontsize=8.5,
    )


covers: dict[str, Callable[[Mapping[str, Any], Callable[[], Any]], Any]] = {}
"""In a live kernel, by the name of a figure: what covers it until its question is answered (see `predict`)."""


def covered(
    name: str, bundle: Mapping[str, Any], inside: Callable[[], Any] | None = None
) -> Mapping[str, Any]:
    """A figure by MIME type, with the cover that it may have in a live kernel.

    Parameters
    ----------
    name : str
        The figure, ``fig-...``.
    bundle : mapping
        By MIME type.
    inside : callable, optional
        Makes the widget that takes the place of the cover; the HTML of the bundle if not given.
    """
    if name not in covers:
        return bundle

    def plain() -> Any:
        import ipywidgets  # only here: a figure without a question needs no widgets

        return ipywidgets.HTML(bundle["text/html"])

    return covers[name](bundle, inside or plain)


@dataclass(frozen=True)
class Picture:
    """A finished figure: its panels as SVG, its words, where its data come from.

    Rendered as HTML in the book and in a notebook alike.
    """

    panels: tuple[str, ...]
    name: str
    alt: str
    caption: str
    source: str
    kind: Kind

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return covered(self.name, {"text/html": self._repr_html_(), "text/plain": repr(self)})

    def _repr_html_(self) -> str:
        columns = "mb-panels" if len(self.panels) > 1 else "mb-panels mb-single"
        return (
            f'<figure class="mb-figure" id="{self.name}">'
            f'<div class="{columns}" role="img" aria-label="{html.escape(self.alt, quote=True)}">'
            f"{''.join(self.panels)}</div>"
            f"<figcaption>{self.caption} {self.provenance()}</figcaption></figure>"
        )

    def provenance(self) -> str:
        """Kind and source of the data, as HTML."""
        # Where there is no style sheet, a colon does what the badge does.
        colon = '<span class="mb-unstyled">:</span>'
        return f'<span class="mb-source"><b class="mb-kind">{self.kind}{colon}</b> {self.source}</span>'

    def __repr__(self) -> str:
        return f"[figure] {self.alt}"


def show(
    figures: Figure | Sequence[Figure],
    *,
    name: str,
    alt: str,
    caption: str,
    source: str,
    kind: Kind,
) -> Picture:
    """Finish a figure: one picture or several panels, with everything a reader is owed.

    Parameters
    ----------
    figures : Figure or sequence of Figure
        Panels in reading order.
    name : str
        Identifier, ``fig-...``, unique in the page: the anchor to link to.
    alt : str
        What the picture shows, for those who cannot see it: axes, series, the finding.
    caption : str
        HTML. What to see, units, n, and the uncertainty drawn.
    source : str
        HTML. Where the numbers come from.
    kind : str
        Kind of data: published figures, computed aggregates, our runs, formula or simulation.

    Raises
    ------
    FieldError
        If a text is missing or too short to say anything, or the name is malformed.
    """
    panels = [figures] if isinstance(figures, Figure) else list(figures)
    require(len(panels) > 0, "figures", figures, "at least one figure")
    require(
        bool(re.fullmatch(r"fig-[a-z0-9-]+", name)), "name", name, "'fig-' and lower-case words"
    )
    require(len(alt.split()) >= 8, "alt", alt, "a description of at least eight words")
    require(len(caption.split()) >= 5, "caption", caption, "a caption of at least five words")
    require(bool(source.strip()), "source", source, "where the data come from")
    svgs = tuple(svg(fig, f"{name}-{i}") for i, fig in enumerate(panels))
    return Picture(svgs, name, " ".join(alt.split()), caption, source, kind)


# Colours of the style, as Matplotlib writes them, and the CSS variable each becomes. The plain
# colour stays as the fallback; ink falls back to JupyterLab's own text colour first.
_VARIABLES = {
    pair[0]: f"var(--mb-{name}, "
    + (f"var(--jp-ui-font-color1, {pair[0]})" if name == "ink" else pair[0])
    + ")"
    for name, pair in _THEME.items()
}


# Attributes in points, in which a hundredth is finer than any screen; and a group without any.
_PLACES = re.compile(r' (?:d|x|y)="[^"]+"|translate\([^)]*\)')
_LONG = re.compile(r"-?\d+\.\d{3,}")
_IDLE = re.compile(r"<g>((?:(?!</?g\b).)*)</g>", re.S)


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


@contextmanager
def _laid_out(fig: Figure) -> Iterator[None]:
    """A figure with everything in its place, as SVG has it, and no engine that would put it there once more.

    To lay a figure out, `savefig` draws it once in vain, which takes a fifth of its time.
    """
    engine, canvas, dpi = fig.get_layout_engine(), fig.canvas, fig.dpi
    if engine is None:
        yield
        return
    try:
        FigureCanvasSVG(fig)  # measures its texts
        fig.dpi = 72  # what SVG is written in
        engine.execute(fig)
        fig.dpi = dpi
        fig.set_layout_engine(None)
        yield
    finally:
        fig.dpi = dpi
        fig.set_canvas(canvas)
        fig.set_layout_engine(engine)


def svg(fig: Figure, prefix: str) -> str:
    """A figure as inline SVG: themed colours, no fixed size, ids that are unique in a page."""
    buffer = io.StringIO()
    with mpl.rc_context(_STYLE), _laid_out(fig):
        fig.savefig(
            buffer, format="svg", transparent=True,
            metadata={"Date": None, "Creator": None},
        )  # fmt: skip
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # Its style sheet would hold for the whole page, and every figure make a browser style all anew.
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.S)
    width, height = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', text).groups()
    # The viewBox carries the proportions; the page sets the size, and a notebook, which has no style sheet
    # of the book's, takes the width given here.
    text = text.replace(
        f'width="{width}pt" height="{height}pt"',
        f'width="{float(width):.0f}" stroke-linejoin="round" stroke-linecap="butt" aria-hidden="true" '
        'focusable="false"',
    )
    text = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", text)
    text = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', text)
    text = re.sub(r"#[0-9a-f]{6}", lambda m: _VARIABLES.get(m[0], m[0]), text)
    # Line breaks between tags carry nothing and would end an HTML block in Markdown.
    return _lean(re.sub(r">\s+<", "><", text).strip())


def _lean(text: str) -> str:
    """SVG without names that nothing refers to, groups that say nothing, and idle digits."""
    named = set(re.findall(r"#([\w.-]+)", text))
    text = re.sub(r' id="([^"]+)"', lambda m: m[0] if m[1] in named else "", text)
    text = _PLACES.sub(lambda m: _LONG.sub(_rounded, m[0]), text)
    while (inner := _IDLE.sub(r"\1", text)) != text:
        text = inner
    return text
