"""The book as it is built: without a warning, without a network, in a real browser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import launched, served
from conftest import ROOT

from mirage_utils.metrics import METRICS

# The program `jupyter-book`, from the environment that runs the tests.
PROGRAM = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
BUILD = [*PROGRAM, "build", ".", "--all", "-n", "-W", "--keep-going"]
PAGES = {
    "book/intro": "The Mirage Book",
    "notebooks/01_what_is_emergence": "What is emergence?",
    "notebooks/02_one_token": "One token",
    "notebooks/03_many_tokens": "Many tokens",
    "notebooks/04_does_gpt3_obey": "Does GPT-3 obey?",
    "notebooks/05_a_field_guide_to_metrics": "A field guide to metrics",
    "notebooks/06_resolution": "Resolution",
    "notebooks/07_the_emergence_score": "The emergence score",
    "notebooks/08_assumptions": "Assumptions, broken one at a time",
    "notebooks/09_same_outputs_two_metrics": "The same outputs, two metrics",
    "notebooks/10_meta_analysis": "Which metrics carry emergence?",
    "notebooks/11_grade_to_brier": "From grade to Brier",
    "notebooks/12_prediction": "Smooth is not yet predictable",
    "book/figure_map": "The paper, figure by figure",
    "book/run": "Run it",
    "book/teach": "Teach it",
    "book/data": "About the data",
    "book/references": "References",
}
VIEWS = [(1400, "light"), (1400, "dark"), (390, "light"), (390, "dark")]


def build(where: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        BUILD,
        cwd=where,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )


@pytest.fixture(scope="session")
def site() -> Path:
    """The book, built as `make book` builds it (chapters that have not changed come from the cache)."""
    result = build()
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert "WARNING" not in result.stdout + result.stderr
    return ROOT / "_build" / "html"


@pytest.fixture(scope="session")
def browser():
    with launched() as chromium:
        yield chromium


def test_a_second_build_executes_nothing(site):
    again = build()
    assert again.returncode == 0, again.stderr[-3000:]
    text = again.stdout + again.stderr
    assert "Using cached notebook" in text
    assert "Executing notebook" not in text
    assert "Executed notebook" not in text
    assert (site / "index.html").exists()


class Links(HTMLParser):
    """What a page loads by itself (not where its links lead)."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag in ("script", "img", "iframe", "source", "audio", "video", "embed"):
            self.loads.append(attributes.get("src") or "")
        if tag == "link" and attributes.get("rel") not in ("canonical", "author", "license"):
            self.loads.append(attributes.get("href") or "")


def test_no_page_refers_to_an_outside_script_style_or_picture(site):
    for page in site.rglob("*.html"):
        if "_static" in page.parts:
            continue
        text = page.read_text()
        parser = Links()
        parser.feed(text)
        assert [url for url in parser.loads if re.match(r"(https?:)?//", url)] == [], page
        for host in (
            "unpkg.com",
            "jsdelivr",
            "cdnjs",
            "googleapis",
            "require.js",
            "html-manager",
            "thebe",
        ):
            assert host not in text, (page, host)
        for style in re.findall(r"url\(\s*['\"]?(https?:[^)]+)", text):
            pytest.fail(f"{page}: {style}")


def test_every_page_of_the_contents_is_here(site):
    listed = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text())
    assert set(listed) == set(PAGES)
    for name in PAGES:
        assert (site / f"{name}.html").exists()
    assert "book/intro.html" in (site / "index.html").read_text()


def test_pages_are_light(site):
    """Pictures are inline SVG; no page weighs more than a photograph."""
    for name in PAGES:
        assert (site / f"{name}.html").stat().st_size < 2_000_000, name


def test_the_figure_map_leads_to_pictures_that_are_there(site):
    """Its links into pages are plain HTML, which the build does not check."""
    text = (site / "book" / "figure_map.html").read_text()
    links = re.findall(r'href="\.\./(notebooks/[^"#]+)#(fig-[^"]+)"', text)
    assert len(links) >= 10
    for page, anchor in links:
        assert f'id="{anchor}"' in (site / page).read_text(), (page, anchor)
    for number in ("1", "2", "3", "4", "5A", "5B, 5C", "6", "7", "8", "9", "10"):
        assert re.search(rf"<td[^>]*><p>{number}</p></td>", text), number


def visit(browser, home, name, width, theme):
    """Open a page of the site at `home`; return it with everything that went wrong or left the site."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
    trouble: list[str] = []
    page.on(
        "console",
        lambda m: trouble.append(f"console: {m.text}") if m.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda e: trouble.append(f"error: {e}"))
    page.on("requestfailed", lambda r: trouble.append(f"failed: {r.url}"))
    page.on(
        "response", lambda r: trouble.append(f"{r.status}: {r.url}") if r.status >= 400 else None
    )
    page.on(
        "request",
        lambda r: (
            None
            if r.url.startswith((home, "data:", "blob:"))
            else trouble.append(f"outside: {r.url}")
        ),
    )
    page.goto(f"{home}/{name}")
    page.wait_for_load_state("networkidle")
    page.wait_for_function("!window.MathJax || (MathJax.startup && MathJax.startup.promise)")
    page.evaluate("window.MathJax && MathJax.startup.promise")
    return page, trouble


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_every_page_in_a_browser(site, browser, width, theme):
    for name, title in PAGES.items():
        page, trouble = visit(browser, f"file://{site}", f"{name}.html", width, theme)
        assert trouble == [], name
        assert title in page.title()
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, (name, overflow)
        formulas = page.locator(".math").count()
        assert page.locator(".math mjx-container").count() == formulas, name
        assert page.locator("mjx-merror").count() == 0, name
        if name.startswith("notebooks"):
            assert formulas >= 1
            assert page.locator("figure.mb-figure svg").count() > 3
        page.close()


def test_formulas_have_a_form_for_screen_readers(site, browser):
    page, _ = visit(browser, f"file://{site}", "notebooks/02_one_token.html", 1400, "light")
    assert (
        page.locator("mjx-assistive-mml math").count() == page.locator("mjx-container").count() > 10
    )
    page.close()


@pytest.mark.parametrize(("width", "theme"), [(1400, "light"), (390, "dark")])
def test_no_page_shuts_anyone_out(site, browser, width, theme):
    """axe-core's WCAG 2.2 A and AA rules, on every page."""
    for name in PAGES:
        page, _ = visit(browser, f"file://{site}", f"{name}.html", width, theme)
        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        found = (
            Axe()
            .run(page, options={"runOnly": {"type": "tag", "values": rules}})
            .response["violations"]
        )
        assert [(v["id"], [n["html"][:200] for n in v["nodes"][:3]]) for v in found] == [], name
        page.close()


def test_the_site_works_below_a_path(site, browser, tmp_path):
    shutil.copytree(site, tmp_path / "some" / "where")
    with served(tmp_path) as address:
        page, trouble = visit(browser, f"{address}/some/where", "index.html", 1400, "light")
        page.wait_for_url("**/book/intro.html")
        page.wait_for_load_state("networkidle")  # leaving a page stops what it still loads
        page.get_by_role("link", name="4. Does GPT-3 obey?").first.click()
        page.wait_for_url("**/some/where/notebooks/04_does_gpt3_obey.html")
        page.wait_for_load_state("networkidle")
        assert trouble == []
        page.close()


def test_a_reader_finds_the_way(site, browser):
    page, trouble = visit(browser, f"file://{site}", "book/intro.html", 1400, "light")
    page.locator(".mb-doors .sd-card").first.click()
    page.wait_for_url("**/01_what_is_emergence.html")
    for expected in ("02_one_token", "03_many_tokens", "04_does_gpt3_obey"):
        page.locator("a.right-next").click()
        page.wait_for_url(f"**/{expected}.html")
    assert trouble == []
    page.close()


def test_solutions_are_folded_until_asked_for(site, browser):
    page, _ = visit(browser, f"file://{site}", "notebooks/01_what_is_emergence.html", 1400, "light")
    solution = page.locator("div.solution.dropdown").first
    hidden = solution.locator(".cell_output").first
    assert not hidden.is_visible()
    solution.locator("button.toggle-button").first.click()
    assert hidden.is_visible()
    page.close()


def test_the_search_finds_a_word(site, browser):
    """From a file the results come without excerpts, which a browser may not fetch there."""

    def found(page):
        page.wait_for_selector("ul.search li a")
        return [a.get_attribute("href") or "" for a in page.locator("ul.search li a").all()]

    page, _ = visit(browser, f"file://{site}", "search.html?q=Gumbel", 1400, "light")
    assert any("03_many_tokens" in link for link in found(page))
    page.close()
    with served(site) as address:
        page, trouble = visit(browser, address, "search.html?q=Gumbel", 1400, "light")
        assert any("03_many_tokens" in link for link in found(page))
        assert trouble == []
        page.close()


def test_a_still_explorer_says_so_and_needs_no_widget(site, browser):
    for name in ("02_one_token", "03_many_tokens"):
        page, _ = visit(browser, f"file://{site}", f"notebooks/{name}.html", 1400, "light")
        assert page.locator(".mb-still").count() == 1
        assert page.locator("[id$='-explorer'] svg").count() >= 2
        assert page.locator("script[type='application/vnd.jupyter.widget-state+json']").count() == 0
        page.close()


def test_javascript_forms_compute_what_numpy_computes(browser):
    """The expressions that will live under the page's sliders."""
    page = browser.new_page()
    values = {"L": 5, "K": 4, "b": 4, "c": 0.2, "k": 3, "m": 4, "s": 0.4, "w": 2}
    for metric in METRICS.values():
        arguments = ["p", *metric.parameters]
        for p in (0.0, 0.01, 0.3, 0.99, 1.0):
            given = [p, *(values[a] for a in metric.parameters)]
            call = (
                f"(({', '.join(arguments)}) => {metric.javascript})({', '.join(map(str, given))})"
            )
            expected = float(metric.expected(p, **{a: values[a] for a in metric.parameters}))
            found = page.evaluate(call)
            assert found == expected or np.isclose(found, expected, rtol=1e-12), (metric.name, p)
    page.close()
