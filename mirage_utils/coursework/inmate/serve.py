"""Start, give up rights, and answer requests until the pipe is closed."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any, TextIO

from ..folders import RECORD, files
from .rights import give_up
from .shell import Cells, obeyed

__all__ = ["main"]


def main() -> None:
    """Serve until the pipe is closed."""
    # The pipe moves to other numbers: printing, or reading from standard input, must not reach it.
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)

    settings = json.loads(requests.readline())
    # Rights are given up before anything of the student's can be found, and what that takes is imported before.
    _load()
    mask = os.umask(0)  # this process may become another user's, who works with what is brought
    _bring(settings["files"], settings["bytes"])
    os.umask(mask)
    notes = give_up(settings)
    cells = Cells()
    # A module of the student's own is found after all others: none of its files takes the place of one that is installed.
    sys.path.append(os.getcwd())
    _send(replies, {"ready": notes})
    for line in requests:
        request = json.loads(line)
        reply = obeyed(cells, request["do"], **request["with"])
        _send(replies, {**reply, "id": request["id"]})


def _load() -> None:
    """Import what the cells' own work needs, while only the system's and the environment's modules can be found."""
    for name in (
        "IPython.core.interactiveshell",
        "IPython.utils.capture",
        "traitlets.config",
        "resource",
    ):
        with contextlib.suppress(ImportError):  # there is no such thing as limits on Windows
            importlib.import_module(name)
    importlib.import_module("..values", __package__)


def _send(replies: TextIO, reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply) + "\n")
    replies.flush()


def _bring(folder: str | None, most: int) -> None:
    """Copy what the student handed in beside the notebook into the working folder, up to a limit."""
    if folder is None or not os.path.isdir(folder):
        return
    for path in files(Path(folder)):
        if path.suffix == ".ipynb" or path.name == RECORD:  # nor what `collect` noted
            continue
        most -= path.stat().st_size
        if most < 0:
            return
        target = Path.cwd() / path.relative_to(folder)
        with contextlib.suppress(
            OSError
        ):  # not to be read, or with a name too long: it is not there then
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
