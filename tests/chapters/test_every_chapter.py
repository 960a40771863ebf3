"""What holds for every chapter: the form of the house, claims that hold, pictures that have their words."""

from __future__ import annotations

import ast
import json
import re

import pytest
import yaml
from chapter_runs import CHAPTER_TESTS, changed
from conftest import CHAPTERS, ROOT

NAMES = [chapter.stem for chapter in CHAPTERS]

chapters = pytest.mark.parametrize("name", NAMES)

PARTS = (
    "```{takeaways}", "```{on-monday}", "```{laboratory}", "## Exercises", "## What this does not show", "**Next:**",
)  # fmt: skip


@chapters
def test_a_chapter_keeps_the_form_of_the_house(name):
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())
    code = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    prose = "\n".join(
        "".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown"
    )
    assert not any(c["outputs"] or c["execution_count"] for c in code), "stored outputs"
    parameters = [
        "".join(c["source"]) for c in code if "parameters" in c["metadata"].get("tags", [])
    ]
    for cell in code:  # the code of a figure is folded, on the page and in every copy
        if "plots.show(" in "".join(cell["source"]):
            assert {"hide-input", "remove-input"} & set(cell["metadata"].get("tags", []))
    assert len(parameters) == 1
    assert "PROFILE" in parameters[0]
    assert "SEED" in parameters[0]
    for part in PARTS:
        assert part in prose, part
    assert prose.count("{exercise}") == prose.count("{solution-start}") >= 2
    listed = (ROOT / "_toc.yml").read_text()
    assert f"notebooks/{name}" in listed
    assert yaml.safe_load(listed)["root"] == "book/intro"


@chapters
def test_a_chapter_runs_and_its_claims_hold(name, chapter_run):
    run = chapter_run(name)
    chapter = int(name[:2])
    numbers = [tuple(map(int, key.split("_")[1:])) for key in run.claims]
    assert numbers == [(chapter, i + 1) for i in range(len(numbers))]
    # Few claims that could have failed are worth more than many that could not.
    assert len(numbers) >= 2


@chapters
def test_every_picture_of_a_chapter_has_its_words(name, chapter_run):
    run = chapter_run(name)
    figures = [h for h in run.html() if "<figure" in h]
    assert len(figures) >= 3
    for figure in figures:
        alt = re.search(r'role="img" aria-label="([^"]+)"', figure)[1]
        assert len(alt.split()) >= 12
        assert re.search(r"<figcaption>.{40,}mb-source.{15,}</figcaption>", figure, re.S)
    for cell in run.notebook.cells:
        for output in cell.get("outputs", []):
            assert not any(m.startswith("image/") for m in output.get("data", {})), (
                "a picture without words"
            )
            assert output.get("name") != "stderr", output


@chapters
def test_a_chapter_has_its_own_file_of_tests(name):
    """A file without its own computations and without changed parameters would pass without checking anything."""
    tree = ast.parse((CHAPTER_TESTS / f"test_{name}.py").read_text())
    tests = {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}
    tests = {each for each in tests if each.startswith("test_")}
    assert "test_the_numbers_follow_the_parameters" in tests
    assert len(tests) >= 2
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())
    (parameters,) = [
        "".join(c["source"])
        for c in notebook["cells"]
        if "parameters" in c["metadata"].get("tags", [])
    ]
    assert changed(name)
    for parameter in changed(name):
        assert re.search(rf"^{parameter}\b", parameters, re.M), parameter


def test_no_file_of_tests_is_left_without_its_chapter():
    assert sorted(p.stem for p in CHAPTER_TESTS.glob("test_[0-9]*.py")) == [
        f"test_{name}" for name in NAMES
    ]
