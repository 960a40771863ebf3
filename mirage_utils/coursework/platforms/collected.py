"""What there is to say of a class that is collected, and whose files they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .archive import Entry
from .layouts import Place

__all__ = ["Collected", "File", "Student"]


@dataclass
class Collected:
    """What was done.

    Attributes
    ----------
    students : dict of str to str
        For each student with a file: ``new``, ``changed``, ``as before``, or ``kept`` where somebody has worked in the folder.
    missing : list of str
        People of the class list without a file.
    told : list of str
        What a teacher should know, a sentence each.
    """

    students: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Student:
    """One student whose files are collected.

    Attributes
    ----------
    name : str
        As the class list has it, and so the folder.
    platform : str
    id : str
        By which the platform knows the student.
    late : bool or None
        Whether the platform calls any of the files late.
    row : mapping of str to str
        Of the class list, if there is one.
    """

    name: str
    platform: str
    id: str
    late: bool | None
    row: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)


File = tuple[Entry, Place]
