"""Every link within the book leads to a page and a place that are there."""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

_LINK = re.compile(r'<a\b[^>]*?\bhref="([^"]*)"')
_PLACE = re.compile(r'\b(?:id|name)="([^"]+)"')
_OUTSIDE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.I)


def broken(texts: Mapping[str, str], folder: Path) -> list[tuple[str, str]]:
    """Links that lead nowhere: the page they stand on, and what they say.

    Parameters
    ----------
    texts : mapping of str to str
        Every page by name, such as ``book/intro.html``.
    folder : Path
        The root of the site, for links to what is no page.
    """
    places = {
        name: {html.unescape(p) for p in _PLACE.findall(text)} for name, text in texts.items()
    }
    found = []
    for name, text in texts.items():
        if name == "404.html":  # shown at any address, so its links are from the root
            continue
        for link in sorted({html.unescape(href) for href in _LINK.findall(text)}):
            if _OUTSIDE.match(link) or link in ("", "#"):
                continue
            way, _, place = link.partition("#")
            way = unquote(way.partition("?")[0])
            target = (
                posixpath.normpath(posixpath.join(posixpath.dirname(name), way)) if way else name
            )
            if target in texts:
                good = not place or unquote(place) in places[target]
            else:
                good = (folder / target).is_file() and not place
            if not good:
                found.append((name, link))
    return found
