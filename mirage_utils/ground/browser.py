"""Where Python runs in a page: what does not come with the first archive is fetched from the site when it is used.

`tools.live` makes the archives. A page's worker may wait for an answer, so that an import or a read waits for it, too.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import io
import json
import logging
import sys
import tarfile
from collections.abc import Collection, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from ..errors import DataError
from .optional import in_browser

__all__ = ["ArchiveError", "bring", "settle"]

REST = "mirage_rest.json"
"""Beside the packages: ``modules`` that only the archive ``rest`` has, by name, and its ``sha256``."""


class ArchiveError(DataError):
    """An archive of the site could not be had."""


def _site_packages() -> Path:
    return Path(__file__).resolve().parents[2]


def bring(name: str, version: str, sha256: str | None = None) -> None:
    """Fetch an archive of the site and unpack it beside the packages.

    Parameters
    ----------
    name : str
        Such as ``recall``, a bundled run.
    version : str
        Another one where its content is another, so that no browser gives an old one.
    sha256 : str, optional
        Of the archive, where what is in it is not checked by its user.

    Raises
    ------
    ArchiveError
        If the site does not give it, or gives another.
    """
    import js
    import pyodide_js

    # Pyodide's core lies beside the folder of the archives.
    address = js.URL.new(
        f"../archives/{name}.tar?v={version}", pyodide_js._api.config.indexURL
    ).href
    request = js.XMLHttpRequest.new()
    request.open("GET", address, False)
    request.responseType = "arraybuffer"
    try:
        request.send()
    except Exception as error:
        raise ArchiveError(f"{address}: cannot be reached ({error})") from None
    if request.status != 200:
        raise ArchiveError(f"{address}: {request.status} {request.statusText}")
    content = request.response.to_py().tobytes()
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise ArchiveError(f"{address}: has {len(content):,} bytes that are not those of this site")
    unpack(content, _site_packages())


def unpack(content: bytes, folder: Path) -> None:
    """Unpack an archive so that what is in it can be imported; tarfile of the page's Python knows Zstandard, too."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(folder, filter="data")
    importlib.invalidate_caches()


class _Rest(MetaPathFinder):
    """Looks last, and fetches the second archive of packages when a module is wanted that only it has."""

    def __init__(self, modules: Collection[str], sha256: str) -> None:
        self._names = frozenset(modules)
        self._sha256 = sha256
        self._there = False

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if self._there or fullname not in self._names:
            return None
        bring("rest", self._sha256[:16], self._sha256)
        self._there = True  # and not before: what could not be had may be had another time
        return PathFinder.find_spec(fullname, path, target)


def settle() -> None:
    """Be at home in a page: from now on an import finds also what comes in the second archive.

    Outside of a browser nothing happens.
    """
    if not in_browser():
        return
    # A page has the fonts that figures use; that others are missing is no news to readers.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    names = _site_packages() / REST
    if names.is_file() and not any(isinstance(finder, _Rest) for finder in sys.meta_path):
        sys.meta_path.append(_Rest(**json.loads(names.read_text(encoding="utf-8"))))
