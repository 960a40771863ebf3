"""A chapter has the number of its file, and a claim is linked to by its number."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole
from sphinx_external_toc.collectors import TocTreeCollectorWithStyles

from mirage_utils.page.numerals import typeset

logger = logging.getLogger(__name__)
_CHAPTER = re.compile(r"(?:.*/)?notebooks/(\d+)_[^/]*")
ERRATA = "book/errata"


def chapter_number(name: str) -> int | None:
    """The number in the name of a chapter's file; None for other pages."""
    match = _CHAPTER.fullmatch(name)
    return int(match[1]) if match else None


def by_file_name(env: BuildEnvironment) -> None:
    """Let each chapter's number be that of its file, whatever stands before it in the book.

    Claims carry the number of the file, and a chapter that is still to come keeps its place.
    """
    for name, sections in env.toc_secnumbers.items():
        chapter = chapter_number(name)
        if chapter is None:
            continue
        for anchor, number in sections.items():
            if number:
                sections[anchor] = (chapter, *number[1:])
        entries = list(env.tocs[name].findall(nodes.reference))
        for node in (*entries, env.titles.get(name)):
            if node is not None and node.get("secnumber"):
                node["secnumber"] = [chapter, *node["secnumber"][1:]]


def install(app: Sphinx) -> None:
    """Have the numbers corrected right after they have been given."""
    given = TocTreeCollectorWithStyles.assign_section_numbers

    def assign(self: TocTreeCollectorWithStyles, env: BuildEnvironment) -> list[str]:
        changed = given(self, env)
        by_file_name(env)
        return changed

    TocTreeCollectorWithStyles.assign_section_numbers = assign


def typeset_numbers(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Numbers that the text pastes with a minus and powers of ten, where the format wrote ``-`` and ``e-06``."""
    for pasted in doctree.findall(nodes.inline):
        if "pasted-text" in pasted["classes"]:
            pasted.children = [nodes.Text(typeset(pasted.astext()))]


class ClaimRole(SphinxRole):
    """``{claim}`4.7```: a link to claim 4.7, in whatever chapter it stands."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        chapter, _, rest = self.text.partition(".")
        pages = self.env.found_docs
        if chapter == "E":
            found = [name for name in pages if name == ERRATA]
        else:
            found = [name for name in pages if str(chapter_number(name)) == chapter]
        if len(found) != 1 or not rest.isdigit():
            logger.warning(
                "no page holds claim %s", self.text, location=self.get_location(), type="mirage", subtype="claim",
            )  # fmt: skip
            return [nodes.Text(f"claim {self.text}")], []
        way = self.env.app.builder.get_relative_uri(self.env.docname, found[0])
        anchor = f"claim-{self.text.replace('.', '-').lower()}"
        words = f"claim {self.text}"
        link = nodes.reference(
            "", "", nodes.inline("", words), internal=True, refuri=f"{way}#{anchor}"
        )
        return [link], []
