"""A figure as inline SVG, whose colours are CSS variables: one picture follows the page from light to dark."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from .style import STYLE, THEME

__all__ = ["svg"]

# Colours of the style, as Matplotlib writes them, and the CSS variable each becomes. The plain
# colour stays as the fallback; ink falls back to JupyterLab's own text colour first.
_VARIABLES = {
    pair[0]: f"var(--mb-{name}, "
    + (f"var(--jp-ui-font-color1, {pair[0]})" if name == "ink" else pair[0])
    + ")"
    for name, pair in THEME.items()
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
    """A figure as inline SVG: themed colours, no fixed size, ids that are unique in a page.

    Parameters
    ----------
    fig : matplotlib Figure
    prefix : str
        What every id begins with.
    """
    buffer = io.StringIO()
    with mpl.rc_context(STYLE), _laid_out(fig):
        fig.savefig(
            buffer, format="svg", transparent=True,
            metadata={"Date": None, "Creator": None},
        )  # fmt: skip
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # Its style sheet would hold for the whole page, and every figure make a browser style all anew.
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.S)
    size = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', text)
    assert size is not None, "Matplotlib writes the size of a picture in points"
    width, height = size.groups()
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
