"""Cells run in this very process, where there is no other: in a browser, whose page ends what takes too long."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .beside import bring
from .shell import Cells, obeyed

__all__ = ["Here"]


class Here:
    """Cells in a namespace of their own; use as a context manager, which leaves this process as it was found.

    What it cannot take back is a module that a cell has changed.

    Parameters
    ----------
    files : Path
        Folder whose files (but no notebooks and links) the cells find in their working folder.
    most : int
        Bytes of those files together.
    """

    def __init__(self, files: Path, most: int) -> None:
        self._files, self._most = files, most

    def __enter__(self) -> Here:
        self._left = contextlib.ExitStack()
        for each in (_settings(self._files, self._most), _shells(), _figures()):
            self._left.enter_context(each)
        self._cells = Cells()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.close()

    def run(self, source: str) -> dict[str, Any]:
        """Run a cell: ``outputs`` in the notebook format, and ``error`` (a dict) or None.

        Parameters
        ----------
        source : str
            The cell's text.
        """
        return {"outputs": [], **obeyed(self._cells, "run", source=source)}


@contextlib.contextmanager
def _settings(files: Path, most: int) -> Iterator[None]:
    """A folder of its own, nobody at the keyboard, and the warnings of a new interpreter."""
    folder, path, keyboard, modules = os.getcwd(), list(sys.path), sys.stdin, set(sys.modules)
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        home = os.path.realpath(place)
        bring(files.absolute(), Path(home), most)
        warnings.simplefilter("default")
        os.chdir(home)
        sys.path.append(home)
        sys.stdin = io.StringIO()
        try:
            yield
        finally:
            sys.stdin, sys.path[:] = keyboard, path
            os.chdir(folder)
            # The next notebook may have another module of the same name beside it.
            for name in set(sys.modules) - modules:
                if str(getattr(sys.modules[name], "__file__", "")).startswith(home):
                    del sys.modules[name]
            importlib.invalidate_caches()


@contextlib.contextmanager
def _shells() -> Iterator[None]:
    """Put aside the IPython in which this may have been called, and `__main__` with it: there is one at a time."""
    from IPython.core.interactiveshell import InteractiveShell

    before: InteractiveShell | None = InteractiveShell._instance
    main = sys.modules["__main__"]
    if before is not None:
        type(before).clear_instance()
    try:
        yield
    finally:
        if InteractiveShell._instance is not None:
            type(InteractiveShell._instance).clear_instance()
        sys.modules["__main__"] = main
        if before is not None:
            for each in type(before)._walk_mro():
                each._instance = before  # type: ignore[assignment]


@contextlib.contextmanager
def _figures() -> Iterator[None]:
    """Matplotlib as it was, where cells may choose a style, and no figure left open."""
    import matplotlib
    from matplotlib import pyplot

    backend, use, switch = matplotlib.get_backend(), matplotlib.use, pyplot.switch_backend
    try:
        with matplotlib.rc_context():
            yield
    finally:
        pyplot.close("all")
        matplotlib.use, pyplot.switch_backend = use, switch
        matplotlib.rcParams["backend"] = backend
        pyplot.switch_backend(backend)
