"""A page of HTML that is complete in itself, runs nothing and asks for nothing, whoever's words are on it."""

from __future__ import annotations

from html import escape

__all__ = ["document", "line"]

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
h1, p, li, td:last-child { overflow-wrap: anywhere; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.points, th.points { text-align: right; white-space: nowrap; }
pre { overflow-x: auto; padding: .6rem; background: var(--soft); border-radius: .3rem; white-space: pre-wrap; overflow-wrap: anywhere; }
"""


def document(title: str, body: str, style: str = "") -> str:
    """A page with a heading.

    Parameters
    ----------
    title : str
        Plain text.
    body : str
        HTML. What comes from a submission or a class list is escaped already (`line`, `html.escape`).
    style : str, optional
        CSS beside that of all pages.
    """
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        f"<style>{_STYLE}{style}</style></head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>\n"
    )


def line(text: str, most: int = 400) -> str:
    """Somebody else's text as one line of HTML, escaped.

    Parameters
    ----------
    text : str
        Anything. What is not printable, such as a control character or one that turns the direction of writing, becomes a
        space.
    most : int
        Letters that are kept; what is longer ends in three dots.
    """
    start = text[: 4 * most]
    plain = " ".join("".join(c if c.isprintable() else " " for c in start).split())
    cut = len(plain) > most or len(text) > len(start)
    return escape(f"{plain[: most - 3]}..." if cut else plain)
