"""No number is typed in the prose, and every glued name exists."""

from __future__ import annotations

import json
import re

import pytest
from conftest import CHAPTERS, ROOT

PAGES = [*CHAPTERS, ROOT / "book" / "intro.md"]
ROLE = re.compile(r"\{glue:text\}`([^`]+)`")
NOT_PROSE = re.compile(
    r"```.*?```|~~~.*?~~~|^---.*?^---|\$\$.*?\$\$|\{[a-z:-]+\}`[^`]*`|`[^`]*`|\$[^$]*\$|\]\([^)]*\)",
    re.S | re.M,
)
# A decimal, a percentage, or a whole number of four digits and more that is no year.
NUMBER = re.compile(r"(?<![\w.])(?:\d+\.\d+|\d+ ?%|\d{1,3}(?:,\d{3})+|(?!(?:19|20)\d\d\b)\d{4,})")
# Names of things, conventions and levels that are chosen and not computed.
ALLOWED = {"6.7", "0.05", "100%", "10%", "90%", "1.4", "2.8", "6.9"}


def prose(path):
    if path.suffix == ".md":
        return path.read_text()
    cells = json.loads(path.read_text())["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_no_number_is_typed(path):
    text = NOT_PROSE.sub(" ", prose(path))
    typed = [m[0] for m in NUMBER.finditer(text) if m[0] not in ALLOWED]
    assert typed == []


def test_the_check_would_find_one():
    for planted in ("a width of 2.679 decades", "98% of it", "2,000 items", "12345 items", "4.1 %"):
        assert NUMBER.search(NOT_PROSE.sub(" ", planted)), planted
    for fine in ("$0.5$", "`0.5`", "{glue:text}`x:.2f`", "in 2022", "13B", "10-90"):
        assert not NUMBER.search(NOT_PROSE.sub(" ", fine)), fine


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_every_pasted_name_is_glued_and_most_glued_names_are_pasted(path, chapter_run):
    glued = chapter_run(path.stem).glued
    for content in ROLE.findall(prose(path)):
        name, _, spec = content.partition(":")
        assert name in glued, content
        assert format(glued[name], spec), content
    assert ROLE.search(prose(path))


def test_the_landing_page_pastes_what_chapters_glue(chapter_run):
    for content in ROLE.findall((ROOT / "book" / "intro.md").read_text()):
        if "::" in content:
            chapter, rest = content.split("::")
            name = rest.split(":")[0]
            assert name in chapter_run(chapter.split("/")[-1].removesuffix(".ipynb")).glued
