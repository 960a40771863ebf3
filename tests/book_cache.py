"""What the book's builds keep of executed chapters, for the tests, which look at the very numbers of the pages.

The cache finds a notebook by its code cells and their metadata, in a folder named by the digest of all else that their
outputs depend on: a chapter that was run with another library, or whose code has changed since, is not found.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import nbformat
from copies import cache_of_the_book
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

folder = cache(cache_of_the_book)


def kept(chapter: Path) -> nbformat.NotebookNode | None:
    """The chapter with the outputs of the book's last build, if it stands there as it is now."""
    if not folder().exists():
        return None
    try:
        notebook = nbformat.read(chapter, as_version=4)
        return get_cache(folder()).merge_match_into_notebook(notebook)[1]
    except (KeyError, ValueError):  # not there, or left half written by a build that was killed
        return None


def keep(chapter: Path, run: nbformat.NotebookNode) -> None:
    """Hand an executed chapter to the book, which then need not run it once more.

    A run may add metadata of its own to the cells: so the outputs go into the chapter as it stands.
    """
    notebook = nbformat.read(chapter, as_version=4)
    for cell, done in zip(notebook.cells, run.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = done.outputs, done.execution_count
    folder().mkdir(parents=True, exist_ok=True)
    get_cache(folder()).cache_notebook_bundle(
        CacheBundleIn(notebook, str(chapter)), check_validity=False, overwrite=True
    )
