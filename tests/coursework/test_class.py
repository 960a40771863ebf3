"""A class: whatever lies in one student's folder, the others are marked, there is a table, and nothing that was written is lost."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from classes import rows_of
from submissions import SOURCES, build, everywhere, source

from mirage_utils import FieldError
from mirage_utils.cli.main import main
from mirage_utils.coursework.assignments.source import assignments
from mirage_utils.coursework.course import grading, lateness, marks
from mirage_utils.coursework.course.settings import Settings
from mirage_utils.coursework.folders import RECORD, file_name
from mirage_utils.coursework.marking.results import Marked, Result
from mirage_utils.coursework.platforms.record import signed
from mirage_utils.coursework.sandbox import kind_of_sandbox
from mirage_utils.coursework.secret import kept_secret

NAME = assignments(SOURCES)[0]
RIGHT = next(each for each in everywhere() if each.name == "right")


# ---------------------------------------------------------------- names and folders


@pytest.mark.parametrize(
    "name", ["ada", "Ada Lovelace", "Ångström, Anders", "o'neill", "a.b", "张伟"]
)
def test_an_ordinary_name_is_its_own_file(name):
    assert file_name(name) == name


def test_every_name_has_a_file_of_its_own_that_every_system_can_write():
    odd = [
        "CON", "aux.txt", "nul", "a/b", "a\\b", "a:b", "dot.", "blank ", "..", ".", "", "x" * 255, "x" * 254 + "y", "é" * 120,
        "new\nline", "\ud800", "\ufffd", "\ufffd\ufffd", "a?", "a*", ".hidden", "LPT1",
    ]  # fmt: skip
    found = [file_name(name) for name in odd]
    assert len({each.casefold() for each in found}) == len(odd)
    for each in found:
        assert 0 < len(each.encode()) <= 200
        assert not set(each) & set('<>:"/\\|?*\n')
        assert not each.startswith(".")
        assert not each.endswith((".", " "))
        assert file_name(each) == each
        assert each.split(".")[0].lower() not in ("con", "aux", "nul", "lpt1")


@pytest.fixture
def deep(tmp_path):
    """A student's folder with folders in it, deeper than any path can be written, or Python's own functions remove."""
    folder = tmp_path / "in" / "zoe"
    folder.mkdir(parents=True)
    here = os.getcwd()
    try:
        os.chdir(folder)
        for _ in range(1300):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(here)
    yield folder
    subprocess.run(["rm", "-rf", str(folder / "d")], check=True)


def test_whatever_one_folder_is_the_others_are_marked(tmp_path, deep):
    wanted = source(NAME)
    handed = tmp_path / "in"
    names = ["ada", "long-" + "x" * 245]
    if sys.platform == "linux":
        names += ["ADA", os.fsdecode(b"b\xf6rje"), "new\nline", "a\x01b"]
    for name in names:
        build(wanted, RIGHT, handed / name)
    build(wanted, RIGHT, tmp_path / "right")
    (tmp_path / "right" / f"{NAME}.ipynb").rename(deep / f"{NAME}.ipynb")
    if hasattr(os, "mkfifo"):
        os.mkfifo(deep / "pipe")
    (handed / "empty").mkdir()
    out = tmp_path / "out.csv"
    assert main(["grade", "1", str(handed), str(out), "--sources", str(SOURCES)]) == 0
    rows = {row["student"]: row for row in rows_of(out)}
    assert len(rows) == len(names) + 2
    assert rows["empty"]["status"] == "missing"
    assert rows["zoe"]["status"] == "essays"
    assert rows["zoe"]["score"] == "20"  # all but the essay
    assert "deep" in rows["zoe"]["reason"]
    if sys.platform == "linux":
        assert "same name" in rows["ada"]["reason"]
        assert "same name" in rows["ADA"]["reason"]
        assert "b\ufffdrje" in rows
    marked = [row for row in rows.values() if row["status"] == "essays"]
    assert len(marked) == len(names) + 1
    assert len(list((tmp_path / "out").glob("*.html"))) == len(rows)
    assert len(list((tmp_path / "out").glob("*.json"))) == len(rows)
    told = []
    settings = Settings(sandbox=kind_of_sandbox())
    again = grading.grade(
        SOURCES, NAME, handed, out, settings, told=lambda result, before: told.append(before)
    )
    assert told == [True] * len(rows)  # nothing has changed, nothing is marked again
    assert len(again) == len(rows)
    assert main(["feedback", str(out)]) == 0
    assert len(rows_of(out)) == len(rows)


# ---------------------------------------------------------------- what is there already


def test_only_its_own_table_is_written_over(tmp_path, capsys):
    handed = tmp_path / "in" / "ada"
    handed.mkdir(parents=True)
    listed = tmp_path / "list.csv"
    listed.write_text("student\nada\n")
    command = ["grade", "1", str(tmp_path / "in"), str(listed), "--sources", str(SOURCES)]
    for more in ([], ["--roster", str(listed)]):
        assert main([*command, *more]) == 1
        assert "expected a new file, or a table that 'grade' wrote" in capsys.readouterr().err
        assert listed.read_text() == "student\nada\n"
    other = tmp_path / "grades.csv"
    result = Result("ada", "2_many_tokens", "graded", [Marked("a", 1.0, 1.0)])
    other.write_text(marks.table([result]))
    with pytest.raises(FieldError, match=r"OUT = .*another file for 1_one_token, .*2_many_tokens"):
        grading.grade(SOURCES, NAME, tmp_path / "in", other)
    assert rows_of(other)[0]["assignment"] == "2_many_tokens"


def essay(student: str, text: str) -> Result:
    return Result(student, NAME, "essays", [Marked("words", 0.0, 4.0, True, "", text)], key="k")


def test_points_for_another_text_wait_to_be_confirmed_and_nobody_s_are_lost(tmp_path):
    place, out = tmp_path / "grades", tmp_path / "grades.csv"
    place.mkdir()

    def graded(*results: Result) -> list[dict[str, str]]:
        for each in results:
            (place / f"{each.student}.json").write_text(json.dumps(each.as_dict()))
        marks.finish(out, place, list(results))
        return rows_of(place / "essays.csv")

    def written(**points: str) -> None:
        rows = rows_of(place / "essays.csv")
        for row in rows:
            row["points"] = points.get(row["student"], row["points"])
            row["comment"] = "read" if row["student"] in points else row["comment"]
        with open(place / "essays.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)

    graded(essay("ada", "=Because\nof it."), essay("bob", "So."))
    written(ada="3", bob="4")
    # The same texts, with other ends of lines; then another text of Bob's, and Ada's folder is not there.
    rows = graded(essay("ada", "=Because\r\nof it."), essay("bob", "So."))
    assert [(row["student"], row["points"]) for row in rows] == [("ada", "3"), ("bob", "4")]
    rows = graded(essay("bob", "So, and more."))
    assert [(r["student"], r["points"], r["comment"]) for r in rows] == [
        ("bob", "", "[text changed, was 4 points] read"), ("ada", "3", "read"),
    ]  # fmt: skip
    assert [(r["student"], r["status"]) for r in rows_of(out)] == [("bob", "essays")]
    # Handed in again without a text: the points are kept in the sheet and given to nobody.
    empty = Result("ada", NAME, "graded", [Marked("words", 0.0, 4.0, True, "left empty")], key="k")
    graded(empty)
    marks.update(out)
    assert [(r["student"], r["score"]) for r in rows_of(out)] == [("ada", "0")]
    # Somebody whose folder is gone has no mark, though an older result lies there.
    absent = Result("bob", NAME, "missing", [Marked("words", 0.0, 4.0, True)])
    marks.finish(out, place, [empty, absent])
    marks.update(out)
    assert [(r["student"], r["status"]) for r in rows_of(out)] == [
        ("ada", "graded"),
        ("bob", "missing"),
    ]
    rows = graded(essay("ada", "=Because\nof it."), essay("bob", "So, and more."))
    marks.update(out)
    assert [(r["student"], r["score"]) for r in rows_of(out)] == [("ada", "3"), ("bob", "0")]


# ---------------------------------------------------------------- when


def test_when_it_was_handed_in_is_told_by_who_can_know(tmp_path):
    folder = tmp_path / "ada"
    for name in (NAME, "2_many_tokens"):
        (folder / name).mkdir(parents=True)
        (folder / name / f"{name}.ipynb").write_text("{}")
    os.utime(folder / "2_many_tokens" / "2_many_tokens.ipynb", (2_000_000_000, 2_000_000_000))
    os.utime(folder / NAME / f"{NAME}.ipynb", (1_000_000_000, 1_000_000_000))
    at = lambda seconds: datetime.fromtimestamp(seconds, UTC)  # noqa: E731
    # Each assignment by its own files, and in nbgrader's layout by its stamp.
    assert lateness.handed_in_at(folder, NAME) == at(1_000_000_000)
    (folder / NAME / "timestamp.txt").write_text("2026-11-20 10:00:00.5 UTC\n")
    assert lateness.handed_in_at(folder, NAME) == datetime(2026, 11, 20, 10, 0, 0, 500_000, UTC)
    assert lateness.handed_in_at(folder, "2_many_tokens") == at(2_000_000_000)
    # A stamp in an ordinary folder may be the student's own.
    flat = tmp_path / "bob"
    flat.mkdir()
    (flat / f"{NAME}.ipynb").write_text("{}")
    os.utime(flat / f"{NAME}.ipynb", (1_500_000_000, 1_500_000_000))
    (flat / "timestamp.txt").write_text("2001-01-01 00:00:00 UTC")
    (flat / "2_many_tokens.ipynb").write_text("{}")
    assert lateness.handed_in_at(flat, NAME) == at(1_500_000_000)
    # What was collected says when, or that nobody knows.
    note = {"platform": "moodle", "id": "17", "from": "a.ipynb", "prefix": "a/"}
    (flat / RECORD).write_text(json.dumps({**note, "handed_in": "2001-11-21T09:00:00+01:00"}))
    assert lateness.handed_in_at(flat, NAME) == at(1_500_000_000)  # the student's own word
    kept_secret(tmp_path)
    assert lateness.handed_in_at(flat, NAME) == at(1_500_000_000)
    (flat / RECORD).write_text(signed({**note, "handed_in": "2026-11-21T09:00:00+01:00"}, flat))
    assert lateness.handed_in_at(flat, NAME) == datetime(2026, 11, 21, 8, 0, 0, 0, UTC)
    (flat / RECORD).write_text(signed({**note, "handed_in": None}, flat))
    assert lateness.handed_in_at(flat, NAME) is None
    (flat / RECORD).write_text("[[[")
    assert lateness.handed_in_at(flat, NAME) == at(1_500_000_000)
    (tmp_path / "cleo").mkdir()
    assert lateness.handed_in_at(tmp_path / "cleo", NAME) is None
