"""Coursework: what is released holds no solution, and is looked over before it is handed in."""

from __future__ import annotations

import re

import nbformat
import pytest
from course import NAMES
from submissions import SOURCES, solved, source

from mirage_utils import FieldError
from mirage_utils.cli.main import main
from mirage_utils.coursework.assignments.cells import identifier
from mirage_utils.coursework.assignments.source import find
from mirage_utils.coursework.feedback import page
from mirage_utils.coursework.handin import look_over
from mirage_utils.coursework.marking.results import Marked, Result, unmarked
from mirage_utils.coursework.release import leaks, release, released
from mirage_utils.errors import DataError

# ---------------------------------------------------------------- what is released


def test_the_five_assignments_state_what_they_ask():
    assert len(NAMES) == 5
    for name in NAMES:
        wanted = source(name)
        first = wanted.cells[0].source
        for word in ("**Time**", "**Points**", "**Before you begin**", "When you are done you can"):
            assert word in first, (name, word)
        assert int(re.search(r"\*\*Points\*\* (\d+)", first)[1]) == wanted.points
        low, high = map(int, re.search(r"\*\*Time\*\* (\d+) to (\d+) minutes", first).groups())
        assert 60 <= low < high <= 120
        assert sum(each.essay for each in wanted.exercises) == 1
        # The points of a test stand in the text before it, and the essay has a rubric of as many lines.
        text = "\n".join(cell.source for cell in wanted.cells if cell.cell_type == "markdown")
        stated = [int(n) for n in re.findall(r"\((\d+) points?\)", text)]
        assert sum(stated) == wanted.points, name
    assert find(SOURCES, "3") == find(SOURCES, NAMES[2]) == NAMES[2]
    with pytest.raises(FieldError, match="one of 1_one_token"):
        find(SOURCES, "6")


def test_exercises_are_called_as_in_the_text_of_the_assignment():
    labels = {n: {e.name: e.label for e in source(n).exercises} for n in NAMES}
    first = labels["1_one_token"]
    assert first["test_N_c_hat"] == "6. N_c_hat"  # asked for by that name
    assert first["test_cross_entropy"] == "1a. cross_entropy"  # with what it takes
    assert first["test_picture"] == "5. Draw it"  # the heading
    assert first["words"] == "7. In words"
    assert first["test_inverse"] == "1b. inverse"  # the heading is that of 1a, too
    assert labels["3_your_metric"]["test_picture_exact"] == "4. picture exact"
    for each in labels.values():
        assert len(set(each.values())) == len(each)
        assert all(re.match(r"\d[a-c]?\. \w", label) for label in each.values())
    assert Marked("test_share_model", 0.0, 2.0).called == "share model"  # of a result of before
    assert Marked("test_share_model", 0.0, 2.0, label="2a. share model").called == "2a. share model"


def test_the_page_calls_exercises_as_the_assignment_does():
    exercises = unmarked(source("1_one_token"))
    exercises[-1].answer = "The loss falls."
    shown = [{"test": "test_N_c_hat"}, {"essay": "words", "source": "The loss falls."}]
    text = page(Result("ada", "1_one_token", "essays", exercises, shown=shown))
    assert '<th scope="row">6. N_c_hat</th>' in text
    assert "<strong>6. N_c_hat</strong> 0 / 1" in text
    assert '<th scope="row">7. In words</th>' in text
    assert "<h3>7. In words</h3>" in text


@pytest.mark.parametrize("name", NAMES)
def test_a_released_notebook_holds_no_solution(name, tmp_path):
    (path,) = release(SOURCES, name, tmp_path)
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert leaks(source(name).cells, notebook) == []
    answers = [cell for cell in notebook.cells if source(name).kind(identifier(cell)) == "answer"]
    assert answers
    assert all("NotImplementedError" in cell.source for cell in answers)
    tests = [cell for cell in notebook.cells if source(name).kind(identifier(cell)) == "test"]
    assert all(cell.source.strip() and cell.metadata.deletable is False for cell in tests)
    assert not any(cell.get("outputs") for cell in notebook.cells)


def test_a_planted_leak_is_found():
    wanted = source(NAMES[0])
    secret = next(
        line.strip() for line in wanted.cell("fit").source.split("\n") if "polyfit" in line
    )
    for where in ("source", "metadata", "output"):
        notebook = released(SOURCES, NAMES[0])
        if where == "source":
            notebook.cells[3].source += f"\n# {secret}"
        elif where == "metadata":
            notebook.metadata["note"] = secret
        else:
            notebook.cells.append(
                nbformat.v4.new_code_cell(
                    "1", outputs=[nbformat.v4.new_output("stream", text=secret)]
                )
            )
        assert secret in leaks(wanted.cells, notebook), where
    assert leaks(wanted.cells, solved(wanted))


def test_the_public_site_holds_no_solution(site):
    secrets = set()
    for name in NAMES:
        wanted = source(name)
        public = released(SOURCES, name)
        told = {line.strip() for cell in public.cells for line in cell.source.split("\n")}
        for cell in wanted.cells:
            secrets |= {
                line.strip() for line in cell.source.split("\n") if len(line.strip()) > 45
            } - told
    assert len(secrets) > 100
    looked = 0
    for path in site.rglob("*"):
        if path.suffix in (".html", ".js", ".json", ".ipynb", ".txt", ".md", ".py"):
            text = path.read_text(encoding="utf-8", errors="replace")
            looked += 1
            assert "BEGIN HIDDEN TESTS" not in text, path
            # The search index holds words and not lines; everything else is looked at line by line.
            lines = {line.strip().strip('",').removesuffix("\\n") for line in text.split("\n")}
            assert not lines & {
                s.replace('"', '\\"') if path.suffix == ".ipynb" else s for s in secrets
            }, path
    assert looked > 40
    page_on_teaching = (site / "book" / "teaching.html").read_text()
    for name in NAMES:
        assert f'href="../_static/assignments/{name}.ipynb"' in page_on_teaching
        offered = nbformat.read(site / "_static" / "assignments" / f"{name}.ipynb", as_version=4)
        assert leaks(source(name).cells, offered) == []
        assert offered.cells == released(SOURCES, name).cells


def test_a_class_list_gives_everybody_a_notebook(tmp_path):
    (tmp_path / "list.csv").write_text("student,section\nAda,1\nBob O'Neil,2\n")
    assert main(["release", "1", "--sources", str(SOURCES), "--out", str(tmp_path), "--roster", str(tmp_path / "list.csv")]) == 0  # fmt: skip
    for student in ("Ada", "Bob O'Neil"):
        text = (tmp_path / NAMES[0] / student / f"{NAMES[0]}.ipynb").read_text()
        cell = next(
            c for c in nbformat.reads(text, 4).cells if "student" in c.metadata.get("tags", [])
        )
        space = {}
        exec(cell.source, space)
        assert space["STUDENT"] == student
    with pytest.raises(DataError, match="no name for a folder"):
        release(SOURCES, NAMES[0], tmp_path, ["../../ada"])


# ---------------------------------------------------------------- before handing in


def test_looking_over_says_what_is_left(tmp_path, capsys):
    (path,) = release(SOURCES, NAMES[0], tmp_path)
    findings = {each.name: each for each in look_over(path)}
    assert "your name" in findings["numbers"].text
    assert findings["words"].text == "still to be written"
    assert main(["check", str(path)]) == 1
    assert "left to do" in capsys.readouterr().out

    notebook = solved(source(NAMES[0]))
    next(
        c for c in notebook.cells if "student" in c.metadata.get("tags", [])
    ).source = 'STUDENT = "ada"'
    path.write_text(nbformat.writes(notebook))
    assert [each for each in look_over(path) if not each.ok] == []

    notebook.cells = [c for c in notebook.cells if identifier(c) not in ("test_N_c_hat", "fit")]
    next(c for c in notebook.cells if identifier(c) == "picture").source = "ax = 3"
    other = path.with_name("mine.ipynb")
    other.write_text(nbformat.writes(notebook))
    wrong = {each.name: each.text for each in look_over(other) if not each.ok}
    assert wrong.keys() == {"file", "fit", "test_N_c_hat", "test_alpha_hat", "test_picture"}
    assert "hand it in as 1_one_token.ipynb" in wrong["file"]
    assert "axes of a Matplotlib figure" in wrong["test_picture"]
    (tmp_path / "no.ipynb").write_text("{")
    with pytest.raises(FieldError, match="damaged"):
        look_over(tmp_path / "no.ipynb")
