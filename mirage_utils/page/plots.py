"""Every figure of the book in one style: colour-blind safe, light and dark, never without words.

A figure leaves as inline SVG whose colours are CSS variables, so the one picture follows the page
from light to dark and stays sharp at any size. Panels are separate pictures that the page lays out
side by side or, on a phone, below one another.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    PercentFormatter,
)

from ..curves import Curve
from ..errors import require
from .numerals import percent
from .style import (
    COLOURS,
    DASHES,
    INK,
    MARKERS,
    MUTED,
    PAPER,
    RAMP,
    STYLE,
    Kind,
    apply_style,
    stylesheet,
)
from .svg import svg

__all__ = [
    "COLOURS",
    "DASHES",
    "INK",
    "MARKERS",
    "MUTED",
    "PAPER",
    "RAMP",
    "STYLE",
    "Kind",
    "Picture",
    "apply_style",
    "panel",
    "percent_axis",
    "picture",
    "points",
    "scale_axis",
    "show",
    "size_label",
    "stylesheet",
    "svg",
]


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
    with mpl.rc_context(STYLE):
        size = (4.9 if wide else 3.9, height or 3.0)
        # A fixed frame with a layout inside it, so that panels side by side come out alike.
        fig = Figure(figsize=size, layout="constrained")
        ax = fig.add_subplot()
        if title:
            ax.set_title(title)
    return fig, ax


def scale_axis(ax: Axes, label: str = "parameters N", *, log: bool = True) -> None:
    """Label the axis of scale and give it the ticks of the field (100M, 1B, ...).

    Parameters
    ----------
    ax : matplotlib Axes
    label : str
    log : bool
        Whether the axis is logarithmic.
    """
    ax.set_xlabel(label)
    if log:
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(numticks=8))
        no_minor_labels(ax, "x")
    else:
        ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(FuncFormatter(size_label))


def no_minor_labels(ax: Axes, which: Literal["x", "y"]) -> None:
    """Leave the ticks between powers of ten without labels.

    Switched off as well as empty: the layout would measure each of sixty empty texts.
    """
    getattr(ax, f"{which}axis").set_minor_formatter(NullFormatter())
    ax.tick_params(axis=which, which="minor", labelbottom=False, labelleft=False)


def size_label(value: float, _: object = None) -> str:
    """A number of parameters as the field writes it: 1.5e9 as ``1.5B``.

    The second argument is the tick's position, which Matplotlib passes to a formatter.

    Parameters
    ----------
    value : float
    _ : object, optional
        Not used.

    Examples
    --------
    >>> size_label(1.5e9), size_label(350e6)
    ('1.5B', '350M')
    """
    if value <= 0:
        return "0" if value == 0 else ""
    for power, suffix in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= power:
            return f"{value / power:g}{suffix}"
    return f"{value:g}"


def percent_axis(ax: Axes, label: str, *, log: bool = False) -> None:
    """Label the axis of a score that is a fraction, with ticks in per cent.

    Parameters
    ----------
    ax : matplotlib Axes
    label : str
    log : bool
        Whether the axis is logarithmic.
    """
    ax.set_ylabel(label)
    if log:
        ax.set_yscale("log")
        no_minor_labels(ax, "y")
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: percent(y)))
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

    Parameters
    ----------
    ax : matplotlib Axes
    curve : Curve
        With `n` and scores in [0, 1].
    colour, marker : str
        Of the points.
    label : str, optional
        In the legend.
    level : float
        Of the intervals, in (0, 1).
    line : bool
        Whether the points are joined.
    """
    low, high = (np.asarray(end) for end in curve.interval(level))
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


covers: dict[str, Callable[[Mapping[str, Any], Callable[[], Any]], Any]] = {}
"""In a live kernel, by the name of a figure: what covers it until its question is answered (see `quiz`)."""


def covered(name: str, bundle: Mapping[str, Any], inside: Callable[[], Any]) -> Mapping[str, Any]:
    """A figure by MIME type, with the cover that it may have in a live kernel.

    Parameters
    ----------
    name : str
        The figure, ``fig-...``.
    bundle : mapping
        By MIME type.
    inside : callable
        Makes the widget that takes the place of the cover.
    """
    return covers[name](bundle, inside) if name in covers else bundle


@dataclass(frozen=True)
class Picture:
    """A finished figure: its panels as SVG, its words, where its data come from.

    Rendered as HTML in the book and in a notebook alike.

    Parameters
    ----------
    panels : tuple of str
        SVG.
    name : str
        Id of the figure in its page.
    alt, caption, source, kind : str
        As for `show`.
    """

    panels: tuple[str, ...]
    name: str
    alt: str
    caption: str
    source: str
    kind: Kind

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        bundle = {"text/html": self.html(), "text/plain": repr(self)}
        return covered(self.name, bundle, self.widget)

    def _repr_html_(self) -> str:
        return self.html()

    def widget(self) -> Any:
        """The figure in a live kernel, where something else decides when it is shown."""
        import ipywidgets  # only here: a figure without a question needs no widgets

        return ipywidgets.HTML(self.html())

    def html(self) -> str:
        """The figure in a page."""
        # Six and nine are rows of three: a metric a row, or a task a row. Two columns would mix them.
        shape = {1: " mb-single", 6: " mb-threes", 9: " mb-threes"}.get(len(self.panels), "")
        columns = f"mb-panels{shape}"
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
    svgs = tuple(svg(fig, f"{name}-{i}") for i, fig in enumerate(panels))
    return picture(svgs, name=name, alt=alt, caption=caption, source=source, kind=kind)


def picture(
    panels: tuple[str, ...], *, name: str, alt: str, caption: str, source: str, kind: Kind
) -> Picture:
    """The same, of panels that are SVG already.

    Parameters
    ----------
    panels : tuple of str
        SVG, in reading order.
    name, alt, caption, source, kind : str
        As for `show`.

    Raises
    ------
    FieldError
        As for `show`.
    """
    require(
        bool(re.fullmatch(r"fig-[a-z0-9-]+", name)), "name", name, "'fig-' and lower-case words"
    )
    require(len(alt.split()) >= 8, "alt", alt, "a description of at least eight words")
    require(len(caption.split()) >= 5, "caption", caption, "a caption of at least five words")
    require(bool(source.strip()), "source", source, "where the data come from")
    return Picture(panels, name, " ".join(alt.split()), caption, source, kind)
