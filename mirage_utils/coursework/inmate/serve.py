"""Start, give up rights, and answer requests until the pipe is closed."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from .beside import bring
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
    if settings["files"] is not None and os.path.isdir(settings["files"]):
        bring(Path(settings["files"]), Path.cwd(), settings["bytes"])
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
