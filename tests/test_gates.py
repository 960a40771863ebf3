"""The gates of the build hold: planted faults stop it, and a changed library is never ignored.

A small copy of the house in a temporary folder, with one page, built with the real configuration.
"""

from __future__ import annotations

import shutil

import execution
import nbformat
import pytest
import yaml
from conftest import ROOT
from pages import build_small as build
from sphinx.errors import ConfigError

GOOD = "from mirage_utils import Curve\nfrom mirage_utils.chapter import glue\nglue(x=len(Curve([1, 2], [0, 1])))"


@pytest.fixture
def house(tmp_path):
    for folder in ("book/_ext", "book/_static", "mirage_utils"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    for file in ("requirements.txt", "CITATION.cff"):
        shutil.copy(ROOT / file, tmp_path)
    shutil.copy(ROOT / "book" / "references.bib", tmp_path / "book")
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    (tmp_path / "_config.yml").write_text(yaml.safe_dump(config))
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: page\nchapters: [{file: book/second}]\n"
    )
    (tmp_path / "book" / "second.md").write_text(
        "# A second page\n"
    )  # the list of pages may not be empty
    page(tmp_path)
    return tmp_path


def page(where, prose="# A page\n\n{glue:text}`x:d`", code=GOOD):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code), nbformat.v4.new_markdown_cell(prose)],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
    )
    notebook.cells.reverse()
    nbformat.write(notebook, where / "page.ipynb")


def test_a_good_page_passes_twice_and_runs_once(house):
    first, second = build(house), build(house)
    assert first.returncode == 0, first.printed
    assert second.returncode == 0, second.printed
    assert "Executed notebook" in first.printed
    assert "Executed notebook" not in second.printed


WARNED = {
    "[nowhere](missing.md)": "missing.md",
    "{glue:text}`y:d`": "No key 'y'",
    "{cite}`nobody2020`": "nobody2020",
    "$\\nonsense$": "Undefined control sequence",
    "{claim}`9.9`": "no page holds claim 9.9",
    '<a href="nowhere.html#at-all">a way</a>': "nowhere.html#at-all",
}
"""What may not stand in a page, and what is said of it."""


@pytest.mark.parametrize(
    ("fault", "messages"),
    [
        (
            {
                "prose": "# A page\n\n" + "\n\n".join(WARNED),
                "code": GOOD + "\nimport matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()",
            },
            [*WARNED.values(), "picture without"],
        ),
        ({"code": GOOD + "\n1 / 0"}, ["ZeroDivisionError"]),
        (
            {"code": GOOD + "\nfrom mirage_utils.chapter import claim\nclaim('1.1', 'no', False)"},
            ["Claim 1.1"],
        ),
        ({"code": GOOD + "\nimport warnings; warnings.warn('loud')"}, ["stderr"]),
    ],
    ids=["every kind of warning", "error", "claim", "stderr"],
)
def test_a_planted_fault_stops_the_build_cold_and_warm(house, fault, messages):
    page(house, **fault)
    for _ in "cold", "warm":
        result = build(house)
        assert result.returncode != 0
        said = [line for line in result.printed.splitlines() if "WARNING" in line or "rror" in line]
        for message in messages:
            assert any(message in line for line in said), (message, result.printed)


def test_a_changed_library_or_table_runs_every_page_again(house):
    assert build(house).returncode == 0
    for changed in ("mirage_utils/curves.py", "mirage_utils/evals/data/gpt3_arithmetic.csv"):
        with (house / changed).open("a") as file:
            file.write("# one line more\n")
        result = build(house)
        assert result.returncode == 0, result.printed
        assert "Executed notebook" in result.printed
    caches = [f for f in (house / "_build" / ".jupyter_cache").iterdir() if f.is_dir()]
    assert len(caches) == 1, "caches of older versions are dropped"


def test_pages_run_side_by_side_are_as_many_as_there_are_cores_or_as_asked_for():
    assert 1 <= execution.jobs({}) <= execution.MOST
    assert execution.jobs({"MIRAGE_JOBS": "11"}) == 11
    for wrong in ("0", "-1", "two", "1.5"):
        with pytest.raises(ConfigError, match=r"MIRAGE_JOBS = .*: expected a whole number"):
            execution.jobs({"MIRAGE_JOBS": wrong})


def test_the_chapters_begun_first_are_there():
    chapters = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert set(execution.LONGEST) <= chapters
