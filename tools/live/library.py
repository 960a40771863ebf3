"""Our own library for the page, and the bundled runs, each in an archive of its own that is fetched where it is read."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from mirage_utils.page.explorers import engine

from . import archive, node

ROOT = Path(__file__).resolve().parents[2]
_RUNS = "mirage_utils/models/data"


def files() -> dict[str, bytes]:
    """The library as it is installed, without commands and bundled runs, and with the script that draws explorers."""
    found = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in sorted((ROOT / "mirage_utils").rglob("*"))
        if path.is_file() and not {"__pycache__", "cli"} & set(path.parts)
    }
    for name in [name for names in runs().values() for name in names]:
        del found[name]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "version"
    ]
    about = f"Metadata-Version: 2.4\nName: mirage-utils\nVersion: {version}\nLicense-Expression: BSD-3-Clause\n"
    return found | {
        "mirage_utils/page/explorers/vega.js": engine.script().encode(),
        f"mirage_utils-{version}.dist-info/METADATA": about.encode(),
        f"mirage_utils-{version}.dist-info/licenses/LICENSE": (ROOT / "LICENSE").read_bytes(),
    }


def runs() -> dict[str, list[str]]:
    """Files of the bundled runs but for their manifests, by the name of the run."""
    found = {}
    for manifest in sorted((ROOT / _RUNS).glob("*.json")):
        about = json.loads(manifest.read_text(encoding="utf-8"))
        parts = [
            about[part]["path"] for part in ("results", "history", "pictures") if part in about
        ]
        found[manifest.stem] = [f"{_RUNS}/{name}" for name in parts]
    return found


def packed(core: Path) -> dict[str, bytes]:
    """The archives as files of the site, by their names.

    Parameters
    ----------
    core : Path
        Folder of Pyodide's core.
    """
    ours = files()
    sources = []
    for name in ours:
        if name.endswith(".py"):
            path = Path(name)
            target = path.parent / "__pycache__" / f"{path.stem}.cpython-314.pyc"
            sources.append(node.Source(name, target.as_posix(), False))
    made = {"library.tar": archive.packed(ours | node.compiled(core, ours, sources))}
    for name, parts in runs().items():
        # They are packed already.
        made[f"{name}.tar"] = archive.tarred({part: (ROOT / part).read_bytes() for part in parts})
    return made
