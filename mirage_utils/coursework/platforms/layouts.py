"""How learning platforms name what was handed in, and what they ask of the files that go back.

Moodle (``mod/assign/classes/downloader.php``, ``mod/assign/feedback/file/importziplib.php``): "Download all submissions" gives each student
a folder ``Full name_17_assignsubmission_file``, with a ``_`` at its end before version 4.1; or, without folders, names that begin so.
17 is the participant's number in this assignment, ``Participant 17`` in the grading worksheet. "Upload multiple feedback files in a
zip" finds the student by the same beginning, and takes what follows as the file's name.

Canvas (``app/models/content_zipper.rb``, ``abstract_assignment.rb``): "Download Submissions" gives ``lovelaceada_LATE_17_900_name.ipynb``,
where 17 is the user, 900 the file, and LATE is there when it was. "Re-upload Submissions" takes the first two whole numbers between
underscores for these two, and ignores a file whose numbers are not a file that this student handed in. It shows the file that comes
back under the name of the one that was handed in (https://github.com/instructure/canvas-lms/issues/2406).

nbgrader (``nbgrader/exchange/default``): ``inbound/user+assignment+timestamp[+random]/`` in the exchange, and
``submitted/user/assignment/`` with a ``timestamp.txt`` where submissions were collected. Feedback goes to
``feedback/user/assignment/``, with the ``timestamp.txt`` of what was handed in.

Both platforms pack files with the time of packing, so that times in their zips do not say when something was handed in; see
`collect`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["Place", "places"]


@dataclass(frozen=True)
class Place:
    """Whose a file is, by its path.

    Attributes
    ----------
    platform : str
        ``moodle``, ``nbgrader`` or ``canvas``.
    id : str
        By which the platform knows the student.
    name : str
        The student's name, as far as the platform gives it.
    file : str
        Where the file is among the student's own.
    prefix : str
        What comes before it, as the platform wants it back.
    number : int
        Grows with later files of the same name, where the platform counts them.
    stamp : str
        When it was handed in and by which it is told from other attempts, where the path says so.
    assignment : str
        Whose it is, where the path says so.
    late : bool or None
        Whether the platform calls it late.
    """

    platform: str
    id: str
    name: str
    file: str
    prefix: str
    number: int = 0
    stamp: str = ""
    assignment: str = ""
    late: bool | None = None

    @property
    def handed_in(self) -> datetime | None:
        """The time in `stamp`; nbgrader writes its zone by name, and UTC unless it was told otherwise."""
        found = re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", self.stamp)
        zone = self.stamp.split()[-1:] or [""]
        if not found or zone[0].upper() not in ("UTC", "GMT", "Z"):
            return None
        return datetime.strptime(found[0], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def _moodle(paths: Sequence[str]) -> dict[str, Place]:
    found = {}
    for path in paths:
        parts = path.split("/")
        for at, part in enumerate(parts):
            words = part.split("_", 4)
            if len(words) >= 4 and words[1].isdecimal() and words[2] == "assignsubmission":
                rest = "".join(words[4:])
                below = [*([rest] if rest else []), *parts[at + 1 :]]
                if below:
                    flat = rest and at == len(parts) - 1
                    prefix = "_".join(words[:4]) + "_" if flat else part + "/"
                    found[path] = Place("moodle", words[1], words[0].strip(), "/".join(below), prefix)  # fmt: skip
                break
    return found


_CANVAS = re.compile(
    r"(?P<prefix>(?:(?P<name>.*?)_)??(?P<late>LATE_)?(?P<id>\d+)_(?P<file>\d+)_)(?P<rest>.+)"
)


def _canvas(paths: Sequence[str]) -> dict[str, Place]:
    found = {}
    for path in paths:
        if each := _CANVAS.fullmatch(path.rsplit("/", 1)[-1]):
            found[path] = Place(
                "canvas", each["id"], each["name"] or "", each["rest"], each["prefix"], int(each["file"]),
                late=bool(each["late"]),
            )  # fmt: skip
    return found


_INBOUND = re.compile(
    r"(?P<id>.+)\+(?P<assignment>[^+]+)\+(?P<stamp>\d{4}-\d\d-\d\d \d\d[:_-]?\d\d[:_-]?\d\d[^+]*)(?:\+[^+]*)?"
)


def _nbgrader(paths: Sequence[str]) -> dict[str, Place]:
    found = {}
    stamped = {
        tuple(parts[:-1])
        for parts in (path.split("/") for path in paths)
        if parts[-1] == "timestamp.txt" and len(parts) > 2 and "+" not in parts[-2]
    }
    for path in paths:
        parts = path.split("/")
        for at, part in enumerate(parts[:-1]):
            below = "/".join(parts[at + 1 :])
            if each := _INBOUND.fullmatch(part):
                who, assignment, stamp = each["id"], each["assignment"], each["stamp"]
            elif tuple(parts[: at + 1]) in stamped:
                who, assignment, stamp = parts[at - 1], part, ""
            else:
                continue
            if below != "timestamp.txt":
                prefix = f"feedback/{who}/{assignment}/"
                found[path] = Place("nbgrader", who, who, below, prefix, stamp=stamp, assignment=assignment)  # fmt: skip
            break
    return found


_PLATFORMS = {"moodle": _moodle, "nbgrader": _nbgrader, "canvas": _canvas}


def places(paths: Iterable[str]) -> dict[str, Place]:
    """Whose each path is, by the platform that explains the most of them; paths that are nobody's are left out."""
    paths = list(paths)
    return max((read(paths) for read in _PLATFORMS.values()), key=len)
