"""Our own library for the page, and the bundled runs, each in an archive of its own that is fetched where it is read."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mirage_utils.page.explorers import engine

from . import archive, carriers, node

ROOT = Path(__file__).resolve().parents[2]
_RUNS = "mirage_utils/models/data"


def files() -> dict[str, bytes]:
    """The library as it is installed, without commands and bundled runs, and with the script that draws explorers."""
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    version = about["project"]["version"]
    runs_apart = {name for names in runs().values() for name in names}
    found = {
        name: path.read_bytes()
        for name, path in _installed(about["tool"]["setuptools"]["package-data"])
        if name not in runs_apart and not name.startswith("mirage_utils/cli/")
    }
    described = f"Metadata-Version: 2.4\nName: mirage-utils\nVersion: {version}\nLicense-Expression: BSD-3-Clause\n"
    return found | {
        "mirage_utils/page/explorers/vega.js": engine.script().encode(),
        f"mirage_utils-{version}.dist-info/METADATA": described.encode(),
        f"mirage_utils-{version}.dist-info/licenses/LICENSE": (ROOT / "LICENSE").read_bytes(),
    }


def _installed(data: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, Path]]:
    """What belongs to the library: its code, and the data that its packages declare; not what editors leave beside them."""
    paths = set((ROOT / "mirage_utils").rglob("*.py"))
    for package, patterns in data.items():
        folder = ROOT / package.replace(".", "/")
        paths |= {path for pattern in patterns for path in folder.glob(pattern)}
    for path in sorted(paths):
        if path.is_file() and not path.name.startswith(".") and not path.name.endswith("~"):
            yield path.relative_to(ROOT).as_posix(), path


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
    tag = f"cpython-{carriers.PYTHON.replace('.', '')}"
    sources = []
    for name in ours:
        if name.endswith(".py"):
            path = Path(name)
            target = path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc"
            sources.append(node.Source(name, target.as_posix(), False))
    made = {"library.tar": archive.packed(ours | node.compiled(core, ours, sources))}
    for name, parts in runs().items():
        # They are packed already.
        made[f"{name}.tar"] = archive.tarred({part: (ROOT / part).read_bytes() for part in parts})
    return made
