"""The MyST of a chapter as plain Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mirage_utils.page.numerals import typeset

from .base import CHAPTERS, CopyError, Numbers
from .references import EQUATION, Place, citation, equations, library, link, title

_ROLE = re.compile(r"(\()?\{([\w:-]+)\}`([^`]+)`(\))?")
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)\s]+)\)")
_COMMENT = re.compile(r"^<!--.*?-->\n|<!--.*?-->", re.M | re.S)
# Code, in a block or within a sentence; and roles, which look like code and are none.
_CODE = re.compile(
    r"^ *(?P<fence>`{3,}|~{3,})(?!\{)[^\n]*\n.*?^ *(?P=fence) *$|(?P<role>\{[\w:-]+\}`[^`]+`)|(?<!`)(?P<ticks>`{1,2})(?!`).+?(?<!`)(?P=ticks)(?!`)",
    re.M | re.S,
)
# A number that begins a line must not begin a list there, as "17." would.
_AT_START = re.compile(r"(?<=[^\n])\n(?=\{glue:text\})")
# What only MyST understands.
_MARKUP = re.compile(
    r"\{(?!eval\})[\w:-]+\}`|^ *(?:`{3,}|~{3,}|:{3,})\{(?!admonition\})[^\n]*|\(eq-[^\n]*|^\([\w-]+\)=|\{\{[^\n]*\}\}"
    r"|\]\{[.#][^\n]*",
    re.M,
)


@dataclass
class Text:
    """Turns the MyST of one chapter into Markdown, and notes the expressions it leaves in it."""

    chapter: str
    numbers: Numbers
    place: Place
    expressions: dict[str, str] = field(default_factory=dict)

    def number(self, content: str) -> str:
        """A pasted number, printed as the book prints it."""
        name, _, spec = content.partition(":")
        if name not in self.numbers:
            raise CopyError(f"the text pastes {name}, of which no value is known")
        printed = typeset(format(self.numbers[name], spec))
        if "`" in printed:
            raise CopyError(f"{name} = {printed!r}: expected a value without backticks")
        if not self.place.live:
            return printed
        given = ", ".join(json.dumps(part, ensure_ascii=False) for part in (content, printed))
        # An import of its own, so that no order of running cells can leave it without a meaning.
        expression = f'__import__("mirage_utils").page.pasted({given})'
        self.expressions[expression] = printed
        return f"{{eval}}`{expression}`"

    def role(self, match: re.Match[str]) -> str:
        """One role as Markdown."""
        before, role, content, after = match.groups()
        if bracketed := bool(before and after and role.startswith("cite")):
            before = after = ""  # a citation brings brackets of its own
        return f"{before or ''}{self.plain(role, content, bracketed)}{after or ''}"

    def plain(self, role: str, content: str, bracketed: bool) -> str:
        """A role by its name and content; `bracketed` says of a citation that it stands alone in brackets."""
        if role == "glue:text":
            return self.number(content)
        if role == "math":
            return f"${content}$"
        if role in ("cite", "cite:p", "cite:t"):
            cited = [citation(key.strip()) for key in content.split(",")]
            if role == "cite:t" and not bracketed:
                return ", ".join(link(f"{who} ({year})", way) for who, year, way in cited)
            return "(" + "; ".join(link(f"{who}, {year}", way) for who, year, way in cited) + ")"
        if role == "doc":
            return self.doc(content)
        if role == "eq":
            return f"equation {self.equation(content)}"
        if role == "claim":
            return self.claim(content)
        if role.startswith("py:"):
            return self.entry(content)
        raise CopyError(f"a role that no copy knows, {{{role}}}`{content}`")

    @staticmethod
    def equation(label: str) -> str:
        """Number of an equation."""
        if label not in equations():
            raise CopyError(f"no equation {label}")
        return equations()[label]

    def doc(self, way: str) -> str:
        """A page of the book, by its title."""
        for suffix in (".ipynb", ".md"):
            path = (CHAPTERS / f"{way}{suffix}").resolve()
            if path.exists():
                return link(title(path), self.place.address(f"{way}{suffix}"))
        raise CopyError(f"no page {way}")

    def entry(self, content: str) -> str:
        """A name of the library, which leads to its entry where the book can be reached."""
        words, path = re.fullmatch(r"(?:(.*?) <)?([^<>]+?)>?", content).groups()
        name = path.removeprefix("~").removeprefix("!")
        if words is None:
            words = name.rpartition(".")[2] if path.startswith("~") else name
        modules = [module for module in library() if name.startswith(f"{module}.")]
        if not modules:
            raise CopyError(f"no page on the library describes {name}")
        page = library()[max(modules, key=len)]
        return link(f"`{words}`", self.place.address(f"{page}#{name}"))

    def claim(self, number: str) -> str:
        """A numbered claim, and the chapter that makes it."""
        chapter = number.partition(".")[0]
        if chapter == "E":
            way = "../book/errata.md"
        else:
            found = list(CHAPTERS.glob(f"{int(chapter):02d}_*.ipynb"))
            if len(found) != 1:
                raise CopyError(f"no chapter holds claim {number}")
            way = found[0].name
        if way == f"{self.chapter}.ipynb":
            return f"claim {number}"
        anchor = f"claim-{number.replace('.', '-').lower()}"
        return link(f"claim {number}", self.place.address(f"{way}#{anchor}"))

    def inline(self, text: str) -> str:
        """Roles, links within the book and labelled equations as Markdown, no comments; code is left as it is."""
        kept: list[str] = []

        def keep(match: re.Match[str]) -> str:
            if match["role"]:
                return match[0]
            kept.append(match[0])
            return f"\0{len(kept) - 1}\0"

        def equation(match: re.Match[str]) -> str:
            inside, label = match.groups()
            tag = rf"\tag{{{self.equation(label)}}}" if label else ""
            body = inside.rstrip()
            return f"$${body} {tag}{inside[len(body) :]}$$" if tag else match[0]

        def linked(match: re.Match[str]) -> str:
            return link(match[1], self.place.address(match[2]))

        text = _COMMENT.sub("", _CODE.sub(keep, text))
        text = _AT_START.sub(" ", text)
        text = EQUATION.sub(equation, text)
        text = _ROLE.sub(self.role, _LINK.sub(linked, text))
        if left := _MARKUP.search(text):
            raise CopyError(f"markup that no copy knows, {left[0][:60]!r}")
        return re.sub("\0(\\d+)\0", lambda m: kept[int(m[1])], text)


@dataclass(frozen=True)
class Directive:
    """A fenced block of MyST: name, argument, options and what stands in it."""

    name: str
    argument: str
    options: Mapping[str, str]
    body: str


_DIRECTIVE = re.compile(r"^(`{3,})\{([\w-]+)\}[ ]*([^\n]*)\n(.*?)^\1 *(?:\n|\Z)", re.M | re.S)
_OPTION = re.compile(r":([\w-]+):[ ]*([^\n]*)\n")


def blocks(text: str) -> Iterator[str | Directive]:
    """Running text and directives of a cell, in order."""
    end = 0
    for match in _DIRECTIVE.finditer(text):
        if before := text[end : match.start()].strip("\n"):
            yield before
        _, name, argument, body = match.groups()
        options = {}
        while option := _OPTION.match(body):
            options[option[1]] = option[2].strip()
            body = body[option.end() :]
        yield Directive(name, argument.strip(), options, body.strip("\n"))
        end = match.end()
    if rest := text[end:].strip("\n"):
        yield rest


HEADING = re.compile(r"^#{1,4} ", re.M)


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def fold(summary: str, text: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"
