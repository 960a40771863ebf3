"""A browser for the tests, if the machine has one, and a server for it."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import chromium
import pytest
from playwright.sync_api import Browser, Page


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    """The browser; without one the test is skipped, or fails where it may not be."""
    if chromium.find() is None and not os.environ.get("MIRAGE_REQUIRE_BROWSER"):
        pytest.skip("no Chromium or Chrome found; install one or name it in MIRAGE_CHROMIUM")
    with chromium.launched() as browser:
        yield browser


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


def swipe(page: Page, x: float, y: float, across: float, down: float) -> None:
    """One finger from a point of the window, so many pixels across and down, and off again."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    steps = [{"x": x + across * i / 12, "y": y + down * i / 12} for i in range(13)]
    for i, point in enumerate(steps):
        kind = "touchMove" if i else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    session.detach()
    page.wait_for_timeout(100)
