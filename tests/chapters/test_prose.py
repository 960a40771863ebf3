"""No number is typed in the prose, every pasted name is glued, and every glued name is used."""

from __future__ import annotations

import re

import pytest
from conftest import CHAPTERS, ROOT
from naming import ROLE, cells, glued_by, prose, unused

FRONT = [ROOT / "book" / "intro.md", *sorted((ROOT / "book" / "parts").glob("*.md"))]
PAGES = [*CHAPTERS, *FRONT]
NOT_PROSE = re.compile(
    r"```.*?```|~~~.*?~~~|^---.*?^---|\$\$.*?\$\$|\{[a-z:-]+\}`[^`]*`|`[^`]*`|\$[^$]*\$|\]\([^)]*\)",
    re.S | re.M,
)
# A decimal, a percentage, or a whole number of four digits and more that is no year.
NUMBER = re.compile(r"(?<![\w.])(?:\d+\.\d+|\d+ ?%|\d{1,3}(?:,\d{3})+|(?!(?:19|20)\d\d\b)\d{4,})")
# Names of things, conventions and levels that are chosen and not computed.
ALLOWED = {"6.7", "0.05", "100%", "10%", "90%", "1.4", "2.8", "6.9"}


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
def test_every_pasted_name_is_glued(path, chapter_run):
    glued = chapter_run(path.stem).glued
    for content in ROLE.findall(prose(path)):
        name, _, spec = content.partition(":")
        assert name in glued, content
        assert format(glued[name], spec), content
    assert ROLE.search(prose(path))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_every_glued_name_is_used(path):
    """By the chapter's prose, another page or a test: what nobody uses is one more number that could be wrong."""
    found = set(unused(path.stem, glued_by(cells(path, "code"))))
    assert found == set(), "glued, and used by nobody"


def test_the_check_would_find_a_name_that_nobody_uses():
    code = [
        "glue(worst_z=1.0, planted=2)",
        "numbers.glue(\n    gone=3,\n)",
        "x = dict(not_glued=4)",
    ]
    assert glued_by(code) == {"worst_z", "planted", "gone"}
    # pasted by the chapter, by another page, and named by a test only
    used = {"width_constant": "02_one_token", "share_of_last_step": "01_what_is_emergence", "turns": "01_what_is_emergence"}  # fmt: skip
    for name, chapter in used.items():
        assert list(unused(chapter, {name, "planted"})) == ["planted"]
    assert list(unused("07_a_field_guide_to_metrics", {"later_match", "later_match_x"})) == ["later_match_x"]  # fmt: skip


@pytest.mark.parametrize("path", FRONT, ids=lambda p: p.stem)
def test_the_first_pages_paste_what_chapters_glue(path, chapter_run):
    for content in ROLE.findall(path.read_text()):
        if "::" in content:
            chapter, rest = content.split("::")
            name = rest.split(":")[0]
            assert name in chapter_run(chapter.split("/")[-1].removesuffix(".ipynb")).glued
