"""The packages of others: what chapters load, compiled, in one archive, and what else there is in a second.

A first chapter waits for the first alone. The second comes when somebody imports what no chapter needs
(`mirage_utils.ground.browser`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from mirage_utils.ground.browser import REST

from . import archive, carriers, node

LOADED = Path(__file__).with_name("loaded.json")
"""Modules that chapters load, and bundled runs that they read; ``python -m tools.live trace`` writes it anew."""

_DROPPED = re.compile(
    r"(^|/)(tests?|testing/tests|benchmarks?)/"  # what checks them, not what they do
    r"|\.(pyi|pxd|pyx|pxi|a|h|hpp|c|cpp|f|f90|in|build|map)$|/py\.typed$"  # for compilers and editors
    r"|^numpy/(_core/include|distutils|f2py/(src|tests))/|^scipy/datasets/"
    r"|matplotlib/backends/(_backend_(gtk|tk)|_tkagg|_macosx|backend_(cairo|gtk|macosx|nbagg|qt|tk|webagg|wx)|qt_)"
    r"|mpl-data/(fonts/(afm|pdfcorefonts)|sample_data|plot_directive|images)/|backends/web_backend/"
    # Of the fonts those that figures and formulas of Matplotlib use by default.
    r"|mpl-data/fonts/ttf/(?!DejaVuSans(-Bold|-Oblique|Display)?\.ttf|cmr10|cmmi10|cmsy10|cmex10)"
    # Tables of numbers for what no chapter uses, texts on packages (their licences are in a file of the site).
    r"|^scipy/stats/_sobol_direction_numbers\.npz$|^sympy/parsing/autolev/test-examples/|^pandas/pyproject\.toml$"
    r"|\.dist-info/(licenses/|LICEN[CS]E|COPYING|NOTICE|AUTHORS)"
    r"|^altair/datasets/_metadata/|^jsonschema/benchmarks/|^joblib/test/|^sympy/utilities/mathml/data/"
    # Entry points stay: by them Matplotlib finds the backend that shows figures inline.
    r"|\.dist-info/(RECORD|WHEEL|INSTALLER|top_level\.txt|direct_url|sboms/)|\.data/"
)


_DOCUMENTED = ("numpy/", "altair/")
"""Packages that make functions of the docstrings of others when they are imported, and must keep theirs."""


_REPLACED = {
    # IPython imports its terminal with itself, and that a whole toolkit; a page has no terminal.
    "IPython/terminal/embed.py": b"def embed(*_, **__):\n    raise RuntimeError('a page has no terminal')\n",
}


def loaded() -> dict[str, list[str]]:
    """What chapters load: ``modules``, names of files without their ending; and ``runs`` by chapter."""
    return json.loads(LOADED.read_text(encoding="utf-8"))


def packages(store: carriers.Store) -> dict[str, bytes]:
    """What the packages hold that a page gets, by name."""
    lock = store.path(carriers.lock_file())
    files = (*carriers.from_lock(lock), *carriers.from_index())
    return gathered(store.path(file) for file in files)


def gathered(packages: Iterable[Path]) -> dict[str, bytes]:
    """What packages hold, by name."""
    return {name: content for package in packages for name, content in carriers.members(package)}


def kept(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """What of it a page can use."""
    found = {name: content for name, content in files.items() if not _DROPPED.search(name)}
    found |= {name: content for name, content in _REPLACED.items() if name in found}
    for name in found:
        if name.endswith(".dist-info/METADATA"):  # the fields; what follows is a text for readers
            found[name] = found[name].partition(b"\n\n")[0] + b"\n\n"
    return found


def stem(name: str) -> str:
    """A module's file without its ending, ``numpy/linalg/_umath_linalg`` of a compiled one."""
    folder, _, file = name.rpartition("/")
    return f"{folder}/{file.partition('.')[0]}" if folder else file.partition(".")[0]


def _is_module(name: str) -> bool:
    return name.endswith((".py", ".so")) and ".libs/" not in name


def _module(name: str) -> str:
    """The name by which a file is imported."""
    return stem(name).removesuffix("/__init__").replace("/", ".")


def stems(files: Iterable[str], modules: Collection[str]) -> list[str]:
    """Files without their ending of the modules, by the names by which they are imported, that packages have."""
    wanted = set(modules)
    return sorted({stem(name) for name in files if _is_module(name) and _module(name) in wanted})


def later(files: Iterable[str], modules: Collection[str]) -> set[str]:
    """Names of the files that only the second archive has."""
    wanted = set(modules)
    return {name for name in files if _is_module(name) and stem(name) not in wanted}


def archives(core: Path, files: dict[str, bytes], modules: Collection[str]) -> dict[str, bytes]:
    """Both archives, ``first.tar`` and ``rest.tar``, by name.

    Parameters
    ----------
    core : Path
        Folder of Pyodide's core.
    files : dict of str to bytes
        What is kept of the packages.
    modules : collection of str
        What chapters load, as in ``loaded.json``.
    """
    rest = later(files, modules)
    first = {name: content for name, content in files.items() if name not in rest}
    sources = [
        node.Source(name, f"{name}c", not name.startswith(_DOCUMENTED))
        for name in first
        if name.endswith(".py")
    ]
    bytecode = node.compiled(core, first, sources)
    for source in sources:
        del first[source.name]
    second = archive.packed({name: files[name] for name in rest})
    about = {
        "modules": sorted({_module(name) for name in rest}),
        "sha256": hashlib.sha256(second).hexdigest(),
    }
    first |= bytecode | {REST: json.dumps(about).encode()}
    return {"first.tar": archive.packed(first), "rest.tar": second}
