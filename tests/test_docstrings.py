"""What docstrings promise: their examples give what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import mirage_utils

ROOT = Path(mirage_utils.__file__).parent
WITH_EXAMPLES = [
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
    for path in sorted(ROOT.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_give_what_they_say(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted
    assert not found.failed


def test_there_are_examples_to_run():
    assert len(WITH_EXAMPLES) > 3
