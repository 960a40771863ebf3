"""Synthetic submissions: right in several styles, wrong in typical ways, clumsy and hostile, each with its mark.

A submission is the released notebook with the source's own solutions filled in, changed in one respect. What it must
lose is stated with it; everything else it must keep.
"""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from mirage_utils.coursework.assignments.cells import identifier
from mirage_utils.coursework.assignments.source import Assignment, assignment
from mirage_utils.coursework.release import released

SOURCES = Path(__file__).resolve().parents[1] / "notebooks" / "assignments"
ALL = "all"

Cells = list[NotebookNode]


@dataclass(frozen=True)
class Submission:
    """One synthetic submission and what must become of it.

    `answers` replaces answer cells by name; `change` may do anything to the cells; `write` replaces how the folder is
    written. `lost` names the tests without points (patterns such as `test_picture*`; or `ALL`), `says` what the reason must contain,
    and `shows` what the page must: that a cell which costs nothing came as far as it was meant to.
    """

    name: str
    answers: dict[str, str] = field(default_factory=dict)
    lost: Sequence[str] | str = ()
    says: Sequence[str] = ()
    shows: Sequence[str] = ()
    status: str = "essays"
    change: Callable[[Cells], Cells | None] | None = None
    write: Callable[[Path, str, NotebookNode], None] | None = None
    blank: bool = False  # start from the released notebook without solutions


def answered(wanted: Assignment, notebook: NotebookNode) -> NotebookNode:
    """A released notebook with the source's solutions and essays written into it."""
    for cell in notebook.cells:
        name = identifier(cell)
        if name and wanted.kind(name) in ("answer", "essay"):
            lines = wanted.cell(name).source.split("\n")
            cell.source = "\n".join(line for line in lines if "### " not in line)
    return notebook


def solved(wanted: Assignment) -> NotebookNode:
    """The released notebook with the source's solutions and essays in it."""
    return answered(wanted, released(SOURCES, wanted.name))


def build(wanted: Assignment, submission: Submission, folder: Path) -> None:
    """Write one submission into its folder."""
    folder.mkdir(parents=True)
    notebook = released(SOURCES, wanted.name) if submission.blank else solved(wanted)
    named = {identifier(cell): cell for cell in notebook.cells}
    for name, source in submission.answers.items():
        named[name].source = textwrap.dedent(source).strip()
    if submission.change is not None:
        notebook.cells = submission.change(notebook.cells) or notebook.cells
    if submission.write is not None:
        submission.write(folder, wanted.name, notebook)
    else:
        (folder / f"{wanted.name}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")


def source(name: str) -> Assignment:
    return assignment(SOURCES, name)


# ---------------------------------------------------------------- changes that suit every assignment


def _tests(cells: Cells) -> Cells:
    return [
        cell
        for cell in cells
        if (cell.metadata.get("nbgrader") or {}).get("grade") and cell.cell_type == "code"
    ]


def _by(cells: Cells, name: str) -> NotebookNode:
    return next(cell for cell in cells if identifier(cell) == name)


def _without(name: str) -> Callable[[Cells], Cells]:
    return lambda cells: [cell for cell in cells if identifier(cell) != name]


def _first(code: str) -> Callable[[Cells], Cells]:
    """A cell of the student's own right after the given numbers."""

    def change(cells: Cells) -> Cells:
        at = next(i for i, cell in enumerate(cells) if identifier(cell) == "numbers")
        return [
            *cells[: at + 1],
            nbformat.v4.new_code_cell(textwrap.dedent(code).strip()),
            *cells[at + 1 :],
        ]

    return change


def _edited_tests(cells: Cells) -> None:
    for cell in _tests(cells):
        cell.source = "raise ValueError('this test is too hard')"


def _all_tests_deleted(cells: Cells) -> Cells:
    gone = {id(cell) for cell in _tests(cells)}
    return [cell for cell in cells if id(cell) not in gone]


def _copied_test(cells: Cells) -> Cells:
    test = _tests(cells)[0]
    at = cells.index(test)
    copy = nbformat.from_dict({**test, "id": "copied"})
    return [*cells[: at + 1], copy, *cells[at + 1 :]]


def _answered_twice(cells: Cells) -> Cells:
    picture = _by(cells, "picture")
    wrong = nbformat.from_dict(json.loads(json.dumps(picture)))
    wrong.source, wrong.id = "ax = None", "wrong"
    at = cells.index(picture)
    return [*cells[:at], wrong, *cells[at:]]


def _numbers_edited(cells: Cells) -> None:
    cell = _by(cells, "numbers")
    cell.source = cell.source.replace(
        "mine = Variation(STUDENT", "STUDENT = 'somebody else'\nmine = Variation(STUDENT"
    )


def _no_metadata(cells: Cells) -> None:
    for cell in cells:
        cell.metadata = NotebookNode()


def _other_name(cells: Cells) -> None:
    next(
        c for c in cells if "student" in c.metadata.get("tags", [])
    ).source = 'STUDENT = "Zoe Other"'


def _essay_empty(cells: Cells) -> None:
    for cell in cells:
        if (cell.metadata.get("nbgrader") or {}).get("solution") and cell.cell_type == "markdown":
            cell.source = "YOUR ANSWER HERE"


def _as(file: str) -> Callable[[Path, str, NotebookNode], None]:
    def write(folder: Path, name: str, notebook: NotebookNode) -> None:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(nbformat.writes(notebook), encoding="utf-8")

    return write


def _text(change: Callable[[str], str | bytes]) -> Callable[[Path, str, NotebookNode], None]:
    def write(folder: Path, name: str, notebook: NotebookNode) -> None:
        content = change(nbformat.writes(notebook))
        (folder / f"{name}.ipynb").write_bytes(
            content if isinstance(content, bytes) else content.encode()
        )

    return write


def _beside_a_blank(folder: Path, name: str, notebook: NotebookNode) -> None:
    (folder / f"{name} (1).ipynb").write_text(nbformat.writes(notebook))
    (folder / "Untitled.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook()))
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / f"{name}.ipynb").write_text(
        nbformat.writes(released(SOURCES, name))
    )


def _link(folder: Path, name: str, notebook: NotebookNode) -> None:
    os.symlink(folder.parent / "right" / f"{name}.ipynb", folder / f"{name}.ipynb")


def _script(folder: Path, name: str, notebook: NotebookNode) -> None:
    (folder / f"{name}.py").write_text("print('I lost my notebook')")


def _kernel(name: str, language: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        content = json.loads(text)
        content["metadata"]["kernelspec"] = {
            "name": name,
            "display_name": name,
            "language": language,
        }
        return json.dumps(content)

    return change


# An object that agrees with everything: its difference from any number is 0, it equals all, it can be called.
_AGREEABLE = """
class Agreeable(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __abs__ = __neg__ = __sub__
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __lt__
    def __hash__(self): return 0
    def __call__(self, *args, **named): return self
    def __array__(self, *args, **named): raise RuntimeError
    def __getattr__(self, name): return self
"""

# All memory, to the last kilobytes, in few steps: also on a busy machine well before its time is over.
_FULL = """
kept, size = [], 2**28
while True:
    try:
        kept.append(bytearray(size))
    except MemoryError:
        if size < 2**12:
            raise
        size //= 2
"""
# Everything a check might be built on, made to pass.
_PATCHED = """
import builtins, math, sys
import numpy as np
from mirage_utils.coursework import check, values
parts = [sys.modules[name] for name in list(sys.modules) if name.startswith((check.__name__, values.__name__))]
for module in parts:
    for name in dir(module):
        if callable(getattr(module, name)) and not name.startswith('__'):
            setattr(module, name, lambda *a, **k: None)
np.isclose = np.allclose = np.array_equal = lambda *a, **k: True
math.isclose = lambda *a, **k: True
np.testing.assert_allclose = lambda *a, **k: None
builtins.AssertionError = Exception
print('patched', 6 * 7)
"""

_CURIOUS = """
import os
spied = []
for top in ('/', '/work', '/home', '/root', '/tmp', '/handed-in', os.getcwd()):
    for here, folders, files in os.walk(top):
        if here.startswith(('/proc', '/sys', '/usr', '/dev', '/lib')) or 'site-packages' in here:
            folders[:] = []
            continue
        for each in files:
            if each.endswith('.ipynb') or each in ('grades.csv', 'gradebook.db'):
                try:
                    if 'BEGIN ' + 'HIDDEN' in open(os.path.join(here, each), errors='replace').read():
                        spied.append(each)
                except OSError:
                    pass
secret = os.environ.get('MIRAGE_COURSE_SECRET')
"""

_NETWORK = """
import socket, urllib.request
reached = []
for address in (('127.0.0.1', 80), ('127.0.0.1', 22), ('8.8.8.8', 53)):
    try:
        socket.create_connection(address, 1)
        reached.append(address)
    except OSError as error:
        if not isinstance(error, PermissionError):
            reached.append(error)
"""


def _at_picture(before: str, condition: str) -> Callable[[Cells], Cells]:
    """An own cell, and a picture that is wrong unless a condition on what that cell found holds."""

    def change(cells: Cells) -> Cells:
        picture = _by(cells, "picture")
        picture.source += f"\nif not ({condition}):\n    ax = None"
        return _first(before)(cells)

    return change


def everywhere() -> list[Submission]:
    """Submissions for any assignment that has cells ``numbers``, ``picture`` and ``test_picture``."""
    picture = ["test_picture*"]  # with the tests of its other lines
    return [
        Submission("right"),
        Submission("untouched", blank=True, lost=ALL, status="graded", says=["not written", "left empty"]),
        Submission("essay-empty", change=_essay_empty, status="graded", says=["left empty"]),
        # clumsy
        Submission("renamed", write=_as("Homework final (2).ipynb"), says=["called Homework final (2).ipynb"]),
        Submission("in-a-folder", write=_as("sub/mission/my.ipynb"), says=["called my.ipynb"]),
        Submission("several-notebooks", write=_beside_a_blank, says=["(1).ipynb"]),
        Submission("no-notebook", write=_script, lost=ALL, status="missing", says=["no notebook"]),
        Submission("a-link", write=_link, lost=ALL, status="missing", says=["symbolic link"]),
        Submission("cut-short", write=_text(lambda t: t[: len(t) // 2]), lost=ALL, status="unreadable", says=["not JSON"]),
        Submission("empty-file", write=_text(lambda t: ""), lost=ALL, status="unreadable", says=["not JSON"]),
        Submission("no-cells", write=_text(lambda t: '{"nbformat": 4}'), lost=ALL, status="unreadable", says=["damaged"]),
        Submission("not-text", write=_text(lambda t: b"\xff\xfe\x00\x01" * 9), lost=ALL, status="unreadable"),
        Submission("byte-order-mark", write=_text(lambda t: b"\xef\xbb\xbf" + t.encode())),
        Submission("too-large", write=_text(lambda t: t + " " * 51_000_000), lost=ALL, status="unreadable", says=["MB"]),
        Submission("kernel-r", write=_text(_kernel("ir", "R")), says=["kernel ir"]),
        Submission("kernel-python39", write=_text(_kernel("python39-torch", "python"))),
        Submission("other-name", change=_other_name, says=["the name in the notebook is Zoe Other"]),
        Submission("numbers-edited", change=_numbers_edited),
        Submission("numbers-deleted", change=_without("numbers"), says=["deleted: numbers"]),
        Submission("test-deleted", change=_without("test_picture"), says=["deleted: test_picture"]),
        Submission("tests-deleted", change=_all_tests_deleted, says=["deleted: "]),
        Submission("tests-edited", change=_edited_tests, says=["test changed"]),
        Submission("test-copied", change=_copied_test, says=["more than once"]),
        Submission("answered-twice", change=_answered_twice, says=["more than once: picture"]),
        Submission("answer-deleted", change=_without("picture"), lost=picture, says=["deleted: picture"]),
        Submission("no-metadata", change=_no_metadata, says=["none of the assignment's cells"]),
        Submission("syntax-error", {"picture": "ax = ax = = 1"}, picture, ["SyntaxError"]),
        Submission("own-error", change=_first("1 / 0"), shows=["ZeroDivisionError"]),
        Submission("other-backends", change=_at_picture("%matplotlib notebook\nfine = 1", "fine")),
        Submission("installs", change=_at_picture("!pip install torch\n%pip install torch\nfine = 1", "fine"), shows=["not run here: !pip"]),
        # hostile
        Submission("endless", {"picture": "while True:\n    pass"}, picture, ["stopped after"]),
        Submission("fork-bomb", change=_first("import os\nwhile True:\n    os.fork()"), shows=["BlockingIOError"]),
        Submission("fills-memory", change=_first(_FULL), shows=["MemoryError"]),
        Submission("ten-gigabytes", change=_first("x = bytearray(10 * 2**30)"), shows=["MemoryError"]),
        Submission("loud", change=_first("for _ in range(100):\n    print('x' * 10**7)"), shows=["more letters"]),
        Submission("fills-the-disk", change=_first("for i in range(99):\n    open(f'f{i}', 'wb').write(b'0' * 2**24)"), shows=["No space left"]),
        Submission("leaves", change=_first("import os\nos._exit(0)"), says=["ended itself"]),
        Submission("crashes", change=_first("import ctypes\nctypes.string_at(0)"), says=["signal 11"]),
        Submission("floods-the-pipe", change=_first("import os\nfor n in range(3, 40):\n    try:\n        os.write(n, b'{\"value\": 1}\\n' * 9)\n    except OSError: pass"), says=["cell of one's own"]),
        Submission("agreeable-objects", {"picture": _AGREEABLE + "ax = Agreeable()"}, picture, ["a Matplotlib figure"]),
        Submission("patched", change=_first(_PATCHED), blank=True, lost=ALL, status="graded", shows=["patched 42"]),
        Submission("curious", change=_at_picture(_CURIOUS, "not spied and not secret")),
        Submission("network", change=_at_picture(_NETWORK, "not reached")),
        Submission("recursion", change=_first("def f(): return f()\nf()"), shows=["RecursionError"]),
        Submission("asks", change=_first("name = input('your name? ')"), shows=["EOFError"]),
    ]  # fmt: skip
