"""When things were handed in, as far as a platform's zip or worksheet says it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from .archive import Entry
from .collected import Student
from .layouts import Place
from .moments import moment
from .rosters import MODIFIED

__all__ = ["Times"]

_PACKING = timedelta(minutes=15)
"""Within which a platform packs a class. Times that only grow, and by no more than this, are those of packing."""


class Times:
    """When things were handed in: nbgrader's stamp, Moodle's worksheet, or the zip where it says more than when it was packed."""

    def __init__(self, entries: Sequence[Entry], zone: tzinfo | None) -> None:
        self.zone = zone
        self.unknown: list[str] = []
        self.of_this_machine = False
        times = [entry.time for entry in entries if entry.time is not None]
        self.of_packing = not times or (times == sorted(times) and times[-1] - times[0] <= _PACKING)

    def of(self, student: Student, entry: Entry, place: Place) -> datetime | None:
        """When a student handed in, by one of the files; None, and noted, where nobody knows."""
        found = place.handed_in
        if found is None:
            plain = moment(student.row.get(MODIFIED, ""))
            if plain is None and not self.of_packing and student.platform != "nbgrader":
                plain = entry.time
            if plain is not None:
                found = plain.replace(tzinfo=self.zone) if self.zone else plain.astimezone()
                self.of_this_machine |= self.zone is None
        if found is None:
            self.unknown.append(student.name)
        return found
