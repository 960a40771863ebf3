"""Who is meant by a name: a class list calls a student otherwise than the table, where an address or a number often stands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ...errors import DataError
from ...ground.write import as_read, replace_changed
from ..variation import normalised

__all__ = ["Names", "called", "keep_names", "kept_names"]

_FILE = ".names"


def keep_names(place: Path, names: Mapping[str, Sequence[str]]) -> None:
    """Write beside the results what else each student is called in the class list."""
    content = json.dumps({student: list(each) for student, each in names.items()})
    replace_changed(place / _FILE, content.encode(errors="replace"))


def kept_names(place: Path) -> dict[str, list[str]]:
    """What `keep_names` wrote; nothing where there was no class list, or where the file is damaged."""
    try:
        found = json.loads((place / _FILE).read_text(encoding="utf-8"))
        return {str(student): list(map(str, names)) for student, names in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def called(student: str, names: Mapping[str, Sequence[str]]) -> str:
    """How a person knows a student whom the table names by an address or a number: the full name, and that."""
    meant = normalised(student)
    others = next((names[each] for each in names if normalised(each) == meant), ())
    full = (each for each in others if " " in each and not set("@,") & set(each))
    name = next(full, "")
    return f"{name} ({student})" if name and " " not in student else student


class Names:
    """Students by every name that they have.

    Parameters
    ----------
    students : iterable of str
        Those who may be meant, by the names that the table has.
    others : mapping of str to sequence of str
        What else a class list calls its students.
    """

    def __init__(self, students: Iterable[str], others: Mapping[str, Sequence[str]]) -> None:
        self._very: dict[str, str] = {}  # two folders may differ in nothing but case
        self._own: dict[str, str] = {}
        for student in students:
            self._very.setdefault(as_read(student), student)
            self._own.setdefault(normalised(as_read(student)), student)
        self._other: dict[str, list[str]] = {}
        for listed, names in others.items():
            own = self._own.get(normalised(as_read(listed)))
            for name in dict.fromkeys(normalised(as_read(each)) for each in names):
                if own is not None:
                    self._other.setdefault(name, []).append(own)

    def meant(self, name: str) -> str:
        """The table's name for who is meant in a sheet; the name itself if that is nobody, or not clear.

        A name that the table has is that student, whoever else is called so.
        """
        key = normalised(as_read(name))
        others = self._other.get(key, [])
        own = self._very.get(as_read(name)) or self._own.get(key)
        return own or (others[0] if len(others) == 1 else name)

    def only(self, name: str) -> str:
        """The same of a name that a person has just typed.

        Raises
        ------
        DataError
            If it is nobody's, or that of several.
        """
        key = normalised(as_read(name))
        own = self._very.get(as_read(name)) or self._own.get(key)
        found = list(dict.fromkeys([*([own] if own else []), *self._other.get(key, [])]))
        if len(found) > 1:
            raise DataError(
                f"STUDENT = {name!r}: could be {' or '.join(found)}; give another name of the one who is meant"
            )
        if not found:
            raise DataError(f"STUDENT = {name!r}: nobody of that name was marked")
        return found[0]
