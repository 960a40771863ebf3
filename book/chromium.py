"""Where this machine's browser is: for the tests, the benchmarks and the PDF."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

__all__ = ["QUIET", "find"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
# Without these a fresh Chromium calls home at start.
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-quic",
]  # fmt: skip


def find() -> str | None:
    """Path of a Chromium or Chrome; the variable MIRAGE_CHROMIUM goes first."""
    named = os.environ.get("MIRAGE_CHROMIUM")
    if named:
        return named
    return next(filter(None, map(shutil.which, NAMES)), str(MAC) if MAC.exists() else None)
