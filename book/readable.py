"""A chapter as a notebook that reads like the book: its MyST as plain Markdown, its code and answers folded.

Pure functions of the chapter and of its numbers; `copies` writes the results where readers find them. What
these functions do not know, a role or a directive that no chapter has used yet, they refuse, so that no reader
meets it as markup.
"""

from __future__ import annotations

import ast
import copy
import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = ROOT / "notebooks"

# Tags of code that the page folds or leaves out.
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}

Numbers = Mapping[str, Any]


class CopyError(ValueError):
    """A chapter holds something that no copy knows how to show."""


_PASTED = re.compile(r"\{glue:text\}`([^`]+)`")


def pasted(notebook: NotebookNode) -> list[str]:
    """What the text pastes, as ``name`` or ``name:format``, in order."""
    prose = (c.source for c in notebook.cells if c.cell_type == "markdown")
    return [content for text in prose for content in _PASTED.findall(text)]


# -- what a text refers to --------------------------------------------------------------------------


@functools.cache
def _bibliography() -> Mapping[str, Any]:
    from pybtex.database import parse_file

    return parse_file(str(ROOT / "book" / "references.bib")).entries


def _citation(key: str) -> tuple[str, str, str]:
    """Authors, year and address of an entry."""
    if key not in _bibliography():
        raise CopyError(f"no reference {key} in book/references.bib")
    entry = _bibliography()[key]
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [" ".join([*p.prelast_names, *p.last_names]).strip("{}") for p in people]
    more = len(names) > 2 or "others" in names[1:]
    authors = f"{names[0]} et al." if more else " and ".join(names)
    fields = entry.fields
    address = fields.get("url") or (f"https://doi.org/{fields['doi']}" if "doi" in fields else "")
    return authors, fields["year"], address


def _link(words: str, address: str) -> str:
    return f"[{words}]({address})" if address else words


@functools.cache
def _title(path: Path) -> str:
    """The first heading of a page or chapter."""
    if path.suffix == ".ipynb":
        text = nbformat.read(path, as_version=4).cells[0].source
    else:
        text = path.read_text(encoding="utf-8")
    return re.search(r"^# (.+)$", text, re.M)[1]


_EQUATION = re.compile(r"\$\$([^$]*)\$\$(?: *\((eq-[\w-]+)\))?")


@functools.cache
def _equations() -> Mapping[str, str]:
    """Number of each labelled equation, as the book counts them."""
    found = {}
    for chapter in sorted(CHAPTERS.glob("[0-9]*.ipynb")):
        text = "\n".join(c.source for c in nbformat.read(chapter, as_version=4).cells)
        labels = [label for _, label in _EQUATION.findall(text) if label]
        found |= {label: f"{int(chapter.name[:2])}.{i}" for i, label in enumerate(labels, 1)}
    return found


@dataclass(frozen=True)
class Place:
    """Where a copy is read, which decides what its text can be.

    Parameters
    ----------
    live : bool
        Whether text is rendered by jupyterlab-myst, beside a kernel.
    site : str
        Address of the built book, ending in a slash; empty where not known.
    beside : bool
        Whether the other chapters lie in the same folder.
    install : str
        What ``%pip install`` must bring before the chapter runs; empty where it is installed.
    """

    live: bool = False
    site: str = ""
    beside: bool = True
    install: str = ""

    def address(self, way: str) -> str:
        """Where a link within the book leads from the copy; empty if nowhere."""
        target, _, anchor = way.partition("#")
        path = (CHAPTERS / target).resolve()
        if self.beside and path.parent == CHAPTERS:
            return target
        if not self.site:
            return ""
        page = path.relative_to(ROOT).with_suffix(".html").as_posix()
        return f"{self.site}{page}" + (f"#{anchor}" if anchor else "")


# -- text -------------------------------------------------------------------------------------------

_ROLE = re.compile(r"\{([\w:-]+)\}`([^`]+)`")
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)\s]+)\)")
_COMMENT = re.compile(r"<!--.*?-->\n?", re.S)
_FENCED = re.compile(r"^(`{3,})(?!\{)[^\n]*\n.*?^\1 *$", re.M | re.S)


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
            raise CopyError(f"{self.chapter}: the text pastes {name}, of which no value is known")
        printed = format(self.numbers[name], spec)
        if not self.place.live:
            return printed
        given = ", ".join(json.dumps(part, ensure_ascii=False) for part in (content, printed))
        # An import of its own, so that no order of running cells can leave it without a meaning.
        expression = f'__import__("mirage_utils").chapter.pasted({given})'
        self.expressions[expression] = printed
        return f"{{eval}}`{expression}`"

    def role(self, match: re.Match[str]) -> str:
        """One role as Markdown."""
        role, content = match.groups()
        if role == "glue:text":
            return self.number(content)
        if role == "math":
            return f"${content}$"
        if role in ("cite", "cite:p", "cite:t"):
            cited = [_citation(key.strip()) for key in content.split(",")]
            if role == "cite:t":
                return ", ".join(_link(f"{who} ({year})", way) for who, year, way in cited)
            return "(" + "; ".join(_link(f"{who}, {year}", way) for who, year, way in cited) + ")"
        if role == "doc":
            return self.doc(content)
        if role == "eq":
            if content not in _equations():
                raise CopyError(f"{self.chapter}: no equation {content}")
            return f"equation {_equations()[content]}"
        if role == "claim":
            return self.claim(content)
        raise CopyError(f"{self.chapter}: a role that no copy knows, {match[0]}")

    def doc(self, way: str) -> str:
        """A page of the book, by its title."""
        for suffix in (".ipynb", ".md"):
            path = (CHAPTERS / f"{way}{suffix}").resolve()
            if path.exists():
                return _link(_title(path), self.place.address(f"{way}{suffix}"))
        raise CopyError(f"{self.chapter}: no page {way}")

    def claim(self, number: str) -> str:
        """A numbered claim, and the chapter that makes it."""
        chapter = number.partition(".")[0]
        if chapter == "E":
            way = "../book/errata.md"
        else:
            found = list(CHAPTERS.glob(f"{int(chapter):02d}_*.ipynb"))
            if len(found) != 1:
                raise CopyError(f"{self.chapter}: no chapter holds claim {number}")
            way = found[0].name
        if way == f"{self.chapter}.ipynb":
            return f"claim {number}"
        return _link(f"claim {number}", self.place.address(way))

    def inline(self, text: str) -> str:
        """Roles, links within the book and labelled equations as Markdown, no comments; code is left as it is."""
        kept: list[str] = []

        def keep(match: re.Match[str]) -> str:
            kept.append(match[0])
            return f"\0{len(kept) - 1}\0"

        def equation(match: re.Match[str]) -> str:
            inside, label = match.groups()
            tag = rf"\tag{{{_equations()[label]}}}" if label else ""
            body = inside.rstrip()
            return f"$${body} {tag}{inside[len(body) :]}$$" if tag else match[0]

        def link(match: re.Match[str]) -> str:
            return _link(match[1], self.place.address(match[2]))

        text = _COMMENT.sub("", _FENCED.sub(keep, text))
        text = _EQUATION.sub(equation, text)
        text = _ROLE.sub(self.role, _LINK.sub(link, text))
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


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _fold(summary: str, text: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"


# -- a whole copy -----------------------------------------------------------------------------------

_LIVE_NOTE = (
    "*Choose Run > Run All Cells: the numbers in the text are then those of your run, and follow what you change. "
    "Until then they are those of the published run.*"
)
# jupyterlab-myst would number every formula; those that the book numbers carry their number as a tag.
_NO_NUMBERS = "---\nnumbering:\n  equation: false\n---\n\n"
_STILL_NOTE = (
    "*The numbers in the text are those of the published run. They stay when you change a cell and run it; in "
    "JupyterLab, from a copy of the repository (`make lab`), they follow.*"
)


def rewrite(notebook: NotebookNode, chapter: str, numbers: Numbers, place: Place) -> NotebookNode:
    """A copy of a chapter.

    Parameters
    ----------
    notebook : NotebookNode
        The chapter as it is written.
    chapter : str
        Name of its file, without the suffix.
    numbers : mapping
        Values that the text pastes, by name.
    place : Place
        Where the copy is read.

    Returns
    -------
    NotebookNode

    Raises
    ------
    CopyError
        If a role, directive or reference is not known here, or a number is missing.
    """
    maker = _Maker(chapter, numbers, place)
    for cell in notebook.cells:
        maker.add(cell)
    result = copy.deepcopy(notebook)
    result.cells = maker.finished()
    result.nbformat_minor = max(result.nbformat_minor, 5)
    return result


class _Maker:
    """The cells of one copy, as they are made."""

    def __init__(self, chapter: str, numbers: Numbers, place: Place) -> None:
        self.chapter, self.numbers, self.place = chapter, numbers, place
        self.cells: list[NotebookNode] = []
        self.text: list[str] = []
        self.solution: list[str] | None = None  # parts of the solution under way, in a still copy
        self.ended = False  # a solution has just ended: what follows must not fall into its fold
        self.exercises = 0
        self.expressions: dict[str, str] = {}

    def add(self, cell: NotebookNode) -> None:
        if cell.cell_type == "code":
            self.code(cell)
            return
        for block in blocks(cell.source):
            self.block(block)
        if self.solution is None:
            self.flush()

    def block(self, block: str | Directive) -> None:
        heading = isinstance(block, str) and re.match(r"#{1,3} ", block)
        if not heading and not (isinstance(block, Directive) and block.name == "exercise"):
            self.not_in_a_fold()
        self.ended = False
        if isinstance(block, str):
            self.write(self.inline(block))
        elif block.name == "margin":
            self.write(_quoted(self.inline(block.body)))
        elif block.name == "admonition":
            self.admonition(block)
        elif block.name == "exercise":
            self.flush()
            self.exercises += 1
            title = f": {block.argument}" if block.argument else ""
            heading = f"### Exercise {int(self.chapter[:2])}.{self.exercises}{title}"
            self.write(f"{heading}\n\n{self.inline(block.body)}")
        elif block.name == "solution-start":
            self.start()
        elif block.name == "solution-end":
            self.end()
        else:
            raise CopyError(f"{self.chapter}: a directive that no copy knows, {block.name}")

    def admonition(self, block: Directive) -> None:
        text, title = self.inline(block.body), self.inline(block.argument)
        if block.options.get("class") != "dropdown":
            self.write(_quoted(f"**{title}**\n\n{text}"))
        elif self.place.live:
            self.write(f"::::{{admonition}} {title}\n:class: dropdown\n\n{text}\n::::")
        else:
            self.write(_fold(title, text))

    def start(self) -> None:
        """JupyterLab folds what stands under a heading; elsewhere only a text can be folded, code and all."""
        self.flush()
        if self.place.live:
            self.cells.append(
                new_markdown_cell("#### Solution", metadata={"jp-MarkdownHeadingCollapsed": True})
            )
        else:
            self.solution = []

    def end(self) -> None:
        if self.solution is not None:
            parts, self.solution = self.solution, None
            self.write(_fold("Solution", "\n\n".join(parts)))
        self.flush()
        self.ended = self.place.live

    def question(self, question: str, options: Mapping[str, str]) -> None:
        """A question as text, with its answers folded: the code that asks it would show them."""
        choices = "\n".join(f"- {option}" for option in options)
        answers = "\n".join(f"- **{option}** {answer}" for option, answer in options.items())
        self.write(f"**Predict first.** {question}\n\n{choices}\n\n{_fold('The answers', answers)}")
        self.flush()

    def not_in_a_fold(self) -> None:
        """JupyterLab ends a fold at the next heading of its rank: anything before it would be hidden too."""
        if self.ended:
            raise CopyError(f"{self.chapter}: a heading or an exercise must follow a solution")

    def inline(self, text: str) -> str:
        writer = Text(self.chapter, self.numbers, self.place, self.expressions)
        return writer.inline(text)

    def write(self, text: str) -> None:
        if self.solution is not None:
            self.solution.append(text)
        else:
            self.text.append(text)

    def flush(self) -> None:
        """End the cell of text under way."""
        if self.text:
            source = "\n\n".join(self.text)
            if not self.cells:
                title, _, rest = source.partition("\n")
                note = _LIVE_NOTE if self.place.live else _STILL_NOTE
                source = f"{title}\n\n{note}\n{rest}"
                if self.place.live:
                    source = _NO_NUMBERS + source
            cell = new_markdown_cell(source)
            if self.expressions:
                cell.metadata["user_expressions"] = [
                    {"expression": expression, "result": _result(printed)}
                    for expression, printed in self.expressions.items()
                ]
            self.cells.append(cell)
        self.text, self.expressions = [], {}
        if self.place.install and len(self.cells) == 1:
            install = new_code_cell(
                f'# @title Install the library\n%pip install -q "{self.place.install}"'
            )
            install.metadata["cellView"] = "form"
            self.cells.append(install)

    def code(self, cell: NotebookNode) -> None:
        if self.solution is not None:
            self.solution.append(f"```python\n{cell.source}\n```")
            return
        self.not_in_a_fold()
        question = None if self.place.live else asked(cell.source)
        if question is not None:
            self.question(*question)
            return
        self.flush()
        source, last = cell.source, self.cells[-1] if self.cells else None
        folded = bool(FOLDED & set(cell.metadata.get("tags", [])) or only_imports(source))
        if folded and last is not None and last.metadata.get("only_glues"):
            source = f"{self.cells.pop().source}\n\n{source}"  # one bar less to scroll over
        made = new_code_cell(source, metadata=copy.deepcopy(cell.metadata))
        if folded:
            made.metadata.setdefault("jupyter", {})["source_hidden"] = True  # JupyterLab, Notebook
            made.metadata["cellView"] = "form"  # Colab
            made.metadata["only_glues"] = _what(source) == _GLUES and _ends_in_glue(source)
        self.cells.append(made)

    def finished(self) -> list[NotebookNode]:
        self.flush()
        if self.solution is not None:
            raise CopyError(f"{self.chapter}: a solution that does not end")
        for i, cell in enumerate(self.cells):
            cell.id = f"cell-{i}"
            if cell.metadata.pop("only_glues", None) is not None:
                # JupyterLab shows the first line of collapsed code, Colab the title in it.
                mark = "" if self.place.live else "@title "
                cell.source = f"# {mark}{_what(cell.source)}\n{cell.source}"
        return self.cells


def _result(printed: str) -> dict[str, Any]:
    """A value as jupyterlab-myst stores it, so that it shows before anything has run."""
    return {"status": "ok", "data": {"text/plain": repr(printed)}, "metadata": {}}


def asked(source: str) -> tuple[str, Mapping[str, str]] | None:
    """Question and answers of a cell that asks by `predict.choose` and does nothing else; None for other code.

    Raises
    ------
    CopyError
        If the cell does more, or the question is not written out in it.
    """
    statements = ast.parse(source).body
    calls = [
        s.value for s in statements if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call)
    ]
    calls = [call for call in calls if ast.unparse(call.func) == "predict.choose"]
    if not calls:
        return None
    others = [ast.unparse(s) for s in statements if getattr(s, "value", None) is not calls[0]]
    try:
        _, question, options = (ast.literal_eval(argument) for argument in calls[0].args)
    except ValueError:
        raise CopyError(f"a question that is not written out: {source[:60]!r}") from None
    if set(others) - {"from mirage_utils import predict"}:
        raise CopyError(f"a question needs a cell of its own: {others}")
    return question, options


# What a collapsed cell does, by a call in it; the first that fits.
_GLUES = "Numbers for the text"
_TITLES = {
    "predict": "A question to answer first",
    "explore": "An explorer",
    "plots.show": "A figure",
    "claim": "A claim, and its check",
    "table": "A table",
    "glue": _GLUES,
}


def _what(source: str) -> str:
    """A title for collapsed code."""
    tree = ast.parse(source)
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for name, title in _TITLES.items():
        if any(call == name or call.startswith(f"{name}.") for call in calls):
            return title
    return "Imports" if only_imports(source) else "Code of this step"


def _ends_in_glue(source: str) -> bool:
    """Whether nothing is shown by the last line, so that more code may follow in the same cell."""
    last = ast.parse(source).body[-1]
    return isinstance(last, ast.Expr) and ast.unparse(last).startswith("glue(")


def only_imports(source: str) -> bool:
    """Whether code does nothing but import, set the style of the figures, and take the parameters as they came."""
    statements = ast.parse(source).body
    plain = [s for s in statements if not isinstance(s, (ast.Import, ast.ImportFrom))]
    return len(plain) < len(statements) and all(
        ast.unparse(statement) in ("plots.apply_style()", "parameters.read(globals())")
        for statement in plain
    )
