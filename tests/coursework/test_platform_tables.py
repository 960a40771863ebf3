"""Tables of learning platforms: class lists as spreadsheets write them, and the marks that go back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from classes import rows_of
from hypothesis import given
from hypothesis import strategies as st
from zips import MARKS, NAME, _canvas

from mirage_utils.cli.main import main
from mirage_utils.coursework.handing_back.marks import export
from mirage_utils.coursework.platforms.rosters import roster
from mirage_utils.coursework.tables import read_table, write_table
from mirage_utils.errors import DataError, FieldError
from mirage_utils.ground.write import harmless, unharmed

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


@pytest.fixture
def table(tmp_path) -> Path:
    path = tmp_path / "grades.csv"
    path.write_text(MARKS)
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
