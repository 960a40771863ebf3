"""Which names a chapter glues, and who uses them: its prose, another page, a test."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from conftest import CHAPTERS, ROOT

ROLE = re.compile(r"\{glue:text\}`([^`]+)`")
TESTS = ROOT / "tests"
# So many letters of a name have to stand in an f-string of a test, or it would stand for almost any name.
LETTERS = 3
# These name every chapter and use no number of any.
LISTS = {"test_prose.py", "test_refereed.py", "pages.py"}


def cells(path: Path, kind: str) -> list[str]:
    return ["".join(c["source"]) for c in json.loads(path.read_text())["cells"] if c["cell_type"] == kind]  # fmt: skip


def prose(path: Path) -> str:
    return path.read_text() if path.suffix == ".md" else "\n\n".join(cells(path, "markdown"))


def glued_by(code: list[str]) -> set[str]:
    """The names that calls of `glue` give, as they stand in the code.

    What `begin(globals())` offers beside them need not be used, and of ``glue(**values)`` the names are not to be seen.
    """
    calls = (
        node
        for cell in code
        for node in ast.walk(ast.parse(cell))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "glue"
    )
    return {given.arg for call in calls for given in call.keywords if given.arg}


@cache
def pasted() -> frozenset[tuple[str, str]]:
    """Chapter and name of every number that prose pastes: a chapter's own, and those of others by their path."""
    found = set()
    for path in [*CHAPTERS, *sorted((ROOT / "book").rglob("*.md"))]:
        for content in ROLE.findall(prose(path)):
            where, _, rest = content.rpartition("::")
            found.add((Path(where).stem if where else path.stem, rest.partition(":")[0]))
    return frozenset(found)


@cache
def _texts(path: Path) -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """Every text of a file of tests, and what its f-strings can become."""
    tree = ast.parse(path.read_text())
    parts = {id(p) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for p in n.values}
    texts = {
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in parts
    }
    patterns = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            fixed = [p.value for p in node.values if isinstance(p, ast.Constant)]
            if sum(map(str.isalpha, "".join(fixed))) >= LETTERS:
                made = (re.escape(p.value) if isinstance(p, ast.Constant) else "[a-z0-9]+" for p in node.values)  # fmt: skip
                patterns.append(re.compile("".join(made)))
    return frozenset(texts), tuple(patterns)


@cache
def _elsewhere(chapter: str) -> frozenset[str]:
    """Every text of the other files of tests that name this chapter."""
    own = TESTS / "chapters" / f"test_{chapter}.py"
    files = [p for p in sorted(TESTS.rglob("*.py")) if p != own]
    named = [p for p in files if chapter in p.read_text() and p.name not in LISTS]
    return frozenset().union(*(_texts(p)[0] for p in named))


def unused(chapter: str, names: set[str]) -> Iterator[str]:
    """Those of the names of a chapter that nobody uses."""
    texts, patterns = _texts(TESTS / "chapters" / f"test_{chapter}.py")
    for name in sorted(names):
        tested = name in texts or any(p.fullmatch(name) for p in patterns)
        if not (tested or (chapter, name) in pasted() or name in _elsewhere(chapter)):
            yield name
