"""The notebook that a reader downloads: a copy that reads as text, in place of the chapter's own source."""

from __future__ import annotations

import sys
from pathlib import Path

import chapters

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import copies
import readable
import site_address
from sphinx.application import Sphinx


def write(app: Sphinx, exception: Exception | None) -> None:
    """Put the copies where the page and the theme's button look for the sources of chapters."""
    if exception or app.builder.format != "html":
        return
    found = [name for name in sorted(app.env.found_docs) if chapters.chapter_number(name)]
    paths = [Path(app.srcdir) / f"{name}.ipynb" for name in found]
    site, repository = site_address.addresses()
    # A reader downloads one chapter: the others do not lie beside it.
    needs = copies.requirement(repository, "main") if repository else ""
    place = readable.Place(site=site, beside=not site, needs=needs)
    sources = Path(app.outdir) / "_sources" / "notebooks"
    for name, text in copies.made(paths, place, Path(app.config.nb_execution_cache_path)).items():
        (sources / name).write_text(text, encoding="utf-8")
