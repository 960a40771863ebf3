"""What is noted of a student's folder as it is collected: where its content comes from, and that nobody else wrote the note."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import DataError
from ..folders import RECORD, tree
from ..secret import SECRET, kept_secret
from ..variation import normalised

__all__ = ["record", "signed", "work_of"]


def record(folder: Path) -> dict[str, Any] | None:
    """What `collect` noted of a student's folder; None if it did not make it.

    Where a folder was put there by hand, such a file may be the student's own: only what is signed with the secret beside the folders
    is believed.
    """
    path, secret = folder / RECORD, folder.parent / SECRET
    if path.is_symlink() or not secret.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        signature = found.pop("signature")
        return found if hmac.compare_digest(signature, _signature(found, folder)) else None
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError, DataError):
        return None


def signed(note: Mapping[str, Any], folder: Path) -> str:
    """The content of a student's record, for a folder in a place that has a secret."""
    return json.dumps({**note, "signature": _signature(note, folder)}, indent=1)


def _signature(note: Mapping[str, Any], folder: Path) -> str:
    said = json.dumps([normalised(folder.name), note], sort_keys=True).encode()
    return hmac.new(kept_secret(folder.parent)[0].encode(), said, hashlib.sha256).hexdigest()


def work_of(folder: Path) -> str:
    """A digest of what was handed in; a letter comes first, lest a spreadsheet takes it for a number."""
    digest = hashlib.sha256()
    there = tree(folder)
    digest.update(json.dumps([there.unseen, *map(os.fspath, there.links)]).encode())
    for path in there.files:
        if path == folder / RECORD:  # which says how it came, and not what it is
            continue
        digest.update(json.dumps(os.fspath(path.relative_to(folder))).encode())
        try:
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:  # gone, or not to be read
            digest.update(str(error.errno).encode())
    return f"w{digest.hexdigest()[:16]}"
