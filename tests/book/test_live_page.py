"""A chapter that its reader runs in the page, and what the page says where it cannot.

The tests that run Python need the folder that `make live` makes, named by MIRAGE_LIVE.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path
from types import SimpleNamespace

import live
import lxml.html
import publish
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import Quiet, served
from pages import settle, watch
from playwright.sync_api import Page, expect

from tools.live import build
from tools.live.table import settled

CHAPTER = "notebooks/03_many_tokens"
LIVE = os.environ.get("MIRAGE_LIVE", "")
needs_live = pytest.mark.skipif(
    not LIVE, reason="MIRAGE_LIVE names no folder with Python for the page, which `make live` makes"
)
MINUTES = 60_000
SAYS = ".mb-py-says"


class WithoutPython(Quiet):
    """The site as a build leaves it, also where `make live` has put a folder into it."""

    def translate_path(self, path: str) -> str:
        if path.startswith("/live/"):
            return str(Path(self.directory) / "no live here")
        return super().translate_path(path)


class WithPython(Quiet):
    """The site, and below it the folder that `make live` made, wherever that is."""

    extensions_map = {
        **Quiet.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def translate_path(self, path: str) -> str:
        way = path.partition("?")[0]
        if way.startswith("/live/"):
            return str(Path(LIVE) / way.removeprefix("/live/"))
        return super().translate_path(path)


@contextlib.contextmanager
def opened(browser, site, handler=WithoutPython, **options):
    """A page with the chapter, and what has gone wrong in it."""
    with served(site, handler) as address:
        context = browser.new_context(**options)
        page = context.new_page()
        faults = watched(page, address)
        page.goto(f"{address}/{CHAPTER}.html")
        yield page, faults
        context.close()


def watched(page: Page, address: str) -> list[str]:
    """Errors of a page, requests to anybody else and for the packages that no chapter needs, as they come."""
    faults: list[str] = []
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda r: None if r.url.startswith((address, "blob:", "data:")) else faults.append(r.url),
    )
    page.context.on("request", lambda r: faults.append(r.url) if "/rest.tar" in r.url else None)
    return faults


# -- where it cannot run ----------------------------------------------------------------------------


def test_nothing_is_loaded_before_the_reader_asks(browser, site):
    with served(site) as address:
        page = watch(browser.new_page())
        asked: list[str] = []
        page.on("request", lambda r: asked.append(r.url.removeprefix(address)))
        page.goto(f"{address}/{CHAPTER}.html")
        settle(page)
        expect(page.locator(".mb-meta .mb-run")).to_be_visible()
        page.close()
    assert not [way for way in asked if "live" in way or "formulas" in way]


def test_a_copy_without_python_says_so_and_what_to_do(browser, site):
    with opened(browser, site) as (page, _):
        page.click(".mb-run")
        expect(page.locator(SAYS)).to_contain_text("built without Python")
        expect(page.locator(SAYS)).to_contain_text("make live")
        expect(page.locator(SAYS)).to_have_attribute("role", "status")


def test_a_file_says_that_a_server_is_needed(browser, site):
    page = browser.new_page()
    page.goto((site / f"{CHAPTER}.html").as_uri())
    page.click(".mb-run")
    expect(page.locator(SAYS)).to_contain_text("make serve")
    page.close()


@pytest.mark.parametrize(
    ("missing", "words"),
    [("WebAssembly", "has no WebAssembly"), ("Worker", "starts no workers")],
)
def test_a_browser_that_cannot_run_python_is_told_what_to_do(missing, words, browser, site):
    with opened(browser, site) as (page, faults):
        page.evaluate(f"delete globalThis.{missing}; globalThis.{missing} = undefined")
        page.click(".mb-run")
        expect(page.locator(SAYS)).to_contain_text(words)
        expect(page.locator(SAYS)).to_contain_text("download the notebook")
        assert not faults


def about(**more):
    """What `make live` says of its files, of none."""
    return {
        "version": "0", "library": "", "core": "pyodide/", "files": {}, "archives": {"first": [], "chapters": {}},
        "site_packages": "/", "platform": {}, "form": build.FORM, **more,
    }  # fmt: skip


def with_about(page, **more):
    page.route("**/live/about.json", lambda route: route.fulfill(json=about(**more)))


def test_a_blocked_worker_is_told(browser, site):
    with opened(browser, site) as (page, _):
        with_about(page)

        def forbid(route):
            answer = route.fetch()
            rule = {"Content-Security-Policy": "worker-src 'none'"}
            route.fulfill(response=answer, headers={**answer.headers, **rule})

        page.route(f"**/{CHAPTER}.html", forbid)
        page.reload()
        page.click(".mb-run")
        expect(page.locator(SAYS)).to_contain_text("keeps the page from starting a worker")
        expect(page.locator(SAYS)).to_contain_text("download the notebook")


def test_a_worker_whose_script_does_not_come_can_be_tried_again(browser, site):
    with opened(browser, site) as (page, _):
        with_about(page)
        asked: list[str] = []

        def once(route):
            asked.append(route.request.url)
            route.continue_() if len(asked) == 1 else route.abort()

        page.context.route("**/mirage-live-worker.js", once)
        page.click(".mb-run")
        expect(page.locator(SAYS)).to_contain_text("the connection is slow, or it has ended")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        assert len(asked) > 1


def test_a_worker_that_may_not_be_made_is_told(browser, site):
    with opened(browser, site) as (page, _):
        with_about(page)
        page.evaluate(
            "() => { globalThis.Worker = class { constructor() { throw Error('refused'); } }; }"
        )
        page.click(".mb-run")
        expect(page.locator(SAYS)).to_contain_text("keeps the page from starting a worker")


def test_a_download_that_fails_can_be_tried_again(browser, site):
    with opened(browser, site) as (page, _):
        name = "pyodide/pyodide.mjs"
        with_about(page, files={name: {"bytes": 10, "wire": 10}})
        tries: list[str] = []

        def fail(route):
            tries.append(route.request.url)
            route.abort()

        page.context.route(f"**/live/{name}*", fail)
        page.click(".mb-run")
        expect(page.locator(SAYS)).to_contain_text("could not be loaded")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        assert len(tries) >= 2


def test_a_file_that_is_not_the_one_of_this_page_is_not_used(browser, site):
    with opened(browser, site) as (page, _):
        name = "pyodide/pyodide.mjs"
        with_about(page, files={name: {"bytes": 3, "wire": 3, "sha256": "0" * 64}})
        page.context.route(f"**/live/{name}*", lambda route: route.fulfill(body="old"))
        page.click(".mb-run")
        expect(page.locator(SAYS)).to_contain_text(
            "pyodide.mjs came with other bytes than those of this page"
        )
        expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_python_of_another_state_of_the_pages_is_not_started(browser, site):
    with opened(browser, site) as (page, faults):
        with_about(page, form=1)
        page.click(".mb-run")
        expect(page.locator(SAYS)).to_contain_text(
            "for another state of its pages; make live in the book's folder renews it"
        )
        assert faults == []


def test_a_script_that_does_not_come_can_be_tried_again(browser, site):
    with opened(browser, site) as (page, _):
        with_about(page)
        page.route("**/mirage-live-loading.js", lambda route: route.fulfill(status=503))
        page.click(".mb-run")
        expect(page.locator(SAYS)).to_contain_text("could not be loaded. (the server answers 503)")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_the_scripts_that_are_asked_for_anew_are_those_that_are_imported(site):
    own = {path.name for path in (site / "_static").glob("mirage-live-*.js")}
    listed = re.search(
        r"MODULES = \[(.*?)\]", (site / "_static" / "mirage-live.js").read_text(encoding="utf-8")
    )
    assert {f"mirage-live-{name}.js" for name in re.findall(r'"(\w+)"', listed[1])} == own


def test_a_phone_is_asked_first(browser, site):
    phone = {
        "viewport": {"width": 390, "height": 844},
        "screen": {"width": 390, "height": 844},
        "has_touch": True,
        "is_mobile": True,
    }
    with opened(browser, site, **phone) as (page, _):
        with_about(
            page,
            files={"a": {"bytes": 9, "wire": 21_300_000}},
            archives={"first": ["a"], "chapters": {}},
        )
        page.click(".mb-run")
        expect(page.locator(SAYS)).to_contain_text(
            "On a phone it will be slow. Python and its packages are about 22 MB"
        )
        expect(page.get_by_role("button", name="Load and run")).to_be_visible()


def test_each_chapter_has_a_file_with_its_cells_and_its_numbers(site):
    for page in sorted((site / "notebooks").glob("[0-9]*.html")):
        text = page.read_text(encoding="utf-8")
        if "<article" not in text:  # an address that has moved
            continue
        path = site / "_sources" / "notebooks" / f"{page.stem}.live.json"
        beside = json.loads(path.read_text(encoding="utf-8"))
        assert text.count('class="mb-run"') == 1, page
        assert len(beside["cells"]) == len(re.findall(r'<div class="cell[ "]', text)), page
        assert len(beside["numbers"]) == text.count('class="pasted-text"'), page
        assert sum("parameters" in cell["tags"] for cell in beside["cells"]) == 1, page


def test_a_build_of_the_book_leaves_the_python_of_its_pages_alone(tmp_path):
    site, new = tmp_path / "html", tmp_path / "new"
    for path in (site / "live" / "about.json", site / "old.html", new / "page.html"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text", encoding="utf-8")
    before = publish.results(tmp_path)
    (site / "live" / "more").write_text("more", encoding="utf-8")
    assert publish.results(tmp_path) == before
    assert publish.put_in_place(new, site) == (1, 1)
    assert (site / "live" / "about.json").exists()


def test_a_number_that_would_not_follow_its_chapter_stops_the_build():
    page = lxml.html.fromstring(
        '<article><div class="cell tag_x"></div><p class="pasted-text">1</p></article>'
    )
    beside = live.Beside()
    beside._cells["notebooks/02_one"] = 1
    beside._numbers["notebooks/02_one"] = [("one:.0f", "1")]
    told: list[str] = []
    handler = SimpleNamespace(handle=lambda record: told.append(record.getMessage()), level=0)
    live.logger.logger.addHandler(handler)
    beside.check({"notebooks/02_one.html": page})
    assert told == []
    beside._cells["notebooks/02_one"] = 2
    beside._numbers["notebooks/02_one"] = [("", "2")]
    beside.check({"notebooks/02_one.html": page})
    live.logger.logger.removeHandler(handler)
    assert [words.split(": ")[1][:30] for words in told] == [
        "to run it in the page, cells s", "to run it in the page, numbers", "2 is pasted from elsewhere, an",
    ]  # fmt: skip


# -- what needs no Python ---------------------------------------------------------------------------


DRAWN_ANEW = """async () => {
  const { replace } = await import(new URL("../_static/mirage-live-outputs.js", location.href));
  const text = await (await fetch(location.href)).text();
  const printed = new DOMParser().parseFromString(text, "text/html");
  const fresh = [...printed.querySelectorAll("article div.cell_output")];
  for (const [i, place] of [...document.querySelectorAll("article div.cell_output")].entries()) {
    await replace(place, [...document.importNode(fresh[i], true).children]);
  }
}"""


def test_what_is_drawn_anew_lives_and_keeps_what_its_reader_did(browser, site):
    with opened(browser, site) as (page, faults):
        page.locator("#guess-longer-1").check()
        sketch = page.locator("#guess-few")
        sketch.locator("summary").first.click()
        sketch.locator("input[type=range]").first.fill("20")
        sketch.locator(".mb-reveal").click()
        said = sketch.locator(".mb-verdict").inner_text()
        explorer = page.locator("figure.mb-explorer").first
        explorer.scroll_into_view_if_needed()
        expect(explorer).to_have_attribute("data-live", "yes")
        slider = explorer.locator("input[type=range]").first
        slider.press("ArrowRight")
        moved, words = slider.input_value(), explorer.locator(".mb-says")
        expect(explorer.locator(".mb-says")).not_to_be_empty()
        page.evaluate(DRAWN_ANEW)
        assert page.locator("#guess-longer-1").is_checked()
        expect(page.locator("#guess-longer ~ .mb-shown")).to_be_visible()
        assert sketch.locator("input[type=range]").first.input_value() == "20"
        assert sketch.locator(".mb-verdict").inner_text() == said
        expect(page.locator(".mb-sketched > .mb-shown").first).to_be_visible()
        assert slider.input_value() == moved
        explorer.scroll_into_view_if_needed()
        expect(explorer).to_have_attribute("data-live", "yes")
        before = words.inner_text()
        for _ in range(3):
            slider.press("ArrowRight")
        expect(words).not_to_have_text(before)
        assert (
            explorer.locator(".mb-live svg").count()
            == explorer.locator(".mb-live .mb-slot").count()
        )
        assert faults == []


CONTROLS = """async (models) => {
  const { Widgets } = await import(new URL("../_static/mirage-live-widgets.js", location.href));
  window.sent = [];
  const widgets = new Widgets(async (model, data) => { window.sent.push([model, data]); });
  widgets.hear({ kind: "models", models });
  document.querySelector("article").prepend(widgets.view("box"));
  window.widgets = widgets;
}"""


def test_controls_have_labels_tell_python_and_follow_it(browser, site):
    def model(name, **more):
        return {"_model_name": f"{name}Model", "description": "", "disabled": False, **more}

    parts = {
        "slider": model("FloatSlider", description="size", value=0.5, min=0, max=1, step=0.1, readout_format=".2f", continuous_update=True),
        "log": model("FloatLogSlider", description="scale", value=100.0, base=10, min=0, max=4, step=1, continuous_update=True),
        "range": model("IntRangeSlider", description="span", value=[2, 5], min=0, max=10, step=1, readout_format="d", continuous_update=True),
        "steps": model("SelectionSlider", description="steps", index=1, _options_labels=["low", "high"], continuous_update=True),
        "radios": model("RadioButtons", description="pick", index=0, _options_labels=["first", "second"]),
        "many": model("SelectMultiple", description="several", index=[0], rows=2, _options_labels=["left", "right"]),
        "text": model("Text", description="word", value="one", continuous_update=False),
        "whole": model("BoundedIntText", description="count", value=3, min=0, max=9),
        "press": model("Button", description="Press"),
        "off": model("Checkbox", description="on or off", value=False, disabled=True),
        "words": model("HTML", value="<b>bold</b>"),
        "strange": model("Controller"),
    }  # fmt: skip
    box = {"_model_name": "VBoxModel", "children": [f"IPY_MODEL_{name}" for name in parts]}
    with opened(browser, site) as (page, faults):
        page.evaluate(CONTROLS, {**parts, "box": box})
        shown = page.locator(".mb-py-box")
        shown.get_by_role("slider", name="size").press("ArrowRight")
        shown.get_by_role("slider", name="scale").press("ArrowLeft")
        shown.get_by_role("slider", name="span to").press("ArrowRight")
        shown.get_by_role("slider", name="steps").press("ArrowLeft")
        shown.get_by_role("radio", name="second").check()
        shown.get_by_label("several").select_option(["left", "right"])
        shown.get_by_label("word").fill("two")
        shown.get_by_label("word").blur()
        shown.get_by_label("count").fill("4")
        shown.get_by_label("count").blur()
        shown.get_by_role("button", name="Press", exact=True).click()
        assert shown.get_by_label("on or off").is_disabled()
        assert shown.locator(".mb-py-words b").inner_text() == "bold"
        expect(shown.locator(".mb-py-missing")).to_contain_text("no control of the kind Controller")
        told = {
            name: data.get("state", data.get("content")) for name, data in page.evaluate("sent")
        }
        assert told["slider"] == {"value": 0.6}
        assert told["log"]["value"] == pytest.approx(10)
        assert told["range"] == {"value": [2, 6]}
        assert (told["steps"], told["radios"], told["many"]) == (
            {"index": 0},
            {"index": 1},
            {"index": [0, 1]},
        )
        assert (told["text"], told["whole"], told["press"]) == (
            {"value": "two"},
            {"value": 4},
            {"event": "click"},
        )
        page.evaluate(
            "widgets.hear({ kind: 'model', model: 'slider', state: { value: 0.25, max: 2 } })"
        )
        slider = shown.get_by_role("slider", name="size")
        assert (slider.get_attribute("max"), slider.get_attribute("aria-valuetext")) == (
            "2",
            "0.25",
        )
        assert faults == []


# -- where it runs ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(browser, site):
    """The chapter in a page in which all of it has run."""
    with opened(browser, site, WithPython, viewport={"width": 1400, "height": 1000}) as (
        page,
        faults,
    ):
        page.set_default_timeout(3 * MINUTES)
        # Two of the questions are answered before, and one figure moved.
        page.locator("#guess-longer-1").check()
        page.click(".mb-run")
        settled(page)
        yield page, faults


def states(page: Page) -> list[str]:
    return page.eval_on_selector_all("div.cell", "cells => cells.map((cell) => cell.dataset.state)")


def cell(page: Page, number: int):
    return page.locator("article div.cell").nth(number - 1)


def write(page: Page, number: int, source: str) -> None:
    """Type into a cell, whose code may be folded, and run it."""
    place = cell(page, number)
    fold = place.locator(".mb-py-fold")
    if fold.count() and fold.get_attribute("open") is None:
        fold.locator("summary").first.click()
    place.locator(".mb-py-editor textarea").fill(source)
    place.get_by_role("button", name="Run", exact=True).click()
    settled(page)


@needs_live
def test_all_cells_run_and_the_claims_hold(running):
    page, faults = running
    assert "has run" in page.locator(SAYS).inner_text()
    assert set(states(page)) == {"done"}
    assert page.locator(".mb-claim").count() == 3
    assert not page.locator(".mb-claim", has_text="does not hold").count()
    assert not page.locator(".mb-py-error").count()
    assert not page.locator(".mb-py-changed").count()  # the numbers are those of the page
    assert page.locator("#guess-longer-1").is_checked()
    assert faults == []


@needs_live
def test_the_next_chapter_loads_nearly_nothing(running):
    page, _ = running
    asked: list[str] = []
    other = page.context.new_page()
    other.on("request", lambda request: asked.append(request.url))
    other.goto(page.url.partition("#")[0])
    other.click(".mb-run")
    expect(other.locator(SAYS)).to_have_text(
        re.compile("^(Starting|Unpacking|Reading)"), timeout=3 * MINUTES
    )
    other.close()
    names = json.loads((Path(LIVE) / "about.json").read_text(encoding="utf-8"))["archives"]["first"]
    assert any(url.endswith("about.json") for url in asked)
    assert not [url for url in asked if any(name in url for name in names)]


@needs_live
def test_a_parameter_changes_the_figure_and_the_number_in_its_sentence(running):
    page, faults = running
    figure = page.locator("#fig-two-metrics svg").first.inner_html()
    field = page.locator(".mb-py-parameters textarea")
    source = field.input_value()
    again = page.get_by_role("button", name="Run the chapter with these")
    field.fill(source.replace("ALPHA: float = 0.5", "ALPHA: float ="))
    again.click()
    error = page.locator(".mb-py-parameters .mb-py-error")
    expect(error).to_contain_text("SyntaxError", timeout=MINUTES)
    settled(page)
    field.fill(source.replace("ALPHA: float = 0.5", "ALPHA: float = 0.8"))
    assert source != field.input_value()
    again.click()
    settled(page)
    expect(error).to_have_count(0)
    assert page.locator("#fig-two-metrics svg").first.inner_html() != figure
    changed = page.locator(".mb-py-changed")
    expect(changed.first).to_have_text("0.8 (published: 0.5)")
    assert "published: 2.68" in changed.evaluate_all("spans => spans.map((span) => span.title)")
    assert page.locator("#guess-longer-1").is_checked()
    expect(page.locator("#guess-longer ~ .mb-shown")).to_be_visible()
    twice = page.evaluate(
        "[...document.querySelectorAll('article .cell [id]')].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i)"
    )
    assert twice == []
    assert faults == []


@needs_live
def test_what_cannot_be_drawn_is_said_and_the_next_thing_is_drawn(running):
    page, faults = running
    output = cell(page, 3).locator(".cell_output")
    bad = "from IPython.display import publish_display_data\npublish_display_data({'image/png': 5, 'text/plain': 'x'})"
    write(page, 3, bad)
    expect(output).to_contain_text("This cannot be shown as image/png")
    write(page, 3, "from IPython.display import Markdown\nMarkdown('**bold** words')")
    expect(output.locator("strong")).to_have_text("bold")
    write(page, 3, "import asyncio\nawait asyncio.sleep(0.01)\nprint('waited')")
    expect(output.locator("pre")).to_have_text("waited\n")
    assert faults == []


@needs_live
def test_files_of_the_reader_lie_in_a_folder_and_stay_in_the_page(running):
    page, faults = running
    rows = "model,params,task,score,n\n" + "".join(
        f"m{i},{10**i},sums,{i / 10},200\n" for i in range(5, 10)
    )
    files = [
        {"name": "mine <1>.csv", "mimeType": "text/csv", "buffer": rows.encode()},
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"one"},
    ]
    page.locator(".mb-py-panel input[type=file]").set_input_files(files)
    expect(page.locator(SAYS)).to_contain_text(
        "in the folder yours; they stay in this browser (mine <1>.csv, notes.txt)", timeout=MINUTES
    )
    many = [{"name": f"{i}.csv", "mimeType": "text/csv", "buffer": b"a"} for i in range(40)]
    page.locator(".mb-py-panel input[type=file]").set_input_files(many)
    expect(page.locator(SAYS)).to_contain_text("0.csv and 39 more)", timeout=MINUTES)
    output = cell(page, 3).locator(".cell_output")
    write(
        page,
        3,
        "import pandas as pd\nprint(len(pd.read_csv('yours/mine <1>.csv')), open('yours/notes.txt').read())",
    )
    expect(output.locator("pre")).to_have_text("5 one\n")
    assert faults == []


@needs_live
def test_the_explorer_that_was_drawn_anew_moves(running):
    page, faults = running
    figure = page.locator("figure.mb-explorer").first
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_attribute("data-live", "yes")
    before = figure.locator(".mb-says").inner_text()
    slider = figure.locator("input[type=range]").first
    slider.focus()
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    expect(figure.locator(".mb-says")).not_to_have_text(before)
    assert faults == []


@needs_live
def test_an_error_shows_in_its_place_and_the_rest_waits(running):
    page, faults = running
    place = cell(page, 4)
    source = place.locator("textarea").first.input_value()
    fold = place.locator(".mb-py-fold > summary")
    if fold.count():
        fold.click()
    place.locator("textarea").first.fill("alpa + 1")
    place.get_by_role("button", name="Run from here").click()
    said = settled(page)
    assert said == "Cell 4 failed, and the run stopped there. The cells below it were not run."
    error = place.locator(".mb-py-error")
    expect(error).to_contain_text("NameError: name 'alpa' is not defined")
    expect(error).to_contain_text("line 1: alpa + 1")
    error.locator("summary").click()
    expect(error.locator("details pre")).to_contain_text("Traceback (most recent call last)")
    assert states(page)[3:5] == ["failed", "left"]
    page.locator(SAYS).get_by_role("link", name="Cell 4").click()
    expect(place.locator("textarea").first).to_be_focused()
    # Folded code says it, too.
    expect(cell(page, 5).locator(".mb-py-fold > summary")).to_contain_text("(not run)")
    place.get_by_role("button", name="Reset").click()
    assert place.locator("textarea").first.input_value() == source
    place.get_by_role("button", name="Run from here").click()
    settled(page)
    assert set(states(page)) == {"done"}
    assert not place.locator(".mb-py-error").count()
    assert faults == []


@needs_live
def test_what_a_cell_prints_displays_and_typesets(running):
    page, faults = running
    write(
        page, 3,
        "import sympy as sp, matplotlib.pyplot as plt, pandas as pd\nfrom IPython.display import display\n"
        "print('printed')\ndisplay(sp.sqrt(sp.Symbol('x')))\nplt.plot([1, 2]); plt.show()\npd.DataFrame({'a': [1]})",
    )  # fmt: skip
    output = cell(page, 3).locator(".cell_output")
    expect(output.locator("pre").first).to_have_text("printed\n")
    expect(output.locator("math msqrt")).to_have_count(1)
    expect(output.locator("img")).to_have_count(1)
    expect(output.locator("table.dataframe")).to_have_count(1)
    assert faults == []


@needs_live
def test_sliders_and_other_controls_work(running):
    page, faults = running
    write(
        page, 3,
        "import ipywidgets as widgets\n"
        "@widgets.interact(x=(0, 1.0), word=['one', 'two'], shout=False)\n"
        "def tell(x=0.5, word='one', shout=False):\n    print(f'{x:.1f}', word.upper() if shout else word)\n",
    )  # fmt: skip
    output = cell(page, 3).locator(".cell_output").first
    said = output.locator(".mb-py-output pre")
    expect(said).to_have_text("0.5 one\n")
    slider = output.get_by_role("slider", name="x")
    slider.focus()
    slider.press("ArrowRight")
    expect(said).to_have_text("0.6 one\n")
    output.get_by_label("word").select_option("two")
    expect(said).to_have_text("0.6 two\n")
    output.get_by_label("shout").check()
    expect(said).to_have_text("0.6 TWO\n")
    write(page, 3, "out = widgets.Output(); b = widgets.Button(description='Press me')\n"
          "@b.on_click\ndef pressed(_):\n    with out:\n        print('pressed')\n"
          "widgets.VBox([b, out, widgets.Play()])")  # fmt: skip
    output.get_by_role("button", name="Press me").click()
    expect(output.locator(".mb-py-output pre")).to_have_text("pressed\n")
    expect(output.locator(".mb-py-missing")).to_contain_text("no control of the kind Play")
    assert faults == []


@needs_live
def test_keys_write_run_and_leave_a_cell(running):
    page, faults = running
    place = cell(page, 3)
    field = place.locator("textarea").first
    field.fill("")
    field.focus()
    page.keyboard.type("if True:")
    page.keyboard.press("Enter")
    page.keyboard.type("print('keys')")
    assert field.input_value() == "if True:\n    print('keys')"
    expect(place.locator(".mb-py-tools .mb-py-state")).to_have_text("edited, not run")
    page.keyboard.press("Control+Enter")
    expect(place.locator(".cell_output pre").first).to_have_text("keys\n")
    settled(page)
    page.keyboard.press("Tab")
    assert field.input_value().endswith("    ")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert not field.evaluate("field => field === document.activeElement")
    expect(place.locator(".mb-py-editor pre span.k").first).to_have_text("if")
    assert faults == []


@needs_live
def test_a_cell_that_does_not_end_can_be_stopped(running):
    page, faults = running
    place = cell(page, 3)
    place.locator("textarea").first.fill("while True: pass")
    place.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(SAYS)).to_contain_text(
        "Stopped. Python was started again", timeout=8 * MINUTES
    )
    page.once("dialog", lambda asks: asks.accept())  # something was edited
    page.get_by_role("button", name="Start over").click()
    expect(page.locator(SAYS)).to_contain_text("as it was published", timeout=8 * MINUTES)
    assert not page.locator(".mb-py-changed").count()
    assert set(states(page)) == {""}
    assert page.locator(".mb-py-parameters textarea").input_value().count("ALPHA: float = 0.5") == 1
    figure = page.locator("figure.mb-explorer").first
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_attribute("data-live", "yes")
    assert faults == []


@needs_live
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nobody_is_shut_out_of_a_page_that_runs(running, theme):
    page, _ = running
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    for fold in page.locator(".mb-py-fold > summary").all()[:3]:
        fold.click()
    # Drawings are skipped by screen readers and cost most of the time.
    page.evaluate(
        "document.querySelectorAll('svg[aria-hidden=true]').forEach((drawing) => drawing.replaceChildren())"
    )
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    options = {"runOnly": {"type": "tag", "values": rules}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    assert [(v["id"], [n["html"][:200] for n in v["nodes"][:3]]) for v in found] == []
