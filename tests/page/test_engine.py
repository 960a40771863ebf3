"""Vega in a page, called from Python, gives what vl-convert gives."""

import json

import pytest
from py_mini_racer import MiniRacer

from mirage_utils.ground.optional import MissingPackageError
from mirage_utils.page import explorers
from mirage_utils.page.explorers import engine, vega


@pytest.fixture(scope="module")
def in_page():
    """A browser's worker has this clone of values; V8 alone has not."""
    with_clone = (
        "globalThis.structuredClone ??= (v) => v === undefined ? v : JSON.parse(JSON.stringify(v));"
    )
    context = MiniRacer()
    context.eval(
        f"{with_clone} globalThis.console ??= {{ warn() {{}}, log() {{}}, error() {{}} }};"
    )
    context.eval(engine.script())

    class Page:
        def __getattr__(self, name):
            return lambda text: context.eval(f"mirageVega.{name}({json.dumps(text)})")

    return Page()


@pytest.fixture
def browser(monkeypatch, in_page):
    def use():
        monkeypatch.setattr(engine, "in_browser", lambda: True)
        monkeypatch.setattr(engine, "_in_page", lambda: in_page)

    return use


def test_expressions_have_the_same_values(browser):
    numbers = [0.0, 1e-9, 0.00012345, 0.5, 0.9996, 1.0, 1234.5, 999_900, 1.75e11, 3e20]
    words = [vega.written(repr(x), how) for x in numbers for how in vega.FORMATS]
    wrong = ["1 > 0", "null", "log(2) + v", "'a' + v", "indexof([1, 2, 4], v)"]
    with_it = vega.evaluated([*words, *wrong], {"v": 4})
    browser()
    assert vega.evaluated([*words, *wrong], {"v": 4}) == with_it


def test_an_explorer_says_and_shows_the_same(browser):
    explorer = explorers.many_tokens(alpha=0.5, N_c=1e9, L=5)
    found = explorer.html(), explorer.charts.table()
    browser()
    again = explorers.many_tokens(alpha=0.5, N_c=1e9, L=5)
    assert again.charts.table() == found[1]
    # The pictures differ: word for word they are the same, and the words are a little wider or narrower.
    page = again.html()
    assert (
        page.split("mb-says")[1].split("</p>")[0] == found[0].split("mb-says")[1].split("</p>")[0]
    )
    assert page.count("<path") == found[0].count("<path")
    assert page.count("<text") == found[0].count("<text")


def test_a_wheel_without_the_script_says_so(monkeypatch):
    monkeypatch.setattr(engine, "in_browser", lambda: True)
    engine._in_page.cache_clear()
    with pytest.raises(MissingPackageError, match="make live"):
        engine.scene({})


def test_an_unknown_version_says_so(monkeypatch):
    monkeypatch.setattr(engine, "_WHOLE", {})
    with pytest.raises(MissingPackageError, match="whole version"):
        engine.script()
