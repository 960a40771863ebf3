"""The way from a learning platform and back: its tables, the zip of all submissions, the marks, and the pages of feedback."""

from __future__ import annotations

import json
import os
import re
import stat
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from classes import rows_of
from hypothesis import given
from hypothesis import strategies as st

from mirage_utils.cli.main import main
from mirage_utils.coursework.folders import RECORD
from mirage_utils.coursework.handing_back.marks import export
from mirage_utils.coursework.handing_back.pages import handback
from mirage_utils.coursework.marking.results import Marked, Result
from mirage_utils.coursework.platforms import archive, unpacking
from mirage_utils.coursework.platforms.collect import collect
from mirage_utils.coursework.platforms.moments import moment
from mirage_utils.coursework.platforms.record import record
from mirage_utils.coursework.platforms.rosters import other_names, roster
from mirage_utils.coursework.secret import SECRET
from mirage_utils.coursework.tables import read_table, write_table
from mirage_utils.errors import DataError, FieldError
from mirage_utils.ground.write import harmless, unharmed

NAME = "1_one_token"


# ---------------------------------------------------------------- tables

CLASS = [["student", "note"], ["Ada", "né à Zürich"], ["Bob, jr.", "x"]]


def _csv(rows: list[list[str]], separator: str = ",") -> str:
    quoted = lambda cell: f'"{cell}"' if separator in cell else cell  # noqa: E731
    return "\r\n".join(separator.join(map(quoted, row)) for row in rows) + "\r\n"


@pytest.mark.parametrize(
    "content",
    [
        _csv(CLASS).encode(),
        _csv(CLASS).encode("utf-8-sig"),
        _csv(CLASS, ";").encode("cp1252"),
        _csv(CLASS, "\t").encode("utf-16"),
        _csv(CLASS, "\t").encode("utf-16-le"),
        ("sep=;\r\n" + _csv(CLASS, ";")).encode(),
        ("\r\n" + _csv([[*row, "", ""] for row in CLASS], ";") + ";;;\r\n").encode("cp1252"),
    ],
    ids=["plain", "mark", "excel-german", "excel-unicode", "without-mark", "sep", "empty-columns"],
)
def test_tables_are_read_as_spreadsheets_write_them(content, tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    columns, rows = read_table(path, "roster", "the class list")
    assert columns == CLASS[0]
    assert [list(row.values()) for row in rows] == CLASS[1:]
    assert roster(path) == ["Ada", "Bob, jr."]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04xl/workbook.xml", "workbook.*CSV UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "workbook.*CSV UTF-8"),
        (b"<!DOCTYPE html><title>Log in</title>", "logged out"),
        (b"\n<html>", "logged out"),
        (b"student\nA\x81da\n", "UTF-8"),  # neither UTF-8 nor a letter of code page 1252
        (b"student\n\0\0\0\0", "no text"),
    ],
)
def test_what_is_no_table_is_refused_with_words_how_to_make_one(content, words, tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(FieldError, match=words):
        roster(path)


def test_a_damaged_table_is_refused_with_its_row(tmp_path):
    for text, words in (
        ("student,x\nada,1,2\n", r"row 2: 3 cells under 2 headings"),
        ("student,x,x\nada,1,2\n", "more than one column is called x"),
        ("\n\n", "empty"),
        ("student\n\n", "nobody"),
    ):
        (tmp_path / "list.csv").write_text(text)
        with pytest.raises(DataError, match=words):
            roster(tmp_path / "list.csv")


def test_everybody_in_a_moodle_list_is_named_also_without_an_id_number(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "Full name,ID number,Email address\nAda Lovelace,,ada@example.org\nEmil Post,77,emil@example.org\nKurt Gödel,,\n"
    )
    assert roster(path) == ["ada@example.org", "77", "Kurt Gödel"]


LIVE = [
    "=1+1", "+1+1", "-1+1", "+A1", "-A1", "--1", "- 1", "-cmd|' /C calc'!A0", "-ada@example.org", "@SUM(1)", "\t=1", "\r=1", " =1", "x;=1+1", "x\t=1", "x\n=1", 'x;"=1"', "'=1", "''=1", "＝1", "\tada", "\rada",
]  # fmt: skip


def _cells_as_split(text: str) -> list[str]:
    """What a spreadsheet may take for a cell: the file split at any separator, quotation marks or not."""
    for separator in ";\t\r\n":
        text = text.replace(separator, ",")
    return [cell.strip(' "') for cell in text.split(",")]


@pytest.mark.parametrize("cell", LIVE)
def test_no_cell_that_is_written_is_computed_and_each_is_read_back(cell, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        write_table(["student", cell], [{"student": cell, cell: "a"}]),
        encoding="utf-8",
        newline="",
    )
    assert not [c for c in _cells_as_split(path.read_text(encoding="utf-8")) if c[:1] in "=+-@＝" and c]  # fmt: skip
    columns, rows = read_table(path, "table", "cells")
    assert columns == ["student", cell.strip()]
    assert rows[0]["student"] == cell


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])) | st.text("='\"; \t\n\r-a"))
def test_what_was_made_harmless_is_given_back(text):
    assert unharmed(harmless(text)) == text
    assert harmless(text)[:1] not in set("=+-@\t\r") or re.fullmatch(r"-|[-+]\d+([.,]\d+)?", text)


@pytest.mark.parametrize("cell", ["-", "-5", "+1", "-0.25", "-0,25"])
def test_a_number_and_a_dash_are_no_formulas_and_stay(cell, tmp_path):
    """Moodle writes a dash for "never", and a column of somebody else's may hold a deduction."""
    path = tmp_path / "t.csv"
    path.write_text(write_table(["a", "b"], [{"a": cell, "b": f"'{cell}"}]), newline="")
    assert path.read_text().splitlines()[1].startswith(f'"{cell}"' if "," in cell else cell)
    assert read_table(path, "table", "cells")[1] == [{"a": cell, "b": f"'{cell}"}]


def test_a_long_cell_costs_no_time_and_half_characters_are_replaced():
    assert len(harmless("\n" * 200_000)) == 200_000
    assert harmless("\ud800a\0") == "\ufffda "


# ---------------------------------------------------------------- marks for the platforms

MARKS = """student,assignment,score,max_score,status,reason
ada,1_one_token,20,24,graded,
bob,1_one_token,12,24,essays,words: left open
cleo,1_one_token,,24,failed,the marking process ended
dan,1_one_token,0,24,missing,nothing was handed in
'=eve,1_one_token,3,24,graded,x;'=1+1
"""


@pytest.fixture
def table(tmp_path) -> Path:
    path = tmp_path / "grades.csv"
    path.write_text(MARKS)
    return path


def _canvas(path: Path, *columns: str, points: str = "24") -> Path:
    rows = [["Student", "ID", "SIS Login ID", "Section", *columns], ["    Points Possible", "", "", "", *[points] * len(columns)]]  # fmt: skip
    rows += [[f"{name.title()}, {name}", str(at), name, "A", *[""] * len(columns)] for at, name in enumerate(("ada", "bob", "cleo", "dan", "=eve", "zoe"))]  # fmt: skip
    path.write_text(write_table(rows[0], [dict(zip(rows[0], r, strict=True)) for r in rows[1:]]))  # fmt: skip
    return path


def test_only_final_marks_go_to_a_platform(table, tmp_path, capsys):
    listed = _canvas(tmp_path / "canvas.csv", f"{NAME} (5512)", "Essay (77)")
    up = tmp_path / "up.csv"
    command = ["export", str(table), "canvas", str(up), "--roster", str(listed)]
    assert main(command) == 0
    said = capsys.readouterr().err
    assert "bob: no mark written, an essay has not been read (--with-unread" in said
    assert "cleo: no mark written, the grader could not do its work" in said
    columns, rows = read_table(up, "up", "marks")
    assert columns[-2:] == [f"{NAME} (5512)", "Essay (77)"]
    assert [row[f"{NAME} (5512)"] for row in rows] == ["24", "20", "", "", "0", "3", ""]
    assert {row["Essay (77)"] for row in rows[1:]} == {""}
    assert main([*command, "--with-unread"]) == 0
    assert [row[f"{NAME} (5512)"] for row in rows_of(up)] == ["24", "20", "12", "", "0", "3", ""]


def test_a_mark_that_is_not_final_leaves_the_platform_s_own(table, tmp_path):
    listed = tmp_path / "moodle.csv"
    listed.write_text(
        "Identifier;Full name;Username;Grade;Last modified (grade)\nParticipant 5;Bob;bob;7,5;-\nParticipant 6;Ada;ada;;-\n"
    )
    told = export(table, "moodle", tmp_path / "up.csv", listed)
    bob, ada = rows_of(tmp_path / "up.csv")
    assert (bob["Identifier"], bob["Grade"], bob["Last modified (grade)"]) == ("Participant 5", "7,5", "-")  # fmt: skip
    assert (ada["Grade"], ada["Maximum Grade"]) == ("20", "24")
    assert "dan is not in the class list, no mark written" in told


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ([f"{NAME} (5512)"], f"{NAME} (5512)"),
        (["1 One token (5512)", "2 Many tokens (5513)"], "1 One token (5512)"),
        ([NAME, "x"], NAME),
        (["Homework (1)"], NAME),
    ],
)
def test_the_column_of_the_assignment_is_found(columns, found, table, tmp_path):
    told = export(table, "canvas", tmp_path / "up.csv", _canvas(tmp_path / "c.csv", *columns))  # fmt: skip
    assert rows_of(tmp_path / "up.csv")[1][found] == "20"
    assert any("has no column" in each for each in told) == (found not in columns)


def test_of_several_columns_one_is_asked_for(table, tmp_path, capsys):
    listed = _canvas(tmp_path / "c.csv", f"{NAME} (1)", f"{NAME} (2)")
    command = ["export", str(table), "canvas", str(tmp_path / "up.csv"), "--roster", str(listed)]
    assert main(command) == 1
    assert "--column" in capsys.readouterr().err
    assert not (tmp_path / "up.csv").exists()
    assert main([*command, "--column", f"{NAME} (2)"]) == 0
    assert rows_of(tmp_path / "up.csv")[1][f"{NAME} (2)"] == "20"
    assert main([*command, "--column", "other"]) == 1


def test_a_platform_with_other_points_is_told(table, tmp_path):
    listed = _canvas(tmp_path / "c.csv", f"{NAME} (1)", points="100")
    assert any("100 points at most" in each for each in export(table, "canvas", tmp_path / "up.csv", listed))  # fmt: skip


@pytest.mark.parametrize("name", ["grades.csv", "c.csv", "link.csv"])
def test_an_export_never_writes_over_what_it_reads(name, table, tmp_path, capsys):
    listed = _canvas(tmp_path / "c.csv", f"{NAME} (1)")
    (tmp_path / "link.csv").symlink_to(listed)
    before = [path.read_bytes() for path in (table, listed)]
    assert main(["export", str(table), "canvas", str(tmp_path / name), "--roster", str(listed)]) == 1  # fmt: skip
    assert "a file of its own" in capsys.readouterr().err
    assert [path.read_bytes() for path in (table, listed)] == before


def test_a_list_of_another_class_is_told_and_nothing_is_written(table, tmp_path, capsys):
    listed = tmp_path / "c.csv"
    listed.write_text("Student,ID\nSomebody Else,9\n")
    assert main(["export", str(table), "canvas", str(tmp_path / "up.csv"), "--roster", str(listed)]) == 1  # fmt: skip
    assert "none of its names is in" in capsys.readouterr().err
    assert not (tmp_path / "up.csv").exists()


def test_marks_that_two_people_could_claim_go_to_neither(table, tmp_path):
    listed = tmp_path / "c.csv"
    listed.write_text("Full name,ID\nAda,1\nAda,2\nBob,3\n")
    told = export(table, "moodle", tmp_path / "up.csv", listed, with_unread=True)
    assert [row["Grade"] for row in rows_of(tmp_path / "up.csv")] == ["", "", "12"]
    assert "ada is not in the class list, no mark written" in told


def test_a_table_saved_with_decimal_commas_and_rows_of_one_name(table, tmp_path):
    rows = "ada;1_one_token;7,5;24;graded;\nADA;1_one_token;9;24;graded;\nbob;1_one_token;8,25;24;graded;\n"
    table.write_text("student;assignment;score;max_score;status;reason\n" + rows)
    listed = tmp_path / "m.csv"
    listed.write_text("Identifier,Username,Grade\nParticipant 1,ada,\nParticipant 2,bob,\n")
    told = export(table, "moodle", tmp_path / "up.csv", listed)
    assert [row["Grade"] for row in rows_of(tmp_path / "up.csv")] == ["", "8.25"]
    assert any("ada: no mark written" in each and "several rows" in each for each in told)
    for wrong, words in (("ada;2_many_tokens;1;24;graded;", "of one assignment"), ("zoe;1_one_token;many;24;graded;", "expected a number")):  # fmt: skip
        table.write_text(f"student;assignment;score;max_score;status;reason\n{rows}{wrong}\n")
        with pytest.raises(DataError, match=words):
            export(table, "moodle", tmp_path / "up.csv")


# ---------------------------------------------------------------- collect

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


ADA, EMIL = (101, "Ada Lovelace", "ada@example.org"), (102, "Emil Post", "emil@example.org")


def test_folders_nested_deeper_than_any_path_stop_nobody(tmp_path):
    source = packed(
        tmp_path / "all.zip",
        (moodle("Ada Lovelace", 101), notebook("ada")),
        (moodle("Ada Lovelace", 101, "d/" * 1300 + "x.txt"), "x"),
        (moodle("Emil Post", 102), notebook("emil")),
    )
    done = collect(source, tmp_path / "in", worksheet(tmp_path / "list.csv", ADA, EMIL))
    assert list(done.students.values()) == ["new", "new"]
    (said,) = (each for each in done.told if "lies too deep" in each)
    assert len(said) < 300
    assert files_in(tmp_path / "in") == [f"{each}@example.org/{NAME}.ipynb" for each in ("ada", "emil")]  # fmt: skip
    assert not (tmp_path / "in" / "ada@example.org" / "d").exists()


@pytest.mark.parametrize("flat", [False, True], ids=["folders", "flat"])
def test_moodle_s_zip_becomes_one_folder_a_student(flat, tmp_path):
    source = packed(
        tmp_path / "all.zip",
        (moodle("Ada Lovelace", 101, flat=flat), notebook("ada")),
        (moodle("Emil Post", 102, "mine.ipynb", flat=flat), notebook("emil")),
        (moodle("Some Body", 999, flat=flat), notebook("nobody")),
        ("readme.txt", "from somewhere"),
    )
    listed = worksheet(tmp_path / "list.csv", ADA, EMIL, (103, "Kurt Gödel", ""))
    done = collect(source, tmp_path / "in", listed)
    assert done.students == {"ada@example.org": "new", "emil@example.org": "new"}
    assert done.missing == ["Kurt Gödel"]
    assert files_in(tmp_path / "in") == [f"ada@example.org/{NAME}.ipynb", "emil@example.org/mine.ipynb"]  # fmt: skip
    assert "readme.txt: nobody's, left out" in done.told
    assert "Some Body (moodle's number 999) is not in the class list: 1 file(s) left out" in done.told  # fmt: skip
    note = record(tmp_path / "in" / "emil@example.org")
    assert (note["platform"], note["id"], note["attempt"], note["from"]) == ("moodle", "102", 1, moodle("Emil Post", 102, "mine.ipynb", flat=flat))  # fmt: skip
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_a_mark_that_is_there_already_is_not_lost_without_a_word(table, tmp_path):
    listed = tmp_path / "moodle.csv"
    listed.write_text("Identifier,Username,Grade\nParticipant 1,ada,15.00\nParticipant 2,dan,15.00\nParticipant 3,=eve,3.0\n")  # fmt: skip
    told = export(table, "moodle", tmp_path / "up.csv", listed)
    assert [row["Grade"] for row in rows_of(tmp_path / "up.csv")] == ["20", "15.00", "3"]
    assert "ada: 15.00 in the list becomes 20" in told
    assert "dan: no mark written, nothing was handed in; 15.00, which the list has, stays" in told
    assert not any("eve" in each for each in told)
    with pytest.raises(FieldError, match=r"\.csv"):
        export(table, "moodle", tmp_path / "up.xlsx", listed)


def test_everybody_is_called_all_that_the_list_says(tmp_path):
    listed = tmp_path / "list.csv"
    listed.write_text("Identifier,Full name,Email address\nParticipant 1,Ada Lovelace,ada@x.org\n")
    assert other_names(listed) == {"ada@x.org": ["Ada Lovelace", "Participant 1"]}
    listed.write_text('Student,ID,SIS Login ID\n"Lovelace, Ada",17,ada\n')
    assert other_names(listed)["ada"] == ["17", "Lovelace, Ada", "Ada Lovelace"]
    listed.write_text("First name,Surname,ID number\nAda,Lovelace,17\n")
    assert other_names(listed)["17"] == ["Ada Lovelace", "Lovelace Ada"]


def test_the_other_platform_s_list_and_the_teacher_s_own_trial(tmp_path):
    table = marked(tmp_path, ada="graded")
    ours, theirs = _canvas(tmp_path / "c.csv", f"{NAME} (1)"), tmp_path / "m.csv"
    theirs.write_text("Identifier,Username,Grade\nParticipant 17,ada,\n")
    for style, listed, says in (
        ("canvas", theirs, "column Student"),
        ("moodle", ours, "Identifier"),
    ):
        with pytest.raises(FieldError, match=says):
            export(table, style, tmp_path / "up.csv", listed)
    assert not (tmp_path / "up.csv").exists()
    ours.write_text(
        'Student,ID,SIS Login ID,Section\n    Points Possible,,,\n"Lovelace, Ada",17,ada,A\n"Student, Test",99,,A\n'
    )
    assert roster(ours) == ["ada"]


def test_canvas_s_zip_by_number_with_the_newest_attempt(tmp_path, capsys):
    source = packed(
        tmp_path / "submissions.zip",
        (f"lovelaceada_17_900_{NAME}.ipynb", notebook("first")),
        (f"lovelaceada_17_905_{NAME}-2.ipynb", notebook("third")),
        (f"lovelaceada_17_903_{NAME}-1.ipynb", notebook("second")),
        (f"postemil_LATE_18_901_{NAME}.ipynb", notebook("emil")),
        ("godelkurt_19_text.html", "typed into Canvas"),
    )
    listed = tmp_path / "list.csv"
    listed.write_text('Student,ID,SIS Login ID,Section\n    Points Possible,,,\n"Lovelace, Ada",17,ada,A\n"Post, Emil",18,emil,A\n"Gödel, Kurt",19,kurt,A\n')  # fmt: skip
    assert main(["collect", str(source), str(tmp_path / "in"), "--roster", str(listed)]) == 0
    out, said = capsys.readouterr()
    assert out.splitlines() == [f"{tmp_path / 'in'}: 2 students, 2 new", "without a file: kurt"]
    assert f"ada: taken is lovelaceada_17_905_{NAME}-2.ipynb, the newest; not lovelaceada_17_900" in said  # fmt: skip
    assert "godelkurt_19_text.html: nobody's" in said
    assert "By Canvas, late are: emil" in said
    assert files_in(tmp_path / "in") == [f"ada/{NAME}.ipynb", f"emil/{NAME}.ipynb"]
    assert "third" in (tmp_path / "in" / "ada" / f"{NAME}.ipynb").read_text()
    notes = [record(tmp_path / "in" / name) for name in ("ada", "emil")]
    assert [(n["attempt"], n["late"], n["handed_in"]) for n in notes] == [(3, False, None), (1, True, None)]  # fmt: skip


@pytest.mark.parametrize("layout", ["inbound", "submitted"])
def test_nbgrader_s_folders_with_its_stamps(layout, tmp_path, capsys):
    source = tmp_path / "exchange"
    for stamp, words in (("2026-11-20 10:00:00.0", "old"), ("2026-11-21 10:00:00.5", "new")):
        folder = source / f"ada+{NAME}+{stamp} UTC+1a2b" if layout == "inbound" else source / "ada" / NAME  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{NAME}.ipynb").write_text(notebook(words))
        (folder / "timestamp.txt").write_text(f"{stamp} UTC")
    other = source / "ada+2_many_tokens+2026-11-22 10:00:00 UTC" if layout == "inbound" else source / "ada" / "2_many_tokens"  # fmt: skip
    other.mkdir()
    (other / "2_many_tokens.ipynb").write_text(notebook("other"))
    (other / "timestamp.txt").write_text("2026-11-22 10:00:00 UTC")
    command = ["collect", str(source), str(tmp_path / "in")]
    assert main(command) == 1
    assert f"one of {NAME}, 2_many_tokens" in capsys.readouterr().err
    assert main([*command, "--assignment", "1"]) == 0
    assert files_in(tmp_path / "in") == [f"ada/{NAME}.ipynb"]
    assert "new" in (tmp_path / "in" / "ada" / f"{NAME}.ipynb").read_text()
    note = record(tmp_path / "in" / "ada")
    assert note["handed_in"] == "2026-11-21T10:00:00+00:00"
    assert note["attempt"] == (2 if layout == "inbound" else 1)
    assert note["prefix"] == f"feedback/ada/{NAME}/"


def test_times_of_packing_are_not_times_of_handing_in(tmp_path):
    people = [ADA, EMIL, (103, "Zoë", "zoe@example.org")]
    members = [(moodle(name, number), notebook()) for number, name, _ in people]
    at = lambda *times: packed(tmp_path / "all.zip", *[(*m, (2026, 11, *t, 0)) for m, t in zip(members, times, strict=True)])  # noqa: E731  # fmt: skip
    listed = worksheet(tmp_path / "list.csv", *people)
    zone = timezone(timedelta(hours=1))
    when = lambda name: (record(tmp_path / name / "ada@example.org") or {})["handed_in"]  # noqa: E731
    done = collect(at((20, 9, 0), (20, 9, 0), (20, 9, 2)), tmp_path / "packing", listed, zone=zone)
    assert when("packing") is None
    assert any("is not known for ada@example.org" in each for each in done.told)
    done = collect(at((20, 9, 0), (18, 9, 0), (19, 9, 0)), tmp_path / "real", listed, zone=zone)
    assert when("real") == "2026-11-20T09:00:00+01:00"
    assert not any("not known" in each for each in done.told)
    worksheet(listed, *people, modified="Thursday, 19 November 2026, 6:15 PM")
    collect(at((20, 9, 0), (20, 9, 0), (20, 9, 2)), tmp_path / "sheet", listed, zone=zone)
    assert when("sheet") == "2026-11-19T18:15:00+01:00"


def test_a_class_list_without_the_platform_s_numbers_is_matched_by_name(tmp_path):
    source = packed(
        tmp_path / "s.zip",
        ("vanbeethovenludwig_7_1_a.ipynb", notebook()),
        ("godelkurt_8_2_a.ipynb", notebook()),
        ("leean_9_3_a.ipynb", notebook()),
    )
    listed = tmp_path / "list.csv"
    listed.write_text("student\nLudwig van Beethoven\nKurt Gödel\nAn Lee\nLee An\n")
    done = collect(source, tmp_path / "in", listed)
    assert set(done.students) == {"Ludwig van Beethoven", "Kurt Gödel"}
    assert any("found by name" in each for each in done.told)
    assert any("leean (canvas's number 9) could be several people" in each for each in done.told)


def test_nobody_is_given_the_work_of_another(tmp_path):
    """A group's number for a student's, a student's own number for the platform's, and two people for one name."""
    at = lambda *names: packed(tmp_path / "s.zip", *[(moodle(name, number), notebook()) for name, number in names])  # noqa: E731  # fmt: skip
    listed = worksheet(tmp_path / "sheet.csv", ADA, (103, "Kurt Gödel", ""))
    done = collect(at(("Group A", 101), ("Godel Kurt", 103)), tmp_path / "group", listed)
    assert set(done.students) == {"Kurt Gödel"}
    assert any("Group A (moodle's number 101) has the number of ada@example.org" in each for each in done.told)  # fmt: skip
    listed = tmp_path / "list.csv"
    listed.write_text("Username,Full name\nstudent101,Emil Post\nstudent102,Ada Lovelace\n")
    done = collect(at(("Ada Lovelace", 101)), tmp_path / "own", listed)
    assert set(done.students) == {"student102"}
    listed.write_text("student\nJo Li\nAda\n")
    done = collect(at(("Jo Li", 1), ("Li Jo", 2), ("Ada", 3)), tmp_path / "two", listed)
    assert set(done.students) == {"Ada"}
    assert sum("not the only one who could be Jo Li" in each for each in done.told) == 2


def test_moodle_s_numbers_are_known_under_another_heading(tmp_path):
    """Headings are in the language of the site; "ID" is one of Canvas's too, whose numbers have no word before them."""
    source = packed(tmp_path / "s.zip", (moodle("Kurt Gödel", 17), notebook()))
    listed = tmp_path / "list.csv"
    listed.write_text("ID;Vollständiger Name;E-Mail-Adresse\nTeilnehmer/in17;Kurt Gödel;kurt@example.org\n")  # fmt: skip
    done = collect(source, tmp_path / "in", listed)
    assert done.students == {"kurt@example.org": "new"}
    assert not done.missing
    assert other_names(listed)["kurt@example.org"] == ["Kurt Gödel", "Teilnehmer/in17"]
    listed.write_text("Identificador,Nombre completo,Estado\nParticipante 17,Kurt Gödel,x\nParticipante 18,Ada Lovelace,x\n")  # fmt: skip
    assert roster(listed) == ["Kurt Gödel", "Ada Lovelace"]
    listed.write_text("Matrikel,Gruppe,Vorname\nm123,A,Ada\nm124,B,Bob\n")  # somebody's own
    with pytest.raises(DataError, match="no column with names"):
        roster(listed)
    listed.write_text("Identificador,Nombre completo,Estado\nParticipante 17,Kurt Gödel,x\n")
    with pytest.raises(FieldError, match="set Moodle to English"):
        export(marked(tmp_path, Ada="graded"), "moodle", tmp_path / "up.csv", listed)


def test_times_are_read_in_the_language_of_the_worksheet(tmp_path):
    listed = tmp_path / "list.csv"
    listed.write_text(
        "ID,Vollständiger Name,E-Mail-Adresse,Status,Zuletzt geändert (Abgabe),Zuletzt geändert (Bewertung)\n"
        'Teilnehmer/in17,Kurt Gödel,kurt@x.org,Abgegeben,"Freitag, 20. März 2026, 21:05",-\n'
        'Teilnehmer/in18,Ada Lovelace,ada@x.org,Abgegeben,"Samstag, 21. März 2026, 00:15","Montag, 23. März 2026, 10:00"\n'
        "Teilnehmer/in19,Emil Post,emil@x.org,Keine Abgabe,-,-\n"
    )
    source = packed(tmp_path / "s.zip", *[(moodle(name, number), notebook()) for name, number in (("Kurt Gödel", 17), ("Ada Lovelace", 18))])  # fmt: skip
    done = collect(source, tmp_path / "in", listed, zone=UTC)
    when = {name: record(tmp_path / "in" / name)["handed_in"] for name in done.students}
    assert when == {"ada@x.org": "2026-03-21T00:15:00+00:00", "kurt@x.org": "2026-03-20T21:05:00+00:00"}  # fmt: skip
    assert done.missing == ["emil@x.org"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Friday, 20 November 2026, 9:05 PM", (11, 20, 21, 5)),
        ("Saturday, 20 November 2026, 12:05 AM", (11, 20, 0, 5)),
        ("20 November 2026, 09:05", (11, 20, 9, 5)),
        ("vendredi 20 novembre 2026, 21:05", (11, 20, 21, 5)),
        ("viernes, 20 de noviembre de 2026, 21:05", (11, 20, 21, 5)),
        ("Friday, November 20, 2026, 9:05 PM", (11, 20, 21, 5)),
        ("sexta-feira, 20 nov. 2026, 21:05", (11, 20, 21, 5)),
        ("2026-11-20 21:05", (11, 20, 21, 5)),
        ("Friday, 31 February 2026, 9:05 PM", None),
        ("Friday, 20 Brumaire 2026, 9:05 PM", None),
        ("-", None),
        ("", None),
    ],
)
def test_moments_as_moodle_writes_them(text, found):
    assert moment(text) == (found and datetime(2026, *found))


@pytest.mark.parametrize(("word", "folder"), [("Participant ", "Participant"), ("Teilnehmer/in", "Teilnehmerin")])  # fmt: skip
def test_an_anonymous_assignment_goes_there_and_back_by_its_numbers(word, folder, tmp_path):
    listed = tmp_path / "sheet.csv"
    listed.write_text(f"Identifier,Status,Grade\n{word}17,x,\n{word}18,x,\n")
    done = collect(packed(tmp_path / "s.zip", (moodle(folder, 17), notebook())), tmp_path / "in", listed)  # fmt: skip
    (name,) = done.students
    assert name == f"{word.replace('/', '-')}17"
    assert len(done.missing) == 1
    export(marked(tmp_path, **{name: "graded"}), "moodle", tmp_path / "up.csv", listed)
    assert [row["Grade"] for row in rows_of(tmp_path / "up.csv")] == ["1", ""]


def test_without_a_list_names_are_the_platform_s_and_never_one_for_two(tmp_path):
    source = packed(tmp_path / "s.zip", *[(moodle("Jo Li", number), notebook(str(number))) for number in (1, 2)])  # fmt: skip
    assert set(collect(source, tmp_path / "in").students) == {"Jo Li", "Jo Li (2)"}


def test_a_list_of_another_class_and_names_of_no_platform_write_nothing(tmp_path, capsys):
    source = packed(tmp_path / "s.zip", (moodle("Ada Lovelace", 101), notebook()))
    listed = worksheet(tmp_path / "list.csv", (7, "Kurt Gödel", ""))
    assert main(["collect", str(source), str(tmp_path / "in"), "--roster", str(listed)]) == 1
    assert "nobody in it handed in" in capsys.readouterr().err
    packed(source, ("a.ipynb", notebook()), ("x/b.ipynb", notebook()))
    assert main(["collect", str(source), str(tmp_path / "in")]) == 1
    assert "Download all submissions" in capsys.readouterr().err
    source.write_bytes(source.read_bytes()[:-30])
    assert main(["collect", str(source), str(tmp_path / "in")]) == 1
    assert "no zip that can be read" in capsys.readouterr().err
    assert main(["collect", str(tmp_path / "none.zip"), str(tmp_path / "in")]) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"s.zip", "list.csv"}


# Members of a zip of which one is hostile, and what is said of it.


def _link(folder: Path) -> Path:
    path = packed(folder / "s.zip", (moodle("Ada", 1), notebook()))
    with zipfile.ZipFile(path, "a") as file:
        info = zipfile.ZipInfo(moodle("Eve", 2), EVENING)
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(info, "/etc/passwd")
    return path


def _headings(folder: Path, change: Callable[[bytearray, int], None]) -> Path:
    """A zip with a change to the second member's headings, in the list at the end and before the content."""
    path = packed(folder / "s.zip", (moodle("Ada", 1), notebook()), (moodle("Eve", 2), notebook("y" * 500)))  # fmt: skip
    content = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.rindex(mark)
        change(content, at + flags)
    path.write_bytes(content)
    return path


def _encrypted(content: bytearray, flags: int) -> None:
    content[flags] |= 1


def _unknown_packing(content: bytearray, flags: int) -> None:
    content[flags + 2] = 99


def _damaged(folder: Path) -> Path:
    path = packed(folder / "s.zip", (moodle("Ada", 1), notebook()), (moodle("Eve", 2), notebook("y" * 500)))  # fmt: skip
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x03\x04") + 30 + len(moodle("Eve", 2)) + 20
    content[at : at + 20] = b"\xff" * 20
    path.write_bytes(content)
    return path


def _named(name: str) -> Callable[[Path], Path]:
    return lambda folder: packed(folder / "s.zip", (moodle("Ada", 1), notebook()), (name, notebook()))  # fmt: skip


HOSTILE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "parent": (_named(moodle("Eve", 2, "../../../evil.ipynb")), "leads out of its folder"),
    "absolute": (_named("/" + moodle("Eve", 2)), "leads out of its folder"),
    "drive": (_named("C:/" + moodle("Eve", 2)), "leads out of its folder"),
    "backslash": (_named(moodle("Eve", 2, "..\\..\\evil.ipynb")), "leads out of its folder"),
    "control": (_named(moodle("Eve", 2, "a\nb\x1b[2J.ipynb")), "not text"),
    "deep": (_named(moodle("Eve", 2, "a/" * 50 + "a.ipynb")), "too deep"),
    "link": (_link, "a link or a device"),
    "encrypted": (lambda folder: _headings(folder, _encrypted), "encrypted"),
    "unknown": (lambda folder: _headings(folder, _unknown_packing), "damaged"),
    "damaged": (_damaged, "damaged"),
    "bomb": (
        lambda folder: packed(folder / "s.zip", (moodle("Ada", 1), notebook()), (moodle("Eve", 2), b"\0" * 30_000_000)),
        "out of all proportion",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_costs_its_student_and_nobody_else(kind, tmp_path):
    make, words = HOSTILE[kind]
    place = tmp_path / "work"
    place.mkdir()
    done = collect(make(place), place / "in")
    assert done.students["Ada"] == "new"
    assert json.loads((place / "in" / "Ada" / f"{NAME}.ipynb").read_text())
    (said,) = [each for each in done.told if words in each]
    assert "Eve" in said
    assert said.isprintable()
    assert files_in(place / "in") == [f"Ada/{NAME}.ipynb"]
    assert sorted(path.name for path in place.iterdir()) == ["in", "s.zip"]
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


def test_a_student_and_a_class_have_so_much_and_no_more(tmp_path, monkeypatch):
    source = packed(tmp_path / "s.zip", *[(moodle(name, number, file), os.urandom(30_000)) for number, name in enumerate(("Ada", "Eve"), 1) for file in ("a.bin", "b.bin")])  # fmt: skip
    monkeypatch.setattr("mirage_utils.coursework.platforms.unpacking._STUDENT", 40_000)
    done = collect(source, tmp_path / "in")
    assert files_in(tmp_path / "in") == ["Ada/a.bin", "Eve/a.bin"]
    assert sum("has more than" in each for each in done.told) == 2
    monkeypatch.setattr("mirage_utils.coursework.platforms.collect._CLASS", 50_000)
    with pytest.raises(DataError, match="nothing was written"):
        collect(source, tmp_path / "other")
    monkeypatch.setattr("mirage_utils.coursework.platforms.archive._ENTRIES", 3)
    with pytest.raises(DataError, match="more than 3 files"):
        collect(source, tmp_path / "other")
    monkeypatch.setattr("mirage_utils.coursework.platforms.archive._LIST", 100)
    monkeypatch.setattr(zipfile, "ZipFile", None)  # the list is not even read
    with pytest.raises(DataError, match="more than 3 files"):
        collect(source, tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "s.zip"]


def test_the_length_of_a_zip_s_list_is_that_of_its_record_whatever_is_in_it(tmp_path):
    path = packed(tmp_path / "s.zip", *[(f"{number}.txt", "x") for number in range(50)])
    content = path.read_bytes()
    right = archive._length_of_list(path)
    assert right > 1000
    path.write_bytes(
        content[:-6] + b"PK\x05\x06" + content[-2:]
    )  # where the list begins, in the record itself
    assert archive._length_of_list(path) >= right


def test_names_are_kept_apart_short_and_readable(tmp_path):
    folder = moodle("Ada", 1, "")
    source = packed(
        tmp_path / "s.zip",
        (folder + "data.csv", "1"),
        (folder + "DATA.csv", "2"),
        (folder + "data.csv/inner.txt", "3"),
        (folder + "é" * 120 + ".ipynb", notebook()),
        (folder + 'what?: "x".txt', "4"),
        (folder + ".hidden", "5"),
        (folder + RECORD, "{}"),
        (f"__MACOSX/{folder}._x.ipynb", "6"),
    )
    collect(source, tmp_path / "in")
    names = files_in(tmp_path / "in")
    assert len(names) == 5
    assert {"Ada/data.csv", "Ada/DATA~2.csv", "Ada/data.csv_inner.txt", "Ada/what__ _x_.txt"} < set(names)  # fmt: skip
    assert all(len(name.encode()) < 140 for name in names)
    assert record(tmp_path / "in" / "Ada")["id"] == "1"


def test_names_in_utf_8_are_read_also_where_the_zip_does_not_say_so(tmp_path):
    path = packed(tmp_path / "s.zip", (moodle("Zoé", 1), notebook()))
    content = path.read_bytes()
    for mark, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.index(mark) + flags + 1
        content = content[:at] + b"\0" + content[at + 1 :]
    path.write_bytes(content)
    assert list(collect(path, tmp_path / "in").students) == ["Zoé"]


def test_a_name_that_is_no_text_at_all_is_told(tmp_path):
    """A zip that says UTF-8 and is not: of a student it costs the student, of a platform it is refused."""
    path = packed(tmp_path / "i.zip", ("é.ipynb", notebook()))
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xfe"))
    source = packed(tmp_path / "s.zip", (moodle("Ada", 1, "work.zip"), path.read_bytes()), (moodle("Bob", 2), notebook()))  # fmt: skip
    done = collect(source, tmp_path / "in")
    assert files_in(tmp_path / "in") == ["Ada/work.zip", f"Bob/{NAME}.ipynb"]
    assert any("Ada: work.zip cannot be unpacked" in each for each in done.told)
    with pytest.raises(DataError, match="no zip that can be read"):
        collect(path, tmp_path / "other")


def test_a_zip_within_is_unpacked_once_if_it_holds_a_notebook(tmp_path):
    inner = packed(tmp_path / "i.zip", (f"work/{NAME}.ipynb", notebook()), ("../evil.ipynb", notebook()), ("deeper.zip", "PK"))  # fmt: skip
    empty = packed(tmp_path / "e.zip", ("text.txt", "x"))
    source = packed(
        tmp_path / "s.zip",
        (moodle("Ada", 1, "my work.zip"), inner.read_bytes()),
        (moodle("Bob", 2, "pictures.zip"), empty.read_bytes()),
        (moodle("Cleo", 3, "work.rar"), b"Rar!"),
        (moodle("Dan", 4, "work.zip"), b"PK and nothing more"),
    )
    done = collect(source, tmp_path / "in")
    assert files_in(tmp_path / "in") == ["Ada/my work/deeper.zip", f"Ada/my work/work/{NAME}.ipynb", "Bob/pictures.zip", "Cleo/work.rar", "Dan/work.zip"]  # fmt: skip
    said = "\n".join(done.told)
    assert "Ada: 2 file(s) unpacked from my work.zip" in said
    assert "Bob: pictures.zip is a zip without a notebook" in said
    assert "is packed, and not unpacked" in said
    assert "Dan: work.zip cannot be unpacked" in said
    assert said.count("no notebook was handed in") == 3


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_within_that_is_made_to_harm_costs_its_student(tmp_path, monkeypatch):
    """Damage that only its way of packing knows, a name that grows too long, one name a thousand times."""
    with zipfile.ZipFile(tmp_path / "lzma.zip", "w", zipfile.ZIP_LZMA) as inner:
        inner.writestr(f"{NAME}.ipynb", notebook() * 50)
    lzma = bytearray((tmp_path / "lzma.zip").read_bytes())
    lzma[30 + len(f"{NAME}.ipynb") + 4] = 0xFF  # the properties of the filter
    long = packed(tmp_path / "long.zip", ("x", "a file"), (f"x/{'y' * 110}/{'z' * 110}/{'w' * 110}/{NAME}.ipynb", notebook()))  # fmt: skip
    many = packed(tmp_path / "many.zip", *[("a.ipynb", "")] * 3_000)
    names = []
    free = unpacking._free
    monkeypatch.setattr(unpacking, "_free", lambda *given: names.append(given[0]) or free(*given))
    source = packed(
        tmp_path / "s.zip",
        (moodle("Ada", 1), notebook()),
        (moodle("Eve", 2, "w.zip"), bytes(lzma)),
        (moodle("Fay", 3, "w.zip"), long.read_bytes()),
        (moodle("Gil", 4, "w.zip"), many.read_bytes()),
    )
    done = collect(source, tmp_path / "in")
    assert list(done.students) == ["Ada", "Eve", "Fay", "Gil"]
    assert f"Ada/{NAME}.ipynb" in files_in(tmp_path / "in")
    said = "\n".join(done.told)
    assert "is damaged" in said
    assert "all after it are more than 500 files" in said
    assert len(names) < 600  # and not 3,000, each of which takes longer than the last
    assert all(len(Path(name).name.encode()) < 200 for name in files_in(tmp_path / "in"))


def test_one_student_s_thousand_files_keep_nobody_out(tmp_path, monkeypatch):
    for bound, most in (("_ENTRIES", 40), ("_IN_FOLDER", 800)):
        monkeypatch.setattr(f"mirage_utils.coursework.platforms.archive.{bound}", most)
    monkeypatch.setattr(unpacking, "_FILES", 20)
    source = tmp_path / "exchange"
    for user in ("ada", "eve"):
        folder = source / f"{user}+{NAME}+2026-11-27 10:00:00 UTC"
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_text(notebook())
    for number in range(100):
        (folder / f"z{number}").touch()
    done = collect(source, tmp_path / "in")
    assert list(done.students) == ["ada", "eve"]
    assert any("eve" in each and "more than 20 files" in each for each in done.told)


def test_another_assignment_does_not_take_the_place_of_one_that_was_collected(tmp_path):
    def handed(name: str, *people: tuple[str, int]) -> Path:
        content = json.loads(notebook())
        content["metadata"] = {"mirage": {"assignment": name, "cells": []}}
        return packed(tmp_path / f"{name}.zip", *[(moodle(*each, f"{name}.ipynb"), json.dumps(content)) for each in people])  # fmt: skip

    collect(handed(NAME, ("Ada", 1), ("Bob", 2)), tmp_path / "in")
    before = files_in(tmp_path / "in")
    with pytest.raises(
        FieldError, match=f"folder of its own for 3_your_metric.*holds submissions of {NAME}"
    ):
        collect(handed("3_your_metric", ("Ada", 7), ("Bob", 8)), tmp_path / "in")
    assert files_in(tmp_path / "in") == before
    done = collect(handed(NAME, ("Ada", 1), ("Cleo", 3)), tmp_path / "in")
    assert done.students == {"Ada": "as before", "Cleo": "new"}
    other = handed("3_your_metric", ("Ada", 7), ("Bob", 8))
    assert set(collect(other, tmp_path / "in", replace_changed=True).students.values()) == {
        "changed"
    }


def test_one_student_s_notebooks_of_another_assignment_keep_nobody_out(tmp_path):
    """Each student has one voice, whoever has notebooks of several assignments none, and one alone is not a class."""

    def of(name: str) -> str:
        return json.dumps({**json.loads(notebook()), "metadata": {"mirage": {"assignment": name, "cells": []}}})  # fmt: skip

    early = packed(
        tmp_path / "early.zip", (moodle("Eve", 9, "2_many_tokens.ipynb"), of("2_many_tokens"))
    )
    collect(early, tmp_path / "in")
    many = packed(
        tmp_path / "many.zip",
        *[(f"{n}/2_many_tokens.ipynb", of("2_many_tokens")) for n in range(30)],
    )
    ours = [
        (moodle(name, number), of(NAME)) for number, name in enumerate(("Ada", "Bob", "Cleo"), 1)
    ]
    source = packed(tmp_path / "s.zip", *ours, (moodle("Dan", 4, "all.zip"), many.read_bytes()))
    assert len(collect(source, tmp_path / "in").students) == 4
    assert len(collect(packed(tmp_path / "t.zip", *ours, (moodle("Fay", 5), of(NAME))), tmp_path / "in").students) == 4  # fmt: skip


def test_a_folder_is_taken_without_its_links(tmp_path, monkeypatch):
    source = tmp_path / "unzipped"
    (source / moodle("Ada", 1, "")).mkdir(parents=True)
    (source / moodle("Ada", 1)).write_text(notebook())
    (source / moodle("Ada", 1, "secret.ipynb")).symlink_to("/etc/passwd")
    os.mkfifo(source / moodle("Ada", 1, "pipe"))
    (source / moodle("Bob", 2, "locked")).mkdir(parents=True)
    look = os.scandir

    def scandir(path: Path):  # whoever is root may open everything
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr("mirage_utils.coursework.platforms.archive.os.scandir", scandir)
    done = collect(source, tmp_path / "in")
    monkeypatch.undo()
    assert files_in(tmp_path / "in") == [f"Ada/{NAME}.ipynb"]
    assert sum("is a link or a device" in each for each in done.told) == 2
    assert any("locked cannot be opened: Permission denied" in each for each in done.told)
    for inside in (source / "in", source, tmp_path):
        with pytest.raises(FieldError, match="folder of its own"):
            collect(source, inside)


# ---------------------------------------------------------------- collect, again


def test_a_newer_zip_writes_what_changed_and_keeps_what_a_person_did(tmp_path, capsys):
    people = {name: number for number, name in enumerate(("Ada", "Bob", "Cleo", "Dan"), 1)}
    at = lambda **words: packed(tmp_path / "s.zip", *[(moodle(name, people[name]), notebook(text)) for name, text in words.items()])  # noqa: E731  # fmt: skip
    place = tmp_path / "in"
    command = ["collect", str(tmp_path / "s.zip"), str(place)]
    at(Ada="1", Bob="1", Cleo="1")
    assert main(command) == 0
    before = (place / "Ada" / f"{NAME}.ipynb").stat().st_ino
    (place / "Bob" / "remark.txt").write_text("mended a comma")
    (place / "Zoe").mkdir()
    (place / "Zoe" / "by mail.ipynb").write_text(notebook("by mail"))
    capsys.readouterr()
    at(Ada="1", Bob="2", Dan="1")
    assert main(command) == 1
    out, said = capsys.readouterr()
    assert "1 as before, 1 kept, 1 new" in out
    assert "Bob: somebody changed" in said
    assert "Cleo: collected before and not among these; kept" in said
    assert (place / "Ada" / f"{NAME}.ipynb").stat().st_ino == before
    assert '"1"' in (place / "Bob" / f"{NAME}.ipynb").read_text()
    assert (place / "Zoe" / "by mail.ipynb").exists()
    assert main([*command, "--replace"]) == 0
    assert files_in(place / "Bob") == [f"{NAME}.ipynb"]
    assert '"2"' in (place / "Bob" / f"{NAME}.ipynb").read_text()
    at(Ada="3")
    assert main(command) == 0
    assert '"3"' in (place / "Ada" / f"{NAME}.ipynb").read_text()
    assert sorted(path.name for path in place.iterdir()) == [
        SECRET,
        "Ada",
        "Bob",
        "Cleo",
        "Dan",
        "Zoe",
    ]


def test_what_fails_on_the_way_leaves_the_folder_as_it_was(tmp_path, monkeypatch):
    at = lambda words: packed(tmp_path / "s.zip", *[(moodle(name, number), notebook(words)) for number, name in enumerate(("Ada", "Bob"), 1)])  # noqa: E731  # fmt: skip
    collect(at("1"), tmp_path / "in")
    rename = Path.rename

    def full(self: Path, target: Path) -> Path:
        if Path(target) == tmp_path / "in" / "Bob" and "new" in self.parts:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(OSError, match="No space"):
        collect(at("2"), tmp_path / "in")
    assert [json.loads((tmp_path / "in" / n / f"{NAME}.ipynb").read_text())["cells"][0]["source"] for n in ("Ada", "Bob")] == ["1", "1"]  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "s.zip"]


# ---------------------------------------------------------------- and back


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


@pytest.mark.parametrize(
    ("members", "names"),
    [
        ([moodle("Ada", 101), moodle("Bob", 102)], [f"Ada_101_assignsubmission_file/feedback_{NAME}.html", f"Bob_102_assignsubmission_file/feedback_{NAME}.html"]),
        ([moodle("Ada", 101, flat=True), moodle("Bob", 102, flat=True)], [f"Ada_101_assignsubmission_file_feedback_{NAME}.html", f"Bob_102_assignsubmission_file_feedback_{NAME}.html"]),
        (["Ada_LATE_17_900_a-1.ipynb", "Bob_18_901_x_1_2.ipynb"], [f"Ada_LATE_17_900_feedback_{NAME}.html", f"Bob_18_901_feedback_{NAME}.html"]),
        ([f"Ada+ps1+2026-11-20 10:00:00.1 UTC+x/{NAME}.ipynb", f"Bob+ps1+2026-11-20 10:00:00.1 UTC/{NAME}.ipynb"], [f"feedback/Ada/ps1/{NAME}.html", f"feedback/Bob/ps1/{NAME}.html"]),
    ],
    ids=["moodle", "moodle-flat", "canvas", "nbgrader"],
)  # fmt: skip
def test_pages_go_back_in_the_platform_s_layout(members, names, tmp_path):
    source = packed(tmp_path / "s.zip", *[(name, notebook()) for name in members])
    collect(source, tmp_path / "in")
    folders = sorted(path.name for path in (tmp_path / "in").iterdir() if path.name != SECRET)
    table = marked(tmp_path, **dict.fromkeys(folders, "graded"))
    assert handback(table, tmp_path / "in", tmp_path / "back.zip") == []
    with zipfile.ZipFile(tmp_path / "back.zip") as file:
        stamps = [name for name in file.namelist() if name.endswith("timestamp.txt")]
        assert [name for name in file.namelist() if name not in stamps] == names
        assert {file.read(name).decode() for name in stamps} == (
            {"2026-11-20 10:00:00.1 UTC"} if "feedback/" in names[0] else set()
        )
        assert [file.read(name).decode() for name in names] == [f"<p>For {folder}</p>" for folder in folders]  # fmt: skip
    first = (tmp_path / "back.zip").read_bytes()
    for page in table.with_suffix("").rglob("*.html"):
        os.utime(page, (1, 1))
    handback(table, tmp_path / "in", tmp_path / "back.zip")
    assert (tmp_path / "back.zip").read_bytes() == first


def test_pages_that_stay_are_named_with_the_reason(tmp_path, capsys):
    collect(packed(tmp_path / "s.zip", *[(moodle(name, n), notebook()) for n, name in enumerate(("Ada", "Bob", "Cleo", "Dan", "Fay"), 1)]), tmp_path / "in")  # fmt: skip
    table = marked(tmp_path, Ada="graded", Bob="essays", Cleo="failed", Dan="graded", Eve="graded", Fay="graded", Gil="missing")  # fmt: skip
    place = table.with_suffix("") / NAME
    (place / "Dan.html").unlink()
    with open(place / "Fay.html", "wb") as file:
        file.truncate(30_000_000)
    other = Result("Ada", "2_many_tokens", "graded", [Marked("x", 1.0, 1.0)])
    (place / "other.json").write_text(json.dumps(other.as_dict()))
    (place / "other.html").write_text("of another assignment")
    assert main(["handback", str(table), str(tmp_path / "in"), str(tmp_path / "back.zip")]) == 0
    said = capsys.readouterr().err
    for words in ("Bob: the page still says", "Cleo: left out, the grader", "Dan: left out, there is no page", "Eve: left out", "Fay: left out, Fay.html has more"):  # fmt: skip
        assert words in said
    assert "Gil" not in said
    with zipfile.ZipFile(tmp_path / "back.zip") as file:
        assert len(file.namelist()) == 2


def test_a_page_whose_essay_was_read_since_goes_back_without_a_word(tmp_path):
    collect(packed(tmp_path / "s.zip", (moodle("Ada", 1), notebook())), tmp_path / "in")
    table = marked(tmp_path, Ada="essays")
    assert "essay is to be read" in handback(table, tmp_path / "in", tmp_path / "b.zip")[0]
    table.write_text(table.read_text().replace(",essays,", ",graded,"))  # as `feedback` does
    assert handback(table, tmp_path / "in", tmp_path / "b.zip") == []


def test_the_way_back_refuses_what_it_cannot_do(tmp_path):
    source = packed(tmp_path / "s.zip", (moodle("Ada", 1), notebook()))
    collect(source, tmp_path / "in")
    table = marked(tmp_path, Ada="graded")
    with pytest.raises(FieldError, match="zip of the submissions"):
        handback(table, tmp_path / "in", source)
    with pytest.raises(FieldError, match=r"ends in \.zip"):
        handback(table, tmp_path / "in", table)
    with pytest.raises(FieldError, match="'collect' filled"):
        handback(table, tmp_path / "nothing", tmp_path / "b.zip")
    (tmp_path / "by hand" / "Ada").mkdir(parents=True)
    with pytest.raises(DataError, match="nothing in it came from"):
        handback(table, tmp_path / "by hand", tmp_path / "b.zip")
    collect(packed(tmp_path / "c.zip", ("bob_1_2_x.ipynb", notebook())), tmp_path / "in")
    with pytest.raises(DataError, match="canvas and moodle"):
        handback(table, tmp_path / "in", tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


def test_whose_clock_is_read_is_told(tmp_path, capsys):
    source = packed(tmp_path / "s.zip", (moodle("Ada", 1), notebook()))
    listed = worksheet(
        tmp_path / "list.csv", (1, "Ada", ""), modified="Thursday, 19 November 2026, 6:15 PM"
    )
    command = ["collect", str(source), str(tmp_path / "in"), "--roster", str(listed)]
    assert main(command) == 0
    assert "ZONE=" in capsys.readouterr().err
    assert main([*command, "--zone", "Europe/Berlin"]) == 0
    assert "ZONE=" not in capsys.readouterr().err


@pytest.mark.parametrize("zone", ["Europe/Berlin", "+01:00", "UTC"])
def test_a_zone_is_a_name_or_a_distance(zone, tmp_path, capsys):
    source = packed(tmp_path / "s.zip", (moodle("Ada", 1), notebook(), (2026, 11, 20, 9, 0, 0)), (moodle("Bob", 2), notebook(), EVENING), (moodle("Cleo", 3), notebook(), (2026, 11, 19, 9, 0, 0)))  # fmt: skip
    assert main(["collect", str(source), str(tmp_path / "in"), "--zone", zone]) == 0
    assert record(tmp_path / "in" / "Ada")["handed_in"] == f"2026-11-20T09:00:00+0{zone != 'UTC':d}:00"  # fmt: skip
    with pytest.raises(SystemExit):
        main(["collect", str(source), str(tmp_path / "in"), "--zone", "Mars/Olympus"])
    assert "Mars/Olympus" in capsys.readouterr().err
