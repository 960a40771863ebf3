"""Every page at two widths and in two themes: nothing broken, nothing fetched, nobody shut out."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import PAGES, keep, visits

VIEWS = [(1400, "light"), (1400, "dark"), (390, "light"), (390, "dark")]
AUDITED = [(1400, "light"), (390, "dark")]  # both widths and both themes, in half of the time


def wake_explorers(page):
    figures = page.locator("figure.mb-explorer")
    for i in range(figures.count()):
        figures.nth(i).evaluate("figure => figure.scrollIntoView()")
        page.wait_for_function(
            "i => document.querySelectorAll('figure.mb-explorer')[i].dataset.live", arg=i
        )


# Most of a page's parts are drawings that screen readers skip and words of code that are coloured by their class. One
# word of each class says what all would; without the others the check takes a third of the time.
THIN = """() => {
  for (const drawing of document.querySelectorAll('svg[aria-hidden="true"]')) drawing.replaceChildren();
  const seen = new Set();
  for (const word of document.querySelectorAll('pre span')) {
    if (!seen.has(word.className)) seen.add(word.className);
    else if (!word.children.length) word.replaceWith(word.textContent);
  }
}"""


def violations(page):
    """What axe-core finds against the A and AA rules of WCAG 2.2. Leaves a page that has lost its drawings."""
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    options = {
        "runOnly": {"type": "tag", "values": rules}, "resultTypes": ["violations"], "preload": False,
    }  # fmt: skip
    page.evaluate(THIN)
    found = Axe().run(page, options=options).response["violations"]
    return [(v["id"], [n["html"][:200] for n in v["nodes"][:3]]) for v in found]


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_every_page_in_a_browser(site, browser, width, theme):
    for name, page, trouble in visits(browser, f"file://{site}", PAGES, width, theme):
        assert trouble == [], name
        assert PAGES[name] in page.title()
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, (name, overflow)
        formulas = page.locator(".math").count()
        assert page.locator(".math mjx-container").count() == formulas, name
        assert page.locator("mjx-merror").count() == 0, name
        if name.startswith("notebooks"):
            assert formulas >= 1
            assert page.locator("figure.mb-figure svg").count() > 3
        keep(page, f"{name.rpartition('/')[2]}-{width}-{theme}")
        wake_explorers(page)
        assert trouble == [], name
        if (width, theme) in AUDITED:
            assert violations(page) == [], name
