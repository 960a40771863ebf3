"""Chapters run in a browser, and what that gave: ``python -m tools.live table [CHAPTER ...]``.

Each chapter is opened from the built site in a browser of its own that has kept nothing, its button pressed, and its cells run to the
end. Nothing but the site answers.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from playwright.sync_api import Browser, Page, expect

_SAYS = ".mb-py-says"
_WAIT = 20 * 60_000  # milliseconds, for a busy machine
_MEMORY = "import pyodide_js\nprint('heap', pyodide_js._module.HEAP8.length)"
HEAD = "| chapter | loaded, MB | until the first cell, s | cells, s | memory, MB | cells | claims | numbers as printed | faults |"


class Row(NamedTuple):
    """What running one chapter gave."""

    chapter: str
    loaded: float
    start: float
    run: float
    memory: float
    cells: str
    claims: str
    numbers: str
    faults: list[str]

    def __str__(self) -> str:
        fields = [
            self.chapter, f"{self.loaded:.1f}", f"{self.start:.0f}", f"{self.run:.0f}", f"{self.memory:.0f}", self.cells, self.claims, self.numbers,
            "; ".join(self.faults) or "none",
        ]  # fmt: skip
        return f"| {' | '.join(fields)} |"


def table(browser: Browser, address: str, chapters: Sequence[str]) -> Iterator[Row]:
    """Run chapters, one after the other.

    Parameters
    ----------
    browser : Browser
    address : str
        Where the built book, with its folder ``live``, is served.
    chapters : sequence of str
        Names such as ``03_many_tokens``.
    """
    for chapter in chapters:
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        yield run(context.new_page(), address, chapter)
        context.close()


def run(page: Page, address: str, chapter: str) -> Row:
    """Run one chapter in a page that has not been used yet."""
    faults: list[str] = []
    asked: list[str] = []
    page.set_default_timeout(_WAIT)
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.context.on(
        "request",
        lambda r: None if r.url.startswith((address, "blob:", "data:")) else faults.append(r.url),
    )
    page.context.on("requestfinished", lambda r: asked.append(r.url.partition("?")[0]))
    page.goto(f"{address}/notebooks/{chapter}.html")
    begun = time.perf_counter()
    page.click(".mb-run")
    expect(page.locator("div.cell[data-state]:not([data-state=''])").first).to_be_attached(
        timeout=_WAIT
    )
    started = time.perf_counter()
    said = settled(page)
    ended = time.perf_counter()
    if "has run" not in said:
        faults.append(said)
    states = page.eval_on_selector_all(
        "article div.cell", "cells => cells.map((cell) => cell.dataset.state)"
    )
    claims = page.locator(".mb-claim")
    broken = page.locator(".mb-claim", has_text="does not hold").count()
    numbers = page.locator("article .pasted-text").count()
    changed = page.locator(".mb-py-changed").evaluate_all(
        "spans => spans.map((span) => `${span.title}, here ${span.textContent}`)"
    )
    faults += changed
    return Row(
        chapter, loaded(page, address, asked), started - begun, ended - started, memory(page), f"{states.count('done')} of {len(states)}",
        f"{claims.count() - broken} of {claims.count()}", f"{numbers - len(changed)} of {numbers}", faults,
    )  # fmt: skip


def loaded(page: Page, address: str, asked: Sequence[str]) -> float:
    """Megabytes of what was asked for, as servers send it."""
    about = page.request.get(f"{address}/live/about.json").json()["files"]
    names = [url.removeprefix(f"{address}/live/") for url in asked]
    return sum(about[name]["wire"] for name in names if name in about) / 1e6


def settled(page: Page) -> str:
    """Wait until nothing runs; what the page says then."""
    waits = re.compile(
        r"^(|Running\.|Loading Python|Starting Python|Unpacking .*|Reading .*|Looking .*)$"
    )
    expect(page.locator(_SAYS)).not_to_have_text(waits, timeout=_WAIT)
    expect(page.locator(".mb-py-panel")).not_to_have_attribute("aria-busy", "true", timeout=_WAIT)
    return page.locator(_SAYS).inner_text()


def memory(page: Page) -> float:
    """Megabytes that Python has taken, as it says itself."""
    place = page.locator("article div.cell").last
    fold = place.locator(".mb-py-fold")
    if fold.count() and fold.get_attribute("open") is None:
        fold.locator("summary").first.click()
    place.locator(".mb-py-editor textarea").fill(_MEMORY)
    place.get_by_role("button", name="Run", exact=True).click()
    said = place.locator("pre", has_text="heap ").last
    expect(said).to_be_attached(timeout=_WAIT)
    settled(page)
    return int(said.inner_text().split()[-1]) / 1e6
