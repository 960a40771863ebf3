"""Copies of chapters for the tests."""

from __future__ import annotations

import readable

LIVE = readable.Place(live=True)

STILL = readable.Place()

COLAB = readable.Place(
    site="https://book.example/", beside=False, needs="mirage-utils @ git+x", installs=True
)
