"""What helps a reader along: terms that explain themselves, cards, a line on what awaits them."""

from __future__ import annotations

import functools
import html
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import live
import lxml.html
import mathematics
import site_address
import yaml
from docutils import nodes
from pybtex.backends.plaintext import Backend
from sphinx.application import Sphinx

from mirage_utils.page.markup import data_script

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = "book/glossary"
WORDS_A_MINUTE = 220
EVERYDAY = frozenset({"claim", "exponent", "induction", "level", "scale", "sensitivity", "width"})
"""Terms that are words of everyday English, too: a link from each first mention would often explain another word."""

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
    terms = {word: at for word, at in glossary_terms(app).items() if word not in EVERYDAY}
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


@functools.cache  # one build, one book
def _texts(app: Sphinx) -> Mapping[str, str]:
    """What is said of terms and references, by the name of the page and the anchor."""
    found = {}
    if GLOSSARY in app.env.found_docs:
        for entry in app.env.get_doctree(GLOSSARY).findall(nodes.definition_list_item):
            words = " ".join(entry.next_node(nodes.definition).astext().split())
            found[f"glossary.html#{entry.next_node(nodes.term)['ids'][0]}"] = words
    for citation in app.env.get_domain("cite").citations:
        found[f"references.html#{citation.citation_id}"] = " ".join(
            citation.formatted_entry.text.render(Backend()).split()
        )
    return found


@functools.cache
def _equations(app: Sphinx) -> Mapping[str, str]:
    """TeX of every numbered equation, likewise."""
    places = app.env.get_domain("math").equations.values()
    return {
        f"{posixpath.basename(name)}.html#{anchor}": mathematics.source(block)
        for name in sorted({name for name, _ in places})
        for block in app.env.get_doctree(name).findall(nodes.math_block)
        for anchor in block["ids"]
    }


def cards(app: Sphinx, doctree: nodes.document) -> dict[str, str]:
    """What the cards of a page's links say: of terms and references text, of other pages' equations MathML."""
    found = {}
    for link in doctree.findall(nodes.reference):
        address = posixpath.basename(link.get("refuri", ""))
        if address in _texts(app):
            found[address] = _texts(app)[address]
        elif address in _equations(app):
            found[address] = mathematics.typesetter().mathml(_equations(app)[address])
    return dict(sorted(found.items()))


def add_cards(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give a page the cards of its own links."""
    if doctree and (mine := cards(app, doctree)):
        context["body"] += data_script(mine, "mb-cards")


# -- what awaits the reader ----------------------------------------------------------------------------

# Of outputs: everything but drawings, scripts and code.
_SAID = "//text()[not(ancestor::svg or ancestor::script or ancestor::style or ancestor::pre)]"


def running_text(part: nodes.Node) -> str:
    """What is to be read in a part of a page: prose, captions and tables, not code and drawings."""
    pieces, before = [], None
    for text in part.findall(nodes.Text):
        parent = text.parent
        if isinstance(parent, nodes.raw):
            output = lxml.html.fragment_fromstring(text, create_parent=True)
            pieces += [" ", " ".join(output.getroottree().xpath(_SAID)), " "]
        if isinstance(parent, (nodes.raw, nodes.literal_block, nodes.math_block, nodes.Invisible)):
            continue
        if isinstance(parent, nodes.math) and "\\" in text:
            continue  # TeX that only TeX can read
        while isinstance(parent, nodes.Inline):
            parent = parent.parent
        pieces += [text] if parent is before else [" ", text]
        before = parent
    return "".join(pieces)


def minutes(page: nodes.Node) -> int:
    """Minutes to read the running text of a page, without code."""
    return max(1, round(len(running_text(page).split()) / WORDS_A_MINUTE))


def _claims(chapter: nodes.document) -> Iterator[tuple[str, str]]:
    """Anchor and words of the claims of a chapter."""
    for raw in chapter.findall(nodes.raw):
        if 'class="mb-claim"' in raw.astext():
            # The fold for the sceptic follows.
            claim, *_ = lxml.html.fragments_fromstring(raw.astext())
            yield claim.get("id"), claim[0].tail.strip()


def introduce(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give a chapter its reading time and its claims under the title, and at its end how to cite it."""
    if app.builder.format != "html" or not docname.startswith("notebooks/"):
        return
    title = doctree.next_node(nodes.title)
    claims = list(_claims(doctree))
    if title is None or not claims:
        return
    explorers = sum(
        'class="mb-figure mb-explorer"' in r.astext() for r in doctree.findall(nodes.raw)
    )
    site, repository = site_address.addresses()
    above = _summary(doctree, claims, explorers, docname, repository)
    section = title.parent
    section.insert(section.index(title) + 1, nodes.raw("", above, format="html"))
    doctree += nodes.raw(
        "", _citation(title.astext(), site and f"{site}{docname}.html"), format="html"
    )


def _summary(
    chapter: nodes.document,
    claims: list[tuple[str, str]],
    explorers: int,
    name: str,
    repository: str,
) -> str:
    facts = [
        f"{minutes(chapter)} minutes",
        f"{len(claims)} claims, each checked when this page was built",
    ]
    if explorers:
        facts.append("one explorer" if explorers == 1 else f"{explorers} explorers")
    items = "".join(
        f'<li><a href="#{anchor}">{anchor.removeprefix("claim-").replace("-", ".")}</a> {html.escape(words)}</li>'
        for anchor, words in claims
    )
    ways = [f'<a href="../_sources/{name}.ipynb" download>Download the notebook</a>']
    for words, address in site_address.launch_links(repository, name).items():
        ways.append(f'<a href="{html.escape(address)}">{words}</a>')
    return (
        f'<p class="mb-meta">{" · ".join(facts)}<br>{live.BUTTON}{" · ".join(ways)}</p>'
        f'<details class="mb-summary"><summary>What this chapter claims</summary><ol>{items}</ol></details>'
    )


@functools.cache
def _about_the_book() -> Mapping[str, Any]:
    return yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def _citation(title: str, address: str) -> str:
    """How to cite a chapter, folded, in words and for BibTeX; its address may be empty."""
    about = _about_the_book()
    year = str(about["date-released"])[:4]
    key = f"mirage-book-{nodes.make_id(title)}"
    entry = [
        f"@incollection{{{key},", f"  title     = {{{title}}},", "  author    = {{The Mirage Book authors}},",
        "  booktitle = {The Mirage Book},", f"  version   = {{{about['version']}}},", f"  year      = {{{year}}},",
    ]  # fmt: skip
    if address:
        entry.append(f"  url       = {{{address}}},")
    words = f"The Mirage Book authors ({year}). {html.escape(title)}. In <cite>The Mirage Book</cite>, version {about['version']}."
    return (
        f'<details class="mb-cite"><summary>Cite this chapter</summary><p>{words}{address and f" {address}"}</p>'
        f'<pre tabindex="0">{html.escape(chr(10).join([*entry, "}"]))}</pre></details>'
    )
