"""A whole copy of a chapter."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from mirage_utils.page.parts import BOXES, LABORATORY, LEAD
from mirage_utils.page.questions import sentence

from .base import CopyError, Published
from .code import FOLDED, GLUES, asked, ends_in_glue, only_imports, what
from .references import Place, link
from .text import HEADING, Directive, Text, blocks, fold, quoted

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
    book = link("The Mirage Book", place.site and f"{place.site}book/intro.html")
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
        if self.within and (begins or (isinstance(block, str) and HEADING.search(block))):
            raise CopyError("a heading or an exercise within a solution would end its fold")
        if not heading and not begins:
            self.not_in_a_fold()
        self.ended = False
        if isinstance(block, str):
            self.prose(block)
        elif block.name == "margin":
            self.put_aside()
            self.aside = quoted(self.inline(block.body))
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
            self.write(quoted(f"**{title}**\n\n{text}"))

    def admonition(self, block: Directive) -> None:
        text, title = self.inline(block.body), self.inline(block.argument)
        if block.options.get("class") != "dropdown":
            self.write(quoted(f"**{title}**\n\n{text}"))
        elif self.place.live:
            self.write(f"::::{{admonition}} {title}\n:class: dropdown\n\n{text}\n::::")
        else:
            self.write(fold(title, text))

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
            self.write(fold("Solution", "\n\n".join(parts)))
        self.flush()
        self.ended = self.place.live

    def question(self, question: str, options: Mapping[str, str]) -> None:
        """A question as text, with its answers folded: the code that asks it would show them."""
        choices = "\n".join(f"- {option}" for option in options)
        answers = "\n".join(
            f"- **{sentence(option)}** {answer}" for option, answer in options.items()
        )
        self.write(f"**Predict first.** {question}\n\n{choices}\n\n{fold('The answers', answers)}")
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
            made.metadata["only_glues"] = what(source) == GLUES and ends_in_glue(source)
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
                cell.source = f"# {mark}{what(cell.source)}\n{cell.source}"
        return self.cells


def _result(printed: str) -> dict[str, Any]:
    """A value as jupyterlab-myst stores it, so that it shows before anything has run."""
    return {"status": "ok", "data": {"text/plain": repr(printed)}, "metadata": {}}
