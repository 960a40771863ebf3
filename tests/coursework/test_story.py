"""The story of a class: Moodle's zip, marks, a mark that is changed, essays that are read, the pages back, the marks to Moodle.

A dozen students, of whom one handed in nothing, one late, one again, one an essay in two cells, and seven wish the class ill. Every
mark, note and status is what it should be, and a second run changes no byte.
"""

from __future__ import annotations

import csv
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from classes import everything
from nbformat import NotebookNode
from submissions import SOURCES, Submission, build, source
from zips import moodle, packed

from mirage_utils.cli.main import main
from mirage_utils.coursework.assignments.cells import identifier
from mirage_utils.coursework.tables import write_table

NAME = "1_one_token"
DUE = "2026-11-30T18:00+01:00"
IN_TIME, LATE = "Monday, 30 November 2026, 5:00 PM", "Tuesday, 1 December 2026, 6:30 PM"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="marks with the whole sandbox")


def _own(code: str):
    """An own cell right before the width."""

    def change(cells: list[NotebookNode]) -> list[NotebookNode]:
        at = next(n for n, cell in enumerate(cells) if identifier(cell) == "width")
        return [*cells[:at], nbformat.v4.new_code_cell(code, id="own"), *cells[at:]]

    return change


def _split(cells: list[NotebookNode]) -> list[NotebookNode]:
    at = next(n for n, cell in enumerate(cells) if identifier(cell) == "words")
    first, second = cells[at].source.split("\n", 1)
    cells[at].source = first
    return [*cells[: at + 1], nbformat.v4.new_markdown_cell(second, id="own"), *cells[at + 1 :]]


def _rewritten(cells: list[NotebookNode]) -> None:
    next(cell for cell in cells if identifier(cell) == "words").source = "Other words."


def _surrogate(cells: list[NotebookNode]) -> None:
    essay = next(cell for cell in cells if identifier(cell) == "words")
    essay.source = "Nothing happens\\ud800 at ten billion."


WRONG_FIT = {"fit": "alpha_hat = 1.0\nN_c_hat = 1.0"}
FORGED = "from IPython.display import display\ndisplay({'image/png': 'iVBORw0KGgo' + 'A' * 8_000_000}, raw=True)"
COLLIDING = "alpha_hat = {n * (2**61 - 1): n for n in range(2_000)}\nN_c_hat = alpha_hat"
BOMB = "acc_formula = N\nfor _ in range(60):\n    acc_formula = sp.exp(-acc_formula)\nslope_formula = acc_formula"
MODULE = "import sys\nsys.stderr.write('I took the place of a module')\ndef setrlimit(*a): pass\ndef prlimit(*a): pass\n"

# Name, number, what is handed in, and beside it; then score, status, and what the reason says.
CLASS = [
    ("Ada Lovelace", 101, Submission("ada"), {}, 20, "essays", ""),
    ("Cleo Late", 103, Submission("cleo"), {}, 16, "essays", "late by 1 d 0 h 30 min: 20% of the points taken off"),
    ("Dan Again", 104, Submission("dan", WRONG_FIT), {}, 17, "essays", "test_alpha_hat 0/2"),
    ("Emil Split", 105, Submission("emil", change=_split), {}, 20, "essays", "words: written in 2 cells, all are read"),
    ("Fay Module", 106, Submission("fay"), {"resource.py": MODULE, "signal.py": MODULE}, 20, "essays", ""),
    ("Gus Surrogate", 107, Submission("gus", change=_surrogate), {}, 20, "essays", ""),
    ("Hal Forger", 108, Submission("hal", change=_own(FORGED)), {}, 20, "essays", ""),
    ("Ivy Collider", 109, Submission("ivy", {"fit": COLLIDING}), {}, 17, "essays", "test_alpha_hat 0/2"),
    ("Bjxrn Bytes", 110, Submission("bjxrn"), {"notes xx.txt": "x"}, 20, "essays", ""),
    ("Kim Deep", 111, Submission("kim"), {"d/" * 1300 + "x.txt": "x"}, 20, "essays", ""),
    ("Lou Bomb", 112, Submission("lou", {"slope": BOMB}), {}, 17, "essays", "test_acc_formula 0/1"),
]  # fmt: skip
MISSING = ("Bob Missing", 102)


def mail(name: str) -> str:
    return f"{name.split()[0].lower()}@example.org"


def zipped(path: Path, work: Path, **again: Submission) -> Path:
    """Moodle's "Download all submissions", in which one name is no UTF-8."""
    members = []
    for name, number, submission, beside, *_ in CLASS:
        folder = work / path.stem / str(number)
        build(source(NAME), again.get(submission.name, submission), folder)
        content = (folder / f"{NAME}.ipynb").read_text().replace("\\\\ud800", "\\ud800")
        members.append((moodle(name, number), content))
        members += [(moodle(name, number, file), text) for file, text in beside.items()]
    packed(path, *members)
    path.write_bytes(path.read_bytes().replace(b"Bjxrn", b"Bj\xf6rn").replace(b"notes xx", b"notes \xff\xfe"))  # fmt: skip
    return path


def class_list(path: Path) -> Path:
    columns = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Last modified (submission)", "Last modified (grade)", "Feedback comments"]  # fmt: skip
    people = [*((name, number) for name, number, *_ in CLASS), MISSING]
    rows = [
        (f"Participant {number}", name, mail(name), "", "", "24.00", LATE if "Late" in name else "-" if "Missing" in name else IN_TIME, "-", "")
        for name, number in people
    ]  # fmt: skip
    content = write_table(columns, [dict(zip(columns, row, strict=True)) for row in rows])
    path.write_text(content, encoding="utf-8-sig", newline="")
    return path


def rows_of(path: Path) -> dict[str, dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return {row.get("student") or row["Email address"]: row for row in csv.DictReader(file)}


def read(sheet: Path, **points: str) -> None:
    """Somebody reads essays, line of the rubric by line, in a spreadsheet."""
    rows = rows_of(sheet)
    for name, cells in points.items():
        row = rows[f"{name}@example.org"]
        row |= dict(zip(("(i)", "(ii)", "(iii)", "(iv)"), cells.split(), strict=True))
        row["comment"] = f"For {name}."
    with open(sheet, "w", encoding="cp1252", newline="", errors="replace") as file:
        writer = csv.DictWriter(file, next(iter(rows.values())), delimiter=";")
        writer.writeheader()
        writer.writerows(rows.values())


def test_a_class_from_the_zip_to_the_pages_and_the_marks(tmp_path, capsys):
    listed, out, submissions = class_list(tmp_path / "list.csv"), tmp_path / "grades.csv", tmp_path / "in"  # fmt: skip
    place = tmp_path / "grades"

    def done(*words: object) -> str:
        """What a command says; it succeeds."""
        capsys.readouterr()
        assert main([str(word) for word in words]) == 0
        return "".join(capsys.readouterr())

    def collected(path: Path) -> str:
        return done("collect", path, submissions, "--roster", listed, "--zone", "+01:00")

    def graded() -> str:
        return done(
            "grade", "1", submissions, out, "--roster", listed, "--sources", SOURCES, "--jobs", 2,
            "--due", DUE, "--late", "10%/day", "--late-most", "50%", "--grace", "15min", "--cell-seconds", 20,
        )  # fmt: skip

    # Collect
    said = collected(zipped(tmp_path / "all.zip", tmp_path))
    assert "11 students, 11 new" in said
    assert "without a file: bob@example.org" in said
    assert "kim@example.org: Kim Deep_111_assignsubmission_file/d/d/" in said
    assert "lies too deep" in said

    # Grade
    assert "the secret of this course, made now" in graded()
    rows = rows_of(out)
    assert len(rows) == 12
    for name, _, _, _, score, status, reason in CLASS:
        row = rows[mail(name)]
        assert (mail(name), row["score"], row["status"]) == (mail(name), f"{score}", status)
        assert row["reason"].startswith(reason) if reason else not row["reason"]
    assert rows["bob@example.org"]["status"] == "missing"
    essays = rows_of(place / "essays.csv")
    assert len(essays) == 11
    assert "squeezes all smaller models" in essays["emil@example.org"]["answer"]  # the second cell
    assert "\ufffd" in essays["gus@example.org"]["answer"]
    assert max(path.stat().st_size for path in place.iterdir()) < 3_000_000
    assert (place / ".secret").stat().st_mode & 0o777 == 0o600

    # Other points than the machine's; essays
    done(
        "override",
        out,
        "ivy@example.org",
        "test_alpha_hat",
        "1,5",
        "--comment",
        "The line is right.",
    )
    done("override", out, "dan@example.org", "test_alpha_hat", "2")
    read(place / "essays.csv", ada="1 1 1 1", cleo="1 0,5 0 1", dan="1 1 0 0")
    assert "8 essay(s) still to be marked" in done("feedback", out)
    rows = rows_of(out)
    held = {"ada": ("24", "graded"), "cleo": ("18", "graded"), "dan": ("21", "graded"), "ivy": ("18.5", "essays")}  # fmt: skip
    assert {name: (rows[f"{name}@example.org"]["score"], rows[f"{name}@example.org"]["status"]) for name in held} == held  # fmt: skip
    ivy = (place / "ivy@example.org.html").read_text()
    assert "your teacher gave 1.5 and not 0: The line is right." in ivy

    # Dan hands in again: what was given for the old work waits to be confirmed, and everybody else's stays.
    marked = {path.name: path.stat().st_mtime_ns for path in place.glob("*.json")}
    newer = zipped(tmp_path / "newer.zip", tmp_path, dan=Submission("dan", change=_rewritten))
    assert "1 changed" in collected(newer)
    said = graded()
    assert (
        "dan@example.org, test_alpha_hat: the work has changed since, so its 2 points wait" in said
    )
    assert "secret" not in said
    rows = rows_of(out)
    assert (rows["dan@example.org"]["score"], rows["dan@example.org"]["status"]) == ("20", "essays")
    dan = rows_of(place / "essays.csv")["dan@example.org"]
    assert dan["comment"] == "[text changed, was 1 + 1 + 0 + 0 points] For dan."
    page = (place / "dan@example.org.html").read_text()
    assert "changed" not in page
    assert "For dan." not in page
    assert {name: rows[f"{name}@example.org"]["score"] for name in held if name != "dan"} == {
        name: score for name, (score, _) in held.items() if name != "dan"
    }
    changed = [name for name, at in marked.items() if (place / name).stat().st_mtime_ns != at]
    assert changed == ["dan@example.org.json"]

    # The pages back, and the marks
    done("overview", out)
    said = done("handback", out, submissions, tmp_path / "feedback.zip")
    with zipfile.ZipFile(tmp_path / "feedback.zip") as file:
        assert len(file.namelist()) == 11
        assert file.testzip() is None
        page = file.read(f"Ada Lovelace_101_assignsubmission_file/feedback_{NAME}.html").decode()
    assert "24 of 24 points" in page
    assert "For ada." in page
    said = done("export", out, "moodle", tmp_path / "up.csv", "--roster", listed)
    assert "emil@example.org: no mark written, an essay has not been read" in said
    up = rows_of(tmp_path / "up.csv")
    assert (up["ada@example.org"]["Grade"], up["cleo@example.org"]["Grade"]) == ("24", "18")
    assert up["emil@example.org"]["Grade"] == ""
    assert "late by" in up["cleo@example.org"]["Feedback comments"]

    # Again: nothing changes, byte for byte.
    before = everything(tmp_path)
    graded()
    done("feedback", out)
    assert everything(tmp_path) == before
