"""A page of the book as a card: a figure that it draws, made small, its title, and what it found.

```{leads-to} 03_many_tokens
:figure: fig-shift
:alt: Curves of one shape, each further to the right.

What the chapter found, in a sentence.
```

The small figure is taken from the chapter when the pages are written, so that nothing is drawn twice; its words and numbers
are left out, and colours follow the page. The option `from` names another chapter than the one that the card leads to, and
`panel` another panel than the first. The whole card is one link, whose words are the title.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import lxml.etree
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)
_SVG = "{http://www.w3.org/2000/svg}"
_MARGIN = 4


class Thumbnail(nodes.General, nodes.Element):
    """Where a small figure goes."""


class StepDirective(SphinxDirective):
    """``{leads-to}``: a card that leads to a chapter, or to the page of a part."""

    required_arguments = 1
    has_content = True
    option_spec = {
        "figure": directives.unchanged_required, "from": directives.unchanged_required,
        "panel": directives.nonnegative_int, "alt": directives.unchanged_required,
    }  # fmt: skip

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        name = self.arguments[0]
        target = name if "/" in name else f"notebooks/{name}"
        words = nodes.container(classes=["mb-step-words"])
        title = nodes.paragraph(classes=["mb-step-title"])
        number = re.match(r"notebooks/0?(\d+)_", target)
        if number:
            title += nodes.inline("", f"Chapter {number[1]}", classes=["mb-step-number"])
        link = addnodes.pending_xref(
            "", nodes.inline("", "", classes=["std", "std-doc"]), refdomain="std", reftype="doc", reftarget=f"/{target}",
            refexplicit=False, refwarn=True, refdoc=self.env.docname,
        )  # fmt: skip
        title += link
        words += title
        self.state.nested_parse(self.content, self.content_offset, words)
        thumbnail = Thumbnail(
            chapter=f"notebooks/{self.options.get('from', name)}", figure=self.options.get("figure", ""),
            panel=self.options.get("panel", 0), alt=self.options.get("alt", ""),
        )  # fmt: skip
        self.set_source_info(thumbnail)
        return [nodes.container("", thumbnail, words, classes=["mb-step"])]


def small(svg: str, prefix: str) -> str:
    """A panel without its words and numbers, cut to its axes.

    Parameters
    ----------
    svg : str
        As `mirage_utils.page.svg` writes it.
    prefix : str
        What every id begins with.
    """
    tree = lxml.etree.fromstring(svg.encode())
    for group in tree.xpath("//*[local-name() = 'g' and contains(@transform, 'scale(0.')]"):
        group.getparent().remove(group)  # letters, which are drawn as paths
    for text in [*tree.iter(f"{_SVG}text")]:
        text.getparent().remove(text)
    area = tree.find(f".//{_SVG}clipPath/{_SVG}rect")
    if area is not None:
        x, y, width, height = (float(area.get(k)) for k in ("x", "y", "width", "height"))
        tree.set("viewBox", f"{x - _MARGIN:g} {y - _MARGIN:g} {width + 2 * _MARGIN:g} {height + 2 * _MARGIN:g}")  # fmt: skip
    for size in ("width", "height"):
        tree.attrib.pop(size, None)
    tree.set("preserveAspectRatio", "xMidYMid meet")
    return _renamed(tree, prefix)


def whole(svg: str, prefix: str) -> str:
    """A panel with its words and numbers, to stand in another page; parameters as in `small`."""
    return _renamed(lxml.etree.fromstring(svg.encode()), prefix)


def _renamed(tree: lxml.etree._Element, prefix: str) -> str:
    """A picture whose ids are its own in a page that shows it beside others."""
    lxml.etree.strip_elements(tree, lxml.etree.Comment, with_tail=False)
    for element in tree.iter():
        for name, value in element.attrib.items():
            if name == "id":
                value = f"{prefix}-{value}"
            elif name.endswith("href"):
                value = value.replace("#", f"#{prefix}-", 1)
            element.set(name, value.replace("url(#", f"url(#{prefix}-"))
    return lxml.etree.tostring(tree, encoding="unicode")


def found(chapter: nodes.document, figure: str) -> str:
    """A figure of a chapter, or its first one, as HTML; nothing if there is none."""
    named = re.escape(figure) if figure else r"fig-[\w-]+"
    pattern = re.compile(rf'<figure class="mb-figure" id="{named}".*?</figure>', re.S)
    for raw in chapter.findall(nodes.raw):
        if "html" in raw.get("format", "") and (match := pattern.search(raw.astext())):
            return match[0]
    return ""


def panels(figure: str) -> list[str]:
    """The panels of a figure, as SVG."""
    return re.findall(r"<svg\b.*?</svg>", figure, re.S)


def figures(
    app: Sphinx, doctree: nodes.document, kind: type[nodes.Element], subtype: str
) -> Iterator[tuple[int, nodes.Element, str]]:
    """Places of one kind with the figures that go there, as HTML; a place goes away if its chapter draws no such figure.

    A place names its ``chapter`` and ``figure``, and may name a ``panel`` that it needs.
    """
    if app.builder.format != "html":
        return
    for i, place in enumerate(list(doctree.findall(kind))):
        chapter, wanted = place["chapter"], place["figure"]
        there = chapter in app.env.found_docs  # not so in a book of a few pages
        figure = found(app.env.get_doctree(chapter), wanted) if there else ""
        if len(panels(figure)) > place.get("panel", 0):
            yield i, place, figure
            continue
        if there:
            logger.warning("%s draws no %s", chapter, wanted or "figure", location=place, type="mirage", subtype=subtype)  # fmt: skip
        place.parent.remove(place)


def fill(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Put small figures in their places."""
    for i, place, figure in figures(app, doctree, Thumbnail, "step"):
        picture = small(panels(figure)[place["panel"]], f"step-{i}")
        alt = html.escape(place["alt"], quote=True)
        place.replace_self(
            nodes.raw("", f'<div class="mb-thumb" role="img" aria-label="{alt}">{picture}</div>', format="html")
        )  # fmt: skip


def setup(app: Sphinx) -> None:
    app.add_node(Thumbnail, html=(lambda *_: None, lambda *_: None))
    app.add_directive("leads-to", StepDirective)
    app.connect("doctree-resolved", fill)
