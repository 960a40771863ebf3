"""What chapters load: ``python -m tools.live trace`` runs each of them in Pyodide and writes ``loaded.json`` anew.

For maintainers, when chapters, the library or the pins have changed what is imported. A module that is missing from the list
still comes, later, with the second archive.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mirage_utils.errors import DataError
from mirage_utils.ground.write import replace

from . import carriers, node, science


class TraceError(DataError):
    """A chapter did not run to its end."""


def trace(store: carriers.Store, site: Path) -> None:
    """Run the chapters, each in a Pyodide of its own, and note what they load.

    Parameters
    ----------
    store : Store
        Which has the core.
    site : Path
        A book with its folder ``live``.

    Raises
    ------
    TraceError
        If a chapter fails.
    """
    core = store.core()
    archives = sorted((site / "live" / "archives").glob("*.tar"))
    chapters = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))

    def traced(chapter: Path | None) -> dict:
        with tempfile.TemporaryDirectory() as work:
            given, made = Path(work, "in"), Path(work, "out")
            given.mkdir()
            made.mkdir()
            for path in (*archives, *([chapter] if chapter else [])):
                shutil.copy(path, given)
            node.run(core, given, made, Path(__file__).with_name("tracing_in_python.py"))
            found = json.loads((made / "found.json").read_text(encoding="utf-8"))
        name = chapter.stem if chapter else "a cell of the reader"
        print(
            f"{name}: {found['done']} of {found['cells']} cells, {found['seconds']} s, {found['runs']}",
            file=sys.stderr,
        )
        if found["failed"]:
            raise TraceError(f"{name}: {found['failed'][0]}")
        return found

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(traced, [None, *chapters]))
    asked = {module for about in found for module in about["modules"]}
    loaded = {
        "modules": science.stems(science.kept(science.packages(store)), asked),
        "runs": {path.stem: about["runs"] for path, about in zip(chapters, found[1:], strict=True)},
    }
    replace(science.LOADED, (json.dumps(loaded, indent=0) + "\n").encode())
