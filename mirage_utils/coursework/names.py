"""What a class list calls a student beside the name in the table, which is often an address or a number."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from .._write import replace_changed

__all__ = ["called", "keep_names", "kept_names"]

_NAMES = ".names.json"


def keep_names(place: Path, names: Mapping[str, Sequence[str]]) -> None:
    """Write beside the results what else each student is called in the class list."""
    content = json.dumps({student: list(each) for student, each in names.items()})
    replace_changed(place / _NAMES, content.encode(errors="replace"))


def kept_names(place: Path) -> dict[str, list[str]]:
    """What `keep_names` wrote; nothing where there was no class list."""
    try:
        return json.loads((place / _NAMES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def called(student: str, names: Mapping[str, Sequence[str]]) -> str:
    """How a person knows a student whom the table names by an address or a number: the full name, and that."""
    full = (each for each in names.get(student, ()) if " " in each and not set("@,") & set(each))
    name = next(full, "")
    return f"{name} ({student})" if name and " " not in student else student
