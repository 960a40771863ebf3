"""Every example that a docstring or a page on the library shows does what it says."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest
from conftest import ROOT

LIBRARY = ROOT / "mirage_utils"
# Found by their text, so that collecting the tests imports nothing.
MODULES = sorted(p for p in LIBRARY.rglob("*.py") if ">>> " in p.read_text(encoding="utf-8"))
PAGES = sorted(p for p in (ROOT / "book").rglob("*.md") if ">>> " in p.read_text(encoding="utf-8"))


def module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Examples that write a file write it where nobody minds."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("path", MODULES, ids=module)
def test_examples_of_docstrings(path):
    found = doctest.testmod(importlib.import_module(module(path)))
    assert found.attempted > 0
    assert found.failed == 0  # doctest prints what went wrong


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_examples_of_pages(path):
    # A fence is no output.
    text = path.read_text(encoding="utf-8").replace("\n```", "\n\n")
    example = doctest.DocTestParser().get_doctest(text, {}, path.stem, str(path), 0)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


def test_a_wrong_example_is_found():
    example = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", "", 0)
    assert doctest.DocTestRunner(verbose=False).run(example, out=lambda text: None).failed == 1
