"""The code of a chapter in a copy: questions, what it printed, what a folded cell is called."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import NamedTuple

from nbformat import NotebookNode
from nbformat.v4 import new_output

from .base import CopyError

# Tags of code that the page folds or leaves out.
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}


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
GLUES = "Numbers for the text"
_TITLES = {
    "quiz": "A question to answer first",
    "explorers": "An explorer",
    "figure": "A figure",
    "plots.show": "A figure",
    "claim": "A claim, and its check",
    "table": "A table",
    "glue": GLUES,
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


def what(source: str) -> str:
    """A title for collapsed code."""
    calls = _calls(source)
    for name, title in _TITLES.items():
        call = next((c for n, c in calls.items() if n == name or n.startswith(f"{name}.")), None)
        if call is None:
            continue
        if name == "claim" and call.args and isinstance(call.args[0], ast.Constant):
            return f"Claim {call.args[0].value}, and its check"
        # A table shown by its name alone says more of the cell than the numbers glued in it.
        return "A table" if name == "glue" and not ends_in_glue(source) else title
    return "Imports" if only_imports(source) else "Code of this step"


def ends_in_glue(source: str) -> bool:
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
