"""Chapters that are run for the tests: as they stand, and with other parameters."""

from __future__ import annotations

import ast
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kernels
import nbformat
import papermill
from copies import glued
from nbclient import NotebookClient
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

CHAPTER_TESTS = Path(__file__).parent / "chapters"
"""The folder with a file of tests for each chapter."""


def changed(name: str) -> dict[str, Any]:
    """Parameters with which a chapter is run a second time: `CHANGED` of its own file of tests.

    Read and not imported: pytest imports the file itself, and the worker that runs a chapter may have none of its tests.
    """
    path = CHAPTER_TESTS / f"test_{name}.py"
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "CHANGED":
            return ast.literal_eval(statement.value)
    raise LookupError(f"{path} has no CHANGED = {{...}}")


@dataclass(frozen=True)
class Run:
    """An executed chapter."""

    notebook: nbformat.NotebookNode
    glued: dict[str, Any]

    @property
    def claims(self) -> dict[str, str]:
        return {k: v for k, v in self.glued.items() if k.startswith("claim_")}

    def html(self) -> Iterator[str]:
        """Every HTML output."""
        for cell in self.notebook.cells:
            for output in cell.get("outputs", []):
                if "text/html" in output.get("data", {}):
                    yield output["data"]["text/html"]


def execute(chapter: Path, where: Path, **parameters: Any) -> Run:
    """Run a chapter with papermill, as a reader would, and read back what it glued."""
    where.mkdir(parents=True, exist_ok=True)
    output = where / chapter.name
    papermill.execute_notebook(
        chapter, output, parameters=parameters, cwd=chapter.parent, kernel_name="python3",
        progress_bar=False, log_output=False, config=kernels.settings(),
    )  # fmt: skip
    return read(output)


def read(output: Path) -> Run:
    notebook = nbformat.read(output, as_version=4)
    return Run(notebook, glued(notebook))


def followed(
    name: str, chapter_run: Callable[[str], Run], changed_run: Callable[[str], Run]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a chapter glues as it stands and with other parameters: the same names, and not the same numbers.

    How they follow is what the chapter's own `test_the_numbers_follow_the_parameters` says.
    """
    before, after = chapter_run(name).glued, changed_run(name).glued
    assert set(before) == set(after)
    moved = {k for k in before if before[k] != after[k] and not k.startswith("claim")}
    assert len(moved) >= 3
    return before, after


# Whether a check tells a claim from its rival was tried in the first run, on hundreds of data sets.
_EMPTIED = """\
from mirage_utils.page import claims
claims._power = lambda *_: None
%reset -f
"""


def run_in_one_kernel(
    chapter: Path, where: Path, given: Mapping[int, dict[str, Any]]
) -> dict[int, str]:
    """Run a chapter with each set of parameters, and write ``where/<number of the set>/<its file>``.

    Number 0 is the chapter as it stands, without parameters, and comes first.

    All in one kernel, which is emptied in between: starting it and its imports take as long as many chapters, and what
    the library has computed before, it need not compute again. Number 0 finds a kernel that nobody has used; only it
    tries the checks of claims on simulated data.
    Returns what went wrong in each, in words, or an empty text; a fault in one run ends only this.
    """
    client = NotebookClient(
        nbformat.read(chapter, as_version=4), kernel_name="python3", timeout=None,
        resources={"metadata": {"path": str(chapter.parent)}}, config=kernels.settings(),
    )  # fmt: skip
    faults = {}
    with client.setup_kernel():
        for number, parameters in given.items():
            fault = ""
            try:
                if number:
                    # papermill writes the parameters into a cell of their own, after the one tagged so
                    client.nb = parameterize_notebook(load_notebook_node(str(chapter)), parameters)
                    client.reset_execution_trackers()
                    client.execute_cell(nbformat.v4.new_code_cell(_EMPTIED), -1)
                for place, cell in enumerate(client.nb.cells):
                    client.execute_cell(cell, place)
            except Exception:
                fault = traceback.format_exc()
            faults[number] = fault
            output = where / str(number) / chapter.name
            output.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(client.nb, output)
    return faults
