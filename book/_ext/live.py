"""What the page of a chapter must know to run its code in the page: beside each, a file with its cells and its numbers.

``_sources/notebooks/NN_name.live.json`` is read when a reader presses "Run this chapter here" (book/_static/mirage-live.js),
and not before. It has the cells in the order of the page's ``div.cell``, and the names and formats of the numbers in the
text in the order of its ``.pasted-text``; that both agree is checked when the pages are written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import chapters
import execution
from docutils import nodes
from jupyter_cache import get_cache
from lxml.html import HtmlElement
from myst_nb.ext.glue.roles import PasteTextRole
from sphinx.application import Sphinx
from sphinx.util import logging

from mirage_utils.page import live_messages

logger = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]

BUTTON = '<span class="pst-js-only"><button type="button" class="mb-run">Run this chapter here</button> · </span>'
"""In the line under a chapter's title."""

_CELL = '//article//div[contains(concat(" ", @class, " "), " cell ")]'
_PASTED = '//article//*[contains(concat(" ", @class, " "), " pasted-text ")]'


def library_files(*without: str) -> list[Path]:
    """The library's code and data, without some of its packages."""
    folder = ROOT / "mirage_utils"
    files = {*folder.rglob("*.py"), *(p for p in folder.glob("*/data/**/*") if p.is_file())}
    return sorted(path for path in files if path.relative_to(folder).parts[0] not in without)


def library() -> str:
    """Digest of the library and its data: what a page was built with, and what runs in it, should have the same."""
    sha = hashlib.sha256()
    # Coursework is for those who set and mark assignments, commands are for terminals: no chapter imports them.
    for path in library_files("coursework", "cli"):
        sha.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return sha.hexdigest()[:16]


class PastedText(PasteTextRole):
    """``{glue:text}``, which also remembers what it pasted, and how."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        found, messages = super().run()
        for node in found:
            if isinstance(node, nodes.inline):
                node["pasted"] = self.text
        return found, messages


class Beside:
    """Writes the files, and checks them against the pages."""

    def __init__(self) -> None:
        self._numbers: dict[str, list[tuple[str, str]]] = {}
        self._cells: dict[str, int] = {}

    def gather(self, app: Sphinx, doctree: nodes.document, name: str) -> None:
        """Note the numbers in the text of a chapter, in their order, with what the page prints."""
        if app.builder.format == "html" and chapters.chapter_number(name):
            self._numbers[name] = [
                (node.get("pasted", ""), node.astext())
                for node in doctree.findall(nodes.inline)
                if "pasted-text" in node["classes"]
            ]

    def write(self, app: Sphinx, exception: Exception | None) -> None:
        """Put the files where the sources of chapters are."""
        config = app.env.mystnb_config
        if exception or app.builder.format != "html" or config.execution_mode != "cache":
            return
        cache, read = get_cache(config.execution_cache_path), execution.reader(app.env)
        built_with = library()
        for name, numbers in self._numbers.items():
            page = read(name)
            if page is None or not execution.cached(cache, page):
                continue
            run = cache.get_cache_bundle(cache.match_cache_notebook(page.notebook).pk).nb
            codes, done = (
                [cell for cell in notebook.cells if cell.cell_type == "code"]
                for notebook in (page.notebook, run)
            )
            cells = [
                {
                    "source": cell.source,
                    "tags": cell.metadata.get("tags", []),
                    "outputs": live_messages.digest(live_messages.printed(executed.outputs)),
                }
                for cell, executed in zip(codes, done, strict=True)
            ]
            self._cells[name] = len(cells)
            about: dict[str, Any] = {
                "library": built_with,
                "cells": cells,
                "numbers": [content for content, _ in numbers],
            }
            path = Path(app.outdir) / "_sources" / f"{name}.live.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")

    def check(self, pages: Mapping[str, HtmlElement]) -> None:
        """Warn where a page has other cells or other numbers than its file (with warnings as errors this fails the build).

        Parameters
        ----------
        pages : mapping of str to HtmlElement
            Every page by name, such as ``notebooks/02_one_token.html``.
        """
        for name, cells in self._cells.items():
            page = pages[f"{name}.html"]
            _agree(name, "cells", len(page.xpath(_CELL)), cells)
            printed = [element.text_content() for element in page.xpath(_PASTED)]
            _agree(name, "numbers in the text", printed, [text for _, text in self._numbers[name]])
            for content, text in self._numbers[name]:
                if not content:
                    logger.warning(
                        "%s: %s is pasted from elsewhere, and would not follow the chapter's code",
                        name, text, type="mirage", subtype="live",
                    )  # fmt: skip


def _agree(name: str, what: str, there: Any, expected: Any) -> None:
    if there != expected:
        logger.warning(
            "%s: to run it in the page, %s should be %s, and are %s",
            name, what, expected, there, type="mirage", subtype="live",
        )  # fmt: skip
