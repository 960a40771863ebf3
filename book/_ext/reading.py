"""What helps a reader along: terms that explain themselves, cards, a line on what awaits them."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx

from mirage_utils.page.markup import data_script

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = "book/glossary"
WORDS_A_MINUTE = 220

# Parts of a text in which a link would be noise or would break something.
_QUIET = (
    nodes.reference, nodes.title, nodes.caption, nodes.literal, nodes.math, nodes.Admonition, nodes.topic,
    nodes.strong, nodes.emphasis, nodes.table, nodes.raw,
)  # fmt: skip


@functools.cache  # one build, one glossary
def glossary_terms(app: Sphinx) -> Mapping[str, str]:
    """Terms of the glossary, in lower case, with the anchor of each."""
    if GLOSSARY not in app.env.found_docs:
        return {}
    tree = app.env.get_doctree(GLOSSARY)
    return {term.astext().lower(): term["ids"][0] for term in tree.findall(nodes.term)}


def link_terms(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Link the first mention of each term in a chapter's running text to the glossary."""
    if app.builder.format != "html" or not docname.startswith("notebooks/"):
        return
    terms = glossary_terms(app)
    if not terms:
        return
    # The longest first, so that "edit distance" is not taken for something shorter.
    words = "|".join(re.escape(term) for term in sorted(terms, key=len, reverse=True))
    pattern, left = re.compile(rf"\b(?:{words})\b", re.I), dict(terms)
    target = app.builder.get_relative_uri(docname, GLOSSARY)
    for text in list(doctree.findall(nodes.Text)):
        paragraph = text.parent
        if not isinstance(paragraph, nodes.paragraph) or _quiet(paragraph):
            continue
        if left:
            _link_in(text, pattern, left, target)


def _quiet(node: nodes.Node | None) -> bool:
    while node is not None:
        classes = node.get("classes", []) if isinstance(node, nodes.Element) else []
        if isinstance(node, _QUIET) or "cell" in classes or "exercise" in classes:
            return True
        node = node.parent
    return False


def _link_in(text: nodes.Text, pattern: re.Pattern[str], left: dict[str, str], target: str) -> None:
    parts, end = [], 0
    content = text.astext()
    for match in pattern.finditer(content):
        anchor = left.pop(match[0].lower(), None)
        if anchor is None:
            continue
        link = nodes.reference(
            "", "", nodes.inline("", match[0]), internal=True, refuri=f"{target}#{anchor}", classes=["mb-term"],
        )  # fmt: skip
        parts += [nodes.Text(content[end : match.start()]), link]
        end = match.end()
    if parts:
        text.parent.replace(text, [*parts, nodes.Text(content[end:])])


# -- cards ------------------------------------------------------------------------------------------

_TERM = re.compile(r'<dt id="(term-[^"]+)">.*?</dt>\s*<dd>(.*?)</dd>', re.S)
_CITATION = re.compile(r'<div class="citation" id="([^"]+)"[^>]*>(.*?)</div>', re.S)
_EQUATION = re.compile(
    r'<div class="math[^>]* id="(equation-[^"]+)">(?:(?!</div>).)*?(<math\b.*?</math>)', re.S
)
_LINK = re.compile(r'href="([^"#]*)#([^"]+)"')


def cards(pages: dict[str, str]) -> dict[str, str]:
    """What cards say, by the name of the page and the anchor: of terms and references text, of equations MathML.

    Parameters
    ----------
    pages : dict of str to str
        Every page by name, its formulas typeset.
    """
    found = {
        f"{Path(page).name}#{anchor}": formula
        for page, text in pages.items()
        for anchor, formula in _EQUATION.findall(text)
    }
    for page, pattern in ((f"{GLOSSARY}.html", _TERM), ("book/references.html", _CITATION)):
        for anchor, inside in pattern.findall(pages.get(page, "")):
            words = re.sub(
                r"<span class=\"label\">.*?</span>\s*</span>|<[^>]+>", " ", inside, flags=re.S
            )
            found[f"{Path(page).name}#{anchor}"] = " ".join(html.unescape(words).split())
    return found


def with_cards(text: str, known: dict[str, str]) -> str:
    """A page with the cards of its own links."""
    wanted = {f"{Path(page).name}#{anchor}" for page, anchor in _LINK.findall(text)}
    mine = {key: known[key] for key in sorted(wanted & known.keys())}
    if not mine:
        return text
    script = data_script(mine, "mb-cards")
    return text.replace("</body>", f"{script}</body>", 1)


# -- what awaits the reader ----------------------------------------------------------------------------

_CLAIM = re.compile(
    r'<p class="mb-claim" id="([^"]+)"><b class="mb-claim-number">Claim ([\w.]+), checked</b> (.*?)</p>'
)
_TAGS = re.compile(r"<(script|style|svg|pre|mjx-container)\b.*?</\1>|<[^>]+>", re.S)


def minutes(article: str) -> int:
    """Minutes to read the running text of a page, without code."""
    return max(1, round(len(_TAGS.sub(" ", article).split()) / WORDS_A_MINUTE))


def with_summary(text: str, source: str, places: Mapping[str, str]) -> str:
    """A chapter with its reading time and its claims under the title.

    Parameters
    ----------
    text : str
        The page.
    source : str
        Way from the page to its notebook.
    places : mapping of str to str
        Words and address of where else the chapter runs.
    """
    # The first heading is one for print; the chapter's own stands in the article.
    heading = re.compile(r"<h1>.*?</h1>", re.S).search(text, text.find("<article"))
    claims = _CLAIM.findall(text)
    if heading is None or not claims:
        return text
    article = text[heading.end() : text.index("</article>")]
    explorers = article.count('<figure class="mb-figure mb-explorer"')
    facts = [
        f"{minutes(article)} minutes",
        f"{len(claims)} claims, each checked when this page was built",
    ]
    if explorers:
        facts.append("one explorer" if explorers == 1 else f"{explorers} explorers")
    items = "".join(
        f'<li><a href="#{anchor}">{number}</a> {words}</li>' for anchor, number, words in claims
    )
    links = {"Download the notebook": source, **places}
    ways = " · ".join(
        f'<a href="{html.escape(address)}"{" download" if address == source else ""}>{words}</a>'
        for words, address in links.items()
    )
    summary = (
        f'<p class="mb-meta">{" · ".join(facts)}<br>{ways}</p>'
        f'<details class="mb-summary"><summary>What this chapter claims</summary><ol>{items}</ol></details>'
    )
    return text[: heading.end()] + summary + text[heading.end() :]


@functools.cache
def _about_the_book() -> Mapping[str, Any]:
    return yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def with_citation(text: str, site: str, name: str) -> str:
    """A chapter that says at its end how to cite it."""
    heading = re.compile(r"<h1>(.*?)<a class=\"headerlink", re.S).search(
        text, text.find("<article")
    )
    if heading is None:
        return text
    title = " ".join(html.unescape(re.sub(r"<[^>]+>", "", heading[1])).split()).lstrip(
        "0123456789. "
    )
    about = _about_the_book()
    year = str(about["date-released"])[:4]
    key = "mirage-book-" + re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    address = f"{site}{name}" if site else ""
    entry = [
        f"@incollection{{{key},", f"  title     = {{{title}}},", "  author    = {{The Mirage Book authors}},",
        "  booktitle = {The Mirage Book},", f"  version   = {{{about['version']}}},", f"  year      = {{{year}}},",
    ]  # fmt: skip
    if address:
        entry.append(f"  url       = {{{address}}},")
    words = (
        f"The Mirage Book authors ({year}). {title}. In <cite>The Mirage Book</cite>, version {about['version']}."
        + (f" {address}" if address else "")
    )
    block = (
        f'<details class="mb-cite"><summary>Cite this chapter</summary><p>{words}</p>'
        f'<pre tabindex="0">{html.escape(chr(10).join([*entry, "}"]))}</pre></details>'
    )
    end = text.index("</article>")
    return text[:end] + block + text[end:]
