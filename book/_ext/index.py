"""The index: where each word of the glossary is treated, and where each work is cited."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import reading
from chapters import chapter_number
from docutils import nodes
from sphinx.application import Sphinx

PAGE = "book/index_of_words"
MOST = 6
"""Chapters listed for a word: those that mention it most often."""
_LAST = ("Exercises", "What this does not show")
"""Sections at the end of every chapter, which treat nothing of their own."""


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Write the lists of the index page at its end, and of no other page."""
    if docname != PAGE or app.builder.format != "html":
        return
    (section,) = doctree.findall(lambda n: isinstance(n, nodes.section) and n.parent is doctree)
    section += _part("words", "Words", _words(app))
    section += _part("works-cited", "Works cited", _works(app))


def _part(anchor: str, title: str, entries: Iterable[nodes.definition_list_item]) -> nodes.section:
    part = nodes.section("", nodes.title("", title), ids=[anchor])
    part += nodes.definition_list("", *entries, classes=["mb-index"])
    return part


def _entry(term: nodes.Node, places: list[nodes.Node]) -> nodes.definition_list_item:
    line = nodes.paragraph()
    for i, place in enumerate(places):
        if i:
            line += nodes.Text(" · ")
        line += place
    return nodes.definition_list_item("", nodes.term("", "", term), nodes.definition("", line))


def _link(app: Sphinx, target: str, anchor: str, words: str) -> nodes.reference:
    way = app.builder.get_relative_uri(PAGE, target) + (f"#{anchor}" if anchor else "")
    return nodes.reference("", "", nodes.inline("", words), internal=True, refuri=way)


def _chapters(app: Sphinx) -> list[tuple[int, str]]:
    numbered = ((chapter_number(name), name) for name in app.env.found_docs)
    return sorted((number, name) for number, name in numbered if number is not None)


def _sections(document: nodes.document) -> list[tuple[str, str, str]]:
    """Anchor, title and running text of the sections of a chapter; what stands before the first has no anchor."""
    found: dict[str, tuple[str, list[str]]] = {}
    for paragraph in document.findall(nodes.paragraph):
        node, inner = paragraph.parent, None
        while node is not None and not isinstance(node, nodes.document):
            if isinstance(node, nodes.section) and isinstance(node.parent, nodes.section):
                inner = node
            node = node.parent
        title = inner.next_node(nodes.title).astext() if inner is not None else ""
        anchor = inner["ids"][0] if inner is not None else ""
        found.setdefault(anchor, (title, []))[1].append(paragraph.astext())
    return [(anchor, title, " ".join(texts)) for anchor, (title, texts) in found.items()]


def _words(app: Sphinx) -> Iterable[nodes.definition_list_item]:
    terms = reading.glossary_terms(app)
    entries = app.env.get_doctree(reading.GLOSSARY).findall(nodes.term)
    spelt = {entry.astext().lower(): entry.astext() for entry in entries}
    ends = "|".join(re.escape(term) for term in sorted(terms, key=len, reverse=True))
    pattern = re.compile(rf"\b({ends})s?\b", re.I)
    counts: dict[str, list[tuple[float, int, str, str, str]]] = {term: [] for term in terms}
    for number, name in _chapters(app):
        best: dict[str, tuple[float, float, str, str]] = {}
        for anchor, title, text in _sections(app.env.get_doctree(name)):
            # What treats nothing of its own counts where nothing else does.
            weight = 1e-3 if title in _LAST else 1.0
            for term, found in Counter(m.lower() for m in pattern.findall(text)).items():
                times = weight * found
                before = best.get(term, (0, 0, "", ""))
                here = before[1] < times
                best[term] = (
                    before[0] + times,
                    times if here else before[1],
                    *((anchor, title) if here else before[2:]),
                )
        for term, (times, _, anchor, title) in best.items():
            counts[term].append((times, number, name, anchor, title))
    for term in sorted(terms):
        chosen = sorted(counts[term], key=lambda c: (-c[0], c[1]))[:MOST]
        places = [
            _link(app, name, anchor, f"{number} {title or app.env.titles[name].astext()}")
            for _, number, name, anchor, title in sorted(chosen, key=lambda c: c[1])
        ]
        if places:
            yield _entry(_link(app, reading.GLOSSARY, terms[term], spelt[term]), places)


def _works(app: Sphinx) -> Iterable[nodes.definition_list_item]:
    domain = app.env.get_domain("cite")
    where: dict[str, set[str]] = {}
    for reference in domain.citation_refs:
        for target in reference.targets:
            where.setdefault(target.key, set()).add(reference.docname)
    titles = app.env.titles
    for citation in sorted(domain.citations, key=lambda c: _name(c.entry)):
        pages = where.get(citation.key, set())
        numbered = sorted((chapter_number(p) or 10_000, p) for p in pages)
        places = [
            _link(app, page, "", str(number) if number < 10_000 else titles[page].astext())
            for number, page in numbered
        ]
        if places:
            yield _entry(
                _link(app, "book/references", citation.citation_id, _name(citation.entry)), places
            )


def _name(entry) -> str:
    """Author and year, as the text cites them."""
    people = [" ".join([*p.prelast_names, *p.last_names]) for p in entry.persons.get("author", [])]
    if len(people) == 2:
        people = [f"{people[0]} and {people[1]}"]
    elif len(people) > 2 or any(p == "others" for p in people):
        people = [f"{people[0]} et al."]
    return f"{people[0] if people else entry.fields.get('title', '')} {entry.fields.get('year', '')}".strip()
