"""Git leaves alone what the pages tell people to make: no student's mark is ever one `git add .` from being public."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import CHAPTERS, ROOT

from mirage_utils.cli.main import _parser

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "book").glob("*.md")), *CHAPTERS]  # fmt: skip
FENCE = re.compile(r"^(`{3,}|~{3,})(?:bash|sh|text|console)\n(.*?)^\1", re.S | re.M)
INLINE = re.compile(r"`((?:make|papermill|python -m mirage_utils) [^`]+)`")


def printed(page: Path) -> list[list[str]]:
    """The words of every command of a page."""
    text = page.read_text()
    if page.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    lines = [line for _, block in FENCE.findall(text) for line in block.splitlines()]
    found = []
    for line in [*lines, *INLINE.findall(text)]:
        try:
            words = shlex.split(line, comments=True)
        except ValueError:  # a line of prose with an apostrophe in it
            continue
        if words:
            found.append([words[0].rsplit("/", 1)[-1], *words[1:]])
    return found


def paths(words: list[str]) -> list[str]:
    """Files and folders that a command names: its own arguments of that kind, by its own parser."""
    if words[:3] == ["python", "-m", "mirage_utils"]:
        try:
            options = _parser().parse_args(words[3:])
        except (
            SystemExit,
            argparse.ArgumentError,
        ):  # a command without its arguments, in a sentence
            return []
        found = [str(value) for value in vars(options).values() if isinstance(value, Path)]
        known = ("table", "notebook")
        return found + [v for k, v in vars(options).items() if k in known and isinstance(v, str) and "." in v]  # fmt: skip
    if words[0] == "papermill":
        options = words[3:]
        return words[1:3] + [options[i + 2] for i, word in enumerate(options) if word == "-p" and options[i + 1] == "results"]  # fmt: skip
    if words[0] == "make":
        given = dict(word.split("=", 1) for word in words if "=" in word)
        found = [given[name] for name in ("IN", "OUT", "ROSTER", "SOURCES") if name in given]
        found += [str(Path(each).with_suffix("")) for each in found if each == given.get("OUT")]
        return found + (["release/any.ipynb"] if "release" in words else []) + (["runs/quick"] if "families" in words else [])  # fmt: skip
    return []


@pytest.mark.skipif(
    shutil.which("git") is None or not (ROOT / ".git").exists(), reason="no checkout of Git"
)
def test_git_ignores_every_path_that_the_pages_name(tmp_path):
    # In an empty repository, so that only what this one says counts and not what a machine ignores everywhere.
    shutil.copy(ROOT / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    named = {path for page in PAGES for words in printed(page) for path in paths(words)}
    # What lies beside the repository, such as a checkout of BIG-bench, is none of its business.
    named = {path for path in named if ".." not in Path(path).parts}
    tracked = subprocess.run(["git", "ls-files", "--", *named], cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()  # fmt: skip
    written = sorted(path for path in named if not Path(path).is_absolute() and path not in tracked)
    for expected in ("submissions", "grades.csv", "grades", "list.csv", "up.csv", "mine.ipynb", "results", "audit", "runs/quick"):  # fmt: skip
        assert expected in written, (expected, written)
    left = []
    for path in written:
        # A folder that is not there yet is asked for by a file in it.
        asked = [path] if Path(path).suffix else [f"{path}/any.csv"]
        done = subprocess.run(["git", "-c", "core.excludesFile=", "check-ignore", "--quiet", *asked], cwd=tmp_path, check=False)  # fmt: skip
        if done.returncode:
            left.append(path)
    assert left == []


@pytest.mark.skipif(
    shutil.which("git") is None or not (ROOT / ".git").exists(), reason="no checkout of Git"
)
def test_nothing_of_the_project_is_ignored(tmp_path):
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == ""
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    shutil.copy(ROOT / ".gitignore", tmp_path)
    (tmp_path / ".venv").symlink_to(tmp_path)  # an environment elsewhere
    status = subprocess.run(["git", "status", "--short"], cwd=tmp_path, check=True, capture_output=True, text=True)  # fmt: skip
    assert status.stdout == "?? .gitignore\n"
