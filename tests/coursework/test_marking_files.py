"""Marking one submission: which file is read, and how, and what is restored."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell
from small_assignment import LIMITS, NAME, cell, changed, points, small, words, written
from submissions import Submission, build, source

from mirage_utils.coursework.assignments.cells import essays, identifier
from mirage_utils.coursework.assignments.submission import handed_in
from mirage_utils.coursework.feedback import page
from mirage_utils.coursework.folders import files
from mirage_utils.coursework.marking.mark import mark

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits")


# ---------------------------------------------------------------- which file


@pytest.mark.parametrize(
    ("handed", "marked", "why"),
    [
        # name: (answer a, seconds after the first)
        ({"small.ipynb": ("a = 1", 0), "small (1).ipynb": ("a = 2", 0)}, "small (1).ipynb", "highest number"),
        ({"small.ipynb": ("a = 1", 99), "small (1).ipynb": ("a = 2", 0)}, "small (1).ipynb", "highest number"),
        ({"small (2).ipynb": ("a = 1", 0), "small (10).ipynb": ("a = 2", 0)}, "small (10).ipynb", "highest number"),
        ({"small.ipynb": ("a = 1", 99), "small-1.ipynb": ("a = 2", 0)}, "small-1.ipynb", "highest number"),
        ({"lee_17_9_small.ipynb": ("a = 1", 99), "lee_17_9_small-2.ipynb": ("a = 2", 0)}, "lee_17_9_small-2.ipynb", "number"),
        ({"old/small.ipynb": ("a = 1", 99), "small.ipynb": ("a = 2", 0)}, "old/small.ipynb", "newest"),
        ({"old/small.ipynb": ("a = 1", 0), "small.ipynb": ("a = 2", 99)}, "small.ipynb", "newest"),
        # An empty copy is not preferred, however new it is and whatever it is called.
        ({"small.ipynb": ("a = 1", 0), "small (1).ipynb": (None, 99)}, "small.ipynb", "has answers"),
        ({"small.ipynb": (None, 99), "Homework.ipynb": ("a = 1", 0)}, "Homework.ipynb", "has answers"),
        ({"small.ipynb": ("a = 1", 0), "Homework.ipynb": ("a = 2", 99)}, "small.ipynb", "name is right"),
        ({"Homework.ipynb": ("a = 1", 0), "Mine.ipynb": ("a = 2", 99)}, "Mine.ipynb", "newest"),
    ],
)  # fmt: skip
def test_of_several_notebooks_the_newest_is_marked_and_a_note_names_all(
    tmp_path, handed, marked, why
):
    wanted = small(tmp_path / "source")
    blank = "# YOUR CODE HERE\nraise NotImplementedError"
    for name, (answer, later) in handed.items():
        cells = changed(wanted, a=answer or blank, b=blank)
        written(tmp_path / "ada" / name, cells, 1_700_000_000 + later)
    written(tmp_path / "ada" / "Untitled.ipynb", [], 1_800_000_000)
    written(tmp_path / "ada" / ".ipynb_checkpoints" / "small.ipynb", changed(wanted), 1_800_000_000)
    found = handed_in(tmp_path / "ada", wanted)
    assert str(found.path.relative_to(tmp_path / "ada")) == marked
    (note,) = found.notes
    assert f"marked {marked} (" in note
    assert why in note
    assert all(name in note for name in handed)


def test_a_damaged_resubmission_leaves_the_older_one(tmp_path):
    wanted = small(tmp_path / "source")
    written(tmp_path / "ada" / "small.ipynb", changed(wanted))
    (tmp_path / "ada" / "small (1).ipynb").write_text("{")
    found = handed_in(tmp_path / "ada", wanted)
    assert (found.path.name, found.problem) == ("small.ipynb", "")
    assert "not small (1).ipynb" in found.notes[0]


# ---------------------------------------------------------------- reading


def test_lone_surrogates_harm_nothing(tmp_path):
    """Anywhere in the file: nothing that is kept, shown or sent later can fail to be encoded."""
    wanted = small(tmp_path / "source")
    bad = "\ud800"
    content = json.loads(
        nbformat.writes(new_notebook(cells=changed(wanted, words=f"Be{bad}cause.")))
    )
    content["metadata"] = {"kernelspec": {"name": f"x{bad}", "language": f"R{bad}"}, bad: bad}
    odd = cell(f"print('{bad}')  # {bad}", f"mine{bad}", locked=False, solution=True)
    odd.outputs = [{"output_type": "stream", "name": "stdout", "text": bad}]
    noise = new_code_cell(f"print({bad!a})\nraise ValueError({bad!a})")
    content["cells"] += [odd, noise]
    folder = tmp_path / "ada"
    folder.mkdir()
    (folder / "small.ipynb").write_text(json.dumps(content))
    result = mark(wanted, "ada", folder, LIMITS)
    assert points(result) == {"test_a": 2, "test_b": 3}
    assert result.exercises[-1].answer == "Be\ufffdcause."
    json.dumps(result.as_dict(), ensure_ascii=False).encode()
    page(result).encode()
    content["cells"][1]["metadata"]["nbgrader"]["grade_id"] = f"a{bad}"
    (folder / "small.ipynb").write_text(json.dumps(content))
    result = mark(wanted, "ada", folder, LIMITS)
    assert "deleted: a" in result.reason
    json.dumps(result.as_dict(), ensure_ascii=False).encode()


def test_a_folder_of_any_kind_is_looked_at_in_no_time(tmp_path):
    wanted = small(tmp_path / "source")
    folder = tmp_path / "ada"
    written(folder / "small.ipynb", changed(wanted))
    os.mkfifo(folder / "pipe.ipynb")
    (folder / "folder.ipynb").mkdir()
    (folder / "link.ipynb").symlink_to(folder / "small.ipynb")
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.txt"))).write_text("x")
    deepest = tmp_path / "deep"
    deepest.mkdir()
    for _ in range(1300):  # deeper than a path can be long
        os.mkdir(tmp_path / "outer")
        os.rename(deepest, tmp_path / "outer" / "inner")
        os.rename(tmp_path / "outer", deepest)
    os.rename(deepest, folder / "deep")
    found = handed_in(folder, wanted)
    assert found.path == folder / "small.ipynb"
    assert "1 symbolic link(s) ignored" in found.notes
    assert any("folders more than 8 deep" in note for note in found.notes)
    assert [path.suffix for path in files(folder)] == [".ipynb", ".txt"]
    for number in range(6_000):
        (folder / f"{number}.txt").touch()
    assert len(files(folder)) < 5_001
    os.rename(folder / "deep", deepest)
    for _ in range(1300):  # what clears up after the tests would not get through it either
        os.rename(deepest / "inner", tmp_path / "inner")
        os.rmdir(deepest)
        os.rename(tmp_path / "inner", deepest)


def test_a_name_that_is_not_utf8_is_told_in_a_note(tmp_path):
    """The notebook's name; the student's own is no hindrance either."""
    build(source(NAME), Submission("x"), tmp_path / "bob")
    assert mark(source(NAME), "b\udcffb", tmp_path / "bob", LIMITS).score == 20
    wanted = small(tmp_path / "source")
    written(Path(os.fsdecode(os.fsencode(tmp_path / "ada") + b"/\xff.ipynb")), changed(wanted))
    result = mark(wanted, "ada", tmp_path / "ada", LIMITS)
    assert points(result) == {"test_a": 2, "test_b": 3}
    assert "notebook is called \ufffd.ipynb" in result.notes


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"nbformat": 4, "metadata": ' + "[" * 100_000 + "]" * 100_000 + "}", "too deep"),
        ('{"nbformat": 4, "cells": [], "metadata": ' + '{"a":' * 900 + '"\\ud800"' + "}" * 900 + "}", "too deep"),
        ('{"nbformat": 4, "cells": [' + ",".join(["{}"] * 9_000) + "]}", "9,000 cells"),
        ('{"nbformat": 4, "cells": [], "metadata": {"a": ' + "9" * 5_000 + "}}", "not JSON"),
        ('{"nbformat": 99, "cells": []}', "damaged"),
    ],
    ids=["deep", "deep-surrogate", "many-cells", "long-number", "future"],
)  # fmt: skip
def test_a_notebook_that_cannot_be_read_says_why(tmp_path, content, says):
    wanted = small(tmp_path / "source")
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "small.ipynb").write_text(content)
    result = mark(wanted, "ada", tmp_path / "ada", LIMITS)
    assert result.status == "unreadable"
    assert says in result.reason


def test_a_file_that_may_not_be_read_costs_its_owner_alone(tmp_path, monkeypatch):
    wanted = small(tmp_path / "source")
    path = written(tmp_path / "ada" / "small.ipynb", changed(wanted))
    opened = os.open

    def refuse(name, *arguments, **named):
        if Path(name) == path:
            raise PermissionError(13, "Permission denied")
        return opened(name, *arguments, **named)

    monkeypatch.setattr(os, "open", refuse)
    result = mark(wanted, "ada", tmp_path / "ada", LIMITS)
    assert (result.status, result.reason) == (
        "unreadable",
        "notebook cannot be read: Permission denied",
    )


# ---------------------------------------------------------------- types and essays


@pytest.mark.parametrize("other", [new_markdown_cell, new_raw_cell])
def test_a_cell_of_another_type_is_restored_as_nbgrader_does(tmp_path, other):
    build(source(NAME), Submission("x"), tmp_path / "ada")
    path = tmp_path / "ada" / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    turned = ("numbers", "picture", "test_picture", "table")
    for at, each in enumerate(notebook.cells):
        if identifier(each) in turned:
            notebook.cells[at] = other(each.source, metadata=each.metadata)
        elif identifier(each) == "words":
            notebook.cells[at] = new_code_cell(each.source, metadata=each.metadata)
    path.write_text(nbformat.writes(notebook))
    result = mark(source(NAME), "ada", tmp_path / "ada", LIMITS)
    assert (result.score, result.status) == (20, "essays"), result.reason
    assert "cell type restored: numbers, picture, test_picture, table, words" in result.notes
    assert result.exercises[-1].answer


@pytest.mark.parametrize(
    ("cells", "parts"),
    [
        ([words("One."), words("Two.")], ["One.", "Two."]),
        ([words("One."), new_markdown_cell("Two."), new_markdown_cell("Three.")], ["One.", "Two.", "Three."]),
        ([words("YOUR ANSWER HERE"), new_markdown_cell("One.")], ["One."]),
        ([words("YOUR ANSWER HERE"), new_code_cell("It falls, because the loss does.")], ["It falls, because the loss does."]),
        ([words(""), new_code_cell(""), new_raw_cell("One.")], ["One."]),
        ([new_markdown_cell("One."), words("YOUR ANSWER HERE")], ["One."]),
        ([words("One."), words("One.")], ["One."]),
        ([words("One."), new_code_cell("x = 1"), new_markdown_cell("My notes.")], ["One."]),
        ([words("YOUR ANSWER HERE")], []),
        ([new_markdown_cell("One.")], ["One."]),
        ([], None),
    ],
)  # fmt: skip
def test_all_of_an_essay_is_read(tmp_path, cells, parts):
    wanted = small(tmp_path / "source")
    before = [each for each in wanted.cells if identifier(each) != "words"]
    assert essays([*before, *cells], wanted).get("words") == parts


def test_an_essay_in_two_cells_is_shown_and_kept_whole(tmp_path):
    wanted = small(tmp_path / "source")
    cells = [
        *changed(wanted, words="First half"),
        words("second <half>"),
        new_markdown_cell("end."),
    ]
    written(tmp_path / "ada" / "small.ipynb", cells)
    result = mark(wanted, "ada", tmp_path / "ada", LIMITS)
    essay = result.exercises[-1]
    assert (essay.answer, essay.reason) == ("First half\n\nsecond <half>\n\nend.", "")
    assert "words: written in 3 cells, all are read" in result.notes
    assert "more than once" not in result.reason
    assert "First half\n\nsecond &lt;half&gt;\n\nend." in page(result)
