"""What goes into the archives of the page, and how it is packed."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import re
import shutil
import sys
import tarfile

import live as book_live
import pytest

from mirage_utils import models
from mirage_utils.ground import browser
from tools.live import archive, build, carriers, lab, library, licences, science

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def contents(packed: bytes) -> dict[str, bytes]:
    """What an archive holds."""
    with tarfile.open(fileobj=io.BytesIO(zstd.decompress(packed))) as opened:
        return {member.name: opened.extractfile(member).read() for member in opened}


def test_an_archive_gives_back_what_was_packed_and_is_the_same_each_time():
    files = {"b/two.py": b"2", "a/one.so": b"1" * 1000, "a/" + "long" * 60 + ".py": b"x"}
    assert contents(archive.packed(files)) == files
    assert archive.packed(files) == archive.packed(dict(reversed(files.items())))


def test_what_chapters_load_comes_first_and_the_rest_later(monkeypatch):
    files = {
        "pkg/__init__.py": b"'''Words.'''\nx = 1", "pkg/used.py": b"", "pkg/unused.py": b"", "pkg/fast.cpython-314-wasm32-emscripten.so": b"so",
        "pkg/slow.cpython-314-wasm32-emscripten.so": b"so", "pkg/table.csv": b"1,2", "pkg.libs/lib.so": b"so",
    }  # fmt: skip
    monkeypatch.setattr(
        science.node, "compiled", lambda core, files, sources: {s.target: b"pyc" for s in sources}
    )
    packed = science.archives(None, files, ["pkg/__init__", "pkg/used", "pkg/fast"])
    found = {name: contents(content) for name, content in packed.items()}
    assert set(found["first.tar"]) == {
        "pkg/__init__.pyc", "pkg/used.pyc", "pkg/fast.cpython-314-wasm32-emscripten.so", "pkg/table.csv", "pkg.libs/lib.so", science.REST,
    }  # fmt: skip
    assert set(found["rest.tar"]) == {"pkg/unused.py", "pkg/slow.cpython-314-wasm32-emscripten.so"}
    sha256 = hashlib.sha256(packed["rest.tar"]).hexdigest()
    assert json.loads(found["first.tar"][science.REST]) == {
        "modules": ["pkg.slow", "pkg.unused"], "sha256": sha256,
    }  # fmt: skip


def test_what_was_asked_for_is_found_by_its_file():
    files = ["pkg/__init__.py", "pkg/win.py", "pkg/fast.cpython-314-wasm32-emscripten.so", "pkg/unused.py", "pkg/table.csv", "alone.py"]  # fmt: skip
    asked = ["pkg", "pkg.win", "pkg.fast", "alone", "pkg.table", "nowhere", "winreg"]
    assert science.stems(files, asked) == ["alone", "pkg/__init__", "pkg/fast", "pkg/win"]


@pytest.mark.parametrize(
    "name",
    [
        "numpy/tests/test_x.py",
        "numpy/__init__.pyi",
        "scipy/linalg/cython_blas.pxd",
        "a-1.dist-info/RECORD",
        "numpy/_core/include/x.h",
    ],
)
def test_what_no_page_can_use_is_left_out(name):
    assert not science.kept({name: b""})


def test_of_a_packages_description_the_fields_are_kept():
    about = b"Name: a\nVersion: 1\n\nA long text.\n"
    assert science.kept({"a-1.dist-info/METADATA": about}) == {
        "a-1.dist-info/METADATA": b"Name: a\nVersion: 1\n\n"
    }


def test_the_library_of_the_page_has_no_commands_and_no_runs_but_all_they_are_known_by():
    files = library.files()
    assert "mirage_utils/page/claims.py" in files
    assert "mirage_utils/page/explorers/vega.js" in files
    assert not [name for name in files if name.startswith("mirage_utils/cli/")]
    runs = library.runs()
    assert set(runs) == set(models.bundles())
    assert not {name for names in runs.values() for name in names} & set(files)
    assert {f"mirage_utils/models/data/{run}.json" for run in runs} <= set(files)


def test_the_library_is_the_same_wherever_it_lies_and_whatever_lies_beside_it(
    tmp_path, monkeypatch
):
    here = tmp_path / "cli" / "coursework" / "__pycache__"
    shutil.copytree(library.ROOT / "mirage_utils", here / "mirage_utils")
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(library.ROOT / name, here)
    for name in (".env", "notes.txt~", ".DS_Store", "audit/templates/.page.html.swp", "draft.docx"):
        (here / "mirage_utils" / name).write_bytes(b"private")
    files, digest = library.files(), book_live.library()
    monkeypatch.setattr(library, "ROOT", here)
    monkeypatch.setattr(book_live, "ROOT", here)
    assert library.files() == files
    assert book_live.library() == digest
    (here / "mirage_utils" / "scaling.py").write_bytes(b"")
    assert book_live.library() != digest


def test_every_run_that_a_chapter_reads_has_an_archive_and_comes_with_the_chapter():
    listed = science.loaded()["runs"]
    chapters = sorted((library.ROOT / "notebooks").glob("[0-9]*.ipynb"))
    assert list(listed) == [path.stem for path in chapters]
    for path in chapters:
        code = [
            "".join(c["source"])
            for c in json.loads(path.read_text(encoding="utf-8"))["cells"]
            if c["cell_type"] == "code"
        ]
        named = set(re.findall(r'bundled\("(\w+)"\)', "\n".join(code)))
        assert named <= set(listed[path.stem]), path.stem
    assert {run for runs in listed.values() for run in runs} <= set(library.runs())


def test_the_lock_of_the_notebook_knows_all_that_its_kernel_asks_for():
    lock = json.loads(
        lab.lock({"../archives/first.tar": "a" * 64, "../archives/library.tar": "b" * 64})
    )
    assert {"first", "library", "ipython", "piplite", "micropip", "pyodide-kernel"} <= set(
        lock["packages"]
    )
    for entry in lock["packages"].values():
        assert entry["file_name"].startswith("../archives/")
        assert set(entry["depends"]) <= set(lock["packages"])


def test_a_notebook_of_the_lab_names_its_language():
    given = {
        "cells": [],
        "metadata": {"kernelspec": {"name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    found = json.loads(lab.opened_at_once(json.dumps(given).encode()))
    assert found["metadata"] == {
        "kernelspec": {"name": "python3"},
        "language_info": {"name": "python"},
    }


def test_licences_of_all_packages_in_one_text():
    files = {
        "a-1.dist-info/METADATA": b"Name: a\nVersion: 1\nLicense-Expression: MIT\nHome-page: https://example.org/a\n\nText",
        "a-1.dist-info/licenses/LICENSE": b"Permission is hereby granted",
        "b-2.dist-info/METADATA": b"Name: b\nVersion: 2\nClassifier: License :: OSI Approved :: BSD License\n\n",
        "b/vendored/LICENSE.txt": b"of somebody else",
    }
    said = licences.text(files)
    for words in (
        "a 1: MIT",
        "https://example.org/a",
        "Permission is hereby granted",
        "b 2: BSD License",
        "b/vendored/LICENSE.txt",
        "Pyodide",
    ):
        assert words in said


def test_a_package_that_says_nothing_of_its_licence_is_not_shipped():
    with pytest.raises(licences.LicenceError, match="c 3"):
        licences.text({"c-3.dist-info/METADATA": b"Name: c\nVersion: 3\n\n"})


def test_without_a_built_book_there_is_nothing_to_put_python_beside(tmp_path):
    with pytest.raises(build.SiteError, match="make html"):
        build.build(carriers.Store(tmp_path, []), tmp_path)


def test_an_archive_is_unpacked_so_that_it_can_be_imported(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    browser.unpack(archive.tarred({"came_with_an_archive.py": b"x = 7"}), tmp_path)
    import came_with_an_archive

    assert came_with_an_archive.x == 7


def test_a_module_of_the_second_archive_fetches_it_once(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    brought = []

    def bring(name, version, sha256):
        brought.append((name, version, sha256))
        if len(brought) == 1:
            raise browser.ArchiveError("503")
        browser.unpack(archive.tarred({"came_later.py": b"x = 8"}), tmp_path)

    monkeypatch.setattr(browser, "bring", bring)
    monkeypatch.setattr(
        sys, "meta_path", [*sys.meta_path, browser._Rest(["came_later", "never_came"], "a" * 64)]
    )
    with pytest.raises(ModuleNotFoundError):
        import no_such_module_anywhere  # noqa: F401
    assert not brought
    with pytest.raises(browser.ArchiveError):
        import came_later
    import came_later

    assert came_later.x == 8
    with pytest.raises(ModuleNotFoundError):
        import never_came  # noqa: F401
    assert brought == 2 * [("rest", "a" * 16, "a" * 64)]


def test_python_settles_in_a_page_once(tmp_path, monkeypatch):
    logger = logging.getLogger("matplotlib.font_manager")
    monkeypatch.setattr(logger, "level", logging.WARNING)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    monkeypatch.setattr(browser, "_site_packages", lambda: tmp_path)
    (tmp_path / science.REST).write_text(json.dumps({"modules": ["came_at_last"], "sha256": "a"}))
    browser.settle()
    assert not [finder for finder in sys.meta_path if isinstance(finder, browser._Rest)]
    monkeypatch.setattr(browser, "in_browser", lambda: True)
    for _ in range(2):
        browser.settle()
    assert len([finder for finder in sys.meta_path if isinstance(finder, browser._Rest)]) == 1
    assert logger.level == logging.ERROR


class Parts(build.Builder):
    """A folder of two parts, which counts how often each is made."""

    def __init__(self, site, made_of):
        super().__init__(carriers.Store(site, []), site)
        self.made_of, self.made = made_of, []

    def _parts(self):
        return [
            build.Part(name, [content], lambda name=name: self._make(name))
            for name, content in self.made_of.items()
        ]

    def _make(self, name):
        self.made.append(name)
        return {f"archives/{name}.tar": self.made_of[name]}

    def _finish(self, parts, digests, aside):
        (aside / build.ABOUT).write_bytes(b"{}")
        own = {build.ABOUT: build._sha256(b"{}")}
        notes = {"made_of": digests, "parts": parts, "own": own}
        (aside / build.NOTES).write_text(json.dumps(notes))


def test_only_the_part_that_has_changed_is_made_again_and_nothing_where_nothing_has(tmp_path):
    first = Parts(tmp_path, {"one": b"1", "two": b"2"})
    first.run()
    assert first.made == ["one", "two"]
    again = Parts(tmp_path, {"one": b"1", "two": b"2"})
    again.run()
    assert again.made == []
    changed = Parts(tmp_path, {"one": b"1", "two": b"22"})
    changed.run()
    assert changed.made == ["two"]
    assert (tmp_path / "live" / "archives" / "one.tar").read_bytes() == b"1"
    assert (tmp_path / "live" / "archives" / "two.tar").read_bytes() == b"22"


@pytest.mark.parametrize(
    ("name", "made"),
    [("archives/one.tar", ["one"]), (build.ABOUT, []), (build.NOTES, ["one", "two"])],
)
@pytest.mark.parametrize("content", [b"", b"2", b'{"made_of": [], "parts": []}', None])
def test_a_file_that_was_damaged_is_made_again(name, made, content, tmp_path, capsys):
    Parts(tmp_path, {"one": b"1", "two": b"2"}).run()
    whole = {path: path.read_bytes() for path in (tmp_path / "live").rglob("*") if path.is_file()}
    if content is None:
        (tmp_path / "live" / name).unlink()
    else:
        (tmp_path / "live" / name).write_bytes(content)
    again = Parts(tmp_path, {"one": b"1", "two": b"2"})
    again.run()
    assert again.made == made
    assert {path: path.read_bytes() for path in whole} == whole
    assert "nothing has changed" not in capsys.readouterr().out
    Parts(tmp_path, {"one": b"1", "two": b"2"}).run()
    assert "nothing has changed" in capsys.readouterr().out


def test_the_folder_may_lie_elsewhere(tmp_path):
    site, elsewhere = tmp_path / "html", tmp_path / "other disk"
    site.mkdir()
    elsewhere.mkdir()
    (site / "live").symlink_to(elsewhere, target_is_directory=True)
    for content in (b"1", b"2"):
        Parts(site, {"one": content}).run()
        assert (site / "live" / "archives" / "one.tar").read_bytes() == content
    assert (site / "live").is_symlink()


def test_what_was_there_stays_when_something_fails(tmp_path):
    Parts(tmp_path, {"one": b"1"}).run()
    failing = Parts(tmp_path, {"one": b"new"})
    failing._make = lambda name: 1 / 0
    with pytest.raises(ZeroDivisionError):
        failing.run()
    assert (tmp_path / "live" / "archives" / "one.tar").read_bytes() == b"1"
    assert [path.name for path in tmp_path.iterdir()] == ["live"]
