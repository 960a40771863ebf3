"""A package that is missing is missed by the first line that needs it, which says what for and how to get it."""

import importlib
import subprocess
import sys
from types import SimpleNamespace

import pytest

from mirage_utils.ground import downloads, optional
from mirage_utils.ground.optional import MissingPackageError, on_use, package
from mirage_utils.models.vision import data
from mirage_utils.page import live_messages
from mirage_utils.records import fetch

# What no chapter needs: what other extras bring, and what is compiled and has no build for browsers.
MISSING = (
    "diptest jax jaxlib markdown_it joblib optax sklearn distributed dask nbclient nbconvert nbgrader babel lxml vl_convert "
    "statsmodels sacrebleu orjson pooch pyarrow rapidfuzz requests"
)
IMPORT_ALL = """
import importlib, pkgutil, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1].split():
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
import mirage_utils
for found in pkgutil.walk_packages(mirage_utils.__path__, "mirage_utils."):
    if found.name != "mirage_utils.__main__":
        importlib.import_module(found.name)
        print(found.name)
"""


def test_every_module_can_be_imported_without_them():
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, MISSING], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {"mirage_utils.models.runs", "mirage_utils.audit.simulate"} <= set(done.stdout.split())


@pytest.fixture
def without(monkeypatch):
    """Hides packages from the library's own imports."""
    hidden = set()

    def missing(name):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return importlib.import_module(name)

    monkeypatch.setattr(optional, "importlib", SimpleNamespace(import_module=missing))
    return hidden.update


def test_markdown_stays_as_it_was_written(without):
    without(["markdown_it"])
    shown = {"text/markdown": "*a*", "text/plain": "x"}
    assert live_messages.with_html(shown) == shown


@pytest.mark.parametrize("name", ["pooch", "requests"])
def test_nothing_is_fetched_without_what_fetches(name, without, tmp_path):
    without({name})
    with pytest.raises(MissingPackageError, match=f"fetching files needs the package {name}"):
        downloads.retrieve("http://127.0.0.1:9/x.txt", tmp_path, checksum=None)
    assert not list(tmp_path.iterdir())


def test_what_is_here_already_needs_nothing_that_fetches(without, monkeypatch, tmp_path):
    without({"pooch", "requests"})
    monkeypatch.setenv("MIRAGE_DATA", str(tmp_path))
    assert len(data.load("digits").train) == 1_400
    with pytest.raises(data.DataFileError, match="no such file"):
        data.load("mnist")
    monkeypatch.delenv("MIRAGE_DATA")
    for asked in (downloads.cache, lambda: data.load("mnist"), fetch.cache_folder):
        with pytest.raises(MissingPackageError, match=r"needs the package pooch.*pip install \."):
            asked()


def test_the_words_in_a_browser_send_to_a_machine(without, monkeypatch):
    without({"pooch"})
    monkeypatch.setattr(optional, "in_browser", lambda: True)
    with pytest.raises(MissingPackageError, match="no browser can run: run this on a machine"):
        downloads.cache()


def test_a_package_that_lacks_something_itself_says_what(monkeypatch):
    def broken(name):
        raise ModuleNotFoundError("No module named 'its_part'", name="its_part")

    monkeypatch.setattr(optional, "importlib", SimpleNamespace(import_module=broken))
    with pytest.raises(ModuleNotFoundError, match="its_part") as error:
        package("pooch", "this test")
    assert not isinstance(error.value, MissingPackageError)


def test_on_use_gives_the_module_itself():
    later = on_use("json", "this test")
    assert later.loads("[1]") == [1]
    assert later.dumps is __import__("json").dumps
    assert not hasattr(later, "__wrapped__")  # inspection imports nothing
