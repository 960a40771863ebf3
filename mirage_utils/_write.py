"""Writing files: whole or not at all, and without formulas in tables."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

__all__ = ["harmless", "replace"]


def replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def harmless(cell: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    cell = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", cell)
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t")) else cell
