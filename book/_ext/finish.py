"""The last hand on the written pages: they are checked, and get the style sheet that they need between them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import checks
import layout
import lxml.html
import mathematics
import styles
from lxml.html import HtmlElement
from sphinx.application import Sphinx

LIVE = "live.css"
"""The sheet that a page loads when its reader runs it."""


def read(folder: Path) -> dict[str, HtmlElement]:
    """All pages of the site by name, such as ``book/intro.html``."""
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    found = {path.relative_to(folder): path for path in sorted(folder.rglob("*.html"))}
    return {
        name.as_posix(): lxml.html.parse(path, parser).getroot()
        for name, path in found.items()
        if name.parts[0] != "_static"
    }


def write_sheet(pages: dict[str, HtmlElement], static: Path) -> str:
    """Write the one style sheet, in place of all others; returns its name, which changes with what is in it."""
    # Vega, MathJax and what runs chapters bring their own rules, and a text is no script.
    own = ("mirage-vega", "mirage-formulas", "mirage-live")
    scripts = [path for path in static.rglob("*.js") if not path.name.startswith(own)]
    scripts = [path.read_text(encoding="utf-8") for path in scripts if "texts" not in path.parts]
    names = styles.Names(pages.values(), scripts)
    parts = [(static.parent / sheet).read_text(encoding="utf-8") for sheet in layout.SHEETS]
    sheet = styles.only_used("\n".join([*parts, mathematics.typesetter().stylesheet()]), names)
    for other in static.rglob("*.css"):
        if other.name != LIVE:
            other.unlink()
    name = f"mirage-{hashlib.sha256(sheet.encode()).hexdigest()[:8]}.css"
    (static / name).write_text(sheet, encoding="utf-8")
    return name


def finisher(
    *more: Callable[[dict[str, HtmlElement]], None],
) -> Callable[[Sphinx, Exception | None], None]:
    """What finishes the pages when all of them are written: checks them and names the style sheet in each.

    Parameters
    ----------
    *more : callable
        Further checks, which take the pages.
    """

    def finish(app: Sphinx, exception: Exception | None) -> None:
        if exception or app.builder.format != "html":
            return
        folder = Path(app.outdir)
        static = folder / "_static"
        pages = read(folder)
        checks.warn(pages, folder)
        for check in more:
            check(pages)
        # What no page asks for need not be served.
        (static / "scripts" / "fontawesome.js").unlink()
        shutil.rmtree(static / "vendor")
        for leftover in static.rglob("*.map"):
            leftover.unlink()
        sheet = write_sheet(pages, static)
        for name in pages:
            text = (folder / name).read_text(encoding="utf-8")
            (folder / name).write_text(text.replace(layout.SHEET, sheet), encoding="utf-8")

    return finish
