"""The last hand on the written pages: they are checked, and get the style sheet that they need between them."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import checks
import layout
import lxml.html
import mathematics
import styles
from lxml.html import HtmlElement
from sphinx.application import Sphinx


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
    # Vega brings its own rules, and a text is no script.
    scripts = [path for path in static.rglob("*.js") if path.name != "mirage-vega.js"]
    scripts = [path.read_text(encoding="utf-8") for path in scripts if "texts" not in path.parts]
    names = styles.Names(pages.values(), scripts)
    parts = [(static.parent / sheet).read_text(encoding="utf-8") for sheet in layout.SHEETS]
    sheet = styles.only_used("\n".join([*parts, mathematics.typesetter().stylesheet()]), names)
    for other in static.rglob("*.css"):
        other.unlink()
    name = f"mirage-{hashlib.sha256(sheet.encode()).hexdigest()[:8]}.css"
    (static / name).write_text(sheet, encoding="utf-8")
    return name


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Check every page and name the style sheet in it, when that is written."""
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir)
    static = folder / "_static"
    pages = read(folder)
    checks.warn(pages, folder)
    # What no page asks for need not be served.
    (static / "scripts" / "fontawesome.js").unlink()
    shutil.rmtree(static / "vendor")
    for leftover in static.rglob("*.map"):
        leftover.unlink()
    sheet = write_sheet(pages, static)
    for name in pages:
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace(layout.SHEET, sheet), encoding="utf-8")
