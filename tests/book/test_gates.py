"""The gates of the build hold: planted faults stop it, and a changed library is never ignored.

A small copy of the house in a temporary folder, with one page, built with the real configuration.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import execution
import nbformat
import publish
import pytest
from conftest import ROOT
from mirage_book import write_vega
from pages import build_small as build
from pages import small_house
from sphinx.errors import ConfigError

GOOD = "from mirage_utils import Curve\nfrom mirage_utils.page import glue\nglue(x=len(Curve([1, 2], [0, 1])))"


@pytest.fixture(scope="module")
def vega(tmp_path_factory):
    """The script that draws the charts: the same for every small book, and seconds of work."""
    path = tmp_path_factory.mktemp("vega") / "mirage-vega.js"
    write_vega(path)
    return path


@pytest.fixture
def house(tmp_path, vega):
    small_house(tmp_path, "page", "book/second")
    (tmp_path / "book" / "second.md").write_text(
        "# A second page\n"
    )  # the list of pages may not be empty
    page(tmp_path)
    (tmp_path / "_build" / "generated_static").mkdir(parents=True)
    shutil.copy(vega, tmp_path / "_build" / "generated_static")
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


def append(path, text):
    with path.open("a") as file:
        file.write(text)


def tree(where) -> dict[str, bytes]:
    """Everything that is served, by its place in the site."""
    site = where / "_build" / "html"
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in site.rglob("*")
        if path.is_file()
    }


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """Names of the files in which two sites differ."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def written(where) -> dict[Path, int]:
    """When each file of the site was written."""
    return {path: path.stat().st_mtime_ns for path in (where / "_build" / "html").rglob("*")}


def test_a_good_page_passes_twice_runs_once_and_is_written_once(house):
    first, then = build(house), written(house)
    second = build(house)
    assert first.returncode == 0, first.printed
    assert second.returncode == 0, second.printed
    assert "Executed notebook" in first.printed
    assert "Executed notebook" not in second.printed
    assert "nothing has changed" in second.printed
    assert written(house) == then


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
            {"code": GOOD + "\nfrom mirage_utils.page import claim\nclaim('1.1', 'no', False)"},
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
    for changed in ("mirage_utils/curves/curve.py", "mirage_utils/tables/data/gpt3_arithmetic.csv"):
        append(house / changed, "# one line more\n")
        result = build(house)
        assert result.returncode == 0, result.printed
        assert "Executed notebook" in result.printed
    caches = [f for f in (house / "_build" / ".jupyter_cache").iterdir() if f.is_dir()]
    assert len(caches) == 1, "caches of older versions are dropped"


def test_a_warm_build_gives_what_a_clean_one_gives_and_writes_only_what_differs(house):
    assert build(house).returncode == 0
    site = house / "_build" / "html"

    then, served = written(house), tree(house)
    page(house, prose="# A page\n\n{glue:text}`x:d` more words")
    result = build(house)
    assert result.returncode == 0, result.printed
    assert "changed since the last build: page.ipynb" in result.printed
    assert "Executed notebook" not in result.printed
    touched = {
        path for path, when in written(house).items() if path.is_file() and then.get(path) != when
    }
    changed = {site / name for name in differing(served, tree(house)) if (site / name).exists()}
    assert touched == changed
    assert {site / "page.html", site / "searchindex.js"} <= changed
    assert site / "book" / "second.html" not in changed

    # A title, which other pages show; code; a colour; and a page in the place of another.
    page(house, prose="# Another title\n\n{glue:text}`x:d`", code=GOOD + "\nprint('more')")
    append(house / "book" / "_static" / "mirage.css", ".mb-meta { color: #123456; }\n")
    toc = house / "_toc.yml"
    toc.write_text(toc.read_text().replace("book/second", "book/third"))
    (house / "book" / "third.md").write_text("# A third page\n")
    result = build(house)
    assert result.returncode == 0, result.printed
    warm = tree(house)
    assert "book/second.html" not in warm
    assert b"Another title" in warm["book/third.html"]
    shutil.rmtree(house / "_build")
    assert build(house).returncode == 0
    assert differing(warm, tree(house)) == []


DIE = {
    "while pages are finished": (
        "finish.py",
        "def write_sheet(*_):\n    __import__('os')._exit(9)\n",
    ),
    "while pages are put in their place": (
        "publish.py",
        """
def _die_in_the_middle(source, target, _move=os.replace, _moved=[]):
    _move(source, target)
    if "under_way" in str(source):
        _moved.append(target)
    if len(_moved) == 3:
        os._exit(9)
os.replace = _die_in_the_middle
""",
    ),
}
"""What is written at the end of a module to have the build killed there."""


def test_a_build_that_fails_or_is_killed_leaves_nothing_that_the_next_one_takes_for_good(house):
    assert build(house).returncode == 0
    good, source = tree(house), (house / "page.ipynb").read_bytes()

    page(house, code=GOOD + "\n1 / 0")
    assert "ZeroDivisionError" in build(house).printed
    assert differing(good, tree(house)) == []

    for when, (module, code) in DIE.items():
        file = house / "book" / "_ext" / module
        whole = file.read_text()
        file.write_text(whole + code)
        page(house, prose="# A title that is not to stay\n\n{glue:text}`x:d`")
        assert build(house).returncode != 0
        # The first dies before it touches what is served, the second in the middle of it.
        assert (differing(good, tree(house)) == []) == (when == "while pages are finished")
        file.write_text(whole)

    # Everything is as it was when the good site was built, and only the site is not.
    (house / "page.ipynb").write_bytes(source)
    result = build(house)
    assert result.returncode == 0, result.printed
    assert differing(good, tree(house)) == []


@pytest.mark.parametrize(
    "change",
    [
        "_toc.yml", "_config.yml", "book/references.bib", "book/second.md", "book/_static/mirage.css",
        "book/_ext/finish.py", "mirage_utils/curves/curve.py", "mirage_utils/tables/data/gpt3_arithmetic.csv",
        "requirements.txt", "book/_static/new.svg", "elsewhere/included.md",
    ],
)  # fmt: skip
def test_every_change_is_noticed(house, change):
    (house / "elsewhere").mkdir()
    (house / "elsewhere" / "included.md").write_text("words")
    others = ["elsewhere/included.md"]
    then = {"sources": publish.sources(house, others)}
    append(house / change, "\n")
    now = {"sources": publish.sources(house, others)}
    assert publish.changed(then, now) == [change]
    (house / change).unlink()
    assert publish.changed(then, {"sources": publish.sources(house, others)}) == (
        [] if change == "book/_static/new.svg" else [change]
    )


def test_only_what_differs_is_put_in_place(tmp_path):
    site, new = tmp_path / "site", tmp_path / "new"
    for folder, contents in (
        (
            site,
            {"same": "1", "old": "2", "gone/x": "3", "becomes_folder": "4", "becomes_file/y": "5"},
        ),
        (new, {"same": "1", "old": "22", "becomes_folder/z": "6", "becomes_file": "7"}),
    ):
        for name, text in contents.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    wanted = {path.relative_to(new): path.read_text() for path in new.rglob("*") if path.is_file()}
    os.utime(site / "same", ns=(1, 1))
    assert publish.put_in_place(new, site) == (3, 3)
    assert {p.relative_to(site): p.read_text() for p in site.rglob("*") if p.is_file()} == wanted
    assert (site / "same").stat().st_mtime_ns == 1
    assert not (site / "gone").exists()


def test_pages_run_side_by_side_are_as_many_as_there_are_cores_or_as_asked_for():
    assert 1 <= execution.jobs({}) <= execution.MOST
    assert execution.jobs({"MIRAGE_JOBS": "11"}) == 11
    for wrong in ("0", "-1", "two", "1.5"):
        with pytest.raises(ConfigError, match=r"MIRAGE_JOBS = .*: expected a whole number"):
            execution.jobs({"MIRAGE_JOBS": wrong})


def test_the_chapters_begun_first_are_there():
    chapters = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert set(execution.LONGEST) <= chapters
