"""What nothing else runs, and what would otherwise grow by itself."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest
from conftest import ROOT

PROGRAMS = ("mirage_utils", "book", "tools", "benchmarks")
LONGEST = 400


def test_every_benchmark_can_be_started():
    """They take minutes, so no test runs them; but a name that has moved would stop them."""
    names = sorted(p.stem for p in (ROOT / "benchmarks").glob("*.py") if p.stem != "__main__")
    assert {"auditing", "pages", "building"} <= set(names)
    code = "; ".join(f"import benchmarks.{name}" for name in names if name != "__init__")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def long_files():
    for folder in PROGRAMS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if text.count("\n") > LONGEST:
                yield pytest.param(text, id=path.relative_to(ROOT).as_posix())


@pytest.mark.parametrize("text", long_files())
def test_a_long_file_says_why(text):
    """In its first comment, with the words "long file": what is read in one go need not be cut, what grew must be."""
    assert "long file" in (ast.get_docstring(ast.parse(text)) or "").lower()
