"""A browser for the tests, if the machine has one, and a server for it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import chromium
import pytest
from chromium import Quiet, served
from playwright.sync_api import Browser, Page, expect

__all__ = ["Quiet", "launched", "served", "swipe"]

# What is expected comes at once where a machine has time; where other tests run beside, five seconds are not enough.
expect.set_options(timeout=30_000)


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    """The browser; without one the test is skipped, or fails where it may not be."""
    if chromium.find() is None and not os.environ.get("MIRAGE_REQUIRE_BROWSER"):
        pytest.skip("no Chromium or Chrome found; install one or name it in MIRAGE_CHROMIUM")
    with chromium.launched() as browser:
        yield browser


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
