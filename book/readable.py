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
from typing import Any, NamedTuple

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from mirage_utils.page.numerals import typeset
from mirage_utils.page.parts import BOXES, LABORATORY, LEAD
from mirage_utils.page.quiz import sentence

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = ROOT / "notebooks"

# Tags of code that the page folds or leaves out.
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}

Numbers = Mapping[str, Any]


@dataclass(frozen=True)
class Published:
    """What a copy shows of a run of its chapter.

    Parameters
    ----------
    numbers : mapping of str to bool, int, float or str
        Values that the text pastes, by name.
    printed : mapping of str to str
        What the code of solutions printed, by the place of the cell among the chapter's code cells.
    """

    numbers: Numbers
    printed: Mapping[str, str] = field(default_factory=dict)


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


@functools.cache
def _library() -> Mapping[str, str]:
    """The page on which each module of the library is described, as a way from a chapter."""
    return {
        module: f"../book/api/{page.name}"
        for page in sorted((ROOT / "book" / "api").glob("*.md"))
        for module in re.findall(r"^```\{api\} (\S+)", page.read_text(encoding="utf-8"), re.M)
    }


_EQUATION = re.compile(r"\$\$([^$]*)\$\$(?: *\((eq-[\w-]+)\))?")


def chapters() -> list[Path]:
    """The chapters as they are written, in order."""
    return sorted(CHAPTERS.glob("[0-9]*.ipynb"))


@functools.cache
def _equations() -> Mapping[str, str]:
    """Number of each labelled equation, as the book counts them."""
    found = {}
    for chapter in chapters():
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
    needs : str
        What ``pip install`` must bring before the chapter runs; empty where it is installed.
    installs : bool
        Whether the first code cell does that.
    """

    live: bool = False
    site: str = ""
    beside: bool = True
    needs: str = ""
    installs: bool = False

    def address(self, way: str) -> str:
        """Where a link within the book leads from the copy; empty if nowhere. Notebooks have no anchors."""
        target, _, anchor = way.partition("#")
        path = (CHAPTERS / target).resolve()
        if self.beside and path.parent == CHAPTERS:
            return target
        if not self.site:
            return ""
        page = path.relative_to(ROOT).with_suffix(".html").as_posix()
        return f"{self.site}{page}" + (f"#{anchor}" if anchor else "")


# -- text -------------------------------------------------------------------------------------------

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
            cited = [_citation(key.strip()) for key in content.split(",")]
            if role == "cite:t" and not bracketed:
                return ", ".join(_link(f"{who} ({year})", way) for who, year, way in cited)
            return "(" + "; ".join(_link(f"{who}, {year}", way) for who, year, way in cited) + ")"
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
        if label not in _equations():
            raise CopyError(f"no equation {label}")
        return _equations()[label]

    def doc(self, way: str) -> str:
        """A page of the book, by its title."""
        for suffix in (".ipynb", ".md"):
            path = (CHAPTERS / f"{way}{suffix}").resolve()
            if path.exists():
                return _link(_title(path), self.place.address(f"{way}{suffix}"))
        raise CopyError(f"no page {way}")

    def entry(self, content: str) -> str:
        """A name of the library, which leads to its entry where the book can be reached."""
        words, path = re.fullmatch(r"(?:(.*?) <)?([^<>]+?)>?", content).groups()
        name = path.removeprefix("~").removeprefix("!")
        if words is None:
            words = name.rpartition(".")[2] if path.startswith("~") else name
        modules = [module for module in _library() if name.startswith(f"{module}.")]
        if not modules:
            raise CopyError(f"no page on the library describes {name}")
        page = _library()[max(modules, key=len)]
        return _link(f"`{words}`", self.place.address(f"{page}#{name}"))

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
        return _link(f"claim {number}", self.place.address(f"{way}#{anchor}"))

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

        def link(match: re.Match[str]) -> str:
            return _link(match[1], self.place.address(match[2]))

        text = _COMMENT.sub("", _CODE.sub(keep, text))
        text = _AT_START.sub(" ", text)
        text = _EQUATION.sub(equation, text)
        text = _ROLE.sub(self.role, _LINK.sub(link, text))
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


_HEADING = re.compile(r"^#{1,4} ", re.M)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _fold(summary: str, text: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"


# -- a whole copy -----------------------------------------------------------------------------------

_LIVE_NOTE = (
    "Choose Run > Run All Cells to see figures and tables; the numbers in the text are then those of your run. Until "
    "then they are those of the published run."
)
_STILL_NOTE = "Run all cells to see figures and tables; the numbers in the text stay those of the published run."
# jupyterlab-myst would number every formula; those that the book numbers carry their number as a tag.
_NO_NUMBERS = "---\nnumbering:\n  equation: false\n---\n\n"


def _opening(source: str, chapter: str, place: Place) -> str:
    """The first cell with a line below its title: what the notebook belongs to, and how it is read."""
    title, _, rest = source.partition("\n")
    if not title.startswith("# "):
        raise CopyError(f"the first cell begins with {title[:40]!r}: expected '# ' and a title")
    book = _link("The Mirage Book", place.site and f"{place.site}book/intro.html")
    about = f"Chapter {int(chapter[:2])} of {book}. {_LIVE_NOTE if place.live else _STILL_NOTE}"
    if place.needs:
        about += f' The first code cell installs the book\'s library, which the others need: `pip install "{place.needs}"`.'
    return f"{_NO_NUMBERS if place.live else ''}{title}\n\n*{about}*\n{rest}"


def rewrite(
    notebook: NotebookNode, chapter: str, published: Published, place: Place
) -> NotebookNode:
    """A copy of a chapter.

    Parameters
    ----------
    notebook : NotebookNode
        The chapter as it is written.
    chapter : str
        Name of its file, without the suffix.
    published : Published
        What the copy shows of a run.
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
    maker = _Maker(chapter, published, place)
    try:
        for cell in notebook.cells:
            maker.add(cell)
        cells = maker.finished()
    except (ValueError, SyntaxError) as error:
        raise CopyError(f"{chapter}: {error}") from error
    result = copy.deepcopy(notebook)
    result.cells = cells
    result.nbformat_minor = max(result.nbformat_minor, 5)
    return result


class _Maker:
    """The cells of one copy, as they are made."""

    def __init__(self, chapter: str, published: Published, place: Place) -> None:
        self.chapter, self.published, self.place = chapter, published, place
        self.codes = 0  # code cells so far
        self.cells: list[NotebookNode] = []
        self.text: list[str] = []
        self.solution: list[str] | None = None  # parts of the solution under way, in a still copy
        self.within = False  # a solution has begun and not ended
        self.ended = False  # a solution has just ended: what follows must not fall into its fold
        self.aside = ""  # a margin note that waits for the paragraph it belongs to
        self.exercises = 0
        self.expressions: dict[str, str] = {}

    def add(self, cell: NotebookNode) -> None:
        if cell.cell_type == "code":
            self.code(cell)
        elif cell.cell_type == "markdown":
            for block in blocks(cell.source.replace("\r\n", "\n")):
                self.block(block)
            self.put_aside()
            if self.solution is None:
                self.flush()
        else:
            raise CopyError(f"a {cell.cell_type} cell: expected code or markdown")

    def block(self, block: str | Directive) -> None:
        heading = isinstance(block, str) and re.match(r"#{1,3} ", block)
        begins = isinstance(block, Directive) and block.name in ("exercise", "laboratory")
        if self.within and (begins or (isinstance(block, str) and _HEADING.search(block))):
            raise CopyError("a heading or an exercise within a solution would end its fold")
        if not heading and not begins:
            self.not_in_a_fold()
        self.ended = False
        if isinstance(block, str):
            self.prose(block)
        elif block.name == "margin":
            self.put_aside()
            self.aside = _quoted(self.inline(block.body))
        elif block.name == "admonition":
            self.admonition(block)
        elif block.name in BOXES:
            self.box(BOXES[block.name], self.inline(block.body))
        elif block.name == "laboratory":
            self.put_aside()
            self.flush()
            self.write(f"## {LABORATORY}\n\n*{LEAD}*")
            if block.body:
                self.write(self.inline(block.body))
        elif block.name == "exercise":
            self.put_aside()
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
            raise CopyError(f"a directive that no copy knows, {block.name}")

    def prose(self, text: str) -> None:
        """Running text; a margin note, which stands beside the next paragraph in the book, comes after it."""
        text = self.inline(text)
        if self.aside:
            parts = text.split("\n\n")
            at = next(
                (i for i, part in enumerate(parts, 1) if not part.startswith("#")), len(parts)
            )
            text = "\n\n".join([*parts[:at], self.aside, *parts[at:]])
            self.aside = ""
        self.write(text)

    def put_aside(self) -> None:
        """A margin note that no paragraph follows."""
        if self.aside:
            self.write(self.aside)
        self.aside = ""

    def box(self, title: str, text: str) -> None:
        """JupyterLab knows boxes; elsewhere a quotation stands out as one."""
        if self.place.live:
            self.write(f"::::{{admonition}} {title}\n\n{text}\n::::")
        else:
            self.write(_quoted(f"**{title}**\n\n{text}"))

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
        if self.within:
            raise CopyError("a solution begins before the last one ends")
        self.within = True
        self.put_aside()
        self.flush()
        if self.place.live:
            self.cells.append(
                new_markdown_cell("#### Solution", metadata={"jp-MarkdownHeadingCollapsed": True})
            )
        else:
            self.solution = []

    def end(self) -> None:
        if not self.within:
            raise CopyError("a solution ends that has not begun")
        self.within = False
        if self.solution is not None:
            parts, self.solution = self.solution, None
            self.write(_fold("Solution", "\n\n".join(parts)))
        self.flush()
        self.ended = self.place.live

    def question(self, question: str, options: Mapping[str, str]) -> None:
        """A question as text, with its answers folded: the code that asks it would show them."""
        choices = "\n".join(f"- {option}" for option in options)
        answers = "\n".join(
            f"- **{sentence(option)}** {answer}" for option, answer in options.items()
        )
        self.write(f"**Predict first.** {question}\n\n{choices}\n\n{_fold('The answers', answers)}")
        self.flush()

    def not_in_a_fold(self) -> None:
        """JupyterLab ends a fold at the next heading of its rank: anything before it would be hidden too."""
        if self.ended:
            raise CopyError("a heading or an exercise must follow a solution")

    def inline(self, text: str) -> str:
        writer = Text(self.chapter, self.published.numbers, self.place, self.expressions)
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
                source = _opening(source, self.chapter, self.place)
            cell = new_markdown_cell(source)
            if self.expressions:
                cell.metadata["user_expressions"] = [
                    {"expression": expression, "result": _result(printed)}
                    for expression, printed in self.expressions.items()
                ]
            self.cells.append(cell)
        self.text, self.expressions = [], {}
        if self.place.installs and len(self.cells) == 1:
            source = f'# @title Install the library\n%pip install -q "{self.place.needs}"'
            self.cells.append(new_code_cell(source, metadata={"cellView": "form"}))

    def code(self, cell: NotebookNode) -> None:
        at, self.codes = str(self.codes), self.codes + 1
        if self.solution is not None:
            ticks = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", cell.source)), 0)
            self.solution.append(f"{ticks}python\n{cell.source}\n{ticks}")
            if at in self.published.printed:
                self.solution.append(self.published.printed[at])
            return
        self.not_in_a_fold()
        source = cell.source
        if not self.place.live and (question := asked(source)):
            self.question(question.question, question.options)
            source = question.figure
            if not source:
                return
        self.flush()
        last = self.cells[-1] if self.cells else None
        tags = set(cell.metadata.get("tags", []))
        # Whoever runs a copy may change its parameters, also where the page does not show them.
        folded = "parameters" not in tags and bool(FOLDED & tags or only_imports(source))
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
        if self.within:
            raise CopyError("a solution that does not end")
        for i, cell in enumerate(self.cells):
            cell.id = f"cell-{i}"
            if cell.metadata.pop("only_glues", None) is not None:
                # JupyterLab shows the first line of collapsed code, Colab the title in it.
                mark = "" if self.place.live else "@title "
                cell.source = f"# {mark}{_what(cell.source)}\n{cell.source}"
        return self.cells


def in_solutions(notebook: NotebookNode) -> list[int]:
    """Places of the code cells that belong to solutions, among all code cells."""
    found, within, at = [], False, 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            if within:
                found.append(at)
            at += 1
        else:
            marks = re.findall(r"^`{3,}\{solution-(start|end)\}", cell.source, re.M)
            within = marks[-1] == "start" if marks else within
    return found


def shown(cell: NotebookNode) -> str:
    """What a cell printed, as Markdown: text and formulas; of figures and tables nothing."""
    parts, streamed = [], ""
    for output in [*cell.get("outputs", []), new_output("display_data")]:
        data = output.get("data", {})
        if output.output_type == "stream":  # which may come in pieces, cut anywhere
            streamed += output.text if output.name == "stdout" else ""
            continue
        if streamed:
            parts.append(f"```text\n{streamed.rstrip()}\n```")
            streamed = ""
        if "text/latex" in data:
            formula = data["text/latex"].strip().strip("$")
            parts.append("$$\n" + formula.removeprefix("\\displaystyle ").strip() + "\n$$")
        elif output.output_type == "execute_result" and "text/html" not in data:
            parts.append(f"```text\n{data['text/plain'].rstrip()}\n```")
    return "\n\n".join(parts)


def _result(printed: str) -> dict[str, Any]:
    """A value as jupyterlab-myst stores it, so that it shows before anything has run."""
    return {"status": "ok", "data": {"text/plain": repr(printed)}, "metadata": {}}


class Asked(NamedTuple):
    """A question as it stands in a cell: its words, what is said of each answer, and code that shows the figure."""

    question: str
    options: Mapping[str, str]
    figure: str


def asked(source: str) -> Asked | None:
    """The question of a cell that ends in `quiz.ask`, or is nothing but `quiz.choose`; None for other code.

    Raises
    ------
    CopyError
        If the question is not the last statement, or is not written out in it.
    """
    statements = _statements(source)
    names = [
        ast.unparse(n.func) for s in statements for n in ast.walk(s) if isinstance(n, ast.Call)
    ]
    names = [name for name in names if name.split(".")[-1] in ("ask", "choose")]
    if not names:
        return None
    last = statements[-1]
    call = last.value if isinstance(last, ast.Expr) else None
    within = isinstance(call, ast.Call) and names == [ast.unparse(call.func)]
    alone = {ast.unparse(s) for s in statements[:-1]} <= {"from mirage_utils.page import quiz"}
    if (
        not within
        or names not in (["quiz.ask"], ["quiz.choose"])
        or not (names[0] == "quiz.ask" or alone)
    ):
        raise CopyError(
            f"a question needs a cell of its own, or ends one with quiz.ask(...): {source[:60]!r}"
        )
    try:
        _, question, options = (ast.literal_eval(argument) for argument in call.args[:3])
    except ValueError:
        raise CopyError(f"a question that is not written out: {source[:60]!r}") from None
    if names[0] == "quiz.choose":
        return Asked(question, options, "")
    # The figure in the place of the question.
    reveals = [*call.args[3:], *(given.value for given in call.keywords)][0]
    whole, figure = (ast.get_source_segment(source, node) for node in (last, reveals))
    return Asked(question, options, source.replace(whole, figure))


# What a collapsed cell does, by a call in it; the first that fits.
_GLUES = "Numbers for the text"
_TITLES = {
    "quiz": "A question to answer first",
    "explorers": "An explorer",
    "plots.show": "A figure",
    "claim": "A claim, and its check",
    "table": "A table",
    "glue": _GLUES,
}


def _statements(source: str) -> list[ast.stmt]:
    """The statements of a cell; none where it holds more than Python, such as a magic."""
    try:
        return ast.parse(source).body
    except SyntaxError:
        return []


def _calls(source: str) -> dict[str, ast.Call]:
    """The calls of a cell by what they call."""
    found = {}
    for statement in _statements(source):
        for node in ast.walk(statement):
            if isinstance(node, ast.Call):
                found.setdefault(ast.unparse(node.func), node)
    return found


def _what(source: str) -> str:
    """A title for collapsed code."""
    calls = _calls(source)
    for name, title in _TITLES.items():
        call = next((c for n, c in calls.items() if n == name or n.startswith(f"{name}.")), None)
        if call is None:
            continue
        if name == "claim" and call.args and isinstance(call.args[0], ast.Constant):
            return f"Claim {call.args[0].value}, and its check"
        # A table shown by its name alone says more of the cell than the numbers glued in it.
        return "A table" if name == "glue" and not _ends_in_glue(source) else title
    return "Imports" if only_imports(source) else "Code of this step"


def _ends_in_glue(source: str) -> bool:
    """Whether nothing is shown by the last line, so that more code may follow in the same cell."""
    last = _statements(source)[-1:]
    return bool(last) and ast.unparse(last[0]).startswith("glue(")


def only_imports(source: str) -> bool:
    """Whether code does nothing but import, set the style of the figures, and take the parameters as they came."""
    statements = _statements(source)
    plain = [s for s in statements if not isinstance(s, (ast.Import, ast.ImportFrom))]
    return len(plain) < len(statements) and all(
        ast.unparse(statement)
        in ("plots.apply_style()", "parameters.read(globals())", "begin(globals())")
        for statement in plain
    )
