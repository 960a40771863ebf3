"""What the style sheets may not hold."""

from __future__ import annotations

import pytest
import tinycss2
from conftest import ROOT

SHEETS = sorted((ROOT / "book" / "_static").glob("*.css"))


def selectors(rules):
    """Every selector of a sheet, also those within ``@media`` and ``@supports``."""
    for rule in rules:
        if rule.type == "qualified-rule":
            part = []
            for token in [*rule.prelude, tinycss2.ast.LiteralToken(0, 0, ",")]:
                if token == ",":
                    yield tinycss2.serialize(part).strip()
                    part = []
                else:
                    part.append(token)
        elif rule.type == "at-rule" and rule.content is not None:
            yield from selectors(
                tinycss2.parse_blocks_contents(
                    rule.content, skip_comments=True, skip_whitespace=True
                )
            )


def slow(sheet: str) -> list[str]:
    """Selectors that look into an element (`:has`) to style any element below it (`*`).

    A browser then works out the style of the whole page again with every word that changes: 20 to 60 ms for each step of an
    explorer's slider, on pages where it takes 3.
    """
    found = selectors(tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True))
    return [each for each in found if ":has" in each and each.endswith("*")]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_no_word_that_changes_makes_the_browser_style_the_whole_page_again(sheet):
    assert slow(sheet.read_text(encoding="utf-8")) == []


def test_a_slow_selector_would_be_found():
    sheet = ".a > b { color: red } @media screen { p, .a:not(:has(i, u)) > * { color: red } .a:has(i) p { margin: 0 } }"
    assert slow(sheet) == [".a:not(:has(i, u)) > *"]
