"""A tired evening: the same command with another folder, table, list or option than last time is told or refused, and nothing is lost."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from classes import result, rows_of, write_class
from submissions import SOURCES, Submission, build, source

from mirage_utils.cli.main import main
from mirage_utils.coursework.assignments.source import assignments
from mirage_utils.coursework.course import apart, grading, marks
from mirage_utils.coursework.course.names import Names, keep_names
from mirage_utils.coursework.course.stored import stored
from mirage_utils.errors import DataError

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
    assert "expected the table of this class, or a new one; this one has the marks of ada@x.example" in capsys.readouterr().err  # fmt: skip
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
    for words in (["grade"], ["feedback"], ["overview"]):
        (marked / "grades.csv").write_bytes(lines.encode())
        for said in (True, words == ["overview"]):  # which writes no marks
            if words == ["grade"]:
                assert command(marked, *late(marked)) == 0
            else:
                assert main([*words, str(marked / "grades.csv")]) == 0
            assert (told in capsys.readouterr().err) == said
    (marked / "grades.csv").write_bytes(before)


def test_a_deduction_that_is_no_longer_asked_for_is_told(marked, capsys):
    assert command(marked, "--roster", str(marked / "list.csv")) == 0
    said = capsys.readouterr().err
    assert "bob@x.example: less is taken off for late work than in the run before" in said
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
    (marked / "moodle.csv").write_text(
        "Identifier,Full name,Email address,Grade,Maximum Grade,Last modified (grade),Feedback comments\n"
        "Participant 4,Dan Poe,dan@x.example,0,24,-,\n"
    )
    assert main(["export", table, "moodle", str(marked / "up.csv"), "--roster", str(marked / "moodle.csv")]) == 0  # fmt: skip
    (row,) = rows_of(marked / "up.csv")
    assert (row["Grade"], row["Last modified (grade)"]) == ("1.5", "-")
    assert "As a PDF." in row["Feedback comments"]
    assert "As a PDF." in (marked / "grades" / "dan@x.example.html").read_text()
    assert command(marked, *late(marked)) == 0
    assert scores(marked)["dan"] == "1.5"


def test_an_essay_that_grows_as_it_is_kept_from_being_a_formula_is_read_again(marked):
    """A cell of more than 131,072 letters, which Python's reader refuses unless it is told otherwise."""
    path = marked / "grades" / "essays.csv"
    rows = rows_of(path)
    rows[0]["comment"] = "x;=" * 60_000
    write(path, rows)
    assert main(["feedback", str(marked / "grades.csv")]) == 0
    assert command(marked, *late(marked)) == 0
    assert len(rows_of(path)[0]["comment"]) > 131_072


def test_a_name_that_the_table_has_is_nobody_else(tmp_path, capsys):
    """A folder called as the list calls somebody else, of whom there is none, or one, too."""
    marked = lambda name: result(name, [True] * 5)  # noqa: E731
    for folders in (["Ada Lovelace"], ["Ada Lovelace", "ada17"]):
        place = tmp_path / str(len(folders))
        place.mkdir()
        table = write_class(place, [replace(marked(each), key="work-x") for each in folders])
        keep_names(place / "grades", {"ada17": ["Ada Lovelace"], "bob": ["Bob B", "same"], "cleo": ["same"]})  # fmt: skip
        results = [each.result for each in stored(table)]
        marks.finish(table, place / "grades", results)
        sheet = place / "grades" / "essays.csv"
        rows = rows_of(sheet)
        rows[0]["points"] = "3"
        assert rows[0]["student"] == "Ada Lovelace"
        write(sheet, rows)
        assert main(["feedback", str(table)]) == 0
        assert {row["student"]: row["score"] for row in rows_of(table)}["Ada Lovelace"] == "23"
        marks.finish(table, place / "grades", [each.result for each in stored(table)])
        assert {row["student"]: row["score"] for row in rows_of(table)}["Ada Lovelace"] == "23"
        assert rows_of(sheet)[0]["points"] == "3"
        capsys.readouterr()
        status = main(["override", str(table), "Ada Lovelace", "q0", "1"])
        if len(folders) == 1:
            assert status == 0
            assert rows_of(place / "grades" / "overrides.csv")[0]["exercise"] == "test_q0"
        else:  # the teacher says who is meant
            assert status == 1
            assert "could be Ada Lovelace or ada17" in capsys.readouterr().err
        assert main(["override", str(table), "nobody", "test_q0", "1"]) == 1
        assert "STUDENT = 'nobody': nobody of that name was marked" in capsys.readouterr().err


def test_names_lead_to_one_student_or_to_none():
    names = Names(["b17", "c18", "Cleo"], {"b17": ["Bo B", "same"], "c18": ["same", "Cleo"]})
    assert [names.meant(each) for each in ("b17", " B17", "bo b", "same", "cleo", "zoe")] == ["b17", "b17", "b17", "same", "Cleo", "zoe"]  # fmt: skip
    assert names.only("bo b") == "b17"
    assert [Names(["ada", "ADA"], {}).meant(each) for each in ("ada", "ADA", "Ada")] == ["ada", "ADA", "ada"]  # fmt: skip
    for name, words in (("same", "b17 or c18"), ("cleo", "Cleo or c18"), ("zoe", "nobody of that name")):  # fmt: skip
        with pytest.raises(DataError, match=words):
            names.only(name)
    assert Names(["b17"], {"c18": ["Bo B"]}).meant("Bo B") == "Bo B"  # of whom there is no work


def test_a_run_that_was_stopped_leaves_marks_as_they_were(tmp_path, monkeypatch):
    """Whoever was being marked has the result of before, until there is another."""
    for student in ("ada", "bob"):
        handed(tmp_path, student, late=20)
    policy = ("--due", DUE.isoformat(), "--late", "10%/day")
    assert command(tmp_path, *policy) == 0
    before = rows_of(tmp_path / "grades.csv")
    handed_again = tmp_path / "in" / "ada" / f"{ONE}.ipynb"
    handed_again.write_text(handed_again.read_text().replace("np.polyfit", "np.polyfat"))
    os.utime(handed_again, ((DUE + timedelta(hours=20)).timestamp(),) * 2)

    def stopped(*given, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(apart.Processes, "run", stopped)
        assert command(tmp_path, *policy) == 130
    assert main(["feedback", str(tmp_path / "grades.csv")]) == 0
    assert rows_of(tmp_path / "grades.csv") == before
    with (
        monkeypatch.context() as patched
    ):  # stopped after it was marked, and before the table was written
        patched.setattr(grading, "finish", stopped)
        assert command(tmp_path, *policy) == 130
    assert main(["feedback", str(tmp_path / "grades.csv")]) == 0
    ada, bob = rows_of(tmp_path / "grades.csv")
    assert bob == before[1]
    assert ada["score"] == f"{0.9 * 17:g}"
    assert "late by" in ada["reason"]


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


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
