"""What chapters load: ``python -m tools.live trace`` runs all of them in Pyodide and writes ``loaded.json`` anew.

For maintainers, when chapters, the library or the pins have changed what is imported. A module that is missing from the list
still comes, later, with the second archive.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from mirage_utils.errors import DataError
from mirage_utils.ground.write import replace

from . import carriers, node, science

_OURS = "mirage_utils/"


class TraceError(DataError):
    """A chapter did not run to its end."""


def trace(store: carriers.Store, site: Path) -> None:
    """Run the chapters, and note what they load.

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
    with tempfile.TemporaryDirectory() as work:
        given, made = Path(work, "in"), Path(work, "out")
        given.mkdir()
        made.mkdir()
        for path in sorted((site / "live" / "archives").glob("*.tar")):
            shutil.copy(path, given)
        for path in sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb")):
            shutil.copy(path, given)
        node.run(core, given, made, Path(__file__).with_name("tracing_in_python.py"))
        found = json.loads((made / "found.json").read_text(encoding="utf-8"))
    for name, about in found["chapters"].items():
        print(
            f"{name or 'a cell of the reader'}: {about['done']} of {about['cells']} cells, {about['seconds']} s, {about['runs']}",
            file=sys.stderr,
        )
        if about["failed"]:
            raise TraceError(f"{name}: {about['failed'][0]}")
    modules = sorted(
        {science.stem(name) for name in found["modules"] if not name.startswith(_OURS)}
    )
    runs = {Path(name).stem: about["runs"] for name, about in found["chapters"].items() if name}
    replace(
        science.LOADED, (json.dumps({"modules": modules, "runs": runs}, indent=0) + "\n").encode()
    )
