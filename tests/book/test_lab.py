"""Chapters in JupyterLab, as `make lab` opens them: read, run, changed and answered in a real browser."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import NamedTuple

import copies
import nbformat
import pytest
import trial
from conftest import ROOT
from pages import keep
from playwright.sync_api import Locator, Page
from readable import Place, Published, rewrite

# Chapters that between them have explorers, sketches, forms, tables and downloads of results, and are quickly run.
READ = ("03_many_tokens", "09_same_outputs_two_metrics", "10_meta_analysis")
MARKUP = re.compile(
    r"\{[\w:-]+\}`|glue:|__import__|Error:|\b[a-z]\w*:[.,]?\d*[%dfge]\b|\[object|^[`:]{3,}", re.M
)


# What is drawn, once JupyterLab has stopped drawing: number, text and rendered parts of each cell in sight. Code in
# sight is code; what it printed, and every text, must read as text.
DRAWN = """async () => {
    const cells = () => [...document.querySelectorAll('.jp-Notebook .jp-Cell')].filter(cell => cell.checkVisibility());
    const frame = () => new Promise(done => requestAnimationFrame(done));
    let before = '';
    for (let still = 0; still < 3;) {
        await frame();
        const now = cells().map(cell => `${cell.dataset.windowedListIndex} ${cell.offsetTop} ${cell.offsetHeight}`).join();
        still = now === before ? still + 1 : 0;
        before = now;
    }
    return cells().map(cell => [
        cell.dataset.windowedListIndex, cell.innerText,
        [...cell.querySelectorAll('.jp-MarkdownOutput, .jp-OutputArea-output')].map(part => part.innerText),
    ]);
}"""


class Cell(NamedTuple):
    """What a cell showed when it was scrolled to."""

    index: str
    text: str
    rendered: list[str]


class Lab:
    """A chapter, open in JupyterLab."""

    def __init__(self, address: str, page: Page, name: str) -> None:
        self.address, self.page = address, page
        page.goto(f"{address}/lab/tree/{name}.ipynb?reset")
        page.wait_for_selector(
            ".jp-Notebook .jp-MarkdownCell .jp-RenderedMarkdown, .jp-Notebook .myst"
        )
        page.wait_for_function("document.body.innerText.includes('| Idle')")
        self.scroll = page.locator(".jp-Notebook .jp-WindowedPanel-outer")

    def kernels(self) -> list[dict]:
        with urllib.request.urlopen(f"{self.address}/api/kernels") as answer:
            return json.load(answer)

    def run_all(self) -> None:
        """Run all cells by the menu, and wait until the kernel has had nothing to do for a while."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_text("Run All Cells", exact=True).click()
        self.page.wait_for_timeout(1000)
        idle = 0
        for _ in range(1200):
            states = {kernel["execution_state"] for kernel in self.kernels()}
            idle = idle + 1 if states == {"idle"} else 0
            if idle == 8:
                return
            self.page.wait_for_timeout(250)
        raise AssertionError("the kernel is still busy")

    def drawn(self) -> list[tuple[int, str, list[str]]]:
        """What is near the window, once its text is set: on a busy machine its source is there first."""
        for _ in range(40):
            found = self.page.evaluate(DRAWN)
            texts = [part for _, text, rendered in found for part in (text, *rendered)]
            if not any("{eval}`" in text for text in texts):
                break
            self.page.wait_for_timeout(250)
        return found

    def cells(self) -> Iterator[Cell]:
        """Every cell once, scrolled to: JupyterLab draws only what is near the window."""
        seen = set()
        self.scroll.evaluate("box => box.scrollTo(0, 0)")
        while True:
            for index, text, rendered in self.drawn():
                if index not in seen and text.strip():
                    seen.add(index)
                    yield Cell(index, text, rendered)
            # JupyterLab draws what came near in the next frames, which a busy machine shows late.
            if self.scroll.evaluate("""async box => {
                const before = box.scrollTop, frame = () => new Promise(requestAnimationFrame);
                box.scrollBy(0, 0.8 * box.clientHeight);
                for (let i = 0; i < 3; i++) await frame();
                return box.scrollTop - before < 2;
            }"""):
                return

    def sentence(self, words: str) -> str:
        """The text of the cell that holds these words."""
        return self.find(words).text

    def cell(self, words: str) -> Locator:
        """The cell that holds these words."""
        index = self.find(words).index
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')

    def find(self, words: str) -> Cell:
        for cell in self.cells():
            if words in cell.text:
                return cell
        raise AssertionError(f"no cell says {words!r}")


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[str]:
    """JupyterLab on the chapters, by the commands of `make lab`, with nobody's settings; yields the address."""
    folder = tmp_path_factory.mktemp("lab")
    place = folder / "chapters"
    subprocess.run(
        [sys.executable, "book/copies.py", "live", str(place)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )  # fmt: skip
    copy = rewrite(trial.notebook(), "01_trial", Published({}), Place(live=True))
    nbformat.write(copy, place / "trial.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        name: str(folder / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    command = [
        sys.executable, "-m", "jupyter", "lab", str(place), "--no-browser", "--allow-root", f"--port={port}",
        "--IdentityProvider.token=",
    ]  # fmt: skip
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **own}
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            assert server.poll() is None, (folder / "log").read_text()
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/api/status").close()
                break
            time.sleep(0.25)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=60)


@pytest.fixture
def opened(lab, browser):
    """``opened("03_many_tokens")``: the chapter in a tab of its own."""
    pages = []

    def open_(name: str) -> Lab:
        page = browser.new_page(viewport={"width": 1400, "height": 2000})
        pages.append(page)
        return Lab(lab, page, name)

    yield open_
    for page in pages:
        page.close()


def readable(chapter: Lab) -> int:
    """Assert that no rendered cell shows markup; returns the number of cells."""
    cells = list(chapter.cells())
    for cell in cells:
        for text in cell.rendered:
            assert not MARKUP.search(text), text
    return len(cells)


@pytest.mark.parametrize("name", READ)
def test_a_chapter_reads_as_text_before_and_after_it_is_run(opened, name):
    chapter = opened(name)
    copy = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())
    first = chapter.page.locator(".jp-Notebook .jp-Cell").first.inner_text()
    # Chapters open on a question, or on something concrete that ends in one.
    assert "?" in first
    assert len(first.split()) > 40
    before = readable(chapter)
    keep(chapter.page, f"lab-{name}-before")
    chapter.run_all()
    assert readable(chapter) >= before > len(copy["cells"]) / 2
    keep(chapter.page, f"lab-{name}-after")


def test_numbers_follow_a_parameter_and_a_prediction_uncovers_the_figure(opened):
    chapter = opened("03_many_tokens")
    page = chapter.page
    published = copies.published("03_many_tokens").numbers
    shift = f"The shift is {published['shift_measured']:.2f} decades"
    assert shift in " ".join(chapter.sentence("The shift is").split())
    # Change a parameter as a reader does, and run all.
    cell = chapter.cell("PROFILE: str = ")
    cell.locator(".cm-line", has_text="ALPHA: float = 0.5").click()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+End")
    page.keyboard.type("ALPHA: float = 0.8")
    page.keyboard.press("Escape")
    chapter.run_all()
    text = " ".join(chapter.sentence("The shift is").split())
    assert shift not in text
    assert "The shift is 1.51 decades, as the formula predicts (1.51)" in text  # log10(16) / 0.8
    # The figure waits for an answer, and appears below it.
    question = chapter.cell("Predict first.")
    assert question.locator("figure.mb-figure").count() == 0
    assert "the same curve" not in question.inner_text()
    keep(page, "lab-question")
    question.get_by_label("It moves the rise to larger models.").check()
    page.wait_for_function(
        "document.body.innerText.includes('Yes, and on these axes it does nothing else')"
    )
    question = chapter.cell("Predict first.")
    question.locator("figure.mb-figure").wait_for()
    assert question.locator("figure.mb-figure svg").count() == 2
    keep(page, "lab-answered")
    # A curve is drawn with sliders, and compared.
    sketch = chapter.cell("draw the curve with the sliders")
    assert sketch.locator(".noUi-handle").count() == 8
    sketch.locator(".noUi-handle").first.focus()
    page.keyboard.press("Home")
    assert "most at" not in sketch.inner_text()
    sketch.get_by_role("button", name="Show the true curve").click()
    page.wait_for_function("document.body.innerText.includes('differ by')")
    # Both curves, and below them the figure.
    sketch.locator("figure#fig-few-sizes").wait_for()  # the words come a moment before
    assert sketch.locator("[aria-label^='The curve you drew'] svg").count() == 1
    assert sketch.locator("figure#fig-few-sizes svg").count() == 2
    keep(page, "lab-sketch")


def test_an_answer_shows_the_figure_in_the_same_output_and_is_remembered(opened):
    chapter = opened("trial")
    page = chapter.page
    assert "A jump can be made by the axes" in chapter.sentence("In short")
    chapter.run_all()
    question = chapter.cell("Predict first.")
    assert question.locator("figure").count() == 0
    yes = "It is a switch on some axes and a slope on others."
    question.get_by_label(yes).check()
    question.locator("figure#fig-axes").wait_for()
    assert "The corner belongs to the axes" in question.inner_text()
    assert question.locator("figure svg").count() == 2
    keep(page, "lab-question-answered")
    chapter.run_all()
    question = chapter.cell("Predict first.")
    question.locator("figure#fig-axes").wait_for()
    assert question.get_by_label(yes).is_checked()
    # A curve: names of sizes below the sliders, and shares as the axis has them.
    curve = chapter.cell("draw the curve with the sliders")
    assert curve.locator(".noUi-handle").count() == 8
    assert "2.7B" in curve.inner_text()
    curve.locator(".noUi-handle").last.focus()
    page.keyboard.press("Home")
    assert curve.locator("figure").count() == 0
    curve.get_by_role("button", name="Show the true curve").click()
    curve.locator("figure#fig-curve").wait_for()
    assert "most at 175B, where you drew 0.01%" in curve.inner_text()
    keep(page, "lab-curve-drawn")
