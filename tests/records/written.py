"""Files that tests write, in a folder of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mirage_utils.records import Reading, read


def writer(folder: Path, name: str, *, lines: bool = False) -> Callable[..., Path]:
    """What puts content into a file below a folder, whose usual name is given.

    Bytes and texts stand as they are, a list as JSON lines, anything else as JSON; with `lines`, that as one line, too.
    """

    def put(content: Any, name: str = name) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if lines and not isinstance(content, list):
            content = [content]
        if isinstance(content, list):
            content = "".join(json.dumps(row) + "\n" for row in content)
        elif not isinstance(content, (bytes, str)):
            content = json.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


def table_reader(folder: Path) -> Callable[..., Reading]:
    """What reads a table that is given as its content."""
    put = writer(folder, "r.csv")
    return lambda content, name="r.csv", **options: read(put(content, name), **options)
