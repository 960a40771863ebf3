"""Coursework: the sandbox refuses what no answer needs, and what each submission gets."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from answers import ANSWERS
from conftest import ROOT
from course import NAMES, expected, graded
from sandboxes import KINDS, needs_bubblewrap, needs_limits
from submissions import SOURCES, Submission, build, everywhere, source

from mirage_utils.coursework.sandbox import Ended, Limits, Sandbox, StudentError, kind_of_sandbox

WHOLE = os.environ.get("MIRAGE_MATRIX") == "whole"


# ---------------------------------------------------------------- the sandbox


@pytest.mark.parametrize("kind", KINDS)
def test_the_sandbox_refuses_what_no_answer_needs(kind, tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    os.symlink("/etc/passwd", tmp_path / "link.txt")
    limits = Limits(cell_seconds=20, call_seconds=3, memory=2 * 2**30, file_bytes=2**20)
    with Sandbox(limits, tmp_path, kind) as place:

        def error(code):
            found = place.run(code)["error"]
            return None if found is None else found["name"]

        assert error("x = open('data.csv').read(); y = lambda q: 2 * q") is None
        assert place.show("x") == "a,b\n1,2\n"
        assert place.show("y")(21) == 42
        assert error("open('link.txt')") == "FileNotFoundError"
        assert error("import os; os.fork()") == "BlockingIOError"
        assert error("import subprocess; subprocess.run(['true'])") in (
            "BlockingIOError",
            "PermissionError",
        )
        assert error("import os; os.execv('/bin/true', ['true'])") == "PermissionError"
        assert error("import os; os.kill(os.getppid(), 9)") == "PermissionError"
        assert (
            error("import socket; socket.create_connection(('127.0.0.1', 80), 1)")
            == "PermissionError"
        )
        assert error("b = bytearray(4 * 2**30)") == "MemoryError"
        assert error("open('big', 'wb').write(b'0' * 2**22)") == "OSError"
        assert error("import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))") in (
            "ValueError",
            "PermissionError",
        )
        assert (
            error("import threading; t = threading.Thread(target=print); t.start(); t.join()")
            is None
        )
        assert error("import asyncio; asyncio.new_event_loop().close()") is None
        outputs = place.run("print('x' * 10**7)")["outputs"]
        assert len(outputs[0]["text"]) < 1_100_000
        assert "more letters" in outputs[0]["text"]
        with pytest.raises(KeyError):
            place.show("nothing")
        with pytest.raises(StudentError, match="TypeError"):
            place.show("y")(None)
        place.run("def slow(): \n    while True: pass")
        with pytest.raises(Ended, match="stopped after 3 s"):
            place.show("slow")()
        with pytest.raises(Ended, match="ended by signal 9"):
            place.run("1")


@needs_bubblewrap
def test_under_bubblewrap_the_rest_of_the_machine_is_not_there(tmp_path):
    code = f"""
import os
seen = [path for path in ({str(SOURCES)!r}, {str(tmp_path.parent)!r}, '/etc/passwd', '/var') if os.path.exists(path)]
processes = sorted(int(each) for each in os.listdir('/proc') if each.isdigit())
try:
    open(os.path.join({str(ROOT / "mirage_utils")!r}, 'planted.py'), 'w')
    planted = True
except OSError:
    planted = False
"""
    with Sandbox(Limits(), None, "bubblewrap") as place:
        assert place.run(code)["error"] is None
        assert place.show("seen") == []
        assert max(place.show("processes")) < 20
        assert place.show("planted") is False


@needs_limits
def test_many_short_calls_are_limited_together():
    with Sandbox(Limits(), kind="limits", seconds=2) as place:
        place.run("import time\ndef nap(): time.sleep(0.2)")
        nap = place.show("nap")
        calls = 0
        with pytest.raises(Ended, match=r"in all|stopped after"):  # noqa: PT012
            for _ in range(20):
                nap()
                calls += 1
        assert 0 < calls < 12


@needs_limits
def test_a_forged_answer_ends_the_process_and_nothing_else():
    forge = "import os\nfor n in range(3, 12):\n    try: os.write(n, b'{\"value\": 1}\\n')\n    except OSError: pass"
    with Sandbox(Limits(), kind="limits") as place, pytest.raises(Ended, match="pipe"):
        place.run(forge)


# ---------------------------------------------------------------- what each submission gets


def submissions(name: str) -> list[Submission]:
    """All where MIRAGE_MATRIX=whole asks for them; else whatever suits every assignment once, with the first, and of
    each assignment's own answers a part."""
    common, own = everywhere(), ANSWERS[name]
    if not WHOLE:
        if name != NAMES[0]:
            common = [each for each in common if each.name in ("right", "patched")]
        own = own[:: 2 if name == NAMES[0] else 3]
    return [*common, *own]


def quick(name: str) -> tuple[str, ...]:
    """Options for a short run. What never ends is handed in for the first assignment, whose cells are light; the cells
    of the others work, and how long they take on a busy machine is nothing to test."""
    endless = WHOLE or any("stopped after" in each.says for each in submissions(name))
    return ("--cell-seconds", "20" if endless else "120", "--jobs", "2")


@pytest.mark.parametrize("name", NAMES)
def test_every_submission_gets_its_mark(name, tmp_path):
    wanted = source(name)
    handed = submissions(name)
    assert len([*everywhere(), *ANSWERS[name]]) >= 40
    assert len({each.name for each in handed}) == len(handed)
    for each in handed:
        build(wanted, each, tmp_path / "in" / each.name)
    sandbox = kind_of_sandbox()
    rows, results = graded(tmp_path, name, *quick(name))
    assert list(rows) == sorted(each.name for each in handed)
    wrong = {}
    for each in handed:
        row, result = rows[each.name], results[each.name]
        score, lost, status = expected(wanted, each)
        found = sorted(e.name for e in result.exercises if not e.essay and e.points == 0)
        unsaid = [words for words in each.says if words not in row["reason"]]
        shown = (tmp_path / "out" / f"{each.name}.html").read_text()
        if not (sandbox == "limits" and each.name == "fills-the-disk"):  # many files, as stated
            unsaid += [words for words in each.shows if words not in shown]
        if (float(row["score"]), found, row["status"], unsaid) != (score, lost, status, []):
            wrong[each.name] = (row, lost)
        assert float(row["max_score"]) == wanted.points
        assert "\n" not in row["reason"]
    assert wrong == {}
    # No library warns a student of the place where notebooks are marked.
    printed = json.dumps([cell.get("outputs") for cell in results["right"].shown])
    assert "writable" not in printed
    assert "cache" not in printed


@needs_limits
def test_without_bubblewrap_the_marks_are_the_same(tmp_path):
    wanted = source(NAMES[0])
    kept = (
        "right",
        "endless",
        "fork-bomb",
        "ten-gigabytes",
        "network",
        "leaves",
        "patched",
        "constant",
        "fills-the-disk",
        "curious",
    )
    handed = [each for each in [*everywhere(), *ANSWERS[NAMES[0]]] if each.name in kept]
    assert len(handed) == len(kept)
    for each in handed:
        build(wanted, each, tmp_path / "in" / each.name)
    rows, results = graded(tmp_path, NAMES[0], *quick(NAMES[0]), "--sandbox", "limits")
    for each in handed:
        assert (float(rows[each.name]["score"]), rows[each.name]["status"]) == (expected(wanted, each)[0], each.status), rows[each.name]  # fmt: skip
        assert results[each.name].sandbox == "limits"


_BY_N = "acc_formula = sp.exp(-(N / N_c) ** (-alpha))\nslope_formula = sp.diff(acc_formula, N)"


@pytest.mark.filterwarnings("ignore")  # of nbgrader and its database
def test_nbgrader_itself_can_mark_the_same_sources(tmp_path, monkeypatch):
    """The route past one machine: the same source and submission through nbgrader's own commands."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    name = NAMES[0]
    monkeypatch.setenv(
        "PATH", str(Path(sys.executable).parent), prepend=os.pathsep
    )  # it calls alembic
    (tmp_path / "source").mkdir()
    shutil.copytree(SOURCES / name, tmp_path / "source" / name)
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.db_assignments = []
    api = NbGraderAPI(config=config)
    assert api.generate_assignment(name)["success"]
    for student, answers in (
        ("ada", {}),
        ("bob", {"inverse": "def size_for(p, N_c, alpha):\n    return N_c", "slope": _BY_N}),
    ):
        build(source(name), Submission(student, answers), tmp_path / "submitted" / student / name)
        path = tmp_path / "submitted" / student / name / f"{name}.ipynb"
        path.write_text(path.read_text().replace('STUDENT = \\"\\"', f'STUDENT = \\"{student}\\"'))
        assert api.autograde(name, student)["success"]
    with api.gradebook as book:
        assert book.find_submission(name, "ada").score == 20
        assert book.find_submission(name, "bob").score == 13
        scores = {
            g.cell.name: g.score
            for n in book.find_submission(name, "bob").notebooks
            for g in n.grades
        }
    assert scores["test_inverse"] == 0
    assert (scores["test_acc_formula"], scores["test_slope_formula"]) == (1, 0)
    assert scores["test_accuracy"] == 1
