"""A tired evening: the same command with another folder, table, list or option than last time is told or refused, and nothing is lost."""

from __future__ import annotations

import csv
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from classes import rows_of
from submissions import SOURCES, Submission, build, source

from mirage_utils.__main__ import main
from mirage_utils.coursework.assignments import assignments

ONE, _, THREE, *_ = assignments(SOURCES)
DUE = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def command(place: Path, *options: str, number: str = "1", table: str = "grades.csv") -> int:
    return main(["grade", number, str(place / "in"), str(place / table), "--sources", str(SOURCES), *options])  # fmt: skip


def handed(place: Path, student: str, name: str = ONE, *, late: float = 0.0) -> None:
    """A solved notebook, handed in so many hours late."""
    folder = place / "in" / student
    build(source(name), Submission(student), folder)
    at = (DUE + timedelta(hours=late or -1)).timestamp()
    for path in folder.iterdir():
        os.utime(path, (at, at))


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """Ada in time, Bob a day late, Cleo late with an extension, Dan a PDF, Eve the notebook of another assignment."""
    place = tmp_path_factory.mktemp("course")
    people = [("ada", "Ada Lovelace"), ("bob", "Bob Mill"), ("cleo", "Cleo Nova"), ("dan", "Dan Poe"), ("eve", "Eve Ray")]  # fmt: skip
    lines = [f"{login}@x.example,{name}" for login, name in people]
    (place / "list.csv").write_text("\n".join(["Email address,Full name", *lines]))
    (place / "until.csv").write_text(f"student,until\nCleo Nova,{(DUE + timedelta(days=3)).isoformat()}\n")  # fmt: skip
    handed(place, "ada@x.example")
    handed(place, "bob@x.example", late=20)
    handed(place, "cleo@x.example", late=20)
    (place / "in" / "dan@x.example").mkdir()
    (place / "in" / "dan@x.example" / "work.pdf").write_bytes(b"%PDF")
    handed(place, "eve@x.example", THREE)
    assert command(place, *late(place)) == 0
    return place


def late(place: Path) -> list[str]:
    return ["--roster", str(place / "list.csv"), "--due", DUE.isoformat(), "--late", "10%/day", "--extensions", str(place / "until.csv")]  # fmt: skip


def scores(place: Path) -> dict[str, str]:
    return {row["student"].split("@")[0]: row["score"] for row in rows_of(place / "grades.csv")}


def test_what_is_no_notebook_of_this_assignment_says_what_it_is(marked):
    rows = {row["student"].split("@")[0]: row for row in rows_of(marked / "grades.csv")}
    assert {name: row["status"] for name, row in rows.items()} == {
        "ada": "essays", "bob": "essays", "cleo": "essays", "dan": "missing", "eve": "missing",
    }  # fmt: skip
    assert "only work.pdf" in rows["dan"]["reason"]
    assert f"{THREE}.ipynb is of {THREE}" in rows["eve"]["reason"]
    essays = rows_of(marked / "grades" / "essays.csv")
    assert {row["student"].split("@")[0] for row in essays} == {"ada", "bob", "cleo"}
    assert (
        scores(marked)["cleo"] == scores(marked)["ada"]
    )  # by her full name, though the folder has her address
    assert float(scores(marked)["bob"]) == pytest.approx(0.9 * float(scores(marked)["ada"]))


def test_a_wrong_assignment_is_refused_whatever_one_notebook_is_called(marked, tmp_path, capsys):
    for student in ("ada", "bob", "cleo"):
        handed(tmp_path, student)
    (tmp_path / "in" / "ada" / f"{ONE}.ipynb").rename(tmp_path / "in" / "ada" / "Homework Ada.ipynb")  # fmt: skip
    assert command(tmp_path, number="3") == 2
    assert f"A = '{THREE}': expected {ONE}" in capsys.readouterr().err
    # Another class, with the table of this one.
    table = (marked / "grades.csv").read_bytes()
    ours = str(marked / "grades.csv")
    assert main(["grade", "1", str(tmp_path / "in"), ours, "--sources", str(SOURCES)]) == 2
    assert "expected the table of this class; this one has the marks of ada@x.example" in capsys.readouterr().err  # fmt: skip
    assert (marked / "grades.csv").read_bytes() == table


def test_points_changed_in_the_table_are_named_by_whoever_reads_it(marked, capsys):
    before = (marked / "grades.csv").read_bytes()
    lines = before.decode().replace("\r\n", "\n").replace("bob@x.example,1_one_token,", "bob@x.example,1_one_token,1")  # fmt: skip
    (marked / "grades.csv").write_bytes(lines.replace(",", ";").encode("cp1252"))
    told = "so the table was changed by hand ('override' gives points that hold)"
    up = marked / "up.csv"
    for words in (["export", str(marked / "grades.csv"), "canvas", str(up)], ["overview", str(marked / "grades.csv")]):  # fmt: skip
        main(words)
        assert told in capsys.readouterr().err
    (marked / "grades.csv").write_bytes(before.replace(b"0,24,missing", b"7,24,missing", 1))
    assert command(marked, *late(marked)) == 0
    (marked / "grades.csv").write_bytes(before)
    for words in (["feedback", str(marked / "grades.csv")], ["overview", str(marked / "grades.csv")]):  # fmt: skip
        assert main(words) == 0
        assert told not in capsys.readouterr().err.split("\n")[-2:]


def test_a_deduction_that_is_no_longer_asked_for_is_told(marked, capsys):
    assert command(marked, "--roster", str(marked / "list.csv")) == 0
    said = capsys.readouterr().err
    assert "less is taken off for late work than in the run before, from bob@x.example" in said
    assert scores(marked)["bob"] == scores(marked)["ada"]
    assert command(marked, *late(marked)) == 0
    assert "less is taken off" not in capsys.readouterr().err


def test_points_can_be_given_for_what_is_no_notebook(marked, capsys):
    table = str(marked / "grades.csv")
    assert main(["override", table, "dan poe", "test_slope_formula", "1,5", "--comment", "As a PDF."]) == 0  # fmt: skip
    assert scores(marked)["dan"] == "1.5"
    assert main(["override", table, "Dan@x.example", "test_slope_formula", "1,5", "--comment", "As a PDF."]) == 0  # fmt: skip
    (row,) = rows_of(marked / "grades" / "overrides.csv")  # the second is in place of the first
    assert row["student"].lower() == "dan@x.example"
    assert main(["overview", table]) == 0
    page = (marked / "grades-class.html").read_text()
    assert "Dan Poe (dan@x.example)" in page
    assert "one token: Ada Lovelace (ada@x.example)" in (marked / "grades" / "ada@x.example.html").read_text()  # fmt: skip
    assert "As a PDF." in (marked / "grades" / "dan@x.example.html").read_text()
    assert command(marked, *late(marked)) == 0
    assert scores(marked)["dan"] == "1.5"


def test_an_essay_that_grows_as_it_is_kept_from_being_a_formula_is_read_again(marked):
    """A cell of more than 131,072 letters, which Python's reader refuses unless it is told otherwise."""
    path = marked / "grades" / "essays.csv"
    path.write_bytes(path.read_bytes().replace(b"ada@x.example,", b"ada@x.example,", 1))
    rows = rows_of(path)
    rows[0]["comment"] = "x;=" * 60_000
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert main(["feedback", str(marked / "grades.csv")]) == 0
    assert command(marked, *late(marked)) == 0
    assert len(rows_of(path)[0]["comment"]) > 131_072


def test_a_list_of_other_names_for_the_same_folders_is_told(tmp_path, capsys):
    """The folders are called by numbers, the notebooks by names that the list does not have."""
    for number in range(3):
        handed(tmp_path, f"u{number}")
        path = tmp_path / "in" / f"u{number}" / f"{ONE}.ipynb"
        content = json.loads(path.read_text())
        for cell in content["cells"]:
            cell["source"] = "".join(cell["source"]).replace(
                'STUDENT = ""', f'STUDENT = "Person {number}"'
            )
        path.write_text(json.dumps(content))
    (tmp_path / "list.csv").write_text("student\nu0\nu1\nu2\n")
    assert command(tmp_path, "--roster", str(tmp_path / "list.csv")) == 0
    assert "the names in the notebooks of u0, u1, u2 are in no row of the class list" in capsys.readouterr().err  # fmt: skip
