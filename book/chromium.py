"""This machine's browser, and a server for it: for the tests, the benchmarks, the PDF and what runs chapters in pages."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

__all__ = ["NoBrowserError", "Quiet", "find", "launched", "served"]

# The shell is Chromium without its own interface, which a full one runs beside every page, seen or not: it
# is the lighter browser for the same pages.
NAMES = (
    "chromium-headless-shell", "chrome-headless-shell",
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
)  # fmt: skip
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
# Without these a fresh Chromium calls home at start.
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-quic",
]  # fmt: skip


def find() -> str | None:
    """Path of a Chromium or Chrome, the lightest there is; the variable MIRAGE_CHROMIUM goes first."""
    named = os.environ.get("MIRAGE_CHROMIUM")
    if named:
        return named
    return next(filter(None, map(shutil.which, NAMES)), str(MAC) if MAC.exists() else None)


class NoBrowserError(RuntimeError):
    """This machine has neither Chromium nor Chrome."""


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    """The browser, started.

    Raises
    ------
    NoBrowserError
        If there is none.
    """
    path = find()
    if path is None:
        raise NoBrowserError(
            "no Chromium or Chrome found; install one or name it in MIRAGE_CHROMIUM"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Answers without a word on the terminal."""

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(
    folder: Path, handler: type[http.server.SimpleHTTPRequestHandler] = Quiet
) -> Iterator[str]:
    """A folder served on loopback; yields the address."""
    answer = functools.partial(handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
