"""The code of the book's pages, run side by side before Sphinx reads them."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import execution
import nbformat
import pytest
from execution import Page, PageError, run_all, surroundings
from jupyter_cache import get_cache
from myst_nb.core.config import NbParserConfig


def page(tmp_path, name, code):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(f"# {name}"), nbformat.v4.new_code_cell(code)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    path = tmp_path / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return Page(name, path, notebook)


@pytest.fixture
def run(tmp_path):
    cache = get_cache(tmp_path / "cache")

    def run(pages, beside):
        environ = surroundings(tmp_path)
        work = run_all(pages, beside, NbParserConfig(execution_timeout=60), environ, cache)
        # In a thread of its own: a browser that another test has opened keeps an event loop running in this one.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, work).result()

    run.cached = lambda page: execution.cached(cache, page)
    run.outputs = lambda page: cache.merge_match_into_notebook(page.notebook)[1].cells[1].outputs
    run.folder = cache.path
    return run


WAIT = """
import pathlib, time
pathlib.Path("{mine}").touch()
while not pathlib.Path("{other}").exists():
    time.sleep(0.05)
import os
print(os.environ["OMP_NUM_THREADS"], pathlib.Path().resolve().name)
"""


def test_pages_run_at_the_same_time_in_their_own_folder_with_one_thread_each(
    run, tmp_path, monkeypatch
):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    pages = [
        page(tmp_path, mine, WAIT.format(mine=mine, other=other)) for mine, other in ("ab", "ba")
    ]
    run(pages, beside=2)  # one after the other they would wait for each other until the timeout
    for one in pages:
        (output,) = run.outputs(one)
        assert output.text == f"1 {tmp_path.name}\n"


def test_a_failure_names_page_and_cell_and_keeps_what_ran_before(run, tmp_path):
    good, bad, later = (
        page(tmp_path, "good", "print(1)"),
        page(tmp_path, "bad", "a = 0\n1 / a"),
        page(tmp_path, "later", "print(2)"),
    )
    with pytest.raises(ExceptionGroup) as group:
        run([good, bad, later], beside=1)
    (error,) = group.value.exceptions
    assert isinstance(error, PageError)
    for said in str(bad.path), "1 / a", "ZeroDivisionError", "division by zero":
        assert said in str(error)
    assert [run.cached(one) for one in (good, bad, later)] == [True, False, False]


def test_what_a_killed_build_left_half_written_is_run_again(run, tmp_path):
    one = page(tmp_path, "one", "print(1)")
    run([one], beside=1)
    assert run.cached(one)
    (written,) = run.folder.glob("executed/*/base.ipynb")
    for harm in (lambda: written.write_text(written.read_text()[:50]), written.unlink):
        harm()
        assert not run.cached(one)
        run([one], beside=1)
        assert run.outputs(one)[0].text == "1\n"
        assert len(list(run.folder.glob("executed/*/base.ipynb"))) == 1


def test_the_longest_come_first_and_pages_of_prose_last(tmp_path):
    names = ["book/intro.md", "notebooks/01_what_is_emergence.ipynb"] + [
        f"notebooks/{name}.ipynb" for name in reversed(execution.LONGEST)
    ]
    pages = [Page(name.split(".")[0], tmp_path / name, None) for name in names]
    assert [p.path.stem for p in sorted(pages, key=execution.turn)] == [
        *execution.LONGEST, "01_what_is_emergence", "intro",
    ]  # fmt: skip


def test_what_the_caller_set_stays(tmp_path):
    assert surroundings(tmp_path, {"OMP_NUM_THREADS": "3", "A": "b"}) == {
        **surroundings(tmp_path, {}), "OMP_NUM_THREADS": "3", "A": "b",
    }  # fmt: skip
