"""The commands of a course as teachers and students type them: from anywhere, with any name, in any environment."""

from __future__ import annotations

import csv
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from sandboxes import KINDS, needs_bubblewrap, needs_limits
from submissions import SOURCES, Submission, build, source

from mirage_utils import FieldError
from mirage_utils.cli.main import main
from mirage_utils.coursework.handin import released_notebook
from mirage_utils.coursework.release import release
from mirage_utils.coursework.sandbox import Limits, Sandbox, SandboxError
from mirage_utils.coursework.sandbox.bubblewrap import _links_on_the_way

NAME = "1_one_token"


def two_submissions(folder: Path) -> None:
    wrong = {"inverse": "def size_for(p, N_c, alpha):\n    return N_c"}
    build(source(NAME), Submission("right"), folder / "ada")
    build(source(NAME), Submission("wrong", answers=wrong), folder / "Bob O'Neil")


def marks(table: Path) -> dict[str, tuple[str, str]]:
    with open(table, newline="") as file:
        return {row["student"]: (row["score"], row["status"]) for row in csv.DictReader(file)}


BOTH = {"ada": ("20", "essays"), "Bob O'Neil": ("15", "essays")}


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, cwd=cwd,
        env={**os.environ, **environment},
    )  # fmt: skip


def mirage(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "mirage_utils", *arguments, cwd=cwd, **environment)


# -- make -------------------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path):
    """What `make` needs of the repository, in a folder of an awkward name; its environment is a link to this one."""
    place = tmp_path / "a copy's folder"
    place.mkdir()
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, place)
    shutil.copytree(SOURCES, place / "notebooks" / "assignments")
    (place / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    return place


def make(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    # The environment is never made here, whatever the dates of the files are.
    stamp = "--old-file=.venv/.made-from-requirements"
    return run("make", stamp, *arguments, cwd=cwd, **environment)


@pytest.mark.skipif(sys.platform == "win32", reason="links, and make")
@pytest.mark.parametrize(
    ("folder", "table"),
    [
        ("submissions", "grades.csv"),
        ("~/the 'sub missions'", '-marks "of" $HOME.csv'),
    ],
)
def test_make_takes_a_class_from_release_to_feedback(folder, table, copy):
    (copy / "home").mkdir()
    environment = {"HOME": str(copy / "home")}

    def place(path: str) -> Path:
        return copy / "home" / path[2:] if path.startswith("~/") else copy / path

    done = make("release", "A=1", cwd=copy)
    assert done.returncode == 0, done.stderr
    assert (copy / "release" / NAME / f"{NAME}.ipynb").exists()
    two_submissions(place(folder))
    done = make("grade", "A=1", f"IN={folder}", f"OUT={table}", cwd=copy, **environment)
    assert done.returncode == 0, done.stderr
    written = place(table)
    assert marks(written) == BOTH
    essays = written.with_suffix("") / "essays.csv"
    text = essays.read_text()
    essays.write_text(text.replace("words,4,,,", 'words,4,3,"well said",', 1))
    assert essays.read_text() != text
    done = make("feedback", f"OUT={table}", cwd=copy, **environment)
    assert done.returncode == 0, done.stderr
    assert sorted(score for score, _ in marks(written).values()) in (["15", "23"], ["18", "20"])
    for student in BOTH:
        assert "of 24 points" in (written.with_suffix("") / f"{student}.html").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="links, and make")
def test_make_check_answers_a_student(copy):
    done = make("check", "A=1", cwd=copy)
    assert done.returncode == 2
    assert "A = '1': expected an assignment in release" in done.stderr
    (copy / "list.csv").write_text("student\nAda\n")
    assert make("release", "A=1", "ROSTER=list.csv", cwd=copy).returncode == 0
    done = make("check", "A=1", cwd=copy)  # the only one there is
    assert done.returncode == 0, done.stderr
    assert f"release/{NAME}/Ada/{NAME}.ipynb" in done.stdout
    assert "words: still to be written" in done.stdout
    assert "test_accuracy: the answer is still to be written" in done.stdout
    assert "Error" not in done.stderr
    (copy / "list.csv").write_text("student\nAda\nBob O'Neil\n")
    assert make("release", "A=1", "ROSTER=list.csv", cwd=copy).returncode == 0
    done = make("check", "A=1", cwd=copy)
    assert done.returncode == 2
    assert "holds 2 of it: say which" in done.stderr
    done = make("check", f"IN=release/{NAME}/Bob O'Neil/{NAME}.ipynb", cwd=copy)
    assert done.returncode == 0, done.stderr
    assert "left to do" in done.stdout


def test_the_notebook_of_an_assignment_is_found(tmp_path):
    for where in ("1_a/1_a", "1_a/x/1_a", "1_a/1_a-Copy1", "1_a/.ipynb_checkpoints/1_a-checkpoint", "10_b/y/10_b", "2_c/x/2_c", "2_c/y/2_c"):  # fmt: skip
        path = tmp_path / f"{where}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for wanted in ("1", "1_a"):
        assert released_notebook(wanted, tmp_path) == tmp_path / "1_a" / "1_a.ipynb"
    assert released_notebook("10", tmp_path) == tmp_path / "10_b" / "y" / "10_b.ipynb"
    with pytest.raises(FieldError, match="holds 2 of it"):
        released_notebook("2", tmp_path)
    with pytest.raises(FieldError, match="expected an assignment in"):
        released_notebook("3", tmp_path)
    assert main(["check", ""]) == 1
    assert main(["check", "3", "--released", str(tmp_path)]) == 1
    assert main(["check", str(tmp_path / "none.ipynb")]) == 1


# -- what is released --------------------------------------------------------------------------------


def test_a_release_keeps_what_somebody_wrote(tmp_path, capsys):
    students = ["Ada", "Bob", "Cleo"]
    written = release(SOURCES, NAME, tmp_path, students)
    assert release(SOURCES, NAME, tmp_path, students) == written  # nothing to lose
    work = written[1].read_bytes().replace(b"YOUR CODE HERE", b"my own work")
    written[1].write_bytes(work)
    written[0].unlink()
    with pytest.raises(FieldError, match=r"1 there would be lost.*--replace"):
        release(SOURCES, NAME, tmp_path, students)
    assert written[1].read_bytes() == work
    assert not written[0].exists()  # nothing was written, of anybody
    command = ["release", "1", "--sources", str(SOURCES), "--out", str(tmp_path)]
    (tmp_path / "list.csv").write_text("student\nAda\nBob\n")
    command += ["--roster", str(tmp_path / "list.csv")]
    assert main(command) == 1
    assert "Bob/1_one_token.ipynb" in capsys.readouterr().err
    assert main([*command, "--replace"]) == 0
    assert written[1].read_bytes() != work
    (tmp_path / "taken").touch()
    assert main(["release", "1", "--sources", str(SOURCES), "--out", str(tmp_path / "taken")]) == 1
    assert "taken" in capsys.readouterr().err


# -- folders and environments ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_relative_paths_from_any_folder(kind, tmp_path):
    here = tmp_path / "else where"
    two_submissions(here / "sub missions")
    (here / "sub missions" / "ada" / "mine.csv").write_text("1\n")
    (here / "sources").symlink_to(SOURCES)
    done = mirage("grade", "--sandbox", kind, "--sources", "sources", "--", "1", "sub missions", "-out.csv", cwd=here)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("-out.csv: 2 essays")
    assert marks(here / "-out.csv") == BOTH


@pytest.mark.parametrize("kind", KINDS)
def test_a_sandbox_finds_files_that_lie_beside(kind, tmp_path, monkeypatch):
    (tmp_path / "in here").mkdir()
    (tmp_path / "in here" / "data.csv").write_text("a,b\n")
    monkeypatch.chdir(tmp_path)
    with Sandbox(Limits(), Path("in here"), kind) as place:
        assert place.run("x = open('data.csv').read()")["error"] is None
        assert place.show("x") == "a,b\n"


@needs_bubblewrap
def test_bubblewrap_shows_an_environment_behind_links(tmp_path):
    """An interpreter that is called through three links, and packages that lie in none of its own folders."""
    real = Path(os.path.realpath(sys.executable))
    (tmp_path / "installed").symlink_to(real.parents[1])
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "python").symlink_to(f"../installed/bin/{real.name}")
    (tmp_path / "called").symlink_to("links/python")
    assert list(_links_on_the_way(str(tmp_path / "called")))[:3] == [str(tmp_path / each) for each in ("called", "links/python", "installed")]  # fmt: skip
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    code = (
        "from mirage_utils.coursework.sandbox import Limits, Sandbox\n"
        "with Sandbox(Limits(), kind='bubblewrap') as place:\n"
        f"    place.run('import os; seen = os.path.exists(\\'{ROOT / 'notebooks'}\\')')\n"
        "    print(place.show('seen'))\n"
    )
    path = os.pathsep.join((str(ROOT), packages))
    done = run(tmp_path / "called", "-c", code, cwd=tmp_path, PYTHONPATH=path)
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr


def test_a_circle_of_links_is_followed_once(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert list(_links_on_the_way(str(tmp_path / "a" / "x"))) == [str(tmp_path / "a"), str(tmp_path / "b")]  # fmt: skip


# -- a sandbox that does not start -------------------------------------------------------------------


def bwrap(folder: Path, script: str) -> str:
    """A program of this name first on the path; returns the path."""
    folder.mkdir()
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


SAYS = "bwrap: No permissions to create new namespace, likely because the kernel does not allow it"


@needs_limits
@pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is for Linux")
def test_bubblewrap_s_own_words_are_shown(tmp_path):
    two_submissions(tmp_path / "in")
    path = bwrap(tmp_path / "bin", f"echo '{SAYS}' >&2; exit 1")
    command = ("grade", "1", "in", "out.csv", "--sources", str(SOURCES))
    done = mirage(*command, "--sandbox", "bubblewrap", cwd=tmp_path, PATH=path)
    assert done.returncode == 1
    assert f"the sandbox (bubblewrap) does not start: {SAYS}" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bin", "in"]  # nobody was marked
    shutil.rmtree(tmp_path / "in" / "Bob O'Neil")
    done = mirage(*command, "--sandbox", "auto", cwd=tmp_path, PATH=path)
    assert done.returncode == 1
    assert f"does not work here: {SAYS}. --sandbox limits, or MIRAGE_SANDBOX=limits" in done.stderr
    assert not (tmp_path / "out.csv").exists()
    done = mirage(*command, "--sandbox", "limits", cwd=tmp_path, PATH=path)
    assert done.returncode == 0, done.stderr
    assert "fenced by limits alone, as you asked: a submission" in done.stderr
    assert marks(tmp_path / "out.csv") == {"ada": BOTH["ada"]}


@needs_bubblewrap
def test_a_sandbox_that_does_not_start_is_no_mark(tmp_path):
    two_submissions(tmp_path / "in")
    real = shutil.which("bwrap")
    path = bwrap(tmp_path / "bin", f'case "$*" in *O*Neil*) echo "{SAYS}" >&2; exit 1;; esac; exec {real} "$@"')  # fmt: skip
    done = mirage("grade", "1", "in", "out.csv", "--sources", str(SOURCES), cwd=tmp_path, PATH=path)
    assert done.returncode == 1
    assert marks(tmp_path / "out.csv") == {"ada": ("20", "essays"), "Bob O'Neil": ("", "failed")}
    assert SAYS in (tmp_path / "out.csv").read_text()
    assert "Not marked" in (tmp_path / "out" / "Bob O'Neil.html").read_text()
    done = mirage("feedback", "out.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert marks(tmp_path / "out.csv")["Bob O'Neil"] == ("", "failed")


def test_without_bubblewrap_one_who_asks_for_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="does not start"):
        Sandbox(Limits(), kind="bubblewrap")


# -- without the repository --------------------------------------------------------------------------


def test_sources_are_named_or_found(tmp_path, monkeypatch, capsys):
    from mirage_utils.coursework.assignments import source

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MIRAGE_ASSIGNMENTS", raising=False)
    assert source.sources() == SOURCES  # of the checkout that this library is part of
    monkeypatch.setattr(source, "__file__", str(tmp_path / "a" / "b" / "c" / "d" / "e.py"))
    for command in (["release", "1"], ["grade", "1", "in", "out.csv"]):
        assert main(command) == 1
        said = capsys.readouterr().err
        assert "--sources" in said
        assert "MIRAGE_ASSIGNMENTS" in said
    monkeypatch.setenv("MIRAGE_ASSIGNMENTS", str(SOURCES))
    assert main(["release", "1"]) == 0
    assert (tmp_path / "release" / NAME / f"{NAME}.ipynb").exists()
    monkeypatch.setenv("MIRAGE_ASSIGNMENTS", "nowhere")
    assert main(["release", "1"]) == 1
    assert "sources = 'nowhere'" in capsys.readouterr().err


def test_a_command_names_the_packages_that_are_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "nbgrader.preprocessors", None)
    monkeypatch.chdir(tmp_path)
    assert main(["release", "1", "--sources", str(SOURCES)]) == 1
    said = capsys.readouterr().err
    assert "nbgrader" in said
    assert "pip install '.[course]' in the book's folder" in said
    assert list(tmp_path.iterdir()) == []
