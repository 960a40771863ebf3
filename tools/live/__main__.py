"""Put Python beside the built book: ``make live`` (``python -m tools.live``)."""

from __future__ import annotations

import argparse
import errno
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mirage_utils.errors import DataError
from mirage_utils.ground import downloads

from . import build, carriers, table, tracing


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
        choices=["build", "trace", "table"],
        default="build",
        help="trace: note anew what chapters load; table: run chapters in a browser",
    )
    parser.add_argument("chapters", nargs="*", help="of the table; all of them by default")
    options = parser.parse_args(argv)
    prepared = os.environ.get("MIRAGE_PYODIDE", "")
    kept = options.kept or downloads.cache() / "live"
    folder = Path(prepared).expanduser() if prepared else None
    if folder and not folder.is_dir():
        print(f"make live: MIRAGE_PYODIDE = {prepared!r}: no such folder", file=sys.stderr)
        return 1
    store = carriers.Store(kept, carriers.carriers(folder))
    try:
        if options.what == "trace":
            tracing.trace(store, options.site)
        elif options.what == "table":
            return _table(options.site, options.chapters)
        else:
            build.build(store, options.site)
    except KeyboardInterrupt:
        print("make live: stopped; what was there before is as it was", file=sys.stderr)
        return 130
    except (
        DataError,
        OSError,
    ) as error:  # also a disk that is full, a folder that may not be written to
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        where = f" (in {options.site.parent}, {kept} or {tempfile.gettempdir()})" if full else ""
        print(f"make live: {error}{where}", file=sys.stderr)
        return 1
    return 0


def _table(site: Path, given: Sequence[str]) -> int:
    """Print the table; returns 1 if a chapter had a fault."""
    sys.path.append(str(build.ROOT / "book"))
    import chromium

    found = [path.stem for path in sorted((build.ROOT / "notebooks").glob("*.ipynb"))]
    chapters = [name for name in found if not given or name in given or name[:2] in given]
    good = True
    print(table.HEAD, "|---" * table.HEAD.count(" |") + "|", sep="\n", flush=True)
    with chromium.served(site) as address, chromium.launched() as browser:
        for row in table.table(browser, address, chapters):
            print(row, flush=True)
            good = good and not row.faults
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
