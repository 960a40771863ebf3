"""Marking one submission: what may not hang or swell, what a bad cell costs, whose numbers count."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from small_assignment import LIMITS, NAME, cell, changed, points, small, written
from submissions import SOURCES, Submission, build, solved, source

from mirage_utils.coursework import bounds, packages
from mirage_utils.coursework.assignments import cells
from mirage_utils.coursework.assignments.cells import identifier
from mirage_utils.coursework.assignments.source import Assignment
from mirage_utils.coursework.course import apart
from mirage_utils.coursework.course.settings import Settings
from mirage_utils.coursework.feedback import page
from mirage_utils.coursework.handin import look_over
from mirage_utils.coursework.marking import running
from mirage_utils.coursework.marking.keeping import Kept
from mirage_utils.coursework.marking.mark import mark
from mirage_utils.coursework.marking.results import Result
from mirage_utils.coursework.release import release
from mirage_utils.coursework.sandbox import Limits, Sandbox
from mirage_utils.coursework.similarity import pieces

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits")


# ---------------------------------------------------------------- a small assignment


def reasons(result: Result) -> dict[str, str]:
    return {each.name: each.reason for each in result.exercises if each.reason}


# ---------------------------------------------------------------- comparing


def test_an_answer_that_takes_for_ever_to_compare_costs_its_own_points(tmp_path, monkeypatch):
    """The check loops on one answer, as evaluating a formula can."""
    monkeypatch.setattr(running, "COMPARING", 1.0)
    wanted = small(
        tmp_path / "source",
        cell("a = 1", "a"), cell("while a == 2: pass", "test_a", grade=True, points=2),
        cell("b = 1", "b"), cell("assert b == 1", "test_b", grade=True, points=3),
    )  # fmt: skip
    written(tmp_path / "ada" / "small.ipynb", changed(wanted, a="a = 2"))
    result = mark(wanted, "ada", tmp_path / "ada", LIMITS)
    assert points(result) == {"test_a": 0, "test_b": 3}
    assert reasons(result)["test_a"].startswith(
        "comparing this answer was stopped: it took more than 1 s"
    )


def test_comparing_one_answer_takes_no_time_from_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "COMPARING", 0.5)
    wanted = small(tmp_path / "source")
    (tmp_path / "ada").mkdir()
    with running.Run(wanted, "ada", tmp_path / "ada", LIMITS, None, None, None) as run:
        end = run.end
        assert "stopped" in run.test("test_a", "while True: pass", (), ())
        assert run.end >= end + 0.4
        assert run.test("test_b", "assert STUDENT == 'ada'", (), ()) == ""


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("sum(range(10**12 * (a - 1)))", "it took too much processor time"),  # one step of C code
        (
            "import ctypes, faulthandler\nfaulthandler.disable()\nif a == 2: ctypes.string_at(0)",
            "nested too deeply",
        ),
    ],
)
def test_what_ends_the_marking_process_costs_one_exercise_and_is_kept(tmp_path, test, why):
    wanted = small(
        tmp_path / "source",
        cell("a = 1", "a"), cell(test, "test_a", grade=True, points=2),
        cell("b = 1", "b"), cell("assert b == 1", "test_b", grade=True, points=3),
    )  # fmt: skip
    written(tmp_path / "ada" / "small.ipynb", changed(wanted, a="a = 2", words="Because."))
    result = marked_apart(
        tmp_path,
        wanted,
        (f"{MARKING}marking.running", "COMPARING", 1.0),
        (f"{MARKING}bounds", "_GRACE", 0),
    )
    assert points(result) == {"test_a": 0, "test_b": 3}
    assert why in reasons(result)["test_a"]
    assert (result.status, result.key) == ("essays", "the key")  # not marked again at the next run
    assert (tmp_path / "ada.html").exists()


class Patched:
    """Processes of a server, in which names of modules have other values; a fork of this process would take its threads for done."""

    def __init__(self, *patches: tuple[str, str, object]) -> None:
        self.patches = patches
        self.context = multiprocessing.get_context("forkserver")
        self.Pipe = self.context.Pipe

    def Process(self, *, target, args, daemon):
        return self.context.Process(
            target=_patched, args=(self.patches, target, args), daemon=daemon
        )


def _patched(patches, target, args):
    for module, name, value in patches:
        setattr(importlib.import_module(module), name, value)
    target(*args)


def endless(*arguments, **named):
    return sum(range(10**12))


MARKING = "mirage_utils.coursework."


def marked_apart(tmp_path: Path, wanted: Assignment, *patches: tuple[str, str, object]) -> Result:
    settings = Settings(limits=LIMITS)
    kind = Sandbox(LIMITS).kind
    return apart.marked(
        apart.Processes(Patched(*patches)), tmp_path / "source", wanted.name, "ada", tmp_path / "ada", "the key", tmp_path, settings, kind
    )  # fmt: skip


def test_a_notebook_that_takes_for_ever_to_read_is_read_once(tmp_path):
    wanted = small(tmp_path / "source")
    result = marked_apart(
        tmp_path,
        wanted,
        (f"{MARKING}course.apart", "_READING", 1),
        (f"{MARKING}course.apart", "mark", endless),
    )
    assert (result.status, result.key, result.score) == ("unreadable", "the key", 0)
    assert "processor time" in result.reason
    assert json.loads((tmp_path / "ada.json").read_text())["key"] == "the key"


def test_a_cell_of_empty_lines_is_read_as_fast_as_another():
    """Whoever looks for blanks at the beginning of each line must not look through all lines that follow."""
    cell = nbformat.v4.new_code_cell("\n" * 200_000 + "x = (")
    with bounds.processor_time(5):  # it took minutes
        assert cells.written(cell) == "x = ("
        assert cells._is_prose(cell)
        assert packages.imported(cell.source) == packages.imported("x = (")
        assert pieces._tokens(cell.source) == pieces._tokens("x = (")


def test_processor_time_is_bounded_and_given_back():
    start = time.process_time()
    with pytest.raises(bounds.TooLong, match=r"more than 0\.2 s"), bounds.processor_time(0.2):
        list(iter(lambda: 0, 1))
    assert time.process_time() - start < 2
    with bounds.processor_time(0.2):
        time.sleep(0.5)  # waiting costs nothing
    end = time.process_time() + 0.5
    while time.process_time() < end:  # outside nothing is bounded
        pass


# ---------------------------------------------------------------- what is kept


def test_what_is_kept_is_bounded_whatever_the_process_sends():
    kept = Kept()
    picture = {"data": {"image/png": "iVBORw0KGgo" + "A" * 900_001}}
    for _ in range(3):
        entry = kept.cell("a", "'" * 30_000)
        kept.outputs(entry, [picture] * 300 + [{"text": "\U0001f600<&'\ud800" * 10_000}] * 300)
    for _ in range(20_000):
        kept.cell("", "'" * 500)
    result = Result("ada", NAME, "graded", [], shown=kept.shown())
    html, stored = page(result), json.dumps(result.as_dict())
    assert len(html.encode()) < 10_000_000
    assert len(stored.encode()) < 10_000_000
    assert "of the 600 outputs of this cell are not kept" in html
    assert "10,000 more letters are not kept" in html
    assert "more cells were run and are not shown" in html
    assert html.count("<img") == 4


def test_honest_outputs_are_kept_whole():
    kept = Kept()
    entry = kept.cell("a", "print(1)")
    figure = {"image/png": "iVBORw0KGgo=\n", "text/plain": "<Figure>"}
    kept.outputs(entry, [{"text": "1\n"}, {"data": {"text/plain": "2"}}, {"data": figure}])
    assert entry["outputs"] == [{"text": "1\n"}, {"text": "2"}, {"png": "iVBORw0KGgo="}]
    assert "left_out" not in entry


def test_the_reason_is_bounded_whatever_cells_are_called_and_import(tmp_path):
    wanted = small(tmp_path / "source")
    cells = changed(wanted)
    cells.insert(1, cell("import os; os._exit(1)", "x" * 1_000_000, locked=False, solution=True))
    cells += [new_code_cell(f"import no_such_package_{number}") for number in range(20)]
    written(tmp_path / "ada" / "small.ipynb", cells)
    result = mark(wanted, "ada", tmp_path / "ada", LIMITS)
    assert points(result) == {"test_a": 2, "test_b": 3}
    assert "a cell of one's own: the process ended itself" in result.notes
    assert "a cell imports no_such_package_0, which is not there" in result.reason
    assert len(result.reason) < 2_000
    assert len(page(result)) < 20_000


# ---------------------------------------------------------------- what a bad cell costs


@pytest.mark.parametrize("bad", ["while True: pass", "import os; os._exit(1)"])
def test_own_cells_that_bring_the_process_down_cost_nothing_else(tmp_path, bad):
    wanted = small(tmp_path / "source")
    cells = changed(wanted)
    for at in (1, 1, 3, 5, 5):
        cells.insert(at, new_code_cell(bad))
    written(tmp_path / "ada" / "small.ipynb", cells)
    limits = Limits(cell_seconds=2, total_seconds=60, restarts=3)
    result = mark(wanted, "ada", tmp_path / "ada", limits)
    assert points(result) == {"test_a": 2, "test_b": 3}, result.reason
    assert sum("own cell" in note or "one's own" in note for note in result.notes) == 4
    assert "not run: own cells had ended the notebook 4 times" in page(result)


def test_the_time_of_an_own_cell_that_never_ends_is_given_back(tmp_path):
    wanted = small(tmp_path / "source")
    cells = changed(wanted)
    cells.insert(1, new_code_cell("while True: pass"))
    written(tmp_path / "ada" / "small.ipynb", cells)
    result = mark(wanted, "ada", tmp_path / "ada", Limits(cell_seconds=60, total_seconds=15))
    assert points(result) == {"test_a": 2, "test_b": 3}, result.reason


def test_a_cell_that_does_not_bear_to_be_run_twice_costs_what_depends_on_it(tmp_path, monkeypatch):
    """Run again after another's fall, it falls itself: whether it does may be chance."""
    wanted = small(tmp_path / "source")
    cells = changed(wanted, a="a = 1")
    cells.insert(3, new_code_cell("import os; os._exit(1)"))
    written(tmp_path / "ada" / "small.ipynb", cells)
    run, times = Sandbox.run, []

    def fragile(self, text, seconds=None):
        if text == "a = 1" and (times.append(1) or len(times) == 2):
            text = "import os; os._exit(1)"
        return run(self, text, seconds)

    monkeypatch.setattr(Sandbox, "run", fragile)
    result = mark(wanted, "ada", tmp_path / "ada", LIMITS)
    assert points(result) == {"test_a": 2, "test_b": 3}  # its test had been passed
    assert any(
        "a: the process ended itself, when it was run again" in note for note in result.notes
    )


def test_another_backend_costs_nothing(tmp_path):
    picture = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\nplt.show()\na = 1"
    wanted = small(tmp_path / "source")
    for number, choice in enumerate(
        ("import matplotlib\nmatplotlib.use('TkAgg')", "import matplotlib.pyplot as plt\nplt.switch_backend('QtAgg')",
         "%matplotlib qt", "import matplotlib as mpl\nmpl.rcParams['backend'] = 'TkAgg'", "%pylab tk")
    ):  # fmt: skip
        cells = changed(wanted, a=f"{choice}\n{picture}")
        folder = tmp_path / f"student {number}"
        written(folder / "small.ipynb", cells)
        result = mark(wanted, "ada", folder, LIMITS)
        assert points(result) == {"test_a": 2, "test_b": 3}, (choice, result.reason)
        assert "<img" in page(result), choice


def test_another_backend_named_by_a_module_costs_nothing(tmp_path):
    wanted = small(tmp_path / "source")
    picture = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\nplt.show()\na = 1"
    cells = changed(wanted, a=picture)
    cells.insert(1, new_code_cell("import helper"))
    written(tmp_path / "ada" / "small.ipynb", cells)
    (tmp_path / "ada" / "helper.py").write_text("import matplotlib\nmatplotlib.use('TkAgg')\n")
    result = mark(wanted, "ada", tmp_path / "ada", LIMITS)
    assert points(result) == {"test_a": 2, "test_b": 3}, result.reason
    assert "<img" in page(result)


def test_a_missing_package_is_named(tmp_path):
    wanted = small(tmp_path / "source")
    cells = changed(wanted, a="a = sns.one")
    cells.insert(1, new_code_cell("import no_such_package.colours as sns"))
    written(tmp_path / "ada" / "small.ipynb", cells)
    result = mark(wanted, "ada", tmp_path / "ada", LIMITS)
    assert points(result) == {"test_a": 0, "test_b": 3}
    assert "no_such_package" in reasons(result)["test_a"]
    assert (
        "a cell imports no_such_package, which is not there when notebooks are marked"
        in result.notes
    )


# ---------------------------------------------------------------- before handing in


def test_check_says_what_marking_would_meet(tmp_path):
    (path,) = release(SOURCES, NAME, tmp_path)
    notebook = solved(source(NAME))
    named = {identifier(each): each for each in notebook.cells}
    next(
        each for each in notebook.cells if "student" in each.metadata.get("tags", [])
    ).source = 'STUDENT = "ada"'
    at = notebook.cells.index(named["picture"])
    named["picture"].source = (
        "import matplotlib\nmatplotlib.use('TkAgg')\n" + named["picture"].source
    )
    notebook.cells.insert(
        at, new_code_cell("try:\n    import plotly\nexcept ImportError:\n    pass\nimport helper")
    )
    notebook.cells.append(nbformat.from_dict({**named["words"], "id": "again", "source": "More."}))
    path.write_text(nbformat.writes(notebook))
    (path.parent / "helper.py").write_text("")
    (path.parent / f"{NAME} (1).ipynb").write_text(path.read_text())
    findings = look_over(path)
    assert [each for each in findings if not each.ok] == []
    assert f"{NAME} (1).ipynb beside it" in next(
        each.text for each in findings if each.name == "file"
    )
    count = len(named["words"].source.split()) + 1
    assert f"{count} words; read by a person" in {each.text for each in findings}

    notebook.cells[at].source = "import seaborn as sns, numpy"
    numbers = notebook.cells.index(named["numbers"])
    notebook.cells[numbers] = new_markdown_cell(
        named["numbers"].source, metadata=named["numbers"].metadata
    )
    path.write_text(nbformat.writes(notebook))
    # The first that is said of each: where the package is missing too, running the cell fails besides.
    wrong = {each.name: each.text for each in reversed(look_over(path)) if not each.ok}
    assert "it is marked as code, so turn it back" in wrong["numbers"]
    assert "imports seaborn, which will not be there" in wrong[f"cell {at + 1}"]
    assert wrong.keys() == {"numbers", f"cell {at + 1}"}


def test_packages_that_are_there_when_a_notebook_is_marked(tmp_path):
    code = "%matplotlib inline\nimport numpy as np, seaborn.objects as so\nfrom sklearn.datasets import x\n!pip install torch\nimport torch, json"
    assert packages.imported(code) == ["numpy", "seaborn", "sklearn", "torch", "json"]
    assert packages.strangers(packages.imported(code), tmp_path) == ["seaborn", "torch"]
    assert (
        packages.strangers(["mirage_utils", "matplotlib", "scipy", "IPython", "PIL"], tmp_path)
        == []
    )
    assert packages.imported("not python") == []


# ---------------------------------------------------------------- whose numbers


@pytest.mark.parametrize(
    ("name", "right"),
    [("Ada Lovelace", True), ("ada@example.org ", True), ("Grace Hopper", False)],
)
def test_numbers_may_be_drawn_from_any_name_of_the_class_list(name, right, tmp_path):
    """Typed, not computed: the class list has e-mail and full name, and who knows which of them counts?"""
    wanted = source(NAME)
    drawn: dict[str, object] = {"STUDENT": name}
    exec(wanted.cell("numbers").source, drawn)
    low, high = (drawn["N_C"] * x ** (-1 / drawn["ALPHA"]) for x in (2.302585, 0.1053605))
    typed = f"N_10, N_90, decades = {low:.4g}, {high:.4g}, {1.33956 / drawn['ALPHA']:.4g}"

    def named(cells: list[nbformat.NotebookNode]) -> None:
        cell = next(cell for cell in cells if cell.source.startswith("STUDENT ="))
        cell.source = f"STUDENT = {name!r}"

    build(wanted, Submission("typed", {"width": typed}, change=named), tmp_path / "in")
    found = mark(wanted, "ada@example.org", tmp_path / "in", names=["Ada Lovelace"])
    got = {each.name: each.points for each in found.exercises}
    assert (got["test_N_10"], got["test_N_90"], got["test_decades"]) == (right,) * 3
    assert found.score == (20 if right else 17)
    assert any("the name in the notebook is" in note for note in found.notes) != right
