"""From what a learning platform hands out to a folder with one sub-folder a student, ready for `grade`.

Everything is unpacked beside the folder and moved into it at the end, so that it never holds half of something. Each student's folder
is given a file `RECORD`, which says where its content comes from; the way back (`handing_back`) and the lateness of a class read it.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import datetime, tzinfo
from pathlib import Path

from ...errors import DataError, FieldError
from ...ground.write import replace as write_whole
from ..secret import SECRET, kept_secret
from .archive import opened, some
from .collected import Collected
from .placing import put_in_place
from .rosters import MODIFIED
from .students import by_student
from .times import Times
from .unpacking import unpack

__all__ = ["collect"]

_CLASS = 8_000_000_000  # bytes of everybody's files, unpacked


def collect(
    source: Path,
    out: Path,
    listed: Path | None = None,
    *,
    zone: tzinfo | None = None,
    assignment: str | None = None,
    replace_changed: bool = False,
) -> Collected:
    """Unpack a platform's zip of all submissions.

    Parameters
    ----------
    source : Path
        The zip as Moodle or Canvas gave it, or nbgrader's exchange; or a folder with its content.
    out : Path
        The folder to fill, which may be there already: then only what is new or changed is written.
    listed : Path, optional
        The class list, as the platform exports it. Students are called as `rosters.roster` calls them; without it, as the platform's
        file names do.
    zone : tzinfo, optional
        Of times without a zone; the zone of this machine by default.
    assignment : str, optional
        Which, where there are several in nbgrader's folders.
    replace_changed : bool
        Also replace folders in which somebody changed something since they were collected.

    Returns
    -------
    Collected

    Raises
    ------
    FieldError
        If there is no such source, or source and folder are not apart.
    DataError
        If the files are named as by no platform, nobody of them is in the class list, or there are too many or too large ones. Nothing
        is written then.
    """
    if not source.exists():
        raise FieldError(
            "ZIP", str(source), "a zip of all submissions, or a folder with its content"
        )
    here, there = source.resolve(), out.resolve()
    if (
        there.is_relative_to(here)
        or here.is_relative_to(there)
        or (out.exists() and not out.is_dir())
    ):
        raise FieldError(
            "IN", str(out), f"a folder of its own for the submissions, outside {source}"
        )
    done = Collected()
    with opened(source) as entries:
        students = by_student(source, entries, listed, assignment, done)
        times = Times(entries, zone)
        out.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
        try:
            new = staging / "new"
            new.mkdir()
            if out.exists():
                write_whole(new / SECRET, kept_secret(out)[0].encode(), mode=0o600)
            else:
                kept_secret(new)
            size = 0
            for student, files in students.items():
                folder = new / student.name
                folder.mkdir()
                size += unpack(folder, student, files, times, done)
                if size > _CLASS:
                    raise DataError(
                        f"{source}: more than {_CLASS / 1e9:.0f} GB unpacked; nothing was written"
                    )
            put_in_place(staging, out, done, replace_changed)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    if times.of_this_machine:
        now = datetime.now().astimezone()
        done.told.append(
            f"times are read as those of this machine's zone ({now.tzname()}, {now:%z}); if the platform is elsewhere, give its zone: "
            "--zone Europe/Berlin, with make ZONE=Europe/Berlin"
        )
    if times.unknown:
        late = [each.name for each in students if each.late]
        done.told.append(
            f"when it was handed in is not known for {some(times.unknown)}: a platform's zip has the time of packing. "
            + (
                f"By Canvas, late are: {some(late, 99) or 'none'}"
                if any(each.late is not None for each in students)
                else f"Moodle's grading worksheet, given as the class list, tells it (column {MODIFIED})"
            )
        )
    return done
