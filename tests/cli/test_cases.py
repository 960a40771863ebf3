"""What people have: the cases that were made after public bug reports, run through the commands as in a shell.

The cases and the script that knows what each must give lie beside the checkout; ``MIRAGE_CASES`` names their folder.
"""

import contextlib
import importlib.util
import json
import os
from pathlib import Path

import pytest

from mirage_utils.cli.main import main

CASES = Path(os.environ.get("MIRAGE_CASES", "no cases"))
# Those of the grader and of papermill run programs of their own, and have tests of their own.
ELSEWHERE = ("5", "60")
HERE = ("54",)


class Here:
    """A command in this process: one of its own costs a second of imports."""

    def __init__(self, words, cwd, capsys):
        self.words, self.cwd, self.capsys = words, cwd, capsys

    def communicate(self, timeout=None):
        with contextlib.chdir(self.cwd):
            try:
                self.returncode = main([str(word) for word in self.words])
            except SystemExit as stopped:
                self.returncode = stopped.code
        return self.capsys.readouterr()


def cases():
    found = sorted(p.parent for p in CASES.glob("*/*/expected.json"))
    return [
        pytest.param(p, id=f"{p.parent.name}-{p.name}")
        for p in found
        if not p.parent.name.startswith(ELSEWHERE) or p.parent.name.startswith(HERE)
    ] or [
        pytest.param(None, marks=pytest.mark.skip(reason="MIRAGE_CASES names no folder of cases"))
    ]


@pytest.fixture(scope="module")
def checker():
    spec = importlib.util.spec_from_file_location("check_cases", CASES.parent / "check_cases.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("case", cases())
def test_what_people_have_is_read_right(case, checker, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        checker.subprocess, "Popen", lambda words, cwd, **_: Here(words[3:], cwd, capsys)
    )
    for number, command in enumerate(json.loads((case / "expected.json").read_text())["commands"]):
        work = tmp_path / str(number)
        work.mkdir()

        got = checker.run(command, case, Path("/nowhere"), "python", work)
        assert list(checker.faults({"rc": 0, **command}, got)) == [], command["run"]
