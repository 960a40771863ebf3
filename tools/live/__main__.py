"""Put Python beside the built book: ``make live`` (``python -m tools.live``)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mirage_utils.errors import DataError
from mirage_utils.ground import downloads

from . import build, carriers, tracing


def main(argv: Sequence[str] | None = None) -> int:
    """Build it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.live", description=__doc__)
    parser.add_argument(
        "--site", type=Path, default=build.ROOT / "_build" / "html", help="the built book"
    )
    parser.add_argument(
        "--kept",
        type=Path,
        default=None,
        help="where fetched files are kept (the user's cache folder)",
    )
    parser.add_argument(
        "what",
        nargs="?",
        choices=["build", "trace"],
        default="build",
        help="trace: note anew what chapters load",
    )
    options = parser.parse_args(argv)
    prepared = os.environ.get("MIRAGE_PYODIDE", "")
    kept = options.kept or downloads.cache() / "live"
    store = carriers.Store(kept, carriers.carriers(Path(prepared) if prepared else None))
    try:
        if options.what == "trace":
            tracing.trace(store, options.site)
        else:
            build.build(store, options.site)
    except DataError as error:
        print(f"make live: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
