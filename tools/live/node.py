"""Pyodide on this machine, in the Node.js that Playwright brings."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from mirage_utils.errors import DataError

HERE = Path(__file__).parent


class NodeError(DataError):
    """What was run in Pyodide failed."""


class Source(NamedTuple):
    """A file to compile.

    Parameters
    ----------
    name : str
        Its name, which tracebacks show.
    target : str
        The name of the bytecode.
    stripped : bool
        Without docstrings.
    """

    name: str
    target: str
    stripped: bool


def node() -> Path:
    """The program."""
    from playwright._impl._driver import compute_driver_executable

    return Path(compute_driver_executable()[0])


def run(core: Path, given: Path, made: Path, script: Path) -> str:
    """Run a Python file in Pyodide; returns what it printed.

    Parameters
    ----------
    core : Path
        Folder of Pyodide's core.
    given, made : Path
        Folders that the file sees as ``/in`` and ``/out``.
    script : Path

    Raises
    ------
    NodeError
        If it fails, with what it said last.
    """
    command = [node(), HERE / "node.mjs", core, given, made, script]
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NodeError(f"{script.name} failed in Pyodide: {done.stderr.strip()}")
    return done.stdout


def compiled(core: Path, files: Mapping[str, bytes], sources: Iterable[Source]) -> dict[str, bytes]:
    """Bytecode of Python files, by its name.

    Parameters
    ----------
    core : Path
        Folder of Pyodide's core.
    files : mapping of str to bytes
        The files by name.
    sources : iterable of Source
        Which of them to compile, and how.
    """
    wanted = list(sources)
    with tempfile.TemporaryDirectory() as work:
        given, made = Path(work, "in"), Path(work, "out")
        made.mkdir()
        for source in wanted:
            path = given / source.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[source.name])
        (given / "todo.json").write_text(json.dumps(wanted), encoding="utf-8")
        run(core, given, made, HERE / "compiling.py")
        return {source.target: (made / source.target).read_bytes() for source in wanted}
