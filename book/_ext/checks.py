"""What no page may have: a link within the book that leads nowhere, a picture without words, a raw formula."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement
from sphinx.util import logging

logger = logging.getLogger(__name__)

# A formula that was not set, anywhere but in code.
_RAW = r"""//text()[contains(., "\(") or contains(., "\[")]
    [not(ancestor::pre or ancestor::code or ancestor::script or ancestor::style)]"""


def broken(pages: Mapping[str, HtmlElement], folder: Path) -> Iterator[tuple[str, str]]:
    """Links that lead nowhere: the page they stand on, and what they say.

    Parameters
    ----------
    pages : mapping of str to HtmlElement
        Every page by name, such as ``book/intro.html``.
    folder : Path
        The root of the site, for links to what is no page.
    """
    places = {name: set(page.xpath("//@id | //@name")) for name, page in pages.items()}
    for name, page in pages.items():
        if name == "404.html":  # shown at any address, so its links are from the root
            continue
        for link in sorted(set(page.xpath("//a/@href")) - {"", "#"}):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            way = posixpath.join(posixpath.dirname(name), unquote(parts.path))
            target = posixpath.normpath(way) if parts.path else name
            place = unquote(parts.fragment)
            if target.startswith("live/"):  # what `make live` puts there afterwards
                good = True
            elif target in pages:
                good = not place or place in places[target]
            else:
                good = not place and (folder / target).is_file()
            if not good:
                yield name, link


def warn(pages: Mapping[str, HtmlElement], folder: Path) -> None:
    """Warn of all of it (with warnings as errors this fails the build)."""
    for name, link in broken(pages, folder):
        logger.warning("%s: a link to nowhere: %s", name, link, type="mirage", subtype="link")
    for name, page in pages.items():
        for picture in page.iter("img"):
            if len(picture.get("alt", "").split()) < 2:
                logger.warning(
                    "%s: a picture without a description: %s",
                    name, picture.get("src", "")[:120], type="mirage", subtype="alt",
                )  # fmt: skip
        for text in page.xpath(_RAW):
            logger.warning("%s: raw formula %s", name, text[:60], type="mirage", subtype="math")
