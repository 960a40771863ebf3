"""The built book for the tests: its pages, how it is built, how a page is opened."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from conftest import ROOT
from playwright.sync_api import Browser, Locator, Page, Request

T = TypeVar("T")

# The program `jupyter-book`, from the environment that runs the tests.
PROGRAM = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
BUILD = [*PROGRAM, "build", ".", "--all", "-n", "-W", "--keep-going"]
PAGES = {
    "book/intro": "The Mirage Book",
    "book/parts/curve": "One curve",
    "notebooks/01_what_is_emergence": "What is emergence?",
    "notebooks/02_one_token": "One token",
    "notebooks/03_many_tokens": "Many tokens",
    "notebooks/04_does_gpt3_obey": "Does GPT-3 obey?",
    "notebooks/05_assumptions": "What could bend it?",
    "book/parts/test": "What a test can see",
    "notebooks/06_resolution": "Resolution",
    "notebooks/07_a_field_guide_to_metrics": "A field guide to metrics",
    "notebooks/08_the_emergence_score": "The emergence score",
    "book/parts/language_models": "Real language models",
    "notebooks/09_same_outputs_two_metrics": "The same outputs, two metrics",
    "notebooks/10_meta_analysis": "Which metrics carry emergence?",
    "notebooks/11_grade_to_brier": "From grade to Brier",
    "notebooks/12_prediction": "Smooth is not yet predictable",
    "book/parts/own_models": "Models of our own",
    "notebooks/13_a_mirage_we_made": "A mirage we made",
    "notebooks/14_not_a_mirage": "Not a mirage",
    "notebooks/15_between": "In between",
    "notebooks/16_autoencoders": "Can a threshold make an autoencoder emerge?",
    "notebooks/17_digits": "K digits in a row",
    "notebooks/18_omniglot": "A row of letters",
    "book/parts/debate": "The debate, and you",
    "notebooks/19_audit": "Audit your own evaluation",
    "notebooks/20_the_other_side": "The other side",
    "notebooks/21_choose_your_metric": "Choose your metric",
    "book/plates": "Ten figures, published and ours",
    "notebooks/22_the_ladder": "The ladder",
    "book/figure_map": "The paper, figure by figure",
    "book/errata": "Errata",
    "book/interview": "The interview, line by line",
    "book/parts/today": "Practice, and today",
    "notebooks/23_error_bars": "Error bars",
    "notebooks/24_items_and_abilities": "Items and abilities",
    "notebooks/25_the_mirage_today": "The mirage today",
    "book/run": "Run it",
    "book/teaching": "Teach it",
    "book/marking": "Mark a class",
    "book/students": "For students",
    "book/checklist": "Before you draw the curve",
    "book/data": "About the data",
    "book/notation": "Notation",
    "book/glossary": "Glossary",
    "book/further_reading": "Further reading, by question",
    "book/references": "References",
    "book/index_of_words": "Index",
    "book/api/index": "What the library holds",
    "book/api/scaling": "Scaling laws and symbols",
    "book/api/metrics": "Metrics",
    "book/api/curves": "Curves",
    "book/api/laws": "Laws",
    "book/api/tables": "Tables",
    "book/api/records": "Records",
    "book/api/evidence": "Evidence",
    "book/api/audit": "Audit",
    "book/api/compare": "Compare",
    "book/api/page": "The page",
    "book/api/models": "Models",
    "book/api/coursework": "Coursework",
}


def build() -> subprocess.CompletedProcess[str]:
    """Build the book as `make html` does."""
    return subprocess.run(
        BUILD,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )


class Built(NamedTuple):
    """How a build ended, and what it printed."""

    returncode: int
    printed: str


# Most of a small build goes into importing Sphinx and what it brings. A server imports that once, and every build is a
# fork of it: a process of its own, with its own copy of the library, which the server never imports.
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload([
    "jupyter_book.cli.main", "jupyter_book.sphinx", "myst_nb.sphinx_ext", "sphinx_book_theme", "sphinxext.opengraph",
    "sphinx_design", "sphinx.builders.html", "tinycss2", "sphinx_exercise", "notfound.extension", "sphinxcontrib.bibtex", "pandas", "scipy.stats", "statsmodels.api", "sympy",
])  # fmt: skip


def _build_small(where: str, log: str) -> None:
    from jupyter_book.cli.main import main

    printed = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for descriptor in (1, 2):
        os.dup2(printed, descriptor)
    os.environ["NO_COLOR"] = "1"
    os.chdir(where)
    ours = [str(ROOT), str(ROOT / "book"), str(ROOT / "book" / "_ext"), str(ROOT / "tests")]
    sys.path[:] = [where, *(p for p in sys.path if p not in ours)]  # its own copies, not ours
    main(BUILD[BUILD.index("build") :])


def small_house(where: Path, root: str, *chapters: str) -> None:
    """A copy of the house in another folder, with the real configuration, for a book of pages yet to be written."""
    # The extension makes the downloads, too.
    for folder in ("book/_ext", "book/_static", "book/_templates", "book/readable", "mirage_utils"):
        shutil.copytree(ROOT / folder, where / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("requirements.txt", "CITATION.cff", "_config.yml"):
        shutil.copy(ROOT / file, where)
    for file in ("copies.py", "references.bib"):
        shutil.copy(ROOT / "book" / file, where / "book")
    files = ", ".join(f"{{file: {name}}}" for name in chapters)
    (where / "_toc.yml").write_text(f"format: jb-book\nroot: {root}\nchapters: [{files}]\n")


def build_small(where: Path) -> Built:
    """Build a small book in another folder with the same command."""
    log = where / "printed.txt"
    process = _SERVER.Process(target=_build_small, args=(str(where), str(log)))
    process.start()
    process.join()
    return Built(process.exitcode or 0, log.read_text())


def one_ahead(opened: Iterator[T]) -> Iterator[T]:
    """Everything that is opened, each when the one after it has been opened too.

    A page that loads, and the half second in which a quiet one must stay so, then pass while another is looked at.
    """
    before = next(opened)
    for after in opened:
        yield before
        before = after
    yield before


def visits(
    browser: Browser, home: str, names: Iterable[str], width: int, theme: str
) -> Iterator[tuple[str, Page, list[str]]]:
    """`visit` one page after another: name, page and trouble of each."""
    opened = ((name, *_opened(browser, home, f"{name}.html", width, theme)) for name in names)
    for name, page, trouble in one_ahead(opened):
        settle(page)
        yield name, page, trouble
        page.close()


def visit(browser, home, name, width, theme, **options):
    """Open a page of the site at `home`; return it with everything that went wrong or left the site."""
    page, trouble = _opened(browser, home, name, width, theme, **options)
    settle(page)
    return page, trouble


_ASKED: weakref.WeakKeyDictionary[Page, tuple[set[Request], list[float]]] = (
    weakref.WeakKeyDictionary()
)


def watch(page: Page) -> Page:
    """A new page, of which is noted from now on what it asks for and when that was answered, for `settle`."""
    under_way, last = _ASKED[page] = set(), [time.monotonic()]

    def note(change: Callable[[Request], None]) -> Callable[[Request], None]:
        def noted(request: Request) -> None:
            change(request)
            last[0] = time.monotonic()

        return noted

    page.on("request", note(under_way.add))
    page.on("requestfinished", note(under_way.discard))
    page.on("requestfailed", note(under_way.discard))
    return page


def settle(page: Page, quiet: float = 0.5) -> None:
    """Wait until a page that is watched is loaded and has asked for nothing during half a second.

    Playwright's own ``networkidle`` is taken back, and never comes again, if a page on a busy machine paused for half
    a second before it was loaded.
    """
    page.wait_for_load_state("load")
    under_way, last = _ASKED[page]
    end = time.monotonic() + 30
    while under_way or (left := last[0] + quiet - time.monotonic()) > 0:
        assert time.monotonic() < end, (page.url, [request.url for request in under_way])
        page.wait_for_timeout(50 if under_way else 1000 * left)


def _opened(browser, home, name, width, theme, **options):
    """A page that has begun to load, and where its trouble is going to be written down."""
    size = {"width": width, "height": 900}
    page = watch(browser.new_page(viewport=size, color_scheme=theme, **options))
    trouble: list[str] = []
    page.on(
        "console",
        lambda m: trouble.append(f"console: {m.text}") if m.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda e: trouble.append(f"error: {e}"))
    page.on("requestfailed", lambda r: None if _left(r) else trouble.append(f"failed: {r.url}"))
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
    page.goto(f"{home}/{name}", wait_until="commit")
    return page, trouble


def _left(request: Request) -> bool:
    """Whether a page was left for another before it was there in full, as one that only leads on may be."""
    return request.is_navigation_request() and request.failure == "net::ERR_ABORTED"


def keep(seen: Page | Locator, name: str) -> None:
    """Keep what a test saw as a picture, in ``_build/screenshots``, to be looked at by people."""
    folder = ROOT / "_build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    seen.screenshot(path=folder / f"{name}.png")
