"""The parts of a chapter that an author names and does not build: two boxes, and the laboratory.

```{takeaways}
Two or three sentences to quote.
```

```{on-monday}
What an evaluator does differently.
```

```{laboratory}
```
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

from mirage_utils.page.parts import BOXES, LABORATORY, LEAD

CHECKLIST = "book/checklist"
"""The page to which a box of advice leads, in a book that has it."""

logger = logging.getLogger(__name__)


class Box(nodes.Admonition, nodes.Element):
    """A box with a title of its own, which a screen reader can go to by that title."""


def visit_box(writer: HTML5Translator, node: Box) -> None:
    writer.body.append(
        writer.starttag(node, "section", CLASS="mb-box", **{"aria-label": node["title"]})
    )


def depart_box(writer: HTML5Translator, node: Box) -> None:
    writer.body.append("</section>\n")


class BoxDirective(SphinxDirective):
    """``{takeaways}`` and ``{on-monday}``."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        title = BOXES[self.name]
        # Bold also where there is no style sheet.
        heading = nodes.paragraph("", "", nodes.strong("", title), classes=["mb-box-title"])
        box = Box("", heading, title=title, names=[nodes.fully_normalize_name(title)])
        box["classes"].append(f"mb-{self.name}")
        self.set_source_info(box)
        self.state.document.note_implicit_target(box, box)
        self.state.nested_parse(self.content, self.content_offset, box)
        if self.name == "on-monday" and CHECKLIST in self.env.found_docs:
            words = f"The advice of all chapters: {{doc}}`one sheet </{CHECKLIST}>`."
            box += nodes.paragraph("", "", *self.state.inline_text(words, self.lineno)[0])
        return [box]


class Opening(nodes.General, nodes.Element):
    """Marks where the laboratory begins, until `Divide` has made a section of it."""


class LaboratoryDirective(SphinxDirective):
    """``{laboratory}``; what stands in it follows the line below the heading."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        opening = Opening("", nodes.paragraph("", LEAD, classes=["mb-lead"]))
        self.set_source_info(opening)
        self.state.nested_parse(self.content, self.content_offset, opening)
        return [opening]


class Divide(SphinxTransform):
    """Makes the opening of a laboratory a section, as a heading of the second rank would.

    A directive cannot do it: when it runs, the text above it is not yet in its sections.
    """

    default_priority = 100  # before anything collects headings

    def apply(self, **_: object) -> None:
        for opening in list(self.document.findall(Opening)):
            if not _in_sections(opening):
                logger.warning(
                    "{laboratory} must stand by itself, below the chapter's title", location=opening,
                    type="mirage", subtype="laboratory",
                )  # fmt: skip
                opening.parent.remove(opening)
            else:
                self.divide(opening)

    def divide(self, opening: Opening) -> None:
        section = nodes.section("", nodes.title("", LABORATORY), *opening.children)
        section["classes"].append("mb-laboratory")
        section["names"].append(nodes.fully_normalize_name(LABORATORY))
        self.document.note_implicit_target(section, section)
        # What stands behind it belongs to it, up to the next heading of its own rank.
        last: nodes.Element = opening
        while not isinstance(last.parent.parent, nodes.document):
            section += _cut(last, last.parent[last.parent.index(last) + 1 :])
            last = last.parent
        chapter = last.parent
        at = chapter.index(last) + 1
        if last is opening:
            rest = chapter[at:]
            ends = (i for i, node in enumerate(rest) if isinstance(node, nodes.section))
            section += _cut(last, rest[: next(ends, len(rest))])
        chapter.insert(at, section)
        opening.parent.remove(opening)


def _in_sections(node: nodes.Node) -> bool:
    """Whether nothing but sections, one at least, stands between the page and what it holds."""
    ancestor = node.parent
    while isinstance(ancestor, nodes.section):
        ancestor = ancestor.parent
    return isinstance(ancestor, nodes.document) and ancestor is not node.parent


def _cut(before: nodes.Element, found: list[nodes.Node]) -> list[nodes.Node]:
    """Nodes without the place that they had, behind another."""
    for node in found:
        before.parent.remove(node)
    return found


def setup(app: Sphinx) -> None:
    app.add_node(Box, html=(visit_box, depart_box))
    for name in BOXES:
        app.add_directive(name, BoxDirective)
    app.add_directive("laboratory", LaboratoryDirective)
    app.add_transform(Divide)
