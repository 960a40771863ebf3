"""Coursework: what a class gets, whatever stops the marking, and what platforms get."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from classes import rows_of
from course import NAMES, graded
from submissions import SOURCES, Submission, build, source

from mirage_utils import FieldError
from mirage_utils.cli.main import main
from mirage_utils.coursework.course import by_hand, lateness, marks
from mirage_utils.coursework.course.settings import Settings
from mirage_utils.coursework.feedback import page
from mirage_utils.coursework.handing_back.marks import export
from mirage_utils.coursework.marking.results import Marked, Result
from mirage_utils.coursework.platforms.rosters import roster
from mirage_utils.coursework.sandbox import Limits
from mirage_utils.errors import DataError


def a_class(folder: Path, students: list[str], *, name: str = NAMES[0]) -> None:
    for student in students:
        build(source(name), Submission(student), folder / "in" / student)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_killed_in_the_middle_and_taken_up_again(tmp_path):
    students = [f"student {i:02d}" for i in range(10)]
    a_class(tmp_path, students)
    command = [sys.executable, "-m", "mirage_utils", "grade", "1", str(tmp_path / "in"), str(tmp_path / "out.csv"), "--sources", str(SOURCES), "--jobs", "2"]  # fmt: skip
    run = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while len(list((tmp_path / "out").glob("*.json"))) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    kept = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.json")}
    assert 4 <= len(kept) < len(students)
    assert not (tmp_path / "out.csv").exists()

    rows, _ = graded(tmp_path, "1", "--jobs", "2")
    assert list(rows) == students
    assert {row["score"] for row in rows.values()} == {"20"}
    for path, content in kept.items():  # not marked again
        assert (tmp_path / "out" / path).read_bytes() == content
    # A submission that changed is marked again, and no other.
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.json")}
    changed = tmp_path / "in" / students[3] / f"{NAMES[0]}.ipynb"
    changed.write_text(changed.read_text().replace("np.polyfit", "np.polyfat"))
    rows, _ = graded(tmp_path, "1", "--jobs", "2")
    assert rows[students[3]]["score"] == "17"
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.json")}
    assert [name for name in before if before[name] != after[name]] == [f"{students[3]}.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("marked", [0, 1], ids=["at the start", "in the middle"])
def test_an_interrupt_from_the_keyboard_ends_all_without_a_traceback(marked, tmp_path, short_path):
    a_class(tmp_path, [f"student {i:02d}" for i in range(6)])
    command = [sys.executable, "-m", "mirage_utils", "grade", "1", str(tmp_path / "in"), str(tmp_path / "out.csv"), "--sources", str(SOURCES), "--jobs", "2"]  # fmt: skip
    run = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(short_path)},
        start_new_session=True,
        text=True,
    )
    deadline = time.monotonic() + 120
    # The processes are got ready once the secret is there, and all begin at a server that loads for some seconds.
    first = [".secret", "*.json"][marked]
    while not list((tmp_path / "out").glob(first)) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(run.pid, signal.SIGINT)
    start = time.monotonic()
    said = run.communicate(timeout=120)[1]
    assert run.returncode == 130, said
    assert "Traceback" not in said
    assert said.splitlines()[-1] == "mirage_utils: stopped; what was finished is kept"
    assert not [line for line in said.splitlines() if "Interrupt" in line or "Fork" in line]
    kept = [json.loads(path.read_text()) for path in (tmp_path / "out").glob("*.json")]
    assert marked <= len(kept) < 6
    assert {each["status"] for each in kept} <= {"essays"}
    while (left := _with_environment(short_path)) and time.monotonic() < start + 60:
        time.sleep(0.1)
    assert left == []
    assert list(short_path.iterdir()) == []


def _with_environment(folder: Path) -> list[str]:
    """Processes that know of a folder by their environment, as those do which a run with it left behind (Linux)."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in (path / "environ").read_bytes():
                found.append((path / "cmdline").read_bytes().decode(errors="replace"))
    return found


def test_late_missing_and_unknown_students(tmp_path):
    a_class(tmp_path, ["ada", "=bob", "zoe"])
    due = datetime.now(UTC) - timedelta(hours=2, minutes=5, seconds=1)
    for path in (tmp_path / "in").rglob("*.ipynb"):  # however long it took to write them
        os.utime(path)
    # In nbgrader's layout its stamp counts; in another it may be the student's own.
    earlier = f"{due - timedelta(days=1):%Y-%m-%d %H:%M:%S.%f} UTC"
    place = tmp_path / "in" / "zoe"
    (place / NAMES[0]).mkdir()
    (place / f"{NAMES[0]}.ipynb").rename(place / NAMES[0] / f"{NAMES[0]}.ipynb")
    (place / NAMES[0] / "timestamp.txt").write_text(earlier)
    (tmp_path / "in" / "ada" / "timestamp.txt").write_text(earlier)
    (tmp_path / "list.csv").write_text("Full name,Username\nAda,ADA\nBob,=bob\nCleo,cleo\n")
    options = ("--due", due.isoformat(), "--roster", str(tmp_path / "list.csv"))
    rows, _ = graded(tmp_path, "1", *options)
    assert rows["cleo"]["status"] == "missing"
    assert (rows["cleo"]["score"], rows["cleo"]["max_score"]) == ("0", "24")
    assert rows["ada"]["reason"].startswith("late by 2 h 5 min")
    assert rows["ada"]["score"] == "20"
    assert rows["zoe"]["reason"] == "name is not in the class list"
    assert "'=bob" in rows  # no formula in a spreadsheet
    seconds = lambda: json.loads((tmp_path / "out" / "ada.json").read_text())["seconds"]  # noqa: E731
    before = seconds()
    rows, _ = graded(tmp_path, "1", *options, "--late", "zero")
    assert seconds() == before  # another rule runs no notebook again
    assert (rows["ada"]["score"], rows["ada"]["status"], rows["zoe"]["score"]) == (
        "0",
        "graded",
        "20",
    )
    assert (
        main(
            ["grade", "1", str(tmp_path / "no"), str(tmp_path / "x.csv"), "--sources", str(SOURCES)]
        )
        == 1
    )
    assert (
        main(
            ["grade", "1", str(tmp_path / "in"), str(tmp_path / "x.txt"), "--sources", str(SOURCES)]
        )
        == 1
    )
    assert (
        main(
            ["grade", "9", str(tmp_path / "in"), str(tmp_path / "x.csv"), "--sources", str(SOURCES)]
        )
        == 1
    )
    for kind, bad, field in (
        (lateness.Policy, {"due": datetime(2026, 1, 1)}, "due"),
        (lateness.Policy, {"late": "half"}, "late"),
        (Settings, {"jobs": 0}, "jobs"),
    ):
        with pytest.raises(FieldError, match=field):
            kind(**bad)
    with pytest.raises(FieldError, match="cell_seconds"):
        Limits(cell_seconds=0)


@pytest.fixture
def marked(tmp_path):
    """A table as `grade` writes it, of two students with an essay each."""

    def result(student, points, answer):
        exercises = [Marked("test_a", points, 2.0, reason="" if points else "no"), Marked("words", 0.0, 4.0, True, "" if answer else "left empty", answer)]  # fmt: skip
        return Result(student, "1_one_token", "essays" if answer else "graded", exercises, key="k")

    results = [
        result("ada", 2.0, "Because <b>&"),
        result("=bob", 0.0, "=1+1"),
        result("cleo", 2.0, ""),
    ]
    place = tmp_path / "grades"
    place.mkdir()
    for each in results:
        (place / f"{each.student}.json").write_text(json.dumps(each.as_dict()))
    marks.finish(tmp_path / "grades.csv", place, results)
    return tmp_path / "grades.csv"


def sheet(path: Path, **points: tuple[str, str]) -> None:
    rows = rows_of(path)
    for row in rows:
        row["points"], row["comment"] = points.get(row["student"].lstrip("'="), ("", ""))
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, by_hand.ESSAYS)
        writer.writeheader()
        writer.writerows(rows)


def test_essays_are_marked_in_a_sheet(marked, capsys):
    essays = marked.with_suffix("") / "essays.csv"
    rows = rows_of(essays)
    assert [(row["student"], row["answer"]) for row in rows] == [
        ("ada", "Because <b>&"),
        ("'=bob", "'=1+1"),
    ]
    sheet(essays, ada=("3,5", "Good, but (iv) is missing"))
    assert main(["feedback", str(marked)]) == 0
    assert "1 essay(s) still to be marked" in capsys.readouterr().out
    table = {row["student"]: row for row in rows_of(marked)}
    assert (table["ada"]["score"], table["ada"]["status"]) == ("5.5", "graded")
    assert (table["'=bob"]["score"], table["'=bob"]["status"]) == ("0", "essays")
    assert "(iv) is missing" in (marked.with_suffix("") / "ada.html").read_text()
    sheet(essays, ada=("4", ""), bob=("0", "see me"))
    marks.update(marked)
    table = {row["student"]: row for row in rows_of(marked)}
    assert [(row["score"], row["status"]) for row in table.values()] == [
        ("6", "graded"),
        ("0", "graded"),
        ("2", "graded"),
    ]
    for points, says in (
        ("5", "from 0 to 4"),
        ("-1", "from 0 to 4"),
        ("four", "from 0 to 4"),
        ("nan", "from 0 to 4"),
    ):
        sheet(essays, ada=(points, ""))
        before = marked.read_bytes()
        with pytest.raises(DataError, match=says):
            marks.update(marked)
        assert marked.read_bytes() == before
    essays.write_text("student,exercise,points,comment\nnobody,words,1,\n")
    with pytest.raises(DataError, match="nobody of that name"):
        marks.update(marked)
    essays.write_text("student,exercise,points,comment\nada,test_a,1,\n")
    with pytest.raises(DataError, match="no such essay"):
        marks.update(marked)
    with pytest.raises(DataError, match="grade the submissions first"):
        marks.update(marked.with_name("other.csv"))


def test_who_handed_in_nothing_has_no_essay_to_be_read(tmp_path):
    """Such a row in the sheet stopped the marking of everybody's essays."""
    place = tmp_path / "grades"
    place.mkdir()
    words = lambda answer: [Marked("words", 0.0, 4.0, True, "", answer)]  # noqa: E731
    ada = Result("ada", "1_one_token", "essays", words("Because."), key="k")
    (place / "ada.json").write_text(json.dumps(ada.as_dict()))
    absent = Result("zoe", "1_one_token", "missing", words(""), ["nothing was handed in"])
    out = tmp_path / "grades.csv"
    marks.finish(out, place, [ada, absent])
    sheet(place / "essays.csv", ada=("3", "Yes"))
    marks.update(out)
    marks.finish(out, place, [ada, absent])  # the class is graded again
    assert [row["student"] for row in rows_of(place / "essays.csv")] == ["ada"]
    marks.update(out)
    assert [(row["student"], row["score"], row["status"]) for row in rows_of(out)] == [
        ("ada", "3", "graded"), ("zoe", "0", "missing"),
    ]  # fmt: skip


def test_points_stay_with_their_assignment(marked):
    """Two assignments graded into one table: the essay of the second has not been read."""
    place = marked.with_suffix("")
    sheet(place / "essays.csv", ada=("3", "Good"))
    second = Result("ada", "2_many_tokens", "essays", [Marked("words", 0.0, 4.0, True, "", "x")])
    marks.finish(marked, place, [second])
    found = [(r["student"], r["assignment"], r["points"]) for r in rows_of(place / "essays.csv")]
    assert found == [("ada", "2_many_tokens", ""), ("ada", "1_one_token", "3")]
    (place / "ada.json").write_text(json.dumps(second.as_dict()))
    assert [each.score for each in marks.update(marked) if each.student == "ada"] == [0]


def test_canvas_and_moodle_get_their_columns(marked, tmp_path, capsys):
    canvas = tmp_path / "canvas.csv"
    canvas.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Homework\n    Points Possible,,,,,10\n"
        '"Lovelace, Ada",17,u1,ada,A,9\n"O, Bob",18,u2,=bob,A,\n"Dee, Dan",19,u3,dan,A,3\n'
    )
    assert roster(canvas) == ["ada", "=bob", "dan"]
    assert (
        main(
            [
                "export",
                str(marked),
                "canvas",
                str(tmp_path / "up.csv"),
                "--roster",
                str(canvas),
                "--with-unread",
            ]
        )
        == 0
    )
    assert "cleo is not in the class list" in capsys.readouterr().err
    rows = rows_of(tmp_path / "up.csv")
    assert (rows[0]["Student"], rows[0]["1_one_token"]) == ("Points Possible", "6")
    assert [(row["ID"], row["1_one_token"], row["Homework"]) for row in rows[1:]] == [("17", "2", "9"), ("18", "0", ""), ("19", "", "3")]  # fmt: skip
    assert main(["export", str(marked), "moodle", str(tmp_path / "m.csv"), "--with-unread"]) == 0
    rows = rows_of(tmp_path / "m.csv")
    assert [(row["Username"], row["Grade"], row["Maximum Grade"]) for row in rows][2] == (
        "cleo",
        "2",
        "6",
    )
    with pytest.raises(DataError, match="no column with names"):
        roster(_file(tmp_path / "a.csv", "x,y\n1,2\n"))
    with pytest.raises(DataError, match="more than once"):
        roster(_file(tmp_path / "a.csv", "student\nada\nADA\n"))
    with pytest.raises(FieldError, match="canvas or moodle"):
        export(marked, "blackboard", tmp_path / "x.csv")


def _file(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_feedback_page_runs_nothing_of_a_submission():
    bad = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    result = Result(
        bad, "1_one_token", "graded", [Marked("test_a", 0.0, 2.0, reason=bad), Marked("words", 0.0, 4.0, True, "", bad, comment=bad)],
        notes=[bad],
        shown=[
            {"cell": "a", "source": bad, "outputs": [{"text": bad}, {"png": bad}, {"png": "bm90IGEgcG5n"}], "error": bad},
            {"test": "test_a"}, {"essay": "words", "source": bad},
        ],
    )  # fmt: skip
    text = page(result)
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("&lt;script&gt;") == 10
    assert "default-src 'none'" in text
