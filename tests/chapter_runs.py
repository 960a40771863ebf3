"""Chapters that are run for the tests: as they stand, and with other parameters."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill
from copies import glued
from nbclient import NotebookClient
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

CHANGED = {
    "01_what_is_emergence": {"LEVEL": 0.8},
    "02_one_token": {"ALPHA": 0.8, "N_C": 1e8, "E_FLOOR": 0.3},
    "03_many_tokens": {"ALPHA": 0.8, "LENGTHS": [1, 3, 9], "ITEMS": 100},
    "04_does_gpt3_obey": {"LEVEL": 0.99},
    "05_a_field_guide_to_metrics": {"LENGTH": 9, "ATTEMPTS": 100, "SPREAD": 0.2},
    "06_resolution": {"ALPHA": 0.8, "LENGTHS": [1, 3, 9], "POWER": 0.9},
    "07_the_emergence_score": {"ALPHA": 0.5, "SIZES": 16, "LEVEL": 0.1},
    "08_assumptions": {"LENGTH": 7, "VARIANCES": [0.5, 1.5], "CORRELATIONS": [0.2, 0.5]},
    "09_same_outputs_two_metrics": {"FEW_ITEMS": 40, "LEVEL": 0.9},
    "10_meta_analysis": {"LEVEL": 0.02, "FAMILY_LEVEL": 0.1},
    "11_grade_to_brier": {"SMALL": 22.2, "LEVEL": 0.9},
    "12_prediction": {"LEVEL": 0.9, "CUT": 1.5e23},
    "13_a_mirage_we_made": {"SEED": 7, "FEW": 50, "NONE": 0.03},
    "14_not_a_mirage": {"SEED": 7, "SOLVED": 0.05},
    "15_between": {"SEED": 7, "SOLVED": 0.2},
    "16_autoencoders": {"C": 0.004, "SEED": 7},
    "17_digits": {"K": 4, "SEED": 7},
    "18_omniglot": {"L": 4, "SEED": 7},
    "19_audit": {"SEED": 7, "LEVEL": 0.01},
    "20_the_other_side": {"SEED": 7, "SMALL": 21.75, "STRONG": 6},
    "21_choose_your_metric": {"SEED": 7, "TOLERATED": [0, 1, 3], "POWER": 0.9},
}
"""Parameters with which each chapter is run a second time."""


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
        progress_bar=False, log_output=False,
    )  # fmt: skip
    return read(output)


def read(output: Path) -> Run:
    notebook = nbformat.read(output, as_version=4)
    return Run(notebook, glued(notebook))


def run_in_one_kernel(chapter: Path, where: Path, given: Sequence[dict[str, Any]]) -> list[str]:
    """Run a chapter once with each set of parameters, and write ``where/<number of the set>/<its file>``.

    All in one kernel, which is emptied in between: starting it and its imports take as long as many chapters, and what
    the library has computed before, it need not compute again. The first run finds a kernel that nobody has used.
    Returns what went wrong in each, in words, or an empty text; a fault in one run ends only this.
    """
    client = NotebookClient(
        nbformat.read(chapter, as_version=4), kernel_name="python3", timeout=None,
        resources={"metadata": {"path": str(chapter.parent)}},
    )  # fmt: skip
    faults = []
    with client.setup_kernel():
        for number, parameters in enumerate(given):
            fault = ""
            try:
                if number:
                    # papermill writes the parameters into a cell of their own, after the one tagged so
                    client.nb = parameterize_notebook(load_notebook_node(str(chapter)), parameters)
                    client.reset_execution_trackers()
                    client.execute_cell(nbformat.v4.new_code_cell("%reset -f"), -1)
                for place, cell in enumerate(client.nb.cells):
                    client.execute_cell(cell, place)
            except Exception:
                fault = traceback.format_exc()
            faults.append(fault)
            output = where / str(number) / chapter.name
            output.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(client.nb, output)
    return faults
