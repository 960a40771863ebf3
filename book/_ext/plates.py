"""A figure of the paper beside ours, for the page that shows them all.

```{plate} 3
:ours: 22_the_ladder#fig-paper-3
:verdict: partly

What is the same and what is not, in a sentence.
```

The published figure is a schematic (`mirage_utils.page.schematics`). Ours is taken from the chapter that draws it when the
pages are written, words and numbers included; the option names the chapter and the figure, and there may be several, one a
line. The verdict is one of `VERDICTS`.
"""

from __future__ import annotations

import html
import re

import steps
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mirage_utils.page.schematics import PLATES, schematic

VERDICTS = {
    "same": "the same here",
    "partly": "partly",
    "not": "not so here",
    "not-to-be-had": "not to be had",
}
"""What became of a published figure, as the page words it."""


class Ours(nodes.General, nodes.Element):
    """Where a figure of a chapter goes."""


def _figures(argument: str | None) -> list[tuple[str, str]]:
    """Chapters and figures, as the option names them."""
    found = []
    for line in (argument or "").split():
        chapter, mark, figure = line.partition("#")
        if not mark or not figure.startswith("fig-"):
            raise ValueError(f"{line!r} is not CHAPTER#fig-NAME")
        found.append((chapter, figure))
    return found


def _number(argument: str) -> int:
    number = directives.positive_int(argument)
    if number not in PLATES:
        raise ValueError(f"the paper has figures 1 to {max(PLATES)}")
    return int(number)


class PlateDirective(SphinxDirective):
    """``{plate}``."""

    required_arguments = 1
    has_content = True
    option_spec = {
        "ours": _figures,
        "verdict": lambda given: directives.choice(given, tuple(VERDICTS)),
    }

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        try:
            number = _number(self.arguments[0])
        except ValueError as wrong:
            raise self.error(str(wrong)) from wrong
        if "verdict" not in self.options:
            raise self.error("a plate needs :verdict:, one of " + ", ".join(VERDICTS))
        verdict = self.options["verdict"]
        published = nodes.raw(
            "",
            f'<figure class="mb-plate-paper">{schematic(number)}<figcaption>Published, as a schematic</figcaption></figure>',
            format="html",
        )
        pictures = nodes.container("", published, classes=["mb-plate-pictures"])
        for chapter, figure in self.options.get("ours", []):
            place = Ours(chapter=f"notebooks/{chapter}", figure=figure)
            self.set_source_info(place)
            pictures += place
        words = nodes.container(classes=["mb-plate-words"])
        self.state.nested_parse(self.content, self.content_offset, words)
        badge = nodes.inline("", VERDICTS[verdict], classes=["mb-verdict", f"mb-verdict-{verdict}"])
        first = words.next_node(nodes.paragraph)
        assert first is not None
        first.insert(0, badge)
        first.insert(1, nodes.Text(" "))
        return [nodes.container("", words, pictures, classes=["mb-plate"])]


def fill(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Put our figures in their places."""
    for i, place, figure in steps.figures(app, doctree, Ours, "plate"):
        panels = steps.panels(figure)
        where = f"{app.builder.get_relative_uri(name, place['chapter'])}#{place['figure']}"
        title = app.env.titles[place["chapter"]].astext()
        shown = "".join(steps.whole(panel, f"plate-{i}-{j}") for j, panel in enumerate(panels))
        alt = re.search(r'role="img" aria-label="([^"]*)"', figure)
        told = f' role="img" aria-label="{alt[1]}"' if alt else ""
        place.replace_self(
            nodes.raw(
                "",
                f'<figure class="mb-plate-ours"><div class="mb-plate-panels" data-panels="{len(panels)}"{told}>{shown}</div><figcaption>'
                f'<a href="{html.escape(where, quote=True)}">Ours, with its caption: {html.escape(title)}</a></figcaption></figure>',
                format="html",
            )
        )


def setup(app: Sphinx) -> None:
    app.add_node(Ours, html=(lambda *_: None, lambda *_: None))
    app.add_directive("plate", PlateDirective)
    app.connect("doctree-resolved", fill)
