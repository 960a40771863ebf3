"""Numbers of a chapter: what cells bind can be pasted, once each, and as it is at the end."""

import kernels
import nbformat
import pytest
from copies import glued
from nbclient import NotebookClient

BEGIN = "from mirage_utils.page import begin, glue\nimport numpy as np, pandas as pd, sympy as sp\nbegin(globals())"


def run(*cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    settings = kernels.settings()
    NotebookClient(notebook, kernel_name="python3", timeout=120, config=settings).execute()
    return notebook


def records(notebook):
    return [
        output["metadata"]["scrapbook"]["name"]
        for cell in notebook.cells
        for output in cell["outputs"]
        if output["output_type"] == "display_data"
    ]


@pytest.fixture(scope="module")
def chapter():
    return run(
        "SEED: int = '3'\nLEVELS: list = [1]",
        BEGIN,
        "a = np.float64(0.5)\nb = sp.Rational(1, 4)\nright = np.True_\nwords = 'few'\nzero_d = np.array(2)\n"
        "_hidden = 1\nCamel = 2\nnothing = float('nan')\nendless = np.inf\nlong = 'x' * 81\n"
        "table = pd.DataFrame({'x': [1e308 * 10]})\nletter = sp.Symbol('q')\nrow = np.array([1])",
        "a = 0.75\nglue(given=np.int64(4))\nb_again = b",
        "glue(a=0.75)",
    )


def test_every_plain_value_that_a_cell_binds_is_there(chapter):
    found = glued(chapter)
    assert found == {
        "seed": 3, "a": 0.75, "b": 0.25, "right": True, "words": "few", "zero_d": 2, "given": 4, "b_again": 0.25,
    }  # fmt: skip


def test_each_name_is_recorded_once_and_nothing_is_said_beside(chapter):
    names = records(chapter)
    assert sorted(names) == sorted(set(names))
    assert not [o for c in chapter.cells for o in c["outputs"] if o["output_type"] == "stream"]


def test_a_name_that_is_glued_with_another_value_than_it_has_is_refused():
    with pytest.raises(Exception, match="another name"):
        run(BEGIN, "a = 1", "glue(a=2)")


def test_a_kernel_that_runs_a_chapter_again_offers_all_of_it_again():
    again = run(BEGIN, "a = 1", "%reset -f", BEGIN, "a = 1")
    assert records(again) == ["a", "a"]
