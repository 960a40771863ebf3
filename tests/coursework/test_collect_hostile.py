"""Collecting from a learning platform: what is made to harm costs its student and nobody else."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from zips import (
    ADA,
    EMIL,
    EVENING,
    NAME,
    files_in,
    moodle,
    notebook,
    packed,
    worksheet,
)

from mirage_utils.coursework.folders import RECORD
from mirage_utils.coursework.platforms import archive, unpacking
from mirage_utils.coursework.platforms.collect import collect
from mirage_utils.coursework.platforms.record import record
from mirage_utils.errors import DataError, FieldError


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
