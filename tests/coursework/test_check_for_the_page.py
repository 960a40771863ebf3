"""Coursework: what a page is told of a notebook that its reader chose, and that nothing hidden is needed for it."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT
from course import NAMES
from nbformat.v4 import new_code_cell, new_notebook
from submissions import SOURCES, answered, source
from test_check_here import handed_in

from mirage_utils.coursework import browser
from mirage_utils.coursework.assignments.cells import identifier
from mirage_utils.coursework.handin import look_over
from mirage_utils.coursework.release import leaks, released

NAME = NAMES[0]


def told(name: str, content: bytes, edition: bytes = b"", **beside: bytes) -> list[dict]:
    messages: list[str] = []
    files = {name: content} | {key.replace("_py", ".py"): each for key, each in beside.items()}
    browser.check(name, files, messages.append, edition)
    return [json.loads(each) for each in messages]


def of_kind(messages: list[dict], kind: str) -> list[dict]:
    return [each for each in messages if each["kind"] == kind]


def notebook_of(name: str, **sources: str) -> nbformat.NotebookNode:
    """An assignment with right answers, or others in some cells."""
    notebook = answered(source(name), released(SOURCES, name, "ada"))
    for cell in notebook.cells:
        cell.source = sources.get(identifier(cell) or "", cell.source)
    return notebook


def written(notebook: nbformat.NotebookNode) -> bytes:
    return nbformat.writes(notebook).encode()


@pytest.mark.parametrize("how", ["untouched", "right", "wrong"])
def test_the_page_hears_the_report_line_by_line(how, tmp_path):
    path = handed_in(NAME, how, tmp_path)
    messages = told(path.name, path.read_bytes(), written(released(SOURCES, NAME)))
    found = [(each["name"], each["ok"], each["text"]) for each in of_kind(messages, "finding")]
    report = look_over(path, here=True)
    assert found == [(each.name, each.ok, each.text) for each in report]
    (begun,), (done,) = of_kind(messages, "begun"), of_kind(messages, "done")
    assert messages[0] == begun
    assert messages[-1] == done
    assert sum(each["most"] for each in begun["exercises"]) == source(NAME).points
    assert begun["exercises"][0]["called"] == "1a. cross_entropy"
    assert begun["note"] == ("Nothing is answered yet." if how == "untouched" else "")
    got = {"untouched": 0, "right": 20}
    if how in got:
        assert done["text"].startswith(f"{got[how]} of 20 points so far")
    assert ("Nothing is left to do." in done["text"]) == (how == "right")
    assert "The essay (4 points) is read by a person." in done["text"]
    cells = [each["number"] for each in of_kind(messages, "cell")]
    assert cells == sorted(cells)
    # A cell is named before it is run, and what is found in it comes after.
    at = next(i for i, each in enumerate(messages) if each.get("name") == "test_N_c_hat")
    assert (messages[at]["kind"], messages[at + 1]["kind"]) == ("cell", "finding")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("essay.pdf", b"%PDF-1.7 ...", "essay.pdf is a PDF, and no notebook. Choose the file that ends in .ipynb"),
        ("all.ipynb", b"PK\x03\x04....", "is a packed file"),
        ("page.ipynb", b"\n<!doctype html><html>", "is a page of HTML"),
        ("1_one_token.ipynb", b"", "is empty"),
        ("answers.py", b"STUDENT = 'ada'", "answers.py is no notebook"),
        ("1_one_token.ipynb", b'{"cells": [', "Take it once more from where you worked on it"),
        ("1_one_token.ipynb", b'{"cells": "Universit\xe9"}', "damaged: byte 21 (0xe9) is no text in UTF-8. Take it once more"),
        ("package.json", b'{"name": "x"}', "package.json is no notebook. Choose the file"),
        ("03_many_tokens.ipynb", written(new_notebook(cells=[new_code_cell("1")])), "03_many_tokens.ipynb is a notebook of no assignment"),
        ("../odd\\name.ipynb", written(new_notebook()), "is a notebook of no assignment"),
    ],
    ids=["pdf", "zip", "html", "empty", "script", "cut-short", "latin-1", "json", "chapter", "path"],
)  # fmt: skip
def test_a_file_that_is_no_assignment_is_refused_in_words(name, content, says):
    (only,) = told(name, content)
    assert only["kind"] == "refused"
    assert says in only["text"]


def test_an_edition_that_is_not_this_sites_is_told():
    edition = released(SOURCES, NAME)
    notebook = notebook_of(NAME)
    for cell in notebook.cells:
        if identifier(cell) == "test_alpha_hat":
            cell.source += "\nassert True"
            cell.metadata.nbgrader.checksum = "0" * 32  # as of the edition it came from
    messages = told(f"{NAME}.ipynb", written(notebook), written(edition))
    first = of_kind(messages, "finding")[0]
    assert (first["name"], first["ok"]) == ("notebook", True)
    assert "another edition than this site's" in first["text"]
    assert "Nothing is left to do." in messages[-1]["text"]


def test_a_check_that_was_changed_is_told_and_none_that_was_reformatted():
    notebook = notebook_of(NAME)
    for cell in notebook.cells:
        if identifier(cell) == "test_alpha_hat":
            cell.source = "pass"
        elif identifier(cell) == "test_N_c_hat":
            cell.source += "\n\n"
    messages = told(f"{NAME}.ipynb", written(notebook), written(released(SOURCES, NAME)))
    changed = [each["name"] for each in of_kind(messages, "finding") if "was changed" in each["text"]]  # fmt: skip
    assert changed == ["test_alpha_hat"]
    lost = next(each.points for each in source(NAME).exercises if each.name == "test_alpha_hat")
    assert messages[-1]["text"].startswith(f"{20 - lost:g} of 20 points so far")


def test_what_was_deleted_still_counts():
    notebook = notebook_of(NAME)
    notebook.cells = [cell for cell in notebook.cells if identifier(cell) != "test_alpha_hat"]
    exercise = next(each for each in source(NAME).exercises if each.name == "test_alpha_hat")
    messages = told(f"{NAME}.ipynb", written(notebook), written(released(SOURCES, NAME)))
    (begun,) = of_kind(messages, "begun")
    assert {"name": exercise.name, "called": exercise.label, "most": exercise.points, "essay": False} in begun["exercises"]  # fmt: skip
    (found,) = [each for each in of_kind(messages, "finding") if each["name"] == exercise.name]
    assert "the cell was deleted" in found["text"]
    assert messages[-1]["text"].startswith(f"{20 - exercise.points:g} of 20 points so far")


@pytest.mark.parametrize("name", [f"{NAME} (1)", f"{NAME}-2", f"Copy of {NAME}"])
def test_a_numbered_copy_leaves_nothing_to_do(name):
    messages = told(f"{name}.ipynb", written(notebook_of(NAME)), written(released(SOURCES, NAME)))
    assert "Nothing is left to do." in messages[-1]["text"]


@pytest.mark.parametrize(
    "line",
    ["import no_such_thing", 'raise RuntimeError("can\'t start new thread")'],
    ids=["package", "thread"],
)
def test_what_a_browser_cannot_do_may_be_done_elsewhere(line):
    messages = told(f"{NAME}.ipynb", written(notebook_of(NAME, inverse=line)))
    (found,) = [
        each
        for each in of_kind(messages, "finding")
        if each["name"] == "inverse" and "Error:" in each["text"]
    ]
    assert "the command `check` says whether" in found["text"]


def test_a_file_beside_the_notebook_comes_with_it_and_goes():
    """The next notebook has its own, and finds nothing of the one before."""
    for value in (1, 2):
        notebook = notebook_of(
            NAME, fit=f"import helper_of_mine\nassert helper_of_mine.N == {value}"
        )
        content = {"helper_of_mine_py": f"N = {value}".encode()}
        messages = told(f"{NAME}.ipynb", written(notebook), **content)
        assert not [each for each in of_kind(messages, "finding") if each["name"] == "fit"]
    alone = told(f"{NAME}.ipynb", written(notebook))
    text = next(each["text"] for each in of_kind(alone, "finding") if each["name"] == "fit" and "Error" in each["text"])  # fmt: skip
    assert text.startswith(
        "ModuleNotFoundError: No module named 'helper_of_mine'. It is not here in the browser"
    )


# ---------------------------------------------------------------- what is not shipped


def hidden_lines() -> set[str]:
    """Lines that stand in hidden tests, solutions and model essays and nowhere in what is released."""
    secret, public = set(), set()
    for name in NAMES:
        public |= {line.strip() for cell in released(SOURCES, name).cells for line in cell.source.split("\n")}  # fmt: skip
        secret |= {line.strip() for cell in source(name).cells for line in cell.source.split("\n")}
    return {line for line in secret - public if len(line) > 30}


def texts(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """The texts in a file, and in what is packed in it."""
    if name.endswith((".zip", ".whl")):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for each in packed.namelist():
                yield from texts(f"{name}/{each}", packed.read(each))
    elif name.endswith((".tar", ".tar.gz", ".tgz")):
        # Zstandard, which tarfile knows from Python 3.14 on.
        if content.startswith(b"\x28\xb5\x2f\xfd"):
            content = pytest.importorskip("backports.zstd").decompress(content)
        with tarfile.open(fileobj=io.BytesIO(content)) as packed:
            for each in packed:
                if each.isfile() and (file := packed.extractfile(each)):
                    yield from texts(f"{name}/{each.name}", file.read())
    elif name.endswith(".ipynb"):
        for cell in nbformat.reads(content.decode(), 4).cells:
            yield name, cell.source
    elif name.endswith((".py", ".js", ".mjs", ".json", ".html", ".txt", ".md", ".csv")):
        yield name, content.decode(errors="replace")


def test_no_hidden_test_is_in_what_a_site_serves(tmp_path):
    """The library as it is packed, the released notebooks, and the folder of Python for the page, where there is one."""
    secrets = hidden_lines()
    assert len(secrets) > 200
    served = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "mirage_utils").rglob("*") if path.is_file()}  # fmt: skip
    if os.environ.get("MIRAGE_LIVE"):
        live = Path(os.environ["MIRAGE_LIVE"])
        served |= {path.relative_to(live).as_posix(): path for path in live.rglob("*") if path.is_file()}  # fmt: skip
    for name in NAMES:
        served[f"{name}.ipynb"] = tmp_path / f"{name}.ipynb"
        served[f"{name}.ipynb"].write_bytes(written(released(SOURCES, name)))
        assert leaks(source(name).cells, nbformat.read(served[f"{name}.ipynb"], 4)) == []
    looked = 0
    for name, path in served.items():
        for where, text in texts(name, path.read_bytes()):
            looked += 1
            found = secrets & {line.strip() for line in text.split("\n")}
            assert not found, (where, found)
    assert looked > 300
    # It would be found: the sources have it.
    sources = [path.read_bytes() for path in SOURCES.rglob("*.ipynb")]
    assert all(any(secrets & {line.strip() for line in text.split("\n")} for _, text in texts("x.ipynb", each)) for each in sources)  # fmt: skip
