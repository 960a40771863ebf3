"""What a page says, in a small file of its own, from which a search shows the words that it found.

The theme's search fetches every page that it found, megabytes of them. It is told not to
(``html_show_search_summary``), and mirage-search.js asks for the texts of the results that come into view.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import reading
import sphinx.search
from docutils import nodes
from sphinx.application import Sphinx

_UNSEEN = re.compile(r"<(style|script).*?</\1>|<[^<]+?>", re.IGNORECASE | re.DOTALL)


class Index(sphinx.search.IndexBuilder):
    """Sphinx's index of words, in which those of tables and figures stand one by one, and without bare numbers.

    Sphinx takes away tags and leaves nothing in their place: the labels beside an axis became one word, which nobody
    types and everybody loads.
    """

    def feed(self, docname: str, filename: str, title: str, doctree: nodes.document) -> None:
        super().feed(docname, filename, title, self.in_words(doctree))

    def in_words(self, doctree: nodes.document) -> nodes.document:
        """A copy of a page whose pieces of HTML are lists of words."""
        page = doctree.deepcopy()
        for piece in page.findall(nodes.raw):
            if "html" in piece.get("format", "").split():
                words = self.lang.split(_UNSEEN.sub(" ", piece.astext()))
                piece.children = [nodes.Text(" ".join(w for w in words if not w.isdigit()))]
        return page


def parts(page: nodes.document) -> Iterator[tuple[str, str, str]]:
    """Anchor, title and running text of every section of a page, and of every entry of the glossary."""
    for section in page.findall(nodes.section):
        title, *others = (child for child in section if not isinstance(child, nodes.section))
        text = " ".join(reading.running_text(other) for other in others)
        yield section["ids"][0], title.astext(), " ".join(text.split())
    for term in page.findall(nodes.term):
        if term["ids"]:
            text = reading.running_text(term.parent)
            yield term["ids"][0], term.astext(), " ".join(text.split())


def write(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Write the text of a page, as a script: pages opened from a folder may load nothing else."""
    if app.builder.format != "html":
        return
    path = Path(app.outdir) / "_static" / "texts" / f"{docname}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    data = json.dumps([docname, list(parts(doctree))], ensure_ascii=False, separators=(",", ":"))
    path.write_text(f"mirageText(...{data});\n", encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Have pages indexed and their texts written."""
    sphinx.search.IndexBuilder = Index
    app.connect("doctree-resolved", write)
