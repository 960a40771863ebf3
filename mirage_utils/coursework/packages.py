"""Which packages are there when a notebook is marked: Python's own, the book's, and what those need.

A student's machine may have more, Colab has hundreds more, and a cell that imports one of them is lost at marking.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from ..ground.optional import in_browser

__all__ = ["imported", "strangers"]

_BOOK = "mirage-utils"


def imported(source: str) -> list[str]:
    """Modules that a cell cannot do without, by the first part of their names; none if the cell is not Python.

    An import in a ``try`` that is caught is not among them.
    """
    code = re.sub(r"^([ \t]*)[%!].*$", r"\1pass", source, flags=re.M)  # magics and commands
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return list(dict.fromkeys(_imported(tree)))


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (each.name.split(".")[0] for each in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module.split(".")[0]
    elif not (isinstance(node, ast.Try) and node.handlers):
        for inner in ast.iter_child_nodes(node):
            yield from _imported(inner)


def strangers(modules: Iterable[str], folder: Path) -> list[str]:
    """Those of the modules that will not be there when the notebook is marked.

    Parameters
    ----------
    modules : iterable of str
        First parts of module names, as `imported` returns them.
    folder : Path
        Where the notebook lies: a module of the student's own beside it is handed in with it.
    """
    # Where this library was not installed as a package, what it needs is not known; in a browser, what is installed says
    # nothing of the machine on which notebooks are marked.
    there = frozenset() if in_browser() else _packages()
    if not there:
        return []
    found = []
    for module in dict.fromkeys(modules):
        beside = (folder / f"{module}.py").is_file() or (folder / module).is_dir()
        if beside or module in sys.stdlib_module_names or _plain(module) in there:
            continue
        # Most packages are called as their module is; to ask for the others takes a second.
        if not there & {_plain(each) for each in _owners().get(module, [])}:
            found.append(module)
    return found


def _plain(package: str) -> str:
    """The name of a package as the index compares it."""
    return re.sub(r"[-_.]+", "-", package).lower()


_owners = functools.cache(metadata.packages_distributions)


@functools.cache
def _packages() -> frozenset[str]:
    """The book's package with all its extras, and whatever it needs, directly or not; nothing if it is not installed."""
    from packaging.requirements import Requirement

    found: set[str] = set()
    waiting = [_BOOK]
    while waiting:
        name = _plain(waiting.pop())
        if name in found:
            continue
        try:
            needs = [Requirement(each) for each in metadata.requires(name) or ()]
        except metadata.PackageNotFoundError:
            if name == _BOOK:
                return frozenset()
            needs = []
        found.add(name)
        waiting += [
            need.name
            for need in needs
            if name == _BOOK or need.marker is None or need.marker.evaluate({"extra": ""})
        ]
    return frozenset(found)
