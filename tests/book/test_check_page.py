"""The page for students: a notebook is checked in it, and where it cannot be, it says what to do instead."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from browser import served
from conftest import ROOT
from filelock import FileLock
from nbformat.v4 import new_code_cell, new_notebook
from pages import build_small, small_house
from submissions import SOURCES, answered, source
from test_pages_in_a_browser import violations

from mirage_utils.coursework.assignments.cells import identifier
from mirage_utils.coursework.handin import look_over
from mirage_utils.coursework.release import released

PAGE = "book/students.html"
NAMES = ["1_one_token", "5_cause_emergence"]

needs_live = pytest.mark.skipif(
    not os.environ.get("MIRAGE_LIVE"),
    reason="MIRAGE_LIVE names no folder that `make live` has made",
)


@pytest.fixture(scope="session")
def students(shared_folder) -> Path:
    """A small book with the page for students, built once for all tests."""
    where = shared_folder / "students"
    where.mkdir(exist_ok=True)
    site = where / "_build" / "html"
    with FileLock(where.with_suffix(".lock")):
        if not site.exists():
            small_house(where, "book/students", "book/second")
            shutil.copy(ROOT / PAGE.replace(".html", ".md"), where / "book")
            (where / "book" / "second.md").write_text("# A second page\n")
            shutil.copytree(SOURCES, where / "notebooks" / "assignments")
            result = build_small(where)
            assert result.returncode == 0, result.printed
            if os.environ.get("MIRAGE_LIVE"):
                (site / "live").symlink_to(Path(os.environ["MIRAGE_LIVE"]).resolve())
    return site


@pytest.fixture(scope="session")
def bare(students, shared_folder) -> Path:
    """The same without Python for the page."""
    where = shared_folder / "bare"
    with FileLock(where.with_suffix(".lock")):
        if not where.exists():
            shutil.copytree(students, where, ignore=shutil.ignore_patterns("live"), symlinks=True)
    return where


@pytest.fixture
def notebook(tmp_path) -> Path:
    """The first assignment with right answers and one wrong one."""
    return written(tmp_path, NAMES[0], steepest="steepest_N = N_c\nheight = 1\nsteepness = 2\nmy_height = '0.5'")  # fmt: skip


def written(folder: Path, name: str, **sources: str) -> Path:
    made = answered(source(name), released(SOURCES, name, "ada"))
    for cell in made.cells:
        cell.source = sources.get(identifier(cell) or "", cell.source)
    path = folder / f"{name}.ipynb"
    nbformat.write(made, path)
    return path


def said(page) -> str:
    """What the page says when it has nothing more to do."""
    page.wait_for_selector(".mb-check button[type=submit]:not([aria-disabled])", timeout=300_000)
    return page.inner_text(".mb-check-state")


def checked(page, *files: Path) -> str:
    page.set_input_files("#mb-check-file", [str(each) for each in files])
    page.click(".mb-check button[type=submit]")
    return said(page)


def table(page) -> list[tuple[str, str, str]]:
    rows = page.locator(".mb-check tbody tr").all()
    return [tuple(row.locator("th, td").all_text_contents()) for row in rows]


# ---------------------------------------------------------------- where Python is not to be had


def test_a_page_from_a_file_says_what_to_do(bare, browser, notebook):
    page = browser.new_page()
    page.goto(f"file://{bare}/{PAGE}")
    page.click(".mb-check button[type=submit]")
    assert page.inner_text(".mb-check-state") == "Choose your notebook first."
    words = checked(page, notebook)
    assert "opened from a file" in words
    assert "make serve" in words
    assert not page.is_visible(".mb-check-result")
    page.close()


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ("", "built without Python for its pages"),
        ("delete window.WebAssembly", "no WebAssembly"),
        ("delete window.Worker", "no WebAssembly"),
    ],
    ids=["no-live", "no-webassembly", "no-worker"],
)
def test_where_python_cannot_run_the_page_says_why(bare, browser, notebook, before, says):
    with served(bare) as home:
        page = browser.new_page()
        page.add_init_script(before)
        page.goto(f"{home}/{PAGE}")
        words = checked(page, notebook)
        assert says in words
        assert "on your own machine" in words
        page.click("a.mb-lab >> nth=0")
        page.wait_for_selector("p:has(a.mb-lab) [role=status]")
        assert says in page.inner_text("p:has(a.mb-lab) [role=status]")
        assert page.url == f"{home}/{PAGE}"
        page.close()


def test_a_worker_that_may_not_start_is_told(bare, browser, notebook):
    with served(bare) as home:
        page = browser.new_page()
        about = '{"version": "1", "core": "pyodide/", "files": {}, "archives": {"first": [], "chapters": {}}, "form": 2, "platform": {}}'
        page.route("**/live/about.json", lambda route: route.fulfill(body=about))
        page.route("**/mirage-check-worker.js*", lambda route: route.abort())
        page.goto(f"{home}/{PAGE}")
        assert "keeps the page from starting Python" in checked(page, notebook)
        page.unroute(
            "**/mirage-check-worker.js*"
        )  # and the next time it may: its files are missing
        assert "could not be loaded" in checked(page, notebook)
        page.close()


def test_the_page_without_scripts_and_for_everybody(bare, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{bare}/{PAGE}")
    assert not page.is_visible(".mb-check")
    assert "This needs JavaScript" in page.inner_text(".bd-article")
    context.close()
    for width, theme in ((1400, "light"), (390, "dark")):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
        page.goto(f"file://{bare}/{PAGE}")
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        assert violations(page) == []
        page.close()


# ---------------------------------------------------------------- with Python in the page


@pytest.fixture
def live(students, browser) -> Iterator:
    """The page, served with Python beside it; it asks nobody else for anything, and nothing fails."""
    with served(students) as home:
        context = browser.new_context(accept_downloads=False)
        page = context.new_page()
        trouble: list[str] = []
        context.on("request", lambda request: (request.url.startswith((home, "blob:", "data:")) and request.method == "GET") or trouble.append(f"{request.method} {request.url}"))  # fmt: skip
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda message: message.type == "error" and trouble.append(message.text))
        page.goto(f"{home}/{PAGE}")
        yield page
        assert trouble == []
        context.close()


@needs_live
def test_the_table_is_the_report_of_the_desk(live, notebook, tmp_path):
    """Two assignments in one visit, the second with what its chapter needs; then a file that is none."""
    called = {each.name: each.label for each in source(NAMES[0]).exercises}
    words = checked(live, notebook)
    report = look_over(notebook, here=True)
    assert [(name, text) for name, _, text in table(live)] == [(called.get(each.name, each.name), each.text) for each in report]  # fmt: skip
    most = {each.label: each.points for each in source(NAMES[0]).exercises}
    wrong = {called.get(each.name) for each in report if not each.ok}
    for name, points, _ in table(live):
        want = "–" if name.startswith("7.") else f"{0 if name in wrong else most[name]:g}"
        assert points == f"{want} / {most[name]:g}"
    assert f"{len(wrong)} things left to do." in words
    assert violations(live) == []
    live.set_viewport_size({"width": 390, "height": 900})
    assert live.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0

    words = checked(live, written(tmp_path, NAMES[1]))
    assert words.endswith("Nothing is left to do.")
    assert len(table(live)) == len(source(NAMES[1]).exercises)

    other = tmp_path / "notes.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1 + 1")]), other)
    assert checked(live, other).startswith("notes.ipynb is a notebook of no assignment")
    assert not live.is_visible(".mb-check-result")
    other.write_bytes(b'{"cells": "Universit\xe9"}')
    assert "(0xe9) is no text in UTF-8" in checked(live, other)
    assert "One notebook at a time" in checked(live, other, notebook)


@needs_live
def test_what_does_not_end_is_ended(live, tmp_path):
    endless = written(tmp_path, NAMES[0], inverse="while True:\n    pass")
    live.clock.install()
    live.set_input_files("#mb-check-file", str(endless))
    for way, says in (("clock", "stopped after 60 s"), ("button", "stopped by you")):
        live.click(".mb-check button[type=submit]")
        number = next(at for at, cell in enumerate(nbformat.read(endless, 4).cells, 1) if identifier(cell) == "inverse")  # fmt: skip
        live.wait_for_function(f"document.querySelector('.mb-check-state').textContent.startsWith('Running cell {number} ')", timeout=300_000)  # fmt: skip
        if way == "clock":
            live.clock.fast_forward(61_000)
        else:
            live.click(".mb-check button[type=button]")
        assert re.match(says, said(live), re.IGNORECASE)
        rows = table(live)
        at = next(i for i, row in enumerate(rows) if row[0] == "inverse")
        assert rows[at][2] == f"{says}; nothing after it was run"
        assert "2 of " in said(live)
        assert "points so far" in said(live)
        assert {text for _, _, text in rows[at + 1 :]} - {"read by a person"} == {"not run"}
        assert [row[1] for row in rows[:at]] == ["1 / 1", "1 / 1"]
