"""The way back to a learning platform: newer zips, and pages of feedback in the platform's layout."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
from zips import EVENING, MARKS, NAME, files_in, marked, moodle, notebook, packed, worksheet

from mirage_utils.cli.main import main
from mirage_utils.coursework.handing_back.pages import handback
from mirage_utils.coursework.marking.results import Marked, Result
from mirage_utils.coursework.platforms.collect import collect
from mirage_utils.coursework.platforms.record import record
from mirage_utils.coursework.secret import SECRET
from mirage_utils.errors import DataError, FieldError

# ---------------------------------------------------------------- marks for the platforms


@pytest.fixture
def table(tmp_path) -> Path:
    path = tmp_path / "grades.csv"
    path.write_text(MARKS)
    return path


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
