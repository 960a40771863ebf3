"""The last hand on every written page: formulas typeset, one style sheet, no script in the way."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

import icons
import links
import reading
import site_address
import styles
from mathematics import FormulaError, Typesetter
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

# Tags of scripts, and hints to fetch them early, ahead of the text.
_SCRIPT = re.compile(r"(?P<tag><script(?P<given>[^>]*)>(?P<inside>[^<]*)</script>)\s*")
_WAITS = re.compile(r"\b(?:defer|async)\b")
_HINT = re.compile(r'<link[^>]*rel="preload"[^>]*>\s*')
# The style sheet that pandas puts beside each table; mirage.css says the same once.
_PANDAS = re.compile(r"<style scoped>.*?</style>\s*", re.S)
# Scripts by what they speak of: formulas are set, icons drawn, and no page has a kernel.
_NEVER = ("mathjax", "fontawesome", "kernelname")
# What tags in a page go on to write into.
_OPTIONS = "documentation_options.js"
# Scripts by the mark of what they work on: without it a page goes without them.
_WORKS_ON = {
    "design-tabs.js": "sd-tab-set",
    "searchtools.js": 'id="search-results"',
    "language_data.js": 'id="search-results"',
    "searchindex.js": 'id="search-results"',
}
# The theme decides between light and dark when everything has been loaded, and the page would change
# its colours before the reader's eyes. Here it is decided before anything is shown, and so is whether
# figures wait for an answer to their question.
_THEME = 'document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";'
_THEME_AT_ONCE = """\
document.documentElement.dataset.theme = (chosen =>
      chosen === "light" || chosen === "dark" ? chosen
      : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"
    )(localStorage.getItem("theme"));
document.documentElement.dataset.figures = localStorage.getItem("figures") === "all" ? "all" : "ask";"""
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


def slim(text: str, static: Path) -> str:
    """A page without what it has no use for, in which no script keeps the text waiting.

    Parameters
    ----------
    text : str
    static : Path
        Where the scripts are. What tags in the page build on is put into the page itself.
    """
    small: list[str] = []

    def judge(match: re.Match[str]) -> str:
        tag, given = match["tag"], match["given"]
        if any(word in tag.lower() for word in _NEVER):
            return ""
        if any(name in tag and mark not in text for name, mark in _WORKS_ON.items()):
            return ""
        if _OPTIONS in tag:
            small.append((static / _OPTIONS).read_text(encoding="utf-8"))
            return ""
        if "src=" not in given:
            if "type=" in given or match.start() > end:
                return match[0]
            small.append(match["inside"])
            return ""
        return match[0] if _WAITS.search(given) else match[0].replace("<script", "<script defer", 1)

    text = _PANDAS.sub("", _HINT.sub("", text))
    end = text.find("</head>")
    text = _SCRIPT.sub(judge, text)
    # Before the style sheet: behind it they would wait for it, and the text for them.
    once = list(dict.fromkeys(part.strip() for part in small))
    script = "<script>\n" + "\n".join(once) + "\n</script>\n" if once else ""
    return text.replace("<title>", f"{script}<title>", 1)


def with_one_sheet(texts: dict[str, str], folder: Path, own: str) -> dict[str, str]:
    """All pages with one style sheet each, in place of those they were linked to.

    Parameters
    ----------
    texts : dict of str to str
        Page by name.
    folder : Path
        The root of the site.
    own : str
        What every sheet ends with.
    """
    static = folder / "_static"
    names = styles.Names(texts.values(), (p.read_text("utf-8") for p in static.rglob("*.js")))
    # Pages that were linked to the same sheets share one.
    written: dict[tuple[str, ...], str] = {(): ""}
    for text in texts.values():
        sheets = tuple(styles.linked(text))
        if sheets not in written:
            parts = [styles.read(static, sheet) for sheet in sheets]
            sheet = styles.only_used("\n".join([*parts, own]), names)
            written[sheets] = f"mirage-{hashlib.sha256(sheet.encode()).hexdigest()[:8]}.css"
            (static / written[sheets]).write_text(sheet, encoding="utf-8")
    for sheet in static.rglob("*.css"):
        if sheet.name not in written.values():
            sheet.unlink()
    return {
        name: styles.with_one(text, written[tuple(styles.linked(text))])
        for name, text in texts.items()
    }


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Rewrite every page, and write the style sheet that the pages then need."""
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir)
    static = folder / "_static"
    typesetter = Typesetter()
    texts = {
        page.relative_to(folder).as_posix(): page.read_text(encoding="utf-8")
        for page in pages(folder)
    }
    for name, text in texts.items():
        try:
            texts[name] = typesetter.page(text)
        except FormulaError as error:
            logger.warning("%s: %s", name, error, type="mirage", subtype="math")
        for left in _RAW.findall(_CODE.sub("", texts[name])):
            logger.warning("%s: raw formula %s", name, left, type="mirage", subtype="math")
    known = reading.cards(texts)
    site, repository = site_address.addresses()
    shapes = icons.Icons((static / "scripts" / "fontawesome.js").read_text(encoding="utf-8"))
    for name, text in texts.items():
        root = "../" * name.count("/")
        if name == "404.html":  # shown at any address: its links begin at the root of the site
            root = app.config.notfound_urls_prefix
            text = text.replace('href="book/intro.html"', f'href="{root}book/intro.html"')
        text = slim(text, static).replace(_THEME, _THEME_AT_ONCE)
        if name.startswith("notebooks/"):
            source = f"{root}_sources/{name.removesuffix('.html')}.ipynb"
            places = site_address.launch_links(repository, name.removesuffix(".html"))
            text = reading.with_summary(text, source, places)
            text = reading.with_citation(text, site, name)
        texts[name] = with_scripts(shapes.page(reading.with_cards(text, known)), root, static)
    for name, link in links.broken(texts, folder):
        logger.warning("%s: a link to nowhere: %s", name, link, type="mirage", subtype="link")
    # What no page asks for any more need not be served.
    (static / "scripts" / "fontawesome.js").unlink()
    shutil.rmtree(static / "mathjax", ignore_errors=True)
    for leftover in static.rglob("*.map"):
        leftover.unlink()
    own = icons.STYLE + typesetter.stylesheet()
    for name, text in with_one_sheet(texts, folder, own).items():
        (folder / name).write_text(text, encoding="utf-8")
