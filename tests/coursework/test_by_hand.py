"""What a person gave holds: other points than the machine's, points by lines of a rubric, and what lateness takes off."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from classes import NAME, everything, result, rows_of
from submissions import source

from mirage_utils import FieldError
from mirage_utils.cli.main import main
from mirage_utils.coursework.course import by_hand
from mirage_utils.coursework.course.lateness import Policy, duration, extensions, percent
from mirage_utils.coursework.course.marks import finish, override, update
from mirage_utils.coursework.course.stored import stored
from mirage_utils.coursework.folders import RECORD
from mirage_utils.coursework.marking.results import Result
from mirage_utils.coursework.overview.summary import summary
from mirage_utils.coursework.platforms.record import signed
from mirage_utils.coursework.secret import kept_secret
from mirage_utils.errors import DataError


def work(student: str, right: list[bool], which: str = "w1", **more: float) -> Result:
    """A result, as `grade` has it after the marking."""
    found = result(student, right)
    found.key = f"{which}-k"
    for name, value in more.items():
        setattr(found, name, value)
    return found


def graded(folder: Path, *results: Result, **options: object) -> tuple[str, ...]:
    (folder / "grades").mkdir(exist_ok=True)
    return finish(folder / "grades.csv", folder / "grades", list(results), **options)


def marks(folder: Path) -> dict[str, tuple[str, str]]:
    return {r["student"]: (r["score"], r["status"]) for r in rows_of(folder / "grades.csv")}


def read(folder: Path, **points: str) -> None:
    """Somebody reads the essays in a spreadsheet with German settings."""
    path = folder / "grades" / "essays.csv"
    rows = rows_of(path)
    for row in rows:
        row["points"] = points.get(row["student"], row["points"])
    with open(path, "w", encoding="cp1252", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)


def test_what_a_person_gave_holds_over_every_later_run(tmp_path):
    again = lambda: graded(tmp_path, work("ada", [True] * 5), work("bob", [False] * 5))  # noqa: E731
    again()
    read(tmp_path, ada="3,5")
    out = str(tmp_path / "grades.csv")
    assert main(["feedback", out]) == 0
    assert main(["override", out, "Bob", "test_q1", "2,5", "--comment", "The idea is right."]) == 0
    assert marks(tmp_path) == {"ada": ("23.5", "graded"), "bob": ("2.5", "essays")}
    again()  # a sheet from a spreadsheet is written as all sheets are
    before = everything(tmp_path)
    assert again() == ()
    assert everything(tmp_path) == before
    page = (tmp_path / "grades" / "bob.html").read_text()
    assert "your teacher gave 2.5 and not 0: The idea is right." in page
    assert "2.5 / 4" in page
    means = {each.name: each.got for each in summary(stored(tmp_path / "grades.csv")).questions}
    assert means["test_q1"] == (4.0, 2.5)
    # Without the row the machine's mark is there again.
    (tmp_path / "grades" / "overrides.csv").unlink()
    again()
    assert marks(tmp_path)["bob"] == ("0", "essays")


def test_an_override_of_other_work_waits_to_be_confirmed(tmp_path):
    graded(tmp_path, work("ada", [False] * 5))
    sheet = tmp_path / "grades" / "overrides.csv"
    sheet.write_text("sep=;\nstudent;exercise;points;comment;mine\nada;test_q0;3;Näh;x\n", encoding="cp1252")  # fmt: skip
    graded(tmp_path, work("ada", [False] * 5))
    assert marks(tmp_path)["ada"] == ("3", "essays")
    (said,) = graded(tmp_path, work("ada", [False] * 5, "w2"))
    assert "ada, test_q0: the work has changed since, so its 3 points wait" in said
    (row,) = rows_of(sheet)
    assert (row["points"], row["comment"], row["mine"]) == ("", "[work changed, was 3 points] Näh", "x")  # fmt: skip
    assert marks(tmp_path)["ada"] == ("0", "essays")
    assert "Näh" not in (tmp_path / "grades" / "ada.html").read_text()
    before = everything(tmp_path)
    assert graded(tmp_path, work("ada", [False] * 5, "w2")) == ()
    assert everything(tmp_path) == before
    # A run in which the grader fails changes nothing of it.
    row["points"] = "3"
    sheet.write_text(";".join(row) + "\n" + ";".join(row.values()) + "\n", encoding="utf-8")
    graded(tmp_path, work("ada", [False] * 5, "w2"))
    graded(tmp_path, Result("ada", NAME, "failed", work("ada", [False] * 5).exercises))
    graded(tmp_path, work("ada", [False] * 5, "w2"))
    assert marks(tmp_path)["ada"] == ("3", "essays")
    page = (tmp_path / "grades" / "ada.html").read_text()
    assert "Näh" in page
    assert "work changed" not in page


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("eve,test_q0,1,", r"row 3, eve: nobody of that name was marked"),
        ("ada,test_q9,1,", r"exercise = 'test_q9': expected one of test_q0, .*words"),
        ("ada,test_q0,5,", r"row 3, ada, test_q0: points = '5': expected a number from 0 to 4"),
        ("ada,test_q0,-1,", r"points = '-1'"),
        ("ada,test_q0,nan,", r"points = 'nan'"),
        ("ada,test_q0,1/2,", r"points = '1/2'"),
        ("bob,test_q0,1,", r"expected one row for each exercise"),
        ("zoe,test_q0,1,", r"handed in nothing"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_and_nothing_is_written(tmp_path, capsys, row, said):
    absent = Result("zoe", NAME, "missing", work("zoe", [False] * 5).exercises)
    results = lambda: [work("ada", [True] * 5), work("bob", [True] * 5), absent]  # noqa: E731
    graded(tmp_path, *results())
    sheet = tmp_path / "grades" / "overrides.csv"
    sheet.write_text(f"student,exercise,points,comment\nbob,test_q0,1,\n{row}\n")
    before = everything(tmp_path)
    with pytest.raises(DataError, match=said):
        graded(tmp_path, *results())
    if not row.startswith("zoe"):  # of whom there is no result
        with pytest.raises(DataError, match=said):
            update(tmp_path / "grades.csv")
    assert everything(tmp_path) == before
    sheet.unlink()
    if not row.startswith("bob"):
        assert main(["override", str(tmp_path / "grades.csv"), *row.split(",")[:3]]) == 1
        nobody = row.startswith(("eve", "zoe"))
        said = "': nobody of that name was marked" if nobody else said.replace("row 3", "row 2")
        assert re.search(said, capsys.readouterr().err)
        assert not sheet.exists()


# ---------------------------------------------------------------- late


DUE = datetime(2026, 11, 30, 18, tzinfo=UTC)


def handed_in(folder: Path, late: timedelta) -> Path:
    folder.mkdir(exist_ok=True)
    note = {"platform": "moodle", "id": "1", "from": "a", "prefix": "a/", "handed_in": (DUE + late).isoformat()}  # fmt: skip
    kept_secret(folder.parent)
    (folder / RECORD).write_text(signed(note, folder))
    return folder


@pytest.mark.parametrize(
    ("rule", "minutes", "score", "note"),
    [
        ("note", 90, 20, "late by 1 h 30 min"),
        ("zero", 90, 0, "late by 1 h 30 min: 100% of the points taken off"),
        ("10%/day", 1, 18, "late by 0 h 1 min: 10% of the points taken off"),
        ("10%/day", 1440, 18, "late by 1 d 0 h 0 min: 10% of the points taken off"),
        ("10%/day", 1441, 16, "late by 1 d 0 h 1 min: 20% of the points taken off"),
        ("2.5%/hour", 61, 19, "late by 1 h 1 min: 5% of the points taken off"),
        ("10%/day", 60 * 24 * 30, 10, "late by 30 d 0 h 0 min: 50% of the points taken off"),
        ("10%/day", 0, 20, ""),
        ("10%/day", -5, 20, ""),
    ],
)
def test_what_lateness_takes_off(tmp_path, rule, minutes, score, note):
    each = work("ada", [True] * 5)
    folder = handed_in(tmp_path / "ada", timedelta(minutes=minutes))
    Policy(DUE, rule, most=0.5).apply(each, folder)
    assert each.score == pytest.approx(score)
    assert each.notes == ([note] if note else [])
    assert [e.got for e in each.exercises] == [4.0] * 5 + [0.0]  # what was earned stays to be seen
    Policy().apply(each, folder)
    assert (each.score, each.notes) == (20, [])


def test_grace_and_extensions(tmp_path):
    folder = handed_in(tmp_path / "ada", timedelta(minutes=20))
    each = work("Ada", [True] * 5)
    Policy(DUE, "zero", duration("20min")).apply(each, folder)
    assert each.notes == []
    Policy(DUE, "zero", duration("15min")).apply(each, folder)
    assert each.notes == ["late by 0 h 20 min: 100% of the points taken off"]
    listed = tmp_path / "extensions.csv"
    listed.write_text("student;until\nADA ;2026-12-01T12:00+01:00\n")
    Policy(DUE, "zero", extensions=extensions(listed)).apply(each, folder)
    assert each.notes == []
    for content, said in (
        ("student,when\nada,x\n", "no column until"),
        ("student,until\nada,2026-12-01\n", r"row 2: until = '2026-12-01': expected a time with its zone"),
        ("student,until\nada,2026-12-01T00:00Z\nAda,2026-12-01T00:00Z\n", "row 3: student = 'ada': expected a name, once"),
    ):  # fmt: skip
        listed.write_text(content)
        with pytest.raises(DataError, match=said):
            extensions(listed)


def test_an_essay_read_later_is_reduced_too(tmp_path):
    late = lambda: work("ada", [True] * 5, taken_off=0.2)  # noqa: E731
    graded(tmp_path, late())
    assert marks(tmp_path)["ada"] == ("16", "essays")
    read(tmp_path, ada="4")
    update(tmp_path / "grades.csv")
    assert marks(tmp_path)["ada"] == ("19.2", "graded")
    page = (tmp_path / "grades" / "ada.html").read_text()
    assert '<th scope="row">late</th><td class="points">-4.8</td>' in page
    assert "19.2 of 24 points" in page


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"late": "half"}, "late = 'half'"), ({"late": "10%"}, "late = '10%'"), ({"late": "0%/day"}, "late = '0%/day'"),
        ({"late": "200%/day"}, "late = '200%/day'"), ({"most": 2.0}, "late_most = 2.0"),
        ({"due": None, "late": "zero"}, "due = None"), ({"due": None, "grace": timedelta(1)}, "due = None"),
        ({"due": datetime(2026, 1, 1)}, "a time with its zone"),
    ],
)  # fmt: skip
def test_a_policy_that_is_none_is_refused(bad, said):
    with pytest.raises(FieldError, match=said):
        Policy(**{"due": DUE, **bad})
    for wrong in ("", "15", "15 s", "-1h"):
        with pytest.raises(FieldError, match="grace"):
            duration(wrong)
    for wrong in ("", "50", "101%"):
        with pytest.raises(FieldError, match="late_most"):
            percent(wrong)


# ---------------------------------------------------------------- the sheet of the essays


def test_every_rubric_that_is_printed_has_a_line_for_each_point():
    for name, lines in (("1_one_token", 4), ("2_many_tokens", 4), ("3_your_metric", 5), ("4_audit_a_claim", 5), ("5_cause_emergence", 6)):  # fmt: skip
        wanted = source(name)
        (essay,) = (each for each in wanted.exercises if each.essay)
        assert by_hand.rubric(wanted, essay.name) == ("(i)", "(ii)", "(iii)", "(iv)", "(v)", "(vi)")[:lines]  # fmt: skip
        assert lines == essay.points


LINES = ("(i)", "(ii)", "(iii)", "(iv)")


def by_lines(folder: Path, *cells: str, points: str = "") -> None:
    path = folder / "grades" / "essays.csv"
    (row,) = rows_of(path)
    row |= dict(zip(LINES, cells, strict=True)) | {"points": points}
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row)


def test_points_by_lines_of_the_rubric(tmp_path):
    graded(tmp_path, work("ada", [True] * 5), lines=LINES)
    by_lines(tmp_path, "1", "0,5", "0", "1")
    update(tmp_path / "grades.csv")
    assert marks(tmp_path)["ada"] == ("22.5", "graded")
    graded(tmp_path, work("ada", [True] * 5), lines=LINES)
    assert [r["(ii)"] for r in rows_of(tmp_path / "grades" / "essays.csv")] == ["0,5"]
    assert marks(tmp_path)["ada"] == ("22.5", "graded")
    before = everything(tmp_path)
    graded(tmp_path, work("ada", [True] * 5), lines=LINES)
    assert everything(tmp_path) == before
    by_lines(tmp_path, "1", "0.5", "0", "1", points="2,50")
    update(tmp_path / "grades.csv")
    for cells, points, said in (
        (("1", "0.5", "0", "1"), "3", r"points = '3': expected nothing, or 2.5, the sum"),
        (("1", "", "0", "1"), "", r"\(ii\) is empty: expected a number from 0 to 1"),
        (("1", "1.5", "0", "1"), "", r"\(ii\) = '1.5': expected a number from 0 to 1"),
    ):
        by_lines(tmp_path, *cells, points=points)
        with pytest.raises(DataError, match=said):
            update(tmp_path / "grades.csv")
    by_lines(tmp_path, "", "", "", "", points="4")
    update(tmp_path / "grades.csv")
    assert marks(tmp_path)["ada"] == ("24", "graded")
    # Of another text they are taken back with the rest.
    by_lines(tmp_path, "1", "0.5", "0", "1")
    other = work("ada", [True] * 5)
    other.exercises[-1].answer = "Other words."
    graded(tmp_path, other, lines=LINES)
    (row,) = rows_of(tmp_path / "grades" / "essays.csv")
    assert row["comment"] == "[text changed, was 1 + 0.5 + 0 + 1 points]"
    assert [row[name] for name in LINES] == [""] * 4


def test_the_page_has_the_lines_of_the_rubric_with_their_points_and_words(tmp_path):
    def again() -> str:
        handed = work("ada", [True] * 5)
        handed.exercises[-1].rubric = {"(i)": "says what the loss does", "(ii)": "<b>a size</b>"}
        graded(tmp_path, handed, lines=LINES)
        return (tmp_path / "grades" / "ada.html").read_text()

    given = "<td>read by a person<ul><li>(i) 1: says what the loss does</li><li>(ii) 0.5: &lt;b&gt;a size&lt;/b&gt;</li><li>(iii) 0</li><li>(iv) 1</li></ul></td>"
    assert "(i)" not in again()
    by_lines(tmp_path, "1", "0,5", "0", "1")
    update(tmp_path / "grades.csv")
    assert given in (tmp_path / "grades" / "ada.html").read_text()
    assert given in again()
    override(tmp_path / "grades.csv", "ada", "words", "3")  # which are no sum of the lines
    assert "(i)" not in again()
    (tmp_path / "grades" / "overrides.csv").unlink()
    assert given in again()
    by_lines(tmp_path, "", "", "", "", points="2.5")
    assert "(i)" not in again()


def test_moodle_gets_what_a_person_wrote_first(tmp_path):
    graded(tmp_path, work("ada", [True, False] * 2 + [True]), work("bob", [True] * 5), lines=LINES)
    out = tmp_path / "grades.csv"
    sheet = tmp_path / "grades" / "essays.csv"
    rows = rows_of(sheet)
    rows[0] |= dict(zip(LINES, ("1", "0.5", "0", "1"), strict=True)) | {"comment": "A good start.\nGo on."}  # fmt: skip
    rows[1] |= {"points": "4", "comment": "Well said."}
    with open(sheet, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    override(out, "ada", "test_q3", "1,5", "The idea is right.")
    listed, up = tmp_path / "list.csv", tmp_path / "up.csv"
    listed.write_text("Identifier,Full name,Grade,Last modified (grade),Feedback comments\nParticipant 1,ada,,-,\nParticipant 2,bob,,-,\n")  # fmt: skip
    assert main(["export", str(out), "moodle", str(up), "--roster", str(listed)]) == 0
    ada, bob = rows_of(up)
    assert ada["Feedback comments"].split(" | ") == [
        "q3 1.5/4: The idea is right. [your teacher gave 1.5 and not 0]",
        "words 2.5/4: A good start. Go on. [(i) 1, (ii) 0.5, (iii) 0, (iv) 1; read by a person]",
        "q1 0/4: q1: at N = 3.5e9 the score is 1.25 and not 3",
    ]
    assert bob["Feedback comments"] == "words 4/4: Well said."
    assert ada["Last modified (grade)"] == "-"
    # A reason that somebody changed in the table is what is sent.
    table = out.read_text()
    out.write_text(table.replace("test_q1 0/4: q1: at N", "Question 1: at N"))
    assert main(["export", str(out), "moodle", str(up), "--roster", str(listed)]) == 0
    assert "Question 1: at N" in rows_of(up)[0]["Feedback comments"]


def test_the_words_of_a_rubric_are_those_that_are_printed():
    (essay,) = (each for each in source("5_cause_emergence").exercises if each.essay)
    assert essay.rubric["(ii)"] == "the mean error over the same sizes"
    assert essay.rubric["(iv)"] == "compares power_hat and spread_hat with the drawn width"
    assert essay.rubric["(vi)"] == "what finding would show a leap that no threshold put there"


def test_a_sheet_without_names(tmp_path):
    names = [f"student {at:02d}" for at in range(30)]
    results = [work(name, [True] * 5) for name in names]

    def again(secret: str) -> None:
        graded(tmp_path, *results, pseudonyms=secret)

    again("s")
    sheet, key = (tmp_path / "grades" / name for name in ("essays.csv", "essays-key.csv"))
    assert key.stat().st_mode & 0o777 == 0o600
    who = {row["pseudonym"]: row["student"] for row in rows_of(key)}
    listed = [row["student"] for row in rows_of(sheet)]
    assert listed == sorted(who)
    assert [who[each] for each in listed] != names
    assert "student 0" not in sheet.read_text()
    read(tmp_path, **{listed[0]: "4"})
    update(tmp_path / "grades.csv")
    assert [name for name, mark in marks(tmp_path).items() if mark[0] == "24"] == [who[listed[0]]]
    # Other pseudonyms, and names again: what was read stays with whose it is.
    for secret in ("t", ""):
        again(secret)
        assert [name for name, mark in marks(tmp_path).items() if mark[0] == "24"] == [who[listed[0]]]  # fmt: skip
    assert rows_of(sheet)[0]["student"] == "student 00"
    assert not key.exists()


# ---------------------------------------------------------------- what could not be marked, and names


def test_what_could_not_be_marked_is_nowhere_called_right(tmp_path):
    found = work("zoe", [False] * 5)
    found.status, found.notes = "unreadable", ["notebook is damaged"]
    for each in found.exercises:
        each.points, each.reason = 0.0, ""
    graded(tmp_path, found)
    page = (tmp_path / "grades" / "zoe.html").read_text()
    assert "<td>right" not in page
    assert "to be marked" not in page
    assert page.count("<td>not marked</td>") == len(found.exercises) == 6
    assert not (tmp_path / "grades" / "essays.csv").exists()


def test_two_rows_for_one_essay_are_refused(tmp_path):
    graded(tmp_path, work("ada", [True]))
    path = tmp_path / "grades" / "essays.csv"
    rows = rows_of(path)
    with open(path, "a", newline="") as file:
        csv.DictWriter(file, rows[0]).writerows({**row, "points": "1"} for row in rows)
    before = everything(tmp_path)
    with pytest.raises(DataError, match="second"):
        update(tmp_path / "grades.csv")
    assert everything(tmp_path) == before


def test_canvas_says_late_and_not_by_how_much(tmp_path):
    note = {"platform": "canvas", "id": "17", "from": "a.ipynb", "prefix": "a", "handed_in": None, "late": True}  # fmt: skip
    kept_secret(tmp_path.parent)
    (tmp_path / RECORD).write_text(signed(note, tmp_path))
    due = datetime(2026, 11, 20, tzinfo=UTC)
    for policy, taken_off in (
        (Policy(), 0),
        (Policy(due, "zero"), 1),
        (Policy(due, "10%/day"), 0),
        (Policy(due, "zero", extensions={"ada": due}), 0),
    ):
        found = work("ada", [True])
        policy.apply(found, tmp_path)
        assert found.taken_off == taken_off
        assert found.notes[0] == "late by Canvas's word; by how much is not known"
        policy.apply(found, tmp_path)
        assert len(found.notes) == 1
