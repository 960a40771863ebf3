"""The way back: one zip of feedback pages, named so that the platform hands each to its student."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import DataError, FieldError
from ...ground.write import replacing
from ..course.stored import stored
from ..folders import RECORD
from ..platforms.archive import printable
from ..platforms.record import record, work_of
from ..variation import normalised

__all__ = ["handback"]

_PAGE = 20_000_000  # bytes of one page
_ZIP = 2_000_000_000  # and of all of them
_TIME = (1980, 1, 1, 0, 0, 0)  # of every page in the zip: the same pages give the same zip


def handback(table: Path, submissions: Path, out: Path) -> list[str]:
    """Write a zip of the feedback pages in the layout of the platform from which the submissions were collected.

    Moodle takes it as "Upload multiple feedback files in a zip", Canvas as "Re-upload Submissions", and in nbgrader's layout it is
    unpacked in the course's folder.

    Parameters
    ----------
    table : Path
        The table that `grade` wrote; the pages lie in the folder beside it.
    submissions : Path
        The folder that `collect` filled.
    out : Path
        The zip to write.

    Returns
    -------
    list of str
        What whoever uploads it should know, a sentence each: pages that are not in it, or not final.

    Raises
    ------
    FieldError
        If there are no such pages or submissions, or the name does not end in ``.zip``.
    DataError
        If the submissions were not collected, or from several platforms; nothing is written then.
    """
    if out.suffix.lower() != ".zip":
        raise FieldError("ZIP", str(out), "the zip to write, a file that ends in .zip")
    if not submissions.is_dir():
        raise FieldError("IN", str(submissions), "the folder that 'collect' filled")
    notes = {normalised(path.name): note for path in sorted(submissions.iterdir()) if (note := record(path))}  # fmt: skip
    folders = {normalised(path.name): path for path in sorted(submissions.iterdir())}
    if not notes:
        raise DataError(
            f"{submissions}: nothing in it came from 'collect', so no page can be given a platform's name"
        )
    if out.exists() and any(_is_of_platform(out, note) for note in notes.values()):
        raise FieldError(
            "ZIP", str(out), "a file of its own; this one is the zip of the submissions"
        )
    platforms = sorted({str(note["platform"]) for note in notes.values()})
    if len(platforms) > 1:
        raise DataError(
            f"{submissions}: collected from {' and '.join(platforms)}; one zip is for one platform"
        )

    told: list[str] = []
    chosen: dict[str, Path] = {}
    stamps: dict[str, str] = {}
    size = 0
    for each in stored(table):
        student, status, page = printable(each.row["student"]), each.row["status"], each.page
        note = notes.get(normalised(each.row["student"]))
        if status == "missing" and note is None:
            continue
        if status == "failed":
            told.append(
                f"{student}: left out, the grader could not do its work; give 'grade' again"
            )
        elif note is None:
            told.append(
                f"{student}: left out, {submissions} does not say who this is for {platforms[0]}"
            )
        elif not page.is_file() or page.is_symlink():
            told.append(f"{student}: left out, there is no page {page.name}")
        elif page.stat().st_size > _PAGE:
            told.append(f"{student}: left out, {page.name} has more than {_PAGE / 1e6:.0f} MB")
        elif each.result is not None and each.result.work not in (
            "",
            work_of(folders[normalised(each.row["student"])]),
        ):
            told.append(
                f"{student}: left out, what lies in {submissions} now is not what was marked; give 'grade' again"
            )
        elif (name := _name(note, each.row["assignment"])) is None:
            told.append(f"{student}: left out, the note {RECORD} in the folder is damaged")
        else:
            if status == "essays":
                told.append(f"{student}: the page still says that an essay is to be read")
            chosen[name] = page
            size += page.stat().st_size
            if note.get("stamp"):  # by which nbgrader tells attempts apart
                stamps[f"{note['prefix']}timestamp.txt"] = str(note["stamp"])
    if not chosen:
        raise DataError("; ".join([f"no page of {table} can be handed back", *told[:3]]))
    if size > _ZIP:
        raise DataError(
            f"the pages have {size / 1e9:.1f} GB, more than a platform takes; nothing was written"
        )
    _write(out, {**chosen, **stamps})
    return told


def _is_of_platform(out: Path, note: dict[str, Any]) -> bool:
    """Whether a zip that is to be written holds what was handed in."""
    try:
        with zipfile.ZipFile(out) as packed:
            return note["from"] in packed.namelist()
    except (OSError, zipfile.BadZipFile, ValueError):
        return False


def _name(note: dict[str, Any], assignment: str) -> str | None:
    """Where the platform looks for a student's page; None if the note of it was damaged."""
    prefix = str(note["prefix"])
    if prefix.startswith("/") or "\\" in prefix or ".." in prefix.split("/"):
        return None
    if note["platform"] == "nbgrader":  # which tells pages apart by the notebook's name
        return f"{prefix}{PurePosixPath(str(note['from'])).stem}.html"
    return f"{prefix}feedback_{assignment}.html"


def _write(out: Path, pages: Mapping[str, Path | str]) -> None:
    """A zip, whole or not at all."""
    with replacing(out) as file, zipfile.ZipFile(file, "w") as packed:
        for name, page in sorted(pages.items()):
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # also where it is written on Windows
            info.external_attr = 0o644 << 16
            packed.writestr(info, page.encode() if isinstance(page, str) else page.read_bytes())
