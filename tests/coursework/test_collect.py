"""Collecting from a learning platform: the zip of all submissions becomes one folder a student."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from classes import rows_of
from zips import (
    ADA,
    EMIL,
    MARKS,
    NAME,
    _canvas,
    files_in,
    marked,
    moodle,
    notebook,
    packed,
    worksheet,
)

from mirage_utils.cli.main import main
from mirage_utils.coursework.handing_back.marks import export
from mirage_utils.coursework.platforms.collect import collect
from mirage_utils.coursework.platforms.moments import moment
from mirage_utils.coursework.platforms.record import record
from mirage_utils.coursework.platforms.rosters import other_names, roster
from mirage_utils.errors import DataError, FieldError

# ---------------------------------------------------------------- marks for the platforms


@pytest.fixture
def table(tmp_path) -> Path:
    path = tmp_path / "grades.csv"
    path.write_text(MARKS)
    return path


# ---------------------------------------------------------------- collect


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
