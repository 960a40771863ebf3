"""Where Python runs in a page: what does not come with the first archive is fetched from the site when it is used.

`tools.live` makes the archives. A page's worker may wait for an answer, so that an import or a read waits for it, too.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import io
import json
import sys
import tarfile
from collections.abc import Collection, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from ..errors import DataError
from .optional import in_browser

__all__ = ["ArchiveError", "bring", "find_the_rest"]

REST = "mirage_rest.json"
"""Beside the packages: names of the modules that only the archive ``rest`` has."""


class ArchiveError(DataError):
    """An archive of the site could not be had."""


def _site_packages() -> Path:
    return Path(__file__).resolve().parents[2]


def bring(name: str) -> None:
    """Fetch an archive of the site and unpack it beside the packages.

    Parameters
    ----------
    name : str
        Such as ``recall``, a bundled run.

    Raises
    ------
    ArchiveError
        If the site does not give it.
    """
    import js
    import pyodide_js

    # Pyodide's core lies beside the folder of the archives.
    address = js.URL.new(f"../archives/{name}.tar", pyodide_js._api.config.indexURL).href
    request = js.XMLHttpRequest.new()
    request.open("GET", address, False)
    request.responseType = "arraybuffer"
    try:
        request.send()
    except Exception as error:
        raise ArchiveError(f"{address}: cannot be reached ({error})") from None
    if request.status != 200:
        raise ArchiveError(f"{address}: {request.status} {request.statusText}")
    unpack(request.response.to_py().tobytes(), _site_packages())


def unpack(content: bytes, folder: Path) -> None:
    """Unpack an archive so that what is in it can be imported; tarfile of the page's Python knows Zstandard, too."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(folder, filter="data")
    importlib.invalidate_caches()


class _Rest(MetaPathFinder):
    """Looks last, and fetches the second archive of packages when a module is wanted that only it has."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)
        self._there = False

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if self._there or fullname not in self._names:
            return None
        self._there = True
        bring("rest")
        return PathFinder.find_spec(fullname, path, target)


def find_the_rest() -> None:
    """From now on an import finds also what comes in the second archive; outside of a browser nothing happens."""
    names = _site_packages() / REST
    if in_browser() and names.is_file() and not any(isinstance(f, _Rest) for f in sys.meta_path):
        sys.meta_path.append(_Rest(json.loads(names.read_text(encoding="utf-8"))))
