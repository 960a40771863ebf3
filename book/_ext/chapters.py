"""A claim is linked to by its number, that of its chapter first; numbers within the text are typeset."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from mirage_utils.page.numerals import typeset

logger = logging.getLogger(__name__)
ERRATA = "book/errata"


def chapter_number(name: str) -> int | None:
    """The number in the name of a chapter's file; None for other pages."""
    folder, _, file = name.rpartition("/")
    number = file.partition("_")[0]
    return int(number) if folder.endswith("notebooks") and number.isdecimal() else None


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
