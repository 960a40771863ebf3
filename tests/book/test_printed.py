"""What the project prints works as it is typed: every command of every page, in its order, in a fresh copy."""

from __future__ import annotations

import argparse
import csv
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from conftest import ROOT
from printed import (
    HELP,
    USAGE,
    Printed,
    StaleMark,
    commands,
    documents,
    in_makefile,
    in_markdown,
    in_usage,
    is_command,
    make_targets,
    subcommands,
    target_marks,
    without_comment,
)
from typed import FOLDER, Shell, cleared, fresh_copy, perform, unrun, untracked

from mirage_utils.cli.main import main

pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None, reason="no bash to type commands into"
)

DOCUMENTS = documents()
RUN = [
    name
    for name, printed in DOCUMENTS.items()
    if not all(each.why_not or each.run_in for each in printed)
]


@pytest.fixture(scope="session")
def copy(worker_id: str) -> Iterator[Path]:
    """A fresh copy for each worker, beside the environment, so that its files can be links."""
    home = ROOT / "_build" / "printed" / worker_id / FOLDER
    fresh_copy(home)
    yield home
    shutil.rmtree(home.parent)


@pytest.fixture
def clean_copy(copy: Path) -> Iterator[Path]:
    yield copy
    cleared(copy)


def _marks_and_pages(home: Path, status: str) -> None:
    """What `make grade` left, and `make feedback` where it is printed: marks for all, and a page each."""
    with open(home / "grades.csv", encoding="utf-8", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"Ada Lovelace", "Emil Post"}
    assert {row["status"] for row in rows.values()} == {status}, rows
    assert 0 < float(rows["Emil Post"]["score"]) < float(rows["Ada Lovelace"]["score"])
    assert len(list((home / "grades").glob("*.html"))) == 2


LEFT: dict[str, Callable[[Path], None]] = {
    "README.md": partial(_marks_and_pages, status="essays"),
    "book/marking.md": partial(_marks_and_pages, status="graded"),
}
"""By document, what its commands must have left behind, beyond an exit status."""


@pytest.mark.parametrize("name", RUN)
def test_what_a_document_prints_works_as_it_is_typed(name: str, clean_copy: Path) -> None:
    failed = [outcome for outcome in perform(DOCUMENTS[name], clean_copy) if outcome.failed]
    assert not failed, "\n".join(
        f"{name}, {each.printed.place}: exit status {each.status}\n$ {each.printed.text}\n{each.output[-1500:]}"
        for each in failed
    )
    if name in LEFT:
        LEFT[name](clean_copy)
    # Marks, names and results of others belong in no commit, and no `git add --all` should ask for them.
    assert untracked(clean_copy) == [], (
        f"{name}: .gitignore does not cover what its commands need and leave"
    )


# ---------------------------------------------------------------- what is found


def test_every_place_where_commands_are_printed_is_looked_at() -> None:
    assert {"README.md", "CONTRIBUTING.md", "book/run.md", "book/marking.md", HELP, USAGE} <= set(
        RUN
    )
    assert "notebooks/19_audit.ipynb" in RUN
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    printed = {
        target for each in documents().values() for p in each for target in make_targets(p.text)
    }
    assert set(targets) <= printed


def test_no_block_of_commands_is_overlooked() -> None:
    """Counted by another route: lines of text that begin like a command, fenced or not."""
    pattern = re.compile(
        r"^(?:make [a-z]+|python3? -m|papermill|pip install|jupyter|mirage) ?[^`|\n]*$",
        re.MULTILINE,
    )
    for path in [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "book").glob("*.md")),
    ]:
        name = path.relative_to(ROOT).as_posix()
        found = {each.text for each in DOCUMENTS.get(name, [])}
        for line in pattern.findall(path.read_text(encoding="utf-8")):
            assert line.rstrip() in found, f"{name}: {line}"


def test_a_command_that_only_reads_is_run_once_and_others_in_every_document() -> None:
    for printed in DOCUMENTS.values():
        for each in printed:
            if each.run_in:
                (there,) = [
                    p
                    for p in DOCUMENTS[each.run_in]
                    if without_comment(p.text) == without_comment(each.text)
                ]
                assert not there.why_not
                assert not there.run_in
                assert there.active == each.active
                assert "mirage_utils" in each.text
    assert any(each.run_in for each in DOCUMENTS["README.md"])


def test_what_is_not_run_is_a_short_list_with_reasons() -> None:
    rows = unrun(DOCUMENTS)
    assert 0 < len(rows) <= 16
    for why, texts, names in rows:
        assert len(why.split()) >= 3, (texts, names)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("make check A=1", True),
        ("python -m mirage_utils metrics", True),
        ("MIRAGE_MATRIX=whole pytest tests/coursework/test_coursework.py", True),
        (".venv/bin/pre-commit install", True),
        ("make", False),
        ("mirage_utils.records.read", False),
        ("makes it", False),
        ("--cluster local", False),
    ],
)
def test_a_command_in_a_sentence_is_told_from_a_name(text: str, whole: bool) -> None:
    assert is_command(text) == whole


def test_a_block_is_taken_apart_as_the_shell_would() -> None:
    block = "# first\nmake book   # opens it\n\nmirage read \\\n  results/\ncat <<END > f\n# kept\nEND\necho 'one\ntwo'\nfor i in 1 2\ndo echo $i\ndone\n"
    assert commands(block) == [
        "make book   # opens it",
        "mirage read \\\n  results/",
        "cat <<END > f\n# kept\nEND",
        "echo 'one\ntwo'",
        "for i in 1 2\ndo echo $i\ndone",
    ]


PAGE = """# Page

Type `make tables A=1`, then `make`.

:::{admonition} Within
```text
mirage read results/
```
:::

<!-- not run "mirage one": needs the network here -->
```bash
mirage one        # a
mirage one --more # exit status 3 if so
```

With the environment active, `mirage two`<!-- not run: needs another machine -->.

~~~python
x = 1
~~~

```text
no command at all
```

```{code-cell} ipython3
1 / 0
```
"""


def test_a_page_is_read_as_it_is_built() -> None:
    assert [(each.text.strip(), each.why_not, each.statuses, each.active) for each in in_markdown(PAGE)] == [
        ("make tables A=1", "", (0,), False),
        ("mirage read results/", "", (0,), False),
        ("mirage one        # a", "needs the network here", (0,), False),
        ("mirage one --more # exit status 3 if so", "", (0, 3), False),
        ("mirage two", "needs another machine", (0,), True),
        ("x = 1", "", (0,), True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "<!-- not run: needs the network here -->\n\nA sentence.",
        "<!-- not run: needs the network here -->",
        "<!-- not run: hours -->\n```bash\nmake book\n```",
        "<!-- not run needs the network -->\n```bash\nmake book\n```",
        '<!-- not run "make test": needs the network here -->\n```bash\nmake book\n```',
        "<!-- not run: needs the network here -->\n```text\nno command\n```",
        "<!-- not run: needs the network here -->\n```{code-cell}\n1\n```",
        "A `name`<!-- not run: needs the network here --> alone.",
        "A command `make book`<!-- not run: with --all it does not end --> in a comment that is none.",
    ],
)
def test_a_mark_on_nothing_or_without_a_reason_is_refused(text: str) -> None:
    with pytest.raises(StaleMark):
        in_markdown(text)


def test_a_command_that_a_help_quotes_is_found() -> None:
    parser = argparse.ArgumentParser()
    one = parser.add_subparsers().add_parser(
        "one", epilog="As 'tables' lists; see `mirage read results/`."
    )
    one.add_argument("--two", help="first 'pip install ipython'")
    assert [each.text for each in in_usage(parser)] == [
        USAGE,
        "mirage read results/",
        "pip install ipython",
    ]


@pytest.mark.parametrize("name", subcommands())
def test_the_help_of_every_command_is_printed(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"mirage_utils {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "mark", ["make nothing: is no target here", "make book: hours", "book: needs the network"]
)
def test_a_mark_in_the_makefile_is_held_against_its_targets(mark: str) -> None:
    with pytest.raises(StaleMark):
        target_marks(f"book: html  ## build\n\n# not run: {mark}\n")
    assert target_marks("book: html\n# not run: make book: needs the network\n") == {
        "book": "needs the network"
    }


def test_a_target_is_called_with_what_its_help_names() -> None:
    text = "check: $(S)  ## look it over (A=1, or IN=notebook)\nopen:\nlint:  ## check style\n"
    assert [each.text for each in in_makefile(text)] == ["make check A=1", "make lint"]


# ---------------------------------------------------------------- how it is run


def _typed(home: Path, *texts: str, active: bool = False) -> list[tuple[int | None, bool]]:
    printed = [Printed("page", "line 1", text, active=active) for text in texts]
    return [(outcome.status, outcome.failed) for outcome in perform(printed, home)]


def test_every_line_has_its_own_exit_status(tmp_path: Path) -> None:
    assert _typed(tmp_path, "false", "true", "exit 3") == [(1, True), (0, False), (3, True)]
    said = Printed("page", "line 1", "exit 3  # exit status 3 if there is one", statuses=(0, 3))
    assert not next(perform([said], tmp_path)).failed
    marked = Printed("page", "line 1", "touch made", why_not="needs another machine")
    assert next(perform([marked], tmp_path)).status is None
    assert not (tmp_path / "made").exists()


def test_a_command_leaves_its_folder_and_environment_to_the_next(tmp_path: Path) -> None:
    statuses = _typed(tmp_path, "mkdir inner && cd inner", "export NAME='of two\nlines'", 'test "$NAME" = "of two\nlines"', "test \"$(basename \"$PWD\")\" = inner")  # fmt: skip
    assert statuses == [(0, False)] * 4


def test_a_command_that_does_not_end_is_stopped_with_all_it_started(tmp_path: Path) -> None:
    status, _ = Shell(tmp_path).run("sleep 100 | sleep 100", seconds=0.2)
    assert status == 124


def test_nobody_is_in_an_environment_who_was_not_told_to_be(copy: Path) -> None:
    ask = "python -c 'import mirage_utils, sys; print(mirage_utils.__file__); print(sys.prefix)'"
    shell = Shell(copy.parent)  # not in the folder of the library
    status, printed = shell.run(ask)
    assert str(copy) not in printed
    shell.run(f"source '{copy}/.venv/bin/activate'")
    status, printed = shell.run(ask)
    assert status == 0, printed
    assert printed.splitlines() == [str(copy / "mirage_utils" / "__init__.py"), str(copy / ".venv")]
    status, printed = shell.run("mirage tables | head -1; command -v papermill mirage")
    assert printed.splitlines()[-2:] == [f"{copy}/.venv/bin/papermill", f"{copy}/.venv/bin/mirage"]


def test_the_original_is_out_of_reach_of_a_copy(copy: Path) -> None:
    """Nothing that a command changes in the environment of the copy changes the original's."""
    stamp = copy / ".venv" / ".made-from-requirements"
    assert stamp.stat().st_nlink == 1
    assert stamp.stat().st_mtime >= (copy / "requirements.txt").stat().st_mtime
    assert not any(
        path.is_symlink() and path.resolve().is_relative_to(ROOT / ".venv")
        for path in (copy / ".venv").iterdir()
    )
    assert (
        subprocess.run(
            ["make", "-q", ".venv/.made-from-requirements"], cwd=copy, check=False
        ).returncode
        == 0
    )


# ---------------------------------------------------------------- names in the text


def test_options_that_the_text_names_are_options() -> None:
    known = {
        option
        for command in subcommands().values()
        for action in command._actions
        for option in action.option_strings
    }
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in [ROOT / "README.md", *(ROOT / "book").glob("*.md")]
    }
    for path in (ROOT / "notebooks").rglob("[0-9]*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts[path] = "\n\n".join(
            "".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"
        )
    for path, text in texts.items():
        for option in re.findall(r"`(--[a-z-]+)[ `=]", text):
            assert option in known, f"{path.name} names {option}, which no command has"
