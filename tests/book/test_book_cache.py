"""The tests take a chapter from the book's cache exactly where the build would not run it again."""

from __future__ import annotations

import book_cache
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output


def written(path, prose, code, output=None):
    """A chapter of two cells; with the output, it is one that was run, with what a run adds to it."""
    notebook = new_notebook(cells=[new_markdown_cell(prose), new_code_cell(code)])
    if output:
        cell = notebook.cells[1]
        cell.outputs, cell.execution_count = [new_output("stream", text=output)], 1
        cell.metadata["execution"] = {"iopub.execute_input": "now"}
    nbformat.write(notebook, path)
    return notebook


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The cache of a book, with a chapter that was run."""
    chapter = tmp_path / "chapter.ipynb"
    monkeypatch.setattr(book_cache, "folder", lambda: tmp_path / "cache")
    written(chapter, "prose", "print(1)")
    assert book_cache.kept(chapter) is None
    assert not (tmp_path / "cache").exists()  # to look makes nothing
    book_cache.keep(chapter, written(tmp_path / "run.ipynb", "prose", "print(1)", "1\n"))
    return tmp_path


def test_a_chapter_is_found_with_its_outputs_and_its_newest_prose(folder):
    chapter = folder / "chapter.ipynb"
    written(chapter, "better prose", "print(1)")
    prose, code = book_cache.kept(chapter).cells
    assert (prose.source, code.source) == ("better prose", "print(1)")
    assert [output.text for output in code.outputs] == ["1\n"]
    assert code.execution_count == 1
    assert "execution" not in code.metadata


def test_a_chapter_whose_code_has_changed_is_not_found(folder):
    written(folder / "chapter.ipynb", "prose", "print(2)")
    assert book_cache.kept(folder / "chapter.ipynb") is None


def test_what_a_killed_build_left_half_written_is_not_found(folder):
    (run,) = folder.glob("cache/executed/*/base.ipynb")
    for harm in (lambda: run.write_text(run.read_text()[:50]), run.unlink):
        harm()
        assert book_cache.kept(folder / "chapter.ipynb") is None


def test_a_chapter_run_with_another_library_is_not_found(folder, monkeypatch):
    monkeypatch.setattr(book_cache, "folder", lambda: folder / "another")
    assert book_cache.kept(folder / "chapter.ipynb") is None
