"""What stands around the text of every page: one style sheet, and no script in the way of the words.

The templates in ``book/_templates`` put it in the place of the theme's head.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mathematics
from docutils import nodes
from sphinx.application import Sphinx

SHEET = "mirage-under-way.css"
"""Name of the style sheet in pages until all of them are written: it has only the rules that some page can use."""

# The sheets that the theme's head names by itself, before those that extensions add.
SHEETS = ["_static/basic.css", "_static/styles/pydata-sphinx-theme.css"]
# Scripts by a mark of what they work on: without it a page goes without them.
_WORKS_ON = {
    "mirage-check.js": "mb-check",
    "mirage-drawing.js": "mb-drawable",
    "mirage-explorer.js": "mb-explorer",
    "mirage-sketch.js": "mb-sketch",
    "clipboard.min.js": "highlight",
    "copybutton.js": "highlight",
    "togglebutton.js": "dropdown",
    "design-tabs.js": "sd-tab-set",
}


def plain_tables(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Take away the style sheet that pandas puts beside each table; mirage.css says the same once."""
    for raw in doctree.findall(nodes.raw):
        before, found, rest = raw.astext().partition("<style scoped>")
        if found:
            raw.children = [nodes.Text(before + rest.partition("</style>")[2])]


def lay_out(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give a page its scripts, run when its text is there, and what they build on within the page itself."""
    body = context.get("body", "")
    files, at_once = [], []
    for script in context["script_files"]:
        file = Path(script.filename or "").name
        if file == "documentation_options.js":
            at_once.append((Path(app.outdir) / "_static" / file).read_text(encoding="utf-8"))
        elif not file:
            if "type" not in script.attributes:  # data for widgets, which need a kernel, has one
                at_once.append(script.attributes["body"])
        elif _WORKS_ON.get(file, "") in body:
            script.attributes["defer"] = "defer"
            files.append(script)
    for sheet in sorted(context["css_files"], key=lambda sheet: sheet.priority):
        if sheet.filename not in SHEETS:
            SHEETS.append(sheet.filename)
    if name == "404":  # shown at any address: its links begin at the root of the site
        root = app.config.notfound_urls_prefix
        body = body.replace('href="book/', f'href="{root}book/')
    # docutils gives references a role that ARIA has withdrawn.
    context["body"] = body.replace('role="doc-biblioentry"', 'role="listitem"')
    context |= {
        "script_files": files,
        "at_once": "\n".join(at_once),
        "sheet": SHEET,
        "glyphs": mathematics.glyphs,
    }
