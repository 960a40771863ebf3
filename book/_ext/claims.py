"""The claims of the whole book as one file of the site, for machines: `claims.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import execution
from jupyter_cache import get_cache
from nbformat import NotebookNode
from sphinx.application import Sphinx

FILE = "claims.json"


def stated(executed: NotebookNode) -> Iterator[dict[str, Any]]:
    """The claims that an executed page states, as `mirage_utils.page.claim` wrote them."""
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            if "mirage_claim" in output.get("metadata", {}):
                yield dict(output["metadata"]["mirage_claim"])


def address(page: str, number: str) -> str:
    """Where a claim stands, from the root of the site."""
    return f"{page}.html#claim-{number.replace('.', '-').lower()}"


def write(app: Sphinx, exception: Exception | None) -> None:
    """Put the list beside the pages: each claim with its address, its check's power and what would refute it."""
    config = app.env.mystnb_config
    if exception or app.builder.format != "html" or config.execution_mode != "cache":
        return
    cache, read = get_cache(config.execution_cache_path), execution.reader(app.env)
    found = []
    for name in sorted(app.env.found_docs):
        page = read(name)
        if page is None or not execution.cached(cache, page):
            continue
        run = cache.get_cache_bundle(cache.match_cache_notebook(page.notebook).pk).nb
        found += [
            {"address": address(name, claim["number"]), "page": name, **claim}
            for claim in stated(run)
        ]
    text = json.dumps(found, indent=1, ensure_ascii=False)
    (Path(app.outdir) / FILE).write_text(text + "\n", encoding="utf-8")
