"""Zips as learning platforms write them, with what lies in them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from mirage_utils.coursework.folders import RECORD
from mirage_utils.coursework.marking.results import Marked, Result
from mirage_utils.coursework.secret import SECRET
from mirage_utils.coursework.tables import write_table

NAME = "1_one_token"


MARKS = """student,assignment,score,max_score,status,reason
ada,1_one_token,20,24,graded,
bob,1_one_token,12,24,essays,words: left open
cleo,1_one_token,,24,failed,the marking process ended
dan,1_one_token,0,24,missing,nothing was handed in
'=eve,1_one_token,3,24,graded,x;'=1+1
"""


def _canvas(path: Path, *columns: str, points: str = "24") -> Path:
    rows = [["Student", "ID", "SIS Login ID", "Section", *columns], ["    Points Possible", "", "", "", *[points] * len(columns)]]  # fmt: skip
    rows += [[f"{name.title()}, {name}", str(at), name, "A", *[""] * len(columns)] for at, name in enumerate(("ada", "bob", "cleo", "dan", "=eve", "zoe"))]  # fmt: skip
    path.write_text(write_table(rows[0], [dict(zip(rows[0], r, strict=True)) for r in rows[1:]]))  # fmt: skip
    return path


Member = tuple[str, str | bytes] | tuple[str, str | bytes, tuple[int, ...]]

EVENING = (2026, 11, 20, 18, 0, 0)


def notebook(words: str = "x") -> str:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "raw", "id": "a", "metadata": {}, "source": words}]})  # fmt: skip


def packed(path: Path, *members: Member) -> Path:
    """A zip as a platform writes it; each member has the time of packing unless it is given one."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content, *time in members:
            info = zipfile.ZipInfo(name, time[0] if time else EVENING)
            info.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(info, content)
    return path


def moodle(name: str, number: int, file: str = f"{NAME}.ipynb", flat: bool = False) -> str:
    return f"{name}_{number}_assignsubmission_file{'_' if flat else '/'}{file}"


def worksheet(path: Path, *people: tuple[int, str, str], modified: str = "") -> Path:
    """Moodle's grading worksheet."""
    columns = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Last modified (submission)", "Last modified (grade)", "Feedback comments"]  # fmt: skip
    rows = [dict(zip(columns, (f"Participant {number}", name, mail, "Submitted", "", "24.00", modified, "-", ""), strict=True)) for number, name, mail in people]  # fmt: skip
    path.write_bytes(write_table(columns, rows).encode("utf-8-sig"))
    return path


def files_in(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.name not in (RECORD, SECRET))  # fmt: skip


def marked(tmp_path: Path, **statuses: str) -> Path:
    """A table with its results and pages, as `grade` leaves them."""
    table = tmp_path / "grades.csv"
    place = table.with_suffix("") / NAME
    place.mkdir(parents=True)
    rows = []
    for student, status in statuses.items():
        result = Result(student, NAME, status, [Marked("width", 1.0, 2.0)])
        (place / f"{student}.json").write_text(json.dumps(result.as_dict()))
        (place / f"{student}.html").write_text(f"<p>For {student}</p>")
        rows.append({"student": student, "assignment": NAME, "score": "1", "max_score": "2", "status": status, "reason": ""})  # fmt: skip
    table.write_text(write_table(list(rows[0]), rows))
    return table


ADA, EMIL = (101, "Ada Lovelace", "ada@example.org"), (102, "Emil Post", "emil@example.org")
