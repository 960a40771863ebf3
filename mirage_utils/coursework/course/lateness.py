"""What was handed in late: by how much, and what that takes off."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ...errors import DataError, FieldError
from ..assignments.submission import attempt
from ..folders import files
from ..marking.results import Result
from ..platforms.record import record
from ..platforms.rosters import name_of
from ..tables import read_table
from ..variation import normalised

__all__ = ["LATE", "Policy", "duration", "extensions", "handed_in_at", "percent"]

LATE = "late by "
"""How the note begins that a result has of it."""
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_STEPS = {"day": timedelta(days=1), "hour": timedelta(hours=1)}
_RATE = re.compile(r"(\d+(?:\.\d+)?)%/(day|hour)")


@dataclass(frozen=True)
class Policy:
    """What becomes of late work.

    Attributes
    ----------
    due : datetime, optional
        When it had to be handed in, with a time zone. Without it nothing is late.
    late : str
        ``note`` (a note and nothing else), ``zero``, or a share of the points for each day or hour begun, such as ``10%/day``.
    grace : timedelta
        Whoever is late by no more than this is not late; whoever is, is late from `due` on.
    most : float
        The largest share of the points that is taken off by the day or hour.
    extensions : mapping of str to datetime
        Until when else, by the student's normalised name.

    Raises
    ------
    FieldError
        If one of them is none of these.
    """

    due: datetime | None = None
    late: str = "note"
    grace: timedelta = timedelta()
    most: float = 1.0
    extensions: Mapping[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.due is not None and self.due.tzinfo is None:
            raise FieldError("due", self.due.isoformat(), "a time with its zone, such as 2026-11-30T18:00+01:00")  # fmt: skip
        rate = _RATE.fullmatch(self.late)
        if self.late not in ("note", "zero") and not (rate and 0 < float(rate[1]) <= 100):
            raise FieldError("late", self.late, "note, zero, or a share such as 10%/day or 2%/hour")
        if self.due is None and (self.late != "note" or self.grace or self.extensions):
            raise FieldError("due", None, "a time, since late, grace or extensions were given")
        if not 0 <= self.most <= 1:
            raise FieldError("late_most", self.most, "a share from 0% to 100%")

    def apply(self, result: Result, folder: Path) -> None:
        """Note on a result by how much it was late, and what share of its points that takes off; replaces what was noted before."""
        result.notes = [note for note in result.notes if not note.startswith(LATE)]
        result.taken_off = 0.0
        if result.status in ("missing", "failed"):
            return
        handed = handed_in_at(folder, result.assignment)
        extended = self.extensions.get(normalised(result.student))
        if handed is None and (record(folder) or {}).get("late") is True:
            # Canvas says that it was late, and not by how much.
            if self.late == "zero" and extended is None:
                result.taken_off = 1.0
            result.notes.insert(0, f"{LATE}Canvas's word; by how much is not known")
            return
        due = extended or self.due
        if due is None or handed is None or handed <= due + self.grace:
            return
        late = handed - due
        result.taken_off = self._share(late)
        minutes = int(late.total_seconds() // 60)
        days, minutes = divmod(minutes, 1440)
        words = f"{LATE}{f'{days} d ' if days else ''}{minutes // 60} h {minutes % 60} min"
        if result.taken_off:
            words += f": {100 * result.taken_off:.4g}% of the points taken off"
        result.notes.insert(0, words)

    def _share(self, late: timedelta) -> float:
        if rate := _RATE.fullmatch(self.late):
            begun = math.ceil(late / _STEPS[rate[2]])
            return min(self.most, begun * float(rate[1]) / 100)
        return 1.0 if self.late == "zero" else 0.0


def duration(text: str) -> timedelta:
    """A time such as ``15min``, ``2h`` or ``1d``.

    Raises
    ------
    FieldError
        If it is none.
    """
    found = re.fullmatch(r"(\d{1,4})\s*(min|h|d)", text.strip())
    if not found:
        raise FieldError("grace", text, "a time such as 15min, 2h or 1d")
    return int(found[1]) * _UNITS[found[2]]


def percent(text: str) -> float:
    """A share such as ``50%``.

    Raises
    ------
    FieldError
        If it is none.
    """
    found = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*%", text.strip())
    if not found or float(found[1]) > 100:
        raise FieldError("late_most", text, "a share from 0% to 100%")
    return float(found[1]) / 100


def extensions(path: Path) -> dict[str, datetime]:
    """Until when else students may hand in: a table with a column of names, as in a class list, and a column ``until``.

    Returns
    -------
    dict of str to datetime
        By normalised name.

    Raises
    ------
    FieldError
        If there is no such table.
    DataError
        If a column is missing, somebody occurs twice, or a time has no zone.
    """
    columns, rows = read_table(path, "extensions", "students and until when each may hand in")
    if "until" not in columns:
        raise DataError(f"{path}: no column until; expected columns student, until")
    found: dict[str, datetime] = {}
    for number, row in enumerate(rows, 2):
        name = normalised(name_of(row))
        try:
            until = datetime.fromisoformat(row["until"].strip())
        except ValueError:
            until = None
        if not name or name in found:
            raise DataError(f"{path}, row {number}: student = {name!r}: expected a name, once")
        if until is None or until.tzinfo is None:
            raise DataError(
                f"{path}, row {number}: until = {row['until']!r}: expected a time with its zone, such as 2026-12-02T18:00+01:00"
            )
        found[name] = until
    return found


def handed_in_at(folder: Path, name: str) -> datetime | None:
    """When an assignment was handed in, or None if nobody knows.

    By the record of `collect`; in nbgrader's layout, where each assignment has a folder of its own, by its
    ``timestamp.txt``; else by the newest notebook of the assignment. A ``timestamp.txt`` that lies anywhere else may be the
    student's own and is not believed.
    """
    collected = record(folder)
    if collected is not None:
        return _moment(str(collected.get("handed_in") or ""))
    own = folder / name
    if own.is_dir() and not own.is_symlink():
        stamp = own / "timestamp.txt"
        if stamp.is_file() and not stamp.is_symlink():
            found = _moment(stamp.read_text(errors="replace").strip()[:60])
            if found is not None:
                return found
        folder = own
    notebooks = [path for path in files(folder) if path.suffix.lower() == ".ipynb"]
    named = [path for path in notebooks if attempt(path.stem, name) is not None]
    times = [path.stat().st_mtime for path in named or notebooks]
    return datetime.fromtimestamp(max(times), UTC) if times else None


def _moment(text: str) -> datetime | None:
    """A time as nbgrader or ISO 8601 writes it; without a zone it is that of Greenwich."""
    for form in ("%Y-%m-%d %H:%M:%S.%f %Z", "%Y-%m-%d %H:%M:%S %Z"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
