"""The book as it is built: without a warning, without a network, in a real browser."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser

import lxml.html
import numpy as np
import pytest
import search
import yaml
from browser import served
from conftest import CHAPTERS, ROOT
from docutils import nodes
from docutils.utils import new_document
from pages import PAGES, settle, visit
from sphinx.search.en import SearchEnglish

from benchmarks.pages import served_packed
from mirage_utils.metrics import METRICS


def test_a_second_build_executes_nothing(site, second_build):
    assert "nothing has changed" in second_build
    assert "Executed notebook" not in second_build
    assert "writing output" not in second_build
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


def test_formulas_have_a_form_for_screen_readers(site, browser):
    page, _ = visit(browser, f"file://{site}", "notebooks/02_one_token.html", 1400, "light")
    assert (
        page.locator("mjx-assistive-mml math").count() == page.locator("mjx-container").count() > 10
    )
    page.close()


def test_the_site_works_below_a_path(site, browser, tmp_path):
    shutil.copytree(site, tmp_path / "some" / "where")
    with served(tmp_path) as address:
        page, trouble = visit(browser, f"{address}/some/where", "index.html", 1400, "light")
        page.wait_for_url("**/book/intro.html")
        settle(page)  # leaving a page stops what it still loads
        page.get_by_role("link", name="4. Does GPT-3 obey?").first.click()
        page.wait_for_url("**/some/where/notebooks/04_does_gpt3_obey.html")
        settle(page)
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


def test_old_addresses_lead_to_the_new_ones(site, browser):
    moved = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]["config"]["html_context"][
        "moved"
    ]
    assert len(moved) >= 3
    for old, new in moved.items():
        assert new in PAGES
        page, trouble = visit(browser, f"file://{site}", f"{old}.html#fig-somewhere", 1400, "light")
        page.wait_for_url(f"**/{new}.html#fig-somewhere")
        settle(page)
        assert trouble == []
        page.close()


PARTS = [name for name in PAGES if name.startswith("book/parts/")]


def test_the_pages_of_the_parts_lead_to_every_chapter_in_order(site):
    steps = []
    for name in PARTS:
        page = lxml.html.parse(site / f"{name}.html").getroot()
        for step in page.find_class("mb-step"):
            (link,) = step.find_class("mb-step-title")[0].iter("a")
            address = link.get("href").partition("#")[0]
            steps.append(
                ((site / name).parent / address).resolve().relative_to(site.resolve()).as_posix()
            )
            chapter = re.search(r"/(\d+)_", address)[1]
            assert step.find_class("mb-step-number")[0].text == f"Chapter {int(chapter)}"
            assert len(step.find_class("mb-step-words")[0].text_content().split()) > 15, address
    assert steps == [f"{name}.html" for name in PAGES if name.startswith("notebooks/")]
    first = lxml.html.parse(site / "book" / "intro.html").getroot()
    titles = first.find_class("mb-step-title")
    links = [link.get("href").partition("#")[0] for title in titles for link in title.iter("a")]
    assert links == [name.removeprefix("book/") + ".html" for name in PARTS]


@pytest.mark.parametrize("name", ["book/intro", *PARTS])
def test_cards_are_links_with_small_figures(site, browser, name):
    page, trouble = visit(browser, f"file://{site}", f"{name}.html", 390, "dark")
    cards = page.locator(".mb-step")
    for i in range(cards.count()):
        card = cards.nth(i)
        assert card.locator("a").count() >= 1
        picture = card.locator(".mb-thumb[role=img]")
        assert len(picture.get_attribute("aria-label").split()) >= 4
        assert picture.locator("path").count() > 3
        assert not picture.locator("text").count()
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    # A click anywhere on the card leads on, and so does the keyboard.
    address = cards.first.locator(".mb-step-title a").evaluate("a => a.href.split('#')[0]")
    for lead in (
        lambda: cards.first.click(position={"x": 20, "y": 20}),
        lambda: (cards.first.locator(".mb-step-title a").focus(), page.keyboard.press("Enter")),
    ):
        lead()
        page.wait_for_url(f"{address}*")
        settle(page)
        page.go_back()
        settle(page)
    assert trouble == []
    page.close()


def test_the_first_picture_is_seen_at_once(site, browser):
    """The thesis, the chart and its sentence stand on the first screen, of a desk and of a phone."""
    for width, height in ((1400, 900), (390, 844)):
        page, _ = visit(browser, f"file://{site}", "book/intro.html", width, "light")
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function("document.getElementById('fig-later').dataset.live === 'yes'")
        box = page.locator("#fig-later .mb-says").bounding_box()
        assert box["y"] + box["height"] <= height, (width, box)
        slider = page.locator("#fig-later [name=L]").bounding_box()
        assert slider["y"] + slider["height"] <= height, (width, slider)
        page.close()


def test_solutions_are_folded_until_asked_for(site, browser):
    page, _ = visit(browser, f"file://{site}", "notebooks/01_what_is_emergence.html", 1400, "light")
    solution = page.locator("div.solution.dropdown").first
    hidden = solution.locator(".cell_output").first
    assert not hidden.is_visible()
    solution.locator("button.toggle-button").first.click()
    assert hidden.is_visible()
    page.close()


def test_chapters_have_the_numbers_of_their_files(site):
    """By which claims are named, and linked to."""
    chapters = [name for name in PAGES if name.startswith("notebooks/")]
    assert len(chapters) == len(CHAPTERS) == 25
    for name in chapters:
        number = int(name.removeprefix("notebooks/")[:2])
        title = re.search(r"<title>(.*?) &#8212;", (site / f"{name}.html").read_text())[1]
        assert title == f"{number}. {PAGES[name]}"


def test_every_claim_of_the_book_is_in_one_list(site):
    listed = json.loads((site / "claims.json").read_text(encoding="utf-8"))
    on_pages = {
        f"{page.relative_to(site).as_posix()}#{anchor}"
        for page in site.rglob("*.html")
        for anchor in re.findall(
            r'<p class="mb-claim" id="([^"]+)"', page.read_text(encoding="utf-8")
        )
    }
    addresses = [claim["address"] for claim in listed]
    assert len(addresses) == len(set(addresses)) > 70
    assert set(addresses) == on_pages
    assert all(claim["holds"] for claim in listed)
    # A claim with a rival says what would refute it, and how often its check told the two apart.
    tried = [claim for claim in listed if claim["rival"]]
    assert tried
    assert all(
        claim["refuted_if"] and claim["power"]["failed_under_rival"] >= 0.8 for claim in tried
    )
    assert 'href="../claims.json"' in (site / "book/data.html").read_text(encoding="utf-8")


def test_the_index_of_words_knows_the_cells_of_a_table_one_by_one():
    table = (
        "<style>.a{color:red}</style><td>accuracy</td><td>1275</td><text>10M</text><text>0.5</text>"
    )
    page = new_document("page")
    page += nodes.paragraph("", "In 2023 it was")
    page += nodes.raw("", table, format="html")
    page += nodes.raw("", "latex only", format="latex")
    index = object.__new__(search.Index)
    index.lang = SearchEnglish({})
    found = index.in_words(page).astext().split()
    assert found == ["In", "2023", "it", "was", "accuracy", "10M", "latex", "only"]
    assert "<td>1275</td>" in page.astext()  # the page itself stays


def test_the_search_finds_a_word(site, browser):

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


def _searched(browser, home, words, width):
    """The search page, with what it says of each result in view."""
    name = f"search.html?q={words}"
    page, trouble = visit(browser, home, name, width, "light")
    page.wait_for_selector("ul.search li p.context")
    settle(page)
    return page, trouble


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize(
    ("words", "hit"),
    [("Gumbel", "03_many_tokens"), ("emergence", "08_the"), ("held-out scores", "12_prediction")],
)
def test_a_search_shows_where_pages_say_the_words_and_loads_no_page(
    site, browser, width, words, hit
):
    """Also from a folder, without a server."""
    with served_packed(site) as (address, sent):
        for home in (address, f"file://{site}"):
            page, trouble = _searched(browser, home, words, width)
            if home == address:
                assert sum(sent.values()) < 250_000, sent
                assert not [path for path in sent if path.endswith(".html")], sent
            page.locator("ul.search > li").last.scroll_into_view_if_needed()
            settle(page)
            result = page.locator(f"ul.search > li:has(> a[href*='{hit}'])").first
            result.scroll_into_view_if_needed()
            said = result.locator("p.context")
            said.wait_for()
            assert 20 < len(said.inner_text()) < 400
            marked = said.locator("mark").first.inner_text().lower()
            assert marked in words.lower().replace("-", " ").split()
            assert page.locator("ul.search > li").count() >= 3
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert trouble == []
            if said.locator("a").count():
                said.locator("a").first.click()
                page.wait_for_url(f"**/*{hit}*.html#*")
            page.close()


def test_no_page_carries_the_state_of_widgets(site):
    for name in ("02_one_token", "03_many_tokens"):
        assert "widget-state+json" not in (site / f"notebooks/{name}.html").read_text()


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
