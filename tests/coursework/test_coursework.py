"""Coursework: what is compared and how, what is released, what each submission gets, and what a class gets."""

from __future__ import annotations

import contextlib
import csv
import fnmatch
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
import sympy as sp
from answers import ANSWERS
from classes import rows_of
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from sandboxes import KINDS, needs_bubblewrap, needs_limits
from submissions import ALL, SOURCES, Submission, build, everywhere, solved, source

from mirage_utils import FieldError
from mirage_utils.cli.main import main
from mirage_utils.coursework import Variation, check, values
from mirage_utils.coursework.assignments.cells import identifier
from mirage_utils.coursework.assignments.source import assignments, find
from mirage_utils.coursework.course import by_hand, lateness, marks
from mirage_utils.coursework.course.settings import Settings
from mirage_utils.coursework.feedback import page
from mirage_utils.coursework.handin import look_over
from mirage_utils.coursework.handing_back.marks import export
from mirage_utils.coursework.marking.results import Marked, Result, unmarked
from mirage_utils.coursework.platforms.rosters import roster
from mirage_utils.coursework.release import leaks, release, released
from mirage_utils.coursework.sandbox import Ended, Limits, Sandbox, StudentError, kind_of_sandbox
from mirage_utils.coursework.values import Drawing, Other, plain
from mirage_utils.errors import DataError

NAMES = assignments(SOURCES)
WHOLE = os.environ.get("MIRAGE_MATRIX") == "whole"


# ---------------------------------------------------------------- plain values

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
)
nested = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["list", "tuple", "dict", "array", "shape", "dtype", "frame", "index", "series", "expression", "drawing", "function", "name", "other", "float"]),
        inner | st.sampled_from(["f", "nan", "inf"]),
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


def across(value):
    """As a value arrives on the other side of the pipe."""
    kept = []
    sent = json.dumps(values.encode(value, lambda f: kept.append(f) or len(kept) - 1))
    return values.decode(json.loads(sent), lambda number, name: kept[number])


@given(nested)
def test_plain_python_values_cross_unchanged(value):
    assert across(value) == value


def test_arrays_frames_and_special_numbers_cross():
    for array in (
        np.arange(6.0).reshape(2, 3),
        np.array([1, 2]),
        np.array([True, False]),
        np.zeros((0, 3)),
    ):
        back = across(array)
        assert back.shape == array.shape
        assert back.dtype.kind == array.dtype.kind
        np.testing.assert_array_equal(back, array)
    back = across(np.array([np.nan, np.inf, -np.inf]))
    assert np.isnan(back[0])
    assert list(back[1:]) == [np.inf, -np.inf]
    assert across(float("inf")) == float("inf")
    assert across(np.float64(0.5)) == 0.5
    assert across(np.array(3)) == 3
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}, index=[3, 4])
    pd.testing.assert_frame_equal(across(frame), frame, check_dtype=False)
    assert across((1, [2, (3,)])) == (1, [2, (3,)])


@given(anything)
@settings(max_examples=300, deadline=None)
def test_whatever_comes_down_the_pipe_is_a_value_or_refused(content):
    try:
        found = values.decode(content, lambda number, name: None)
    except ValueError:
        return
    assert repr(plain(found)) == repr(found)


class Agreeable(float):
    """Passes every comparison that works on the object itself."""

    def __sub__(self, other):
        return 0.0

    __rsub__ = __abs__ = __sub__

    def __eq__(self, other):
        return True

    __hash__ = None


def test_what_an_object_says_of_itself_does_not_count():
    assert abs(Agreeable(3) - 99.0) == 0  # so would a careless test conclude
    assert type(plain(Agreeable(3))) is float
    with pytest.raises(check.NotYet, match="answer: 3, where 99 is expected"):
        check.close(Agreeable(3), 99.0, "answer")

    class Array(np.ndarray):
        pass

    assert isinstance(plain(np.zeros(2).view(Array)), Other)


# ---------------------------------------------------------------- checks


@pytest.mark.parametrize(
    ("got", "expected", "ok"),
    [
        (1, 1.0, True), (1.0 + 1e-9, 1.0, True), (1.001, 1.0, False), (np.float32(0.5), 0.5, True),
        ([1, 2], [1.0, 2.0], True), ((1, 2), [1.0, 2.0], True), ([1, 2, 3], [1, 2], False), (1.0, [1.0], False),
        (sp.Rational(1, 3), 1 / 3, True), (sp.exp(-1), np.exp(-1), True), (sp.Symbol("p"), 1.0, False),
        (pd.Series([1, 2]), [1, 2], True), ([[1, 2], [3]], [1, 2], False), ([sp.Integer(2), 3], [2, 3], True),
        (True, 1.0, False), ("1", 1.0, False), (None, 1.0, False), (float("nan"), 1.0, False),
        (float("nan"), float("nan"), True), (np.inf, np.inf, True), (1 + 0j, 1.0, True), (1 + 1j, 1.0, False),
    ],
)  # fmt: skip
def test_numbers_are_compared_as_numbers(got, expected, ok):
    if ok:
        check.close(got, expected, "answer")
    else:
        with pytest.raises(check.NotYet, match="answer"):
            check.close(got, expected, "answer")


p, L = sp.symbols("p L", positive=True)


@pytest.mark.parametrize(
    "form",
    [
        p**L, sp.exp(L * sp.log(p)), p * p ** (L - 1), sp.Symbol("p") ** sp.Symbol("L"), 1 / (1 / p) ** L,
        sp.Piecewise((p**L, p > 0), (0, True)), p**L + sp.sin(p) ** 2 + sp.cos(p) ** 2 - 1, sp.Max(p**L, -1),
        sp.sqrt(p) ** (2 * L), p**L * sp.gamma(L + 1) / sp.factorial(L),
    ],
)  # fmt: skip
def test_a_formula_counts_in_any_form(form):
    check.expression(form, p**L, {"p": (0.1, 0.9), "L": (1, 9)}, "answer")
    check.expression(values.decode(json.loads(json.dumps(values.encode(form, len))), lambda *_: None), p**L, {"p": (0.1, 0.9), "L": (1, 9)}, "answer")  # fmt: skip


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (p**L * (1 + sp.Rational(1, 10**7)), "where"), (p ** (L - 1), "where"), (sp.Symbol("q") ** L, "contains q"),
        ("p**L", "SymPy expression"), (0.5, "where"), (None, "None"), (sp.Eq(L, p), "object of type Equality"),
        (sp.zoo, "object of type"), (sp.I * p, "object of type"), (sp.log(-1 - p), "where"),
        (sp.Function("f")(p), "expression with f"), (sp.Integral(sp.exp(-(p**3)), (p, 0, L)), "expression with"),
        (10 ** (10 ** (sp.Float(10) ** L)), "no value"), (sp.Matrix([p]), "object of type"),
    ],
)  # fmt: skip
def test_another_formula_does_not(form, says):
    with pytest.raises(check.NotYet, match=re.escape(says)):
        check.expression(form, p**L, {"p": (0.1, 0.9), "L": (2, 9)}, "answer")


@pytest.mark.parametrize(
    "tree",
    [
        ["Symbol", "__import__('os')"], ["Symbol", ["p"]], ["Integer", "9" * 500], ["Integer", 7], ["Rational", "1", "x"],
        ["Float", "1e9999999999"], ["eval", ["Symbol", "p"]], ["Add", "p"], [], ["Add"] * 3, "p",
    ],
)  # fmt: skip
def test_a_forged_tree_is_refused(tree):
    try:
        found = values.decode({"expression": tree}, lambda *_: None)
    except ValueError:
        return
    assert isinstance(found, Other)


def test_a_deep_or_wide_tree_is_refused():
    deep = ["Symbol", "p"]
    for _ in range(500):
        deep = ["exp", deep]
    wide = ["Add", *[["Symbol", "p"]] * 10_000]
    for tree in (deep, wide):
        with pytest.raises(ValueError, match="not an expression"):
            values.decode({"expression": tree}, lambda *_: None)


def test_a_function_must_agree_everywhere():
    points = [(q,) for q in np.linspace(0.1, 0.9, 5)]
    check.function(lambda q: -np.log(q), lambda q: -np.log(q), points, "loss")
    with pytest.raises(check.NotYet, match=r"loss\(0.3\): 1.20397, where"):
        check.function(lambda q: 2.302585092994046 if q < 0.2 else 1.2039728043259361, lambda q: -np.log(q) * (1 + (q > 0.2)), points, "loss")  # fmt: skip
    with pytest.raises(check.NotYet, match="raised ZeroDivisionError"):
        check.function(lambda q: 1 / 0, lambda q: q, points, "loss")
    with pytest.raises(check.NotYet, match="where a function is expected"):
        check.function(3.0, lambda q: q, points, "loss")


def drawing(**changes):
    x = np.geomspace(1, 100, 40)
    fig, ax = plt.subplots()
    ax.plot(changes.get("x", x), changes.get("y", x**2), label=changes.get("label", "squares"))
    ax.set_xscale(changes.get("scale", "log"))
    ax.set_xlabel(changes.get("x_label", "x"))
    ax.set_ylabel("y")
    plt.close(fig)
    return ax


def test_a_picture_is_checked_by_its_data():
    for good in (drawing(), drawing().figure, across(drawing()), drawing(x=np.geomspace(0.5, 200, 90), y=np.geomspace(0.5, 200, 90) ** 2)):  # fmt: skip
        check.curve(good, lambda x: x**2, (1, 100), "ax")
        check.labelled(good, "ax")
    x = np.geomspace(1, 100, 40)
    for bad, says in (
        (drawing(scale="linear"), "logarithmic"),
        (drawing(y=x**2 * np.where(x > 90, 1.01, 1)), "where 1e"),
        (drawing(x=x[:9], y=x[:9] ** 2), "at least 20"),
        (drawing(x=np.geomspace(1, 30, 40), y=np.geomspace(1, 30, 40) ** 2), "from x = 1 to 30"),
        (plt.figure(), "without axes"),
        ("ax", "axes of a Matplotlib figure"),
    ):
        with pytest.raises(check.NotYet, match=re.escape(says)):
            check.curve(bad, lambda x: x**2, (1, 100), "ax")
    with pytest.raises(check.NotYet, match="x axis has no label"):
        check.labelled(drawing(x_label=""), "ax")
    plt.close("all")
    assert isinstance(across(drawing()), Drawing)


# ---------------------------------------------------------------- numbers of one's own


def test_numbers_follow_from_the_name_alone():
    one = Variation("Ada Lovelace", "1_one_token")
    assert one.choose("x", range(100)) == Variation("  ada LOVELACE ", "1_one_token").choose(
        "x", range(100)
    )
    assert one.number("x", 0, 1) == Variation("Ada Lovelace", "1_one_token").number("x", 0, 1)
    draws = {Variation(f"student {i}", "a").choose("x", range(1000)) for i in range(200)}
    assert len(draws) > 150
    assert Variation("e\u0301", "a").whole("x", 0, 10**6) == Variation("é", "a").whole(
        "x", 0, 10**6
    )
    sizes = [Variation(f"student {i}", "a").size("N", 1e8, 1e10, 3) for i in range(200)]
    assert all(1e8 <= each <= 1e10 and each == float(f"{each:.2e}") for each in sizes)
    assert 70 < sum(each < 1e9 for each in sizes) < 130  # even on the logarithmic axis
    # The draws of one student are independent of each other: 5 options, 400 students, all 25 pairs.
    pairs = [
        (v.choose("a", range(5)), v.choose("b", range(5)))
        for v in (Variation(f"s{i}", "a") for i in range(400))
    ]
    assert len(set(pairs)) == 25
    with pytest.raises(FieldError, match="STUDENT"):
        Variation("  ", "a")


@pytest.mark.parametrize("name", NAMES)
def test_the_solutions_are_right_for_everybody(name, monkeypatch):
    """Solutions against hidden tests, for twenty names: whatever numbers somebody draws, the assignment can be solved."""
    monkeypatch.setattr(plt, "show", lambda: None)
    cells = [cell for cell in source(name).cells if cell.cell_type == "code"]
    for student in [f"student {i}" for i in range(20)]:
        space = {"STUDENT": student}
        for cell in cells:
            if "student" not in cell.metadata.get("tags", []):
                exec(compile(cell.source, f"{name}:{identifier(cell)}", "exec"), space)
        plt.close("all")


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


def expected(wanted, submission: Submission) -> tuple[float, list[str], str]:
    tests = [each for each in wanted.exercises if not each.essay]
    patterns = ["*"] if submission.lost == ALL else submission.lost
    lost = {pattern: fnmatch.filter([each.name for each in tests], pattern) for pattern in patterns}
    assert all(lost.values()), f"{submission.name}: no such test: {lost}"
    gone = sorted(set().union(*lost.values()))
    return sum(each.points for each in tests if each.name not in gone), gone, submission.status


def submissions(name: str) -> list[Submission]:
    """All where MIRAGE_MATRIX=whole asks for them; else whatever suits every assignment once, with the first, and of
    each assignment's own answers a part."""
    common, own = everywhere(), ANSWERS[name]
    if not WHOLE:
        if name != NAMES[0]:
            common = [each for each in common if each.name in ("right", "patched")]
        own = own[:: 2 if name == NAMES[0] else 3]
    return [*common, *own]


def graded(
    folder: Path, name: str, *options: str
) -> tuple[dict[str, dict[str, str]], dict[str, Result]]:
    """Run the command on ``folder/in``; the rows of the table and the results, by student."""
    command = [sys.executable, "-m", "mirage_utils", "grade", name, str(folder / "in"), str(folder / "out.csv"), "--sources", str(SOURCES)]  # fmt: skip
    subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    with open(folder / "out.csv", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    results = {
        path.stem: Result.from_dict(json.loads(path.read_text()))
        for path in (folder / "out").glob("*.json")
    }
    return rows, results


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


# ---------------------------------------------------------------- a class


def a_class(folder: Path, students: list[str], *, name: str = NAMES[0]) -> None:
    for student in students:
        build(source(name), Submission(student), folder / "in" / student)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_killed_in_the_middle_and_taken_up_again(tmp_path):
    students = [f"student {i:02d}" for i in range(10)]
    a_class(tmp_path, students)
    command = [sys.executable, "-m", "mirage_utils", "grade", "1", str(tmp_path / "in"), str(tmp_path / "out.csv"), "--sources", str(SOURCES), "--jobs", "2"]  # fmt: skip
    run = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while len(list((tmp_path / "out").glob("*.json"))) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    kept = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.json")}
    assert 4 <= len(kept) < len(students)
    assert not (tmp_path / "out.csv").exists()

    rows, _ = graded(tmp_path, "1", "--jobs", "2")
    assert list(rows) == students
    assert {row["score"] for row in rows.values()} == {"20"}
    for path, content in kept.items():  # not marked again
        assert (tmp_path / "out" / path).read_bytes() == content
    # A submission that changed is marked again, and no other.
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.json")}
    changed = tmp_path / "in" / students[3] / f"{NAMES[0]}.ipynb"
    changed.write_text(changed.read_text().replace("np.polyfit", "np.polyfat"))
    rows, _ = graded(tmp_path, "1", "--jobs", "2")
    assert rows[students[3]]["score"] == "17"
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.json")}
    assert [name for name in before if before[name] != after[name]] == [f"{students[3]}.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("marked", [0, 1], ids=["at the start", "in the middle"])
def test_an_interrupt_from_the_keyboard_ends_all_without_a_traceback(marked, tmp_path, short_path):
    a_class(tmp_path, [f"student {i:02d}" for i in range(6)])
    command = [sys.executable, "-m", "mirage_utils", "grade", "1", str(tmp_path / "in"), str(tmp_path / "out.csv"), "--sources", str(SOURCES), "--jobs", "2"]  # fmt: skip
    run = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(short_path)},
        start_new_session=True,
        text=True,
    )
    deadline = time.monotonic() + 120
    # The processes are got ready once the secret is there, and all begin at a server that loads for some seconds.
    first = [".secret", "*.json"][marked]
    while not list((tmp_path / "out").glob(first)) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(run.pid, signal.SIGINT)
    start = time.monotonic()
    said = run.communicate(timeout=120)[1]
    assert run.returncode == 130, said
    assert "Traceback" not in said
    assert said.splitlines()[-1] == "mirage_utils: stopped; what was finished is kept"
    assert not [line for line in said.splitlines() if "Interrupt" in line or "Fork" in line]
    kept = [json.loads(path.read_text()) for path in (tmp_path / "out").glob("*.json")]
    assert marked <= len(kept) < 6
    assert {each["status"] for each in kept} <= {"essays"}
    while (left := _with_environment(short_path)) and time.monotonic() < start + 60:
        time.sleep(0.1)
    assert left == []
    assert list(short_path.iterdir()) == []


def _with_environment(folder: Path) -> list[str]:
    """Processes that know of a folder by their environment, as those do which a run with it left behind (Linux)."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in (path / "environ").read_bytes():
                found.append((path / "cmdline").read_bytes().decode(errors="replace"))
    return found


def test_late_missing_and_unknown_students(tmp_path):
    a_class(tmp_path, ["ada", "=bob", "zoe"])
    due = datetime.now(UTC) - timedelta(hours=2, minutes=5, seconds=1)
    for path in (tmp_path / "in").rglob("*.ipynb"):  # however long it took to write them
        os.utime(path)
    # In nbgrader's layout its stamp counts; in another it may be the student's own.
    earlier = f"{due - timedelta(days=1):%Y-%m-%d %H:%M:%S.%f} UTC"
    place = tmp_path / "in" / "zoe"
    (place / NAMES[0]).mkdir()
    (place / f"{NAMES[0]}.ipynb").rename(place / NAMES[0] / f"{NAMES[0]}.ipynb")
    (place / NAMES[0] / "timestamp.txt").write_text(earlier)
    (tmp_path / "in" / "ada" / "timestamp.txt").write_text(earlier)
    (tmp_path / "list.csv").write_text("Full name,Username\nAda,ADA\nBob,=bob\nCleo,cleo\n")
    options = ("--due", due.isoformat(), "--roster", str(tmp_path / "list.csv"))
    rows, _ = graded(tmp_path, "1", *options)
    assert rows["cleo"]["status"] == "missing"
    assert (rows["cleo"]["score"], rows["cleo"]["max_score"]) == ("0", "24")
    assert rows["ada"]["reason"].startswith("late by 2 h 5 min")
    assert rows["ada"]["score"] == "20"
    assert rows["zoe"]["reason"] == "name is not in the class list"
    assert "'=bob" in rows  # no formula in a spreadsheet
    seconds = lambda: json.loads((tmp_path / "out" / "ada.json").read_text())["seconds"]  # noqa: E731
    before = seconds()
    rows, _ = graded(tmp_path, "1", *options, "--late", "zero")
    assert seconds() == before  # another rule runs no notebook again
    assert (rows["ada"]["score"], rows["ada"]["status"], rows["zoe"]["score"]) == (
        "0",
        "graded",
        "20",
    )
    assert (
        main(
            ["grade", "1", str(tmp_path / "no"), str(tmp_path / "x.csv"), "--sources", str(SOURCES)]
        )
        == 1
    )
    assert (
        main(
            ["grade", "1", str(tmp_path / "in"), str(tmp_path / "x.txt"), "--sources", str(SOURCES)]
        )
        == 1
    )
    assert (
        main(
            ["grade", "9", str(tmp_path / "in"), str(tmp_path / "x.csv"), "--sources", str(SOURCES)]
        )
        == 1
    )
    for kind, bad, field in (
        (lateness.Policy, {"due": datetime(2026, 1, 1)}, "due"),
        (lateness.Policy, {"late": "half"}, "late"),
        (Settings, {"jobs": 0}, "jobs"),
    ):
        with pytest.raises(FieldError, match=field):
            kind(**bad)
    with pytest.raises(FieldError, match="cell_seconds"):
        Limits(cell_seconds=0)


@pytest.fixture
def marked(tmp_path):
    """A table as `grade` writes it, of two students with an essay each."""

    def result(student, points, answer):
        exercises = [Marked("test_a", points, 2.0, reason="" if points else "no"), Marked("words", 0.0, 4.0, True, "" if answer else "left empty", answer)]  # fmt: skip
        return Result(student, "1_one_token", "essays" if answer else "graded", exercises, key="k")

    results = [
        result("ada", 2.0, "Because <b>&"),
        result("=bob", 0.0, "=1+1"),
        result("cleo", 2.0, ""),
    ]
    place = tmp_path / "grades"
    place.mkdir()
    for each in results:
        (place / f"{each.student}.json").write_text(json.dumps(each.as_dict()))
    marks.finish(tmp_path / "grades.csv", place, results)
    return tmp_path / "grades.csv"


def sheet(path: Path, **points: tuple[str, str]) -> None:
    rows = rows_of(path)
    for row in rows:
        row["points"], row["comment"] = points.get(row["student"].lstrip("'="), ("", ""))
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, by_hand.ESSAYS)
        writer.writeheader()
        writer.writerows(rows)


def test_essays_are_marked_in_a_sheet(marked, capsys):
    essays = marked.with_suffix("") / "essays.csv"
    rows = rows_of(essays)
    assert [(row["student"], row["answer"]) for row in rows] == [
        ("ada", "Because <b>&"),
        ("'=bob", "'=1+1"),
    ]
    sheet(essays, ada=("3,5", "Good, but (iv) is missing"))
    assert main(["feedback", str(marked)]) == 0
    assert "1 essay(s) still to be marked" in capsys.readouterr().out
    table = {row["student"]: row for row in rows_of(marked)}
    assert (table["ada"]["score"], table["ada"]["status"]) == ("5.5", "graded")
    assert (table["'=bob"]["score"], table["'=bob"]["status"]) == ("0", "essays")
    assert "(iv) is missing" in (marked.with_suffix("") / "ada.html").read_text()
    sheet(essays, ada=("4", ""), bob=("0", "see me"))
    marks.update(marked)
    table = {row["student"]: row for row in rows_of(marked)}
    assert [(row["score"], row["status"]) for row in table.values()] == [
        ("6", "graded"),
        ("0", "graded"),
        ("2", "graded"),
    ]
    for points, says in (
        ("5", "from 0 to 4"),
        ("-1", "from 0 to 4"),
        ("four", "from 0 to 4"),
        ("nan", "from 0 to 4"),
    ):
        sheet(essays, ada=(points, ""))
        before = marked.read_bytes()
        with pytest.raises(DataError, match=says):
            marks.update(marked)
        assert marked.read_bytes() == before
    essays.write_text("student,exercise,points,comment\nnobody,words,1,\n")
    with pytest.raises(DataError, match="nobody of that name"):
        marks.update(marked)
    essays.write_text("student,exercise,points,comment\nada,test_a,1,\n")
    with pytest.raises(DataError, match="no such essay"):
        marks.update(marked)
    with pytest.raises(DataError, match="grade the submissions first"):
        marks.update(marked.with_name("other.csv"))


def test_who_handed_in_nothing_has_no_essay_to_be_read(tmp_path):
    """Such a row in the sheet stopped the marking of everybody's essays."""
    place = tmp_path / "grades"
    place.mkdir()
    words = lambda answer: [Marked("words", 0.0, 4.0, True, "", answer)]  # noqa: E731
    ada = Result("ada", "1_one_token", "essays", words("Because."), key="k")
    (place / "ada.json").write_text(json.dumps(ada.as_dict()))
    absent = Result("zoe", "1_one_token", "missing", words(""), ["nothing was handed in"])
    out = tmp_path / "grades.csv"
    marks.finish(out, place, [ada, absent])
    sheet(place / "essays.csv", ada=("3", "Yes"))
    marks.update(out)
    marks.finish(out, place, [ada, absent])  # the class is graded again
    assert [row["student"] for row in rows_of(place / "essays.csv")] == ["ada"]
    marks.update(out)
    assert [(row["student"], row["score"], row["status"]) for row in rows_of(out)] == [
        ("ada", "3", "graded"), ("zoe", "0", "missing"),
    ]  # fmt: skip


def test_points_stay_with_their_assignment(marked):
    """Two assignments graded into one table: the essay of the second has not been read."""
    place = marked.with_suffix("")
    sheet(place / "essays.csv", ada=("3", "Good"))
    second = Result("ada", "2_many_tokens", "essays", [Marked("words", 0.0, 4.0, True, "", "x")])
    marks.finish(marked, place, [second])
    found = [(r["student"], r["assignment"], r["points"]) for r in rows_of(place / "essays.csv")]
    assert found == [("ada", "2_many_tokens", ""), ("ada", "1_one_token", "3")]
    (place / "ada.json").write_text(json.dumps(second.as_dict()))
    assert [each.score for each in marks.update(marked) if each.student == "ada"] == [0]


def test_canvas_and_moodle_get_their_columns(marked, tmp_path, capsys):
    canvas = tmp_path / "canvas.csv"
    canvas.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Homework\n    Points Possible,,,,,10\n"
        '"Lovelace, Ada",17,u1,ada,A,9\n"O, Bob",18,u2,=bob,A,\n"Dee, Dan",19,u3,dan,A,3\n'
    )
    assert roster(canvas) == ["ada", "=bob", "dan"]
    assert (
        main(
            [
                "export",
                str(marked),
                "canvas",
                str(tmp_path / "up.csv"),
                "--roster",
                str(canvas),
                "--with-unread",
            ]
        )
        == 0
    )
    assert "cleo is not in the class list" in capsys.readouterr().err
    rows = rows_of(tmp_path / "up.csv")
    assert (rows[0]["Student"], rows[0]["1_one_token"]) == ("Points Possible", "6")
    assert [(row["ID"], row["1_one_token"], row["Homework"]) for row in rows[1:]] == [("17", "2", "9"), ("18", "0", ""), ("19", "", "3")]  # fmt: skip
    assert main(["export", str(marked), "moodle", str(tmp_path / "m.csv"), "--with-unread"]) == 0
    rows = rows_of(tmp_path / "m.csv")
    assert [(row["Username"], row["Grade"], row["Maximum Grade"]) for row in rows][2] == (
        "cleo",
        "2",
        "6",
    )
    with pytest.raises(DataError, match="no column with names"):
        roster(_file(tmp_path / "a.csv", "x,y\n1,2\n"))
    with pytest.raises(DataError, match="more than once"):
        roster(_file(tmp_path / "a.csv", "student\nada\nADA\n"))
    with pytest.raises(FieldError, match="canvas or moodle"):
        export(marked, "blackboard", tmp_path / "x.csv")


def _file(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_feedback_page_runs_nothing_of_a_submission():
    bad = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    result = Result(
        bad, "1_one_token", "graded", [Marked("test_a", 0.0, 2.0, reason=bad), Marked("words", 0.0, 4.0, True, "", bad, comment=bad)],
        notes=[bad],
        shown=[
            {"cell": "a", "source": bad, "outputs": [{"text": bad}, {"png": bad}, {"png": "bm90IGEgcG5n"}], "error": bad},
            {"test": "test_a"}, {"essay": "words", "source": bad},
        ],
    )  # fmt: skip
    text = page(result)
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("&lt;script&gt;") == 10
    assert "default-src 'none'" in text
