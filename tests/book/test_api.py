"""The pages on the library: every public name once, in words that fit its signature, and found from everywhere."""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import re
from collections import Counter
from typing import Any

import api
import pytest
from conftest import ROOT

PAGES = sorted((ROOT / "book" / "api").glob("*.md"))
# What a reader of a chapter may call. `cli`, `ground` and the other modules serve these.
PACKAGES = [
    "audit", "compare", "coursework", "curves", "errors", "evidence", "laws", "metrics", "models", "page", "records", "scaling",
    "symbols", "tables",
]  # fmt: skip
_DIRECTIVE = re.compile(r"^```\{api\} (\S+)\n(?::but: ([^\n]*)\n)?```$", re.M)


@functools.cache
def described() -> list[tuple[str, str, Any]]:
    """Module, name and object of every entry, in the order of the pages."""
    found = []
    for page in PAGES:
        for name, but in _DIRECTIVE.findall(page.read_text(encoding="utf-8")):
            names = api.offered(importlib.import_module(name))
            assert set(but.split()) <= set(names), page
            found += [(name, n, what) for n, what in names.items() if n not in but.split()]
    return found


# Found by their text, so that collecting the tests imports nothing of the library.
MODULES = [
    name for page in PAGES for name, _ in _DIRECTIVE.findall(page.read_text(encoding="utf-8"))
]


def key(name: str, what: Any) -> object:
    """Functions and classes are the same wherever they are offered; of values only the name tells."""
    return what if inspect.isclass(what) or inspect.isroutine(what) else (name, id(what))


def test_every_public_name_has_one_entry():
    entries = Counter(key(name, what) for _, name, what in described())
    assert [found for found, times in entries.items() if times > 1] == []
    paths = Counter(f"{module}.{name}" for module, name, _ in described())
    assert max(paths.values()) == 1
    described_modules = {module for module, _, _ in described()}
    for package in PACKAGES:
        module = importlib.import_module(f"mirage_utils.{package}")
        for name in module.__all__:
            what = getattr(module, name)
            if not inspect.ismodule(what):
                assert key(name, what) in entries, (package, name)
            # A package without names of its own offers modules: what is in these is described.
            elif package in ("laws",):
                assert what.__name__ in described_modules, (package, name)
    # What else a described module offers is described there or said to be elsewhere.
    for module in described_modules:
        for name, what in api.offered(importlib.import_module(module)).items():
            assert key(name, what) in entries, (module, name)


def test_the_library_offers_nothing_else_of_its_own():
    import mirage_utils

    entries = {key(name, what) for _, name, what in described()}
    for name, what in api.offered(mirage_utils).items():
        assert name == "__version__" or key(name, what) in entries, name
    left = {n for n in mirage_utils.__all__ if inspect.ismodule(getattr(mirage_utils, n))} - {
        *PACKAGES
    }
    assert left == {"cli", "ground"}


def parameters_named(text: str) -> list[str]:
    """Names in the sections that describe parameters or fields."""
    sections = re.findall(
        r"^(?:Parameters|Attributes)\n-+\n(.*?)(?=^\w[\w ]*\n---|\Z)", text, re.M | re.S
    )
    heads = [line for body in sections for line in body.splitlines() if line and line[0] != " "]
    return [n.strip().lstrip("*") for head in heads for n in head.split(" : ")[0].split(",")]


@pytest.mark.parametrize("module", MODULES)
def test_docstrings_name_the_parameters_of_their_signatures(module):
    for where, name, what in described():
        if where != module or api.kind(what) == "data":
            continue
        text = inspect.getdoc(what) or ""
        assert text.split("\n\n")[0].rstrip().endswith((".", ":")), name
        if api.kind(what) == "exception" and "Parameters" not in text:
            continue  # raised by the library: nobody else fills it
        assert sorted(parameters_named(text)) == sorted(inspect.signature(what).parameters), name


def test_every_value_has_words():
    for module, name, what in described():
        if api.kind(what) == "data":
            words = api.words_of_value(importlib.import_module(module), name, what)
            assert " ".join(words).strip(), (module, name)


def test_a_metric_speaks_for_itself():
    from mirage_utils import metrics

    words = " ".join(api.words_of_value(metrics, "EXACT_MATCH", metrics.EXACT_MATCH))
    assert "p^{L}" in words
    assert "high score is good" in words


# -- ways to an entry -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def known():
    homes = {
        home: f"{module}.{name}"
        for module, name, what in described()
        for home in api.homes(importlib.import_module(module), name, what)
    }
    elsewhere = {"mirage_utils.audit.gather": "mirage_utils.records.gathering.gather"}
    return api.Names({f"{module}.{name}" for module, name, _ in described()}, homes | elsewhere)


def test_a_name_in_code_font_finds_its_entry(known):
    for written, path in {
        "curves.width": "curves.width",
        "curves.width(curve)": "curves.width",
        "mirage_utils.curves.shape.width": "curves.width",
        "resolution.items_to_see": "curves.resolution.items_to_see",
        "emergence_score": "evidence.emergence.emergence_score",
        "ScalingLaw": "scaling.ScalingLaw",
        "EXACT_MATCH": "metrics.EXACT_MATCH",
        "mirage_utils.Curve": "curves.Curve",
        "audit.gather": "records.gather",
    }.items():
        assert known.find(written) == f"mirage_utils.{path}", written


def test_words_that_mean_other_things_too_are_left_alone(known):
    # `width` is a symbol and a function, `page` a function and a package; `N` a letter.
    for written in (
        "width",
        "score",
        "page",
        "N",
        "read",
        "curves.nothing",
        "make test",
        "mirage_utils.curves",
        "a-b",
    ):
        assert known.find(written) is None, written
    assert known.find("width", ["mirage_utils.curves"]) == "mirage_utils.curves.width"
    assert known.find("width", ["mirage_utils.symbols"]) == "mirage_utils.symbols.width"


def test_what_a_chapter_uses_is_read_from_its_code(tmp_path, known):
    code = [
        "from mirage_utils import Curve as C, curves\nfrom mirage_utils.page import claim\nimport numpy as np",
        "%matplotlib inline",
        "claim('1.1', 'x', curves.width(C([1, 2], [0, 1])) > 0)\nnp.array(1)\ncurves.width",
    ]
    cells = [{"cell_type": "code", "source": [text]} for text in code]
    cells.append({"cell_type": "markdown", "source": ["curves.location"]})
    (tmp_path / "x.ipynb").write_text(json.dumps({"cells": cells}))
    used = list(api.used_by(tmp_path / "x.ipynb", known))
    assert used == ["mirage_utils.curves.width", "mirage_utils.curves.Curve"]


def test_every_command_has_words():
    found = api.commands()
    assert {"audit", "grade", "tables"} <= set(found)
    assert all(found.values())
    for page in PAGES:
        for names in re.findall(r"^```\{commands\}(.*)$", page.read_text(encoding="utf-8"), re.M):
            assert set(names.split()) <= set(found), page
