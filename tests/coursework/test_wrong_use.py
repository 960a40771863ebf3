"""Wrong use of `grade` is told before anything is written, with status 2; a class with a few strange folders is marked."""

from __future__ import annotations

from pathlib import Path

import pytest
from submissions import SOURCES

from mirage_utils.cli.main import main
from mirage_utils.coursework.course import plausible
from mirage_utils.coursework.secret import kept_secret
from mirage_utils.errors import WrongUse

NAMES = ["1_one_token", "2_many_tokens", "3_your_metric"]


def folder(place: Path, *files: str) -> Path:
    for each in files:
        (place / each).parent.mkdir(parents=True, exist_ok=True)
        (place / each).write_text("{}")
    return place


WRONG = [
    (["ada/2_many_tokens.ipynb", "bob/2_many_tokens (1).ipynb"], [], "A = '1_one_token': expected 2_many_tokens"),
    (["submitted/ada/1_one_token/1_one_token.ipynb", "submitted/bob/1_one_token/1_one_token.ipynb", "source/1_one_token/1_one_token.ipynb"], [], "a level too high"),
    (["submissions/ada/1_one_token.ipynb", "submissions/bob/1_one_token.ipynb"], [], "a level too high"),
    (["1_one_token/1_one_token.ipynb", "2_many_tokens/2_many_tokens.ipynb"], [], "one student's"),
    (["1_one_token.ipynb", "data/table.csv"], [], "one student's"),
    (["1_one_token.ipynb"], [], "one sub-folder a student"),
    (["ada/1_one_token.ipynb"], ["--roster", "list.csv"], "ROSTER = 'eve, zoe': expected the list of this class, with names such as ada"),
    (["ada/1_one_token.ipynb"], ["--due", "2026-11-30T18:00"], "no time with its zone"),
    (["ada/1_one_token.ipynb"], ["--due", "2026-11-30T18:00Z", "--extensions", "until.csv", "--roster", "class.csv"], "EXTENSIONS = 'eve'"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "options", "said"), WRONG)
def test_wrong_use_is_told_before_anything_is_written(tmp_path, monkeypatch, capsys, files, options, said):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("list.csv").write_text("student\neve\nzoe\n")
    Path("class.csv").write_text("student\nada\nzoe\n")
    Path("until.csv").write_text("student,until\neve,2026-12-30T18:00Z\n")
    folder(tmp_path / "in", *files)
    before = sorted(tmp_path.rglob("*"))
    command = ["grade", "1", "in", "out.csv", "--sources", str(SOURCES), *options]
    try:
        status = main(command)
    except SystemExit as stop:  # what argparse refuses
        status = stop.code
    assert status == 2
    assert said in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_results_never_lie_among_submissions(tmp_path, capsys):
    folder(tmp_path / "in", "ada/1_one_token.ipynb")
    for out in ("in/out.csv", "in.csv", "in/ada/out.csv"):
        assert main(["grade", "1", str(tmp_path / "in"), str(tmp_path / out), "--sources", str(SOURCES)]) == 2  # fmt: skip
        assert (
            "another name for the table: its results go into the folder" in capsys.readouterr().err
        )
        assert [path.name for path in tmp_path.rglob("*")] == ["in", "ada", "1_one_token.ipynb"]
    plausible.check_places(tmp_path / "in", tmp_path / "out.csv")


RIGHT = [
    ["ada/1_one_token.ipynb", "bob/2_many_tokens.ipynb", "cleo/mine.ipynb", "dan/notes.txt"],
    ["ada/1_one_token/1_one_token.ipynb", "ada/2_many_tokens/2_many_tokens.ipynb", "bob/2_many_tokens/2_many_tokens.ipynb"],
    ["ada/1_one_token.ipynb", "bob/a/x.ipynb", "bob/b/y.ipynb", "stray.ipynb"],
    ["ada/homework/1_one_token.ipynb", "bob/hand in/1_one_token.ipynb"],
    ["ada/essay.txt", "bob/essay.pdf"],
    ["ada/whatever.ipynb", "bob/2_many_tokens.ipynb"],
]  # fmt: skip


@pytest.mark.parametrize("files", RIGHT)
def test_a_class_with_strange_folders_is_marked(tmp_path, files):
    place = folder(tmp_path / "in", *files)
    folders = [path for path in sorted(place.iterdir()) if path.is_dir()]
    plausible.check_submissions(place, folders, NAMES[0], NAMES)


def test_a_list_with_one_name_of_the_class_is_its_list():
    plausible.check_list("ROSTER", ["ADA ", "zoe"], ["ada", "eve"])
    plausible.check_list("ROSTER", [], ["ada"])
    with pytest.raises(WrongUse, match="ROSTER = 'zoe'"):
        plausible.check_list("ROSTER", ["zoe"], ["ada"])


def test_a_secret_is_made_once_and_nobody_else_reads_it(tmp_path):
    made, new = kept_secret(tmp_path)
    assert new
    assert len(made) == 32
    assert (tmp_path / ".secret").stat().st_mode & 0o777 == 0o600
    assert kept_secret(tmp_path) == (made, False)
    (tmp_path / "other").mkdir()
    assert kept_secret(tmp_path / "other")[0] != made
