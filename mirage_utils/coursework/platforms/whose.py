"""Whose work it is: people of a platform's files found in a class list, by the platform's number, else by name, or not at all.

Work that is given to the wrong person does more harm than work that is named as nobody's; so wherever two people could be meant, or number and
name contradict each other, nobody is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from .layouts import Place
from .rosters import NAMES, name_of

__all__ = ["found_in"]

_Row = Mapping[str, str]


def found_in(rows: Sequence[_Row], people: Sequence[Place]) -> list[tuple[_Row | None, str]]:
    """For each person, given by one file, the row of the class list, or None, with a word on how it was found or why it was not.

    Parameters
    ----------
    rows : sequence of dict of str to str
        The class list (`rosters.people`).
    people : sequence of Place
        One file of each person, all of one platform.

    Returns
    -------
    list of (dict or None, str)
        ``number`` or ``name`` with a row; the reason without one.
    """
    ids = _ids(rows, people[0].platform) if people else []
    found: list[tuple[_Row | None, str]] = []
    for place in people:
        by_id = [row for row, each in zip(rows, ids, strict=True) if place.id in each]
        if len(by_id) == 1:
            if _agree(by_id[0], place.name):
                found.append((by_id[0], "number"))
            else:
                found.append((None, f"has the number of {name_of(by_id[0])} in the class list, and another name"))  # fmt: skip
            continue
        by_name = [row for row in rows if _key(place.name) and _key(place.name) in _orders(row)]
        if by_id or len(by_name) > 1:
            found.append((None, "could be several people of the class list"))
        elif by_name:
            found.append((by_name[0], "name"))
        else:
            found.append((None, "is not in the class list"))
    taken = [id(row) for row, _ in found if row is not None]
    return [
        (None, f"is not the only one who could be {name_of(row)} of the class list")
        if row is not None and taken.count(id(row)) > 1
        else (row, how)
        for row, how in found
    ]


def _ids(rows: Sequence[_Row], platform: str) -> list[set[str]]:
    """For each row, by what the platform may call its student."""
    if platform == "canvas":
        return [{row.get("ID", "").strip()} for row in rows]
    if platform == "nbgrader":
        columns = ("Username", "SIS Login ID", "student")
        return [{name_of(row), *(row.get(name, "").strip() for name in columns)} for row in rows]
    # Moodle's "Participant 17", whose heading and word are in the language of the site
    heading = "Identifier" if "Identifier" in rows[0] else next(iter(rows[0]))
    if heading in NAMES and heading not in ("Identifier", "ID"):
        return [set() for _ in rows]
    cells = [re.fullmatch(r"(\D+)(\d+)", row[heading].strip()) for row in rows]
    if len({each[1] for each in cells if each}) != 1:
        return [set() for _ in rows]
    return [{each[2]} if each else set() for each in cells]


def _names(row: _Row) -> list[list[str]]:
    """The words of each name that a row has."""
    last = row.get("Last name") or row.get("Surname") or ""
    names = [row.get(each, "") for each in ("Full name", "Student", "student", "Name")]
    split = [re.split(r"[\s,]+", name.strip(" ,")) for name in [*names, f"{row.get('First name', '')} {last}"]]  # fmt: skip
    return [words for words in split if any(words)]


def _key(name: str) -> str:
    """The letters and digits of a name, without case and accents: what is left of it in a file's name."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(c for c in plain if c.isalnum())


def _orders(row: _Row) -> set[str]:
    """A row's names with their words in any order that goes round: Canvas writes the last one first."""
    return {
        _key("".join(words[at:] + words[:at])) for words in _names(row) for at in range(len(words))
    }


def _agree(row: _Row, name: str) -> bool:
    """Whether a name can be that of a row that has its number: where both have one, some word is the same."""
    words = [_key(word) for each in _names(row) for word in each]
    anonymous = row.get("Identifier", "").startswith(
        name
    )  # "Participant", in anonymous assignments
    return not _key(name) or not words or anonymous or any(len(word) > 1 and word in _key(name) for word in words)  # fmt: skip
