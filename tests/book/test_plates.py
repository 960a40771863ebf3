"""The page that shows the paper's figures beside ours: all ten, each with a verdict, and pictures that are there."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from mirage_utils.page.schematics import PLATES


@pytest.fixture(scope="module")
def page(site):
    return (site / "book" / "plates.html").read_text()


def plates(page):
    """The part of the page that is about each figure."""
    parts = re.split(r'<section id="figure-(\d+)', page)[1:]
    return {int(number): text for number, text in zip(parts[::2], parts[1::2], strict=True)}


def test_every_figure_has_a_schematic_a_verdict_and_a_sentence(page):
    found = plates(page)
    assert sorted(found) == sorted(PLATES)
    for number, text in found.items():
        assert f"Schematic of the published figure {number}: " in text
        assert len(re.findall(r'class="mb-verdict mb-verdict-[a-z-]+[ "]', text)) == 1, number


def test_ours_is_the_chapters_figure_and_leads_to_it(page, site):
    for number, text in plates(page).items():
        links = re.findall(r'<a href="\.\./(notebooks/[^"#]+)#(fig-[^"]+)">Ours', text)
        assert links or number == 9, number
        for chapter, anchor in links:
            there = (site / chapter).read_text()
            figure = re.search(rf'<figure class="mb-figure" id="{anchor}".*?</figure>', there, re.S)
            assert figure, (chapter, anchor)
            alt = re.search(r'role="img" aria-label="([^"]+)"', figure[0])[1]
            assert f'aria-label="{alt}"' in text
        panels = [int(k) for k in re.findall(r'data-panels="(\d+)"', text)]
        pictures = len(re.findall(r"<svg\b", text)) - 1
        assert sum(panels) <= pictures


def test_no_id_stands_twice(page):
    twice = [name for name, many in Counter(re.findall(r'\bid="([^"]+)"', page)).items() if many > 1]  # fmt: skip
    assert twice == []


def test_the_figure_map_leads_here(site):
    assert 'href="plates.html"' in (site / "book" / "figure_map.html").read_text()
