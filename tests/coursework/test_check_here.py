"""Coursework: a notebook is looked over in this very process, as in a browser, with the report that the sandbox gives."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import nbformat
import pytest
from course import NAMES
from nbformat.v4 import new_code_cell
from submissions import SOURCES, answered, source

from mirage_utils.coursework.assignments.cells import identifier
from mirage_utils.coursework.handin import look_over
from mirage_utils.coursework.inmate.here import Here
from mirage_utils.coursework.release import released

_HOSTILE = [
    "raise SystemExit('enough')",
    "answer = input('your name? ')",
    "%matplotlib widget\nimport matplotlib\nmatplotlib.use('TkAgg')",
    "!pip install seaborn",
    "%pip install seaborn",
    "import warnings\nwarnings.warn('as you like')",
    "def deeper(n):\n    return deeper(n + 1)\ndeeper(0)",
    "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\nraise Odd",
    "raise ValueError('a lone half: \\ud800')",
]


def handed_in(name: str, how: str, folder: Path) -> Path:
    """An assignment ``untouched``, ``right``, or ``wrong`` in many ways at once."""
    wanted = source(name)
    notebook = released(SOURCES, name, "" if how == "untouched" else "ada")
    if how != "untouched":
        answered(wanted, notebook)
    if how == "wrong":
        answers = [c for c in notebook.cells if wanted.kind(identifier(c)) == "answer"]
        ways = (
            "raise ValueError('no idea')",
            "this is = no Python",
            "{names} = 0",
            "{names} = '0.5'",
            "raise NotImplementedError",
            "del no_such_name",
        )
        for cell, way in zip(answers, ways * len(answers), strict=False):
            cell.source = way.format(names=identifier(cell))
        own = [new_code_cell(textwrap.dedent(each)) for each in _HOSTILE]
        notebook.cells[3:3] = own[: len(own) // 2]
        notebook.cells += own[len(own) // 2 :]
    path = folder / f"{name}.ipynb"
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    return path


@pytest.mark.parametrize("how", ["untouched", "right", "wrong"])
@pytest.mark.parametrize("name", NAMES)
def test_the_report_is_that_of_the_sandbox(name, how, tmp_path):
    path = handed_in(name, how, tmp_path)
    found = look_over(path, here=True)
    assert found == look_over(path, here=False)
    lost = [each for each in found if not each.ok]
    assert (lost == []) == (how == "right")
    names = {each.name for each in found}
    assert names >= {each.name for each in source(name).exercises}


def test_the_process_is_left_as_it_was(tmp_path):
    import matplotlib
    from IPython.core.interactiveshell import InteractiveShell
    from matplotlib import pyplot

    def state():
        return (
            os.getcwd(), list(sys.path), sys.modules["__main__"], sys.stdin, sys.stdout, InteractiveShell._instance,
            matplotlib.use, pyplot.switch_backend, matplotlib.get_backend(), dict(matplotlib.rcParams), pyplot.get_fignums(),
            list(warnings.filters),
        )  # fmt: skip

    before = state()
    with Here(tmp_path, 100) as place:
        assert place.run("kept = 1")["error"] is None
        place.run("import sys, os\nsys.path.insert(0, 'here')\nopen('left', 'w').close()")
        place.run(
            "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.rcParams['font.size'] = 3"
        )
        place.run("import warnings\nwarnings.simplefilter('error')")
    assert state() == before
    assert not Path("left").exists()
    with Here(tmp_path, 100) as place:  # a namespace of its own
        assert place.run("kept")["error"]["name"] == "NameError"


def test_nothing_is_imported_that_a_browser_does_not_have(tmp_path):
    """A notebook is looked over with what the chapters need, and nothing of notebooks' own packages."""
    path = handed_in(NAMES[0], "right", tmp_path)
    script = f"""
        import sys
        for name in ("nbformat", "nbclient", "jupyter_client", "jupyter_core", "nbgrader", "zmq", "tornado", "psutil", "resource"):
            sys.modules[name] = None
        from pathlib import Path
        from mirage_utils.coursework.handin import look_over
        print(all(each.ok for each in look_over(Path({str(path)!r}), here=True)))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True)  # fmt: skip
    assert done.stdout == "True\n", done.stderr
