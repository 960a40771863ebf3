"""The last hand on every written page: formulas typeset, icons slimmed, idle scripts left out."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

import icons
import reading
import site_address
from mathematics import FormulaError, Typesetter
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

STYLE = "mirage-page.css"
# Icons that scripts of the theme put into a page later.
_LATER = {"xmark"}
# Scripts and styles that a finished page has no use for: whole tags, by what they mention.
_IDLE = re.compile(
    r'<script(?P<given>[^>]*)>(?P<inside>[^<]*)</script>\s*|<link[^>]*rel="preload"[^>]*>\s*', re.S
)
_NEVER = ("mathjax", "fontawesome", "kernelName")
# The theme decides between light and dark when everything has been loaded, and the page would change
# its colours before the reader's eyes. Here it is decided before anything is shown.
_THEME = 'document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";'
_THEME_AT_ONCE = """\
document.documentElement.dataset.theme = (chosen =>
      chosen === "light" || chosen === "dark" ? chosen
      : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"
    )(localStorage.getItem("theme"));"""
# The index of the search, which only the search page reads.
_SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")


# Formulas that the typesetter did not see, anywhere but in code.
_CODE = re.compile(r"<(pre|code|script|style)\b.*?</\1>", re.S)
_RAW = re.compile(r"\\[(\[][^<]{1,60}")


def pages(folder: Path) -> list[Path]:
    """All pages of the site."""
    found = sorted(folder.rglob("*.html"))
    return [page for page in found if "_static" not in page.relative_to(folder).parts]


# Scripts of our own, each on the pages that hold what it works on.
_SCRIPTS = {
    "mirage.js": "<article",
    "mirage-explorer.js": '<figure class="mb-figure mb-explorer"',
    "mirage-sketch.js": "mb-sketch",
}


def with_scripts(text: str, root: str, static: Path) -> str:
    """A page with those of our scripts that it needs.

    Parameters
    ----------
    text : str
    root : str
        Way from the page to the root of the site, such as ``../``.
    static : Path
        Where the scripts are. Their digest goes into the address, so that no browser keeps an old one.
    """
    tags = "".join(
        f'<script defer src="{root}_static/{name}?v={_short_digest(static / name)}"></script>\n'
        for name, needed in _SCRIPTS.items()
        if needed in text
    )
    return text.replace("</head>", f"{tags}</head>", 1)


def _short_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def slim(text: str, *, search: bool) -> str:
    """A page without the tags it has no use for; what is left of scripts waits for the text."""

    def judge(match: re.Match[str]) -> str:
        tag = match[0]
        idle = _NEVER if search else _NEVER + _SEARCH
        if any(word.lower() in tag.lower() for word in idle):
            return ""
        return tag

    return _IDLE.sub(judge, text)


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Rewrite every page and write the style sheet that the pages then need."""
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir)
    static = folder / "_static"
    typesetter = Typesetter()
    texts = {
        page.relative_to(folder).as_posix(): page.read_text(encoding="utf-8")
        for page in pages(folder)
    }
    known = reading.cards(texts)
    site, repository = site_address.addresses()
    names = set(_LATER)
    for name, text in texts.items():
        names |= icons.used(text)
        root = "../" * name.count("/")
        if name == "404.html":  # shown at any address: its links begin at the root of the site
            root = app.config.notfound_urls_prefix
            text = text.replace('href="book/intro.html"', f'href="{root}book/intro.html"')
        try:
            text = typesetter.page(text)
        except FormulaError as error:
            logger.warning("%s: %s", name, error, type="mirage", subtype="math")
        for left in _RAW.findall(_CODE.sub("", text)):
            logger.warning("%s: raw formula %s", name, left, type="mirage", subtype="math")
        text = slim(text, search=name == "search.html").replace(_THEME, _THEME_AT_ONCE)
        if name.startswith("notebooks/"):
            source = f"{root}_sources/{name.removesuffix('.html')}.ipynb"
            places = site_address.launch_links(repository, name.removesuffix(".html"))
            text = reading.with_summary(text, source, places)
            text = reading.with_citation(text, site, name)
        text = with_scripts(reading.with_cards(text, known), root, static)
        (folder / name).write_text(text, encoding="utf-8")
    script = (static / "scripts" / "fontawesome.js").read_text(encoding="utf-8")
    sheet = icons.stylesheet(names, script) + typesetter.stylesheet()
    (static / STYLE).write_text(sheet, encoding="utf-8")
    # What no page asks for any more need not be served.
    (static / "scripts" / "fontawesome.js").unlink()
    shutil.rmtree(static / "mathjax", ignore_errors=True)
    for leftover in static.rglob("*.map"):
        leftover.unlink()
