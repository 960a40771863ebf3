"""The command line in forks of a server that has imported what it needs: processes of their own, begun at once."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence
from multiprocessing.process import BaseProcess

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["mirage_utils.__main__", "mirage_utils.models.runs"])


def _main(arguments: Sequence[str]) -> None:
    from mirage_utils.__main__ import main

    sys.exit(main(arguments))


def run(*arguments: str) -> BaseProcess:
    """``python -m mirage_utils`` with these arguments, under way."""
    process = _SERVER.Process(target=_main, args=(arguments,))
    process.start()
    return process
