"""One style sheet for all pages, with the rules that some page can use.

The theme brings more than ten sheets and half a megabyte of rules, of which a page uses a few
hundred. A browser must read all of them before it shows the first word.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

import tinycss2
from lxml.html import HtmlElement
from tinycss2.ast import Node, QualifiedRule

_WORD = re.compile(r"[A-Za-z_][\w-]*")
# Rules that hold other rules.
_NESTING = {"media", "supports", "layer", "container"}


class Names:
    """What the classes and ids of the pages can be.

    Parameters
    ----------
    pages : iterable of HtmlElement
        Every page.
    scripts : iterable of str
        Every script that runs on them: a word of it may become a class, and a word with a hyphen the
        beginning of one.
    """

    def __init__(self, pages: Iterable[HtmlElement], scripts: Iterable[str]) -> None:
        values = {value for page in pages for value in page.xpath("//@class | //@id | //@for")}
        self.known = {name for value in values for name in value.split()}
        words = {word for text in scripts for word in _WORD.findall(text)}
        self.known |= words
        self._beginnings = tuple(word.rstrip("-") + "-" for word in words if "-" in word)

    def __contains__(self, name: str) -> bool:
        return name in self.known or name.startswith(self._beginnings)


def only_used(css: str, names: Names) -> str:
    """A sheet without comments and without rules for classes and ids that no page can have."""
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return "\n".join(filter(None, (_kept(rule, names) for rule in rules)))


def _kept(rule: Node, names: Names) -> str:
    """The text of a rule, empty if nothing of it is used."""
    if isinstance(rule, QualifiedRule):
        selectors = [
            tinycss2.serialize(selector).strip()
            for selector in _split(rule.prelude)
            if all(name in names for name in _asked(selector))
        ]
        body = tinycss2.serialize(rule.content).strip()
        return f"{','.join(selectors)}{{{body}}}" if selectors and body else ""
    if rule.type == "at-rule" and rule.lower_at_keyword in _NESTING and rule.content is not None:
        inner = tinycss2.parse_blocks_contents(
            rule.content, skip_comments=True, skip_whitespace=True
        )
        body = "\n".join(filter(None, (_kept(part, names) for part in inner)))
        head = tinycss2.serialize(rule.prelude).strip()
        return f"@{rule.at_keyword} {head}{{{body}}}" if body else ""
    text = rule.serialize().strip()
    # Fonts are those of the reader's system: the theme's hold icons, which icons.css draws.
    font = rule.type == "at-rule" and rule.lower_at_keyword == "font-face" and "data:" not in text
    return "" if font or text.startswith("@charset") else text


def _split(prelude: list[Node]) -> list[list[Node]]:
    """The selectors between the commas (those within parentheses are not ours to split)."""
    found: list[list[Node]] = [[]]
    for token in prelude:
        if token == ",":
            found.append([])
        else:
            found[-1].append(token)
    return found


def _asked(selector: list[Node]) -> list[str]:
    """Classes and ids that an element must have; what stands in `:not(...)` and the like is let pass."""
    asked = [
        token.value
        for before, token in itertools.pairwise(selector)
        if before == "." and token.type == "ident"
    ]
    return asked + [token.value for token in selector if token.type == "hash"]
