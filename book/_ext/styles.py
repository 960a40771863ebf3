"""One style sheet for all pages, with the rules that some page can use.

The theme brings more than ten sheets and half a megabyte of rules, of which a page uses a few
hundred. A browser must read all of them before it shows the first word.
"""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterable
from pathlib import Path

import tinycss2
from tinycss2.ast import Node, QualifiedRule

_LINKED = re.compile(
    r'[ \t]*<link\b(?=[^>]*\brel="stylesheet")[^>]*\bhref="'
    r'(?P<static>[^"]*\b_static/)(?P<sheet>[^"?]+)[^"]*"[^>]*>\n?'
)
# Other files that a sheet speaks of: sheets to import, and anything else.
_ELSEWHERE = re.compile(
    r"""@import\s+(?:url\(\s*)?["'](?P<import>[^"']+)["']\s*\)?\s*;"""
    r"""|url\(\s*(?P<quote>["']?)(?P<address>[^)"']+)(?P=quote)\s*\)"""
)
_NAMES = re.compile(r'\b(?:class|id|for|href)="#?([^"]*)"')
_WORD = re.compile(r"[A-Za-z_][\w-]*")
# Rules that hold other rules.
_NESTING = {"media", "supports", "layer", "container"}


def linked(text: str) -> list[str]:
    """The style sheets of a page in their order, by their place among the static files."""
    return [match["sheet"] for match in _LINKED.finditer(text)]


def with_one(text: str, sheet: str) -> str:
    """A page with one style sheet in place of all those it is linked to (if to any)."""
    first = _LINKED.search(text)
    if first is None:
        return text
    tag = f'<link rel="stylesheet" href="{first["static"]}{sheet}" />\n'
    return text[: first.start()] + tag + _LINKED.sub("", text[first.start() :])


def read(static: Path, sheet: str) -> str:
    """A sheet as it stands at the root of the static files, with those that it imports.

    Parameters
    ----------
    static : Path
        That root.
    sheet : str
        Where the sheet lies, relative to it.
    """
    folder = posixpath.dirname(sheet)

    def move(match: re.Match[str]) -> str:
        address = match["import"] or match["address"]
        if address.startswith(("data:", "#", "/")) or "://" in address:
            return match[0]
        moved = posixpath.normpath(posixpath.join(folder, address))
        return read(static, moved) if match["import"] else f'url("{moved}")'

    return _ELSEWHERE.sub(move, (static / sheet).read_text(encoding="utf-8"))


class Names:
    """What the classes and ids of the pages can be.

    Parameters
    ----------
    pages, scripts : iterable of str
        Every page, and every script that runs on them: a word of a script may become a class, and a
        word with a hyphen the beginning of one.
    """

    def __init__(self, pages: Iterable[str], scripts: Iterable[str]) -> None:
        self.known: set[str] = set()
        for text in pages:
            for value in _NAMES.findall(text):
                self.known.update(value.split())
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
    if rule.type == "at-rule" and rule.lower_at_keyword == "charset":
        return ""
    return rule.serialize().strip()


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
