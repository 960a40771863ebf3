"""Keep the networks that chapters 13 to 18 train, for browsers, where nothing can be trained: python -m tools.keep_live.

Each chapter is run up to the cell that trains, with its own parameters.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from mirage_utils.models import live

__all__ = ["main"]

_CHAPTERS = Path(__file__).parent.parent / "notebooks"


class _Kept(Exception):
    """The chapter has come to its network, and the rest of it need not run."""


def main() -> None:
    """Train and keep the network of every chapter that has one."""

    def kept(*arguments: Any) -> None:
        print(f"  {live.keep(*arguments).name}")
        raise _Kept

    live.trained_rows = kept
    for path in sorted(_CHAPTERS.glob("[0-9]*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
        if not any("trained_rows(" in source for source in code):
            continue
        print(path.name)
        InteractiveShell.clear_instance()
        shell = InteractiveShell.instance()
        shell.showtraceback = lambda *_, **__: (
            None
        )  # what ends a chapter here is meant, or told below
        for source in code:
            # Only the network is wanted, and what it is made from.
            ended = shell.run_cell(source).error_in_exec
            if isinstance(ended, _Kept):
                break
            if ended is not None:
                sys.exit(f"{path.name}: {ended!r}")
        else:
            sys.exit(f"{path.name}: no cell trained anything")


if __name__ == "__main__":
    main()
