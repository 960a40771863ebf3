"""Code and prose cut into what is compared: runs of tokens, runs of words, numbers."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Mapping

__all__ = ["phrases", "runs", "typed", "whole"]

_RUN, _PHRASE = 6, 4  # tokens of code and words of prose that are compared together
_LONGEST = 20_000  # letters of a piece of work that are looked at


def runs(code: str) -> set[tuple[str, ...]]:
    """Runs of tokens of a piece of Python, without comments, layout, and the names that its author chose.

    What is not Python is cut up all the same, as it stands.
    """
    tokens = _tokens(code[:_LONGEST])
    return {tuple(tokens[at : at + _RUN]) for at in range(len(tokens) - _RUN + 1)}


def _tokens(code: str) -> list[str]:
    code = re.sub(r"^[ \t]*[%!].*$", "", code, flags=re.M)  # commands to the notebook
    try:
        tree = _Plain().visit(ast.parse(code))
        read = tokenize.generate_tokens(io.StringIO(ast.unparse(tree)).readline)
        return [each.string for each in read if each.string.strip()]
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return re.findall(r"\w+|[^\w\s]", re.sub(r"#.*", "", code))


class _Plain(ast.NodeTransformer):
    """Takes away what says nothing of how a problem was solved: chosen names, texts that are not used, other names of modules."""

    def visit_Module(self, node: ast.Module) -> ast.AST:
        self.chosen: set[str] = set()
        self.modules: dict[str, str] = {}
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                self.chosen.add(each.id)
            elif isinstance(each, ast.arg):
                self.chosen.add(each.arg)
            elif isinstance(each, (ast.FunctionDef, ast.ClassDef)):
                self.chosen.add(each.name)
            elif isinstance(each, (ast.Import, ast.ImportFrom)):
                self.modules |= {a.asname: a.name for a in each.names if a.asname}
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        name = "_" if node.id in self.chosen else self.modules.get(node.id, node.id)
        return ast.Name(name, node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg("_")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name, node.returns = "_", None
        return self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        return None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        return None

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)


def phrases(prose: str) -> set[tuple[str, ...]]:
    """Runs of words of a text, without case, punctuation and the values of numbers."""
    words = re.findall(r"[^\W\d_]+|\d[\d.,]*(?:e[-+]?\d+)?", prose[:_LONGEST].casefold())
    words = ["#" if word[0].isdigit() else word for word in words]
    return {tuple(words[at : at + _PHRASE]) for at in range(len(words) - _PHRASE + 1)}


def typed(text: str) -> set[tuple[str, ...]]:
    """Numbers of four significant digits or more that stand in code or prose; shorter ones meet by accident."""
    found: set[tuple[str, ...]] = set()
    for digits, power in re.findall(r"(?<![\w.])(\d{1,25}(?:\.\d{0,25})?)(?:e([-+]?\d{1,3}))?(?![\w])", text.casefold()):  # fmt: skip
        if len(digits.replace(".", "").strip("0")) >= 4:
            found.add((repr(float(f"{digits}e{power or 0}")),))
    return found


def whole(answers: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The tokens of each answer by its question, of answers as long as a run at the least."""
    cut = {name: tuple(_tokens(code[:_LONGEST])) for name, code in answers.items()}
    return {name: tokens for name, tokens in cut.items() if len(tokens) >= _RUN}
