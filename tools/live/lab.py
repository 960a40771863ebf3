"""The plain notebook beside the book: JupyterLite with the chapters as readers' copies, and the assignments.

It runs on the archives that the page runs on: its lock file names one package that has everything.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from mirage_utils.errors import DataError

from . import archive, carriers, science

# Names under which the kernel asks for what the archives have.
_ASKED_FOR = (
    "micropip",
    "piplite",
    "ipykernel",
    "comm",
    "pyodide-kernel",
    "jedi",
    "ipython",
    "widgetsnbextension",
)
PACKAGES = ("jupyterlite-core", "jupyterlite-pyodide-kernel", "jupyterlab-widgets")
"""Installed packages that it is made of."""

NEEDED = ("IPython/", "prompt_toolkit/", "wcwidth/")
"""What the kernel needs of packages, also of what no chapter loads."""

_DATE = "1767225600"
"""Seconds since 1970 that all files say they are from, so that two builds are equal."""

_BACKEND = "module://matplotlib_inline.backend_inline"
NOTHING = archive.tarred({})
"""An archive of no files."""

_EXTENSIONS = ("@jupyterlite/pyodide-kernel-extension", "@jupyter-widgets/jupyterlab-manager")
# Maps for developers, texts that are collected elsewhere, pictures of icons that browsers have drawn as fonts.
_DROPPED = ("*.map", "*.orig", "rspack.config*.js", "fa-*.svg", "fa-*.eot", "fa-*.ttf")


class LabError(DataError):
    """JupyterLite could not be built."""


def lock(archives: Mapping[str, str]) -> str:
    """The lock file of the kernel.

    Parameters
    ----------
    archives : mapping of str to str
        Checksum of each archive that is loaded at the start, by its way from Pyodide's core.
    """
    names = [Path(way).stem for way in archives]
    packages = {
        name: _entry(name, way, sha256, [])
        for name, (way, sha256) in zip(names, archives.items(), strict=True)
    }
    # What the kernel asks for by other names has come with these; a name of its own would fetch them again.
    nothing = hashlib.sha256(NOTHING).hexdigest()
    for name in _ASKED_FOR:
        packages[name] = _entry(name, "../archives/nothing.tar", nothing, names)
    return json.dumps({"info": carriers.PINS["platform"], "packages": packages})


def _entry(name: str, way: str, sha256: str, depends: list[str]) -> dict[str, object]:
    return {
        "name": name, "version": "1", "file_name": way, "sha256": sha256, "install_dir": "site", "imports": [],
        "package_type": "package", "depends": depends, "unvendored_tests": False,
    }  # fmt: skip


def extensions() -> list[Path]:
    """What JupyterLab's installation here has and the notebook needs: the kernel and widgets."""
    found = Path(sys.prefix, "share", "jupyter", "labextensions")
    return [found / name for name in _EXTENSIONS]


def kernel(others: Iterable[Path]) -> dict[str, bytes]:
    """The kernel's own Python, by name: wheels that come with JupyterLite's kernel, and others that it needs."""
    return science.gathered([*sorted((extensions()[0] / "static" / "pypi").glob("*.whl")), *others])


def opened_at_once(notebook: bytes) -> bytes:
    """A notebook that names its language, without which JupyterLite would ask which kernel it is for."""
    about = json.loads(notebook)
    about["metadata"].setdefault("language_info", {"name": "python"})
    return json.dumps(about, ensure_ascii=False, indent=1).encode()


def built(contents: Mapping[str, bytes], packages: list[str], home: str) -> dict[str, bytes]:
    """JupyterLite, as files by their names.

    Parameters
    ----------
    contents : mapping of str to bytes
        The notebooks by name.
    packages : list of str
        What of the lock file is loaded at the start.
    home : str
        Way from there to Pyodide's core.

    Raises
    ------
    LabError
        If JupyterLite's own program fails.
    """
    options = {
        "packages": [*packages, *_ASKED_FOR],
        "env": {"MPLCONFIGDIR": "/tmp/mpl", "HOME": "/home/pyodide", "MPLBACKEND": _BACKEND},
    }
    settings = {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "The Mirage Book",
            "litePluginSettings": {
                "@jupyterlite/pyodide-kernel-extension:kernel": {
                    "pyodideUrl": f"{home}pyodide.mjs", "disablePyPIFallback": True, "loadPyodideOptions": options,
                }
            },
        },
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as work:
        source, into = Path(work, "content"), Path(work, "made")
        for name, content in contents.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(content)
        Path(work, "jupyter-lite.json").write_text(json.dumps(settings), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "jupyterlite_core",
            "build",
            "--apps",
            "lab",
            "--apps",
            "notebooks",
            "--apps",
            "tree",
            "--apps",
            "edit",
            "--no-sourcemaps",
            "--source-date-epoch",
            _DATE,
        ]
        command += ["--contents", str(source), "--output-dir", str(into), "--ignore-sys-prefix"]
        command += [f"--LiteBuildConfig.federated_extensions={path}" for path in extensions()]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(f"JupyterLite could not be built: {done.stderr.strip()[-2000:]}")
        return {
            path.relative_to(into).as_posix(): path.read_bytes()
            for path in sorted(into.rglob("*"))
            if path.is_file() and not any(path.match(pattern) for pattern in _DROPPED)
        }
