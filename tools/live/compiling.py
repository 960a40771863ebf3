"""Bytecode for the Python of the page, made by that Python: run in Pyodide by ``node.mjs``.

A page compiles everything at each start unless it gets bytecode, since nothing it writes is kept: half a minute and more.
"""

import ast
import json
import pathlib
import warnings
from importlib._bootstrap_external import _code_to_hash_pyc

warnings.simplefilter("ignore")  # of other people's code


def without_docstrings(tree):
    """The same code without what only `help` shows: a third of the bytes. Assertions stay."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str):
                node.body[:1] = [] if len(node.body) > 1 else [ast.copy_location(ast.Pass(), first)]
    return tree


for name, target, stripped in json.loads(pathlib.Path("/in/todo.json").read_text()):
    source = pathlib.Path("/in", name).read_bytes()
    tree = ast.parse(source)
    code = compile(without_docstrings(tree) if stripped else tree, name, "exec", dont_inherit=True)
    path = pathlib.Path("/out", target)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not checked against a source, which is not there or has another date.
    path.write_bytes(_code_to_hash_pyc(code, b"\0" * 8, False))
